//! Content of files as a commit has them.

use super::changes::resolve;
use super::error::GitError;
use super::run::Place;
use crate::base::{Deadline, Env};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

/// Gives the full object name of the commit that a revision means.
pub fn commit_of(
    env: &Env,
    root_path: &Path,
    revision: &str,
    deadline: Deadline,
) -> Result<String, GitError> {
    resolve(&Place { env, root: root_path, deadline }, revision)
}

/// Reads a file as `commit` (a full object name) has it; `path` is relative to the root, raw bytes.
///
/// `None` when the commit has no file there or it is larger than `bytes_max`.
pub fn content_at(
    env: &Env,
    root_path: &Path,
    commit: &str,
    path: &[u8],
    bytes_max: usize,
    deadline: Deadline,
) -> Result<Option<Vec<u8>>, GitError> {
    let place = Place { env, root: root_path, deadline };
    let mut object = commit.as_bytes().to_vec();
    object.push(b':');
    object.extend_from_slice(path);
    let args = [OsString::from("cat-file"), OsString::from("blob"), OsString::from_vec(object)];
    let mut content = Vec::new();
    let finished = place.stream(&args, &mut |chunk| {
        content.extend_from_slice(chunk);
        content.len() <= bytes_max
    })?;
    if finished.timed_out {
        return Err(GitError::TimedOut { command: "cat-file".into(), path: place.shown() });
    }
    let whole = !finished.stopped && finished.code == Some(0) && content.len() <= bytes_max;
    Ok(whole.then_some(content))
}
