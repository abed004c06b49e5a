//! Replaces one file: lock, snapshot, compare, temporary file beside it, sync, swap, sync of the folder.
#![expect(clippy::disallowed_methods, reason = "this room is the write core")]

use super::target::{Snapshot, resolve};
use super::temp::Temp;
use super::{FsError, Lock, attributes};
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Larger files are not compared, hence not replaced, in bytes.
const TARGET_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Mode of a file that was not there before; the umask is taken from it.
const NEW_FILE_MODE: u32 = 0o666;
/// How often a file is put back when another program keeps replacing it meanwhile.
const PUT_BACK_MAX: usize = 100;
/// How long another rtk may hold the lock of one file.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// What a successful replacement did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The file already held these bytes; nothing was written.
    Unchanged,
    /// The new file is in place and survives a power cut.
    Durable,
    /// The new file is in place, but a power cut may bring the old one back.
    VisibleNotDurable {
        /// Why the folder could not be synced; `None` when durability was not asked for.
        reason: Option<String>,
    },
}

/// What the caller believes the target to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Whatever is there is replaced.
    Anything,
    /// No file.
    Missing,
    /// A file with this [`content_hash`].
    Content([u8; 32]),
}

/// What happens to a target that has several names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPolicy {
    /// It is refused: a replacement would cut the other names off.
    Refuse,
    /// It is overwritten in place, which a crash can tear.
    InPlace,
}

/// How a file is written.
#[derive(Debug, Clone)]
pub struct WriteOptions {
    /// Whether file and folder are synced before success is reported.
    pub durable: bool,
    /// What must be there before.
    pub expected: Expected,
    /// What happens to hard-linked targets.
    pub links: LinkPolicy,
    /// Folder of the lock files; `None` when the caller holds a lock of its own.
    pub locks: Option<PathBuf>,
    /// How long a displaced file is watched before it goes; other programs may still be writing into it.
    pub settle: Duration,
    /// Mode of a file that was not there before, from which the umask is taken; an existing file keeps its own.
    pub new_file_mode: u32,
}

impl WriteOptions {
    /// Synced, whatever was there before, hard links refused, locked in `locks`.
    pub fn durable(locks: &Path) -> WriteOptions {
        WriteOptions {
            durable: true,
            expected: Expected::Anything,
            links: LinkPolicy::Refuse,
            locks: Some(locks.to_path_buf()),
            settle: Duration::ZERO,
            new_file_mode: NEW_FILE_MODE,
        }
    }

    /// As [`WriteOptions::durable`] without any sync: for files that can be rebuilt.
    pub fn fast(locks: &Path) -> WriteOptions {
        WriteOptions { durable: false, ..WriteOptions::durable(locks) }
    }

    /// The same for a caller that holds a lock of its own.
    #[must_use]
    pub fn unlocked(self) -> WriteOptions {
        WriteOptions { locks: None, ..self }
    }

    /// The same with a condition on what is there before.
    #[must_use]
    pub fn expecting(self, expected: Expected) -> WriteOptions {
        WriteOptions { expected, ..self }
    }

    /// The same for files that other programs rewrite in place without a lock: what an expectation displaced is
    /// watched for this long, and put back if it changes.
    #[must_use]
    pub fn settling(self, settle: Duration) -> WriteOptions {
        WriteOptions { settle, ..self }
    }

    /// The same for files that only their owner may read.
    #[must_use]
    pub fn private(self) -> WriteOptions {
        WriteOptions { new_file_mode: 0o600, ..self }
    }
}

/// The SHA-256 of a file's content.
pub fn content_hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Replaces the file at `path` by `bytes`, through symlinks. An error means: not committed, the old file is there.
pub fn replace(path: &Path, bytes: &[u8], options: &WriteOptions) -> Result<Outcome, FsError> {
    let target = resolve(path)?;
    let _lock = match &options.locks {
        Some(locks) => Some(Lock::acquire(&lock_path(locks, &target), LOCK_WAIT)?),
        None => None,
    };
    let before = Snapshot::take(&target, TARGET_BYTES_MAX)?;
    if !holds(before.as_ref(), options.expected) {
        return Err(FsError::Changed { path: target });
    }
    if before.as_ref().is_some_and(|before| before.content == bytes) {
        return Ok(Outcome::Unchanged);
    }
    if let Some(before) = &before {
        before.must_be_writable(&target)?;
        if before.links() > 1 {
            return match options.links {
                LinkPolicy::Refuse => Err(FsError::HardLinked { path: target, links: before.links() }),
                LinkPolicy::InPlace => overwrite_in_place(&target, bytes, options.durable),
            };
        }
    }
    let mode = if before.is_some() { 0o600 } else { options.new_file_mode };
    let mut temp = Temp::beside(&target, mode)?;
    if let Some(before) = &before {
        attributes::carry_over(before, &temp.file, &target)?;
    }
    temp.fill(bytes, options.durable)?;
    commit(temp, &target, bytes, before.as_ref(), options)?;
    Ok(settle(&target, options.durable))
}

/// Names the lock of a target: its hash, so that any path fits into one flat folder.
fn lock_path(locks: &Path, target: &Path) -> PathBuf {
    let hash = content_hash(target.as_os_str().as_encoded_bytes());
    let name: String = hash[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    locks.join(format!("{name}.lock"))
}

fn holds(before: Option<&Snapshot>, expected: Expected) -> bool {
    match (expected, before) {
        (Expected::Anything, _) | (Expected::Missing, None) => true,
        (Expected::Content(hash), Some(before)) => content_hash(&before.content) == hash,
        _ => false,
    }
}

/// Puts the new file into the target's place. With an expectation the two are exchanged, so that what was displaced
/// can be looked at: another program that wrote in between is noticed, and its file put back.
fn commit(
    temp: Temp,
    target: &Path,
    bytes: &[u8],
    before: Option<&Snapshot>,
    options: &WriteOptions,
) -> Result<(), FsError> {
    let failed = |errno: Errno| FsError::io("put the new file into the place of", target)(errno.into());
    let plain = |temp: Temp| {
        std::fs::rename(&temp.path, target)
            .map_err(FsError::io("put the new file into the place of", target))?;
        temp.keep();
        Ok(())
    };
    if options.expected == Expected::Anything {
        return plain(temp);
    }
    let changed = || Err(FsError::Changed { path: target.to_path_buf() });
    let Some(before) = before else {
        return match rustix::fs::renameat_with(CWD, &temp.path, CWD, target, RenameFlags::NOREPLACE) {
            Ok(()) => {
                temp.keep();
                Ok(())
            }
            Err(Errno::EXIST) => changed(),
            Err(Errno::INVAL | Errno::NOSYS) => plain(temp),
            Err(errno) => Err(failed(errno)),
        };
    };
    let exchange = || rustix::fs::renameat_with(CWD, &temp.path, CWD, target, RenameFlags::EXCHANGE);
    match exchange() {
        Ok(()) => {}
        Err(Errno::NOENT) => return changed(),
        Err(Errno::INVAL | Errno::NOSYS) => return plain(temp),
        Err(errno) => return Err(failed(errno)),
    }
    let look = || Ok(Snapshot::take(&temp.path, TARGET_BYTES_MAX)?.map(|is| is.content).unwrap_or_default());
    let mut displaced: Vec<u8> = look()?;
    if displaced == before.content && !options.settle.is_zero() {
        std::thread::sleep(options.settle);
        displaced = look()?;
    }
    if displaced == before.content {
        // The temporary name now holds the old file, which goes with it.
        return Ok(());
    }
    // A foreign file was displaced: it goes back, as does any newer one that this in turn displaces.
    let mut at_target = bytes.to_vec();
    for _ in 0..PUT_BACK_MAX {
        exchange().map_err(failed)?;
        let now = look()?;
        if now == at_target {
            break;
        }
        at_target = std::mem::replace(&mut displaced, now);
    }
    changed()
}

/// Syncs the folder; the new file is visible by now, so a failure is an outcome and no error.
fn settle(target: &Path, durable: bool) -> Outcome {
    if !durable {
        return Outcome::VisibleNotDurable { reason: None };
    }
    match sync_folder_of(target) {
        Ok(()) => Outcome::Durable,
        Err(error) => Outcome::VisibleNotDurable { reason: Some(error.to_string()) },
    }
}

/// Makes a file that was written without a sync survive a power cut, with its name; a missing file is fine.
pub fn sync(path: &Path) -> Result<(), FsError> {
    match std::fs::File::open(path) {
        Ok(file) => file.sync_all().map_err(FsError::io("sync", path))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(FsError::io("open", path)(error)),
    }
    sync_folder_of(path)
}

/// Makes renames and removals in the folder of `path` survive a power cut.
pub(super) fn sync_folder_of(path: &Path) -> Result<(), FsError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let opened = std::fs::File::open(folder).map_err(FsError::io("open", folder))?;
    opened.sync_all().map_err(FsError::io("sync", folder))
}

fn overwrite_in_place(target: &Path, bytes: &[u8], durable: bool) -> Result<Outcome, FsError> {
    let opened = std::fs::OpenOptions::new().write(true).open(target);
    let mut file = opened.map_err(FsError::io("open", target))?;
    file.write_all(bytes).map_err(FsError::io("write", target))?;
    file.set_len(bytes.len() as u64).map_err(FsError::io("cut", target))?;
    if !durable {
        return Ok(Outcome::VisibleNotDurable { reason: None });
    }
    file.sync_all().map_err(FsError::io("sync", target))?;
    Ok(Outcome::Durable)
}

#[cfg(test)]
mod tests {
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
    fn mode_owner_and_extended_attributes_survive() {
        let (_root, file, options) = setup();
        std::fs::write(&file, "one").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o4751)).unwrap();
        let root = rustix::process::geteuid().is_root();
        if root {
            std::os::unix::fs::chown(&file, Some(12345), Some(54321)).unwrap();
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o4751)).unwrap();
        }
        let xattr = rustix::fs::setxattr(&file, "user.rtk", b"kept", rustix::fs::XattrFlags::empty());
        replace(&file, b"two", &options).unwrap();
        let meta = std::fs::metadata(&file).unwrap();
        assert_eq!(meta.mode() & 0o7777, 0o4751);
        if root {
            assert_eq!((meta.uid(), meta.gid()), (12345, 54321));
        }
        if xattr.is_ok() {
            let mut value = [0_u8; 16];
            let length = rustix::fs::getxattr(&file, "user.rtk", &mut value).unwrap();
            assert_eq!(&value[..length], b"kept");
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
