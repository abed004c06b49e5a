//! The rows of a session's record, as they are written and as the hot path reads them.

use serde::{Deserialize, Serialize};

/// Version of the row format; readers skip what they do not know.
const VERSION: u32 = 1;

/// What the hook did with a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// The slice was added to the prompt.
    Injected,
    /// The launch was denied with the slice as its reason.
    Answered,
    /// Nothing confident was to be said.
    Abstained,
    /// The launch was none of the hook's business.
    Skipped,
    /// Something went wrong; the launch went on untouched.
    Failed,
}

/// One row of a session's record.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// The client was about to launch an agent.
    Launch(Box<Launch>),
    /// An agent has started.
    SubagentStart(Started),
    /// The hook failed on an event.
    Error(ErrorRow),
}

/// A launch and what was decided, with everything that explains it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Launch {
    /// Version of the row format.
    pub v: u32,
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The client's session.
    pub session_id: String,
    /// The client's id of the call.
    pub tool_use_id: Option<String>,
    /// The turn; absent in clients before 2.1.196.
    pub prompt_id: Option<String>,
    /// The agent that launches; absent for the main agent.
    pub agent_id: Option<String>,
    /// The agent type as the client was told; `general-purpose` when it was left out.
    pub agent_type: String,
    /// The launched agent's own name (teammates).
    pub name: Option<String>,
    /// `worktree` or `remote`.
    pub isolation: Option<String>,
    /// The project's root folder.
    pub project: Option<String>,
    /// The session's transcript, as the client told; rows of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
    /// What was done.
    pub action: Action,
    /// Why, as one short sentence.
    pub reason: String,
    /// What kind of launch the policy saw: `exploration` or `agent`, and the policy's name.
    pub class: String,
    /// Hash of the prompt without our block, hexadecimal.
    pub prompt_hash: String,
    /// Characters of the prompt without our block.
    pub prompt_chars: usize,
    /// Its beginning, secrets masked.
    pub prompt_head: String,
    /// Hashes of its words, bounded: enough to see that two prompts ask the same.
    pub sketch: Vec<u32>,
    /// Paths that the slice shows.
    pub paths: Vec<String>,
    /// Paths that were only named since a sibling had them.
    pub given: Vec<String>,
    /// How sure the memory was.
    pub confidence: Option<String>,
    /// Kind of task that was assumed.
    pub query_type: Option<String>,
    /// Estimated tokens of the slice.
    pub slice_tokens: usize,
    /// Characters of the slice, its marks included.
    pub slice_chars: usize,
    /// Commit of the project at that moment.
    pub commit: Option<String>,
    /// Files known and files indexed at that moment.
    pub files: [usize; 2],
    /// Steps with their microseconds.
    pub timings_us: Vec<(String, u64)>,
    /// What was considered, best first, bounded. The last field: the hot path reads a row up to here.
    pub candidates: Vec<CandidateRow>,
}

impl Launch {
    /// An empty row of the current version: skipped for no reason yet.
    pub fn new(session_id: &str, at_ms: i64) -> Launch {
        Launch {
            v: VERSION,
            at_ms,
            session_id: session_id.to_owned(),
            tool_use_id: None,
            prompt_id: None,
            agent_id: None,
            agent_type: String::new(),
            name: None,
            isolation: None,
            project: None,
            transcript: None,
            action: Action::Skipped,
            reason: String::new(),
            class: String::new(),
            prompt_hash: String::new(),
            prompt_chars: 0,
            prompt_head: String::new(),
            sketch: Vec::new(),
            paths: Vec::new(),
            given: Vec::new(),
            confidence: None,
            query_type: None,
            slice_tokens: 0,
            slice_chars: 0,
            commit: None,
            files: [0, 0],
            timings_us: Vec::new(),
            candidates: Vec::new(),
        }
    }
}

/// One candidate of a launch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CandidateRow {
    /// Relative to the root.
    pub path: String,
    /// Higher is better; comparable within one launch only.
    pub score: f64,
    /// Why it was considered, most telling first.
    pub reasons: Vec<String>,
    /// Whether the slice shows it.
    pub shown: bool,
    /// Tokens that it takes in the slice.
    pub tokens: usize,
    /// Why it was left out or shortened.
    pub cut: Option<String>,
}

/// An agent that has started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Started {
    /// Version of the row format.
    pub v: u32,
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The agent.
    pub agent_id: Option<String>,
    /// Its type, or its name for teammates.
    pub agent_type: String,
    /// `launch` that announced it (its `tool_use_id` or time), or nothing.
    pub consumed: Option<String>,
    /// Characters of context that it got.
    pub context_chars: usize,
}

impl Started {
    /// A row of the current version.
    pub fn new(at_ms: i64, agent_id: Option<String>, agent_type: String) -> Started {
        Started { v: VERSION, at_ms, agent_id, agent_type, consumed: None, context_chars: 0 }
    }
}

/// A failure of the hook.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ErrorRow {
    /// Version of the row format.
    pub v: u32,
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Which event it was.
    pub event: String,
    /// What went wrong.
    pub message: String,
}

impl ErrorRow {
    /// A row of the current version.
    pub fn new(at_ms: i64, event: &str, message: &str) -> ErrorRow {
        ErrorRow { v: VERSION, at_ms, event: event.to_owned(), message: message.to_owned() }
    }
}

/// What later events of the session need of a row; the rest is not even parsed into memory.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// `launch`, `subagent_start`, `error` or a kind of a newer version.
    pub kind: String,
    /// Milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// As in [`Launch`].
    pub tool_use_id: Option<String>,
    /// As in [`Launch`].
    pub prompt_id: Option<String>,
    /// As in [`Launch`] or [`Started`].
    pub agent_id: Option<String>,
    /// As in [`Launch`] or [`Started`].
    pub agent_type: String,
    /// As in [`Launch`].
    pub name: Option<String>,
    /// As in [`Launch`]; `None` for other rows and unknown actions.
    #[serde(deserialize_with = "known_action")]
    pub action: Option<Action>,
    /// As in [`Launch`].
    pub prompt_hash: String,
    /// As in [`Launch`].
    pub sketch: Vec<u32>,
    /// As in [`Launch`].
    pub paths: Vec<String>,
    /// As in [`Started`].
    pub consumed: Option<String>,
}

impl Mark {
    /// Whether the row is a launch.
    pub fn is_launch(&self) -> bool {
        self.kind == "launch"
    }

    /// What a [`Started`] row names as the launch that it consumed.
    pub fn launch_key(&self) -> String {
        self.tool_use_id.clone().unwrap_or_else(|| format!("at {}", self.at_ms))
    }
}

fn known_action<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Action>, D::Error> {
    let text = String::deserialize(from)?;
    let known = [Action::Injected, Action::Answered, Action::Abstained, Action::Skipped, Action::Failed];
    Ok(known.into_iter().find(|action| action.name() == text))
}

impl Action {
    /// The word that stands for the action in the record.
    pub fn name(self) -> &'static str {
        match self {
            Action::Injected => "injected",
            Action::Answered => "answered",
            Action::Abstained => "abstained",
            Action::Skipped => "skipped",
            Action::Failed => "failed",
        }
    }
}
