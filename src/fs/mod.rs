//! The write core: atomic, durable replacement of files, folders, locks.
//!
//! Knows nothing of file formats.

mod append;
mod lock;

pub use append::{FsError, append_line};
pub use lock::Lock;
