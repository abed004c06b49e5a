//! Edits that agents and users ask for: a file's whole content, a passage, a patch, a batch of them.
//!
//! Invariants: an edit is a pure function from old bytes to new bytes, applied by [`edit_file`] under the file's lock;
//! an error means that every file is as it was; nothing is matched approximately unless asked for. Knows nothing of
//! what a file means to the client, of arguments or of terminals.

mod apply;
mod error;
mod policy;

pub use apply::{Change, Cost, Done, Edited, edit_file, hex_hash};
pub use error::{EditError, Kind};
pub use policy::{IfMatch, Policy};
