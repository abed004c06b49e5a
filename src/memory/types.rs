//! What is asked of the memory and what it answers.

use super::search::Found;
use serde::{Deserialize, Serialize};

/// Kind of task; a hint for the ranking, never a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueryType {
    /// Anything else.
    General,
    /// Something is wrong.
    Bugfix,
    /// Something new.
    Feature,
    /// The same in another form.
    Refactor,
    /// Something is broken now: logs, traces.
    Incident,
    /// Tests are asked for.
    Test,
    /// Documentation is asked for.
    Docs,
}

/// How much of each file to show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Detail {
    /// Paths, reasons and outlines.
    Compact,
    /// And the snippets that matter most.
    #[default]
    Normal,
    /// And more of them.
    Verbose,
}

/// A question to the memory.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The task, in any language.
    pub task: &'a str,
    /// Kind of task; guessed when `None`.
    pub query_type: Option<QueryType>,
    /// How many candidates the report keeps.
    pub top: usize,
}

/// Limits of one assembled slice.
#[derive(Debug, Clone)]
pub struct Budget<'a> {
    /// In tokens.
    pub tokens: usize,
    /// Hard limit, in characters.
    pub chars: usize,
    /// How much of each file.
    pub detail: Detail,
    /// Paths whose content another launch of the same turn already got: named, not repeated.
    pub given: &'a [String],
}

/// How sure the memory is that the slice has to do with the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Nothing to say.
    None,
    /// Something, but it may be chance.
    Low,
    /// The words of the task are at home in these files.
    High,
}

/// One file that was considered.
#[derive(Debug, Clone, Serialize)]
pub struct Candidate {
    /// Relative to the root; bytes that are not UTF-8 and control characters are escaped.
    pub path: String,
    /// Higher is better; comparable within one answer only.
    pub score: f64,
    /// Why it is here, most telling first.
    pub reasons: Vec<String>,
    /// Whether the slice shows it.
    pub shown: bool,
    /// Tokens that it takes in the slice.
    pub tokens: usize,
    /// Why it was left out or shortened.
    pub cut: Option<String>,
    /// What the score is made of, largest share first.
    pub signals: Vec<SignalShare>,
}

/// One signal of a candidate.
#[derive(Debug, Clone, Serialize)]
pub struct SignalShare {
    /// Name of the signal.
    pub name: &'static str,
    /// Its raw value.
    pub value: f32,
    /// What it adds to the score.
    pub share: f32,
}

/// What the slice is made of, for the header and for tools.
#[derive(Debug, Clone, Serialize)]
pub struct Facts {
    /// The root folder.
    pub root: String,
    /// Abbreviated commit of HEAD; `None` without git or before the first commit.
    pub commit: Option<String>,
    /// Branch of HEAD; `None` when detached or without git.
    pub branch: Option<String>,
    /// Files known to the scan.
    pub files_known: usize,
    /// Files in the index; smaller than `files_known` while indexing goes on.
    pub files_indexed: usize,
    /// Whether the walk over the project saw everything.
    pub walked: bool,
    /// Files whose words meet the task at all.
    pub candidates: usize,
    /// How sure the answer is: above 0 the task is more likely about this project than not.
    pub certainty: f32,
    /// What that rests on, mostly shares of the task that the project and the best files have.
    pub grounds: Vec<(&'static str, f32)>,
    /// Microseconds: freshness check, update, query, evidence.
    pub timings_us: Vec<(String, u64)>,
}

/// A ranked answer before it is cut to a budget.
pub struct Ranked {
    /// What it is made of.
    pub facts: Facts,
    /// How sure it is.
    pub confidence: Confidence,
    /// Kind of task that was assumed.
    pub query_type: QueryType,
    /// Best first, at most `Question::top`.
    pub candidates: Vec<Candidate>,
    pub(super) found: Vec<Found>,
}

impl Ranked {
    /// An answer without any content of files, such as an abstention.
    pub fn of(
        facts: Facts,
        confidence: Confidence,
        query_type: QueryType,
        candidates: Vec<Candidate>,
    ) -> Ranked {
        Ranked { facts, confidence, query_type, candidates, found: Vec::new() }
    }
}

/// A slice: text within the budget and the account of how it came about.
#[derive(Debug, Clone, Serialize)]
pub struct Plan {
    /// What it is made of.
    pub facts: Facts,
    /// How sure it is.
    pub confidence: Confidence,
    /// Kind of task that was assumed.
    pub query_type: QueryType,
    /// All candidates of the report, best first, with what became of them.
    pub candidates: Vec<Candidate>,
    /// The slice for a model: header, files, how to get more. Repository text in it has been made inert.
    pub text: String,
    /// Estimated tokens of `text`.
    pub tokens: usize,
}
