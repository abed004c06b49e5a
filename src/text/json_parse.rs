//! Strict JSON (RFC 8259) to a tree of byte spans: no comments, no trailing commas, line and column of the first fault.

use super::lines::line_and_column;
use std::ops::Range;

/// Deeper nesting is refused, so that no input exhausts the stack.
const DEPTH_MAX: usize = 256;
/// The UTF-8 byte order mark, accepted at the start.
const BOM: &str = "\u{feff}";

/// Why a text is not JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct JsonError {
    /// Counted from 1.
    pub line: usize,
    /// In characters, counted from 1.
    pub column: usize,
    /// What is wrong there.
    pub reason: String,
}

impl JsonError {
    /// Whether the text is only nested deeper than this parser goes.
    pub fn is_too_deep(&self) -> bool {
        self.reason == too_deep()
    }
}

fn too_deep() -> String {
    format!("nested deeper than {DEPTH_MAX} levels")
}

/// A parsed text; all spans are byte ranges of it.
#[derive(Debug)]
pub struct JsonDocument<'t> {
    /// The whole text, byte order mark included.
    pub text: &'t str,
    /// The value; `None` when there is nothing but white space.
    pub root: Option<JsonNode>,
}

/// One value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonNode {
    /// From its first to behind its last byte.
    pub span: Range<usize>,
    /// What it is.
    pub kind: JsonKind,
}

/// What a value is; numbers keep their spelling in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonKind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as spelled at its span.
    Number,
    /// A string with its escapes decoded; a lone surrogate becomes U+FFFD.
    String(String),
    /// The elements in order.
    Array(Vec<JsonNode>),
    /// The members in order, duplicates included.
    Object(Vec<JsonMember>),
}

/// One member of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonMember {
    /// The key with its escapes decoded.
    pub name: String,
    /// The key with its quotes.
    pub key: Range<usize>,
    /// The value.
    pub value: JsonNode,
}

impl JsonNode {
    /// The value of a member; of duplicates the last one, as for every reader.
    pub fn get(&self, name: &str) -> Option<&JsonNode> {
        self.members().iter().rev().find(|member| member.name == name).map(|member| &member.value)
    }

    /// The members of an object; none for any other value.
    pub fn members(&self) -> &[JsonMember] {
        if let JsonKind::Object(members) = &self.kind { members } else { &[] }
    }

    /// The elements, if it is an array.
    pub fn as_array(&self) -> Option<&[JsonNode]> {
        if let JsonKind::Array(elements) = &self.kind { Some(elements) } else { None }
    }

    /// The text, if it is a string.
    pub fn as_str(&self) -> Option<&str> {
        if let JsonKind::String(text) = &self.kind { Some(text) } else { None }
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        matches!(self.kind, JsonKind::Object(_))
    }

    /// The kind with its article, for messages.
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            JsonKind::Null => "null",
            JsonKind::Bool(_) => "a boolean",
            JsonKind::Number => "a number",
            JsonKind::String(_) => "a string",
            JsonKind::Array(_) => "an array",
            JsonKind::Object(_) => "an object",
        }
    }
}

impl<'t> JsonDocument<'t> {
    /// Parses the bytes of a file. Empty and blank files have no root.
    pub fn parse(bytes: &'t [u8]) -> Result<JsonDocument<'t>, JsonError> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            error_at(&good, good.len(), "the file is not valid UTF-8".into())
        })?;
        let start = if text.starts_with(BOM) { BOM.len() } else { 0 };
        let mut parser = Parser { text, at: start, depth: 0 };
        parser.skip_space();
        if parser.peek().is_none() {
            return Ok(JsonDocument { text, root: None });
        }
        let parsed = parser.value().and_then(|root| {
            parser.skip_space();
            if parser.peek().is_some() { Err(parser.unexpected("the end of the file")) } else { Ok(root) }
        });
        match parsed {
            Ok(root) => Ok(JsonDocument { text, root: Some(root) }),
            Err(fault) => Err(error_at(text, fault.at, fault.reason)),
        }
    }

    /// Line and column (both from 1, the column in characters) of a byte offset.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        line_and_column(self.text, offset)
    }
}

fn error_at(text: &str, offset: usize, reason: String) -> JsonError {
    let (line, column) = line_and_column(text, offset);
    JsonError { line, column, reason }
}

struct Fault {
    at: usize,
    reason: String,
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault { at: self.at, reason: reason.into() }
    }

    fn unexpected(&self, wanted: &str) -> Fault {
        let rest = &self.text[self.at..];
        if rest.starts_with("//") || rest.starts_with("/*") || rest.starts_with('#') {
            return self.fault("comments are not allowed in JSON");
        }
        match rest.chars().next() {
            Some(found) => self.fault(format!("expected {wanted}, found {found:?}")),
            None => self.fault(format!("expected {wanted}, found the end of the file")),
        }
    }

    fn value(&mut self) -> Result<JsonNode, Fault> {
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => JsonKind::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => self.literal()?,
        };
        Ok(JsonNode { span: start..self.at, kind })
    }

    fn nested(&mut self, parse: fn(&mut Self) -> Result<JsonKind, Fault>) -> Result<JsonKind, Fault> {
        if self.depth == DEPTH_MAX {
            return Err(self.fault(too_deep()));
        }
        self.depth += 1;
        self.at += 1;
        self.skip_space();
        let kind = parse(self)?;
        self.depth -= 1;
        Ok(kind)
    }

    fn array(&mut self) -> Result<JsonKind, Fault> {
        let mut elements = Vec::new();
        if self.take(b']') {
            return Ok(JsonKind::Array(elements));
        }
        loop {
            elements.push(self.value()?);
            if !self.comma(b']', "an array", "',' or ']'")? {
                return Ok(JsonKind::Array(elements));
            }
        }
    }

    fn object(&mut self) -> Result<JsonKind, Fault> {
        let mut members = Vec::new();
        if self.take(b'}') {
            return Ok(JsonKind::Object(members));
        }
        loop {
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("a key in double quotes"));
            }
            let name = self.string()?;
            let key = start..self.at;
            self.skip_space();
            if !self.take(b':') {
                return Err(self.unexpected("':' after the key"));
            }
            self.skip_space();
            let value = self.value()?;
            members.push(JsonMember { name, key, value });
            if !self.comma(b'}', "an object", "',' or '}'")? {
                return Ok(JsonKind::Object(members));
            }
        }
    }

    /// Goes behind the comma after an item, or behind the closing bracket; says whether another item follows.
    fn comma(&mut self, close: u8, whole: &str, wanted: &str) -> Result<bool, Fault> {
        self.skip_space();
        if self.take(close) {
            return Ok(false);
        }
        let comma = self.at;
        if !self.take(b',') {
            return Err(self.unexpected(wanted));
        }
        self.skip_space();
        if self.peek() == Some(close) {
            return Err(Fault { at: comma, reason: format!("trailing comma at the end of {whole}") });
        }
        Ok(true)
    }

    fn take(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn literal(&mut self) -> Result<JsonKind, Fault> {
        let rest = &self.text[self.at..];
        let words =
            [("null", JsonKind::Null), ("true", JsonKind::Bool(true)), ("false", JsonKind::Bool(false))];
        for (word, kind) in words {
            if rest.starts_with(word) {
                self.at += word.len();
                return Ok(kind);
            }
        }
        Err(self.unexpected("a value"))
    }

    fn number(&mut self) -> Result<JsonKind, Fault> {
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        } else if matches!(self.peek(), Some(b'0'..=b'9')) {
            return Err(self.fault("a number must not start with 0"));
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            if !self.take(b'+') {
                self.take(b'-');
            }
            self.digits()?;
        }
        Ok(JsonKind::Number)
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start { Err(self.unexpected("a digit")) } else { Ok(()) }
    }

    fn string(&mut self) -> Result<String, Fault> {
        let opening = self.at;
        self.at += 1;
        let mut decoded = String::new();
        loop {
            let start = self.at;
            while !matches!(self.peek(), None | Some(b'"' | b'\\' | 0..=0x1f)) {
                self.at += 1;
            }
            decoded.push_str(&self.text[start..self.at]);
            match self.peek() {
                None => return Err(Fault { at: opening, reason: "the string has no closing quote".into() }),
                Some(b'"') => {
                    self.at += 1;
                    return Ok(decoded);
                }
                Some(b'\\') => self.escape(&mut decoded)?,
                Some(_) => {
                    let found = self.text[self.at..].chars().next().unwrap_or_default();
                    return Err(self.fault(format!("{found:?} must be escaped in a string")));
                }
            }
        }
    }

    fn escape(&mut self, decoded: &mut String) -> Result<(), Fault> {
        let start = self.at;
        self.at += 1;
        let Some(byte) = self.peek() else {
            return Err(self.unexpected("an escape"));
        };
        self.at += 1;
        decoded.push(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex(start)?;
                self.pair(first, start)?
            }
            _ => return Err(Fault { at: start, reason: "unknown escape in a string".into() }),
        });
        Ok(())
    }

    fn hex(&mut self, escape: usize) -> Result<u32, Fault> {
        let digits =
            self.text.get(self.at..self.at + 4).filter(|four| four.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|four| u32::from_str_radix(four, 16).ok());
        let fault = Fault { at: escape, reason: "\\u needs four hexadecimal digits".into() };
        self.at += 4;
        code.ok_or(fault)
    }

    /// Joins a surrogate with the one that follows; a lone one stands for U+FFFD, as in the client.
    fn pair(&mut self, first: u32, escape: usize) -> Result<char, Fault> {
        if !(0xd800..0xdc00).contains(&first) || !self.text[self.at..].starts_with("\\u") {
            return Ok(char::from_u32(first).unwrap_or('\u{fffd}'));
        }
        let back = self.at;
        self.at += 2;
        let second = self.hex(escape)?;
        if !(0xdc00..0xe000).contains(&second) {
            self.at = back;
            return Ok('\u{fffd}');
        }
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        Ok(char::from_u32(code).unwrap_or('\u{fffd}'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fails(text: &str) -> String {
        JsonDocument::parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn faults_are_named_with_line_and_column() {
        for (text, expected) in [
            ("{\n  // note\n}", "line 2, column 3: comments are not allowed in JSON"),
            ("{\"a\": 1, /* x */ \"b\": 2}", "line 1, column 10: comments are not allowed in JSON"),
            ("# x\n{}", "line 1, column 1: comments are not allowed in JSON"),
            ("{\"a\": [1,\n 2,\n]}", "line 2, column 3: trailing comma at the end of an array"),
            ("{\"a\":1,}", "line 1, column 7: trailing comma at the end of an object"),
            ("{\"a\":1", "line 1, column 7: expected ',' or '}', found the end of the file"),
            ("{\"ä\" 1}", "line 1, column 6: expected ':' after the key, found '1'"),
            ("\u{feff}{a:1}", "line 1, column 2: expected a key in double quotes, found 'a'"),
            ("{}\r\n{}", "line 2, column 1: expected the end of the file, found '{'"),
            ("[\"a\nb\"]", "line 1, column 4: '\\n' must be escaped in a string"),
            ("[\"abc]", "line 1, column 2: the string has no closing quote"),
            ("[\"\\x\"]", "line 1, column 3: unknown escape in a string"),
            ("[\"\\u12é4\"]", "line 1, column 3: \\u needs four hexadecimal digits"),
            ("[01]", "line 1, column 3: a number must not start with 0"),
            ("[1.]", "line 1, column 4: expected a digit, found ']'"),
            ("[+1]", "line 1, column 2: expected a value, found '+'"),
            ("[NaN]", "line 1, column 2: expected a value, found 'N'"),
            ("['a']", "line 1, column 2: expected a value, found '\\''"),
            ("[\"\\", "line 1, column 4: expected an escape, found the end of the file"),
        ] {
            assert_eq!(fails(text), expected, "{text:?}");
        }
        let error = JsonDocument::parse(b"{\"a\":\n \"\xff\"}").unwrap_err();
        assert_eq!(error.to_string(), "line 2, column 3: the file is not valid UTF-8");
    }

    #[test]
    fn what_readers_accept_is_accepted() {
        let text = "\u{feff} {\"a\": 1, \"n\": -0.10E+5, \"big\": 123456789012345678901234567890,\r\n \
                    \"s\": \"\\ud83d \\ud83d\\ude00 \\/ \\u0041\u{2028}\", \"a\": [true, null]} ";
        let document = JsonDocument::parse(text.as_bytes()).unwrap();
        let root = document.root.unwrap();
        assert_eq!(root.members().len(), 5);
        assert!(root.get("a").unwrap().as_array().is_some(), "the last duplicate counts");
        assert_eq!(root.get("s").unwrap().as_str(), Some("\u{fffd} 😀 / A\u{2028}"));
        assert_eq!(&text[root.get("n").unwrap().span.clone()], "-0.10E+5");
        for blank in ["", " \n", "\u{feff}"] {
            assert!(JsonDocument::parse(blank.as_bytes()).unwrap().root.is_none());
        }
    }

    #[test]
    fn depth_is_limited() {
        let deep = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(JsonDocument::parse(deep(256).as_bytes()).is_ok());
        assert!(fails(&deep(100_000)).contains("nested deeper"));
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json_about_what_is_json(text in "[\\[\\]{}\",:0-9eE.\\-+ \\\\untrfalse\n\u{1}é]{0,24}") {
            let ours = JsonDocument::parse(text.as_bytes()).map(|document| document.root.is_some());
            let theirs = serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok();
            let blank = matches!(ours, Ok(false));
            prop_assert!(blank == text.trim().is_empty());
            // serde_json leaves lone surrogates and huge numbers alone in raw mode, as we do.
            prop_assert_eq!(ours.unwrap_or(false), theirs && !blank, "{:?}", text);
        }

        #[test]
        fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = JsonDocument::parse(&bytes);
        }
    }
}
