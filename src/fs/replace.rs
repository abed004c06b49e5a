//! Replaces or changes one file: lock, snapshot, compare, new file beside it, sync, swap, sync of the folder.

use super::commit::{TARGET_BYTES_MAX, put};
use super::disk::Disk;
use super::journal::hex;
use super::options::{Expected, Outcome, WriteOptions};
use super::target::{Snapshot, resolve_on};
use super::{FsError, Lock, Real, remove_stale_temporaries};
use std::path::{Path, PathBuf};
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_128;

/// How long another rtk may hold the lock of one file.
pub(super) const LOCK_WAIT: Duration = Duration::from_secs(30);
/// How often a change is computed anew when programs that know no lock write meanwhile.
pub(super) const ATTEMPTS_MAX: usize = 1000;

/// What [`update`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Updated {
    /// The file, links followed.
    pub path: PathBuf,
    /// Its content before; `None` when there was no file.
    pub before: Option<Vec<u8>>,
    /// Its content now.
    pub after: Vec<u8>,
    /// How safe that is.
    pub outcome: Outcome,
}

/// Gives a file's new content for the one it has; `None` when there is no file.
pub type ChangeOne<'c, E> = dyn FnMut(Option<&[u8]>) -> Result<Vec<u8>, E> + 'c;

/// Replaces the file at `path` by `bytes`, through symlinks. An error means: not committed, the old file is there.
pub fn replace(path: &Path, bytes: &[u8], options: &WriteOptions) -> Result<Outcome, FsError> {
    replace_on(&Real::new(), path, bytes, options)
}

/// As [`replace`], on any disk.
pub fn replace_on<D: Disk>(
    disk: &D,
    path: &Path,
    bytes: &[u8],
    options: &WriteOptions,
) -> Result<Outcome, FsError> {
    let target = resolve_on(disk, path)?;
    let _lock = lock(&target, options)?;
    let before = Snapshot::take(disk, &target, TARGET_BYTES_MAX)?;
    options.expected.must_hold(before.as_ref(), &target)?;
    if before.as_ref().is_some_and(|before| before.content == bytes) {
        return Ok(Outcome::Unchanged);
    }
    let look = options.expected != Expected::Anything;
    put(disk, &target, bytes, before.as_ref(), look, options)
}

/// Changes the file at `path`: `change` gets its content (`None` when there is no file) and gives the new one. It is
/// called again when a program that knows no lock wrote meanwhile, so that nobody's change is lost. A file of more
/// than `limit` bytes is refused.
pub fn update<D: Disk, E: From<FsError>>(
    disk: &D,
    path: &Path,
    limit: u64,
    options: &WriteOptions,
    change: &mut ChangeOne<'_, E>,
) -> Result<Updated, E> {
    let target = resolve_on(disk, path)?;
    let _lock = lock(&target, options)?;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let before = Snapshot::take(disk, &target, limit)?;
        options.expected.must_hold(before.as_ref(), &target)?;
        let after = change(before.as_ref().map(|before| before.content.as_slice()))?;
        let same = before.as_ref().is_some_and(|before| before.content == after);
        let done = if same {
            Ok(Outcome::Unchanged)
        } else {
            put(disk, &target, &after, before.as_ref(), true, options)
        };
        match done {
            Ok(outcome) => {
                let before = before.map(|before| before.content);
                return Ok(Updated { path: target, before, after, outcome });
            }
            Err(error) if error.is_conflict() && attempt < ATTEMPTS_MAX => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Takes the target's lock. A lock file that lay there already was left by a killed process, as may be its new file.
pub(super) fn lock(target: &Path, options: &WriteOptions) -> Result<Option<Lock>, FsError> {
    let Some(locks) = &options.locks else { return Ok(None) };
    let lock = Lock::acquire(&lock_path(locks, target), LOCK_WAIT)?;
    if lock.was_left_behind() {
        remove_stale_temporaries(target)?;
    }
    Ok(Some(lock))
}

/// Names the lock of a target: its hash, so that any path fits into one flat folder. Two targets of the same hash would
/// only wait for each other. SHA-256 would first ask the processor what it can do, which takes longer than the rest of
/// the lock where that is a virtual machine's.
pub(super) fn lock_path(locks: &Path, target: &Path) -> PathBuf {
    let hash = xxh3_128(target.as_os_str().as_encoded_bytes());
    let mut name = hex(&hash.to_be_bytes());
    name.push_str(".lock");
    locks.join(name)
}

#[cfg(test)]
mod tests {
    use super::super::{LinkPolicy, content_hash};
    use super::*;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn setup() -> (tempfile::TempDir, PathBuf, WriteOptions) {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("files")).unwrap();
        let options = WriteOptions::durable(&root.path().join("locks"));
        let file = root.path().join("files/f");
        (root, file, options)
    }

    #[test]
    fn a_file_is_made_replaced_or_left_alone_and_nothing_else_stays() {
        let (root, file, options) = setup();
        assert_eq!(replace(&file, b"one", &options).unwrap(), Outcome::Durable);
        let inode = std::fs::metadata(&file).unwrap().ino();
        assert_eq!(replace(&file, b"one", &options).unwrap(), Outcome::Unchanged);
        assert_eq!(std::fs::metadata(&file).unwrap().ino(), inode);
        let fast = WriteOptions::fast(&root.path().join("locks"));
        assert_eq!(replace(&file, b"two", &fast).unwrap(), Outcome::VisibleNotDurable { reason: None });
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
        assert_eq!(names(file.parent().unwrap()), ["f"]);
        assert!(names(&root.path().join("locks")).is_empty());
        assert_eq!(replace(&root.path().join("files/empty"), b"", &options).unwrap(), Outcome::Durable);
    }

    #[test]
    fn what_a_killed_writer_left_goes_with_the_next_write_of_the_file() {
        let (root, file, options) = setup();
        replace(&file, b"one", &options).unwrap();
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let dead = child.id();
        child.wait().unwrap();
        std::fs::write(file.with_file_name(format!(".f.rtk-new-{dead}-0")), "half").unwrap();
        let left = lock_path(&root.path().join("locks"), &file);
        std::fs::write(&left, "").unwrap();
        replace(&file, b"two", &options).unwrap();
        assert_eq!(names(file.parent().unwrap()), ["f"]);
        assert!(!left.exists());
    }

    #[test]
    fn mode_owner_and_extended_attributes_survive() {
        let (_root, file, options) = setup();
        std::fs::write(&file, "one").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o4751)).unwrap();
        let root = rustix::process::geteuid().is_root();
        if root {
            std::os::unix::fs::chown(&file, Some(12345), Some(54321)).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o4751)).unwrap();
        }
        // Small ones, and a value and a list of names that need the large buffer.
        let values: Vec<(String, Vec<u8>)> =
            ["rtk".to_owned(), "a".repeat(200), "b".repeat(200), "c".repeat(200)]
                .into_iter()
                .zip([b"kept".to_vec(), vec![7; 1500], b"".to_vec(), b"c".to_vec()])
                .map(|(name, value)| (format!("user.{name}"), value))
                .collect();
        let set = |(name, value): &(String, Vec<u8>)| {
            rustix::fs::setxattr(&file, name.as_str(), value, rustix::fs::XattrFlags::empty())
        };
        let has_attributes = set(&values[0]).is_ok();
        if has_attributes {
            values.iter().try_for_each(set).unwrap();
        }
        replace(&file, b"two", &options).unwrap();
        let meta = std::fs::metadata(&file).unwrap();
        assert_eq!(meta.mode() & 0o7777, 0o4751);
        if root {
            assert_eq!((meta.uid(), meta.gid()), (12345, 54321));
        }
        for (name, wanted) in values.iter().filter(|_| has_attributes) {
            let mut value = [0_u8; 2000];
            let length = rustix::fs::getxattr(&file, name.as_str(), &mut value).unwrap();
            assert_eq!(value[..length], wanted[..], "{name}");
        }
    }

    #[test]
    fn a_new_file_follows_the_umask_unless_private() {
        let (root, file, options) = setup();
        replace(&file, b"one", &options).unwrap();
        std::fs::File::create(root.path().join("files/like")).unwrap();
        let like = std::fs::metadata(root.path().join("files/like")).unwrap().mode();
        assert_eq!(std::fs::metadata(&file).unwrap().mode(), like);
        let private = root.path().join("files/private");
        replace(&private, b"one", &options.private()).unwrap();
        assert_eq!(std::fs::metadata(&private).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn symlinks_are_written_through_dangling_ones_too() {
        let (root, file, options) = setup();
        let link = root.path().join("link");
        symlink("files/f", &link).unwrap();
        for content in [b"one", b"two"] {
            replace(&link, content, &options).unwrap();
            assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(std::fs::read(&file).unwrap(), content);
        }
    }

    #[test]
    fn what_must_not_be_replaced_is_refused_untouched() {
        let (root, file, options) = setup();
        std::fs::write(&file, "one").unwrap();
        let other = root.path().join("files/other");
        std::fs::hard_link(&file, &other).unwrap();
        let error = replace(&file, b"two", &options).unwrap_err();
        assert!(matches!(error, FsError::HardLinked { links: 2, .. }), "{error}");
        assert_eq!(std::fs::read(&other).unwrap(), b"one");
        let in_place = WriteOptions { links: LinkPolicy::InPlace, ..options.clone() };
        assert_eq!(replace(&file, b"2", &in_place).unwrap(), Outcome::Durable);
        assert_eq!(std::fs::read(&other).unwrap(), b"2");
        std::fs::remove_file(&other).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
        assert!(matches!(replace(&file, b"two", &options), Err(FsError::ReadOnly { .. })));
        assert!(matches!(replace(root.path(), b"two", &options), Err(FsError::NotRegular { .. })));
        let nowhere = root.path().join("missing/f");
        assert!(matches!(replace(&nowhere, b"two", &options), Err(FsError::Io { .. })));
        assert_eq!(std::fs::read(&file).unwrap(), b"2");
        assert_eq!(names(&root.path().join("files")), ["f"]);
    }

    #[test]
    fn an_unmet_expectation_changes_nothing() {
        let (_root, file, options) = setup();
        let one = Expected::Content(content_hash(b"one"));
        assert!(replace(&file, b"two", &options.clone().expecting(one)).unwrap_err().is_conflict());
        assert!(!file.exists());
        replace(&file, b"one", &options.clone().expecting(Expected::Missing)).unwrap();
        assert!(
            replace(&file, b"two", &options.clone().expecting(Expected::Missing)).unwrap_err().is_conflict()
        );
        assert_eq!(replace(&file, b"two", &options.clone().expecting(one)).unwrap(), Outcome::Durable);
        assert!(replace(&file, b"three", &options.expecting(one)).unwrap_err().is_conflict());
        assert_eq!(std::fs::read(&file).unwrap(), b"two");
    }

    #[test]
    fn of_many_counters_that_compare_and_swap_none_loses_a_step() {
        let (_root, file, options) = setup();
        std::fs::write(&file, "0").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut steps = 0;
                    while steps < 25 {
                        let text = std::fs::read_to_string(&file).unwrap();
                        let next = (text.parse::<u32>().unwrap() + 1).to_string();
                        let seen = Expected::Content(content_hash(text.as_bytes()));
                        match replace(&file, next.as_bytes(), &options.clone().expecting(seen)) {
                            Ok(_) => steps += 1,
                            Err(error) => assert!(error.is_conflict(), "{error}"),
                        }
                    }
                });
            }
        });
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "100");
    }

    #[test]
    fn a_program_that_renames_without_any_lock_never_loses_its_last_word() {
        let (root, file, options) = setup();
        for round in 0..40 {
            std::fs::write(&file, "0").unwrap();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    for number in 1..=30 {
                        let temp = root.path().join("files/foreign");
                        std::fs::write(&temp, number.to_string()).unwrap();
                        std::fs::rename(&temp, &file).unwrap();
                    }
                });
                for _ in 0..30 {
                    let text = std::fs::read_to_string(&file).unwrap();
                    let ours = format!("{},", text.trim_end_matches(','));
                    let seen = Expected::Content(content_hash(text.as_bytes()));
                    let options = WriteOptions { durable: false, ..options.clone().expecting(seen) };
                    let _ = replace(&file, ours.as_bytes(), &options);
                }
            });
            let last = std::fs::read_to_string(&file).unwrap();
            assert_eq!(last.trim_end_matches(','), "30", "round {round}: {last}");
        }
    }
}
