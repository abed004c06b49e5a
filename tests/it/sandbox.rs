//! A machine of its own for each test: home, project and temporary folder, and nothing of the developer's.
//!
//! The environment is cleared, never subtracted from, so that a variable nobody thought of cannot leak in.

use std::ffi::OsStr;
use std::io::{Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A process that has not ended by then is killed and the test fails; far above anything that is waited for.
const HANG_LIMIT: Duration = Duration::from_secs(120);
/// Every commit of a sandbox bears this date, so that its id is the same on every machine.
const COMMIT_DATE: &str = "2024-01-02T03:04:05Z";

/// Temporary folders `home`, `project` and `tmp`, and what runs in them; all of it is removed at the end.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
    /// Whom programs run as, when not as the user of the test run.
    user: Option<u32>,
}

/// A user without a name and without rights; programs need no more.
const ORDINARY_USER: u32 = 54_321;

impl Sandbox {
    /// Three empty folders.
    pub(crate) fn new() -> Sandbox {
        let folder = tempfile::Builder::new().prefix("rtk-it-").tempdir().unwrap();
        let sandbox = Sandbox { folder, variables: Vec::new(), user: None };
        for path in [sandbox.home(), sandbox.project(), sandbox.tmp()] {
            std::fs::create_dir(path).unwrap();
        }
        sandbox
    }

    /// The same sandbox with one more variable in the environment of what it runs.
    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: &str) -> Sandbox {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// The same sandbox for an ordinary user, since nothing is closed to the super-user: what it runs from now on gives
    /// up the rights that the test run may have. What the test writes is handed over by [`Sandbox::hand_over`].
    #[must_use]
    pub(crate) fn for_ordinary_user(mut self) -> Sandbox {
        if rustix::process::geteuid().is_root() {
            // The program may lie where an ordinary user cannot go.
            let (built, here) = (Path::new(env!("CARGO_BIN_EXE_rtk")), self.program());
            std::fs::hard_link(built, &here).or_else(|_| std::fs::copy(built, &here).map(drop)).unwrap();
            self.user = Some(ORDINARY_USER);
            self.hand_over();
        }
        self
    }

    /// Makes everything in the sandbox the property of the user whom programs run as.
    pub(crate) fn hand_over(&self) {
        let Some(user) = self.user else { return };
        let mut folders = vec![self.root()];
        while let Some(folder) = folders.pop() {
            let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
            for path in entries.filter(|path| *path != self.program()) {
                std::os::unix::fs::lchown(&path, Some(user), Some(user)).unwrap();
                if path.is_dir() && !path.is_symlink() {
                    folders.push(path);
                }
            }
            std::os::unix::fs::lchown(&folder, Some(user), Some(user)).unwrap();
        }
    }

    /// Does `work` in this process with the rights of the user whom programs run as, on a thread of its own.
    #[cfg(target_os = "linux")]
    pub(crate) fn with_rights_of_user<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        use rustix::thread::{Gid, Uid, set_thread_gid, set_thread_groups, set_thread_uid};
        std::thread::scope(|scope| {
            let worker = scope.spawn(|| {
                if let Some(user) = self.user {
                    set_thread_groups(&[]).unwrap();
                    set_thread_gid(Gid::from_raw(user)).unwrap();
                    set_thread_uid(Uid::from_raw(user)).unwrap();
                }
                work()
            });
            worker.join().unwrap()
        })
    }

    /// The program where an ordinary user finds it.
    fn program(&self) -> PathBuf {
        self.root().join("rtk-of-the-test")
    }

    /// The home folder.
    pub(crate) fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// The project folder, where commands run.
    pub(crate) fn project(&self) -> PathBuf {
        self.root().join("project")
    }

    /// The folder for temporary files.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.root().join("tmp")
    }

    /// The client's settings of the global scope.
    pub(crate) fn settings(&self) -> PathBuf {
        self.home().join(".claude/settings.json")
    }

    /// The folder that holds the three; links resolved, as rtk prints it.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    /// Writes a file of the project, with the folders above it.
    pub(crate) fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.project().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Runs git in the project; it must succeed. Returns its stdout.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.run(OsStr::new("git"), args, b"").success().stdout().to_owned()
    }

    /// Runs rtk in the project with an empty stdin.
    pub(crate) fn rtk(&self, args: &[&str]) -> Run {
        self.rtk_with(args, b"")
    }

    /// Runs rtk in the project with `stdin`.
    pub(crate) fn rtk_with(&self, args: &[&str], stdin: &[u8]) -> Run {
        self.rtk_in(&self.project(), args, stdin)
    }

    /// Runs rtk in a folder with `stdin`.
    pub(crate) fn rtk_in(&self, folder: &Path, args: &[&str], stdin: &[u8]) -> Run {
        let linked = self.user.map(|_| self.program().into_os_string());
        let program = linked.as_deref().unwrap_or(OsStr::new(env!("CARGO_BIN_EXE_rtk")));
        let mut command = self.command(program);
        command.current_dir(folder).args(args);
        self.finish(command, stdin)
    }

    /// Runs `rtk hook` as the client does, with one event on stdin.
    pub(crate) fn hook(&self, payload: &serde_json::Value) -> Run {
        self.rtk_with(&["hook"], payload.to_string().as_bytes())
    }

    /// Runs a program in the project with `stdin` and waits for its end.
    pub(crate) fn run(&self, program: &OsStr, args: &[&str], stdin: &[u8]) -> Run {
        let mut command = self.command(program);
        command.args(args);
        self.finish(command, stdin)
    }

    /// Runs a prepared command with `stdin` and waits for its end.
    pub(crate) fn finish(&self, mut command: Command, stdin: &[u8]) -> Run {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let shown = format!("{command:?}");
        let cwd = command.get_current_dir().map(Path::to_path_buf).unwrap_or_default();
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {shown}: {error}"));
        let (status, stdout, stderr) = wait(child, stdin.to_vec());
        let run = Run { command: shown, cwd, root: self.root(), status, stdout, stderr };
        assert!(run.status.is_some(), "did not end within {HANG_LIMIT:?}\n{}", run.explain());
        run
    }

    /// A command in the project with the sandbox's environment and no other.
    pub(crate) fn command(&self, program: &OsStr) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.project());
        command.env("HOME", self.home()).env("TMPDIR", self.tmp()).env("PATH", minimal_path());
        command.env("LANG", "C.UTF-8").env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "Test")
                .env(format!("GIT_{who}_EMAIL"), "test@example.invalid");
            command.env(format!("GIT_{who}_DATE"), COMMIT_DATE);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(user) = self.user {
            command.gid(user).uid(user);
        }
        command
    }
}

/// A new pseudo-terminal: the side that watches and types, and the side that a program gets as its terminal.
#[cfg(unix)]
pub(crate) fn terminal() -> (std::fs::File, std::fs::File) {
    use rustix::fs::{Mode, OFlags};
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap();
    // NOCTTY: it must not become the terminal of the test run itself.
    let program =
        rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).unwrap();
    (person.into(), program.into())
}

/// The folder of git and the two that every system has.
fn minimal_path() -> String {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let git = std::env::split_paths(&path).find(|folder| folder.join("git").is_file());
    let git = git.expect("git is needed by the tests and is not on PATH");
    format!("{}:/usr/bin:/bin", git.display())
}

/// Feeds stdin and reads both streams at once, so that no pipe fills up; `None` when the process had to be killed.
fn wait(mut child: Child, stdin: Vec<u8>) -> (Option<ExitStatus>, Vec<u8>, Vec<u8>) {
    let mut pipe = child.stdin.take().unwrap();
    // A program may end without reading its input: that is no failure of the harness.
    std::thread::spawn(move || drop(pipe.write_all(&stdin)));
    let (sender, receiver) = mpsc::channel();
    let streams: [Box<dyn Read + Send>; 2] =
        [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
    for (index, mut stream) in streams.into_iter().enumerate() {
        let sender = sender.clone();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stream.read_to_end(&mut bytes);
            sender.send((index, bytes))
        });
    }
    let mut read = [Vec::new(), Vec::new()];
    for _ in 0..2 {
        match receiver.recv_timeout(HANG_LIMIT) {
            Ok((index, bytes)) => read[index] = bytes,
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                let [stdout, stderr] = read;
                return (None, stdout, stderr);
            }
        }
    }
    let [stdout, stderr] = read;
    (Some(child.wait().unwrap()), stdout, stderr)
}

/// What came of a command; prints everything about it when an expectation is not met.
pub(crate) struct Run {
    command: String,
    cwd: PathBuf,
    root: PathBuf,
    status: Option<ExitStatus>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

impl Run {
    /// Expects exit code 0.
    #[track_caller]
    pub(crate) fn success(&self) -> &Run {
        self.code(0)
    }

    /// Expects this exit code.
    #[track_caller]
    pub(crate) fn code(&self, expected: i32) -> &Run {
        let code = self.status.and_then(|status| status.code());
        assert_eq!(code, Some(expected), "unexpected exit code\n{}", self.explain());
        self
    }

    /// How the process ended; `None` when the test had to kill it.
    pub(crate) fn status(&self) -> Option<ExitStatus> {
        self.status
    }

    /// Stdout as it came.
    pub(crate) fn stdout_bytes(&self) -> &[u8] {
        &self.stdout
    }

    /// Stdout, which must be UTF-8.
    #[track_caller]
    pub(crate) fn stdout(&self) -> &str {
        std::str::from_utf8(&self.stdout)
            .unwrap_or_else(|_| panic!("stdout is not UTF-8\n{}", self.explain()))
    }

    /// Stderr, which must be UTF-8.
    #[track_caller]
    pub(crate) fn stderr(&self) -> &str {
        std::str::from_utf8(&self.stderr)
            .unwrap_or_else(|_| panic!("stderr is not UTF-8\n{}", self.explain()))
    }

    /// Stdout, which must be one JSON document.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        let value = serde_json::from_slice(&self.stdout);
        value.unwrap_or_else(|error| panic!("stdout is not JSON: {error}\n{}", self.explain()))
    }

    /// Expects `text` on stdout.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Run {
        assert!(self.stdout().contains(text), "not on stdout: {text:?}\n{}", self.explain());
        self
    }

    /// Expects `text` on stderr.
    #[track_caller]
    pub(crate) fn complains(&self, text: &str) -> &Run {
        assert!(self.stderr().contains(text), "not on stderr: {text:?}\n{}", self.explain());
        self
    }

    /// Command, folder, what lies in the sandbox, status and both streams.
    pub(crate) fn explain(&self) -> String {
        let status = self.status.map_or("killed by the test".into(), |status| status.to_string());
        let rule = "-".repeat(72);
        format!(
            "{rule}\ncommand: {}\ncwd:     {}\nstatus:  {status}\n{rule} stdout\n{}\n{rule} stderr\n{}\n{rule} files\n{}{rule}",
            self.command,
            self.cwd.display(),
            String::from_utf8_lossy(&self.stdout),
            String::from_utf8_lossy(&self.stderr),
            listing(&self.root),
        )
    }
}

/// Files below `root` with their sizes, without git's own.
fn listing(root: &Path) -> String {
    let mut lines = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let Ok(meta) = entry.metadata() else { continue };
            let path = entry.path();
            match path.strip_prefix(root) {
                Ok(_) if meta.is_dir() && entry.file_name() != ".git" => folders.push(path),
                Ok(short) => lines.push(format!("{:>9} {}\n", meta.len(), short.display())),
                Err(_) => {}
            }
        }
    }
    lines.sort();
    lines.concat()
}

#[test]
fn a_sandbox_sees_nothing_of_the_developer() {
    let sandbox = Sandbox::new().with("ADDED", "yes");
    let run = sandbox.run(OsStr::new("env"), &[], b"");
    let names: Vec<&str> = run.success().stdout().lines().filter_map(|line| line.split('=').next()).collect();
    let mut known =
        vec!["ADDED", "GIT_CONFIG_NOSYSTEM", "GIT_TERMINAL_PROMPT", "HOME", "LANG", "PATH", "TMPDIR"];
    known.extend(["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE"]);
    known.extend(["GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_DATE"]);
    assert!(names.iter().all(|name| known.contains(name)), "{names:?}");
    assert_eq!(names.len(), known.len(), "{names:?}");
}

#[test]
fn commits_are_the_same_everywhere_and_a_failure_tells_all() {
    let commit = || {
        let sandbox = Sandbox::new();
        sandbox.write("a/b.txt", "text\n");
        sandbox.git(&["init", "-q", "-b", "main"]);
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-q", "-m", "First"]);
        sandbox.git(&["rev-parse", "HEAD"])
    };
    assert_eq!(commit(), commit());

    let sandbox = Sandbox::new();
    sandbox.write("a/b.txt", "text\n");
    let run = sandbox.run(OsStr::new("sh"), &["-c", "cat; echo told >&2; exit 3"], b"fed");
    let told = run.code(3).explain();
    for part in ["exit 3", "project\n", "exit status: 3", "fed", "told", "5 project/a/b.txt"] {
        assert!(told.contains(part), "{part:?} is missing in\n{told}");
    }
}
