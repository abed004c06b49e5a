//! Brings the index up to the state of the work tree: probe or scan, then look at what may have changed.

use super::context::{Context, IndexError};
use super::look::{Item, Looked, look};
use super::manifest::{Dir, Entry, Manifest, State};
use super::schema;
use super::source;
use super::store::Index;
use crate::base::{Deadline, now_ns};
use crate::fs::Lock;
use crate::project::{
    self, DirListing, DirStat, FileStat, Known, KnownDir, KnownFile, Probe, ProbeOutcome, Root, RootKind,
    ScanOptions,
};
use crate::store::StoreError;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Files of a project beyond this number are not looked at.
const FILES_MAX: usize = 400_000;
/// Coarsest clock of a file system: a file changed this shortly before it was read may change again unseen.
const RACY_NS: i64 = 2_000_000_000;
/// Share of an update's time for a walk.
const SCAN_SHARE: f64 = 0.6;
/// More new or changed folders than this are found by a scan rather than one by one.
const LISTINGS_MAX: usize = 200;
/// Share of an update's time for one question to git.
const GIT_SHARE: f64 = 0.3;
/// One question to git takes at most this, in milliseconds, however much time there is: a background refresh has all the
/// time in the world, and must end when git hangs.
const GIT_MS_MAX: u64 = 60_000;
/// Files analysed between two saves of a long update.
const CHUNK_FILES: usize = 3000;
/// A short-lived process saves at most this many files, since saving delays its exit.
const QUICK_FILES_MAX: usize = 1500;
/// How long a short-lived process waits for another one that is saving.
const QUICK_WAIT: Duration = Duration::from_millis(20);
/// With so much time left a short-lived process saves any number of files.
const QUICK_LEFT: Duration = Duration::from_millis(1200);
/// How long a background process waits for another one that is saving.
const PATIENT_WAIT: Duration = Duration::from_secs(20);

/// How an update is to be done.
pub(crate) struct UpdateOptions<'a> {
    /// Looking at files stops here; what is left stays pending.
    pub(crate) deadline: Deadline,
    /// Worker threads.
    pub(crate) threads: usize,
    /// Whether all pending files are to be done, with saves in between, however long it takes.
    pub(crate) patient: bool,
    /// Whether everything is walked anew even if nothing seems to have changed.
    pub(crate) full: bool,
    /// What comparing the index, as it is, with the disk has shown a moment ago; `None` to compare now.
    pub(crate) seen: Option<&'a ProbeOutcome>,
    /// What may have changed, if somebody has watched; otherwise everything is compared with the disk.
    pub(crate) suspects: Option<&'a Suspects>,
    /// Which files come first when time is short; higher first.
    pub(crate) urgency: &'a (dyn Fn(&[u8]) -> u32 + Sync),
    /// Told how many files are done, of how many.
    pub(crate) progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// What may have changed since the index was last up to date; nothing else has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Suspects {
    /// Folders whose entries may be others.
    pub(crate) folders: BTreeSet<Vec<u8>>,
    /// Folders below which anything may be different.
    pub(crate) trees: BTreeSet<Vec<u8>>,
    /// Files by folder and name.
    pub(crate) files: BTreeSet<(Vec<u8>, Vec<u8>)>,
}

impl Suspects {
    pub(crate) fn is_empty(&self) -> bool {
        self.folders.is_empty() && self.trees.is_empty() && self.files.is_empty()
    }
}

/// What an update did.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Updated {
    /// Files whose content was looked at.
    pub(crate) looked_at: usize,
    /// Files whose content was new.
    pub(crate) changed: usize,
    /// Files that are still to be looked at.
    pub(crate) pending: usize,
    /// Whether the walk saw everything.
    pub(crate) walked: bool,
}

/// Brings `index` up to date as far as the options allow, and saves it if that is quick or asked for.
pub(crate) fn update(
    index: &mut Index,
    context: &Context<'_>,
    root: &Root,
    options: &UpdateOptions<'_>,
) -> Result<Updated, IndexError> {
    let started_ns = now_ns();
    let (mut items, walked) = find_work(index, context, root, options, started_ns)?;
    add_unsure(index, &mut items, context.settings.memory_file_bytes_max);
    let total = items.len();
    if total > QUICK_FILES_MAX && !options.patient {
        items.sort_by_cached_key(|item| {
            let path = index
                .manifest
                .dirs
                .get(&item.dir)
                .map(|dir| join(&item.dir, dir.name(&dir.entries[item.index])));
            // Of files that are as urgent many small ones tell more than a few large ones.
            (std::cmp::Reverse(path.map_or(0, |path| (options.urgency)(&path))), item.size)
        });
    }
    let mut updated = Updated { walked, ..Updated::default() };
    let mut gone = Vec::new();
    for chunk in items.chunks(if options.patient { CHUNK_FILES } else { usize::MAX }) {
        let looked = look(&index.manifest, context, &root.path, chunk, options, (updated.looked_at, total));
        apply(index, chunk, looked, &mut updated, &mut gone);
        if options.patient {
            save(index, context, PATIENT_WAIT);
        }
    }
    remove_gone(index, gone);
    updated.pending = total - updated.looked_at;
    if updated.pending == 0 && walked {
        if total > 0 {
            index.dirty = true;
        }
        index.verified_ns = started_ns;
    }
    if index.dirty && walked && options.patient {
        save(index, context, PATIENT_WAIT);
    }
    Ok(updated)
}

/// Saves what a short-lived process has found, if that is quick; called when its answer is ready.
pub(crate) fn save_quick(index: &mut Index, context: &Context<'_>, updated: &Updated) {
    let quick = updated.looked_at <= QUICK_FILES_MAX || context.deadline.left() > QUICK_LEFT;
    if index.dirty && updated.walked && updated.pending == 0 && quick {
        save(index, context, QUICK_WAIT);
    }
}

/// Saves under the project's lock; not having it is no error, the next process saves.
fn save(index: &mut Index, context: &Context<'_>, wait: Duration) {
    if index.connection.is_none() || index.outdated {
        return;
    }
    let Ok(_held) = Lock::acquire(&index.home.lock, wait) else { return };
    if let Err(error) = index.save() {
        // A full or read-only disk must not keep an answer from being given.
        context.log.line("warn", &format!("index: not saved: {error}"));
        if matches!(error, IndexError::Store(StoreError::Damaged { .. })) {
            schema::set_aside(context, &index.home);
        }
    }
}

/// Whether only a walk can tell what belongs to the project: never walked, long ago, or the rules have changed.
fn needs_walk(index: &Index, context: &Context<'_>, now: i64) -> bool {
    let age_max =
        i64::try_from(context.settings.memory_verify_hours).unwrap_or(24).saturating_mul(3_600_000_000_000);
    let unsure = index.verified_ns.saturating_sub(RACY_NS);
    let rules_changed = || {
        index.control.iter().any(|(path, stat)| {
            project::control_stat(Path::new(OsStr::from_bytes(path))) != *stat
                || stat.is_some_and(|stat| stat.ctime_ns >= unsure)
        })
    };
    let no_root = !index.manifest.dirs.contains_key(b"".as_slice());
    index.is_new() || no_root || now.saturating_sub(index.scanned_ns) > age_max || rules_changed()
}

/// What became of work on an index while it was compared with the disk.
pub(crate) enum Compared<T> {
    /// An answer for the work tree of this moment.
    Same(T),
    /// The index is not up to date in these places; what was worked out is dropped.
    Seen(ProbeOutcome),
    /// Nothing but an update can tell.
    Unknown,
}

/// Works on the index as it is while another thread compares it with the disk.
///
/// `work` is told to stop by the flag as soon as a difference is known.
pub(crate) fn while_comparing<T>(
    index: &Index,
    context: &Context<'_>,
    root: &Root,
    work: impl FnOnce(&AtomicBool) -> Option<T>,
) -> Compared<T> {
    if needs_walk(index, context, now_ns())
        || has_unsure(index, context)
        || git_index_stat(root) != index.git_index
    {
        return Compared::Unknown;
    }
    let known = KnownDirs::of(&index.manifest);
    let Ok(probe) = Probe::new(root, &known) else { return Compared::Unknown };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| probe.work());
        let value = work(probe.differs());
        // Whoever is ready first helps the other: the machine may run two threads at once, or not.
        let own = Some(probe.work());
        let outcome = probe.sum([own, other.join().ok()]);
        match value {
            Some(value) if outcome.unchanged() => Compared::Same(value),
            _ => Compared::Seen(outcome),
        }
    })
}

/// Whether the project is as the index has it when no file and no folder that it knows has changed.
pub(crate) fn rules_are_the_same(index: &Index, context: &Context<'_>, root: &Root) -> bool {
    !needs_walk(index, context, now_ns()) && git_index_stat(root) == index.git_index
}

/// Whether any file or folder changed so shortly before the last comparison that its numbers prove nothing.
fn has_unsure(index: &Index, context: &Context<'_>) -> bool {
    let racy = index.verified_ns.saturating_sub(RACY_NS);
    let bytes_max = context.settings.memory_file_bytes_max;
    index.manifest.dirs.values().any(|dir| {
        dir.ctime_ns >= racy
            || dir
                .entries
                .iter()
                .any(|entry| entry.state == State::Pending || is_unsure(entry, racy, bytes_max))
    })
}

/// Lists the files whose numbers differ from what is known; the flag says whether everything was seen.
fn find_work(
    index: &mut Index,
    context: &Context<'_>,
    root: &Root,
    options: &UpdateOptions<'_>,
    now: i64,
) -> Result<(Vec<Item>, bool), IndexError> {
    if options.full || needs_walk(index, context, now) || tracks_others(index, context, root, options) {
        return scan(index, context, root, options, now);
    }
    match probe(index, context, root, options)? {
        Some(items) => Ok((items, true)),
        None => scan(index, context, root, options, now),
    }
}

/// Whether git's own index has changed in such a way that other ignored files are tracked now.
fn tracks_others(index: &mut Index, context: &Context<'_>, root: &Root, options: &UpdateOptions<'_>) -> bool {
    let stat = git_index_stat(root);
    if stat == index.git_index {
        return false;
    }
    let asked = crate::git::tracked_ignored(context.env, &root.path, git_deadline(options.deadline));
    let Ok(tracked) = asked else { return false };
    index.git_index = stat;
    index.dirty = true;
    tracked != index.tracked_ignored
}

fn git_deadline(whole: Deadline) -> Deadline {
    let (share, limit) = (whole.share(GIT_SHARE), Deadline::after_ms(GIT_MS_MAX));
    if share.left() < limit.left() { share } else { limit }
}

fn git_index_stat(root: &Root) -> Option<FileStat> {
    match &root.kind {
        RootKind::Git { git_dir, .. } => project::control_stat(&git_dir.join("index")),
        RootKind::Manifest | RootKind::Plain => None,
    }
}

/// Walks everything.
fn scan(
    index: &mut Index,
    context: &Context<'_>,
    root: &Root,
    options: &UpdateOptions<'_>,
    now: i64,
) -> Result<(Vec<Item>, bool), IndexError> {
    let git_index = git_index_stat(root);
    let forced = crate::git::tracked_ignored(context.env, &root.path, git_deadline(options.deadline))
        .unwrap_or_default();
    let scan_options = ScanOptions { files_max: FILES_MAX, threads: options.threads };
    let outcome =
        project::scan(root, context.env, &forced, &scan_options, options.deadline.share(SCAN_SHARE))
            .map_err(IndexError::Project)?;
    for warning in outcome.warnings.iter().take(5) {
        context.log.line("warn", &format!("index: {warning}"));
    }
    // Limits of number and depth cut every walk at the same place: what is beyond them is no part of the project.
    let whole = !outcome.truncated || !options.deadline.share(SCAN_SHARE).passed();
    let mut items = Vec::new();
    let listed: BTreeSet<&[u8]> = outcome.dirs.iter().map(|dir| dir.path.as_slice()).collect();
    if whole {
        let lost: Vec<Vec<u8>> =
            index.manifest.dirs.keys().filter(|path| !listed.contains(path.as_slice())).cloned().collect();
        for path in lost {
            remove_dir(index, &path);
        }
    }
    for listing in &outcome.dirs {
        relist(index, listing, &mut items);
    }
    if whole {
        index.control = outcome
            .control
            .into_iter()
            .map(|(path, stat)| (path.into_os_string().into_vec(), stat))
            .collect();
        index.tracked_ignored = forced;
        index.git_index = git_index;
        index.scanned_ns = now;
        index.dirty = true;
    }
    Ok((items, whole))
}

/// Compares what is known with the disk; `None` when so much is new that a scan is quicker.
fn probe(
    index: &mut Index,
    context: &Context<'_>,
    root: &Root,
    options: &UpdateOptions<'_>,
) -> Result<Option<Vec<Item>>, IndexError> {
    let (mut items, mut queue) = match options.suspects {
        Some(suspects) => suspected(&index.manifest, suspects),
        None => compare(index, root, options)?,
    };
    if queue.len() > LISTINGS_MAX {
        return Ok(None);
    }
    // What a listing finds replaces what was found in the folder before.
    let mut relisted: BTreeMap<Vec<u8>, Vec<Item>> = BTreeMap::new();
    let mut listings = 0;
    while let Some((path, was_known)) = queue.pop() {
        if was_known && !index.manifest.dirs.contains_key(&path) {
            // It went away with its parent while the queue was worked off.
            continue;
        }
        let mut control = Vec::new();
        let listing = project::list_dir(root, context.env, &index.tracked_ignored, &path, &mut control)
            .map_err(IndexError::Project)?;
        listings += 1;
        if listings > LISTINGS_MAX || has_new_rules(index, root, &path) {
            return Ok(None);
        }
        // A folder that is out because of a repository of its own comes back when that one goes.
        for (path, stat) in control {
            index.control.entry(path.into_os_string().into_vec()).or_insert(stat);
        }
        let Some(listing) = listing else {
            remove_dir(index, &path);
            continue;
        };
        queue.extend(missing_children(index, &listing).into_iter().map(|child| (child, false)));
        let mut found = Vec::new();
        relist(index, &listing, &mut found);
        relisted.insert(path, found);
    }
    items.retain(|item| !relisted.contains_key(&item.dir));
    items.extend(relisted.into_values().flatten());
    items.retain(|item| index.manifest.dirs.get(&item.dir).is_some_and(|dir| item.index < dir.entries.len()));
    Ok(Some(items))
}

/// Folders to list, and whether the index has them.
type Queue = Vec<(Vec<u8>, bool)>;

/// The files with other numbers, and the folders that must be listed again.
fn compare(
    index: &Index,
    root: &Root,
    options: &UpdateOptions<'_>,
) -> Result<(Vec<Item>, Queue), IndexError> {
    let known = KnownDirs::of(&index.manifest);
    let outcome = match options.seen {
        Some(outcome) => outcome.clone(),
        None => project::probe(root, &known, options.threads).map_err(IndexError::Project)?,
    };
    let files = outcome.changed_files.iter().chain(&outcome.vanished_files);
    let files = files.map(|&(dir, index)| Item { dir: known.dirs[dir].0.to_vec(), index, size: 0 });
    let racy = index.verified_ns.saturating_sub(RACY_NS);
    let mut dirs: BTreeSet<&[u8]> =
        known.dirs.iter().filter(|(_, dir)| dir.ctime_ns >= racy).map(|&(path, _)| path).collect();
    dirs.extend(outcome.changed_dirs.iter().chain(&outcome.vanished_dirs).map(|&dir| known.dirs[dir].0));
    Ok((files.collect(), dirs.into_iter().map(|path| (path.to_vec(), true)).collect()))
}

/// The files to look at and the folders to list where it is known what may have changed.
///
/// A suspected file is read even if its numbers are the same: a change within one tick of the clock does not show in them.
fn suspected(manifest: &Manifest, suspects: &Suspects) -> (Vec<Item>, Queue) {
    let mut folders: BTreeSet<&[u8]> = suspects.folders.iter().map(Vec::as_slice).collect();
    for tree in &suspects.trees {
        folders.extend(subtree(manifest, tree));
    }
    let folders = folders.into_iter().filter(|path| manifest.dirs.contains_key(*path));
    let mut items = Vec::new();
    for (path, name) in &suspects.files {
        let Some(dir) = manifest.dirs.get(path) else { continue };
        if let Ok(index) = dir.entries.binary_search_by(|entry| dir.name(entry).cmp(name)) {
            items.push(Item { dir: path.clone(), index, size: 0 });
        }
    }
    (items, folders.map(|path| (path.to_vec(), true)).collect())
}

/// A folder that the manifest has, and all below it.
fn subtree<'m>(manifest: &'m Manifest, top: &[u8]) -> impl Iterator<Item = &'m [u8]> {
    let top = top.to_vec();
    let mut prefix = top.clone();
    if !prefix.is_empty() {
        prefix.push(b'/');
    }
    let from = manifest.dirs.range(top.clone()..).map(|(path, _)| path.as_slice());
    // Names such as `a-b` stand between `a` and `a/b`.
    from.take_while({
        let top = top.clone();
        move |path| path.starts_with(&top)
    })
    .filter(move |path| *path == top.as_slice() || path.starts_with(&prefix))
}

/// Whether an ignore-rule file has appeared in a folder; its rules reach further down than that folder.
fn has_new_rules(index: &Index, root: &Root, dir: &[u8]) -> bool {
    [".gitignore", ".rtkignore"].iter().any(|name| {
        let path = source::absolute(&root.path, &join(dir, name.as_bytes()));
        !index.control.contains_key(path.as_os_str().as_bytes()) && project::control_stat(&path).is_some()
    })
}

/// Folders of a listing that the index does not have yet; those it has and the listing has not are removed.
fn missing_children(index: &mut Index, listing: &DirListing) -> Vec<Vec<u8>> {
    let wanted: BTreeSet<Vec<u8>> = listing.subdirs.iter().map(|name| join(&listing.path, name)).collect();
    let mut prefix = listing.path.clone();
    if !prefix.is_empty() {
        prefix.push(b'/');
    }
    let below = index.manifest.dirs.range(prefix.clone()..).map(|(path, _)| path);
    let children = below
        .take_while(|path| path.starts_with(&prefix))
        .filter(|path| path.len() > prefix.len() && !path[prefix.len()..].contains(&b'/'));
    let lost: Vec<Vec<u8>> = children.filter(|path| !wanted.contains(*path)).cloned().collect();
    for path in lost {
        remove_dir(index, &path);
    }
    wanted.into_iter().filter(|path| !index.manifest.dirs.contains_key(path)).collect()
}

/// What the index knows, in the form that the probe asks for.
struct KnownDirs<'a> {
    dirs: Vec<(&'a [u8], &'a Dir)>,
}

impl<'a> KnownDirs<'a> {
    fn of(manifest: &'a Manifest) -> KnownDirs<'a> {
        KnownDirs { dirs: manifest.dirs.iter().map(|(path, dir)| (path.as_slice(), dir.as_ref())).collect() }
    }
}

impl Known for KnownDirs<'_> {
    fn dir_count(&self) -> usize {
        self.dirs.len()
    }
    fn dir(&self, index: usize) -> KnownDir<'_> {
        let (path, dir) = self.dirs[index];
        let stat = DirStat { mtime_ns: dir.mtime_ns, ctime_ns: dir.ctime_ns, inode: dir.inode };
        KnownDir { path, stat, files: dir.entries.len() }
    }
    fn file(&self, dir: usize, file: usize) -> KnownFile<'_> {
        let (_, dir) = self.dirs[dir];
        let entry = &dir.entries[file];
        KnownFile { name: dir.name(entry), stat: entry.stat }
    }
}

fn is_unsure(entry: &Entry, racy: i64, bytes_max: u64) -> bool {
    match entry.state {
        State::Pending => false,
        State::Indexed if entry.stat.size > bytes_max => true,
        State::NameOnly if entry.stat.size <= bytes_max => true,
        _ => entry.stat.ctime_ns >= racy,
    }
}

/// Adds the files that changed so shortly before they were last verified that their numbers prove nothing, and those
/// that another limit of size treats otherwise.
fn add_unsure(index: &Index, items: &mut Vec<Item>, bytes_max: u64) {
    let racy = index.verified_ns.saturating_sub(RACY_NS);
    let unsure = |entry: &Entry| is_unsure(entry, racy, bytes_max);
    let mut listed: HashMap<&[u8], HashSet<usize>> = HashMap::new();
    for item in items.iter() {
        listed.entry(&item.dir).or_default().insert(item.index);
    }
    let mut more = Vec::new();
    for (path, dir) in &index.manifest.dirs {
        let mut numbers =
            (0..).zip(&dir.entries).filter(|(_, entry)| unsure(entry)).map(|(number, _)| number);
        let Some(first) = numbers.next() else { continue };
        let known = listed.get(path.as_slice());
        let numbers = std::iter::once(first).chain(numbers);
        more.extend(
            numbers.filter(|number| !known.is_some_and(|known| known.contains(number))).map(|index| Item {
                dir: path.clone(),
                index,
                size: 0,
            }),
        );
    }
    items.extend(more);
}

/// Replaces a folder by its listing and notes the files whose numbers differ.
fn relist(index: &mut Index, listing: &DirListing, items: &mut Vec<Item>) {
    let before = index.manifest.dirs.get(&listing.path).map(Arc::as_ref);
    if before.is_some_and(|dir| same_listing(dir, listing)) {
        return;
    }
    let (dir, gone) = Dir::relisted(before, listing);
    for (name, stat) in &listing.files {
        let found = dir.entries.binary_search_by(|entry| dir.name(entry).cmp(name));
        if let Ok(number) = found
            && dir.entries[number].stat != *stat
        {
            items.push(Item { dir: listing.path.clone(), index: number, size: stat.size });
        }
    }
    index.manifest.dirs.insert(listing.path.clone(), Arc::new(dir));
    index.dirty = true;
    for doc in gone {
        index.remove(doc);
    }
}

fn same_listing(dir: &Dir, listing: &DirListing) -> bool {
    (dir.mtime_ns, dir.ctime_ns, dir.inode) == (listing.mtime_ns, listing.ctime_ns, listing.inode)
        && dir.entries.len() == listing.files.len()
        && listing.files.iter().all(|(name, stat)| dir.find(name).is_some_and(|entry| entry.stat == *stat))
}

/// Removes a folder and everything below it.
fn remove_dir(index: &mut Index, path: &[u8]) {
    let lost: Vec<Vec<u8>> = subtree(&index.manifest, path).map(<[u8]>::to_vec).collect();
    for path in lost {
        let Some(dir) = index.manifest.dirs.remove(&path) else { continue };
        index.dirty = true;
        if dir.row != 0 {
            index.dropped_dirs.push(dir.row);
        }
        for entry in &dir.entries {
            index.remove(entry.doc);
        }
    }
}

/// Writes what was seen into the index.
fn apply(
    index: &mut Index,
    items: &[Item],
    looked: Vec<Looked>,
    updated: &mut Updated,
    gone: &mut Vec<(Vec<u8>, Vec<u8>)>,
) {
    for (item, looked) in items.iter().zip(looked) {
        let Some(dir) = index.manifest.dir_mut(&item.dir) else { continue };
        let Some(entry) = dir.entries.get_mut(item.index) else { continue };
        updated.looked_at += usize::from(!matches!(looked, Looked::Skipped));
        let before = entry.doc;
        match looked {
            Looked::Skipped => continue,
            Looked::Same(stat) => {
                if entry.stat != stat {
                    entry.stat = stat;
                    dir.dirty = true;
                    index.dirty = true;
                }
                continue;
            }
            Looked::Gone => {
                let name =
                    dir.entries.get(item.index).map(|entry| dir.name(entry).to_vec()).unwrap_or_default();
                gone.push((item.dir.clone(), name));
                continue;
            }
            Looked::Excluded(stat) => {
                entry.stat = stat;
                entry.state = State::Excluded;
                entry.doc = 0;
                entry.hash = 0;
            }
            Looked::Changed(changed) => {
                updated.changed += 1;
                entry.stat = changed.stat;
                entry.hash = changed.hash;
                entry.state = changed.state;
                entry.language = changed.language;
                entry.class = changed.class;
                entry.lengths = changed.document.lengths;
                entry.symbols = u32::try_from(changed.document.outline.symbols.len()).unwrap_or(u32::MAX);
                let (path, number) = (item.dir.as_slice(), item.index);
                let doc = index.add(changed.document);
                if let Some(entry) = index.manifest.dir_mut(path).and_then(|dir| dir.entries.get_mut(number))
                {
                    entry.doc = doc;
                }
            }
        }
        if let Some(dir) = index.manifest.dir_mut(&item.dir) {
            dir.dirty = true;
        }
        index.dirty = true;
        index.remove(before);
    }
}

/// Takes files out that vanished between listing and reading; their folder will be listed again.
fn remove_gone(index: &mut Index, gone: Vec<(Vec<u8>, Vec<u8>)>) {
    for (path, name) in gone {
        let Some(dir) = index.manifest.dir_mut(&path) else { continue };
        let Ok(number) = dir.entries.binary_search_by(|entry| dir.name(entry).cmp(&name)) else { continue };
        let entry = &mut dir.entries[number];
        let doc = std::mem::take(&mut entry.doc);
        entry.state = State::Excluded;
        entry.hash = 0;
        // Unlike any real file: the next probe looks again.
        entry.stat = FileStat { size: u64::MAX, ..FileStat::default() };
        dir.dirty = true;
        index.remove(doc);
    }
}

/// A path below a folder.
pub(crate) fn join(dir: &[u8], name: &[u8]) -> Vec<u8> {
    if dir.is_empty() { name.to_vec() } else { [dir, b"/", name].concat() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_is_never_waited_for_without_end() {
        assert!(git_deadline(Deadline::never()).left() <= Duration::from_millis(GIT_MS_MAX));
        assert!(git_deadline(Deadline::after_ms(1000)).left() <= Duration::from_millis(300));
    }
}
