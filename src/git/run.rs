//! Runs one git process: cleaned environment, deadline, bounded output, nothing of it left behind.

use super::error::GitError;
use crate::base::{Deadline, Env};
use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// Output that is collected as a whole is limited to this, in bytes.
const OUTPUT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// What git says on stderr is kept up to this, in bytes.
const STDERR_BYTES_MAX: usize = 4 * 1024;
/// Read from the pipe at once, in bytes.
const CHUNK_BYTES: usize = 64 * 1024;
/// Chunks that wait to be taken.
const CHUNKS_WAITING_MAX: usize = 8;

/// Between two looks at a process that has closed its output but not ended yet.
const END_POLL: Duration = Duration::from_micros(200);

/// Variables of git that say where the user's configuration is; all other `GIT_*` are taken away.
const KEPT_VARIABLES: &[&str] =
    &["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_COUNT", "GIT_EXEC_PATH"];
const KEPT_PREFIXES: &[&str] = &["GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_"];
/// Secrets that git has no need of.
const DROPPED_VARIABLES: &[&str] =
    &["ANTHROPIC_API_KEY", "CLAUDE_CODE_MESSAGING_TOKEN", "SSH_ASKPASS", "PAGER"];

/// Settings of the repository that would run programs or change the output.
const OVERRIDES: &[&str] = &[
    "core.fsmonitor=false",
    "core.untrackedCache=keep",
    "core.hooksPath=/dev/null",
    "core.quotePath=false",
    "log.showSignature=false",
    "log.showRoot=true",
    "diff.ignoreSubmodules=dirty",
    "diff.suppressBlankEmpty=false",
    "submodule.recurse=false",
];

/// Where git is run and until when.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) env: &'a Env,
    pub(super) root: &'a Path,
    pub(super) deadline: Deadline,
}

/// How a run ended.
pub(super) struct Finished {
    /// `None` when it was killed.
    pub(super) code: Option<i32>,
    pub(super) stderr: String,
    /// The deadline passed.
    pub(super) timed_out: bool,
    /// The receiver of the output wanted no more.
    pub(super) stopped: bool,
}

impl Place<'_> {
    /// Runs git and collects its output; any exit code but 0 is an error.
    pub(super) fn capture<A: AsRef<OsStr>>(&self, args: &[A]) -> Result<Vec<u8>, GitError> {
        match self.attempt(args)? {
            (0, output, _) => Ok(output),
            (_, _, stderr) => Err(self.failure(args, &stderr)),
        }
    }

    /// Runs git and gives exit code, output and what it said on stderr.
    pub(super) fn attempt<A: AsRef<OsStr>>(&self, args: &[A]) -> Result<(i32, Vec<u8>, String), GitError> {
        let mut output = Vec::new();
        let finished = self.stream(args, &mut |chunk| {
            output.extend_from_slice(chunk);
            output.len() <= OUTPUT_BYTES_MAX
        })?;
        let (command, path) = (command_of(args), self.shown());
        if finished.timed_out {
            return Err(GitError::TimedOut { command, path });
        }
        if finished.stopped {
            return Err(GitError::TooMuch { command, path });
        }
        match finished.code {
            Some(code) => Ok((code, output, finished.stderr)),
            None => Err(GitError::Failed { command, path, message: "killed by a signal".into() }),
        }
    }

    /// Runs git and hands over its output as it comes; `each` gives false to end the run.
    pub(super) fn stream<A: AsRef<OsStr>>(
        &self,
        args: &[A],
        each: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<Finished, GitError> {
        let start_error = |source| GitError::Start { path: self.shown(), source };
        let mut child = self.command(args).spawn().map_err(start_error)?;
        let (sender, receiver) = sync_channel(CHUNKS_WAITING_MAX);
        let (stderr_sender, stderr) = sync_channel(1);
        if let Some(pipe) = child.stdout.take() {
            std::thread::spawn(move || pump(pipe, &sender));
        }
        if let Some(pipe) = child.stderr.take() {
            std::thread::spawn(move || stderr_sender.send(read_stderr(pipe)));
        }
        let (timed_out, stopped) = self.receive(&receiver, each);
        if timed_out || stopped {
            kill(&mut child);
            return Ok(Finished { code: None, stderr: String::new(), timed_out, stopped });
        }
        let stderr = stderr.recv_timeout(self.deadline.left()).unwrap_or_default();
        let status = self.wait(&mut child).map_err(start_error)?;
        let timed_out = status.is_none();
        Ok(Finished { code: status.and_then(|status| status.code()), stderr, timed_out, stopped: false })
    }

    /// Waits for the end of a process that has closed its output; `None` if it had to be killed.
    fn wait(&self, child: &mut Child) -> std::io::Result<Option<ExitStatus>> {
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(status));
            }
            if self.deadline.passed() {
                kill(child);
                return Ok(None);
            }
            std::thread::sleep(END_POLL);
        }
    }

    fn receive(&self, chunks: &Receiver<Vec<u8>>, each: &mut dyn FnMut(&[u8]) -> bool) -> (bool, bool) {
        loop {
            match chunks.recv_timeout(self.deadline.left()) {
                Ok(chunk) if each(&chunk) => {}
                Ok(_) => return (false, true),
                Err(RecvTimeoutError::Timeout) => return (true, false),
                Err(RecvTimeoutError::Disconnected) => return (false, false),
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "git is spawned here and nowhere else")]
    fn command<A: AsRef<OsStr>>(&self, args: &[A]) -> Command {
        let mut command = Command::new("git");
        command.env_clear().envs(self.env.vars().filter(|(name, _)| is_kept(name)));
        command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0");
        command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_PAGER", "cat");
        command.args(["--no-pager", "--literal-pathspecs"]);
        for setting in OVERRIDES {
            command.args(["-c", setting]);
        }
        command.args(args).current_dir(self.root);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        command
    }

    /// Tells the known reasons apart by what git said (in English: the locale is fixed).
    pub(super) fn failure<A: AsRef<OsStr>>(&self, args: &[A], stderr: &str) -> GitError {
        let path = self.shown();
        if stderr.contains("dubious ownership") {
            return GitError::NotTrusted { path };
        }
        if stderr.contains("not a git repository") {
            return GitError::NotARepository { path };
        }
        let message = stderr.lines().take(3).collect::<Vec<_>>().join(" ");
        GitError::Failed { command: command_of(args), path, message }
    }

    pub(super) fn shown(&self) -> String {
        self.root.display().to_string()
    }
}

fn command_of<A: AsRef<OsStr>>(args: &[A]) -> String {
    args.first().map(|first| first.as_ref().to_string_lossy().into_owned()).unwrap_or_default()
}

fn is_kept(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let of_git = name.starts_with("GIT_");
    let kept =
        KEPT_VARIABLES.contains(&&*name) || KEPT_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    (!of_git || kept) && !DROPPED_VARIABLES.contains(&&*name)
}

fn pump(mut pipe: impl Read, sender: &SyncSender<Vec<u8>>) {
    let mut buffer = vec![0; CHUNK_BYTES];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) if sender.send(buffer[..count].to_vec()).is_err() => return,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

/// Keeps the start and reads the rest to its end, so that git is never blocked by a full pipe.
fn read_stderr(mut pipe: impl Read) -> String {
    let mut kept = Vec::new();
    let _ = pipe.by_ref().take(STDERR_BYTES_MAX as u64).read_to_end(&mut kept);
    let _ = std::io::copy(&mut pipe, &mut std::io::sink());
    String::from_utf8_lossy(&kept).into_owned()
}

/// Kills git and whatever it has started, and reaps it.
fn kill(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}
