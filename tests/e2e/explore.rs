//! Exploration is answered by the memory; asked again it goes through, so that nobody is locked out.

use crate::client::Client;
use crate::sample::WEBHOOK;
use crate::script::{Script, launch, says};
use crate::session::Sandbox;
use crate::slice::{assert_answers, assert_injected, assert_untouched};

fn answered_then_let_through(client: Client) {
    let ask = |id: &str| vec![launch(id, "Explore", WEBHOOK.prompt)];
    let script = Script::new([ask("toolu_1"), ask("toolu_2"), says("All done.")]).agent(
        "explorer",
        WEBHOOK.prompt,
        [says("It is in retry.rs.")],
    );
    let run = Sandbox::installed(client).run(script);
    run.assert_ended("All done.");
    let first = run.main().tool_result("toolu_1");
    assert!(first.is_error, "the first launch is answered instead of run\n{}", run.report());
    assert_answers(&first.text, WEBHOOK, &run);
    let second = run.main().tool_result("toolu_2");
    assert!(!second.is_error && second.text.contains("It is in retry.rs."), "{second:?}\n{}", run.report());
    assert_injected(&run, "explorer", WEBHOOK);
}

#[test]
fn newest_exploration_is_answered_then_let_through() {
    answered_then_let_through(Client::Newest);
}

#[test]
fn older_exploration_is_answered_then_let_through() {
    answered_then_let_through(Client::Older);
}

#[test]
fn newest_exploration_can_be_left_alone() {
    let script = Script::new([vec![launch("toolu_1", "Explore", WEBHOOK.prompt)], says("All done.")]).agent(
        "explorer",
        WEBHOOK.prompt,
        [says("It is in retry.rs.")],
    );
    let mut sandbox = Sandbox::installed(Client::Newest);
    sandbox.set("RTK_ALLOW_NATIVE_EXPLORE", "1");
    let run = sandbox.run(script);
    run.assert_ended("All done.");
    assert_untouched(&run, "explorer", WEBHOOK.prompt);
}
