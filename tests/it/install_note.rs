//! The note in the client's memory file and the permission rules: shown before, undone to the byte, never forced.

use crate::sandbox::Sandbox;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const MARK: &str = "<!-- rtk note: begin";

/// Every file below a folder with its bytes, folders included.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.is_symlink() {
            found.insert(path.clone(), Vec::new());
            found.extend(tree(&path));
        } else {
            found.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    found
}

fn project(sandbox: &Sandbox) {
    sandbox.write(".git/HEAD", "ref: refs/heads/main\n");
}

fn memory_file(sandbox: &Sandbox) -> PathBuf {
    sandbox.home().join(".claude/CLAUDE.md")
}

#[test]
fn the_note_comes_and_goes_without_a_trace_in_every_scope() {
    for (scope, file) in [
        ("--global", "home/.claude/CLAUDE.md"),
        ("--project", "project/CLAUDE.md"),
        ("--local", "project/CLAUDE.local.md"),
    ] {
        for before in [None, Some("# Mine\r\n\r\n- a rule"), Some("")] {
            let sandbox = Sandbox::new();
            project(&sandbox);
            let path = sandbox.root().join(file);
            if let Some(before) = before {
                std::fs::create_dir_all(path.parent().unwrap()).unwrap();
                std::fs::write(&path, before).unwrap();
            }
            let original = tree(&sandbox.root());
            let shown = sandbox.rtk(&["init", scope, "--dry-run"]);
            shown.success().says(&format!("+++ {}", path.display()));
            shown.says("+## Project memory (rtk)").says("\"PreToolUse\"");
            assert_eq!(tree(&sandbox.root()), original, "a dry run writes nothing");
            sandbox.rtk(&["init", scope, "--yes"]).success();
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(
                text.starts_with(before.unwrap_or_default()) && text.contains("rtk memory plan"),
                "{text}"
            );
            let installed = tree(&sandbox.root());
            sandbox.rtk(&["init", scope, "--yes"]).success().says("already installed");
            assert_eq!(tree(&sandbox.root()), installed, "twice is once");
            sandbox.rtk(&["init", scope, "--uninstall", "--yes"]).success();
            assert_eq!(tree(&sandbox.root()), original, "{scope} {before:?}");
        }
    }
}

#[test]
fn the_note_is_left_out_taken_out_and_put_back_on_request_only() {
    let sandbox = Sandbox::new();
    sandbox.rtk(&["init", "--no-claude-md", "--yes"]).success();
    assert!(!memory_file(&sandbox).exists());
    sandbox.rtk(&["init", "--claude-md", "--yes"]).success();
    let with = std::fs::read_to_string(memory_file(&sandbox)).unwrap();
    assert_eq!(with.matches(MARK).count(), 1);
    sandbox.rtk(&["init", "--no-claude-md", "--yes"]).success();
    assert!(!memory_file(&sandbox).exists(), "made for the note, it goes with it");
    assert!(sandbox.settings().exists(), "the hooks stay");

    sandbox.rtk(&["init", "--claude-md", "--yes"]).success();
    std::fs::write(memory_file(&sandbox), "Mine alone.\n").unwrap();
    sandbox.rtk(&["init", "--yes"]).success().says("already installed");
    assert_eq!(std::fs::read_to_string(memory_file(&sandbox)).unwrap(), "Mine alone.\n");
    sandbox.rtk(&["init", "--claude-md", "--yes"]).success();
    assert!(std::fs::read_to_string(memory_file(&sandbox)).unwrap().starts_with("Mine alone.\n\n<!--"));
    sandbox.rtk(&["init", "--uninstall", "--yes"]).success();
    assert_eq!(std::fs::read_to_string(memory_file(&sandbox)).unwrap(), "Mine alone.\n");
    sandbox.rtk(&["init", "--claude-md", "--no-claude-md"]).code(2);
}

#[test]
fn foreign_edits_of_the_memory_file_survive_the_removal() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.home().join("notes")).unwrap();
    std::fs::create_dir_all(sandbox.home().join(".claude")).unwrap();
    let real = sandbox.home().join("notes/AGENTS.md");
    std::fs::write(&real, "# Mine\n").unwrap();
    std::os::unix::fs::symlink(&real, memory_file(&sandbox)).unwrap();
    sandbox.rtk(&["init", "--yes"]).success();
    let text = std::fs::read_to_string(&real).unwrap();
    assert!(text.contains(MARK) && memory_file(&sandbox).is_symlink(), "written through the link: {text}");
    std::fs::write(&real, text.replace("# Mine", "# Mine and more") + "\nLater words.\n").unwrap();
    sandbox.rtk(&["init", "--uninstall", "--yes"]).success();
    assert_eq!(std::fs::read_to_string(&real).unwrap(), "# Mine and more\n\nLater words.\n");
    assert!(memory_file(&sandbox).is_symlink());
}

#[test]
fn a_memory_file_that_is_no_text_is_left_alone() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.home().join(".claude")).unwrap();
    std::fs::write(memory_file(&sandbox), b"\xff\xfe\x00").unwrap();
    let original = tree(&sandbox.root());
    sandbox.rtk(&["init", "--claude-md", "--yes"]).code(1).complains("--no-claude-md");
    assert_eq!(tree(&sandbox.root()), original, "nothing was changed, the settings included");
    sandbox.rtk(&["init", "--yes"]).success();
    sandbox.rtk(&["init", "--uninstall", "--yes"]).success();
    assert_eq!(tree(&sandbox.root()), original);
}

/// Whatever lies where the memory file would be, the hooks come and go, and the user hears why there is no note.
#[test]
fn a_memory_file_that_cannot_be_used_is_in_nobodys_way() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(memory_file(&sandbox)).unwrap();
    let original = tree(&sandbox.root());
    sandbox.rtk(&["init", "--claude-md", "--yes"]).code(1).complains("CLAUDE.md is not a regular file");
    assert_eq!(tree(&sandbox.root()), original);
    let run = sandbox.rtk(&["init", "--yes"]);
    run.success().complains("the note was left out").complains("is not a regular file");
    assert!(sandbox.settings().exists());
    sandbox.rtk(&["init", "--no-claude-md", "--yes"]).success();
    sandbox.rtk(&["init", "--uninstall", "--yes"]).success();
    assert_eq!(tree(&sandbox.root()), original);

    // The same when it came to be so after the note was put in.
    std::fs::remove_dir(memory_file(&sandbox)).unwrap();
    let original = tree(&sandbox.root());
    sandbox.rtk(&["init", "--yes"]).success();
    std::fs::remove_file(memory_file(&sandbox)).unwrap();
    std::fs::create_dir(memory_file(&sandbox)).unwrap();
    sandbox.rtk(&["init", "--uninstall", "--yes"]).success();
    std::fs::remove_dir(memory_file(&sandbox)).unwrap();
    assert_eq!(tree(&sandbox.root()), original);
}

#[test]
fn a_memory_file_that_may_not_be_written_can_be_done_without() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.home().join(".claude")).unwrap();
    std::fs::write(memory_file(&sandbox), "# Mine\n").unwrap();
    std::fs::hard_link(memory_file(&sandbox), sandbox.home().join("other-name.md")).unwrap();
    let original = tree(&sandbox.root());
    sandbox.rtk(&["init", "--yes"]).code(1).complains("2 hard links").complains("--no-claude-md");
    assert_eq!(tree(&sandbox.root()), original, "nothing was changed, the settings included");
    sandbox.rtk(&["init", "--no-claude-md", "--yes"]).success();
    sandbox.rtk(&["init", "--uninstall", "--yes"]).success();
    assert_eq!(tree(&sandbox.root()), original);
}

#[test]
fn every_file_that_is_touched_is_named_when_nobody_has_seen_the_diff() {
    let sandbox = Sandbox::new();
    let (settings, note) = (sandbox.settings(), memory_file(&sandbox));
    let run = sandbox.rtk(&["init", "--yes"]);
    run.complains(&format!("installed in {}", settings.display()));
    run.complains(&format!("made {}", note.display()));
    let run = sandbox.rtk(&["init", "--uninstall", "--yes", "--json"]);
    let told: Value = serde_json::from_str(run.success().stdout()).unwrap();
    let expected = json!([{ "path": settings, "is": "deleted" }, { "path": note, "is": "deleted" }]);
    assert_eq!(told["files"], expected);
    assert!(!note.exists());
    std::fs::create_dir_all(note.parent().unwrap()).unwrap();
    std::fs::write(&note, "# Mine\n").unwrap();
    sandbox.rtk(&["init", "--yes"]).complains(&format!("changed {}", note.display()));
    let run = sandbox.rtk(&["init", "--no-claude-md", "--yes"]);
    run.complains(&format!("changed {}", note.display()));
    assert!(!run.stderr().contains("installed in"), "only the note was touched: {}", run.stderr());
}

fn rules(sandbox: &Sandbox) -> Value {
    let settings: Value = serde_json::from_slice(&std::fs::read(sandbox.settings()).unwrap()).unwrap();
    settings["permissions"]["allow"].clone()
}

const OWN: [&str; 2] = ["Bash(rtk memory plan:*)", "Bash(rtk memory explore:*)"];

#[test]
fn permission_rules_come_on_request_alone_and_go_to_the_byte() {
    for before in [
        "{}",
        "{\"permissions\":{}}",
        "{\n\t\"permissions\" : {\"allow\":[ ],\"deny\":[\"Read(./.env)\"]}\n}",
        "{\r\n  \"permissions\": {\r\n    \"allow\": [\r\n      \"Bash(ls:*)\"\r\n    ]\r\n  }\r\n}\r\n",
        "{\"permissions\":{\"deny\":[]},\"hooks\":{}}",
    ] {
        let sandbox = Sandbox::new();
        std::fs::create_dir_all(sandbox.home().join(".claude")).unwrap();
        std::fs::write(sandbox.settings(), before).unwrap();
        sandbox.rtk(&["init", "--yes"]).success();
        assert!(!std::fs::read_to_string(sandbox.settings()).unwrap().contains("Bash(rtk"), "not unasked");
        sandbox.rtk(&["init", "--allow-memory", "--dry-run"]).success().says("+").says(OWN[0]);
        sandbox.rtk(&["init", "--allow-memory", "--yes"]).success();
        let allowed = rules(&sandbox);
        assert!(OWN.iter().all(|rule| allowed.as_array().unwrap().contains(&json!(rule))), "{allowed}");
        sandbox.rtk(&["init", "--yes"]).success().says("already installed");
        sandbox.rtk(&["init", "--uninstall", "--yes"]).success();
        assert_eq!(std::fs::read_to_string(sandbox.settings()).unwrap(), before);
    }
}

#[test]
fn the_note_and_the_rules_are_shown_with_whose_they_are() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.home().join(".claude")).unwrap();
    std::fs::write(sandbox.settings(), json!({ "permissions": { "allow": [OWN[0]] } }).to_string()).unwrap();
    let shown = |args: &[&str]| sandbox.rtk(args).stdout().to_owned();
    assert!(!shown(&["init", "--show"]).contains("note "), "nothing was put in");
    sandbox.rtk(&["init", "--allow-memory", "--yes"]).success();
    let text = shown(&["init", "--show"]);
    assert!(text.contains(&format!("note     in {}\n", memory_file(&sandbox).display())), "{text}");
    assert!(text.contains(&format!("rule     {} (yours)", OWN[0])), "{text}");
    assert!(text.contains(&format!("rule     {} (added by rtk init)", OWN[1])), "{text}");
    let told: Value = serde_json::from_str(&shown(&["init", "--show", "--json"])).unwrap();
    assert_eq!(told["notes"][0]["state"], "current");
    assert_eq!((&told["rules"][0]["by_rtk"], &told["rules"][1]["by_rtk"]), (&json!(false), &json!(true)));
    let note = std::fs::read_to_string(memory_file(&sandbox)).unwrap();
    std::fs::write(memory_file(&sandbox), note.replace("ranked", "chosen")).unwrap();
    assert!(shown(&["doctor"]).contains("rtk init --global renews it"));
    std::fs::write(memory_file(&sandbox), "# Mine\n").unwrap();
    assert!(shown(&["init", "--show"]).contains("rtk init --global --claude-md puts it back"));
}

#[test]
fn rules_of_the_user_stay_whatever_happened_in_between() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.home().join(".claude")).unwrap();
    let before = json!({ "permissions": { "allow": [OWN[0]] }, "model": "x" });
    std::fs::write(sandbox.settings(), before.to_string()).unwrap();
    sandbox.rtk(&["init", "--allow-memory", "--yes"]).success();
    // The client rewrites the file in its own style and adds a rule of the user's.
    let mut now: Value = serde_json::from_slice(&std::fs::read(sandbox.settings()).unwrap()).unwrap();
    now["permissions"]["allow"].as_array_mut().unwrap().push(json!("Bash(make:*)"));
    std::fs::write(sandbox.settings(), serde_json::to_string_pretty(&now).unwrap()).unwrap();
    sandbox.rtk(&["init", "--uninstall", "--yes"]).success();
    let after: Value = serde_json::from_slice(&std::fs::read(sandbox.settings()).unwrap()).unwrap();
    assert_eq!(after, json!({ "permissions": { "allow": [OWN[0], "Bash(make:*)"] }, "model": "x" }));
}

#[test]
fn a_list_that_is_no_list_is_refused() {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.home().join(".claude")).unwrap();
    std::fs::write(sandbox.settings(), "{\"permissions\":\n {\"allow\":\"x\"}}").unwrap();
    let original = tree(&sandbox.root());
    sandbox.rtk(&["init", "--allow-memory", "--yes"]).code(1).complains("line 2, column 11");
    assert_eq!(tree(&sandbox.root()), original);
}
