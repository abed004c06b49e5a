//! Why an edit did not happen; every kind means that each file is as it was.

use super::document::Fault;
use crate::fs::FsError;
use std::path::PathBuf;

/// What sort of failure it is; the command line gives each its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The system refused: no space, no permission, a failed sync.
    NotCommitted,
    /// Nothing matches: a passage, a hunk, a key, a file.
    NoMatch,
    /// More places match than were allowed.
    Ambiguous,
    /// The file is not what the caller expected.
    Precondition,
    /// A document, diff or plan does not parse.
    Parse,
    /// A value does not fit.
    Value,
    /// This target is never written: not a regular file, outside the root, hard-linked, read-only.
    Target,
    /// Somebody else held the lock for the whole time.
    Locked,
    /// Some files could not be taken back.
    RollbackFailed,
    /// The request makes no sense.
    Usage,
}

/// Why an edit did not happen.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The write core refused.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// There is no such file.
    #[error("there is no {path}", path = .path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// What was looked for is not there.
    #[error("{path}: {message}", path = .path.display())]
    NoMatch {
        /// The file.
        path: PathBuf,
        /// What was looked for, how often it was found, the nearest candidates.
        message: String,
    },
    /// What was looked for is there more often than allowed.
    #[error("{path}: {message}", path = .path.display())]
    Ambiguous {
        /// The file.
        path: PathBuf,
        /// What was looked for, how often and where it was found.
        message: String,
    },
    /// The file is not what `--if-match` said.
    #[error("{path} is {is}, not {wanted}", path = .path.display())]
    IfMatch {
        /// The file.
        path: PathBuf,
        /// What it is.
        is: String,
        /// What it was expected to be.
        wanted: String,
    },
    /// A document, diff or plan does not parse.
    #[error("{path}:{line}:{column}: {message}{}", caret(.excerpt, *.column), path = .path.display())]
    Parse {
        /// The file, or what stands for it.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What is wrong there.
        message: String,
        /// The line itself, under which a caret is drawn; empty when there is none to show.
        excerpt: String,
    },
    /// A value does not fit where it is to go.
    #[error("{path}: {message}", path = .path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// Which value, and what would fit.
        message: String,
    },
    /// A value in a document was not read or not changed.
    #[error("{path}: {fault}", path = .path.display())]
    Document {
        /// The file.
        path: PathBuf,
        /// Why.
        fault: Fault,
    },
    /// The path leads out of the folder that was set as root.
    #[error("{path} lies outside {root}", path = .path.display(), root = .root.display())]
    Outside {
        /// Where the path leads.
        path: PathBuf,
        /// The root.
        root: PathBuf,
    },
    /// A symlink, and links are not to be followed.
    #[error("{path} is a symlink", path = .path.display())]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// The request makes no sense.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do instead.
        hint: String,
    },
    /// One edit of a batch failed, so none was made.
    #[error("edit {number} of the batch: {cause}")]
    Batch {
        /// From 1, in the order of the plan.
        number: usize,
        /// What failed.
        cause: Box<EditError>,
    },
}

/// Longest line that is shown with a caret, in characters.
const EXCERPT_CHARS_MAX: usize = 160;

fn caret(line: &str, column: usize) -> String {
    if line.is_empty() {
        return String::new();
    }
    let shown: String =
        line.chars().take(EXCERPT_CHARS_MAX).map(|ch| if ch == '\t' { ' ' } else { ch }).collect();
    let at = column.saturating_sub(1);
    if at > shown.chars().count() { format!("\n  {shown}") } else { format!("\n  {shown}\n  {:at$}^", "") }
}

impl EditError {
    /// What sort of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            EditError::Fs(error) => fs_kind(error),
            EditError::Missing { .. } | EditError::NoMatch { .. } => Kind::NoMatch,
            EditError::Ambiguous { .. } => Kind::Ambiguous,
            EditError::IfMatch { .. } => Kind::Precondition,
            EditError::Parse { .. } => Kind::Parse,
            EditError::Value { .. } => Kind::Value,
            EditError::Document { fault, .. } => match fault {
                Fault::Syntax { .. } => Kind::Parse,
                Fault::Missing { .. } => Kind::NoMatch,
                Fault::Ambiguous { .. } => Kind::Ambiguous,
                Fault::Value { .. } => Kind::Value,
                Fault::Refused { .. } => Kind::Target,
                Fault::Usage { .. } => Kind::Usage,
            },
            EditError::Outside { .. } | EditError::Symlink { .. } => Kind::Target,
            EditError::Usage { .. } => Kind::Usage,
            EditError::Batch { cause, .. } => cause.kind(),
        }
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            EditError::Fs(error) => return fs_hint(error),
            EditError::Missing { .. } => "name a file that is there, or make it with rtk write file",
            EditError::NoMatch { .. } => "read the file again and repeat what it says, to the byte",
            EditError::Ambiguous { .. } => {
                "add lines around it until it is unique, or say --all or --count N"
            }
            EditError::IfMatch { .. } => "read the file again and plan anew",
            EditError::Parse { .. } => "mend that line first; nothing was changed",
            EditError::Value { .. } => "give a value that fits",
            EditError::Outside { .. } => "name a path below the root, or another --root",
            EditError::Symlink { .. } => "leave --no-follow out to write the file that it leads to",
            EditError::Document { fault, .. } => return Some(fault.hint().into()),
            EditError::Usage { hint, .. } => return Some(hint.clone()),
            EditError::Batch { cause, .. } => {
                return Some(format!("no file was changed; {}", cause.hint().unwrap_or_default()));
            }
        };
        Some(hint.into())
    }
}

fn fs_kind(error: &FsError) -> Kind {
    match error {
        FsError::Changed { .. } => Kind::Precondition,
        FsError::Locked { .. } => Kind::Locked,
        FsError::HardLinked { .. }
        | FsError::NotRegular { .. }
        | FsError::ReadOnly { .. }
        | FsError::TooLarge { .. }
        | FsError::NotOwn { .. }
        | FsError::SymlinkLoop { .. } => Kind::Target,
        FsError::RollbackFailed { .. } => Kind::RollbackFailed,
        FsError::Io { .. } | FsError::ShortWrite { .. } => Kind::NotCommitted,
    }
}

fn fs_hint(error: &FsError) -> Option<String> {
    use std::io::ErrorKind;
    let hint = match error {
        FsError::Changed { .. } => "read the file again and plan anew",
        FsError::Locked { .. } => "wait for the other rtk to end, then try again",
        FsError::HardLinked { .. } => {
            "say --in-place to write all its names at once, without safety from crashes"
        }
        FsError::NotRegular { .. } => "name a regular file",
        FsError::ReadOnly { .. } => "make it writable first (chmod u+w)",
        FsError::RollbackFailed { .. } => "look at the files named above; all others are as they were",
        FsError::Io { source, .. } if source.kind() == ErrorKind::NotFound => {
            "make the folder first, or say --create-folders where the command has it"
        }
        FsError::Io { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
            "choose a folder in which you may write"
        }
        FsError::Io { source, .. } if source.kind() == ErrorKind::StorageFull => {
            "free some space, then try again"
        }
        FsError::Io { .. } | FsError::ShortWrite { .. } => {
            "nothing was changed; look at the disk, then try again"
        }
        FsError::SymlinkLoop { .. } => "let the link lead to a file, or remove it",
        FsError::TooLarge { .. } | FsError::NotOwn { .. } => return None,
    };
    Some(hint.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_of_links_is_told_with_what_to_do() {
        let error = EditError::from(FsError::SymlinkLoop { path: "l".into() });
        assert_eq!(error.kind(), Kind::Target);
        assert!(error.hint().is_some_and(|hint| hint.contains("link")), "{error}");
    }

    #[test]
    fn a_parse_error_points_at_its_column() {
        let error = EditError::Parse {
            path: "a.json".into(),
            line: 2,
            column: 5,
            message: "no value".into(),
            excerpt: "{\"é\",".into(),
        };
        assert_eq!(error.to_string(), "a.json:2:5: no value\n  {\"é\",\n      ^");
        assert_eq!(error.kind(), Kind::Parse);
    }
}
