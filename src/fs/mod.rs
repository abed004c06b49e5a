//! The write core: atomic, durable replacement of files, folders, locks. All of rtk writes through it.
//!
//! Invariants: a file is whole old or whole new at every instant, and a batch of files all old or all new once
//! [`recover_idle`] has run; an error means that the target was not changed, unless it says otherwise; a failed sync is
//! never retried; a lock never lies on the target itself (a rename changes its inode); symlinks are written through,
//! hard-linked targets refused; content that is already there is not written again. All that matters is generic over
//! the system calls ([`Disk`]), so that tests record, fail and replay them. Knows nothing of file formats.

mod append;
mod attributes;
mod batch;
mod change_set;
mod commit;
mod disk;
mod error;
mod folders;
mod journal;
mod lock;
mod options;
mod place;
mod real;
mod recover;
mod replace;
mod stream;
mod target;
mod temp;

pub use append::{append_line, rotate};
pub use batch::{ChangeAll, Contents, recover_idle, update_all};
pub use change_set::ChangeSet;
pub use disk::{Disk, FileKind, Stat};
pub use error::FsError;
pub use folders::{
    create_folders, create_private_dir_all, create_private_dir_all_durable, create_private_file,
    make_private, quarantine, remove_dir_all_own, remove_dir_if_empty, remove_file,
};
pub use lock::{Lock, remove_idle_locks};
pub use options::{Expected, LinkPolicy, Outcome, WriteOptions, content_hash};
pub use place::{Place, place};
pub use real::{Real, Statistics};
pub use replace::{ChangeOne, Updated, replace, replace_on, update};
pub use stream::replace_by_stream;
pub use target::{is_writable, read, resolve};
pub use temp::{has_stale_temporaries, remove_stale_temporaries};
