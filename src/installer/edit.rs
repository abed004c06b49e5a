//! Edits the text of one settings file: puts rtk's entries in, or takes them out. Pure: text in, text and splices out.

use super::InstallError;
use super::entries::{
    EARLIER_MATCHER, HttpHook, REGISTRATIONS, RULES, Registration, TIMEOUT_SECONDS, Wiring,
};
use super::error::Ignored;
use super::faults::is_positive_number;
use super::legacy;
use super::matcher::matches_subagents_always;
use super::recognise::{Call, Known};
use super::settings::{HandlerAt, SettingsDocument};
use crate::text::{
    JsonDocument, JsonNode, JsonStyle, Splice, insert_element, insert_member, remove_element, remove_member,
    replace_node,
};
use serde_json::{Value, json};
use std::path::Path;

/// The `hooks` member in the list of what an installation created.
const HOOKS: &str = "hooks";
/// Where permission rules stand.
const PERMISSIONS: &str = "permissions";
/// The list of rules for what needs no question.
const ALLOW: &str = "allow";
/// That list among what an installation created; the dots tell it from events.
const ALLOW_LIST: &str = ".permissions.allow";
/// The byte order mark, which stays first.
const BOM: &str = "\u{feff}";

/// Most splices of one edit; a file with more entries of ours than this was not made by us.
const STEPS_MAX: usize = 1000;

/// A text on its way from one state to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Draft {
    /// The text so far.
    pub(super) text: String,
    /// The splices that led here, in order.
    pub(super) forward: Vec<Splice>,
    /// The splices that lead back, in the order in which they apply.
    pub(super) inverse: Vec<Splice>,
    /// Containers that did not exist before: `hooks`, event names, and those of permission rules with a dot.
    pub(super) created: Vec<String>,
    /// Permission rules that were not there before.
    pub(super) rules: Vec<String>,
}

impl Draft {
    pub(super) fn new(text: &str) -> Draft {
        let text = text.to_owned();
        Draft { text, forward: Vec::new(), inverse: Vec::new(), created: Vec::new(), rules: Vec::new() }
    }

    pub(super) fn splice(&mut self, splice: Splice) {
        if let (Some(inverse), Some(text)) = (splice.inverse(&self.text), splice.apply(&self.text)) {
            self.inverse.insert(0, inverse);
            self.forward.push(splice);
            self.text = text;
        }
    }
}

/// Applies splices in order; `None` when one does not fit.
pub(super) fn apply_all(text: &str, splices: &[Splice]) -> Option<String> {
    splices.iter().try_fold(text.to_owned(), |text, splice| splice.apply(&text))
}

/// Registers rtk for every event; entries that are there already are brought up to date in place. Then those of
/// the script generation go, in the same text: there is no moment without any.
pub(super) fn install(
    path: &Path,
    text: &str,
    wiring: Wiring<'_>,
    known: &Known,
) -> Result<Draft, InstallError> {
    let mut draft = Draft::new(text);
    for registration in REGISTRATIONS {
        register(path, &mut draft, registration, wiring, known)?;
    }
    drop_scripts(path, &mut draft)?;
    Ok(draft)
}

/// Allows agents to run the memory's read-only commands without a question. Rules that are there stay whose they are.
pub(super) fn allow(path: &Path, draft: &mut Draft) -> Result<(), InstallError> {
    for rule in RULES {
        let text = draft.text.clone();
        let document = SettingsDocument::parse(path, text.as_bytes())?;
        let json = &document.json;
        let Some(root) = document.root() else { return Ok(()) };
        let permissions = root.get(PERMISSIONS);
        let list = permissions.and_then(|permissions| permissions.get(ALLOW));
        for (node, fits) in [
            (permissions, JsonNode::is_object as fn(&JsonNode) -> bool),
            (list, |node| node.as_array().is_some()),
        ] {
            if let Some(node) = node.filter(|node| !fits(node)) {
                let (line, column) = json.position(node.span.start);
                let what = format!("permission rules cannot be added to {}", node.kind_name());
                let path = path.to_path_buf();
                return Err(InstallError::Shape { path, line, column, what, ignored: Ignored::File });
            }
        }
        let splice = match (permissions, list) {
            (_, Some(list)) if holds(list, rule).is_some() => continue,
            (_, Some(list)) => insert_element(json, list, usize::MAX, &json!(rule)),
            (Some(permissions), None) => {
                draft.created.push(ALLOW_LIST.to_owned());
                insert_member(json, permissions, usize::MAX, ALLOW, &json!([rule]))
            }
            (None, None) => {
                draft.created.extend([format!(".{PERMISSIONS}"), ALLOW_LIST.to_owned()]);
                insert_member(json, root, usize::MAX, PERMISSIONS, &json!({ ALLOW: [rule] }))
            }
        };
        draft.splice(splice);
        draft.rules.push(rule.to_owned());
    }
    Ok(())
}

/// The place of the rule in the list.
fn holds(list: &JsonNode, rule: &str) -> Option<usize> {
    list.as_array()?.iter().position(|node| node.as_str() == Some(rule))
}

fn disallow(
    path: &Path,
    draft: &mut Draft,
    rule: &str,
    created: Option<&[String]>,
) -> Result<(), InstallError> {
    let may_go = |name: &str| created.is_none_or(|created| created.iter().any(|own| own == name));
    let text = draft.text.clone();
    let document = SettingsDocument::parse(path, text.as_bytes())?;
    let Some(root) = document.root() else { return Ok(()) };
    let Some(permissions) = root.get(PERMISSIONS) else { return Ok(()) };
    let Some(list) = permissions.get(ALLOW) else { return Ok(()) };
    let Some(index) = holds(list, rule) else { return Ok(()) };
    let last = |object: &JsonNode, name: &str| {
        object.members().iter().rposition(|member| member.name == name).unwrap_or(usize::MAX)
    };
    let is_alone = list.as_array().is_some_and(|rules| rules.len() == 1);
    let splice = match (is_alone && may_go(ALLOW_LIST), permissions.members().len()) {
        (true, 1) if may_go(&format!(".{PERMISSIONS}")) => remove_member(root, last(root, PERMISSIONS)),
        (true, _) => remove_member(permissions, last(permissions, ALLOW)),
        (false, _) => remove_element(list, index),
    };
    draft.splice(splice);
    Ok(())
}

fn drop_scripts(path: &Path, draft: &mut Draft) -> Result<(), InstallError> {
    for _ in 0..STEPS_MAX {
        let text = draft.text.clone();
        let document = SettingsDocument::parse(path, text.as_bytes())?;
        // Those that count as ours only beside others of ours go before these.
        let Some((at, _)) = legacy::entries(&document).into_iter().next() else { break };
        let event = at.event.to_owned();
        draft.splice(removal(&document, &at));
        drop_empty(path, draft, &event, None)?;
    }
    Ok(())
}

fn register(
    path: &Path,
    draft: &mut Draft,
    registration: &Registration,
    wiring: Wiring<'_>,
    known: &Known,
) -> Result<(), InstallError> {
    // Each step parses anew: a splice moves everything behind it. The steps are few, the files small.
    for _ in 0..STEPS_MAX {
        let text = draft.text.clone();
        let document = SettingsDocument::parse(path, text.as_bytes())?;
        let own = serving(&document, registration, known);
        if let Some(duplicate) = own.get(1) {
            let splice = removal(&document, duplicate);
            draft.splice(splice);
            continue;
        }
        let splice = match own.first() {
            Some(at) => update(&document, at, registration, wiring),
            None => Some(addition(&document, registration, wiring, &mut draft.created)),
        };
        match splice {
            Some(splice) => draft.splice(splice),
            None => return Ok(()),
        }
    }
    Ok(())
}

/// Own handlers that do the work of a registration. One in a group with a narrower matcher does not count.
fn serving<'d>(
    document: &'d SettingsDocument<'_>,
    registration: &Registration,
    known: &Known,
) -> Vec<HandlerAt<'d>> {
    let mut handlers = document.handlers();
    handlers.retain(|at| {
        let reaches = match registration.matcher {
            Some(_) => matches_subagents_always(at.matcher),
            None => at.matcher.is_none_or(|matcher| matches!(matcher, "" | "*")),
        };
        at.event == registration.event && reaches && known.owns(at.event, at.matcher, at.node)
    });
    handlers
}

/// The next splice that brings an own handler up to date; `None` when it is.
fn update(
    document: &SettingsDocument<'_>,
    at: &HandlerAt<'_>,
    registration: &Registration,
    wiring: Wiring<'_>,
) -> Option<Splice> {
    let (json, node) = (&document.json, at.node);
    if let Some(matcher) = earlier_matcher(document, at) {
        return Some(replace_node(json, matcher, &Value::from(registration.matcher)));
    }
    let wanted = wiring.http(at.event);
    let in_form = match wanted {
        Some(http) => HttpHook::of(node).as_ref() == Some(http),
        None => Call::of(node).is_some_and(|call| call.exec),
    };
    if !in_form {
        return Some(replace_node(json, node, &wiring.handler(at.event)));
    }
    let program = node.get("command").filter(|program| program.as_str() != Some(wiring.command));
    if let (None, Some(program)) = (wanted, program) {
        return Some(replace_node(json, program, &Value::from(wiring.command)));
    }
    let timeout = node.get("timeout").filter(|timeout| !is_positive_number(json.text, timeout))?;
    Some(replace_node(json, timeout, &Value::from(TIMEOUT_SECONDS)))
}

/// The matcher of an earlier version, where the group holds nothing but the own handler: what others have put into it
/// must not come to run for more tools.
fn earlier_matcher<'d>(document: &'d SettingsDocument<'_>, at: &HandlerAt<'_>) -> Option<&'d JsonNode> {
    let groups = document.hooks()?.get(at.event)?.as_array()?;
    let group = groups.get(at.group)?;
    let alone = group.get(HOOKS)?.as_array()?.len() == 1;
    group.get("matcher").filter(|matcher| alone && matcher.as_str() == Some(EARLIER_MATCHER))
}

/// The splice that adds the group at the innermost container that exists.
fn addition(
    document: &SettingsDocument<'_>,
    registration: &Registration,
    wiring: Wiring<'_>,
    created: &mut Vec<String>,
) -> Splice {
    let json = &document.json;
    let group = wiring.group(registration);
    let Some(root) = document.root() else {
        created.extend([HOOKS.to_owned(), registration.event.to_owned()]);
        return whole_file(json, &json!({ HOOKS: { registration.event: [group] } }));
    };
    let Some(hooks) = document.hooks() else {
        created.extend([HOOKS.to_owned(), registration.event.to_owned()]);
        return insert_member(json, root, usize::MAX, HOOKS, &json!({ registration.event: [group] }));
    };
    match hooks.get(registration.event) {
        Some(groups) => insert_element(json, groups, usize::MAX, &group),
        None => {
            created.push(registration.event.to_owned());
            insert_member(json, hooks, usize::MAX, registration.event, &json!([group]))
        }
    }
}

/// The splice that fills a blank file; its byte order mark and kind of newline stay.
pub(super) fn whole_file(document: &JsonDocument<'_>, value: &Value) -> Splice {
    let text = document.text;
    let at = if text.starts_with(BOM) { BOM.len() } else { 0 };
    let newline = JsonStyle::of(document).newline;
    let mut insert = serde_json::to_string(&json!({})).unwrap_or_default();
    let bytes = insert.clone().into_bytes();
    if let Ok(empty) = JsonDocument::parse(&bytes)
        && let (Some(root), Some((name, value))) =
            (&empty.root, value.as_object().and_then(|members| members.iter().next()))
    {
        let filled = insert_member(&empty, root, 0, name, value).apply(&insert);
        insert = filled.unwrap_or_default().replace('\n', newline);
    }
    Splice { at, remove: text.len() - at, insert: insert + newline }
}

/// Takes out every own entry and these permission rules, then the containers that this leaves empty. With a list of what an installation
/// created, only those containers go.
pub(super) fn uninstall(
    path: &Path,
    text: &str,
    created: Option<&[String]>,
    known: &Known,
    rules: &[String],
) -> Result<Draft, InstallError> {
    let mut draft = Draft::new(text);
    for rule in rules {
        disallow(path, &mut draft, rule, created)?;
    }
    for _ in 0..STEPS_MAX {
        let text = draft.text.clone();
        let document = SettingsDocument::parse(path, text.as_bytes())?;
        let handlers = document.handlers();
        let Some(at) = handlers.iter().find(|at| known.owns(at.event, at.matcher, at.node)) else {
            break;
        };
        let event = at.event.to_owned();
        draft.splice(removal(&document, at));
        drop_empty(path, &mut draft, &event, created)?;
    }
    Ok(draft)
}

/// Removes one handler; the group goes with it when nothing else is in there.
fn removal(document: &SettingsDocument<'_>, at: &HandlerAt<'_>) -> Splice {
    let nothing = Splice { at: 0, remove: 0, insert: String::new() };
    let groups = document.hooks().and_then(|hooks| hooks.get(at.event));
    let Some(groups) = groups else { return nothing };
    let group = groups.as_array().and_then(|groups| groups.get(at.group));
    let Some(handlers) = group.and_then(|group| group.get(HOOKS)) else { return nothing };
    match handlers.as_array() {
        Some([_]) => remove_element(groups, at.group),
        _ => remove_element(handlers, at.index),
    }
}

fn drop_empty(
    path: &Path,
    draft: &mut Draft,
    event: &str,
    created: Option<&[String]>,
) -> Result<(), InstallError> {
    let may_go = |name: &str| created.is_none_or(|created| created.iter().any(|own| own == name));
    let text = draft.text.clone();
    let document = SettingsDocument::parse(path, text.as_bytes())?;
    let (Some(root), Some(hooks)) = (document.root(), document.hooks()) else { return Ok(()) };
    let position = |object: &JsonNode, name: &str| {
        object.members().iter().rposition(|member| member.name == name).unwrap_or(usize::MAX)
    };
    let event_is_empty = hooks.get(event).and_then(JsonNode::as_array).is_some_and(<[_]>::is_empty);
    if !event_is_empty || !may_go(event) {
        return Ok(());
    }
    if hooks.members().len() == 1 && may_go(HOOKS) {
        draft.splice(remove_member(root, position(root, HOOKS)));
    } else {
        draft.splice(remove_member(hooks, position(hooks, event)));
    }
    Ok(())
}

/// Whether the settings hold nothing at all.
pub(super) fn is_empty_object(text: &str) -> bool {
    let document = JsonDocument::parse(text.as_bytes());
    document
        .is_ok_and(|document| document.root.is_some_and(|root| root.is_object() && root.members().is_empty()))
}
