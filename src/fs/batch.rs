//! Changes many files, all or none: everything is staged and synced together, then put into place under a journal.

use super::commit::{mode_at_first, must_stay_in_place, place_new, sync_folder_of};
use super::disk::{Disk, is_unsupported};
use super::journal::{self, Entry};
use super::options::{LinkPolicy, Outcome, WriteOptions, content_hash};
use super::replace::{ATTEMPTS_MAX, LOCK_WAIT, Updated, lock_path};
use super::target::{Snapshot, resolve_on};
use super::temp::{NEW, Temp, sibling};
use super::{FsError, Lock, attributes, recover};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// From this many files or folders on, one sync of the whole disk takes the place of one for each.
const SYNC_DISK_FROM: usize = 4;
/// What was being done, for errors.
const PLACING: &str = "put the new file into the place of";

/// The contents of all files of a batch (`None`: no file), in the order of their paths.
pub type Contents = Vec<Option<Vec<u8>>>;

/// Gives the new contents of a batch for those that are there.
pub type ChangeAll<'c, E> = dyn FnMut(&[Option<&[u8]>]) -> Result<Contents, E> + 'c;

/// Changes the files at `paths`, all of them or none: `change` gets their contents and gives the new ones, `None` for
/// a file that stays away. After a crash [`recover_idle`] or the next batch ends what was begun. The same
/// file must not be named twice.
pub fn update_all<D: Disk, E: From<FsError>>(
    disk: &D,
    paths: &[PathBuf],
    limit: u64,
    journal: &Path,
    options: &WriteOptions,
    change: &mut ChangeAll<'_, E>,
) -> Result<Vec<Updated>, E> {
    let targets = paths.iter().map(|path| resolve_on(disk, path)).collect::<Result<Vec<_>, _>>()?;
    let _locks = lock_all(&targets, journal, options)?;
    recover::recover(disk, journal)?;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let taken = targets.iter().map(|target| Snapshot::take(disk, target, limit));
        let before = taken.collect::<Result<Vec<_>, _>>()?;
        let contents: Vec<_> =
            before.iter().map(|before| before.as_ref().map(|before| before.content.as_slice())).collect();
        let after = change(&contents)?;
        let mut changes: Vec<Change<'_, D>> = Vec::new();
        for ((target, before), after) in targets.iter().zip(&before).zip(&after) {
            let same = before.as_ref().map(|before| &before.content) == after.as_ref();
            if let (Some(after), false) = (after, same) {
                changes.push(Change { target, before: before.as_ref(), after });
            }
        }
        match commit(disk, &changes, journal, options) {
            Ok(outcome) => return Ok(updated(targets, before, after, &outcome)),
            Err(error) if error.is_conflict() && attempt < ATTEMPTS_MAX => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn updated<D: Disk>(
    targets: Vec<PathBuf>,
    before: Vec<Option<Snapshot<D>>>,
    after: Contents,
    outcome: &Outcome,
) -> Vec<Updated> {
    let files = targets.into_iter().zip(before).zip(after);
    files
        .map(|((path, before), after)| {
            let before = before.map(|before| before.content);
            let outcome = if before == after { Outcome::Unchanged } else { outcome.clone() };
            Updated { path, before, after: after.unwrap_or_default(), outcome }
        })
        .collect()
}

/// The locks of all targets, always in the same order, so that two batches never wait for each other in a circle;
/// behind them the one of the journal, of which there is one.
fn lock_all(targets: &[PathBuf], journal: &Path, options: &WriteOptions) -> Result<Vec<Lock>, FsError> {
    let Some(locks) = &options.locks else { return Ok(Vec::new()) };
    let names: BTreeSet<PathBuf> = targets.iter().map(|target| lock_path(locks, target)).collect();
    names.into_iter().chain([lock_path(locks, journal)]).map(|name| Lock::acquire(&name, LOCK_WAIT)).collect()
}

/// Ends what a crashed batch began, unless a batch is running; what every writing command does first.
pub fn recover_idle<D: Disk>(disk: &D, journal: &Path, locks: &Path) -> Result<(), FsError> {
    if disk.stat(journal).is_err() {
        return Ok(());
    }
    match Lock::try_acquire(&lock_path(locks, journal))? {
        Some(_lock) => recover::recover(disk, journal),
        None => Ok(()),
    }
}

/// One file that changes.
struct Change<'c, D: Disk> {
    target: &'c Path,
    before: Option<&'c Snapshot<D>>,
    after: &'c [u8],
}

/// Stages, journals, syncs, puts into place, syncs. An error means that no file has changed, unless it says otherwise.
fn commit<D: Disk>(
    disk: &D,
    changes: &[Change<'_, D>],
    journal: &Path,
    options: &WriteOptions,
) -> Result<Outcome, FsError> {
    if changes.is_empty() {
        return Ok(Outcome::Unchanged);
    }
    for change in changes {
        if let Some(before) = change.before {
            must_stay_in_place(disk, before, change.target, LinkPolicy::Refuse)?;
        }
    }
    let entries: Vec<Entry> = changes.iter().map(entry).collect();
    // Opened first: a disk tells the errors since then.
    let disks = if options.durable { open_disks(disk, changes)? } else { Vec::new() };
    // The journal comes before what it names, so that a killed process leaves nothing that nobody knows of.
    let mut book = journal::write(disk, journal, &entries, options.durable)?;
    let staged = stage(disk, changes, &entries, &disks, options);
    let temps = match staged {
        Ok(temps) => temps,
        // Dropped by now, so that the journal names files that are not there.
        Err(cause) => return Err(forget(disk, journal, options.durable, cause)),
    };
    let names: Vec<PathBuf> = entries.iter().map(|entry| entry.temp.clone()).collect();
    let mut asides = Asides { disk, made: None };
    for (placed, (change, temp)) in changes.iter().zip(&temps).enumerate() {
        if let Err(cause) = swap(changes, change, temp, &names, &mut asides, options.durable) {
            let cause = roll_back(disk, &entries[..placed], journal, &mut book, options.durable, cause);
            if matches!(cause, FsError::RollbackFailed { .. }) {
                temps.into_iter().for_each(Temp::keep);
                asides.made = None;
            }
            return Err(cause);
        }
    }
    let synced = if options.durable { sync_folders(disk, changes, &disks) } else { Ok(()) };
    if let Err(error) = synced {
        // The journal and the old files stay: after a power cut the next run ends what may have been undone.
        temps.into_iter().for_each(Temp::keep);
        asides.made = None;
        return Ok(Outcome::VisibleNotDurable { reason: Some(error.to_string()) });
    }
    drop(asides);
    // As long as the journal lies there the next run tidies up; one that cannot go is harmless: what it names is done.
    let kept = temps.into_iter().map(Temp::discard).filter(|gone| !gone).count();
    if kept == 0 {
        let _ = disk.remove(journal);
    }
    Ok(if options.durable { Outcome::Durable } else { Outcome::VisibleNotDurable { reason: None } })
}

fn entry<D: Disk>(change: &Change<'_, D>) -> Entry {
    Entry {
        target: change.target.to_path_buf(),
        temp: sibling(change.target, NEW),
        old: change.before.map(|before| content_hash(&before.content)),
        new: content_hash(change.after),
    }
}

/// A folder on each disk that is written to, where there are enough files to sync each disk as a whole.
fn open_disks<D: Disk>(disk: &D, changes: &[Change<'_, D>]) -> Result<Vec<D::File>, FsError> {
    let mut disks = BTreeMap::new();
    if changes.len() < SYNC_DISK_FROM {
        return Ok(Vec::new());
    }
    for folder in folders(changes) {
        let opened = disk.open(folder).map_err(FsError::io("open", folder))?;
        let device = disk.stat_open(&opened).map_err(FsError::io("look at", folder))?.device;
        disks.entry(device).or_insert(opened);
    }
    Ok(disks.into_values().collect())
}

fn folders<'c, D: Disk>(changes: &'c [Change<'_, D>]) -> BTreeSet<&'c Path> {
    changes.iter().map(|change| change.target.parent().unwrap_or(Path::new("/"))).collect()
}

/// Writes all new files under their temporary names and waits until the disk has them, names and all.
fn stage<'d, D: Disk>(
    disk: &'d D,
    changes: &[Change<'_, D>],
    entries: &[Entry],
    disks: &[D::File],
    options: &WriteOptions,
) -> Result<Vec<Temp<'d, D>>, FsError> {
    let mut temps = Vec::with_capacity(changes.len());
    for (change, entry) in changes.iter().zip(entries) {
        let mode = mode_at_first(change.before.is_some(), options);
        let mut temp = Temp::at(disk, entry.temp.clone(), mode)?;
        if let Some(before) = change.before {
            attributes::carry_over(disk, before, &temp.file, change.target)?;
        }
        temp.write(change.after)?;
        temp.finish(change.after.len() as u64, false)?;
        temps.push(temp);
    }
    if !options.durable || sync_disks(disk, disks, &entries[0].target)? {
        return Ok(temps);
    }
    for temp in &temps {
        disk.sync(&temp.file).map_err(FsError::io("sync", &temp.path))?;
    }
    folders(changes).into_iter().try_for_each(|folder| sync_folder_of(disk, &folder.join("x")))?;
    Ok(temps)
}

/// Syncs whole disks; `false` when there are none to be synced as a whole, or the system cannot.
fn sync_disks<D: Disk>(disk: &D, disks: &[D::File], on: &Path) -> Result<bool, FsError> {
    let mut all = !disks.is_empty();
    for file in disks {
        all &= disk.sync_disk(file).map_err(FsError::io("sync the disk of", on))?;
    }
    Ok(all)
}

fn sync_folders<D: Disk>(disk: &D, changes: &[Change<'_, D>], disks: &[D::File]) -> Result<(), FsError> {
    let folders = folders(changes);
    if folders.len() >= SYNC_DISK_FROM && sync_disks(disk, disks, changes[0].target)? {
        return Ok(());
    }
    folders.into_iter().try_for_each(|folder| sync_folder_of(disk, &folder.join("x")))
}

/// Second names of the old files, on systems that cannot exchange two files; removed again when dropped.
struct Asides<'d, D: Disk> {
    disk: &'d D,
    made: Option<Vec<PathBuf>>,
}

impl<D: Disk> Asides<'_, D> {
    /// Gives every old file its second name, once, and waits until the disk has them: only then may one be displaced.
    fn make(&mut self, changes: &[Change<'_, D>], temps: &[PathBuf], durable: bool) -> Result<(), FsError> {
        let made = self.made.insert(Vec::new());
        for (change, temp) in changes.iter().zip(temps).filter(|(change, _)| change.before.is_some()) {
            let aside = recover::aside(temp);
            self.disk.link(change.target, &aside).map_err(FsError::io("keep", change.target))?;
            made.push(aside);
        }
        if durable { sync_folders(self.disk, changes, &[]) } else { Ok(()) }
    }
}

impl<D: Disk> Drop for Asides<'_, D> {
    fn drop(&mut self) {
        for aside in self.made.iter().flatten() {
            let _ = self.disk.remove(aside);
        }
    }
}

/// Puts one new file into place; the old one is then under the temporary name, or under its second name.
fn swap<D: Disk>(
    changes: &[Change<'_, D>],
    change: &Change<'_, D>,
    temp: &Temp<'_, D>,
    temps: &[PathBuf],
    asides: &mut Asides<'_, D>,
    durable: bool,
) -> Result<(), FsError> {
    let disk = asides.disk;
    let failed = |error| FsError::io(PLACING, change.target)(error);
    let Some(before) = change.before else {
        return place_new(disk, temp, change.target).map(|_| ());
    };
    let exchanged = if asides.made.is_some() { Ok(false) } else { exchange(disk, temp, change.target) };
    if !exchanged.map_err(failed)? {
        if asides.made.is_none() {
            asides.make(changes, temps, durable)?;
        }
        return disk.rename(&temp.path, change.target).map_err(failed);
    }
    let displaced = Snapshot::take(disk, &temp.path, u64::MAX);
    if matches!(&displaced, Ok(Some(displaced)) if displaced.content == before.content) {
        return Ok(());
    }
    // Somebody else's file, or one that cannot be read: it goes back first.
    disk.exchange(&temp.path, change.target).map_err(failed)?;
    Err(displaced.err().unwrap_or_else(|| FsError::Changed { path: change.target.to_path_buf() }))
}

/// Lets new and old file change places; `false` where the system cannot.
fn exchange<D: Disk>(disk: &D, temp: &Temp<'_, D>, target: &Path) -> std::io::Result<bool> {
    match disk.exchange(&temp.path, target) {
        Err(error) if is_unsupported(&error) => Ok(false),
        done => done.map(|()| true),
    }
}

/// Removes the journal of a batch that changed nothing.
fn forget<D: Disk>(disk: &D, journal: &Path, durable: bool, cause: FsError) -> FsError {
    let removed = disk.remove(journal).map_err(FsError::io("remove", journal));
    match removed.and_then(|()| if durable { sync_folder_of(disk, journal) } else { Ok(()) }) {
        Ok(()) => cause,
        Err(error) => FsError::RollbackFailed { cause: Box::new(cause), leftovers: error.to_string() },
    }
}

/// Takes back those files of a batch that are in place already.
fn roll_back<D: Disk>(
    disk: &D,
    placed: &[Entry],
    journal: &Path,
    book: &mut D::File,
    durable: bool,
    cause: FsError,
) -> FsError {
    if placed.is_empty() {
        return forget(disk, journal, durable, cause);
    }
    // Without the mark a crash from here on ends with all files new, which is as good: nobody was told yet.
    let _ = journal::mark_back(disk, journal, book, durable);
    let back = placed.iter().rev().try_for_each(|entry| recover::take_back(disk, entry));
    let synced =
        back.and_then(|()| if durable { recover::sync_folders(disk, placed.iter()) } else { Ok(()) });
    match synced {
        Ok(()) => forget(disk, journal, durable, cause),
        Err(error) => {
            let leftovers = format!("{error}; the next rtk write takes the rest back");
            FsError::RollbackFailed { cause: Box::new(cause), leftovers }
        }
    }
}
