//! A temporary folder with a home of its own in which tests make files, links and real git repositories.

use rtk::base::{Deadline, Env};
use rtk::project::{Root, ScanOptions, ScanOutcome, find_root, scan};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files are made below `base/work`, the home is `base/home`.
pub(crate) struct WorkTree {
    base: tempfile::TempDir,
}

impl WorkTree {
    /// A folder without git.
    pub(crate) fn plain() -> WorkTree {
        let base = tempfile::tempdir().unwrap();
        for folder in ["work", "home"] {
            std::fs::create_dir(base.path().join(folder)).unwrap();
        }
        WorkTree { base }
    }

    /// A folder with an empty repository.
    pub(crate) fn git() -> WorkTree {
        let tree = WorkTree::plain();
        tree.run("", &["init", "-q", "-b", "main"]);
        tree
    }

    /// The folder that files are made in, canonical.
    pub(crate) fn path(&self) -> PathBuf {
        self.base.path().join("work").canonicalize().unwrap()
    }

    /// The home folder, canonical.
    pub(crate) fn home(&self) -> PathBuf {
        self.base.path().join("home").canonicalize().unwrap()
    }

    /// What rtk sees of the environment.
    pub(crate) fn env(&self) -> Env {
        let path = std::env::var_os("PATH").unwrap();
        let home = self.home().into_os_string();
        Env::of(
            &self.path(),
            [
                ("HOME", home),
                ("PATH", path),
                ("GIT_CONFIG_NOSYSTEM", OsString::from("1")),
                ("GIT_DIR", OsString::from("/nowhere")),
                ("GIT_INDEX_FILE", OsString::from("/nowhere")),
            ],
        )
    }

    /// Runs git in a subfolder and gives its output; a failure ends the test.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, folder: &str, args: &[A]) -> Vec<u8> {
        let mut command = Command::new("git");
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", self.home());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        for role in ["AUTHOR", "COMMITTER"] {
            command
                .env(format!("GIT_{role}_NAME"), "Ada")
                .env(format!("GIT_{role}_EMAIL"), "Ada@example.org");
            command.env(format!("GIT_{role}_DATE"), "1700000000 +0000");
        }
        command.args(["-c", "protocol.file.allow=always"]).args(args).current_dir(self.path().join(folder));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{:?}: {}", args_of(args), String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// The output of git as trimmed text.
    pub(crate) fn text(&self, folder: &str, args: &[&str]) -> String {
        String::from_utf8(self.run(folder, args)).unwrap().trim().to_owned()
    }

    /// Stages everything and commits.
    pub(crate) fn commit(&self, folder: &str, message: &str) -> String {
        self.run(folder, &["add", "-A"]);
        self.run(folder, &["commit", "-q", "--allow-empty", "-m", message]);
        self.text(folder, &["rev-parse", "HEAD"])
    }

    /// Writes a file and the folders above it.
    pub(crate) fn write(&self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path().join(OsStr::from_bytes(path.as_ref()));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, content).unwrap();
        file
    }

    /// The project around the folder.
    pub(crate) fn root(&self) -> Root {
        self.root_at("").expect("a project")
    }

    /// The project around a subfolder.
    pub(crate) fn root_at(&self, folder: &str) -> Option<Root> {
        find_root(&self.path().join(folder), &self.env()).unwrap()
    }

    /// Scans the project around the folder, with what git tracks of the ignored files.
    pub(crate) fn scan(&self) -> ScanOutcome {
        let root = self.root();
        scan(&root, &self.env(), &self.tracked_ignored(&root), &options(), Deadline::never()).unwrap()
    }

    /// What git tracks of the ignored files; nothing without git.
    pub(crate) fn tracked_ignored(&self, root: &Root) -> Vec<Vec<u8>> {
        match root.kind {
            rtk::project::RootKind::Git { .. } => {
                rtk::git::tracked_ignored(&self.env(), &root.path, Deadline::never()).unwrap()
            }
            _ => Vec::new(),
        }
    }
}

/// Generous limits, two threads.
pub(crate) fn options() -> ScanOptions {
    ScanOptions { files_max: 1_000_000, threads: 2 }
}

/// All files of a scan, sorted.
pub(crate) fn files(outcome: &ScanOutcome) -> Vec<Vec<u8>> {
    let of_dir = |dir: &rtk::project::DirListing| {
        let prefix = if dir.path.is_empty() { Vec::new() } else { [dir.path.as_slice(), b"/"].concat() };
        let names = dir.files.iter().map(|(name, _)| [prefix.as_slice(), name].concat());
        names.collect::<Vec<_>>()
    };
    let mut all: Vec<Vec<u8>> = outcome.dirs.iter().flat_map(of_dir).collect();
    all.sort();
    all
}

/// The same as text, for tests with tame names.
pub(crate) fn file_names(outcome: &ScanOutcome) -> Vec<String> {
    files(outcome).into_iter().map(|path| String::from_utf8(path).unwrap()).collect()
}

/// The path that raw bytes name below a folder.
pub(crate) fn at(folder: &Path, relative: &[u8]) -> PathBuf {
    folder.join(OsString::from_vec(relative.to_vec()))
}

fn args_of<A: AsRef<OsStr>>(args: &[A]) -> Vec<&OsStr> {
    args.iter().map(AsRef::as_ref).collect()
}
