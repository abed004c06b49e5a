//! Opens SQLite with the settings that measured best; migrations, transactions, kinds of failure.
//!
//! Invariants: every connection of rtk is opened here; a database from a newer version is never written to; nothing is
//! deleted here. Knows nothing of any table.

mod sqlite;

pub use sqlite::{Migration, OpenOptions, StoreError, Synchronous, check, checkpoint, open, shrink, write};
