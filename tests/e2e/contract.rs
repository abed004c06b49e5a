//! The client alone, with a foreign hook instead of rtk: when these fail the client has changed, or the harness is wrong.

use crate::client::Client;
use crate::run::Run;
use crate::sample::WEBHOOK;
use crate::script::{Script, launch, says};
use crate::session::Sandbox;
use serde_json::{Value, json};

/// Settings with one hook on launches, in the shell form that every client knows.
fn settings(command: &str) -> String {
    let hook = json!({"type": "command", "command": command, "timeout": 10});
    json!({"hooks": {"PreToolUse": [{"matcher": "Task|Agent", "hooks": [hook]}]}}).to_string()
}

fn run_with_hook(client: Client, reply: &Value) -> Run {
    let sandbox = Sandbox::new(client);
    sandbox.write("reply.json", &reply.to_string());
    let hook = sandbox.write_program("hook", "#!/bin/sh\ncat > \"$0.stdin\"\ncat \"${0%/*}/reply.json\"\n");
    sandbox.write("home/.claude/settings.json", &settings(&format!("'{}'", hook.display())));
    let script = Script::new([vec![launch("toolu_1", "general-purpose", WEBHOOK.prompt)], says("All done.")])
        .agent("helper", WEBHOOK.prompt, [says("It is in retry.rs.")]);
    let run = sandbox.run(script);
    let stdin = std::fs::read_to_string(sandbox.path("hook.stdin")).expect("the hook was called");
    let event: Value = serde_json::from_str(&stdin).expect("the hook got JSON");
    assert_eq!(event["tool_name"], client.launch_tool());
    assert_eq!(event["tool_input"]["prompt"], WEBHOOK.prompt);
    run
}

fn rewritten_prompt_reaches_the_subagent(client: Client) {
    let input = launch("", "general-purpose", &format!("{}\n\nSee also: NOTES", WEBHOOK.prompt));
    let reply = json!({"hookSpecificOutput": {"hookEventName": "PreToolUse", "updatedInput": input.input()}});
    let run = run_with_hook(client, &reply);
    run.assert_ended("All done.");
    assert!(run.agent("helper").prompt(WEBHOOK.prompt).ends_with("See also: NOTES"), "{}", run.report());
    let answer = run.main().tool_result("toolu_1");
    assert!(!answer.is_error && answer.text.contains("It is in retry.rs."), "{answer:?}");
    assert_eq!(run.agent("helper").id().is_some(), client == Client::Newest, "{}", run.report());
}

fn denied_launch_gives_the_reason_to_the_main_agent(client: Client) {
    let reply = json!({"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "deny",
        "permissionDecisionReason": "REASON OF THE HOOK"}});
    let run = run_with_hook(client, &reply);
    run.assert_ended("All done.");
    assert!(!run.has("helper"), "{}", run.report());
    let answer = run.main().tool_result("toolu_1");
    assert!(answer.is_error && answer.text.contains("REASON OF THE HOOK"), "{answer:?}");
}

#[test]
fn newest_rewritten_prompt_reaches_the_subagent() {
    rewritten_prompt_reaches_the_subagent(Client::Newest);
}

#[test]
fn older_rewritten_prompt_reaches_the_subagent() {
    rewritten_prompt_reaches_the_subagent(Client::Older);
}

#[test]
fn newest_denied_launch_gives_the_reason_to_the_main_agent() {
    denied_launch_gives_the_reason_to_the_main_agent(Client::Newest);
}

#[test]
fn older_denied_launch_gives_the_reason_to_the_main_agent() {
    denied_launch_gives_the_reason_to_the_main_agent(Client::Older);
}
