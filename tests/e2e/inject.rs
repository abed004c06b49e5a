//! Every kind of agent gets the slice for its task, whoever defined it.

use crate::client::Client;
use crate::run::Run;
use crate::sample::{Question, WEBHOOK};
use crate::script::{BROKEN_CHARACTER, Script, bash, launch, says};
use crate::session::Sandbox;
use crate::slice::{assert_answers, assert_injected, assert_untouched, blocks};
use serde_json::json;

/// Runs one launch of an agent type that asks about the webhooks.
fn run_one(sandbox: &Sandbox, agent_type: &str) -> Run {
    let script = Script::new([vec![launch("toolu_1", agent_type, WEBHOOK.prompt)], says("All done.")]).agent(
        "helper",
        WEBHOOK.prompt,
        [says("It is in retry.rs.")],
    );
    let run = sandbox.run(script);
    run.assert_ended("All done.");
    run
}

fn assert_type_is_injected(client: Client, agent_type: &str) -> Run {
    let run = run_one(&Sandbox::installed(client), agent_type);
    assert_injected(&run, "helper", WEBHOOK);
    let answer = run.main().tool_result("toolu_1");
    assert!(!answer.is_error && answer.text.contains("It is in retry.rs."), "{answer:?}");
    run
}

fn custom_agent(client: Client) {
    let sandbox = Sandbox::installed(client);
    sandbox.write(
        "project/.claude/agents/partner-expert.md",
        "---\nname: partner-expert\ndescription: Knows the partners.\ntools: Read, Bash\n---\nYou know every PARTNER-CONTRACT.\n",
    );
    let run = run_one(&sandbox, "partner-expert");
    assert_injected(&run, "helper", WEBHOOK);
    assert!(
        run.agent("helper").system().contains("PARTNER-CONTRACT"),
        "the custom agent ran\n{}",
        run.report()
    );
}

#[test]
fn newest_general_purpose() {
    assert_type_is_injected(Client::Newest, "general-purpose");
}

#[test]
fn older_general_purpose() {
    assert_type_is_injected(Client::Older, "general-purpose");
}

#[test]
fn newest_plan() {
    assert_type_is_injected(Client::Newest, "Plan");
}

#[test]
fn newest_agent_type_left_out() {
    assert_type_is_injected(Client::Newest, "");
}

#[test]
fn newest_custom_agent() {
    custom_agent(Client::Newest);
}

#[test]
fn older_custom_agent() {
    custom_agent(Client::Older);
}

/// An unknown type is the client's business: it says so, and the session goes on.
#[test]
fn newest_unknown_agent_type() {
    let run = run_one(&Sandbox::installed(Client::Newest), "no-such-agent");
    let answer = run.main().tool_result("toolu_1");
    assert!(
        answer.is_error && answer.text.contains("'no-such-agent' not found"),
        "{answer:?}\n{}",
        run.report()
    );
    assert!(!run.has("helper"));
}

/// Nothing but the prompt changes: the model that the launch asks for is the one that gets the request.
#[test]
fn newest_other_fields_stay() {
    let asked = launch("toolu_1", "general-purpose", WEBHOOK.prompt).with("model", json!("haiku"));
    let script =
        Script::new([vec![asked], says("All done.")]).agent("helper", WEBHOOK.prompt, [says("Found.")]);
    let run = Sandbox::installed(Client::Newest).run(script);
    run.assert_ended("All done.");
    assert_injected(&run, "helper", WEBHOOK);
    assert!(run.agent("helper").model().contains("haiku"), "{}", run.report());
    assert!(!run.main().model().contains("haiku"), "{}", run.report());
}

/// A prompt that strict parsers refuse is no reason to send the agent off blind.
#[test]
fn newest_prompt_with_half_a_character() {
    let prompt = format!("{} {BROKEN_CHARACTER} END", WEBHOOK.prompt);
    let script = Script::new([vec![launch("toolu_1", "general-purpose", &prompt)], says("All done.")]).agent(
        "helper",
        WEBHOOK.prompt,
        [says("Found.")],
    );
    let run = Sandbox::installed(Client::Newest).run(script);
    run.assert_ended("All done.");
    let prompt = run.agent("helper").prompt(WEBHOOK.prompt);
    let (_, added) =
        prompt.split_once("\u{fffd} END").unwrap_or_else(|| panic!("{prompt}\n{}", run.report()));
    assert_eq!(blocks(added), 1, "{prompt}\n{}", run.report());
    assert_answers(added, WEBHOOK, &run);
}

/// What changed just before the launch counts: the main agent moves the answer, then asks.
#[test]
fn newest_change_of_the_same_session() {
    const MOVED: &str = "billing/src/webhook/backoff_schedule.rs";
    let turn = vec![bash("toolu_1", &format!("mv {} {MOVED}", WEBHOOK.path))];
    let script =
        Script::new([turn, vec![launch("toolu_2", "general-purpose", WEBHOOK.prompt)], says("All done.")])
            .agent("helper", WEBHOOK.prompt, [says("Found.")]);
    let mut sandbox = Sandbox::installed(Client::Newest);
    run_one(&sandbox, "general-purpose");
    sandbox.argument("--dangerously-skip-permissions");
    let run = sandbox.run(script);
    run.assert_ended("All done.");
    assert!(!sandbox.path("project").join(WEBHOOK.path).exists(), "{}", run.report());
    assert_injected(&run, "helper", Question { path: MOVED, ..WEBHOOK });
    let prompt = run.agent("helper").prompt(WEBHOOK.prompt);
    assert!(!prompt.contains(WEBHOOK.path), "{prompt}");
}

/// The switch that turns rtk off leaves every byte of the prompt alone.
#[test]
fn newest_disabled_by_a_variable() {
    let mut sandbox = Sandbox::installed(Client::Newest);
    sandbox.set("RTK_DISABLED", "1");
    assert_untouched(&run_one(&sandbox, "general-purpose"), "helper", WEBHOOK.prompt);
}
