//! One hunk of a patch: read by the counts of its first line, shown with less context and true line numbers.

use crate::wrap::page::{Line, Page};
use std::ops::AddAssign;

/// Lines of context that are shown before and behind a change.
const CONTEXT: usize = 1;
/// Unchanged lines between two changes are left out from this number on; a new first line costs as much as three.
const GAP_MIN: usize = 2 * CONTEXT + 4;
/// A hunk is kept up to this, in bytes; of a larger one the lines are counted.
const HUNK_BYTES_MAX: usize = 64 * 1024;
/// What is shown of one line, in bytes.
const LINE_BYTES_SHOWN: usize = 1000;

/// Numbers of added and removed lines.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) added: usize,
    pub(super) removed: usize,
}

impl Lines {
    pub(super) fn any(self) -> bool {
        self != Lines::default()
    }
}

impl AddAssign for Lines {
    fn add_assign(&mut self, other: Lines) {
        self.added += other.added;
        self.removed += other.removed;
    }
}

/// A hunk as far as it has been read.
pub(super) struct Hunk {
    old_start: usize,
    new_start: usize,
    /// Lines that are still to come.
    old_left: usize,
    new_left: usize,
    /// What follows the second `@@`.
    place: Vec<u8>,
    /// Text with its sign, and how many bytes of it are lost.
    lines: Vec<(Vec<u8>, usize)>,
    bytes: usize,
    changed: Lines,
}

impl Hunk {
    /// Reads `@@ -1,2 +3,4 @@ place`.
    pub(super) fn of(line: &Line<'_>) -> Option<Hunk> {
        let rest = line.after("@@ -")?;
        let end = rest.windows(3).position(|part| part == b" @@")?;
        let (old, new) = std::str::from_utf8(&rest[..end]).ok()?.split_once(" +")?;
        let range = |text: &str| -> Option<(usize, usize)> {
            let (start, count) = text.split_once(',').unwrap_or((text, "1"));
            Some((start.parse().ok()?, count.parse().ok()?))
        };
        let ((old_start, old_left), (new_start, new_left)) = (range(old)?, range(new)?);
        let place = rest[end + 3..].to_vec();
        let (lines, changed) = (Vec::new(), Lines::default());
        Some(Hunk { old_start, new_start, old_left, new_left, place, lines, bytes: 0, changed })
    }

    /// Whether the counts say that there are more lines.
    pub(super) fn wants_more(&self) -> bool {
        self.old_left > 0 || self.new_left > 0
    }

    /// Takes a line if it belongs to the hunk.
    pub(super) fn take(&mut self, line: &Line<'_>) -> bool {
        // "\ No newline at end of file" follows the line that it is about, the last one too.
        let about_end = line.begins("\\");
        if !about_end && !self.wants_more() {
            return false;
        }
        match line.text.first() {
            Some(b'+') => {
                self.new_left = self.new_left.saturating_sub(1);
                self.changed.added += 1;
            }
            Some(b'-') => {
                self.old_left = self.old_left.saturating_sub(1);
                self.changed.removed += 1;
            }
            Some(b'\\') => {}
            // With diff.suppressBlankEmpty an empty line is context.
            Some(b' ') | None => {
                self.old_left = self.old_left.saturating_sub(1);
                self.new_left = self.new_left.saturating_sub(1);
            }
            Some(_) => return false,
        }
        self.bytes += line.text.len() + line.lost + 1;
        if self.overflowed() {
            self.lines = Vec::new();
        } else {
            self.lines.push((line.text.to_vec(), line.lost));
        }
        true
    }

    /// Whether the hunk was too large to be kept.
    pub(super) fn overflowed(&self) -> bool {
        self.bytes > HUNK_BYTES_MAX
    }

    /// The size of its lines.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many lines it adds and removes.
    pub(super) fn changed(&self) -> Lines {
        self.changed
    }

    /// Writes the hunk, in several pieces where unchanged lines are left out between two changes.
    pub(super) fn show(&self, page: &mut Page) {
        let wanted = self.wanted();
        page.omitted |= wanted.contains(&false);
        let (mut old, mut new) = (self.old_start, self.new_start);
        let mut at = 0;
        while at < self.lines.len() {
            let end = at + wanted[at..].iter().take_while(|shown| **shown == wanted[at]).count();
            let piece = &self.lines[at..end];
            let count = |without: u8| {
                piece.iter().filter(|(text, _)| sign(text) != without && sign(text) != b'\\').count()
            };
            let (old_count, new_count) = (count(b'+'), count(b'-'));
            if wanted[at] {
                let range = |start: usize, count: usize, whole: bool| match count {
                    // git names the line before an empty range.
                    0 if !whole => format!("{},0", start.saturating_sub(1)),
                    1 => start.to_string(),
                    _ => format!("{start},{count}"),
                };
                let whole = piece.len() == self.lines.len();
                let head =
                    format!("@@ -{} +{} @@", range(old, old_count, whole), range(new, new_count, whole));
                page.line(&[head.as_bytes(), &self.place]);
                piece
                    .iter()
                    .for_each(|(text, lost)| page.cut(b"", &Line { text, lost: *lost }, LINE_BYTES_SHOWN));
            }
            old += old_count;
            new += new_count;
            at = end;
        }
    }

    /// For every line whether it is shown.
    fn wanted(&self) -> Vec<bool> {
        // A note about a missing line end goes with its line.
        let is_context = |at: usize| match sign(&self.lines[at].0) {
            b'\\' => at > 0 && sign(&self.lines[at - 1].0) == b' ',
            sign => sign == b' ',
        };
        let mut wanted = vec![true; self.lines.len()];
        let mut at = 0;
        while at < self.lines.len() {
            let run = (at..self.lines.len()).take_while(|at| is_context(*at)).count();
            if run == 0 {
                at += 1;
                continue;
            }
            let (first, last) = (at == 0, at + run == self.lines.len());
            let keep_before = if first { 0 } else { CONTEXT };
            let keep_behind = if last { 0 } else { CONTEXT };
            if first || last || run >= GAP_MIN {
                let end = (at + run).saturating_sub(keep_behind);
                (at + keep_before..end).for_each(|hidden| wanted[hidden] = false);
            }
            at += run;
        }
        wanted
    }
}

/// The sign of a line; an empty one is context.
fn sign(text: &[u8]) -> u8 {
    text.first().copied().unwrap_or(b' ')
}
