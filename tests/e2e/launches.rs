//! Every way of launching an agent: nested, in the background, in a worktree, several at once, as a fork, from a workflow.

use crate::client::Client;
use crate::sample::{SESSION, STOCK, WEBHOOK};
use crate::script::{Block, OWN_PROMPT, Script, launch, says};
use crate::session::Sandbox;
use crate::slice::{assert_answers, assert_injected, blocks};
use serde_json::json;

/// The inner launch quotes the outer prompt, block and all: the quoted block is replaced, not stacked.
#[test]
fn newest_nested_agent() {
    const PART: &str = "Do a part of this work: ";
    let inner = launch("toolu_2", "general-purpose", &format!("{PART}{OWN_PROMPT}"));
    let script = Script::new([vec![launch("toolu_1", "general-purpose", WEBHOOK.prompt)], says("All done.")])
        .agent("outer", WEBHOOK.prompt, [vec![inner], says("The inner one found it.")])
        .agent("inner", PART, [says("It is in retry.rs.")]);
    let run = Sandbox::installed(Client::Newest).run(script);
    run.assert_ended("All done.");
    assert_injected(&run, "outer", WEBHOOK);
    let (outer, inner) = (run.agent("outer"), run.agent("inner"));
    assert!(inner.parent_id().is_some() && inner.parent_id() == outer.id(), "{}", run.report());
    let prompt = inner.prompt(PART);
    assert!(prompt.starts_with(&format!("{PART}{}", WEBHOOK.prompt)), "{prompt}");
    assert_eq!(blocks(&prompt), 1, "{prompt}");
    assert_answers(&prompt, WEBHOOK, &run);
}

#[test]
fn newest_background_agent() {
    let call = launch("toolu_1", "general-purpose", WEBHOOK.prompt).with("run_in_background", json!(true));
    let script = Script::new([vec![call], says("Waiting."), says("All done.")]).agent(
        "helper",
        WEBHOOK.prompt,
        [says("It is in retry.rs.")],
    );
    let run = Sandbox::installed(Client::Newest).run(script);
    run.assert_ended("All done.");
    assert_injected(&run, "helper", WEBHOOK);
    assert!(run.main().tool_result("toolu_1").text.contains("agentId"), "it was launched in the background");
}

#[test]
fn newest_worktree_agent() {
    let call = launch("toolu_1", "general-purpose", WEBHOOK.prompt).with("isolation", json!("worktree"));
    let script = Script::new([vec![call], says("All done.")]).agent(
        "helper",
        WEBHOOK.prompt,
        [vec![crate::script::bash("toolu_2", "pwd")], says("It is in retry.rs.")],
    );
    let run = Sandbox::installed(Client::Newest).run(script);
    run.assert_ended("All done.");
    assert_injected(&run, "helper", WEBHOOK);
    let folder = run.agent("helper").tool_result("toolu_2");
    assert!(folder.text.contains("worktrees"), "{folder:?}");
}

/// A fork has the whole conversation already: nothing is added to its prompt or beside it.
#[test]
fn newest_fork() {
    let script =
        Script::new([vec![launch("toolu_1", "fork", WEBHOOK.prompt)], says("All done."), says("All done.")])
            .agent_that_mentions(
                "fork",
                WEBHOOK.prompt,
                [says("(the main agent's turn)"), says("It is in retry.rs.")],
            );
    let run = Sandbox::installed(Client::Newest).run(script);
    run.assert_ended("All done.");
    let seen = run.agent("fork").everything();
    assert!(seen.contains(WEBHOOK.prompt), "{seen}");
    assert_eq!(blocks(&seen), 0, "{seen}");
}

fn two_launches_in_one_turn(client: Client) {
    let calls = vec![
        launch("toolu_1", "general-purpose", SESSION.prompt),
        launch("toolu_2", "general-purpose", STOCK.prompt),
    ];
    let script = Script::new([calls, says("All done.")])
        .agent("one", SESSION.prompt, [says("In session.go.")])
        .agent("two", STOCK.prompt, [says("In reservation.py.")]);
    let run = Sandbox::installed(client).run(script);
    run.assert_ended("All done.");
    assert_injected(&run, "one", SESSION);
    assert_injected(&run, "two", STOCK);
}

#[test]
fn newest_two_launches_in_one_turn() {
    two_launches_in_one_turn(Client::Newest);
}

#[test]
fn older_two_launches_in_one_turn() {
    two_launches_in_one_turn(Client::Older);
}

/// Launches of one turn share the work: code that one of them was shown is named to the other, not shown again.
#[test]
fn newest_two_launches_about_the_same_code() {
    const TEST: &str = "Write a further test for next_retry_delay, the delay before the next retry of a failed webhook delivery.";
    const CODE: &str = "2u32.saturating_pow(attempts)";
    let calls = vec![
        launch("toolu_1", "general-purpose", WEBHOOK.prompt),
        launch("toolu_2", "general-purpose", TEST),
    ];
    let script = Script::new([calls, says("All done.")])
        .agent("one", WEBHOOK.prompt, [says("Found.")])
        .agent("two", TEST, [says("Written.")]);
    let sandbox = Sandbox::installed(Client::Newest);
    let alone = Script::new([vec![launch("toolu_1", "general-purpose", TEST)], says("All done.")]).agent(
        "two",
        TEST,
        [says("Written.")],
    );
    assert!(sandbox.run(alone).agent("two").prompt(TEST).contains(CODE), "alone it is shown the code");
    let run = sandbox.run(script);
    run.assert_ended("All done.");
    let prompts = [run.agent("one").prompt(WEBHOOK.prompt), run.agent("two").prompt(TEST)];
    for prompt in &prompts {
        assert_eq!(blocks(prompt), 1, "{prompt}\n{}", run.report());
        assert_answers(prompt, WEBHOOK, &run);
    }
    let shown = prompts.iter().filter(|prompt| prompt.contains(CODE)).count();
    assert_eq!(shown, 1, "{}\n\n=====\n\n{}", prompts[0], prompts[1]);
}

/// No `Agent` call announces the agents of a workflow: they get a general slice when they start.
#[test]
fn newest_workflow_agent() {
    const PROMPT: &str = "List what could be done about the webhooks.";
    let program = format!(
        "export const meta = {{ name: 'look', description: 'looks around', phases: [{{ title: 'Look' }}] }}\n\
         const found = await agent({}, {{ label: 'look', phase: 'Look' }})\nreturn {{ found }}",
        json!(PROMPT)
    );
    let call = Block::Tool { name: "Workflow", id: "toolu_1".into(), input: json!({"script": program}) };
    let script = Script::new([vec![call], says("Waiting."), says("All done.")]).agent_that_mentions(
        "worker",
        PROMPT,
        [says("Nothing.")],
    );
    let mut sandbox = Sandbox::installed(Client::Newest);
    sandbox.argument("--dangerously-skip-permissions");
    let run = sandbox.run(script);
    if !run.main().tools().contains(&"Workflow") {
        // Not every release offers the tool; then the call is refused and there is no agent to serve.
        assert!(run.main().tool_result("toolu_1").is_error, "{}", run.report());
        return;
    }
    run.assert_ended("All done.");
    let seen = run.agent("worker").everything();
    assert_eq!(blocks(&seen), 1, "{seen}\n{}", run.report());
    assert!(seen.contains("SubagentStart hook additional context: <rtk-project-memory"), "{seen}");
}
