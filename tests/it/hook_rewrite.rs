//! Git commands of the shell tool, from the client's event to what the rewritten line does.

use crate::sandbox::{Run, Sandbox};
use serde_json::{Value, json};
use std::ffi::OsStr;

const RTK: &str = env!("CARGO_BIN_EXE_rtk");

/// A repository, and a user who allows every shell command.
fn machine(permissions: &str) -> Sandbox {
    let sandbox = Sandbox::new().with("RTK_HOOK_DEADLINE_MS", "60000");
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.write("a.txt", "one\n");
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-q", "-m", "first"]);
    std::fs::create_dir(sandbox.home().join(".claude")).unwrap();
    std::fs::write(sandbox.settings(), format!(r#"{{"permissions": {permissions}}}"#)).unwrap();
    sandbox
}

fn feed(sandbox: &Sandbox, mode: &str, command: &str) -> Run {
    let event = format!(
        r#"{{"session_id":"s","cwd":{},"permission_mode":"{mode}","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{{"timeout":1.50e3,"command":{},"x":[1, 2],"description":"lone \ud83d"}},"tool_use_id":"t"}}"#,
        Value::from(sandbox.project().to_str().unwrap()),
        Value::from(command)
    );
    sandbox.rtk_with(&["hook"], event.as_bytes())
}

/// The command that the hook makes of another one; `None` when it says nothing.
fn rewritten(sandbox: &Sandbox, mode: &str, command: &str) -> Option<String> {
    let run = feed(sandbox, mode, command);
    let reply = run.success().stdout();
    if reply.is_empty() {
        return None;
    }
    // Every other byte of the input is there as it was.
    let (before, rest) = reply.split_once(r#"{"timeout":1.50e3,"command":"#).expect(reply);
    assert_eq!(before, r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","updatedInput":"#);
    let end = rest.rfind(r#","x":[1, 2],"description":"lone \ud83d"}}}"#).expect(reply);
    serde_json::from_str(&rest[..end]).unwrap()
}

#[test]
fn a_reading_command_is_rewritten_and_does_what_git_does() {
    let sandbox = machine(r#"{"allow": ["Bash"]}"#);
    for command in
        ["git status", "git log -1 && git diff", "cd . && git status 2>&1", "git show 'HEAD' --  \"a.txt\""]
    {
        let line = rewritten(&sandbox, "default", command).expect(command);
        assert!(line.contains(&format!("{RTK} git ")), "{line}");
        assert_eq!(
            rewritten(&sandbox, "default", command).as_ref(),
            Some(&line),
            "the same answer every time"
        );
        let (native, ours) = (
            sandbox.run(OsStr::new("sh"), &["-c", command], b""),
            sandbox.run(OsStr::new("sh"), &["-c", &line], b""),
        );
        assert_eq!(native.status(), ours.status(), "{}", ours.explain());
        assert!(ours.stdout().len() <= native.stdout().len());
    }
    let log = std::fs::read_to_string(sandbox.home().join(".local/state/rtk/rtk.log")).unwrap_or_default();
    assert_eq!(log, "");
}

#[test]
fn whatever_is_not_surely_equal_is_left_alone() {
    let sandbox = machine(r#"{"allow": ["Bash"]}"#);
    for command in [
        "git commit -m x",
        "git push",
        "git diff | patch",
        "git diff > p",
        "git log --format=%H | while read c; do echo $c; done",
        "x=$(git status)",
        "ls",
        "git status --porcelain",
        "git status &",
        "git log $x",
        "alias git=hub; git status",
        "git commit -F - <<X\ngit status\nX",
    ] {
        assert_eq!(rewritten(&sandbox, "bypassPermissions", command), None, "{command}");
    }
}

#[test]
fn settings_turn_it_off_exclude_commands_and_include_changing_ones() {
    let off = machine(r#"{"allow": ["Bash"]}"#).with("RTK_REWRITE_ENABLED", "0");
    assert_eq!(rewritten(&off, "default", "git status"), None);
    let off = machine(r#"{"allow": ["Bash"]}"#).with("RTK_DISABLED", "1");
    assert_eq!(rewritten(&off, "default", "git status"), None);
    let without_log = machine(r#"{"allow": ["Bash"]}"#).with("RTK_REWRITE_EXCLUDE", "log,diff");
    assert_eq!(rewritten(&without_log, "default", "git log -1"), None);
    assert!(rewritten(&without_log, "default", "git status").is_some());
    let all = machine(r#"{"allow": ["Bash"]}"#).with("RTK_REWRITE_MUTATING", "1");
    assert_eq!(rewritten(&all, "default", "git commit -m x"), Some(format!("{RTK} git commit -m x")));
}

/// The client asks its rules about the rewritten line, so that a rule about git would no longer apply to it.
#[test]
fn rules_of_every_file_keep_their_meaning() {
    let rules =
        [r#"{"deny": ["Bash(git log:*)"]}"#, r#"{"ask": ["Bash(git log *)"]}"#, r#"{"ask": ["Bash"]}"#];
    for rule in rules {
        let sandbox = machine(rule);
        assert_eq!(rewritten(&sandbox, "bypassPermissions", "git log -1"), None, "{rule}");
        sandbox.rtk(&["git", "--read-only", "log", "-1"]).code(2).complains("permission rule");
        let sandbox = machine("{}");
        for file in [".claude/settings.json", ".claude/settings.local.json"] {
            let path = sandbox.write(file, format!(r#"{{"permissions": {rule}}}"#));
            assert_eq!(rewritten(&sandbox, "bypassPermissions", "git log -1"), None, "{file} {rule}");
            std::fs::remove_file(path).unwrap();
        }
        assert!(rewritten(&sandbox, "bypassPermissions", "git log -1").is_some());
    }
}

/// The client asks rules about files for some git commands too; it knows nothing of rtk's arguments.
#[test]
fn rules_about_files_keep_their_meaning() {
    let sandbox = machine(r#"{"allow": ["Bash"], "deny": ["Read(./a.txt)"]}"#);
    for command in ["git grep one a.txt", "git diff HEAD -- a.txt", "git status && git blame a.txt"] {
        assert_eq!(rewritten(&sandbox, "bypassPermissions", command), None, "{command}");
    }
    for command in ["git status", "git log -1", "git diff HEAD~1 HEAD", "git grep one"] {
        assert!(rewritten(&sandbox, "default", command).is_some(), "{command}");
    }
    sandbox.rtk(&["git", "--read-only", "grep", "one", "a.txt"]).code(2).complains("permission rule");
}

/// rtk's own rule must carry nothing that the client would ask about or block if git ran by itself.
#[test]
fn the_rule_for_reading_widens_nothing() {
    let sandbox = machine(&format!(r#"{{"allow": ["Bash({RTK} git --read-only:*)"]}}"#));
    for command in [
        "git diff /etc/passwd /etc/hosts",
        "git diff a.txt ../b",
        "git grep x ..",
        "git status -uall",
        "git log --exclude=x",
        "git log --grep='$(x)'",
        "git -C sub status",
    ] {
        assert_eq!(rewritten(&sandbox, "default", command), None, "{command}");
    }
    assert!(rewritten(&sandbox, "default", "git status").is_some());
    std::fs::remove_dir_all(sandbox.project().join(".git")).unwrap();
    std::fs::create_dir(sandbox.project().join("refs")).unwrap();
    assert_eq!(rewritten(&sandbox, "default", "git status"), None);
}

#[test]
fn what_the_client_lets_pass_by_itself_is_not_made_a_question() {
    let sandbox = machine("{}");
    for mode in ["default", "acceptEdits", "plan", "auto", "dontAsk", "newMode"] {
        assert_eq!(rewritten(&sandbox, mode, "git status"), None, "{mode}");
    }
    let rule = format!(r#"{{"allow": ["Bash({RTK} git --read-only:*)"]}}"#);
    let sandbox = machine(&rule);
    for mode in ["default", "acceptEdits", "plan", "auto", "dontAsk"] {
        assert!(rewritten(&sandbox, mode, "git status").is_some(), "{mode}");
        assert_eq!(rewritten(&sandbox, mode, "cd x && git status"), None, "{mode}");
    }
}

#[test]
fn the_installation_registers_the_shell_tool_and_shows_the_mode() {
    let sandbox = Sandbox::new();
    sandbox.rtk(&["init", "--global", "--yes"]).success();
    let mut settings: Value = serde_json::from_slice(&std::fs::read(sandbox.settings()).unwrap()).unwrap();
    assert_eq!(settings["hooks"]["PreToolUse"][0]["matcher"], "Task|Agent|Bash");
    assert_eq!(settings.get("permissions"), None, "no right is given unasked");
    let rule = format!("Bash({RTK} git --read-only:*)");
    let shown = sandbox.rtk(&["init", "--show"]);
    shown.says("rewrite  git commands that only read").says(&format!("allow {rule} to have it"));
    shown.says(&format!("git status becomes {RTK} git --read-only status"));
    settings["permissions"] = json!({ "allow": [rule] });
    std::fs::write(sandbox.settings(), settings.to_string()).unwrap();
    let report = sandbox.rtk(&["init", "--show", "--json"]).json();
    assert_eq!(report["rewriting"]["mode"], "reading");
    assert_eq!(report["rewriting"]["rule_is_there"], true);
    let sandbox = sandbox.with("RTK_REWRITE_ENABLED", "false");
    sandbox.rtk(&["init", "--show"]).says("rewrite  off");
}

/// An entry of an earlier version gets the shell tool; a group that holds foreign hooks too keeps its matcher.
#[test]
fn an_earlier_entry_is_brought_up_to_date_where_it_stands_alone() {
    let handler = json!({"type": "command", "command": RTK, "args": ["hook"], "timeout": 10});
    let foreign = json!({"type": "command", "command": "/usr/bin/true"});
    for (handlers, expected) in
        [(json!([handler]), "Task|Agent|Bash"), (json!([handler, foreign]), "Task|Agent")]
    {
        let sandbox = Sandbox::new();
        std::fs::create_dir(sandbox.home().join(".claude")).unwrap();
        let before = json!({"hooks": {"PreToolUse": [{"matcher": "Task|Agent", "hooks": handlers}]}});
        std::fs::write(sandbox.settings(), before.to_string()).unwrap();
        sandbox.rtk(&["init", "--global", "--yes"]).success();
        let after: Value = serde_json::from_slice(&std::fs::read(sandbox.settings()).unwrap()).unwrap();
        let groups = after["hooks"]["PreToolUse"].as_array().unwrap();
        assert_eq!((groups.len(), &groups[0]["matcher"]), (1, &json!(expected)), "{after}");
    }
}
