//! What lies at a path before it is written: the end of the symlink chain, a snapshot, whether it may be replaced.

use super::FsError;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// A longer chain of symlinks counts as a loop, as in the Linux kernel.
const SYMLINKS_MAX: usize = 40;

/// Follows the symlinks at the end of `path`; a dangling one leads to the missing file that it names.
pub fn resolve(path: &Path) -> Result<PathBuf, FsError> {
    let mut at = std::path::absolute(path).map_err(FsError::io("find", path))?;
    for _ in 0..SYMLINKS_MAX {
        match std::fs::symlink_metadata(&at) {
            Ok(meta) if meta.is_symlink() => {
                let link = std::fs::read_link(&at).map_err(FsError::io("read the link", &at))?;
                at = at.parent().map_or_else(|| link.clone(), |folder| folder.join(&link));
            }
            Ok(_) => return Ok(at),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(at),
            Err(error) => return Err(FsError::io("look at", &at)(error)),
        }
    }
    Err(FsError::SymlinkLoop { path: path.to_path_buf() })
}

/// Reads a regular file of at most `limit` bytes; `None` when there is none. A pipe or device is never opened.
pub fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FsError> {
    let target = resolve(path)?;
    Ok(Snapshot::take(&target, limit)?.map(|snapshot| snapshot.content))
}

/// Whether this process may write at `path`, judged at the nearest folder or file that exists; writes nothing.
pub fn is_writable(path: &Path) -> bool {
    let existing = path.ancestors().find(|ancestor| ancestor.exists());
    existing.is_some_and(|at| rustix::fs::access(at, rustix::fs::Access::WRITE_OK).is_ok())
}

/// A regular file as it was at one moment.
pub(super) struct Snapshot {
    pub(super) file: std::fs::File,
    pub(super) meta: std::fs::Metadata,
    pub(super) content: Vec<u8>,
}

impl Snapshot {
    /// Reads the file at a resolved path; `None` when there is none.
    pub(super) fn take(target: &Path, limit: u64) -> Result<Option<Snapshot>, FsError> {
        let looked = match std::fs::symlink_metadata(target) {
            Ok(meta) => meta,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(FsError::io("look at", target)(error)),
        };
        if !looked.is_file() {
            return Err(FsError::NotRegular { path: target.to_path_buf() });
        }
        let mut file = match std::fs::File::open(target) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(FsError::io("open", target)(error)),
        };
        let meta = file.metadata().map_err(FsError::io("look at", target))?;
        if meta.len() > limit {
            return Err(FsError::TooLarge { path: target.to_path_buf(), bytes: meta.len(), limit });
        }
        let mut content = Vec::new();
        let taken = (&mut file).take(limit.saturating_add(1)).read_to_end(&mut content);
        let bytes = taken.map_err(FsError::io("read", target))? as u64;
        if bytes > limit {
            return Err(FsError::TooLarge { path: target.to_path_buf(), bytes, limit });
        }
        Ok(Some(Snapshot { file, meta, content }))
    }

    /// Refuses a file that nobody may write, whatever rights this process has.
    pub(super) fn must_be_writable(&self, target: &Path) -> Result<(), FsError> {
        let nobody = self.meta.mode() & 0o222 == 0;
        if nobody || rustix::fs::access(target, rustix::fs::Access::WRITE_OK).is_err() {
            return Err(FsError::ReadOnly { path: target.to_path_buf() });
        }
        Ok(())
    }

    /// How many names the file has.
    pub(super) fn links(&self) -> u64 {
        self.meta.nlink()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_chain_is_followed_to_its_end_even_when_that_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        symlink("sub/b", folder.path().join("a")).unwrap();
        symlink("../c", folder.path().join("sub/b")).unwrap();
        let end = resolve(&folder.path().join("a")).unwrap();
        assert_eq!(end, folder.path().join("sub/../c"));
        assert!(read(&end, 10).unwrap().is_none());
        symlink("loop", folder.path().join("loop")).unwrap();
        assert!(matches!(resolve(&folder.path().join("loop")), Err(FsError::SymlinkLoop { .. })));
    }

    #[test]
    fn reading_has_a_limit_and_never_opens_a_pipe_or_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("f");
        std::fs::write(&file, b"12345").unwrap();
        assert_eq!(read(&file, 5).unwrap().unwrap(), b"12345");
        assert!(matches!(read(&file, 4), Err(FsError::TooLarge { bytes: 5, .. })));
        assert!(matches!(read(folder.path(), 4), Err(FsError::NotRegular { .. })));
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        assert!(matches!(read(&pipe, 4), Err(FsError::NotRegular { .. })));
    }
}
