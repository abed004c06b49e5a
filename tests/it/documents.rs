//! The documents hold what the program holds: links lead somewhere, tables and example commands match the program.

use crate::architecture::{ROOMS, files_below, top};
use crate::sandbox::Sandbox;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// Longest map of the house, in lines.
const ARCHITECTURE_LINES_MAX: usize = 150;

/// All documents as paths from the top, with their texts.
fn documents() -> Vec<(String, String)> {
    let below = files_below("docs").into_iter().filter(|path| path.ends_with(".md"));
    let paths = below.chain(["README.md".to_owned()]);
    paths.map(|path| (path.clone(), read(&path))).collect()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(top().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The targets of `[text](target)` outside code.
fn links(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        // Every second part between backticks is code.
        for part in line.split('`').step_by(2).filter(|_| !fenced) {
            let starts = part.split("](").skip(1);
            found.extend(starts.filter_map(|rest| rest.split(')').next()));
        }
    }
    found
}

/// A heading as the anchor that links use.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_matches(['#', ' ']).to_lowercase();
    kept.chars()
        .filter(|ch| ch.is_alphanumeric() || " -_".contains(*ch))
        .collect::<String>()
        .replace(' ', "-")
}

/// What is wrong with a link in the document `path`; `look` gives the text of a file or folder from the top.
fn broken(path: &str, target: &str, look: &dyn Fn(&Path) -> Option<String>) -> Option<String> {
    if target.starts_with("https://") {
        return None;
    }
    let (file, fragment) = target.split_once('#').unwrap_or((target, ""));
    let from = Path::new(path);
    let aimed = if file.is_empty() { from.to_path_buf() } else { from.parent()?.join(file) };
    let Some(file) = normal(&aimed) else { return Some(format!("{path}: {target}: leaves the repository")) };
    let Some(text) = look(&file) else {
        return Some(format!("{path}: {target}: there is no {}", file.display()));
    };
    let headings = || text.lines().filter(|line| line.starts_with('#')).map(anchor);
    let missing = !fragment.is_empty() && !headings().any(|heading| heading == fragment);
    missing.then(|| format!("{path}: {target}: no such heading"))
}

/// The path without `.` and `..`; `None` when it leaves the repository.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name),
            Component::ParentDir => drop(parts.pop()?),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(parts.iter().collect())
}

#[test]
fn links_lead_somewhere() {
    let look = |path: &Path| {
        let path = top().join(path);
        if path.is_dir() { Some(String::new()) } else { std::fs::read_to_string(path).ok() }
    };
    let documents = documents();
    assert!(documents.len() >= 3);
    let problems: Vec<String> = documents
        .iter()
        .flat_map(|(path, text)| links(text).into_iter().filter_map(|target| broken(path, target, &look)))
        .collect();
    assert_eq!(problems, Vec::<String>::new());
    assert!(documents.iter().any(|(_, text)| !links(text).is_empty()));
}

#[test]
fn a_broken_link_is_found() {
    let look = |path: &Path| (path == Path::new("docs/a.md")).then(|| "# One `two`, three\n".to_owned());
    let text = "[a](a.md) `[b](b.md)`\n```\n[c](c.md)\n```\n[d](x/../a.md#one-two-three), [e](https://example.invalid)";
    let targets = links(text);
    assert_eq!(targets, ["a.md", "x/../a.md#one-two-three", "https://example.invalid"]);
    assert!(targets.iter().all(|target| broken("docs/b.md", target, &look).is_none()));
    for bad in ["c.md", "a.md#four", "../a.md", "../../a.md", "#two", "/docs/a.md"] {
        assert!(broken("docs/a.md", bad, &look).is_some(), "{bad}");
    }
    assert!(broken("README.md", "docs/a.md", &look).is_none());
}

/// The cells of every table row whose first cell matches `first`.
fn rows<'a>(text: &'a str, first: &dyn Fn(&str) -> bool) -> Vec<Vec<&'a str>> {
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    let cells = rows.map(|row| row.split(" | ").collect::<Vec<&str>>());
    cells.filter(|cells| first(cells[0])).collect()
}

#[test]
fn the_table_of_commands_is_that_of_the_program() {
    let sandbox = Sandbox::new();
    let program: BTreeSet<(String, String)> = crate::cli::commands(&sandbox)
        .into_iter()
        .map(|words| {
            let args: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
            let help = sandbox.rtk(&args);
            (format!("`rtk {}`", words.join(" ")), help.success().stdout().lines().next().unwrap().to_owned())
        })
        .collect();
    let text = read("docs/cli.md");
    let document = rows(&text, &|cell| cell.starts_with("`rtk "));
    let document = document.into_iter().map(|cells| (cells[0].to_owned(), cells[1].to_owned())).collect();
    assert_eq!(program, document, "left: the program, right: docs/cli.md");
}

#[test]
fn the_table_of_settings_is_that_of_the_program() {
    let sandbox = Sandbox::new();
    let shown = sandbox.rtk(&["config", "--json"]).success().json();
    let program: Vec<[String; 3]> = shown["settings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| ["key", "value", "about"].map(|name| row[name].as_str().unwrap().to_owned()))
        .map(|[key, value, about]| [format!("`{key}`"), format!("`{value}`"), about])
        .collect();
    let text = read("docs/cli.md");
    let section = text.split("| Setting |").nth(1).unwrap();
    let document: Vec<[String; 3]> = rows(section, &|cell| cell.starts_with('`'))
        .into_iter()
        .map(|cells| [cells[0], cells[1], cells[2]].map(str::to_owned))
        .collect();
    assert_eq!(program, document, "left: the program, right: docs/cli.md");
    for key in program.iter().map(|[key, ..]| key.trim_matches('`')) {
        let variable = format!("RTK_{}", key.to_uppercase().replace('.', "_"));
        // A value that no setting accepts is reported with its variable, unless any text is a value.
        let sandbox = Sandbox::new().with(&variable, "7");
        let shown = sandbox.rtk(&["config", "--json"]).json();
        assert!(shown.to_string().contains(&variable), "{variable} has no effect: {shown}");
    }
}

#[test]
fn the_map_of_the_house_is_that_of_the_rules() {
    let text = read("docs/architecture.md");
    assert!(text.lines().count() <= ARCHITECTURE_LINES_MAX);
    let document: BTreeSet<(String, u8)> = rows(&text, &|cell| cell.parse::<u8>().is_ok())
        .into_iter()
        .map(|cells| (cells[1].trim_matches('`').to_owned(), cells[0].parse().unwrap()))
        .collect();
    let there = |room: &str| top().join("src").join(room).is_dir();
    let rules =
        ROOMS.iter().filter(|(room, _)| there(room)).map(|(room, floor)| ((*room).to_owned(), *floor));
    assert_eq!(
        document,
        rules.collect(),
        "left: docs/architecture.md, right: the rooms in src and their floors"
    );
}

/// The lines of shell examples that call rtk.
fn example_calls(text: &str) -> Vec<&str> {
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.flat_map(str::lines).filter(|line| line.starts_with("rtk ")).collect()
}

#[test]
fn example_commands_are_understood() {
    let sandbox = Sandbox::new().with("RTK", env!("CARGO_BIN_EXE_rtk"));
    // With `--help` at its end a command is read as far as its options and then only explained.
    let call = |line: &str| format!("rtk() {{ \"$RTK\" \"$@\" --help; }}\n{line}\n");
    let documents = documents();
    let calls: Vec<&str> = documents.iter().flat_map(|(_, text)| example_calls(text)).collect();
    assert!(calls.len() >= 5, "{calls:?}");
    for line in calls {
        sandbox.run(OsStr::new("sh"), &["-c", &call(line)], b"").success().says("Usage: rtk");
    }
    for bad in ["rtk memory plon x", "rtk init --globl"] {
        sandbox.run(OsStr::new("sh"), &["-c", &call(bad)], b"").code(2);
    }
    assert_eq!(example_calls("rtk a\n```sh\nrtk b\n./x\n```\n```\nrtk c\n```\n"), ["rtk b"]);
}

#[test]
fn both_licences_are_there_whole() {
    let text = read("LICENSE");
    for part in
        ["MIT License", "WITHOUT WARRANTY OF ANY KIND", "Apache License", "END OF TERMS AND CONDITIONS"]
    {
        assert!(text.contains(part), "{part}");
    }
    assert!(read("Cargo.toml").contains("license = \"MIT OR Apache-2.0\""));
}
