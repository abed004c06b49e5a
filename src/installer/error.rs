//! Why an installation, a removal or a look at one did not happen; each kind names the file and what to do.

use crate::fs::{FsError, resolve};
use crate::text::JsonError;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// How much of a settings file the client leaves out because of one fault in it; seen on the client itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// The whole file with all of its settings.
    File,
    /// All hooks of the file.
    Hooks,
    /// The hooks of one event, or one entry of them.
    Entry,
    /// The MCP servers of the file.
    Servers,
}

impl Ignored {
    /// What the client does, to be set behind the fault.
    pub(super) fn says(self) -> &'static str {
        match self {
            Ignored::File => {
                "Claude Code ignores this file as a whole (all of its settings, not only the faulty one) until that \
                 place is corrected"
            }
            Ignored::Hooks => "Claude Code runs no hook of this file until that place is corrected",
            Ignored::Servers => {
                "Claude Code takes no MCP server from this file until that place is corrected"
            }
            Ignored::Entry => "Claude Code leaves that entry out until it is corrected",
        }
    }
}

/// Nothing has been changed when one of these is returned.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// A settings file is no strict JSON.
    #[error("{path}: {error}", path = .path.display())]
    NotJson {
        /// The settings file.
        path: PathBuf,
        /// Where and what.
        error: JsonError,
    },
    /// A settings file is no UTF-8 text.
    #[error("{path}: line {line}, column {column}: {what}", path = .path.display())]
    NotUtf8 {
        /// The settings file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// In characters, counted from 1.
        column: usize,
        /// What is there instead.
        what: &'static str,
    },
    /// A settings file is JSON of an unexpected form.
    #[error("{path}: line {line}, column {column}: {what}", path = .path.display())]
    Shape {
        /// The settings file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// In characters, counted from 1.
        column: usize,
        /// What is wrong there.
        what: String,
        /// What the client leaves out because of it.
        ignored: Ignored,
    },
    /// The client's memory file is no UTF-8 text.
    #[error("{path}: no UTF-8 text", path = .path.display())]
    NoteNotText {
        /// The memory file.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The client's memory file could not be written, so that nothing was.
    #[error(transparent)]
    NoteFile(FsError),
    /// `CLAUDE_CONFIG_DIR` means another folder in every session.
    #[error("CLAUDE_CONFIG_DIR is {value:?}, which is no absolute path")]
    RelativeFolder {
        /// Its value.
        value: String,
    },
    /// This process is root, and the home folder is that of somebody else.
    #[error("running as root, but {path} belongs to user {owner}", path = .path.display())]
    ForeignHome {
        /// The folder or file.
        path: PathBuf,
        /// Numeric id of the user that owns it.
        owner: u32,
    },
    /// Neither `CLAUDE_CONFIG_DIR` nor a home folder is set.
    #[error("no place for the client's settings: HOME is not set to an absolute path")]
    NoHome,
    /// The working folder belongs to no project that may have settings of its own.
    #[error("{path} is not a project: {why}", path = .path.display())]
    NotAProject {
        /// The folder.
        path: PathBuf,
        /// Why not.
        why: &'static str,
    },
    /// The path of this program cannot be registered.
    #[error("cannot register this program: {0}")]
    NoProgram(String),
    /// The name under which rtk is registered is another program's.
    #[error("{path}: line {line}: the name {name:?} is another MCP server's", path = .path.display())]
    NameTaken {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// The name.
        name: &'static str,
    },
    /// The entry would hold the daemon's token, and others can read the file.
    #[error("{path} can be read by other users of this machine, and the entry holds the daemon's token", path = .path.display())]
    Exposed {
        /// The settings file.
        path: PathBuf,
    },
    /// The daemon's token, which entries that ask it need, could not be made.
    #[error("{0}")]
    NoToken(String),
    /// Another program kept rewriting the file.
    #[error("{path} kept changing; gave up after {attempts} attempts", path = .path.display())]
    KeptChanging {
        /// The settings file.
        path: PathBuf,
        /// How often it was tried.
        attempts: usize,
    },
}

impl InstallError {
    /// What to do next.
    pub fn hint(&self) -> String {
        match self {
            InstallError::NotJson { error, .. } if error.is_too_deep() => {
                "Claude Code leaves out what is nested that deep; reduce the nesting and run this again. Nothing was \
                 changed."
                    .into()
            }
            InstallError::NotJson { .. } => {
                let says = Ignored::File.says();
                format!("{says}: it needs strict JSON. Correct it and run this again. Nothing was changed.")
            }
            InstallError::Shape { ignored, .. } => {
                format!("{}; correct it and run this again. Nothing was changed.", ignored.says())
            }
            InstallError::NotUtf8 { .. } => {
                "Claude Code reads what it can of it; rtk changes UTF-8 only, so that no byte of yours is guessed. Save \
                 it as UTF-8 and run this again. Nothing was changed."
                    .into()
            }
            InstallError::Fs(FsError::RollbackFailed { .. }) => {
                "look at the files named above and correct them by hand".into()
            }
            InstallError::Fs(error) => format!("{}. Nothing was changed.", hint_of_files(error)),
            InstallError::NoteFile(error) => {
                format!(
                    "{}; or leave the note out of that file: --no-claude-md. Nothing was changed.",
                    hint_of_files(error)
                )
            }
            InstallError::RelativeFolder { .. } => {
                "the client takes it from whatever folder a session starts in, so there is no one place for settings; set \
                 it to an absolute path, or unset it. Nothing was changed."
                    .into()
            }
            InstallError::ForeignHome { .. } => {
                "files made by root would lock that user out; run this as the user itself, without sudo. Nothing was \
                 changed."
                    .into()
            }
            InstallError::NoteNotText { .. } => {
                "save it as UTF-8, or install without the note: --no-claude-md. Nothing was changed.".into()
            }
            InstallError::NoHome => "set HOME, or CLAUDE_CONFIG_DIR to the client's settings folder".into(),
            InstallError::NotAProject { .. } => {
                "run it inside a project, or install for all projects with --global".into()
            }
            InstallError::NoProgram(_) => "install rtk to a fixed place such as ~/.local/bin and run it from there".into(),
            InstallError::NameTaken { .. } => {
                "rename that entry, or remove it, and run this again. Nothing was changed.".into()
            }
            InstallError::Exposed { path } => {
                format!(
                    "chmod 600 {}, or install without --http: the hook asks a running daemon then too. Nothing was changed.",
                    path.display()
                )
            }
            InstallError::NoToken(_) => {
                "correct that and run this again, or install without --http. Nothing was changed.".into()
            }
            InstallError::KeptChanging { .. } => {
                "another program rewrites the file all the time; stop it and run this again".into()
            }
        }
    }

    /// The same error, told as one of the memory file's if `path` is that file and the error is about it.
    pub(super) fn of_note(error: FsError, path: &Path) -> InstallError {
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // New content is written to a file beside it, whose name holds its name.
        let is_about = |about: &Path, target: &Path| {
            about.parent() == target.parent() && name(about).contains(&name(target))
        };
        let targets = [Some(path.to_path_buf()), resolve(path).ok()];
        let of_note =
            error.path().is_some_and(|about| targets.iter().flatten().any(|target| is_about(about, target)));
        if of_note && !error.is_conflict() { InstallError::NoteFile(error) } else { InstallError::Fs(error) }
    }

    /// The line that is wrong, from 1, where that is known.
    pub fn line(&self) -> Option<usize> {
        match self {
            InstallError::NotJson { error, .. } => Some(error.line),
            InstallError::Shape { line, .. } | InstallError::NotUtf8 { line, .. } => Some(*line),
            _ => None,
        }
    }

    /// What is wrong, for where the file is named already.
    pub(super) fn without_path(&self) -> String {
        match self {
            InstallError::NotJson { error, .. } => error.to_string(),
            InstallError::Shape { line, column, what, .. } => format!("line {line}, column {column}: {what}"),
            InstallError::NotUtf8 { line, column, what, .. } => {
                format!("line {line}, column {column}: {what}")
            }
            other => other.to_string(),
        }
    }

    /// Whether a second look may succeed: the file was caught while somebody else wrote it.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            InstallError::NotJson { .. } | InstallError::NotUtf8 { .. } | InstallError::Shape { .. } => true,
            InstallError::Fs(error) => error.is_conflict(),
            _ => false,
        }
    }
}

/// What to do about a file that cannot be read or written, without a full stop.
fn hint_of_files(error: &FsError) -> &'static str {
    match error {
        FsError::HardLinked { .. } => {
            "the file has other names, which a replacement would cut off; make it a file of its own or a symlink"
        }
        FsError::ReadOnly { .. } => "make the file writable (chmod u+w) if rtk may change it",
        FsError::NotRegular { .. } => {
            "put a regular file there, or move away what is there, and run this again"
        }
        FsError::SymlinkLoop { .. } => "let the link lead to a file, or remove it, and run this again",
        FsError::Locked { .. } => "another rtk init is at work; run this again when it has ended",
        FsError::Io { source, .. } => match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "make room on that disk and run this again",
            ErrorKind::PermissionDenied => {
                "make that place accessible to you (chmod, chown) or run this as the user whose it is"
            }
            ErrorKind::ReadOnlyFilesystem => {
                "that file system is mounted read-only; run this where it can be written"
            }
            ErrorKind::ResourceBusy => {
                "something is mounted on that very file (containers do so), so it cannot be replaced; run this where \
                 the file itself lies"
            }
            _ => "correct that and run this again",
        },
        _ => "correct that and run this again",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_do_depends_on_what_is_in_the_way() {
        let io = |kind: ErrorKind| FsError::Io { action: "write", path: "/h/f".into(), source: kind.into() };
        for (error, says) in [
            (io(ErrorKind::StorageFull), "make room"),
            (io(ErrorKind::QuotaExceeded), "make room"),
            (io(ErrorKind::PermissionDenied), "chown"),
            (io(ErrorKind::ReadOnlyFilesystem), "mounted read-only"),
            (io(ErrorKind::ResourceBusy), "mounted on that very file"),
            (io(ErrorKind::NotADirectory), "correct that"),
            (FsError::NotRegular { path: "/h/f".into() }, "move away"),
            (FsError::SymlinkLoop { path: "/h/f".into() }, "link"),
            (FsError::HardLinked { path: "/h/f".into(), links: 2 }, "other names"),
        ] {
            let hint = InstallError::Fs(error).hint();
            assert!(hint.contains(says) && hint.ends_with(". Nothing was changed."), "{hint}");
        }
    }

    #[test]
    fn what_is_about_the_memory_file_can_do_without_it() {
        let note = Path::new("/h/.claude/CLAUDE.md");
        for (path, of_note) in [
            ("/h/.claude/CLAUDE.md", true),
            ("/h/.claude/.CLAUDE.md.rtk-new-1-2", true),
            ("/h/.claude/settings.json", false),
            ("/h/CLAUDE.md", false),
        ] {
            let hint = InstallError::of_note(FsError::ReadOnly { path: path.into() }, note).hint();
            assert_eq!(hint.contains("--no-claude-md"), of_note, "{path}: {hint}");
        }
        let conflict = InstallError::of_note(FsError::Changed { path: note.into() }, note);
        assert!(conflict.may_pass(), "{conflict}");
    }
}
