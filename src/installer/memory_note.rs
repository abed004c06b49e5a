//! The note for the client's memory file: how a model asks the memory for more, in one marked block. Pure.
//!
//! The block is found by its marks alone, so that edits around it and inside it survive or go with it, as they should.

use super::InstallError;
use super::plan::{After, FilePlan};
use super::receipt::{FileReceipt, Receipts, hash};
use super::scope::Scope;
use crate::text::Splice;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// What the model reads.
const NOTE: &str = include_str!("../../templates/claude-md.md");
/// Begins the block; the client takes comments out before a model sees the file.
const BEGIN: &str = "<!-- rtk note: begin (rtk init --no-claude-md removes it) -->";
/// Ends the block.
const END: &str = "<!-- rtk note: end -->";
/// Begins every version of the first mark.
const BEGIN_WORDS: &str = "<!-- rtk note: begin";

/// What is wanted of the note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteChoice {
    /// As rtk does it by itself: added once, kept up to date, and not put back where it was taken out.
    Usual,
    /// It is there.
    With,
    /// It is not there.
    Without,
}

/// A memory file as it is.
pub(super) struct NoteJob<'j> {
    pub(super) path: &'j Path,
    pub(super) scope: Scope,
    pub(super) now: Option<Vec<u8>>,
    /// Parent folders of the file that do not exist, outermost first.
    pub(super) missing_folders: Vec<PathBuf>,
    pub(super) receipts: &'j Receipts,
}

/// Plans the file with the note or without it.
pub(super) fn plan_note(job: NoteJob<'_>, choice: NoteChoice) -> Result<FilePlan, InstallError> {
    let bytes = job.now.clone().unwrap_or_default();
    let Ok(text) = String::from_utf8(bytes) else {
        return match choice {
            // Nothing of ours can be in there.
            NoteChoice::Without | NoteChoice::Usual => Ok(same(job)),
            NoteChoice::With => Err(InstallError::NoteNotText { path: job.path.to_path_buf() }),
        };
    };
    let wanted = match choice {
        NoteChoice::With => true,
        NoteChoice::Without => false,
        NoteChoice::Usual => !blocks(&text).is_empty() || job.receipts.latest(job.path).is_none(),
    };
    match (wanted, choice) {
        (true, _) => Ok(with_note(job, &text)),
        (false, NoteChoice::Usual) => Ok(same(job)),
        (false, _) => Ok(without_note(job, &text)),
    }
}

fn same(job: NoteJob<'_>) -> FilePlan {
    FilePlan {
        path: job.path.to_path_buf(),
        now: job.now,
        after: After::Same,
        receipt: None,
        folders: Vec::new(),
        forget: false,
    }
}

/// The block with its marks, in the file's kind of newline.
fn block(newline: &str) -> String {
    format!("{BEGIN}\n{NOTE}{END}\n").replace('\n', newline)
}

fn newline_of(text: &str) -> &'static str {
    if text.find('\n').is_some_and(|at| text[..at].ends_with('\r')) { "\r\n" } else { "\n" }
}

/// Every block in the text, the end of its last line included. One whose end is missing is its first line alone, or
/// all that is known to be ours.
fn blocks(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = text[from..].find(BEGIN_WORDS).map(|at| from + at) {
        let next = text[start + BEGIN_WORDS.len()..].find(BEGIN_WORDS);
        let limit = next.map_or(text.len(), |next| start + BEGIN_WORDS.len() + next);
        let rest = &text[start..limit];
        let whole = [block("\n"), block("\r\n")]
            .map(|block| block[..block.len() - END.len() - 1].trim_end().to_owned());
        let length = match rest.find(END) {
            Some(end) => end + END.len(),
            None => {
                let known = whole.iter().find(|whole| rest.starts_with(whole.as_str())).map(String::len);
                known.or_else(|| rest.find('\n')).unwrap_or(rest.len())
            }
        };
        let end = start + length;
        let line_end = ["\r\n", "\n"].iter().find(|line_end| text[end..].starts_with(**line_end));
        let end = end + line_end.map_or(0, |line_end| line_end.len());
        found.push(start..end);
        from = end.max(start + 1);
    }
    found
}

fn with_note(job: NoteJob<'_>, text: &str) -> FilePlan {
    let newline = newline_of(text);
    let splice = match blocks(text).first() {
        Some(range) if text[range.clone()].trim_end() == block(newline).trim_end() => return same(job),
        Some(range) => {
            let ended = text[range.clone()].ends_with('\n');
            let block = block(newline);
            let insert = if ended { block } else { block.trim_end().to_owned() };
            Splice { at: range.start, remove: range.len(), insert }
        }
        None => {
            let insert = format!("{}{}", separator(text, newline), block(newline));
            Splice { at: text.len(), remove: 0, insert }
        }
    };
    let (Some(inverse), Some(after)) = (splice.inverse(text), splice.apply(text)) else { return same(job) };
    let receipt = receipt(&job, text, &after, inverse);
    FilePlan { after: After::Text(after), receipt: Some(receipt), ..same(job) }
}

/// What stands between the user's last line and the block: one empty line.
fn separator(text: &str, newline: &str) -> String {
    if text.is_empty() || text == "\u{feff}" || text.ends_with(&newline.repeat(2)) {
        String::new()
    } else if text.ends_with('\n') {
        newline.to_owned()
    } else {
        newline.repeat(2)
    }
}

fn receipt(job: &NoteJob<'_>, text: &str, after: &str, inverse: Splice) -> FileReceipt {
    let older = job.receipts.latest(job.path);
    let earlier =
        job.receipts.exact(job.path, text.as_bytes()).filter(|earlier| earlier.before(text).is_some());
    let mut folders = older.map(|older| older.folders.clone()).unwrap_or_default();
    let new = job.missing_folders.iter().filter(|folder| !folders.contains(folder));
    let new: Vec<PathBuf> = new.cloned().collect();
    folders.extend(new);
    let had_block = !blocks(text).is_empty();
    let (before, inverse) = match earlier {
        Some(earlier) => (earlier.before.clone(), [&[inverse], earlier.inverse.as_slice()].concat()),
        // A block whose beginnings are not known: the way back leads to the text without it.
        None if had_block => {
            let (left, splices) = strip(after);
            (Some(hash(left.as_bytes())), splices)
        }
        None => (job.now.as_deref().map(hash), vec![inverse]),
    };
    FileReceipt {
        path: job.path.to_path_buf(),
        scope: job.scope.name().to_owned(),
        before,
        after: hash(after.as_bytes()),
        inverse,
        anchors: Vec::new(),
        created: Vec::new(),
        rules: Vec::new(),
        file_created: job.now.is_none() || older.is_some_and(|older| older.file_created),
        folders,
    }
}

fn without_note(job: NoteJob<'_>, text: &str) -> FilePlan {
    let latest = job.receipts.latest(job.path);
    let folders: Vec<PathBuf> =
        latest.map(|latest| latest.folders.iter().rev().cloned().collect()).unwrap_or_default();
    let forget = latest.is_some();
    if job.now.is_none() || (blocks(text).is_empty() && !forget) {
        return FilePlan { folders, forget, ..same(job) };
    }
    let exact = job.receipts.exact(job.path, text.as_bytes());
    if let Some((receipt, before)) = exact.and_then(|receipt| Some((receipt, receipt.before(text)?))) {
        let after = if receipt.before.is_none() { After::NoFile } else { After::Text(before) };
        return FilePlan { after, folders, forget, ..same(job) };
    }
    let (left, splices) = strip(text);
    let made_by_us = latest.is_none_or(|latest| latest.file_created);
    let after = if splices.is_empty() {
        After::Same
    } else if made_by_us && left.trim().is_empty() {
        After::NoFile
    } else {
        After::Text(left)
    };
    FilePlan { after, folders, forget, ..same(job) }
}

/// The text without its blocks and the empty line in front of each, and the splices that lead there.
fn strip(text: &str) -> (String, Vec<Splice>) {
    let mut splices = Vec::new();
    let mut left = text.to_owned();
    while let Some(range) = blocks(&left).into_iter().next() {
        let newline = newline_of(&left);
        let before = &left[..range.start];
        let has_empty_line = before.ends_with(&newline.repeat(2)) || before == newline;
        let start = range.start - if has_empty_line { newline.len() } else { 0 };
        let splice = Splice { at: start, remove: range.end - start, insert: String::new() };
        let Some(next) = splice.apply(&left) else { break };
        splices.push(splice);
        left = next;
    }
    (left, splices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::estimate_tokens;

    const PATH: &str = "/home/u/.claude/CLAUDE.md";

    fn plan(now: Option<&str>, receipts: &Receipts, choice: NoteChoice) -> FilePlan {
        let now = now.map(|text| text.as_bytes().to_vec());
        let job =
            NoteJob { path: Path::new(PATH), scope: Scope::Global, now, missing_folders: vec![], receipts };
        plan_note(job, choice).unwrap()
    }

    fn installed(before: Option<&str>) -> (String, Receipts) {
        let mut receipts = Receipts::none();
        let planned = plan(before, &receipts, NoteChoice::Usual);
        let After::Text(text) = planned.after else { panic!("no note in {before:?}") };
        receipts.add(planned.receipt.unwrap(), before.unwrap_or_default().as_bytes(), Path::new("/rtk"));
        (text, Receipts::parse(&receipts.print()).unwrap())
    }

    #[test]
    fn the_note_is_short_and_its_commands_are_named() {
        assert!(estimate_tokens(NOTE) <= 120, "{}", estimate_tokens(NOTE));
        assert!(NOTE.contains("rtk memory plan \"") && NOTE.contains("rtk memory explore"));
        assert!(NOTE.ends_with('\n') && !NOTE.contains("<!--"));
    }

    #[test]
    fn every_byte_comes_back() {
        for before in [
            "",
            "# Mine",
            "# Mine\n",
            "# Mine\n\n",
            "# Mine\r\nline\r\n",
            "# Mine\r\nline",
            "\u{feff}# Mine\n\n\n",
            "\n",
            "no newline <!-- comment -->",
        ] {
            let (text, receipts) = installed(Some(before));
            assert!(text.starts_with(before) && text.trim_end().ends_with(END), "{text:?}");
            assert_eq!(text.matches("\r\n").count() > 0, before.contains("\r\n"), "{text:?}");
            assert_eq!(plan(Some(&text), &receipts, NoteChoice::Usual).after, After::Same);
            assert_eq!(plan(Some(&text), &receipts, NoteChoice::With).after, After::Same);
            let back = plan(Some(&text), &receipts, NoteChoice::Without).after;
            assert_eq!(back, After::Text(before.to_owned()));
        }
        let (text, receipts) = installed(None);
        assert_eq!(plan(Some(&text), &receipts, NoteChoice::Without).after, After::NoFile);
    }

    #[test]
    fn foreign_edits_survive_and_exactly_ours_goes() {
        let (text, receipts) = installed(Some("# Mine\n"));
        let removed = |text: &str, receipts: &Receipts| plan(Some(text), receipts, NoteChoice::Without).after;
        for (edited, left) in [
            (format!("{text}\nLater.\n"), "# Mine\n\nLater.\n"),
            (text.replace("# Mine", "# Mine\nMore."), "# Mine\nMore.\n"),
            (text.replace("# Mine\n\n", ""), ""),
            (text.replace("Both", "My words. Both"), "# Mine\n"),
            (format!("{text}{}", block("\n")), "# Mine\n"),
        ] {
            assert_eq!(removed(&edited, &receipts), After::Text(left.into()), "{edited:?}");
        }
        // Ours alone in a file that was made for it.
        let (text, receipts) = installed(None);
        assert_eq!(removed(&format!("\n{text}\n"), &receipts), After::NoFile);
        assert_eq!(removed(&format!("{text}\nTheirs.\n"), &receipts), After::Text("\nTheirs.\n".into()));
        // Without a receipt the marks are enough.
        assert_eq!(removed(&text, &Receipts::none()), After::NoFile);
        assert_eq!(removed("# Mine\n", &Receipts::none()), After::Same);
    }

    #[test]
    fn a_block_without_its_end_takes_nothing_of_others_along() {
        let (text, receipts) = installed(Some("# Mine\n"));
        let cut = text.replace(END, "").trim_end().to_owned() + "\n\nTheirs.\n";
        let after = plan(Some(&cut), &receipts, NoteChoice::Without).after;
        assert_eq!(after, After::Text("# Mine\n\nTheirs.\n".into()));
        let torn = format!("# Mine\n\n{BEGIN}\nTheirs alone.\n");
        let after = plan(Some(&torn), &receipts, NoteChoice::Without).after;
        assert_eq!(after, After::Text("# Mine\nTheirs alone.\n".into()));
    }

    #[test]
    fn a_note_that_was_taken_out_is_put_back_only_on_request() {
        let (_, receipts) = installed(Some("# Mine\n"));
        assert_eq!(plan(Some("# Mine\n"), &receipts, NoteChoice::Usual).after, After::Same);
        assert!(matches!(plan(Some("# Mine\n"), &receipts, NoteChoice::With).after, After::Text(_)));
        assert_eq!(plan(None, &receipts, NoteChoice::Usual).after, After::Same);
    }

    #[test]
    fn an_older_note_is_brought_up_to_date_and_still_goes_without_a_trace() {
        let (text, mut receipts) = installed(Some("# Mine\n"));
        let old = text.replace("Both", "Older words. Both");
        let planned = plan(Some(&old), &receipts, NoteChoice::Usual);
        assert_eq!(planned.after, After::Text(text.clone()));
        receipts.add(planned.receipt.unwrap(), old.as_bytes(), Path::new("/rtk"));
        assert_eq!(plan(Some(&text), &receipts, NoteChoice::Without).after, After::Text("# Mine\n".into()));
    }

    #[test]
    fn what_is_no_text_is_left_alone() {
        let job = |receipts| NoteJob {
            path: Path::new(PATH),
            scope: Scope::Global,
            now: Some(vec![0xff, 0xfe]),
            missing_folders: vec![],
            receipts,
        };
        let receipts = Receipts::none();
        assert_eq!(plan_note(job(&receipts), NoteChoice::Usual).unwrap().after, After::Same);
        assert!(plan_note(job(&receipts), NoteChoice::With).is_err());
    }
}
