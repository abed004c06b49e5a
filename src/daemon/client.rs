//! The asking side, for short-lived processes: no runtime, never waits longer than it was allowed to.

use super::place::Place;
use super::wire::{self, ADMITTED, HookCall, Request};
use crate::base::{Deadline, Env, Paths};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// How long a daemon may take to say whether it has room; one that is stopped or stuck says nothing.
const ADMISSION_WAIT: Duration = Duration::from_millis(250);
/// The daemon gets this share of the time that is left; the rest is for doing the work oneself.
const SHARE: f64 = 0.45;
/// How long an answer to a question about the daemon itself may take.
const CONTROL_WAIT: Duration = Duration::from_secs(2);
/// Variables that rtk, or git for rtk, reads; others stay in the process that was given them.
const VARIABLES: &[&str] = &["HOME", "USERPROFILE", "PATH", "TMPDIR", "LANG"];
const PREFIXES: &[&str] = &["RTK_", "XDG_", "GIT_CONFIG", "GIT_EXEC_PATH", "LC_"];

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The daemon's answer.
    Answer(Vec<u8>),
    /// There is no daemon.
    Absent,
    /// There is one, and for this reason it did not answer.
    Failed(&'static str),
}

/// Asks the daemon to answer a client event as this process would.
///
/// Gives up soon enough for the caller to do the work itself before the deadline.
pub fn ask_hook(
    env: &Env,
    paths: &Paths,
    identity: &str,
    argument: Option<&str>,
    event: &str,
    deadline: Deadline,
) -> Asked {
    let wait = deadline.left().mul_f64(SHARE);
    let call = HookCall {
        variables: env.vars().filter(|(name, _)| is_read(name)).map(|(a, b)| (a.into(), b.into())).collect(),
        cwd: env.cwd().map(Into::into),
        argument: argument.map(str::to_owned),
        deadline_ms: u64::try_from(wait.as_millis()).unwrap_or(0),
        event: event.to_owned(),
    };
    ask(&Place::of(paths), identity, &Request::Hook(Box::new(call)), wait)
}

/// Asks the daemon how it is: one JSON document.
pub fn status(place: &Place, identity: &str) -> Asked {
    ask(place, identity, &Request::Status, CONTROL_WAIT)
}

/// Asks the daemon to end.
pub fn stop(place: &Place, identity: &str) -> Asked {
    ask(place, identity, &Request::Stop, CONTROL_WAIT)
}

fn is_read(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    VARIABLES.contains(&&*name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn ask(place: &Place, identity: &str, request: &Request, wait: Duration) -> Asked {
    let Some(mut stream) = connect(place) else { return Asked::Absent };
    let limit = Deadline::after_ms(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
    let mut admitted = [0];
    let sent = allow(&stream, ADMISSION_WAIT.min(wait))
        .and_then(|()| wire::send(&stream, identity, request))
        .and_then(|()| stream.read_exact(&mut admitted));
    if sent.is_err() {
        return Asked::Failed("it did not take the question in");
    }
    if admitted != [ADMITTED] {
        return Asked::Failed("it has no room for another question");
    }
    match allow(&stream, limit.left()).and_then(|()| wire::result(&stream)) {
        Ok(Some(answer)) => Asked::Answer(answer),
        Ok(None) => Asked::Failed("it refused the question"),
        Err(_) => Asked::Failed("it gave no answer in time"),
    }
}

/// Connects without ever waiting: where the queue of the socket is full the daemon has no time anyway.
fn connect(place: &Place) -> Option<UnixStream> {
    let (path, _open) = place.reachable_socket().ok()?;
    let address = SocketAddrUnix::new(path).ok()?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None).ok()?;
    rustix::net::connect(&socket, &address).ok()?;
    let stream = UnixStream::from(socket);
    stream.set_nonblocking(false).ok()?;
    Some(stream)
}

fn allow(stream: &UnixStream, wait: Duration) -> std::io::Result<()> {
    // Zero would mean without end.
    let wait = wait.max(Duration::from_millis(1));
    stream.set_read_timeout(Some(wait))?;
    stream.set_write_timeout(Some(wait))
}
