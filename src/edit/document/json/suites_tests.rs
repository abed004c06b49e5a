//! What public suites of cases ask of readers and of editors of JSON, as facts in cases of our own.

use super::super::{Action, Format, KeyPath, Request, ValueType, edit, get};

fn reads(bytes: &[u8], format: Format) -> bool {
    get(bytes, format, &KeyPath::parse(".").unwrap()).is_ok()
}

/// What every reader of RFC 8259 must accept, and some of what it may: any size of number, lone surrogates.
const ACCEPTED: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-0",
    "42",
    "-7",
    "3.25",
    "0.0",
    "1e9",
    "1E9",
    "1e+9",
    "1E-9",
    "0e1",
    "-1.5e-3",
    "123456789012345678901234567890",
    "1e400",
    "-1e-400",
    "0.00000000000000000000000000000000000000000000000000001",
    "\"\"",
    "\"plain\"",
    "\" \"",
    "\"\u{7f}\"",
    "\"\u{e9}\u{1F600}\"",
    "\"\u{2028}\u{2029}\"",
    "\"\u{feff}\"",
    "\"\u{ffff}\"",
    r#""\"\\\/\b\f\n\r\t""#,
    r#""\u0000""#,
    r#""\u00e9""#,
    r#""\uD83D\uDE00""#,
    r#""\ud83d""#,
    r#""\uDE00\ud83d""#,
    r#""\uD83Dx""#,
    r#""\\u0041""#,
    r#""a\u002Fb""#,
    "\"/* no comment */\"",
    "\"// nor this\"",
    "[]",
    "[ ]",
    "[[]]",
    "[[],[]]",
    "[null, true, 1, \"x\", [], {}]",
    "[\"\"]",
    "[1,\n2\r\n,\t3]",
    "[{}, [{}]]",
    "{}",
    "{ }",
    "{\"\":0}",
    "{\"a\":{}}",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1, \"a\":1}",
    "{\"\\u0061\":1}",
    "{\"a\\u0000\": 0}",
    "{\"key with spaces\" : [ ] }",
    " [1] ",
    "\t\r\n {} \n",
    "[\"\\uDFAA\"]",
    "\u{feff}[]",
];

/// What every reader of RFC 8259 must refuse.
const REFUSED: &[&[u8]] = &[
    b"",
    b" ",
    b"nul",
    b"nulll",
    b"Null",
    b"TRUE",
    b"tru",
    b"fals",
    b"undefined",
    b"NaN",
    b"-NaN",
    b"Infinity",
    b"-Infinity",
    b"+1",
    b"++1",
    b"--1",
    b"- 1",
    b"-",
    b"-x",
    b"01",
    b"-01",
    b"00",
    b"012",
    b"1.",
    b".5",
    b"-.5",
    b"1.e1",
    b"0.e1",
    b"1.2.3",
    b"1e",
    b"1e+",
    b"1E-",
    b"0e",
    b"1eE2",
    b"1 000",
    b"0x1F",
    b"0x",
    b"1_000",
    b"1f",
    b"1a",
    b"2@",
    b"\xef\xbc\x91",
    b"\"",
    b"\"open",
    b"'single'",
    b"\"\\\"",
    b"\"\\x41\"",
    b"\"\\a\"",
    b"\"\\u\"",
    b"\"\\u12\"",
    b"\"\\u12G4\"",
    b"\"\\U0041\"",
    b"\"\\\n\"",
    b"\"\n\"",
    b"\"\t\"",
    b"\"\0\"",
    b"\"\x1f\"",
    b"\"\\\xe9\"",
    b"\"\xff\"",
    b"\"\xc3\"",
    b"\"\xed\xa0\x80\"",
    b"\"\xc0\xaf\"",
    b"\"a\"b",
    b"\"a\" \"b\"",
    b"\\u0041",
    b"[",
    b"]",
    b"[1",
    b"[1,",
    b"[,]",
    b"[,1]",
    b"[1,]",
    b"[1,,2]",
    b"[1 2]",
    b"[1;2]",
    b"[1:2]",
    b"[1]]",
    b"[]1",
    b"[\"a\"",
    b"[a]",
    b"['a']",
    b"[1}",
    b"(1)",
    b"[*]",
    b"[\x0c1]",
    b"[\xc2\xa01]",
    b"[1]x",
    b"[][]",
    b"[\"x\", ]",
    b"[1,\n1\n,1",
    b"[tru]",
    b"[<null>]",
    b"[-]",
    b"[1,]}",
    b"[#]",
    b"{",
    b"}",
    b"{]",
    b"{\"a\"}",
    b"{\"a\":}",
    b"{\"a\":1,}",
    b"{\"a\":1,,\"b\":2}",
    b"{,\"a\":1}",
    b"{:1}",
    b"{\"a\" 1}",
    b"{\"a\"::1}",
    b"{\"a\":1 \"b\":2}",
    b"{a:1}",
    b"{'a':1}",
    b"{1:1}",
    b"{null:1}",
    b"{[]:1}",
    b"{\"a\":1}}",
    b"{\"a\":1",
    b"{\"a\":\"",
    b"{\"a\",1}",
    b"{\"a\"=1}",
    b"{\"a\":1}{}",
    b"{\"a\": true false}",
    b"{\"a\":1;}",
    b"{\"x\", null}",
    b"{\"a\":/* c */1}",
    b"{} // c",
    b"# c\n{}",
    b"[1] /**/",
    b"[/**/]",
    b"\xef\xbb\xbf",
    b"\xef\xbb{}",
    b"\xfe\xff[]",
    b"[\0]",
    b"{}\0",
    b"<!-- -->",
    b"&",
    b"$",
    b"%PDF",
    b"\x1b",
];

#[test]
fn strict_json_is_told_from_what_is_none() {
    for text in ACCEPTED {
        assert!(reads(text.as_bytes(), Format::Json), "{text:?}");
        assert!(reads(text.as_bytes(), Format::Jsonc), "{text:?}");
        let theirs =
            serde_json::from_str::<&serde_json::value::RawValue>(text.trim_start_matches('\u{feff}'));
        assert!(theirs.is_ok(), "{text:?}");
    }
    for bytes in REFUSED {
        assert!(!reads(bytes, Format::Json), "{:?}", String::from_utf8_lossy(bytes));
        let theirs = serde_json::from_slice::<&serde_json::value::RawValue>(bytes);
        assert!(theirs.is_err(), "{:?}", String::from_utf8_lossy(bytes));
    }
    for depth in [600, 100_000] {
        assert!(!reads("[".repeat(depth).as_bytes(), Format::Json));
        assert!(!reads("{\"\":[".repeat(depth).as_bytes(), Format::Json));
        assert!(
            !reads(("[".repeat(depth) + &"]".repeat(depth)).as_bytes(), Format::Json),
            "a limit and no crash"
        );
    }
}

#[test]
fn comments_and_trailing_commas_are_what_jsonc_has_more() {
    for text in [
        "{\"a\":1,}",
        "[1,]",
        "// c\n{}",
        "{} // c",
        "/* c */ []",
        "[1, // c\n]",
        "{\"a\":/**/1/*x*/,/*y*/}",
        "[/*\n*/]",
    ] {
        assert!(reads(text.as_bytes(), Format::Jsonc), "{text:?}");
        assert!(!reads(text.as_bytes(), Format::Json), "{text:?}");
    }
    for text in [
        "[,]",
        "[1,,]",
        "{,}",
        "{\"a\":1,,}",
        "/* open",
        "[1] /",
        "[1] # c",
        "{a:1}",
        "['a']",
        "[1,] x",
        "[/]",
    ] {
        assert!(!reads(text.as_bytes(), Format::Jsonc), "{text:?}");
    }
}

use Do::{Insert, Set, Unset};

enum Do {
    Set(&'static str),
    Insert(&'static str),
    Unset,
}

/// Document, place, what is done there, and what comes of it.
const EDITS: &[(&str, &str, Do, &str)] = &[
    // Properties: in nothing, in an empty object, behind others, instead of one, of any kind.
    ("", "x", Set("y"), "{\n  \"x\": \"y\"\n}\n"),
    ("// only this\n", "x", Set("1"), "// only this\n{\n  \"x\": 1\n}\n"),
    ("{}", "x", Set("[1]"), "{\n  \"x\": [1]\n}"),
    ("{\n  \"x\": \"y\"\n}", "x", Set("bar"), "{\n  \"x\": \"bar\"\n}"),
    ("{\n  \"x\": \"y\"\n}", "z", Set("null"), "{\n  \"x\": \"y\",\n  \"z\": null\n}"),
    ("{\"x\": 1}", "y", Set("true"), "{\"x\": 1, \"y\": true}"),
    (
        "{\n  \"x\": {\n    \"a\": 1,\n    \"b\": true\n  }\n}",
        "x.a",
        Set("2"),
        "{\n  \"x\": {\n    \"a\": 2,\n    \"b\": true\n  }\n}",
    ),
    (
        "{\n  \"x\": {\n  }\n}",
        "x.y",
        Set("{\"z\": 1}"),
        "{\n  \"x\": {\n    \"y\": {\n      \"z\": 1\n    }\n  }\n}",
    ),
    (
        "{\r\n\t\"x\": 1\r\n}",
        "y",
        Set("{\"z\": 1}"),
        "{\r\n\t\"x\": 1,\r\n\t\"y\": {\r\n\t\t\"z\": 1\r\n\t}\r\n}",
    ),
    ("{ \"x\" : 1 }", "x", Set("2"), "{ \"x\" : 2 }"),
    (
        "{\n  // about x\n  \"x\": 1, // x\n  \"y\": 2 /* y */\n}",
        "y",
        Set("3"),
        "{\n  // about x\n  \"x\": 1, // x\n  \"y\": 3 /* y */\n}",
    ),
    ("{\n  \"x\": 1, // x\n}", "y", Set("2"), "{\n  \"x\": 1, // x\n  \"y\": 2,\n}"),
    ("{\n  \"x\": 1 // x\n}", "y", Set("2"), "{\n  \"x\": 1, // x\n  \"y\": 2\n}"),
    ("{ \"x\": 1 // x\n}", "y", Set("2"), "{ \"x\": 1, \"y\": 2 // x\n}"),
    // Properties go: the only one, the first, the last, one between, with their comments and one comma.
    ("{\n  \"x\": \"y\"\n}", "x", Unset, "{}"),
    ("{\"x\": 1, \"y\": 2}", "x", Unset, "{\"y\": 2}"),
    ("{\"x\": 1, \"y\": 2}", "y", Unset, "{\"x\": 1}"),
    ("{\n  \"x\": 1,\n  \"y\": 2,\n  \"z\": 3\n}", "y", Unset, "{\n  \"x\": 1,\n  \"z\": 3\n}"),
    ("{\n  \"x\": 1,\n  \"y\": 2\n}", "y", Unset, "{\n  \"x\": 1\n}"),
    ("{\n  \"x\": 1,\n  \"y\": 2,\n}", "y", Unset, "{\n  \"x\": 1,\n}"),
    ("{\"x\": 1,}", "x", Unset, "{}"),
    ("{\"x\": 1, \"y\": 2, }", "y", Unset, "{\"x\": 1, }"),
    ("{ \"x\": 1, // x\n  \"y\": 2 }", "x", Unset, "{ \"y\": 2 }"),
    ("{ \"x\": {\"a\": 1} }", "x.a", Unset, "{ \"x\": {} }"),
    // Elements come: to an empty list, in front, behind, between, to a list of lists.
    ("[\n]", "[+]", Set("1"), "[\n  1\n]"),
    ("[]", "[+]", Set("x"), "[\n  \"x\"\n]"),
    ("[1, 2]", "[0]", Insert("0"), "[0, 1, 2]"),
    ("[1, 2]", "[1]", Insert("9"), "[1, 9, 2]"),
    ("[1, 2]", "[+]", Set("3"), "[1, 2, 3]"),
    ("[1, 2,]", "[+]", Set("3"), "[1, 2, 3,]"),
    ("[\n  1,\n  2 // two\n]", "[+]", Set("3"), "[\n  1,\n  2, // two\n  3\n]"),
    ("[\n  1,\n  2,\n]", "[+]", Set("3"), "[\n  1,\n  2,\n  3,\n]"),
    ("[[1], [2]]", "[1][0]", Insert("0"), "[[1], [0, 2]]"),
    ("{\"x\": [1, 2, 3]}", "x[1]", Set("5"), "{\"x\": [1, 5, 3]}"),
    // Elements go: the only one, the first, the last, one between, before a trailing comma.
    ("[1]", "[0]", Unset, "[]"),
    ("[1,]", "[0]", Unset, "[]"),
    ("[1, 2, 3]", "[0]", Unset, "[2, 3]"),
    ("[1, 2, 3]", "[1]", Unset, "[1, 3]"),
    ("[1,2,3]", "[2]", Unset, "[1,2]"),
    ("[1,2,\"x\"]", "[2]", Unset, "[1,2]"),
    ("[\n  1,\n  {\n    \"a\": 1\n  }\n]", "[1]", Unset, "[\n  1\n]"),
    ("[\n  1, // one\n  2 // two\n]", "[1]", Unset, "[\n  1 // one\n]"),
    ("//x\n[ 1, 2, ]", "[1]", Unset, "//x\n[ 1, ]"),
];

#[test]
fn editors_set_insert_and_remove_as_is_asked_of_them() {
    for (text, path, what, expected) in EDITS {
        let set = |text: &str, insert| Action::Set {
            text: text.into(),
            kind: None::<ValueType>,
            insert,
            create_parents: true,
        };
        let action = match what {
            Set(value) => set(value, false),
            Insert(value) => set(value, true),
            Unset => Action::Unset,
        };
        let request = Request { path: KeyPath::parse(path).unwrap(), action };
        let edited = edit(text.as_bytes(), Format::Jsonc, &request)
            .unwrap_or_else(|fault| panic!("{text:?}: {fault}"));
        assert_eq!(String::from_utf8(edited).unwrap(), *expected, "{text:?} {path}");
    }
    for (text, path) in
        [("{}", "x"), ("{\"x\": 1}", "y"), ("[1]", "[1]"), ("{\"x\": 1}", "x.y"), ("[]", "[0]")]
    {
        let request = Request { path: KeyPath::parse(path).unwrap(), action: Action::Unset };
        assert!(edit(text.as_bytes(), Format::Jsonc, &request).is_err(), "nothing is there: {text} {path}");
    }
}
