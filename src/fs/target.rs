//! What lies at a path before it is written: the end of the symlink chain, a snapshot, whether it may be replaced.

use super::disk::{Disk, FileKind, Stat};
use super::{FsError, Real};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A longer chain of symlinks counts as a loop, as in the Linux kernel.
const SYMLINKS_MAX: usize = 40;
/// How much is read at once, in bytes.
pub(super) const CHUNK_BYTES: usize = 256 * 1024;

/// Follows the symlinks at the end of `path`; a dangling one leads to the missing file that it names.
pub fn resolve(path: &Path) -> Result<PathBuf, FsError> {
    resolve_on(&Real::new(), path)
}

/// As [`resolve`], on any disk.
pub(super) fn resolve_on<D: Disk>(disk: &D, path: &Path) -> Result<PathBuf, FsError> {
    let mut at = std::path::absolute(path).map_err(FsError::io("find", path))?;
    for _ in 0..SYMLINKS_MAX {
        match disk.stat(&at) {
            Ok(stat) if stat.kind == FileKind::Link => {
                let link = disk.read_link(&at).map_err(FsError::io("read the link", &at))?;
                at = at.parent().map_or_else(|| link.clone(), |folder| folder.join(&link));
            }
            Ok(_) => return Ok(at),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(at),
            Err(error) => return Err(FsError::io("look at", &at)(error)),
        }
    }
    Err(FsError::SymlinkLoop { path: path.to_path_buf() })
}

/// Reads a regular file of at most `limit` bytes; `None` when there is none. A pipe or device is never opened.
pub fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FsError> {
    let disk = Real::new();
    let target = resolve_on(&disk, path)?;
    Ok(Snapshot::take(&disk, &target, limit)?.map(|snapshot| snapshot.content))
}

/// Whether this process may write at `path`, judged at the nearest folder or file that exists; writes nothing.
pub fn is_writable(path: &Path) -> bool {
    let existing = path.ancestors().find(|ancestor| ancestor.exists());
    existing.is_some_and(|at| Real::new().may_write(at))
}

/// A regular file as it was at one moment.
pub(super) struct Snapshot<D: Disk> {
    pub(super) file: D::File,
    pub(super) stat: Stat,
    pub(super) content: Vec<u8>,
}

impl<D: Disk> Snapshot<D> {
    /// Opens the file at a resolved path without reading it; `None` when there is none.
    pub(super) fn open(disk: &D, target: &Path) -> Result<Option<Snapshot<D>>, FsError> {
        let looked = match disk.stat(target) {
            Ok(stat) => stat,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(FsError::io("look at", target)(error)),
        };
        if looked.kind != FileKind::File {
            return Err(FsError::NotRegular { path: target.to_path_buf() });
        }
        let file = match disk.open(target) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(FsError::io("open", target)(error)),
        };
        let stat = disk.stat_open(&file).map_err(FsError::io("look at", target))?;
        Ok(Some(Snapshot { file, stat, content: Vec::new() }))
    }

    /// Reads the file at a resolved path; `None` when there is none.
    pub(super) fn take(disk: &D, target: &Path, limit: u64) -> Result<Option<Snapshot<D>>, FsError> {
        let Some(mut snapshot) = Snapshot::open(disk, target)? else { return Ok(None) };
        let too_large = |bytes| FsError::TooLarge { path: target.to_path_buf(), bytes, limit };
        if snapshot.stat.bytes > limit {
            return Err(too_large(snapshot.stat.bytes));
        }
        let expected = usize::try_from(snapshot.stat.bytes).unwrap_or(usize::MAX);
        // One byte of room, so that the end is seen without growing.
        let mut content = vec![0_u8; expected.saturating_add(1)];
        let mut filled = 0;
        loop {
            if filled == content.len() {
                content.resize(filled + CHUNK_BYTES, 0);
            }
            let read = disk.read(&mut snapshot.file, &mut content[filled..]);
            match read.map_err(FsError::io("read", target))? {
                0 => break,
                bytes => filled += bytes,
            }
            if filled as u64 > limit {
                return Err(too_large(filled as u64));
            }
        }
        content.truncate(filled);
        snapshot.content = content;
        Ok(Some(snapshot))
    }

    /// Whether a file holds just these bytes, read piece by piece; where there is none, it holds nothing.
    pub(super) fn holds(disk: &D, target: &Path, content: &[u8]) -> Result<bool, FsError> {
        let Some(mut snapshot) = Snapshot::open(disk, target)? else { return Ok(content.is_empty()) };
        let mut chunk = vec![0_u8; CHUNK_BYTES.min(content.len() + 1)];
        let mut rest = content;
        loop {
            let read = disk.read(&mut snapshot.file, &mut chunk).map_err(FsError::io("read", target))?;
            if read == 0 {
                return Ok(rest.is_empty());
            }
            match rest.strip_prefix(&chunk[..read]) {
                Some(behind) => rest = behind,
                None => return Ok(false),
            }
        }
    }

    /// Refuses a file that nobody may write, whatever rights this process has.
    pub(super) fn must_be_writable(&self, disk: &D, target: &Path) -> Result<(), FsError> {
        if self.stat.mode & 0o222 == 0 || !disk.may_write(target) {
            return Err(FsError::ReadOnly { path: target.to_path_buf() });
        }
        Ok(())
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
