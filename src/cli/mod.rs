//! The command line: arguments, dispatch, printing, progress, exit codes.
//!
//! Invariants: the only room that prints; `rtk hook` is dispatched before any argument parser is built; kinds of
//! errors, hints and exit codes live in `error.rs`. Knows nothing of SQL or of the client's JSON.

mod args;
mod completions;
mod config;
mod doctor;
mod error;
mod explore;
mod gain;
mod git;
mod hook;
mod init;
mod lookup;
mod memory;
mod output;
mod serve;
mod write;

use crate::base::{Env, Log, Paths};
use args::{Cli, Command};
use clap::Parser as _;
use error::CliError;
use output::Output;
use std::io::IsTerminal as _;
use std::process::ExitCode;

/// What every command is handed: the environment, rtk's folders, the log and the printer.
struct Session {
    env: Env,
    paths: Option<Paths>,
    log: Log,
    out: Output,
}

impl Session {
    /// rtk's folders, or the error that says what to set.
    fn paths(&self) -> Result<&Paths, CliError> {
        self.paths.as_ref().ok_or(CliError::NoHome)
    }
}

/// Runs one command line and returns the exit code; errors are printed, a broken pipe is success.
pub fn main(env: Env) -> ExitCode {
    if is_hook_call(&env) {
        crate::base::tune_for_short_life();
        return hook::run_event(&env);
    }
    if git::is_git_call(&env) {
        return git::run_early(&env);
    }
    let cli = match write::parse_quickly(env.args()).map_or_else(|| Cli::try_parse_from(env.args()), Ok) {
        Ok(cli) => cli,
        Err(error) => {
            let wants_json = env.args().iter().skip(1).any(|arg| arg == "--json");
            return output::print_clap(&error, wants_json);
        }
    };
    let paths = Paths::of(&env);
    let log = Log::at(paths.as_ref());
    let out = Output::new(&env, &cli.global);
    let session = Session { env, paths, log, out };
    if !session.out.is_quiet() && speaks_of_the_setup(&cli.command) {
        tell_of_vanished(&session);
    }
    match dispatch(&session, cli.command) {
        Ok(code) => code,
        Err(error) if error.is_broken_pipe() => ExitCode::SUCCESS,
        Err(error) => {
            session.out.error(&error);
            error.exit_code()
        }
    }
}

/// `rtk hook` and `rtk hook <event>`; also bare `rtk` fed by a pipe: clients before 2.1.139 drop `args`.
fn is_hook_call(env: &Env) -> bool {
    let args = env.args();
    match args.get(1).and_then(|arg| arg.to_str()) {
        None => args.len() <= 1 && !std::io::stdin().is_terminal(),
        Some("hook") => args.get(2).is_none_or(|event| {
            let by_plugin = event == crate::hook::PLUGIN_ARGUMENT;
            by_plugin
                || event.to_str().is_some_and(|event| event.starts_with(|ch: char| ch.is_ascii_uppercase()))
        }),
        Some(_) => false,
    }
}

/// Whether a command is a fit place for a word about the setup: not those that speak of it themselves, nor the hook.
fn speaks_of_the_setup(command: &Command) -> bool {
    matches!(command, Command::Memory(_) | Command::Config)
}

/// Tells people on stderr where entries of rtk's have gone from the client's settings; they are never put back unasked.
fn tell_of_vanished(session: &Session) {
    let Some(paths) = &session.paths else { return };
    for vanished in crate::installer::vanished(&session.env, paths) {
        session.out.warn(&vanished.to_string());
    }
}

fn dispatch(session: &Session, command: Command) -> Result<ExitCode, CliError> {
    match command {
        Command::Hook(args) => hook::run(session, args),
        Command::Init(args) => init::run(session, args),
        Command::Memory(args) => memory::run(session, args),
        Command::Write(args) => write::run(session, args),
        Command::Doctor => doctor::run(session),
        Command::Mcp => serve::mcp(session),
        Command::Git(args) => git::run(session, &args.args),
        Command::Gain => gain::run(session),
        Command::Config => config::run(session),
        Command::Completions(args) => completions::run(session, args),
    }
}
