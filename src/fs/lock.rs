//! Locks between processes: `flock` on a file in rtk's own folder, waited for in order and never without an end.
#![expect(clippy::disallowed_methods, reason = "this room is the write core")]

use super::{FsError, create_private_dir_all};
use rustix::fs::FlockOperation;
use std::fs::File;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a lock file or its folder may vanish under the one who waits before that counts as locked.
const VANISHED_MAX: usize = 1000;

/// A lock that is held; dropping it removes the lock file and lets the next one in.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
    left_behind: bool,
}

impl Lock {
    /// Takes the lock, waiting at most `wait` in the order of arrival. Makes the folder of the lock file if needed.
    pub fn acquire(path: &Path, wait: Duration) -> Result<Lock, FsError> {
        let deadline = crate::base::Deadline::after_ms(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        let locked = || FsError::Locked { path: path.to_path_buf(), waited: wait };
        for _ in 0..VANISHED_MAX {
            let (mut file, left_behind) = open(path)?;
            if !try_flock(&file, path)? {
                file = wait_in_line(file, path, deadline.left())?.ok_or_else(locked)?;
            }
            if is_still_at(&file, path) {
                return Ok(Lock { file, path: path.to_path_buf(), left_behind });
            }
        }
        Err(locked())
    }

    /// Takes the lock if nobody holds it.
    pub fn try_acquire(path: &Path) -> Result<Option<Lock>, FsError> {
        for _ in 0..VANISHED_MAX {
            let (file, left_behind) = open(path)?;
            if !try_flock(&file, path)? {
                return Ok(None);
            }
            if is_still_at(&file, path) {
                return Ok(Some(Lock { file, path: path.to_path_buf(), left_behind }));
            }
        }
        Ok(None)
    }

    /// Whether the lock file lay there already: whoever made it was killed before it could remove it.
    pub fn was_left_behind(&self) -> bool {
        self.left_behind
    }
}

/// Removes the lock files in `folder` that nobody holds: a process that was killed leaves its own.
pub fn remove_idle_locks(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|extension| extension == "lock") {
            // Taken and given back, which removes the file; one that cannot be taken is in use.
            drop(Lock::try_acquire(&path));
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while held: whoever waits on the old inode sees that it is gone and takes a new one.
        let _ = std::fs::remove_file(&self.path);
        let _ = rustix::fs::flock(&self.file, FlockOperation::Unlock);
    }
}

/// Opens or makes the lock file; says whether it was there.
fn open(path: &Path) -> Result<(File, bool), FsError> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    for _ in 0..VANISHED_MAX {
        match options.clone().create_new(true).open(path) {
            // No folder yet, or somebody tidied it up just then.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                create_private_dir_all(path.parent().unwrap_or(Path::new("/")))?;
                continue;
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            other => return other.map(|file| (file, false)).map_err(FsError::io("open the lock", path)),
        }
        match options.open(path) {
            // Its holder removed it just then.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            other => return other.map(|file| (file, true)).map_err(FsError::io("open the lock", path)),
        }
    }
    Err(FsError::io("open the lock", path)(std::io::ErrorKind::NotFound.into()))
}

fn try_flock(file: &File, path: &Path) -> Result<bool, FsError> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(errno) => Err(FsError::io("lock", path)(errno.into())),
    }
}

/// Waits in a thread of its own, since the kernel's queue is fair but knows no time limit. When the time is up the
/// thread stays in line; the lock that it then gets is given back at once.
fn wait_in_line(file: File, path: &Path, wait: Duration) -> Result<Option<File>, FsError> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let got = loop {
            match rustix::fs::flock(&file, FlockOperation::LockExclusive) {
                Err(rustix::io::Errno::INTR) => {}
                other => break other,
            }
        };
        let _ = sender.send(got.map(|()| file));
    });
    match receiver.recv_timeout(wait) {
        Ok(Ok(file)) => Ok(Some(file)),
        Ok(Err(errno)) => Err(FsError::io("lock", path)(errno.into())),
        Err(_) => Ok(None),
    }
}

/// Whether the locked file is still the one that the path names.
fn is_still_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(held), Ok(named)) => held.ino() == named.ino() && held.dev() == named.dev(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn one_holder_at_a_time_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("locks/a.lock");
        let inside = AtomicUsize::new(0);
        let done = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..20 {
                        let lock = Lock::acquire(&path, Duration::from_secs(60)).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                        done.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert_eq!(done.load(Ordering::SeqCst), 160);
        assert!(!path.exists());
    }

    #[test]
    fn waiting_ends_and_names_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let held = Lock::acquire(&path, Duration::ZERO).unwrap();
        assert!(Lock::try_acquire(&path).unwrap().is_none());
        let error = Lock::acquire(&path, Duration::from_millis(20)).unwrap_err();
        assert!(matches!(&error, FsError::Locked { .. }), "{error}");
        drop(held);
        assert!(Lock::try_acquire(&path).unwrap().is_some());
    }

    #[test]
    fn locks_of_the_dead_go_and_those_in_use_stay() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let held = Lock::acquire(&at("held.lock"), Duration::ZERO).unwrap();
        for name in ["dead.lock", "other"] {
            std::fs::write(at(name), "").unwrap();
        }
        remove_idle_locks(folder.path());
        assert_eq!(
            [at("held.lock").exists(), at("dead.lock").exists(), at("other").exists()],
            [true, false, true]
        );
        drop(held);
    }
}
