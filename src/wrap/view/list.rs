//! Lists of a line per item: cut after a number of lines; remotes with one line each; shortlog with few subjects each.

use super::{Verdict, View};
use crate::wrap::page::{Line, Page};

/// Subjects of one author that are shown.
const SUBJECTS_MAX: usize = 5;

/// Any list: what is beyond a number of lines is counted.
pub(in crate::wrap) struct ListView {
    what: &'static str,
    lines_max: usize,
    lines: usize,
    /// Whether a first column is filled with blanks.
    is_aligned: bool,
}

impl ListView {
    pub(in crate::wrap) fn new(what: &'static str, lines_max: usize) -> ListView {
        ListView { what, lines_max, lines: 0, is_aligned: false }
    }

    /// A list whose first column is filled with blanks: they become one.
    pub(in crate::wrap) fn aligned(what: &'static str, lines_max: usize) -> ListView {
        ListView { is_aligned: true, ..ListView::new(what, lines_max) }
    }
}

impl View for ListView {
    fn line(&mut self, line: &Line<'_>, page: &mut Page) -> Verdict {
        self.lines += 1;
        if self.lines <= self.lines_max && page.room() > line.text.len() {
            let text = if self.is_aligned { single_spaced(line.text) } else { line.text.to_vec() };
            page.cut(b"", &Line { text: &text, lost: line.lost }, usize::MAX);
        } else {
            self.lines_max = self.lines_max.min(self.lines - 1);
        }
        Verdict::Fits
    }

    fn end(&mut self, page: &mut Page) {
        if self.lines > self.lines_max {
            page.missing("", self.lines - self.lines_max, self.what);
        }
    }
}

/// The text with the blanks behind its first column made one: they align it for eyes. Later ones may be a path's or a
/// subject's own.
fn single_spaced(text: &[u8]) -> Vec<u8> {
    let start = text.iter().take_while(|byte| **byte == b' ').count();
    let Some(gap) = text[start..].windows(2).position(|pair| pair == b"  ").map(|at| start + at) else {
        return text.to_vec();
    };
    let blanks = text[gap..].iter().take_while(|byte| **byte == b' ').count();
    [&text[..gap], b" ", &text[gap + blanks..]].concat()
}

/// `git remote -v`: a remote that is fetched from and pushed to the same place takes one line.
#[derive(Default)]
pub(in crate::wrap) struct RemoteView {
    fetch: Option<Vec<u8>>,
}

impl RemoteView {
    fn flush(&mut self, page: &mut Page) {
        if let Some(fetch) = self.fetch.take() {
            page.line(&[&fetch, b" (fetch)"]);
        }
    }
}

impl View for RemoteView {
    fn line(&mut self, line: &Line<'_>, page: &mut Page) -> Verdict {
        if let Some(fetch) = line.text.strip_suffix(b" (fetch)").filter(|_| line.lost == 0) {
            self.flush(page);
            self.fetch = Some(fetch.to_vec());
        } else if let Some(fetch) =
            self.fetch.take_if(|fetch| line.text.strip_suffix(b" (push)") == Some(&**fetch))
        {
            page.line(&[&fetch, b" (fetch, push)"]);
        } else {
            self.flush(page);
            page.verbatim(line);
        }
        Verdict::Fits
    }

    fn end(&mut self, page: &mut Page) {
        self.flush(page);
    }
}

/// `git shortlog`: the first subjects of each author, the others counted.
#[derive(Default)]
pub(in crate::wrap) struct ShortlogView {
    subjects: usize,
    authors_hidden: usize,
}

impl ShortlogView {
    fn close(&mut self, page: &mut Page) {
        let hidden = self.subjects.saturating_sub(SUBJECTS_MAX);
        if hidden > 0 && self.authors_hidden == 0 {
            page.missing("  ", hidden, "commits");
        }
        self.subjects = 0;
    }
}

impl View for ShortlogView {
    fn line(&mut self, line: &Line<'_>, page: &mut Page) -> Verdict {
        if let Some(subject) = line.after("      ") {
            self.subjects += 1;
            if self.subjects <= SUBJECTS_MAX && self.authors_hidden == 0 {
                page.cut(b"  ", &Line { text: subject, lost: line.lost }, usize::MAX);
            }
        } else if line.text.is_empty() {
            self.close(page);
        } else if page.room() > 0 {
            page.verbatim(line);
        } else {
            self.authors_hidden += 1;
        }
        Verdict::Fits
    }

    fn end(&mut self, page: &mut Page) {
        self.close(page);
        if self.authors_hidden > 0 {
            page.missing("", self.authors_hidden, "authors");
        }
    }
}
