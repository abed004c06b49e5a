//! Source text to symbols and imports; one data file per language.
//!
//! Invariants: extraction never panics and never fails whole, whatever the bytes; every line it names is inside the
//! file; work is bounded by [`Limits`] and no walk recurses on the depth of the source. `extract` parses everything
//! with tree-sitter; `extract_fast` first cuts comments and bodies out with a lexer, so that only declarations are
//! parsed. Both use the same rules, so names and lines agree. Definitions inside function bodies are no symbols.
//! Knows nothing of storage.

mod compact;
mod component;
mod config;
mod docs;
mod extractor;
mod indent;
mod language;
mod languages;
mod lexer;
mod lines;
mod markup;
mod notebook;
mod rules;
mod tree;
mod types;

#[cfg(test)]
mod tests;

pub use extractor::{Extractor, extract, extract_fast, written};
pub use language::{is_comment_line, language_of};
pub use types::{Extraction, Import, Language, Limits, Symbol, SymbolKind};
