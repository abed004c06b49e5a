//! Kinds of errors with their exit codes and hints; the only place that knows them.

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
            CliError::NotFound { hint, .. } | CliError::Usage { hint, .. } => Some((*hint).into()),
            CliError::Read { .. } => Some("name a file that you may read".into()),
            CliError::Stdout(_) => None,
        }
    }

    /// 1 for everything that failed, 2 for wrong arguments, as clap has it.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(if matches!(self, CliError::Usage { .. }) { 2 } else { 1 })
    }
}
