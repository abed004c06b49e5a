//! `git diff`: one line per file, hunks with one line of context, and what is generated, deleted or too large in numbers.

use super::hunk::{Hunk, Lines};
use super::{Verdict, View};
use crate::wrap::page::{Line, Page};

/// What is shown of the hunks of one file, in bytes.
const FILE_BYTES_MAX: usize = 12 * 1000;
/// Lines for files whose hunks are not shown end after this, in bytes beyond the page.
const SUMMARY_BYTES_MAX: usize = 4 * 1000;

/// Files that programs write; their hunks are counted.
const GENERATED: &[&str] = &[
    "Cargo.lock",
    "Gemfile.lock",
    "Pipfile.lock",
    "composer.lock",
    "go.sum",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "poetry.lock",
    "uv.lock",
    "yarn.lock",
];
/// Ends of names of files that programs write.
const GENERATED_ENDS: &[&str] = &[".min.js", ".min.css", ".js.map", ".css.map"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Start,
    Head,
    Hunk,
    /// The head of a combined diff.
    Combined,
    /// Anything else that is shown as it is.
    Other,
}

/// What git says about a file before its hunks.
#[derive(Default)]
struct Head {
    /// What follows `diff --git `.
    names: Vec<u8>,
    old: Option<Vec<u8>>,
    new: Option<Vec<u8>>,
    from: Option<Vec<u8>>,
    to: Option<Vec<u8>>,
    notes: Vec<String>,
    old_mode: Option<String>,
    deleted: bool,
    others: Vec<Vec<u8>>,
}

/// The view of patches.
pub(in crate::wrap) struct DiffView {
    part: Part,
    head: Head,
    hunk: Option<Hunk>,
    /// Whether the hunks of this file are only counted.
    counted: bool,
    /// Lines of this file that were not shown.
    unseen: Lines,
    written_before: usize,
    files_hidden: usize,
    hidden: Lines,
}

impl DiffView {
    pub(in crate::wrap) fn new() -> DiffView {
        DiffView {
            part: Part::Start,
            head: Head::default(),
            hunk: None,
            counted: false,
            unseen: Lines::default(),
            written_before: 0,
            files_hidden: 0,
            hidden: Lines::default(),
        }
    }

    /// Takes a line of a file's head; false when it belongs to something else.
    fn head_line(&mut self, line: &Line<'_>, page: &mut Page) {
        if line.begins("@@ ") {
            self.open_file(page);
            self.part = Part::Hunk;
            self.hunk_line(line, page);
        } else if !self.head.take(line) {
            self.head.others.push(line.text.to_vec());
        }
    }

    /// Writes the line that stands for the file's head.
    fn open_file(&mut self, page: &mut Page) {
        let head = std::mem::take(&mut self.head);
        let name = head.shown();
        let text = String::from_utf8_lossy(&name);
        let base = text.rsplit('/').next().unwrap_or_default();
        self.counted = head.deleted
            || GENERATED.contains(&base)
            || GENERATED_ENDS.iter().any(|end| base.ends_with(end))
            || page.room() == 0;
        self.written_before = page.written();
        let over = page.written().saturating_sub(crate::wrap::page::PAGE_BYTES_MAX);
        if over > SUMMARY_BYTES_MAX {
            self.files_hidden += 1;
            return;
        }
        let notes =
            if head.notes.is_empty() { String::new() } else { format!(" ({})", head.notes.join(", ")) };
        page.line(&[b"diff ", &name, notes.as_bytes()]);
        head.others.iter().for_each(|other| page.line(&[other]));
    }

    fn hunk_line(&mut self, line: &Line<'_>, page: &mut Page) {
        if let Some(hunk) = &mut self.hunk
            && hunk.take(line)
        {
            return;
        }
        self.close_hunk(page);
        self.hunk = Hunk::of(line);
        if self.hunk.is_none() {
            self.part = Part::Other;
            page.verbatim(line);
        }
    }

    fn close_hunk(&mut self, page: &mut Page) {
        let Some(hunk) = self.hunk.take() else { return };
        let file_room = (self.written_before + FILE_BYTES_MAX).saturating_sub(page.written());
        let shows = !self.counted && !hunk.overflowed() && hunk.bytes() <= file_room.min(page.room());
        if shows {
            hunk.show(page);
        } else {
            self.unseen += hunk.changed();
        }
    }

    /// Ends a file: writes what is still to be said about it.
    fn close_file(&mut self, page: &mut Page) {
        if self.part == Part::Head {
            self.open_file(page);
        }
        self.close_hunk(page);
        let unseen = std::mem::take(&mut self.unseen);
        if unseen.any() {
            page.omitted = true;
            if self.files_hidden > 0 {
                self.hidden += unseen;
            } else {
                page.line(&[format!("… +{} -{} lines not shown", unseen.added, unseen.removed).as_bytes()]);
            }
        }
        self.part = Part::Other;
    }
}

impl View for DiffView {
    fn line(&mut self, line: &Line<'_>, page: &mut Page) -> Verdict {
        let in_hunk = self.part == Part::Hunk && self.hunk.as_ref().is_some_and(Hunk::wants_more);
        if let Some(names) = line.after("diff --git ").filter(|_| !in_hunk) {
            self.close_file(page);
            self.head = Head { names: names.to_vec(), ..Head::default() };
            self.part = Part::Head;
            return Verdict::Fits;
        }
        if (line.begins("diff --cc ") || line.begins("diff --combined ")) && !in_hunk {
            self.close_file(page);
            self.part = Part::Combined;
            page.verbatim(line);
            return Verdict::Fits;
        }
        match self.part {
            Part::Start if line.begins("* Unmerged path ") => {
                self.part = Part::Other;
                page.verbatim(line);
            }
            Part::Start => return Verdict::Foreign,
            Part::Head => self.head_line(line, page),
            Part::Hunk => self.hunk_line(line, page),
            Part::Combined => {
                self.part = Part::Other;
                if !line.begins("index ") {
                    page.verbatim(line);
                }
            }
            Part::Other => page.verbatim(line),
        }
        Verdict::Fits
    }

    fn end(&mut self, page: &mut Page) {
        if self.part == Part::Start {
            return;
        }
        self.close_file(page);
        if self.files_hidden > 0 {
            let Lines { added, removed } = self.hidden;
            page.missing("", self.files_hidden, &format!("files, +{added} -{removed} lines"));
        }
    }
}

impl Head {
    /// Takes a head line that is known; false for any other.
    fn take(&mut self, line: &Line<'_>) -> bool {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if line.lost > 0 {
            return false;
        } else if let Some(path) = line.after("--- ") {
            self.old = Some(path.to_vec());
        } else if let Some(path) = line.after("+++ ") {
            self.new = Some(path.to_vec());
        } else if let Some(mode) = line.after("new file mode ") {
            self.notes.push(if mode == b"100644" {
                "new".into()
            } else {
                format!("new, mode {}", text(mode))
            });
        } else if let Some(mode) = line.after("deleted file mode ") {
            self.deleted = true;
            self.notes.push(if mode == b"100644" {
                "deleted".into()
            } else {
                format!("deleted, mode {}", text(mode))
            });
        } else if let Some(mode) = line.after("old mode ") {
            self.old_mode = Some(text(mode));
        } else if let Some(mode) = line.after("new mode ") {
            self.notes.push(format!("mode {} -> {}", self.old_mode.take().unwrap_or_default(), text(mode)));
        } else if let Some(percent) = line.after("similarity index ") {
            self.notes.push(format!("{} the same", text(percent)));
        } else if let Some(path) = line.after("rename from ").or_else(|| line.after("copy from ")) {
            self.from = Some(path.to_vec());
            self.notes.push(if line.begins("copy") { "copied".into() } else { "renamed".into() });
        } else if let Some(path) = line.after("rename to ").or_else(|| line.after("copy to ")) {
            self.to = Some(path.to_vec());
        } else if line.begins("Binary files ") && line.text.ends_with(b" differ") {
            self.notes.push("binary".into());
        } else {
            return line.begins("index ");
        }
        true
    }

    /// The name to show: both names only where they differ.
    fn shown(&self) -> Vec<u8> {
        if let (Some(from), Some(to)) = (&self.from, &self.to) {
            return [from, &b" -> "[..], to].concat();
        }
        let tab = |path: &Vec<u8>| path.strip_suffix(b"\t").unwrap_or(path).to_vec();
        let half = halves(&self.names);
        // With `diff.noprefix` a first folder called `a` is a folder.
        let bare = half.is_some_and(|(old, new)| old == new);
        let name = |path: &[u8]| if bare { path.to_vec() } else { without_side(path) };
        let (old, new) = match (self.old.as_ref().map(tab), self.new.as_ref().map(tab)) {
            (Some(old), Some(new)) if old == b"/dev/null" => return name(&new),
            (Some(old), Some(new)) if new == b"/dev/null" => return name(&old),
            (Some(old), Some(new)) => (old, new),
            // Without hunks there are only the names behind "diff --git", the same twice.
            _ => match half {
                Some((old, new)) => (old.to_vec(), new.to_vec()),
                None => return self.names.clone(),
            },
        };
        if name(&old) == name(&new) { name(&old) } else { [&old[..], b" -> ", &new].concat() }
    }
}

/// Two names of one length with a blank between.
fn halves(names: &[u8]) -> Option<(&[u8], &[u8])> {
    let (old, new) = names.split_at(names.len() / 2);
    Some((old, new.strip_prefix(b" ").filter(|_| names.len() % 2 == 1)?))
}

/// A path without git's `a/`, `b/` and the like, which stand within the quotes of a quoted one.
fn without_side(path: &[u8]) -> Vec<u8> {
    match path {
        [b'a' | b'b' | b'c' | b'i' | b'o' | b'w', b'/', rest @ ..] => rest.to_vec(),
        [b'"', b'a' | b'b' | b'c' | b'i' | b'o' | b'w', b'/', rest @ ..] => [b"\"", rest].concat(),
        _ => path.to_vec(),
    }
}
