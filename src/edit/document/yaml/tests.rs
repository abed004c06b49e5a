//! What edits of YAML leave behind, byte for byte.

use super::super::{Action, Fault, Format, KeyPath, Request, Value, ValueType, edit, get};
use proptest::prelude::*;

fn run(text: &str, path: &str, action: Action) -> Result<String, Fault> {
    let request = Request { path: KeyPath::parse(path).unwrap(), action };
    Ok(String::from_utf8(edit(text.as_bytes(), Format::Yaml, &request)?).unwrap())
}

fn set_action(value: &str, kind: Option<ValueType>) -> Action {
    Action::Set { text: value.into(), kind, insert: false, create_parents: true }
}

#[track_caller]
fn set(text: &str, path: &str, value: &str) -> String {
    run(text, path, set_action(value, None)).unwrap_or_else(|fault| panic!("{text:?} {path}: {fault}"))
}

#[track_caller]
fn unset(text: &str, path: &str) -> String {
    run(text, path, Action::Unset).unwrap_or_else(|fault| panic!("{text:?} {path}: {fault}"))
}

#[test]
fn values_change_and_nothing_else() {
    for (text, path, value, expected) in [
        ("a: 1 # one\n", "a", "2", "a: 2 # one\n"),
        ("a: 'x' # one\r\nb: 2\r\n", "a", "it's", "a: 'it''s' # one\r\nb: 2\r\n"),
        ("a: \"x\"\n", "a", "on", "a: \"on\"\n"),
        ("a: x\n", "a", "on", "a: \"on\"\n"),
        ("a: x\n", "a", "1.0", "a: \"1.0\"\n"),
        ("a: 1.2.3\n", "a", "1.2.4", "a: 1.2.4\n"),
        ("a: x\n", "a", "y: z", "a: \"y: z\"\n"),
        ("a: 0x1F\n", "a", "31", "a: 0x1F\n"),
        ("a: yes\n", "a", "yes", "a: yes\n"),
        ("a:\n  b:\n  - x # c\n  - y\n", "a.b[-1]", "z", "a:\n  b:\n  - x # c\n  - z\n"),
        ("a: {b: 1, c: [x, y]}\n", "a.c[0]", "z, z", "a: {b: 1, c: [\"z, z\", y]}\n"),
        ("a: &x 1\nb: *x\n", "a", "2", "a: &x 2\nb: *x\n"),
        ("a: !!str 5\n", "a", "6", "a: !!str \"6\"\n"),
        ("a: |\n  one\n  two\n\nb: 1\n", "a", "one\nthree\n", "a: |\n  one\n  three\n\nb: 1\n"),
        ("a: >-\n  one\n  two\nb: 1\n", "a", "x", "a: x\nb: 1\n"),
        ("a:\nb: 1\n", "a", "x", "a: x\nb: 1\n"),
        ("a: # c\nb: 1\n", "a", "x", "a: x # c\nb: 1\n"),
        ("- 1\n-\n- 3\n", "[1]", "2", "- 1\n- 2\n- 3\n"),
        ("\u{feff}é: ü\n", "é", "ö", "\u{feff}é: ö\n"),
        ("a.b: 1\n", "a.b", "2", "a.b: 2\n"),
        (
            "on:\n  push:\n    branches: [ main ]\n",
            "on.push.branches[+]",
            "dev",
            "on:\n  push:\n    branches: [ main, dev ]\n",
        ),
        ("a: 1\na: 2\n", "a", "3", "a: 1\na: 3\n"),
        ("a: # c\n  b: 1\nd: 2\n", "a", "[]", "a: # c\n  b: 1\nd: 2\n"),
    ] {
        if value == "[]" {
            assert!(matches!(run(text, path, set_action(value, None)), Err(Fault::Value { .. })));
            assert_eq!(
                run(text, path, set_action(value, Some(ValueType::Json))).unwrap(),
                "a: [] # c\nd: 2\n"
            );
            continue;
        }
        assert_eq!(set(text, path, value), expected, "{text:?}");
    }
}

#[test]
fn new_keys_take_their_place_and_go_without_a_trace() {
    for (text, path, value, expected) in [
        ("a: 1\n", "b", "x", "a: 1\nb: x\n"),
        ("a: 1", "b", "x", "a: 1\nb: x"),
        ("a:\n    b: 1 # one\n# two\nc: 2\n", "a.d", "x", "a:\n    b: 1 # one\n    d: x\n# two\nc: 2\n"),
        ("a: {}\n", "a.b", "1", "a: {b: 1}\n"),
        ("a: { b: 1 }\n", "a.c", "2", "a: { b: 1, c: 2 }\n"),
        ("l:\n  - x: 1\n    y: 2\n", "l[0].z", "3", "l:\n  - x: 1\n    y: 2\n    z: 3\n"),
        ("l:\n- x\n- y # why\nm: 1\n", "l[+]", "z", "l:\n- x\n- y # why\n- z\nm: 1\n"),
        ("a: 1\nb: |\n  text\n\n\nc: 3\n", "d", "4", "a: 1\nb: |\n  text\n\n\nc: 3\nd: 4\n"),
        ("a:\n  b: |\n    text\n\nc: 3\n", "a.d", "4", "a:\n  b: |\n    text\n  d: 4\n\nc: 3\n"),
        ("a: 1\r\nb:\r\n  - 1\r\n", "b[+]", "2", "a: 1\r\nb:\r\n  - 1\r\n  - 2\r\n"),
        (
            "a:\n  b:\n    c: 1\n",
            "a.x",
            "{\"k\": [1, {\"z\": 2}], \"e\": {}}",
            "a:\n  b:\n    c: 1\n  x:\n    k:\n      - 1\n      - z: 2\n    e: {}\n",
        ),
        ("---\na: 1\n...\n", "b", "2", "---\na: 1\nb: 2\n...\n"),
    ] {
        let edited = set(text, path, value);
        assert_eq!(edited, expected, "{text:?}");
        assert_eq!(unset(&edited, &path.replace("[+]", "[-1]")), text, "{edited:?}");
    }
    assert_eq!(set("", "a", "1"), "a: 1\n");
    assert_eq!(set("# only\n", "a.b", "1"), "# only\na:\n  b: 1\n");
    assert_eq!(
        set("on:\n  push:\n  pull:\n", "on.push.branches", "[\"x\"]"),
        "on:\n  push:\n    branches:\n      - x\n  pull:\n"
    );
    assert_eq!(set("a: 1\n", "b.c[+]", "x"), "a: 1\nb:\n  c:\n    - x\n");
    assert_eq!(set("a: x # c\n", "t", "two\nlines"), "a: x # c\nt: |-\n  two\n  lines\n");
}

#[test]
fn lines_are_removed_inserted_and_moved() {
    assert_eq!(unset("a:\n  b: 1\nc: 2\n", "a.b"), "a: {}\nc: 2\n");
    assert_eq!(unset("a: # why\n  - 1\nc: 2\n", "a[0]"), "a: [] # why\nc: 2\n");
    assert_eq!(unset("l:\n  - a: 1\n    b: 2\n", "l[0].a"), "l:\n  - b: 2\n");
    assert_eq!(unset("l:\n  - a: 1\n", "l[0].a"), "l:\n  - {}\n");
    assert_eq!(unset("x: 1\n# about a\na: 1 # tail\n\nb: 2\n", "a"), "x: 1\n\nb: 2\n");
    assert_eq!(unset("x: 1\n# group\na: 1\nb: 2\n", "a"), "x: 1\n# group\nb: 2\n");
    assert_eq!(unset("a: 1\nb: 2\na: 3\n", "a"), "b: 2\n");
    assert_eq!(unset("- - 1\n  - 2\n", "[0][0]"), "- - 2\n");
    let insert = |path: &str, text: &str| {
        run(text, path, Action::Set { text: "new".into(), kind: None, insert: true, create_parents: false })
            .unwrap()
    };
    assert_eq!(insert("l[0]", "l:\n  # first\n  - a\n  - b\n"), "l:\n  - new\n  # first\n  - a\n  - b\n");
    assert_eq!(insert("l[1]", "l:\n- a # one\n- b\n"), "l:\n- a # one\n- new\n- b\n");
    assert_eq!(insert("[0][0]", "- - 1\n  - 2\n"), "- - new\n  - 1\n  - 2\n");
    let text = "l:\n  - a # one\n  # two\n  - b:\n      c: 1\n  - d";
    assert_eq!(
        run(text, "l[0]", Action::Move(2)).unwrap(),
        "l:\n  # two\n  - b:\n      c: 1\n  - d\n  - a # one"
    );
    assert_eq!(run("[a, b, c]\n", "[0]", Action::Move(-1)).unwrap(), "[b, c, a]\n");
    let text = "o:\n  a: 1 # one\n  b: 2\n";
    assert_eq!(set(text, "o", "{\"a\": 1, \"c\": 3}"), "o:\n  a: 1 # one\n  c: 3\n");
}

#[test]
fn anchors_and_documents_are_kept() {
    let text = "base: &b\n  x: 1\nuse:\n  <<: *b\nalso: *b\n";
    assert!(matches!(run(text, "base", Action::Unset), Err(Fault::Refused { .. })));
    assert!(matches!(
        run(text, "base", set_action("x", Some(ValueType::String))),
        Err(Fault::Refused { .. })
    ));
    assert_eq!(set(text, "base.x", "2"), text.replace('1', "2"));
    assert_eq!(unset(text, "also"), "base: &b\n  x: 1\nuse:\n  <<: *b\n");
    assert!(matches!(run(text, "also.x", set_action("2", None)), Err(Fault::Missing { .. })));
    assert_eq!(
        get(text.as_bytes(), Format::Yaml, &KeyPath::parse("also").unwrap()).unwrap().value.to_json(),
        "{\"x\":1}"
    );
    let bomb = (1..30).fold("a0: &a0 [x, x, x, x, x, x]\n".to_owned(), |text, level| {
        let below = format!("*a{}", level - 1);
        format!("{text}a{level}: &a{level} [{below}, {below}, {below}, {below}]\n")
    });
    let got = |text: &str, path: &str| get(text.as_bytes(), Format::Yaml, &KeyPath::parse(path).unwrap());
    assert!(matches!(got(&bomb, "a29"), Err(Fault::Refused { .. })), "and no part of it");
    assert!(got(&bomb, "a3").is_ok());
    assert!(run(&bomb, "a29", set_action("1", Some(ValueType::Integer))).is_ok());
    let long = format!("a: &a 1\nl: [{}]\nb: *a\n", "0, ".repeat(120_000));
    assert!(
        got(&long, ".").unwrap().value.to_json().ends_with("\"b\":1}"),
        "what is no alias does not count"
    );
    let fault = run("a: [1\nb: 2\n", "a", set_action("3", None)).unwrap_err();
    assert!(matches!(fault, Fault::Syntax { line: 2, .. }), "{fault:?}");
    assert!(run(&"[".repeat(100_000), "[0]", Action::Unset).is_err());
    assert!(run(&"- ".repeat(10_000), "[0]", Action::Unset).is_err());
}

#[test]
fn several_documents_are_a_list() {
    let text = "# first\na: 1\n---\na: 2 # two\nb: [x]\n---\n- y\n";
    assert_eq!(set(text, "[1].a", "3"), text.replace("2 #", "3 #"));
    assert_eq!(set(text, "[0].c", "3"), text.replace("a: 1\n", "a: 1\nc: 3\n"));
    assert_eq!(set(text, "[-1][+]", "z"), text.replace("- y\n", "- y\n- z\n"));
    assert_eq!(unset(text, "[1].b"), text.replace("b: [x]\n", ""));
    assert_eq!(got(text, "[1].b[0]"), "\"x\"");
    assert!(matches!(run(text, "a", set_action("3", None)), Err(Fault::Missing { .. })));
    for (path, action) in [
        ("[0]", Action::Unset),
        ("[0]", Action::Move(1)),
        ("[+]", set_action("3", None)),
        (".", set_action("3", Some(ValueType::String))),
    ] {
        assert!(matches!(run(text, path, action), Err(Fault::Refused { .. })), "{path}");
    }
}

fn got(text: &str, path: &str) -> String {
    get(text.as_bytes(), Format::Yaml, &KeyPath::parse(path).unwrap()).unwrap().value.to_json()
}

#[test]
fn values_are_read_through_aliases_and_merges_and_changed_where_they_stand() {
    let text = "x-base: &b\n  when: failure\n  deep: {k: v}\nall: &a\n  <<: *b\n  n: 1\n\
                one:\n  <<: [*a, {m: 2}]\n  n: 3\ntwo:\n  use: *b\n";
    for (path, value) in [
        ("two.use.when", "\"failure\""),
        ("two.use.deep.k", "\"v\""),
        ("all.when", "\"failure\""),
        ("one.deep.k", "\"v\""),
        ("one.n", "3"),
        ("one.m", "2"),
    ] {
        assert_eq!(got(text, path), value, "{path}");
        let own = value.trim_matches('"');
        assert_eq!(set(text, path, own), text, "what readers find already is left alone: {path}");
    }
    assert_eq!(set(text, "one.when", "success"), text.replace("n: 3\n", "n: 3\n  when: success\n"));
    let fault = run(text, "two.use.when", set_action("x", None)).unwrap_err();
    assert!(format!("{fault:?}").contains("where its anchor stands"), "{fault:?}");
    assert!(run(text, "two.use.when", Action::Unset).is_err());
    let fault = get(b"a: &a\n  <<: *a\n", Format::Yaml, &KeyPath::parse("a.x").unwrap());
    assert!(matches!(fault, Err(Fault::Missing { .. })), "a merge of itself ends: {fault:?}");
}

#[test]
fn an_alias_in_what_it_means_and_merges_of_merges_end() {
    let refused = |text: &str, path: &str| {
        let fault = get(text.as_bytes(), Format::Yaml, &KeyPath::parse(path).unwrap());
        assert!(matches!(fault, Err(Fault::Refused { .. })), "{text:?} {path}: {fault:?}");
    };
    refused("a: &a [1, *a]\nb: 2\n", "a");
    refused("a: &a\n  k: *a\nb: 2\n", "a.k.k.k");
    refused("a: &a {k: [{l: *a}]}\n", "a");
    assert_eq!(got("a: &a [1, *a]\nb: 2\n", "a[1][1][0]"), "1", "a place inside is told");
    assert_eq!(set("a: &a [1, *a]\nb: 2\n", "b", "3"), "a: &a [1, *a]\nb: 3\n");
    // Without an end to the aliases there is none to chains of them either, but for a depth that every reader bears.
    let chain = (1..200).fold("- &n0 [1]\n".to_owned(), |text, n| text + &format!("- &n{n} [*n{}]\n", n - 1));
    refused(&chain, "[199]");
    assert_eq!(got(&chain, "[3]"), "[[[[1]]]]");
    // Three ways at each of many steps: nobody lives to see all of them tried.
    let wide = "a: &a\n  <<: [*a, *a, *a]\n  k: 1\n";
    assert_eq!(got(wide, "a.k"), "1");
    let fault = get(wide.as_bytes(), Format::Yaml, &KeyPath::parse("a.x").unwrap());
    assert!(matches!(fault, Err(Fault::Missing { .. })), "{fault:?}");
}

#[test]
fn what_goes_on_no_deeper_than_its_key_is_read_as_others_read_it() {
    for (text, path, value) in [
        ("a:\n  b: \"^(\\\n    x|\\\n  )$\"\n  c: 1\n", "a.b", "\"^(x|)$\""),
        ("a:\n  - b: 'é\n  y'\n    c: 1\n", "a[0].b", "\"é y\""),
        ("a: \"x\n\n\ny\"\nc: 1\n", "a", "\"x\\n\\ny\""),
        ("a:\n  b: [\n  1, # ü\n  2\n  ]\n  c: 1\n", "a.b", "[1,2]"),
        ("a:\n  b: [\n    1\n]\n", "a.b", "[1]"),
        ("a:\n  b: {\n  k: [\n1],\n}\n  c: 1\n", "a.b.k", "[1]"),
    ] {
        assert_eq!(got(text, path), value, "{text:?}");
        assert_eq!(set(text, "new", "1"), format!("{text}new: 1\n"), "{text:?}");
    }
    let text = "a:\n  b: [\n  1, # one\n  2\n  ]\n  c: 'é\n x' # c\n";
    assert_eq!(set(text, "a.b[1]", "3"), text.replace("  2\n", "  3\n"));
    assert_eq!(set(text, "a.c", "z"), "a:\n  b: [\n  1, # one\n  2\n  ]\n  c: 'z' # c\n");
    for bad in ["a:\n  b: x\n c: 1\n", "a: \"x\nb: 1\n", "a: [\n1\n", "a:\n\tb: 1\n"] {
        assert!(matches!(run(bad, "new", set_action("1", None)), Err(Fault::Syntax { .. })), "{bad:?}");
    }
}

#[test]
fn a_scalar_that_readers_take_for_different_things_may_stay_or_become_any() {
    for (text, typed) in [
        ("a: yes # c\n", "true"),
        ("a: Off\n", "false"),
        ("a: 1_000\n", "1000"),
        ("a: 0777\n", "511"),
        ("a: 12:30\n", "750"),
        ("a: -0b11\n", "-3"),
        ("a: yes\n", "yes"),
        ("a: 'yes'\n", "yes"),
    ] {
        assert_eq!(set(text, "a", typed), text, "{typed}");
    }
    assert_eq!(set("a: yes # c\n", "a", "false"), "a: false # c\n");
    assert_eq!(set("a: 'yes'\n", "a", "true"), "a: 'true'\n");
    assert_eq!(set("a: y\n", "a", "true"), "a: \"true\"\n");
}

/// Pieces of YAML, good and bad, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a: 1\n",
        "b:\n",
        "  c: x # c\n",
        "  - 1\n",
        "- 2\n",
        "- a: 1\n",
        "  b: 2\n",
        "d: {e: 1, f: [2, 3]}\n",
        "g: |\n",
        "    text\n",
        "\n",
        "# c\n",
        "h: &x 1\n",
        "i: *x\n",
        "? k\n",
        ": v\n",
        "'q': \"r\\n\"\n",
        "---\n",
        "...\n",
        "j: >-\n  fold\n  ed\n",
        "\t",
        "  ",
        "é: ü\r\n",
        "a.b: 1\n",
        "l: [\n  1, # one\n  2,\n]\n",
        "m: !t x\n",
        "n: ~\n",
        "- - 1\n  - 2\n",
        "x",
        ": ",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "'",
        "  o:\n    p: 1\n",
    ]);
    prop::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn an_edit_is_what_was_asked_for_or_refused(text in pieces(), value in "[a-z0-9 '\"\\\\:#,{}\\[\\]&*!|>%@-]{0,6}") {
        for path in ["new", "a", "b.c", "b.new", "b[0]", "b[+]", "d.f[1]", "[0].new", "h", "a.b", "l[+]", "b.o.p"] {
            let key = KeyPath::parse(path).unwrap();
            let action = Action::Set { text: value.clone(), kind: None, insert: false, create_parents: false };
            let Ok(edited) = run(&text, path, action) else { continue };
            let got = get(edited.as_bytes(), Format::Yaml, &KeyPath::parse(&path.replace("[+]", "[-1]")).unwrap()).unwrap();
            prop_assert!(matches!(&got.value, Value::String(got) if *got == value) || !matches!(got.value, Value::String(_)), "{edited:?}");
            let was_there = get(text.as_bytes(), Format::Yaml, &key).is_ok();
            if !was_there && let Ok(back) = run(&edited, &path.replace("[+]", "[-1]"), Action::Unset) {
                let whole = KeyPath::parse(".").unwrap();
                let (back, text) = (get(back.as_bytes(), Format::Yaml, &whole), get(text.as_bytes(), Format::Yaml, &whole));
                let both_empty = |value: &Value| matches!(value, Value::Null) || *value == Value::Object(vec![]);
                let (back, text) = (back.unwrap().value, text.unwrap().value);
                prop_assert!(back.same(&text) || (both_empty(&back) && both_empty(&text)), "{edited:?}");
            }
        }
    }
}
