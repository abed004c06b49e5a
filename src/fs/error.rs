//! What can go wrong in the write core; each kind names the path and means that the target was not changed.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why nothing was committed.
#[derive(Debug, thiserror::Error)]
pub enum FsError {
    /// The system refused.
    #[error("cannot {action} {path}: {source}", path = .path.display())]
    Io {
        /// What was tried, as a verb phrase.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The target does not hold what the caller expected.
    #[error("{path} was changed by another program", path = .path.display())]
    Changed {
        /// The target.
        path: PathBuf,
    },
    /// Another process held the lock for the whole time.
    #[error("{path} was still locked after {waited:?}", path = .path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
    },
    /// The target has other names, which a replacement would cut off.
    #[error("{path} has {links} hard links", path = .path.display())]
    HardLinked {
        /// The target.
        path: PathBuf,
        /// How many names the file has.
        links: u64,
    },
    /// The target is a folder, pipe, device or socket.
    #[error("{path} is not a regular file", path = .path.display())]
    NotRegular {
        /// The target.
        path: PathBuf,
    },
    /// The target may not be written.
    #[error("{path} is read-only", path = .path.display())]
    ReadOnly {
        /// The target.
        path: PathBuf,
    },
    /// The file is larger than the caller can use.
    #[error("{path} has {bytes} bytes, more than {limit}", path = .path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The chain of symlinks does not end.
    #[error("{path} is a loop of symlinks", path = .path.display())]
    SymlinkLoop {
        /// Where the chain starts.
        path: PathBuf,
    },
    /// The system took fewer bytes than given.
    #[error("only {written} of {wanted} bytes could be written to {path}", path = .path.display())]
    ShortWrite {
        /// The file.
        path: PathBuf,
        /// Bytes that were taken.
        written: usize,
        /// Bytes that were given.
        wanted: usize,
    },
    /// A path that rtk refuses to delete.
    #[error("refusing to delete {path}", path = .path.display())]
    NotOwn {
        /// The path.
        path: PathBuf,
    },
    /// A change set failed and one of its earlier edits could not be taken back.
    #[error("{cause}; and these edits could not be taken back: {leftovers}")]
    RollbackFailed {
        /// Why the change set failed.
        cause: Box<FsError>,
        /// What could not be taken back, one phrase each.
        leftovers: String,
    },
}

impl FsError {
    /// Pairs an I/O error with what was tried on which path; made for `map_err`.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> FsError {
        let path = path.to_path_buf();
        move |source| FsError::Io { action, path, source }
    }

    /// The path that it is about; `None` when there are several.
    pub fn path(&self) -> Option<&Path> {
        match self {
            FsError::Io { path, .. }
            | FsError::Changed { path }
            | FsError::Locked { path, .. }
            | FsError::HardLinked { path, .. }
            | FsError::NotRegular { path }
            | FsError::ReadOnly { path }
            | FsError::TooLarge { path, .. }
            | FsError::SymlinkLoop { path }
            | FsError::ShortWrite { path, .. }
            | FsError::NotOwn { path } => Some(path),
            FsError::RollbackFailed { .. } => None,
        }
    }

    /// Whether the target changed between reading and writing, so that the caller may plan again.
    pub fn is_conflict(&self) -> bool {
        matches!(self, FsError::Changed { .. })
    }
}
