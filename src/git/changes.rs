//! What differs from a commit or from the index, and which ignored files git tracks all the same.

use super::error::GitError;
use super::run::Place;
use crate::base::{Deadline, Env};
use std::path::Path;

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content, or its mode, is another.
    Modified,
    /// It is gone.
    Deleted,
    /// It had another path.
    Renamed,
    /// It was made from another file.
    Copied,
    /// It became another kind of entry, such as a link.
    TypeChanged,
    /// A merge has left conflicts in it.
    Unmerged,
    /// git does not know it and does not ignore it.
    Untracked,
}

/// One changed file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What happened.
    pub kind: ChangeKind,
    /// Relative to the root of the work tree, raw bytes.
    pub path: Vec<u8>,
    /// Where it came from, if it was renamed or copied.
    pub from: Option<Vec<u8>>,
}

/// The files that git tracks although its rules ignore them, sorted; paths are relative to the root.
pub fn tracked_ignored(env: &Env, root_path: &Path, deadline: Deadline) -> Result<Vec<Vec<u8>>, GitError> {
    let place = Place { env, root: root_path, deadline };
    let output = place.capture(&["ls-files", "-z", "-c", "-i", "--exclude-standard"])?;
    let mut paths: Vec<Vec<u8>> = fields(&output).map(<[u8]>::to_vec).collect();
    paths.sort_unstable();
    paths.dedup();
    Ok(paths)
}

/// What the work tree has changed since `revision`, untracked files included; sorted by path.
pub fn changed_since(
    env: &Env,
    root_path: &Path,
    revision: &str,
    deadline: Deadline,
) -> Result<Vec<Change>, GitError> {
    let place = Place { env, root: root_path, deadline };
    let commit = resolve(&place, revision)?;
    let mut args = vec!["diff", "--name-status", "-z", "-M", "--no-ext-diff", "--no-textconv"];
    args.extend(["--no-color", "--no-relative", "--ignore-submodules=dirty", &commit, "--"]);
    let output = place.capture(&args)?;
    let mut changes = parse_name_status(&output);
    let untracked = place.capture(&["ls-files", "-z", "-o", "--exclude-standard"])?;
    changes.extend(fields(&untracked).map(|path| Change {
        kind: ChangeKind::Untracked,
        path: path.to_vec(),
        from: None,
    }));
    changes.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(changes)
}

/// What the work tree and the index have changed since HEAD, untracked files included; sorted by path.
pub fn changed_files(env: &Env, root_path: &Path, deadline: Deadline) -> Result<Vec<Change>, GitError> {
    let place = Place { env, root: root_path, deadline };
    let args = ["status", "--porcelain=v2", "-z", "--untracked-files=all", "--ignore-submodules=dirty"];
    let output = place.capture(&args)?;
    let mut changes = parse_status(&output);
    changes.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(changes)
}

/// Gives the full object name; a text that could be taken for an option is refused before git sees it.
pub(super) fn resolve(place: &Place<'_>, revision: &str) -> Result<String, GitError> {
    let bad = || GitError::BadRevision { revision: revision.to_owned(), path: place.shown() };
    if revision.is_empty() || revision.starts_with('-') || revision.chars().any(char::is_control) {
        return Err(bad());
    }
    let asked = format!("{revision}^{{commit}}");
    let args = ["rev-parse", "-q", "--verify", "--end-of-options", &asked];
    let (code, output, stderr) = place.attempt(&args)?;
    if code == 0 {
        return Ok(String::from_utf8_lossy(output.trim_ascii()).into_owned());
    }
    match place.failure(&args, &stderr) {
        GitError::Failed { .. } => Err(bad()),
        known => Err(known),
    }
}

fn fields(output: &[u8]) -> impl Iterator<Item = &[u8]> {
    output.split(|byte| *byte == 0).filter(|field| !field.is_empty())
}

fn kind_of(letter: u8) -> Option<ChangeKind> {
    Some(match letter {
        b'A' => ChangeKind::Added,
        b'M' => ChangeKind::Modified,
        b'D' => ChangeKind::Deleted,
        b'R' => ChangeKind::Renamed,
        b'C' => ChangeKind::Copied,
        b'T' => ChangeKind::TypeChanged,
        b'U' => ChangeKind::Unmerged,
        _ => return None,
    })
}

/// Reads `M\0path\0` and `R100\0from\0to\0`; what is not understood is skipped.
fn parse_name_status(output: &[u8]) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut fields = fields(output);
    while let Some(status) = fields.next() {
        let Some(kind) = status.first().and_then(|letter| kind_of(*letter)) else { continue };
        let from = match kind {
            ChangeKind::Renamed | ChangeKind::Copied => fields.next().map(<[u8]>::to_vec),
            _ => None,
        };
        let Some(path) = fields.next() else { break };
        changes.push(Change { kind, path: path.to_vec(), from });
    }
    changes
}

/// Reads the entries of `git status --porcelain=v2 -z`.
fn parse_status(output: &[u8]) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut fields = fields(output);
    while let Some(entry) = fields.next() {
        // Words before the path, by kind of entry.
        let (words, has_origin) = match entry.first() {
            Some(b'1') => (8, false),
            Some(b'2') => (9, true),
            Some(b'u') => (10, false),
            Some(b'?') => (1, false),
            _ => continue,
        };
        let from = if has_origin { fields.next().map(<[u8]>::to_vec) } else { None };
        let Some(path) = entry.splitn(words + 1, |byte| *byte == b' ').nth(words) else { continue };
        let kind = match entry.first() {
            Some(b'?') => ChangeKind::Untracked,
            Some(b'u') => ChangeKind::Unmerged,
            _ => status_kind(entry.get(2).copied(), entry.get(3).copied()),
        };
        changes.push(Change { kind, path: path.to_vec(), from });
    }
    changes
}

/// The work tree against HEAD, from the letters of index and work tree.
fn status_kind(index: Option<u8>, work_tree: Option<u8>) -> ChangeKind {
    let of = |letter: Option<u8>| letter.and_then(kind_of);
    match (of(index), of(work_tree)) {
        (_, Some(ChangeKind::Deleted)) => ChangeKind::Deleted,
        (Some(staged), _) => staged,
        (None, Some(other)) => other,
        (None, None) => ChangeKind::Modified,
    }
}
