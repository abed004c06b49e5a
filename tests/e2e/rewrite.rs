//! Git commands of the shell tool in a real session: reading ones run through rtk, all others and the user's rules as ever.

use crate::client::Client;
use crate::run::{Run, ToolResult};
use crate::script::{Script, bash, says};
use crate::session::Sandbox;

/// Runs the commands one after another, each as one call of the shell tool.
fn session(sandbox: &Sandbox, commands: &[&str]) -> (Run, Vec<ToolResult>) {
    let turns =
        commands.iter().enumerate().map(|(number, command)| vec![bash(&format!("toolu_{number}"), command)]);
    let run = sandbox.run(Script::new(turns.chain([says("All done.")])));
    run.assert_ended("All done.");
    let results =
        (0..commands.len()).map(|number| run.main().tool_result(&format!("toolu_{number}"))).collect();
    (run, results)
}

/// Every wrapped command leaves a line in rtk's record; that is how a run tells who ran git.
fn ran_through_rtk(sandbox: &Sandbox) -> Vec<String> {
    let record =
        std::fs::read_to_string(sandbox.path("home/.local/state/rtk/commands.jsonl")).unwrap_or_default();
    let command = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).expect("a line of the record");
        row["command"].as_str().expect("the command").to_owned()
    };
    record.lines().map(command).collect()
}

const COMMANDS: [&str; 3] = ["git status", "git commit --allow-empty -m made-by-git", "git log -1"];

/// A user with a name, so that a commit can be made.
fn named(mut sandbox: Sandbox) -> Sandbox {
    for who in ["AUTHOR", "COMMITTER"] {
        sandbox.set(&format!("GIT_{who}_NAME"), "Test");
        sandbox.set(&format!("GIT_{who}_EMAIL"), "test@example.invalid");
    }
    sandbox
}

fn reading_is_rewritten_and_committing_left_alone(client: Client) {
    let mut sandbox = named(Sandbox::installed(client));
    sandbox.argument("--dangerously-skip-permissions");
    let (run, results) = session(&sandbox, &COMMANDS);
    assert!(results.iter().all(|result| !result.is_error), "{results:?}\n{}", run.report());
    assert_eq!(ran_through_rtk(&sandbox), ["git status", "git log"], "{results:?}\n{}", run.report());
    // What the model sees is the short form; what the commit says is git's own.
    assert!(results[0].text.contains("On branch") && !results[0].text.contains("(use \"git"), "{results:?}");
    assert!(results[1].text.contains("made-by-git"), "{results:?}");
    assert!(results[2].text.contains("made-by-git") && !results[2].text.contains("Author:"), "{results:?}");
}

#[test]
fn newest_reading_is_rewritten_and_committing_left_alone() {
    reading_is_rewritten_and_committing_left_alone(Client::Newest);
}

#[test]
fn older_reading_is_rewritten_and_committing_left_alone() {
    reading_is_rewritten_and_committing_left_alone(Client::Older);
}

/// In a session that asks, git's own reading commands pass unasked. Without rtk's rule they are left alone; with it they
/// pass through rtk, and what was asked about still is.
#[test]
fn newest_asking_session_asks_as_before() {
    // A rule cannot name a program whose path a shell has to quote, as that of the sandbox.
    let folder = tempfile::Builder::new().prefix("rtk-e2e-plain-").tempdir().expect("a temporary folder");
    let program = folder.path().join("rtk");
    let rule =
        format!(r#"{{"permissions": {{"allow": ["Bash({} git --read-only:*)"]}}}}"#, program.display());
    for (settings, expected) in [("{}", &[][..]), (rule.as_str(), &["git status", "git log"])] {
        let sandbox = named(Sandbox::new(Client::Newest));
        sandbox.write("home/.claude/settings.json", settings);
        std::fs::copy(sandbox.rtk(), &program).expect("a copy of rtk");
        let installed = sandbox.command(program.as_os_str()).args(["init", "--global", "--yes"]).output();
        assert!(installed.expect("rtk runs").status.success());
        let (run, results) = session(&sandbox, &COMMANDS);
        let asked: Vec<bool> = results.iter().map(|result| result.is_error).collect();
        assert_eq!(asked, [false, true, false], "{results:?}\n{}", run.report());
        assert_eq!(ran_through_rtk(&sandbox), expected, "{}", run.report());
    }
}

/// The client asks its rules about the rewritten command only; rtk leaves alone what a rule is about.
#[test]
fn newest_rules_about_git_keep_their_meaning() {
    let mut sandbox = Sandbox::new(Client::Newest);
    sandbox.write("home/.claude/settings.json", r#"{"permissions": {"deny": ["Bash(git log:*)"]}}"#);
    sandbox.run_rtk(&["init", "--global", "--yes"]);
    sandbox.argument("--dangerously-skip-permissions");
    let (run, results) = session(&sandbox, &["git log -1", "git status"]);
    assert_eq!(
        results.iter().map(|result| result.is_error).collect::<Vec<_>>(),
        [true, false],
        "{results:?}\n{}",
        run.report()
    );
    assert_eq!(ran_through_rtk(&sandbox), ["git status"], "{}", run.report());
}

/// Rules on the client's command line are in no file; where there are such, nothing is rewritten.
#[test]
fn newest_rules_on_the_command_line_keep_their_meaning() {
    let mut sandbox = Sandbox::installed(Client::Newest);
    for argument in ["--dangerously-skip-permissions", "--disallowedTools", "Bash(git log:*)"] {
        sandbox.argument(argument);
    }
    let (run, results) = session(&sandbox, &["git log -1", "git status"]);
    assert_eq!(
        results.iter().map(|result| result.is_error).collect::<Vec<_>>(),
        [true, false],
        "{results:?}\n{}",
        run.report()
    );
    assert_eq!(ran_through_rtk(&sandbox), Vec::<String>::new(), "{}", run.report());
}
