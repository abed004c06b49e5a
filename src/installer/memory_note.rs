//! The note for the client's memory file: how a model asks the memory for more, in one marked block. Pure.
//!
//! The block is found by its marks, so that edits around it and inside it survive or go with it, as they should. Marks
//! that somebody quotes as code are no block.

use super::InstallError;
use super::plan::{After, FilePlan};
use super::receipt::{FileReceipt, Receipts, hash};
use super::scope::Scope;
use super::undo;
use crate::fs::FsError;
use crate::text::Splice;
use serde::Serialize;
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

/// What is there of the note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteState {
    /// All of it, in this version's words.
    Current,
    /// Another version's words, or somebody else's between rtk's marks.
    Changed,
    /// Nothing any more: it was put in and somebody took it out.
    TakenOut,
}

/// What a memory file holds of the note; `None` where there is none and `recorded` says that none was put in.
pub(super) fn state_of(text: &str, recorded: bool) -> Option<NoteState> {
    let own = block(newline_of(text));
    match blocks(text).first() {
        Some(range) if text[range.clone()].trim_end() == own.trim_end() => Some(NoteState::Current),
        Some(_) => Some(NoteState::Changed),
        None => recorded.then_some(NoteState::TakenOut),
    }
}

/// A memory file as it is.
pub(super) struct NoteJob<'j> {
    pub(super) path: &'j Path,
    pub(super) scope: Scope,
    /// The content; `None` when there is no file.
    pub(super) now: Option<Vec<u8>>,
    /// Parent folders of the file that do not exist, outermost first.
    pub(super) missing_folders: Vec<PathBuf>,
    pub(super) receipts: &'j Receipts,
}

/// Plans the file with the note or without it; the sentence tells what the user should know beside.
pub(super) fn plan_note(
    job: NoteJob<'_>,
    choice: NoteChoice,
) -> Result<(FilePlan, Option<String>), InstallError> {
    let bytes = job.now.clone().unwrap_or_default();
    let Ok(text) = String::from_utf8(bytes) else {
        let error = InstallError::NoteNotText { path: job.path.to_path_buf() };
        return plan_unusable(job, choice, error);
    };
    let is_there = || blocks(&text).iter().any(|range| text[range.clone()].starts_with(BEGIN_WORDS));
    let wanted = match choice {
        NoteChoice::With => true,
        NoteChoice::Without => false,
        NoteChoice::Usual => is_there() || job.receipts.latest(job.path).is_none(),
    };
    let plan = match (wanted, choice) {
        (true, _) => with_note(job, &text),
        (false, NoteChoice::Usual) => same(job),
        (false, _) => without_note(job, &text),
    };
    Ok((plan, None))
}

/// Plans around a memory file that cannot be read or is no text: it stays as it is, and nothing else fails for it.
pub(super) fn plan_unusable(
    job: NoteJob<'_>,
    choice: NoteChoice,
    error: InstallError,
) -> Result<(FilePlan, Option<String>), InstallError> {
    let recorded = job.receipts.latest(job.path).is_some();
    match choice {
        NoteChoice::With => Err(error),
        NoteChoice::Usual => {
            let said = (!recorded).then(|| format!("the note was left out: {error}"));
            Ok((same(job), said))
        }
        // What is no file holds no note.
        NoteChoice::Without if matches!(error, InstallError::Fs(FsError::NotRegular { .. })) => {
            Ok((FilePlan { forget: recorded, ..same(job) }, None))
        }
        NoteChoice::Without => {
            let said = format!("if rtk's note is still in that file, take its lines out by hand: {error}");
            Ok((same(job), recorded.then_some(said)))
        }
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

/// Every block in the text, the end of its last line included. Of one that has lost a mark, those lines that are known
/// to be ours.
fn blocks(text: &str) -> Vec<Range<usize>> {
    let quoted = quotes(text);
    let find = |mark: &str, from: usize| {
        let found = text[from..].match_indices(mark).map(|(at, _)| from + at);
        found.into_iter().find(|at| {
            !text[..*at].ends_with('`') && !quoted.iter().any(|quote: &Range<usize>| quote.contains(at))
        })
    };
    let mut found = Vec::new();
    let mut from = 0;
    loop {
        let (begin, end) = (find(BEGIN_WORDS, from), find(END, from));
        let range = match (begin, end) {
            (None, None) => return found,
            (Some(begin), Some(end)) if begin < end => {
                match find(BEGIN_WORDS, begin + BEGIN_WORDS.len()).filter(|next| *next < end) {
                    None => begin..end + END.len(),
                    Some(_) => begin..begin + known_lines_behind(&text[begin..]),
                }
            }
            (Some(begin), None) => begin..begin + known_lines_behind(&text[begin..]),
            (_, Some(end)) => end - known_lines_before(&text[from..end])..end + END.len(),
        };
        let begins_line = range.start == 0 || text[..range.start].ends_with('\n');
        let line_end = ["\r\n", "\n"].iter().find(|line_end| text[range.end..].starts_with(**line_end));
        let end = range.end + line_end.filter(|_| begins_line).map_or(0, |line_end| line_end.len());
        from = end;
        found.push(range.start..end);
    }
}

/// The passages between code fences. A fence that is never closed quotes nothing.
fn quotes(text: &str) -> Vec<Range<usize>> {
    let mut quotes = Vec::new();
    let mut open: Option<(usize, &str)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_start_matches(' ').trim_end();
        let marks = body.len() - body.trim_start_matches(if body.starts_with('~') { '~' } else { '`' }).len();
        match open {
            None if marks >= 3 => open = Some((at, &body[..marks])),
            Some((start, fence)) if body.starts_with(fence) && body.len() == marks => {
                quotes.push(start..at + line.len());
                open = None;
            }
            _ => {}
        }
        at += line.len();
    }
    quotes
}

/// The length of the first mark's line with the lines of the note that follow it unchanged, without the last line's end.
fn known_lines_behind(text: &str) -> usize {
    let mut lines = text.split_inclusive('\n');
    let mut at = lines.next().map_or(0, str::len);
    let mut length = text[..at].trim_end_matches(['\r', '\n']).len();
    for (line, known) in lines.zip(NOTE.lines()) {
        let line_text = line.trim_end_matches(['\r', '\n']);
        if line_text != known {
            break;
        }
        // An empty line counts only between two that are known.
        if !known.is_empty() {
            length = at + line_text.len();
        }
        at += line.len();
    }
    length
}

/// The length of the lines of the note, unchanged, that the text ends with.
fn known_lines_before(text: &str) -> usize {
    let (mut at, mut length) = (0, 0);
    for (line, known) in text.split_inclusive('\n').rev().zip(NOTE.lines().rev()) {
        if line.strip_suffix('\n').map(|line| line.trim_end_matches('\r')) != Some(known) {
            break;
        }
        at += line.len();
        if !known.is_empty() {
            length = at;
        }
    }
    length
}

fn with_note(job: NoteJob<'_>, text: &str) -> FilePlan {
    if state_of(text, false) == Some(NoteState::Current) {
        return same(job);
    }
    let newline = newline_of(text);
    let splice = match blocks(text).first() {
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
        anchors: undo::anchors(after, &inverse),
        inverse,
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
    let (mut left, splices) = strip(text);
    // What stood around the block comes back too where the block is as it was put in.
    let exact = latest.and_then(|latest| undo::take_back(text, &latest.inverse, &latest.anchors));
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    if let Some(exact) = exact.filter(|exact| words(exact) == words(&left)) {
        left = exact;
    }
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
        plan_note(job, choice).unwrap().0
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
    fn a_block_that_lost_a_part_takes_its_known_lines_along() {
        let (text, receipts) = installed(Some("# Mine\n"));
        let middle = text.find("- `rtk memory explore").unwrap();
        let block_at = text.find(BEGIN).unwrap();
        for (torn, left) in [
            (text[..middle].to_owned(), "# Mine\n"),
            (format!("{}Theirs.\n", &text[..middle]), "# Mine\nTheirs.\n"),
            (format!("{}{}", &text[..block_at], &text[middle..]), "# Mine\n"),
            (format!("# Mine\nTheirs.\n{}", &text[middle..]), "# Mine\nTheirs.\n"),
            (text.replace(BEGIN, "").replace('\n', "\r\n"), "# Mine\r\n\r\n"),
            (format!("# Mine\n{END}\n"), "# Mine\n"),
        ] {
            let after = plan(Some(&torn), &receipts, NoteChoice::Without).after;
            assert_eq!(after, After::Text(left.into()), "{torn:?}");
        }
    }

    #[test]
    fn marks_that_are_quoted_as_code_are_the_users() {
        let quoted = format!("# Mine\n```html\n{}```\nand `{BEGIN}`\n", block("\n"));
        let (text, receipts) = installed(Some(&quoted));
        assert_eq!(text, format!("{quoted}\n{}", block("\n")));
        let edited = text.replace("# Mine", "# Ours");
        let after = plan(Some(&edited), &receipts, NoteChoice::Without).after;
        assert_eq!(after, After::Text(quoted.replace("# Mine", "# Ours")));
        assert_eq!(plan(Some(&quoted), &Receipts::none(), NoteChoice::Without).after, After::Same);
        // A fence that is never closed does not hide the block behind it.
        let (text, _) = installed(Some("```\ncode\n"));
        let after = plan(Some(&text), &Receipts::none(), NoteChoice::Without).after;
        assert_eq!(after, After::Text("```\ncode\n".into()));
    }

    #[test]
    fn what_stood_in_front_of_the_block_comes_back_whatever_was_changed_elsewhere() {
        for (before, edit, edited) in [
            ("# Mine", "# Ours", "# Ours"),
            ("# Mine\n", "# Ours", "# Ours\n"),
            ("# Mine\n\n", "# Ours", "# Ours\n\n"),
            ("# Mine\r\nx", "# Ours", "# Ours\r\nx"),
        ] {
            let (text, receipts) = installed(Some(before));
            let text = text.replace("# Mine", edit);
            let after = plan(Some(&text), &receipts, NoteChoice::Without).after;
            assert_eq!(after, After::Text(edited.into()), "{before:?}");
            let converted = text.replace("\r\n", "\n").replace('\n', "\r\n");
            let after = plan(Some(&converted), &receipts, NoteChoice::Without).after;
            let left = edited.replace("\r\n", "\n").replace('\n', "\r\n");
            assert_eq!(after, After::Text(left), "{before:?}");
        }
    }

    #[test]
    fn a_note_that_was_taken_out_is_put_back_only_on_request() {
        let (_, receipts) = installed(Some("# Mine\n"));
        assert_eq!(state_of("# Mine\n", true), Some(NoteState::TakenOut));
        assert_eq!(plan(Some("# Mine\n"), &receipts, NoteChoice::Usual).after, After::Same);
        assert!(matches!(plan(Some("# Mine\n"), &receipts, NoteChoice::With).after, After::Text(_)));
        assert_eq!(plan(None, &receipts, NoteChoice::Usual).after, After::Same);
    }

    #[test]
    fn an_older_note_is_brought_up_to_date_and_still_goes_without_a_trace() {
        let (text, mut receipts) = installed(Some("# Mine\n"));
        let old = text.replace("Both", "Older words. Both");
        let states = [&old, &text, "# Mine\n"].map(|text| state_of(text, false));
        assert_eq!(states, [Some(NoteState::Changed), Some(NoteState::Current), None]);
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
        let (plan, said) = plan_note(job(&receipts), NoteChoice::Usual).unwrap();
        assert_eq!(plan.after, After::Same);
        assert!(said.unwrap().contains("no UTF-8 text"));
        assert!(plan_note(job(&receipts), NoteChoice::With).is_err());
        assert_eq!(plan_note(job(&receipts), NoteChoice::Without).unwrap().1, None);
        // A note that was put in before the file became what it is now.
        let (_, receipts) = installed(Some("# Mine\n"));
        assert_eq!(plan_note(job(&receipts), NoteChoice::Usual).unwrap().1, None);
        let (plan, said) = plan_note(job(&receipts), NoteChoice::Without).unwrap();
        assert!(said.unwrap().contains("by hand") && !plan.forget);
        let error = || InstallError::Fs(FsError::NotRegular { path: PATH.into() });
        let (plan, said) = plan_unusable(job(&receipts), NoteChoice::Without, error()).unwrap();
        assert!(said.is_none() && plan.forget);
    }
}
