//! Reduces a brace-language source to its declarations: bodies, comments, long strings and values are cut out, so
//! that the parser has a fraction to read. Every kept byte can be traced back to where it stood.

use super::lexer::{Piece, block_end, directive_end, is_word, piece, starts_line};
use super::rules::Lexis;

/// Strings longer than this are emptied, in bytes.
const STRING_BYTES_KEPT: usize = 160;
/// Directives longer than this keep their first line, in bytes.
const DIRECTIVE_BYTES_KEPT: usize = 200;
/// Longest macro call that is recognised as one, in bytes.
const MACRO_CALL_BYTES_MAX: usize = 2_000;
/// Containers inside each other that are looked into.
const CONTAINER_DEPTH_MAX: usize = 200;

/// What is left of a source.
pub(super) struct Compact {
    /// The text to be parsed.
    pub text: Vec<u8>,
    /// Offset in `text` and in the source where each kept piece begins.
    pieces: Vec<(usize, usize)>,
}

impl Compact {
    /// An empty reduction with room for a part of `source_bytes`.
    pub(super) fn with_room_for(source_bytes: usize) -> Compact {
        Compact { text: Vec::with_capacity(source_bytes / 3), pieces: Vec::new() }
    }

    /// Keeps `source[from..to]`.
    pub(super) fn keep(&mut self, source: &[u8], from: usize, to: usize) {
        if let Some(piece) = source.get(from..to).filter(|piece| !piece.is_empty()) {
            self.pieces.push((self.text.len(), from));
            self.text.extend_from_slice(piece);
        }
    }

    /// Puts `text` in the place of something cut that ends at `source_end`.
    pub(super) fn stand_in(&mut self, text: &[u8], source_end: usize) {
        self.pieces.push((self.text.len(), source_end.saturating_sub(text.len())));
        self.text.extend_from_slice(text);
    }

    /// Where the byte at `offset` of the text stood in the source.
    pub(super) fn source_offset(&self, offset: usize) -> usize {
        let index = self.pieces.partition_point(|(kept, _)| *kept <= offset);
        match index.checked_sub(1).and_then(|index| self.pieces.get(index)) {
            Some((kept, from)) => from + (offset - kept),
            None => offset,
        }
    }

    /// Where a range that ends before `offset` of the text ends in the source.
    pub(super) fn source_end(&self, offset: usize) -> usize {
        offset.checked_sub(1).map_or(0, |last| self.source_offset(last) + 1)
    }
}

/// What has been seen since the last statement ended.
#[derive(Default, Clone, Copy)]
struct Head {
    container: bool,
    function: bool,
    list: bool,
    value: bool,
    parenthesis: bool,
    exported: bool,
    typed: bool,
    /// Open angle brackets: a default inside them is no value.
    angles: usize,
    /// Last byte that is neither blank nor comment.
    last: u8,
    /// First one.
    first: u8,
}

struct Open {
    parentheses: usize,
    object: bool,
    /// Only there to wrap a module: what is inside counts as the top level.
    wrapper: bool,
}

struct Compactor<'s> {
    source: &'s [u8],
    lexis: &'s Lexis,
    out: Compact,
    /// Start of what is to be kept and has not been copied yet.
    pending: usize,
    index: usize,
    head: Head,
    parentheses: usize,
    open: Vec<Open>,
}

/// Cuts `source` down to its declarations.
pub(super) fn compact(source: &[u8], lexis: &Lexis) -> Compact {
    let mut compactor = Compactor {
        source,
        lexis,
        out: Compact::with_room_for(source.len()),
        pending: 0,
        index: 0,
        head: Head::default(),
        parentheses: 0,
        open: Vec::new(),
    };
    if lexis.php_tags {
        let code = memchr::memmem::find(source, b"<?").map_or(source.len(), |tag| tag + 2);
        compactor.index = code;
    }
    while compactor.index < source.len() {
        compactor.step();
    }
    compactor.keep_until(source.len());
    compactor.out
}

impl Compactor<'_> {
    fn byte(&self, index: usize) -> u8 {
        self.source.get(index).copied().unwrap_or(0)
    }

    fn keep_until(&mut self, end: usize) {
        self.out.keep(self.source, self.pending, end);
        self.pending = end;
    }

    /// Leaves out everything up to `end`.
    fn cut_to(&mut self, end: usize) {
        self.keep_until(self.index);
        self.pending = end;
        self.index = end;
    }

    fn step(&mut self) {
        let byte = self.byte(self.index);
        if is_word(byte) {
            return self.word();
        }
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => self.index += 1,
            b'#' if self.lexis.directives && starts_line(self.source, self.index) => self.directive(),
            b'/' | b'"' | b'\'' | b'`' | b'#' | b'<' | b'?' => self.piece(),
            b'{' => self.open_brace(),
            b'}' => self.close_brace(),
            _ => self.punctuation(byte),
        }
    }

    fn significant(&mut self, byte: u8) {
        if self.head.first == 0 {
            self.head.first = byte;
        }
        self.head.last = byte;
    }

    fn directive(&mut self) {
        let end = directive_end(self.source, self.index);
        if end - self.index > DIRECTIVE_BYTES_KEPT {
            let line = super::lexer::line_end(self.source, self.index).min(self.index + DIRECTIVE_BYTES_KEPT);
            let first = self.source.get(self.index..line).unwrap_or(b"").trim_ascii_end();
            let kept = first.strip_suffix(b"\\").unwrap_or(first);
            let count = |byte: u8| kept.iter().filter(|found| **found == byte).count();
            if count(b'(') == count(b')') {
                self.index += kept.len();
                self.cut_to(end);
                // What was cut is the value; a macro without one would be taken for a header guard.
                self.out.text.extend_from_slice(b" 1");
            }
        }
        self.index = end;
    }

    fn piece(&mut self) {
        match piece(self.source, self.index, self.lexis) {
            Piece::Comment(end) => {
                let end = end.max(self.index + 1);
                self.cut_to(end);
                self.out.text.push(b' ');
            }
            Piece::Text(end) => {
                let end = end.max(self.index + 1);
                if end - self.index > STRING_BYTES_KEPT {
                    self.cut_to(end);
                    self.out.text.extend_from_slice(b"\"\"");
                }
                self.index = end;
                self.significant(b'"');
            }
            Piece::Code => self.punctuation(self.byte(self.index)),
        }
    }

    fn word(&mut self) {
        let start = self.index;
        let length =
            self.source.get(start..).unwrap_or(b"").iter().take_while(|byte| is_word(**byte)).count();
        self.index = start + length;
        let word = self.source.get(start..self.index).unwrap_or(b"");
        if let Some(end) = self.macro_call_end(word) {
            self.index = start;
            return self.cut_to(end);
        }
        let is = |words: &[&str]| words.iter().any(|known| known.as_bytes() == word);
        let member = matches!(self.head.last, b'.' | b'$') || (self.head.last == b':' && self.lexis.php_tags);
        if self.parentheses == 0 && !member {
            if !self.lexis.starters.is_empty() && is(self.lexis.starters) && starts_line(self.source, start) {
                self.head = Head::default();
            }
            if is(self.lexis.functions) {
                self.head.function = true;
            } else if is(self.lexis.containers) {
                let value_allowed = !self.head.value || self.lexis.objects;
                if value_allowed
                    && !self.head.function
                    && !self.past_parameters()
                    && self.names_something(word)
                {
                    self.head.container = true;
                }
            } else if is(self.lexis.lists) {
                self.head.list |= self.head.first == 0 || self.head.exported;
            }
            self.head.exported |= matches!(word, b"pub" | b"default");
            self.head.typed |= word == b"type";
            if word == b"template" {
                self.skip_template();
            }
        }
        self.significant(b'a');
    }

    /// The end of a line such as `DEFINE_THINGS(a, b)`, which is no declaration for a parser that does not know the
    /// macro; a body after it says that it is the head of a function.
    fn macro_call_end(&self, word: &[u8]) -> Option<usize> {
        let upper = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
        if !self.lexis.c_heads || self.head.first != 0 || self.parentheses > 0 || !word.iter().all(upper) {
            return None;
        }
        let text = self.source.get(self.index..).unwrap_or(b"");
        let text = text.get(..MACRO_CALL_BYTES_MAX).unwrap_or(text);
        let mut depth = 0_usize;
        let mut close = 0;
        for (offset, byte) in text.iter().enumerate() {
            match byte {
                b'(' => depth += 1,
                b')' if depth > 0 => depth -= 1,
                b' ' | b'\t' if depth == 0 => continue,
                _ if depth == 0 => return None,
                _ => {}
            }
            if depth == 0 {
                close = offset + 1;
                break;
            }
        }
        let rest = text.get(close..).filter(|_| close > 0)?;
        let line = rest.get(..memchr::memchr(b'\n', rest)?)?.trim_ascii();
        let body = rest.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        (!body && (line.is_empty() || line.starts_with(b"//"))).then_some(self.index + close)
    }

    /// Whether parameters came before; where functions have a word of their own, parentheses say nothing.
    fn past_parameters(&self) -> bool {
        self.head.parenthesis && self.lexis.functions.is_empty()
    }

    /// Whether a container word is followed by a name or by its block, not used as a name itself.
    fn names_something(&self, word: &[u8]) -> bool {
        let next =
            self.source.get(self.index..).unwrap_or(b"").iter().find(|byte| !byte.is_ascii_whitespace());
        match next.copied().unwrap_or(0) {
            b'(' => word == b"class" && self.lexis.php_tags,
            b'{' | b'"' | b'\'' | b'<' | b'[' | b'/' | b'@' | b'!' | b'\\' | b'&' => true,
            b'$' => !self.lexis.php_tags,
            other => is_word(other),
        }
    }

    /// Goes over `<…>` after `template`: its `class` and `=` say nothing of the declaration.
    fn skip_template(&mut self) {
        let mut depth = 0_usize;
        for (offset, byte) in self.source.get(self.index..).unwrap_or(b"").iter().enumerate() {
            match byte {
                b'<' => depth += 1,
                b'>' => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        self.index += offset + 1;
                        return;
                    }
                }
                b'{' | b';' => return,
                byte if depth == 0 && !byte.is_ascii_whitespace() => return,
                _ => {}
            }
        }
    }

    fn punctuation(&mut self, byte: u8) {
        let next = self.byte(self.index + 1);
        match byte {
            b'(' => {
                self.head.parenthesis |= self.parentheses == 0 && !self.after_annotation();
                self.parentheses += 1;
            }
            b')' | b']' => self.parentheses = self.parentheses.saturating_sub(1),
            b'[' if self.head.value || (self.lexis.objects && self.parentheses > 0) => {
                return self.cut_block();
            }
            b'[' => self.parentheses += 1,
            // A statement that ends its line ends whatever a macro left open before it.
            b';' if self.parentheses == 0 || (self.lexis.directives && next == b'\n') => {
                self.parentheses = 0;
                self.index += 1;
                self.head = Head::default();
                return;
            }
            b',' if self.parentheses == 0 && self.open.last().is_some_and(|open| open.object) => {
                self.index += 1;
                self.head = Head::default();
                return;
            }
            b'<' if self.parentheses == 0 && !self.head.value => self.head.angles += 1,
            b'>' if self.parentheses == 0 && !matches!(self.head.last, b'-' | b'=') => {
                self.head.angles = self.head.angles.saturating_sub(1);
            }
            b'=' if self.parentheses == 0 && self.head.angles == 0 => {
                if next == b'=' {
                    self.index += 1;
                } else {
                    self.head.value = true;
                }
            }
            _ => {}
        }
        self.index += 1;
        self.significant(byte);
    }

    /// Whether the parenthesis at the current index belongs to an annotation such as `@Name(…)`.
    fn after_annotation(&self) -> bool {
        let before = self.source.get(..self.index).unwrap_or(b"");
        let name = before.iter().rev().take(200).take_while(|byte| is_word(**byte) || **byte == b'.').count();
        let at = before.len() - name;
        at > 0 && name > 0 && self.byte(at - 1) == b'@'
    }

    /// Cuts what is between the bracket at the current index and the one that closes it.
    fn cut_block(&mut self) {
        let end = block_end(self.source, self.index, self.lexis).max(self.index + 1);
        self.index += 1;
        let closed = end > self.index && matches!(self.byte(end - 1), b'}' | b']');
        self.cut_to(if closed { end - 1 } else { end });
        self.index = end;
        self.significant(b'}');
    }

    fn open_brace(&mut self) {
        let head = self.head;
        if self.parentheses == 0 && head.list {
            self.parentheses += 1;
            self.index += 1;
            return;
        }
        let function_end = head.last == b')' && head.parenthesis;
        let container = self.parentheses == 0 && head.container && !(function_end && self.lexis.c_heads);
        let object = self.lexis.objects && self.open.iter().all(|open| open.wrapper) && !head.typed;
        let literal = object
            && self.parentheses == 0
            && (head.last == b'='
                || (head.exported && !head.function && head.last == b'a' && !head.parenthesis));
        let bare = object && self.parentheses == 0 && head.first == 0;
        let called = object && self.parentheses > 0 && matches!(head.last, b')' | b'>') && self.is_wrapper();
        if (container || literal || called || bare) && self.open.len() < CONTAINER_DEPTH_MAX {
            self.open.push(Open { parentheses: self.parentheses, object: literal, wrapper: called || bare });
            self.parentheses = 0;
            self.index += 1;
            self.head = Head::default();
            return;
        }
        self.cut_block();
        if self.parentheses == 0 && !head.value {
            self.head = Head::default();
        }
    }

    /// Whether the statement is `(function () {…})()` or `define(…, function () {…})`.
    fn is_wrapper(&self) -> bool {
        if matches!(self.head.first, b'(' | b'!') {
            return true;
        }
        let before = self.source.get(..self.index).unwrap_or(b"");
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
        before.get(line_start..).unwrap_or(b"").trim_ascii_start().starts_with(b"define(")
    }

    fn close_brace(&mut self) {
        if self.head.list && self.parentheses > 0 {
            self.parentheses -= 1;
            self.index += 1;
            return;
        }
        if let Some(open) = self.open.pop() {
            self.parentheses = open.parentheses;
        }
        self.index += 1;
        self.head = Head { first: if self.parentheses > 0 { b'(' } else { 0 }, ..Head::default() };
    }
}
