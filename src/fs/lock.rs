//! A lock between processes: `flock` on a file of its own, never on the file that it guards.

use super::append::{FsError, open_private};
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::Duration;

/// Time between two tries, in milliseconds.
const RETRY_MS: u64 = 2;

/// A held lock; released when dropped or when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock at `path`, waiting at most about `wait`.
    pub fn acquire(path: &Path, wait: Duration) -> Result<Lock, FsError> {
        let file = open_private(path, false)?;
        let tries = wait.as_millis() / u128::from(RETRY_MS);
        for attempt in 0..=tries {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(TryLockError::WouldBlock) if attempt < tries => {
                    std::thread::sleep(Duration::from_millis(RETRY_MS));
                }
                Err(TryLockError::WouldBlock) => break,
                Err(TryLockError::Error(source)) => return Err(FsError::io("lock", path)(source)),
            }
        }
        Err(FsError::Locked { path: path.display().to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_is_refused_and_a_dropped_one_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("locks/x.lock");
        let held = Lock::acquire(&path, Duration::ZERO).unwrap();
        let refused = Lock::acquire(&path, Duration::from_millis(5));
        assert!(matches!(refused, Err(FsError::Locked { .. })));
        drop(held);
        assert!(Lock::acquire(&path, Duration::ZERO).is_ok());
    }
}
