//! Edits the file in which the client finds MCP servers: puts rtk's in, or takes it out. Pure: text in, text and splices out.

use super::InstallError;
use super::edit::{Draft, whole_file};
use super::entries::{BARE_NAME, MCP_ARGUMENT};
use super::error::Ignored;
use super::recognise::Known;
use crate::text::{JsonDocument, JsonNode, Splice, insert_member, remove_member, replace_node};
use serde_json::{Value, json};
use std::path::Path;

/// The member that holds the servers, in the file and among what an installation created.
const SERVERS: &str = "mcpServers";
/// The name under which rtk is registered; the client names its tools after it.
const NAME: &str = BARE_NAME;
/// Most members of that name in one file; more were not made by us.
const STEPS_MAX: usize = 100;

/// A server that is registered as rtk's.
#[derive(Debug)]
pub(super) struct Registered {
    /// The program, as it is written.
    pub(super) command: String,
    /// The line on which the entry begins, from 1.
    pub(super) line: usize,
}

/// Registers the program; an entry of rtk's that is there is brought up to date in place.
pub(super) fn install(path: &Path, text: &str, command: &str, known: &Known) -> Result<Draft, InstallError> {
    let mut draft = Draft::new(text);
    let document = parse(path, text)?;
    let server = json!({ "type": "stdio", "command": command, "args": [MCP_ARGUMENT] });
    let Some(root) = &document.root else {
        draft.created.push(SERVERS.to_owned());
        draft.splice(whole_file(&document, &json!({ SERVERS: { NAME: server } })));
        return Ok(draft);
    };
    let splice = match (root.get(SERVERS), root.get(SERVERS).and_then(|servers| servers.get(NAME))) {
        (_, Some(there)) if known.owns_server(there) => {
            let outdated = there.get("command").filter(|program| program.as_str() != Some(command));
            outdated.map(|program| replace_node(&document, program, &Value::from(command)))
        }
        (_, Some(there)) => {
            let (line, _) = document.position(there.span.start);
            return Err(InstallError::NameTaken { path: path.to_path_buf(), line, name: NAME });
        }
        (Some(servers), None) => Some(insert_member(&document, servers, usize::MAX, NAME, &server)),
        (None, None) => {
            draft.created.push(SERVERS.to_owned());
            Some(insert_member(&document, root, usize::MAX, SERVERS, &json!({ NAME: server })))
        }
    };
    if let Some(splice) = splice {
        draft.splice(splice);
    }
    Ok(draft)
}

/// Takes rtk's entry out, and the list when that leaves it empty; with a list of what an installation created, only if
/// it is on it.
pub(super) fn uninstall(
    path: &Path,
    text: &str,
    created: Option<&[String]>,
    known: &Known,
) -> Result<Draft, InstallError> {
    let mut draft = Draft::new(text);
    let may_go = created.is_none_or(|created| created.iter().any(|own| own == SERVERS));
    for _ in 0..STEPS_MAX {
        let text = draft.text.clone();
        let document = parse(path, &text)?;
        let Some((root, servers)) = document.root.as_ref().and_then(|root| Some((root, root.get(SERVERS)?)))
        else {
            break;
        };
        let Some(index) = servers.members().iter().rposition(|member| member.name == NAME) else { break };
        if !known.owns_server(&servers.members()[index].value) {
            break;
        }
        let list = root.members().iter().rposition(|member| member.name == SERVERS);
        let splice: Splice = match list.filter(|_| may_go && servers.members().len() == 1) {
            Some(list) => remove_member(root, list),
            None => remove_member(servers, index),
        };
        draft.splice(splice);
    }
    Ok(draft)
}

/// The server that is registered as rtk's in a file, if there is one.
pub(super) fn registered(path: &Path, text: &str, known: &Known) -> Option<Registered> {
    let document = parse(path, text).ok()?;
    let server = document.root.as_ref()?.get(SERVERS)?.get(NAME)?;
    let command = server.get("command").and_then(JsonNode::as_str).unwrap_or_default().to_owned();
    let line = document.position(server.span.start).0;
    known.owns_server(server).then_some(Registered { command, line })
}

/// Parses strictly; refuses a root or list of servers of another type. Blank files are fine.
pub(super) fn parse<'t>(path: &Path, text: &'t str) -> Result<JsonDocument<'t>, InstallError> {
    let document = JsonDocument::parse(text.as_bytes())
        .map_err(|error| InstallError::NotJson { path: path.to_path_buf(), error })?;
    let servers = document.root.as_ref().and_then(|root| root.get(SERVERS));
    let wrong = [document.root.as_ref(), servers].into_iter().flatten().find(|node| !node.is_object());
    if let Some(node) = wrong {
        let (line, column) = document.position(node.span.start);
        let what = format!("MCP servers cannot be added to {}", node.kind_name());
        let path = path.to_path_buf();
        return Err(InstallError::Shape { path, line, column, what, ignored: Ignored::Servers });
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRAM: &str = "/opt/rtk/bin/rtk";

    fn known() -> Known {
        Known { program: PROGRAM.into(), installed: Vec::new(), search: Vec::new(), home: None }
    }

    fn installed(before: &str) -> String {
        install(Path::new("m.json"), before, PROGRAM, &known()).unwrap().text
    }

    fn removed(text: &str, created: Option<&[String]>) -> String {
        uninstall(Path::new("m.json"), text, created, &known()).unwrap().text
    }

    #[test]
    fn one_entry_goes_in_and_comes_out_beside_foreign_ones() {
        for before in [
            "",
            "{}",
            "\u{feff}{\r\n}\r\n",
            "{\"numStartups\": 1E5, \"projects\":{}}",
            "{\n\t\"mcpServers\": {}\n}",
            "{\"mcpServers\": {\"a\": {\"command\": \"x\"},   \"b\": {\"type\":\"http\",\"url\":\"u\"}}, \"z\": 1.10}",
        ] {
            let draft = install(Path::new("m.json"), before, PROGRAM, &known()).unwrap();
            let value: Value = serde_json::from_str(draft.text.trim_start_matches('\u{feff}')).unwrap();
            let own = json!({ "type": "stdio", "command": PROGRAM, "args": ["mcp"] });
            assert_eq!(value["mcpServers"]["rtk"], own, "{before:?}");
            assert_eq!(installed(&draft.text), draft.text, "twice is once");
            let exact = super::super::edit::apply_all(&draft.text, &draft.inverse).unwrap();
            assert_eq!(exact, before);
            let left: Value = serde_json::from_str(
                removed(&draft.text, Some(&draft.created)).trim_start_matches('\u{feff}'),
            )
            .unwrap();
            let was = if before.is_empty() { "{}" } else { before.trim_start_matches('\u{feff}') };
            assert_eq!(left, serde_json::from_str::<Value>(was).unwrap(), "{before:?}");
        }
    }

    #[test]
    fn an_older_place_is_brought_up_to_date_and_a_stranger_keeps_his_name() {
        let older =
            r#"{"mcpServers":{"rtk":{"type":"stdio","command":"/gone/bin/rtk","args":["mcp"],"env":{}}}}"#;
        assert_eq!(installed(older), older.replace("/gone/bin/rtk", PROGRAM));
        assert_eq!(removed(older, None), "{}");
        for stranger in [
            r#"{"mcpServers":{"rtk":{"command":"npx","args":["mcp"]}}}"#,
            r#"{"mcpServers":{"rtk":{"command":"/opt/rtk/bin/rtk","args":["serve"]}}}"#,
            r#"{"mcpServers":{"rtk":{"type":"http","url":"http://localhost:1"}}}"#,
            r#"{"mcpServers":{"rtk":5}}"#,
        ] {
            let error = install(Path::new("m.json"), stranger, PROGRAM, &known()).unwrap_err();
            assert!(matches!(error, InstallError::NameTaken { line: 1, .. }), "{error}");
            assert_eq!(removed(stranger, None), stranger);
        }
        for bad in ["[]", r#"{"mcpServers":[]}"#, "{", r#"{"a":1,}"#] {
            assert!(install(Path::new("m.json"), bad, PROGRAM, &known()).is_err(), "{bad}");
        }
    }
}
