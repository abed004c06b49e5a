//! Documents, paths and values from pieces, and what must hold after an edit of them.

use crate::random::Random;
use rtk::edit::{Action, Format, KeyPath, Request, Value, ValueType, edit_value, get_value};

const PATHS: &[&str] = &[
    "a", "b", "a.b", "a.b.c", "b[0]", "b[-1]", "b[+]", "c[1].a", "\"a.b\"", "a.b.c.d", "/a/b", "/b/-", "[0]",
    "[0].a", "x", ".", "a[0]", "d.e", "t[0].k", "t[1]", "é", "A", "s.k",
];
const VALUES: &[&str] = &[
    "1",
    "-0",
    "1.50",
    "x",
    "",
    "true",
    "null",
    "a b",
    "\"q\"",
    "'",
    "\\",
    "#",
    "a: b",
    "- x",
    "{\"a\": 1}",
    "[]",
    "[1, [2], {\"k\": \"v\"}]",
    "{\"a\": {\"b\": [1]}, \"z\": null}",
    "two\nlines",
    "é\u{1F600}",
    "1979-05-27",
    "0x10",
    "yes",
    "*x",
    "&x",
    "$HOME",
    "; c",
    "\t",
    "\u{7f}",
];
const PATH_PIECES: &[&str] = &[
    "a",
    ".",
    "[",
    "]",
    "0",
    "-",
    "+",
    "\"",
    "'",
    "\\",
    "/",
    "~",
    "1",
    "é",
    "\\u0041",
    " ",
    "99999999999999999999",
];
const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"a\"",
    "\"b\"",
    "\"a.b\"",
    "\"c\"",
    "\"d\"",
    "1",
    "-2.5e3",
    "true",
    "null",
    "\"x\\u00e9\\n\"",
    " ",
    "\n",
    "\n  ",
    "\r\n\t",
    "{\"a\": 1}",
    "[1, 2, 3]",
    "{\n  \"a\": {\n    \"b\": [1, 2]\n  },\n  \"b\": []\n}",
    "\"e\":",
    "\"a\":",
    "\"b\": [",
];
const JSONC: &[&str] = &[
    "// c\n",
    "/* c */",
    "/*\n*/",
    ",\n}",
    ",]",
    "{ // c\n",
    "\"a\": 1, // one\n",
    "{\n  // about\n  \"a\": 1, // tail\n  \"b\": [\n    1, // x\n    2\n  ],\n}",
];
const TOML: &[&str] = &[
    "a = 1\n",
    "a.b = 2 # c\n",
    "b = [1, 2]\n",
    "b = [\n  1, # x\n  2,\n]\n",
    "[a]\n",
    "[a.b]\n",
    "[[t]]\n",
    "k = 'v'\n",
    "[t.s]\n",
    "c = [{ a = 1 }, {}]\n",
    "\"a.b\" = 1\n",
    "d = { e = 1, f.g = 2 }\n",
    "s = \"\"\"\nx\n\"\"\"\n",
    "x = 1979-05-27 07:32:00Z\r\n",
    "# c\n",
    "\n",
    "[d.e]\n",
    "b.c = 1\n",
    "[[b]]\n",
];
const YAML: &[&str] = &[
    "a: 1\n",
    "a:\n",
    "  b: x # c\n",
    "  b:\n",
    "    c: 1\n",
    "b:\n",
    "  - 1\n",
    "- 2\n",
    "- a: 1\n",
    "  k: v\n",
    "d: {e: 1, f: [2, 3]}\n",
    "s: |\n",
    "    text\n",
    "x: &x 1\n",
    "c: *x\n",
    "b: &x [1, *x]\n",
    "a: &x\n  b: *x\n",
    "  <<: *x\n",
    "s: &y {<<: [*y, *x, *y]}\n",
    "# c\n",
    "\n",
    "'a.b': \"q\"\n",
    "t:\n  - k: 1\n  - k: 2\n",
    "é: ü\r\n",
    "---\n",
    "b: [\n  1, # c\n  2,\n]\n",
    "- - 1\n  - 2\n",
    "a: >-\n  f\n\n",
    "? q\n: r\n",
    "a: !t {b: c}\n",
    "\t",
];
const LINES: &[&str] = &[
    "A=1\n",
    "export a=\"x\" # c\n",
    "b='y'\r\n",
    "[s]\n",
    "k = v ; c\n",
    "[a]\n",
    "b: 1\n",
    "  more\n",
    "\n",
    "# c\n",
    "x\n",
    "a.b=1\n",
    "A=\"two\nlines\"\n",
    "[t \"q\"]\n",
];

/// Any text is a key path or is refused.
pub(crate) fn key_path(random: &mut Random) {
    let text = random.pieces(PATH_PIECES, 12);
    let damaged = random.damaged(&text);
    for text in [text, String::from_utf8_lossy(&damaged).into_owned()] {
        if let Ok(path) = KeyPath::parse(&text) {
            let _ = get_value(b"{\"a\": [{\"0\": 1}]}", Format::Json, &path);
        }
    }
}

fn action(random: &mut Random) -> Action {
    let kinds = [None, None, None, Some(ValueType::String), Some(ValueType::Json)];
    match random.below(8) {
        0 => Action::Unset,
        1 => Action::Move(random.below(4) as i64 - 2),
        _ => Action::Set {
            text: random.pick(VALUES).to_owned(),
            kind: kinds[random.below(kinds.len())],
            insert: random.below(6) == 0,
            create_parents: random.below(2) == 0,
        },
    }
}

/// Edits a document several times; each edit is refused, or leaves a document that says it.
fn edits(random: &mut Random, format: Format, text: &str, is_read: impl Fn(&[u8]) -> bool) {
    let mut bytes = if random.below(3) == 0 { random.damaged(text) } else { text.as_bytes().to_vec() };
    for _ in 0..3 {
        let written = random.pick(PATHS);
        let path = KeyPath::parse(written).unwrap();
        let request = Request { path: path.clone(), action: action(random) };
        let Ok(edited) = edit_value(&bytes, format, &request) else { continue };
        assert!(is_read(&edited), "{request:?} of {:?} is no document: {:?}", lossy(&bytes), lossy(&edited));
        let got =
            |path: &str| get_value(&edited, format, &KeyPath::parse(path).unwrap()).map(|got| got.value);
        match &request.action {
            Action::Set { text, kind: Some(ValueType::String), insert: false, .. } => {
                let place = written.replace("[+]", "[-1]").replace("/-", "/b[-1]");
                // Left alone: what some readers of INI take for a comment is the value for others.
                let is_either = format == Format::Ini && text.starts_with([';', '#']) && edited == bytes;
                if !place.starts_with('/') && !is_either {
                    let is = got(&place);
                    assert!(
                        matches!(&is, Ok(Value::String(is)) if is == text),
                        "{request:?} of {:?} gave {is:?}",
                        lossy(&bytes)
                    );
                }
            }
            Action::Unset if !matches!(path, ref path if format!("{path:?}").contains("Index")) => {
                assert!(got(written).is_err(), "{request:?} of {:?} left it", lossy(&bytes));
            }
            _ => {}
        }
        let again = edit_value(&edited, format, &request);
        if let (Action::Set { insert: false, .. }, false, Ok(again)) =
            (&request.action, written.ends_with("[+]") || written.ends_with('-'), again)
        {
            assert!(again == edited, "{request:?} of {:?} is not done after once", lossy(&bytes));
        }
        bytes = edited;
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

pub(crate) fn json(random: &mut Random) {
    let text = random.pieces(JSON, 14);
    let text = if random.below(2) == 0 { format!("{{\"a\": {{}}, \"b\": [{text}]}}") } else { text };
    edits(random, Format::Json, &text, |edited| {
        serde_json::from_slice::<&serde_json::value::RawValue>(without_mark(edited)).is_ok()
    });
}

pub(crate) fn jsonc(random: &mut Random) {
    let all: Vec<&str> = JSON.iter().chain(JSONC).copied().collect();
    let text = random.pieces(&all, 14);
    let text =
        if random.below(2) == 0 { format!("{{ // c\n\"a\": {{}}, \"b\": [{text}],\n}}") } else { text };
    edits(random, Format::Jsonc, &text, |edited| {
        get_value(edited, Format::Jsonc, &KeyPath::parse(".").unwrap()).is_ok()
    });
}

pub(crate) fn toml(random: &mut Random) {
    let text = random.pieces(TOML, 10);
    edits(random, Format::Toml, &text, |edited| {
        std::str::from_utf8(without_mark(edited))
            .is_ok_and(|text| toml::from_str::<toml::Table>(text).is_ok())
    });
}

pub(crate) fn yaml(random: &mut Random) {
    let text = random.pieces(YAML, 10);
    edits(random, Format::Yaml, &text, |edited| {
        // A value without an end is read, but not told.
        let got = get_value(edited, Format::Yaml, &KeyPath::parse(".").unwrap());
        got.map_or_else(|fault| fault.to_string().contains("its aliases mean"), |_| true)
    });
}

pub(crate) fn lines(random: &mut Random) {
    let text = random.pieces(LINES, 10);
    for format in [Format::Env, Format::Ini] {
        edits(random, format, &text, |edited| {
            get_value(edited, format, &KeyPath::parse(".").unwrap()).is_ok()
        });
    }
}
