//! Reads the plan of a batch: a JSON document with a list of edits, each of one kind.

use super::{EditError, IfMatch};
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// More edits are no plan, they are a mistake.
const EDITS_MAX: usize = 100_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    edits: Vec<Raw>,
}

/// One edit as it is written down.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    file: Option<PathBuf>,
    content: Option<String>,
    old: Option<String>,
    new: Option<String>,
    count: Option<usize>,
    #[serde(default)]
    all: bool,
    patch: Option<String>,
    #[serde(default)]
    adapt: bool,
    #[serde(default)]
    create: bool,
    if_match: Option<String>,
}

/// One edit of a plan.
#[derive(Debug, Clone)]
pub struct PlannedEdit {
    /// The file; `None` for a patch that names its files.
    pub file: Option<PathBuf>,
    /// What happens to it.
    pub what: Step,
    /// What the file must be before the batch.
    pub if_match: Option<IfMatch>,
}

/// What an edit of a plan does.
#[derive(Debug, Clone)]
pub enum Step {
    /// Gives the file its whole content.
    Content(Vec<u8>),
    /// Replaces a passage.
    Passage {
        /// What is looked for.
        old: Vec<u8>,
        /// What takes its place.
        new: Vec<u8>,
        /// How often it must be there.
        times: super::Times,
        /// Whether whitespace may differ.
        adapt: bool,
    },
    /// Applies a patch.
    Patch {
        /// The patch.
        text: Vec<u8>,
        /// Whether whitespace may differ.
        adapt: bool,
    },
}

/// Reads a plan; `source` names it in errors.
pub fn parse_plan(source: &Path, text: &[u8]) -> Result<Vec<PlannedEdit>, EditError> {
    let document: Document = serde_json::from_slice(text).map_err(|error| {
        let lines = || text.split(|byte| *byte == b'\n');
        let excerpt = error.line().checked_sub(1).and_then(|line| lines().nth(line)).unwrap_or_default();
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        EditError::Parse {
            path: source.to_path_buf(),
            line: error.line().max(1),
            column: error.column().max(1),
            message,
            excerpt: String::from_utf8_lossy(excerpt).into_owned(),
        }
    })?;
    if document.edits.len() > EDITS_MAX {
        let message = format!("the plan has {} edits, more than {EDITS_MAX}", document.edits.len());
        return Err(EditError::Usage { message, hint: "split it into several plans".into() });
    }
    let edits = (1..).zip(document.edits);
    edits
        .map(|(number, raw)| {
            raw.planned().map_err(|message| EditError::Batch {
                number,
                cause: Box::new(EditError::Usage {
                    message,
                    hint: "each edit has file and content, or file, old and new, or patch".into(),
                }),
            })
        })
        .collect()
}

impl Raw {
    fn planned(self) -> Result<PlannedEdit, String> {
        let mut if_match = self.if_match.as_deref().map(IfMatch::parse).transpose()?;
        if self.create {
            if_match = Some(IfMatch::Missing);
        }
        let what = match (self.content, self.old, self.new, self.patch) {
            (Some(content), None, None, None) => Step::Content(content.into_bytes()),
            (None, Some(old), Some(new), None) => {
                let times = match (self.all, self.count) {
                    (true, Some(_)) => return Err("it has both all and count".into()),
                    (true, None) => super::Times::All,
                    (false, Some(count)) => super::Times::Exactly(count),
                    (false, None) => super::Times::Once,
                };
                Step::Passage { old: old.into_bytes(), new: new.into_bytes(), times, adapt: self.adapt }
            }
            (None, None, None, Some(text)) => Step::Patch { text: text.into_bytes(), adapt: self.adapt },
            (None, Some(_), None, None) => return Err("it has old and no new".into()),
            (None, None, Some(_), None) => return Err("it has new and no old".into()),
            (None, None, None, None) => return Err("it says nothing to do".into()),
            _ => return Err("it says several things to do".into()),
        };
        if self.file.is_none() && !matches!(what, Step::Patch { .. }) {
            return Err("it names no file".into());
        }
        if self.file.is_none() && if_match.is_some() {
            return Err("it has a condition and names no file".into());
        }
        Ok(PlannedEdit { file: self.file, what, if_match })
    }
}
