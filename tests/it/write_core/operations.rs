//! The operations whose safety is proven: what they are given, what they must leave, and how to run them on any disk.

use super::memory::{Contents, Memory, Node};
use rtk::fs::{
    ChangeSet, Disk, Expected, FsError, Outcome, WriteOptions, content_hash, recover_idle, replace_by_stream,
    replace_on, update, update_all,
};
use std::path::{Path, PathBuf};

/// No file of a test is larger, in bytes.
const LIMIT: u64 = 1 << 20;
/// The mode of files that lie there at first.
const MODE: u32 = 0o640;

/// A file before and after an operation.
pub(super) struct Change {
    pub(super) path: &'static str,
    pub(super) old: Option<&'static str>,
    pub(super) new: Option<&'static str>,
}

/// One way to use the write core.
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) changes: Vec<Change>,
    /// Whether the files change all together or not at all, once the next run has looked.
    pub(super) together: bool,
    /// How the operation runs; paths are below the folder.
    pub(super) kind: Kind,
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Replace,
    Compare,
    Update,
    Stream,
    Set,
    Batch,
}

fn change(path: &'static str, old: Option<&'static str>, new: Option<&'static str>) -> Change {
    Change { path, old, new }
}

/// All of them.
pub(super) fn all() -> Vec<Operation> {
    let made = || vec![change("a/f", None, Some("brand new"))];
    let changed = || vec![change("a/f", Some("the old content"), Some("what is new"))];
    let single = |name, kind, changes| Operation { name, changes, together: false, kind };
    let two = vec![
        change("a/f", Some("the old content"), Some("what is new")),
        change("b/g", Some("another"), Some("and its successor")),
    ];
    let some = vec![change("a/f", Some("old"), Some("newer")), change("a/made", None, Some("made"))];
    let many = vec![
        change("a/1", Some("one"), Some("first")),
        change("a/2", None, Some("second")),
        change("b/3", Some("three"), Some("third")),
        change("b/4", Some("four"), Some("fourth")),
        change("b/same", Some("stays"), Some("stays")),
        change("b/5", Some(""), Some("fifth")),
    ];
    let set = vec![
        change("a/f", Some("old"), Some("newer")),
        change("a/made", None, Some("made")),
        change("b/g", Some("gone"), None),
    ];
    let batch = |name, changes| Operation { name, changes, together: true, kind: Kind::Batch };
    vec![
        single("make", Kind::Replace, made()),
        single("replace", Kind::Replace, changed()),
        single("make if missing", Kind::Compare, made()),
        single("compare and swap", Kind::Compare, changed()),
        single("make by update", Kind::Update, made()),
        single("update", Kind::Update, changed()),
        single("make by stream", Kind::Stream, made()),
        single("stream", Kind::Stream, changed()),
        single("change set", Kind::Set, set),
        batch("batch of two", two),
        batch("batch with a new file", some),
        batch("batch by whole disk", many),
    ]
}

impl Operation {
    /// What lies on the disk before.
    pub(super) fn contents(&self, root: &str) -> Contents {
        let mut contents = Contents::default();
        for (number, change) in (1..).zip(&self.changes) {
            if let Some(old) = change.old {
                let attributes = [(b"user.kept".to_vec(), b"yes".to_vec())].into();
                let node = Node { data: old.as_bytes().to_vec(), mode: MODE, attributes };
                contents.nodes.insert(number, node);
                contents.names.insert(Path::new(root).join(change.path), number);
            }
        }
        contents
    }

    /// Runs it on a disk, below `root`.
    pub(super) fn run<D: Disk>(&self, disk: &D, root: &Path) -> Result<Outcome, FsError> {
        let options = WriteOptions::durable(Path::new("/")).unlocked();
        let first = &self.changes[0];
        let path = root.join(first.path);
        let new = first.new.unwrap_or_default().as_bytes();
        let expected =
            first.old.map_or(Expected::Missing, |old| Expected::Content(content_hash(old.as_bytes())));
        match self.kind {
            Kind::Replace => replace_on(disk, &path, new, &options),
            Kind::Compare => replace_on(disk, &path, new, &options.expecting(expected)),
            Kind::Update => {
                let mut change = |_: Option<&[u8]>| Ok::<_, FsError>(new.to_vec());
                update(disk, &path, LIMIT, &options, &mut change).map(|updated| updated.outcome)
            }
            Kind::Stream => replace_by_stream(disk, &path, &mut &new[..], &options),
            Kind::Set => {
                let mut set = ChangeSet::new();
                for change in &self.changes {
                    let path = root.join(change.path);
                    match change.new {
                        Some(new) => set.replace(&path, new.as_bytes().to_vec(), Expected::Anything),
                        None => set.remove_file(&path, Expected::Anything),
                    }
                }
                set.apply_on(disk, &options)
            }
            Kind::Batch => {
                let paths: Vec<PathBuf> = self.changes.iter().map(|change| root.join(change.path)).collect();
                let new = || self.changes.iter().map(|change| change.new.map(|new| new.as_bytes().to_vec()));
                let mut all = |_: &[Option<&[u8]>]| Ok::<_, FsError>(new().collect());
                let done = update_all(disk, &paths, LIMIT, &root.join("state/journal"), &options, &mut all)?;
                Ok(done
                    .into_iter()
                    .map(|updated| updated.outcome)
                    .find(|done| *done != Outcome::Unchanged)
                    .unwrap())
            }
        }
    }

    /// What the next run does first.
    pub(super) fn recover<D: Disk>(&self, disk: &D, root: &Path, locks: &Path) -> Result<(), FsError> {
        recover_idle(disk, &root.join("state/journal"), locks)
    }

    /// Whether every file is one of the two that are allowed; `Some(new)` when all must be on that side.
    pub(super) fn judge(&self, found: &Contents, root: &Path, side: Option<bool>) -> Result<(), String> {
        let mut sides = Vec::new();
        for change in &self.changes {
            let file = found.file(&root.join(change.path));
            let is = file.map(|file| file.data.as_slice());
            let (old, new) = (change.old.map(str::as_bytes), change.new.map(str::as_bytes));
            if is != old && is != new {
                let shown = is.map(String::from_utf8_lossy);
                return Err(format!("{} holds {shown:?}", change.path));
            }
            if let (Some(file), Some(_)) = (file, change.old)
                && (file.mode != MODE || file.attributes.len() != 1)
            {
                return Err(format!("{} lost its mode or attributes: {file:?}", change.path));
            }
            if old != new {
                sides.push(is == new);
            }
        }
        if self.together && sides.contains(&true) && sides.contains(&false) {
            return Err(format!("half of a batch: {sides:?}"));
        }
        match side {
            Some(side) if sides.iter().any(|is| *is != side) => Err(format!("{sides:?} are not all {side}")),
            _ => Ok(()),
        }
    }

    /// The names that lie there and are none of the operation's files.
    pub(super) fn litter(&self, found: &Contents, root: &Path) -> Vec<PathBuf> {
        let own = |path: &PathBuf| self.changes.iter().any(|change| root.join(change.path) == *path);
        found.names.keys().filter(|path| !own(path)).cloned().collect()
    }

    /// The disk in memory on which it runs.
    pub(super) fn memory(&self, contents: Contents, gate: super::memory::Gate) -> Memory {
        Memory::with(contents, &["/", "/a", "/b", "/state"], gate)
    }
}
