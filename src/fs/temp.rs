//! A temporary file beside its target; removed again unless it took the target's place.
#![expect(clippy::disallowed_methods, reason = "this room is the write core")]

use super::FsError;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// How often another name is tried when one is taken.
const NAMES_MAX: usize = 100;
/// Longest part of the target's name that is repeated in the temporary one, in bytes.
const NAME_BYTES_MAX: usize = 100;

static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A path in the folder of `target` that nothing uses, such as `.settings.json.rtk-4711-0`.
pub(super) fn sibling(target: &Path, purpose: &str) -> PathBuf {
    let name = target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name: String = name
        .chars()
        .scan(0, |bytes, ch| {
            *bytes += ch.len_utf8();
            (*bytes <= NAME_BYTES_MAX).then_some(ch)
        })
        .collect();
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    target.with_file_name(format!(".{name}.rtk-{purpose}-{}-{number}", std::process::id()))
}

/// An open temporary file.
pub(super) struct Temp {
    pub(super) path: PathBuf,
    pub(super) file: File,
    keep: bool,
}

impl Temp {
    /// Makes an empty file beside `target` with `mode`, from which the umask is taken.
    pub(super) fn beside(target: &Path, mode: u32) -> Result<Temp, FsError> {
        let mut refused = None;
        for _ in 0..NAMES_MAX {
            let path = sibling(target, "new");
            let opened =
                std::fs::OpenOptions::new().write(true).read(true).create_new(true).mode(mode).open(&path);
            match opened {
                Ok(file) => return Ok(Temp { path, file, keep: false }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                    refused = Some((path, error))
                }
                Err(error) => return Err(FsError::io("make a file beside", target)(error)),
            }
        }
        let (path, source) =
            refused.unwrap_or_else(|| (target.to_path_buf(), std::io::ErrorKind::AlreadyExists.into()));
        Err(FsError::Io { action: "make", path, source })
    }

    /// Writes all of `bytes`, looks that they are all there, and, if asked, waits until the disk has them.
    pub(super) fn fill(&mut self, bytes: &[u8], sync: bool) -> Result<(), FsError> {
        self.file.write_all(bytes).map_err(FsError::io("write", &self.path))?;
        let length = self.file.metadata().map_err(FsError::io("look at", &self.path))?.len();
        if length != bytes.len() as u64 {
            let written = usize::try_from(length).unwrap_or(usize::MAX);
            return Err(FsError::ShortWrite { path: self.path.clone(), written, wanted: bytes.len() });
        }
        if sync {
            self.file.sync_all().map_err(FsError::io("sync", &self.path))?;
        }
        Ok(())
    }

    /// Lets the file live on: it has taken its place.
    pub(super) fn keep(mut self) {
        self.keep = true;
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        if !self.keep {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
