//! Checks extraction on samples that carry their expected answers, and on hostile input.

use super::*;
use proptest::prelude::*;

/// Name and text of each sample.
macro_rules! samples {
    ($($name:literal)+) => { [$(($name, include_str!(concat!("samples/", $name))),)+] };
}

fn described(extraction: &Extraction, symbol: &Symbol) -> String {
    let container = symbol.container.and_then(|index| extraction.symbols.get(index as usize));
    let container = container
        .filter(|container| container.kind != SymbolKind::Module || !container.name.contains(['.', ':']));
    let prefix = container.map_or(String::new(), |container| format!("{}.", container.name));
    format!("{} {prefix}{} {}-{}", symbol.kind.name(), symbol.name, symbol.start_line, symbol.end_line)
}

/// Compares with the `expect:` lines of a sample: everything expected is there and nothing else is. `signature`
/// and `doc` lines are compared where they are given. Gives what differs.
fn check(way: &str, name: &str, source: &str, extraction: &Extraction) -> Option<String> {
    let expected: Vec<&str> = source
        .lines()
        .filter_map(|line| line.split_once("expect: "))
        .map(|(_, rest)| rest.trim_end_matches("*/").trim_end_matches("-->").trim())
        .collect();
    assert!(!expected.is_empty(), "{name} expects nothing");
    let imports = extraction.imports.iter().map(|import| format!("import {} {}", import.target, import.line));
    let mut found: Vec<String> = imports.collect();
    for symbol in &extraction.symbols {
        let mut text = described(extraction, symbol);
        let wanted = expected
            .iter()
            .find(|line| line.split(" signature ").next().unwrap_or("").split(" doc ").next() == Some(&text));
        if wanted.is_some_and(|line| line.contains(" signature ")) {
            text += &format!(" signature {}", symbol.signature_end_line);
        }
        if wanted.is_some_and(|line| line.contains(" doc ")) {
            text += &format!(" doc {}", symbol.doc_line.unwrap_or(0));
        }
        found.push(text);
    }
    let mut sorted: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
    found.sort();
    sorted.sort();
    let missing: Vec<&String> = sorted.iter().filter(|line| !found.contains(line)).collect();
    let invented: Vec<&String> = found.iter().filter(|line| !sorted.contains(line)).collect();
    (found != sorted).then(|| format!("{way} of {name}: missing {missing:#?} invented {invented:#?}"))
}

#[test]
fn samples_give_what_they_expect_both_ways() {
    let samples = samples! {
        "sample.rs" "sample.py" "sample.js" "sample.ts" "sample.tsx" "sample.go" "Sample.java" "sample.c"
        "sample.cpp" "sample.cs" "sample.rb" "sample.php" "sample.sh" "sample.md" "sample.toml" "sample.yaml"
        "sample.json5" "sample.css" "sample.sql" "sample.vue" "sample.svelte" "sample.html" "sample.kt" "sample.swift" "sample.scala" "sample.lua"
        "sample.ipynb"
    };
    let mut extractor = Extractor::new();
    let limits = Limits::default();
    let mut differences = Vec::new();
    for (name, source) in samples {
        let language = language_of(name.as_bytes(), source.as_bytes());
        assert_ne!(language, Language::Text, "{name}");
        let exact = extractor.extract(language, source.as_bytes(), &limits);
        let fast = extractor.extract_fast(language, source.as_bytes(), &limits);
        differences.extend(check("extract", name, source, &exact));
        differences.extend(check("extract_fast", name, source, &fast));
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn carriage_returns_change_no_line() {
    let limits = Limits::default();
    for (name, source) in
        samples! { "sample.rs" "sample.py" "sample.go" "sample.cs" "sample.rb" "sample.sh" "sample.md" }
    {
        let language = language_of(name.as_bytes(), b"");
        let windows = source.replace('\n', "\r\n");
        assert_eq!(
            extract_fast(language, windows.as_bytes(), &limits).symbols,
            extract_fast(language, source.as_bytes(), &limits).symbols,
            "{name}"
        );
    }
}

#[test]
fn languages_are_told_by_path_and_head() {
    let told = |path: &str, head: &str| language_of(path.as_bytes(), head.as_bytes());
    assert_eq!(told("src/a.RS", ""), Language::Rust);
    assert_eq!(told("include/a.h", "#include <stdio.h>\nint a;"), Language::C);
    assert_eq!(told("include/a.h", "#pragma once\n#include <vector>\n"), Language::Cpp);
    assert_eq!(told("include/a.h", "namespace a {\n"), Language::Cpp);
    assert_eq!(told("docker/Dockerfile", ""), Language::Docker);
    assert_eq!(told("Dockerfile.dev", ""), Language::Docker);
    assert_eq!(told("a/Makefile", ""), Language::Make);
    assert_eq!(told("Rakefile", ""), Language::Ruby);
    assert_eq!(told("bin/run", "#!/usr/bin/env -S python3.12 -u\n"), Language::Python);
    assert_eq!(told("bin/run", "#!/bin/sh\n"), Language::Bash);
    assert_eq!(told("bin/run", "plain"), Language::Text);
    assert_eq!(told(".gitignore", ""), Language::Text);
    assert_eq!(language_of(b"a\xff.py", b""), Language::Python);
}

#[test]
fn comment_lines_are_told_by_their_start() {
    assert!(is_comment_line(Language::Rust, b"/// x"));
    assert!(is_comment_line(Language::C, b"* x"));
    assert!(!is_comment_line(Language::C, b"*x = 1;"));
    assert!(is_comment_line(Language::Python, b"# x"));
    assert!(!is_comment_line(Language::Php, b"#[Attribute]"));
    assert!(is_comment_line(Language::Sql, b"-- x"));
    assert!(!is_comment_line(Language::Json, b"\"a\": 1"));
    assert!(is_comment_line(Language::Html, b"<!-- x"));
}

#[test]
fn stored_numbers_come_back() {
    for language in Language::ALL {
        assert_eq!(Language::from_id(language.id()), Some(*language));
    }
    for kind in SymbolKind::ALL {
        assert_eq!(SymbolKind::from_id(kind.id()), Some(*kind));
    }
    assert_eq!((Language::from_id(255), SymbolKind::from_id(0)), (None, None));
}

fn well_formed(language: Language, source: &[u8], extraction: &Extraction) {
    let lines = u32::try_from(source.split(|byte| *byte == b'\n').count()).unwrap();
    for (index, symbol) in extraction.symbols.iter().enumerate() {
        let context = || format!("{} {symbol:?} of {lines} lines", language.name());
        assert!(1 <= symbol.start_line && symbol.end_line <= lines, "{}", context());
        assert!(symbol.start_line <= symbol.signature_end_line, "{}", context());
        assert!(symbol.signature_end_line <= symbol.end_line, "{}", context());
        assert!(symbol.doc_line.is_none_or(|line| 1 <= line && line <= symbol.end_line), "{}", context());
        assert!(!symbol.name.is_empty(), "{}", context());
        let mut container = symbol.container;
        for _ in 0..=extraction.symbols.len() {
            let Some(at) = container else { break };
            assert_ne!(at as usize, index, "{}", context());
            container = extraction.symbols[at as usize].container;
        }
        assert_eq!(container, None, "containers form a circle: {}", context());
    }
    assert!(extraction.imports.iter().all(|import| 1 <= import.line && import.line <= lines));
}

fn all_ways(source: &[u8]) {
    let mut extractor = Extractor::new();
    let limits = Limits { parse_budget_us: 200_000, ..Limits::default() };
    for language in Language::ALL {
        well_formed(*language, source, &extractor.extract(*language, source, &limits));
        well_formed(*language, source, &extractor.extract_fast(*language, source, &limits));
    }
}

#[test]
fn hostile_sources_neither_panic_nor_overflow_the_stack() {
    let pieces: [&[u8]; 14] = [
        b"{",
        b"(",
        b"[",
        b"fn a() {",
        b"class A {",
        b"`${",
        b"\"",
        b"/*",
        b"<<<A\n",
        b"#if\n",
        b"def a(:\n",
        b"'",
        b"<",
        b"namespace a {",
    ];
    for piece in pieces {
        all_ways(&piece.repeat(1_500));
    }
    all_ways(b"");
    all_ways(b"\0\0\xff\xfe\0fn a() {}\nclass B {}\n\0");
    all_ways(b"\r\r\r");
}

#[test]
fn nuls_and_foreign_bytes_leave_the_rest_readable() {
    let source = b"// \xff\xfe \0\nfn before() {}\n\nstatic A: &str = \"\0\xff\";\nfn after() { \xff }\n";
    for extraction in [
        extract(Language::Rust, source, &Limits::default()),
        extract_fast(Language::Rust, source, &Limits::default()),
    ] {
        let found: Vec<(&str, u32)> =
            extraction.symbols.iter().map(|symbol| (symbol.name.as_str(), symbol.start_line)).collect();
        assert!(found.contains(&("before", 2)) && found.contains(&("after", 5)), "{found:?}");
    }
}

#[test]
fn a_broken_file_still_gives_the_rest() {
    let source = b"fn good() {}\n\nstruct = ;\n\nfn also() {}\n";
    for extraction in [
        extract(Language::Rust, source, &Limits::default()),
        extract_fast(Language::Rust, source, &Limits::default()),
    ] {
        let names: Vec<&str> = extraction.symbols.iter().map(|symbol| symbol.name.as_str()).collect();
        assert!(extraction.partial);
        assert!(names.contains(&"good") && names.contains(&"also"), "{names:?}");
    }
}

#[test]
fn a_head_in_two_branches_does_not_swallow_what_follows() {
    let source = b"#ifdef WIDE\nint run(long a) {\n#else\nint run(int a) {\n#endif\n  if (a) { }\n  return 1;\n}\n\nint next(void) { return 2; }\n";
    let extraction = extract_fast(Language::C, source, &Limits::default());
    let next = extraction
        .symbols
        .iter()
        .find(|symbol| symbol.name == "next")
        .map(|symbol| (symbol.start_line, symbol.end_line));
    assert_eq!(next, Some((10, 10)), "{:?}", extraction.symbols);
}

#[test]
fn macro_lines_do_not_hide_the_declarations_after_them() {
    let source = b"DEFINE_ALL(a, (b))\nDEFINE_ALL(c, d)\nstatic int run(int a) {\n  return a;\n}\nTEST_CASE(x)\n{\n}\n";
    let extraction = extract_fast(Language::C, source, &Limits::default());
    let run = extraction
        .symbols
        .iter()
        .find(|symbol| symbol.name == "run")
        .map(|symbol| (symbol.start_line, symbol.end_line));
    assert_eq!(run, Some((3, 5)), "{:?}", extraction.symbols);
}

#[test]
fn limits_are_kept() {
    let many = b"fn a() {}\n".repeat(50);
    let few = Limits { symbols_max: 10, ..Limits::default() };
    let cut = extract(Language::Rust, &many, &few);
    assert_eq!((cut.symbols.len(), cut.partial), (10, true));
    let small = Limits { source_bytes_max: 10, ..Limits::default() };
    assert_eq!(extract(Language::Rust, &many, &small), Extraction { partial: true, ..Extraction::default() });
    let hasty = Limits { parse_budget_us: 0, ..Limits::default() };
    assert!(extract(Language::Rust, &b"fn a() { let x = [1, 2, 3]; }\n".repeat(5_000), &hasty).partial);
    let minified = [b"var a=1;function b(){}".repeat(50_000), b"\n".to_vec()].concat();
    let long = extract(Language::JavaScript, &minified, &Limits::default());
    assert_eq!((long.symbols.len(), long.partial), (0, true));
}

/// Found by the property below: what follows a broken head is no docstring of it.
#[test]
fn a_docstring_lies_inside_its_definition() {
    all_ways(b"template <module.exports = a: |\nr#\"'\r\n\"class class ");
    all_ways(b"fn =```\n\"\"\"");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_well_formed_symbols(source in proptest::collection::vec(any::<u8>(), 0..400)) {
        all_ways(&source);
    }

    #[test]
    fn any_tokens_give_well_formed_symbols(
        tokens in proptest::collection::vec(
            proptest::sample::select(vec![
                "class ", "fn ", "def ", "function ", "impl ", "interface ", "A", "b", "(", ")", "{", "}", "[", "]",
                "\n", "\n  ", "\n    ", "'", "\"", "`", "${", "/*", "*/", "//", "#", "#if\n", "#else\n", "#endif\n", "=",
                "=>", "->", ";", ":", ",", "<", ">", "<<<A\n", "r#\"", "\"\"\"", "é", "\r\n", "end\n", "do |x|\n",
                "module.exports = ", "use ", "enum ", "@a(1) ", "template <", "<script>", "</script>", "<?php ", "?>",
                "```\n", "# ", "- ", "a: |\n", "create table ", "id=\"x\"", "export default ", "import 'x'\n", "\0",
            ]),
            0..60,
        )
    ) {
        all_ways(tokens.concat().as_bytes());
    }
}
