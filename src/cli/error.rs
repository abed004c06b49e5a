//! Kinds of errors with their exit codes and hints; the only place that knows them.

use crate::edit::{EditError, Kind};
use std::process::ExitCode;

/// What can go wrong in a command, as the user is told.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    /// Neither `RTK_HOME` nor `HOME` is set.
    #[error("no place for rtk's files: HOME is not set to an absolute path")]
    NoHome,
    /// Nothing above the folder looks like a project.
    #[error("no project at {0}")]
    NoProject(String),
    /// Writing to stdout failed.
    #[error("cannot write to stdout: {0}")]
    Stdout(std::io::Error),
    /// Reading an input failed.
    #[error("cannot read {what}: {source}")]
    Read { what: String, source: std::io::Error },
    /// Nothing was found for what was asked.
    #[error("{message}")]
    NotFound { message: String, hint: &'static str },
    /// The arguments make no question.
    #[error("{message}")]
    Usage { message: &'static str, hint: &'static str },
    /// An edit that was not made.
    #[error(transparent)]
    Edit(EditError),
    /// Any error of a room below, with its own hint.
    #[error("{message}")]
    Room { message: String, hint: Option<String> },
}

impl CliError {
    /// Whether the reader of stdout has gone, which is success.
    pub(super) fn is_broken_pipe(&self) -> bool {
        matches!(self, CliError::Stdout(error) if error.kind() == std::io::ErrorKind::BrokenPipe)
    }

    /// A stable word for `--json`.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            CliError::NoHome => "no_home",
            CliError::NoProject(_) => "no_project",
            CliError::Stdout(_) => "stdout",
            CliError::Read { .. } => "read",
            CliError::NotFound { .. } => "not_found",
            CliError::Usage { .. } => "usage",
            CliError::Edit(error) => edit_failure(error.kind()).1,
            CliError::Room { .. } => "failed",
        }
    }

    /// What to do next.
    pub(super) fn hint(&self) -> Option<String> {
        match self {
            CliError::NoHome => Some("set HOME, or RTK_HOME to an absolute folder for all of rtk's files".into()),
            CliError::NoProject(_) => {
                Some("run it inside a project, or name one with --project DIR; / and home folders are never indexed".into())
            }
            CliError::Room { hint, .. } => hint.clone(),
            CliError::Edit(error) => error.hint(),
            CliError::NotFound { hint, .. } | CliError::Usage { hint, .. } => Some((*hint).into()),
            CliError::Read { .. } => Some("name a file that you may read".into()),
            CliError::Stdout(_) => None,
        }
    }

    /// 1 for everything that failed, 2 for wrong arguments, as clap has it; edits tell their failures apart.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            CliError::Usage { .. } => 2,
            CliError::Edit(error) => edit_failure(error.kind()).0,
            _ => 1,
        })
    }
}

/// Exit code and stable word of each kind of failed edit; `docs/write.md` has the same table.
fn edit_failure(kind: Kind) -> (u8, &'static str) {
    match kind {
        Kind::NotCommitted => (1, "not_committed"),
        Kind::Usage => (2, "usage"),
        Kind::NoMatch => (5, "no_match"),
        Kind::Ambiguous => (6, "ambiguous"),
        Kind::Precondition => (7, "precondition_failed"),
        Kind::Parse => (8, "parse"),
        Kind::Value => (9, "value"),
        Kind::Target => (10, "target_refused"),
        Kind::Locked => (11, "locked"),
        Kind::RollbackFailed => (12, "rollback_failed"),
    }
}
