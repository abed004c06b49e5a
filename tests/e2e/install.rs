//! In and out again: each scope works in a session, and the uninstall gives back what was there, byte for byte.

use crate::client::Client;
use crate::sample::WEBHOOK;
use crate::script::{Script, launch, says};
use crate::session::Sandbox;
use crate::slice::{assert_injected, assert_untouched};

/// Valid for the client and unlike anything that a serialiser prints: tabs, CRLF, escapes, odd numbers, no final newline.
const SETTINGS: &str = "{\r\n\t\"cleanupPeriodDays\" : 30,\r\n\t\"env\": {\"A\":\"\\u00e9\\/x\",   \"B\":\"\"},\r\n\t\
    \"permissions\":{\"deny\":[ \"Bash(curl:*)\" ]}, \"hooks\":{}\r\n}";

fn run_session(sandbox: &Sandbox) -> crate::run::Run {
    let script = Script::new([vec![launch("toolu_1", "general-purpose", WEBHOOK.prompt)], says("All done.")])
        .agent("helper", WEBHOOK.prompt, [says("It is in retry.rs.")]);
    let run = sandbox.run(script);
    run.assert_ended("All done.");
    run
}

fn works_and_leaves_no_trace(client: Client, scope: &str, settings: &str, before: Option<&str>) {
    let sandbox = Sandbox::new(client);
    if let Some(before) = before {
        sandbox.write(settings, before);
    }
    let status = git_status(&sandbox);
    sandbox.run_rtk(&["init", scope, "--yes"]);
    assert_injected(&run_session(&sandbox), "helper", WEBHOOK);
    sandbox.run_rtk(&["init", scope, "--uninstall", "--yes"]);
    let after =
        std::fs::read(sandbox.path(settings)).ok().map(|raw| String::from_utf8_lossy(&raw).into_owned());
    assert_eq!(after.as_deref(), before);
    assert!(!sandbox.path("home/.claude/CLAUDE.md").exists());
    assert_eq!(git_status(&sandbox), status, "the work tree is as before");
    assert_untouched(&run_session(&sandbox), "helper", WEBHOOK.prompt);
}

fn git_status(sandbox: &Sandbox) -> String {
    let output =
        sandbox.command("git".as_ref()).args(["status", "--porcelain", "-uall"]).output().expect("git runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn newest_global_scope_beside_settings() {
    works_and_leaves_no_trace(Client::Newest, "--global", "home/.claude/settings.json", Some(SETTINGS));
}

#[test]
fn older_global_scope_beside_settings() {
    works_and_leaves_no_trace(Client::Older, "--global", "home/.claude/settings.json", Some(SETTINGS));
}

#[test]
fn newest_global_scope_without_settings() {
    works_and_leaves_no_trace(Client::Newest, "--global", "home/.claude/settings.json", None);
}

#[test]
fn newest_project_scope_beside_settings() {
    works_and_leaves_no_trace(Client::Newest, "--project", "project/.claude/settings.json", Some(SETTINGS));
}

#[test]
fn older_project_scope_without_settings() {
    works_and_leaves_no_trace(Client::Older, "--project", "project/.claude/settings.json", None);
}

#[test]
fn newest_local_scope_without_settings() {
    works_and_leaves_no_trace(Client::Newest, "--local", "project/.claude/settings.local.json", None);
}

/// One bad entry makes the client ignore the whole file, so ours must be good by its own judgement.
#[test]
fn newest_client_finds_the_settings_valid() {
    let sandbox = Sandbox::new(Client::Newest);
    sandbox.write("home/.claude/settings.json", SETTINGS);
    for scope in ["--global", "--project", "--local"] {
        sandbox.run_rtk(&["init", scope, "--yes"]);
    }
    let verdict = sandbox.run_client(&["doctor"]);
    assert!(!verdict.contains("Invalid settings"), "{verdict}");
    sandbox.write(
        "project/.claude/settings.json",
        r#"{"hooks": {"PreToolUse": [{"matcher": "x", "hooks": [{}]}]}}"#,
    );
    assert!(sandbox.run_client(&["doctor"]).contains("Invalid settings"), "the client can tell a bad entry");
}
