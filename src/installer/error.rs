//! Why an installation, a removal or a look at one did not happen; each kind names the file and what to do.

use crate::fs::FsError;
use crate::text::JsonError;
use std::path::PathBuf;

/// Nothing has been changed when one of these is returned.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// A settings file is no strict JSON.
    #[error("{path}: {error}", path = .path.display())]
    NotJson {
        /// The settings file.
        path: PathBuf,
        /// Where and what.
        error: JsonError,
    },
    /// A settings file is JSON of an unexpected form.
    #[error("{path}: line {line}, column {column}: {what}", path = .path.display())]
    Shape {
        /// The settings file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// In characters, counted from 1.
        column: usize,
        /// What is wrong there.
        what: String,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// Neither `CLAUDE_CONFIG_DIR` nor a home folder is set.
    #[error("no place for the client's settings: HOME is not set to an absolute path")]
    NoHome,
    /// The working folder belongs to no project that may have settings of its own.
    #[error("{path} is not a project: {why}", path = .path.display())]
    NotAProject {
        /// The folder.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// The path of this program cannot be registered.
    #[error("cannot register this program: {0}")]
    NoProgram(String),
    /// Another program kept rewriting the file.
    #[error("{path} kept changing; gave up after {attempts} attempts", path = .path.display())]
    KeptChanging {
        /// The settings file.
        path: PathBuf,
        /// How often it was tried.
        attempts: usize,
    },
}

impl InstallError {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            InstallError::NotJson { .. } | InstallError::Shape { .. } => {
                "Claude Code needs strict JSON and ignores this file as a whole (all of its settings, not only the \
                 faulty one) until that place is corrected; correct it and run this again. Nothing was changed."
                    .into()
            }
            InstallError::Fs(FsError::HardLinked { .. }) => {
                "the file has other names, which a replacement would cut off; make it a file of its own or a symlink. \
                 Nothing was changed."
                    .into()
            }
            InstallError::Fs(FsError::ReadOnly { .. }) => {
                "make the file writable (chmod u+w) if rtk may change it. Nothing was changed.".into()
            }
            InstallError::Fs(FsError::RollbackFailed { .. }) => {
                "look at the files named above and correct them by hand".into()
            }
            InstallError::Fs(_) => "correct that and run this again. Nothing was changed.".into(),
            InstallError::NoHome => "set HOME, or CLAUDE_CONFIG_DIR to the client's settings folder".into(),
            InstallError::NotAProject { .. } => {
                "run it inside a project, or install for all projects with --global".into()
            }
            InstallError::NoProgram(_) => "install rtk to a fixed place such as ~/.local/bin and run it from there".into(),
            InstallError::KeptChanging { .. } => {
                "another program rewrites the file all the time; stop it and run this again".into()
            }
        }
    }

    /// Whether a second look may succeed: the file was caught while somebody else wrote it.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            InstallError::NotJson { .. } | InstallError::Shape { .. } => true,
            InstallError::Fs(error) => error.is_conflict(),
            _ => false,
        }
    }
}
