//! Byte-faithful reading of an event: the JSON text is looked into and spliced, never parsed and printed again.
//!
//! Numbers, escapes, key order, unknown and duplicate keys, lone surrogates and NULs of the client's text survive because
//! nothing but one string literal is touched.

use serde_json::value::RawValue;
use std::io::Read;
use std::ops::Range;

/// More than this on stdin is no event, in bytes.
const STDIN_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Why stdin held no event.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    /// Reading failed.
    #[error("cannot read stdin: {0}")]
    Read(#[from] std::io::Error),
    /// More than [`STDIN_BYTES_MAX`] bytes.
    #[error("stdin holds more than {STDIN_BYTES_MAX} bytes")]
    TooLong,
    /// Nothing was there.
    #[error("stdin is empty")]
    Empty,
    /// The bytes are not UTF-8.
    #[error("stdin is not UTF-8: {0}")]
    Encoding(std::str::Utf8Error),
    /// The text is not one JSON value.
    #[error("stdin is not JSON: {0}")]
    Json(serde_json::Error),
    /// The value is no object.
    #[error("stdin is not a JSON object")]
    NoObject,
}

/// Reads all of stdin and checks that it is one JSON object; returns its text without byte order mark and outer white space.
pub(super) fn read(input: impl Read) -> Result<String, WireError> {
    let mut bytes = Vec::new();
    input.take(STDIN_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > STDIN_BYTES_MAX {
        return Err(WireError::TooLong);
    }
    check(bytes)
}

fn check(bytes: Vec<u8>) -> Result<String, WireError> {
    let text = String::from_utf8(bytes).map_err(|error| WireError::Encoding(error.utf8_error()))?;
    let body = text.strip_prefix('\u{feff}').unwrap_or(&text);
    if body.trim_ascii().is_empty() {
        return Err(WireError::Empty);
    }
    let object: &RawValue = serde_json::from_str(body).map_err(WireError::Json)?;
    let object = object.get();
    if !object.starts_with('{') {
        return Err(WireError::NoObject);
    }
    Ok(if object.len() == text.len() { text } else { object.to_owned() })
}

/// Byte ranges of the values of `keys` in the text of a valid JSON object; of duplicate keys the last counts.
pub(super) fn pick<const N: usize>(object: &str, keys: [&str; N]) -> [Option<Range<usize>>; N] {
    let mut found = [const { None }; N];
    let mut scanner = Scanner { bytes: object.as_bytes(), at: 0 };
    if scanner.next_of(b"{").is_none() {
        return found;
    }
    loop {
        scanner.skip_space();
        let Some(key) = scanner.string() else { return found };
        if scanner.next_of(b":").is_none() {
            return found;
        }
        let Some(value) = scanner.value() else { return found };
        let literal = &object[key];
        let index = match literal.contains('\\') {
            false => keys.iter().position(|wanted| literal[1..literal.len() - 1] == **wanted),
            true => {
                let decoded = decode(literal);
                keys.iter().position(|wanted| decoded == *wanted)
            }
        };
        if let Some(index) = index {
            found[index] = Some(value);
        }
        if scanner.next_of(b",}") != Some(b',') {
            return found;
        }
    }
}

/// Walks a JSON text that is known to be valid; on anything unexpected it stops, it never panics.
struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    /// Skips white space and takes one byte if it is one of `wanted`.
    fn next_of(&mut self, wanted: &[u8]) -> Option<u8> {
        self.skip_space();
        let byte = self.peek().filter(|byte| wanted.contains(byte))?;
        self.at += 1;
        Some(byte)
    }

    /// Takes a string literal with its quotes.
    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return None;
        }
        let mut at = start + 1;
        loop {
            at += memchr::memchr2(b'"', b'\\', self.bytes.get(at..)?)?;
            if self.bytes[at] == b'"' {
                self.at = at + 1;
                return Some(start..self.at);
            }
            at += 2;
        }
    }

    /// Takes any value.
    fn value(&mut self) -> Option<Range<usize>> {
        self.skip_space();
        let start = self.at;
        match self.peek()? {
            b'"' => return self.string(),
            b'{' | b'[' => {
                let mut depth = 0usize;
                loop {
                    match self.peek()? {
                        b'"' => {
                            self.string()?;
                            continue;
                        }
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth -= 1,
                        _ => {}
                    }
                    self.at += 1;
                    if depth == 0 {
                        return Some(start..self.at);
                    }
                }
            }
            _ => {}
        }
        while self
            .peek()
            .is_some_and(|byte| !matches!(byte, b',' | b'}' | b']') && !byte.is_ascii_whitespace())
        {
            self.at += 1;
        }
        Some(start..self.at)
    }
}

/// Decodes a valid string literal (with its quotes); a lone surrogate becomes the replacement character.
pub(super) fn decode(literal: &str) -> String {
    let mut out = String::with_capacity(literal.len());
    walk(literal, |piece| match piece {
        Piece::Plain(text) => out.push_str(text),
        Piece::Escape(ch, _) => out.push(ch),
    });
    out
}

/// The decoded text of a JSON value if it is a string.
pub(super) fn string(value: &str) -> Option<String> {
    value.starts_with('"').then(|| decode(value))
}

/// A part of a string literal.
enum Piece<'a> {
    /// Text that stands for itself.
    Plain(&'a str),
    /// A character that was escaped, and how many bytes its escape takes.
    Escape(char, usize),
}

fn walk<'a>(literal: &'a str, mut visit: impl FnMut(Piece<'a>)) {
    let mut rest = literal.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(literal);
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        if at > 0 {
            visit(Piece::Plain(&rest[..at]));
        }
        let (ch, len) = escape(&rest[at..]);
        visit(Piece::Escape(ch, len));
        rest = rest.get(at + len..).unwrap_or_default();
    }
    if !rest.is_empty() {
        visit(Piece::Plain(rest));
    }
}

/// The character of the escape at the start of `text` and the escape's length in bytes.
fn escape(text: &str) -> (char, usize) {
    let simple = match text.as_bytes().get(1) {
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'u') => return unicode_escape(text),
        Some(byte) if byte.is_ascii() => char::from(*byte),
        _ => return (char::REPLACEMENT_CHARACTER, 1),
    };
    (simple, 2)
}

fn unicode_escape(text: &str) -> (char, usize) {
    let unit = |text: &str| u32::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let Some(first) = unit(text) else { return (char::REPLACEMENT_CHARACTER, 2) };
    if (0xd800..0xdc00).contains(&first)
        && let Some(second @ 0xdc00..0xe000) = text.get(6..).and_then(unit)
    {
        let code = 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 12);
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6)
}

/// Copies `object` with the string literal at `literal` edited: the decoded ranges `remove` (in order) cut out, `add` put at its end.
///
/// No other byte changes, but that line ends between tokens become spaces, so that the result is one line.
pub(super) fn edit_string(
    object: &str,
    literal: &Range<usize>,
    remove: &[Range<usize>],
    add: &str,
) -> Option<String> {
    let raw = object.get(literal.clone()).filter(|raw| raw.len() >= 2 && raw.starts_with('"'))?;
    let added = serde_json::to_string(add).ok()?;
    let mut out = String::with_capacity(object.len() + added.len());
    out.push_str(object.get(..literal.start)?);
    let mut from = 0;
    let bounds: Vec<usize> = remove.iter().flat_map(|range| [range.start, range.end]).collect();
    for pair in raw_offsets(raw, &bounds).chunks_exact(2) {
        out.push_str(raw.get(from..pair[0])?);
        from = pair[1];
    }
    out.push_str(raw.get(from..raw.len() - 1)?);
    out.push_str(added.get(1..)?);
    out.push_str(object.get(literal.end..)?);
    // A JSON string never holds a raw line end: each of these stands between two tokens.
    Some(if out.contains(['\n', '\r']) { out.replace(['\n', '\r'], " ") } else { out })
}

/// Where the decoded offsets `wanted` (ascending) lie in the literal.
fn raw_offsets(literal: &str, wanted: &[usize]) -> Vec<usize> {
    let mut offsets = Vec::with_capacity(wanted.len());
    let (mut raw, mut decoded) = (1usize, 0usize);
    walk(literal, |piece| {
        let (raw_len, decoded_len, splits) = match piece {
            Piece::Plain(text) => (text.len(), text.len(), true),
            Piece::Escape(ch, len) => (len, ch.len_utf8(), false),
        };
        while let Some(want) = wanted.get(offsets.len()).filter(|want| **want < decoded + decoded_len) {
            offsets.push(if splits { raw + want.saturating_sub(decoded) } else { raw });
        }
        raw += raw_len;
        decoded += decoded_len;
    });
    offsets.resize(wanted.len(), raw);
    offsets
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
