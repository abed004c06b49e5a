//! How a file is reached and written: root, links, precondition, durability.

use super::EditError;
use crate::fs::{LinkPolicy, WriteOptions, resolve};
use std::path::{Path, PathBuf};

/// Fewest digits of a hash that `--if-match` takes for one.
const HASH_DIGITS_MIN: usize = 8;
/// Digits of a whole hash.
const HASH_DIGITS: usize = 64;

/// What a file must be before it is edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    /// No file at all.
    Missing,
    /// A file whose SHA-256 starts with these lower-case hexadecimal digits.
    Hash(String),
    /// A file of this length, in bytes.
    Length(u64),
    /// A file last changed at this moment, in nanoseconds since the Unix epoch.
    ModifiedNs(i64),
}

impl IfMatch {
    /// Reads `missing`, a hash or its first digits (`sha256:` may stand before it), `length:N` or `mtime:NANOSECONDS`.
    pub fn parse(text: &str) -> Result<IfMatch, String> {
        let no_number = |digits: &str| format!("{digits:?} is no number");
        match text.split_once(':') {
            _ if text == "missing" => Ok(IfMatch::Missing),
            Some(("length", digits)) => digits.parse().map(IfMatch::Length).map_err(|_| no_number(digits)),
            Some(("mtime", digits)) => digits.parse().map(IfMatch::ModifiedNs).map_err(|_| no_number(digits)),
            Some(("sha256", digits)) => hash(digits),
            _ => hash(text),
        }
    }
}

fn hash(digits: &str) -> Result<IfMatch, String> {
    let fits = (HASH_DIGITS_MIN..=HASH_DIGITS).contains(&digits.len());
    if !fits || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(format!(
            "{digits:?} is not missing, length:N, mtime:NANOSECONDS or {HASH_DIGITS_MIN} to {HASH_DIGITS} digits of a \
             SHA-256"
        ));
    }
    Ok(IfMatch::Hash(digits.to_ascii_lowercase()))
}

/// How files are reached and written.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Paths that lead out of this folder are refused.
    pub root: Option<PathBuf>,
    /// Whether a symlink leads to the file that is written; it is refused otherwise.
    pub follow: bool,
    /// Whether a file with several names may be overwritten in place.
    pub in_place: bool,
    /// Whether success waits for the disk.
    pub durable: bool,
    /// What the file must be before.
    pub if_match: Option<IfMatch>,
    /// Whether the change is only computed.
    pub dry_run: bool,
    /// Folder of rtk's lock files.
    pub locks: PathBuf,
    /// Where a batch notes what it is about to do.
    pub journal: PathBuf,
}

impl Policy {
    /// Where `path` leads, links followed, if it may be written.
    pub fn target(&self, path: &Path) -> Result<PathBuf, EditError> {
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            let message = format!("{path:?} holds a NUL byte");
            return Err(EditError::Usage { message, hint: "name a path without one".into() });
        }
        if !self.follow && std::fs::symlink_metadata(path).is_ok_and(|meta| meta.is_symlink()) {
            return Err(EditError::Symlink { path: path.to_path_buf() });
        }
        let target = resolve(path)?;
        if let Some(root) = &self.root {
            must_lie_below(&target, root)?;
        }
        Ok(target)
    }

    /// How the core writes.
    pub(super) fn options(&self) -> WriteOptions {
        let links = if self.in_place { LinkPolicy::InPlace } else { LinkPolicy::Refuse };
        WriteOptions { durable: self.durable, links, ..WriteOptions::durable(&self.locks) }
    }
}

/// Compares with every link on the way resolved; of folders that are not there yet the nearest that is.
fn must_lie_below(target: &Path, root: &Path) -> Result<(), EditError> {
    let outside = || EditError::Outside { path: target.to_path_buf(), root: root.to_path_buf() };
    let root = root.canonicalize().map_err(|source| {
        EditError::Fs(crate::fs::FsError::Io { action: "find", path: root.to_path_buf(), source })
    })?;
    let name = target.file_name().ok_or_else(outside)?;
    let folder = target.parent().ok_or_else(outside)?;
    let there = folder.ancestors().find(|folder| folder.exists()).ok_or_else(outside)?;
    let rest = folder.strip_prefix(there).map_err(|_| outside())?;
    if rest.components().any(|part| matches!(part, std::path::Component::ParentDir)) {
        return Err(outside());
    }
    let there = there.canonicalize().map_err(|_| outside())?;
    if there.join(rest).join(name).starts_with(&root) { Ok(()) } else { Err(outside()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn preconditions_are_read_and_nonsense_is_named() {
        assert_eq!(IfMatch::parse("missing"), Ok(IfMatch::Missing));
        assert_eq!(IfMatch::parse("length:12"), Ok(IfMatch::Length(12)));
        assert_eq!(IfMatch::parse("mtime:-5"), Ok(IfMatch::ModifiedNs(-5)));
        assert_eq!(IfMatch::parse("sha256:ABCDEF01"), Ok(IfMatch::Hash("abcdef01".into())));
        for bad in ["", "abc", "length:x", "length:-1", "length:+1x", "mtime:1.5", "zzzzzzzz", "abcdefg012"] {
            assert!(IfMatch::parse(bad).is_err(), "{bad}");
        }
        assert!(IfMatch::parse(&"a".repeat(65)).is_err());
    }

    #[test]
    fn no_way_leads_out_of_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let top = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(top.join("root/sub")).unwrap();
        std::fs::create_dir(top.join("rooted")).unwrap();
        symlink(&top, top.join("root/out")).unwrap();
        symlink("../other", top.join("root/link")).unwrap();
        symlink("sub/f", top.join("root/inside")).unwrap();
        let policy = Policy {
            root: Some(top.join("root")),
            follow: true,
            in_place: false,
            durable: true,
            if_match: None,
            dry_run: false,
            locks: top.join("locks"),
            journal: top.join("journal"),
        };
        for good in ["root/f", "root/sub/f", "root/new/deep/f", "root/inside", "root/sub/../f"] {
            assert!(policy.target(&top.join(good)).is_ok(), "{good}");
        }
        for bad in ["f", "rooted/f", "root/out/f", "root/link", "root/../f", "root/new/../../f"] {
            let error = policy.target(&top.join(bad)).unwrap_err();
            assert!(matches!(error, EditError::Outside { .. }), "{bad}: {error}");
        }
        let strict = Policy { follow: false, ..policy };
        assert!(matches!(strict.target(&top.join("root/inside")), Err(EditError::Symlink { .. })));
        assert!(strict.target(Path::new("a\0b")).is_err());
    }
}
