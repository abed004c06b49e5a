//! `rtk write set`, `unset` and `get` as commands: values, exit codes, and many of them at once.

use crate::sandbox::Sandbox;
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::process::Stdio;

/// Writers at once on one file.
const PARALLEL: usize = 200;

fn content(sandbox: &Sandbox, path: &str) -> String {
    std::fs::read_to_string(sandbox.project().join(path)).unwrap()
}

#[test]
fn a_value_is_set_got_and_unset_in_every_format() {
    let sandbox = Sandbox::new();
    for (path, text, key, edited) in [
        ("a.json", "{\n  \"a\": 1\n}\n", "b", "{\n  \"a\": 1,\n  \"b\": \"x y\"\n}\n"),
        ("tsconfig.json", "{ // c\n\t\"a\": 1,\n}\n", "b", "{ // c\n\t\"a\": 1,\n\t\"b\": \"x y\",\n}\n"),
        ("a.toml", "a = 1 # c\n\n[t]\n", "t.b", "a = 1 # c\n\n[t]\nb = \"x y\"\n"),
        (".env", "A=1 # c\n", "B", "A=1 # c\nB=\"x y\"\n"),
        ("a.yml", "a: # c\n  - 1\n", "b", "a: # c\n  - 1\nb: x y\n"),
        ("setup.cfg", "[a]\nb = 1\n", "a.c", "[a]\nb = 1\nc = x y\n"),
    ] {
        sandbox.write(path, text);
        sandbox.rtk(&["write", "set", path, key, "x y"]).success().says("ok");
        assert_eq!(content(&sandbox, path), edited);
        assert_eq!(
            sandbox.rtk(&["write", "set", path, key, "x y", "--exit-code"]).code(3).stdout(),
            "unchanged\n"
        );
        assert_eq!(sandbox.rtk(&["write", "get", path, key]).success().stdout(), "x y\n");
        let got = sandbox.rtk(&["write", "get", path, key, "--json"]).success().json();
        assert_eq!(
            (&got["schema"], &got["value"], &got["type"]),
            (&json!(1), &json!("x y"), &json!("string"))
        );
        sandbox.rtk(&["write", "unset", path, key]).success();
        assert_eq!(content(&sandbox, path), text);
        sandbox.rtk(&["write", "get", path, key]).code(5).complains("there is no");
        sandbox.rtk(&["write", "unset", path, key]).code(5).complains("there is no");
    }
}

#[test]
fn whole_objects_come_from_stdin_and_lists_are_edited() {
    let sandbox = Sandbox::new();
    sandbox.write("a.json", "{\"list\": [1, 2, 3]}");
    sandbox.rtk_with(&["write", "set", "a.json", "o.deep", "-", "-p"], b"{\"x\": [1e400, 1.10]}\n").success();
    assert_eq!(
        content(&sandbox, "a.json"),
        "{\"list\": [1, 2, 3], \"o\": {\"deep\": {\"x\": [1e400, 1.10]}}}"
    );
    sandbox.rtk(&["write", "set", "a.json", "list[-1]", "--move-to", "0"]).success();
    sandbox.rtk(&["write", "set", "a.json", "list[0]", "-5", "--insert"]).success();
    sandbox.rtk(&["write", "set", "a.json", "/list/-", "4"]).success();
    sandbox.rtk(&["write", "unset", "a.json", "o"]).success();
    assert_eq!(content(&sandbox, "a.json"), "{\"list\": [-5, 3, 1, 2, 4]}");
    sandbox.rtk(&["write", "get", "a.json", "list"]).success().says("[-5,3,1,2,4]");
    sandbox.rtk(&["write", "get", "a.json", "list", "--raw"]).success().says("[-5, 3, 1, 2, 4]");
    sandbox.rtk(&["write", "set", "new.json", "a.b", "1", "--create-parents"]).success();
    assert_eq!(content(&sandbox, "new.json"), "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n");
}

#[test]
fn what_was_made_around_a_key_goes_with_it() {
    let sandbox = Sandbox::new();
    for (path, text) in
        [("a.json", "{\n}\n"), ("a.toml", "[x.y]\nz = 1\n"), ("a.yaml", "x:\n"), ("a.ini", "[a]\nb=1\n")]
    {
        let key = if path == "a.ini" { "x.new" } else { "x.new.deep" };
        sandbox.write(path, text);
        sandbox.rtk(&["write", "set", path, key, "v", "--create-parents"]).success();
        assert_ne!(content(&sandbox, path), text);
        sandbox.rtk(&["write", "unset", path, key]).success();
        assert_eq!(content(&sandbox, path), text);
        // Whatever changed since, only the key itself is taken out.
        sandbox.rtk(&["write", "set", path, key, "v", "--create-parents"]).success();
        let more = format!("{}\n", content(&sandbox, path));
        sandbox.write(path, &more);
        sandbox.rtk(&["write", "unset", path, key]).success();
        assert_ne!(content(&sandbox, path), text);
        sandbox.rtk(&["write", "get", path, "x"]).success();
    }
}

#[test]
fn bad_input_is_told_apart_and_leaves_the_file() {
    let sandbox = Sandbox::new();
    sandbox.write("a.json", "{\"n\": 1, \"a.b\": 1, \"a\": {\"b\": 2}}");
    sandbox.write("bad.json", "{\"a\": 1,}");
    sandbox.write("latin.json", b"{\"a\": \"\xe9\"}");
    sandbox.write("x.unknown", "{}");
    sandbox.write("nul.json", "{\"a\": \"\0\"}");
    sandbox.write("nul.toml", "a = 1 # \0\n");
    sandbox.write("nul.yaml", "a: \"\0\"\n");
    sandbox.write("nul.env", "a=\0\n");
    sandbox.write("sub/b.json", "{\"a\": 1}");
    std::fs::create_dir(sandbox.project().join("folder.json")).unwrap();
    for (args, code, part) in [
        (&["a.json", "n", "x", "--type", "integer"][..], 9, "\"x\" is not an integer"),
        (&["a.json", "n", "{", "--type", "json"], 9, "the value is not JSON"),
        (&["a.json", "a", "x"], 9, "an object is there"),
        (&["a.json", "a.b", "3"], 6, "can be read in 2 ways"),
        (&["a.json", "m.x", "3"], 5, "--create-parents"),
        (&["a.json", "n[0]", "3"], 5, "n is an integer"),
        (&["a.json", "a..b", "3"], 2, "a part is empty"),
        (&["bad.json", "a", "2"], 8, "line 1, column 8: trailing comma"),
        (&["latin.json", "a", "2"], 8, "not valid UTF-8"),
        (&["missing.json", "a", "2"], 5, "there is no"),
        (&["x.unknown", "a", "2"], 2, "does not say its format"),
        (&["folder.json", "a", "2"], 10, "folder.json"),
        (&["nul.json", "a", "2"], 8, "line 1, column 8"),
        (&["nul.toml", "a", "2"], 8, "line 1, column 9"),
        (&["nul.yaml", "a", "2"], 8, "line 1, column 4"),
        (&["nul.env", "a", "2"], 8, "line 1, column 3"),
        (&["a.json", "n", "2", "--root", "sub"], 10, "outside"),
        (&["sub/../a.json", "n", "2", "--root", "sub"], 10, "outside"),
    ] {
        let command: Vec<&str> = ["write", "set"].iter().chain(args).copied().collect();
        sandbox.rtk(&command).code(code).complains(part);
    }
    let failed = sandbox.rtk(&["write", "set", "bad.json", "a", "2", "--json"]).code(8).json();
    assert_eq!(failed["kind"], "parse");
    assert!(failed["error"].as_str().unwrap().contains("       ^"), "{failed}");
    assert_eq!(content(&sandbox, "bad.json"), "{\"a\": 1,}");
    sandbox.rtk_with(&["write", "set", "a.env", "a", "-", "-p"], b"x\0y").code(9).complains("NUL");
    assert_eq!(content(&sandbox, "nul.env"), "a=\0\n");
    assert_eq!(content(&sandbox, "a.json"), "{\"n\": 1, \"a.b\": 1, \"a\": {\"b\": 2}}");
}

#[test]
fn two_hundred_parallel_sets_are_all_kept() {
    let sandbox = Sandbox::new();
    for (path, text) in [("a.json", "{\n  \"zero\": 0\n}\n"), ("a.toml", "zero = 0\n")] {
        sandbox.write(path, text);
        let mut children = Vec::new();
        for number in 0..PARALLEL {
            let mut command = sandbox.command(OsStr::new(env!("CARGO_BIN_EXE_rtk")));
            command.args(["write", "set", path, &format!("key{number}"), &number.to_string()]);
            if path != "a.json" {
                command.arg("--fast");
            }
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
            children.push(command.spawn().unwrap());
        }
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let text = content(&sandbox, path);
        let kept: Value = match path {
            "a.json" => serde_json::from_str(&text).unwrap(),
            _ => serde_json::to_value(toml::from_str::<toml::Table>(&text).unwrap()).unwrap(),
        };
        for number in 0..PARALLEL {
            assert_eq!(kept[format!("key{number}")], number, "{path}");
        }
        assert_eq!(kept.as_object().unwrap().len(), PARALLEL + 1);
        let left = std::fs::read_dir(sandbox.project()).unwrap().count();
        assert!(left <= 2, "{left} files lie in the folder");
    }
}
