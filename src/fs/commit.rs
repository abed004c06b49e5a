//! Puts a finished file into its target's place, looks at what it displaced, and waits for the folder.

use super::disk::{Disk, is_unsupported};
use super::options::{LinkPolicy, Outcome, WriteOptions};
use super::target::Snapshot;
use super::temp::{Temp, write_all};
use super::{FsError, attributes};
use std::io::ErrorKind;
use std::path::Path;

/// Larger files are not compared, hence not replaced, in bytes.
pub(super) const TARGET_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// How often a file is put back when another program keeps replacing it meanwhile.
const PUT_BACK_MAX: usize = 100;
/// Mode of a new file until it has taken over that of the old one.
const UNFINISHED_MODE: u32 = 0o600;

/// What the tool that puts files into place was doing, for its errors.
const PLACING: &str = "put the new file into the place of";

/// Writes `bytes` in place of what the snapshot `before` holds. With `look`, what is displaced must be that very
/// content; a foreign file goes back, and the target counts as changed.
pub(super) fn put<D: Disk>(
    disk: &D,
    target: &Path,
    bytes: &[u8],
    before: Option<&Snapshot<D>>,
    look: bool,
    options: &WriteOptions,
) -> Result<Outcome, FsError> {
    if let Some(before) = before
        && must_stay_in_place(disk, before, target, options.links)?
    {
        return overwrite_in_place(disk, target, bytes, options.durable);
    }
    let mut temp = Temp::beside(disk, target, mode_at_first(before.is_some(), options))?;
    if let Some(before) = before {
        attributes::carry_over(disk, before, &temp.file, target)?;
    }
    temp.write(bytes)?;
    temp.finish(bytes.len() as u64, options.durable)?;
    match swap(disk, temp, target, bytes, before, look, options) {
        Err(FsError::Io { source, .. })
            if source.kind() == ErrorKind::ResourceBusy && options.links == LinkPolicy::InPlace =>
        {
            // A mount point: nothing can take its place.
            overwrite_in_place(disk, target, bytes, options.durable)
        }
        done => done.map(|()| settle(disk, target, options.durable)),
    }
}

/// The mode in which the new file is made.
pub(super) fn mode_at_first(replaces: bool, options: &WriteOptions) -> u32 {
    if replaces { UNFINISHED_MODE } else { options.new_file_mode }
}

/// Refuses what must not be replaced; `true` for a hard-linked file that is to be overwritten where it lies.
pub(super) fn must_stay_in_place<D: Disk>(
    disk: &D,
    before: &Snapshot<D>,
    target: &Path,
    links: LinkPolicy,
) -> Result<bool, FsError> {
    before.must_be_writable(disk, target)?;
    match (before.stat.links, links) {
        (0 | 1, _) => Ok(false),
        (_, LinkPolicy::InPlace) => Ok(true),
        (links, LinkPolicy::Refuse) => Err(FsError::HardLinked { path: target.to_path_buf(), links }),
    }
}

/// Puts the new file into the target's place. With `look` the two are exchanged, so that what was displaced can be
/// looked at: another program that wrote in between is noticed, and its file put back.
fn swap<D: Disk>(
    disk: &D,
    temp: Temp<'_, D>,
    target: &Path,
    bytes: &[u8],
    before: Option<&Snapshot<D>>,
    look: bool,
    options: &WriteOptions,
) -> Result<(), FsError> {
    if !look {
        return place(disk, temp, target);
    }
    let Some(before) = before else {
        if place_new(disk, &temp, target)? {
            temp.keep();
        }
        return Ok(());
    };
    // Who wrote while the new file was made is mostly seen here, before it stands in the place of theirs for a moment.
    if has_changed(disk, target, before) {
        return Err(FsError::Changed { path: target.to_path_buf() });
    }
    match exchanged(disk, &temp, target) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(FsError::Changed { path: target.to_path_buf() });
        }
        Err(error) if is_unsupported(&error) => return place(disk, temp, target),
        Err(error) => return Err(FsError::io(PLACING, target)(error)),
    }
    let looked = displaced_by(disk, &temp, before).and_then(|displaced| {
        if displaced.is_some() || options.settle.is_zero() {
            return Ok(displaced);
        }
        std::thread::sleep(options.settle);
        displaced_by(disk, &temp, before)
    });
    match looked {
        // The temporary name now holds the old file, which goes with it.
        Ok(None) => Ok(()),
        Ok(Some(displaced)) => put_back(disk, temp, target, bytes.to_vec(), displaced),
        Err(cause) => match disk.exchange(&temp.path, target) {
            Ok(()) => Err(cause),
            Err(error) => Err(stranded(temp, target, cause, &error)),
        },
    }
}

/// The content that the new file displaced, if it is another than that of the snapshot.
fn displaced_by<D: Disk>(
    disk: &D,
    temp: &Temp<'_, D>,
    before: &Snapshot<D>,
) -> Result<Option<Vec<u8>>, FsError> {
    if Snapshot::holds(disk, &temp.path, &before.content)? {
        return Ok(None);
    }
    content(disk, &temp.path).map(|displaced| (displaced != before.content).then_some(displaced))
}

/// Whether the target holds something else than the snapshot; what cannot be told counts as no change.
fn has_changed<D: Disk>(disk: &D, target: &Path, before: &Snapshot<D>) -> bool {
    let is_as_before = disk.stat(target).is_ok_and(|now| {
        (now.inode, now.bytes, now.modified_ns)
            == (before.stat.inode, before.stat.bytes, before.stat.modified_ns)
    });
    !is_as_before && content(disk, target).is_ok_and(|now| now != before.content)
}

/// A foreign file was displaced: it goes back, as does any newer one that this in turn displaces.
fn put_back<D: Disk>(
    disk: &D,
    temp: Temp<'_, D>,
    target: &Path,
    mut at_target: Vec<u8>,
    mut displaced: Vec<u8>,
) -> Result<(), FsError> {
    let changed = || FsError::Changed { path: target.to_path_buf() };
    for _ in 0..PUT_BACK_MAX {
        if let Err(error) = disk.exchange(&temp.path, target) {
            return Err(stranded(temp, target, changed(), &error));
        }
        // What cannot be looked at is ours, as far as anyone can tell.
        let now = content(disk, &temp.path).unwrap_or_else(|_| at_target.clone());
        if now == at_target {
            break;
        }
        at_target = std::mem::replace(&mut displaced, now);
    }
    Err(changed())
}

/// The old file could not go back: it stays under its temporary name, and the error says so.
fn stranded<D: Disk>(temp: Temp<'_, D>, target: &Path, cause: FsError, error: &std::io::Error) -> FsError {
    let leftovers = format!(
        "{} holds the new content, its former content is in {} ({error})",
        target.display(),
        temp.path.display()
    );
    temp.keep();
    FsError::RollbackFailed { cause: Box::new(cause), leftovers }
}

fn content<D: Disk>(disk: &D, path: &Path) -> Result<Vec<u8>, FsError> {
    Ok(Snapshot::take(disk, path, TARGET_BYTES_MAX)?.map(|is| is.content).unwrap_or_default())
}

/// Takes the target's place, whatever is there.
pub(super) fn place<D: Disk>(disk: &D, temp: Temp<'_, D>, target: &Path) -> Result<(), FsError> {
    let done = disk.rename(&temp.path, target);
    done.or_else(|error| lies_at(disk, &temp, target, error)).map_err(FsError::io(PLACING, target))?;
    temp.keep();
    Ok(())
}

/// Takes the target's place if nothing is there; says whether the temporary name is gone.
pub(super) fn place_new<D: Disk>(disk: &D, temp: &Temp<'_, D>, target: &Path) -> Result<bool, FsError> {
    let changed = || FsError::Changed { path: target.to_path_buf() };
    match disk.rename_new(&temp.path, target).or_else(|error| lies_at(disk, temp, target, error)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(changed()),
        // A second name fails as well where something is there, and the first one goes with the temporary file.
        Err(error) if is_unsupported(&error) => match disk.link(&temp.path, target) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(changed()),
            done => done.map(|()| false).map_err(FsError::io(PLACING, target)),
        },
        Err(error) => Err(FsError::io(PLACING, target)(error)),
    }
}

fn exchanged<D: Disk>(disk: &D, temp: &Temp<'_, D>, target: &Path) -> std::io::Result<()> {
    disk.exchange(&temp.path, target).or_else(|error| lies_at(disk, temp, target, error))
}

/// A rename that was interrupted, or repeated by a network file system, may have happened despite its error: what
/// counts is whether the new file is there.
fn lies_at<D: Disk>(
    disk: &D,
    temp: &Temp<'_, D>,
    target: &Path,
    error: std::io::Error,
) -> std::io::Result<()> {
    let (Ok(new), Ok(there)) = (disk.stat_open(&temp.file), disk.stat(target)) else { return Err(error) };
    if (new.device, new.inode) == (there.device, there.inode) { Ok(()) } else { Err(error) }
}

/// Syncs the folder; the new file is visible by now, so a failure is an outcome and no error.
pub(super) fn settle<D: Disk>(disk: &D, target: &Path, durable: bool) -> Outcome {
    if !durable {
        return Outcome::VisibleNotDurable { reason: None };
    }
    match sync_folder_of(disk, target) {
        Ok(()) => Outcome::Durable,
        Err(error) => Outcome::VisibleNotDurable { reason: Some(error.to_string()) },
    }
}

/// Makes renames and removals in the folder of `path` survive a power cut.
pub(super) fn sync_folder_of<D: Disk>(disk: &D, path: &Path) -> Result<(), FsError> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let opened = disk.open(folder).map_err(FsError::io("open", folder))?;
    disk.sync(&opened).map_err(FsError::io("sync", folder))
}

pub(super) fn overwrite_in_place<D: Disk>(
    disk: &D,
    target: &Path,
    bytes: &[u8],
    durable: bool,
) -> Result<Outcome, FsError> {
    let mut file = disk.open_to_write(target).map_err(FsError::io("open", target))?;
    write_all(disk, &mut file, bytes, target)?;
    disk.set_length(&file, bytes.len() as u64).map_err(FsError::io("cut", target))?;
    if !durable {
        return Ok(Outcome::VisibleNotDurable { reason: None });
    }
    disk.sync(&file).map_err(FsError::io("sync", target))?;
    Ok(Outcome::Durable)
}
