//! What a changing command says on success, with repetitions cut: file lists, reference lists, progress, advice.
//!
//! Warnings, a hook's own words, conflicts and everything else that is not known here stay word for word.

use super::page::{Line, Page};
use super::view::{StatusView, View as _};

/// Lines of one kind that are shown before the rest is counted.
const REPEATED_MAX: usize = 8;

/// The advice about a detached HEAD, from behind its first sentence to its end.
const DETACHED_FIRST: &str = "You are in 'detached HEAD' state.";
const DETACHED_LAST: &str = "Turn off this advice by setting config variable advice.detachedHead to false";

/// Kinds of lines that come in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// ` src/a.rs | 3 +--`
    Stat,
    /// ` create mode 100644 src/a.rs`
    Mode,
    /// ` * [new branch] a -> origin/a`
    Reference,
    /// `M`, a tab, `src/a.rs`
    Left,
    Merging,
    Other,
}

impl Kind {
    fn of(line: &Line<'_>) -> Kind {
        let text = line.text;
        let has = |part: &[u8]| text.windows(part.len()).any(|window| window == part);
        if line.begins(" ") && has(b" | ") && text.last().is_some_and(|end| b"+-0123456789s".contains(end)) {
            Kind::Stat
        } else if [" create mode ", " delete mode ", " rename ", " mode change ", " copy ", " rewrite "]
            .iter()
            .any(|start| line.begins(start))
        {
            Kind::Mode
        } else if (line.begins(" * [new ") || line.begins(" - [deleted]") || line.begins("   "))
            && has(b" -> ")
        {
            Kind::Reference
        } else if matches!(text, [b'M' | b'A' | b'D' | b'T' | b'R', b'\t', _, ..]) {
            Kind::Left
        } else if line.begins("Auto-merging ") {
            Kind::Merging
        } else {
            Kind::Other
        }
    }

    fn what(self) -> &'static str {
        match self {
            Kind::Stat | Kind::Left => "files",
            Kind::Mode => "files made, removed, renamed or changed in mode",
            Kind::Reference => "references",
            Kind::Merging => "files merged",
            Kind::Other => "lines",
        }
    }
}

/// Shortens one stream.
pub(super) struct Trimmer {
    kind: Kind,
    count: usize,
    status: Option<StatusView>,
    in_advice: bool,
}

impl Trimmer {
    pub(super) fn new() -> Trimmer {
        Trimmer { kind: Kind::Other, count: 0, status: None, in_advice: false }
    }

    pub(super) fn line(&mut self, line: &Line<'_>, page: &mut Page) {
        if self.in_advice {
            self.in_advice = !line.begins(DETACHED_LAST);
            return;
        }
        if line.begins(DETACHED_FIRST) {
            self.in_advice = true;
            return page.line(&[DETACHED_FIRST.as_bytes()]);
        }
        if line.begins("On branch ")
            || line.begins("HEAD detached at ")
            || line.begins("Not currently on any branch.")
        {
            self.close(page);
            self.status.get_or_insert_with(StatusView::new);
        }
        if let Some(status) = &mut self.status {
            status.line(line, page);
            return;
        }
        // Progress overwrites itself: only what stands there at the end counts.
        let shown = line.text.strip_suffix(b"\r").unwrap_or(line.text);
        let last = shown.rsplit(|byte| *byte == b'\r').next().unwrap_or(shown);
        let kind = Kind::of(line);
        if kind != self.kind {
            self.close(page);
            self.kind = kind;
        }
        self.count += 1;
        if kind == Kind::Other || self.count <= REPEATED_MAX {
            page.cut(b"", &Line { text: last, lost: line.lost }, usize::MAX);
        }
    }

    pub(super) fn end(&mut self, page: &mut Page) {
        self.close(page);
        if let Some(mut status) = self.status.take() {
            status.end(page);
        }
    }

    fn close(&mut self, page: &mut Page) {
        if self.kind != Kind::Other && self.count > REPEATED_MAX {
            page.missing(" ", self.count - REPEATED_MAX, self.kind.what());
        }
        self.count = 0;
    }
}
