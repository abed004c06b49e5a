//! Rules that hold for the whole command line, walked from `rtk --help`, and its manners towards pipes and terminals.

use crate::sandbox::Sandbox;
use std::ffi::OsStr;

/// A file that is there on no machine, for an error that every version gives.
const NO_FILE: &str = "no/such/task.md";

/// Every command and subcommand as its words, found in the help texts themselves.
pub(crate) fn commands(sandbox: &Sandbox) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut open = vec![Vec::new()];
    while let Some(words) = open.pop() {
        let help = help_of(sandbox, &words);
        for name in listed(&help) {
            let mut child = words.clone();
            child.push(name);
            open.push(child.clone());
            found.push(child);
        }
    }
    found.sort();
    found
}

/// The names below `Commands:` in a help text, without `help` itself.
fn listed(help: &str) -> Vec<String> {
    let section = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let rows = section.take_while(|line| !line.is_empty());
    // A name stands at column 2; what is further in goes on with the text of the row above.
    let names = rows.filter_map(|row| row.strip_prefix("  ").filter(|row| !row.starts_with(' ')));
    let names = names.filter_map(|row| row.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

fn help_of(sandbox: &Sandbox, words: &[String]) -> String {
    let mut args: Vec<&str> = words.iter().map(String::as_str).collect();
    args.push("--help");
    sandbox.rtk(&args).success().stdout().to_owned()
}

#[test]
fn every_command_has_help_knows_json_and_refuses_the_unknown() {
    let sandbox = Sandbox::new();
    let commands = commands(&sandbox);
    for known in [vec!["config"], vec!["hook", "why"], vec!["init"], vec!["memory", "plan"]] {
        assert!(commands.iter().any(|words| *words == known), "{known:?} is not in {commands:?}");
    }
    for words in &commands {
        let help = help_of(&sandbox, words);
        let first = help.lines().next().unwrap_or_default();
        assert!(
            !first.is_empty() && !first.starts_with("Usage:"),
            "{words:?} does not say what it does:\n{help}"
        );
        assert!(!first.ends_with('.'), "{words:?}: help is an imperative without a full stop: {first}");
        if *words == ["git"] {
            // All other arguments are git's.
            continue;
        }
        let with = |option: &'static str| -> Vec<&str> {
            words.iter().map(String::as_str).chain([option]).collect()
        };
        sandbox.rtk(&with("--no-such-option")).code(2).complains("--no-such-option");
        let mut json = with("--json");
        json.push("--help");
        sandbox.rtk(&json).success();
    }
}

#[test]
fn json_is_one_document_and_the_version_is_the_crates() {
    let sandbox = Sandbox::new();
    let settings = sandbox.rtk(&["config", "--json"]).success().json();
    assert_eq!(settings["schema"], 1);
    assert!(settings["settings"].as_array().is_some_and(|rows| rows.len() > 5), "{settings}");
    sandbox.rtk(&["--version"]).success().says(concat!("rtk ", env!("CARGO_PKG_VERSION"), "\n"));
    sandbox.rtk(&["config", "--json", "--quiet", "--verbose"]).code(2).complains("--verbose");
}

#[test]
fn wrong_arguments_are_a_document_too() {
    let sandbox = Sandbox::new();
    let empty = ["memory", "plan", "--json", "  "];
    for args in
        [&["memory", "plan", "--json"][..], &["--json", "nosuch"], &["memory", "nosuch", "--json"], &empty]
    {
        let document = sandbox.rtk(args).code(2).json();
        assert_eq!((&document["schema"], &document["kind"]), (&1.into(), &"usage".into()), "{args:?}");
        let error = document["error"].as_str().unwrap();
        assert!(!error.is_empty() && !error.starts_with("error"), "{error:?}");
        assert!(document["hint"].is_string(), "{document}");
    }
    assert!(sandbox.rtk(&["config", "--help", "--json"]).success().stdout().contains("Usage:"));
}

#[test]
fn an_empty_task_no_files_and_a_budget_without_room_are_told_apart() {
    let sandbox = Sandbox::new();
    sandbox.write("src/harbor.rs", "/// The lantern.\nfn harbor_lights() { lantern(); }\n");
    sandbox.rtk(&["memory", "plan", ""]).code(2).complains("the task is empty").complains("hint: ");
    for option in ["--top", "--token-budget"] {
        sandbox.rtk(&["memory", "plan", "harbor_lights", option, "0"]).code(2).complains(option);
    }
    let small = sandbox.rtk(&["memory", "plan", "harbor_lights", "--token-budget", "5"]);
    small
        .success()
        .says("1 candidate files, none of which fits into 5 tokens: give more with --token-budget.\n");
    let nothing = sandbox.rtk(&["memory", "plan", "zebra"]);
    nothing.success().says("Nothing in this project meets the words of the task.\n");
    let piped =
        sandbox.rtk_with(&["memory", "plan", "--task-file", "-", "--format", "paths"], b"harbor_lights");
    assert!(piped.success().stdout().contains("src/harbor.rs"));
}

#[test]
fn a_token_in_the_source_is_in_no_slice() {
    let sandbox = Sandbox::new();
    let token = concat!("gh", "p_abcdefghijklmnopqrstuvwxyz0123456789");
    sandbox.write("src/harbor.rs", format!("fn harbor_lights() {{ lantern(\"{token}\"); }}\n"));
    let task = format!("why does harbor_lights in src/harbor.rs say {token}");
    let slice = sandbox.rtk(&["memory", "plan", "--explain", &task]);
    slice.success().says("lantern(\"[masked]\")");
    assert!(!slice.stdout().contains(token), "{}", slice.stdout());
}

#[test]
fn a_plan_says_in_words_and_in_numbers_how_it_came_about() {
    let sandbox = Sandbox::new();
    sandbox.write("src/harbor.rs", "pub fn harbor_lights() { switch_on(); }\n");
    sandbox.write("src/other.rs", "pub fn lights() {}\n");
    let task = "harbor_lights in src/harbor.rs stays dark";
    let explained = sandbox.rtk(&["memory", "plan", "--explain", task]);
    explained
        .success()
        .says("Confidence High: the words of the task are at home")
        .says("above all: the task names this path +");
    assert!(!explained.stdout().contains("mention="), "{}", explained.stdout());
    // Each score is the sum of what the groups of signals add, as far as one decimal tells.
    let told = explained.stdout();
    let sum = told.lines().find(|line| line.contains(" = words "));
    let (score, sums) = sum.and_then(|line| line.split_once(" = ")).unwrap();
    let sums: Vec<f32> =
        sums.split(", ").map(|part| part.rsplit(' ').next().unwrap().parse::<f32>().unwrap()).collect();
    assert_eq!(sums.len(), 5, "{told}");
    assert!(
        (sums.iter().sum::<f32>() - score.trim().parse::<f32>().unwrap()).abs() < 0.31,
        "{score}: {sums:?}"
    );
    let traced = sandbox.rtk(&["memory", "plan", "--trace", task]);
    traced.success().says("certainty ").says("mention=").says("until query was done");
    assert!(!traced.stdout().contains("the task names this path)"), "{}", traced.stdout());
}

#[test]
fn a_larger_budget_names_more_files_and_definitions() {
    let sandbox = Sandbox::new();
    for file in 0..30 {
        let functions =
            (0..16).map(|number| format!("pub fn harbor_lamp_{file}_{number}() {{\n    harbor();\n}}\n"));
        sandbox.write(format!("src/part{file}.rs"), functions.collect::<String>());
    }
    let slice = |budget: &str| {
        let run = sandbox.rtk(&[
            "memory",
            "plan",
            "--json",
            "--top",
            "30",
            "--token-budget",
            budget,
            "harbor lamp fails",
        ]);
        let plan = run.success().json();
        let shown =
            plan["candidates"].as_array().unwrap().iter().filter(|file| file["shown"] == true).count();
        let named = plan["text"]
            .as_str()
            .unwrap()
            .lines()
            .filter(|line| line.contains("  pub fn harbor_lamp_"))
            .count();
        assert!(plan["tokens"].as_u64().unwrap() <= budget.parse().unwrap(), "{budget}");
        (shown, named)
    };
    let (usual, large) = (slice("2200"), slice("8800"));
    assert!(large.0 > usual.0 && large.1 > 2 * usual.1, "{usual:?} {large:?}");
}

#[test]
fn an_explanation_that_is_not_there_says_what_to_do() {
    Sandbox::new().rtk(&["hook", "why"]).code(1).complains("no launch").complains("hint: ");
}

#[test]
fn the_hook_is_silent_about_what_is_not_its_own_and_touches_no_settings() {
    let sandbox = Sandbox::new();
    let event = serde_json::json!({
        "hook_event_name": "PreToolUse", "tool_name": "Write", "tool_input": { "file_path": "a" },
        "session_id": "s", "cwd": sandbox.project(),
    });
    assert_eq!(sandbox.hook(&event).success().stdout(), "");
    for stdin in ["", "{", "not json", "\u{0}", "[1, 2]"] {
        assert_eq!(sandbox.rtk_with(&["hook"], stdin.as_bytes()).success().stdout(), "", "{stdin:?}");
        assert_eq!(sandbox.rtk_with(&[], stdin.as_bytes()).success().stdout(), "", "bare, {stdin:?}");
    }
    assert!(!sandbox.settings().exists());
}

#[test]
fn help_is_read_as_it_is_printed() {
    let help = "Does it\n\nUsage: x\n\nCommands:\n  one    First\n         and more\n  two-b  Second\n  help   Help\n\nOptions:\n  -q\n";
    assert_eq!(listed(help), ["one", "two-b"]);
    assert!(listed("Does it\n\nOptions:\n  -q\n").is_empty());
}

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let sandbox = Sandbox::new();
    for args in [vec!["completions", "bash"], vec!["config"], vec!["config", "--json"], vec!["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = sandbox.command(OsStr::new(env!("CARGO_BIN_EXE_rtk")));
        let output = command.args(&args).stdin(std::process::Stdio::null()).stdout(writer).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), stderr.as_ref()), (Some(0), ""), "{args:?}");
    }
}

#[test]
#[cfg(unix)]
fn colour_is_for_terminals_and_no_color_is_honoured() {
    let args = ["memory", "plan", "--task-file", NO_FILE];
    let plain = "error: ";
    let on_terminal = |sandbox: &Sandbox, more: &[&str]| stderr_on_terminal(sandbox, &[&args, more].concat());
    let sandbox = Sandbox::new().with("TERM", "xterm-256color");
    assert!(on_terminal(&sandbox, &[]).contains("\u{1b}["), "a terminal gets colour");
    assert!(on_terminal(&sandbox, &["--color", "never"]).starts_with(plain));
    sandbox.rtk(&args).code(1).complains(plain);
    let forced = sandbox.rtk(&[&args[..], &["--color", "always"]].concat());
    forced.code(1).complains("\u{1b}[");
    let sandbox = sandbox.with("NO_COLOR", "1");
    assert!(on_terminal(&sandbox, &[]).starts_with(plain));
}

/// Runs rtk with a pseudo-terminal as stderr and returns what a person would see there.
#[cfg(unix)]
fn stderr_on_terminal(sandbox: &Sandbox, args: &[&str]) -> String {
    use std::io::Read as _;
    let (mut person, terminal) = crate::sandbox::terminal();
    let mut command = sandbox.command(OsStr::new(env!("CARGO_BIN_EXE_rtk")));
    command.args(args).stdin(std::process::Stdio::null()).stderr(terminal);
    let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    // The command keeps the last copy of the terminal's other end; without it the reading below ends.
    drop(command);
    let mut seen = Vec::new();
    // Linux reports the closed other end of a terminal as an error after the last byte.
    let _ = person.read_to_end(&mut seen);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    String::from_utf8(seen).unwrap()
}
