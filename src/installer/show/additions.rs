//! What an installation adds beside hooks: the note in the client's memory file, and permission rules.

use crate::base::Env;
use crate::fs::read;
use crate::installer::apply::SETTINGS_BYTES_MAX;
use crate::installer::entries::{RULES, reading_rule};
use crate::installer::memory_note::{NoteState, state_of};
use crate::installer::receipt::Receipts;
use crate::installer::recognise::Known;
use crate::installer::scope::Scope;
use crate::installer::settings::SettingsDocument;
use crate::text::JsonNode;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The note of one scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoteReport {
    /// `global`, `project` or `local`.
    pub scope: &'static str,
    /// The client's memory file.
    pub path: PathBuf,
    /// What is there of it.
    pub state: NoteState,
}

/// A permission rule for rtk's own commands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleReport {
    /// `global`, `project` or `local`.
    pub scope: &'static str,
    /// The settings file.
    pub path: PathBuf,
    /// Its line, from 1.
    pub line: usize,
    /// The rule.
    pub rule: String,
    /// Whether `rtk init` has added it, and `--uninstall` takes it out; otherwise it is the user's.
    pub by_rtk: bool,
}

/// The note of the scope, if one is there or was put there.
pub(super) fn note(env: &Env, scope: Scope, receipts: &Receipts) -> Option<NoteReport> {
    let path = scope.memory_path(env).ok()?;
    let recorded = receipts.latest(&path).is_some();
    let text = read(&path, SETTINGS_BYTES_MAX).ok().flatten().and_then(|raw| String::from_utf8(raw).ok());
    let state = state_of(text.as_deref().unwrap_or_default(), recorded)?;
    Some(NoteReport { scope: scope.name(), path, state })
}

/// The rules for rtk's commands in a settings file.
pub(super) fn rules(
    scope: Scope,
    path: &Path,
    bytes: &[u8],
    receipts: &Receipts,
    known: &Known,
) -> Vec<RuleReport> {
    let Ok(document) = SettingsDocument::parse(path, bytes) else { return Vec::new() };
    let allow = document.root().and_then(|root| root.get("permissions")?.get("allow")?.as_array());
    let reading = reading_rule(&known.program.display().to_string());
    let own = |rule: &str| RULES.contains(&rule) || reading.as_deref() == Some(rule);
    let added = receipts.latest(path).map(|latest| latest.rules.as_slice()).unwrap_or_default();
    let report = |node: &JsonNode| {
        let rule = node.as_str().filter(|rule| own(rule))?.to_owned();
        let by_rtk = added.contains(&rule);
        let line = document.json.position(node.span.start).0;
        Some(RuleReport { scope: scope.name(), path: path.to_path_buf(), line, rule, by_rtk })
    };
    allow.unwrap_or_default().iter().filter_map(report).collect()
}
