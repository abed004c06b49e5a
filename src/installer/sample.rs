//! A small project in a temporary folder, about which the fired event asks, and folders for rtk beside it.

use crate::base::Paths;
use crate::fs::{FsError, WriteOptions, create_folders, read, replace};
use std::path::PathBuf;

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
}

impl Sample {
    /// Writes the sample; the user's `config.toml` is copied, so that the hook acts as it does for the user.
    pub(super) fn make(paths: &Paths) -> Result<Sample, FsError> {
        let made = tempfile::Builder::new().prefix("rtk-show-").tempdir();
        let folder = made.map_err(|source| FsError::Io {
            action: "make a folder in",
            path: "the folder for temporary files".into(),
            source,
        })?;
        let sample = Sample { folder };
        let options = WriteOptions::fast(&sample.rtk_home()).unlocked();
        let write = |path: PathBuf, content: &[u8]| {
            if let Some(parent) = path.parent() {
                create_folders(parent, 0o700)?;
            }
            replace(&path, content, &options).map(|_| ())
        };
        for (name, content) in FILES {
            write(sample.project().join(name), content.as_bytes())?;
        }
        create_folders(&sample.project().join(".git/objects"), 0o700)?;
        create_folders(&sample.project().join(".git/refs/heads"), 0o700)?;
        if let Ok(Some(config)) = read(&paths.settings(), CONFIG_BYTES_MAX) {
            write(sample.rtk_home().join("config/config.toml"), &config)?;
        }
        Ok(sample)
    }

    /// The project's root.
    pub(super) fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// Stands in for all of rtk's own folders.
    pub(super) fn rtk_home(&self) -> PathBuf {
        self.folder.path().join("rtk")
    }
}
