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

/// What the client says about settings files that it cannot use as they are; empty when all is well.
fn complaints(sandbox: &Sandbox) -> String {
    let verdict = sandbox.run_client(&["doctor"]);
    let said = verdict
        .split_once("Invalid settings\n")
        .map(|(_, rest)| rest.split("\n\n").next().unwrap_or_default());
    said.unwrap_or_default().to_owned()
}

/// Settings as people have them, in many hands' formatting. The last ones have entries that the client leaves out.
const FOUND: &[&str] = &[
    "",
    "{}",
    "\u{feff}{\r\n}\r\n",
    "{\"permissions\":{\"allow\":[\"Bash(ls:*)\"],\"deny\":[]},\"model\":\"opus\"}",
    "{\n    \"$schema\": \"https://json.schemastore.org/claude-code-settings.json\",\n    \"env\": { \"A\": 1 },\n    \"hooks\": {}\n}\n",
    "{\n\t\"hooks\": {\n\t\t\"PreToolUse\": [\n\t\t\t{ \"matcher\": \"Bash\", \"hooks\": [ { \"type\": \"command\", \"command\": \"true\" } ] }\n\t\t]\n\t}\n}",
    "{\"hooks\": {\"PreToolUse\": [{\"matcher\": \"Task|Agent\", \"hooks\": []}], \"SubagentStart\": []}, \"hooks\": {\"Stop\": []}}",
    "{\"cleanupPeriodDays\": 3.0e1, \"unknown\": {\"deep\": [[[[\"\\ud83d\", 123456789012345678901234567890]]]]}}",
    "{\r  \"statusLine\": {\"type\": \"command\", \"command\": \"true\"},\r  \"enabledPlugins\": {\"a@b\": false}\r}",
    "{\"hooks\": {\"PostToolUse\": {}, \"Stop\": [{\"type\": \"command\", \"command\": \"true\"}], \"Setup\": null}}",
    "{\"hooks\": {\"NoSuchEvent\": [], \"SessionEnd\": [{\"hooks\": [{\"type\": \"nosuch\"}]}]}}",
];

#[test]
fn newest_client_accepts_every_file_that_it_accepted_before() {
    let sandbox = Sandbox::new(Client::Newest);
    for before in FOUND {
        sandbox.write("home/.claude/settings.json", before);
        let said = complaints(&sandbox);
        sandbox.run_rtk(&["init", "--global", "--yes"]);
        assert_eq!(complaints(&sandbox), said, "{before}");
        sandbox.run_rtk(&["init", "--global", "--uninstall", "--yes"]);
        let after = std::fs::read(sandbox.path("home/.claude/settings.json")).expect("the file is there");
        assert_eq!(String::from_utf8_lossy(&after), *before);
    }
}

/// The table in the program of what the client leaves out is the client's own.
#[test]
fn newest_client_leaves_out_what_rtk_says_it_does() {
    let sandbox = Sandbox::new(Client::Newest);
    let command = |more: &str| format!("{{\"hooks\":[{{\"type\":\"command\",\"command\":\"x\"{more}}}]}}");
    let entries = [
        "null".to_owned(),
        "{}".to_owned(),
        "{\"matcher\":null,\"hooks\":[]}".to_owned(),
        "{\"hooks\":[{\"type\":\"http\"}]}".to_owned(),
        "{\"hooks\":[{\"command\":\"x\"}]}".to_owned(),
        command(",\"timeout\":\"10\""),
        command(",\"timeout\":0"),
        command(",\"args\":\"hook\""),
        command(",\"async\":\"yes\""),
        command(",\"shell\":\"zsh\""),
    ];
    let faulty = entries.iter().map(|entry| format!("{{\"hooks\":{{\"PreToolUse\":[{entry}]}}}}"));
    let settings = [
        "{\"model\":5}",
        "{\"permissions\":{\"allow\":\"x\"}}",
        "{\"env\":[]}",
        "{\"disableAllHooks\":\"yes\"}",
    ];
    for text in faulty.chain(settings.map(str::to_owned)) {
        sandbox.write("home/.claude/settings.json", &text);
        let said = complaints(&sandbox);
        assert!(!said.is_empty() && !said.contains("This entry was ignored"), "{text}: {said}");
        let preview = dry_run(&sandbox);
        assert!(preview.contains("ignores this file as a whole"), "{text}: {preview}");
    }
    let fine = [
        command(",\"timeout\":1.5,\"if\":\"Bash(\",\"note\":[1]"),
        "{\"matcher\":\"B(\",\"hooks\":[]}".to_owned(),
    ];
    for entry in fine {
        let text = format!("{{\"hooks\":{{\"PreToolUse\":[{entry}]}}}}");
        sandbox.write("home/.claude/settings.json", &text);
        assert_eq!(complaints(&sandbox), "", "{text}");
        assert!(!dry_run(&sandbox).contains("as a whole"), "{text}");
    }
}

fn dry_run(sandbox: &Sandbox) -> String {
    String::from_utf8_lossy(&sandbox.run_rtk(&["init", "--dry-run", "--json"]).stdout).into_owned()
}
