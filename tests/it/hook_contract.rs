//! The client's contract for replies, written down a second time: what stdout may hold after each event.

use crate::sandbox::Sandbox;
use serde_json::Value;
use std::path::Path;

/// The client cuts longer context into a file, in characters.
const CONTEXT_CHARS_MAX: usize = 10_000;
/// The default of `hook.chars_max` with the separator, in characters.
const SLICE_CHARS_MAX: usize = 9_000;

/// One event as the client sends it.
pub(crate) struct Fixture {
    /// The client's version.
    pub(crate) version: String,
    /// The file's name without its extension.
    pub(crate) name: String,
    /// The line on stdin.
    pub(crate) text: String,
}

impl Fixture {
    pub(crate) fn of(version: &str, name: &str, text: String) -> Fixture {
        Fixture { version: version.into(), name: name.into(), text }
    }
}

/// All recorded payloads, with the sandbox's folders put in.
pub(crate) fn fixtures(sandbox: &Sandbox) -> Vec<Fixture> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/hook");
    let mut all = Vec::new();
    for version in std::fs::read_dir(top).unwrap().map(|entry| entry.unwrap().path()) {
        for path in std::fs::read_dir(&version).unwrap().map(|entry| entry.unwrap().path()) {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.replace("@PROJECT@", sandbox.project().to_str().unwrap());
            let text = text.replace("@HOME@", sandbox.home().to_str().unwrap());
            let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
            all.push(Fixture::of(&name(&version), name(&path).trim_end_matches(".json"), text));
        }
    }
    all.sort_by(|a, b| (&a.version, &a.name).cmp(&(&b.version, &b.name)));
    all
}

/// Checks a reply to an event: nothing, or one line that the client honours and that grants no right.
#[track_caller]
pub(crate) fn assert_valid_reply(event: &Fixture, reply: &str) {
    if let Err(problem) = check(&event.text, reply) {
        let start: String = reply.chars().take(2000).collect();
        panic!("{} {}: {problem}\nreply: {start}", event.version, event.name);
    }
}

fn check(event: &str, reply: &str) -> Result<(), String> {
    if reply.is_empty() {
        return Ok(());
    }
    let line = reply.strip_suffix('\n').ok_or("no line end")?;
    if line.contains(['\n', '\r']) {
        return Err("more than one line".into());
    }
    // Lone surrogates are fine on the wire and not in Rust's strings: both sides get the same stand-in.
    let parse = |text: &str| {
        serde_json::from_str::<Value>(&without_surrogates(text)).map_err(|error| error.to_string())
    };
    let (event_value, reply_value) = (parse(event)?, parse(line)?);
    let top = reply_value.as_object().ok_or("not an object")?;
    only_keys(top, &["hookSpecificOutput"])?;
    let output = top["hookSpecificOutput"].as_object().ok_or("no hookSpecificOutput")?;
    if output.get("hookEventName") != event_value.get("hook_event_name") {
        return Err("hookEventName is not the event's name".into());
    }
    match event_value["hook_event_name"].as_str() {
        Some("PreToolUse") => pre_tool_use(&event_value, output, (event, line)),
        Some("SubagentStart") => {
            only_keys(output, &["hookEventName", "additionalContext"])?;
            let chars = output["additionalContext"].as_str().ok_or("context is no text")?.chars().count();
            if chars == 0 || chars > CONTEXT_CHARS_MAX { Err(format!("{chars} characters")) } else { Ok(()) }
        }
        other => Err(format!("a reply to {other:?}")),
    }
}

fn pre_tool_use(
    event: &Value,
    output: &serde_json::Map<String, Value>,
    raw: (&str, &str),
) -> Result<(), String> {
    if !matches!(event["tool_name"].as_str(), Some("Task" | "Agent")) {
        return Err("a reply for another tool".into());
    }
    if let Some(decision) = output.get("permissionDecision") {
        only_keys(output, &["hookEventName", "permissionDecision", "permissionDecisionReason"])?;
        let reason = output["permissionDecisionReason"].as_str().unwrap_or_default();
        return if decision == "deny" && !reason.is_empty() {
            Ok(())
        } else {
            Err("not a denial with a reason".into())
        };
    }
    only_keys(output, &["hookEventName", "updatedInput"])?;
    let (mut before, mut after) = (event["tool_input"].clone(), output["updatedInput"].clone());
    let prompt = |input: &mut Value| input.as_object_mut().and_then(|input| input.remove("prompt"));
    let (old, new) = (prompt(&mut before), prompt(&mut after));
    if before != after {
        return Err(format!("more than the prompt changed: {before} became {after}"));
    }
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    let added = new
        .as_str()
        .and_then(|new| new.strip_prefix(old.as_str()?))
        .ok_or("the prompt does not come first")?;
    if added.matches("<rtk-project-memory id=").count() != 1
        || added.matches("</rtk-project-memory").count() != 1
    {
        return Err("not one marked block".into());
    }
    if added.chars().count() > SLICE_CHARS_MAX {
        return Err(format!("{} characters", added.chars().count()));
    }
    same_bytes_around_the_prompt(raw.0, raw.1)
}

/// The raw input up to the end of the prompt's text, and from there on, stands in the reply byte for byte.
fn same_bytes_around_the_prompt(event: &str, reply: &str) -> Result<(), String> {
    let input = &event[event.find("\"tool_input\":").ok_or("no tool_input")? + 13..];
    let start = input.find("\"prompt\":\"").ok_or("no prompt")? + 10;
    let mut escaped = false;
    let end = input[start..].char_indices().find(|(_, ch)| {
        let ends = *ch == '"' && !escaped;
        escaped = *ch == '\\' && !escaped;
        ends
    });
    let end = start + end.ok_or("the prompt has no end")?.0;
    let rest = &input[end..];
    let rest = &rest[..rest.find('}').ok_or("the input has no end")? + 1];
    if !reply.contains(&input[..end]) {
        return Err("the bytes up to the prompt's end are not in the reply".into());
    }
    if !reply.ends_with(&format!("{rest}}}}}")) {
        return Err(format!("the bytes after the prompt are not at the reply's end: {rest}"));
    }
    Ok(())
}

fn only_keys(object: &serde_json::Map<String, Value>, known: &[&str]) -> Result<(), String> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("unexpected {key}")),
        None => Ok(()),
    }
}

fn without_surrogates(text: &str) -> String {
    let mut out = text.to_owned();
    for unit in ["\\ud83d", "\\ude00"] {
        out = out.replace(unit, "\\ufffd");
    }
    out
}

#[test]
fn the_contract_refuses_what_the_client_would_not_honour_or_must_not_get() {
    let event =
        r#"{"hook_event_name":"PreToolUse","tool_name":"Agent","tool_input":{"a":1.0,"prompt":"p\ud83d"}}"#;
    let block = r#"\n\n<rtk-project-memory id=\"1\">\nx\n</rtk-project-memory id=\"1\">"#;
    let good = format!(
        r#"{{"hookSpecificOutput":{{"hookEventName":"PreToolUse","updatedInput":{{"a":1.0,"prompt":"p\ud83d{block}"}}}}}}"#
    ) + "\n";
    assert_eq!(check(event, &good), Ok(()));
    assert_eq!(check(event, ""), Ok(()));
    let deny = "{\"hookSpecificOutput\":{\"hookEventName\":\"PreToolUse\",\"permissionDecision\":\"deny\",\"permissionDecisionReason\":\"r\"}}\n";
    assert_eq!(check(event, deny), Ok(()));
    let bad = [
        good.trim_end().to_owned(),
        format!("{good}{good}"),
        good.replace("1.0", "1.00"),
        good.replace("1.0", "2"),
        good.replace("\"p\\ud83d", "\"q\\ud83d"),
        good.replace("PreToolUse", "SubagentStart"),
        good.replace("\"updatedInput\"", "\"permissionDecision\":\"allow\",\"updatedInput\""),
        good.replace("\"updatedInput\"", "\"additionalContext\":\"x\",\"updatedInput\""),
        good.replace(block, &block.repeat(2)),
        good.replace(block, ""),
        deny.replace("deny", "allow"),
        deny.replace("\"r\"", "\"\""),
        "warning: x\n".to_owned(),
    ];
    for reply in bad {
        assert!(check(event, &reply).is_err(), "{reply}");
    }
    assert!(check(&event.replace("Agent", "Bash"), &good).is_err());
    assert!(check(r#"{"hook_event_name":"Stop"}"#, deny).is_err());
}
