//! Which commit and branch are checked out, read from the repository's files without starting git.

use super::run::Place;
use crate::base::{Deadline, Env};
use std::path::{Path, PathBuf};

/// References that point to references are followed this far.
const LINKS_MAX: usize = 5;
/// A reference is a line; longer files are none, in bytes.
const REFERENCE_BYTES_MAX: u64 = 4096;
/// For repositories whose references only git can read, in milliseconds.
const FALLBACK_MS: u64 = 1000;

/// What is checked out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// Full object name; `None` before the first commit.
    pub commit: Option<String>,
    /// Short name of the branch; `None` when detached.
    pub branch: Option<String>,
}

/// Reads what is checked out; both fields are `None` if it cannot be told.
///
/// Starts git only where the references are kept in the reftable format.
pub fn head(env: &Env, git_dir: &Path, common_dir: &Path) -> Head {
    if common_dir.join("reftable").is_dir() {
        return ask_git(env, git_dir);
    }
    let mut head = Head::default();
    let mut name = "HEAD".to_owned();
    for _ in 0..LINKS_MAX {
        match read_reference(git_dir, common_dir, &name) {
            Some(Reference::Commit(commit)) => {
                head.commit = Some(commit);
                return head;
            }
            Some(Reference::Link(target)) => {
                if head.branch.is_none() {
                    head.branch = target.strip_prefix("refs/heads/").map(str::to_owned);
                }
                name = target;
            }
            None => return head,
        }
    }
    head
}

enum Reference {
    Commit(String),
    Link(String),
}

fn read_reference(git_dir: &Path, common_dir: &Path, name: &str) -> Option<Reference> {
    let own = ["refs/bisect/", "refs/worktree/", "refs/rewritten/"];
    let of_worktree = name == "HEAD" || own.iter().any(|prefix| name.starts_with(prefix));
    let file = if of_worktree { git_dir } else { common_dir }.join(name);
    if let Ok(target) = std::fs::read_link(&file) {
        return target.to_str().and_then(safe_name).map(Reference::Link);
    }
    let small =
        std::fs::metadata(&file).is_ok_and(|meta| meta.is_file() && meta.len() <= REFERENCE_BYTES_MAX);
    if small && let Ok(text) = std::fs::read_to_string(&file) {
        let text = text.trim();
        return match text.strip_prefix("ref:") {
            Some(target) => safe_name(target.trim()).map(Reference::Link),
            None => is_object_name(text).then(|| Reference::Commit(text.to_owned())),
        };
    }
    packed(&common_dir.join("packed-refs"), name).map(Reference::Commit)
}

/// A name that stays below the git folder when it is joined to it.
fn safe_name(name: &str) -> Option<String> {
    let inside = name.starts_with("refs/") && !name.split('/').any(|part| matches!(part, "" | "." | ".."));
    inside.then(|| name.to_owned())
}

fn is_object_name(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Finds the line `<object> <name>` of the packed references.
fn packed(file: &PathBuf, name: &str) -> Option<String> {
    let bytes = std::fs::read(file).ok()?;
    memchr::memmem::find_iter(&bytes, name.as_bytes()).find_map(|at| {
        let ends = bytes.get(at + name.len()).is_none_or(|byte| matches!(byte, b'\n' | b'\r'));
        let line_start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |end| end + 1);
        let object = std::str::from_utf8(bytes[line_start..at].strip_suffix(b" ")?).ok()?;
        (ends && is_object_name(object)).then(|| object.to_owned())
    })
}

fn ask_git(env: &Env, git_dir: &Path) -> Head {
    let place = Place { env, root: git_dir, deadline: Deadline::after_ms(FALLBACK_MS) };
    let line = |args: &[&str]| {
        let output = place.capture(args).ok()?;
        Some(String::from_utf8_lossy(&output).trim().to_owned()).filter(|text| !text.is_empty())
    };
    let branch = line(&["--git-dir=.", "symbolic-ref", "-q", "HEAD"]);
    Head {
        commit: line(&["--git-dir=.", "rev-parse", "-q", "--verify", "HEAD^{commit}"])
            .filter(|text| is_object_name(text)),
        branch: branch.and_then(|name| name.strip_prefix("refs/heads/").map(str::to_owned)),
    }
}
