//! `rtk init --show`: what it says about working, broken and contested installations; a script stands in for the hook.

use crate::sandbox::{Run, Sandbox};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

/// What makes a program rtk's own in the eyes of the installer.
const IDENTITY: &str = "rtk project memory hook, identity 6f1d0c5a-9b0e-4a57-8f6e-rtk-claude-code";
/// A hook that adds to the prompt and keeps all the rest.
const INJECT: &str = r#"sed 's/.*"tool_input":\({[^}]*}\).*/\1/; s/"prompt":"\([^"]*\)"/"prompt":"\1 SLICE"/;
s/.*/{"hookSpecificOutput":{"hookEventName":"PreToolUse","updatedInput":&}}/'"#;

/// Makes a program that answers `hook` with `script` and notes what it saw in the sandbox's `tmp/seen`.
fn fake(sandbox: &Sandbox, script: &str) -> PathBuf {
    let path = sandbox.root().join("bin/rtk");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let seen = sandbox.tmp().join("seen").display().to_string();
    let text = format!(
        "#!/bin/sh\n# {IDENTITY}\nif [ \"$1\" = --version ]; then echo 'rtk 9.9.9'; exit; fi\n\
         input=$(cat)\necho \"$PWD $CLAUDE_PROJECT_DIR $RTK_HOME $CLAUDE_CODE_SESSION_ID $input\" >> {seen}\n\
         case $input in *SubagentStart*|*SessionStart*) exit 0;; esac\nprintf '%s\\n' \"$input\" | (\n{script}\n)\n"
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The entries of both events for a program, with more settings around them.
fn settings(program: &str, more: &str) -> String {
    let handler = format!(r#"{{"type": "command", "command": "{program}", "args": ["hook"], "timeout": 1}}"#);
    format!(
        r#"{{{more} "hooks": {{"PreToolUse": [{{"matcher": "Task|Agent", "hooks": [{handler}]}}],
        "SubagentStart": [{{"hooks": [{handler}]}}], "SessionStart": [{{"hooks": [{handler}]}}]}}}}"#
    )
}

fn write_settings(sandbox: &Sandbox, text: &str) {
    std::fs::create_dir_all(sandbox.settings().parent().unwrap()).unwrap();
    std::fs::write(sandbox.settings(), text).unwrap();
}

/// Shows a sandbox with that hook script and those further settings.
fn shown(script: &str, more: &str) -> (Sandbox, Run) {
    let sandbox = Sandbox::new();
    let program = fake(&sandbox, script).display().to_string();
    write_settings(&sandbox, &settings(&program, more));
    let run = sandbox.rtk(&["init", "--show"]);
    (sandbox, run)
}

#[test]
fn a_working_hook_is_fired_as_the_client_fires_it_and_leaves_no_trace() {
    let (sandbox, run) = shown(INJECT, "");
    let run = run.code(0);
    assert!(run.stdout().contains("version 9.9.9, fires ("), "{}", run.explain());
    assert!(run.stdout().ends_with("\ngood\n"), "{}", run.explain());
    let seen = std::fs::read_to_string(sandbox.tmp().join("seen")).unwrap();
    assert_eq!(seen.lines().count(), 3, "each event once: {seen}");
    for line in seen.lines() {
        let words: Vec<_> = line.splitn(5, ' ').collect();
        assert_eq!(words[0], words[1], "started in the project's folder");
        assert!(
            words[2].starts_with(&sandbox.tmp().display().to_string()),
            "rtk's folders are temporary: {line}"
        );
        assert_eq!(words[3], "rtk-show");
        let event: serde_json::Value = serde_json::from_str(words[4]).unwrap();
        assert_eq!((&event["session_id"], &event["cwd"]), (&"rtk-show".into(), &words[0].into()));
    }
    let names = |folder: PathBuf| {
        let entries = std::fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(names(sandbox.home()), [".claude"]);
    assert_eq!(names(sandbox.tmp()), ["seen"], "the sample project is gone");
    let json = sandbox.rtk(&["init", "--show", "--json"]).code(0).json();
    assert_eq!((&json["schema"], &json["verdict"]), (&1.into(), &"good".into()));
    let fired = &json["files"][0]["hooks"][0]["fired"];
    assert_eq!(fired["verdict"], "injects");
    assert!(fired["latency_us"].as_u64().unwrap() > 0);
}

#[test]
fn a_hook_that_does_not_do_its_work_is_broken_or_a_warning() {
    for (script, code, said) in [
        ("exit 3", 1, "exit code 3"),
        ("echo hello", 1, "not one JSON object"),
        ("sleep 100", 1, "did not answer within its timeout"),
        ("echo '{\"hookSpecificOutput\":{\"hookEventName\":\"Stop\"}}'", 1, "hookEventName"),
        ("true", 2, "gave nothing"),
    ] {
        let (_sandbox, run) = shown(script, "");
        let run = run.code(code);
        assert!(run.stdout().contains(said), "{script}: {}", run.explain());
    }
}

#[test]
fn what_stands_in_the_way_is_named() {
    for (more, code, said) in [
        ("\"disableAllHooks\": true,", 1, "disableAllHooks"),
        ("\"permissions\": {\"deny\": [\"Bash\", \"Task(Explore)\"]},", 2, "denies Task(Explore)"),
        ("\"disableAllHooks\": false,", 0, "good"),
    ] {
        let (_sandbox, run) = shown(INJECT, more);
        let run = run.code(code);
        assert!(run.stdout().contains(said), "{more}: {}", run.explain());
    }
}

#[test]
fn foreign_hooks_are_named_and_never_run() {
    let sandbox = Sandbox::new();
    let program = fake(&sandbox, INJECT).display().to_string();
    let touched = sandbox.tmp().join("touched");
    let foreign = format!(
        "\"PreToolUse\": [{{\"matcher\": \"Agent\", \"hooks\": [{{\"type\": \"command\", \"command\": \"touch {0}\"}}]}}, \
         {{\"matcher\": \"Bash\", \"hooks\": [{{\"type\": \"command\", \"command\": \"touch {0}\"}}]}}, ",
        touched.display()
    );
    write_settings(&sandbox, &settings(&program, "").replace("\"PreToolUse\": [", &foreign));
    let run = sandbox.rtk(&["init", "--show"]);
    run.code(2);
    assert_eq!(
        run.stdout().matches("another hook runs at subagent launches too").count(),
        1,
        "{}",
        run.explain()
    );
    assert!(!touched.exists());
    // One bad entry of somebody else makes the client skip the file, ours with it.
    let bad = settings(&program, "")
        .replace("\"PreToolUse\": [", "\"PreToolUse\": [{\"hooks\": [{\"type\": \"x\"}]}, ");
    write_settings(&sandbox, &bad);
    sandbox.rtk(&["init", "--show"]).code(1).says("ignores this file as a whole");
}

#[test]
fn dead_doubled_vanished_and_absent_entries_are_told_apart() {
    let sandbox = Sandbox::new();
    sandbox.rtk(&["init", "--show"]).code(1).says("not registered in any settings file");
    assert!(!sandbox.home().join(".local").exists(), "looking makes nothing");

    let program = fake(&sandbox, INJECT).display().to_string();
    write_settings(&sandbox, &settings("/gone/rtk", "").replace("\"timeout\": 1", "\"timeout\": 10"));
    sandbox.rtk(&["init", "--show"]).code(1).says("is not there or may not be run");

    write_settings(&sandbox, &settings(&program, ""));
    sandbox.write(".git/HEAD", "ref: refs/heads/main\n");
    sandbox.write(".claude/settings.local.json", settings(&program, ""));
    sandbox.rtk(&["init", "--show"]).code(2).says("--uninstall --local");
    std::fs::remove_file(sandbox.project().join(".claude/settings.local.json")).unwrap();

    let start = settings(&program, "").find("\"SubagentStart\"").unwrap();
    let half = format!("{}}}}}", settings(&program, "")[..start].trim_end().trim_end_matches(','));
    write_settings(&sandbox, &half);
    sandbox.rtk(&["init", "--show"]).code(2).says("entry for SubagentStart is missing");

    std::fs::remove_file(sandbox.settings()).unwrap();
    sandbox.rtk(&["init", "--yes"]).success();
    write_settings(&sandbox, "{}");
    sandbox.rtk(&["init", "--show"]).code(1).says("its entries are gone");
    // A file that the client cannot read holds them still, to no effect.
    write_settings(&sandbox, "{\n\"a\": 1,}");
    let run = sandbox.rtk(&["init", "--show"]);
    run.code(1).says(":2: line 2, column 7: trailing comma");
    assert!(!run.stdout().contains("are gone"), "{}", run.explain());
}

#[test]
fn the_real_hook_gives_its_slice_of_the_sample_and_obeys_the_users_settings() {
    let sandbox = Sandbox::new();
    sandbox.rtk(&["init", "--yes"]).success();
    let json = sandbox.rtk(&["init", "--show", "--json"]).code(0).json();
    assert_eq!(json["files"][0]["hooks"][0]["fired"]["verdict"], "injects", "{json}");
    assert_eq!(json["files"][0]["hooks"][0]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(json["memory"]["projects"], 0, "the sample is in nobody's memory");
    let config = sandbox.home().join(".config/rtk/config.toml");
    std::fs::create_dir_all(config.parent().unwrap()).unwrap();
    std::fs::write(config, "enabled = false\n").unwrap();
    sandbox.rtk(&["init", "--show"]).code(2).says("gave nothing");
}

#[test]
fn on_a_terminal_the_change_is_shown_and_asked_for() {
    use std::io::{Read as _, Write as _};
    for (typed, code) in [("n\n", 1), ("\n", 1), ("\u{4}", 1), ("y\n", 0)] {
        let sandbox = Sandbox::new();
        let (mut person, terminal) = crate::sandbox::terminal();
        person.write_all(typed.as_bytes()).unwrap();
        let mut command = sandbox.command(std::ffi::OsStr::new(env!("CARGO_BIN_EXE_rtk")));
        command.arg("init").stdin(terminal.try_clone().unwrap()).stdout(terminal.try_clone().unwrap());
        let mut child = command.stderr(terminal).spawn().unwrap();
        drop(command);
        let mut seen = Vec::new();
        // Linux reports the closed other end of a terminal as an error after the last byte.
        let _ = person.read_to_end(&mut seen);
        let seen = String::from_utf8(seen).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{typed:?}: {seen}");
        let (diff, question) = (seen.find("+++ ").unwrap(), seen.find("apply this change? [y/N]").unwrap());
        assert!(diff < question, "{seen}");
        assert_eq!(sandbox.settings().exists(), code == 0, "{seen}");
    }
}
