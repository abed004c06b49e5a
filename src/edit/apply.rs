//! Applies one edit to one file: where it leads, what it holds, what it must hold, the change, the commit.

use super::{EditError, IfMatch, Policy};
use crate::base::Deadline;
use crate::fs::{Disk as _, Outcome, Real, Statistics, content_hash, read, update};
use std::path::{Path, PathBuf};

/// A larger file is not edited, in bytes.
pub(super) const EDIT_BYTES_MAX: u64 = 256 * 1024 * 1024;

/// Gives a file's new content for the one it has; `None` when there is no file.
pub type Change<'c> = crate::fs::ChangeOne<'c, EditError>;

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

/// What an edit cost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// What the core did.
    pub statistics: Statistics,
    /// How long it took, waiting for locks and the disk included, in microseconds.
    pub micros: u64,
}

/// Changes one file: `change` gets its content (`None` when there is no file) and gives the new one. It may be called
/// again when another program writes meanwhile, so that nobody's change is lost.
pub fn edit_file(path: &Path, policy: &Policy, change: &mut Change<'_>) -> Result<(Edited, Cost), EditError> {
    let clock = Deadline::never();
    let target = policy.target(path)?;
    if policy.dry_run {
        let before = read(&target, EDIT_BYTES_MAX)?;
        policy.must_match(&target, before.as_deref())?;
        let after = change(before.as_deref())?;
        return Ok((Edited { path: target, before, after, done: Done::Planned }, Cost::default()));
    }
    let disk = Real::new();
    let mut checked = |before: Option<&[u8]>| {
        policy.must_match(&target, before)?;
        change(before)
    };
    let updated = update(&disk, &target, EDIT_BYTES_MAX, &policy.options(), &mut checked)?;
    let cost = Cost { statistics: disk.statistics(), micros: clock.elapsed_us() };
    let done = Done::Written(updated.outcome);
    Ok((Edited { path: updated.path, before: updated.before, after: updated.after, done }, cost))
}

impl Policy {
    /// Refuses a file that is not as `if_match` says.
    pub(super) fn must_match(&self, path: &Path, content: Option<&[u8]>) -> Result<(), EditError> {
        self.if_match.as_ref().map_or(Ok(()), |wanted| must_match(path, wanted, content))
    }
}

/// Refuses a file that is not as `wanted` says.
pub(super) fn must_match(path: &Path, wanted: &IfMatch, content: Option<&[u8]>) -> Result<(), EditError> {
    let described = |is: Option<String>| is.unwrap_or_else(|| "missing".to_owned());
    let (holds, is, wanted) = match wanted {
        IfMatch::Missing => (content.is_none(), "there".to_owned(), "missing".to_owned()),
        IfMatch::Hash(digits) => {
            let is = content.map(hex_hash);
            let holds = is.as_ref().is_some_and(|is| is.starts_with(digits));
            (holds, described(is.map(|is| format!("sha256:{is}"))), format!("sha256:{digits}"))
        }
        IfMatch::Length(bytes) => {
            let is = content.map(|content| content.len() as u64);
            (is == Some(*bytes), described(is.map(|is| format!("length:{is}"))), format!("length:{bytes}"))
        }
        IfMatch::ModifiedNs(ns) => {
            let is = Real::new().stat(path).ok().map(|stat| stat.modified_ns);
            (
                is == Some(i128::from(*ns)),
                described(is.map(|is| format!("mtime:{is}"))),
                format!("mtime:{ns}"),
            )
        }
    };
    if holds { Ok(()) } else { Err(EditError::IfMatch { path: path.to_path_buf(), is, wanted }) }
}

/// The SHA-256 of a content in hexadecimal digits, as `--if-match` takes it.
pub fn hex_hash(content: &[u8]) -> String {
    content_hash(content).iter().map(|byte| format!("{byte:02x}")).collect()
}
