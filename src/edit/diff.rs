//! Reads patches: unified diffs as git and diff print them, and blocks of old and new lines.

use super::EditError;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

/// Starts the old lines of a block; anything may stand behind it.
const BLOCK_OLD: &[u8] = b"<<<<<<<";
/// Stands alone between old and new lines of a block.
const BLOCK_NEW: &[u8] = b"=======";
/// Ends a block; anything may stand behind it.
const BLOCK_END: &[u8] = b">>>>>>>";
/// What a diff names instead of a file that is not there.
const NOWHERE: &[u8] = b"/dev/null";

/// A run of lines that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hunk {
    /// Lines with their endings, as they must be there.
    pub(super) old: Vec<Vec<u8>>,
    /// What stands there afterwards.
    pub(super) new: Vec<NewLine>,
    /// Where the diff says that they are; `None` when it does not say.
    pub(super) at: Option<At>,
    /// Unchanged lines at its end.
    pub(super) trailing: usize,
    /// Where it stands in the patch, from 1.
    pub(super) line: usize,
    /// Whether the line read last was an added one.
    last_was_added: bool,
}

/// The place that a hunk's header names: first lines, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct At {
    pub(super) old: usize,
    pub(super) new: usize,
}

/// A line behind a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NewLine {
    /// The old line of this number stays.
    Kept(usize),
    /// A new line.
    Added(Vec<u8>),
}

/// What a patch does to one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FilePatch {
    /// The file, `a/` and `b/` taken off; `None` when the patch does not name it.
    pub(super) path: Option<PathBuf>,
    /// Whether the patch makes the file.
    pub(super) creates: bool,
    pub(super) hunks: Vec<Hunk>,
}

/// Reads a patch; `source` names it in errors.
pub(super) fn parse(source: &Path, text: &[u8]) -> Result<Vec<FilePatch>, EditError> {
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let mut reader = Reader { source, lines, at: 0 };
    let is_diff =
        (0..reader.lines.len()).any(|at| reader.starts_file(at) || reader.lines[at].starts_with(b"@@"));
    let files = if is_diff { reader.diff()? } else { reader.blocks()? };
    if files.iter().all(|file| file.hunks.is_empty()) {
        let what = "neither a unified diff (---, +++, @@) nor blocks (<<<<<<<, =======, >>>>>>>)";
        return Err(reader.error(0, what));
    }
    Ok(files)
}

struct Reader<'r> {
    source: &'r Path,
    lines: Vec<&'r [u8]>,
    at: usize,
}

impl Reader<'_> {
    fn error(&self, at: usize, message: impl Into<String>) -> EditError {
        let line = self.lines.get(at).map(|line| String::from_utf8_lossy(line.trim_ascii_end()).into_owned());
        EditError::Parse {
            path: self.source.to_path_buf(),
            line: at + 1,
            column: 1,
            message: message.into(),
            excerpt: line.unwrap_or_default(),
        }
    }

    /// Whether a pair of `---` and `+++` stands here.
    fn starts_file(&self, at: usize) -> bool {
        let next = self.lines.get(at + 1);
        self.lines[at].starts_with(b"--- ") && next.is_some_and(|next| next.starts_with(b"+++ "))
    }

    fn diff(&mut self) -> Result<Vec<FilePatch>, EditError> {
        let mut files: Vec<FilePatch> = Vec::new();
        while self.at < self.lines.len() {
            let line = self.lines[self.at];
            if self.starts_file(self.at) {
                files.push(self.file()?);
            } else if line.starts_with(b"@@") {
                let hunk = self.hunk()?;
                if files.is_empty() {
                    files.push(FilePatch { path: None, creates: false, hunks: Vec::new() });
                }
                if let Some(file) = files.last_mut() {
                    file.hunks.push(hunk);
                }
            } else {
                self.must_be_harmless(line)?;
                self.at += 1;
            }
        }
        match files.iter().any(|file| file.hunks.is_empty()) {
            true => Err(self.error(self.lines.len().saturating_sub(1), "a file of the diff has no hunk")),
            false => Ok(files),
        }
    }

    /// What stands between hunks may say things that rtk does not do; those are refused, the rest is skipped.
    fn must_be_harmless(&self, line: &[u8]) -> Result<(), EditError> {
        let refused: [(&[u8], &str); 7] = [
            (b"deleted file mode", "rtk deletes no files; remove it with rm"),
            (b"rename from", "rtk renames no files; rename it with git mv first"),
            (b"copy from", "rtk copies no files; copy it with cp first"),
            (b"old mode", "rtk changes no modes; use chmod"),
            (b"GIT binary patch", "binary patches are not supported; use git apply"),
            (
                b"Binary files",
                "the diff leaves out the content of binary files; use git diff --binary and git apply",
            ),
            (b"@@@", "combined diffs of merges are not supported"),
        ];
        match refused.iter().find(|(start, _)| line.starts_with(start)) {
            Some((_, message)) => Err(self.error(self.at, *message)),
            None => Ok(()),
        }
    }

    fn file(&mut self) -> Result<FilePatch, EditError> {
        let (old, new) = (self.name(self.at)?, self.name(self.at + 1)?);
        let creates = old.is_none();
        let Some(path) = new else {
            return Err(self.error(self.at + 1, "rtk deletes no files; remove it with rm"));
        };
        self.at += 2;
        Ok(FilePatch { path: Some(path), creates, hunks: Vec::new() })
    }

    /// The path of a `---` or `+++` line, without the first folder if that is git's; `None` for no file.
    fn name(&self, at: usize) -> Result<Option<PathBuf>, EditError> {
        let line = self.lines[at][4..].trim_ascii_end();
        let name = match line.strip_prefix(b"\"") {
            Some(quoted) => {
                unquote(quoted).ok_or_else(|| self.error(at, "the quotes of the path do not end"))?
            }
            None => line.split(|byte| *byte == b'\t').next().unwrap_or_default().to_vec(),
        };
        if name == NOWHERE {
            return Ok(None);
        }
        let bare = [b"a/", b"b/"].iter().find_map(|prefix| name.strip_prefix(*prefix)).unwrap_or(&name);
        if bare.is_empty() {
            return Err(self.error(at, "the path is missing"));
        }
        Ok(Some(PathBuf::from(OsString::from_vec(bare.to_vec()))))
    }

    fn hunk(&mut self) -> Result<Hunk, EditError> {
        let header = self.at;
        let range = parse_header(self.lines[header]).ok_or_else(|| {
            self.error(header, "a hunk starts with @@ -line,count +line,count @@, or @@ alone")
        })?;
        self.at += 1;
        let mut hunk = Hunk {
            old: Vec::new(),
            new: Vec::new(),
            at: range.map(|range| At { old: range.old, new: range.new }),
            trailing: 0,
            line: header + 1,
            last_was_added: false,
        };
        let wanted = range.map(|range| (range.old_count, range.new_count));
        while let Some(line) = self.lines.get(self.at).copied() {
            if self.ends_hunk(line, &hunk, wanted) {
                break;
            }
            if !hunk.push(line) {
                return Err(self.error(self.at, "a line of a hunk starts with a space, +, - or \\"));
            }
            self.at += 1;
        }
        let has = (hunk.old.len(), hunk.new.len());
        if wanted.is_some_and(|wanted| wanted != has) {
            let message =
                format!("the hunk has {} old and {} new lines, its header says otherwise", has.0, has.1);
            return Err(self.error(header, message));
        }
        Ok(hunk)
    }

    /// Whether a line stands behind the hunk: its counts are met, or, without counts, something else begins.
    fn ends_hunk(&self, line: &[u8], hunk: &Hunk, wanted: Option<(usize, usize)>) -> bool {
        if line.starts_with(b"\\") {
            return false;
        }
        match wanted {
            Some((old, new)) => hunk.old.len() >= old && hunk.new.len() >= new,
            None => {
                let rest = &self.lines[self.at..];
                line.starts_with(b"@@")
                    || line.starts_with(b"diff ")
                    || self.starts_file(self.at)
                    || rest.iter().all(|line| line.trim_ascii().is_empty())
            }
        }
    }

    fn blocks(&mut self) -> Result<Vec<FilePatch>, EditError> {
        let mut hunks = Vec::new();
        while self.at < self.lines.len() {
            if !self.lines[self.at].starts_with(BLOCK_OLD) {
                if !self.lines[self.at].trim_ascii().is_empty() {
                    return Err(self.error(self.at, "expected <<<<<<< before old lines"));
                }
                self.at += 1;
                continue;
            }
            hunks.push(self.block()?);
        }
        Ok(vec![FilePatch { path: None, creates: false, hunks }])
    }

    fn block(&mut self) -> Result<Hunk, EditError> {
        let start = self.at;
        let middle = self.find(start + 1, &|line| line.trim_ascii_end() == BLOCK_NEW);
        let middle =
            middle.ok_or_else(|| self.error(start, "no ======= behind the old lines of this block"))?;
        let end = self.find(middle + 1, &|line| line.starts_with(BLOCK_END));
        let end = end.ok_or_else(|| self.error(middle, "no >>>>>>> behind the new lines of this block"))?;
        self.at = end + 1;
        let owned = |from: usize, to: usize| self.lines[from..to].iter().map(|line| line.to_vec());
        let new = owned(middle + 1, end).map(NewLine::Added).collect();
        Ok(Hunk {
            old: owned(start + 1, middle).collect(),
            new,
            at: None,
            trailing: 0,
            line: start + 1,
            last_was_added: false,
        })
    }

    fn find(&self, from: usize, is: &dyn Fn(&[u8]) -> bool) -> Option<usize> {
        (from..self.lines.len()).find(|at| is(self.lines[*at]))
    }
}

impl Hunk {
    /// Takes one line of a unified diff; `false` for a line that is none.
    fn push(&mut self, line: &[u8]) -> bool {
        let added = line.starts_with(b"+");
        self.last_was_added = added || (self.last_was_added && line.starts_with(b"\\"));
        match line.first() {
            Some(b' ') => self.keep(line[1..].to_vec()),
            // Some programs cut the space of an empty line off.
            Some(b'\n') => self.keep(line.to_vec()),
            Some(b'\r') if line == b"\r\n" => self.keep(line.to_vec()),
            Some(b'-') => {
                self.old.push(line[1..].to_vec());
                self.trailing = 0;
            }
            Some(b'+') => {
                self.new.push(NewLine::Added(line[1..].to_vec()));
                self.trailing = 0;
            }
            Some(b'\\') => self.cut_last_ending(),
            _ => return false,
        }
        true
    }

    fn keep(&mut self, line: Vec<u8>) {
        self.new.push(NewLine::Kept(self.old.len()));
        self.old.push(line);
        self.trailing += 1;
    }

    /// `\ No newline at end of file`: about the line before.
    fn cut_last_ending(&mut self) {
        let cut = |line: &mut Vec<u8>| {
            if line.ends_with(b"\n") {
                line.pop();
            }
        };
        match self.new.last_mut() {
            // Behind a removed line it is about the old side, which then has just grown.
            Some(NewLine::Added(line)) if self.last_was_added => cut(line),
            _ => self.old.last_mut().map_or((), cut),
        }
    }
}

/// The numbers of a hunk's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    old: usize,
    old_count: usize,
    new: usize,
    new_count: usize,
}

/// `Some(None)` for a header without numbers, `None` for no header.
fn parse_header(line: &[u8]) -> Option<Option<Range>> {
    let text = std::str::from_utf8(line.split(|byte| *byte == b'\n').next()?).ok();
    let rest = line.strip_prefix(b"@@")?;
    let Some(text) = text.and_then(|text| text.strip_prefix("@@ -")) else {
        let bare = rest.trim_ascii();
        return (bare.is_empty() || bare == b"@@" || bare.starts_with(b"...")).then_some(None);
    };
    let (ranges, _) = text.split_once(" @@")?;
    let (old, new) = ranges.split_once(" +")?;
    let side = |text: &str| {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((start.parse::<usize>().ok()?, count.parse::<usize>().ok()?))
    };
    let ((old, old_count), (new, new_count)) = (side(old)?, side(new)?);
    Some(Some(Range { old, old_count, new, new_count }))
}

/// Undoes git's quoting of a path; the text starts behind the first quote.
fn unquote(text: &[u8]) -> Option<Vec<u8>> {
    let mut path = Vec::new();
    let mut rest = text.iter().copied();
    loop {
        match rest.next()? {
            b'"' => return Some(path),
            b'\\' => path.push(match rest.next()? {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'a' => 7,
                b'b' => 8,
                b'f' => 12,
                b'v' => 11,
                digit @ b'0'..=b'3' => {
                    let mut value = digit - b'0';
                    for _ in 0..2 {
                        let digit = rest.next().filter(|digit| (b'0'..=b'7').contains(digit))?;
                        value = value * 8 + (digit - b'0');
                    }
                    value
                }
                other => other,
            }),
            other => path.push(other),
        }
    }
}
