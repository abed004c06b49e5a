//! Reads the plan of a batch: a JSON document with a list of edits, each of one kind.

use super::document::{Action, Format, KeyPath, Request, ValueType};
use super::{EditError, IfMatch};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
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
    set: Option<String>,
    unset: Option<String>,
    #[serde(default, deserialize_with = "there")]
    value: Option<Box<RawValue>>,
    #[serde(rename = "type")]
    kind: Option<ValueType>,
    #[serde(default)]
    insert: bool,
    #[serde(default)]
    create_parents: bool,
    move_to: Option<i64>,
    format: Option<Format>,
}

/// A value that is there, `null` included.
fn there<'d, D: Deserializer<'d>>(value: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(value).map(Some)
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
    /// Changes a value in a document.
    Value {
        /// Where and how.
        request: Request,
        /// What the document is.
        format: Format,
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
                    hint: "each edit has file and content, or file, old and new, or file, set and value, or file and unset, or patch".into(),
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
        if self.set.is_none() && (self.value.is_some() || self.kind.is_some() || self.move_to.is_some()) {
            return Err("it has a value and no key to set".into());
        }
        let change = match (&self.set, &self.unset) {
            (None, None) => None,
            (Some(_), Some(_)) => return Err("it has both set and unset".into()),
            (Some(key), None) => Some((key, self.action()?)),
            (None, Some(key)) => Some((key, Action::Unset)),
        };
        let what = match (self.content, self.old, self.new, self.patch, change) {
            (None, None, None, None, Some((key, action))) => {
                let path = KeyPath::parse(key).map_err(|fault| fault.to_string())?;
                let named = || self.file.as_deref().and_then(Format::of);
                let format = self.format.or_else(named).ok_or("the file's name does not say its format")?;
                Step::Value { request: Request { path, action }, format }
            }
            (Some(content), None, None, None, None) => Step::Content(content.into_bytes()),
            (None, Some(old), Some(new), None, None) => {
                let times = match (self.all, self.count) {
                    (true, Some(_)) => return Err("it has both all and count".into()),
                    (true, None) => super::Times::All,
                    (false, Some(count)) => super::Times::Exactly(count),
                    (false, None) => super::Times::Once,
                };
                Step::Passage { old: old.into_bytes(), new: new.into_bytes(), times, adapt: self.adapt }
            }
            (None, None, None, Some(text), None) => {
                Step::Patch { text: text.into_bytes(), adapt: self.adapt }
            }
            (None, Some(_), None, None, None) => return Err("it has old and no new".into()),
            (None, None, Some(_), None, None) => return Err("it has new and no old".into()),
            (None, None, None, None, None) => return Err("it says nothing to do".into()),
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

    /// What happens at the key that is set: text is text, everything else is the JSON that it is written as, and with a
    /// type the text of either is read as on a command line.
    fn action(&self) -> Result<Action, String> {
        let value = match (&self.value, self.move_to) {
            (None, Some(to)) => return Ok(Action::Move(to)),
            (Some(_), Some(_)) => return Err("it has both value and move_to".into()),
            (None, None) => return Err("it has set and no value".into()),
            (Some(value), None) => value.get(),
        };
        let text = serde_json::from_str::<String>(value).ok();
        let kind = if text.is_some() { ValueType::String } else { ValueType::Json };
        Ok(Action::Set {
            text: text.unwrap_or_else(|| value.to_owned()),
            kind: Some(self.kind.unwrap_or(kind)),
            insert: self.insert,
            create_parents: self.create_parents,
        })
    }
}
