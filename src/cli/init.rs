//! `rtk init`: shows the change as a diff, asks, applies; or proves that the installation works.

use super::args::InitArgs;
use super::output::Progress;
use super::{CliError, Session};
use crate::base::Paths;
use crate::daemon::{self, Place};
use crate::installer::{
    Action, Applied, FileChange, HttpHook, InstallError, NoteChoice, Preview, Request, Scope, apply,
    apply_with_token, has_leavings, preview,
};
use serde_json::json;
use std::io::IsTerminal as _;
use std::process::ExitCode;

/// What stands in a shown diff where the file holds the daemon's token.
const MASKED: &str = "(token)";

impl From<InstallError> for CliError {
    fn from(error: InstallError) -> CliError {
        CliError::Room { message: error.to_string(), hint: Some(error.hint()) }
    }
}

pub(super) fn run(session: &Session, args: InitArgs) -> Result<ExitCode, CliError> {
    let scope = match (args.project, args.local) {
        (true, _) => Scope::Project,
        (_, true) => Scope::Local,
        _ => Scope::Global,
    };
    if args.show {
        return super::doctor::run_show(session);
    }
    let action = if args.uninstall { Action::Uninstall } else { Action::Install };
    let note = match (args.claude_md, args.no_claude_md) {
        (true, _) => NoteChoice::With,
        (_, true) => NoteChoice::Without,
        _ => NoteChoice::Usual,
    };
    let allow = args.allow_memory;
    let paths = session.paths()?;
    let hook = args.http.then(|| http_hook(paths, args.port));
    let (http, mcp) = (hook.as_ref(), args.mcp);
    let request = Request { env: &session.env, paths, scope, action, note, allow, http, mcp };
    let change = preview(&request)?;
    if !change.is_change() {
        if !args.dry_run
            && has_leavings(&request)?
            && let Err(error) = apply(&request)
        {
            session.out.warn(&format!("what an earlier run has left stays: {error}"));
        }
        return nothing_to_do(session, &request, &change);
    }
    if args.dry_run {
        show_change(session, &change, false)?;
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes {
        if !std::io::stdin().is_terminal() || session.out.is_json() {
            show_change(session, &change, false)?;
            session.out.warn("nothing was changed: there is no terminal to ask on; say --yes to go ahead");
            return Ok(ExitCode::from(1));
        }
        show_change(session, &change, false)?;
        if !confirmed(session)? {
            session.out.note("nothing was changed");
            return Ok(ExitCode::from(1));
        }
    }
    let progress = Progress::step(&session.out, "changing the settings");
    let applied = apply_for(session, &request)?;
    drop(progress);
    let change = Preview { notes: applied.notes, ..change };
    if session.out.is_json() {
        show_change(session, &change, true)?;
    } else {
        if args.yes {
            say(session, &change.notes);
        }
        report(session, &request, &change);
    }
    Ok(ExitCode::SUCCESS)
}

/// The daemon as it is or will be; its token may not have been made yet.
fn http_hook(paths: &Paths, port: u16) -> HttpHook {
    let token = daemon::known_token(&Place::of(paths)).unwrap_or_else(|| MASKED.to_owned());
    HttpHook { port, token }
}

/// Applies the change; the token that it needs is made now, when the user has agreed.
fn apply_for(session: &Session, request: &Request<'_>) -> Result<Applied, CliError> {
    let Some(hook) = request.http.filter(|hook| hook.token == MASKED) else { return Ok(apply(request)?) };
    let place = Place::of(session.paths()?);
    let make = || daemon::token(&place).map_err(|error| InstallError::NoToken(error.to_string()));
    Ok(apply_with_token(request, hook, &make)?)
}

fn nothing_to_do(session: &Session, request: &Request<'_>, change: &Preview) -> Result<ExitCode, CliError> {
    let path = &change.path;
    if session.out.is_json() {
        session.out.json(&json!({ "schema": 1, "path": path, "changed": false, "notes": change.notes }))?;
    } else {
        say(session, &change.notes);
        let state = match request.action {
            Action::Install => "already installed in",
            Action::Uninstall => "not installed in",
        };
        session.out.line(&format!("{state} {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Names every file that was touched: with `--yes` nobody has seen the diff.
fn report(session: &Session, request: &Request<'_>, change: &Preview) {
    let (settings, others): (Vec<_>, Vec<_>) = change.files.iter().partition(|file| file.path == change.path);
    let path = change.path.display();
    match request.action {
        Action::Install if settings.is_empty() => {}
        Action::Install => {
            session.out.note(&format!("installed in {path}; running sessions pick it up by themselves"));
        }
        Action::Uninstall if settings.is_empty() => {}
        Action::Uninstall => session.out.note(&format!("removed from {path}")),
    }
    for file in others {
        session.out.note(&format!("{} {}", fate(file), file.path.display()));
    }
    match request.action {
        Action::Install => {
            if request.http.is_some() {
                session
                    .out
                    .note("the client asks the daemon: each session starts it, `rtk memory serve` does now");
            }
            session.out.note("prove it with: rtk init --show");
        }
        Action::Uninstall => {
            let memory = request.paths.data.join("projects");
            if memory.exists() {
                let memory = memory.display();
                session.out.note(&format!("the memory stays in {memory}; delete that folder to forget it"));
            }
        }
    }
}

/// What has become of a file, as one word.
fn fate(file: &FileChange) -> &'static str {
    match (&file.before, &file.after) {
        (None, _) => "made",
        (_, None) => "deleted",
        _ => "changed",
    }
}

fn show_change(session: &Session, change: &Preview, changed: bool) -> Result<(), CliError> {
    let diff: String = masked(change.files.iter().map(diff).collect());
    if session.out.is_json() {
        let (path, notes) = (&change.path, &change.notes);
        let file = |file: &FileChange| json!({ "path": file.path, "is": fate(file) });
        let files: Vec<_> = change.files.iter().map(file).collect();
        let document = json!({
            "schema": 1, "path": path, "changed": changed, "files": files, "diff": diff, "notes": notes
        });
        return session.out.json(&document);
    }
    session.out.raw(diff.as_bytes())?;
    say(session, &change.notes);
    Ok(())
}

/// The text with every bearer token taken out: a terminal's content goes many ways.
fn masked(text: String) -> String {
    const BEFORE: &str = "\"Bearer ";
    let mut parts = text.split(BEFORE);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find('"').unwrap_or(part.len());
        shown.push_str(BEFORE);
        shown.push_str(MASKED);
        shown.push_str(&part[end..]);
    }
    shown
}

fn say(session: &Session, notes: &[String]) {
    for note in notes {
        session.out.note(&format!("note: {note}"));
    }
}

/// A unified diff; a file that is not there is named `/dev/null`.
fn diff(change: &FileChange) -> String {
    let path = change.path.display().to_string();
    let name = |text: &Option<String>| if text.is_some() { path.clone() } else { "/dev/null".to_owned() };
    let before = change.before.as_deref().unwrap_or_default();
    let after = change.after.as_deref().unwrap_or_default();
    let diff = similar::TextDiff::from_lines(before, after);
    let text = diff.unified_diff().header(&name(&change.before), &name(&change.after)).to_string();
    if text.is_empty() {
        format!("--- {}\n+++ {}\n", name(&change.before), name(&change.after))
    } else {
        text
    }
}

fn confirmed(session: &Session) -> Result<bool, CliError> {
    session.out.note("apply this change? [y/N]");
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|source| CliError::Read { what: "the answer".into(), source })?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}
