//! A home with a project for tests of the installer: runs the program there and compares everything below the home.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A home, a project in it, and a copy of nothing else of this machine.
pub(crate) struct Place {
    pub(crate) root: tempfile::TempDir,
    pub(crate) vars: Vec<(String, String)>,
    /// Who runs the program, if not the one who runs the tests.
    user: Option<u32>,
}

/// An ordinary user without a name: root may too much for a test of what the system refuses.
const ORDINARY_USER: u32 = 60_001;

/// How a run ended.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    pub(crate) fn new() -> Place {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("home/project/.git")).unwrap();
        std::fs::write(root.path().join("home/project/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
        Place { root, vars: Vec::new(), user: None }
    }

    /// The same place, of and for an ordinary user; whoever runs the tests without being root is one already.
    pub(crate) fn for_ordinary_user(mut self) -> Place {
        if rustix::process::geteuid().is_root() {
            self.user = Some(ORDINARY_USER);
            std::fs::set_permissions(self.root.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        self.give_away();
        self
    }

    /// Makes everything below the home folder belong to the one who runs the program.
    pub(crate) fn give_away(&self) {
        for path in self.tree().into_keys().chain([self.home()]).filter(|_| self.user.is_some()) {
            std::os::unix::fs::lchown(path, self.user, self.user).unwrap();
        }
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().canonicalize().unwrap().join("home")
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.home().join("project")
    }

    pub(crate) fn settings(&self) -> PathBuf {
        self.home().join(".claude/settings.json")
    }

    pub(crate) fn write(&self, content: &[u8]) {
        std::fs::create_dir_all(self.settings().parent().unwrap()).unwrap();
        std::fs::write(self.settings(), content).unwrap();
    }

    pub(crate) fn read(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.settings()).unwrap()).into_owned()
    }

    pub(crate) fn command(&self, program: &Path, cwd: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.home()).env("PATH", "/usr/bin:/bin").current_dir(cwd);
        command.envs(self.vars.iter().map(|(name, value)| (name, value))).stdin(Stdio::null());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    pub(crate) fn run_as(&self, program: &Path, cwd: &Path, args: &[&str]) -> Run {
        // A program that was copied a moment ago is busy while the fork of another test still holds it open.
        let output = (0..200).find_map(|_| match self.command(program, cwd).args(args).output() {
            Err(error) if error.kind() == std::io::ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(std::time::Duration::from_millis(10));
                None
            }
            output => Some(output.unwrap()),
        });
        let output = output.unwrap();
        Run {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        // Another user may not come to where the program was built.
        let program =
            self.user.map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_rtk")), |_| self.program_elsewhere());
        self.run_as(&program, &self.project(), args)
    }

    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> Run {
        let run = self.run(args);
        assert_eq!(run.code, Some(0), "{args:?}\n{}\n{}", run.stdout, run.stderr);
        run
    }

    /// The same program at another path, outside of the home folder.
    pub(crate) fn program_elsewhere(&self) -> PathBuf {
        let path = self.root.path().canonicalize().unwrap().join("older/rtk");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let program = env!("CARGO_BIN_EXE_rtk");
        // The folder for temporary files may be on another disk than the program.
        if !path.exists() && std::fs::hard_link(program, &path).is_err() {
            std::fs::copy(program, &path).unwrap();
        }
        path
    }

    /// Everything below the home folder: content, mode and kind.
    pub(crate) fn tree(&self) -> BTreeMap<PathBuf, (Vec<u8>, u32)> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.home()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let meta = std::fs::symlink_metadata(&path).unwrap();
                let content = if meta.is_symlink() {
                    std::fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
                } else if meta.is_dir() {
                    folders.push(path.clone());
                    Vec::new()
                } else {
                    std::fs::read(&path).unwrap()
                };
                found.insert(path, (content, meta.mode()));
            }
        }
        found
    }
}

/// Asks an independent JSON reader what is registered for the event: program and arguments.
pub(crate) fn registered(text: &str, event: &str) -> Vec<String> {
    // A lone surrogate is fine for the client and not for this reader.
    let text = text.trim_start_matches('\u{feff}').replace("\\ud83d", "");
    let settings: serde_json::Value = serde_json::from_str(&text).unwrap();
    let groups = settings["hooks"][event].as_array().cloned().unwrap_or_default();
    let handlers = groups.iter().flat_map(|group| group["hooks"].as_array().cloned().unwrap_or_default());
    handlers.map(|handler| format!("{} {}", handler["command"].as_str().unwrap(), handler["args"])).collect()
}

pub(crate) fn ours() -> String {
    format!("{} [\"hook\"]", env!("CARGO_BIN_EXE_rtk"))
}
