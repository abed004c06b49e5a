//! Reads TOML 1.1 expression by expression, with the bytes of every key and value.

use super::super::fault::Fault;
use super::super::layout::{control_free_length, plain_length};
use super::super::value::Value;
use super::number::{is_datetime, is_number};
use std::collections::HashSet;
use std::ops::Range;

/// Deeper nesting of arrays and inline tables is refused, so that no input exhausts the stack.
const DEPTH_MAX: usize = 128;

/// Bytes that keys without quotes are made of.
const BARE: [bool; 256] = bare_bytes();

const fn bare_bytes() -> [bool; 256] {
    let mut is_bare = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let ch = byte as u8;
        is_bare[byte] = ch.is_ascii_alphanumeric() || ch == b'_' || ch == b'-';
        byte += 1;
    }
    is_bare
}

/// What is wrong, and where; behind a pointer, since nearly all texts are well and every step says so.
#[derive(Debug)]
pub(super) struct Wrong(Box<(usize, String)>);

impl Wrong {
    #[cold]
    pub(super) fn new(at: usize, reason: impl Into<String>) -> Wrong {
        Wrong(Box::new((at, reason.into())))
    }

    /// With line, column and caret.
    pub(super) fn of(self, text: &str) -> Fault {
        let (at, reason) = *self.0;
        Fault::syntax(text, at, reason)
    }
}

/// A value with its bytes.
#[derive(Debug, Clone)]
pub(in super::super) struct Inline {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
}

impl Inline {
    /// Whether it holds other values.
    pub(super) fn is_container(&self) -> bool {
        matches!(self.kind, Kind::Array(_) | Kind::Table(_))
    }
}

#[derive(Debug, Clone)]
pub(in super::super) enum Kind {
    String,
    Bool,
    Number,
    Datetime,
    Array(Vec<Element>),
    Table(Vec<Member>),
}

#[derive(Debug, Clone)]
pub(in super::super) struct Element {
    pub(super) value: Inline,
    pub(super) comma: Option<usize>,
}

#[derive(Debug, Clone)]
pub(in super::super) struct Member {
    pub(super) key_start: usize,
    pub(super) names: Vec<String>,
    pub(super) value: Inline,
    pub(super) comma: Option<usize>,
}

/// One line that says something; `names` of the key stand in the scanner.
pub(super) enum Expression {
    Header {
        start: usize,
        end: usize,
        is_array: bool,
    },
    /// What a value that holds others is made of is told by reading it again.
    KeyValue {
        key_start: usize,
        key_end: usize,
        value: Range<usize>,
        end: usize,
    },
}

/// A part of a dotted key.
#[derive(Debug, Clone)]
pub(super) struct Part {
    start: usize,
    end: usize,
}

pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    /// The key of the last expression.
    pub(super) key: Vec<Part>,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Scanner<'t> {
        Scanner::at(text, if text.starts_with('\u{feff}') { 3 } else { 0 })
    }

    /// At a place of a text where a value begins.
    pub(super) fn at(text: &'t str, at: usize) -> Scanner<'t> {
        Scanner { text, at, depth: 0, key: Vec::new() }
    }

    /// The text of a part of a key.
    pub(super) fn name(&self, part: &Part) -> std::borrow::Cow<'t, str> {
        let source = &self.text[part.start..part.end];
        if matches!(source.as_bytes().first(), Some(b'"' | b'\'')) {
            string(source).into()
        } else {
            source.into()
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn starts_with(&self, bytes: &[u8]) -> bool {
        self.text.as_bytes()[self.at..].starts_with(bytes)
    }

    #[cold]
    fn unexpected(&self, wanted: &str) -> Wrong {
        match self.text[self.at..].chars().next() {
            Some('\r') if !self.starts_with(b"\r\n") => {
                Wrong::new(self.at, format!("expected {wanted}, found a carriage return without a line feed"))
            }
            Some('\n' | '\r') => Wrong::new(self.at, format!("expected {wanted}, found the end of the line")),
            Some(found) => Wrong::new(self.at, format!("expected {wanted}, found {found:?}")),
            None => Wrong::new(self.at, format!("expected {wanted}, found the end of the file")),
        }
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    #[inline]
    fn skip_comment(&mut self) -> Result<(), Wrong> {
        if self.peek() == Some(b'#') { self.skip_rest_of_line() } else { Ok(()) }
    }

    #[inline(never)]
    fn skip_rest_of_line(&mut self) -> Result<(), Wrong> {
        let bytes = self.text.as_bytes();
        loop {
            self.at += control_free_length(&bytes[self.at..]);
            match bytes.get(self.at) {
                None | Some(b'\n') => return Ok(()),
                Some(b'\r') if bytes.get(self.at + 1) == Some(&b'\n') => return Ok(()),
                Some(b'\t') => self.at += 1,
                Some(_) => return Err(Wrong::new(self.at, "a comment must not hold control characters")),
            }
        }
    }

    /// Goes behind a line ending; says whether there was one.
    #[inline]
    fn newline(&mut self) -> bool {
        let bytes = self.text.as_bytes();
        self.at += match bytes.get(self.at) {
            Some(b'\n') => 1,
            Some(b'\r') if bytes.get(self.at + 1) == Some(&b'\n') => 2,
            _ => return false,
        };
        true
    }

    /// Goes behind white space, comments and line endings.
    fn skip_space(&mut self) -> Result<(), Wrong> {
        while self.peek().is_some_and(|byte| byte <= b' ' || byte == b'#') {
            self.skip_blanks();
            self.skip_comment()?;
            if !self.newline() {
                break;
            }
        }
        Ok(())
    }

    /// The next table header or key and value; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Expression>, Wrong> {
        self.skip_space()?;
        let start = self.at;
        let expression = match self.peek() {
            None => return Ok(None),
            Some(b'[') => {
                let is_array = self.starts_with(b"[[");
                self.at += if is_array { 2 } else { 1 };
                self.dotted_key()?;
                let close: &[u8] = if is_array { b"]]" } else { b"]" };
                if !self.starts_with(close) {
                    return Err(self.unexpected(if is_array { "']]'" } else { "']'" }));
                }
                self.at += close.len();
                self.end_of_line()?;
                Expression::Header { start, end: self.at, is_array }
            }
            Some(_) => {
                let key_end = self.dotted_key()?;
                if self.peek() != Some(b'=') {
                    return Err(self.unexpected("'=' after the key"));
                }
                self.at += 1;
                self.skip_blanks();
                let key = std::mem::take(&mut self.key);
                let value_start = self.at;
                // What is not kept owns nothing; a look at what is to be dropped would cost a call for each value.
                std::mem::forget(self.read::<false>()?);
                let value = value_start..self.at;
                self.key = key;
                self.end_of_line()?;
                Expression::KeyValue { key_start: start, key_end, value, end: self.at }
            }
        };
        Ok(Some(expression))
    }

    fn end_of_line(&mut self) -> Result<(), Wrong> {
        self.skip_blanks();
        self.skip_comment()?;
        let bytes = self.text.as_bytes();
        match bytes.get(self.at) {
            None | Some(b'\n') => Ok(()),
            Some(b'\r') if bytes.get(self.at + 1) == Some(&b'\n') => Ok(()),
            Some(_) => Err(self.unexpected("the end of the line")),
        }
    }

    /// Reads a key into `self.key` and goes behind the blanks after it; gives the end of the key itself.
    fn dotted_key(&mut self) -> Result<usize, Wrong> {
        self.key.clear();
        loop {
            self.skip_blanks();
            let start = self.at;
            match self.peek() {
                Some(b'"') if !self.starts_with(b"\"\"\"") => self.basic(false)?,
                Some(b'\'') if !self.starts_with(b"'''") => self.literal(false)?,
                _ => {
                    let bytes = self.text.as_bytes();
                    while bytes.get(self.at).is_some_and(|byte| BARE[usize::from(*byte)]) {
                        self.at += 1;
                    }
                    if self.at == start {
                        return Err(self.unexpected("a key"));
                    }
                }
            }
            self.key.push(Part { start, end: self.at });
            let end = self.at;
            self.skip_blanks();
            if self.peek() != Some(b'.') {
                return Ok(end);
            }
            self.at += 1;
        }
    }

    /// Goes behind a value.
    pub(super) fn value(&mut self) -> Result<Inline, Wrong> {
        let start = self.at;
        let kind = self.read::<true>()?;
        Ok(Inline { start, end: self.at, kind })
    }

    /// Goes behind a value and says what it is, with what it holds only if that is to be kept.
    fn read<const KEEP: bool>(&mut self) -> Result<Kind, Wrong> {
        let start = self.at;
        Ok(match self.peek() {
            Some(b'"') if self.skip_plain_string() => Kind::String,
            Some(b'"') => {
                self.basic(self.starts_with(b"\"\"\""))?;
                Kind::String
            }
            Some(b'\'') => {
                self.literal(self.starts_with(b"'''"))?;
                Kind::String
            }
            Some(open @ (b'[' | b'{')) => {
                if self.depth == DEPTH_MAX {
                    return Err(Wrong::new(start, format!("nested deeper than {DEPTH_MAX} levels")));
                }
                self.depth += 1;
                self.at += 1;
                let kind = if open == b'[' { self.array::<KEEP>()? } else { self.table::<KEEP>()? };
                self.depth -= 1;
                kind
            }
            _ => self.bare_value()?,
        })
    }

    fn bare_value(&mut self) -> Result<Kind, Wrong> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let is_part =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'-' | b':' | b'.');
        let end = |from: usize| from + bytes[from..].iter().take_while(|byte| is_part(byte)).count();
        self.at = end(start);
        // A date and a time may be parted by a blank.
        let is_date = self.at - start == 10 && bytes[start + 4] == b'-' && bytes[start + 7] == b'-';
        if is_date && self.peek() == Some(b' ') && bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit) {
            self.at = end(self.at + 1);
        }
        let word = &self.text[start..self.at];
        match word {
            "true" | "false" => Ok(Kind::Bool),
            "" => Err(self.unexpected("a value")),
            _ if is_number(word) => Ok(Kind::Number),
            _ if is_datetime(word) => Ok(Kind::Datetime),
            _ => Err(Wrong::new(start, format!("{word:?} is no value; a string needs quotes"))),
        }
    }

    fn array<const KEEP: bool>(&mut self) -> Result<Kind, Wrong> {
        let mut elements = Vec::new();
        let mut may_follow = true;
        loop {
            self.skip_space()?;
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(Kind::Array(elements));
            }
            if !may_follow {
                return Err(self.unexpected("',' or ']'"));
            }
            let start = self.at;
            let kind = self.read::<KEEP>()?;
            let end = self.at;
            self.skip_space()?;
            let comma = (self.peek() == Some(b',')).then_some(self.at);
            self.at += usize::from(comma.is_some());
            may_follow = comma.is_some();
            if KEEP {
                elements.push(Element { value: Inline { start, end, kind }, comma });
            } else {
                std::mem::forget(kind);
            }
        }
    }

    fn table<const KEEP: bool>(&mut self) -> Result<Kind, Wrong> {
        let mut members: Vec<Member> = Vec::new();
        let mut seen = Names::default();
        let mut may_follow = true;
        loop {
            self.skip_space()?;
            if self.peek() == Some(b'}') {
                self.at += 1;
                return Ok(Kind::Table(members));
            }
            if !may_follow {
                return Err(self.unexpected("',' or '}'"));
            }
            let key_start = self.at;
            self.dotted_key()?;
            let names: Vec<String> = self.key.iter().map(|part| self.name(part).into_owned()).collect();
            if !seen.add(&names) {
                return Err(Wrong::new(key_start, format!("{} is defined twice", names.join("."))));
            }
            if self.peek() != Some(b'=') {
                return Err(self.unexpected("'=' after the key"));
            }
            self.at += 1;
            self.skip_blanks();
            let start = self.at;
            let kind = self.read::<KEEP>()?;
            let end = self.at;
            self.skip_space()?;
            let comma = (self.peek() == Some(b',')).then_some(self.at);
            self.at += usize::from(comma.is_some());
            may_follow = comma.is_some();
            if KEEP {
                members.push(Member { key_start, names, value: Inline { start, end, kind }, comma });
            }
        }
    }

    /// Goes behind a string in quotes without escapes on one line, which most are; says whether it was one.
    #[inline]
    fn skip_plain_string(&mut self) -> bool {
        let rest = &self.text.as_bytes()[self.at + 1..];
        let length = plain_length(rest, b'"');
        let is_one = rest.get(length) == Some(&b'"') && (length > 0 || rest.get(1) != Some(&b'"'));
        self.at += if is_one { length + 2 } else { 0 };
        is_one
    }

    fn literal(&mut self, several_lines: bool) -> Result<(), Wrong> {
        let opening = self.at;
        let bytes = self.text.as_bytes();
        self.at += if several_lines { 3 } else { 1 };
        loop {
            self.at += plain_length(&bytes[self.at..], b'\'');
            match bytes.get(self.at) {
                Some(b'\'') if !several_lines => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\'') if bytes[self.at..].starts_with(b"'''") => return self.close_three(b'\''),
                byte => self.odd_byte(byte.copied(), several_lines, opening)?,
            }
        }
    }

    fn basic(&mut self, several_lines: bool) -> Result<(), Wrong> {
        let opening = self.at;
        let bytes = self.text.as_bytes();
        self.at += if several_lines { 3 } else { 1 };
        loop {
            self.at += plain_length(&bytes[self.at..], b'"');
            match bytes.get(self.at) {
                Some(b'"') if !several_lines => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'"') if bytes[self.at..].starts_with(b"\"\"\"") => return self.close_three(b'"'),
                Some(b'\\') => self.escape(several_lines)?,
                byte => self.odd_byte(byte.copied(), several_lines, opening)?,
            }
        }
    }

    /// Three quotes close, and up to two more right before them belong to the text.
    fn close_three(&mut self, quote: u8) -> Result<(), Wrong> {
        let quotes = self.text.as_bytes()[self.at..].iter().take_while(|byte| **byte == quote).count();
        if quotes > 5 {
            return Err(Wrong::new(self.at, "too many quotes"));
        }
        self.at += quotes;
        Ok(())
    }

    /// Goes behind a byte in a string that is no end of it and no escape.
    fn odd_byte(&mut self, byte: Option<u8>, several_lines: bool, opening: usize) -> Result<(), Wrong> {
        match byte {
            None => return Err(Wrong::new(opening, "the string has no closing quote")),
            Some(b'\t' | 0x20..=0x7e | 0x80..) => self.at += 1,
            Some(_) if several_lines && self.newline() => {}
            Some(b'\n' | b'\r') if !several_lines => {
                return Err(Wrong::new(opening, "the string has no closing quote on its line"));
            }
            Some(_) => {
                return Err(Wrong::new(self.at, "a string must not hold control characters; escape them"));
            }
        }
        Ok(())
    }

    fn escape(&mut self, several_lines: bool) -> Result<(), Wrong> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let digits = match bytes.get(start + 1) {
            Some(b'b' | b't' | b'n' | b'f' | b'r' | b'e' | b'"' | b'\\') => 0,
            Some(b'x') => 2,
            Some(b'u') => 4,
            Some(b'U') => 8,
            Some(b' ' | b'\t' | b'\n' | b'\r') if several_lines => {
                self.at += 1;
                self.skip_blanks();
                if !self.newline() {
                    return Err(Wrong::new(
                        start,
                        "a backslash must stand before the end of the line or an escape",
                    ));
                }
                while matches!(self.peek(), Some(b' ' | b'\t')) || self.newline() {
                    self.skip_blanks();
                }
                return Ok(());
            }
            _ => return Err(Wrong::new(start, "unknown escape in a string")),
        };
        let hex = self.text.get(start + 2..start + 2 + digits);
        let code = hex.filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = code.and_then(|hex| if digits == 0 { Some(0) } else { u32::from_str_radix(hex, 16).ok() });
        if code.and_then(char::from_u32).is_none() {
            return Err(Wrong::new(start, "the escape is no character"));
        }
        self.at += 2 + digits;
        Ok(())
    }
}

/// The names of one inline table: no key twice, none inside another that has a value.
#[derive(Default)]
struct Names {
    leaves: HashSet<Vec<String>>,
    groups: HashSet<Vec<String>>,
}

impl Names {
    fn add(&mut self, names: &[String]) -> bool {
        for length in 1..names.len() {
            if self.leaves.contains(&names[..length]) {
                return false;
            }
            self.groups.insert(names[..length].to_vec());
        }
        !self.groups.contains(names) && self.leaves.insert(names.to_vec())
    }
}

/// The text of a string of any of the four kinds, which the scanner has accepted.
pub(super) fn string(source: &str) -> String {
    let quote = &source[..1];
    let three = source.len() >= 6 && source.starts_with(&quote.repeat(3));
    let width = if three { 3 } else { 1 };
    let mut inside = &source[width..source.len() - width];
    if three {
        inside = inside.strip_prefix("\r\n").or(inside.strip_prefix('\n')).unwrap_or(inside);
    }
    if quote == "'" || !inside.contains('\\') {
        return inside.to_owned();
    }
    let mut out = String::with_capacity(inside.len());
    let mut rest = inside;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let code = rest.as_bytes()[at + 1];
        rest = &rest[at + 2..];
        let digits = match code {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            _ => 0,
        };
        match code {
            b'b' => out.push('\u{8}'),
            b't' => out.push('\t'),
            b'n' => out.push('\n'),
            b'f' => out.push('\u{c}'),
            b'r' => out.push('\r'),
            b'e' => out.push('\u{1b}'),
            b'"' | b'\\' => out.push(char::from(code)),
            b'x' | b'u' | b'U' => {
                let number = u32::from_str_radix(&rest[..digits], 16).unwrap_or(0xfffd);
                out.push(char::from_u32(number).unwrap_or('\u{fffd}'));
            }
            _ => rest = rest.trim_start_matches([' ', '\t', '\r', '\n']),
        }
        rest = &rest[digits..];
    }
    out + rest
}

/// A value as all formats have it.
pub(super) fn value(text: &str, inline: &Inline) -> Value {
    let source = &text[inline.start..inline.end];
    match &inline.kind {
        Kind::String => Value::String(string(source)),
        Kind::Bool => Value::Bool(source == "true"),
        Kind::Number => Value::Number(source.to_owned()),
        Kind::Datetime => Value::Datetime(source.to_owned()),
        Kind::Array(elements) => {
            Value::Array(elements.iter().map(|element| value(text, &element.value)).collect())
        }
        Kind::Table(members) => group(text, members, 0, &[]),
    }
}

/// The members of an inline table below a dotted prefix.
pub(super) fn group(text: &str, members: &[Member], depth: usize, prefix: &[String]) -> Value {
    let mut out: Vec<(String, Value)> = Vec::new();
    for member in members.iter().filter(|member| member.names.starts_with(prefix)) {
        let name = &member.names[depth];
        if out.iter().any(|(known, _)| known == name) {
            continue;
        }
        let is_leaf = member.names.len() == depth + 1;
        let member_value = if is_leaf {
            value(text, &member.value)
        } else {
            group(text, members, depth + 1, &member.names[..=depth])
        };
        out.push((name.clone(), member_value));
    }
    Value::Object(out)
}
