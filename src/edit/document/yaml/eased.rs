//! Reads texts that the parser refuses for an indentation which other readers take: quoted text and brackets that go
//! on no deeper than the key they belong to. The parser gets a copy with more blanks there; places are those of the
//! text itself.

use super::super::layout::{line_end, line_start, skip_newline};
use std::collections::BTreeSet;

/// How the parser's complaints about indentation begin.
const COMPLAINT: &str = "invalid indentation";
/// How the one about quoted text, told with the place of its first quote, ends.
const OF_QUOTES: &str = "quoted scalar";
/// Texts are read anew after each mend as long as all readings together stay below this, in bytes.
const READ_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A text for the parser.
pub(super) struct Eased<'t> {
    text: &'t str,
    /// Where lines begin that get blanks before them.
    lines: BTreeSet<usize>,
    /// How many: more than any line of the text has.
    blanks: usize,
    /// With those blanks; `None` as long as there are none.
    copy: Option<String>,
    /// The byte of the text for each character of what the parser reads; empty if they are the same.
    offsets: Vec<u32>,
    read_bytes: usize,
}

impl<'t> Eased<'t> {
    /// The text as it is.
    pub(super) fn new(text: &'t str) -> Eased<'t> {
        let mut eased =
            Eased { text, lines: BTreeSet::new(), blanks: 0, copy: None, offsets: Vec::new(), read_bytes: 0 };
        if !text.is_ascii() {
            eased.offsets = text.char_indices().map(|(at, _)| offset(at)).collect();
        }
        eased
    }

    /// What the parser is to read.
    pub(super) fn source(&self) -> &str {
        self.copy.as_deref().unwrap_or(self.text)
    }

    /// The byte of the text that a character of the source stands for.
    pub(super) fn byte(&self, index: usize) -> usize {
        if self.offsets.is_empty() {
            return index.min(self.text.len());
        }
        self.offsets.get(index).map_or(self.text.len(), |at| *at as usize)
    }

    /// Moves the lines deeper that the parser complains about; says whether it is worth reading again.
    pub(super) fn ease(&mut self, complaint: &str, at: usize) -> bool {
        self.read_bytes += self.source().len();
        if !complaint.starts_with(COMPLAINT) || self.read_bytes > READ_BYTES_MAX {
            return false;
        }
        let known = self.lines.len();
        if complaint.ends_with(OF_QUOTES) {
            let end = behind_quotes(self.text, at, self.text.len());
            let mut line = skip_newline(self.text, line_end(self.text, at));
            while line < end {
                self.lines.insert(line);
                line = skip_newline(self.text, line_end(self.text, line));
            }
        } else {
            self.lines.insert(line_start(self.text, at));
        }
        if self.lines.len() == known {
            return false;
        }
        self.rebuild();
        true
    }

    fn rebuild(&mut self) {
        if self.blanks == 0 {
            let depth = |line: &str| line.len() - line.trim_start_matches(' ').len();
            self.blanks = self.text.lines().map(depth).max().unwrap_or(0) + 1;
        }
        let mut copy = String::with_capacity(self.text.len() + self.lines.len() * self.blanks);
        self.offsets.clear();
        let mut starts_line = true;
        for (at, ch) in self.text.char_indices() {
            if starts_line && self.lines.contains(&at) {
                copy.extend(std::iter::repeat_n(' ', self.blanks));
                self.offsets.extend(std::iter::repeat_n(offset(at), self.blanks));
            }
            copy.push(ch);
            self.offsets.push(offset(at));
            starts_line = matches!(ch, '\n' | '\r');
        }
        self.copy = Some(copy);
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Behind the closing quote of the quoted text at `start`; `end` if there is none before it.
pub(super) fn behind_quotes(text: &str, start: usize, end: usize) -> usize {
    let bytes = text.as_bytes();
    let Some(quote @ (b'"' | b'\'')) = bytes.get(start).copied() else { return end };
    let mut at = start + 1;
    while at < end {
        match bytes[at] {
            b'\\' if quote == b'"' => at += 2,
            byte if byte == quote && quote == b'\'' && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    end
}
