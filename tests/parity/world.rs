//! Where twins are built: a sample repository with a remote, copied for each side, at one and the same path.

use crate::server::Server;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

/// The sample: history with a conflict to be had, a remote, a binary file, odd names, a tag.
const SAMPLE: &str = r#"
git init -q -b main repo && cd repo
printf '%s\n' one two three four five six seven eight nine ten > a.txt
printf 'b\n' > b.txt; mkdir dir; printf 'c\n' > dir/c.txt
printf 'x\000y\n' > bin.dat; printf 'umlaut\n' > 'ünï cödé.txt'
printf '#!/bin/sh\n' > run.sh; chmod 755 run.sh; printf 'ignored\n' > .gitignore
git add . && git commit -q -m 'first'
git branch base
git switch -q -c topic && sed -i 's/two/two of topic/' a.txt && printf 't\n' > t.txt && git add . && git commit -q -m 'topic changes two'
git switch -q -c clean base && printf 'n\n' > n.txt && git add . && git commit -q -m 'clean adds n'
git switch -q main && sed -i 's/two/two of main/' a.txt && git commit -q -am 'main changes two'
git tag v1 && git tag -a -m 'annotated' v2
cd .. && git clone -q --bare repo remote.git && cd repo
git remote add origin ../remote.git && git fetch -q && git branch -q -u origin/main
"#;

/// A temporary folder with a sample and room for one twin at a time.
pub(crate) struct World {
    folder: tempfile::TempDir,
    server: Server,
}

/// What a command printed and how it ended.
pub(crate) struct Output {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    pub(crate) fn len(&self) -> usize {
        self.stdout.len() + self.stderr.len()
    }

    pub(crate) fn shown(&self) -> String {
        let cut = |text: &str| text.chars().take(1500).collect::<String>();
        format!("{}[stderr]\n{}", cut(&self.stdout), cut(&self.stderr))
    }
}

impl World {
    pub(crate) fn new() -> World {
        let folder = tempfile::Builder::new().prefix("rtk-parity-").tempdir().unwrap();
        for name in ["home", "sample", "rtk"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let server = Server::start(folder.path().join("twin"));
        let world = World { folder, server };
        world.script(&world.root().join("sample"), SAMPLE);
        world
    }

    fn root(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap()
    }

    /// Holds the repository, its remote and what a case puts beside them.
    pub(crate) fn twin(&self) -> PathBuf {
        self.root().join("twin")
    }

    /// Puts a fresh copy of the sample in place and leads it into the case's situation.
    pub(crate) fn build(&self, setup: &str) {
        let _ = std::fs::remove_dir_all(self.twin());
        self.script(&self.root(), "cp -a sample twin");
        self.script(&self.twin().join("repo"), setup);
    }

    /// Runs a case's command in the repository; `program` is what stands for `git`.
    pub(crate) fn run(&self, program: &str, command: &str) -> Output {
        let script = format!("{}$G {command}", if command.contains(['\n', ';']) { "" } else { "exec " });
        let mut shell = self.shell(&self.twin().join("repo"), &script);
        shell.env("G", program);
        let output = shell.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Output { status: output.status, stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Runs a script that must succeed and gives its stdout.
    pub(crate) fn script(&self, folder: &Path, script: &str) -> String {
        let output = self.shell(folder, &format!("set -e\n{script}")).output().unwrap();
        assert!(
            output.status.success(),
            "{script}\nfailed: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn shell(&self, folder: &Path, script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(folder).env_clear().stdin(Stdio::null());
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .env("PATH", path)
            .env("HOME", self.root().join("home"))
            .env("RTK_HOME", self.root().join("rtk"));
        command.env("LANG", "C.UTF-8").env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_TERMINAL_PROMPT", "0");
        command.env("GIT_EDITOR", "true").env("HTTP", self.server.url()).env("TWIN", self.twin());
        // Clones of a local path within submodules are refused by default.
        command
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "protocol.file.allow")
            .env("GIT_CONFIG_VALUE_0", "always");
        for who in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{who}_NAME"), "Test")
                .env(format!("GIT_{who}_EMAIL"), "test@example.invalid");
            command.env(format!("GIT_{who}_DATE"), "2024-01-02T03:04:05Z");
        }
        command
    }
}
