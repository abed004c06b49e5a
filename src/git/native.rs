//! Runs the user's own git for `rtk git`: environment, folder, stdin and terminal are handed over as they are.
//!
//! Signals that reach rtk reach git; how git ended is how rtk ends.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
use std::ffi::OsString;
use std::io::{PipeReader, Read as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Read from a pipe at once, in bytes.
const CHUNK_BYTES: usize = 64 * 1024;
/// Read after git has ended, at most, in bytes: a process that it left behind may go on writing for ever.
const AFTER_END_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Signals that are handed on to git.
const FORWARDED: [i32; 3] = [SIGHUP, SIGINT, SIGTERM];

/// How git ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

/// Which of git's streams are read instead of inherited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capture {
    /// Stdout; stderr goes where rtk's goes.
    Stdout,
    /// Both, apart.
    Both,
    /// Both through one pipe, so that their order stays; all counts as stdout.
    Joined,
}

/// The stream that a piece of output came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Replaces this process by git; returns only when that cannot be done.
#[expect(clippy::disallowed_methods, reason = "git is spawned in this room")]
pub fn become_git(args: &[OsString]) -> std::io::Error {
    Command::new("git").args(args).exec()
}

/// Runs git to its end and hands over its output as it comes. When `sink` gives false the pipes are closed, as a
/// reader that has gone would do; the end of git is awaited all the same.
#[expect(clippy::disallowed_methods, reason = "git is spawned in this room")]
pub fn run_native(
    args: &[OsString],
    capture: Capture,
    sink: &mut dyn FnMut(Stream, &[u8]) -> bool,
) -> std::io::Result<Ended> {
    let signals = Signals::watch()?;
    let mut command = Command::new("git");
    command.args(args);
    let mut pipes: Vec<(Stream, PipeReader)> = Vec::new();
    let (reader, writer) = std::io::pipe()?;
    pipes.push((Stream::Out, reader));
    match capture {
        Capture::Stdout => {}
        Capture::Both => {
            let (reader, writer) = std::io::pipe()?;
            pipes.push((Stream::Err, reader));
            command.stderr(Stdio::from(writer));
        }
        Capture::Joined => {
            command.stderr(Stdio::from(writer.try_clone()?));
        }
    }
    command.stdout(Stdio::from(writer));
    let mut child = command.spawn()?;
    // Closes this process's copies of the writing ends: only git holds them now.
    drop(command);
    follow(&mut child, &signals, &mut pipes, sink)
}

fn follow(
    child: &mut Child,
    signals: &Signals,
    pipes: &mut Vec<(Stream, PipeReader)>,
    sink: &mut dyn FnMut(Stream, &[u8]) -> bool,
) -> std::io::Result<Ended> {
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        if let Some(status) = child.try_wait()? {
            drain(pipes, &mut buffer, sink)?;
            let code = status.code().map(Ended::Code);
            return Ok(code.unwrap_or_else(|| Ended::Signal(status.signal().unwrap_or(SIGTERM))));
        }
        let ready = wait(signals, pipes)?;
        signals.forward(child);
        for index in ready.into_iter().rev() {
            let (stream, pipe) = &mut pipes[index];
            let count = read(pipe, &mut buffer)?;
            if count > 0 && sink(*stream, &buffer[..count]) {
                continue;
            }
            if count == 0 {
                pipes.remove(index);
            } else {
                pipes.clear();
                break;
            }
        }
    }
}

/// Waits for output, a signal or the end of git; gives the pipes that can be read.
fn wait(signals: &Signals, pipes: &[(Stream, PipeReader)]) -> std::io::Result<Vec<usize>> {
    let mut polled = vec![PollFd::from_borrowed_fd(signals.bell.as_fd(), PollFlags::IN)];
    polled.extend(pipes.iter().map(|(_, pipe)| PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN)));
    match poll(&mut polled, None) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    }
    let ready = |(index, fd): (usize, &PollFd<'_>)| (!fd.revents().is_empty()).then_some(index);
    Ok(polled[1..].iter().enumerate().filter_map(ready).collect())
}

/// Takes what is in the pipes already; what git left running may hold them open for ever.
fn drain(
    pipes: &mut [(Stream, PipeReader)],
    buffer: &mut [u8],
    sink: &mut dyn FnMut(Stream, &[u8]) -> bool,
) -> std::io::Result<()> {
    for (stream, pipe) in pipes {
        let flags = rustix::fs::fcntl_getfl(&*pipe)?;
        rustix::fs::fcntl_setfl(&*pipe, flags | rustix::fs::OFlags::NONBLOCK)?;
        let mut taken = 0;
        while taken < AFTER_END_BYTES_MAX {
            match read(pipe, buffer) {
                Ok(0) => break,
                Ok(count) if !sink(*stream, &buffer[..count]) => return Ok(()),
                Ok(count) => taken += count,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

fn read(pipe: &mut PipeReader, buffer: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match pipe.read(buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Signals that have reached this process since the watch began, and a pipe that says so.
struct Signals {
    bell: UnixStream,
    raised: Vec<(i32, Arc<AtomicBool>)>,
}

impl Signals {
    fn watch() -> std::io::Result<Signals> {
        let (bell, ringer) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        let ignored = ignored_signals();
        let mut raised = Vec::new();
        // A signal that is ignored, as under nohup, stays ignored in git only if it gets no handler here.
        for signal in FORWARDED.into_iter().filter(|signal| ignored & (1 << (signal - 1)) == 0) {
            let flag = Arc::new(AtomicBool::new(false));
            signal_hook::flag::register(signal, Arc::clone(&flag))?;
            signal_hook::low_level::pipe::register(signal, ringer.try_clone()?)?;
            raised.push((signal, flag));
        }
        signal_hook::low_level::pipe::register(SIGCHLD, ringer)?;
        Ok(Signals { bell, raised })
    }

    fn forward(&self, child: &Child) {
        let mut rung = [0; 64];
        while matches!((&self.bell).read(&mut rung), Ok(1..)) {}
        for (signal, flag) in &self.raised {
            if flag.swap(false, Ordering::SeqCst)
                && let Some(signal) = Signal::from_named_raw(*signal)
                && let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw)
            {
                let _ = kill_process(pid, signal);
            }
        }
    }
}

/// The mask of ignored signals, where the system tells it.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Ends this process by the signal that ended git; returns only when that cannot be done.
pub fn end_by_signal(signal: i32) {
    let _ = signal_hook::low_level::emulate_default_handler(signal);
    if let Some(signal) = Signal::from_named_raw(signal) {
        let _ = kill_process(rustix::process::getpid(), signal);
    }
}
