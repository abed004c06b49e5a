//! Lists one folder under the rules that hold in it; scan and re-listing share it, so that they cannot differ.

use super::config::path_of;
use super::rules::{Control, Ground, Scope, join, push_control, read_ignore_file};
use super::stat::{DirListing, FileStat, dir_stat, file_stat};
use crate::base::Deadline;
use rustix::fs::{AtFlags, Dir, DirEntry, FileType, Mode, OFlags, fstat, openat, statat};
use rustix::io::Errno;
use std::os::fd::{BorrowedFd, OwnedFd};

/// The clock is asked once per so many entries.
const ENTRIES_PER_CLOCK_CHECK: usize = 512;

/// What became of a folder.
pub(super) struct Opened {
    pub(super) listing: DirListing,
    /// The subfolders that are part of the project, in the order of their names.
    pub(super) children: Vec<Scope>,
    pub(super) control: Vec<Control>,
    /// Why the listing is not whole.
    pub(super) warning: Option<String>,
    /// The cap or the deadline cut the listing.
    pub(super) truncated: bool,
}

/// Opens a folder below the root; `None` if it is gone or no folder.
pub(super) fn open_dir(root: BorrowedFd<'_>, path: &[u8]) -> Result<Option<OwnedFd>, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let path: &[u8] = if path.is_empty() { b"." } else { path };
    match openat(root, path, flags, Mode::empty()) {
        Ok(folder) => Ok(Some(folder)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Lists the folder of `scope`; `None` if it is gone. An unreadable one is listed as empty, with a warning.
pub(super) fn read_folder(
    ground: &Ground<'_>,
    root: BorrowedFd<'_>,
    mut scope: Scope,
    files_max: usize,
    deadline: Deadline,
) -> Option<Opened> {
    let shown = || format!("{:?}", path_of(&scope.path));
    let folder = match open_dir(root, &scope.path) {
        Ok(folder) => folder?,
        Err(error) => return unreadable(root, &scope, error),
    };
    let stat = fstat(&folder).ok()?; // before the entries are read: a later change shows
    let mut entries = Dir::new(folder).ok()?;
    let Names { names, mut truncated, failure } = read_names(&mut entries, files_max, deadline);
    let folder = entries.fd().ok()?;
    let mut warning = failure.map(|error| format!("cannot list {}: {error}", shown()));
    if truncated {
        warning = Some(format!("{} was not listed to its end", shown()));
    }
    let (mut control, mut rule_files) = (Vec::new(), Vec::new());
    let mut load = |name: &str| {
        names.binary_search_by(|(known, _)| known.as_slice().cmp(name.as_bytes())).ok()?;
        push_control(&mut control, ground.root.path.join(path_of(&join(&scope.path, name.as_bytes()))));
        rule_files.push(name.as_bytes().to_vec());
        read_ignore_file(folder, name)
    };
    let (gitignore, rtkignore) = (load(".gitignore"), load(".rtkignore"));
    scope.open(gitignore.as_deref(), rtkignore.as_deref());
    let (mut files, mut children, mut subdirs) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (name, kind)) in names.into_iter().enumerate() {
        if (at + 1).is_multiple_of(ENTRIES_PER_CLOCK_CHECK) && deadline.passed() {
            truncated = true;
            break;
        }
        match kind {
            FileType::Directory => {
                if let Some(child) = ground.subfolder(&scope, &name, &mut control) {
                    children.push(child);
                    subdirs.push(name);
                }
            }
            _ if ground.admits_file(&scope, &name) => {
                files.extend(regular_file(folder, &name).map(|stat| (name, stat)));
            }
            _ => {}
        }
    }
    let own = dir_stat(&stat);
    let listing = DirListing {
        path: scope.path,
        mtime_ns: own.mtime_ns,
        ctime_ns: own.ctime_ns,
        inode: own.inode,
        files,
        subdirs,
        rule_files,
    };
    Some(Opened { listing, children, control, warning, truncated })
}

fn unreadable(root: BorrowedFd<'_>, scope: &Scope, error: Errno) -> Option<Opened> {
    let path: &[u8] = if scope.path.is_empty() { b"." } else { &scope.path };
    let own = dir_stat(&statat(root, path, AtFlags::SYMLINK_NOFOLLOW).ok()?);
    let listing = DirListing {
        path: scope.path.clone(),
        mtime_ns: own.mtime_ns,
        ctime_ns: own.ctime_ns,
        inode: own.inode,
        files: Vec::new(),
        subdirs: Vec::new(),
        rule_files: Vec::new(),
    };
    let warning = Some(format!("cannot read {:?}: {error}", path_of(&scope.path)));
    Some(Opened { listing, children: Vec::new(), control: Vec::new(), warning, truncated: false })
}

struct Names {
    /// Regular files and folders with their kind, sorted by name.
    names: Vec<(Vec<u8>, FileType)>,
    /// Cut by the cap or the deadline.
    truncated: bool,
    /// Reading ended with an error; `names` are those before it.
    failure: Option<Errno>,
}

/// Reads the entries; links and special files are left out, an unknown kind is looked up.
fn read_names(folder: &mut Dir, files_max: usize, deadline: Deadline) -> Names {
    let mut list = Names { names: Vec::new(), truncated: false, failure: None };
    let mut count: usize = 0;
    while let Some(entry) = folder.read() {
        count += 1;
        let late = count.is_multiple_of(ENTRIES_PER_CLOCK_CHECK) && deadline.passed();
        if late || list.names.len() > files_max.saturating_mul(2) {
            list.truncated = true;
            break;
        }
        match (entry, folder.fd()) {
            (Ok(entry), Ok(fd)) => list.names.extend(name_and_kind(fd, &entry)),
            (Err(error), _) | (_, Err(error)) => {
                list.failure = Some(error);
                break;
            }
        }
    }
    list.names.sort_unstable_by(|left, right| left.0.cmp(&right.0));
    list
}

fn name_and_kind(folder: BorrowedFd<'_>, entry: &DirEntry) -> Option<(Vec<u8>, FileType)> {
    let name = entry.file_name().to_bytes();
    let mut kind = entry.file_type();
    if kind == FileType::Unknown {
        kind = FileType::from_raw_mode(statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?.st_mode);
    }
    let wanted =
        kind == FileType::RegularFile || (kind == FileType::Directory && name != b"." && name != b"..");
    wanted.then(|| (name.to_vec(), kind))
}

fn regular_file(folder: BorrowedFd<'_>, name: &[u8]) -> Option<FileStat> {
    let stat = statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    (FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile).then(|| file_stat(&stat))
}
