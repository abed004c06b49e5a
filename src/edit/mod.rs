//! Edits that agents and users ask for: a file's whole content, a passage, a patch, a value in a document, a batch.
//!
//! Invariants: an edit is a pure function from old bytes to new bytes, applied by [`edit_file`] under the file's lock;
//! an error means that every file is as it was; nothing is matched approximately unless asked for. Knows nothing of
//! what a file means to the client, of arguments or of terminals.

mod adapt;
mod apply;
mod batch;
mod diff;
mod document;
mod error;
mod hunk;
mod near;
mod patch;
mod plan;
mod policy;
mod receipt;
mod replace;
mod stream;

pub use apply::{Change, Cost, Done, Edited, edit_file, hex_hash};
pub use batch::edit_batch;
pub use document::{
    Action, Fault, Format, Got, KeyPath, Request, Revised, Value, ValueType, edit as edit_value,
    get as get_value, revise as revise_value,
};
pub use error::{EditError, Kind};
pub use patch::Patch;
pub use plan::{PlannedEdit, Step, parse_plan};
pub use policy::{IfMatch, Policy};
pub use receipt::Receipt;
pub use replace::{Passage, Times, replace_passage};
pub use stream::{Streamed, stream_file};
