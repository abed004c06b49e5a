//! `rtk git`: the user's own git with less to read, and the record of what that saved.

use super::{CliError, Session};
use crate::base::{Env, Log, Paths, unix_ms};
use crate::git::{Ended, end_by_signal};
use crate::rewrite::{load_rules, passes_unasked};
use crate::state::{CommandUse, record_command};
use crate::wrap::{self, Done, Kind, Screen};
use std::ffi::OsString;
use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

/// The option that makes `rtk git` refuse whatever is not one of its reading views.
const READ_ONLY: &str = "--read-only";
/// What a shell says when a program is not there, and when it cannot be run.
const NOT_FOUND: u8 = 127;
const NOT_RUNNABLE: u8 = 126;
/// Wrong arguments.
const USAGE: u8 = 2;

/// Whether the command line is `rtk git …`: it is served before any argument parser is built, since its arguments are
/// git's. `rtk git --help` alone is about rtk; git's own is `rtk git help`.
pub(super) fn is_git_call(env: &Env) -> bool {
    match env.args() {
        [_, git, only] if git == "git" => only != "--help",
        [_, git, ..] => git == "git",
        _ => false,
    }
}

/// Runs `rtk git …` straight from the process's arguments.
pub(super) fn run_early(env: &Env) -> ExitCode {
    run_git(env, env.args().get(2..).unwrap_or_default())
}

/// Runs `rtk git …` as the argument parser has read it.
pub(super) fn run(session: &Session, args: &[OsString]) -> Result<ExitCode, CliError> {
    Ok(run_git(&session.env, args))
}

fn run_git(env: &Env, args: &[OsString]) -> ExitCode {
    let (args, read_only) = match args {
        [first, rest @ ..] if first == READ_ONLY => (rest, true),
        _ => (args, false),
    };
    if let Some(refusal) = read_only.then(|| refusal(env, args)).flatten() {
        say(&format!("error: {refusal}\n  hint: run it with git itself"));
        return ExitCode::from(USAGE);
    }
    let (mut stdout, mut stderr) = (std::io::stdout().lock(), std::io::stderr().lock());
    let mut screen = Screen {
        // Switched off means: git as it is.
        is_terminal: is_off(env) || std::io::stdout().is_terminal() || std::io::stderr().is_terminal(),
        is_one: same_file(),
        out: &mut stdout,
        err: &mut stderr,
    };
    match wrap::run(args, &mut screen) {
        Ok(done) => {
            drop((stdout, stderr));
            end(env, &done)
        }
        Err(error) => {
            drop((stdout, stderr));
            say(&format!("error: cannot run git: {error}\n  hint: install git, or put it on PATH"));
            ExitCode::from(if error.kind() == std::io::ErrorKind::NotFound {
                NOT_FOUND
            } else {
                NOT_RUNNABLE
            })
        }
    }
}

/// Why `--read-only` does not run a command: a permission rule for it must carry nothing that the client would stop.
fn refusal(env: &Env, args: &[OsString]) -> Option<&'static str> {
    if load_rules(env, env.cwd()).restrict_git(args) {
        return Some("a permission rule of yours denies or asks about this git command");
    }
    let passes = env.cwd().is_some_and(|folder| passes_unasked(args, folder));
    let reads = wrap::kind_of(args) == (Kind::View, false);
    (!reads || !passes).then_some("this is not a git command that only reads and passes unasked")
}

fn is_off(env: &Env) -> bool {
    env.var("RTK_DISABLED").is_some_and(|value| value != "0")
}

/// Ends as git ended, after a line for the record.
fn end(env: &Env, done: &Done) -> ExitCode {
    if let Some(paths) = Paths::of(env) {
        let sizes = done.sizes;
        let row = CommandUse {
            at_ms: unix_ms(),
            command: format!("git {}", done.command),
            raw_bytes: sizes.raw_bytes,
            shown_bytes: sizes.shown_bytes,
            raw_tokens: sizes.raw_tokens,
            shown_tokens: sizes.shown_tokens,
            counted_whole: sizes.counted_whole,
        };
        if let Err(error) = record_command(&paths, &row) {
            Log::at(Some(&paths)).line("warn", &format!("git: {error}"));
        }
    }
    match done.ended {
        Ended::Code(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Ended::Signal(signal) => {
            end_by_signal(signal);
            ExitCode::from(u8::try_from(128 + signal).unwrap_or(u8::MAX))
        }
    }
}

/// Whether stdout and stderr are the same file or pipe.
fn same_file() -> bool {
    let (out, err) = (rustix::fs::fstat(std::io::stdout()), rustix::fs::fstat(std::io::stderr()));
    matches!((out, err), (Ok(out), Ok(err)) if (out.st_dev, out.st_ino) == (err.st_dev, err.st_ino))
}

fn say(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}
