//! One daemon a user: the lock, who holds it, taking over from another version, leaving nothing behind.

use super::client::{self, Asked};
use super::error::DaemonError;
use super::place::Place;
use crate::base::{Deadline, Env, Paths, unix_ms};
use crate::fs::{self, Lock, WriteOptions};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

/// How long another version may take to end by itself, and after each signal.
const END_WAIT: Duration = Duration::from_secs(8);

/// How long one that has just begun may take to say who it is.
const BEGIN_WAIT: Duration = Duration::from_secs(3);
/// Pause between two looks at what becomes of another one.
const LOOK: Duration = Duration::from_millis(20);

/// What the daemon writes down about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Running {
    /// Its process.
    pub pid: u32,
    /// When that process was started, in the kernel's own ticks; a later process with the same number has another.
    pub start_ticks: Option<u64>,
    /// Version and size of its program.
    pub identity: String,
    /// Port of the HTTP face.
    pub port: Option<u16>,
    /// Milliseconds since 1970.
    pub started_ms: i64,
}

/// Which program this is: daemon and hook answer alike if they are the same.
pub fn identity(env: &Env) -> String {
    let size = env.program().and_then(|path| std::fs::metadata(path).ok()).map_or(0, |meta| meta.size());
    format!("{}/{size}", env!("CARGO_PKG_VERSION"))
}

/// The right to be the user's daemon.
pub struct Claim {
    place: Place,
    identity: String,
    listener: Option<UnixListener>,
    port: Option<u16>,
    // Dropped last, when nothing of this daemon is left.
    _lock: Lock,
}

/// Becomes the user's daemon; one of another version is asked to end, one that hangs is ended.
pub fn claim(env: &Env, paths: &Paths) -> Result<Claim, DaemonError> {
    let place = Place::of(paths);
    let identity = identity(env);
    place.make_folder()?;
    let lock = match Lock::try_acquire(&place.lock())? {
        Some(lock) => lock,
        None => take_over(&place, &identity)?,
    };
    let mut claim = Claim { place, identity, listener: None, port: None, _lock: lock };
    claim.bind()?;
    claim.announce()?;
    Ok(claim)
}

/// What the pid file says, if the process it names lives.
pub fn running(place: &Place) -> Option<Running> {
    let text = std::fs::read(place.pid_file()).ok()?;
    let running: Running = serde_json::from_slice(&text).ok()?;
    let alive = running.start_ticks.is_some() && running.start_ticks == start_ticks(running.pid);
    alive.then_some(running)
}

/// Whether the user's daemon runs and is this very program.
pub fn is_running(place: &Place, identity: &str) -> bool {
    running(place).is_some_and(|running| running.identity == identity)
}

fn take_over(place: &Place, identity: &str) -> Result<Lock, DaemonError> {
    // Several may start at once: who has the lock is about to write down who it is, and must not be taken for another.
    let begun = Deadline::after_ms(u64::try_from(BEGIN_WAIT.as_millis()).unwrap_or(0));
    let there = loop {
        let there = running(place);
        if there.is_some() || begun.passed() {
            break there;
        }
        if let Some(lock) = Lock::try_acquire(&place.lock())? {
            return Ok(lock);
        }
        std::thread::sleep(LOOK);
    };
    refuse_beside(place, identity, None)?;
    let replaced = there.map(|running| running.pid);
    if let Asked::Answer(_) = client::stop(place, identity)
        && let Some(lock) = lock_after(place, identity, replaced)?
    {
        return Ok(lock);
    }
    for signal in [Signal::TERM, Signal::KILL] {
        // Looked up anew each time: a number may have gone to another process.
        let there = running(place);
        let process = there.as_ref().and_then(|running| Pid::from_raw(i32::try_from(running.pid).ok()?));
        if let Some(process) = process {
            let _ = kill_process(process, signal);
        }
        if let Some(lock) = lock_after(place, identity, there.map(|running| running.pid))? {
            return Ok(lock);
        }
    }
    Err(DaemonError::Stuck { lock: place.lock() })
}

/// Waits for the lock of the process that was told to end; an error if another one of this version has come first.
fn lock_after(place: &Place, identity: &str, ending: Option<u32>) -> Result<Option<Lock>, DaemonError> {
    let limit = Deadline::after_ms(u64::try_from(END_WAIT.as_millis()).unwrap_or(0));
    loop {
        if let Some(lock) = Lock::try_acquire(&place.lock())? {
            return Ok(Some(lock));
        }
        refuse_beside(place, identity, ending)?;
        if limit.passed() {
            return Ok(None);
        }
        std::thread::sleep(LOOK);
    }
}

/// An error if a daemon of this version runs and answers, other than the one that is `ending`.
fn refuse_beside(place: &Place, identity: &str, ending: Option<u32>) -> Result<(), DaemonError> {
    let same = |there: &Running| there.identity == identity && Some(there.pid) != ending;
    match running(place).filter(same) {
        Some(there) if matches!(client::status(place, identity), Asked::Answer(_)) => {
            Err(DaemonError::Running { pid: there.pid })
        }
        _ => Ok(()),
    }
}

impl Claim {
    /// Version and size of the program that serves.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The daemon's files.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Writes down under which port the HTTP face is.
    pub fn set_port(&mut self, port: u16) -> Result<(), DaemonError> {
        self.port = Some(port);
        self.announce()
    }

    fn bind(&mut self) -> Result<(), DaemonError> {
        let socket = self.place.socket();
        // Whoever holds the lock may: a socket that is there was left by a daemon that was killed.
        fs::remove_file(&socket)?;
        let error = |source| DaemonError::io("listen at", socket.display())(source);
        let (path, _open) = self.place.reachable_socket().map_err(error)?;
        let listener = UnixListener::bind(path).map_err(DaemonError::io("listen at", socket.display()))?;
        fs::make_private(&socket)?;
        self.listener = Some(listener);
        Ok(())
    }

    fn announce(&self) -> Result<(), DaemonError> {
        let running = Running {
            pid: std::process::id(),
            start_ticks: start_ticks(std::process::id()),
            identity: self.identity.clone(),
            port: self.port,
            started_ms: unix_ms(),
        };
        let text = serde_json::to_vec_pretty(&running).unwrap_or_default();
        write_private(&self.place.pid_file(), &text, self.place.folder())
    }

    pub(super) fn take_listener(&mut self) -> Result<UnixListener, DaemonError> {
        let none = || std::io::Error::from(std::io::ErrorKind::NotConnected);
        self.listener
            .take()
            .ok_or_else(none)
            .map_err(DaemonError::io("listen at", self.place.socket().display()))
    }

    /// Lets nobody in any more.
    pub(super) fn unlink(&self) {
        let _ = fs::remove_file(&self.place.socket());
        let _ = fs::remove_file(&self.place.pid_file());
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.unlink();
    }
}

/// Replaces a file of the daemon's own, which only the user may read.
pub(super) fn write_private(path: &Path, text: &[u8], folder: &Path) -> Result<(), DaemonError> {
    let options =
        WriteOptions { durable: false, new_file_mode: 0o600, ..WriteOptions::durable(&folder.join("locks")) };
    fs::replace(path, text, &options)?;
    Ok(())
}

/// When a process was started, in ticks since the machine was; `None` when there is none or the system does not tell.
fn start_ticks(pid: u32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may hold anything; the state follows it as field 3, the start is field 22.
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let dead = fields.next().is_some_and(|state| state == "Z" || state == "X");
    fields.nth(18).filter(|_| !dead)?.parse().ok()
}
