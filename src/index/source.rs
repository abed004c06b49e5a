//! Reads files of the project: regular ones only, never through a link, never more than a limit.

use crate::project::FileStat;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, fstat, statat};
use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// What lies at a path.
pub(crate) enum Source {
    /// The whole content and the numbers it had when it was opened.
    Text(Vec<u8>, FileStat),
    /// Larger than the limit; its first bytes.
    Large(Vec<u8>, FileStat),
    /// A regular file that may not or cannot be read.
    Closed(FileStat),
    /// Gone, or no regular file.
    Nothing,
}

/// How much of a large file is looked at, in bytes.
const HEAD_BYTES: u64 = 8192;

/// The absolute path of a relative one of raw bytes.
pub(crate) fn absolute(root: &Path, relative: &[u8]) -> PathBuf {
    root.join(OsStr::from_bytes(relative))
}

/// Reads `relative` below `root`; content beyond `bytes_max` is not read.
///
/// Opened without blocking and without following a final link, since a file may have been replaced by anything.
pub(crate) fn read(root: &Path, relative: &[u8], bytes_max: u64) -> Source {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let path = absolute(root, relative);
    let Ok(file) = rustix::fs::open(&path, flags, Mode::empty()) else { return closed(&path) };
    let Ok(stat) = fstat(&file) else { return Source::Nothing };
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Source::Nothing;
    }
    let stat = FileStat::of(&stat);
    let mut reader = std::fs::File::from(file);
    let mut content = Vec::with_capacity(usize::try_from(stat.size.min(bytes_max)).unwrap_or(0) + 1);
    if stat.size > bytes_max {
        let head = reader.take(HEAD_BYTES).read_to_end(&mut content);
        return if head.is_ok() { Source::Large(content, stat) } else { Source::Closed(stat) };
    }
    match reader.by_ref().take(bytes_max + 1).read_to_end(&mut content) {
        Ok(length) if length as u64 > bytes_max => Source::Large(content, stat),
        Ok(_) => Source::Text(content, stat),
        Err(_) => Source::Closed(stat),
    }
}

/// What is at a path whose content is not to be had.
pub(crate) fn closed(path: &Path) -> Source {
    match statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => {
            Source::Closed(FileStat::of(&stat))
        }
        _ => Source::Nothing,
    }
}
