//! Lines of a text as edits see them: starts, indents, line endings, comments that belong to a line.

use crate::text::Splice;
use std::ops::Range;

/// How comments look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comments {
    /// There are none.
    None,
    /// `//` and `/* */`.
    Slashes,
    /// `#`.
    Hash,
}

/// A splice that puts `insert` into the place of a range.
pub(super) fn replacing(range: Range<usize>, insert: impl Into<String>) -> Splice {
    Splice { at: range.start, remove: range.end - range.start, insert: insert.into() }
}

/// The text with all splices applied; `None` if they overlap or do not fit.
pub(super) fn apply(text: &str, splices: &[Splice]) -> Option<String> {
    let mut splices: Vec<&Splice> = splices.iter().collect();
    splices.sort_by_key(|splice| splice.at);
    let grown: usize = splices.iter().map(|splice| splice.insert.len()).sum();
    let mut out = String::with_capacity(text.len() + grown);
    let mut at = 0;
    for splice in splices {
        out.push_str(text.get(at..splice.at)?);
        out.push_str(&splice.insert);
        at = splice.at.checked_add(splice.remove)?;
    }
    out.push_str(text.get(at..)?);
    Some(out)
}

/// A line that ends within so many bytes is found without vector instructions: before their first use the processor is
/// asked what it can do, which takes 40 microseconds on a virtual machine, more than all else that happens to a small file.
const NEAR_BYTES: usize = 512;

/// Where the first line ends, if another begins behind it.
pub(super) fn line_break(text: &[u8]) -> Option<usize> {
    let (near, far) = text.split_at(text.len().min(NEAR_BYTES));
    match near.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
        None if far.is_empty() => None,
        None => memchr::memchr2(b'\n', b'\r', far).map(|at| near.len() + at),
        found => found,
    }
}

/// The line ending of a text: that of its first line, `\n` without one.
pub(super) fn newline(text: &str) -> &'static str {
    match line_break(text.as_bytes()) {
        Some(at) if text.as_bytes()[at..].starts_with(b"\r\n") => "\r\n",
        Some(at) if text.as_bytes()[at] == b'\r' => "\r",
        _ => "\n",
    }
}

/// Where the line of `at` begins; behind a byte order mark on the first.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    match text[..at].rfind(['\n', '\r']) {
        Some(newline) => newline + 1,
        None if text.starts_with('\u{feff}') && at >= 3 => 3,
        None => 0,
    }
}

/// Where the line of `at` ends, before its line ending.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    line_break(&text.as_bytes()[at..]).map_or(text.len(), |found| at + found)
}

/// Behind the line ending at `at`, if there is one.
pub(super) fn skip_newline(text: &str, at: usize) -> usize {
    let rest = &text.as_bytes()[at..];
    at + if rest.starts_with(b"\r\n") {
        2
    } else {
        usize::from(rest.first().is_some_and(|byte| b"\r\n".contains(byte)))
    }
}

/// Behind blanks and tabs.
pub(super) fn skip_blanks(text: &str, at: usize) -> usize {
    at + text.as_bytes()[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// The white space before `at`, if nothing else stands before it on its line and the line is not the first.
pub(super) fn own_line_indent(text: &str, at: usize) -> Option<&str> {
    let start = line_start(text, at);
    let before = &text[start..at];
    (text[..start].ends_with(['\n', '\r']) && is_blank(before)).then_some(before)
}

/// The white space at the start of the line on which `at` lies.
pub(super) fn outer_indent(text: &str, at: usize) -> &str {
    let start = line_start(text, at);
    &text[start..skip_blanks(text, start).min(at)]
}

/// Whether there are only blanks and tabs.
pub(super) fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' ' | b'\t'))
}

/// How many bytes at the start mean themselves in quoted text: none of the quote, the backslash and control characters.
#[inline]
pub(super) fn plain_length(bytes: &[u8], quote: u8) -> usize {
    length_before(bytes, |word| controls(word) | equal(word, quote) | equal(word, b'\\'))
}

/// How many bytes at the start are no control characters.
#[inline]
pub(super) fn control_free_length(bytes: &[u8]) -> usize {
    length_before(bytes, controls)
}

/// One in each byte of a word.
const EACH: u64 = u64::MAX / 255;

/// Sets the highest bit of each byte that is below a blank or DEL. A byte above one of those may be marked as well;
/// the lowest mark is sure.
#[inline]
fn controls(word: u64) -> u64 {
    (word.wrapping_sub(EACH * 0x20) & !word & (EACH << 7)) | equal(word, 0x7f)
}

/// Sets the highest bit of each byte that is `byte`; the same is true of the bytes above.
#[inline]
fn equal(word: u64, byte: u8) -> u64 {
    let zero = word ^ (EACH * u64::from(byte));
    zero.wrapping_sub(EACH) & !zero & (EACH << 7)
}

/// How many bytes there are before the first that `marks` marks in the words that they make.
#[inline]
fn length_before(bytes: &[u8], marks: impl Fn(u64) -> u64) -> usize {
    let mut at = 0;
    while let Some(eight) = bytes[at..].first_chunk::<8>() {
        let marked = marks(u64::from_le_bytes(*eight));
        if marked != 0 {
            return at + (marked.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    at + bytes[at..].iter().take_while(|byte| marks(u64::from(**byte) | LETTERS) == 0).count()
}

/// Letters above a byte that is looked at alone, since they are never marked.
const LETTERS: u64 = (EACH * 0x61) & !0xff;

/// Behind comments and blanks on the line of `at`; the second part says whether the line (or the text) ends there.
pub(super) fn skip_line_comments(text: &str, at: usize, comments: Comments) -> (usize, bool) {
    let mut at = skip_blanks(text, at);
    loop {
        let rest = &text[at..];
        if rest.is_empty() || rest.starts_with(['\n', '\r']) {
            return (at, true);
        }
        match comments {
            Comments::Hash if rest.starts_with('#') => return (line_end(text, at), true),
            Comments::Slashes if rest.starts_with("//") => return (line_end(text, at), true),
            Comments::Slashes if rest.starts_with("/*") => {
                let Some(end) = rest.find("*/") else { return (at, false) };
                if rest[..end].contains(['\n', '\r']) {
                    return (at, false);
                }
                at = skip_blanks(text, at + end + 2);
            }
            _ => return (at, false),
        }
    }
}

/// The start of the comment lines directly above the line at `line`, not above `floor`; `line` if there are none.
pub(super) fn comments_above(text: &str, line: usize, floor: usize, comments: Comments) -> usize {
    let mut start = line;
    while start > floor {
        let above = line_start(text, before_newline(text, start));
        if above < floor {
            break;
        }
        let content = text[above..start].trim();
        let is_comment = match comments {
            Comments::None => false,
            Comments::Hash => content.starts_with('#'),
            Comments::Slashes => {
                content.starts_with("//") || (content.starts_with("/*") && content.ends_with("*/"))
            }
        };
        if !is_comment {
            break;
        }
        start = above;
    }
    start
}

/// Before the line ending that stands right before `at`.
pub(super) fn before_newline(text: &str, at: usize) -> usize {
    let before = &text[..at];
    at - if before.ends_with("\r\n") { 2 } else { usize::from(before.ends_with(['\n', '\r'])) }
}

/// Takes whole lines out; where the last one has no line ending, the one before it goes instead.
pub(super) fn remove_lines(text: &str, range: Range<usize>) -> Splice {
    if range.end == text.len() && !text[range.clone()].ends_with(['\n', '\r']) {
        return replacing(before_newline(text, range.start)..range.end, "");
    }
    replacing(range, "")
}

/// Takes one of several blocks of lines that follow each other to the place of another; both are the first or the last.
/// What stands at the ends of blocks (`ends`: line endings and blanks) stays where it is.
pub(super) fn move_block(
    text: &str,
    blocks: &[Range<usize>],
    forward: bool,
    ends: &[char],
) -> Option<Splice> {
    let content = |block: &Range<usize>| text[block.clone()].trim_end_matches(ends);
    let mut order: Vec<&Range<usize>> = blocks.iter().collect();
    if forward {
        order.rotate_left(1);
    } else {
        order.rotate_right(1);
    }
    let pieces = order.into_iter().zip(blocks).map(|(block, place)| {
        let behind = &text[place.start + content(place).len()..place.end];
        format!("{}{behind}", content(block))
    });
    Some(replacing(blocks.first()?.start..blocks.last()?.end, pieces.collect::<String>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_is_found_near_and_far() {
        for length in [0, 1, NEAR_BYTES - 1, NEAR_BYTES, NEAR_BYTES + 1, 3 * NEAR_BYTES] {
            let mut text = vec![b'a'; length];
            assert_eq!(line_break(&text), None);
            text.extend(b"\r\nb\n");
            assert_eq!(line_break(&text), Some(length));
        }
    }

    #[test]
    fn plain_text_ends_where_a_loop_over_its_bytes_ends_it() {
        let slow = |bytes: &[u8], quote: u8| {
            let ends = |byte: &u8| *byte < 0x20 || *byte == quote || matches!(byte, b'\\' | 0x7f);
            bytes.iter().position(ends).unwrap_or(bytes.len())
        };
        for length in 0..20 {
            for at in 0..=length {
                for byte in 0..=u8::MAX {
                    let mut bytes = vec![b'a'; length];
                    bytes.insert(at, byte);
                    // Bytes next to special ones and with the highest bit, where a borrow would show.
                    bytes.extend([0x80, byte.wrapping_add(1), 0xff]);
                    for quote in [b'"', b'\''] {
                        assert_eq!(plain_length(&bytes, quote), slow(&bytes, quote), "{bytes:?}");
                    }
                    let control = |byte: &u8| *byte < 0x20 || *byte == 0x7f;
                    let free = bytes.iter().position(control).unwrap_or(bytes.len());
                    assert_eq!(control_free_length(&bytes), free, "{bytes:?}");
                }
            }
        }
    }
}
