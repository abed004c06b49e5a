//! Ends what a crashed batch began: forward when all of it can still be done, otherwise back to where it started.

use super::FsError;
use super::commit::sync_folder_of;
use super::disk::{Disk, is_unsupported};
use super::journal::{self, Entry};
use super::options::content_hash;
use super::target::Snapshot;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The second name of an old file, on systems that cannot exchange two files.
pub(super) fn aside(temp: &Path) -> PathBuf {
    let mut name = temp.as_os_str().to_owned();
    name.push("-aside");
    PathBuf::from(name)
}

/// How far one file of the batch got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The new content is in place.
    Done,
    /// The same, and what it displaced is another program's, written in between.
    Displaced,
    /// The old content is in place, the new one is ready.
    Ready,
    /// Anything else: not staged to its end, or changed since by another program.
    Other,
}

/// Ends the batch of the journal, if there is one. Whoever calls holds the journal's lock.
pub(super) fn recover<D: Disk>(disk: &D, journal: &Path) -> Result<(), FsError> {
    let Some(found) = journal::read(disk, journal)? else { return Ok(()) };
    if let Some(book) = found {
        let states = book.entries.iter().map(|entry| state(disk, entry)).collect::<Result<Vec<_>, _>>()?;
        let begun = states.contains(&State::Done);
        let ready = states.iter().all(|state| matches!(state, State::Done | State::Ready));
        let forward = !book.back && !states.contains(&State::Displaced) && (begun || ready);
        let files: Vec<(&Entry, State)> = book.entries.iter().zip(states).collect();
        if forward {
            go_on(disk, &files)?
        } else {
            go_back(disk, &files)?
        }
        for entry in &book.entries {
            // Old content that was displaced, or a new one that nobody wants any more.
            remove_if_there(disk, &entry.temp)?;
            remove_if_there(disk, &aside(&entry.temp))?;
        }
    }
    remove_if_there(disk, journal)?;
    sync_folder_of(disk, journal)
}

fn state<D: Disk>(disk: &D, entry: &Entry) -> Result<State, FsError> {
    let (target, temp) = (hash(disk, &entry.target)?, hash(disk, &entry.temp)?);
    Ok(if target == Some(entry.new) {
        let displaced = temp.is_some() && temp != entry.old && temp != Some(entry.new);
        if displaced { State::Displaced } else { State::Done }
    } else if target == entry.old && temp == Some(entry.new) {
        State::Ready
    } else {
        State::Other
    })
}

/// The hash of a file's content; of what is no regular file, one that no content has.
fn hash<D: Disk>(disk: &D, path: &Path) -> Result<Option<[u8; 32]>, FsError> {
    match Snapshot::take(disk, path, u64::MAX) {
        Ok(found) => Ok(found.map(|file| content_hash(&file.content))),
        Err(FsError::NotRegular { .. }) => Ok(Some([0; 32])),
        // A folder of the path became a file.
        Err(FsError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotADirectory => Ok(None),
        Err(error) => Err(error),
    }
}

fn go_on<D: Disk>(disk: &D, files: &[(&Entry, State)]) -> Result<(), FsError> {
    let ready = || files.iter().filter(|(_, state)| *state == State::Ready).map(|(entry, _)| *entry);
    // The crash may have come before these were on the disk.
    for entry in ready() {
        let opened = disk.open(&entry.temp).map_err(FsError::io("open", &entry.temp))?;
        disk.sync(&opened).map_err(FsError::io("sync", &entry.temp))?;
    }
    sync_folders(disk, ready())?;
    for entry in ready() {
        match entry.old {
            Some(_) => match disk.exchange(&entry.temp, &entry.target) {
                Err(error) if is_unsupported(&error) => disk.rename(&entry.temp, &entry.target),
                done => done,
            }
            .map_err(FsError::io("put into place", &entry.target))?,
            None => place_new(disk, entry)?,
        }
    }
    sync_folders(disk, files.iter().map(|(entry, _)| *entry))
}

fn go_back<D: Disk>(disk: &D, files: &[(&Entry, State)]) -> Result<(), FsError> {
    for (entry, state) in files {
        if matches!(state, State::Done | State::Displaced) {
            take_back(disk, entry)?;
        }
    }
    sync_folders(disk, files.iter().map(|(entry, _)| *entry))
}

/// Gives one file of a batch its old content back, which lies under the temporary or the second name, unless another
/// program has written it since.
pub(super) fn take_back<D: Disk>(disk: &D, entry: &Entry) -> Result<(), FsError> {
    let failed = |error| FsError::io("take back", &entry.target)(error);
    if entry.old.is_none() {
        disk.rename(&entry.target, &entry.temp).map_err(failed)?;
        return if hash(disk, &entry.temp)? == Some(entry.new) { Ok(()) } else { place_new(disk, entry) };
    }
    let aside = aside(&entry.temp);
    if disk.stat(&aside).is_ok() {
        return disk.rename(&aside, &entry.target).map_err(failed);
    }
    if hash(disk, &entry.temp)?.is_none() {
        return Ok(());
    }
    disk.exchange(&entry.temp, &entry.target).map_err(failed)?;
    if hash(disk, &entry.temp)? == Some(entry.new) {
        return Ok(());
    }
    disk.exchange(&entry.temp, &entry.target).map_err(failed)
}

fn place_new<D: Disk>(disk: &D, entry: &Entry) -> Result<(), FsError> {
    match disk.rename_new(&entry.temp, &entry.target) {
        Err(error) if is_unsupported(&error) => disk.link(&entry.temp, &entry.target),
        done => done,
    }
    .map_err(FsError::io("put into place", &entry.target))
}

/// Waits until the disk has the names in all folders of these files.
pub(super) fn sync_folders<'e, D: Disk>(
    disk: &D,
    entries: impl Iterator<Item = &'e Entry>,
) -> Result<(), FsError> {
    let one_of_each: BTreeSet<&Path> = entries.filter_map(|entry| entry.target.parent()).collect();
    for folder in one_of_each {
        match disk.open(folder) {
            Ok(opened) => disk.sync(&opened).map_err(FsError::io("sync", folder))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(FsError::io("open", folder)(error)),
        }
    }
    Ok(())
}

fn remove_if_there<D: Disk>(disk: &D, path: &Path) -> Result<(), FsError> {
    match disk.remove(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        done => done.map_err(FsError::io("remove", path)),
    }
}
