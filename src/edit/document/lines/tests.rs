//! What edits of `.env` and INI files leave behind, byte for byte.

use super::super::{Action, Fault, Format, KeyPath, Request, Value, ValueType, edit, get};

fn run(text: &str, format: Format, path: &str, action: Action) -> Result<String, Fault> {
    let request = Request { path: KeyPath::parse(path).unwrap(), action };
    Ok(String::from_utf8(edit(text.as_bytes(), format, &request)?).unwrap())
}

fn set_action(value: &str, kind: Option<ValueType>) -> Action {
    Action::Set { text: value.into(), kind, insert: false, create_parents: true }
}

fn set(text: &str, format: Format, path: &str, value: &str) -> String {
    let edited = run(text, format, path, set_action(value, None)).unwrap();
    let got = get(edited.as_bytes(), format, &KeyPath::parse(path).unwrap()).unwrap();
    assert_eq!(got.value, Value::String(value.into()), "{edited:?}");
    edited
}

#[test]
fn variables_keep_their_quotes_and_comments() {
    for (text, path, value, expected) in [
        ("A=1\n", "A", "2", "A=2\n"),
        ("A=1 # one\n", "A", "2", "A=2 # one\n"),
        ("export A=\"x\" # one\r\nB=2", "A", "y \"z\"", "export A=\"y \\\"z\\\"\" # one\r\nB=2"),
        ("A='x'\n", "A", "$y", "A='$y'\n"),
        ("A=x\n", "A", "a b", "A=\"a b\"\n"),
        ("A=x\n", "A", "$b", "A='$b'\n"),
        ("A=[\"x\", \"y\"]\n", "A", "[\"x\", \"z\"]", "A=[\"x\", \"z\"]\n"),
        ("A=\n", "A", "x#y", "A=\"x#y\"\n"),
        ("A=\"one\ntwo\"\nB=1\n", "B", "2", "A=\"one\ntwo\"\nB=2\n"),
        ("A=1\nA=2\n", "A", "3", "A=1\nA=3\n"),
        ("a.b=1\n", "a.b", "2", "a.b=2\n"),
        ("A=http://x/#y\n", "A", "http://x/#y", "A=http://x/#y\n"),
        ("A=\"a\\$b\"\n", "A", "a$b", "A=\"a\\$b\"\n"),
    ] {
        assert_eq!(set(text, Format::Env, path, value), expected, "{text:?}");
    }
    for (text, expected) in [
        ("A=1\n# later\n", "A=1\nNEW=x\n# later\n"),
        ("A=1", "A=1\nNEW=x"),
        ("", "NEW=x\n"),
        ("# only\n", "# only\nNEW=x\n"),
        ("export A=1\r\n", "export A=1\r\nexport NEW=x\r\n"),
        ("A = 1\n", "A = 1\nNEW = x\n"),
    ] {
        let edited = set(text, Format::Env, "NEW", "x");
        assert_eq!(edited, expected);
        assert_eq!(run(&edited, Format::Env, "NEW", Action::Unset).unwrap(), text);
    }
    assert_eq!(run("A=1\nB=2\nA=3\n", Format::Env, "A", Action::Unset).unwrap(), "B=2\n");
    assert!(matches!(
        run("A=\"x\n", Format::Env, "A", Action::Unset),
        Err(Fault::Syntax { line: 1, column: 3, .. })
    ));
    assert!(matches!(run("", Format::Env, "'A B'", set_action("1", None)), Err(Fault::Value { .. })));
    assert!(matches!(
        run("A=1\n", Format::Env, "A", set_action("x", Some(ValueType::Integer))),
        Err(Fault::Value { .. })
    ));
    assert_eq!(run("A=1\n", Format::Env, "A", set_action("2", Some(ValueType::Integer))).unwrap(), "A=2\n");
}

#[test]
fn nothing_is_read_or_written_that_ends_early_for_others() {
    for (text, format) in
        [("A=1\nB=x\0y\n", Format::Env), ("[A]\n\0=1\n", Format::Ini), ("[A\0]\n", Format::Ini)]
    {
        assert!(matches!(run(text, format, "A", Action::Unset), Err(Fault::Syntax { .. })), "{text:?}");
    }
    for (text, format, path, value) in [
        ("A=1\n", Format::Env, "A", "x\0y"),
        ("A=1\n", Format::Env, "NEW", "x\0y"),
        ("[s]\na=1\n", Format::Ini, "s.a", "x\0y"),
        ("[s]\na=1\n", Format::Ini, "s.'n\0'", "x"),
    ] {
        let refused = run(text, format, path, set_action(value, None));
        assert!(matches!(refused, Err(Fault::Value { .. })), "{path:?} {refused:?}");
    }
}

#[test]
fn what_some_readers_take_for_a_comment_and_others_for_the_value_is_left_alone() {
    for typed in ["x", "x ; c"] {
        assert_eq!(
            run("[a]\nk = x ; c\n", Format::Ini, "a.k", set_action(typed, None)).unwrap(),
            "[a]\nk = x ; c\n"
        );
    }
    assert_eq!(set("[a]\nk = x ; c\n", Format::Ini, "a.k", "y"), "[a]\nk = y ; c\n");
}

#[test]
fn sections_keep_their_style() {
    for (text, path, value, expected) in [
        ("[a]\nx = 1 ; one\n", "a.x", "2", "[a]\nx = 2 ; one\n"),
        ("[a.b]\nx: 1\n", "a.b.x", "2", "[a.b]\nx: 2\n"),
        ("[tool:pytest]\nx=1\n", "tool:pytest.x", "2", "[tool:pytest]\nx=2\n"),
        ("[*.{js,py}]\nindent = 2\n", "\"*.{js,py}\".indent", "4", "[*.{js,py}]\nindent = 4\n"),
        (
            "[submodule \"x\"]\n\tpath = a\n\turl = b\n",
            "'submodule \"x\"'.url",
            "c",
            "[submodule \"x\"]\n\tpath = a\n\turl = c\n",
        ),
        (
            "//npm.example/:_authToken=x\n",
            "'//npm.example/:_authToken'",
            "y",
            "//npm.example/:_authToken=y\n",
        ),
        ("[a]\nx =\n    1\n    2\ny = 3\n", "a.x", "\n1\n3", "[a]\nx =\n    1\n    3\ny = 3\n"),
        ("[a]\nx =\n    1\n    2\ny = 3\n", "a.x", "\n1\n2", "[a]\nx =\n    1\n    2\ny = 3\n"),
        ("[a]\nx = 1\n[a]\nx = 2\n", "a.x", "3", "[a]\nx = 1\n[a]\nx = 3\n"),
        ("[a]\nflag\n", "a.flag", "1", "[a]\nflag = 1\n"),
    ] {
        assert_eq!(set(text, Format::Ini, path, value), expected, "{text:?}");
    }
    for (text, path, expected) in [
        ("[a]\nx=1\n\n[b]\n", "a.new", "[a]\nx=1\nnew=v\n\n[b]\n"),
        ("[a]\n\tx = 1\n", "a.new", "[a]\n\tx = 1\n\tnew = v\n"),
        ("[a]\r\n[b]\r\n", "a.new", "[a]\r\nnew = v\r\n[b]\r\n"),
        ("root = true\n\n[*]\n", "new", "root = true\nnew = v\n\n[*]\n"),
        ("; file\n[a]\nx = 1\n", "new", "; file\nnew = v\n\n[a]\nx = 1\n"),
        ("x=1", "new", "x=1\nnew=v"),
    ] {
        let edited = set(text, Format::Ini, path, "v");
        assert_eq!(edited, expected);
        assert_eq!(run(&edited, Format::Ini, path, Action::Unset).unwrap(), text);
    }
    assert_eq!(set("[a]\nx = 1\n", Format::Ini, "b.y", "2"), "[a]\nx = 1\n\n[b]\ny = 2\n");
    assert_eq!(run("[a]\nx = 1\n\n[b]\ny = 2\n", Format::Ini, "b", Action::Unset).unwrap(), "[a]\nx = 1\n");
    assert_eq!(run("[a]\nx = 1\n\n[b]\ny = 2\n", Format::Ini, "a", Action::Unset).unwrap(), "[b]\ny = 2\n");
    assert!(matches!(run("[a\n", Format::Ini, "a", Action::Unset), Err(Fault::Syntax { .. })));
    // There is no way to write a value with such a comment sign in it.
    assert!(matches!(
        run("[a]\nx = 1\n", Format::Ini, "a.x", set_action("1 ; 2", None)),
        Err(Fault::Refused { .. })
    ));
    assert!(matches!(run("[a]\n", Format::Ini, "a.b.c", set_action("1", None)), Err(Fault::Value { .. })));
}
