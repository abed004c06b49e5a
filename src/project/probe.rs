//! The freshness check of the hot path: are the known folders and files still what they were?
//!
//! Every folder is opened once and its files are looked up relative to it, split over threads by folder. Nothing is
//! allocated per file, and the expected numbers are borrowed from wherever the caller keeps them. Measured: look-ups
//! relative to the open folder are a tenth faster than by whole path; `statx` with a small mask is no faster than
//! `fstatat`, and its `DONT_SYNC` would trust stale numbers on network file systems.

use super::error::ProjectError;
use super::root::Root;
use super::stat::{DirStat, FileStat, dir_stat, file_stat};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, fstat, open, openat, statat};
use rustix::io::Errno;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A thread takes so many folders at a time.
const FOLDERS_PER_GRAB: usize = 16;
/// Folders with at most so many files are not opened.
const BY_PATH_FILES_MAX: usize = 5;
/// Fewer folders than this are not worth a second thread.
const FOLDERS_PER_THREAD_MIN: usize = 32;

/// Folders are opened for look-ups only, which needs no right to read them, where the system can.
#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
const LOOK_UP: OFlags = OFlags::PATH;
#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
const LOOK_UP: OFlags = OFlags::RDONLY;

/// A folder as it was.
#[derive(Debug, Clone)]
pub struct KnownDir<'a> {
    /// Relative to the root, `""` for the root.
    pub path: &'a [u8],
    /// Its expected numbers.
    pub stat: DirStat,
    /// Number of its files.
    pub files: usize,
}

/// A file as it was.
#[derive(Debug, Clone, Copy)]
pub struct KnownFile<'a> {
    /// Without its folder.
    pub name: &'a [u8],
    /// Its expected numbers.
    pub stat: FileStat,
}

/// Where the expected numbers are kept; folders and the files of each are counted from 0.
pub trait Known: Sync {
    /// Number of folders; their indices are below it.
    fn dir_count(&self) -> usize;
    /// The folder of an index.
    fn dir(&self, index: usize) -> KnownDir<'_>;
    /// A file of a folder.
    fn file(&self, dir: usize, file: usize) -> KnownFile<'_>;
}

/// What is not as it was; all lists are in ascending order, files are pairs of their folder's index and their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProbeOutcome {
    /// Folders whose entries may have changed: list them anew.
    pub changed_dirs: Vec<usize>,
    /// Folders that are gone (or are no folders any more); their files are not listed as vanished.
    pub vanished_dirs: Vec<usize>,
    /// Files with other numbers.
    pub changed_files: Vec<(usize, usize)>,
    /// Files that are gone, or are no regular files any more, in folders that are there.
    pub vanished_files: Vec<(usize, usize)>,
}

impl ProbeOutcome {
    /// Whether everything is as it was.
    pub fn unchanged(&self) -> bool {
        *self == ProbeOutcome::default()
    }

    fn extend(&mut self, other: ProbeOutcome) {
        self.changed_dirs.extend(other.changed_dirs);
        self.vanished_dirs.extend(other.vanished_dirs);
        self.changed_files.extend(other.changed_files);
        self.vanished_files.extend(other.vanished_files);
    }

    fn sort(&mut self) {
        self.changed_dirs.sort_unstable();
        self.vanished_dirs.sort_unstable();
        self.changed_files.sort_unstable();
        self.vanished_files.sort_unstable();
    }
}

/// A comparison that any number of threads may take part in.
pub struct Probe<'k, K: Known + ?Sized> {
    root: OwnedFd,
    known: &'k K,
    /// The first folder that nobody has taken yet.
    next: AtomicUsize,
    differs: AtomicBool,
}

impl<'k, K: Known + ?Sized> Probe<'k, K> {
    /// Prepares the comparison of all known folders and files below `root` with the file system.
    pub fn new(root: &Root, known: &'k K) -> Result<Probe<'k, K>, ProjectError> {
        let flags = LOOK_UP | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root =
            open(&root.path, flags, Mode::empty()).map_err(|error| ProjectError::io(&root.path, error))?;
        Ok(Probe { root, known, next: AtomicUsize::new(0), differs: AtomicBool::new(false) })
    }

    /// Whether a difference has been found so far, by any thread.
    pub fn differs(&self) -> &AtomicBool {
        &self.differs
    }

    /// Compares what no other thread has taken, until nothing is left; what this call has found.
    pub fn work(&self) -> ProbeOutcome {
        let mut outcome = ProbeOutcome::default();
        let count = self.known.dir_count();
        loop {
            let start = self.next.fetch_add(FOLDERS_PER_GRAB, Ordering::Relaxed);
            if start >= count {
                outcome.sort();
                return outcome;
            }
            for index in start..(start + FOLDERS_PER_GRAB).min(count) {
                probe_dir(self.root.as_fd(), self.known, index, &mut outcome);
            }
            if !outcome.unchanged() {
                self.differs.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Puts together what several calls of [`Probe::work`] have found; one that was lost with its thread is `None`.
    pub fn sum(&self, parts: impl IntoIterator<Item = Option<ProbeOutcome>>) -> ProbeOutcome {
        let mut sum = ProbeOutcome::default();
        for part in parts {
            let Some(part) = part else {
                let changed_dirs = (0..self.known.dir_count()).collect();
                return ProbeOutcome { changed_dirs, ..ProbeOutcome::default() };
            };
            sum.extend(part);
        }
        sum.sort();
        sum
    }
}

/// Compares all known folders and files with the file system.
pub fn probe<K: Known + ?Sized>(
    root: &Root,
    known: &K,
    threads: usize,
) -> Result<ProbeOutcome, ProjectError> {
    let probe = Probe::new(root, known)?;
    let threads = threads.min(known.dir_count() / FOLDERS_PER_THREAD_MIN).max(1);
    Ok(std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(|| probe.work())).collect();
        let own = Some(probe.work());
        probe.sum(others.into_iter().map(|other| other.join().ok()).chain([own]))
    }))
}

/// Compares one folder and its files.
fn probe_dir<K: Known + ?Sized>(root: BorrowedFd<'_>, known: &K, index: usize, outcome: &mut ProbeOutcome) {
    let dir = known.dir(index);
    if dir.files > BY_PATH_FILES_MAX {
        return probe_opened(root, known, index, outcome);
    }
    // Opening and closing the folder would cost more than looking its few files up by their whole path.
    let path: &[u8] = if dir.path.is_empty() { b"." } else { dir.path };
    match statat(root, path, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) != FileType::Directory => {
            return outcome.vanished_dirs.push(index);
        }
        Ok(stat) if dir_stat(&stat) == dir.stat => {}
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return outcome.vanished_dirs.push(index),
        Ok(_) | Err(_) => outcome.changed_dirs.push(index),
    }
    let mut whole = Vec::with_capacity(dir.path.len() + 64);
    for number in 0..dir.files {
        let file = known.file(index, number);
        whole.clear();
        if !dir.path.is_empty() {
            whole.extend_from_slice(dir.path);
            whole.push(b'/');
        }
        whole.extend_from_slice(file.name);
        let found = statat(root, whole.as_slice(), AtFlags::SYMLINK_NOFOLLOW);
        compare(found, file, (index, number), outcome);
    }
}

/// Opens a folder with many files once and looks them up relative to it.
fn probe_opened<K: Known + ?Sized>(
    root: BorrowedFd<'_>,
    known: &K,
    index: usize,
    outcome: &mut ProbeOutcome,
) {
    let dir = known.dir(index);
    let flags = LOOK_UP | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let path: &[u8] = if dir.path.is_empty() { b"." } else { dir.path };
    let folder = match openat(root, path, flags, Mode::empty()) {
        Ok(folder) => folder,
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return outcome.vanished_dirs.push(index),
        Err(_) => return outcome.changed_dirs.push(index),
    };
    if fstat(&folder).map(|stat| dir_stat(&stat)) != Ok(dir.stat) {
        outcome.changed_dirs.push(index);
    }
    for number in 0..dir.files {
        let file = known.file(index, number);
        let found = statat(&folder, file.name, AtFlags::SYMLINK_NOFOLLOW);
        compare(found, file, (index, number), outcome);
    }
}

fn compare(
    found: rustix::io::Result<Stat>,
    file: KnownFile<'_>,
    place: (usize, usize),
    outcome: &mut ProbeOutcome,
) {
    match found {
        Ok(stat) if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile => {
            outcome.vanished_files.push(place);
        }
        Ok(stat) if file_stat(&stat) == file.stat => {}
        Err(Errno::NOENT) => outcome.vanished_files.push(place),
        Ok(_) | Err(_) => outcome.changed_files.push(place),
    }
}
