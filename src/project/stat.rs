//! What the file system says about files and folders, in the few numbers that freshness needs.

use rustix::fs::{AtFlags, CWD, FileType, Stat, statat};
use std::path::{Path, PathBuf};

/// What is compared to tell whether a file is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FileStat {
    /// In bytes.
    pub size: u64,
    /// Last change of the content, nanoseconds since the Unix epoch.
    pub mtime_ns: i64,
    /// Last change of content or metadata, nanoseconds since the Unix epoch; cannot be set by programs.
    pub ctime_ns: i64,
    /// Number of the file in its file system.
    pub inode: u64,
}

/// What is compared to tell whether the entries of a folder are still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct DirStat {
    /// Last change of the entries, nanoseconds since the Unix epoch.
    pub mtime_ns: i64,
    /// Last change of entries or metadata, nanoseconds since the Unix epoch.
    pub ctime_ns: i64,
    /// Number of the folder in its file system.
    pub inode: u64,
}

/// One folder of the project with the entries that are part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirListing {
    /// Relative to the root, `""` for the root, `/`-separated raw bytes.
    pub path: Vec<u8>,
    /// Last change of the entries, nanoseconds since the Unix epoch.
    pub mtime_ns: i64,
    /// Last change of entries or metadata, nanoseconds since the Unix epoch.
    pub ctime_ns: i64,
    /// Number of the folder in its file system.
    pub inode: u64,
    /// Names of regular files, sorted by bytes.
    pub files: Vec<(Vec<u8>, FileStat)>,
    /// Names of subfolders that are part of the project, sorted by bytes.
    pub subdirs: Vec<Vec<u8>>,
    /// Names of its own ignore files, sorted by bytes. One that the control list of the last scan does not have
    /// changes what is below: scan again.
    pub rule_files: Vec<Vec<u8>>,
}

impl DirListing {
    /// The folder's own numbers.
    pub fn stat(&self) -> DirStat {
        DirStat { mtime_ns: self.mtime_ns, ctime_ns: self.ctime_ns, inode: self.inode }
    }
}

/// Whether a control file of a scan has changed, appeared or gone: what belongs to the project may be different now.
pub fn control_changed(control: &[(PathBuf, Option<FileStat>)]) -> bool {
    control.iter().any(|(path, stat)| control_stat(path) != *stat)
}

/// The numbers of a control file, links followed; of a folder only the inode, since what happens inside is not meant.
///
/// `None` if there is nothing (or nothing that may be seen) at `path`.
pub fn control_stat(path: &Path) -> Option<FileStat> {
    let stat = statat(CWD, path, AtFlags::empty()).ok()?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        return Some(FileStat { inode: stat.st_ino, ..FileStat::default() });
    }
    Some(file_stat(&stat))
}

impl FileStat {
    /// Picks the numbers out of what the system says of an open file.
    pub fn of(stat: &Stat) -> FileStat {
        file_stat(stat)
    }
}

/// Picks the numbers of a file.
#[inline]
pub(super) fn file_stat(stat: &Stat) -> FileStat {
    let dir = dir_stat(stat);
    FileStat {
        size: u64::try_from(stat.st_size).unwrap_or(0),
        mtime_ns: dir.mtime_ns,
        ctime_ns: dir.ctime_ns,
        inode: dir.inode,
    }
}

/// Picks the numbers of a folder.
#[inline]
pub(super) fn dir_stat(stat: &Stat) -> DirStat {
    #[expect(clippy::unnecessary_cast, reason = "the field types differ between systems")]
    DirStat {
        mtime_ns: nanoseconds(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        ctime_ns: nanoseconds(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        inode: stat.st_ino as u64,
    }
}

#[inline]
fn nanoseconds(seconds: i64, nanoseconds: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}
