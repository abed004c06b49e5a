//! Documents edited in place, marked blocks, words and identifiers, token counts, and text made inert.
//!
//! Invariants: whatever comes from a repository passes [`inert`] before it reaches a model; what rtk adds to a prompt
//! stands in one [`block`] that can be found and taken out again. Knows nothing of paths.

pub mod block;
pub mod inert;
mod tokens;

pub use tokens::estimate_tokens;
