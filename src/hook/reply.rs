//! The replies that the client understands, each one JSON object on one line.

/// What the client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// Nothing: the client goes on as if rtk were not there.
    Nothing,
    /// The JSON text of the whole tool input, with the prompt or the command changed. No permission is decided.
    UpdatedInput(String),
    /// The launch is refused; the reason is the answer to its question.
    Answer(String),
    /// Text for the agent that has just started.
    AgentContext(String),
    /// A line that the client shows to the user; the agents do not see it.
    Notice(String),
}

impl Reply {
    /// The bytes for stdout, with a line end; empty for [`Reply::Nothing`].
    pub(super) fn into_bytes(self) -> Vec<u8> {
        let text = match self {
            Reply::Nothing => return Vec::new(),
            Reply::UpdatedInput(input) => {
                format!(r#"{{"hookSpecificOutput":{{"hookEventName":"PreToolUse","updatedInput":{input}}}}}"#)
            }
            Reply::Answer(reason) => format!(
                r#"{{"hookSpecificOutput":{{"hookEventName":"PreToolUse","permissionDecision":"deny","permissionDecisionReason":{}}}}}"#,
                serde_json::Value::String(reason)
            ),
            Reply::AgentContext(context) => format!(
                r#"{{"hookSpecificOutput":{{"hookEventName":"SubagentStart","additionalContext":{}}}}}"#,
                serde_json::Value::String(context)
            ),
            Reply::Notice(notice) => {
                format!(r#"{{"systemMessage":{}}}"#, serde_json::Value::String(notice))
            }
        };
        let mut bytes = text.into_bytes();
        bytes.push(b'\n');
        bytes
    }
}
