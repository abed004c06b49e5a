//! Opens SQLite with the settings that measured best; migrations, transactions, retry.
//!
//! Knows nothing of any table.
