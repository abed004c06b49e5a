//! `rtk memory explore` and `rtk memory delta`.

use super::Session;
use super::args::{DeltaArgs, ExploreArgs};
use super::error::CliError;
use std::process::ExitCode;

pub(super) fn explore(_session: &Session, _args: &ExploreArgs) -> Result<ExitCode, CliError> {
    Err(CliError::NotFound("not there yet".into()))
}

pub(super) fn delta(_session: &Session, _args: &DeltaArgs) -> Result<ExitCode, CliError> {
    Err(CliError::NotFound("not there yet".into()))
}
