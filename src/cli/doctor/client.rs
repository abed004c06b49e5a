//! What the installed client itself thinks of the settings.

use super::Section;
use crate::cli::output::Progress;
use crate::cli::{CliError, Session};
use crate::installer::{ClientVerdict, Finding, Level, ask_client};
use serde_json::json;

pub(super) fn examine(session: &Session) -> Result<Section, CliError> {
    let progress = Progress::step(&session.out, "asking claude about the settings");
    let verdict = ask_client(&session.env);
    drop(progress);
    let facts = json!(verdict);
    let Some(verdict) = verdict else {
        let lines =
            vec!["claude is not on PATH; its own verdict on the settings was not asked for".to_owned()];
        return Ok(Section { name: "client", lines, facts, findings: Vec::new() });
    };
    let lines = lines(&verdict);
    let fix = "correct it: for most such faults Claude Code ignores the whole file";
    let complaints = verdict.complaints.into_iter().flatten();
    let finding = |(path, words): (std::path::PathBuf, String)| {
        let finding = Finding::new(Level::Warning, format!("Claude Code says: {words}"), fix);
        if path.as_os_str().is_empty() { finding } else { finding.in_file(&path) }
    };
    Ok(Section { name: "client", lines, facts, findings: complaints.map(finding).collect() })
}

fn lines(verdict: &ClientVerdict) -> Vec<String> {
    let version = verdict.version.as_ref().map(|version| format!(", {version}")).unwrap_or_default();
    let said = match (&verdict.complaints, &verdict.failure) {
        (Some(complaints), _) if complaints.is_empty() => "its doctor accepts the settings".to_owned(),
        (Some(complaints), _) => format!("its doctor has {} complaints about the settings", complaints.len()),
        (None, failure) => {
            format!("its doctor could not be asked: {}", failure.as_deref().unwrap_or("unknown"))
        }
    };
    vec![format!("{}{version}", verdict.program.display()), said]
}
