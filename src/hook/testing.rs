//! A machine of its own for the tests of the hook: a temporary home and project, and a memory that does as it is told.

use super::knowledge::Knowledge;
use crate::base::{Env, Paths};
use crate::memory::{
    Budget, Candidate, Confidence, Context, Facts, IndexError, Plan, QueryType, Question, Ranked,
};
use crate::project::Root;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the memory of a test does.
#[derive(Clone)]
pub(super) struct Scripted {
    pub(super) confidence: Confidence,
    pub(super) search_sleep: Duration,
    pub(super) panics: bool,
    pub(super) fails: bool,
    /// Characters of the rendered text; a short one when `None`.
    pub(super) text_chars: Option<usize>,
    /// What was asked and given, for the test to look at.
    pub(super) seen: Arc<Mutex<Seen>>,
}

#[derive(Default, Clone)]
pub(super) struct Seen {
    pub(super) tasks: Vec<String>,
    pub(super) given: Vec<Vec<String>>,
    pub(super) glances: usize,
}

impl Scripted {
    pub(super) fn sure() -> Scripted {
        Scripted {
            confidence: Confidence::High,
            search_sleep: Duration::ZERO,
            panics: false,
            fails: false,
            text_chars: None,
            seen: Arc::default(),
        }
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }
}

fn candidate(path: &str) -> Candidate {
    Candidate {
        path: path.into(),
        score: 1.5,
        reasons: vec!["names parse".into()],
        shown: true,
        tokens: 9,
        cut: None,
        signals: Vec::new(),
    }
}

impl Knowledge for Scripted {
    fn search(
        &self,
        context: &Context<'_>,
        root: &Root,
        question: &Question<'_>,
    ) -> Result<Ranked, IndexError> {
        std::thread::sleep(self.search_sleep);
        assert!(!self.panics, "the memory of this test panics");
        if self.fails {
            return Err(IndexError::Store(crate::store::StoreError::Locked {
                path: "the memory of this test".into(),
            }));
        }
        assert!(!context.deadline.passed());
        self.seen.lock().unwrap().tasks.push(question.task.to_owned());
        let facts = Facts {
            walked: true,
            root: root.path.display().to_string(),
            commit: None,
            branch: None,
            files_known: 2,
            files_indexed: 2,
            candidates: 2,
            certainty: 0.0,
            grounds: Vec::new(),
            timings_us: vec![("query".into(), 5)],
        };
        Ok(Ranked::of(facts, self.confidence, QueryType::General, Vec::new()))
    }

    fn assemble(&self, ranked: &Ranked, budget: &Budget<'_>) -> Plan {
        self.seen.lock().unwrap().given.push(budget.given.to_vec());
        let mut candidates = vec![candidate("src/a.rs"), candidate("src/b.rs")];
        candidates.retain(|candidate| !budget.given.contains(&candidate.path));
        let text = match self.text_chars {
            Some(chars) => "x".repeat(chars),
            None => format!("SLICE of {} files", candidates.len()),
        };
        let (confidence, query_type) = (ranked.confidence, ranked.query_type);
        Plan { facts: ranked.facts.clone(), confidence, query_type, candidates, tokens: 7, text }
    }

    fn glance(&self, _: &Context<'_>, _: &Root, chars: usize) -> Result<String, IndexError> {
        self.seen.lock().unwrap().glances += 1;
        Ok("GLANCE "
            .repeat(self.text_chars.unwrap_or(70) / 7)
            .chars()
            .take(chars.max(self.text_chars.unwrap_or(0)))
            .collect())
    }
}

/// A temporary machine with a project in it.
pub(super) struct Machine {
    folder: tempfile::TempDir,
    vars: Vec<(String, String)>,
}

impl Machine {
    pub(super) fn new() -> Machine {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("project/src")).unwrap();
        std::fs::write(folder.path().join("project/Cargo.toml"), "[package]\nname = \"x\"\n").unwrap();
        // A busy machine must not turn into a missed deadline.
        Machine { folder, vars: vec![("RTK_HOOK_DEADLINE_MS".into(), "60000".into())] }
    }

    pub(super) fn var(mut self, key: &str, value: &str) -> Machine {
        self.vars.push((key.into(), value.into()));
        self
    }

    pub(super) fn path(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub(super) fn env(&self) -> Env {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let mut vars = vec![("RTK_HOME".to_owned(), path("rtk")), ("HOME".to_owned(), path("home"))];
        vars.extend(self.vars.iter().cloned());
        Env::of(&self.folder.path().join("project"), vars)
    }

    pub(super) fn paths(&self) -> Paths {
        Paths::of(&self.env()).unwrap()
    }

    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.paths().log()).unwrap_or_default()
    }

    /// Feeds one event through the whole hook; the reply as text, empty when there is none.
    pub(super) fn send(&self, memory: &Scripted, event: &str) -> String {
        let event = event.replace("$CWD", &self.folder.path().join("project").display().to_string());
        let input = std::io::Cursor::new(event.into_bytes());
        String::from_utf8(super::answer(self.env(), input, memory.clone())).unwrap()
    }

    /// Sends a launch of the session "s"; `fields` are further members of the event, `input` of the tool input.
    pub(super) fn launch(&self, memory: &Scripted, fields: &str, input: &str) -> serde_json::Value {
        let event = format!(
            r#"{{"hook_event_name":"PreToolUse","tool_name":"Agent","session_id":"s","cwd":"$CWD"{fields},"tool_input":{{"description":"d"{input}}}}}"#
        );
        parsed(&self.send(memory, &event))
    }

    /// The latest launch in the record.
    pub(super) fn last_launch(&self) -> crate::state::Launch {
        crate::state::find(&self.paths(), None).unwrap().unwrap().launch
    }
}

/// The reply's `hookSpecificOutput`; null when there is no reply.
pub(super) fn parsed(reply: &str) -> serde_json::Value {
    if reply.is_empty() {
        return serde_json::Value::Null;
    }
    assert!(reply.ends_with('\n') && reply.matches('\n').count() == 1, "one line: {reply:?}");
    let value: serde_json::Value = serde_json::from_str(reply).unwrap();
    value["hookSpecificOutput"].clone()
}
