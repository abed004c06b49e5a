//! Says what became of edits: a word for people and agents, a document for tools, a diff for `--dry-run`.

use super::super::{CliError, Session};
use super::args::{OutputForm, Shared};
use crate::edit::{Cost, Done, Edited, Streamed, hex_hash};
use crate::fs::{Outcome, Statistics};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Exit code for "nothing had to be changed", given only where it was asked for.
const UNCHANGED: u8 = 3;
/// Exit code for "in place, but a power cut may bring the old file back".
const NOT_DURABLE: u8 = 4;
/// After this time a diff is made of larger pieces.
const DIFF_TIME: Duration = Duration::from_millis(500);

/// Who is told, and how.
pub(super) struct Report<'r> {
    pub(super) session: &'r Session,
    pub(super) shared: &'r Shared,
}

impl Report<'_> {
    /// Says what became of the edits of one command, and gives its exit code.
    pub(super) fn of(&self, edits: &[Edited], cost: Cost) -> Result<ExitCode, CliError> {
        let out = &self.session.out;
        match self.shared.form(self.session) {
            OutputForm::Json => out.json(&document(edits, cost))?,
            _ if self.shared.dry_run => {
                edits.iter().try_for_each(|edited| out.raw(diff(edited).as_bytes()))?;
            }
            OutputForm::Quiet => {}
            OutputForm::Concise => out.line(weakest(edits).1)?,
        }
        self.tell_cost(cost);
        for edited in edits {
            if let Done::Written(outcome) = &edited.done {
                self.warn_if_not_durable(&edited.path, outcome);
            }
        }
        Ok(self.code(weakest(edits).0))
    }
}

impl Report<'_> {
    /// The same for content that was too long to be held.
    pub(super) fn of_stream(&self, streamed: &Streamed, cost: Cost) -> Result<ExitCode, CliError> {
        let out = &self.session.out;
        let (strength, concise, word) = outcome_words(&streamed.outcome);
        match self.shared.form(self.session) {
            OutputForm::Json => {
                let file = json!({
                    "path": streamed.path, "outcome": word, "changed": strength != Strength::Unchanged,
                    "bytes": streamed.bytes, "sha256": streamed.hash,
                });
                out.json(&json!({ "schema": 1, "files": [file], "cost": cost_document(cost) }))?;
            }
            OutputForm::Quiet => {}
            OutputForm::Concise => out.line(concise)?,
        }
        self.tell_cost(cost);
        self.warn_if_not_durable(&streamed.path, &streamed.outcome);
        Ok(self.code(strength))
    }

    fn tell_cost(&self, cost: Cost) {
        if self.session.out.is_verbose() && !self.shared.dry_run {
            let Cost { statistics: Statistics { bytes, syncs, renames }, micros } = cost;
            self.session.out.note(&format!("{bytes} bytes, {syncs} syncs, {renames} renames, {micros} µs"));
        }
    }

    fn warn_if_not_durable(&self, path: &Path, outcome: &Outcome) {
        if let Outcome::VisibleNotDurable { reason: Some(reason) } = outcome {
            let path = path.display();
            self.session.out.warn(&format!("{path} is in place, but may be lost in a power cut: {reason}"));
        }
    }

    fn code(&self, strength: Strength) -> ExitCode {
        ExitCode::from(match strength {
            Strength::Unchanged if self.shared.exit_code => UNCHANGED,
            Strength::NotDurable => NOT_DURABLE,
            _ => 0,
        })
    }
}

/// Outcomes from the one that says least to the one that matters most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    Unchanged,
    Done,
    NotDurable,
}

/// What a whole command comes to, with the word for it.
fn weakest(edits: &[Edited]) -> (Strength, &'static str) {
    let all = edits.iter().map(strength).max();
    all.unwrap_or((Strength::Unchanged, "unchanged"))
}

fn strength(edited: &Edited) -> (Strength, &'static str) {
    match &edited.done {
        Done::Planned if edited.before.as_ref() == Some(&edited.after) => (Strength::Unchanged, "unchanged"),
        Done::Planned => (Strength::Done, "planned"),
        Done::Written(outcome) => {
            let (strength, concise, _) = outcome_words(outcome);
            (strength, concise)
        }
    }
}

/// How an outcome counts, the words for it, and the word for it in JSON.
fn outcome_words(outcome: &Outcome) -> (Strength, &'static str, &'static str) {
    match outcome {
        Outcome::Unchanged => (Strength::Unchanged, "unchanged", "unchanged"),
        Outcome::Durable => (Strength::Done, "ok", "durable"),
        Outcome::VisibleNotDurable { reason: None } => (Strength::Done, "ok, not synced", "not_synced"),
        Outcome::VisibleNotDurable { reason: Some(_) } => {
            (Strength::NotDurable, "not durable", "visible_not_durable")
        }
    }
}

/// The word for an edit in JSON.
fn word(edited: &Edited) -> &'static str {
    match &edited.done {
        Done::Planned => "planned",
        Done::Written(outcome) => outcome_words(outcome).2,
    }
}

fn document(edits: &[Edited], cost: Cost) -> Value {
    let files: Vec<Value> = edits
        .iter()
        .map(|edited| {
            let mut file = json!({
                "path": edited.path,
                "outcome": word(edited),
                "changed": edited.before.as_ref() != Some(&edited.after),
                "bytes": edited.after.len(),
                "sha256": hex_hash(&edited.after),
            });
            if edited.done == Done::Planned {
                file["diff"] = diff(edited).into();
            }
            file
        })
        .collect();
    json!({ "schema": 1, "files": files, "cost": cost_document(cost) })
}

fn cost_document(cost: Cost) -> Value {
    let Cost { statistics: Statistics { bytes, syncs, renames }, micros } = cost;
    json!({ "bytes": bytes, "syncs": syncs, "renames": renames, "micros": micros })
}

/// A unified diff; a file that is not there is named `/dev/null`, bytes that are no UTF-8 are shown as `U+FFFD`.
fn diff(edited: &Edited) -> String {
    if edited.before.as_ref() == Some(&edited.after) {
        return String::new();
    }
    let path = edited.path.display().to_string();
    let old = if edited.before.is_some() { path.as_str() } else { "/dev/null" };
    let before = String::from_utf8_lossy(edited.before.as_deref().unwrap_or_default());
    let after = String::from_utf8_lossy(&edited.after);
    let lines = similar::TextDiff::configure().timeout(DIFF_TIME).diff_lines(before.as_ref(), after.as_ref());
    let text = lines.unified_diff().header(old, &path).to_string();
    if text.is_empty() { format!("--- {old}\n+++ {path}\n") } else { text }
}
