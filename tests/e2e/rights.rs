//! rtk never gives anyone more rights: what was asked about or denied without it is so with it.

use crate::client::Client;
use crate::sample::WEBHOOK;
use crate::script::{Script, bash, launch, says};
use crate::session::Sandbox;
use crate::slice::assert_injected;

/// A headless session denies what it would have to ask about.
fn command_of_a_subagent_is_still_asked_about(client: Client) {
    let touch = bash("toolu_2", "touch made-by-the-agent.txt");
    let script = Script::new([vec![launch("toolu_1", "general-purpose", WEBHOOK.prompt)], says("All done.")])
        .agent("helper", WEBHOOK.prompt, [vec![touch], says("I was not allowed to.")]);
    let sandbox = Sandbox::installed(client);
    let run = sandbox.run(script);
    run.assert_ended("All done.");
    assert_injected(&run, "helper", WEBHOOK);
    assert!(run.agent("helper").tool_result("toolu_2").is_error, "{}", run.report());
    assert!(!sandbox.path("project/made-by-the-agent.txt").exists(), "{}", run.report());
}

#[test]
fn newest_command_of_a_subagent_is_still_asked_about() {
    command_of_a_subagent_is_still_asked_about(Client::Newest);
}

#[test]
fn older_command_of_a_subagent_is_still_asked_about() {
    command_of_a_subagent_is_still_asked_about(Client::Older);
}

/// Whoever decides on a launch without rtk decides on it with rtk, although the hook has rewritten the prompt.
fn assert_launch_is_refused(settings: &str, arguments: &[&str]) {
    let script = Script::new([vec![launch("toolu_1", "general-purpose", WEBHOOK.prompt)], says("All done.")])
        .agent("helper", WEBHOOK.prompt, [says("I should not run.")]);
    let mut sandbox = Sandbox::new(Client::Newest);
    sandbox.write("home/.claude/settings.json", settings);
    sandbox.run_rtk(&["init", "--global", "--yes"]);
    arguments.iter().for_each(|argument| sandbox.argument(argument));
    let run = sandbox.run(script);
    run.assert_ended("All done.");
    assert!(run.main().tool_result("toolu_1").is_error, "{}", run.report());
    assert!(!run.has("helper"), "{}", run.report());
}

#[test]
fn newest_launch_that_the_user_wants_to_be_asked_about() {
    assert_launch_is_refused(r#"{"permissions": {"ask": ["Agent"]}}"#, &[]);
}

#[test]
fn newest_launch_that_the_user_denies() {
    assert_launch_is_refused(r#"{"permissions": {"deny": ["Agent(general-purpose)"]}}"#, &[]);
}

/// In auto mode the client's own safety check decides; it cannot be reached here, so the launch does not happen. A
/// hook that said "allow" would have started it.
#[test]
fn newest_launch_that_the_safety_check_decides_on() {
    assert_launch_is_refused("{}", &["--permission-mode", "auto"]);
}
