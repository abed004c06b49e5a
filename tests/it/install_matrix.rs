//! Every setup that a user can be in, run for real; the table in `docs/setup-matrix.md` is what came out.
//!
//! `RTK_UPDATE_DOCS=1 cargo test --test it install_matrix` writes the table anew; without it the test compares.

use crate::architecture::top;
use crate::place::{Place, registered};
use std::fmt::Write as _;

const DOCUMENT: &str = "docs/setup-matrix.md";
const SCOPES: [&str; 3] = ["--global", "--project", "--local"];
/// Settings of somebody who has other hooks too.
const SETTINGS: &str = "{\n\t\"model\": \"opus\",\n\t\"hooks\": {\n\t\t\"PreToolUse\": [ ],\n\t\t\"Stop\": [{ \"hooks\": [{ \"type\": \
                        \"command\", \"command\": \"say done\" }] }]\n\t}\n}";

/// One setup: what is there, and what is run.
struct Setup {
    name: &'static str,
    before: fn(&Place),
    runs: &'static [&'static str],
}

fn nothing(_: &Place) {}

fn settings(place: &Place) {
    place.write(SETTINGS.as_bytes());
}

fn scripts(place: &Place) {
    let folder = place.home().join(".claude/hooks");
    std::fs::create_dir_all(&folder).unwrap();
    let entry = |name: &str, matcher: &str| {
        std::fs::write(folder.join(name), "#!/bin/sh\nexit 0\n").unwrap();
        let command = folder.join(name).display().to_string();
        serde_json::json!({ "matcher": matcher, "hooks": [{ "type": "command", "command": command }] })
    };
    let groups = [
        entry("rtk-mem-context.sh", "Task"),
        entry("rtk-block-native-explore.sh", "Task"),
        entry("rtk-rewrite.sh", "Bash"),
    ];
    let settings = serde_json::json!({ "hooks": { "PreToolUse": groups } });
    place.write(serde_json::to_string_pretty(&settings).unwrap().as_bytes());
}

/// The plugin as the client installs it.
fn plugin(place: &Place) {
    let folder = place.home().join(".claude/plugins/cache/rtk/rtk/0.1.0");
    std::fs::create_dir_all(folder.join("hooks")).unwrap();
    for name in ["hooks/hooks.json", "hooks/plugin-session-start.sh"] {
        std::fs::copy(top().join(name), folder.join(name)).unwrap();
    }
    let copy = serde_json::json!({ "scope": "user", "installPath": folder });
    let installed = serde_json::json!({ "version": 2, "plugins": { "rtk@rtk": [copy] } });
    std::fs::write(place.home().join(".claude/plugins/installed_plugins.json"), installed.to_string())
        .unwrap();
    place.write(b"{\n  \"enabledPlugins\": {\n    \"rtk@rtk\": true\n  }\n}\n");
}

const SETUPS: &[Setup] = &[
    Setup { name: "fresh", before: nothing, runs: &[] },
    Setup { name: "init only", before: nothing, runs: &["init --yes"] },
    Setup { name: "memory only", before: nothing, runs: &["memory refresh"] },
    Setup { name: "init and memory", before: nothing, runs: &["init --yes", "memory refresh"] },
    Setup { name: "beside other settings", before: settings, runs: &["init --yes"] },
    Setup { name: "twice", before: settings, runs: &["init --yes", "init --yes"] },
    Setup { name: "project scope", before: nothing, runs: &["init --project --yes"] },
    Setup { name: "local scope", before: nothing, runs: &["init --local --yes"] },
    Setup {
        name: "three scopes",
        before: settings,
        runs: &["init --yes", "init --project --yes", "init --local --yes"],
    },
    Setup { name: "plugin", before: plugin, runs: &[] },
    Setup { name: "plugin and init", before: plugin, runs: &["init --yes"] },
    Setup { name: "without the note", before: settings, runs: &["init --no-claude-md --yes"] },
    Setup { name: "with permission rules", before: settings, runs: &["init --allow-memory --yes"] },
    Setup { name: "upgrade from scripts", before: scripts, runs: &["init --yes"] },
    Setup { name: "uninstall", before: settings, runs: &["init --yes", "init --uninstall --yes"] },
    Setup {
        name: "uninstall twice",
        before: settings,
        runs: &["init --yes", "init --uninstall --yes", "init --uninstall --yes"],
    },
    Setup { name: "uninstall without install", before: settings, runs: &["init --uninstall --yes"] },
    Setup {
        name: "uninstall and install again",
        before: settings,
        runs: &["init --yes", "init --uninstall --yes", "init --yes"],
    },
    Setup { name: "dry run", before: settings, runs: &["init --dry-run"] },
];

/// How many events have an entry of rtk's, and of the scripts, in the scope's file.
fn entries(place: &Place, scope: &str) -> String {
    let path = match scope {
        "--global" => place.settings(),
        "--project" => place.project().join(".claude/settings.json"),
        _ => place.project().join(".claude/settings.local.json"),
    };
    let Ok(text) = std::fs::read_to_string(path) else { return "no file".into() };
    let settings: serde_json::Value = serde_json::from_str(&text).unwrap();
    let events: Vec<String> =
        settings["hooks"].as_object().into_iter().flatten().map(|(event, _)| event.clone()).collect();
    let all = events.iter().flat_map(|event| registered(&text, event));
    let (own, others): (Vec<_>, Vec<_>) = all.partition(|entry| entry.ends_with("rtk [\"hook\"]"));
    let scripts = others.iter().filter(|entry| entry.contains("/rtk-")).count();
    match (own.len(), scripts) {
        (0, 0) => "none".into(),
        (own, 0) => own.to_string(),
        (own, scripts) => format!("{own} and {scripts} of scripts"),
    }
}

fn row(setup: &Setup) -> String {
    let mut place = Place::new();
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_rtk"));
    // The shared settings of a project name the program, not its place.
    let folder = program.parent().unwrap().display();
    place.vars.push(("PATH".into(), format!("{folder}:/usr/bin:/bin")));
    (setup.before)(&place);
    let original = place.tree();
    let mut runs = Vec::new();
    for line in setup.runs {
        let run = place.run(&line.split(' ').collect::<Vec<_>>());
        runs.push(format!("`rtk {line}` ({})", run.code.unwrap()));
    }
    let cells: Vec<String> = SCOPES.iter().map(|scope| entries(&place, scope)).collect();
    let shown = match place.run(&["init", "--show"]).code {
        Some(0) => "good",
        Some(2) => "warnings",
        Some(1) => "broken",
        other => panic!("{other:?}"),
    };
    for scope in SCOPES {
        place.ok(&["init", scope, "--uninstall", "--yes"]);
    }
    let mut left = place.tree();
    let memory = [place.home().join(".local/share/rtk"), place.home().join(".local/state/rtk")];
    let of_memory =
        |path: &std::path::Path| memory.iter().any(|of| path.starts_with(of) || of.starts_with(path));
    let before = left.len();
    left.retain(|path, _| original.contains_key(path) || !of_memory(path));
    let kept = if left.len() < before { "as before, with the memory" } else { "as before" };
    assert_eq!(left, original, "{}", setup.name);
    let runs = if runs.is_empty() { "nothing".to_owned() } else { runs.join(", ") };
    format!("| {} | {runs} | {} | {shown} | {kept} |", setup.name, cells.join(" | "))
}

#[test]
fn the_table_of_setups_is_what_comes_out() {
    let mut text = String::from(
        "# Setups\n\nEvery setup that a user can be in, run on a fresh home with a project in it. A row says what was \
         run (with its exit code), how many entries of rtk's each settings file then has (one an event), what `rtk init \
         --show` says, and what is left when all three scopes are removed again: `as before` means every byte, mode, file \
         and folder below the home.\n\nThis file is written by a test and compared with by it; after a wanted change:\n\n\
         ```sh\nRTK_UPDATE_DOCS=1 cargo test --test it install_matrix\n```\n\n\
         | Setup | Run | Global | Project | Local | Shown | Left after removal |\n|---|---|---|---|---|---|---|\n",
    );
    for setup in SETUPS {
        writeln!(text, "{}", row(setup)).unwrap();
    }
    let path = top().join(DOCUMENT);
    if std::env::var_os("RTK_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, text, "write it anew: RTK_UPDATE_DOCS=1 cargo test --test it install_matrix");
}
