//! Applies one edit to one file: where it leads, what it holds, what it must hold, the change, the commit.

use super::{EditError, IfMatch, Policy};
use crate::fs::{Expected, Outcome, content_hash, read, replace};
use std::path::{Path, PathBuf};

/// A larger file is not edited, in bytes.
const EDIT_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// How often a change is computed anew when other programs write the file meanwhile.
const ATTEMPTS_MAX: usize = 1000;

/// Gives a file's new content for the one it has; `None` when there is no file.
pub type Change<'c> = dyn FnMut(Option<&[u8]>) -> Result<Vec<u8>, EditError> + 'c;

/// What became of an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// Only computed.
    Planned,
    /// Committed, with what the core says about it.
    Written(Outcome),
}

/// An edit that happened, or that would.
#[derive(Debug)]
pub struct Edited {
    /// The file, links followed.
    pub path: PathBuf,
    /// Its content before; `None` when there was no file.
    pub before: Option<Vec<u8>>,
    /// Its content now.
    pub after: Vec<u8>,
    /// What became of the edit.
    pub done: Done,
}

/// Changes one file: `change` gets its content (`None` when there is no file) and gives the new one. It may be called
/// again when another program writes meanwhile, so that nobody's change is lost.
pub fn edit_file(path: &Path, policy: &Policy, change: &mut Change<'_>) -> Result<Edited, EditError> {
    let target = policy.target(path)?;
    let mut attempt = 0;
    loop {
        attempt += 1;
        let before = read(&target, EDIT_BYTES_MAX)?;
        let hash = before.as_deref().map(content_hash);
        if let Some(wanted) = &policy.if_match {
            must_match(&target, wanted, hash, before.as_deref())?;
        }
        let after = change(before.as_deref())?;
        if policy.dry_run {
            return Ok(Edited { path: target, before, after, done: Done::Planned });
        }
        let expected = hash.map_or(Expected::Missing, Expected::Content);
        match replace(&target, &after, &policy.options(expected)) {
            Ok(outcome) => return Ok(Edited { path: target, before, after, done: Done::Written(outcome) }),
            Err(error) if error.is_conflict() && attempt < ATTEMPTS_MAX => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn must_match(
    path: &Path,
    wanted: &IfMatch,
    hash: Option<[u8; 32]>,
    content: Option<&[u8]>,
) -> Result<(), EditError> {
    let hex = hash.map(|hash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let modified = || {
        let modified = std::fs::metadata(path).ok()?.modified().ok()?;
        let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
        i64::try_from(since.as_nanos()).ok()
    };
    let (holds, is, wanted) = match wanted {
        IfMatch::Missing => (hash.is_none(), "there".to_owned(), "missing".to_owned()),
        IfMatch::Hash(digits) => {
            let holds = hex.as_ref().is_some_and(|hex| hex.starts_with(digits));
            (
                holds,
                hex.map_or("missing".to_owned(), |hex| format!("sha256:{hex}")),
                format!("sha256:{digits}"),
            )
        }
        IfMatch::Length(bytes) => {
            let is = content.map(|content| content.len() as u64);
            (
                is == Some(*bytes),
                is.map_or("missing".into(), |is| format!("{is} bytes long")),
                bytes.to_string(),
            )
        }
        IfMatch::ModifiedNs(ns) => {
            let is = modified();
            (
                is == Some(*ns),
                is.map_or("missing".into(), |is| format!("of mtime:{is}")),
                format!("of mtime:{ns}"),
            )
        }
    };
    if holds { Ok(()) } else { Err(EditError::IfMatch { path: path.to_path_buf(), is, wanted }) }
}
