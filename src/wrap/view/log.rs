//! `git log` and `git show`: a line per commit with short hash, names, date, author and subject; its text below it.

use super::diff::DiffView;
use super::{Verdict, View};
use crate::wrap::page::{Line, Page};

/// Characters of a hash that are shown.
const HASH_CHARS: usize = 12;
/// Lines of one message behind its subject that are shown when there may be many commits.
const BODY_LINES_MAX: usize = 5;
/// A message is kept up to this, in lines, before it is shown.
const BODY_LINES_KEPT: usize = 2000;

/// Head lines that are not known here are kept up to this.
const OTHERS_KEPT: usize = 100;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Nothing,
    Head,
    Message,
    Diff,
}

/// One commit as far as it has been read.
#[derive(Default)]
struct Commit {
    hash: Vec<u8>,
    /// Branches and tags in brackets, with a blank before.
    names: Vec<u8>,
    merge: Option<Vec<u8>>,
    author: Vec<u8>,
    date: Vec<u8>,
    /// Head lines that are not known here.
    others: Vec<Vec<u8>>,
    message: Vec<Vec<u8>>,
    message_lines: usize,
}

/// The view of a list of commits, with patches or without.
pub(in crate::wrap) struct LogView {
    part: Part,
    commit: Commit,
    /// Whether messages are shown whole.
    whole: bool,
    hidden: usize,
    diff: DiffView,
}

impl LogView {
    pub(in crate::wrap) fn new(whole: bool) -> LogView {
        LogView { part: Part::Nothing, commit: Commit::default(), whole, hidden: 0, diff: DiffView::new() }
    }

    fn start(&mut self, rest: &[u8], page: &mut Page) {
        self.flush(page);
        let hash = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        self.commit =
            Commit { hash: rest[..hash].to_vec(), names: rest[hash..].to_vec(), ..Commit::default() };
        self.part = Part::Head;
    }

    fn head(&mut self, line: &Line<'_>) {
        if line.text.is_empty() {
            self.part = Part::Message;
        } else if let Some(author) = line.after("Author: ") {
            self.commit.author = without_address(author).to_vec();
        } else if let Some(date) = line.after("Date: ") {
            self.commit.date = short_date(date.trim_ascii());
        } else if let Some(parents) = line.after("Merge: ") {
            self.commit.merge = Some(parents.to_vec());
        } else if self.commit.others.len() < OTHERS_KEPT {
            self.commit.others.push(line.text.to_vec());
        }
    }

    fn message(&mut self, line: &Line<'_>, page: &mut Page) {
        if line.begins("diff ") {
            self.flush(page);
            self.part = Part::Diff;
            self.diff.line(line, page);
            return;
        }
        let text = line.after("    ").unwrap_or(line.text);
        if text.is_empty() {
            return;
        }
        self.commit.message_lines += 1;
        if self.commit.message_lines <= BODY_LINES_KEPT {
            self.commit.message.push(text.to_vec());
        }
    }

    /// Writes the commit that has been read, or counts it.
    fn flush(&mut self, page: &mut Page) {
        if self.part == Part::Diff {
            self.diff.end(page);
            self.diff = DiffView::new();
        }
        let commit = std::mem::take(&mut self.commit);
        if commit.hash.is_empty() {
            return;
        }
        let lines_max = if self.whole { BODY_LINES_KEPT } else { BODY_LINES_MAX };
        let bytes: usize = commit.message.iter().take(lines_max + 1).map(Vec::len).sum();
        if page.room() <= bytes {
            self.hidden += 1;
            return;
        }
        commit.show(lines_max, page);
    }
}

impl Commit {
    fn show(&self, lines_max: usize, page: &mut Page) {
        let subject = self.message.first().map(Vec::as_slice).unwrap_or_default();
        let hash = &self.hash[..self.hash.len().min(HASH_CHARS)];
        page.line(&[hash, &self.names, b" ", &self.date, b" ", &self.author, b": ", subject]);
        if let Some(parents) = &self.merge {
            page.line(&[b"  merge of ", parents]);
        }
        self.others.iter().for_each(|other| page.line(&[b"  ", other]));
        let body = self.message.get(1..).unwrap_or_default();
        body.iter().take(lines_max).for_each(|text| page.line(&[b"  ", text]));
        let missing = self.message_lines.saturating_sub(1 + lines_max);
        if missing > 0 {
            page.missing("  ", missing, "lines");
        }
    }
}

impl View for LogView {
    fn line(&mut self, line: &Line<'_>, page: &mut Page) -> Verdict {
        if let Some(rest) = line.after("commit ").filter(|rest| self.may_start(rest)) {
            self.start(rest, page);
            return Verdict::Fits;
        }
        match self.part {
            Part::Nothing => return Verdict::Foreign,
            Part::Head => self.head(line),
            Part::Message => self.message(line, page),
            Part::Diff => return self.diff.line(line, page),
        }
        Verdict::Fits
    }

    fn end(&mut self, page: &mut Page) {
        self.flush(page);
        if self.hidden > 0 {
            page.missing("", self.hidden, "commits");
        }
    }
}

impl LogView {
    /// Lines of a message are indented and lines of a hunk begin with a sign, so that a commit's first line is no other.
    fn may_start(&self, rest: &[u8]) -> bool {
        let hash = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        [40, 64].contains(&hash) && matches!(rest.get(hash), None | Some(b' '))
    }
}

/// `Jo <jo@x>` without the address.
fn without_address(author: &[u8]) -> &[u8] {
    let end = author.iter().rposition(|byte| *byte == b'<').filter(|_| author.ends_with(b">"));
    end.map_or(author, |end| author[..end].trim_ascii_end())
}

/// `Sat Nov 21 15:44:56 2026 +0000` as `2026-11-21 15:44`; anything else as it is.
fn short_date(date: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(date);
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [_, month, day, time, year, _] = words.as_slice() else { return date.to_vec() };
    let month = MONTHS.iter().position(|known| known == month);
    match (month, day.parse::<u8>(), time.get(..5), year.parse::<u32>()) {
        (Some(month), Ok(day), Some(minute), Ok(year)) => {
            format!("{year}-{:02}-{day:02} {minute}", month + 1).into_bytes()
        }
        _ => date.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_the_default_form_are_shortened_and_others_kept() {
        assert_eq!(short_date(b"Sat Nov 21 15:44:56 2026 +0000"), b"2026-11-21 15:44");
        assert_eq!(short_date(b"3 days ago"), b"3 days ago");
        assert_eq!(without_address(b"A <b> C <c@d>"), b"A <b> C");
        assert_eq!(without_address(b"nobody"), b"nobody");
    }
}
