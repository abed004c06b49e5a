//! `rtk memory explore` and `rtk memory delta`.

use super::Session;
use super::args::{DeltaArgs, ExploreArgs};
use super::error::CliError;
use std::process::ExitCode;

pub(super) fn explore(session: &Session, args: &ExploreArgs) -> Result<ExitCode, CliError> {
    let place = super::memory::place(session, &args.at)?;
    let context = super::memory::context(session, &place)?;
    super::memory::warm_up(session, &context, &place.root)?;
    session.out.raw(crate::memory::glance(&context, &place.root, 4000)?.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn delta(_session: &Session, _args: &DeltaArgs) -> Result<ExitCode, CliError> {
    Err(CliError::NotFound("not there yet".into()))
}
