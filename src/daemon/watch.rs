//! What has changed in watched projects, from the kernel's own queue of changes.
//!
//! A change is in the queue before the call that made it returns. Reading the queue until it is empty therefore shows
//! everything that happened before the question, without a sentinel file and without waiting: that is why the queue is
//! read here, by whoever asks, and not by a thread of a library whose hand-over would have to be waited for.
//!
//! What the queue cannot show, and nothing here notices until the file is compared again: a file changed through a name
//! outside the project (a hard link), pages of a mapped file that are written after the last close of the file, and a file
//! system mounted over a watched folder.

use super::error::DaemonError;
use super::filesystem::cannot_watch;
use crate::memory::Changes;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// More changes than this at once are not told apart: everything is compared.
const CHANGES_MAX: usize = 20_000;
/// Read from the queue at a time, in bytes.
const BUFFER_BYTES: usize = 32 * 1024;
/// One watch takes about this much of rtk's memory, in bytes.
pub(super) const WATCH_BYTES: usize = 200;
/// How a git folder is called inside a folder.
const NEST: &[u8] = b"/.git";
/// No watch: the folder may not be read. When that changes, its parent tells.
const UNREADABLE: i32 = -1;

/// A watched project's number.
pub(super) type Id = u64;

/// How a project stands with the watcher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not watched (any more): to be taken in again.
    Unwatched,
    /// Being taken in.
    Starting,
    /// Every change is told.
    Watched,
    /// Cannot be watched, for this reason: it is compared with the disk at each question.
    Impossible(String),
}

struct Project {
    root: PathBuf,
    standing: Standing,
    /// Watched folders by path.
    folders: BTreeMap<Vec<u8>, i32>,
    /// Devices that were found to tell of their changes.
    devices: BTreeSet<u64>,
    changed_folders: BTreeSet<Vec<u8>>,
    changed_trees: BTreeSet<Vec<u8>>,
    changed_files: BTreeSet<(Vec<u8>, Vec<u8>)>,
}

impl Project {
    fn new(root: &Path) -> Project {
        Project {
            root: root.to_path_buf(),
            standing: Standing::Unwatched,
            folders: BTreeMap::new(),
            devices: BTreeSet::new(),
            changed_folders: BTreeSet::new(),
            changed_trees: BTreeSet::new(),
            changed_files: BTreeSet::new(),
        }
    }

    fn has_changes(&self) -> bool {
        self.changes() > 0
    }

    fn changes(&self) -> usize {
        self.changed_folders.len() + self.changed_trees.len() + self.changed_files.len()
    }

    fn take(&mut self) -> Changes {
        Changes::Within {
            folders: std::mem::take(&mut self.changed_folders),
            trees: std::mem::take(&mut self.changed_trees),
            files: std::mem::take(&mut self.changed_files),
        }
    }
}

struct Inner {
    projects: HashMap<Id, Project>,
    /// Who watches a folder, and under which path.
    watches: HashMap<i32, Vec<(Id, Vec<u8>)>>,
    overflows: u64,
    events: u64,
}

/// Watches the folders of all projects.
pub(super) struct Watcher {
    queue: OwnedFd,
    watches_max: usize,
    inner: Mutex<Inner>,
}

impl Watcher {
    /// A watcher of at most so many folders.
    pub(super) fn new(watches_max: usize) -> Result<Watcher, DaemonError> {
        let queue = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
            .map_err(|errno| DaemonError::io("watch", "files")(errno.into()))?;
        let inner = Inner { projects: HashMap::new(), watches: HashMap::new(), overflows: 0, events: 0 };
        Ok(Watcher { queue, watches_max, inner: Mutex::new(inner) })
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, for ever, until something has changed.
    pub(super) fn wait(&self) {
        let mut polled = [PollFd::new(&self.queue, PollFlags::IN)];
        let _ = poll(&mut polled, None);
    }

    /// Everything that may have changed in a project since it was last asked, this moment included.
    pub(super) fn take(&self, id: Id) -> Changes {
        let mut inner = self.inner();
        self.drain(&mut inner);
        match inner.projects.get_mut(&id) {
            Some(project) if project.standing == Standing::Watched => project.take(),
            _ => Changes::Unknown,
        }
    }

    /// Projects with changes that nobody has asked for yet, and those that are no longer watched.
    pub(super) fn changed(&self) -> Vec<Id> {
        let mut inner = self.inner();
        self.drain(&mut inner);
        let wanted = |project: &Project| match project.standing {
            Standing::Watched => project.has_changes(),
            Standing::Unwatched => true,
            Standing::Starting | Standing::Impossible(_) => false,
        };
        let mut ids: Vec<Id> =
            inner.projects.iter().filter(|(_, project)| wanted(project)).map(|(&id, _)| id).collect();
        ids.sort_unstable();
        ids
    }

    pub(super) fn standing(&self, id: Id) -> Standing {
        self.inner().projects.get(&id).map_or(Standing::Unwatched, |project| project.standing.clone())
    }

    /// Number of watched folders, and how often the queue was too short and how many events were read.
    pub(super) fn figures(&self) -> (usize, u64, u64) {
        let inner = self.inner();
        (inner.watches.len(), inner.overflows, inner.events)
    }

    /// Begins to watch a project anew. What happens from the first [`Watcher::follow`] on is not lost.
    pub(super) fn start(&self, id: Id, root: &Path) {
        let mut inner = self.inner();
        self.unwatch_all(&mut inner, id);
        let mut project = Project::new(root);
        project.standing = match cannot_watch(root) {
            Some(reason) => Standing::Impossible(reason),
            None => Standing::Starting,
        };
        inner.projects.insert(id, project);
    }

    /// A project that was being taken in is now as it was told, or the attempt is given up.
    pub(super) fn settled(&self, id: Id, whole: bool) {
        let mut inner = self.inner();
        if let Some(project) = inner.projects.get_mut(&id)
            && project.standing == Standing::Starting
        {
            project.standing = if whole { Standing::Watched } else { Standing::Unwatched };
        }
    }

    /// Watches exactly these folders; returns those that were not watched before: what happened in them until now is
    /// not known.
    pub(super) fn follow<'f>(
        &self,
        id: Id,
        root: &Path,
        folders: impl Iterator<Item = &'f [u8]>,
    ) -> BTreeSet<Vec<u8>> {
        let mut inner = self.inner();
        let Some(project) = inner.projects.get(&id) else { return BTreeSet::new() };
        if matches!(project.standing, Standing::Impossible(_) | Standing::Unwatched) {
            return BTreeSet::new();
        }
        let wanted: BTreeSet<&[u8]> = folders.collect();
        let is_wanted =
            |path: &[u8]| wanted.contains(path) || nest_of(path).is_some_and(|nest| wanted.contains(nest));
        let gone: Vec<Vec<u8>> = project.folders.keys().filter(|path| !is_wanted(path)).cloned().collect();
        let new: BTreeSet<Vec<u8>> = wanted
            .into_iter()
            .filter(|path| !project.folders.contains_key(*path))
            .map(<[u8]>::to_vec)
            .collect();
        for path in gone {
            self.unwatch(&mut inner, id, &path);
        }
        for path in &new {
            let watched =
                self.watch(&mut inner, id, root, path).and_then(|()| self.watch_nest(&mut inner, id, path));
            if let Err(reason) = watched {
                self.give_up(&mut inner, id, reason);
                break;
            }
        }
        new
    }

    /// Lets folders be looked at again at the next question.
    pub(super) fn suspect(&self, id: Id, folders: BTreeSet<Vec<u8>>) {
        if let Some(project) = self.inner().projects.get_mut(&id) {
            project.changed_folders.extend(folders);
        }
    }

    fn watch(&self, inner: &mut Inner, id: Id, root: &Path, path: &[u8]) -> Result<(), String> {
        if inner.watches.len() >= self.watches_max {
            return Err(format!("{} folders are watched already", self.watches_max));
        }
        let absolute = root.join(OsStr::from_bytes(path));
        let number = match inotify::add_watch(&self.queue, &absolute, mask()) {
            Ok(number) => number,
            Err(Errno::ACCESS | Errno::PERM) => UNREADABLE,
            // It went just now: its parent tells.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(()),
            Err(Errno::NOSPC) => {
                return Err("the system's limit of watches is reached (fs.inotify.max_user_watches)".into());
            }
            Err(errno) => return Err(format!("a folder cannot be watched: {errno}")),
        };
        let Some(project) = inner.projects.get_mut(&id) else { return Ok(()) };
        if let Ok(meta) = std::fs::symlink_metadata(&absolute)
            && project.devices.insert(meta.dev())
            && let Some(reason) = cannot_watch(&absolute)
        {
            return Err(reason);
        }
        project.folders.insert(path.to_vec(), number);
        if number != UNREADABLE {
            inner.watches.entry(number).or_default().push((id, path.to_vec()));
        }
        Ok(())
    }

    /// Watches the git folder in a folder, if there is one: with its HEAD the folder becomes another repository, and is no
    /// part of the project any more.
    fn watch_nest(&self, inner: &mut Inner, id: Id, folder: &[u8]) -> Result<(), String> {
        let Some(root) = inner.projects.get(&id).map(|project| project.root.clone()) else { return Ok(()) };
        if folder.is_empty() {
            return Ok(());
        }
        self.watch(inner, id, &root, &[folder, NEST].concat())
    }

    fn unwatch(&self, inner: &mut Inner, id: Id, path: &[u8]) {
        let Some(number) = inner.projects.get_mut(&id).and_then(|project| project.folders.remove(path))
        else {
            return;
        };
        let Some(users) = inner.watches.get_mut(&number) else { return };
        users.retain(|(other, other_path)| *other != id || other_path != path);
        if users.is_empty() {
            inner.watches.remove(&number);
            // The folder may be gone, and the watch with it.
            let _ = inotify::remove_watch(&self.queue, number);
        }
    }

    /// Stops watching a folder and all below it.
    fn unwatch_tree(&self, inner: &mut Inner, id: Id, top: &[u8]) {
        let Some(project) = inner.projects.get(&id) else { return };
        let prefix = if top.is_empty() { Vec::new() } else { [top, b"/"].concat() };
        let below: Vec<Vec<u8>> = project
            .folders
            .range(top.to_vec()..)
            .map(|(path, _)| path)
            .take_while(|path| path.starts_with(top))
            .filter(|path| path.as_slice() == top || path.starts_with(&prefix))
            .cloned()
            .collect();
        for path in below {
            self.unwatch(inner, id, &path);
        }
    }

    fn unwatch_all(&self, inner: &mut Inner, id: Id) {
        self.unwatch_tree(inner, id, b"");
    }

    fn give_up(&self, inner: &mut Inner, id: Id, reason: String) {
        self.unwatch_all(inner, id);
        if let Some(project) = inner.projects.get_mut(&id) {
            project.standing = Standing::Impossible(reason);
        }
    }

    /// Forgets a project.
    pub(super) fn forget(&self, id: Id) {
        let mut inner = self.inner();
        self.unwatch_all(&mut inner, id);
        inner.projects.remove(&id);
    }

    /// Reads the queue until it is empty.
    fn drain(&self, inner: &mut Inner) {
        let mut buffer = [MaybeUninit::uninit(); BUFFER_BYTES];
        let mut reader = inotify::Reader::new(&self.queue, &mut buffer);
        loop {
            match reader.next() {
                Ok(event) => {
                    inner.events += 1;
                    let name = event.file_name().map(|name| name.to_bytes().to_vec());
                    self.note(inner, event.wd(), event.events(), name.as_deref());
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => return self.lose_all(inner),
            }
        }
    }

    /// Some changes are lost: every project is to be taken in again.
    fn lose_all(&self, inner: &mut Inner) {
        inner.overflows += 1;
        let ids: Vec<Id> = inner.projects.keys().copied().collect();
        for id in ids {
            self.lose(inner, id);
        }
    }

    fn lose(&self, inner: &mut Inner, id: Id) {
        self.unwatch_all(inner, id);
        if let Some(project) = inner.projects.get_mut(&id)
            && !matches!(project.standing, Standing::Impossible(_))
        {
            *project = Project::new(&project.root);
        }
    }

    fn note(&self, inner: &mut Inner, number: i32, what: ReadFlags, name: Option<&[u8]>) {
        if what.contains(ReadFlags::QUEUE_OVERFLOW) {
            return self.lose_all(inner);
        }
        let users = inner.watches.get(&number).cloned().unwrap_or_default();
        for (id, folder) in users {
            if what.intersects(ReadFlags::UNMOUNT)
                || (folder.is_empty() && what.intersects(ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF))
            {
                self.lose(inner, id);
                continue;
            }
            if what.contains(ReadFlags::IGNORED) {
                self.unwatch(inner, id, &folder);
                continue;
            }
            self.note_in(inner, id, &folder, what, name);
        }
    }

    fn note_in(&self, inner: &mut Inner, id: Id, folder: &[u8], what: ReadFlags, name: Option<&[u8]>) {
        let entries = ReadFlags::CREATE | ReadFlags::DELETE | ReadFlags::MOVED_FROM | ReadFlags::MOVED_TO;
        let child =
            name.map(|name| if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() });
        let of_folder = what.contains(ReadFlags::ISDIR);
        if let Some(child) = &child
            && of_folder
        {
            // Under this name there may be another folder by now.
            self.unwatch_tree(inner, id, child);
        }
        if of_folder
            && name == Some(&NEST[1..])
            && let Err(reason) = self.watch_nest(inner, id, folder)
        {
            return self.give_up(inner, id, reason);
        }
        let Some(project) = inner.projects.get_mut(&id) else { return };
        match (child, name) {
            _ if nest_of(folder).is_some() => {
                project.changed_folders.insert(nest_of(folder).unwrap_or_default().to_vec());
            }
            (Some(child), _) if of_folder => {
                project.changed_folders.insert(folder.to_vec());
                project.changed_trees.insert(child);
            }
            (Some(_), Some(name)) => {
                if what.intersects(entries) {
                    project.changed_folders.insert(folder.to_vec());
                }
                project.changed_files.insert((folder.to_vec(), name.to_vec()));
            }
            _ => {
                project.changed_trees.insert(folder.to_vec());
            }
        }
        if project.changes() > CHANGES_MAX {
            self.lose(inner, id);
        }
    }
}

/// The folder that a path of a git folder lies in.
fn nest_of(path: &[u8]) -> Option<&[u8]> {
    path.strip_suffix(NEST)
}

fn mask() -> WatchFlags {
    WatchFlags::MODIFY
        | WatchFlags::ATTRIB
        | WatchFlags::CLOSE_WRITE
        | WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::MOVED_FROM
        | WatchFlags::MOVED_TO
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF
        | WatchFlags::ONLYDIR
        | WatchFlags::DONT_FOLLOW
        | WatchFlags::EXCL_UNLINK
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
