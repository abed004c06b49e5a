//! `git grep`: a file's name once, its matches below it; very long lines and very many matches cut.

use super::{Verdict, View};
use crate::wrap::page::{Line, Page};

/// What is shown of one match, in bytes.
const MATCH_BYTES_MAX: usize = 300;

/// Groups neighbouring matches of one file.
#[derive(Default)]
pub(in crate::wrap) struct GrepView {
    name: Vec<u8>,
    /// The first match of the file, until it is known whether there is a second one.
    first: Option<Vec<u8>>,
    grouped: bool,
    hidden: usize,
}

impl GrepView {
    fn flush(&mut self, page: &mut Page) {
        if let Some(first) = self.first.take() {
            self.show(b"", &Line { text: &first, lost: 0 }, page);
        }
    }

    fn show(&mut self, before: &[u8], line: &Line<'_>, page: &mut Page) {
        if page.room() > line.text.len().min(MATCH_BYTES_MAX) {
            page.cut(before, line, MATCH_BYTES_MAX + self.name.len());
        } else {
            self.hidden += 1;
        }
    }
}

impl View for GrepView {
    fn line(&mut self, line: &Line<'_>, page: &mut Page) -> Verdict {
        let name = line.text.split(|byte| *byte == b':').next().unwrap_or_default();
        let named = name.len() < line.text.len() && !name.is_empty();
        if !named || name != self.name || line.lost > 0 {
            self.flush(page);
            self.name = if named { name.to_vec() } else { Vec::new() };
            self.grouped = false;
            if named && line.lost == 0 {
                self.first = Some(line.text.to_vec());
            } else {
                self.show(b"", line, page);
            }
            return Verdict::Fits;
        }
        let rest = |text: &[u8]| text.get(name.len() + 1..).unwrap_or_default().to_vec();
        if !self.grouped {
            // Without the name's line a match would seem to be of the file before.
            if page.room() <= name.len() {
                self.hidden += 1 + usize::from(self.first.take().is_some());
                return Verdict::Fits;
            }
            page.line(&[name, b":"]);
            self.grouped = true;
        }
        if let Some(first) = self.first.take() {
            self.show(b" ", &Line { text: &rest(&first), lost: 0 }, page);
        }
        self.show(b" ", &Line { text: &rest(line.text), lost: 0 }, page);
        Verdict::Fits
    }

    fn end(&mut self, page: &mut Page) {
        self.flush(page);
        if self.hidden > 0 {
            page.missing("", self.hidden, "matches");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wrap::page::PAGE_BYTES_MAX;

    /// At the end of the page there may be room for a match but not for the name above it.
    #[test]
    fn a_match_is_never_shown_below_another_files_name() {
        for room in 0..80 {
            let (mut view, mut page) = (GrepView::default(), Page::default());
            page.line(&[&vec![b'.'; PAGE_BYTES_MAX - room - 1]]);
            let other = format!("{}/b.txt", "long".repeat(10));
            for text in ["a:1", "a:2", &format!("{other}:3"), &format!("{other}:4")] {
                view.line(&Line { text: text.as_bytes(), lost: 0 }, &mut page);
            }
            view.end(&mut page);
            let shown = String::from_utf8(page.take()).unwrap();
            let mut name = "";
            for line in shown.lines().skip(1) {
                name = line.strip_suffix(':').unwrap_or(name);
                let wrong = matches!(line, " 3" | " 4") && name != other
                    || matches!(line, " 1" | " 2") && name != "a";
                assert!(!wrong, "{room}: {shown}");
            }
        }
    }
}
