//! Retention: records that nobody has added to for a long time are deleted, off the hot path.

use crate::base::Paths;
use crate::fs::remove_file;
use std::time::{Duration, UNIX_EPOCH};

/// Records are kept this long after their last row, in days.
const RETENTION_DAYS: u64 = 90;
/// Files looked at in one go.
const FILES_MAX: usize = 20_000;

/// Deletes records whose last row is older than 90 days at `now_ms`; returns how many. What cannot be read is left alone.
pub fn prune(paths: &Paths, now_ms: i64) -> usize {
    let now = Duration::from_millis(u64::try_from(now_ms).unwrap_or(0));
    let limit = Duration::from_secs(RETENTION_DAYS * 24 * 60 * 60);
    let Ok(entries) = std::fs::read_dir(paths.sessions()) else { return 0 };
    let mut removed = 0;
    for entry in entries.take(FILES_MAX).filter_map(Result::ok) {
        let path = entry.path();
        let is_record = path.extension().is_some_and(|extension| extension == "jsonl");
        let modified = entry.metadata().ok().and_then(|meta| meta.modified().ok());
        let age = modified.and_then(|time| now.checked_sub(time.duration_since(UNIX_EPOCH).ok()?));
        if is_record && age.is_some_and(|age| age > limit) && remove_file(&path).is_ok() {
            removed += 1;
        }
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::super::{Event, Launch, Session};
    use super::*;
    use crate::base::{Env, unix_ms};

    #[test]
    fn only_old_records_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::of(&Env::of(folder.path(), [("RTK_HOME", folder.path())])).unwrap();
        assert_eq!(prune(&paths, unix_ms()), 0);
        for session in ["a", "b"] {
            Session::of(&paths, session).append(&Event::Launch(Box::new(Launch::new(session, 1)))).unwrap();
        }
        std::fs::write(paths.sessions().join("note.txt"), "mine").unwrap();
        assert_eq!(prune(&paths, unix_ms()), 0);
        let day_ms = 24 * 60 * 60 * 1000;
        assert_eq!(prune(&paths, unix_ms() + 91 * day_ms), 2);
        assert!(paths.sessions().join("note.txt").exists());
    }
}
