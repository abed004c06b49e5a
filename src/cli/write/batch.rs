//! `rtk write batch`: the edits of a plan, all of them or none.

use super::super::{CliError, Session};
use super::args::{BatchArgs, Shared};
use super::{edit_all, input};
use crate::edit::parse_plan;
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run(session: &Session, shared: &Shared, args: &BatchArgs) -> Result<ExitCode, CliError> {
    let text = input::read(&args.plan)?;
    let source = if args.plan == Path::new("-") { Path::new("stdin") } else { args.plan.as_path() };
    edit_all(session, shared, &parse_plan(source, &text)?)
}
