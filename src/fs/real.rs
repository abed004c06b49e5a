//! The system calls of the write core on the real system, counted.
#![expect(clippy::disallowed_methods, reason = "this room is the write core")]

use super::disk::{Disk, FileKind, Stat};
use rustix::fs::{CWD, Gid, Mode, RenameFlags, Uid};
use std::cell::Cell;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Extended attributes beyond this size are not carried over, in bytes; the limit of Linux.
const XATTR_BYTES_MAX: usize = 64 * 1024;
/// What is enough for the extended attributes of nearly every file, in bytes.
const XATTR_BYTES_USUAL: usize = 512;

/// What writing cost so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Bytes that were written.
    pub bytes: u64,
    /// Waits for the disk: `fsync` of files and folders, `syncfs`.
    pub syncs: u64,
    /// Files that took a name.
    pub renames: u64,
}

/// The real system.
#[derive(Debug, Default)]
pub struct Real {
    statistics: Cell<Statistics>,
}

impl Real {
    /// With all counts at zero.
    pub fn new() -> Real {
        Real::default()
    }

    /// What was done through it.
    pub fn statistics(&self) -> Statistics {
        self.statistics.get()
    }

    fn count(&self, add: impl FnOnce(&mut Statistics)) {
        let mut statistics = self.statistics.get();
        add(&mut statistics);
        self.statistics.set(statistics);
    }

    fn renamed(&self, done: rustix::io::Result<()>) -> io::Result<()> {
        self.count(|statistics| statistics.renames += 1);
        done.map_err(io::Error::from)
    }
}

fn stat_of(meta: &Metadata) -> Stat {
    let kind = match meta.file_type() {
        kind if kind.is_file() => FileKind::File,
        kind if kind.is_dir() => FileKind::Folder,
        kind if kind.is_symlink() => FileKind::Link,
        _ => FileKind::Other,
    };
    Stat {
        kind,
        bytes: meta.len(),
        mode: meta.mode() & 0o7777,
        owner: meta.uid(),
        group: meta.gid(),
        links: meta.nlink(),
        device: meta.dev(),
        inode: meta.ino(),
        modified_ns: i128::from(meta.mtime()) * 1_000_000_000 + i128::from(meta.mtime_nsec()),
    }
}

/// Asks again after `EINTR`: for calls that have done nothing then.
fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Calls with a small buffer, and with the largest that is ever needed where that does not do.
fn whole(call: impl Fn(&mut [u8]) -> rustix::io::Result<usize>) -> rustix::io::Result<Vec<u8>> {
    let mut usual = [0_u8; XATTR_BYTES_USUAL];
    match call(&mut usual) {
        Err(rustix::io::Errno::RANGE) => {}
        other => return other.map(|length| usual[..length].to_vec()),
    }
    let mut buffer = vec![0_u8; XATTR_BYTES_MAX];
    let length = call(&mut buffer)?;
    buffer.truncate(length);
    Ok(buffer)
}

impl Disk for Real {
    type File = File;

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        std::fs::symlink_metadata(path).map(|meta| stat_of(&meta))
    }

    fn stat_open(&self, file: &File) -> io::Result<Stat> {
        file.metadata().map(|meta| stat_of(&meta))
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        std::fs::read_link(path)
    }

    fn may_write(&self, path: &Path) -> bool {
        rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        File::open(path)
    }

    fn open_to_write(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).open(path)
    }

    fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
        OpenOptions::new().write(true).read(true).create_new(true).mode(mode).open(path)
    }

    fn read(&self, file: &mut File, buffer: &mut [u8]) -> io::Result<usize> {
        again(|| file.read(buffer))
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<usize> {
        let written = again(|| file.write(bytes))?;
        self.count(|statistics| statistics.bytes += written as u64);
        Ok(written)
    }

    fn set_length(&self, file: &File, bytes: u64) -> io::Result<()> {
        file.set_len(bytes)
    }

    fn set_mode(&self, file: &File, mode: u32) -> io::Result<()> {
        // On some systems narrower than the u32 of a Stat.
        Ok(rustix::fs::fchmod(file, Mode::from_raw_mode(mode as rustix::fs::RawMode))?)
    }

    fn set_owner(&self, file: &File, owner: Option<u32>, group: u32) -> io::Result<()> {
        Ok(rustix::fs::fchown(file, owner.map(Uid::from_raw), Some(Gid::from_raw(group)))?)
    }

    fn attributes(&self, file: &File) -> io::Result<Vec<Vec<u8>>> {
        let names = whole(|buffer| rustix::fs::flistxattr(file, buffer))?;
        let names = names.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        Ok(names.map(<[u8]>::to_vec).collect())
    }

    fn attribute(&self, file: &File, name: &[u8]) -> io::Result<Vec<u8>> {
        Ok(whole(|buffer| rustix::fs::fgetxattr(file, name, buffer))?)
    }

    fn set_attribute(&self, file: &File, name: &[u8], value: &[u8]) -> io::Result<()> {
        Ok(rustix::fs::fsetxattr(file, name, value, rustix::fs::XattrFlags::empty())?)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.count(|statistics| statistics.syncs += 1);
        // Not the standard library's, which asks again after EINTR.
        #[cfg(not(target_vendor = "apple"))]
        return Ok(rustix::fs::fsync(file)?);
        // There only this call waits for the disk itself.
        #[cfg(target_vendor = "apple")]
        return Ok(rustix::fs::fcntl_fullfsync(file)?);
    }

    fn sync_disk(&self, file: &File) -> io::Result<bool> {
        #[cfg(target_os = "linux")]
        if syncfs_tells_errors() {
            self.count(|statistics| statistics.syncs += 1);
            return Ok(rustix::fs::syncfs(file).map(|()| true)?);
        }
        let _ = file;
        Ok(false)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.renamed(rustix::fs::renameat(CWD, from, CWD, to))
    }

    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.renamed(rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE))
    }

    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()> {
        self.renamed(rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE))
    }

    fn link(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::hard_link(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn create_folder(&self, path: &Path, mode: u32) -> io::Result<()> {
        std::fs::DirBuilder::new().mode(mode).create(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_dir(path)
    }
}

/// Whether `syncfs` reports failed writes, as Linux does since 5.8.
#[cfg(target_os = "linux")]
fn syncfs_tells_errors() -> bool {
    let system = rustix::system::uname();
    let release = system.release().to_string_lossy().into_owned();
    let mut numbers =
        release.split(|ch: char| !ch.is_ascii_digit()).map(|digits| digits.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (5, 8)
}
