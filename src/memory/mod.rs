//! Derived knowledge of a project: query, rank, budget, render. Can be deleted and rebuilt at any time.
//!
//! Invariants: left of the ranking is incremental, right of it is pure; `rank` reads no clock and no SQL; an answer
//! reflects the work tree at the moment of the call, whether or not it could be saved. Knows nothing of clients and
//! terminals.

mod assemble;
mod confidence;
mod evidence;
mod explore;
mod gather;
mod history;
mod kept;
mod lexed;
mod lookup;
mod neighbours;
mod prepared;
mod query;
mod rank;
mod references;
mod render;
mod search;
mod shelf;
mod terms;
mod types;
mod usual;

pub use crate::index::{
    Cleared, Context, Health, IndexError, RefreshOptions, Refreshed, Status, clear, disk_use, health,
    is_indexed, refresh, status,
};
pub use assemble::assemble;
pub use explore::*;
pub use kept::{Changes, Kept, Renewed};
pub use lookup::*;
pub use rank::{SignalGroup, signal_meaning};
pub use search::search;
pub use shelf::Shelf;
pub use types::*;
