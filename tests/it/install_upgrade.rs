//! `rtk init` where something is already there: the script generation, other scopes, what keeps hooks from running.

use crate::place::{Place, ours, registered};

fn script(place: &Place, name: &str) -> String {
    let path = place.home().join(".claude/hooks").join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, "#!/bin/sh\nexit 0\n").unwrap();
    path.display().to_string()
}

fn handler(command: &str) -> String {
    format!(r#"{{"type": "command", "command": "{command}"}}"#)
}

#[test]
fn entries_of_scripts_give_way_to_the_new_ones_and_the_scripts_stay() {
    let place = Place::new();
    let context = handler(&script(&place, "rtk-mem-context.sh"));
    let block = handler(&script(&place, "rtk-block-native-explore.sh"));
    let rewrite = handler(&format!("bash {}", script(&place, "rtk-rewrite.sh")));
    let foreign = handler("/home/u/.claude/hooks/lint.sh");
    let before = format!(
        "{{\n  \"hooks\": {{\n    \"PreToolUse\": [\n      {{\"matcher\": \"Bash\", \"hooks\": [{foreign}, {rewrite}]}},\n      \
         {{\"matcher\": \"Task\", \"hooks\": [{context}, {block}]}}\n    ],\n    \"SessionEnd\": [{{\"hooks\": [{context}]}}]\n  }}\n}}\n"
    );
    place.write(before.as_bytes());
    let tree = place.tree();
    let run = place.ok(&["init", "--yes"]);
    for name in ["rtk-mem-context.sh", "rtk-block-native-explore.sh", "rtk-rewrite.sh", "the scripts stay"] {
        assert!(run.stderr.contains(name), "{name}: {}", run.stderr);
    }
    let text = place.read();
    assert_eq!(registered(&text, "PreToolUse"), ["/home/u/.claude/hooks/lint.sh null".to_owned(), ours()]);
    assert!(!text.contains("SessionEnd"), "what the scripts alone had needed goes too: {text}");
    assert!(place.home().join(".claude/hooks/rtk-rewrite.sh").exists());
    place.ok(&["init", "--yes"]);
    assert_eq!(place.read(), text, "a second installation changes nothing");
    let run = place.ok(&["init", "--uninstall", "--yes"]);
    assert_eq!(place.tree(), tree, "every byte is back");
    assert!(run.stderr.contains("are back") && run.stderr.contains("rtk-mem-context.sh"), "{}", run.stderr);
}

#[test]
fn a_script_that_may_be_another_programs_is_left_alone_and_named() {
    let place = Place::new();
    let rewrite = handler(&script(&place, "rtk-rewrite.sh"));
    place.write(
        format!("{{\"hooks\": {{\"PreToolUse\": [{{\"matcher\": \"Bash\", \"hooks\": [{rewrite}]}}]}}}}")
            .as_bytes(),
    );
    let run = place.ok(&["init", "--yes"]);
    assert!(run.stderr.contains("rtk-rewrite.sh may be"), "{}", run.stderr);
    assert_eq!(registered(&place.read(), "PreToolUse").len(), 2);
}

#[test]
fn what_keeps_the_hooks_from_running_is_said_before_and_after() {
    let place = Place::new();
    place.write(b"{\"disableAllHooks\": true, \"hooks\": {\"PermissionRequest\": [\n{}], \"Stop\": {}}}");
    let json: serde_json::Value =
        serde_json::from_str(&place.ok(&["init", "--dry-run", "--json"]).stdout).unwrap();
    let notes = json["notes"].to_string();
    assert!(notes.contains("line 2, column 1: a group without a list"), "{notes}");
    assert!(notes.contains("disableAllHooks is on"), "{notes}");
    assert!(!notes.contains("Stop"), "an entry that is only left out itself is no obstacle: {notes}");
    let run = place.ok(&["init", "--yes"]);
    assert!(
        run.stderr.contains("line 2, column 1") && run.stderr.contains("disableAllHooks"),
        "{}",
        run.stderr
    );
    assert!(place.ok(&["init", "--yes"]).stderr.contains("disableAllHooks"), "said again while it lasts");
    place.ok(&["init", "--uninstall", "--yes"]);
}

#[test]
fn an_installation_in_another_scope_is_named() {
    let place = Place::new();
    place.ok(&["init", "--yes"]);
    for (scope, others) in [("--local", &["--global"][..]), ("--project", &["--global", "--local"])] {
        let run = place.ok(&["init", scope, "--yes"]);
        for other in others {
            assert!(run.stderr.contains(&format!("rtk init --uninstall {other}")), "{scope}: {}", run.stderr);
        }
    }
}
