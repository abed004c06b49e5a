//! Folders and removals: made private, removed only when empty or rtk's own, damaged files moved aside.
#![expect(clippy::disallowed_methods, reason = "this room is the write core")]

use super::commit::sync_folder_of;
use super::{FsError, Real};
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Component, Path, PathBuf};

/// Most damaged copies that are kept beside a file.
const QUARANTINE_MAX: usize = 1000;
/// How often a parent folder may vanish while folders are made.
const VANISHED_MAX: usize = 100;
/// A folder tree with fewer parts in its path is never deleted, whoever asks.
const OWN_PATH_PARTS_MIN: usize = 2;

/// Makes the folder and its missing parents, readable by the user alone.
pub fn create_private_dir_all(path: &Path) -> Result<(), FsError> {
    create_folders(path, 0o700).map(|_| ())
}

/// The same, and those that were made survive a power cut.
pub fn create_private_dir_all_durable(path: &Path) -> Result<(), FsError> {
    create_folders(path, 0o700)?.iter().try_for_each(|made| sync_folder_of(&Real::new(), made))
}

/// Makes the folder and its missing parents with `mode` less the umask; returns those it made, outermost first. When
/// one cannot be made, the others go again.
pub fn create_folders(path: &Path, mode: u32) -> Result<Vec<PathBuf>, FsError> {
    let mut made = Vec::new();
    let mut result = Err(FsError::io("make", path)(ErrorKind::NotFound.into()));
    for _ in 0..VANISHED_MAX {
        match create_missing(path, mode, &mut made) {
            // Another process tidied up a parent just then.
            Err(FsError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {}
            other => {
                result = other;
                break;
            }
        }
    }
    if result.is_err() {
        for folder in made.iter().rev() {
            // One that somebody uses by now stays.
            let _ = std::fs::remove_dir(folder);
        }
    }
    result.map(|()| made)
}

fn create_missing(path: &Path, mode: u32, made: &mut Vec<PathBuf>) -> Result<(), FsError> {
    let mut missing = Vec::new();
    for folder in path.ancestors().filter(|folder| !folder.as_os_str().is_empty()) {
        match std::fs::metadata(folder) {
            Ok(meta) if meta.is_dir() => break,
            Ok(_) => return Err(FsError::io("make", folder)(ErrorKind::NotADirectory.into())),
            Err(error) if error.kind() == ErrorKind::NotFound => missing.push(folder.to_path_buf()),
            Err(error) => return Err(FsError::io("look at", folder)(error)),
        }
    }
    for folder in missing.into_iter().rev() {
        match std::fs::DirBuilder::new().mode(mode).create(&folder) {
            Ok(()) if made.contains(&folder) => {}
            Ok(()) => made.push(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && folder.is_dir() => {}
            Err(error) => return Err(FsError::io("make", &folder)(error)),
        }
    }
    Ok(())
}

/// Makes an empty file that only the user may read or write, unless something is there already.
pub fn create_private_file(path: &Path) -> Result<(), FsError> {
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(FsError::io("make", path)(error)),
    }
}

/// Takes all rights to a file or a socket from everybody but the user.
pub fn make_private(path: &Path) -> Result<(), FsError> {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(path, mode).map_err(FsError::io("set the mode of", path))
}

/// Removes a file or a symlink; says whether there was one.
pub fn remove_file(path: &Path) -> Result<bool, FsError> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(FsError::io("remove", path)(error)),
    }
}

/// Removes the folder if nothing is in it; says whether it did.
pub fn remove_dir_if_empty(path: &Path) -> Result<bool, FsError> {
    match std::fs::remove_dir(path) {
        Ok(()) => Ok(true),
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty | ErrorKind::NotADirectory
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(FsError::io("remove", path)(error)),
    }
}

/// Deletes a folder of rtk's own with all that is in it; a missing one is fine. Symlinks are never followed.
pub fn remove_dir_all_own(path: &Path) -> Result<(), FsError> {
    let parts = path.components().filter(|part| matches!(part, Component::Normal(_))).count();
    let odd = path.components().any(|part| matches!(part, Component::ParentDir | Component::CurDir));
    if !path.is_absolute() || odd || parts < OWN_PATH_PARTS_MIN {
        return Err(FsError::NotOwn { path: path.to_path_buf() });
    }
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(FsError::io("look at", path)(error)),
        Ok(meta) if !meta.is_dir() => Err(FsError::NotOwn { path: path.to_path_buf() }),
        Ok(_) => std::fs::remove_dir_all(path).map_err(FsError::io("delete", path)),
    }
}

/// Moves a damaged file aside as `<name>.damaged-<n>` and returns where it now is.
pub fn quarantine(path: &Path) -> Result<PathBuf, FsError> {
    for number in 1..=QUARANTINE_MAX {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".damaged-{number}"));
        let aside = PathBuf::from(name);
        match rustix::fs::renameat_with(CWD, path, CWD, &aside, RenameFlags::NOREPLACE) {
            Ok(()) => return Ok(aside),
            Err(Errno::EXIST) => {}
            Err(Errno::INVAL | Errno::NOSYS) if !aside.exists() => {
                std::fs::rename(path, &aside).map_err(FsError::io("move aside", path))?;
                return Ok(aside);
            }
            Err(Errno::INVAL | Errno::NOSYS) => {}
            Err(errno) => return Err(FsError::io("move aside", path)(errno.into())),
        }
    }
    Err(FsError::io("move aside", path)(ErrorKind::AlreadyExists.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    #[test]
    fn made_folders_are_private_and_told_and_only_empty_ones_go() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        assert_eq!(create_folders(&deep, 0o700).unwrap(), [root.path().join("a"), deep.clone()]);
        assert!(create_folders(&deep, 0o700).unwrap().is_empty());
        assert_eq!(std::fs::metadata(&deep).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(!remove_dir_if_empty(&root.path().join("a")).unwrap());
        assert!(remove_dir_if_empty(&deep).unwrap());
        assert!(!remove_dir_if_empty(&deep).unwrap());
        std::fs::write(root.path().join("f"), "x").unwrap();
        assert!(create_private_dir_all(&root.path().join("f/g")).is_err());
        // A name that is too long fails after its parents were made.
        assert!(create_folders(&root.path().join("n/m").join("x".repeat(300)), 0o700).is_err());
        assert!(!root.path().join("n").exists());
    }

    #[test]
    fn a_made_file_is_private_and_one_that_is_there_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("memory.db");
        create_private_file(&file).unwrap();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::write(&file, "kept").unwrap();
        create_private_file(&file).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
        assert!(create_private_file(&root.path().join("no/file")).is_err());
    }

    #[test]
    fn deleting_a_tree_spares_what_links_point_to_and_refuses_short_paths() {
        let root = tempfile::tempdir().unwrap();
        let foreign = root.path().join("foreign");
        std::fs::create_dir(&foreign).unwrap();
        std::fs::write(foreign.join("keep"), "x").unwrap();
        let own = root.path().join("own");
        std::fs::create_dir(&own).unwrap();
        symlink(&foreign, own.join("link")).unwrap();
        symlink(&foreign, root.path().join("direct")).unwrap();
        remove_dir_all_own(&own).unwrap();
        remove_dir_all_own(&own).unwrap();
        assert!(!own.exists() && foreign.join("keep").exists());
        for bad in [Path::new("/"), Path::new("/home"), Path::new("relative/a"), Path::new("/a/../../b/c")] {
            assert!(matches!(remove_dir_all_own(bad), Err(FsError::NotOwn { .. })), "{bad:?}");
        }
        assert!(matches!(remove_dir_all_own(&root.path().join("direct")), Err(FsError::NotOwn { .. })));
    }

    #[test]
    fn damaged_files_are_kept_under_numbered_names() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("memory.db");
        for number in 1..=3 {
            std::fs::write(&file, format!("bad {number}")).unwrap();
            let aside = quarantine(&file).unwrap();
            assert_eq!(aside, root.path().join(format!("memory.db.damaged-{number}")));
            assert_eq!(std::fs::read_to_string(aside).unwrap(), format!("bad {number}"));
        }
        assert!(quarantine(&file).is_err());
    }
}
