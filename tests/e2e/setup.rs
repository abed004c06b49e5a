//! The setup as the real client sees it: its own verdict, word of entries that have gone, the note, the rules.

use crate::client::Client;
use crate::run::Run;
use crate::sample::WEBHOOK;
use crate::script::{Script, bash, launch, says};
use crate::session::Sandbox;
use crate::slice::assert_injected;
use serde_json::{Value, json};

/// Words of the note that a model must be shown.
const NOTE: &str = "rtk memory plan \"<question>\"";

fn run_session(sandbox: &Sandbox) -> Run {
    let script = Script::new([vec![launch("toolu_1", "general-purpose", WEBHOOK.prompt)], says("All done.")])
        .agent("helper", WEBHOOK.prompt, [says("It is in retry.rs.")]);
    let run = sandbox.run(script);
    run.assert_ended("All done.");
    run
}

/// Puts the client on `PATH` under its name, as its installer does.
fn with_client(client: Client) -> Sandbox {
    let sandbox = Sandbox::new(client);
    std::os::unix::fs::symlink(client.program(), sandbox.path("bin/claude")).expect("a link to the client");
    sandbox
}

fn doctor(sandbox: &Sandbox) -> Value {
    let output = sandbox.command(sandbox.rtk().as_os_str()).args(["doctor", "--json"]).output();
    let output = output.expect("rtk runs");
    serde_json::from_slice(&output.stdout).expect("rtk doctor prints one document")
}

/// What the client says of each file comes through, and nothing of the home changes by asking it.
#[test]
fn newest_client_is_asked_for_its_verdict() {
    let sandbox = with_client(Client::Newest);
    sandbox.run_rtk(&["init", "--global", "--yes"]);
    let verdict = doctor(&sandbox);
    assert_eq!(verdict["client"]["complaints"], json!([]), "{verdict}");
    assert!(verdict["client"]["version"].as_str().is_some_and(|version| version.contains('2')), "{verdict}");
    let bad = r#"{"hooks": {"PreToolUse": [{"matcher": "x", "hooks": [{"type": "nosuch"}]}]}}"#;
    sandbox.write("project/.claude/settings.json", bad);
    sandbox.write("project/.claude/settings.local.json", "{\"a\": 1,}");
    let verdict = doctor(&sandbox);
    let complaints = verdict["client"]["complaints"].as_array().cloned().unwrap_or_default();
    for file in ["settings.json", "settings.local.json"] {
        let path = sandbox.project().join(".claude").join(file);
        let path = path.canonicalize().expect("the file is there");
        assert!(complaints.iter().any(|complaint| complaint[0] == json!(path)), "{file}: {verdict}");
    }
    assert!(!sandbox.path("home/.claude.json").exists(), "the client has not touched the user's home");
    assert!(!sandbox.path("home/.npm").exists());
}

/// An older client draws its report on a terminal only: that is said, and is no fault of the setup.
#[test]
fn older_client_cannot_be_asked() {
    let sandbox = with_client(Client::Older);
    sandbox.run_rtk(&["init", "--global", "--yes"]);
    let verdict = doctor(&sandbox);
    assert_eq!(verdict["client"]["complaints"], Value::Null, "{verdict}");
    assert!(verdict["client"]["failure"].is_string(), "{verdict}");
}

/// The user's entries are thrown out; the project's still run, and the client shows what they say.
#[test]
fn newest_client_tells_that_entries_have_gone() {
    let sandbox = Sandbox::new(Client::Newest);
    sandbox.run_rtk(&["init", "--global", "--yes"]);
    sandbox.run_rtk(&["init", "--local", "--yes"]);
    let run = run_session(&sandbox);
    assert!(run.hook_outputs("SessionStart").iter().all(String::is_empty), "{}", run.report());
    sandbox.write("home/.claude/settings.json", "{}\n");
    let run = run_session(&sandbox);
    assert_injected(&run, "helper", WEBHOOK);
    let said = run.hook_outputs("SessionStart").join("\n");
    assert!(said.contains("are gone") && said.contains("systemMessage"), "{said}\n{}", run.report());
    assert!(!run.main().everything().contains("are gone"), "it is for the user, not for the model");
    let settings = std::fs::read_to_string(sandbox.user_settings()).expect("the settings are there");
    assert_eq!(settings, "{}\n", "nothing is put back unasked");
}

/// The model reads the note without its marks, whichever file it stands in.
#[test]
fn newest_client_shows_the_note_to_the_model() {
    for scope in ["--global", "--project", "--local"] {
        let sandbox = Sandbox::new(Client::Newest);
        sandbox.run_rtk(&["init", scope, "--yes"]);
        let run = run_session(&sandbox);
        let shown = run.main().everything();
        assert_eq!(shown.matches(NOTE).count(), 1, "{scope}\n{}", run.report());
        assert!(!shown.contains("rtk note: begin"), "{scope}: the marks are for rtk alone\n{}", run.report());
        assert_injected(&run, "helper", WEBHOOK);
    }
}

/// With the rules an agent asks the memory without a question to the user; what they do not name is asked as before.
#[test]
fn newest_client_runs_what_the_rules_allow_and_no_more() {
    for (option, allowed) in [("--allow-memory", true), ("--claude-md", false)] {
        let sandbox = Sandbox::new(Client::Newest);
        sandbox.run_rtk(&["init", "--global", option, "--yes"]);
        let ask = bash("toolu_1", "rtk memory plan \"where is the retry delay?\"");
        let clear = bash("toolu_2", "rtk memory clear --all");
        let run = sandbox.run(Script::new([vec![ask], vec![clear], says("All done.")]));
        run.assert_ended("All done.");
        assert_eq!(!run.main().tool_result("toolu_1").is_error, allowed, "{option}\n{}", run.report());
        assert!(run.main().tool_result("toolu_2").is_error, "{option}\n{}", run.report());
    }
}
