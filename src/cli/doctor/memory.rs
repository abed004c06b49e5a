//! The memory: whether its database is sound, what is indexed here, how much disk all of it takes.

use super::Section;
use crate::base::{Deadline, Paths, Settings, unix_ms};
use crate::cli::{CliError, Session};
use crate::installer::{Finding, Level};
use crate::memory::{self, Context};
use crate::project::{self, Root};
use serde_json::json;

/// A look at the saved index may take this long, in milliseconds.
const LOOK_MS: u64 = 60_000;
/// One MiB, in bytes.
const MIB: f64 = 1_048_576.0;

pub(super) fn examine(session: &Session) -> Result<Section, CliError> {
    let paths = session.paths()?;
    let root = session.env.cwd().and_then(|cwd| project::find_root(cwd, &session.env).ok().flatten());
    let folder = root.as_ref().map(|root| root.path.as_path());
    let (settings, errors) = Settings::load(&session.env, Some(&paths.settings()), folder);
    let context = Context {
        env: &session.env,
        paths,
        settings: &settings,
        log: &session.log,
        deadline: Deadline::after_ms(LOOK_MS),
    };
    let mut section = Section { name: "memory", lines: Vec::new(), facts: json!({}), findings: Vec::new() };
    for error in errors {
        let finding = Finding::new(
            Level::Warning,
            error.to_string(),
            "correct it; `rtk config` shows what is in force",
        );
        section.findings.push(finding);
    }
    if !settings.enabled {
        let what = "rtk is switched off by a setting: subagents get nothing";
        let fix = "`rtk config` shows where `enabled` was set";
        section.findings.push(Finding::new(Level::Broken, what, fix));
    }
    match &root {
        Some(root) => here(&context, root, &mut section),
        None => section.lines.push("the working folder belongs to no project".into()),
    }
    let (projects, bytes) = memory::disk_use(&context);
    section.lines.push(format!("all      {projects} projects, {:.1} MiB", bytes as f64 / MIB));
    section.facts["projects"] = projects.into();
    section.facts["bytes"] = bytes.into();
    Ok(section)
}

/// The memory of one project.
fn here(context: &Context<'_>, root: &Root, section: &mut Section) {
    let health = memory::health(context, root);
    let database = health.database.display().to_string();
    section.lines.push(format!("project  {}", root.path.display()));
    section.facts["project"] = json!(root.path);
    section.facts["database"] = json!(health);
    if !health.faults.is_empty() {
        let what = format!("the database is damaged: {}", health.faults.join("; "));
        let fix = "nothing: it is moved aside and rebuilt at the next question; `rtk memory refresh --rebuild` does it now";
        section.findings.push(Finding::new(Level::Warning, what, fix).in_file(&health.database));
        section.lines.push(format!("database {database}, damaged"));
        return;
    }
    if !health.exists {
        section.lines.push("index    none yet; it is built at the first question".into());
        return;
    }
    section.lines.push(format!("database {database}, sound, {:.1} MiB", health.bytes as f64 / MIB));
    match memory::status(context, root) {
        Ok(status) if status.scanned_ms > 0 => {
            let age = (unix_ms() - status.verified_ms).max(0) / 1000;
            section.lines.push(format!(
                "index    {} of {} files, equal to the work tree {age} s ago",
                status.files_indexed, status.files_known
            ));
            section.facts["index"] = json!(status);
        }
        Ok(_) => section.lines.push("index    empty; it is filled at the first question".into()),
        Err(error) => {
            let fix = "`rtk memory clear` deletes the index, which is then rebuilt";
            section.findings.push(Finding::new(Level::Warning, error.to_string(), fix));
        }
    }
}

/// How many projects have an index.
pub(super) fn indexed_projects(paths: &Paths) -> usize {
    std::fs::read_dir(paths.data.join("projects")).map(|entries| entries.flatten().count()).unwrap_or(0)
}
