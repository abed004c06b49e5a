//! How a file is written, and what a successful write did.

use super::FsError;
use super::disk::Disk;
use super::target::Snapshot;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Mode of a file that was not there before; the umask is taken from it.
const NEW_FILE_MODE: u32 = 0o666;

/// What a successful replacement did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The file already held these bytes; nothing was written.
    Unchanged,
    /// The new file is in place and survives a power cut.
    Durable,
    /// The new file is in place, but a power cut may bring the old one back.
    VisibleNotDurable {
        /// Why the folder could not be synced; `None` when durability was not asked for.
        reason: Option<String>,
    },
}

/// What the caller believes the target to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Whatever is there is replaced.
    Anything,
    /// No file.
    Missing,
    /// A file with this [`content_hash`].
    Content([u8; 32]),
    /// A file of this length.
    Bytes(u64),
    /// A file that was last changed at this moment, in nanoseconds since the Unix epoch.
    ModifiedNs(i128),
}

/// What happens to a target that has several names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPolicy {
    /// It is refused: a replacement would cut the other names off.
    Refuse,
    /// It is overwritten in place, which a crash can tear.
    InPlace,
}

/// How a file is written.
#[derive(Debug, Clone)]
pub struct WriteOptions {
    /// Whether file and folder are synced before success is reported.
    pub durable: bool,
    /// What must be there before.
    pub expected: Expected,
    /// What happens to hard-linked targets.
    pub links: LinkPolicy,
    /// Folder of the lock files; `None` when the caller holds a lock of its own.
    pub locks: Option<PathBuf>,
    /// How long a displaced file is watched before it goes; other programs may still be writing into it.
    pub settle: Duration,
    /// Mode of a file that was not there before, from which the umask is taken; an existing file keeps its own.
    pub new_file_mode: u32,
}

impl WriteOptions {
    /// Synced, whatever was there before, hard links refused, locked in `locks`.
    pub fn durable(locks: &Path) -> WriteOptions {
        WriteOptions {
            durable: true,
            expected: Expected::Anything,
            links: LinkPolicy::Refuse,
            locks: Some(locks.to_path_buf()),
            settle: Duration::ZERO,
            new_file_mode: NEW_FILE_MODE,
        }
    }

    /// As [`WriteOptions::durable`] without any sync: for files that can be rebuilt.
    pub fn fast(locks: &Path) -> WriteOptions {
        WriteOptions { durable: false, ..WriteOptions::durable(locks) }
    }

    /// The same for a caller that holds a lock of its own.
    #[must_use]
    pub fn unlocked(self) -> WriteOptions {
        WriteOptions { locks: None, ..self }
    }

    /// The same with a condition on what is there before.
    #[must_use]
    pub fn expecting(self, expected: Expected) -> WriteOptions {
        WriteOptions { expected, ..self }
    }

    /// The same for files that other programs rewrite in place without a lock: what an expectation displaced is
    /// watched for this long, and put back if it changes.
    #[must_use]
    pub fn settling(self, settle: Duration) -> WriteOptions {
        WriteOptions { settle, ..self }
    }

    /// The same for files that only their owner may read.
    #[must_use]
    pub fn private(self) -> WriteOptions {
        WriteOptions { new_file_mode: 0o600, ..self }
    }
}

/// The SHA-256 of a file's content.
pub fn content_hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

impl Expected {
    /// Whether that is what lies there.
    pub(super) fn holds<D: Disk>(self, before: Option<&Snapshot<D>>) -> bool {
        match (self, before) {
            (Expected::Anything, _) | (Expected::Missing, None) => true,
            (Expected::Content(hash), Some(before)) => content_hash(&before.content) == hash,
            (Expected::Bytes(bytes), Some(before)) => before.stat.bytes == bytes,
            (Expected::ModifiedNs(ns), Some(before)) => before.stat.modified_ns == ns,
            _ => false,
        }
    }

    /// The error for a target that holds something else.
    pub(super) fn must_hold<D: Disk>(
        self,
        before: Option<&Snapshot<D>>,
        target: &Path,
    ) -> Result<(), FsError> {
        if self.holds(before) { Ok(()) } else { Err(FsError::Changed { path: target.to_path_buf() }) }
    }
}
