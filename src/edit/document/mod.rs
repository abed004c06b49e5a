//! Values in documents: `set`, `unset`, `get` by key path, for JSON, JSONC, TOML, YAML, `.env` and INI.
//!
//! Invariants: pure functions from a text to a text; an edit is a few splices on byte spans, no document is printed
//! back; the edited text is parsed again and compared with what was asked for, and refused if it says anything else;
//! what already means the value is left as it is spelled. Knows nothing of files.

mod driver;
mod fault;
mod format;
mod items;
mod json;
mod layout;
mod lines;
mod path;
mod resolve;
mod toml;
mod typed;
mod value;
mod yaml;

pub use driver::{Action, Got, Request, Revised, edit, get, revise};
use driver::{Document, Here};
pub use fault::Fault;
pub use format::Format;
pub use path::KeyPath;
pub use typed::ValueType;
pub use value::Value;
