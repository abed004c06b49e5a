//! `rtk memory`.

use super::args::MemoryArgs;
use super::{CliError, Session};
use std::process::ExitCode;

pub(super) fn run(_session: &Session, _args: MemoryArgs) -> Result<ExitCode, CliError> {
    Err(CliError::NotFound("not there yet".into()))
}
