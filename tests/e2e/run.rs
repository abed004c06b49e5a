//! What a run shows afterwards: each agent's requests, tool results, the client's own events, and a report for failures.

use crate::api::Request;
use crate::script::{MAIN, texts};
use crate::session::Sandbox;
use serde_json::Value;
use std::fmt::Write as _;
use std::process::ExitStatus;

/// Longest piece of text in a report, in characters.
const CLIP_CHARS: usize = 1500;

/// A finished run.
pub(crate) struct Run {
    status: Option<ExitStatus>,
    requests: Vec<Request>,
    events: Vec<Value>,
    /// The sandbox, the client's standard error and rtk's log, for the report.
    logs: String,
}

/// What a tool gave back to an agent.
#[derive(Debug, Clone)]
pub(crate) struct ToolResult {
    /// Whether it was marked as an error.
    pub(crate) is_error: bool,
    /// Its text.
    pub(crate) text: String,
}

impl Run {
    pub(crate) fn read(sandbox: &Sandbox, status: Option<ExitStatus>, requests: Vec<Request>) -> Run {
        let read = |name: &str| {
            std::fs::read(sandbox.path(name)).map(|raw| String::from_utf8_lossy(&raw).into_owned())
        };
        let output = read("stdout.jsonl").unwrap_or_default();
        let events = output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let mut logs = format!("--- sandbox (RTK_E2E_KEEP=1 keeps it): {}\n", sandbox.path("").display());
        for name in ["stderr.txt", "home/.local/state/rtk/rtk.log"] {
            if let Ok(text) = read(name) {
                logs += &format!("--- {name}\n{}\n", clip(&text));
            }
        }
        Run { status, requests, events, logs }
    }

    /// The agent of that name in the script; panics when it has asked nothing.
    pub(crate) fn agent(&self, name: &str) -> Agent<'_> {
        let agent = self.find(name);
        assert!(!agent.requests.is_empty(), "agent {name:?} never asked the API\n{}", self.report());
        agent
    }

    /// Whether the agent of that name in the script has asked anything.
    pub(crate) fn has(&self, name: &str) -> bool {
        !self.find(name).requests.is_empty()
    }

    /// The main agent.
    pub(crate) fn main(&self) -> Agent<'_> {
        self.agent(MAIN)
    }

    fn find(&self, name: &str) -> Agent<'_> {
        let requests = self.requests.iter().filter(|request| request.conversation == Some(name)).collect();
        Agent { run: self, requests }
    }

    /// Asserts that the session came to its proper end with these last words of the main agent.
    pub(crate) fn assert_ended(&self, last_words: &str) {
        let result = self.events.iter().rev().find(|event| event["type"] == "result").unwrap_or(&Value::Null);
        assert!(self.status.is_some_and(|status| status.success()), "the client failed\n{}", self.report());
        assert_eq!(result["subtype"], "success", "{}", self.report());
        assert_eq!(result["result"], last_words, "{}", self.report());
    }

    /// What each hook of that event has printed, as the client reports it.
    pub(crate) fn hook_outputs(&self, event: &str) -> Vec<String> {
        let of_event = |line: &&Value| line["subtype"] == "hook_response" && line["hook_event"] == event;
        let printed = |line: &Value| line["stdout"].as_str().unwrap_or_default().trim().to_owned();
        self.events.iter().filter(of_event).map(printed).collect()
    }

    /// Everything that helps to understand a failure.
    pub(crate) fn report(&self) -> String {
        let mut report = format!(
            "--- client: {}\n",
            self.status.map_or("killed: took too long".into(), |status| status.to_string())
        );
        for request in &self.requests {
            let messages = request.body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
            let asked = messages.iter().rev().find(|message| message["role"] == "user");
            let asked = asked.map(|message| message["content"].to_string()).unwrap_or_default();
            let who = request.conversation.unwrap_or("(nobody)");
            let id = request.agent_id().unwrap_or("-");
            _ = writeln!(
                report,
                "{} by {who} {id}, {} messages: {}",
                request.line,
                messages.len(),
                clip(&asked)
            );
        }
        for event in &self.events {
            if event["subtype"] == "hook_response" || event["type"] == "result" {
                _ = writeln!(report, "event {}", clip(&event.to_string()));
            }
        }
        report + &self.logs
    }
}

/// One agent's side of a run, as the API has seen it.
pub(crate) struct Agent<'a> {
    run: &'a Run,
    requests: Vec<&'a Request>,
}

impl Agent<'_> {
    /// The task as the model got it: the last text block of the first user message that begins with `original`.
    /// Panics when the original prompt does not come first and whole.
    pub(crate) fn prompt(&self, original: &str) -> String {
        let first =
            self.messages(0).iter().find(|message| message["role"] == "user").map(texts).unwrap_or_default();
        first
            .into_iter()
            .rev()
            .find(|text| text.starts_with(original))
            .unwrap_or_else(|| panic!("no prompt begins with {original:?}\n{}", self.run.report()))
    }

    /// The id that the client gave to this subagent; older clients send none.
    pub(crate) fn id(&self) -> Option<&str> {
        self.requests[0].agent_id()
    }

    /// The id of the agent that launched this one; absent below the main agent.
    pub(crate) fn parent_id(&self) -> Option<&str> {
        self.requests[0].headers.get("x-claude-code-parent-agent-id").map(String::as_str)
    }

    /// The model that the first request went to.
    pub(crate) fn model(&self) -> &str {
        self.requests[0].body["model"].as_str().unwrap_or_default()
    }

    /// The system prompt of the first request.
    pub(crate) fn system(&self) -> String {
        self.requests[0].body["system"].to_string()
    }

    /// Names of the tools that the agent was offered.
    pub(crate) fn tools(&self) -> Vec<&str> {
        let tools = self.requests[0].body["tools"].as_array().map(Vec::as_slice).unwrap_or_default();
        tools.iter().filter_map(|tool| tool["name"].as_str()).collect()
    }

    /// Every text that the model was shown as a message, of whatever role, in the agent's last request.
    pub(crate) fn everything(&self) -> String {
        let texts: Vec<String> = self.messages(self.requests.len() - 1).iter().flat_map(texts).collect();
        texts.join("\n")
    }

    /// What the call with this id gave back.
    pub(crate) fn tool_result(&self, call_id: &str) -> ToolResult {
        let blocks =
            self.requests.iter().rev().flat_map(|request| request.body["messages"].as_array()).flatten();
        let mut blocks = blocks.filter_map(|message| message["content"].as_array()).flatten();
        let found = blocks.find(|block| block["type"] == "tool_result" && block["tool_use_id"] == call_id);
        let block = found.unwrap_or_else(|| panic!("no result of {call_id}\n{}", self.run.report()));
        ToolResult { is_error: block["is_error"] == true, text: texts(block).join("\n") }
    }

    fn messages(&self, request: usize) -> &[Value] {
        self.requests[request].body["messages"].as_array().map(Vec::as_slice).unwrap_or_default()
    }
}

fn clip(text: &str) -> String {
    let mut clipped: String = text.chars().take(CLIP_CHARS).collect();
    if clipped.len() < text.len() {
        clipped += &format!(" … ({} bytes)", text.len());
    }
    clipped
}
