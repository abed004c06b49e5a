//! Streams commits with the files that they touched, newest first.

use super::error::GitError;
use super::run::Place;
use crate::base::{Deadline, Env};
use std::path::Path;

/// The body of a message is kept up to this, in bytes.
const BODY_BYTES_MAX: usize = 4 * 1024;
/// The subject is kept up to this, in bytes.
const SUBJECT_BYTES_MAX: usize = 512;
/// Of a commit that touches more files, only so many are named.
const FILES_MAX: usize = 2000;
/// Of a commit that moves more files, only so many moves are told.
const RENAMES_MAX: usize = 20_000;
/// Beyond so many removed or added files git looks only for files that were moved unchanged.
const RENAMES_COMPARED: &str = "-l400";
/// A field that is longer than this ends the run, in bytes.
const FIELD_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Starts each commit; no path in a repository starts like this.
const COMMIT_MARK: &[u8] = b"//";
const FORMAT: &str = "--format=tformat://%H%x00%ct%x00%ae%x00%s%x00%b%x00";

/// Which commits are wanted.
#[derive(Debug, Clone, Copy)]
pub struct HistoryRange<'a> {
    /// Only what came after this commit (full object name).
    pub since: Option<&'a str>,
    /// At most so many.
    pub commits_max: usize,
    /// Whether moved files are wanted as such; git then compares contents, which a clone may lack. Else a move is the
    /// end of one file and the beginning of another.
    pub renames: bool,
    /// The run ends then.
    pub deadline: Deadline,
}

/// One commit that is no merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Full object name.
    pub id: String,
    /// Commit time, seconds since the Unix epoch.
    pub time: i64,
    /// Hash of the author's address in lower case; the address itself is not kept.
    pub author_hash: u64,
    /// First paragraph of the message, bounded.
    pub subject: String,
    /// Rest of the message, bounded.
    pub body: String,
    /// Paths relative to the root of the work tree.
    pub files: Vec<Vec<u8>>,
    /// It touched more files than are named.
    pub files_cut: bool,
    /// Former and new path of each moved file; the new one is among `files`.
    pub renames: Vec<(Vec<u8>, Vec<u8>)>,
}

/// How far a history was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryState {
    /// All commits of the range were handed over.
    Complete,
    /// The receiver wanted no more.
    Stopped,
    /// `commits_max` were handed over; there may be more.
    Limited,
    /// The deadline passed.
    TimedOut,
    /// `since` is unknown or no ancestor any more (rebase, shallower clone): nothing was handed over, begin anew.
    SinceLost,
    /// There is no commit yet.
    Unborn,
    /// There is no repository (or git does not trust it).
    NoRepository,
}

/// The end of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEnd {
    /// How far it was read.
    pub state: HistoryState,
    /// The commit of HEAD that the range ended with.
    pub newest: Option<String>,
    /// Older commits are missing in this clone.
    pub shallow: bool,
}

/// Hands over commits, newest first, until `each` gives false.
pub fn history(
    env: &Env,
    root_path: &Path,
    range: &HistoryRange<'_>,
    each: &mut dyn FnMut(Commit) -> bool,
) -> Result<HistoryEnd, GitError> {
    let place = Place { env, root: root_path, deadline: range.deadline };
    let mut end = HistoryEnd { state: HistoryState::Complete, newest: None, shallow: false };
    match prepare(&place, range, &mut end) {
        Ok(None) => {}
        Ok(Some(state)) => return Ok(HistoryEnd { state, ..end }),
        Err(GitError::TimedOut { .. }) => return Ok(HistoryEnd { state: HistoryState::TimedOut, ..end }),
        Err(GitError::NotARepository { .. } | GitError::NotTrusted { .. }) => {
            return Ok(HistoryEnd { state: HistoryState::NoRepository, ..end });
        }
        Err(error) => return Err(error),
    }
    let newest = end.newest.clone().unwrap_or_default();
    let revisions = range.since.map_or_else(|| newest.clone(), |since| format!("{since}..{newest}"));
    let limit = format!("--max-count={}", range.commits_max);
    let mut args = vec!["log", "-z", "--no-merges", "--name-status", "--no-ext-diff"];
    args.extend(if range.renames { ["--find-renames", RENAMES_COMPARED] } else { ["--no-renames", "-l0"] });
    args.extend(["--no-textconv", "--no-color", "--no-relative", "--encoding=UTF-8", FORMAT, &limit]);
    args.extend([revisions.as_str(), "--"]);
    let mut parser = Parser::default();
    let mut count = 0;
    let mut handed = |commit: Commit| {
        count += 1;
        each(commit)
    };
    let finished = place.stream(&args, &mut |chunk| parser.feed(chunk, &mut handed))?;
    if finished.timed_out {
        end.state = HistoryState::TimedOut;
    } else if finished.stopped {
        end.state = HistoryState::Stopped;
    } else if finished.code != Some(0) {
        return Err(place.failure(&args, &finished.stderr));
    } else if !parser.finish(&mut handed) {
        end.state = HistoryState::Stopped;
    } else if count >= range.commits_max {
        end.state = HistoryState::Limited;
    }
    Ok(end)
}

/// Fills in HEAD and shallowness; gives a state if there is nothing to read.
fn prepare(
    place: &Place<'_>,
    range: &HistoryRange<'_>,
    end: &mut HistoryEnd,
) -> Result<Option<HistoryState>, GitError> {
    let shallow = place.capture(&["rev-parse", "--is-shallow-repository"])?;
    end.shallow = shallow.trim_ascii() == b"true";
    let (code, newest, _) = place.attempt(&["rev-parse", "-q", "--verify", "HEAD^{commit}"])?;
    if code != 0 {
        return Ok(Some(HistoryState::Unborn));
    }
    let newest = String::from_utf8_lossy(newest.trim_ascii()).into_owned();
    end.newest = Some(newest.clone());
    let Some(since) = range.since else { return Ok(None) };
    if !is_object_name(since) {
        return Ok(Some(HistoryState::SinceLost));
    }
    let (code, _, _) = place.attempt(&["merge-base", "--is-ancestor", since, &newest])?;
    Ok((code != 0).then_some(HistoryState::SinceLost))
}

fn is_object_name(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// What the next field means.
#[derive(Debug, Clone, Copy, Default)]
enum Expect {
    #[default]
    Id,
    Time,
    Author,
    Subject,
    Body,
    /// The empty field that ends the message.
    MessageEnd,
    /// What happened to a file (with a line feed before the first), the next commit, or an empty field that git puts
    /// between commits at times.
    Status,
    /// The path that a moved file had.
    From,
    /// The path of a file.
    File,
}

/// Puts commits together from fields that end with NUL, however the chunks fall.
#[derive(Default)]
struct Parser {
    field: Vec<u8>,
    expect: Expect,
    commit: Option<Commit>,
    /// The former path of the file that comes next.
    from: Option<Vec<u8>>,
}

impl Parser {
    /// Takes a chunk; gives false when no more is wanted.
    fn feed(&mut self, mut chunk: &[u8], each: &mut dyn FnMut(Commit) -> bool) -> bool {
        while let Some(end) = memchr::memchr(0, chunk) {
            self.field.extend_from_slice(&chunk[..end]);
            chunk = &chunk[end + 1..];
            let field = std::mem::take(&mut self.field);
            if !self.take(&field, each) {
                return false;
            }
            self.field = field;
            self.field.clear();
        }
        self.field.extend_from_slice(chunk);
        self.field.len() <= FIELD_BYTES_MAX
    }

    /// Hands over the last commit.
    fn finish(&mut self, each: &mut dyn FnMut(Commit) -> bool) -> bool {
        match (self.commit.take(), self.expect) {
            (Some(commit), Expect::Status) => each(commit),
            _ => true,
        }
    }

    fn take(&mut self, field: &[u8], each: &mut dyn FnMut(Commit) -> bool) -> bool {
        match (self.expect, &mut self.commit) {
            (Expect::Id | Expect::Status, _) if field.starts_with(COMMIT_MARK) => {
                return self.start(&field[COMMIT_MARK.len()..], each);
            }
            (Expect::Id, _) => {}
            (Expect::Time, Some(commit)) => {
                commit.time = std::str::from_utf8(field).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
                self.expect = Expect::Author;
            }
            (Expect::Author, Some(commit)) => {
                commit.author_hash = xxhash_rust::xxh3::xxh3_64(&field.to_ascii_lowercase());
                self.expect = Expect::Subject;
            }
            (Expect::Subject, Some(commit)) => {
                commit.subject = bounded(field, SUBJECT_BYTES_MAX);
                self.expect = Expect::Body;
            }
            (Expect::Body, Some(commit)) => {
                commit.body = bounded(field.trim_ascii_end(), BODY_BYTES_MAX);
                self.expect = Expect::MessageEnd;
            }
            (Expect::MessageEnd, _) => self.expect = Expect::Status,
            (Expect::Status, Some(_)) => match field.strip_prefix(b"\n").unwrap_or(field).first() {
                None => {}
                Some(b'R') => self.expect = Expect::From,
                Some(_) => self.expect = Expect::File,
            },
            (Expect::From, Some(_)) => {
                self.from = Some(field.to_vec());
                self.expect = Expect::File;
            }
            (Expect::File, Some(commit)) => {
                add_file(commit, self.from.take(), field);
                self.expect = Expect::Status;
            }
            (_, None) => self.expect = Expect::Id,
        }
        true
    }

    fn start(&mut self, id: &[u8], each: &mut dyn FnMut(Commit) -> bool) -> bool {
        if let Some(done) = self.commit.take()
            && !each(done)
        {
            return false;
        }
        self.commit = Some(Commit {
            id: String::from_utf8_lossy(id).into_owned(),
            time: 0,
            author_hash: 0,
            subject: String::new(),
            body: String::new(),
            files: Vec::new(),
            files_cut: false,
            renames: Vec::new(),
        });
        self.expect = Expect::Time;
        true
    }
}

fn add_file(commit: &mut Commit, from: Option<Vec<u8>>, path: &[u8]) {
    if let Some(from) = from
        && commit.renames.len() < RENAMES_MAX
    {
        commit.renames.push((from, path.to_vec()));
    }
    if commit.files.len() < FILES_MAX {
        commit.files.push(path.to_vec());
    } else {
        commit.files_cut = true;
    }
}

fn bounded(bytes: &[u8], bytes_max: usize) -> String {
    let mut text = String::from_utf8_lossy(&bytes[..bytes.len().min(bytes_max * 2)]).into_owned();
    text.truncate(text.floor_char_boundary(bytes_max));
    text
}
