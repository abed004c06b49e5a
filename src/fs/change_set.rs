//! Several edits that happen together: when one fails, those before it are taken back in reverse order.

use super::commit::sync_folder_of;
use super::target::{Snapshot, resolve_on};
use super::temp::{OLD, remove_surely, sibling};
use super::{
    Disk, Expected, FsError, Outcome, Real, WriteOptions, content_hash, create_folders, remove_dir_if_empty,
    replace_on,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Files beyond this size cannot be part of a change set, in bytes: their old content is held for the way back.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

enum Edit {
    CreateFolder { path: PathBuf, mode: u32 },
    Replace { path: PathBuf, bytes: Vec<u8>, expected: Expected, own: bool },
    RemoveFile { path: PathBuf, expected: Expected },
    RemoveFolder { path: PathBuf },
}

/// How one edit is taken back.
enum Undo {
    Nothing,
    RemoveFolders(Vec<PathBuf>),
    Restore { path: PathBuf, old: Option<Vec<u8>>, written: [u8; 32] },
    MoveBack { aside: PathBuf, target: PathBuf },
}

/// Edits in the order in which they happen.
#[derive(Default)]
pub struct ChangeSet {
    edits: Vec<Edit>,
}

impl ChangeSet {
    /// A set without edits.
    pub fn new() -> ChangeSet {
        ChangeSet::default()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// Makes a folder and its missing parents with `mode` less the umask.
    pub fn create_folder(&mut self, path: &Path, mode: u32) {
        self.edits.push(Edit::CreateFolder { path: path.to_path_buf(), mode });
    }

    /// Replaces a file that holds what is `expected`.
    pub fn replace(&mut self, path: &Path, bytes: Vec<u8>, expected: Expected) {
        self.edits.push(Edit::Replace { path: path.to_path_buf(), bytes, expected, own: false });
    }

    /// Replaces a file of rtk's own, readable by the user alone.
    pub fn replace_own(&mut self, path: &Path, bytes: Vec<u8>, expected: Expected) {
        self.edits.push(Edit::Replace { path: path.to_path_buf(), bytes, expected, own: true });
    }

    /// Removes a file that holds what is `expected`; a symlink to it stays.
    pub fn remove_file(&mut self, path: &Path, expected: Expected) {
        self.edits.push(Edit::RemoveFile { path: path.to_path_buf(), expected });
    }

    /// Removes a folder if nothing is in it when all other edits are done; one that cannot be removed stays.
    pub fn remove_folder_if_empty(&mut self, path: &Path) {
        self.edits.push(Edit::RemoveFolder { path: path.to_path_buf() });
    }

    /// Applies all edits, or none. `options` say how files are written; their expectation is each edit's own.
    /// The outcome is the weakest of all; an error means that everything is as it was, unless it says otherwise.
    pub fn apply(&self, options: &WriteOptions) -> Result<Outcome, FsError> {
        self.apply_on(&Real::new(), options)
    }

    /// As [`ChangeSet::apply`], on any disk; folders are made and removed on the real one.
    pub fn apply_on<D: Disk>(&self, disk: &D, options: &WriteOptions) -> Result<Outcome, FsError> {
        let mut undos = Vec::new();
        let mut outcome = Outcome::Unchanged;
        for edit in &self.edits {
            match perform(disk, edit, options) {
                Ok((done, undo)) => {
                    outcome = weaker(outcome, done);
                    undos.push(undo);
                }
                Err(cause) => return Err(roll_back(disk, undos, options, cause)),
            }
        }
        for undo in &undos {
            if let Undo::MoveBack { aside, .. } = undo {
                // The file is gone for everyone already; a copy that cannot be unlinked is only litter.
                remove_surely(disk, aside);
            }
        }
        for edit in &self.edits {
            if let Edit::RemoveFolder { path } = edit
                && remove_dir_if_empty(path).unwrap_or(false)
            {
                outcome = weaker(outcome, Outcome::Durable);
            }
        }
        Ok(outcome)
    }
}

fn weaker(one: Outcome, other: Outcome) -> Outcome {
    match (&one, &other) {
        (Outcome::VisibleNotDurable { .. }, _) | (_, Outcome::Unchanged) => one,
        _ => other,
    }
}

fn perform<D: Disk>(disk: &D, edit: &Edit, options: &WriteOptions) -> Result<(Outcome, Undo), FsError> {
    match edit {
        Edit::CreateFolder { path, mode } => {
            let made = create_folders(path, *mode)?;
            let outcome = if made.is_empty() { Outcome::Unchanged } else { Outcome::Durable };
            Ok((outcome, Undo::RemoveFolders(made)))
        }
        Edit::Replace { path, bytes, expected, own } => {
            let target = resolve_on(disk, path)?;
            let old = Snapshot::take(disk, &target, FILE_BYTES_MAX)?.map(|old| old.content);
            // Bound to what was read just now, so that the way back restores the right bytes.
            let bound = match (expected, &old) {
                (Expected::Anything, Some(old)) => Expected::Content(content_hash(old)),
                (Expected::Anything, None) => Expected::Missing,
                (expected, _) => *expected,
            };
            let options = options.clone().expecting(bound);
            let outcome = if *own {
                // Nobody else writes it, so there is nothing to watch.
                replace_on(disk, &target, bytes, &options.private().settling(Duration::ZERO))?
            } else {
                replace_on(disk, &target, bytes, &options)?
            };
            let undo = match outcome {
                Outcome::Unchanged => Undo::Nothing,
                _ => Undo::Restore { path: target, old, written: content_hash(bytes) },
            };
            Ok((outcome, undo))
        }
        Edit::RemoveFile { path, expected } => remove_aside(disk, path, *expected),
        // Comes after everything that can fail.
        Edit::RemoveFolder { .. } => Ok((Outcome::Unchanged, Undo::Nothing)),
    }
}

/// Takes a file out of sight by a rename, so that the way back restores it with all its attributes.
fn remove_aside<D: Disk>(disk: &D, path: &Path, expected: Expected) -> Result<(Outcome, Undo), FsError> {
    let target = resolve_on(disk, path)?;
    let old = Snapshot::take(disk, &target, FILE_BYTES_MAX)?;
    let Some(old) = old.filter(|_| expected != Expected::Missing) else {
        let gone = matches!(expected, Expected::Anything | Expected::Missing) && disk.stat(&target).is_err();
        return if gone {
            Ok((Outcome::Unchanged, Undo::Nothing))
        } else {
            Err(FsError::Changed { path: target })
        };
    };
    expected.must_hold(Some(&old), &target)?;
    old.must_be_writable(disk, &target)?;
    let aside = sibling(&target, OLD);
    disk.rename(&target, &aside).map_err(FsError::io("remove", &target))?;
    let moved = Snapshot::take(disk, &aside, FILE_BYTES_MAX);
    if !moved.is_ok_and(|moved| moved.is_some_and(|moved| moved.content == old.content)) {
        disk.rename(&aside, &target).map_err(FsError::io("put back", &target))?;
        return Err(FsError::Changed { path: target });
    }
    let outcome = match sync_folder_of(disk, &target) {
        Ok(()) => Outcome::Durable,
        Err(error) => Outcome::VisibleNotDurable { reason: Some(error.to_string()) },
    };
    Ok((outcome, Undo::MoveBack { aside, target }))
}

fn roll_back<D: Disk>(disk: &D, undos: Vec<Undo>, options: &WriteOptions, cause: FsError) -> FsError {
    let mut leftovers = Vec::new();
    for undo in undos.into_iter().rev() {
        if let Err(error) = take_back(disk, undo, options) {
            leftovers.push(error.to_string());
        }
    }
    if leftovers.is_empty() {
        return cause;
    }
    FsError::RollbackFailed { cause: Box::new(cause), leftovers: leftovers.join("; ") }
}

fn take_back<D: Disk>(disk: &D, undo: Undo, options: &WriteOptions) -> Result<(), FsError> {
    match undo {
        Undo::Nothing => Ok(()),
        Undo::RemoveFolders(folders) => {
            folders.iter().rev().try_for_each(|folder| remove_dir_if_empty(folder).map(|_| ()))
        }
        // What another program has written since is not ours to undo.
        Undo::Restore { path, old: Some(old), written } => {
            let options = options.clone().expecting(Expected::Content(written));
            replace_on(disk, &path, &old, &options).map(|_| ())
        }
        Undo::Restore { path, old: None, written } => {
            let (_, undo) = remove_aside(disk, &path, Expected::Content(written))?;
            if let Undo::MoveBack { aside, .. } = undo {
                disk.remove(&aside).map_err(FsError::io("remove", &aside))?;
            }
            Ok(())
        }
        Undo::MoveBack { aside, target } => {
            disk.rename(&aside, &target).map_err(FsError::io("put back", &target))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt as _;

    fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>, u32)> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let mode = std::fs::symlink_metadata(&path).unwrap().mode();
            if path.is_dir() {
                found.push((path.clone(), Vec::new(), mode));
                found.extend(tree(&path));
            } else {
                found.push((path.clone(), std::fs::read(&path).unwrap(), mode));
            }
        }
        found.sort();
        found
    }

    fn changes(root: &Path) -> ChangeSet {
        let mut set = ChangeSet::new();
        set.create_folder(&root.join("new/deep"), 0o755);
        set.replace(&root.join("new/deep/made"), b"made".to_vec(), Expected::Missing);
        set.replace(&root.join("old"), b"changed".to_vec(), Expected::Content(content_hash(b"old")));
        set.remove_file(&root.join("gone"), Expected::Anything);
        set.remove_folder_if_empty(&root.join("empty"));
        set
    }

    fn setup() -> (tempfile::TempDir, WriteOptions) {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("old"), "old").unwrap();
        std::fs::write(root.path().join("gone"), "gone").unwrap();
        std::fs::create_dir(root.path().join("empty")).unwrap();
        (root, WriteOptions::durable(Path::new("/")).unlocked())
    }

    #[test]
    fn all_edits_happen_in_order() {
        let (root, options) = setup();
        assert_eq!(changes(root.path()).apply(&options).unwrap(), Outcome::Durable);
        let left: Vec<_> = tree(root.path()).into_iter().map(|(path, content, _)| (path, content)).collect();
        let at = |name: &str| root.path().join(name);
        let expected = [
            (at("new"), vec![]),
            (at("new/deep"), vec![]),
            (at("new/deep/made"), b"made".to_vec()),
            (at("old"), b"changed".to_vec()),
        ];
        assert_eq!(left, expected);
    }

    #[test]
    fn a_failure_at_the_end_takes_everything_back() {
        let (root, options) = setup();
        let before = tree(root.path());
        let mut set = changes(root.path());
        set.replace(&root.path().join("old"), b"x".to_vec(), Expected::Content(content_hash(b"other")));
        assert!(set.apply(&options).unwrap_err().is_conflict());
        assert_eq!(tree(root.path()), before);
        let mut set = changes(root.path());
        set.replace(&root.path().join("missing/f"), b"x".to_vec(), Expected::Anything);
        assert!(matches!(set.apply(&options), Err(FsError::Io { .. })));
        assert_eq!(tree(root.path()), before);
    }

    #[test]
    fn nothing_to_do_is_unchanged() {
        let (root, options) = setup();
        let mut set = ChangeSet::new();
        assert!(set.is_empty());
        set.create_folder(root.path(), 0o755);
        set.replace(&root.path().join("old"), b"old".to_vec(), Expected::Anything);
        set.remove_file(&root.path().join("never"), Expected::Anything);
        set.remove_folder_if_empty(&root.path().join("never"));
        assert_eq!(set.apply(&options).unwrap(), Outcome::Unchanged);
    }
}
