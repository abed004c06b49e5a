//! What `--show` says about rewritten git commands: the mode, where it is registered, whether it fires.

use super::fire::environment;
use super::sample::Sample;
use super::{FileReport, HookReport};
use crate::base::{Env, Paths, Settings, run_with_input};
use crate::installer::entries::reading_rule;
use crate::installer::matcher::matches;
use crate::text::JsonDocument;
use serde::Serialize;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::Duration;

/// The tool whose git commands are rewritten.
const SHELL_TOOL: &str = "Bash";
/// A hook that takes longer is not waited for.
const WAIT: Duration = Duration::from_secs(10);

/// Which git commands of the shell tool run through rtk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RewriteMode {
    /// None: `rewrite.enabled` is false, or this program was built without the shell grammar.
    Off,
    /// Those that only read.
    Reading,
    /// Those that change something too.
    All,
}

/// The state of rewriting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rewriting {
    /// By the user's settings.
    pub mode: RewriteMode,
    /// Settings files with an entry for the shell tool.
    pub registered: Vec<PathBuf>,
    /// The permission rule that lets rewritten commands pass in sessions that ask; `None` for a path that no rule can name.
    pub rule: Option<String>,
    /// Whether the user's own settings hold that rule.
    pub rule_is_there: bool,
    /// What a sample `git status` became; `None` when nothing is registered or nothing came back.
    pub sample: Option<String>,
}

/// Looks at the settings and fires one shell event; `has_grammar` is whether lines can be read at all.
pub fn rewriting(env: &Env, paths: &Paths, files: &[FileReport], has_grammar: bool) -> Rewriting {
    let (settings, _) = Settings::load(env, Some(&paths.settings()), None);
    let mode = match (settings.rewrite_enabled && has_grammar, settings.rewrite_mutating) {
        (false, _) => RewriteMode::Off,
        (true, false) => RewriteMode::Reading,
        (true, true) => RewriteMode::All,
    };
    let serves =
        |hook: &&HookReport| hook.event == "PreToolUse" && matches(hook.matcher.as_deref(), SHELL_TOOL);
    let with = |file: &&FileReport| file.hooks.iter().any(|hook| serves(&hook));
    let registered = files.iter().filter(with).map(|file| file.path.clone()).collect();
    let hook = files.iter().flat_map(|file| &file.hooks).find(serves);
    let program = hook.and_then(|hook| hook.program.clone());
    let rule = program.as_ref().and_then(|program| reading_rule(&program.display().to_string()));
    let global = files.iter().find(|file| file.scope == "global");
    let rule_is_there = matches!((global, &rule), (Some(file), Some(rule)) if allows(file, rule));
    let sample = program.and_then(|program| fire(&program, paths));
    Rewriting { mode, registered, rule, rule_is_there, sample }
}

fn allows(file: &FileReport, rule: &str) -> bool {
    let bytes = std::fs::read(&file.path).unwrap_or_default();
    let root = JsonDocument::parse(&bytes).ok().and_then(|document| document.root);
    let allow = root.as_ref().and_then(|root| root.get("permissions")?.get("allow")?.as_array());
    allow.is_some_and(|rules| rules.iter().any(|node| node.as_str() == Some(rule)))
}

/// The command that the hook makes of `git status` where everything is allowed.
fn fire(program: &std::path::Path, paths: &Paths) -> Option<String> {
    let sample = Sample::make(paths).ok()?;
    let event = json!({
        "session_id": "rtk-show", "cwd": sample.project(), "hook_event_name": "PreToolUse",
        "permission_mode": "bypassPermissions", "tool_name": SHELL_TOOL, "tool_use_id": "toolu_rtk_show",
        "tool_input": { "command": "git status", "description": "Check that rtk rewrites" },
    });
    let (cwd, vars) = (sample.project(), environment(&sample, sample.rtk_home(1).ok()?));
    let line = format!("{event}\n");
    let output = run_with_input(program.as_os_str(), &["hook"], &cwd, &vars, line.as_bytes(), WAIT).ok()?;
    let reply: Value = serde_json::from_slice(&output.stdout).ok()?;
    let command = reply["hookSpecificOutput"]["updatedInput"]["command"].as_str()?;
    Some(command.to_owned())
}
