//! What the client finds wrong with valid JSON, and what it leaves out for it; every verdict was seen on the client.

use super::error::Ignored;
use super::settings::SettingsDocument;
use crate::text::{JsonKind, JsonNode};

/// Events in which one bad entry makes the client leave out the whole file: the entry may be what guards the
/// permissions beside it.
const STRICT_EVENTS: [&str; 2] = ["PreToolUse", "PermissionRequest"];
/// Kinds of handlers that the client knows, with the members that each must have, all of them strings.
const HANDLER_KINDS: [(&str, &[&str]); 5] = [
    ("command", &["command"]),
    ("http", &["url"]),
    ("mcp_tool", &["server", "tool"]),
    ("prompt", &["prompt"]),
    ("agent", &["prompt"]),
];
/// Members that a handler may have, with the type that the client insists on.
const HANDLER_TYPES: [(&str, Type); 7] = [
    ("args", Type::Strings),
    ("timeout", Type::Positive),
    ("async", Type::Boolean),
    ("once", Type::Boolean),
    ("if", Type::String),
    ("statusMessage", Type::String),
    ("shell", Type::String),
];
/// Shells that the client can be told to use.
const SHELLS: [&str; 2] = ["bash", "powershell"];
/// Common settings, with the type without which the client leaves out the whole file.
const SETTING_TYPES: [(&[&str], Type); 13] = [
    (&["model"], Type::String),
    (&["outputStyle"], Type::String),
    (&["apiKeyHelper"], Type::String),
    (&["cleanupPeriodDays"], Type::Number),
    (&["disableAllHooks"], Type::Boolean),
    (&["includeCoAuthoredBy"], Type::Boolean),
    (&["env"], Type::Object),
    (&["statusLine"], Type::Object),
    (&["enabledPlugins"], Type::Object),
    (&["permissions"], Type::Object),
    (&["permissions", "allow"], Type::Strings),
    (&["permissions", "ask"], Type::Strings),
    (&["permissions", "deny"], Type::Strings),
];

/// One fault and what the client leaves out because of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// Counted from 1.
    pub(super) line: usize,
    /// In characters, counted from 1.
    pub(super) column: usize,
    pub(super) what: String,
    pub(super) ignored: Ignored,
}

impl Fault {
    /// Place, fault, and what the client does about it.
    pub(super) fn describe(&self) -> String {
        format!("line {}, column {}: {}: {}", self.line, self.column, self.what, self.ignored.says())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    String,
    Number,
    /// A number above zero and below infinity.
    Positive,
    Boolean,
    Object,
    /// An array of strings.
    Strings,
}

impl Type {
    fn fits(self, text: &str, node: &JsonNode) -> bool {
        match self {
            Type::String => node.as_str().is_some(),
            Type::Number => node.kind == JsonKind::Number,
            Type::Positive => is_positive_number(text, node),
            Type::Boolean => matches!(node.kind, JsonKind::Bool(_)),
            Type::Object => node.is_object(),
            Type::Strings => {
                node.as_array().is_some_and(|items| items.iter().all(|item| item.as_str().is_some()))
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Type::String => "a string",
            Type::Number => "a number",
            Type::Positive => "a positive number",
            Type::Boolean => "true or false",
            Type::Object => "an object",
            Type::Strings => "an array of strings",
        }
    }
}

/// Whether the client takes the node for a timeout, in seconds.
pub(super) fn is_positive_number(text: &str, node: &JsonNode) -> bool {
    let seconds = text[node.span.clone()].parse::<f64>();
    node.kind == JsonKind::Number && seconds.is_ok_and(|seconds| seconds > 0.0 && seconds.is_finite())
}

/// Everything in the file for which the client leaves something out, in the order of the checks.
pub(super) fn faults(document: &SettingsDocument<'_>) -> Vec<Fault> {
    let json = &document.json;
    let Some(root) = document.root() else { return Vec::new() };
    let mut found: Vec<(&JsonNode, String, Ignored)> = Vec::new();
    for (path, wanted) in SETTING_TYPES {
        let node = path.iter().try_fold(root, |node, name| node.get(name));
        if let Some(node) = node.filter(|node| !wanted.fits(json.text, node)) {
            let what = format!("{:?} must be {}", path.join("."), wanted.name());
            found.push((node, what, Ignored::File));
        }
    }
    let hooks = document.hooks().map(JsonNode::members).unwrap_or_default();
    for member in hooks {
        let counts = document.hooks().and_then(|hooks| hooks.get(&member.name));
        if counts.is_some_and(|last| last.span == member.value.span) {
            found.extend(event_faults(json.text, &member.name, &member.value));
        }
    }
    let place = |(node, what, ignored): (&JsonNode, String, Ignored)| {
        let (line, column) = json.position(node.span.start);
        Fault { line, column, what, ignored }
    };
    found.into_iter().map(place).collect()
}

fn event_faults<'d>(text: &str, event: &str, value: &'d JsonNode) -> Vec<(&'d JsonNode, String, Ignored)> {
    let ignored = if STRICT_EVENTS.contains(&event) { Ignored::File } else { Ignored::Entry };
    let Some(groups) = value.as_array() else {
        // The client takes null for "nothing here", whatever the event.
        let ignored = if value.kind == JsonKind::Null { Ignored::Entry } else { ignored };
        return vec![(
            value,
            format!("\"hooks.{event}\" must be an array, found {}", value.kind_name()),
            ignored,
        )];
    };
    let faults = groups.iter().flat_map(|group| group_faults(text, group));
    faults.map(|(node, what)| (node, format!("{what} in hooks.{event}"), ignored)).collect()
}

fn group_faults<'d>(text: &str, group: &'d JsonNode) -> Vec<(&'d JsonNode, String)> {
    if let Some(matcher) = group.get("matcher").filter(|matcher| matcher.as_str().is_none()) {
        return vec![(matcher, format!("the matcher is {}, not a string", matcher.kind_name()))];
    }
    let Some(handlers) = group.get("hooks").and_then(JsonNode::as_array) else {
        return vec![(group, "a group without a list of \"hooks\"".into())];
    };
    handlers.iter().filter_map(|handler| handler_fault(text, handler)).collect()
}

fn handler_fault<'d>(text: &str, handler: &'d JsonNode) -> Option<(&'d JsonNode, String)> {
    let kind = handler.get("type").and_then(JsonNode::as_str);
    let Some((kind, needed)) = HANDLER_KINDS.iter().find(|(known, _)| Some(*known) == kind) else {
        return Some((handler, format!("a hook of unknown type {:?}", kind.unwrap_or_default())));
    };
    let string = |name: &str| handler.get(name).and_then(JsonNode::as_str);
    if let Some(missing) = needed.iter().find(|name| string(name).is_none()) {
        return Some((handler, format!("a {kind} hook without a {missing:?}")));
    }
    for (name, wanted) in HANDLER_TYPES {
        if let Some(node) = handler.get(name).filter(|node| !wanted.fits(text, node)) {
            return Some((node, format!("{name:?} that is not {}", wanted.name())));
        }
    }
    let shell =
        handler.get("shell").filter(|shell| !shell.as_str().is_some_and(|name| SHELLS.contains(&name)))?;
    Some((shell, "a \"shell\" that is neither \"bash\" nor \"powershell\"".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn found(text: &str) -> Vec<(String, Ignored)> {
        let document = SettingsDocument::parse(Path::new("s.json"), text.as_bytes()).unwrap();
        faults(&document).into_iter().map(|fault| (fault.what, fault.ignored)).collect()
    }

    #[test]
    fn a_bad_entry_costs_the_file_or_only_itself_as_the_client_has_it() {
        for entry in [
            "null",
            "\"x\"",
            "{}",
            r#"{"matcher":{},"hooks":[]}"#,
            r#"{"matcher":null,"hooks":[]}"#,
            r#"{"hooks":{}}"#,
            r#"{"type":"command","command":"x"}"#,
            r#"{"hooks":["x"]}"#,
            r#"{"hooks":[{"type":"nosuch"}]}"#,
            r#"{"hooks":[{"command":"x"}]}"#,
            r#"{"hooks":[{"type":"command"}]}"#,
            r#"{"hooks":[{"type":"http"}]}"#,
            r#"{"hooks":[{"type":"prompt"}]}"#,
            r#"{"hooks":[{"type":"mcp_tool","server":"s"}]}"#,
            r#"{"hooks":[{"type":"command","command":"x","timeout":"10"}]}"#,
            r#"{"hooks":[{"type":"command","command":"x","timeout":0}]}"#,
            r#"{"hooks":[{"type":"command","command":"x","timeout":1e400}]}"#,
            r#"{"hooks":[{"type":"command","command":"x","args":["a",5]}]}"#,
            r#"{"hooks":[{"type":"command","command":"x","async":"yes"}]}"#,
            r#"{"hooks":[{"type":"command","command":"x","shell":"zsh"}]}"#,
            r#"{"hooks":[{"type":"command","command":"x","if":5}]}"#,
        ] {
            let text = format!(r#"{{"hooks":{{"PreToolUse":[{entry}],"Stop":[{entry}]}}}}"#);
            let effects: Vec<_> = found(&text).into_iter().map(|(_, ignored)| ignored).collect();
            assert_eq!(effects, [Ignored::File, Ignored::Entry], "{entry}");
        }
        for fine in [
            r#"{"hooks":[{"type":"command","command":"x","timeout":1.5,"note":[1],"shell":"bash"}],"on":"x"}"#,
            r#"{"matcher":"B(","hooks":[{"type":"command","command":"","if":"Bash("}]}"#,
            r#"{"hooks":[]}"#,
        ] {
            assert_eq!(found(&format!(r#"{{"hooks":{{"PreToolUse":[{fine}]}}}}"#)), [], "{fine}");
        }
    }

    #[test]
    fn events_and_settings_of_another_type_are_named_with_their_place() {
        let text = "{\"hooks\":{\"PermissionRequest\":\"x\",\n\"Stop\":{},\"Setup\":null},\"permissions\":{\"allow\":\"x\"}}";
        let document = SettingsDocument::parse(Path::new("s.json"), text.as_bytes()).unwrap();
        let described: Vec<_> = faults(&document).iter().map(Fault::describe).collect();
        assert!(
            described[0]
                .starts_with("line 2, column 48: \"permissions.allow\" must be an array of strings: ")
        );
        assert!(described[0].contains("ignores this file as a whole"), "{}", described[0]);
        assert!(
            described[1].starts_with(
                "line 1, column 31: \"hooks.PermissionRequest\" must be an array, found a string"
            )
        );
        assert!(described[2].contains("line 2, column 8") && described[2].contains("leaves that entry out"));
        assert_eq!(described.len(), 4);
        assert_eq!(
            found(r#"{"model":5,"env":{"A":1}}"#),
            [("\"model\" must be a string".into(), Ignored::File)]
        );
        // Of duplicates the last one counts.
        assert_eq!(found(r#"{"hooks":{"Stop":{},"Stop":[]},"hooks":{}}"#), []);
    }
}
