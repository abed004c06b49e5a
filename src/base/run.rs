//! Runs a program with a given input and a time limit, and collects what it prints.

use super::{Deadline, SpawnError};
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// What is kept of each output stream, in bytes; the rest is read and dropped.
const STREAM_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How often is looked whether the program has ended.
const POLL: Duration = Duration::from_millis(1);
/// Time between the request to end and the kill.
const GRACE: Duration = Duration::from_millis(200);
/// How long an output stream may stay open after the program has ended, held by a process that it started.
const STREAM_WAIT: Duration = Duration::from_millis(500);

/// How a program ended and what it printed.
#[derive(Debug, Clone)]
pub struct ProcessOutput {
    /// The exit code; `None` if a signal ended the program.
    pub code: Option<i32>,
    /// Whether the time limit was reached and the program's process group killed.
    pub timed_out: bool,
    /// What it wrote to stdout.
    pub stdout: Vec<u8>,
    /// What it wrote to stderr.
    pub stderr: Vec<u8>,
    /// From just before the start to the end, in microseconds.
    pub elapsed_us: u64,
}

/// Runs `program` in `cwd` with `input` on stdin. The environment is inherited, then changed by `overrides`: a value
/// sets a variable, `None` removes it. After `timeout` the process group is asked to end, then killed.
#[expect(clippy::disallowed_methods, reason = "processes are spawned here and in git only")]
pub fn run_with_input<A: AsRef<OsStr>>(
    program: &OsStr,
    args: &[A],
    cwd: &Path,
    overrides: &[(OsString, Option<OsString>)],
    input: &[u8],
    timeout: Duration,
) -> Result<ProcessOutput, SpawnError> {
    let mut command = Command::new(program);
    command.args(args).current_dir(cwd);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    for (name, value) in overrides {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let failed = |source| SpawnError::Io { program: program.to_string_lossy().into_owned(), source };
    let clock = Deadline::after_ms(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        let input = input.to_vec();
        // A program that never reads is fine; the thread ends with it.
        std::thread::spawn(move || stdin.write_all(&input));
    }
    let stdout = child.stdout.take().map(collect);
    let stderr = child.stderr.take().map(collect);
    let (status, timed_out) = wait(&mut child, &clock).map_err(failed)?;
    let elapsed_us = clock.elapsed_us();
    let take = |stream: Option<Receiver<Vec<u8>>>| {
        stream.and_then(|stream| stream.recv_timeout(STREAM_WAIT).ok()).unwrap_or_default()
    };
    let (stdout, stderr) = (take(stdout), take(stderr));
    Ok(ProcessOutput { code: status.code(), timed_out, stdout, stderr, elapsed_us })
}

fn collect(mut stream: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = (&mut stream).take(STREAM_BYTES_MAX).read_to_end(&mut bytes);
        let _ = sender.send(bytes);
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    receiver
}

fn wait(child: &mut Child, clock: &Deadline) -> std::io::Result<(ExitStatus, bool)> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, false));
        }
        if clock.passed() {
            break;
        }
        std::thread::sleep(POLL.min(clock.left()));
    }
    signal_group(child, false);
    let grace = Deadline::after_ms(u64::try_from(GRACE.as_millis()).unwrap_or(u64::MAX));
    while child.try_wait()?.is_none() && !grace.passed() {
        std::thread::sleep(POLL);
    }
    signal_group(child, true);
    let _ = child.kill();
    Ok((child.wait()?, true))
}

/// Signals everything that the program has started too, as far as it stayed in the group.
#[cfg(unix)]
fn signal_group(child: &Child, kill: bool) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = if kill { Signal::KILL } else { Signal::TERM };
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, signal);
    }
}

#[cfg(not(unix))]
fn signal_group(_child: &Child, _kill: bool) {}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, input: &[u8], timeout_ms: u64) -> ProcessOutput {
        let overrides = [("RTK_A".into(), Some("set".into())), ("HOME".into(), None)];
        let cwd = Path::new("/");
        let timeout = Duration::from_millis(timeout_ms);
        run_with_input(OsStr::new("/bin/sh"), &["-c", script], cwd, &overrides, input, timeout).unwrap()
    }

    #[test]
    fn input_environment_folder_streams_and_code_arrive() {
        let output = shell("cat; pwd; echo \"$RTK_A${HOME-unset}\"; echo oops >&2; exit 3", b"in ", 60_000);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "in /\nsetunset\n");
        assert_eq!(output.stderr, b"oops\n");
        assert_eq!((output.code, output.timed_out), (Some(3), false));
    }

    #[test]
    fn a_large_input_that_nobody_reads_and_a_large_output_do_not_block() {
        let output = shell("head -c 3000000 /dev/zero", &vec![b'x'; 3_000_000], 60_000);
        assert_eq!((output.stdout.len(), output.code), (3_000_000, Some(0)));
    }

    #[test]
    fn the_whole_group_ends_at_the_time_limit() {
        let output = shell("trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000", b"", 100);
        assert!(output.timed_out);
        assert_eq!(output.code, None);
        let child: i32 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
        let pid = rustix::process::Pid::from_raw(child).unwrap();
        let gone = (0..500).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            let state = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            rustix::process::test_kill_process(pid).is_err() || state.contains(") Z ")
        });
        assert!(gone);
    }

    #[test]
    fn a_missing_program_is_named() {
        let none: [&str; 0] = [];
        let error = run_with_input(
            OsStr::new("/nonexistent/rtk"),
            &none,
            Path::new("/"),
            &[],
            b"",
            Duration::from_secs(1),
        );
        assert!(error.unwrap_err().to_string().contains("/nonexistent/rtk"));
    }
}
