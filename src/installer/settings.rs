//! A settings file of the client as far as hooks go: groups and handlers in place, and what makes it unusable.

use super::InstallError;
use super::entries::REGISTRATIONS;
use super::error::Ignored;
use crate::text::{JsonDocument, JsonKind, JsonNode};
use std::path::Path;

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
        must_be_utf8(path, bytes)?;
        let json = JsonDocument::parse(bytes)
            .map_err(|error| InstallError::NotJson { path: path.to_path_buf(), error })?;
        let document = SettingsDocument { json };
        match document.wrong_type() {
            None => Ok(document),
            Some((node, wanted, ignored)) => {
                let (line, column) = document.json.position(node.span.start);
                let what = format!("{wanted}, found {}", node.kind_name());
                Err(InstallError::Shape { path: path.to_path_buf(), line, column, what, ignored })
            }
        }
    }

    /// What is in the way of rtk's own entries; wrong types elsewhere are not rtk's business.
    fn wrong_type(&self) -> Option<(&JsonNode, String, Ignored)> {
        let root = self.json.root.as_ref()?;
        if !root.is_object() {
            return Some((root, "the settings must be an object".into(), Ignored::File));
        }
        let hooks = root.get("hooks")?;
        if !hooks.is_object() {
            return Some((hooks, "\"hooks\" must be an object".into(), Ignored::Hooks));
        }
        let own = REGISTRATIONS.iter().filter_map(|own| Some((own.event, hooks.get(own.event)?)));
        let (event, wrong) = own.into_iter().find(|(_, groups)| groups.as_array().is_none())?;
        let whole = event == "PreToolUse" && wrong.kind != JsonKind::Null;
        let ignored = if whole { Ignored::File } else { Ignored::Entry };
        Some((wrong, format!("\"hooks.{event}\" must be an array"), ignored))
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
}

/// Says where a file stops being UTF-8, and whether it is UTF-16, as some editors and shells of Windows write it.
fn must_be_utf8(path: &Path, bytes: &[u8]) -> Result<(), InstallError> {
    let Err(error) = std::str::from_utf8(bytes) else { return Ok(()) };
    let what = match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "the file is UTF-16, not UTF-8",
        _ => "the file is not valid UTF-8",
    };
    let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]).into_owned();
    let document = JsonDocument { text: &good, root: None };
    let (line, column) = document.position(good.len());
    Err(InstallError::NotUtf8 { path: path.to_path_buf(), line, column, what })
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
                "{\"hooks\":{\"SubagentStart\":{}}}",
                "s.json: line 1, column 27: \"hooks.SubagentStart\" must be an array, found an object",
            ),
            ("{\"a\":1,}", "s.json: line 1, column 7: trailing comma at the end of an object"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), message);
        }
        assert!(parse("").unwrap().root().is_none());
        // What stands at events that rtk does not register is none of its business.
        assert!(parse("{\"hooks\":{\"Stop\":{}}}").unwrap().handlers().is_empty());
    }

    #[test]
    fn handlers_are_found_in_place_and_only_in_the_last_duplicate() {
        let text = r#"{"hooks":{"Stop":[{"hooks":[{"type":"x"}]}],"Stop":[5,{"matcher":"A","hooks":[1,{"type":"y"}]}]}}"#;
        let document = parse(text).unwrap();
        let found: Vec<_> =
            document.handlers().iter().map(|at| (at.event, at.group, at.index, at.matcher)).collect();
        assert_eq!(found, [("Stop", 1, 0, Some("A")), ("Stop", 1, 1, Some("A"))]);
    }
}
