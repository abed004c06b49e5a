//! Answers about one name or one file: where it is defined and used, and which files belong to it.
//!
//! Invariants: the same answer for the same state of the work tree and the history; text from the repository is inert
//! before it enters a result; what was left out is said.

mod related;
mod resolve;
mod symbol;

pub use related::{Related, RelatedFile, related};
pub use symbol::{DefinitionSite, Occurrences, Use, Uses, symbol};

use crate::index::{self, DocRef, Outline, Source};
use crate::project::{Root, is_binary, looks_like_secret, mask_secrets};
use crate::text::inert;
use xxhash_rust::xxh3::xxh3_64;

/// Larger files are not read for lines, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// A line is shown up to this length, in characters.
const LINE_CHARS_MAX: usize = 160;

/// The text of a file as it is now, and its outline if that is still true; `None` for what must not be shown.
fn read(root: &Root, doc: &DocRef<'_>, outline: Option<Outline>) -> Option<(Vec<u8>, Outline)> {
    let Source::Text(content, _) = index::read(&root.path, &doc.path(), FILE_BYTES_MAX) else { return None };
    if looks_like_secret(&content) || is_binary(&content[..content.len().min(8192)]) {
        return None;
    }
    let outline = match outline {
        Some(outline) if xxh3_64(&content) == doc.entry.hash => outline,
        _ => Outline::of(doc.language(), &content),
    };
    Some((content, outline))
}

/// One line as it may be shown: trimmed, cut, tokens masked, inert.
fn shown_line(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = mask_secrets(text.trim());
    let end = text.char_indices().nth(LINE_CHARS_MAX).map_or(text.len(), |(at, _)| at);
    inert::line(&text[..end])
}
