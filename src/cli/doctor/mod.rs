//! `rtk doctor`: one examination of the whole setup, in parts that each say what was seen, what is wrong and what to do.
//!
//! A part is a function in the table `PARTS`; to examine something more, add a file and a row. Nothing is changed.

mod client;
mod daemon;
mod folders;
mod log;
mod memory;
mod program;
mod setup;

pub(super) use setup::run_show;

use super::{CliError, Session};
use crate::installer::{Finding, Level, worst};
use serde_json::json;
use std::process::ExitCode;

/// Exit code when subagents get nothing.
const EXIT_BROKEN: u8 = 1;
/// Exit code when it works, with warnings.
const EXIT_WARNINGS: u8 = 2;

/// What one part of the examination found.
struct Section {
    /// One word, the part's key in `--json` too.
    name: &'static str,
    /// What was seen, for people.
    lines: Vec<String>,
    /// The same for programs.
    facts: serde_json::Value,
    /// What is not as it should be.
    findings: Vec<Finding>,
}

/// Looks at one part of the setup.
type Part = fn(&Session) -> Result<Section, CliError>;

/// All parts, in the order in which they are printed.
const PARTS: &[Part] = &[
    program::examine,
    setup::examine,
    client::examine,
    memory::examine,
    daemon::examine,
    folders::examine,
    log::examine,
];

/// Examines every part and gives the worst finding as the exit code.
pub(super) fn run(session: &Session) -> Result<ExitCode, CliError> {
    let sections = PARTS.iter().map(|part| part(session)).collect::<Result<Vec<_>, _>>()?;
    let mut findings: Vec<Finding> = sections.iter().flat_map(|section| section.findings.clone()).collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    let verdict = verdict(&findings);
    if session.out.is_json() {
        let mut document = json!({ "schema": 1, "verdict": verdict.word(), "findings": findings });
        for section in sections {
            document[section.name] = section.facts;
        }
        session.out.json(&document)?;
        return Ok(verdict.code());
    }
    for section in &sections {
        session.out.line(section.name)?;
        for line in &section.lines {
            session.out.line(&format!("  {line}"))?;
        }
    }
    print_findings(session, &findings)?;
    session.out.line(verdict.word())?;
    Ok(verdict.code())
}

/// What comes of all findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    Warnings,
    Broken,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Verdict::Good => "good",
            Verdict::Warnings => "warnings",
            Verdict::Broken => "broken",
        }
    }

    fn code(self) -> ExitCode {
        match self {
            Verdict::Good => ExitCode::SUCCESS,
            Verdict::Warnings => ExitCode::from(EXIT_WARNINGS),
            Verdict::Broken => ExitCode::from(EXIT_BROKEN),
        }
    }
}

fn verdict(findings: &[Finding]) -> Verdict {
    match worst(findings) {
        None | Some(Level::Note) => Verdict::Good,
        Some(Level::Warning) => Verdict::Warnings,
        Some(Level::Broken) => Verdict::Broken,
    }
}

/// Prints each finding with its place and what to do.
fn print_findings(session: &Session, findings: &[Finding]) -> Result<(), CliError> {
    for finding in findings {
        let level = match finding.level {
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Broken => "broken",
        };
        let line = finding.line.map(|line| format!("{line}:")).unwrap_or_default();
        let at = finding.path.as_ref().map(|path| format!("{}:{line} ", path.display())).unwrap_or_default();
        session.out.line(&format!("{level}: {at}{}", finding.what))?;
        session.out.line(&format!("  what to do: {}", finding.fix))?;
    }
    Ok(())
}
