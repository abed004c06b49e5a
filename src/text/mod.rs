//! Documents edited in place, marked blocks, words and identifiers, token counts, and text made inert.
//!
//! Invariants: pure functions over bytes and strings; nothing is printed back by a serialiser; whatever comes from a
//! repository passes [`inert`] before it reaches a model; what rtk adds to a prompt stands in one [`block`] that can be
//! found and taken out again. Knows nothing of paths.

mod json_parse;
mod json_splice;
mod lines;
mod prompt;
mod sieve;
mod tokens;
mod words;

pub use json_parse::{JsonDocument, JsonError, JsonKind, JsonMember, JsonNode};
pub use json_splice::{
    JsonStyle, Splice, insert_element, insert_member, remove_element, remove_member, replace_node,
};
pub use lines::{line_and_column, line_range, lines};
pub use prompt::{block, inert};
pub use sieve::{BEGINNINGS, Sieve, beginnings};
pub use tokens::{estimate_tokens, tokens_min};
pub use words::{TermKind, first_word, raw_words, stem, term_hash, terms_of};
