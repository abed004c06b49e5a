//! What agents opened, from the client's own transcripts: read when somebody looks at the record, never by the hook.
//!
//! The session's transcript is named by the client's events; those of its agents lie beside it, as
//! `<session>/subagents/agent-<id>.jsonl` with `agent-<id>.meta.json`. All of it is data of another program: read only,
//! bounded, and whatever is not understood is left out.

use crate::state::{Action, Launch};
use rustix::fs::{Mode, OFlags};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

/// Of a longer transcript the first part is read, in bytes.
const TRANSCRIPT_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// What is read at one look, notes and all, in bytes; launches beyond that are told without.
const LOOK_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Notes beside transcripts are this long at most, in bytes, and so many are read in one session.
const META_BYTES_MAX: u64 = 64 * 1024;
const METAS_MAX: usize = 2_000;
/// Transcripts whose result is kept.
const KEPT_MAX: usize = 2_000;
/// Tools of the client that open a file, or change one that it has opened; those that make new ones are left out.
const OPENING: &[&str] = &["Read", "Edit", "MultiEdit", "NotebookRead", "NotebookEdit"];

/// What an agent did with the files that its launch was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Use {
    /// Files that the slice showed.
    pub shown: usize,
    /// Files of the project that the agent opened with the client's tools so far.
    pub opened: usize,
    /// Those of them that the slice showed.
    pub hits: usize,
}

/// Reads transcripts; keeps what it found as long as they do not change.
#[derive(Debug, Default)]
pub struct Transcripts {
    kept: Mutex<HashMap<PathBuf, Kept>>,
}

#[derive(Debug)]
struct Kept {
    length: u64,
    modified: Option<SystemTime>,
    opened: BTreeSet<String>,
}

impl Transcripts {
    /// What became of the slices of these launches, in their order; beside each the id of the agent that has started, if
    /// the record has it. `None` where nothing was injected or no transcript is there.
    pub fn uses<'l>(
        &self,
        launches: impl IntoIterator<Item = (&'l Launch, Option<&'l str>)>,
    ) -> Vec<Option<Use>> {
        let mut left = LOOK_BYTES_MAX;
        let mut sessions: HashMap<PathBuf, Agents> = HashMap::new();
        let launches = launches.into_iter();
        launches
            .map(|(launch, agent_id)| {
                let folder = folder_of(launch).filter(|_| launch.action == Action::Injected)?;
                let agents = sessions.entry(folder.clone()).or_default();
                let agent = agents.of_launch(&folder, launch, agent_id, &mut left).filter(|id| is_id(id))?;
                let opened = self.opened(&folder.join(format!("agent-{agent}.jsonl")), &mut left)?;
                Some(use_of(launch, &opened))
            })
            .collect()
    }

    /// Paths, as the client has them, that the agent of a transcript opened.
    fn opened(&self, path: &Path, left: &mut u64) -> Option<BTreeSet<String>> {
        let (file, meta) = open(path)?;
        let (length, modified) = (meta.len(), meta.modified().ok());
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept.get(path)
            && (known.length, known.modified) == (length, modified)
        {
            return Some(known.opened.clone());
        }
        let text = read(file, &meta, TRANSCRIPT_BYTES_MAX, left)?;
        let opened = opened_in(&text);
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(path.to_path_buf(), Kept { length, modified, opened: opened.clone() });
        Some(opened)
    }
}

/// The folder of the agents of a launch's session; `None` when the path is not that of this session's transcript.
fn folder_of(launch: &Launch) -> Option<PathBuf> {
    let path = Path::new(launch.transcript.as_deref()?);
    let named = format!("{}.jsonl", launch.session_id);
    let is_own = path.is_absolute() && path.file_name().is_some_and(|name| name == named.as_str());
    is_own.then(|| path.with_extension("").join("subagents"))
}

/// Agents of one session, read when they are asked for, once in a look.
#[derive(Default)]
struct Agents {
    by_call: Option<BTreeMap<String, String>>,
    /// Ids with the head of what each was asked.
    prompts: Option<Vec<(String, String)>>,
}

impl Agents {
    /// The agent of a launch: by the client's own note, else by its prompt.
    fn of_launch(
        &mut self,
        folder: &Path,
        launch: &Launch,
        guess: Option<&str>,
        left: &mut u64,
    ) -> Option<String> {
        let by_call = self.by_call.get_or_insert_with(|| agents_of(folder, left));
        if let Some(agent) = launch.tool_use_id.as_ref().and_then(|id| by_call.get(id)) {
            return Some(agent.clone());
        }
        by_prompt(self.prompts.get_or_insert_with(|| prompts_of(folder, left)), launch, guess)
    }
}

/// Agents by the call that launched them, from the notes beside their transcripts.
fn agents_of(folder: &Path, left: &mut u64) -> BTreeMap<String, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Meta {
        tool_use_id: String,
    }
    let mut call =
        |path: &Path| Some(serde_json::from_slice::<Meta>(&head_of(path, left)?).ok()?.tool_use_id);
    let named = agent_files(folder, ".meta.json");
    named.filter_map(|(id, path)| Some((call(&path)?, id))).collect()
}

/// Agents with the head of what each was asked.
fn prompts_of(folder: &Path, left: &mut u64) -> Vec<(String, String)> {
    let named = agent_files(folder, ".jsonl");
    named
        .filter_map(|(id, path)| Some((id, crate::state::head(&first_prompt(&head_of(&path, left)?)?))))
        .collect()
}

/// Ids and paths of the agents' files with this end.
fn agent_files(folder: &Path, end: &'static str) -> impl Iterator<Item = (String, PathBuf)> {
    let agent = move |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().ok()?;
        Some((name.strip_prefix("agent-")?.strip_suffix(end)?.to_owned(), entry.path()))
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.take(METAS_MAX).filter_map(Result::ok).filter_map(agent)
}

/// The agent whose transcript begins with the prompt of a launch: older clients leave no notes, and of agents that
/// start together the record can only guess which is whose. The guess decides between several with the same prompt.
fn by_prompt(prompts: &[(String, String)], launch: &Launch, guess: Option<&str>) -> Option<String> {
    let asked = |(_, head): &&(String, String)| head.starts_with(&launch.prompt_head);
    let agents: Vec<&String> = prompts.iter().filter(asked).map(|(id, _)| id).collect();
    let guessed = agents.iter().find(|id| Some(id.as_str()) == guess);
    let only = || agents.first().filter(|_| agents.len() == 1);
    guessed.or_else(only).map(|id| (*id).clone())
}

/// What an agent was asked, from the first message of its transcript.
fn first_prompt(text: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct First {
        message: Asked,
    }
    #[derive(Deserialize)]
    struct Asked {
        content: serde_json::Value,
    }
    let mut lines = text.split(|&byte| byte == b'\n');
    let First { message } = lines.find_map(|line| serde_json::from_slice(line).ok())?;
    let text = message.content.pointer("/0/text").unwrap_or(&message.content);
    text.as_str().map(str::to_owned)
}

/// The first part of a file.
fn head_of(path: &Path, left: &mut u64) -> Option<Vec<u8>> {
    let (file, meta) = open(path)?;
    read(file, &meta, META_BYTES_MAX, left)
}

/// At most `bytes_max` of a file, as long as the look may read so much more.
fn read(file: File, meta: &std::fs::Metadata, bytes_max: u64, left: &mut u64) -> Option<Vec<u8>> {
    let wanted = meta.len().min(bytes_max);
    *left = left.checked_sub(wanted)?;
    let mut text = Vec::new();
    file.take(wanted).read_to_end(&mut text).ok()?;
    Some(text)
}

/// Opens a regular file; never waits for another program at the other end, and never follows a link.
fn open(path: &Path) -> Option<(File, std::fs::Metadata)> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
    let meta = file.metadata().ok().filter(std::fs::Metadata::is_file)?;
    Some((file, meta))
}

/// Ids become parts of paths.
fn is_id(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A line of a transcript as far as tools are concerned.
#[derive(Deserialize)]
struct Line {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: Vec<Block>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block {
    ToolUse {
        id: String,
        name: String,
        #[serde(default)]
        input: Input,
    },
    ToolResult {
        tool_use_id: String,
        #[serde(default)]
        is_error: bool,
    },
    #[serde(other)]
    Other,
}

#[derive(Default, Deserialize)]
struct Input {
    file_path: Option<String>,
    notebook_path: Option<String>,
}

/// Paths that the tool calls of a transcript opened, but for calls that failed.
fn opened_in(text: &[u8]) -> BTreeSet<String> {
    let mut calls: BTreeMap<String, String> = BTreeMap::new();
    for line in text.split(|&byte| byte == b'\n') {
        let Ok(Line { message }) = serde_json::from_slice(line) else { continue };
        for block in message.content {
            match block {
                Block::ToolUse { id, name, input } if OPENING.contains(&name.as_str()) => {
                    if let Some(path) = input.file_path.or(input.notebook_path) {
                        calls.insert(id, path);
                    }
                }
                Block::ToolResult { tool_use_id, is_error: true } => {
                    calls.remove(&tool_use_id);
                }
                _ => {}
            }
        }
    }
    calls.into_values().collect()
}

fn use_of(launch: &Launch, opened: &BTreeSet<String>) -> Use {
    let root = launch.project.as_deref().map(Path::new);
    let opened: BTreeSet<String> = opened.iter().filter_map(|path| inside(root?, path)).collect();
    let shown: BTreeSet<&String> = launch.paths.iter().collect();
    let hits = opened.iter().filter(|path| shown.contains(path)).count();
    Use { shown: shown.len(), opened: opened.len(), hits }
}

/// A path relative to the project, or to the agent's own work tree of it; `None` for one outside.
fn inside(root: &Path, path: &str) -> Option<String> {
    let relative = Path::new(path).strip_prefix(root).ok()?;
    let mut parts: Vec<&str> = Vec::new();
    for part in relative.components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::CurDir => {}
            _ => return None,
        }
    }
    let parts = match parts.as_slice() {
        [".claude", "worktrees", _, rest @ ..] => rest,
        parts => parts,
    };
    (!parts.is_empty()).then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn call(id: &str, tool: &str, key: &str, path: &str) -> String {
        let block = json!({ "type": "tool_use", "id": id, "name": tool, "input": { key: path, "limit": 5 } });
        json!({ "type": "assistant", "message": { "content": [{ "type": "text", "text": "t" }, block] } })
            .to_string()
    }

    fn failed(id: &str) -> String {
        let block =
            json!({ "type": "tool_result", "tool_use_id": id, "is_error": true, "content": "no such file" });
        json!({ "type": "user", "message": { "content": [block] } }).to_string()
    }

    fn launch(transcript: &Path) -> Launch {
        let mut launch = Launch::new("0355", 1);
        launch.action = Action::Injected;
        launch.tool_use_id = Some("toolu_1".into());
        launch.project = Some("/p".into());
        launch.prompt_head = "the prompt".into();
        launch.paths = vec!["src/a.rs".into(), "src/b.rs".into(), "src/c.rs".into()];
        launch.transcript = Some(transcript.to_str().unwrap().into());
        launch
    }

    /// A session's transcript with one agent beside it.
    fn session(lines: &[String]) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let agents = folder.path().join("0355/subagents");
        std::fs::create_dir_all(&agents).unwrap();
        let agent = agents.join("agent-a1.jsonl");
        std::fs::write(&agent, lines.join("\n")).unwrap();
        let transcript = folder.path().join("0355.jsonl");
        (folder, transcript, agent)
    }

    #[test]
    fn what_was_opened_is_counted_once_and_what_failed_or_is_new_or_outside_not_at_all() {
        let lines = [
            r#"{"type":"user","message":{"content":"the prompt as text"}}"#.to_owned(),
            call("1", "Read", "file_path", "/p/src/a.rs"),
            call("2", "Edit", "file_path", "/p/src/a.rs"),
            call("3", "Read", "file_path", "/p/.claude/worktrees/agent-a1/src/b.rs"),
            call("4", "Read", "file_path", "/p/src/c.rs"),
            failed("4"),
            call("5", "NotebookEdit", "notebook_path", "/p/notes/n.ipynb"),
            call("6", "Write", "file_path", "/p/src/new.rs"),
            call("7", "Read", "file_path", "/etc/hosts"),
            call("8", "Read", "file_path", "/p/../q/x.rs"),
            "{\"type\":\"assistant\",\"message\":{\"con".to_owned(),
        ];
        let (_folder, transcript, agent) = session(&lines);
        let launch = launch(&transcript);
        let transcripts = Transcripts::default();
        let uses = |agent| transcripts.uses([(&launch, agent)])[0];
        let used = Some(Use { shown: 3, opened: 3, hits: 2 });
        assert_eq!(uses(Some("a1")), used);
        assert_eq!(uses(None), used, "the only one with the prompt");
        // A guess that another agent's prompt gives the lie.
        let other = agent.with_file_name("agent-a2.jsonl");
        std::fs::write(&other, r#"{"message":{"content":[{"type":"text","text":"another prompt"}]}}"#)
            .unwrap();
        assert_eq!(uses(Some("a2")), used);
        assert_eq!(uses(Some("../subagents/agent-a1")), used);
        std::fs::write(&other, r#"{"message":{"content":[{"type":"text","text":"the prompt, too"}]}}"#)
            .unwrap();
        assert_eq!(uses(Some("a2")), Some(Use { shown: 3, opened: 0, hits: 0 }), "both may be meant");
        assert_eq!(uses(None), None);
        // The client's own note says which call launched the agent, whatever the record took it for.
        std::fs::write(agent.with_extension("meta.json"), r#"{"toolUseId":"toolu_1","x":1}"#).unwrap();
        assert_eq!(uses(None).map(|it| it.hits), Some(2));
        // More lines are seen.
        let more = format!("{}\n{}", lines.join("\n"), call("9", "Read", "file_path", "/p/src/c.rs"));
        std::fs::write(&agent, more).unwrap();
        assert_eq!(uses(Some("other")).map(|it| it.hits), Some(3));
    }

    #[test]
    fn a_launch_without_a_slice_and_a_path_that_is_no_transcript_are_told_without() {
        let asked = r#"{"message":{"content":"the prompt"}}"#.to_owned();
        let (folder, transcript, _) = session(&[asked, call("1", "Read", "file_path", "/p/src/a.rs")]);
        let transcripts = Transcripts::default();
        assert!(transcripts.uses([(&launch(&transcript), Some("a1"))])[0].is_some());
        let answered = Launch { action: Action::Answered, ..launch(&transcript) };
        let elsewhere = launch(&folder.path().join("0355"));
        let relative = launch(Path::new("0355.jsonl"));
        let foreign = Launch { session_id: "0356".into(), ..launch(&transcript) };
        for launch in [&answered, &elsewhere, &relative, &foreign] {
            assert_eq!(transcripts.uses([(launch, Some("a1"))]), [None]);
        }
    }

    #[test]
    fn a_look_reads_so_much_and_no_more_however_many_launches_and_agents_there_are() {
        let prompt = format!("{{\"message\":{{\"content\":\"another{}\"}}}}", "x".repeat(1000));
        let (_folder, transcript, agent) = session(std::slice::from_ref(&prompt));
        for number in 0..20 {
            std::fs::write(agent.with_file_name(format!("agent-b{number}.jsonl")), &prompt).unwrap();
        }
        let launch = launch(&transcript);
        let folder = folder_of(&launch).unwrap();
        let mut agents = Agents::default();
        let mut left = 100_000;
        for _ in 0..50 {
            assert_eq!(agents.of_launch(&folder, &launch, None, &mut left), None);
        }
        assert_eq!(100_000 - left, 21 * prompt.len() as u64, "each is read once");
        let mut left = 5 * prompt.len() as u64;
        assert_eq!(prompts_of(&folder, &mut left).len(), 5);
        assert_eq!(left, 0);
    }

    #[test]
    fn what_is_no_regular_file_is_not_waited_for_and_no_link_is_followed() {
        use rustix::fs::{CWD, FileType, mknodat};
        let asked = r#"{"message":{"content":"the prompt"}}"#.to_owned();
        let (folder, transcript, agent) = session(&[asked, call("1", "Read", "file_path", "/p/src/a.rs")]);
        let moved = folder.path().join("elsewhere.jsonl");
        let launch = launch(&transcript);
        let transcripts = Transcripts::default();
        assert_eq!(transcripts.uses([(&launch, Some("a1"))])[0].map(|it| it.hits), Some(1));
        std::fs::rename(&agent, &moved).unwrap();
        std::os::unix::fs::symlink(&moved, &agent).unwrap();
        assert_eq!(transcripts.uses([(&launch, Some("a1"))]), [None]);
        std::fs::remove_file(&agent).unwrap();
        for name in ["agent-a1.jsonl", "agent-a1.meta.json"] {
            mknodat(CWD, agent.with_file_name(name), FileType::Fifo, Mode::RWXU, 0).unwrap();
        }
        assert_eq!(transcripts.uses([(&launch, Some("a1"))]), [None]);
    }
}
