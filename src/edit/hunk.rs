//! Puts the hunks of a patch into a file: at the place that the diff names, or at the only other place that fits.

use super::diff::{FilePatch, Hunk, NewLine};
use super::near::{self, Style};
use super::{EditError, adapt};
use std::path::Path;

/// Places that an error lists.
const PLACES_MAX: usize = 8;

/// The content with all hunks of the patch in place.
pub(super) fn apply(
    path: &Path,
    content: Option<&[u8]>,
    patch: &FilePatch,
    adapt: bool,
) -> Result<Vec<u8>, EditError> {
    let content = match (content, patch.creates) {
        (Some(_), true) => {
            let (is, wanted) = ("there".to_owned(), "missing, as the patch has it".to_owned());
            return Err(EditError::IfMatch { path: path.to_path_buf(), is, wanted });
        }
        (None, false) if patch.hunks.iter().any(|hunk| !hunk.old.is_empty()) => {
            return Err(EditError::Missing { path: path.to_path_buf() });
        }
        (content, _) => content.unwrap_or_default(),
    };
    let mut hunks = patch.hunks.clone();
    if Style::of(content) == Style::Crlf {
        hunks.iter_mut().for_each(Hunk::with_crlf);
    }
    let file = File { path, content, lines: content.split_inclusive(|byte| *byte == b'\n').collect(), adapt };
    let mut after: Vec<Vec<u8>> = Vec::new();
    let mut done = 0;
    let mut drift = 0_isize;
    for (number, hunk) in (1..).zip(&hunks) {
        let place = file.find(hunk, number, done, drift)?;
        after.extend(file.lines[done..place.at].iter().map(|line| line.to_vec()));
        for line in place.new {
            after.push(line);
        }
        if let Some(at) = hunk.at {
            drift = signed(place.at) - signed(at.old.saturating_sub(1));
        }
        done = place.at + hunk.old.len();
    }
    after.extend(file.lines[done..].iter().map(|line| line.to_vec()));
    Ok(after.concat())
}

fn signed(number: usize) -> isize {
    isize::try_from(number).unwrap_or(isize::MAX)
}

struct File<'f> {
    path: &'f Path,
    content: &'f [u8],
    lines: Vec<&'f [u8]>,
    adapt: bool,
}

/// Where a hunk goes, and what stands there afterwards.
struct Place {
    at: usize,
    new: Vec<Vec<u8>>,
}

impl File<'_> {
    /// Looks for a hunk behind the first `done` lines; those before it lay `drift` lines further down than named.
    fn find(&self, hunk: &Hunk, number: usize, done: usize, drift: isize) -> Result<Place, EditError> {
        if hunk.old.is_empty() {
            return self.insertion(hunk, number, done, drift);
        }
        let trimmed;
        let mut hunk = hunk;
        let mut found = self.places(hunk, done);
        if found.is_empty() && hunk.at.is_none() {
            trimmed = hunk.without_last_ending();
            found = self.places(&trimmed, done);
            if !found.is_empty() {
                hunk = &trimmed;
            }
        }
        if let Some(at) = choose(&found, hunk, drift) {
            return Ok(Place {
                at,
                new: hunk.result(&self.lines[at..], &mut |line| Some(line.to_vec())).unwrap_or_default(),
            });
        }
        if found.is_empty() && self.adapt {
            return self.adapted(hunk, number, done);
        }
        Err(self.failure(hunk, number, &found))
    }

    /// The places where all old lines are, to the byte, with the edges of the file where the diff puts them.
    fn places(&self, hunk: &Hunk, done: usize) -> Vec<usize> {
        let length = hunk.old.len();
        let last = self.lines.len().checked_sub(length);
        let Some(last) = last else { return Vec::new() };
        // As git has it: a hunk at line 1 starts the file, one without lines behind its change ends it.
        let starts = hunk.at.is_some_and(|at| at.old <= 1);
        let ends = hunk.at.is_some() && hunk.trailing == 0;
        (done..=last)
            .filter(|at| (!starts || *at == 0) && (!ends || *at == last))
            .filter(|at| self.lines[*at..*at + length].iter().zip(&hunk.old).all(|(line, old)| line == old))
            .collect()
    }

    /// A hunk without old lines: only into a file that is empty, or where the numbers of a context-free diff say.
    fn insertion(&self, hunk: &Hunk, number: usize, done: usize, drift: isize) -> Result<Place, EditError> {
        let new = || hunk.result(&[], &mut |line| Some(line.to_vec())).unwrap_or_default();
        if self.lines.is_empty() {
            return Ok(Place { at: 0, new: new() });
        }
        // `-N,0` means behind line N.
        let at = hunk.at.filter(|at| at.old > 0).and_then(|at| at.old.checked_add_signed(drift));
        match at.filter(|at| *at == self.lines.len() && *at >= done) {
            Some(at) if self.content.ends_with(b"\n") => Ok(Place { at, new: new() }),
            _ => {
                let message = format!(
                    "hunk {number} (line {} of the patch) has no lines that say where it goes",
                    hunk.line
                );
                Err(EditError::NoMatch { path: self.path.to_path_buf(), message })
            }
        }
    }

    fn adapted(&self, hunk: &Hunk, number: usize, done: usize) -> Result<Place, EditError> {
        let old: Vec<&[u8]> = hunk.old.iter().map(Vec::as_slice).collect();
        let found: Vec<usize> =
            adapt::places(&self.lines[done..], &old).into_iter().map(|at| at + done).collect();
        let [at] = found[..] else { return Err(self.failure(hunk, number, &found)) };
        let there = &self.lines[at..at + old.len()];
        let shift = adapt::Shift::between(&old, there);
        let new = shift.and_then(|shift| hunk.result(there, &mut |line| shift.apply(line)));
        match new {
            Some(new) => Ok(Place { at, new }),
            None => {
                let message = format!(
                    "hunk {number} (line {} of the patch) fits line {} but for whitespace, whose depth cannot be told",
                    hunk.line,
                    at + 1
                );
                Err(EditError::NoMatch { path: self.path.to_path_buf(), message })
            }
        }
    }

    fn failure(&self, hunk: &Hunk, number: usize, found: &[usize]) -> EditError {
        let path = self.path.to_path_buf();
        let which = format!("hunk {number} (line {} of the patch)", hunk.line);
        if found.is_empty() {
            let near = near::describe(self.content, &hunk.old.concat());
            return EditError::NoMatch { path, message: format!("{which} does not fit; {near}") };
        }
        let lines: Vec<String> = found.iter().take(PLACES_MAX).map(|at| (at + 1).to_string()).collect();
        let more = if found.len() > PLACES_MAX { ", …" } else { "" };
        let places = format!("(lines {}{more})", lines.join(", "));
        EditError::Ambiguous { path, message: format!("{which} fits {} places {places}, not 1", found.len()) }
    }
}

/// The place that is meant: the one that the diff names, there or as far away as the hunk before, or the only one.
fn choose(found: &[usize], hunk: &Hunk, drift: isize) -> Option<usize> {
    if let [only] = found {
        return Some(*only);
    }
    let named = hunk.at?.old.saturating_sub(1);
    let moved = named.checked_add_signed(drift)?;
    found.contains(&moved).then_some(moved)
}

impl Hunk {
    /// The lines behind the change; `None` when an added line cannot be told.
    fn result(
        &self,
        there: &[&[u8]],
        added: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
    ) -> Option<Vec<Vec<u8>>> {
        let line = |line: &NewLine| match line {
            NewLine::Kept(number) => there.get(*number).map(|line| line.to_vec()),
            NewLine::Added(line) => added(line),
        };
        self.new.iter().map(line).collect()
    }

    fn each_line(&mut self, change: &mut dyn FnMut(&mut Vec<u8>)) {
        self.old.iter_mut().for_each(&mut *change);
        for line in &mut self.new {
            if let NewLine::Added(line) = line {
                change(line);
            }
        }
    }

    /// For a file whose lines all end in CRLF and a patch that came without.
    fn with_crlf(&mut self) {
        let has = |line: &Vec<u8>| line.ends_with(b"\r\n");
        let any = self.old.iter().any(has)
            || self.new.iter().any(|line| matches!(line, NewLine::Added(line) if has(line)));
        if !any {
            self.each_line(&mut |line| *line = near::to_crlf(line));
        }
    }

    /// A block cannot say that the file's last line has no ending.
    fn without_last_ending(&self) -> Hunk {
        let mut hunk = self.clone();
        let cut = |line: &mut Vec<u8>| {
            while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
                line.pop();
            }
        };
        if let Some(line) = hunk.old.last_mut() {
            cut(line);
        }
        if let Some(NewLine::Added(line)) = hunk.new.last_mut() {
            cut(line);
        }
        hunk
    }
}
