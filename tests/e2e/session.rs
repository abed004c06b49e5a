//! One headless run of the client: fresh home, fresh project, cleared environment, scripted API, a hard time limit.

use crate::api::Api;
use crate::client::Client;
use crate::run::Run;
use crate::sample;
use crate::script::{MAIN_PROMPT, Script};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

/// A run that takes longer is killed with all its processes, and the case fails.
const RUN_TIME_MAX: Duration = Duration::from_secs(150);
/// How often a running client is looked at.
const POLL_PAUSE: Duration = Duration::from_millis(20);
/// Runs at the same time: each client takes about a processor and 300 MB.
const RUNS_AT_ONCE: usize = 2;

static RUNNING: Mutex<usize> = Mutex::new(0);
static RUN_ENDED: Condvar = Condvar::new();

/// Holds one of the places for running clients.
struct Place;

impl Place {
    fn take() -> Place {
        let running = RUNNING.lock().expect("no thread panics with the lock");
        *RUN_ENDED
            .wait_while(running, |running| *running >= RUNS_AT_ONCE)
            .expect("no thread panics with the lock") += 1;
        Place
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Ok(mut running) = RUNNING.lock() {
            *running -= 1;
        }
        RUN_ENDED.notify_one();
    }
}

/// A home and a project of their own, a client, and a private copy of rtk that a case may replace.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
    client: Client,
    variables: Vec<(OsString, OsString)>,
    arguments: Vec<String>,
}

impl Sandbox {
    /// A sandbox with the sample repository, rtk on PATH, and nothing installed into the client.
    pub(crate) fn new(client: Client) -> Sandbox {
        // Older clients run the program through a shell, unquoted; the newest one has to cope with spaces in paths.
        let prefix = if client == Client::Newest { "rtk e2e " } else { "rtk-e2e-" };
        let keep = std::env::var_os("RTK_E2E_KEEP").is_some();
        let mut builder = tempfile::Builder::new();
        let folder = builder.prefix(prefix).disable_cleanup(keep).tempdir().expect("a temporary folder");
        let sandbox = Sandbox { folder, client, variables: Vec::new(), arguments: Vec::new() };
        for name in ["home/.claude", "project", "tmp", "bin"] {
            std::fs::create_dir_all(sandbox.path(name)).expect("folders in the sandbox");
        }
        sample::write(&sandbox.project(), &sandbox.search_path());
        let built = Path::new(env!("CARGO_BIN_EXE_rtk"));
        if std::fs::hard_link(built, sandbox.rtk()).is_err() {
            std::fs::copy(built, sandbox.rtk()).expect("a copy of rtk");
        }
        sandbox
    }

    /// The same with rtk installed into the user's settings by `rtk init`.
    pub(crate) fn installed(client: Client) -> Sandbox {
        let sandbox = Sandbox::new(client);
        sandbox.run_rtk(&["init", "--global", "--yes"]);
        sandbox
    }

    /// A path in the sandbox.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The project's root.
    pub(crate) fn project(&self) -> PathBuf {
        self.path("project")
    }

    /// The sandbox's own rtk program.
    pub(crate) fn rtk(&self) -> PathBuf {
        self.path("bin/rtk")
    }

    /// The user's settings file of the client.
    pub(crate) fn user_settings(&self) -> PathBuf {
        self.path("home/.claude/settings.json")
    }

    /// Sets a variable for the client and so for its hooks.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.push((name.into(), value.into()));
    }

    /// Adds an argument to the client's command line.
    pub(crate) fn argument(&mut self, argument: &str) {
        self.arguments.push(argument.to_owned());
    }

    /// Writes a file below the sandbox.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a path below the sandbox"))
            .expect("folders in the sandbox");
        std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Puts a program into the sandbox in place of what is there; the file is replaced, never written through a link.
    pub(crate) fn write_program(&self, name: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.path(name);
        if path.exists() {
            std::fs::remove_file(&path).expect("a program of the sandbox can be removed");
        }
        self.write(name, text);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
            .expect("a mode for the program");
        path
    }

    /// Runs the sandbox's rtk in the project and returns what it printed; panics when it fails.
    pub(crate) fn run_rtk(&self, arguments: &[&str]) -> Output {
        let output = self.command(self.rtk().as_os_str()).args(arguments).output().expect("rtk runs");
        assert!(
            output.status.success(),
            "rtk {arguments:?}: {}\n{}{}",
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }

    /// Runs a command of the client that needs no API, and returns all that it printed.
    pub(crate) fn run_client(&self, arguments: &[&str]) -> String {
        let mut command = self.command(self.client.program().as_os_str());
        let output = command.args(arguments).stdin(Stdio::null()).output().expect("the client runs");
        assert!(output.status.success(), "claude {arguments:?}: {}", output.status);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs the client with the script until it ends.
    pub(crate) fn run(&self, script: Script) -> Run {
        let _place = Place::take();
        let api = Api::start(script);
        let mut command = self.command(self.client.program().as_os_str());
        command
            .args(["-p", MAIN_PROMPT, "--output-format", "stream-json", "--verbose", "--debug-file"])
            .arg(self.path("debug.txt"))
            .args(&self.arguments)
            .env("ANTHROPIC_BASE_URL", api.url())
            .stdin(Stdio::null())
            .stdout(File::create(self.path("stdout.jsonl")).expect("a file for the output"))
            .stderr(File::create(self.path("stderr.txt")).expect("a file for the errors"))
            .process_group(0);
        if self.client == Client::Newest {
            command.arg("--include-hook-events");
        }
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start the client: {error}"));
        let status = wait(child);
        Run::read(self, status, api.requests())
    }

    /// A command in the project with nothing of the surrounding environment but where programs are.
    pub(crate) fn command(&self, program: &OsStr) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.project())
            .env_clear()
            .env("PATH", self.search_path())
            .env("HOME", self.path("home"))
            .env("TMPDIR", self.path("tmp"))
            .env("TERM", "dumb")
            .env("LANG", "C.UTF-8")
            .env("ANTHROPIC_API_KEY", "sk-ant-dummy-000")
            // A debug build on a busy machine must not decide a case by giving up early.
            .env("RTK_HOOK_DEADLINE_MS", "9000")
            // Nothing is listening there: whatever does not run under a script cannot get out.
            .env("ANTHROPIC_BASE_URL", "http://127.0.0.1:9");
        for name in [
            "DISABLE_AUTOUPDATER",
            "DISABLE_TELEMETRY",
            "DISABLE_ERROR_REPORTING",
            "DISABLE_BUG_COMMAND",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
            "USE_BUILTIN_RIPGREP",
            // Lets root skip permission checks where a case asks for that.
            "IS_SANDBOX",
        ] {
            command.env(name, "1");
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    fn search_path(&self) -> OsString {
        let outer = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.path("bin")).chain(std::env::split_paths(&outer));
        std::env::join_paths(folders).expect("PATH can be put together again")
    }
}

/// Waits for the client; `None` when it had to be killed.
fn wait(mut child: Child) -> Option<ExitStatus> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("the client can be waited for") {
            return Some(status);
        }
        if started.elapsed() > RUN_TIME_MAX {
            let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
            if let Some(group) = group {
                // Fails only when the group is gone, which is what is wanted.
                _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            child.wait().expect("the killed client can be waited for");
            return None;
        }
        std::thread::sleep(POLL_PAUSE);
    }
}
