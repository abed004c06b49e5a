//! A settings file of the client as far as hooks go: groups and handlers in place, and what makes it unusable.

use super::InstallError;
use crate::text::{JsonDocument, JsonKind, JsonNode};
use std::path::Path;

/// Kinds of handlers that the client knows.
const HANDLER_KINDS: [&str; 5] = ["command", "http", "mcp_tool", "prompt", "agent"];
/// Events in which one bad entry makes the client skip the whole file.
const STRICT_EVENTS: [&str; 2] = ["PreToolUse", "PermissionRequest"];

/// A parsed settings file whose hooks have the types that the client expects.
#[derive(Debug)]
pub(super) struct SettingsDocument<'t> {
    pub(super) json: JsonDocument<'t>,
}

/// One hook handler and where it stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct HandlerAt<'d> {
    /// The event that it is registered for.
    pub(super) event: &'d str,
    /// Index of its group in the event's list.
    pub(super) group: usize,
    /// Index of the handler in the group.
    pub(super) index: usize,
    /// The matcher of the group.
    pub(super) matcher: Option<&'d str>,
    /// The handler itself.
    pub(super) node: &'d JsonNode,
}

impl<'t> SettingsDocument<'t> {
    /// Parses strictly; refuses a root, `hooks` or list of groups of another type. Blank files are fine.
    pub(super) fn parse(path: &Path, bytes: &'t [u8]) -> Result<SettingsDocument<'t>, InstallError> {
        let json = JsonDocument::parse(bytes)
            .map_err(|error| InstallError::NotJson { path: path.to_path_buf(), error })?;
        let document = SettingsDocument { json };
        match document.wrong_type() {
            None => Ok(document),
            Some((node, wanted)) => {
                let (line, column) = document.json.position(node.span.start);
                let what = format!("{wanted}, found {}", node.kind_name());
                Err(InstallError::Shape { path: path.to_path_buf(), line, column, what })
            }
        }
    }

    fn wrong_type(&self) -> Option<(&JsonNode, String)> {
        let root = self.json.root.as_ref()?;
        if !root.is_object() {
            return Some((root, "the settings must be an object".into()));
        }
        let hooks = root.get("hooks")?;
        if !hooks.is_object() {
            return Some((hooks, "\"hooks\" must be an object".into()));
        }
        let wrong = hooks.members().iter().find(|event| event.value.as_array().is_none())?;
        Some((&wrong.value, format!("\"hooks.{}\" must be an array", wrong.name)))
    }

    /// The root object, unless the file is blank.
    pub(super) fn root(&self) -> Option<&JsonNode> {
        self.json.root.as_ref()
    }

    /// The `hooks` object.
    pub(super) fn hooks(&self) -> Option<&JsonNode> {
        self.root()?.get("hooks")
    }

    /// Every handler of every event, in the order of the file. Of duplicate keys the last one counts.
    pub(super) fn handlers(&self) -> Vec<HandlerAt<'_>> {
        let Some(hooks) = self.hooks() else { return Vec::new() };
        let mut found = Vec::new();
        for member in hooks.members() {
            let counts = hooks.get(&member.name).is_some_and(|last| last.span == member.value.span);
            let groups = member.value.as_array().filter(|_| counts).unwrap_or_default();
            for (group, node) in groups.iter().enumerate() {
                let matcher = node.get("matcher").and_then(JsonNode::as_str);
                let handlers = node.get("hooks").and_then(JsonNode::as_array).unwrap_or_default();
                found.extend(handlers.iter().enumerate().map(|(index, node)| HandlerAt {
                    event: &member.name,
                    group,
                    index,
                    matcher,
                    node,
                }));
            }
        }
        found
    }

    /// Entries for which the client skips the whole file, each with line and column.
    pub(super) fn rejected_entries(&self) -> Vec<String> {
        let Some(hooks) = self.hooks() else { return Vec::new() };
        let mut faults = Vec::new();
        for event in STRICT_EVENTS {
            for group in hooks.get(event).and_then(JsonNode::as_array).unwrap_or_default() {
                for (node, what) in group_faults(self.json.text, group) {
                    let (line, column) = self.json.position(node.span.start);
                    faults.push(format!("line {line}, column {column}: {what} in hooks.{event}"));
                }
            }
        }
        faults
    }
}

fn group_faults<'d>(text: &str, group: &'d JsonNode) -> Vec<(&'d JsonNode, String)> {
    if let Some(matcher) = group.get("matcher").filter(|matcher| matcher.as_str().is_none()) {
        return vec![(matcher, format!("the matcher is {}, not a string", matcher.kind_name()))];
    }
    let Some(handlers) = group.get("hooks").and_then(JsonNode::as_array) else {
        return vec![(group, "a group without a list of \"hooks\"".into())];
    };
    handlers.iter().filter_map(|handler| Some((handler, handler_fault(text, handler)?))).collect()
}

fn handler_fault(text: &str, handler: &JsonNode) -> Option<String> {
    let kind = handler.get("type").and_then(JsonNode::as_str);
    if !kind.is_some_and(|kind| HANDLER_KINDS.contains(&kind)) {
        return Some(format!("a hook of unknown type {:?}", kind.unwrap_or_default()));
    }
    if kind == Some("command") && handler.get("command").and_then(JsonNode::as_str).is_none() {
        return Some("a command hook without a \"command\"".into());
    }
    let timeout = handler.get("timeout")?;
    (!is_positive_number(text, timeout)).then(|| "a timeout that is no positive number".to_owned())
}

/// Whether the client takes the node for a timeout, in seconds.
pub(super) fn is_positive_number(text: &str, node: &JsonNode) -> bool {
    matches!(node.kind, JsonKind::Number)
        && text[node.span.clone()].parse::<f64>().is_ok_and(|seconds| seconds > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SettingsDocument<'_>, InstallError> {
        SettingsDocument::parse(Path::new("s.json"), text.as_bytes())
    }

    #[test]
    fn wrong_types_are_refused_with_their_place() {
        for (text, message) in [
            ("[]", "s.json: line 1, column 1: the settings must be an object, found an array"),
            ("{\"hooks\":\n null}", "s.json: line 2, column 2: \"hooks\" must be an object, found null"),
            (
                "{\"hooks\":{\"Stop\":{}}}",
                "s.json: line 1, column 18: \"hooks.Stop\" must be an array, found an object",
            ),
            ("{\"a\":1,}", "s.json: line 1, column 7: trailing comma at the end of an object"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), message);
        }
        assert!(parse("").unwrap().root().is_none());
    }

    #[test]
    fn handlers_are_found_in_place_and_only_in_the_last_duplicate() {
        let text = r#"{"hooks":{"Stop":[{"hooks":[{"type":"x"}]}],"Stop":[5,{"matcher":"A","hooks":[1,{"type":"y"}]}]}}"#;
        let document = parse(text).unwrap();
        let found: Vec<_> =
            document.handlers().iter().map(|at| (at.event, at.group, at.index, at.matcher)).collect();
        assert_eq!(found, [("Stop", 1, 0, Some("A")), ("Stop", 1, 1, Some("A"))]);
    }

    #[test]
    fn entries_that_make_the_client_skip_the_file_are_named() {
        let faulty = [
            r#"{"matcher":{},"hooks":[]}"#,
            r#"{"type":"command","command":"x"}"#,
            r#"{"hooks":[{"type":"nosuch"}]}"#,
            r#"{"hooks":[{"type":"command"}]}"#,
            r#"{"hooks":[{"type":"command","command":"x","timeout":"10"}]}"#,
            r#"{"hooks":[{"type":"command","command":"x","timeout":0}]}"#,
        ];
        for entry in faulty {
            let text = format!(r#"{{"hooks":{{"PreToolUse":[{entry}],"Stop":[{entry}]}}}}"#);
            assert_eq!(parse(&text).unwrap().rejected_entries().len(), 1, "{entry}");
        }
        let fine = r#"{"hooks":{"PreToolUse":[{"hooks":[{"type":"command","command":"x","timeout":1.5}]}]}}"#;
        assert!(parse(fine).unwrap().rejected_entries().is_empty());
    }
}
