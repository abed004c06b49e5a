//! The write core: atomic, durable replacement of files, folders, locks. All of rtk writes through it.
//!
//! Invariants: a file is whole old or whole new at every instant; an error means that the target was not changed;
//! a lock never lies on the target itself (a rename changes its inode); symlinks are written through, hard-linked
//! targets refused; content that is already there is not written again. Knows nothing of file formats.

mod append;
mod attributes;
mod change_set;
mod error;
mod folders;
mod lock;
mod replace;
mod target;
mod temp;

pub use append::append_line;
pub use change_set::ChangeSet;
pub use error::FsError;
pub use folders::{
    create_folders, create_private_dir_all, create_private_file, quarantine, remove_dir_all_own,
    remove_dir_if_empty, remove_file,
};
pub use lock::Lock;
pub use replace::{Expected, LinkPolicy, Outcome, WriteOptions, content_hash, replace, sync};
pub use target::{is_writable, read, resolve};
pub use temp::{has_stale_temporaries, remove_stale_temporaries};
