//! PreToolUse of the shell tool: git commands that rtk can shorten are run through it.

use super::event::Event;
use super::reply::Reply;
use super::scene::Scene;
use crate::base::Env;
use crate::rewrite::{Mode, Policy, Session, load_rules, rewrite};
use std::path::PathBuf;

/// The path that this program was started by, which is the one that the installer wrote; its own path for any other.
fn program(env: &Env) -> Option<PathBuf> {
    let running = env.program()?;
    let typed = env.args().first().map(PathBuf::from).filter(|typed| typed.is_absolute());
    let same = typed.filter(|typed| typed.canonicalize().ok() == running.canonicalize().ok());
    Some(same.unwrap_or_else(|| running.to_path_buf()))
}

/// Answers one PreToolUse event of the shell tool. No permission is decided, and nothing but the command changes.
pub(super) fn answer(scene: &Scene<'_>, event: &Event) -> Reply {
    let Some(input) = event.shell_input() else { return Reply::Nothing };
    // Most shell commands have nothing to do with git; they are through before any file is read.
    if !input.command.contains("git") {
        return Reply::Nothing;
    }
    // What could not be decoded could not be written back.
    if input.command.contains(char::REPLACEMENT_CHARACTER) {
        return Reply::Nothing;
    }
    let Some(program) = program(scene.env) else { return Reply::Nothing };
    let Some(folder) = event.cwd.as_deref().or(scene.env.cwd()) else { return Reply::Nothing };
    // A project sets nothing of this, so that it need not be found.
    let settings = scene.settings(None);
    if !settings.rewrite_enabled {
        return Reply::Nothing;
    }
    let rules = load_rules(scene.env, Some(folder));
    let policy = Policy { mutating: settings.rewrite_mutating, exclude: settings.rewrite_exclude.clone() };
    let session = Session { mode: Mode::named(event.permission_mode.as_deref()), folder };
    match rewrite(&input.command, &program, &rules, session, &policy) {
        Ok(rewritten) => input.with_command(&rewritten.line).map_or(Reply::Nothing, Reply::UpdatedInput),
        Err(_) => Reply::Nothing,
    }
}
