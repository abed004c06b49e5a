//! `rtk write`: edits of files that no crash can break; each command reads its arguments and calls one operation.

mod args;
mod file;
mod input;
mod report;

pub(super) use args::WriteArgs;

use super::{CliError, Session};
use crate::edit::{Change, EditError, Policy};
use args::{OutputForm, Shared, WriteCommand};
use report::Report;
use std::path::Path;
use std::process::ExitCode;

impl From<EditError> for CliError {
    fn from(error: EditError) -> CliError {
        CliError::Edit(error)
    }
}

pub(super) fn run(session: &Session, args: WriteArgs) -> Result<ExitCode, CliError> {
    let shared = args.shared;
    match args.what {
        WriteCommand::File(args) => file::run(session, &shared, &args),
    }
}

impl Shared {
    /// The same for the room that edits.
    fn policy(&self, session: &Session) -> Result<Policy, CliError> {
        Ok(Policy {
            root: self.root.clone(),
            follow: !self.no_follow,
            in_place: self.in_place,
            durable: !self.fast,
            if_match: self.if_match.clone(),
            dry_run: self.dry_run,
            locks: session.paths()?.locks(),
        })
    }

    /// The form of what is said: `--json` and `-q` are those of every command.
    fn form(&self, session: &Session) -> OutputForm {
        match self.output {
            _ if session.out.is_json() => OutputForm::Json,
            _ if session.out.is_quiet() => OutputForm::Quiet,
            form => form,
        }
    }
}

/// Changes one file and says what became of it: what every command that edits a single file does.
fn edit(
    session: &Session,
    shared: &Shared,
    path: &Path,
    change: &mut Change<'_>,
) -> Result<ExitCode, CliError> {
    let (edited, cost) = crate::edit::edit_file(path, &shared.policy(session)?, change)?;
    Report { session, shared }.of(&[edited], cost)
}
