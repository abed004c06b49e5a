//! Which programs are at work: this one, the `rtk` that commands find on `PATH`, and whether they are the same.

use super::Section;
use crate::cli::{CliError, Session};
use crate::installer::{Finding, Level, Named, named_program};
use serde_json::json;

pub(super) fn examine(session: &Session) -> Result<Section, CliError> {
    let version = env!("CARGO_PKG_VERSION");
    let running = session.env.program().map(|path| path.display().to_string()).unwrap_or_default();
    let mut lines = vec![format!("running  {running}, version {version}")];
    let mut findings = Vec::new();
    let named = named_program(&session.env);
    let (said, path, finding) = match &named {
        Named::This(path) => (format!("{}, this program", path.display()), Some(path), None),
        Named::Other { path, version: Some(other) } if other != version => {
            let what = format!("rtk on PATH is {}, another build: version {other}", path.display());
            let fix = "update one of them, or put this program's folder first on PATH";
            let said = format!("{}, another build of rtk, version {other}", path.display());
            (said, Some(path), Some(Finding::new(Level::Warning, what, fix)))
        }
        Named::Other { path, .. } => {
            (format!("{}, another copy of this version", path.display()), Some(path), None)
        }
        Named::Foreign(path) => {
            let what = format!("rtk on PATH is {}, a different program of that name", path.display());
            let fix =
                "put this program's folder first on PATH: agents and project settings start rtk by its name";
            let said = format!("{}, a different program of that name", path.display());
            (said, Some(path), Some(Finding::new(Level::Warning, what, fix)))
        }
        Named::Nothing => {
            let what = "there is no rtk on PATH: agents that ask the memory for more will not find it";
            let fix = "add the folder of this program to PATH";
            ("none".to_owned(), None, Some(Finding::new(Level::Warning, what, fix)))
        }
    };
    lines.push(format!("on PATH  {said}"));
    findings.extend(finding);
    let word = match named {
        Named::This(_) => "this",
        Named::Other { .. } => "other_build",
        Named::Foreign(_) => "foreign",
        Named::Nothing => "none",
    };
    let facts = json!({ "running": running, "version": version, "on_path": { "is": word, "program": path } });
    Ok(Section { name: "program", lines, facts, findings })
}
