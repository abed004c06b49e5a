//! Replaces a passage, to the byte: it must be there as often as asked for, otherwise nothing happens.

use super::near::{self, Style};
use super::{EditError, adapt};
use memchr::memmem;
use std::path::Path;

/// Places that an error lists.
const PLACES_MAX: usize = 8;

/// How often the passage must be there; every one of them is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// Once.
    Once,
    /// So many times.
    Exactly(usize),
    /// At least once.
    All,
}

/// A passage and what takes its place.
#[derive(Debug, Clone, Copy)]
pub struct Passage<'p> {
    /// What is looked for, to the byte.
    pub old: &'p [u8],
    /// What takes its place.
    pub new: &'p [u8],
    /// How often it must be there.
    pub times: Times,
    /// Whether line endings and indentation may differ, and are then given to the new text.
    pub adapt: bool,
}

/// The content with the passage replaced, and how often.
pub fn replace_passage(
    path: &Path,
    content: Option<&[u8]>,
    passage: &Passage<'_>,
) -> Result<(Vec<u8>, usize), EditError> {
    let content = content.ok_or_else(|| EditError::Missing { path: path.to_path_buf() })?;
    if passage.old.is_empty() {
        let message = "the passage to look for is empty".to_owned();
        return Err(EditError::Usage { message, hint: "say what to replace, or use rtk write file".into() });
    }
    let adapted;
    let mut passage = *passage;
    if Style::of(content) == Style::Crlf && near::has_lone_lf(passage.new) {
        if !passage.adapt {
            let message = "its lines end in CRLF, and the new text has lines that end in LF".to_owned();
            return Err(EditError::Value { path: path.to_path_buf(), message });
        }
        adapted = (near::to_crlf(passage.old), near::to_crlf(passage.new));
        passage = Passage { old: &adapted.0, new: &adapted.1, ..passage };
    }
    let found = places(content, passage.old, passage.times);
    if found.is_empty() && passage.adapt {
        return adapt::replace_lines(path, content, passage.old, passage.new).map(|content| (content, 1));
    }
    check(path, content, &passage, &found)?;
    let mut after = Vec::with_capacity(content.len());
    let mut end = 0;
    for at in &found {
        after.extend_from_slice(&content[end..*at]);
        after.extend_from_slice(passage.new);
        end = at + passage.old.len();
    }
    after.extend_from_slice(&content[end..]);
    Ok((after, found.len()))
}

/// Where the passage starts; for one that must be unique also where it overlaps itself.
fn places(content: &[u8], old: &[u8], times: Times) -> Vec<usize> {
    let finder = memmem::Finder::new(old);
    if times != Times::Once {
        return finder.find_iter(content).collect();
    }
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = content.get(from..).and_then(|rest| finder.find(rest)) {
        found.push(from + at);
        from += at + 1;
    }
    found
}

fn check(path: &Path, content: &[u8], passage: &Passage<'_>, found: &[usize]) -> Result<(), EditError> {
    let wanted = match passage.times {
        Times::All if !found.is_empty() => return Ok(()),
        Times::Once => 1,
        Times::Exactly(times) => times,
        Times::All => 1,
    };
    let path = path.to_path_buf();
    if found.is_empty() {
        let near = near::describe(content, passage.old);
        return Err(EditError::NoMatch { path, message: format!("the passage is not there; {near}") });
    }
    if found.len() == wanted {
        return Ok(());
    }
    let lines: Vec<String> =
        found.iter().take(PLACES_MAX).map(|at| near::line_number(content, *at).to_string()).collect();
    let more = if found.len() > PLACES_MAX { ", …" } else { "" };
    let (times, of) = match found.len() {
        1 => ("once".to_owned(), "line"),
        many => (format!("{many} times"), "lines"),
    };
    let message = format!("the passage is there {times} ({of} {}{more}), not {wanted}", lines.join(", "));
    if found.len() > wanted {
        Err(EditError::Ambiguous { path, message })
    } else {
        Err(EditError::NoMatch { path, message })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    fn run(content: &str, old: &str, new: &str, times: Times) -> Result<String, EditError> {
        let passage = Passage { old: old.as_bytes(), new: new.as_bytes(), times, adapt: false };
        let done = replace_passage(Path::new("f"), Some(content.as_bytes()), &passage)?;
        Ok(String::from_utf8(done.0).unwrap())
    }

    #[test]
    fn a_passage_is_replaced_only_as_often_as_asked() {
        assert_eq!(run("a b c", "b", "x", Times::Once).unwrap(), "a x c");
        assert_eq!(run("a b b", "b", "bb", Times::All).unwrap(), "a bb bb");
        assert_eq!(run("a b b", "b", "", Times::Exactly(2)).unwrap(), "a  ");
        let error = run("a b\nb", "b", "x", Times::Once).unwrap_err();
        assert_eq!(error.kind(), Kind::Ambiguous);
        assert_eq!(error.to_string(), "f: the passage is there 2 times (lines 1, 2), not 1");
        let error = run("a\nb", "b", "x", Times::Exactly(2)).unwrap_err();
        assert_eq!(error.to_string(), "f: the passage is there once (line 2), not 2");
        assert_eq!(run("aaa", "aa", "x", Times::Once).unwrap_err().kind(), Kind::Ambiguous, "overlap");
        assert_eq!(run("a b", "b", "x", Times::Exactly(2)).unwrap_err().kind(), Kind::NoMatch);
        assert_eq!(run("a", "", "x", Times::All).unwrap_err().kind(), Kind::Usage);
        let passage = Passage { old: b"a", new: b"b", times: Times::All, adapt: false };
        let missing = replace_passage(Path::new("f"), None, &passage).unwrap_err();
        assert_eq!(missing.to_string(), "there is no f");
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced_too() {
        let passage = Passage { old: &[0xff, 0], new: &[0xfe], times: Times::Once, adapt: false };
        let (after, _) = replace_passage(Path::new("f"), Some(&[1, 0xff, 0, 2]), &passage).unwrap();
        assert_eq!(after, [1, 0xfe, 2]);
    }

    #[test]
    fn near_misses_are_told_and_never_taken() {
        let content = "fn one() {\n    call(1);\n}\n\nfn two() {}\n";
        let error = run(content, "fn one() {\n  call(1);\n}", "x", Times::Once).unwrap_err().to_string();
        assert!(error.contains("line 1"), "{error}");
        assert!(error.contains("whitespace"), "{error}");
        let error = run(content, "fn twos() {}", "x", Times::Once).unwrap_err().to_string();
        assert!(error.contains("line 5: fn two() {}"), "{error}");
        let error = run("a\r\nb\r\n", "a\nb", "x", Times::Once).unwrap_err().to_string();
        assert!(error.contains("CRLF"), "{error}");
    }

    #[test]
    fn line_endings_are_never_mixed() {
        assert_eq!(run("a\r\nb\r\n", "b", "c\nd", Times::Once).unwrap_err().kind(), Kind::Value);
        assert_eq!(run("a\r\nb\r\n", "b", "c\r\nd", Times::Once).unwrap(), "a\r\nc\r\nd\r\n");
        let passage = Passage { old: b"a\nb", new: b"c\nd", times: Times::Once, adapt: true };
        let (after, _) = replace_passage(Path::new("f"), Some(b"a\r\nb\r\n"), &passage).unwrap();
        assert_eq!(after, b"c\r\nd\r\n");
    }
}
