//! The rules of the house as tests: who imports whom, how large things may grow, what a file must say.
//!
//! A rule is a pure function from a path and a text to violations; each one is proven to fire on a planted
//! violation and to stay silent on a good example, beside its definition. This file holds what people change:
//! the table of rooms, the limits, and the exceptions, which may only shrink.

mod imports;
mod layout;
mod places;
mod shape;
mod source;
mod words;
mod writers;

use std::path::{Path, PathBuf};

/// Rooms with their floors. A room imports only from floors below its own; a room that is not here is an error.
pub(super) const ROOMS: &[(&str, u8)] = &[
    ("cli", 7),
    ("hook", 6),
    ("daemon", 5),
    ("memory", 4),
    // Decides with what `wrap` knows of git; the shell and the user's rules are no business of `wrap`.
    ("rewrite", 4),
    ("index", 3),
    ("installer", 3),
    ("edit", 3),
    ("state", 3),
    // Stands on `git` and `text`; its views are of no use to the rooms that need git's facts.
    ("wrap", 3),
    ("store", 2),
    ("fs", 2),
    ("project", 2),
    ("git", 2),
    ("code", 2),
    ("text", 2),
    ("base", 1),
];

/// Lines of a file outside `#[cfg(test)]` modules.
pub(super) const FILE_LINES_MAX: usize = 800;
/// Lines of a function outside `#[cfg(test)]` modules, from `fn` to the closing brace.
pub(super) const FUNCTION_LINES_MAX: usize = 70;
/// Files of a room's folder, its `mod.rs` counted; a folder inside a room (a file a language) counts by itself.
pub(super) const ROOM_FILES_MAX: usize = 20;
/// Lines of `src/main.rs`.
pub(super) const MAIN_LINES_MAX: usize = 20;

/// What is larger than allowed today, with its size today. Shrink it and lower the number, or remove the line; never
/// add one: cut the file or the function instead.
const EXCEPTIONS: &[Exception] = &[];

/// One broken rule at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Violation {
    /// Short name of the rule.
    rule: &'static str,
    /// Relative to the top of the repository, with `/`.
    path: String,
    /// From 1; 0 when the whole file is meant.
    line: usize,
    /// What exactly: a function's name, an import, a word.
    subject: String,
    /// Size for rules with a limit, otherwise 1.
    measure: usize,
}

impl Violation {
    pub(super) fn new(rule: &'static str, path: &str, line: usize, subject: impl Into<String>) -> Violation {
        Violation { rule, path: path.into(), line, subject: subject.into(), measure: 1 }
    }
}

/// A violation that is known and may not grow.
struct Exception {
    rule: &'static str,
    path: &'static str,
    subject: &'static str,
    measure: usize,
}

/// Takes the known violations out; one that grew stays, one that shrank or went away becomes a violation itself.
fn apply(violations: Vec<Violation>, exceptions: &[Exception]) -> Vec<Violation> {
    let is = |violation: &Violation, exception: &Exception| {
        (violation.rule, violation.path.as_str(), violation.subject.as_str())
            == (exception.rule, exception.path, exception.subject)
    };
    let stale = exceptions.iter().filter_map(|exception| {
        let now = violations.iter().find(|violation| is(violation, exception)).map_or(0, |v| v.measure);
        let subject =
            format!("{} {}: lower {} to {now}", exception.rule, exception.subject, exception.measure);
        (now < exception.measure).then(|| Violation::new("stale-exception", exception.path, 0, subject))
    });
    let stale: Vec<Violation> = stale.collect();
    let known = |violation: &Violation| {
        exceptions.iter().any(|exception| is(violation, exception) && violation.measure <= exception.measure)
    };
    violations.into_iter().filter(|violation| !known(violation)).chain(stale).collect()
}

/// The top of the repository.
pub(super) fn top() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file below `folder`, sorted, as paths from the top with `/`.
pub(super) fn files_below(folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(top().join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => folders.push(path),
                _ => found.push(path.to_str().unwrap().replace('\\', "/")),
            }
        }
    }
    found.sort();
    found
}

/// Every Rust file below `folder` with its text.
pub(super) fn rust_files(folder: &str) -> Vec<(String, String)> {
    let rust = files_below(folder).into_iter().filter(|path| path.ends_with(".rs"));
    rust.map(|path| {
        let text = std::fs::read_to_string(top().join(&path)).unwrap();
        (path, text)
    })
    .collect()
}

/// Fails with one line a violation.
#[track_caller]
fn assert_none(violations: &[Violation]) {
    let lines: Vec<String> = violations
        .iter()
        .map(|found| {
            let size = if found.measure > 1 { format!(" ({})", found.measure) } else { String::new() };
            format!("  {}:{}: {}: {}{size}", found.path, found.line, found.rule, found.subject)
        })
        .collect();
    assert!(lines.is_empty(), "{} broken rules of the house:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn the_sources_keep_the_rules() {
    let files = rust_files("src");
    assert!(files.len() > 10, "the walk found only {} files", files.len());
    let rules = [
        imports::downwards,
        shape::file_lines,
        shape::function_lines,
        shape::main_lines,
        words::first_line,
        words::room_face,
        words::suppressions,
        words::leftovers,
        words::test_modules_only,
        writers::writers,
    ];
    let mut violations: Vec<Violation> =
        files.iter().flat_map(|(path, text)| rules.iter().flat_map(|rule| rule(path, text))).collect();
    let paths: Vec<String> = files.into_iter().map(|(path, _)| path).collect();
    violations.extend(shape::room_files(&paths));
    violations.extend(layout::rooms(&paths));
    assert_none(&apply(violations, EXCEPTIONS));
}

#[test]
fn the_tests_keep_the_rules() {
    let rules = [words::first_line, words::suppressions, words::leftovers];
    let files = rust_files("tests");
    assert!(files.iter().any(|(path, _)| path == "tests/it/architecture.rs"));
    let violations: Vec<Violation> =
        files.iter().flat_map(|(path, text)| rules.iter().flat_map(|rule| rule(path, text))).collect();
    assert_none(&violations);
}

#[test]
fn the_top_level_and_the_texts_keep_the_rules() {
    let entries = std::fs::read_dir(top()).unwrap();
    let names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut violations = layout::top_level(&names);
    let folders = ["src", "hooks", "templates", "tests", "docs", ".ci", ".github", ".claude-plugin"];
    let below = folders.into_iter().filter(|name| top().join(name).is_dir()).flat_map(files_below);
    let loose =
        ["Cargo.toml", "README.md", "LICENSE", "install.sh", ".gitignore", ".clippy.toml", ".rustfmt.toml"];
    let loose = loose.into_iter().filter(|name| top().join(name).is_file()).map(str::to_owned);
    for path in below.chain(loose) {
        let bytes = std::fs::read(top().join(&path)).unwrap();
        violations.extend(places::unnamed(&path, &String::from_utf8_lossy(&bytes)));
    }
    assert_none(&violations);
}

#[test]
fn an_exception_holds_only_at_its_size() {
    let known = |measure| Exception { rule: "file-lines", path: "src/a/b.rs", subject: "", measure };
    let found = |measure| vec![Violation { measure, ..Violation::new("file-lines", "src/a/b.rs", 0, "") }];
    assert_eq!(apply(found(900), &[known(900)]), []);
    assert_eq!(apply(found(901), &[known(900)]), found(901), "grown");
    let shrunk = apply(found(850), &[known(900)]);
    assert_eq!((shrunk.len(), shrunk[0].rule), (1, "stale-exception"), "{shrunk:?}");
    let gone = apply(Vec::new(), &[known(900)]);
    assert_eq!((gone.len(), gone[0].rule), (1, "stale-exception"), "{gone:?}");
    assert_eq!(apply(found(900), &[]), found(900), "unknown");
}
