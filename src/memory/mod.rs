//! Derived knowledge of a project: index, query, rank, budget, render. Can be deleted and rebuilt at any time.
//!
//! Invariants: left of the ranking is incremental, right of it is pure; `rank` reads no clock and no SQL; an answer
//! reflects the work tree at the moment of the call, whether or not it could be saved. Knows nothing of clients and
//! terminals.

mod admin;
mod assemble;
mod codec;
mod document;
mod evidence;
mod explore;
mod index;
mod manifest;
mod query;
mod rank;
mod render;
mod schema;
mod search;
mod segment;
mod source;
mod types;
mod update;
mod view;

pub use admin::{Cleared, RefreshOptions, Refreshed, Status, clear, refresh, status};
pub use assemble::assemble;
pub use explore::glance;
pub use search::search;
pub use types::*;
