//! Truth: the record of launches, one append-only file per client session, and that of wrapped commands.
//!
//! Invariants: a line is written whole or not at all and never changed; what cannot be read is skipped, not fatal; text of
//! prompts is masked and short. Knows nothing of memory.

mod commands;
mod event;
mod find;
mod mask;
mod prune;
mod session;

pub use commands::{CommandUse, record_command, recorded_commands};
pub use event::{Action, CandidateRow, ErrorRow, Event, Launch, Mark, Started};
pub use find::{Found, Latest, find, latest};
pub use mask::head;
pub use prune::prune;
pub use session::{Session, StateError};
