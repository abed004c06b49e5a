//! What rtk registers: one table of events, and the settings entry of each.

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

/// The handler in exec form: no shell between the client and the program.
pub(super) fn handler(command: &str) -> Value {
    json!({ "type": "command", "command": command, "args": [HOOK_ARGUMENT], "timeout": TIMEOUT_SECONDS })
}

/// The matcher group that holds the handler.
pub(super) fn group(registration: &Registration, command: &str) -> Value {
    match registration.matcher {
        Some(matcher) => json!({ "matcher": matcher, "hooks": [handler(command)] }),
        None => json!({ "hooks": [handler(command)] }),
    }
}
