//! What can go wrong when git is asked; every error names the folder.

/// Why git gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The program is not there or cannot be started.
    #[error("cannot run git in {path}: {source}")]
    Start {
        /// The work tree.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The folder is in no repository.
    #[error("{path} is not in a git repository")]
    NotARepository {
        /// The folder.
        path: String,
    },
    /// The repository belongs to somebody else and git's `safe.directory` does not name it.
    #[error("git does not trust {path}: it belongs to another user and is not in safe.directory")]
    NotTrusted {
        /// The work tree.
        path: String,
    },
    /// The deadline passed; the process was killed.
    #[error("git {command} in {path} took too long")]
    TimedOut {
        /// The subcommand.
        command: String,
        /// The work tree.
        path: String,
    },
    /// The output is larger than what is taken.
    #[error("git {command} in {path} printed too much")]
    TooMuch {
        /// The subcommand.
        command: String,
        /// The work tree.
        path: String,
    },
    /// The revision does not exist or is no revision.
    #[error("{revision:?} is no revision in {path}")]
    BadRevision {
        /// As given.
        revision: String,
        /// The work tree.
        path: String,
    },
    /// git failed for a reason of its own.
    #[error("git {command} in {path} failed: {message}")]
    Failed {
        /// The subcommand.
        command: String,
        /// The work tree.
        path: String,
        /// The first lines of what git said.
        message: String,
    },
}
