//! The plan: what one settings file holds now, what it will hold, and the receipt of the difference. Pure.

use super::InstallError;
use super::edit::{self, Draft};
use super::receipt::{FileReceipt, Receipts, hash};
use super::recognise::Known;
use super::scope::Scope;
use super::settings::SettingsDocument;
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
}

/// Plans an installation or a removal; an error means that nothing may be changed.
pub(super) fn plan_file(job: Job<'_>, action: Action) -> Result<FilePlan, InstallError> {
    let bytes = job.now.clone().unwrap_or_default();
    SettingsDocument::parse(job.path, &bytes)?;
    // Parsed, hence UTF-8.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match action {
        Action::Install => plan_install(job, &text),
        Action::Uninstall => plan_uninstall(job, &text),
    }
}

fn plan_install(job: Job<'_>, text: &str) -> Result<FilePlan, InstallError> {
    let command = job.scope.command(&job.known.program)?;
    let draft = edit::install(job.path, text, &command, job.known)?;
    let path = job.path.to_path_buf();
    if draft.forward.is_empty() {
        return Ok(FilePlan { path, now: job.now, after: After::Same, receipt: None, folders: Vec::new() });
    }
    let exact = job.receipts.exact(job.path, text.as_bytes());
    let receipt = match exact.filter(|receipt| before_of(receipt, text).is_some()) {
        Some(earlier) => receipt_on_top(earlier, &draft),
        None => receipt_from_scratch(&job, text, &draft)?,
    };
    Ok(FilePlan {
        path,
        now: job.now,
        after: After::Text(draft.text),
        receipt: Some(receipt),
        folders: Vec::new(),
    })
}

/// Nothing foreign has happened since the last installation: first this edit goes back, then that one.
fn receipt_on_top(earlier: &FileReceipt, draft: &Draft) -> FileReceipt {
    let mut receipt = earlier.clone();
    receipt.after = hash(draft.text.as_bytes());
    receipt.inverse = [draft.inverse.as_slice(), &earlier.inverse].concat();
    receipt.created.extend(draft.created.iter().cloned());
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
    let had_own = !edit::uninstall(job.path, text, Some(&[]), job.known)?.forward.is_empty();
    let may_go = if had_own && older.is_none() { None } else { Some(created.as_slice()) };
    let (before, inverse) = if had_own {
        let back = edit::uninstall(job.path, &draft.text, may_go, job.known)?;
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
        created,
        file_created: job.now.is_none() || older.is_some_and(|older| older.file_created),
        folders,
    })
}

fn plan_uninstall(job: Job<'_>, text: &str) -> Result<FilePlan, InstallError> {
    let path = job.path.to_path_buf();
    let latest = job.receipts.latest(job.path);
    let folders: Vec<_> =
        latest.map(|latest| latest.folders.iter().rev().cloned().collect()).unwrap_or_default();
    if job.now.is_none() {
        return Ok(FilePlan { path, now: None, after: After::Same, receipt: None, folders });
    }
    let exact = job.receipts.exact(job.path, text.as_bytes());
    if let Some((receipt, before)) = exact.and_then(|receipt| Some((receipt, before_of(receipt, text)?))) {
        let after = if receipt.before.is_none() { After::NoFile } else { After::Text(before) };
        return Ok(FilePlan { path, now: job.now, after, receipt: None, folders });
    }
    let created = latest.map(|latest| latest.created.as_slice());
    let draft = edit::uninstall(job.path, text, created, job.known)?;
    let file_created = latest.is_some_and(|latest| latest.file_created);
    let after = if draft.text == text {
        After::Same
    } else if file_created && edit::is_empty_object(&draft.text) {
        After::NoFile
    } else {
        After::Text(draft.text)
    };
    Ok(FilePlan { path, now: job.now, after, receipt: None, folders })
}

/// What the file held before the installation; `None` if the receipt does not lead there.
fn before_of(receipt: &FileReceipt, text: &str) -> Option<String> {
    let before = edit::apply_all(text, &receipt.inverse)?;
    let fits = match &receipt.before {
        Some(expected) => *expected == hash(before.as_bytes()),
        None => before.is_empty(),
    };
    fits.then_some(before)
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let job =
            Job { path, scope: Scope::Global, now, missing_folders: Vec::new(), receipts, known: &known };
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
            ("PreToolUse", json!({ "matcher": "Task|Agent", "hooks": [handler.clone()] })),
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
        let minified = text.split_whitespace().collect::<String>();
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
            json!([group("Explore"), group("Task|Agent"), { "hooks": [1] }])
        );
        let ours = json!({ "type": "command", "command": PROGRAM, "args": ["hook"], "timeout": 10 });
        assert_eq!(after["hooks"]["SubagentStart"], json!([group("Explore"), { "hooks": [ours] }]));
    }
}
