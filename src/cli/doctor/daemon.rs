//! The daemon: whether one runs, is of this version, answers, and can follow changes. Without one nothing is wrong.

use super::Section;
use crate::cli::{CliError, Session};
use crate::daemon::{self, Asked, Place};
use crate::installer::{Finding, Level, http_hook};
use serde_json::{Value, json};

pub(super) fn examine(session: &Session) -> Result<Section, CliError> {
    let place = Place::of(session.paths()?);
    let identity = daemon::identity(&session.env);
    let running = daemon::running(&place);
    let told: Option<Value> = match daemon::status(&place, &identity) {
        Asked::Answer(text) => serde_json::from_slice(&text).ok(),
        Asked::Absent | Asked::Failed(_) => None,
    };
    let mut lines = Vec::new();
    let mut findings = Vec::new();
    match (&running, &told) {
        (None, None) => lines.push(match http_hook(&session.env) {
            // That it does not work is found where the hooks are looked at.
            Some(hook) => format!(
                "none runs, and the client is to ask one at port {}: launches go on without a slice",
                hook.port
            ),
            None => "none runs; hooks do their work themselves".to_owned(),
        }),
        (Some(running), None) => {
            lines.push(format!("process {} does not answer", running.pid));
            let what = format!(
                "the daemon, process {}, does not answer: each launch waits for it in vain",
                running.pid
            );
            findings.push(Finding::new(
                Level::Warning,
                what,
                "`rtk memory serve` ends it and takes its place",
            ));
        }
        (running, Some(told)) => {
            let version = told["version"].as_str().unwrap_or_default();
            let pid = running.as_ref().map_or(0, |running| running.pid);
            let counts = &told["counts"];
            lines.push(format!(
                "process {pid}, {} questions, {} answered with something to say",
                counts["questions"], counts["answered"]
            ));
            if version != identity {
                let what = format!(
                    "the daemon is another build ({version}, this is {identity}): hooks do not use its answers"
                );
                findings.push(Finding::new(Level::Warning, what, "`rtk memory serve` replaces it"));
            }
            findings.extend(unwatched(told));
        }
    }
    let facts = json!({ "process": running, "told": told });
    Ok(Section { name: "daemon", lines, facts, findings })
}

/// Projects whose changes the daemon cannot follow, with the reason.
fn unwatched(told: &Value) -> Vec<Finding> {
    let projects = told["projects"].as_array().map(Vec::as_slice).unwrap_or_default();
    let reasons =
        projects.iter().filter_map(|project| Some((project["root"].as_str()?, project["reason"].as_str()?)));
    reasons
        .map(|(root, reason)| {
            let what = format!(
                "changes in {root} cannot be followed, each launch compares it with the disk: {reason}"
            );
            let fix =
                "nothing has to be done: it is slower, not staler; a higher limit helps where one is named";
            Finding::new(Level::Note, what, fix)
        })
        .collect()
}
