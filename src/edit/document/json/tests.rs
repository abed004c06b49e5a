//! What edits of JSON and JSONC leave behind, byte for byte.

use super::super::{Action, Fault, Format, KeyPath, Request, ValueType, edit, get};

fn request(path: &str, action: Action) -> Request {
    Request { path: KeyPath::parse(path).unwrap(), action }
}

fn run(text: &str, path: &str, action: Action) -> Result<String, Fault> {
    let edited = edit(text.as_bytes(), Format::Jsonc, &request(path, action))?;
    Ok(String::from_utf8(edited).unwrap())
}

fn set_action(value: &str, kind: Option<ValueType>) -> Action {
    Action::Set { text: value.into(), kind, insert: false, create_parents: true }
}

fn set(text: &str, path: &str, value: &str) -> String {
    run(text, path, set_action(value, None)).unwrap()
}

fn insert(text: &str, path: &str, value: &str) -> String {
    run(text, path, Action::Set { text: value.into(), kind: None, insert: true, create_parents: false })
        .unwrap()
}

fn unset(text: &str, path: &str) -> String {
    run(text, path, Action::Unset).unwrap()
}

fn relocate(text: &str, path: &str, to: i64) -> String {
    run(text, path, Action::Move(to)).unwrap()
}

#[test]
fn values_change_and_nothing_else() {
    for (text, path, value, expected) in [
        ("{\"a\":1}", "a", "2", "{\"a\":2}"),
        ("{\"v\": \"1.0\"}", "v", "1.1", "{\"v\": \"1.1\"}"),
        ("{\"v\": \"x\"}", "v", "true", "{\"v\": \"true\"}"),
        ("{\"v\": \"a\\/b\"}", "v", "a/b", "{\"v\": \"a\\/b\"}"),
        ("{\"v\": 1E5}", "v", "100000.0", "{\"v\": 1E5}"),
        (
            "{ // c\r\n\t\"a\" : [ 1, 2 ] , // d\r\n}",
            "a[-1]",
            "3",
            "{ // c\r\n\t\"a\" : [ 1, 3 ] , // d\r\n}",
        ),
        ("{\"a\":1,\"a\":2}", "a", "3", "{\"a\":1,\"a\":3}"),
        ("\u{feff}{\"a\":null}", "/a", "x", "\u{feff}{\"a\":\"x\"}"),
        ("{\"a\\u002eb\": 1}", "a.b", "2", "{\"a\\u002eb\": 2}"),
        ("[[1],[2]]", "[1][0]", "3", "[[1],[3]]"),
        ("7", ".", "8", "8"),
    ] {
        assert_eq!(set(text, path, value), expected, "{text}");
    }
}

#[test]
fn new_members_take_the_style_around_them_and_go_without_a_trace() {
    for (text, path, value, expected) in [
        ("{}", "a", "1", "{\n  \"a\": 1\n}"),
        ("{ }", "a", "1", "{ \"a\": 1 }"),
        ("{\"b\":{}}", "b.c", "1", "{\"b\":{\"c\":1}}"),
        ("{\"a\":1}", "b", "x", "{\"a\":1,\"b\":\"x\"}"),
        ("{\"a\": 1, \"c\": 2}", "b", "x", "{\"a\": 1, \"c\": 2, \"b\": \"x\"}"),
        ("{\n\t\"a\": 1\n}\n", "b", "2", "{\n\t\"a\": 1,\n\t\"b\": 2\n}\n"),
        ("{\r\n    \"a\": 1 // one\r\n}", "b", "2", "{\r\n    \"a\": 1, // one\r\n    \"b\": 2\r\n}"),
        ("{\n  \"a\": 1, // one\n}", "b", "2", "{\n  \"a\": 1, // one\n  \"b\": 2,\n}"),
        ("{\n  \"a\": 1 /* x */,\n}", "b", "2", "{\n  \"a\": 1 /* x */,\n  \"b\": 2,\n}"),
        ("{\n  \"a\": 1\n  // later: \"c\"\n}", "b", "2", "{\n  \"a\": 1,\n  \"b\": 2\n  // later: \"c\"\n}"),
        ("{ // none\n}", "b", "2", "{ // none\n  \"b\": 2\n}"),
        ("{\n  // none\n}", "b", "2", "{\n  \"b\": 2\n  // none\n}"),
        ("[\n  1,\n  2\n]", "[+]", "3", "[\n  1,\n  2,\n  3\n]"),
        ("{\"a\": [1,2]}", "a[+]", "3", "{\"a\": [1,2,3]}"),
        ("[1, 2,]", "[+]", "3", "[1, 2, 3,]"),
        ("[1, 2,\n 3, 4]", "[+]", "5", "[1, 2,\n 3, 4, 5]"),
        (
            "{\n  \"a\": {\n    \"x\": 1\n  }\n}",
            "a.y",
            "[1,[2]]",
            "{\n  \"a\": {\n    \"x\": 1,\n    \"y\": [\n      1,\n      [2]\n    ]\n  }\n}",
        ),
    ] {
        let edited = set(text, path, value);
        assert_eq!(edited, expected, "{text:?}");
        let back = if path.ends_with("[+]") { path.replace("[+]", "[-1]") } else { path.to_owned() };
        assert_eq!(unset(&edited, &back), text, "{edited:?}");
    }
}

#[test]
fn parents_are_made_when_asked_for_and_keys_with_dots_found_first() {
    assert_eq!(set("{\"x\": 1}", "a.b[+].c", "1"), "{\"x\": 1, \"a\": {\"b\": [{\"c\": 1}]}}");
    let strict = Action::Set { text: "1".into(), kind: None, insert: false, create_parents: false };
    let fault = run("{\"ab\": {}}", "aa.b", strict).unwrap_err();
    assert!(matches!(&fault, Fault::Missing { .. }), "{fault:?}");
    assert!(fault.hint().contains("--create-parents"));
    assert_eq!(set("{\"a.b\": {\"c\": 1}}", "a.b.c", "2"), "{\"a.b\": {\"c\": 2}}");
    assert_eq!(set("{\"a.b\": {\"c\": 1}}", "a.b.d", "2"), "{\"a.b\": {\"c\": 1, \"d\": 2}}");
    assert!(matches!(run("{\"a.b\":1,\"a\":{\"b\":2}}", "a.b", Action::Unset), Err(Fault::Ambiguous { .. })));
    assert_eq!(unset("{\"a.b\":1,\"a\":{\"b\":2}}", "\"a.b\""), "{\"a\":{\"b\":2}}");
    assert_eq!(unset("{\"a.b\":1,\"a\":{\"b\":2}}", "/a/b"), "{\"a.b\":1,\"a\":{}}");
}

#[test]
fn removals_take_their_own_comments_and_no_others() {
    for (text, path, expected) in [
        (
            "{\n  // about a\n  \"a\": 1,\n  // about b\n  \"b\": 2 // too\n}",
            "b",
            "{\n  // about a\n  \"a\": 1\n}",
        ),
        ("{\n  // about a\n  \"a\": 1,\n  // about b\n  \"b\": 2\n}", "a", "{\n  // about b\n  \"b\": 2\n}"),
        ("{\n  // both\n  \"a\": 1,\n  \"b\": 2\n}", "a", "{\n  // both\n  \"b\": 2\n}"),
        ("[1, /* two */ 2, 3]", "[0]", "[/* two */ 2, 3]"),
        ("[1, 2, 3]", "[1]", "[1, 3]"),
        ("[1,2,3]", "[-1]", "[1,2]"),
        ("[1, 2,]", "[1]", "[1,]"),
        ("{\"a\":1,}", "a", "{}"),
        ("[\n 1, 2,\n 3, 4\n]", "[2]", "[\n 1, 2,\n 4\n]"),
        ("[\n 1, 2,\n 3, 4\n]", "[1]", "[\n 1,\n 3, 4\n]"),
        ("[\n 1, // one\n 2]", "[1]", "[\n 1 // one\n]"),
        ("{\"a\":1,\"b\":0,\"a\":2}", "a", "{\"b\":0}"),
        ("{\n  \"a\": 1\n  , \"b\": 2\n}", "b", "{\n  \"a\": 1\n}"),
        ("{\n  \"a\": 1\n  , \"b\": 2\n}", "a", "{\n  \"b\": 2\n}"),
    ] {
        assert_eq!(unset(text, path), expected, "{text:?}");
    }
}

#[test]
fn elements_are_inserted_and_moved_with_their_comments() {
    assert_eq!(insert("[1, 2]", "[0]", "0"), "[0, 1, 2]");
    assert_eq!(insert("[1, 2]", "[1]", "0"), "[1, 0, 2]");
    assert_eq!(insert("[\n  1, // one\n  2\n]", "[1]", "0"), "[\n  1, // one\n  0,\n  2\n]");
    assert_eq!(insert("[ // all\n  1\n]", "[0]", "0"), "[ // all\n  0,\n  1\n]");
    assert_eq!(relocate("[1, 2, 3]", "[0]", -1), "[2, 3, 1]");
    let text = "[\n  // a\n  1, // one\n  2,\n  3 // three\n]";
    assert_eq!(relocate(text, "[0]", 2), "[\n  2,\n  3, // three\n  // a\n  1 // one\n]");
    assert_eq!(relocate(text, "[2]", 0), "[\n  3, // three\n  // a\n  1, // one\n  2\n]");
    assert!(matches!(run("[1]", "[0]", Action::Move(1)), Err(Fault::Missing { .. })));
    assert!(matches!(run("{\"a\":1}", "a", Action::Move(0)), Err(Fault::Usage { .. })));
}

#[test]
fn a_whole_object_keeps_what_it_shares_with_the_old_one() {
    let text = "{\n  \"o\": {\n    \"a\": 1, // one\n    \"b\": 2,\n    \"l\": [1, 2, 3] // list\n  }\n}";
    let edited = set(text, "o", "{\"l\": [1, 9, 3, 4], \"a\": 1, \"c\": {}}");
    assert_eq!(
        edited,
        "{\n  \"o\": {\n    \"a\": 1, // one\n    \"l\": [1, 9, 3, 4], // list\n    \"c\": {}\n  }\n}"
    );
    assert_eq!(set(text, "o", "{\"l\":[1,2,3],\"b\":2,\"a\":1}"), text);
    assert_eq!(set("{\"o\": {\"a\": 1}}", "o", "{\"b\": 2}"), "{\"o\": {\"b\": 2}}");
}

#[test]
fn bad_input_is_named() {
    let strict = |text: &str| {
        get(text.as_bytes(), Format::Json, &KeyPath::parse(".").unwrap()).unwrap_err().to_string()
    };
    assert_eq!(
        strict("{\n  \"a\": 1, // x\n}"),
        "line 2, column 11: comments are not allowed in JSON (if its reader takes them: --format jsonc)\n    \"a\": 1, // x\n            ^"
    );
    assert!(strict("[1,]").contains("trailing comma at the end of an array"));
    assert!(strict("").contains("found the end of the file"));
    assert!(get(b"{\"a\": \"\xff\"}", Format::Json, &KeyPath::parse("a").unwrap()).is_err());
    for (path, value, kind) in [
        ("n", "abc", ValueType::Integer),
        ("n", "1.5", ValueType::Integer),
        ("n", "yes", ValueType::Boolean),
        ("n", "[1]", ValueType::Object),
        ("n", "{", ValueType::Json),
        ("n", "01", ValueType::Number),
        ("n", "1979-05-27", ValueType::Datetime),
    ] {
        let fault = run("{\"n\": 1}", path, set_action(value, Some(kind))).unwrap_err();
        assert!(matches!(fault, Fault::Value { .. }), "{value}: {fault:?}");
    }
    assert!(matches!(run("{\"o\": {\"a\": 1}}", "o", set_action("x", None)), Err(Fault::Value { .. })));
    for (text, path) in
        [("[1]", "[1]"), ("[1]", "[-2]"), ("[1]", "a"), ("{\"a\":1}", "a.b"), ("{\"a\":1}", "[0]")]
    {
        let fault = run(text, path, set_action("1", None)).unwrap_err();
        assert!(matches!(fault, Fault::Missing { .. }), "{text} {path}: {fault:?}");
    }
    assert_eq!(run("{\"version\":1}", "versoin", Action::Unset).unwrap_err().hint(), "near: version");
}

#[test]
fn a_place_that_an_array_has_not_is_told_from_an_empty_one() {
    for path in ["/l/-", "l.key", "l[+]"] {
        let fault = run("{\"l\": [1, 2]}", path, Action::Unset).unwrap_err();
        assert!(format!("{fault:?}").contains("l is an array of 2"), "{path}: {fault:?}");
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_crash() {
    let text = "[".repeat(100_000);
    assert!(run(&text, "[0]", Action::Unset).unwrap_err().to_string().contains("nested deeper"));
    let text = format!("{}{}", "{\"a\":[".repeat(200), "]}".repeat(200));
    assert_eq!(set(&text, ".", &text), text);
}
