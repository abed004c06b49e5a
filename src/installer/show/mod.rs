//! Shows the state of an installation: each entry registered, reachable, firing; and what stands in its way.
//!
//! Nothing of the user's is changed, and no hook but rtk's own is ever run.

mod additions;
mod client;
mod daemon;
mod fire;
mod hooks;
mod managed;
mod named;
mod plugins;
mod report;
mod rewriting;
mod sample;
mod server;
mod trust;
mod vanished;

pub use additions::{NoteReport, RuleReport};
pub use client::{ClientVerdict, ask_client};
pub use fire::{Fired, Reply};
pub use named::{Named, named_program};
pub use report::{FileReport, Finding, HookReport, Level, Report, worst};
pub use rewriting::{RewriteMode, Rewriting, rewriting};
pub use vanished::{Vanished, vanished};

use super::InstallError;
use super::apply::{SETTINGS_BYTES_MAX, read_receipts};
use super::error::Ignored;
use super::faults::faults;
use super::platform::Platform;
use super::recognise::Known;
use super::scope::{Scope, program};
use super::settings::SettingsDocument;
use crate::base::{Env, Paths};
use crate::fs::{is_writable, read};
use crate::text::{JsonKind, JsonNode};
use hooks::Firing;
use std::path::{Path, PathBuf};

/// The event that hands slices to subagents; without it rtk does nothing.
const MAIN_EVENT: &str = "PreToolUse";

/// Looks at every scope and fires rtk's own entries; foreign hooks are never run. Changes nothing.
pub fn show(env: &Env, paths: &Paths) -> Result<Report, InstallError> {
    show_with(env, paths, Path::new(Platform::current().managed_folder()))
}

fn show_with(env: &Env, paths: &Paths, managed: &Path) -> Result<Report, InstallError> {
    let receipts = read_receipts(paths)?;
    let known = Known::new(env, &program(env)?, receipts.programs.clone());
    let mut view =
        View { known: &known, paths, findings: Vec::new(), disabled: None, firing: Firing::default() };
    let mut files = Vec::new();
    let mut documents = Vec::new();
    let (mut notes, mut rules) = (Vec::new(), Vec::new());
    for scope in Scope::ALL {
        let path = match scope.settings_path(env) {
            Err(InstallError::NotAProject { .. }) => continue,
            other => other?,
        };
        let installed = receipts.latest(&path).is_some();
        if let Some(bytes) = view.settings_file(scope, &path, installed, &mut files) {
            rules.extend(additions::rules(scope, &path, &bytes, &receipts, &known));
            documents.push(bytes);
        }
        notes.extend(additions::note(env, scope, &receipts));
        if let Some(path) = scope.servers_path(env)? {
            let installed = receipts.latest(&path).is_some();
            view.server_file(scope, &path, installed, &mut files);
        }
    }
    view.managed(managed, &mut files);
    view.plugins(env, &documents, &mut files);
    view.across(&files);
    view.findings.extend(trust::finding(env));
    view.data_folder();
    let mut findings = view.findings;
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    Ok(Report { files, notes, rules, findings })
}

struct View<'v> {
    known: &'v Known,
    paths: &'v Paths,
    findings: Vec<Finding>,
    /// The `disableAllHooks` that counts so far, and where it stands; narrower scopes come later and win.
    disabled: Option<(bool, PathBuf, usize)>,
    firing: Firing,
}

impl View<'_> {
    fn find(&mut self, finding: Finding) {
        // Entries of several events share their program, hence its faults.
        let same = |known: &Finding| {
            (known.level, &known.path, &known.what) == (finding.level, &finding.path, &finding.what)
        };
        if !self.findings.iter().any(same) {
            self.findings.push(finding);
        }
    }

    /// Looks at one settings file, into which rtk was `installed` or not, and hands back its content.
    fn settings_file(
        &mut self,
        scope: Scope,
        path: &Path,
        installed: bool,
        files: &mut Vec<FileReport>,
    ) -> Option<Vec<u8>> {
        let mut report =
            FileReport { scope: scope.name(), path: path.to_path_buf(), exists: false, hooks: Vec::new() };
        let bytes = match read(path, SETTINGS_BYTES_MAX) {
            Ok(bytes) => bytes,
            Err(error) => {
                let fix = "make it a readable file";
                self.find(Finding::new(Level::Warning, error.to_string(), fix).in_file(path));
                None
            }
        };
        report.exists = bytes.is_some();
        match SettingsDocument::parse(path, bytes.as_deref().unwrap_or_default()) {
            Ok(document) => {
                report.hooks = self.hooks(path, &document, None);
                self.obstacles(path, &document, !report.hooks.is_empty());
                if installed && !report.serves_launches() {
                    let vanished = Vanished { scope, path: path.to_path_buf() };
                    self.find(vanished.finding());
                }
            }
            Err(error) => {
                let level = if installed { Level::Broken } else { Level::Warning };
                let finding = Finding::new(level, error.without_path(), error.hint());
                self.find(Finding { line: error.line(), ..finding.in_file(path) });
            }
        }
        files.push(report);
        bytes
    }

    /// Settings beside the hooks that keep them from running.
    fn obstacles(&mut self, path: &Path, document: &SettingsDocument<'_>, has_own: bool) {
        for fault in faults(document) {
            let stops_ours = has_own && fault.ignored != Ignored::Entry;
            let level = if stops_ours { Level::Broken } else { Level::Warning };
            let what = format!("column {}: {}: {}", fault.column, fault.what, fault.ignored.says());
            let finding = Finding::new(level, what, "correct or remove that entry");
            self.find(finding.in_file(path).at_line(fault.line));
        }
        let Some(root) = document.root() else { return };
        let line = |node: &JsonNode| document.json.position(node.span.start).0;
        if let Some(node) = root.get("disableAllHooks")
            && let JsonKind::Bool(disabled) = node.kind
        {
            self.disabled = Some((disabled, path.to_path_buf(), line(node)));
        }
        let denied = root.get("permissions").and_then(|node| node.get("deny")).and_then(JsonNode::as_array);
        for node in denied.unwrap_or_default() {
            let Some(rule) = node.as_str() else { continue };
            if matches!(rule.split('(').next().unwrap_or(rule), "Agent" | "Task") {
                let what = format!("a permission rule denies {rule}: such launches never start");
                let finding =
                    Finding::new(Level::Warning, what, "remove the rule if you want those subagents");
                self.find(finding.in_file(path).at_line(line(node)));
            }
        }
    }

    /// What can only be seen over all files.
    fn across(&mut self, files: &[FileReport]) {
        if let Some((true, path, line)) = self.disabled.clone() {
            let finding = Finding::new(
                Level::Broken,
                "disableAllHooks is on: no hook runs",
                "set it to false or remove it",
            );
            self.find(finding.in_file(&path).at_line(line));
        }
        let (plugins, settings): (Vec<_>, Vec<_>) =
            files.iter().filter(|file| file.serves_launches()).partition(|file| file.scope == plugins::SCOPE);
        if let [first, others @ ..] = settings.as_slice() {
            for other in others {
                let what = format!("registered here and in {} too", first.path.display());
                let fix = format!("remove one: rtk init --uninstall --{}", other.scope);
                self.find(Finding::new(Level::Warning, what, fix).in_file(&other.path));
            }
            for plugin in &plugins {
                let what = format!(
                    "the plugin is installed beside the entries in {}; it stands down for them, so nothing is done twice",
                    first.path.display()
                );
                let fix =
                    "nothing; to keep one of them: rtk init --uninstall, or claude plugin uninstall rtk";
                self.find(Finding::new(Level::Note, what, fix).in_file(&plugin.path));
            }
        } else if plugins.is_empty() {
            let what = "rtk is not registered in any settings file that the client reads here";
            self.find(Finding::new(Level::Broken, what, "run rtk init"));
        }
    }

    fn data_folder(&mut self) {
        let data = self.paths.data.clone();
        if !is_writable(&data) {
            let what = "rtk cannot write there: no memory is kept";
            self.find(Finding::new(Level::Warning, what, "make it writable").in_file(&data));
        }
    }
}
