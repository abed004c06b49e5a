//! A small project in a temporary folder, about which the fired event asks, and folders for rtk beside it.

use crate::base::Paths;
use crate::fs::{FsError, WriteOptions, create_folders, read, replace};
use std::path::{Path, PathBuf};

/// What the subagent is asked; the sample holds the answer.
pub(super) const PROMPT: &str = "Where is the expiry of a login session checked? Fix `session_is_valid` in the login \
                                 code so that a session that expires right now counts as expired.";
/// A larger settings file of rtk's is not copied, in bytes.
const CONFIG_BYTES_MAX: u64 = 256 * 1024;

const FILES: &[(&str, &str)] = &[
    (".git/HEAD", "ref: refs/heads/main\n"),
    (".git/config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n"),
    ("Cargo.toml", "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"),
    ("README.md", "# sample\n\nA login service in miniature.\n"),
    ("src/main.rs", "mod login;\nmod mail;\n\nfn main() {\n    mail::send(\"hello\");\n}\n"),
    (
        "src/login.rs",
        "//! Login sessions.\n\n/// A session and the second at which it expires.\npub struct Session {\n    pub \
         expires_at: u64,\n}\n\n/// Checks the expiry of a login session.\npub fn session_is_valid(session: &Session, now: \
         u64) -> bool {\n    now <= session.expires_at\n}\n",
    ),
    ("src/mail.rs", "//! Outgoing mail.\n\npub fn send(text: &str) {\n    println!(\"{text}\");\n}\n"),
];

/// The sample; removed with all that was written there when dropped.
pub(super) struct Sample {
    folder: tempfile::TempDir,
    /// The user's `config.toml`, so that the hook acts as it does for the user.
    config: Option<Vec<u8>>,
}

impl Sample {
    /// Writes the sample project.
    pub(super) fn make(paths: &Paths) -> Result<Sample, FsError> {
        let made = tempfile::Builder::new().prefix("rtk-show-").tempdir();
        let folder = made.map_err(|source| FsError::Io {
            action: "make a folder in",
            path: "the folder for temporary files".into(),
            source,
        })?;
        let config = read(&paths.settings(), CONFIG_BYTES_MAX).ok().flatten();
        let sample = Sample { folder, config };
        for (name, content) in FILES {
            sample.write(&sample.project().join(name), content.as_bytes())?;
        }
        for folder in [".git/objects", ".git/refs/heads"] {
            create_folders(&sample.project().join(folder), 0o700)?;
        }
        Ok(sample)
    }

    /// The project's root.
    pub(super) fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// A new folder that stands in for all of rtk's own in the event of that number.
    pub(super) fn rtk_home(&self, number: usize) -> Result<PathBuf, FsError> {
        let home = self.folder.path().join(format!("rtk-{number}"));
        match &self.config {
            Some(config) => self.write(&home.join("config/config.toml"), config)?,
            None => create_folders(&home, 0o700).map(|_| ())?,
        }
        Ok(home)
    }

    fn write(&self, path: &Path, content: &[u8]) -> Result<(), FsError> {
        if let Some(parent) = path.parent() {
            create_folders(parent, 0o700)?;
        }
        let options = WriteOptions::fast(self.folder.path()).unlocked();
        replace(path, content, &options).map(|_| ())
    }
}
