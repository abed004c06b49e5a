//! Finds the documentation of a definition: the comment above it, or the docstring inside.

use super::language::is_comment_line;
use super::lines::Lines;
use super::types::Language;

/// Lines looked at above a definition.
const LINES_ABOVE_MAX: u32 = 200;
/// Blank and comment lines allowed between a Python signature and its docstring.
const LINES_INSIDE_MAX: u32 = 2;

/// First line of the documentation of a definition, of which the first line, the last line of the signature and the
/// last line are given.
pub(super) fn doc_line(
    language: Language,
    source: &[u8],
    lines: &Lines,
    [start_line, signature_end_line, end_line]: [u32; 3],
) -> Option<u32> {
    if language == Language::Python
        && let Some(line) = docstring(source, lines, signature_end_line, end_line)
    {
        return Some(line);
    }
    comment_above(language, source, lines, start_line)
}

fn docstring(source: &[u8], lines: &Lines, signature_end_line: u32, end_line: u32) -> Option<u32> {
    for line in signature_end_line + 1..=(signature_end_line + LINES_INSIDE_MAX).min(end_line) {
        let text = lines.trimmed(source, line);
        if text.is_empty() {
            continue;
        }
        let text = text.strip_prefix(b"r").unwrap_or(text);
        let quoted = text.starts_with(b"\"") || text.starts_with(b"'''");
        return quoted.then_some(line);
    }
    None
}

fn comment_above(language: Language, source: &[u8], lines: &Lines, start_line: u32) -> Option<u32> {
    let mut first = None;
    let mut in_block = false;
    for line in (start_line.saturating_sub(LINES_ABOVE_MAX).max(1)..start_line).rev() {
        let text = lines.trimmed(source, line);
        let block_opens = text.starts_with(b"/*");
        let block_closes = text.ends_with(b"*/") && !block_opens;
        if in_block || block_closes {
            in_block = !block_opens;
        } else if !(is_comment_line(language, text) || is_attribute(language, text)) {
            break;
        }
        if !is_attribute(language, text) {
            first = Some(line);
        }
    }
    if in_block { None } else { first }
}

/// Whether the line is an attribute or decorator, which may stand between a comment and its definition.
fn is_attribute(language: Language, text: &[u8]) -> bool {
    match language {
        Language::Rust | Language::Php => text.starts_with(b"#["),
        Language::CSharp | Language::Cpp | Language::C => text.starts_with(b"[") && text.ends_with(b"]"),
        Language::Bash => false,
        _ => text.starts_with(b"@"),
    }
}
