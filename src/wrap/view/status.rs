//! `git status`: one letter per entry, no hints about commands in the sections, long lists cut.

use super::{Verdict, View};
use crate::wrap::page::{Line, Page};

/// Untracked and ignored names that are shown.
const UNTRACKED_MAX: usize = 60;
/// Changed names of one section that are shown; conflicts are always shown.
const CHANGED_MAX: usize = 200;

/// Headings of git and what stands for them.
const SECTIONS: &[(&str, &str, Section)] = &[
    ("Changes to be committed:", "Staged:", Section::Changed),
    ("Changes not staged for commit:", "Not staged:", Section::Changed),
    ("Unmerged paths:", "Unmerged paths:", Section::Unmerged),
    ("Untracked files:", "Untracked:", Section::Names),
    ("Ignored files:", "Ignored:", Section::Names),
];

/// Labels of git and their letters in the short format.
const LABELS: &[(&str, &str)] = &[
    ("new file:", "A"),
    ("modified:", "M"),
    ("deleted:", "D"),
    ("renamed:", "R"),
    ("copied:", "C"),
    ("typechange:", "T"),
];

/// Lines that say nothing but what the sections say.
const REDUNDANT: &[&str] = &[
    "no changes added to commit (use \"git add\" and/or \"git commit -a\")",
    "nothing added to commit but untracked files present (use \"git add\" to track)",
    "  (use \"git push\" to publish your local commits)",
    "  (use \"git pull\" to update your local branch)",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Head,
    Changed,
    Unmerged,
    Names,
}

/// The view of `git status`, also of the status that other commands print.
pub(in crate::wrap) struct StatusView {
    section: Section,
    shown: usize,
    hidden: usize,
}

impl StatusView {
    pub(in crate::wrap) fn new() -> StatusView {
        StatusView { section: Section::Head, shown: 0, hidden: 0 }
    }

    fn entry(&mut self, entry: &[u8], line: &Line<'_>, page: &mut Page) {
        let limit = match self.section {
            Section::Changed => CHANGED_MAX,
            Section::Names => UNTRACKED_MAX,
            Section::Head | Section::Unmerged => usize::MAX,
        };
        self.shown += 1;
        if self.shown > limit {
            self.hidden += 1;
            return;
        }
        let label = LABELS.iter().find(|(label, _)| entry.starts_with(label.as_bytes()));
        match label.filter(|_| self.section == Section::Changed && line.lost == 0) {
            Some((label, letter)) => {
                page.line(&[b" ", letter.as_bytes(), b" ", entry[label.len()..].trim_ascii_start()]);
            }
            None => page.cut(b" ", &Line { text: entry, lost: line.lost }, usize::MAX),
        }
    }

    fn close(&mut self, page: &mut Page) {
        if self.hidden > 0 {
            page.missing(" ", self.hidden, "files");
        }
        (self.shown, self.hidden) = (0, 0);
    }
}

impl View for StatusView {
    fn line(&mut self, line: &Line<'_>, page: &mut Page) -> Verdict {
        let is = |known: &str| line.text == known.as_bytes();
        if let Some((_, short, section)) = SECTIONS.iter().find(|(long, _, _)| is(long)) {
            self.close(page);
            self.section = *section;
            page.line(&[short.as_bytes()]);
        } else if line.text.is_empty() || REDUNDANT.iter().any(|known| is(known)) {
            // Sections are told apart by their headings.
        } else if self.section != Section::Head && line.begins("  (use \"git ") {
            // Which command stages or restores a file is known to whoever runs git status in short form.
        } else if let Some(entry) = line.after("\t").filter(|_| self.section != Section::Head) {
            self.entry(entry, line, page);
        } else {
            self.close(page);
            self.section = Section::Head;
            page.verbatim(line);
        }
        Verdict::Fits
    }

    fn end(&mut self, page: &mut Page) {
        self.close(page);
    }
}
