//! What is found out about an installation, as values: files, hooks, findings and the worst of them.

use super::additions::{NoteReport, RuleReport};
use super::fire::Fired;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Good to know; nothing has to be done.
    Note,
    /// rtk works, but not as well or as surely as it could.
    Warning,
    /// Subagents get nothing.
    Broken,
}

/// Something that is not as it should be, or that explains what would look so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// The file that it is about.
    pub path: Option<PathBuf>,
    /// The line of that file, from 1.
    pub line: Option<usize>,
    /// What was found.
    pub what: String,
    /// What to do.
    pub fix: String,
}

impl Finding {
    /// A finding about no file.
    pub fn new(level: Level, what: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding { level, path: None, line: None, what: what.into(), fix: fix.into() }
    }

    /// The same about a file.
    #[must_use]
    pub fn in_file(self, path: &Path) -> Finding {
        Finding { path: Some(path.to_path_buf()), ..self }
    }

    /// The same at a line of its file, from 1.
    #[must_use]
    pub fn at_line(self, line: usize) -> Finding {
        Finding { line: Some(line), ..self }
    }
}

/// One of rtk's entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HookReport {
    /// The client's event.
    pub event: String,
    /// The line of its file on which the entry begins, from 1.
    pub line: usize,
    /// The tools that it is registered for.
    pub matcher: Option<String>,
    /// The command line as the client runs it.
    pub command: String,
    /// The program behind it, if it is there and may be run.
    pub program: Option<PathBuf>,
    /// The program's version.
    pub version: Option<String>,
    /// What it replied to a sample event; `None` when it could not be started.
    pub fired: Option<Fired>,
}

/// One file that registers hooks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// `global`, `project`, `local`, `managed` or `plugin`.
    pub scope: &'static str,
    /// Where it lies, or would lie.
    pub path: PathBuf,
    /// Whether it is there.
    pub exists: bool,
    /// rtk's entries in it.
    pub hooks: Vec<HookReport>,
}

impl FileReport {
    /// Whether the file hands subagent launches to rtk.
    pub(super) fn serves_launches(&self) -> bool {
        self.hooks.iter().any(|hook| hook.event == super::MAIN_EVENT)
    }
}

/// The whole state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The files that the client reads in the working folder.
    pub files: Vec<FileReport>,
    /// The notes in the client's memory files.
    pub notes: Vec<NoteReport>,
    /// Permission rules for rtk's commands.
    pub rules: Vec<RuleReport>,
    /// What was found, worst first.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The worst level; `None` when all is good.
    pub fn worst(&self) -> Option<Level> {
        worst(&self.findings)
    }
}

/// The worst level among findings that ask for something to be done.
pub fn worst(findings: &[Finding]) -> Option<Level> {
    findings.iter().map(|finding| finding.level).filter(|level| *level != Level::Note).max()
}
