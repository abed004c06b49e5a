//! The repository as a marketplace with one plugin: valid, at work, silent without its program, and alone beside settings.

use crate::client::Client;
use crate::run::Run;
use crate::sample::WEBHOOK;
use crate::script::{Script, launch, says};
use crate::session::Sandbox;
use crate::slice::{assert_injected, assert_untouched};
use std::path::Path;

/// Copies what a clone of the repository gives to the client, without what was built here.
fn repository(sandbox: &Sandbox) -> String {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in [".claude-plugin", "hooks"] {
        for entry in std::fs::read_dir(top.join(folder)).expect("a folder of the repository").flatten() {
            let text = std::fs::read_to_string(entry.path()).expect("a file of the plugin is text");
            sandbox.write(&format!("repository/{folder}/{}", entry.file_name().display()), &text);
        }
    }
    for name in ["README.md", "LICENSE"] {
        let text = std::fs::read_to_string(top.join(name)).expect("a file of the repository");
        sandbox.write(&format!("repository/{name}"), &text);
    }
    sandbox.path("repository").display().to_string()
}

/// A sandbox whose user has added the marketplace and installed the plugin.
fn with_plugin() -> Sandbox {
    let sandbox = Sandbox::new(Client::Newest);
    let repository = repository(&sandbox);
    sandbox.run_client(&["plugin", "marketplace", "add", &repository]);
    sandbox.run_client(&["plugin", "install", "rtk@rtk"]);
    sandbox
}

fn run_session(sandbox: &Sandbox) -> Run {
    let script = Script::new([vec![launch("toolu_1", "general-purpose", WEBHOOK.prompt)], says("All done.")])
        .agent("helper", WEBHOOK.prompt, [says("It is in retry.rs.")]);
    let run = sandbox.run(script);
    run.assert_ended("All done.");
    run
}

/// How many launches rtk has written into its record.
fn recorded_launches(sandbox: &Sandbox) -> usize {
    let folder = sandbox.path("home/.local/share/rtk/sessions");
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let texts = files.filter_map(|entry| std::fs::read_to_string(entry.path()).ok());
    texts.map(|text| text.matches("\"tool_use_id\":\"toolu_1\"").count()).sum()
}

#[test]
fn newest_client_finds_marketplace_and_plugin_valid_without_a_warning() {
    let sandbox = Sandbox::new(Client::Newest);
    let verdict = sandbox.run_client(&["plugin", "validate", "--strict", &repository(&sandbox)]);
    assert!(verdict.contains("Validation passed"), "{verdict}");
    assert!(verdict.contains("PreToolUse Task|Agent"), "the hooks are found: {verdict}");
}

#[test]
fn newest_plugin_injects() {
    let sandbox = with_plugin();
    let run = run_session(&sandbox);
    assert_injected(&run, "helper", WEBHOOK);
    assert_eq!(recorded_launches(&sandbox), 1, "{}", run.report());
    assert!(!run.report().contains("systemMessage"), "nothing to tell: {}", run.report());
}

/// Both are called, one does the work, and the agent gets one slice.
#[test]
fn newest_plugin_stands_down_beside_settings() {
    for scope in ["--global", "--local"] {
        let sandbox = with_plugin();
        sandbox.run_rtk(&["init", scope, "--yes"]);
        let run = run_session(&sandbox);
        assert_injected(&run, "helper", WEBHOOK);
        assert_eq!(run.hook_outputs("PreToolUse").len(), 2, "both are registered\n{}", run.report());
        let answers = run.hook_outputs("PreToolUse").into_iter().filter(|output| !output.is_empty()).count();
        assert_eq!(answers, 1, "{scope}\n{}", run.report());
        assert_eq!(recorded_launches(&sandbox), 1, "{scope}\n{}", run.report());
    }
}

#[test]
fn newest_plugin_without_its_program_says_so_and_leaves_the_session_alone() {
    let sandbox = with_plugin();
    std::fs::remove_file(sandbox.rtk()).expect("the sandbox's rtk can be removed");
    let run = run_session(&sandbox);
    assert_untouched(&run, "helper", WEBHOOK.prompt);
    let said = run.hook_outputs("SessionStart");
    assert!(
        said.iter().any(|output| output.contains("no program rtk on PATH")),
        "{said:?}\n{}",
        run.report()
    );
}

/// The other program of that name ends as command lines do that it does not know: with 2, which would block a launch.
#[test]
fn newest_plugin_beside_another_program_of_that_name() {
    let sandbox = with_plugin();
    sandbox.write_program("bin/rtk", "#!/bin/sh\necho '{\"decision\":\"block\"' >&2\nexit 2\n");
    let run = run_session(&sandbox);
    assert_untouched(&run, "helper", WEBHOOK.prompt);
    let said = run.hook_outputs("SessionStart");
    assert!(
        said.iter().any(|output| output.contains("another one of that name")),
        "{said:?}\n{}",
        run.report()
    );
}
