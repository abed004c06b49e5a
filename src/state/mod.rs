//! Truth: the record of launches, one append-only file per client session.
//!
//! Knows nothing of memory.
