//! Derived knowledge of a project: index, query, rank, budget, render. Can be deleted and rebuilt at any time.
//!
//! Invariants: left of the ranking is incremental, right of it is pure; `rank` reads no clock and no SQL; an answer
//! reflects the work tree at the moment of the call. Knows nothing of clients and terminals.

mod types;

pub use types::*;
