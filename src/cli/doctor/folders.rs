//! The folders that rtk writes to: there, writable, private, with room left.

use super::Section;
use crate::cli::{CliError, Session};
use crate::fs::{Place, place};
use crate::installer::{Finding, Level};
use serde_json::json;
use std::path::Path;

/// Less room than this is worth a warning, in bytes.
const FREE_BYTES_MIN: u64 = 100 * 1024 * 1024;

pub(super) fn examine(session: &Session) -> Result<Section, CliError> {
    let paths = session.paths()?;
    let mut section = Section { name: "folders", lines: Vec::new(), facts: json!({}), findings: Vec::new() };
    for (name, path) in [("data", &paths.data), ("state", &paths.state)] {
        let seen = place(path);
        section.lines.push(format!("{name:<8} {}, {}", path.display(), words(&seen)));
        section.facts[name] = json!({ "path": path, "exists": seen.exists, "writable": seen.writable,
            "mode": seen.mode.map(|mode| format!("{mode:04o}")), "free_bytes": seen.free_bytes });
        section.findings.extend(findings(path, &seen));
    }
    Ok(section)
}

fn words(seen: &Place) -> String {
    let free =
        seen.free_bytes.map(|bytes| format!(", {} MiB free", bytes / (1024 * 1024))).unwrap_or_default();
    let writable = if seen.writable { "writable" } else { "not writable" };
    match seen.mode {
        Some(mode) => format!("mode {mode:04o}, {writable}{free}"),
        None => format!("not there yet, {writable}{free}"),
    }
}

fn findings(path: &Path, seen: &Place) -> Vec<Finding> {
    let mut found = Vec::new();
    if !seen.writable {
        let what = "rtk cannot write there: nothing is remembered or logged";
        found.push(Finding::new(Level::Warning, what, "make it writable (chmod u+rwx)").in_file(path));
    }
    if let Some(mode) = seen.mode.filter(|mode| mode & 0o077 != 0) {
        let what = format!(
            "other users of this machine may look into it (mode {mode:04o}); it holds words of your projects"
        );
        let fix = format!("chmod 700 '{}'", path.display());
        found.push(Finding::new(Level::Warning, what, fix).in_file(path));
    }
    if seen.free_bytes.is_some_and(|bytes| bytes < FREE_BYTES_MIN) {
        let what = "the disk is nearly full: an index that cannot be saved is built anew for every question";
        found.push(Finding::new(Level::Warning, what, "make room").in_file(path));
    }
    found
}
