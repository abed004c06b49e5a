//! The system calls of the write core as a trait, so that tests can record, fail and replay each of them.

use std::io;
use std::path::{Path, PathBuf};

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, device or socket.
    Other,
}

/// What the system says about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// What it is.
    pub kind: FileKind,
    /// Its length.
    pub bytes: u64,
    /// Its permissions with the set-id and sticky bits.
    pub mode: u32,
    /// Its owner.
    pub owner: u32,
    /// Its group.
    pub group: u32,
    /// How many names it has.
    pub links: u64,
    /// The file system that it lies on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// When its content was last changed, in nanoseconds since the Unix epoch.
    pub modified_ns: i128,
}

/// The system calls with which files are looked at, written and put into place. [`super::Real`] makes them; each
/// method is one call (or one retried after `EINTR` where that is harmless), and gives the system's own error.
pub trait Disk {
    /// An open file or folder.
    type File;

    /// Looks at what `path` names, a link itself (`lstat`).
    fn stat(&self, path: &Path) -> io::Result<Stat>;
    /// Looks at an open file (`fstat`).
    fn stat_open(&self, file: &Self::File) -> io::Result<Stat>;
    /// Where a link leads (`readlink`).
    fn read_link(&self, path: &Path) -> io::Result<PathBuf>;
    /// Whether this process may write to what `path` names (`access`).
    fn may_write(&self, path: &Path) -> bool;
    /// Opens a file or folder for reading.
    fn open(&self, path: &Path) -> io::Result<Self::File>;
    /// Opens a file that is there for writing, at its start.
    fn open_to_write(&self, path: &Path) -> io::Result<Self::File>;
    /// Makes a file that must not be there (`O_EXCL`) with `mode` less the umask, open for reading and writing.
    fn create(&self, path: &Path, mode: u32) -> io::Result<Self::File>;
    /// Reads from where the last read ended; 0 at the end.
    fn read(&self, file: &mut Self::File, buffer: &mut [u8]) -> io::Result<usize>;
    /// Writes behind what was written last; may take fewer bytes than given.
    fn write(&self, file: &mut Self::File, bytes: &[u8]) -> io::Result<usize>;
    /// Cuts or extends to a length.
    fn set_length(&self, file: &Self::File, bytes: u64) -> io::Result<()>;
    /// Sets the permissions.
    fn set_mode(&self, file: &Self::File, mode: u32) -> io::Result<()>;
    /// Sets the owner, if given, and the group.
    fn set_owner(&self, file: &Self::File, owner: Option<u32>, group: u32) -> io::Result<()>;
    /// The names of the extended attributes (ACLs are among them).
    fn attributes(&self, file: &Self::File) -> io::Result<Vec<Vec<u8>>>;
    /// One extended attribute.
    fn attribute(&self, file: &Self::File, name: &[u8]) -> io::Result<Vec<u8>>;
    /// Sets an extended attribute.
    fn set_attribute(&self, file: &Self::File, name: &[u8], value: &[u8]) -> io::Result<()>;
    /// Waits until the disk has the file, or the folder's names (`fsync`). Never retried.
    fn sync(&self, file: &Self::File) -> io::Result<()>;
    /// Waits until the disk has everything of the file system that `file` lies on, errors since it was opened
    /// included (`syncfs`); `false` where the system cannot do that or tells no errors.
    fn sync_disk(&self, file: &Self::File) -> io::Result<bool>;
    /// Gives a file another name, in place of what had it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Gives a file another name that nothing has; `InvalidInput` or `Unsupported` where the system cannot.
    fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Lets two files change places; `InvalidInput` or `Unsupported` where the system cannot.
    fn exchange(&self, one: &Path, other: &Path) -> io::Result<()>;
    /// Gives a file a second name.
    fn link(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a name of a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a folder with `mode` less the umask.
    fn create_folder(&self, path: &Path, mode: u32) -> io::Result<()>;
    /// Removes an empty folder.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;
}

/// Whether an error says that the system has no such call.
pub(super) fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}
