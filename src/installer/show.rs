//! Shows the state of an installation: each entry registered, reachable, firing; and what stands in its way.

use super::InstallError;
use super::apply::{SETTINGS_BYTES_MAX, read_receipts};
use super::entries::{REGISTRATIONS, TIMEOUT_SECONDS};
use super::fire::{Fired, Reply, Start, fire, version};
use super::matcher::{matches_subagents, matches_subagents_always};
use super::recognise::{Call, Known};
use super::scope::{Scope, program};
use super::settings::{HandlerAt, SettingsDocument};
use crate::base::{Env, Paths};
use crate::fs::{is_writable, read};
use crate::text::{JsonKind, JsonNode};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Where an administrator's settings lie, which beat all others.
#[cfg(not(target_os = "macos"))]
const MANAGED_FOLDER: &str = "/etc/claude-code";
#[cfg(target_os = "macos")]
const MANAGED_FOLDER: &str = "/Library/Application Support/ClaudeCode";
/// The event that hands slices to subagents; without it rtk does nothing.
const MAIN_EVENT: &str = "PreToolUse";

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// rtk works, but not as well or as surely as it could.
    Warning,
    /// Subagents get nothing.
    Broken,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// The file that it is about.
    pub path: Option<PathBuf>,
    /// What was found.
    pub what: String,
    /// What to do.
    pub fix: String,
}

/// One of rtk's entries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HookReport {
    /// The client's event.
    pub event: String,
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

/// One settings file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileReport {
    /// `global`, `project` or `local`.
    pub scope: &'static str,
    /// Where it lies, or would lie.
    pub path: PathBuf,
    /// Whether it is there.
    pub exists: bool,
    /// rtk's entries in it.
    pub hooks: Vec<HookReport>,
}

/// The whole state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The settings files that the client reads in the working folder.
    pub files: Vec<FileReport>,
    /// What is not as it should be, worst first.
    pub findings: Vec<Finding>,
}

impl Report {
    /// The worst level; `None` when all is good.
    pub fn worst(&self) -> Option<Level> {
        self.findings.iter().map(|finding| finding.level).max()
    }
}

/// Looks at every scope and fires rtk's own entries; foreign hooks are never run. Changes nothing.
pub fn show(env: &Env, paths: &Paths) -> Result<Report, InstallError> {
    show_with(env, paths, Path::new(MANAGED_FOLDER))
}

fn show_with(env: &Env, paths: &Paths, managed: &Path) -> Result<Report, InstallError> {
    let receipts = read_receipts(paths)?;
    let known = Known::new(env, &program(env)?, receipts.programs.clone());
    let mut view = View { known: &known, paths, findings: Vec::new(), disabled: None, fired: Vec::new() };
    let mut files = Vec::new();
    for scope in Scope::ALL {
        let path = match scope.settings_path(env) {
            Err(InstallError::NotAProject { .. }) => continue,
            other => other?,
        };
        let file = view.file(scope, path);
        if file.hooks.is_empty() && receipts.latest(&file.path).is_some() {
            let what = "rtk was installed here, but its entries are gone: another program rewrote the file";
            view.find(Level::Warning, &file.path, what, "run rtk init again for that scope");
        }
        files.push(file);
    }
    view.managed(managed);
    view.across(&files);
    view.data_folder();
    let mut findings = view.findings;
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    Ok(Report { files, findings })
}

struct View<'v> {
    known: &'v Known,
    paths: &'v Paths,
    findings: Vec<Finding>,
    /// The `disableAllHooks` that counts so far, and where it stands; narrower scopes come later and win.
    disabled: Option<(bool, PathBuf)>,
    /// What has been fired already: the same command is not started twice for the same event.
    fired: Vec<(String, String, HookReport)>,
}

impl View<'_> {
    fn find(&mut self, level: Level, path: &Path, what: impl Into<String>, fix: impl Into<String>) {
        let found = Finding { level, path: Some(path.to_path_buf()), what: what.into(), fix: fix.into() };
        // Entries of several events share their program, hence its faults.
        if !self.findings.contains(&found) {
            self.findings.push(found);
        }
    }

    fn file(&mut self, scope: Scope, path: PathBuf) -> FileReport {
        let mut report = FileReport { scope: scope.name(), path, exists: false, hooks: Vec::new() };
        let path = report.path.clone();
        let bytes = match read(&path, SETTINGS_BYTES_MAX) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return report,
            Err(error) => {
                self.find(Level::Warning, &path, error.to_string(), "make it a readable file");
                return report;
            }
        };
        report.exists = true;
        let document = match SettingsDocument::parse(&path, &bytes) {
            Ok(document) => document,
            Err(error) => {
                self.find(Level::Warning, &path, error.to_string(), error.hint());
                return report;
            }
        };
        report.hooks = self.hooks(&path, &document);
        self.obstacles(&path, &document, !report.hooks.is_empty());
        report
    }

    fn hooks(&mut self, path: &Path, document: &SettingsDocument<'_>) -> Vec<HookReport> {
        let handlers = document.handlers();
        let (own, foreign): (Vec<_>, Vec<_>) =
            handlers.into_iter().partition(|at| self.known.owns(at.event, at.matcher, at.node));
        for at in foreign.iter().filter(|at| at.event == MAIN_EVENT && matches_subagents(at.matcher)) {
            let command = at.node.get("command").or_else(|| at.node.get("url")).and_then(JsonNode::as_str);
            let what = format!(
                "another hook runs at subagent launches too: {}; if both rewrite the prompt, the one that finishes last wins",
                command.unwrap_or("(no command)")
            );
            self.find(
                Level::Warning,
                path,
                what,
                "look at what it does; remove one of the two if both rewrite",
            );
        }
        if !own.is_empty() {
            for missing in
                REGISTRATIONS.iter().filter(|wanted| !own.iter().any(|at| at.event == wanted.event))
            {
                let what = format!("rtk's entry for {} is missing", missing.event);
                self.find(Level::Warning, path, what, "run rtk init again for that scope");
            }
        }
        own.iter().map(|at| self.hook(path, document.json.text, at)).collect()
    }

    fn hook(&mut self, path: &Path, text: &str, at: &HandlerAt<'_>) -> HookReport {
        if at.event == MAIN_EVENT && !matches_subagents_always(at.matcher) {
            let what = format!(
                "the matcher {:?} misses a name of the subagent tool",
                at.matcher.unwrap_or_default()
            );
            self.find(Level::Warning, path, what, "run rtk init again for that scope");
        }
        let command = at.node.get("command").and_then(JsonNode::as_str).unwrap_or_default();
        let Some(call) = Call::of(at.node) else { return empty_report(at, command) };
        let shown = if call.exec { format!("{command} {}", call.args.join(" ")) } else { command.to_owned() };
        let earlier = self.fired.iter().find(|(event, line, _)| event == at.event && *line == shown);
        if let Some((_, _, report)) = earlier {
            return HookReport { matcher: at.matcher.map(str::to_owned), ..report.clone() };
        }
        let mut report = empty_report(at, &shown);
        report.program = self.known.locate(&call);
        match report.program.clone() {
            None => {
                let what = format!("the program of {shown:?} is not there or may not be run");
                self.find(
                    Level::Broken,
                    path,
                    what,
                    "install rtk there, or run rtk init again from its new place",
                );
            }
            Some(program) => {
                report.version = version(&program);
                let timeout = at.node.get("timeout").map(|node| &text[node.span.clone()]);
                let seconds = timeout.and_then(|text| text.parse().ok()).unwrap_or(TIMEOUT_SECONDS as f64);
                let start = match call.exec {
                    true => Start::Exec { program: &program, args: &call.args },
                    false => Start::Shell { command },
                };
                let fired = fire(&start, at.event, seconds, self.paths);
                self.judge(path, at.event, &fired);
                report.fired = Some(fired);
            }
        }
        self.fired.push((at.event.to_owned(), shown, report.clone()));
        report
    }

    fn judge(&mut self, path: &Path, event: &str, fired: &Fired) {
        match &fired.reply {
            Reply::Injects => {}
            Reply::Passes if event != MAIN_EVENT => {}
            Reply::Passes => {
                let what = "the hook gave nothing for a sample task that it should know";
                self.find(
                    Level::Warning,
                    path,
                    what,
                    "see rtk config for a setting that turns it off, and its log",
                );
            }
            Reply::Fails(reason) => {
                let level = if event == MAIN_EVENT { Level::Broken } else { Level::Warning };
                self.find(level, path, format!("the {event} hook does not work: {reason}"), "reinstall rtk");
            }
        }
    }

    /// Settings beside the hooks that keep them from running.
    fn obstacles(&mut self, path: &Path, document: &SettingsDocument<'_>, has_own: bool) {
        for fault in document.rejected_entries() {
            let level = if has_own { Level::Broken } else { Level::Warning };
            let what = format!("{fault}: Claude Code ignores the whole file because of it");
            self.find(level, path, what, "correct or remove that entry");
        }
        let Some(root) = document.root() else { return };
        if let Some(JsonKind::Bool(disabled)) = root.get("disableAllHooks").map(|node| &node.kind) {
            self.disabled = Some((*disabled, path.to_path_buf()));
        }
        let denied = root.get("permissions").and_then(|node| node.get("deny")).and_then(JsonNode::as_array);
        for rule in denied.unwrap_or_default().iter().filter_map(JsonNode::as_str) {
            let tool = rule.split('(').next().unwrap_or(rule);
            if matches!(tool, "Agent" | "Task") {
                let what = format!("a permission rule denies {rule}: such launches never start");
                self.find(Level::Warning, path, what, "remove the rule if you want those subagents");
            }
        }
    }

    /// An administrator's settings can turn all other hooks off.
    fn managed(&mut self, folder: &Path) {
        let mut paths = vec![folder.join("managed-settings.json")];
        if let Ok(entries) = std::fs::read_dir(folder.join("managed-settings.d")) {
            paths.extend(entries.flatten().map(|entry| entry.path()));
        }
        for path in paths {
            let Ok(Some(bytes)) = read(&path, SETTINGS_BYTES_MAX) else { continue };
            let Ok(document) = SettingsDocument::parse(&path, &bytes) else { continue };
            for switch in ["disableAllHooks", "allowManagedHooksOnly"] {
                let is = document.root().and_then(|root| root.get(switch)).map(|node| &node.kind);
                if is == Some(&JsonKind::Bool(true)) {
                    let what = format!("the administrator's settings say {switch}: no hook of yours runs");
                    self.find(Level::Broken, &path, what, "ask the administrator");
                }
            }
        }
    }

    /// What can only be seen over all files.
    fn across(&mut self, files: &[FileReport]) {
        if let Some((true, path)) = self.disabled.clone() {
            self.find(
                Level::Broken,
                &path,
                "disableAllHooks is on: no hook runs",
                "set it to false or remove it",
            );
        }
        let main: Vec<_> =
            files.iter().filter(|file| file.hooks.iter().any(|hook| hook.event == MAIN_EVENT)).collect();
        match main.as_slice() {
            [] => self.findings.push(Finding {
                level: Level::Broken,
                path: None,
                what: "rtk is not registered in any settings file that the client reads here".into(),
                fix: "run rtk init".into(),
            }),
            [_] => {}
            [first, others @ ..] => {
                for other in others {
                    let what = format!("registered here and in {} too", first.path.display());
                    let fix = format!("remove one: rtk init --uninstall --{}", other.scope);
                    self.find(Level::Warning, &other.path, what, fix);
                }
            }
        }
    }

    fn data_folder(&mut self) {
        let data = self.paths.data.clone();
        if !is_writable(&data) {
            self.find(Level::Warning, &data, "rtk cannot write there: no memory is kept", "make it writable");
        }
    }
}

fn empty_report(at: &HandlerAt<'_>, command: &str) -> HookReport {
    HookReport {
        event: at.event.to_owned(),
        matcher: at.matcher.map(str::to_owned),
        command: command.to_owned(),
        program: None,
        version: None,
        fired: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn managed(content: &str) -> Vec<Finding> {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("managed-settings.d")).unwrap();
        std::fs::write(root.path().join("managed-settings.d/10.json"), content).unwrap();
        let paths = Paths { data: root.path().into(), state: root.path().into(), config: root.path().into() };
        let known = Known { program: "/x".into(), installed: vec![], search: vec![], home: None };
        let mut view = View { known: &known, paths: &paths, findings: vec![], disabled: None, fired: vec![] };
        view.managed(root.path());
        view.findings
    }

    #[test]
    fn an_administrators_switches_break_it() {
        for content in [r#"{"disableAllHooks": true}"#, r#"{"allowManagedHooksOnly": true}"#] {
            assert_eq!(managed(content)[0].level, Level::Broken, "{content}");
        }
        assert!(managed(r#"{"disableAllHooks": false, "model": "x"}"#).is_empty());
    }
}
