//! The plan: what one settings file holds now, what it will hold, and the receipt of the difference. Pure.

use super::InstallError;
use super::edit::{self, Draft};
use super::entries::{HttpHook, RULES, Wiring};
use super::receipt::{FileReceipt, Receipts, hash};
use super::recognise::Known;
use super::scope::Scope;
use super::servers;
use super::settings::SettingsDocument;
use super::undo;
use std::path::{Path, PathBuf};

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// rtk's entries are there.
    Install,
    /// rtk's entries are gone.
    Uninstall,
}

/// What the file will hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum After {
    /// What it holds now.
    Same,
    /// This text.
    Text(String),
    /// Nothing: it will not be there.
    NoFile,
}

/// The planned change of one settings file.
#[derive(Debug)]
pub(super) struct FilePlan {
    pub(super) path: PathBuf,
    /// The content now; `None` when there is no file.
    pub(super) now: Option<Vec<u8>>,
    pub(super) after: After,
    /// What an installation leaves for its removal.
    pub(super) receipt: Option<FileReceipt>,
    /// Folders that a removal takes along when they are empty, innermost first.
    pub(super) folders: Vec<PathBuf>,
    /// Whether the receipt of the file goes when all is done.
    pub(super) forget: bool,
}

/// One settings file as it is, and what is to become of it.
pub(super) struct Job<'j> {
    pub(super) path: &'j Path,
    pub(super) scope: Scope,
    pub(super) now: Option<Vec<u8>>,
    /// Parent folders of the file that do not exist, outermost first.
    pub(super) missing_folders: Vec<PathBuf>,
    pub(super) receipts: &'j Receipts,
    pub(super) known: &'j Known,
    pub(super) content: Content<'j>,
}

/// What of rtk's belongs into a file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Content<'c> {
    /// Hooks, in a settings file.
    Hooks {
        /// The daemon that the client asks, where it can; otherwise it starts the program.
        http: Option<&'c HttpHook>,
        /// Whether the memory's read-only commands are to be allowed as well.
        allow: bool,
    },
    /// The MCP server, where the client finds those.
    Server,
}

impl Job<'_> {
    fn check(&self, bytes: &[u8]) -> Result<(), InstallError> {
        // Bytes that are no text are refused by the settings' rules for either file.
        match (self.content, std::str::from_utf8(bytes)) {
            (Content::Server, Ok(text)) => servers::parse(self.path, text).map(|_| ()),
            _ => SettingsDocument::parse(self.path, bytes).map(|_| ()),
        }
    }

    fn install(&self, text: &str) -> Result<Draft, InstallError> {
        let command = self.scope.command(&self.known.program)?;
        match self.content {
            Content::Hooks { http, allow } => {
                let mut draft =
                    edit::install(self.path, text, Wiring { command: &command, http }, self.known)?;
                if allow {
                    edit::allow(self.path, &mut draft)?;
                }
                Ok(draft)
            }
            Content::Server => servers::install(self.path, text, &command, self.known),
        }
    }

    fn uninstall(
        &self,
        text: &str,
        created: Option<&[String]>,
        rules: &[String],
    ) -> Result<Draft, InstallError> {
        match self.content {
            Content::Hooks { .. } => edit::uninstall(self.path, text, created, self.known, rules),
            Content::Server => servers::uninstall(self.path, text, created, self.known),
        }
    }
}

/// Plans an installation into a file or a removal from it; an error means that nothing may be changed.
pub(super) fn plan_file(job: Job<'_>, action: Action) -> Result<FilePlan, InstallError> {
    let bytes = job.now.clone().unwrap_or_default();
    job.check(&bytes)?;
    // Parsed, hence UTF-8.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match action {
        Action::Install => plan_install(job, &text),
        Action::Uninstall => plan_uninstall(job, &text),
    }
}

fn plan_install(job: Job<'_>, text: &str) -> Result<FilePlan, InstallError> {
    let draft = job.install(text)?;
    let path = job.path.to_path_buf();
    if draft.forward.is_empty() {
        return Ok(FilePlan {
            path,
            now: job.now,
            after: After::Same,
            receipt: None,
            folders: Vec::new(),
            forget: false,
        });
    }
    let exact = job.receipts.exact(job.path, text.as_bytes());
    let mut receipt = match exact.filter(|receipt| receipt.before(text).is_some()) {
        Some(earlier) => receipt_on_top(earlier, &draft),
        None => receipt_from_scratch(&job, text, &draft)?,
    };
    receipt.anchors = undo::anchors(&draft.text, &receipt.inverse);
    Ok(FilePlan {
        path,
        now: job.now,
        after: After::Text(draft.text),
        receipt: Some(receipt),
        folders: Vec::new(),
        forget: false,
    })
}

/// Nothing foreign has happened since the last installation: first this edit goes back, then that one.
fn receipt_on_top(earlier: &FileReceipt, draft: &Draft) -> FileReceipt {
    let mut receipt = earlier.clone();
    receipt.after = hash(draft.text.as_bytes());
    receipt.inverse = [draft.inverse.as_slice(), &earlier.inverse].concat();
    receipt.created.extend(draft.created.iter().cloned());
    receipt.rules.extend(draft.rules.iter().cloned());
    receipt
}

/// The receipt of an installation into a file that no receipt fits. Entries of ours may be there already: then the
/// way back leads to the text without them.
fn receipt_from_scratch(job: &Job<'_>, text: &str, draft: &Draft) -> Result<FileReceipt, InstallError> {
    let older = job.receipts.latest(job.path);
    let mut created = draft.created.clone();
    created.extend(older.iter().flat_map(|older| older.created.iter().cloned()));
    created.sort();
    created.dedup();
    let mut rules = older.map(|older| older.rules.clone()).unwrap_or_default();
    let had_own = !job.uninstall(text, Some(&[]), &rules)?.forward.is_empty();
    rules.extend(draft.rules.iter().cloned());
    rules.dedup();
    let may_go = if had_own && older.is_none() { None } else { Some(created.as_slice()) };
    let (before, inverse) = if had_own {
        let back = job.uninstall(&draft.text, may_go, &rules)?;
        (Some(hash(back.text.as_bytes())), back.forward)
    } else {
        (job.now.as_deref().map(hash), draft.inverse.clone())
    };
    let mut folders = older.map(|older| older.folders.clone()).unwrap_or_default();
    folders.extend(
        job.missing_folders.iter().filter(|folder| !folders.contains(folder)).cloned().collect::<Vec<_>>(),
    );
    Ok(FileReceipt {
        path: job.path.to_path_buf(),
        scope: job.scope.name().to_owned(),
        before,
        after: hash(draft.text.as_bytes()),
        inverse,
        anchors: Vec::new(),
        created,
        rules,
        file_created: job.now.is_none() || older.is_some_and(|older| older.file_created),
        folders,
    })
}

fn plan_uninstall(job: Job<'_>, text: &str) -> Result<FilePlan, InstallError> {
    let path = job.path.to_path_buf();
    let latest = job.receipts.latest(job.path);
    let folders: Vec<_> =
        latest.map(|latest| latest.folders.iter().rev().cloned().collect()).unwrap_or_default();
    let forget = latest.is_some();
    if job.now.is_none() {
        return Ok(FilePlan { path, now: None, after: After::Same, receipt: None, folders, forget });
    }
    let exact = job.receipts.exact(job.path, text.as_bytes());
    if let Some((receipt, before)) = exact.and_then(|receipt| Some((receipt, receipt.before(text)?))) {
        let after = if receipt.before.is_none() { After::NoFile } else { After::Text(before) };
        return Ok(FilePlan { path, now: job.now, after, receipt: None, folders, forget });
    }
    let created = latest.map(|latest| latest.created.as_slice());
    // Without a receipt a rule in exactly our words counts as ours.
    let rules = latest.map_or_else(|| RULES.map(str::to_owned).to_vec(), |latest| latest.rules.clone());
    let draft = job.uninstall(text, created, &rules)?;
    let file_created = latest.is_some_and(|latest| latest.file_created);
    let after = if draft.text == text {
        After::Same
    } else if file_created && edit::is_empty_object(&draft.text) {
        After::NoFile
    } else {
        // By its text, what was put in is found to the byte; by what it runs, wherever it went.
        let exact = latest.and_then(|latest| undo::take_back(text, &latest.inverse, &latest.anchors));
        After::Text(exact.filter(|exact| undo::same_value(exact, &draft.text)).unwrap_or(draft.text))
    };
    Ok(FilePlan { path, now: job.now, after, receipt: None, folders, forget })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::installer::entries::REGISTRATIONS;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    const PROGRAM: &str = "/opt/rtk/bin/rtk";

    fn known() -> Known {
        Known { program: PROGRAM.into(), installed: Vec::new(), search: Vec::new(), home: None }
    }

    fn plan(now: Option<&str>, receipts: &Receipts, action: Action) -> FilePlan {
        let path = Path::new("/home/u/.claude/settings.json");
        let now = now.map(|text| text.as_bytes().to_vec());
        let known = known();
        let job = Job {
            path,
            scope: Scope::Global,
            now,
            missing_folders: Vec::new(),
            receipts,
            known: &known,
            content: Content::Hooks { http: None, allow: false },
        };
        plan_file(job, action).unwrap()
    }

    /// Installs and returns the new text with its receipts.
    fn installed(before: Option<&str>) -> (String, Receipts) {
        let mut receipts = Receipts::none();
        let planned = plan(before, &receipts, Action::Install);
        let After::Text(text) = planned.after else { panic!("nothing to install into {before:?}") };
        let now = planned.now.unwrap_or_default();
        receipts.add(planned.receipt.unwrap(), &now, Path::new(PROGRAM));
        // Receipts survive their own file.
        (text, Receipts::parse(&receipts.print()).unwrap())
    }

    /// How a text is laid out, jitter of white space included.
    #[derive(Debug, Clone)]
    struct Layout {
        indent: &'static str,
        newline: &'static str,
        colon: &'static str,
        one_line_arrays: bool,
        around: (&'static str, &'static str),
    }

    fn layouts() -> impl Strategy<Value = Layout> {
        let spaces = || prop::sample::select(vec!["", " ", "\n", "\r\n", "\t\n  "]);
        (
            prop::sample::select(vec!["", "  ", "    ", "\t", " "]),
            prop::sample::select(vec!["", "\n", "\r\n", "\r", "\n\n"]),
            prop::sample::select(vec![":", ": ", " : ", ":\n"]),
            any::<bool>(),
            (any::<bool>(), spaces(), spaces()),
        )
            .prop_map(|(indent, newline, colon, one_line_arrays, (bom, front, back))| {
                let around = (if bom { "\u{feff}" } else { front }, back);
                Layout { indent, newline, colon, one_line_arrays, around }
            })
    }

    fn print(value: &Value, layout: &Layout, depth: usize, one_line: bool) -> String {
        let one_line = one_line || (value.is_array() && layout.one_line_arrays);
        let newline = if one_line { "" } else { layout.newline };
        let line = |depth| {
            format!("{newline}{}", if one_line { String::new() } else { layout.indent.repeat(depth) })
        };
        let (open, items, close): (_, Vec<String>, _) = match value {
            Value::Array(items) => {
                ('[', items.iter().map(|item| print(item, layout, depth + 1, one_line)).collect(), ']')
            }
            Value::Object(members) => {
                let print = |(key, value): (&String, &Value)| {
                    format!("{}{}{}", json!(key), layout.colon, print(value, layout, depth + 1, one_line))
                };
                ('{', members.iter().map(print).collect(), '}')
            }
            scalar => return scalar.to_string(),
        };
        let separator = format!(",{}", line(depth + 1));
        let (first, last) = (line(depth + 1), line(depth));
        format!("{open}{first}{}{last}{close}", items.join(&separator))
    }

    fn anything() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,8}".prop_map(Value::from),
            Just(json!("rtk hook")),
        ];
        leaf.prop_recursive(3, 16, 3, |inner| {
            let keys = "(type|command|args|hooks|matcher|[a-z]{1,3})";
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::vec((keys, inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn settings() -> impl Strategy<Value = Value> {
        let events = prop::collection::btree_map(
            prop::sample::select(vec!["PreToolUse", "SubagentStart", "Stop"]),
            prop::collection::vec(anything(), 0..3),
            0..4,
        );
        let others = prop::collection::btree_map("[a-g]{1,3}", anything(), 0..4);
        (others, prop::option::of(events), 0_usize..5).prop_map(|(others, events, at)| {
            let mut members: Vec<(String, Value)> = others.into_iter().collect();
            if let Some(events) = events {
                let events: Map<_, _> =
                    events.into_iter().map(|(event, groups)| (event.to_owned(), groups.into())).collect();
                members.insert(at.min(members.len()), ("hooks".into(), events.into()));
            }
            Value::Object(members.into_iter().collect())
        })
    }

    /// The settings with our groups behind all others, as an independent program would write them.
    fn with_ours(before: &Value) -> Value {
        let mut after = before.clone();
        let hooks = &mut after["hooks"];
        if hooks.is_null() {
            *hooks = json!({});
        }
        let handler = json!({ "type": "command", "command": PROGRAM, "args": ["hook"], "timeout": 10 });
        for (event, group) in [
            ("PreToolUse", json!({ "matcher": "Task|Agent|Bash", "hooks": [handler.clone()] })),
            ("SubagentStart", json!({ "hooks": [handler.clone()] })),
            ("SessionStart", json!({ "hooks": [handler] })),
        ] {
            if hooks[event].is_null() {
                hooks[event] = json!([]);
            }
            hooks[event].as_array_mut().unwrap().push(group);
        }
        after
    }

    proptest! {
        #[test]
        fn install_adds_ours_and_uninstall_restores_every_byte(value in settings(), layout in layouts()) {
            let text = format!("{}{}{}", layout.around.0, print(&value, &layout, 0, false), layout.around.1);
            let (after, receipts) = installed(Some(&text));
            let read = |text: &str| serde_json::from_str::<Value>(text.trim_start_matches('\u{feff}')).unwrap();
            prop_assert_eq!(read(&after), with_ours(&value));
            prop_assert_eq!(plan(Some(&after), &receipts, Action::Install).after, After::Same);
            let back = plan(Some(&after), &receipts, Action::Uninstall).after;
            prop_assert_eq!(back, After::Text(text.clone()));
            // The client rewrites the file in its own style: no byte is the same, ours still go and nothing else.
            let rewritten = serde_json::to_string_pretty(&with_ours(&value)).unwrap();
            if let After::Text(back) = plan(Some(&rewritten), &receipts, Action::Uninstall).after {
                prop_assert_eq!(read(&back), value);
            } else {
                prop_assert_eq!(rewritten, after);
            }
        }
    }

    #[test]
    fn a_missing_file_is_made_and_goes_again() {
        let (text, receipts) = installed(None);
        assert_eq!(plan(Some(&text), &receipts, Action::Uninstall).after, After::NoFile);
        let minified = text.lines().map(str::trim).collect::<String>();
        assert_eq!(plan(Some(&minified), &receipts, Action::Uninstall).after, After::NoFile);
        assert_eq!(plan(Some("{}"), &receipts, Action::Uninstall).after, After::Same);
        assert_eq!(plan(None, &receipts, Action::Uninstall).after, After::Same);
    }

    #[test]
    fn without_a_receipt_empty_containers_go_too() {
        let (text, _) = installed(Some("{\"a\": 1}"));
        let back = plan(Some(&text), &Receipts::none(), Action::Uninstall).after;
        assert_eq!(back, After::Text("{\"a\": 1}".into()));
    }

    #[test]
    fn a_receipt_that_does_not_lead_back_is_not_followed() {
        let (text, mut receipts) = installed(Some("{ }"));
        receipts.files[0].inverse.last_mut().unwrap().insert = "damaged".into();
        let back = plan(Some(&text), &receipts, Action::Uninstall).after;
        assert_eq!(back, After::Text("{}".into()), "recognised, not restored");
    }

    #[test]
    fn doubles_of_ours_become_one_and_narrow_ones_stay_beside_a_full_one() {
        let handler = json!({ "type": "command", "command": PROGRAM, "args": ["hook"], "timeout": 30 });
        let group = |matcher: &str| json!({ "matcher": matcher, "hooks": [handler] });
        let before = json!({ "hooks": {
            "PreToolUse": [group("Explore"), group("Task|Agent"), group("*"), { "hooks": [handler, 1, handler] }],
            "SubagentStart": [group("Explore")],
        } });
        let After::Text(after) = plan(Some(&before.to_string()), &Receipts::none(), Action::Install).after
        else {
            panic!("nothing to do");
        };
        let after: Value = serde_json::from_str(&after).unwrap();
        assert_eq!(
            after["hooks"]["PreToolUse"],
            json!([group("Explore"), group("Task|Agent|Bash"), { "hooks": [1] }])
        );
        let ours = json!({ "type": "command", "command": PROGRAM, "args": ["hook"], "timeout": 10 });
        assert_eq!(after["hooks"]["SubagentStart"], json!([group("Explore"), { "hooks": [ours] }]));
    }

    /// White space of every kind between two tokens.
    fn space() -> impl Strategy<Value = String> {
        let kinds = vec!["", "", " ", "\n", "\r\n", "\t", "\n    ", "\r\n\t\t", "  \n\n ", "\r"];
        prop::sample::select(kinds).prop_map(str::to_owned)
    }

    /// Joins tokens with white space of its own at every place.
    fn spaced(
        parts: Vec<String>,
        between: &str,
        open: char,
        close: char,
    ) -> impl Strategy<Value = String> + use<> {
        let between = between.to_owned();
        prop::collection::vec((space(), space()), parts.len() + 1).prop_map(move |spaces| {
            let items: Vec<_> = parts
                .iter()
                .zip(&spaces)
                .map(|(part, (front, back))| format!("{front}{part}{back}"))
                .collect();
            let (inside, _) = &spaces[parts.len()];
            if parts.is_empty() {
                format!("{open}{inside}{close}")
            } else {
                format!("{open}{}{close}", items.join(&between))
            }
        })
    }

    fn key() -> impl Strategy<Value = String> {
        prop::sample::select(vec![
            "\"a\"",
            "\"b\"",
            "\"\\u0061\"",
            "\"日本\"",
            "\"a.b\"",
            "\"\"",
            "\"type\"",
            "\"matcher\"",
        ])
        .prop_map(str::to_owned)
    }

    /// JSON as no serialiser prints it: spellings of numbers and strings, duplicate keys, odd white space.
    fn raw() -> impl Strategy<Value = String> {
        let leaves = vec![
            "null",
            "true",
            "false",
            "0",
            "-0",
            "1.10",
            "1E5",
            "1e-400",
            "123456789012345678901234567890",
            "\"\"",
            "\"x\"",
            "\"\\u00e9\\/\"",
            "\"\\ud83d\"",
            "\"\\ud83d\\ude00\"",
            "\"日本 é\"",
            "\"\\\"]}\"",
            "\"rtk hook\"",
            "[]",
            "{}",
        ];
        prop::sample::select(leaves).prop_map(str::to_owned).prop_recursive(3, 12, 3, |inner| {
            let array = prop::collection::vec(inner.clone(), 0..3)
                .prop_flat_map(|items| spaced(items, ",", '[', ']'));
            let member = (key(), space(), inner)
                .prop_map(|(key, space, value)| format!("{key}{space}:{space}{value}"));
            let object =
                prop::collection::vec(member, 0..4).prop_flat_map(|items| spaced(items, ",", '{', '}'));
            prop_oneof![array, object]
        })
    }

    /// Settings with a hole (`HOLE`) at a place that is not ours, perhaps with hooks, in any formatting.
    fn holed() -> impl Strategy<Value = String> {
        let event = || prop::sample::select(vec!["PreToolUse", "SubagentStart", "SessionStart", "Stop"]);
        let groups = prop::collection::vec(raw(), 0..3).prop_flat_map(|groups| spaced(groups, ",", '[', ']'));
        let events = prop::collection::btree_map(event(), groups, 0..4).prop_flat_map(|events| {
            let members: Vec<String> =
                events.into_iter().map(|(event, groups)| format!("\"{event}\": {groups}")).collect();
            let hole = std::iter::once("\"Setup\":[\"HOLE\"]".to_owned());
            (spaced(members.clone(), ",", '{', '}'), spaced(hole.chain(members).collect(), ",", '{', '}'))
        });
        let other = (key(), raw()).prop_map(|(key, value)| format!("{key}:{value}"));
        let others = prop::collection::vec(other, 0..3);
        let around = (any::<bool>(), space(), space());
        (others, prop::option::of(events), any::<bool>(), 0_usize..4, around).prop_flat_map(
            |(mut members, events, inside, at, (bom, front, back))| {
                let inside = inside && events.is_some();
                if let Some((plain, holed)) = events {
                    let hooks = if inside { holed } else { plain };
                    members.insert(at.min(members.len()), format!("\"hooks\" : {hooks}"));
                }
                if !inside {
                    members.insert(at.min(members.len()), "\"hole\": \"HOLE\"".to_owned());
                }
                spaced(members, ",", '{', '}')
                    .prop_map(move |text| format!("{}{front}{text}{back}", if bom { "\u{feff}" } else { "" }))
            },
        )
    }

    /// How many entries of ours count in the text.
    fn own_entries(text: &str) -> usize {
        let document = SettingsDocument::parse(Path::new("s.json"), text.as_bytes()).unwrap();
        let known = known();
        document.handlers().iter().filter(|at| known.owns(at.event, at.matcher, at.node)).count()
    }

    /// What other hands do to settings with ours in them.
    #[derive(Debug, Clone)]
    enum Foreign {
        Key(String),
        NoKey(usize),
        Reversed,
        Event,
        GroupBefore,
        GroupBehind,
        BesideOurs(bool),
        OursChanged,
    }

    fn foreign() -> impl Strategy<Value = Foreign> {
        prop_oneof![
            "[x-z]{1,2}".prop_map(Foreign::Key),
            (0_usize..4).prop_map(Foreign::NoKey),
            Just(Foreign::Reversed),
            Just(Foreign::Event),
            Just(Foreign::GroupBefore),
            Just(Foreign::GroupBehind),
            any::<bool>().prop_map(Foreign::BesideOurs),
            Just(Foreign::OursChanged),
        ]
    }

    fn is_ours(handler: &Value) -> bool {
        handler["command"] == PROGRAM && handler["args"] == json!(["hook"])
    }

    impl Foreign {
        fn apply(&self, settings: &mut Value) {
            let members = settings.as_object_mut().unwrap();
            match self {
                Foreign::Key(key) => drop(members.insert(key.clone(), json!({ "theirs": [1] }))),
                Foreign::NoKey(at) => {
                    let gone = members.keys().filter(|key| *key != "hooks").nth(*at).cloned();
                    gone.and_then(|key| members.shift_remove(&key));
                }
                Foreign::Reversed => *members = members.clone().into_iter().rev().collect(),
                Foreign::Event => {
                    drop(members["hooks"].as_object_mut().unwrap().insert("Added".into(), json!([])))
                }
                Foreign::GroupBefore => {
                    members["hooks"]["PreToolUse"].as_array_mut().unwrap().insert(0, json!({ "hooks": [] }))
                }
                Foreign::GroupBehind => {
                    members["hooks"]["SubagentStart"].as_array_mut().unwrap().push(json!("theirs"))
                }
                Foreign::BesideOurs(first) => {
                    for group in members["hooks"]["PreToolUse"].as_array_mut().unwrap() {
                        if let Some(handlers) = group.get_mut("hooks").and_then(Value::as_array_mut)
                            && handlers.iter().any(is_ours)
                        {
                            let at = if *first { 0 } else { handlers.len() };
                            handlers.insert(at, json!({ "type": "command", "command": "rtk hook claude" }));
                        }
                    }
                }
                Foreign::OursChanged => {
                    let groups = members["hooks"]["SubagentStart"].as_array_mut().unwrap();
                    for group in groups {
                        let handlers = group.get_mut("hooks").and_then(Value::as_array_mut);
                        handlers.into_iter().flatten().filter(|handler| is_ours(handler)).for_each(
                            |handler| {
                                handler["timeout"] = json!(30);
                                handler["note"] = json!("theirs");
                            },
                        );
                    }
                }
            }
        }
    }

    /// Takes ours out of a value by other means than the program's.
    fn without_ours(before: &Value, mut settings: Value) -> Value {
        let had = |event: &str| before["hooks"].get(event).is_some();
        let hooks = settings["hooks"].as_object_mut().unwrap();
        for (_, groups) in hooks.iter_mut() {
            groups.as_array_mut().unwrap().retain_mut(|group| {
                let Some(handlers) = group.get_mut("hooks").and_then(Value::as_array_mut) else {
                    return true;
                };
                let all = handlers.len();
                handlers.retain(|handler| !is_ours(handler));
                handlers.len() == all || !handlers.is_empty()
            });
        }
        hooks.retain(|event, groups| event == "Added" || had(event) || groups != &json!([]));
        if hooks.is_empty() && before.get("hooks").is_none() {
            settings.as_object_mut().unwrap().shift_remove("hooks");
        }
        settings
    }

    proptest! {
        #[test]
        fn any_spelling_and_formatting_comes_back_and_holds_ours_meanwhile(text in holed()) {
            let (after, receipts) = installed(Some(&text));
            prop_assert_eq!(own_entries(&after), own_entries(&text) + REGISTRATIONS.len());
            prop_assert_eq!(plan(Some(&after), &receipts, Action::Install).after, After::Same);
            prop_assert_eq!(plan(Some(&after), &receipts, Action::Uninstall).after, After::Text(text));
        }

        #[test]
        fn what_others_write_elsewhere_in_the_file_stays_and_all_around_comes_back(text in holed(), theirs in raw(), more in any::<bool>()) {
            let theirs = if more { format!("\"x\"  , {theirs}") } else { theirs };
            // In an object a second value needs a key.
            let theirs = if more && text.contains("\"hole\"") { theirs.replacen(", ", ", \"more\" : ", 1) } else { theirs };
            let edit = |text: &str| text.replacen("\"HOLE\"", &theirs, 1);
            let (after, receipts) = installed(Some(&text));
            let back = plan(Some(&edit(&after)), &receipts, Action::Uninstall).after;
            prop_assert_eq!(back, After::Text(edit(&text)));
        }

        #[test]
        fn of_a_file_that_others_changed_and_printed_anew_exactly_ours_goes(
            value in settings(),
            edits in prop::collection::vec(foreign(), 1..5),
            compact in any::<bool>(),
        ) {
            let text = serde_json::to_string_pretty(&value).unwrap();
            let (after, receipts) = installed(Some(&text));
            let mut changed: Value = serde_json::from_str(&after).unwrap();
            edits.iter().for_each(|edit| edit.apply(&mut changed));
            let print = if compact { serde_json::to_string } else { serde_json::to_string_pretty };
            let wanted = without_ours(&value, changed.clone());
            let After::Text(back) = plan(Some(&print(&changed).unwrap()), &receipts, Action::Uninstall).after else {
                panic!("nothing removed");
            };
            prop_assert_eq!(print(&serde_json::from_str::<Value>(&back).unwrap()).unwrap(), print(&wanted).unwrap());
        }
    }
}
