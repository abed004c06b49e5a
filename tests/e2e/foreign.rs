//! Beside other people's hooks: they keep running, and nothing breaks when both rewrite the same launch.

use crate::client::Client;
use crate::run::Run;
use crate::sample::WEBHOOK;
use crate::script::{Script, launch, says};
use crate::session::Sandbox;
use crate::slice::assert_injected;
use serde_json::{Value, json};

/// Runs a session whose user has had a hook on launches before rtk came; the hook prints `reply` after `delay`.
fn run_beside(client: Client, reply: &str, delay: &str) -> Run {
    let sandbox = Sandbox::new(client);
    sandbox.write("reply.json", reply);
    let program = format!("#!/bin/sh\ncat > \"$0.stdin\"\nsleep {delay}\ncat \"${{0%/*}}/reply.json\"\n");
    let command = format!("'{}'", sandbox.write_program("hook", &program).display());
    let group = json!({"matcher": "Task|Agent", "hooks": [{"type": "command", "command": command}]});
    let before =
        format!("{:#}\n", json!({"hooks": {"PreToolUse": [group.clone()]}, "cleanupPeriodDays": 30}));
    sandbox.write("home/.claude/settings.json", &before);
    sandbox.run_rtk(&["init", "--global", "--yes"]);
    let script = Script::new([vec![launch("toolu_1", "general-purpose", WEBHOOK.prompt)], says("All done.")])
        .agent("helper", WEBHOOK.prompt, [says("It is in retry.rs.")]);
    let run = sandbox.run(script);
    run.assert_ended("All done.");
    assert!(sandbox.path("hook.stdin").exists(), "the foreign hook was not called\n{}", run.report());
    let settings = std::fs::read_to_string(sandbox.user_settings()).expect("the settings are there");
    let parsed: Value = serde_json::from_str(&settings).expect("the settings are JSON");
    let hooks = parsed["hooks"]["PreToolUse"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|group| group["hooks"].as_array())
        .flatten();
    assert_eq!(hooks.filter(|hook| hook["command"] == command.as_str()).count(), 1, "{settings}");
    sandbox.run_rtk(&["init", "--global", "--uninstall", "--yes"]);
    assert_eq!(std::fs::read_to_string(sandbox.user_settings()).expect("the settings are there"), before);
    run
}

fn silent_hook_beside(client: Client) {
    assert_injected(&run_beside(client, "", "0"), "helper", WEBHOOK);
}

/// The client takes the reply of whoever finishes last, whole: one of the two prompts arrives, never a mixture.
fn rewriting_hook_beside(client: Client, delay: &str) {
    let input = launch("", "general-purpose", &format!("{}\n\nFOREIGN NOTE", WEBHOOK.prompt));
    let reply = json!({"hookSpecificOutput": {"hookEventName": "PreToolUse", "updatedInput": input.input()}});
    let run = run_beside(client, &reply.to_string(), delay);
    let prompt = run.agent("helper").prompt(WEBHOOK.prompt);
    if prompt.contains("FOREIGN NOTE") {
        assert_eq!(prompt, format!("{}\n\nFOREIGN NOTE", WEBHOOK.prompt), "{}", run.report());
    } else {
        assert_injected(&run, "helper", WEBHOOK);
    }
}

#[test]
fn newest_silent_hook_beside() {
    silent_hook_beside(Client::Newest);
}

#[test]
fn older_silent_hook_beside() {
    silent_hook_beside(Client::Older);
}

#[test]
fn newest_fast_rewriting_hook_beside() {
    rewriting_hook_beside(Client::Newest, "0");
}

#[test]
fn newest_slow_rewriting_hook_beside() {
    rewriting_hook_beside(Client::Newest, "2");
}
