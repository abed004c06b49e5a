//! `rtk init --show`: prints what is registered, reachable and firing, and gives the verdict as the exit code.

use super::{CliError, Session};
use crate::base::Paths;
use crate::installer::{Fired, HookReport, Level, Reply, Report, show};
use serde_json::json;
use std::process::ExitCode;

/// Exit code when subagents get nothing.
const EXIT_BROKEN: u8 = 1;
/// Exit code when it works, with warnings.
const EXIT_WARNINGS: u8 = 2;

pub(super) fn run(session: &Session) -> Result<ExitCode, CliError> {
    let paths = session.paths()?;
    let report = show(&session.env, paths)?;
    let (verdict, code) = match report.worst() {
        None => ("good", ExitCode::SUCCESS),
        Some(Level::Warning) => ("warnings", ExitCode::from(EXIT_WARNINGS)),
        Some(Level::Broken) => ("broken", ExitCode::from(EXIT_BROKEN)),
    };
    let projects = indexed_projects(paths);
    if session.out.is_json() {
        session.out.json(&json!({
            "schema": 1,
            "verdict": verdict,
            "files": report.files,
            "findings": report.findings,
            "memory": { "path": paths.data, "projects": projects },
        }))?;
        return Ok(code);
    }
    print(session, &report)?;
    session.out.line(&format!("memory   {projects} projects indexed in {}", paths.data.display()))?;
    for finding in &report.findings {
        let level = if finding.level == Level::Broken { "broken" } else { "warning" };
        let at = finding.path.as_ref().map(|path| format!("{}: ", path.display())).unwrap_or_default();
        session.out.line(&format!("{level}: {at}{}", finding.what))?;
        session.out.line(&format!("  what to do: {}", finding.fix))?;
    }
    session.out.line(verdict)?;
    Ok(code)
}

fn print(session: &Session, report: &Report) -> Result<(), CliError> {
    for file in &report.files {
        let state = match (file.exists, file.hooks.is_empty()) {
            (false, _) => "no file",
            (true, true) => "not registered",
            (true, false) => "registered",
        };
        session.out.line(&format!("{:<8} {state} in {}", file.scope, file.path.display()))?;
        for hook in &file.hooks {
            session.out.line(&format!("  {}", describe(hook)))?;
        }
    }
    Ok(())
}

fn describe(hook: &HookReport) -> String {
    let matcher = hook.matcher.as_ref().map(|matcher| format!(" ({matcher})")).unwrap_or_default();
    let reachable = match (&hook.program, &hook.version) {
        (None, _) => "not reachable".to_owned(),
        (Some(_), None) => "reachable, version unknown".to_owned(),
        (Some(_), Some(version)) => format!("reachable, version {version}"),
    };
    let fired = hook.fired.as_ref().map_or(", not fired".to_owned(), fired);
    format!("{}{matcher}: {}; {reachable}{fired}", hook.event, hook.command)
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

/// How many projects have an index.
fn indexed_projects(paths: &Paths) -> usize {
    std::fs::read_dir(paths.data.join("projects")).map(|entries| entries.flatten().count()).unwrap_or(0)
}
