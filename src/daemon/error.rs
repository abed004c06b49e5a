//! Why the daemon cannot start or be reached.

use std::path::PathBuf;

/// Why the daemon cannot start or be reached.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// Another one serves this user.
    #[error("a daemon of this version runs already, as process {pid}")]
    Running {
        /// Its process.
        pid: u32,
    },
    /// Another one holds the lock and neither answers nor ends.
    #[error("another daemon holds {lock} and does not end")]
    Stuck {
        /// The lock file.
        lock: PathBuf,
    },
    /// The system refused something.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// With what.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A file of rtk's own cannot be written.
    #[error(transparent)]
    Fs(#[from] crate::fs::FsError),
}

impl DaemonError {
    pub(super) fn io(
        what: &'static str,
        path: impl std::fmt::Display,
    ) -> impl FnOnce(std::io::Error) -> DaemonError {
        let path = path.to_string();
        move |source| DaemonError::Io { what, path, source }
    }
}
