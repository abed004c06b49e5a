//! `git blame`: who and when once for neighbouring lines of one commit.

use super::{Verdict, View};
use crate::wrap::page::{Line, Page};

/// Groups neighbouring lines of one commit.
#[derive(Default)]
pub(in crate::wrap) struct BlameView {
    origin: Vec<u8>,
    hidden: usize,
    known: bool,
}

/// One line, taken apart.
struct Blamed<'a> {
    /// Commit and, after a move, the old name.
    commit: &'a [u8],
    author: &'a [u8],
    day: &'a [u8],
    number: &'a [u8],
    code: &'a [u8],
}

impl View for BlameView {
    fn line(&mut self, line: &Line<'_>, page: &mut Page) -> Verdict {
        let Some(blamed) = Blamed::of(line.text) else {
            if !self.known {
                return Verdict::Foreign;
            }
            self.origin.clear();
            page.verbatim(line);
            return Verdict::Fits;
        };
        self.known = true;
        if page.room() < line.text.len() {
            self.hidden += 1;
            return Verdict::Fits;
        }
        let origin = [blamed.commit, b" ", blamed.author, b" ", blamed.day].concat();
        if origin != self.origin {
            page.line(&[&origin]);
            self.origin = origin;
        }
        page.cut(
            &[b" ", blamed.number, b" "].concat(),
            &Line { text: blamed.code, lost: line.lost },
            usize::MAX,
        );
        Verdict::Fits
    }

    fn end(&mut self, page: &mut Page) {
        if self.hidden > 0 {
            page.missing("", self.hidden, "lines");
        }
    }
}

impl Blamed<'_> {
    /// `hash [old name] (author  date time zone  number) code`, as git prints it without options.
    fn of(text: &[u8]) -> Option<Blamed<'_>> {
        let open = text.windows(2).position(|pair| pair == b" (")?;
        let commit = text[..open].trim_ascii_end();
        let hash = commit.split(|byte| *byte == b' ').next()?;
        let hash = hash.strip_prefix(b"^").unwrap_or(hash);
        if hash.len() < 4 || !hash.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        let inner = &text[open + 2..];
        // The code may hold anything; the date stands at a fixed distance before the number.
        let close = inner
            .iter()
            .enumerate()
            .find_map(|(at, byte)| (*byte == b')' && Blamed::head(&inner[..at]).is_some()).then_some(at))?;
        let (author, day, number) = Blamed::head(&inner[..close])?;
        let code = &inner[close + 1..];
        Some(Blamed { commit, author, day, number, code: code.strip_prefix(b" ").unwrap_or(code) })
    }

    /// Author, day and line number out of what stands in the brackets.
    fn head(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
        let number_at = text.iter().rposition(|byte| !byte.is_ascii_digit())? + 1;
        let number = &text[number_at..];
        let date = text[..number_at].trim_ascii_end();
        // "2026-11-21 15:44:56 +0000"
        let start = date.len().checked_sub(25)?;
        let stamp = &date[start..];
        let shaped = stamp.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            10 | 19 => *byte == b' ',
            13 | 16 => *byte == b':',
            20 => matches!(byte, b'+' | b'-'),
            _ => byte.is_ascii_digit(),
        });
        (shaped && !number.is_empty()).then(|| (date[..start].trim_ascii_end(), &stamp[..10], number))
    }
}
