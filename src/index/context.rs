//! What every call of index and memory needs from above, and why it may fail.

use crate::base::{Deadline, Env, Log, Paths, Settings};

/// What every call of the memory needs from above.
pub struct Context<'a> {
    /// The captured environment.
    pub env: &'a Env,
    /// rtk's folders.
    pub paths: &'a Paths,
    /// Settings in force.
    pub settings: &'a Settings,
    /// The log.
    pub log: &'a Log,
    /// When the answer must be there; a partial one is given when the index cannot be ready.
    pub deadline: Deadline,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// Reading or writing the project or the index failed.
    #[error("{what} {path}: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// With which file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The project cannot be read.
    #[error(transparent)]
    Project(#[from] crate::project::ProjectError),
    /// The project's database cannot be used.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// What was asked to be saved is not.
    #[error("the index was not saved: {path} cannot be opened, or another process holds it")]
    NotSaved {
        /// The database.
        path: String,
    },
    /// A file of rtk's own cannot be written.
    #[error(transparent)]
    Fs(#[from] crate::fs::FsError),
    /// Git was needed and failed.
    #[error(transparent)]
    Git(#[from] crate::git::GitError),
}
