//! Puts grammar, rules and settings together: the rewritten line, or why there is none.

use super::grammar::{GitCommand, read};
use super::rules::{Mode, Rules};
use super::unasked::passes_unasked;
use crate::wrap::{Kind, kind_of, quoted};
use std::ffi::OsString;
use std::path::Path;

/// The client's session.
#[derive(Debug, Clone, Copy)]
pub struct Session<'s> {
    /// How it asks for permissions.
    pub mode: Mode,
    /// The folder that the line runs in.
    pub folder: &'s Path,
}

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
    Session { mode, folder }: Session<'_>,
    policy: &Policy,
) -> Result<Rewritten, Refusal> {
    if !line.contains("git") {
        return Err(Refusal::NothingToDo);
    }
    let program = quoted(program.as_os_str());
    let read = read(line).ok_or(Refusal::NotSure)?;
    let wanted: Vec<Wanted<'_>> =
        read.commands.iter().filter_map(|command| Wanted::of(command, policy)).collect();
    if wanted.is_empty() {
        return Err(Refusal::NothingToDo);
    }
    // Rules about the whole line, about any of its commands, and about rtk itself.
    let texts = read
        .commands
        .iter()
        .flat_map(|command| [&line[command.whole.clone()], &line[command.word.start..command.whole.end]]);
    let restricted = texts.chain([line.trim(), program.as_str(), "rtk"]).any(|text| rules.may_restrict(text));
    if restricted || wanted.iter().any(|wanted| rules.may_restrict_files(&wanted.args)) {
        return Err(Refusal::Rule);
    }
    let reading = format!("{program} git --read-only");
    let permission = permission(rules, mode, &reading).ok_or(Refusal::NotAllowed)?;
    // The client asks before git runs in another folder or with other variables; rtk's rule must not skip that.
    let plain = !read.changes_folder && read.commands.iter().all(|command| !command.has_variables);
    splice(line, &wanted, &program, |wanted| {
        if plain && wanted.kind == Kind::View && passes_unasked(&wanted.args, folder) {
            return Some(" git --read-only");
        }
        (permission == Permission::All).then_some(" git")
    })
}

/// A command that rtk is to run.
struct Wanted<'l> {
    command: &'l GitCommand,
    args: Vec<OsString>,
    kind: Kind,
}

impl Wanted<'_> {
    fn of<'l>(command: &'l GitCommand, policy: &Policy) -> Option<Wanted<'l>> {
        let args: Vec<OsString> = command.args.iter().map(OsString::from).collect();
        let (kind, _) = kind_of(&args);
        let name = subcommand(command);
        let excluded = policy.exclude.iter().any(|item| item.trim().trim_start_matches("git ") == name);
        let wanted = kind == Kind::View || (kind == Kind::Trim && policy.mutating);
        (wanted && !excluded).then_some(Wanted { command, args, kind })
    }
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

/// Puts rtk in the place of each wanted command that may pass.
fn splice(
    line: &str,
    wanted: &[Wanted<'_>],
    program: &str,
    front: impl Fn(&Wanted<'_>) -> Option<&'static str>,
) -> Result<Rewritten, Refusal> {
    let (mut out, mut at, mut commands) = (String::with_capacity(line.len() + 64), 0, Vec::new());
    for wanted in wanted {
        let Some(front) = front(wanted) else { continue };
        out.push_str(&line[at..wanted.command.word.start]);
        out.push_str(program);
        out.push_str(front);
        at = wanted.command.word.end;
        commands.push(subcommand(wanted.command).to_owned());
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
