//! The installation as `rtk init --show` and `rtk doctor` print it: files, hooks, what came of firing them.

use super::{Section, verdict};
use crate::cli::output::Progress;
use crate::cli::{CliError, Session};
use crate::installer::{
    Fired, HookReport, NoteReport, NoteState, Reply, Report, RewriteMode, Rewriting, RuleReport, rewriting,
    show,
};
use serde_json::json;
use std::process::ExitCode;

/// `rtk init --show`: what is registered, reachable and firing; the verdict is the exit code.
pub(in crate::cli) fn run_show(session: &Session) -> Result<ExitCode, CliError> {
    let paths = session.paths()?;
    let report = examined(session)?;
    let verdict = verdict(&report.findings);
    let projects = super::memory::indexed_projects(paths);
    if session.out.is_json() {
        session.out.json(&json!({
            "schema": 1,
            "verdict": verdict.word(),
            "files": report.files,
            "notes": report.notes,
            "rules": report.rules,
            "findings": report.findings,
            "rewriting": rewriting_of(session, &report)?,
            "memory": { "path": paths.data, "projects": projects },
        }))?;
        return Ok(verdict.code());
    }
    for line in lines(&report) {
        session.out.line(&line)?;
    }
    session.out.line(&describe_rewriting(&rewriting_of(session, &report)?))?;
    session.out.line(&format!("memory   {projects} projects indexed in {}", paths.data.display()))?;
    super::print_findings(session, &report.findings)?;
    session.out.line(verdict.word())?;
    Ok(verdict.code())
}

/// Looks at the installation, which starts each hook: a moment usually, its time limit when one is stuck.
fn examined(session: &Session) -> Result<Report, CliError> {
    let _progress = Progress::step(&session.out, "firing the registered hooks");
    Ok(show(&session.env, session.paths()?)?)
}

/// The installation as a part of `rtk doctor`.
pub(super) fn examine(session: &Session) -> Result<Section, CliError> {
    let report = examined(session)?;
    let rewriting = rewriting_of(session, &report)?;
    let mut lines = lines(&report);
    lines.push(describe_rewriting(&rewriting));
    Ok(Section {
        name: "hooks",
        lines,
        facts: json!({
            "files": report.files, "notes": report.notes, "rules": report.rules, "rewriting": rewriting
        }),
        findings: report.findings,
    })
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for file in &report.files {
        let state = match (file.exists, file.hooks.is_empty()) {
            (false, _) => "no file",
            (true, true) => "not registered",
            (true, false) => "registered",
        };
        lines.push(format!("{:<8} {state} in {}", file.scope, file.path.display()));
        lines.extend(file.hooks.iter().map(|hook| format!("  {}", describe(hook))));
    }
    lines.extend(report.notes.iter().map(describe_note));
    lines.extend(report.rules.iter().map(describe_rule));
    lines
}

fn describe_note(note: &NoteReport) -> String {
    let NoteReport { scope, path, state } = note;
    let path = path.display();
    match state {
        NoteState::Current => format!("note     in {path}"),
        NoteState::Changed => {
            format!("note     in {path}, in other words than this version's: rtk init --{scope} renews it")
        }
        NoteState::TakenOut => {
            format!(
                "note     taken out of {path} by other hands: rtk init --{scope} --claude-md puts it back"
            )
        }
    }
}

fn describe_rule(rule: &RuleReport) -> String {
    let whose = if rule.by_rtk { "added by rtk init" } else { "yours" };
    format!("rule     {} ({whose}), {}:{}", rule.rule, rule.path.display(), rule.line)
}

fn describe(hook: &HookReport) -> String {
    let matcher = hook.matcher.as_ref().map(|matcher| format!(" ({matcher})")).unwrap_or_default();
    let reachable = match (&hook.program, &hook.version) {
        (None, _) => "not reachable".to_owned(),
        (Some(_), None) => "reachable, version unknown".to_owned(),
        (Some(_), Some(version)) => format!("reachable, version {version}"),
    };
    let fired = hook.fired.as_ref().map_or(", not fired".to_owned(), fired);
    format!("{}{matcher}, line {}: {}; {reachable}{fired}", hook.event, hook.line, hook.command)
}

fn rewriting_of(session: &Session, report: &Report) -> Result<Rewriting, CliError> {
    Ok(rewriting(&session.env, session.paths()?, &report.files, crate::rewrite::is_built_in()))
}

/// The line about git commands of the shell tool.
fn describe_rewriting(rewriting: &Rewriting) -> String {
    let mode = match rewriting.mode {
        RewriteMode::Off => return "rewrite  off: git commands of the shell tool are left alone".into(),
        RewriteMode::Reading => "git commands that only read",
        RewriteMode::All => "git commands that read or change something",
    };
    let Some(path) = rewriting.registered.first() else {
        return format!("rewrite  {mode}, but no entry for the shell tool is registered: run rtk init again");
    };
    let asking = match (&rewriting.rule, rewriting.rule_is_there) {
        (Some(rule), true) => format!("in sessions that ask, too, by the rule {rule}"),
        (Some(rule), false) => {
            format!("where every shell command is allowed; allow {rule} to have it in sessions that ask")
        }
        (None, _) => "where every shell command is allowed".to_owned(),
    };
    let fires = match &rewriting.sample {
        Some(line) => format!("fires: git status becomes {line}"),
        None => "left the sample alone (a permission rule, or a setting)".to_owned(),
    };
    format!("rewrite  {mode}, by the entry in {}; {asking}; {fires}", path.display())
}

fn fired(fired: &Fired) -> String {
    let verdict = match &fired.reply {
        Reply::Injects => "fires",
        Reply::Passes => "fires, lets the sample pass",
        Reply::Fails(_) => "does not work",
    };
    let ms = fired.latency_us as f64 / 1000.0;
    format!(", {verdict} ({ms:.1} ms)")
}
