//! What rtk registers: one table of events, the settings entry of each in either form, and the MCP server's.

use crate::text::JsonNode;
use serde_json::{Value, json};

/// The argument that makes the program answer a client event.
pub(super) const HOOK_ARGUMENT: &str = "hook";
/// Time the client gives the hook, in seconds; the hook's own deadline is far shorter.
pub(super) const TIMEOUT_SECONDS: u64 = 10;
/// The name that a shared settings file uses: team mates have the program elsewhere.
pub(super) const BARE_NAME: &str = "rtk";

/// What agents may be allowed to run without a question, when the user asks for it: both only read.
pub(super) const RULES: [&str; 2] = ["Bash(rtk memory plan:*)", "Bash(rtk memory explore:*)"];
/// The permission rule that lets rewritten commands pass where git's own would: `rtk git --read-only` refuses all others.
/// `None` for a program whose path a shell would have to quote.
pub(super) fn reading_rule(program: &str) -> Option<String> {
    let plain = |ch: char| ch.is_ascii_alphanumeric() || "_-./".contains(ch);
    let absolute = program.starts_with('/') && program.chars().all(plain);
    absolute.then(|| format!("{READING_RULE_START}{program}{READING_RULE_END}"))
}

const READING_RULE_START: &str = "Bash(";
const READING_RULE_END: &str = " git --read-only:*)";

/// The matcher of versions that rewrote no shell commands.
pub(super) const EARLIER_MATCHER: &str = "Task|Agent";

/// One registered event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Registration {
    /// The client's event name.
    pub(super) event: &'static str,
    /// Tool names in the client's matcher language; `None` for events without tools.
    pub(super) matcher: Option<&'static str>,
}

/// Every event that the hook serves; of shell commands the git ones are rewritten. The subagent tool has two names: `Task` up to 2.1.62, `Agent` since.
pub(super) const REGISTRATIONS: &[Registration] = &[
    Registration { event: "PreToolUse", matcher: Some("Task|Agent|Bash") },
    Registration { event: "SubagentStart", matcher: None },
    Registration { event: "SessionStart", matcher: None },
];

/// The argument that makes the program serve the memory as MCP tools.
pub(super) const MCP_ARGUMENT: &str = "mcp";
/// Events that the client sends to programs only, never over HTTP.
const PROGRAMS_ONLY: [&str; 1] = ["SessionStart"];
/// Where the daemon takes events.
const HOOK_PATH: &str = "/v1/hook";
/// A header that nobody else sends: by it an entry of this form is known as rtk's.
const MARK_HEADER: &str = "Rtk-Hook";
/// The header that carries the token.
const TOKEN_HEADER: &str = "Authorization";
/// Hosts that an entry of rtk's may name.
const HOSTS: [&str; 2] = ["127.0.0.1", "localhost"];

/// Where the daemon listens, and what lets one in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpHook {
    /// Its port on the loopback.
    pub port: u16,
    /// Its bearer token.
    pub token: String,
}

impl HttpHook {
    fn url(&self) -> String {
        format!("http://{}:{}{HOOK_PATH}", HOSTS[0], self.port)
    }

    /// What an entry of this form names, if it is rtk's.
    pub(super) fn of(handler: &JsonNode) -> Option<HttpHook> {
        if handler.get("type")?.as_str()? != "http" {
            return None;
        }
        let address = handler.get("url")?.as_str()?.strip_prefix("http://")?.strip_suffix(HOOK_PATH)?;
        let (host, port) = address.rsplit_once(':')?;
        let headers = handler.get("headers")?;
        let ours = HOSTS.contains(&host) && headers.get(MARK_HEADER).is_some();
        let token = headers.get(TOKEN_HEADER).and_then(JsonNode::as_str).unwrap_or_default();
        let token = token.strip_prefix("Bearer ").unwrap_or_default().to_owned();
        Some(HttpHook { port: port.parse().ok()?, token }).filter(|_| ours)
    }
}

/// How the client reaches rtk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wiring<'w> {
    /// The program that it starts.
    pub(super) command: &'w str,
    /// The daemon that it asks instead, for the events where it can.
    pub(super) http: Option<&'w HttpHook>,
}

impl Wiring<'_> {
    /// The daemon, if the client asks it for this event.
    pub(super) fn http(&self, event: &str) -> Option<&HttpHook> {
        self.http.filter(|_| !PROGRAMS_ONLY.contains(&event))
    }

    /// The handler: in exec form, no shell between the client and the program, or as a request with no process at all.
    pub(super) fn handler(&self, event: &str) -> Value {
        match self.http(event) {
            Some(http) => json!({
                "type": "http",
                "url": http.url(),
                "headers": { TOKEN_HEADER: format!("Bearer {}", http.token), MARK_HEADER: "1" },
                "timeout": TIMEOUT_SECONDS,
            }),
            None => json!({
                "type": "command",
                "command": self.command,
                "args": [HOOK_ARGUMENT],
                "timeout": TIMEOUT_SECONDS,
            }),
        }
    }

    /// The matcher group that holds the handler.
    pub(super) fn group(&self, registration: &Registration) -> Value {
        let handler = self.handler(registration.event);
        match registration.matcher {
            Some(matcher) => json!({ "matcher": matcher, "hooks": [handler] }),
            None => json!({ "hooks": [handler] }),
        }
    }
}
