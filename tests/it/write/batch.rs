//! `rtk write batch`: all edits or none, whatever fails or dies; parallel writers; nothing left behind.

use crate::sandbox::Sandbox;
use serde_json::json;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::process::Stdio;

fn plan(edits: serde_json::Value) -> Vec<u8> {
    json!({ "edits": edits }).to_string().into_bytes()
}

#[test]
fn all_kinds_of_edits_happen_together() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "one two\n");
    sandbox.write("sub/b.txt", "x\ny\n");
    symlink("a.txt", sandbox.project().join("link")).unwrap();
    let all = plan(json!([
        { "file": "a.txt", "old": "one", "new": "1" },
        { "file": "link", "old": "two", "new": "2" },
        { "file": "new.txt", "content": "made", "create": true },
        { "file": "sub/b.txt", "patch": "@@\n x\n-y\n+z\n" },
        { "patch": "--- a/sub/../sub/b.txt\n+++ b/sub/b.txt\n@@ -1,2 +1,2 @@\n-x\n+w\n z\n" },
    ]));
    let dry = sandbox.rtk_with(&["write", "batch", "--dry-run"], &all);
    dry.success().says("+1 2").says("+made").says("+w");
    assert!(!sandbox.project().join("new.txt").exists());
    assert_eq!(sandbox.rtk_with(&["write", "batch"], &all).success().stdout(), "ok\n");
    let read = |name: &str| std::fs::read_to_string(sandbox.project().join(name)).unwrap();
    assert_eq!(
        (read("a.txt"), read("new.txt"), read("sub/b.txt")),
        ("1 2\n".into(), "made".into(), "w\nz\n".into())
    );
    assert!(sandbox.project().join("link").is_symlink());
    let again =
        plan(json!([{ "file": "a.txt", "content": "1 2\n" }, { "file": "new.txt", "content": "made" }]));
    let inode = std::fs::metadata(sandbox.project().join("a.txt")).unwrap().ino();
    let unchanged = sandbox.rtk_with(&["write", "batch", "--json"], &again);
    assert_eq!(unchanged.json()["cost"]["bytes"], 0);
    assert_eq!(unchanged.json()["cost"]["syncs"], 0);
    assert_eq!(std::fs::metadata(sandbox.project().join("a.txt")).unwrap().ino(), inode);
    let state = sandbox.home().join(".local/state/rtk");
    let left: Vec<_> = std::fs::read_dir(state).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["locks"], "neither a journal nor anything else stays");
}

#[test]
fn values_in_documents_change_in_the_same_batch() {
    let sandbox = Sandbox::new();
    let json = sandbox.write("a.json", "{\n  \"v\": \"1.0\",\n  \"list\": [1, 2],\n  \"old\": null\n}\n");
    let toml = sandbox.write("Cargo.toml", "[package] # p\nversion = \"1.0\" # v\n");
    let all = plan(json!([
        { "file": "a.json", "set": "v", "value": "2.0" },
        { "file": "a.json", "set": "list[+]", "value": { "k": 1.50 } },
        { "file": "a.json", "set": "list[0]", "move_to": 1 },
        { "file": "a.json", "set": "none", "value": null },
        { "file": "a.json", "unset": "old" },
        { "file": "Cargo.toml", "set": "package.version", "value": "2.0" },
        { "file": "Cargo.toml", "set": "package.day", "value": "2026-01-02", "type": "datetime" },
        { "file": "settings", "set": "/a/b", "value": true, "create_parents": true, "format": "json" },
        { "file": "note.txt", "content": "both" },
    ]));
    assert_eq!(sandbox.rtk_with(&["write", "batch"], &all).success().stdout(), "ok\n");
    let read = |name: &str| std::fs::read_to_string(sandbox.project().join(name)).unwrap();
    assert_eq!(
        read("a.json"),
        "{\n  \"v\": \"2.0\",\n  \"list\": [2, 1, {\"k\": 1.5}],\n  \"none\": null\n}\n"
    );
    assert_eq!(read("Cargo.toml"), "[package] # p\nversion = \"2.0\" # v\nday = 2026-01-02\n");
    assert_eq!(
        (read("settings"), read("note.txt")),
        ("{\n  \"a\": {\n    \"b\": true\n  }\n}\n".into(), "both".into())
    );
    let before = (std::fs::read(&json).unwrap(), std::fs::read(&toml).unwrap());
    for (edit, code, says) in [
        (json!({ "file": "a.json", "set": "x.y", "value": 1 }), 5, "there is no x"),
        (json!({ "file": "a.json", "unset": "x" }), 5, "edit 2"),
        (json!({ "file": "new.json", "set": "x", "value": 1 }), 5, "there is no"),
        (json!({ "file": "Cargo.toml", "set": "package.x", "value": null }), 9, "edit 2"),
        (json!({ "file": "a.json", "set": "v", "value": "x", "type": "integer" }), 9, "not an integer"),
        (json!({ "file": "a.json", "set": "v" }), 2, "no value"),
        (json!({ "file": "a.json", "value": 1 }), 2, "no key"),
        (json!({ "file": "a.json", "set": "v", "unset": "v", "value": 1 }), 2, "both set and unset"),
        (json!({ "file": "a.json", "set": "v", "value": 1, "content": "x" }), 2, "several things"),
        (json!({ "file": "note.txt", "set": "v", "value": 1 }), 2, "its format"),
        (json!({ "file": "a.json", "set": "a..b", "value": 1 }), 2, "a part is empty"),
        (json!({ "set": "a", "value": 1, "format": "json" }), 2, "names no file"),
        (json!({ "file": "a.json", "set": "a", "value": 1, "format": "xml" }), 8, "xml"),
    ] {
        let run = sandbox.rtk_with(
            &["write", "batch"],
            &plan(json!([{ "file": "Cargo.toml", "unset": "package.day" }, edit])),
        );
        run.code(code).complains(says);
        assert_eq!((std::fs::read(&json).unwrap(), std::fs::read(&toml).unwrap()), before, "{says}");
    }
}

#[test]
fn one_failure_leaves_every_file_and_names_the_edit() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("a.txt", "one\n");
    let failing = [
        (json!({ "file": "missing", "old": "a", "new": "b" }), 5, "there is no"),
        (json!({ "file": "a.txt", "old": "nothing", "new": "b" }), 5, "not there"),
        (json!({ "file": "a.txt", "content": "x", "create": true }), 7, "missing"),
        (json!({ "file": "a.txt", "content": "x", "if_match": "length:99" }), 7, "length"),
        (json!({ "file": "sub", "content": "x" }), 10, "not a regular file"),
        (json!({ "file": "a.txt" }), 2, "nothing to do"),
        (json!({ "content": "x" }), 2, "names no file"),
        (json!({ "file": "a.txt", "patch": "nonsense" }), 8, "edit 2"),
    ];
    std::fs::create_dir(sandbox.project().join("sub")).unwrap();
    for (edit, code, says) in failing {
        let run =
            sandbox.rtk_with(&["write", "batch"], &plan(json!([{ "file": "a.txt", "content": "1" }, edit])));
        run.code(code).complains(says);
        assert_eq!(std::fs::read(&path).unwrap(), b"one\n");
    }
    sandbox
        .rtk_with(&["write", "batch"], b"{\"edits\": [\n{\"fil\": 1}]}")
        .code(8)
        .complains("stdin:2:")
        .complains("^");
    sandbox.rtk_with(&["write", "batch", "--if-match", "missing"], &plan(json!([]))).code(2);
    let outside = plan(json!([{ "file": "a.txt", "content": "1" }, { "file": "../x", "content": "1" }]));
    sandbox.rtk_with(&["write", "batch", "--root", "."], &outside).code(10);
    assert_eq!(std::fs::read(&path).unwrap(), b"one\n");
}

#[test]
fn of_many_that_create_one_path_exactly_one_wins() {
    let sandbox = Sandbox::new();
    let children: Vec<_> = (0..200)
        .map(|number| {
            let mut command = sandbox.command(env!("CARGO_BIN_EXE_rtk").as_ref());
            command.args(["write", "file", "one", "--create", "--fast"]);
            command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{number}").as_bytes())
                .unwrap();
            (number, child)
        })
        .collect();
    let mut winners = Vec::new();
    for (number, mut child) in children {
        match child.wait().unwrap().code() {
            Some(0) => winners.push(number),
            code => assert_eq!(code, Some(7)),
        }
    }
    assert_eq!(winners.len(), 1, "{winners:?}");
    let content = std::fs::read_to_string(sandbox.project().join("one")).unwrap();
    assert_eq!(content, winners[0].to_string());
    assert_eq!(std::fs::read_dir(sandbox.project()).unwrap().count(), 1);
    let locks = sandbox.home().join(".local/state/rtk/locks");
    assert_eq!(std::fs::read_dir(locks).unwrap().count(), 0);
}

#[test]
fn of_two_hundred_parallel_edits_none_is_lost() {
    let sandbox = Sandbox::new();
    let slots: String = (0..200).map(|number| format!("<{number}>\n")).collect();
    let path = sandbox.write("slots", slots);
    let children: Vec<_> = (0..200)
        .map(|number| {
            let mut command = sandbox.command(env!("CARGO_BIN_EXE_rtk").as_ref());
            let (old, new) = (format!("<{number}>"), format!("[{number}]"));
            command.args(["write", "replace", "slots", "--fast", "--old", &old, "--new", &new]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let all: String = (0..200).map(|number| format!("[{number}]\n")).collect();
    assert_eq!(std::fs::read_to_string(path).unwrap(), all);
}

#[test]
fn large_content_goes_through_with_little_memory() {
    let sandbox = Sandbox::new();
    let bytes = 160 << 20;
    std::fs::File::create(sandbox.project().join("large")).unwrap().set_len(bytes).unwrap();
    // Less address space than the content has bytes.
    let script = "ulimit -v 130000; exec \"$0\" write file copy --from large --json --fast";
    let run = sandbox.run("sh".as_ref(), &["-c", script, env!("CARGO_BIN_EXE_rtk")], b"");
    let answer = run.success().json();
    assert_eq!(
        (&answer["files"][0]["bytes"], &answer["files"][0]["outcome"]),
        (&json!(bytes), &json!("not_synced"))
    );
    assert_eq!(std::fs::metadata(sandbox.project().join("copy")).unwrap().len(), bytes);
    let again = sandbox.rtk(&["write", "file", "copy", "--from", "large", "--json"]).success().json();
    assert_eq!((&again["files"][0]["outcome"], &again["cost"]["bytes"]), (&json!("unchanged"), &json!(0)));
    let bad = sandbox.rtk(&["write", "file", "copy", "--from", "large", "--if-match", "length:5"]);
    bad.code(7);
}
