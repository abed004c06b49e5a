//! What edits of TOML leave behind, byte for byte, and that it reads what the `toml` crate reads.

use super::super::{Action, Fault, Format, KeyPath, Request, Value, ValueType, edit, get};
use proptest::prelude::*;

fn run(text: &str, path: &str, action: Action) -> Result<String, Fault> {
    let request = Request { path: KeyPath::parse(path).unwrap(), action };
    Ok(String::from_utf8(edit(text.as_bytes(), Format::Toml, &request)?).unwrap())
}

fn set_action(value: &str, kind: Option<ValueType>) -> Action {
    Action::Set { text: value.into(), kind, insert: false, create_parents: true }
}

fn set(text: &str, path: &str, value: &str) -> String {
    run(text, path, set_action(value, None)).unwrap()
}

fn unset(text: &str, path: &str) -> String {
    run(text, path, Action::Unset).unwrap()
}

#[test]
fn values_change_and_nothing_else() {
    for (text, path, value, expected) in [
        ("a = 1 # one\n", "a", "2", "a = 2 # one\n"),
        ("a = \"1.0\"\n", "a", "2.0", "a = \"2.0\"\n"),
        ("a = 'C:\\x' \r\nb=2", "a", "D:\\y", "a = 'D:\\y' \r\nb=2"),
        ("a = 'x'\n", "a", "it's", "a = \"it's\"\n"),
        ("a = 0xff\n", "a", "255", "a = 0xff\n"),
        ("a = 1_000\n", "a", "2_000", "a = 2_000\n"),
        ("a = true\n", "a", "false", "a = false\n"),
        ("a = 1979-05-27T07:32:00Z\n", "a", "1980-01-01", "a = 1980-01-01\n"),
        ("a = \"\"\"\nx\ny\"\"\"\n", "a", "x\nz", "a = \"\"\"\nx\nz\"\"\"\n"),
        (
            "[p]\nd = { version = \"1\", features = [\"x\"] } # c\n",
            "p.d.version",
            "2",
            "[p]\nd = { version = \"2\", features = [\"x\"] } # c\n",
        ),
        ("[p]\nd.version = \"1\"\n", "p.d.version", "2", "[p]\nd.version = \"2\"\n"),
        ("[[t]]\na = 1\n[[t]]\na = 2\n", "t[1].a", "3", "[[t]]\na = 1\n[[t]]\na = 3\n"),
        ("[[t]]\na = 1\n[[t]]\na = 2\n", "t[-2].a", "3", "[[t]]\na = 3\n[[t]]\na = 2\n"),
        ("\u{feff}a = [ # x\n  1,\n  2, # two\n]\n", "a[1]", "3", "\u{feff}a = [ # x\n  1,\n  3, # two\n]\n"),
        ("\"a.b\" = 1\n", "a.b", "2", "\"a.b\" = 2\n"),
        ("[a.\"b.c\"]\nd = 1\n", "a.b.c.d", "2", "[a.\"b.c\"]\nd = 2\n"),
    ] {
        assert_eq!(set(text, path, value), expected, "{text:?}");
    }
}

#[test]
fn new_keys_take_their_place_and_go_without_a_trace() {
    for (text, path, value, expected) in [
        ("", "a", "1", "a = 1\n"),
        ("a = 1", "b", "2", "a = 1\nb = 2"),
        ("a=1\r\n\r\n[t]\r\nx=1\r\n", "b", "2", "a=1\r\nb=2\r\n\r\n[t]\r\nx=1\r\n"),
        ("# file\n\n[t]\nx = 1\n", "b", "2", "# file\n\nb = 2\n\n[t]\nx = 1\n"),
        ("[t]\nx = 1\n", "b", "2", "b = 2\n\n[t]\nx = 1\n"),
        ("# only\n", "b", "2", "# only\nb = 2\n"),
        (
            "[t]\n  x = 1 # one\n\n# about u\n[u]\n",
            "t.y",
            "s",
            "[t]\n  x = 1 # one\n  y = \"s\"\n\n# about u\n[u]\n",
        ),
        ("[t]\n# none\n[u]\n", "t.y", "s", "[t]\ny = \"s\"\n# none\n[u]\n"),
        ("[t]", "t.y", "1.5", "[t]\ny = 1.5"),
        ("t.x = 1\nu = 2\n", "t.y", "3", "t.x = 1\nt.y = 3\nu = 2\n"),
        (
            "[a]\nt.x = [\n  1,\n]\nu = 1\n\n[a.t.s]\nz = 1\n",
            "a.t.y",
            "3",
            "[a]\nt.x = [\n  1,\n]\nt.y = 3\nu = 1\n\n[a.t.s]\nz = 1\n",
        ),
        (
            "t.s.z = 1\nt.x.z = 1\nu = 1\n[t.w]\n[v]\n",
            "t.y",
            "3",
            "t.s.z = 1\nt.x.z = 1\nt.y = 3\nu = 1\n[t.w]\n[v]\n",
        ),
        ("t = {}\n", "t.y", "3", "t = { y = 3 }\n"),
        ("t = { x = 1 }\n", "t.y", "3", "t = { x = 1, y = 3 }\n"),
        ("t = { x.a = 1 }\n", "t.x.b", "3", "t = { x.a = 1, x.b = 3 }\n"),
        ("a = [1, 2]\n", "a[+]", "3", "a = [1, 2, 3]\n"),
        ("a = [\n  1,\n  2 # two\n]\n", "a[+]", "3", "a = [\n  1,\n  2, # two\n  3\n]\n"),
        ("a = [\n  \"x\",\n]\n", "a[+]", "y", "a = [\n  \"x\",\n  \"y\",\n]\n"),
        ("[[t]]\na = 1\n\n[u]\n", "t[+]", "{\"a\": 2}", "[[t]]\na = 1\n\n[[t]]\na = 2\n\n[u]\n"),
        ("[[t]]\na = 1\n", "t[+]", "{\"a\": 2}", "[[t]]\na = 1\n\n[[t]]\na = 2\n"),
    ] {
        let edited = set(text, path, value);
        assert_eq!(edited, expected, "{text:?}");
        let back = path.replace("[+]", "[-1]");
        if text != "[[t]]\na = 1\n\n[u]\n" {
            assert_eq!(unset(&edited, &back), text, "{edited:?}");
        }
    }
}

#[test]
fn tables_are_made_removed_inserted_and_moved_as_lines() {
    assert_eq!(set("[a]\nx = 1\n", "tool.b.c", "1"), "[a]\nx = 1\n\n[tool.b]\nc = 1\n");
    assert_eq!(set("[a]\nx = 1\n\n[b]\n", "a.new.y", "1"), "[a]\nx = 1\n\n[a.new]\ny = 1\n\n[b]\n");
    assert_eq!(set("# c\n[a.b]\nx = 1\n", "a.y", "2"), "# c\n[a]\ny = 2\n\n[a.b]\nx = 1\n");
    assert_eq!(set("z = 1\n\n# c\n[a.b]\nx = 1\n", "a.y", "2"), "z = 1\n\n[a]\ny = 2\n\n# c\n[a.b]\nx = 1\n");
    assert_eq!(set("[a.b]\nx = 1\n\n[c]\n", "a.n.y", "2"), "[a.b]\nx = 1\n\n[a.n]\ny = 2\n\n[c]\n");
    let text = "[a]\nx = 1\n\n# about b\n[b]\ny = 1\n\n[b.c]\nz = 1\n\n# about d\n[d]\n";
    assert_eq!(unset(text, "b"), "[a]\nx = 1\n\n# about d\n[d]\n");
    assert_eq!(unset("[a]\nx = 1\n\n[b]\ny = 1\n", "b"), "[a]\nx = 1\n");
    assert_eq!(unset("[a]\nx.y = 1\n[a.b.c]\n", "a.x.y"), "[a]\n[a.b.c]\n");
    assert_eq!(unset("[a]\n\n[[t]]\nx = 1\n\n[[t]]\nx = 2\n", "t"), "[a]\n");
    assert_eq!(unset("[a.x]\nx = 1\n\n[a.y]\ny = 1\n", "a"), "");
    assert_eq!(unset("[a]\n\n[[a.t]]\nx = 1\n\n[b]\n", "a.t[0]"), "[a]\n\n[b]\n");
    assert_eq!(unset("[[a.t]]\nx = 1\n[a.t.u]\ny = 1\n\n[b]\n", "a.t[-1]"), "[b]\n");
    let tables = "[[t]]\na = 1\n\n# two\n[[t]]\na = 2\n[t.s]\nb = 1\n\n[[t]]\na = 3\n";
    assert_eq!(unset(tables, "t[1]"), "[[t]]\na = 1\n\n[[t]]\na = 3\n");
    assert_eq!(
        run(tables, "t[0]", Action::Move(2)).unwrap(),
        "# two\n[[t]]\na = 2\n[t.s]\nb = 1\n\n[[t]]\na = 3\n\n[[t]]\na = 1\n"
    );
    let insert = Action::Set { text: "{\"a\": 0}".into(), kind: None, insert: true, create_parents: false };
    assert_eq!(run("[[t]]\na = 1\n", "t[0]", insert).unwrap(), "[[t]]\na = 0\n\n[[t]]\na = 1\n");
    assert_eq!(set("[t]\na = 1 # one\nb = 2\n", "t", "{\"a\": 1, \"c\": 3}"), "[t]\na = 1 # one\nc = 3\n");
    assert_eq!(unset("x = 1\n# about a\na = 1 # tail\n\nb = 2\n", "a"), "x = 1\n\nb = 2\n");
    assert_eq!(unset("x = 1\n# group\na = 1\nb = 2\n", "a"), "x = 1\n# group\nb = 2\n");
}

#[test]
fn what_was_set_to_nothing_is_there_and_empty() {
    let texts = [
        ("[d.e]\na.b = 2\n[[b]]\nk = 'v'\n[[b]]\n", "b", "[]"),
        ("[[a.b]]\nk = 'v'\n", "a.b", "[]"),
        ("[x]\n[[a.b.c]]\nk = 1\n", "a.b", "{}"),
        ("a.b = 1\nc = 2\n", "a", "{}"),
        ("[a.b]\nc = 2\n", "a", "{\"b\": {}}"),
        ("[t]\na.b.c = 1\n", "t.a", "{\"b\": {}}"),
        ("[t]\na = 1\n", "t", "{}"),
    ];
    for (text, path, nothing) in texts {
        let edited = set(text, path, nothing);
        let is = get(edited.as_bytes(), Format::Toml, &KeyPath::parse(path).unwrap()).unwrap().value;
        let expected = get(
            format!("v = {}", nothing.replace(':', " =").replace('"', "")).as_bytes(),
            Format::Toml,
            &KeyPath::parse("v").unwrap(),
        );
        assert!(is.same(&expected.unwrap().value), "{text:?} gave {edited:?}");
        assert_eq!(set(&edited, path, nothing), edited, "{text:?}: done after once");
        assert!(toml::from_str::<toml::Table>(&edited).is_ok(), "{edited:?}");
    }
    assert_eq!(set("[d]\n[[b]]\nk = 'v'\n", "b", "[]"), "b = []\n\n[d]\n");
}

#[test]
fn bad_input_is_named() {
    let fault = |text: &str| {
        get(text.as_bytes(), Format::Toml, &KeyPath::parse(".").unwrap()).unwrap_err().to_string()
    };
    assert!(fault("a = 1\rb = 2\n").contains("a carriage return without a line feed"));
    assert_eq!(
        fault("a = 1\nb = \n"),
        "line 2, column 5: expected a value, found the end of the line\n  b = \n      ^"
    );
    for (text, part) in [
        ("a = 1\na = 2\n", "line 2, column 1: a is defined twice"),
        ("a.b = 1\n[a]\n", "a is defined twice"),
        ("a = 1\n[a.b]\n", "a is defined twice"),
        ("[a]\n[a]\n", "a is defined twice"),
        ("a = {x = 1}\na.y = 2\n", "is defined twice"),
        ("a = [1 2]\n", "expected ',' or ']'"),
        ("a = \"x\n", "no closing quote"),
        ("a = 2024-02-30\n", "is no value"),
        ("a = 01\n", "is no value"),
        ("a = yes\n", "is no value; a string needs quotes"),
        ("a = 99999999999999999999\n", "is no value"),
        ("a = \"\\q\"\n", "unknown escape"),
        ("a b = 1\n", "expected '=' after the key"),
        ("[a\n", "expected ']'"),
        ("a = 1 b = 2\n", "expected the end of the line"),
        ("a = {b = 1, b.c = 2}\n", "is defined twice"),
    ] {
        assert!(fault(text).contains(part), "{text:?}: {}", fault(text));
    }
    for (path, value, kind) in [
        ("a", "x", ValueType::Integer),
        ("a", "null", ValueType::Null),
        ("a", "99999999999999999999", ValueType::Number),
    ] {
        assert!(
            matches!(run("a = 1\n", path, set_action(value, Some(kind))), Err(Fault::Value { .. })),
            "{value}"
        );
    }
    assert!(matches!(
        run("[a]\nb = 1\n", "a", set_action("x", Some(ValueType::String))),
        Err(Fault::Refused { .. })
    ));
    assert!(fault(&format!("a = {}", "[".repeat(100_000))).contains("nested deeper"));
    assert_eq!(
        run("[package]\nversion = 1\n", "package.versoin", Action::Unset).unwrap_err().hint(),
        "near: version"
    );
}

fn from_crate(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text.clone()),
        toml::Value::Integer(number) => Value::Number(number.to_string()),
        toml::Value::Float(number) if number.is_nan() => Value::Number("nan".into()),
        toml::Value::Float(number) => Value::Number(format!("{number:?}")),
        toml::Value::Boolean(is) => Value::Bool(*is),
        toml::Value::Datetime(at) => Value::Datetime(at.to_string()),
        toml::Value::Array(elements) => Value::Array(elements.iter().map(from_crate).collect()),
        toml::Value::Table(members) => {
            Value::Object(members.iter().map(|(name, value)| (name.clone(), from_crate(value))).collect())
        }
    }
}

/// Pieces of TOML, good and bad, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "[a]\n",
        "[a.b]\n",
        "[[a]]\n",
        "[[a.b]]\n",
        "[b]\r\n",
        "a.b.c = 1\n",
        "a.b = 2 # c\n",
        "a = {}\n",
        "b.c = 'x'\n",
        "c = \"\\u00e9\\n\"\n",
        "d = [1, [2, 3], {x.y = 1, x.z = 2}]\n",
        "e = 1979-05-27 07:32:00.5Z\n",
        "f = -0x1\n",
        "g = 0b101\n",
        "h = 1e-3\n",
        "i = \"\"\"\\\n   x\n\"\"\"\n",
        "j = '''\nq''''\n",
        "\"\" = 1\n",
        "k = inf\n",
        "l = 1_0\n",
        "# c\n",
        "\n",
        "a",
        " = ",
        "1",
        "\"",
        "'",
        "[",
        "]",
        "{",
        "}",
        ",",
        ".",
        "\r",
        "\u{0}",
        "é",
        "m = 07:32\n",
        "n = 1__0\n",
        "x.y = 1\n",
        "[x]\n",
        "[x.y]\n",
        "1.2 = 3\n",
        "o = { a = 1, \n b = 2, }\n",
        "p = \"\\x41\\e\"\n",
    ]);
    prop::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn it_reads_what_the_crate_reads(text in pieces()) {
        let ours = get(text.as_bytes(), Format::Toml, &KeyPath::parse(".").unwrap());
        let theirs = toml::from_str::<toml::Table>(&text);
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                let theirs = from_crate(&toml::Value::Table(theirs));
                prop_assert!(datetimes_aside(&ours.value).same(&datetimes_aside(&theirs)), "{:?}\n{:?}", ours.value, theirs);
            }
            (Err(_), Err(_)) => {}
            (ours, theirs) => prop_assert!(false, "ours {ours:?}, theirs {theirs:?}"),
        }
    }

    #[test]
    fn set_then_unset_gives_the_bytes_back(text in pieces(), value in "[a-z0-9 '\"\\\\]{0,6}") {
        for path in ["new", "a.new", "a.b.new", "b.new", "a[0].new"] {
            let action = Action::Set { text: value.clone(), kind: None, insert: false, create_parents: false };
            let Ok(edited) = run(&text, path, action) else { continue };
            prop_assert!(toml::from_str::<toml::Table>(&edited).is_ok(), "{edited:?}");
            let back = unset(&edited, path);
            let (back, text) = (toml::from_str::<toml::Table>(&back).unwrap(), toml::from_str::<toml::Table>(&text).unwrap());
            prop_assert_eq!(back, text);
        }
    }
}

/// Dates are spelled differently by the crate; whether they are accepted is what counts.
fn datetimes_aside(value: &Value) -> Value {
    match value {
        Value::Datetime(_) => Value::Datetime(String::new()),
        Value::Array(elements) => Value::Array(elements.iter().map(datetimes_aside).collect()),
        Value::Object(members) => Value::Object(
            members.iter().map(|(name, value)| (name.clone(), datetimes_aside(value))).collect(),
        ),
        other => other.clone(),
    }
}
