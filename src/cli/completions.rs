//! `rtk completions <shell>`.

use super::args::{Cli, CompletionsArgs};
use super::{CliError, Session};
use clap::CommandFactory as _;
use std::process::ExitCode;

pub(super) fn run(session: &Session, args: CompletionsArgs) -> Result<ExitCode, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "rtk", &mut script);
    session.out.raw(&script)?;
    Ok(ExitCode::SUCCESS)
}
