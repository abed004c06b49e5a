//! `rtk init`.

use super::args::InitArgs;
use super::{CliError, Session};
use std::process::ExitCode;

pub(super) fn run(_session: &Session, _args: InitArgs) -> Result<ExitCode, CliError> {
    Err(CliError::NotFound("not there yet".into()))
}
