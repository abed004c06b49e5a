//! Past commits as the ranking needs them: message terms and touched files of the newest few thousand, read from git in
//! the background and kept in batches, each on top of the one before.

use super::codec::{Reader, put_bytes, put_varint, seal, unseal};
use super::context::{Context, IndexError};
use super::document::is_noise;
use super::store::Index;
use crate::base::Deadline;
use crate::fs::Lock;
use crate::git::{self, Commit, HistoryRange, HistoryState};
use crate::project::{Root, RootKind};
use crate::store;
use crate::text::{TermKind, raw_words, term_hash, terms_of};
use rusqlite::Connection;
use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Commits that are read at first, and again when batches have become too many.
const COMMITS_MAX: usize = 4000;
/// Batches beyond this number are read anew as one.
const BATCHES_MAX: usize = 24;
/// Commits that touch more files (imports, mass renames) say nothing about any of them.
const COMMIT_FILES_MAX: usize = 50;
/// Distinct terms kept of one message.
const COMMIT_TERMS_MAX: usize = 48;
/// Time for reading from git, in milliseconds.
const READ_MS: u64 = 60_000;
/// How long a writer waits for another one.
const WRITE_WAIT: Duration = Duration::from_secs(20);

/// One past commit.
#[derive(Debug, Clone)]
pub(crate) struct PastCommit {
    /// Seconds since the Unix epoch.
    pub(crate) time: i64,
    terms: Range<usize>,
    files: Range<usize>,
}

/// Past commits with the terms of their messages and the files that they touched.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// Touched paths; a file's number is its place here.
    pub(crate) paths: Vec<Vec<u8>>,
    pub(crate) commits: Vec<PastCommit>,
    terms: Vec<u32>,
    files: Vec<u32>,
}

impl Past {
    /// Folded hashes of the distinct terms of a commit's message, in the order in which they first stand there.
    pub(crate) fn terms(&self, commit: &PastCommit) -> &[u32] {
        &self.terms[commit.terms.clone()]
    }

    /// Numbers of the files that a commit touched.
    pub(crate) fn files(&self, commit: &PastCommit) -> &[u32] {
        &self.files[commit.files.clone()]
    }

    /// About how much memory it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let paths: usize = self.paths.iter().map(|path| size_of_val(path) + path.len()).sum();
        let numbers = size_of_val(self.terms.as_slice()) + size_of_val(self.files.as_slice());
        paths + numbers + size_of_val(self.commits.as_slice())
    }

    /// A number that is another one whenever another process has saved anything, a history among it, since this
    /// process has opened the database; `None` without one.
    pub(crate) fn version(index: &Index) -> Option<i64> {
        let connection = index.connection.as_ref()?;
        connection.prepare_cached("PRAGMA data_version").ok()?.query_row([], |row| row.get(0)).ok()
    }

    /// Reads what was saved; what cannot be read is missing, for the ranking works without it.
    pub(crate) fn load(index: &Index) -> Past {
        let mut past = Past::default();
        let Some(connection) = &index.connection else { return past };
        // The next refresh sees the damage, too, and reads all of it again.
        let whole = for_each_batch(connection, |blob| past.take(blob));
        if matches!(whole, Ok(true)) { past } else { Past::default() }
    }

    /// Takes a batch in, which is newer than those before; false when it is damaged.
    fn take(&mut self, blob: &[u8]) -> bool {
        let before = self.commits.len();
        let whole = self.read(blob).is_some();
        // Newest first, as in one batch: the order must not tell in how many steps the history was read.
        let added = self.commits.len() - before;
        self.commits.rotate_right(added);
        whole
    }

    fn read(&mut self, blob: &[u8]) -> Option<()> {
        let mut reader = Reader::new(blob);
        for _ in 0..reader.varint()? {
            self.paths.push(reader.bytes()?.to_vec());
        }
        let mut moves = HashMap::new();
        for _ in 0..reader.varint()? {
            moves.insert(reader.small()?, reader.small()?);
        }
        if !moves.is_empty() {
            for file in &mut self.files {
                *file = moves.get(file).copied().unwrap_or(*file);
            }
        }
        while !reader.is_empty() {
            let time = reader.fixed_i64()?;
            let terms_start = self.terms.len();
            let count = usize::try_from(reader.varint()?).ok()?;
            let bytes = reader.take(count.checked_mul(4)?)?;
            self.terms.extend(
                bytes.chunks_exact(4).map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]])),
            );
            let files_start = self.files.len();
            for _ in 0..reader.varint()? {
                let file = reader.small()?;
                if (file as usize) < self.paths.len() {
                    self.files.push(file);
                }
            }
            let (terms, files) = (terms_start..self.terms.len(), files_start..self.files.len());
            self.commits.push(PastCommit { time, terms, files });
        }
        Some(())
    }
}

/// The number under which a term is kept in the history.
pub(crate) fn folded(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// Key of the seal of a batch: its place in the order and the commit up to which it goes.
fn batch_key(number: usize, tip: &str) -> u64 {
    xxh3_64_with_seed(tip.as_bytes(), number as u64)
}

/// Hands out all batches in order; `Ok(false)` when one is damaged or missing.
fn for_each_batch(connection: &Connection, mut each: impl FnMut(&[u8]) -> bool) -> rusqlite::Result<bool> {
    let mut select = connection.prepare_cached("SELECT tip, data FROM history ORDER BY id")?;
    let mut rows = select.query([])?;
    let mut number = 0;
    while let Some(row) = rows.next()? {
        let key = batch_key(number, row.get_ref(0)?.as_str()?);
        let batch = unseal(row.get_ref(1)?.as_blob()?, key);
        if !batch.is_some_and(&mut each) {
            return Ok(false);
        }
        number += 1;
    }
    Ok(true)
}

/// The commit up to which history has been read, and the number of batches.
fn state(connection: &Connection) -> rusqlite::Result<(Option<String>, usize)> {
    let mut select = connection.prepare_cached("SELECT tip FROM history ORDER BY id DESC")?;
    let tips: Vec<String> = select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok((tips.first().cloned(), tips.len()))
}

/// The commit of HEAD up to which history is still to be read; `None` when it is all there or there is none.
pub(crate) fn unread_tip(context: &Context<'_>, root: &Root, index: &Index) -> Option<String> {
    let connection = index.connection.as_ref()?;
    let tip = head_commit(context, root)?;
    let (read, _) = state(connection).ok()?;
    (read.as_ref() != Some(&tip)).then_some(tip)
}

fn head_commit(context: &Context<'_>, root: &Root) -> Option<String> {
    let RootKind::Git { git_dir, common_dir } = &root.kind else { return None };
    git::head(context.env, git_dir, common_dir).commit
}

/// Reads what was committed since the last time, for background work.
pub(crate) fn refresh_history(
    context: &Context<'_>,
    root: &Root,
    index: &mut Index,
) -> Result<(), IndexError> {
    let path = index.home.database.clone();
    let Some(connection) = &index.connection else { return Ok(()) };
    let whole = matches!(for_each_batch(connection, |_| true), Ok(true));
    let tip = if whole { unread_tip(context, root, index) } else { head_commit(context, root) };
    let Some(tip) = tip else { return Ok(()) };
    let sorted = |error| store::StoreError::of(&path, error);
    let (since, batches) = state(connection).map_err(sorted)?;
    let mut since = since.filter(|_| whole && batches < BATCHES_MAX);
    let mut known = HashMap::new();
    if since.is_some() {
        let past = Past::load(index);
        known.extend(past.paths.into_iter().zip(0_u32..));
    }
    let mut batch = Batch { known: known.clone(), ..Batch::default() };
    if read_commits(context, root, since.as_deref(), &mut batch) {
        // Rebased, or a shallower clone: begin anew.
        since = None;
        known.clear();
        batch = Batch::default();
        read_commits(context, root, None, &mut batch);
    }
    let Ok(_held) = Lock::acquire(&index.home.lock, WRITE_WAIT) else { return Ok(()) };
    let Some(mut connection) = index.connection.take() else { return Ok(()) };
    let saved = store::write(&mut connection, &path, |transaction| {
        let mut number = batches;
        if since.is_none() {
            transaction.execute("DELETE FROM history", [])?;
            number = 0;
        }
        let mut data = batch.encode(&known);
        seal(&mut data, batch_key(number, &tip));
        transaction.execute("INSERT INTO history (tip, data) VALUES (?1, ?2)", (&tip, data))
    });
    index.connection = Some(connection);
    saved?;
    Ok(())
}

/// Reads commits into the batch; true when `since` is no ancestor of HEAD any more.
fn read_commits(context: &Context<'_>, root: &Root, since: Option<&str>, batch: &mut Batch) -> bool {
    let deadline = Deadline::after_ms(READ_MS);
    let before = batch.clone();
    for renames in [true, false] {
        let range = HistoryRange { since, commits_max: COMMITS_MAX, renames, deadline };
        let mut add = |commit: Commit| {
            batch.add(&commit);
            true
        };
        match git::history(context.env, &root.path, &range, &mut add) {
            Ok(end) => return end.state == HistoryState::SinceLost,
            // A clone that lacks objects: without a look at contents more of the history may be had.
            Err(_) if renames => *batch = before.clone(),
            // What was read until then is kept.
            Err(error) => context.log.line("info", &format!("history: {error}")),
        }
    }
    false
}

/// Commits on their way into the database, newest first.
#[derive(Clone, Default)]
struct Batch {
    /// Numbers of paths, those of earlier batches among them.
    known: HashMap<Vec<u8>, u32>,
    /// What a file was called later that had this path at the commits to come.
    moved: HashMap<Vec<u8>, Vec<u8>>,
    paths: Vec<u8>,
    paths_count: u64,
    commits: Vec<u8>,
}

impl Batch {
    fn add(&mut self, commit: &Commit) {
        self.add_changes(commit);
        // Both paths of a swap are looked up before either is noted. Even a mass rename, which says nothing else, is heard.
        let later: Vec<Vec<u8>> = commit.renames.iter().map(|(_, to)| self.later(to).to_vec()).collect();
        for ((from, _), to) in commit.renames.iter().zip(later) {
            self.moved.insert(from.clone(), to);
        }
    }

    fn add_changes(&mut self, commit: &Commit) {
        if commit.files.is_empty() || commit.files_cut || commit.files.len() > COMMIT_FILES_MAX {
            return;
        }
        let terms = message_terms(commit);
        self.commits.extend_from_slice(&commit.time.to_le_bytes());
        put_varint(&mut self.commits, terms.len() as u64);
        for term in terms {
            self.commits.extend_from_slice(&term.to_le_bytes());
        }
        put_varint(&mut self.commits, commit.files.len() as u64);
        for path in &commit.files {
            let number = self.number(self.later(path).to_vec());
            put_varint(&mut self.commits, u64::from(number));
        }
    }

    /// What the file at this path is called after all commits so far.
    fn later<'a>(&'a self, path: &'a [u8]) -> &'a [u8] {
        self.moved.get(path).map_or(path, Vec::as_slice)
    }

    fn number(&mut self, path: Vec<u8>) -> u32 {
        let next = u32::try_from(self.known.len()).unwrap_or(u32::MAX);
        *self.known.entry(path).or_insert_with_key(|path| {
            put_bytes(&mut self.paths, path);
            self.paths_count += 1;
            next
        })
    }

    /// The batch as a blob: paths, the numbers that files of earlier batches have now, commits. `known_before` holds the
    /// numbers of the earlier batches.
    fn encode(mut self, known_before: &HashMap<Vec<u8>, u32>) -> Vec<u8> {
        let moved = std::mem::take(&mut self.moved);
        let mut moves: Vec<(u32, Vec<u8>)> =
            (moved.into_iter()).filter_map(|(from, to)| Some((*known_before.get(&from)?, to))).collect();
        moves.sort_unstable();
        let moves: Vec<(u32, u32)> = moves.into_iter().map(|(from, to)| (from, self.number(to))).collect();
        let mut out = Vec::with_capacity(self.paths.len() + self.commits.len() + 8);
        put_varint(&mut out, self.paths_count);
        out.extend_from_slice(&self.paths);
        put_varint(&mut out, moves.len() as u64);
        for (from, to) in moves {
            put_varint(&mut out, u64::from(from));
            put_varint(&mut out, u64::from(to));
        }
        out.extend_from_slice(&self.commits);
        out
    }
}

/// Folded terms of a message, each once; trailers say nothing about the change.
fn message_terms(commit: &Commit) -> Vec<u32> {
    let mut terms: Vec<u32> = Vec::new();
    let body = commit.body.lines().filter(|line| !is_trailer(line));
    for line in std::iter::once(commit.subject.as_str()).chain(body) {
        raw_words(line.as_bytes(), |word, _| {
            terms_of(word, |term, kind| {
                let number = folded(term_hash(term));
                let telling = kind == TermKind::Joined || !is_noise(term);
                if telling && terms.len() < COMMIT_TERMS_MAX && !terms.contains(&number) {
                    terms.push(number);
                }
            });
        });
    }
    terms
}

/// `Signed-off-by: …` and its like.
fn is_trailer(line: &str) -> bool {
    line.split_once(": ")
        .is_some_and(|(key, _)| key.ends_with("-by") || key.ends_with("-By") || key == "Change-Id")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(subject: &str, body: &str, files: &[&str]) -> Commit {
        Commit {
            id: String::new(),
            time: 7,
            author_hash: 0,
            subject: subject.into(),
            body: body.into(),
            files: files.iter().map(|path| path.as_bytes().to_vec()).collect(),
            files_cut: false,
            renames: Vec::new(),
        }
    }

    /// A batch on top of another one.
    fn after(first: &Batch) -> Batch {
        Batch { known: first.known.clone(), ..Batch::default() }
    }

    #[test]
    fn batches_stack_up_and_name_each_path_once() {
        let mut first = Batch::default();
        first.add(&commit("Fix pool", "Signed-off-by: Ann\nleak gone", &["a.rs", "b.rs"]));
        let mut second = after(&first);
        second.add(&commit("Pool again", "", &["b.rs", "c.rs"]));
        let mut past = Past::default();
        let known = first.known.clone();
        assert!(past.take(&first.encode(&HashMap::new())) && past.take(&second.encode(&known)));
        assert_eq!(past.paths, [b"a.rs".to_vec(), b"b.rs".to_vec(), b"c.rs".to_vec()]);
        assert_eq!(past.files(&past.commits[0]), [1, 2], "newest first");
        let pool = folded(term_hash(b"pool"));
        assert!(past.commits.iter().all(|commit| past.terms(commit).contains(&pool)));
        assert!(!past.terms(&past.commits[1]).contains(&folded(term_hash(b"ann"))));
        assert!(past.terms(&past.commits[1]).contains(&folded(term_hash(b"leak"))));
    }

    fn moving(subject: &str, moves: &[(&str, &str)]) -> Commit {
        let files: Vec<&str> = moves.iter().map(|&(_, to)| to).collect();
        let renames = moves.iter().map(|&(from, to)| (from.into(), to.into())).collect();
        Commit { renames, ..commit(subject, "", &files) }
    }

    #[test]
    fn what_was_done_to_a_file_before_it_was_moved_is_known_under_its_new_name() {
        // Newest first.
        let mut first = Batch::default();
        first.add(&commit("tune", "", &["b.rs"]));
        first.add(&moving("move", &[("a.rs", "b.rs"), ("x.rs", "y.rs"), ("y.rs", "x.rs")]));
        first.add(&commit("begin", "", &["a.rs", "x.rs"]));
        let known = first.known.clone();
        let mut second = after(&first);
        second.add(&commit("another", "", &["b.rs"]));
        second.add(&moving("again", &[("b.rs", "c.rs")]));
        let mut past = Past::default();
        assert!(past.take(&first.encode(&HashMap::new())) && past.take(&second.encode(&known)));
        let files = |number: usize| -> Vec<&str> {
            let files = past.files(&past.commits[number]).iter();
            files.map(|&file| std::str::from_utf8(&past.paths[file as usize]).unwrap()).collect()
        };
        assert_eq!(files(0), ["b.rs"], "a new file under an old name");
        assert_eq!(files(1), ["c.rs"]);
        assert_eq!(files(2), ["c.rs"]);
        assert_eq!(files(4), ["c.rs", "y.rs"]);
    }

    #[test]
    fn mass_commits_and_damage_are_left_out() {
        let many: Vec<String> = (0..=COMMIT_FILES_MAX).map(|number| format!("f{number}")).collect();
        let mut batch = Batch::default();
        batch.add(&commit("Reformat", "", &many.iter().map(String::as_str).collect::<Vec<_>>()));
        let mut past = Past::default();
        assert!(past.take(&batch.encode(&HashMap::new())));
        assert!(past.commits.is_empty());
        assert!(!past.take(&[9, 200, 1]));
    }
}
