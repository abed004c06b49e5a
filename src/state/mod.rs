//! Truth: the record of launches, one append-only file per client session.
//!
//! Invariants: a line is written whole or not at all and never changed; what cannot be read is skipped, not fatal; text of
//! prompts is masked and short. Knows nothing of memory.

mod event;
mod find;
mod mask;
mod prune;
mod session;

pub use event::{Action, CandidateRow, ErrorRow, Event, Launch, Mark, Started};
pub use find::{Found, find, latest};
pub use mask::head;
pub use prune::prune;
pub use session::{Session, StateError};
