//! Matches lines whatever their indentation and line endings, and gives the new lines those of the file. Only on
//! request: a block at the wrong depth breaks programs.

use super::EditError;
use super::near::{self, Style};
use std::path::Path;

/// Puts `new` in the place of the lines `old`, which must be there once when whitespace around lines does not count.
pub(super) fn replace_lines(
    path: &Path,
    content: &[u8],
    old: &[u8],
    new: &[u8],
) -> Result<Vec<u8>, EditError> {
    let lines: Vec<&[u8]> = content.split_inclusive(|byte| *byte == b'\n').collect();
    let wanted: Vec<&[u8]> = old.split_inclusive(|byte| *byte == b'\n').collect();
    let no_match = |message: String| EditError::NoMatch { path: path.to_path_buf(), message };
    let found: Vec<usize> = places(&lines, &wanted);
    let [at] = found[..] else {
        if found.is_empty() {
            let near = near::describe(content, old);
            return Err(no_match(format!("the lines are not there, whitespace aside; {near}")));
        }
        let numbers: Vec<String> = found.iter().map(|at| (at + 1).to_string()).collect();
        let places = numbers.join(", ");
        let message =
            format!("the lines are there {} times, whitespace aside (lines {places}), not 1", found.len());
        return Err(EditError::Ambiguous { path: path.to_path_buf(), message });
    };
    let there = &lines[at..at + wanted.len()];
    let shift = Shift::between(&wanted, there).ok_or_else(|| {
        no_match(format!("the lines from {} on are indented differently from each other", at + 1))
    })?;
    let crlf = Style::of(content) == Style::Crlf;
    let mut after: Vec<u8> = lines[..at].concat();
    for line in new.split_inclusive(|byte| *byte == b'\n') {
        let line = shift.apply(line).ok_or_else(|| {
            no_match("the new lines are indented less than the old ones, so their depth is not known".into())
        })?;
        after.extend(if crlf { near::to_crlf(&line) } else { line });
    }
    // The passage may end within a line, the place that was found ends with one.
    let last = there.last().copied().unwrap_or_default();
    if last.ends_with(b"\n") && !old.ends_with(b"\n") && !after.ends_with(b"\n") && !new.is_empty() {
        after.extend_from_slice(if last.ends_with(b"\r\n") { b"\r\n" } else { b"\n" });
    }
    after.extend(lines[at + wanted.len()..].concat());
    Ok(after)
}

/// Where the lines are, whitespace around them aside.
pub(super) fn places(lines: &[&[u8]], wanted: &[&[u8]]) -> Vec<usize> {
    if wanted.iter().all(|line| line.trim_ascii().is_empty()) {
        return Vec::new();
    }
    let same = |window: &[&[u8]]| {
        window.iter().zip(wanted).all(|(line, wanted)| line.trim_ascii() == wanted.trim_ascii())
    };
    let windows = lines.windows(wanted.len()).enumerate();
    windows.filter(|(_, window)| same(window)).map(|(at, _)| at).collect()
}

/// What stands in the file for the indentation that was written: one beginning in place of another.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shift<'s> {
    from: &'s [u8],
    to: &'s [u8],
}

impl<'s> Shift<'s> {
    /// The shift that explains every line; `None` when there is none.
    pub(super) fn between(written: &[&'s [u8]], there: &[&'s [u8]]) -> Option<Shift<'s>> {
        let pairs = || {
            let both = written.iter().zip(there).filter(|(line, _)| !line.trim_ascii().is_empty());
            both.map(|(written, there)| (indent(written), indent(there)))
        };
        let (from, to) = pairs().min_by_key(|(written, _)| written.len())?;
        let shift = Shift { from, to };
        pairs().all(|(written, there)| shift.apply(written).as_deref() == Some(there)).then_some(shift)
    }

    /// A line at its depth in the file; `None` when it does not begin as it must.
    pub(super) fn apply(&self, line: &[u8]) -> Option<Vec<u8>> {
        if line.trim_ascii().is_empty() && !line.is_empty() && line.ends_with(b"\n") {
            return Some(line.to_vec());
        }
        line.strip_prefix(self.from).map(|rest| [self.to, rest].concat())
    }
}

fn indent(line: &[u8]) -> &[u8] {
    let end = line.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(line.len());
    &line[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(content: &str, old: &str, new: &str) -> Result<String, String> {
        let done = replace_lines(Path::new("f"), content.as_bytes(), old.as_bytes(), new.as_bytes());
        done.map(|after| String::from_utf8(after).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn new_lines_stand_at_the_depth_of_the_old_ones() {
        let content = "def a():\n    if b:\n        c()\n    d()\n";
        let after = run(content, "if b:\n    c()\n", "if not b:\n    e()\n\n    c()\n").unwrap();
        assert_eq!(after, "def a():\n    if not b:\n        e()\n\n        c()\n    d()\n");
        let tabs = run("\tx {\r\n\t\ty\r\n\t}\r\n", "x {\n\ty\n}", "x {\n\tz\n}").unwrap();
        assert_eq!(tabs, "\tx {\r\n\t\tz\r\n\t}\r\n");
    }

    #[test]
    fn what_cannot_be_placed_surely_is_refused() {
        assert!(run("  a\n b\n", "a\nb\n", "c\n").unwrap_err().contains("indented differently"));
        assert!(run(" a\n x\n a\n", "a\n", "c\n").unwrap_err().contains("2 times"));
        assert!(run("a\n", "b\n", "c\n").unwrap_err().contains("not there"));
        assert!(run("  a\n", "    a\n", "  c\n").unwrap_err().contains("indented less"));
        assert!(run("a\n\n\nb\n", "\n", "c\n").is_err(), "blank lines say nothing");
    }
}
