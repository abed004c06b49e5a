//! The write core: atomic, durable replacement of files, folders, locks.
//!
//! Knows nothing of file formats.
