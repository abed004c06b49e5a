//! Where tests are, which source each of them is named after, and how they are run.

use super::manifests::Manifest;
use super::overview::TestMap;
use super::shown_path;
use super::survey::{Role, Survey, is_code, role};
use super::usage::Usage;
use crate::code::Language;
use crate::index::DocRef;
use std::collections::{BTreeMap, HashMap};

/// Sources of one name that are compared with a test.
const SAME_NAME_MAX: usize = 50;
/// Names that sources and tests share without being about each other.
const GENERIC: &[&str] = &[
    "util", "utils", "helper", "helpers", "mod", "main", "index", "common", "__init__", "conftest", "lib",
    "setup", "test", "tests", "models", "urls", "views", "apps", "admin", "config", "types",
];
/// Files at the top of a project that run its tests.
const RUNNERS: &[(&str, &str)] = &[
    ("runtest", "./runtest"),
    ("run_tests.sh", "./run_tests.sh"),
    ("runtests.sh", "./runtests.sh"),
    ("runtests.py", "python runtests.py"),
    ("tox.ini", "tox"),
    ("noxfile.py", "nox"),
    ("pytest.ini", "pytest"),
    ("phpunit.xml.dist", "vendor/bin/phpunit"),
    ("phpunit.xml", "vendor/bin/phpunit"),
    (".rspec", "bundle exec rspec"),
];

/// Builds the map of tests; `pairs_max` bounds the list, not the count.
pub(super) fn test_map(survey: &Survey<'_>, usage: &Usage, read: &[Manifest], pairs_max: usize) -> TestMap {
    let tests = tests_of(survey);
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for doc in &tests {
        *places.entry(place(doc)).or_default() += 1;
    }
    let mut places: Vec<(String, usize)> = places.into_iter().collect();
    places.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut pairs = pair(survey, &tests);
    let paired = pairs.len();
    let uses = |position: usize| usage.used_by.get(&position).copied().unwrap_or(0);
    pairs.sort_by_key(|(test, source)| (std::cmp::Reverse(uses(*source)), *source, test.path()));
    let path = |position: usize| shown_path(&survey.docs[position].path());
    TestMap {
        files: tests.len(),
        inside_sources: usage.with_tests.len(),
        places,
        paired,
        pairs: pairs
            .into_iter()
            .take(pairs_max)
            .map(|(test, source)| (shown_path(&test.path()), path(source)))
            .collect(),
        run: run(survey, read, &tests),
    }
}

/// The files of code that are tests.
pub(super) fn tests_of<'a>(survey: &Survey<'a>) -> Vec<&'a DocRef<'a>> {
    survey.docs.iter().filter(|doc| role(doc) == Role::Test && is_code(doc.language())).collect()
}

/// The folder of tests a test lies in, or how tests beside sources are named.
fn place(doc: &DocRef<'_>) -> String {
    let folder = String::from_utf8_lossy(doc.folder()).into_owned();
    let mut upto = 0;
    for part in folder.split('/') {
        upto += part.len();
        let is_tests = matches!(
            part.to_ascii_lowercase().as_str(),
            "test"
                | "tests"
                | "testing"
                | "__tests__"
                | "spec"
                | "specs"
                | "e2e"
                | "testdata"
                | "fixtures"
                | "unittest"
                | "unittests"
        );
        if part == "__tests__" && folder[..upto].matches('/').count() > 2 {
            return "__tests__/ beside the sources".into();
        }
        if is_tests {
            return format!("{}/", shown_path(&doc.folder()[..upto]));
        }
        upto += 1;
    }
    let name = String::from_utf8_lossy(doc.name()).into_owned();
    let (stem, ending) = name.rsplit_once('.').unwrap_or((&name, ""));
    for (mark, shown) in [
        (".test", "*.test."),
        (".spec", "*.spec."),
        ("_test", "*_test."),
        ("_spec", "*_spec."),
        ("Tests", "*Tests."),
        ("Test", "*Test."),
        ("-test", "*-test."),
    ] {
        if stem.ends_with(mark) {
            return format!("{shown}{} beside the sources", shown_path(ending.as_bytes()));
        }
    }
    if stem.starts_with("test_") {
        return format!("test_*.{} beside the sources", shown_path(ending.as_bytes()));
    }
    if folder.is_empty() { "the top folder".into() } else { format!("{}/", shown_path(doc.folder())) }
}

/// A file's name without its ending and without what marks it as a test, in lower case.
fn bare(name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    if GENERIC.contains(&stem.as_str()) {
        return stem;
    }
    let stem = stem.strip_prefix("test_").or_else(|| stem.strip_prefix("test-")).unwrap_or(&stem);
    for mark in ["_unittest", "_tests", "_test", "-test", "_spec", "-spec", "tests", "test", "spec"] {
        if let Some(rest) = stem.strip_suffix(mark).filter(|rest| rest.len() > 1) {
            return rest.to_owned();
        }
    }
    stem.to_owned()
}

/// Tests with the position of the source they are named after.
fn pair<'d>(survey: &Survey<'_>, tests: &[&'d DocRef<'d>]) -> Vec<(&'d DocRef<'d>, usize)> {
    let mut sources: HashMap<String, Vec<usize>> = HashMap::new();
    for (position, doc) in survey.docs.iter().enumerate().filter(|(_, doc)| role(doc) == Role::Source) {
        let name = String::from_utf8_lossy(doc.name());
        let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
        sources.entry(stem).or_default().push(position);
    }
    let mut pairs = Vec::new();
    for &test in tests {
        let name = bare(test.name());
        let Some(same) = sources.get(&name).filter(|_| !GENERIC.contains(&name.as_str())) else { continue };
        let mut near: Vec<(usize, usize)> = same
            .iter()
            .take(SAME_NAME_MAX)
            .filter(|&&position| related(survey.docs[position].language(), test.language()))
            .map(|&position| (nearness(&survey.docs[position], test), position))
            .collect();
        near.sort_unstable_by_key(|(near, position)| (std::cmp::Reverse(*near), *position));
        // Two sources of the same name, equally near: the name says nothing.
        let clear = near.get(1).is_none_or(|second| second.0 < near[0].0);
        let near = near.first().filter(|_| clear).map(|(_, position)| position);
        pairs.extend(near.map(|&position| (test, position)));
    }
    pairs
}

fn related(one: Language, other: Language) -> bool {
    use Language::{C, Cpp, JavaScript, Tsx, TypeScript};
    let group = |language| match language {
        Tsx | TypeScript => JavaScript,
        Cpp => C,
        other => other,
    };
    group(one) == group(other)
}

/// Number of folder names that two paths have in common, plus more for the same folder.
fn nearness(source: &DocRef<'_>, test: &DocRef<'_>) -> usize {
    let parts = |doc: &DocRef<'_>| -> Vec<Vec<u8>> {
        doc.folder()
            .split(|&byte| byte == b'/')
            .filter(|part| !part.is_empty())
            .map(<[u8]>::to_ascii_lowercase)
            .collect()
    };
    let (source_parts, test_parts) = (parts(source), parts(test));
    let common = source_parts.iter().filter(|part| test_parts.contains(part)).count();
    let start = source_parts.iter().zip(&test_parts).take_while(|(one, other)| one == other).count();
    common + 2 * start + if source.folder() == test.folder() { 10 } else { 0 }
}

/// Commands that run the tests, those of the top folder first.
pub(super) fn run(survey: &Survey<'_>, read: &[Manifest], tests: &[&DocRef<'_>]) -> Vec<String> {
    let mut run: Vec<String> = Vec::new();
    for doc in survey.direct(b"") {
        let name = String::from_utf8_lossy(doc.name()).into_owned();
        run.extend(
            RUNNERS.iter().filter(|(file, _)| *file == name).map(|(_, command)| (*command).to_owned()),
        );
    }
    for doc in tests.iter().filter(|doc| doc.name() == b"runtests.py" && !doc.folder().is_empty()) {
        run.push(format!("python {}", shown_path(&doc.path())));
    }
    for manifest in read {
        let folder = manifest.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if !folder.is_empty() && !run.is_empty() {
            continue;
        }
        for command in manifest
            .commands
            .iter()
            .filter(|command| command.run.to_lowercase().contains("test") || command.run.contains("spec"))
        {
            let inside = if folder.is_empty() { String::new() } else { format!(" (in {folder}/)") };
            run.push(format!("{}{inside}", command.run));
        }
    }
    if run.is_empty() && tests.iter().any(|doc| doc.language() == Language::Python) {
        run.push("pytest".into());
    }
    let mut seen = std::collections::BTreeSet::new();
    run.retain(|command| seen.insert(command.clone()));
    run.truncate(8);
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_tests_are_taken_off_names() {
        for (name, expected) in [
            ("test_views.py", "views"),
            ("walk_test.go", "walk"),
            ("Button.test.tsx", "button"),
            ("UserServiceTests.cs", "userservice"),
            ("user_spec.rb", "user"),
            ("test.c", "test"),
            ("conftest.py", "conftest"),
        ] {
            assert_eq!(bare(name.as_bytes()), expected, "{name}");
        }
    }
}
