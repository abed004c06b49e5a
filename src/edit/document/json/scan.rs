//! Reads JSON (RFC 8259) and JSONC (comments, trailing commas) item by item, without building a tree: a file of many
//! megabytes costs one pass over its bytes and no memory.

use super::super::fault::Fault;
use super::super::layout::{line_break, plain_length};
use super::super::value::Value;

/// Ends of containers are kept from this length on, in bytes; shorter ones are read again where they are needed.
const KEPT_BYTES_MIN: usize = 64;
/// So many blanks are skipped at once.
const BLANKS: [u8; 4] = [b' '; 4];
/// Deeper nesting is refused, so that no input exhausts the stack.
const DEPTH_MAX: usize = 512;

/// What is wrong, and where; behind a pointer, since nearly all texts are well and every step says so.
pub(super) struct Wrong(Box<(usize, String)>);

impl Wrong {
    /// With line, column and caret.
    pub(super) fn of(self, text: &str) -> Fault {
        let (at, reason) = *self.0;
        Fault::syntax(text, at, reason)
    }
}

/// A value's bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Span {
    /// Its first byte.
    pub(super) start: usize,
    /// Behind its last byte.
    pub(super) end: usize,
}

/// A member or an element as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// The key with its quotes, for members.
    pub(super) key: Option<Span>,
    /// The value.
    pub(super) value: Span,
    /// The comma behind it.
    pub(super) comma: Option<usize>,
}

/// Where the longer containers of a text begin and end, in order, so that each is read once.
pub(super) type Ends = Vec<(u32, u32)>;

/// A container that is being read.
#[derive(Debug, Clone, Copy)]
struct Open {
    close: u8,
    /// Its place in the list of ends.
    kept: usize,
}

/// A reader at a place of a text.
pub(super) struct Scanner<'t> {
    text: &'t str,
    pub(super) at: usize,
    /// Whether comments and trailing commas are part of the language.
    comments: bool,
    stack: Vec<Open>,
    /// What is known of the text.
    known: &'t [(u32, u32)],
    /// What is found out about it.
    ends: Ends,
}

impl<'t> Scanner<'t> {
    pub(super) fn at(text: &'t str, at: usize, comments: bool) -> Scanner<'t> {
        Scanner { text, at, comments, stack: Vec::new(), known: &[], ends: Vec::new() }
    }

    fn at_start(text: &'t str, comments: bool) -> Result<Scanner<'t>, Wrong> {
        let mut scanner = Scanner::at(text, if text.starts_with('\u{feff}') { 3 } else { 0 }, comments);
        scanner.skip_space()?;
        Ok(scanner)
    }

    /// Whether a text holds nothing but comments.
    pub(super) fn is_blank(text: &'t str, comments: bool) -> bool {
        Scanner::at_start(text, comments).is_ok_and(|scanner| scanner.peek().is_none())
    }

    /// The root value of a whole text, checked to its end; `None` if there is none.
    pub(super) fn root(text: &'t str, comments: bool) -> Result<Option<(Span, Ends)>, Wrong> {
        let mut scanner = Scanner::at_start(text, comments)?;
        if scanner.peek().is_none() {
            return Ok(None);
        }
        let start = scanner.at;
        scanner.skip_value()?;
        let root = Span { start, end: scanner.at };
        scanner.skip_space()?;
        match scanner.peek() {
            Some(_) => Err(scanner.unexpected("the end of the file")),
            None => Ok(Some((root, scanner.ends))),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[cold]
    fn wrong(&self, at: usize, reason: impl Into<String>) -> Wrong {
        Wrong(Box::new((at, reason.into())))
    }

    #[cold]
    fn unexpected(&self, wanted: &str) -> Wrong {
        let rest = &self.text[self.at..];
        if !self.comments && (rest.starts_with("//") || rest.starts_with("/*") || rest.starts_with('#')) {
            return self.wrong(
                self.at,
                "comments are not allowed in JSON (if its reader takes them: --format jsonc)",
            );
        }
        match rest.chars().next() {
            Some(found) => self.wrong(self.at, format!("expected {wanted}, found {found:?}")),
            None => self.wrong(self.at, format!("expected {wanted}, found the end of the file")),
        }
    }

    /// Goes behind white space and, where they are part of the language, comments.
    #[inline]
    pub(super) fn skip_space(&mut self) -> Result<(), Wrong> {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(at) {
            at += 1;
            while bytes.get(at..at + BLANKS.len()) == Some(&BLANKS) {
                at += BLANKS.len();
            }
        }
        self.at = at;
        if self.comments && bytes.get(at) == Some(&b'/') { self.skip_comments() } else { Ok(()) }
    }

    #[inline(never)]
    fn skip_comments(&mut self) -> Result<(), Wrong> {
        let bytes = self.text.as_bytes();
        loop {
            while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(self.at) {
                self.at += 1;
            }
            match (bytes.get(self.at), bytes.get(self.at + 1)) {
                (Some(b'/'), Some(b'/')) => {
                    let rest = &bytes[self.at..];
                    self.at += line_break(rest).unwrap_or(rest.len());
                }
                (Some(b'/'), Some(b'*')) => match self.text[self.at + 2..].find("*/") {
                    Some(end) => self.at += end + 4,
                    None => return Err(self.wrong(self.at, "the comment is not closed")),
                },
                _ => return Ok(()),
            }
        }
    }

    /// Where the scalar ends that stands here, if it is one.
    pub(super) fn scalar_end(mut self) -> Option<usize> {
        let is_scalar = !matches!(self.peek(), Some(b'{' | b'['));
        (is_scalar && self.skip_value().is_ok()).then_some(self.at)
    }

    /// Goes behind a value of any depth.
    pub(super) fn skip_value(&mut self) -> Result<(), Wrong> {
        if let Some(end) = self.known_end() {
            self.at = end;
            return Ok(());
        }
        let base = self.stack.len();
        loop {
            match self.peek() {
                Some(open @ (b'{' | b'[')) => {
                    if self.stack.len() == DEPTH_MAX {
                        return Err(self.wrong(self.at, format!("nested deeper than {DEPTH_MAX} levels")));
                    }
                    let close = if open == b'{' { b'}' } else { b']' };
                    let start = self.at;
                    self.at += 1;
                    self.skip_space()?;
                    if self.peek() != Some(close) {
                        self.open(start, close);
                        if open == b'{' {
                            self.skip_key()?;
                        }
                        continue;
                    }
                    self.at += 1;
                }
                Some(b'"') => self.skip_string()?,
                Some(b'-' | b'0'..=b'9') => self.skip_number()?,
                _ => self.skip_literal()?,
            }
            loop {
                if self.stack.len() == base {
                    return Ok(());
                }
                let Open { close, kept } = self.stack[self.stack.len() - 1];
                if self.behind_item(close)? {
                    if close == b'}' {
                        self.skip_key()?;
                    }
                    break;
                }
                self.at += 1;
                self.stack.pop();
                self.close(kept);
            }
        }
    }

    /// Where the container ends that stands here, if that is known. Readers go forward only, so what lies behind them
    /// is not looked at again.
    fn known_end(&mut self) -> Option<usize> {
        while let Some(((start, end), later)) = self.known.split_first() {
            if *start as usize >= self.at {
                return (*start as usize == self.at).then_some(*end as usize);
            }
            self.known = later;
        }
        None
    }

    fn open(&mut self, start: usize, close: u8) {
        self.stack.push(Open { close, kept: self.ends.len() });
        self.ends.push((u32::try_from(start).unwrap_or(u32::MAX), 0));
    }

    /// Keeps where a container ends; a short one, which holds only shorter ones, is the last in the list and goes.
    fn close(&mut self, kept: usize) {
        let start = self.ends[kept].0;
        match u32::try_from(self.at) {
            Ok(end) if self.at - start as usize >= KEPT_BYTES_MIN => self.ends[kept].1 = end,
            _ => self.ends.truncate(kept),
        }
    }

    /// Goes to the next item, or to the closing bracket; says whether an item follows.
    fn behind_item(&mut self, close: u8) -> Result<bool, Wrong> {
        self.skip_space()?;
        let comma = self.at;
        match self.peek() {
            Some(b',') => self.at += 1,
            Some(byte) if byte == close => return Ok(false),
            _ => return Err(self.unexpected(if close == b'}' { "',' or '}'" } else { "',' or ']'" })),
        }
        self.skip_space()?;
        if self.peek() != Some(close) {
            return Ok(true);
        }
        if self.comments {
            return Ok(false);
        }
        let whole = if close == b'}' { "an object" } else { "an array" };
        Err(self.wrong(comma, format!("trailing comma at the end of {whole}")))
    }

    /// Goes behind a key and its colon, to the value.
    fn skip_key(&mut self) -> Result<Span, Wrong> {
        if self.peek() != Some(b'"') {
            return Err(self.unexpected("a key in double quotes"));
        }
        let start = self.at;
        self.skip_string()?;
        let key = Span { start, end: self.at };
        self.skip_space()?;
        if self.peek() != Some(b':') {
            return Err(self.unexpected("':' after the key"));
        }
        self.at += 1;
        self.skip_space()?;
        Ok(key)
    }

    fn skip_literal(&mut self) -> Result<(), Wrong> {
        let rest = &self.text[self.at..];
        match ["null", "true", "false"].into_iter().find(|word| rest.starts_with(word)) {
            Some(word) => {
                self.at += word.len();
                Ok(())
            }
            None => Err(self.unexpected("a value")),
        }
    }

    fn skip_number(&mut self) -> Result<(), Wrong> {
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.peek() == Some(b'0') {
            self.at += 1;
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.wrong(self.at, "a number must not start with 0"));
            }
        } else {
            self.skip_digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.skip_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.skip_digits()?;
        }
        Ok(())
    }

    fn skip_digits(&mut self) -> Result<(), Wrong> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected("a digit")) } else { Ok(()) }
    }

    #[inline]
    fn skip_string(&mut self) -> Result<(), Wrong> {
        let bytes = self.text.as_bytes();
        let opening = self.at;
        let end = opening + 1 + plain_length(&bytes[opening + 1..], b'"');
        if bytes.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(());
        }
        self.at = end;
        self.skip_rest_of_string(opening)
    }

    #[inline(never)]
    fn skip_rest_of_string(&mut self, opening: usize) -> Result<(), Wrong> {
        let bytes = self.text.as_bytes();
        loop {
            self.at += plain_length(&bytes[self.at..], b'"');
            match bytes.get(self.at) {
                Some(0x7f) => self.at += 1,
                None => return Err(self.wrong(opening, "the string has no closing quote")),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => match bytes.get(self.at + 1) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
                    Some(b'u') => {
                        let digits = bytes.get(self.at + 2..self.at + 6);
                        if !digits.is_some_and(|four| four.iter().all(u8::is_ascii_hexdigit)) {
                            return Err(self.wrong(self.at, "\\u needs four hexadecimal digits"));
                        }
                        self.at += 6;
                    }
                    _ => return Err(self.wrong(self.at, "unknown escape in a string")),
                },
                Some(_) => {
                    let found = self.text[self.at..].chars().next().unwrap_or_default();
                    return Err(self.wrong(self.at, format!("{found:?} must be escaped in a string")));
                }
            }
        }
    }
}

/// The members or elements of a container, one after the other.
pub(super) struct Entries<'t> {
    scanner: Scanner<'t>,
    close: u8,
    started: bool,
}

impl<'t> Entries<'t> {
    /// Of the container at `start`, which the scanner has accepted before.
    pub(super) fn of(text: &'t str, start: usize, comments: bool) -> Entries<'t> {
        let close = if text.as_bytes().get(start) == Some(&b'{') { b'}' } else { b']' };
        Entries { scanner: Scanner::at(text, start + 1, comments), close, started: false }
    }

    /// The same with what the scanner found out.
    pub(super) fn knowing(mut self, known: &'t [(u32, u32)]) -> Entries<'t> {
        let first = known.partition_point(|(start, _)| (*start as usize) < self.scanner.at);
        self.scanner.known = &known[first..];
        self
    }

    fn entry(&mut self) -> Result<Option<Entry>, Wrong> {
        let scanner = &mut self.scanner;
        scanner.skip_space()?;
        if !self.started && scanner.peek() == Some(self.close) {
            return Ok(None);
        }
        if self.started && scanner.peek().is_none_or(|byte| byte == self.close) {
            return Ok(None);
        }
        self.started = true;
        let key = if self.close == b'}' { Some(scanner.skip_key()?) } else { None };
        let start = scanner.at;
        scanner.skip_value()?;
        let value = Span { start, end: scanner.at };
        scanner.skip_space()?;
        let comma = (scanner.peek() == Some(b',')).then_some(scanner.at);
        scanner.at += usize::from(comma.is_some());
        Ok(Some(Entry { key, value, comma }))
    }
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        self.entry().ok().flatten()
    }
}

/// The text of a string literal; a lone surrogate becomes U+FFFD.
pub(super) fn decoded(literal: &str) -> String {
    let inside = &literal[1..literal.len() - 1];
    if !inside.contains('\\') {
        return inside.to_owned();
    }
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let (ch, length) = escape(&rest[at..]);
        out.push(ch);
        rest = &rest[at + length..];
    }
    out + rest
}

/// The character of an escape and how many bytes it takes; the scanner has accepted it before.
fn escape(text: &str) -> (char, usize) {
    let unit = |at: usize| {
        let digits = text.get(at..at + 6).and_then(|unit| unit.strip_prefix("\\u"));
        digits.and_then(|digits| u32::from_str_radix(digits, 16).ok())
    };
    match text.as_bytes()[1] {
        b'b' => ('\u{8}', 2),
        b'f' => ('\u{c}', 2),
        b'n' => ('\n', 2),
        b'r' => ('\r', 2),
        b't' => ('\t', 2),
        b'u' => {
            let first = unit(0).unwrap_or(0xfffd);
            if let (0xd800..0xdc00, Some(second @ 0xdc00..0xe000)) = (first, unit(6)) {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                return (char::from_u32(code).unwrap_or('\u{fffd}'), 12);
            }
            (char::from_u32(first).unwrap_or('\u{fffd}'), 6)
        }
        other => (char::from(other), 2),
    }
}

/// The value at a place that the scanner has accepted before.
pub(super) fn value(text: &str, span: Span, comments: bool) -> Value {
    let source = &text[span.start..span.end];
    let entries = || Entries::of(text, span.start, comments);
    match source.as_bytes().first() {
        Some(b'{') => Value::Object(
            entries()
                .filter_map(|entry| {
                    let key = entry.key?;
                    Some((decoded(&text[key.start..key.end]), value(text, entry.value, comments)))
                })
                .collect(),
        ),
        Some(b'[') => Value::Array(entries().map(|entry| value(text, entry.value, comments)).collect()),
        Some(b'"') => Value::String(decoded(source)),
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'n') => Value::Null,
        _ => Value::Number(source.to_owned()),
    }
}

/// A whole text as a value.
pub(in super::super) fn parse(text: &str) -> Result<Value, Fault> {
    match Scanner::root(text, false) {
        Ok(Some((root, _))) => Ok(value(text, root, false)),
        Ok(None) => Err(Fault::syntax(text, 0, "expected a value, found nothing")),
        Err(wrong) => Err(wrong.of(text)),
    }
}
