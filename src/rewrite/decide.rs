//! Puts grammar, rules and settings together: the rewritten line, or why there is none.

use super::grammar::{GitCommand, Line, read};
use super::rules::{Mode, Rules};
use crate::wrap::{Kind, kind_of, quoted};
use std::ffi::OsString;
use std::path::Path;

/// What the user wants.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Whether commands that change something are rewritten too.
    pub mutating: bool,
    /// Subcommands that are left alone, such as `log`.
    pub exclude: Vec<String>,
}

/// A line that runs git through rtk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    /// The whole line.
    pub line: String,
    /// The subcommands that were rewritten.
    pub commands: Vec<String>,
}

/// Why a line was left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// It holds no git command that rtk would shorten.
    NothingToDo,
    /// Its meaning is not sure.
    NotSure,
    /// A deny or ask rule may be about it.
    Rule,
    /// The client would ask about the rewritten command.
    NotAllowed,
}

/// How the rewritten command would be let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Permission {
    /// Every shell command passes.
    All,
    /// Only `rtk git --read-only` does.
    Reading,
}

/// Rewrites the git commands of a line to run through `program`.
pub fn rewrite(
    line: &str,
    program: &Path,
    rules: &Rules,
    mode: Mode,
    policy: &Policy,
) -> Result<Rewritten, Refusal> {
    if !line.contains("git") {
        return Err(Refusal::NothingToDo);
    }
    let program = quoted(program.as_os_str());
    let read = read(line).ok_or(Refusal::NotSure)?;
    let wanted: Vec<(&GitCommand, Kind)> =
        read.commands.iter().filter_map(|command| Some((command, wanted_kind(command, policy)?))).collect();
    if wanted.is_empty() {
        return Err(Refusal::NothingToDo);
    }
    // Rules about the whole line, about any of its commands, and about rtk itself.
    let texts = read.commands.iter().map(|command| &line[command.whole.clone()]);
    if texts.chain([line.trim(), program.as_str(), "rtk"]).any(|text| rules.may_restrict(text)) {
        return Err(Refusal::Rule);
    }
    let reading = format!("{program} git --read-only");
    let permission = permission(rules, mode, &reading).ok_or(Refusal::NotAllowed)?;
    splice(line, &read, &wanted, permission, &program)
}

/// What a command is, if rtk is to run it.
fn wanted_kind(command: &GitCommand, policy: &Policy) -> Option<Kind> {
    let args: Vec<OsString> = command.args.iter().map(OsString::from).collect();
    let (kind, _) = kind_of(&args);
    let name = subcommand(command);
    let excluded = policy.exclude.iter().any(|item| item.trim().trim_start_matches("git ") == name);
    let wanted = kind == Kind::View || (kind == Kind::Trim && policy.mutating);
    (wanted && !excluded).then_some(kind)
}

/// The first argument that is the name of a command.
fn subcommand(command: &GitCommand) -> &str {
    let mut args = command.args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        if matches!(arg, "-C" | "-c" | "--git-dir" | "--work-tree" | "--namespace") {
            args.next();
        } else if !arg.starts_with('-') {
            return arg;
        }
    }
    ""
}

fn permission(rules: &Rules, mode: Mode, reading: &str) -> Option<Permission> {
    let narrow = rules.allow_all_beginning_with(reading).then_some(Permission::Reading);
    match mode {
        Mode::Bypass => Some(Permission::All),
        Mode::Asking if rules.allow_everything() => Some(Permission::All),
        Mode::Asking | Mode::Auto => narrow,
        Mode::Other => None,
    }
}

fn splice(
    line: &str,
    read: &Line,
    wanted: &[(&GitCommand, Kind)],
    permission: Permission,
    program: &str,
) -> Result<Rewritten, Refusal> {
    // The client asks before git runs in another folder or with other variables; rtk's rule must not skip that.
    let plain = !read.changes_folder && read.commands.iter().all(|command| !command.has_variables);
    let (mut out, mut at, mut commands) = (String::with_capacity(line.len() + 64), 0, Vec::new());
    for (command, kind) in wanted {
        let args: Vec<OsString> = command.args.iter().map(OsString::from).collect();
        let reads = *kind == Kind::View && kind_of(&args) == (Kind::View, false);
        let replacement = match (permission, reads) {
            (_, true) if permission == Permission::All || plain => format!("{program} git --read-only"),
            (Permission::All, false) => format!("{program} git"),
            _ => continue,
        };
        out.push_str(&line[at..command.word.start]);
        out.push_str(&replacement);
        at = command.word.end;
        commands.push(subcommand(command).to_owned());
    }
    if commands.is_empty() {
        return Err(Refusal::NotAllowed);
    }
    out.push_str(&line[at..]);
    Ok(Rewritten { line: out, commands })
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
