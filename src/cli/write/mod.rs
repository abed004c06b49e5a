//! `rtk write`: edits of files that no crash can break; each command reads its arguments and calls one operation.

mod args;
mod batch;
mod file;
mod input;
mod keys;
mod patch;
mod quick;
mod replace;
mod report;

pub(super) use args::WriteArgs;
pub(super) use quick::parse as parse_quickly;

use super::{CliError, Session};
use crate::edit::{Change, EditError, PlannedEdit, Policy};
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
    recover(session)?;
    match args.what {
        WriteCommand::File(args) => file::run(session, &shared, &args),
        WriteCommand::Replace(args) => replace::run(session, &shared, args),
        WriteCommand::Patch(args) => patch::run(session, &shared, args),
        WriteCommand::Batch(args) => batch::run(session, &shared, &args),
        WriteCommand::Set(args) => keys::set(session, &shared, &args),
        WriteCommand::Unset(args) => keys::unset(session, &shared, &args),
        WriteCommand::Get(args) => keys::get(session, &shared, &args),
    }
}

/// Ends the batch of an rtk that was killed; that this fails is no reason to fail as well.
fn recover(session: &Session) -> Result<(), CliError> {
    let paths = session.paths()?;
    if let Err(error) = crate::fs::recover_idle(&crate::fs::Real::new(), &paths.journal(), &paths.locks()) {
        session.out.warn(&format!("a batch that was cut short could not be ended: {error}"));
    }
    Ok(())
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
            journal: session.paths()?.journal(),
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

/// Makes the edits of a plan, all or none, and says what became of them.
fn edit_all(session: &Session, shared: &Shared, plan: &[PlannedEdit]) -> Result<ExitCode, CliError> {
    if shared.if_match.is_some() {
        let message = "--if-match is about one file, this is about several".to_owned();
        let hint = "give each edit of a plan its own \"if_match\"".to_owned();
        return Err(EditError::Usage { message, hint }.into());
    }
    let (edited, cost) = crate::edit::edit_batch(plan, &shared.policy(session)?)?;
    Report { session, shared }.of(&edited, cost)
}
