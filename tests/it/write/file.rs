//! `rtk write file`: whole contents, outcomes, preconditions, refused targets.

use crate::sandbox::Sandbox;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

/// The SHA-256 of `two\n`.
const TWO: &str = "27dd8ed44a83ff94d557f9fd0412ed5a8cbca69ea04922d88c01184a07300a5a";

#[test]
fn content_comes_from_stdin_or_a_file_and_success_is_a_word() {
    let sandbox = Sandbox::new();
    let path = sandbox.project().join("a.txt");
    assert_eq!(sandbox.rtk_with(&["write", "file", "a.txt"], b"one\n").success().stdout(), "ok\n");
    assert_eq!(std::fs::read(&path).unwrap(), b"one\n");
    sandbox.write("b.bin", [0, 159, 146, 150]);
    assert_eq!(sandbox.rtk(&["write", "file", "a.txt", "--from", "b.bin"]).success().stdout(), "ok\n");
    assert_eq!(std::fs::read(&path).unwrap(), [0, 159, 146, 150]);
    let again = ["write", "file", "a.txt", "--from", "b.bin"];
    assert_eq!(sandbox.rtk(&again).success().stdout(), "unchanged\n");
    assert_eq!(sandbox.rtk(&[&again[..], &["--exit-code"]].concat()).code(3).stdout(), "unchanged\n");
    assert_eq!(sandbox.rtk_with(&["write", "file", "a.txt", "-q"], b"2").success().stdout(), "");
    let fast = sandbox.rtk_with(&["write", "file", "a.txt", "--fast"], b"3");
    assert_eq!(fast.success().stdout(), "ok, not synced\n");
    sandbox.rtk_with(&["write", "file", "new/deep/c", "--create-folders"], b"c").success();
    assert_eq!(std::fs::read(sandbox.project().join("new/deep/c")).unwrap(), b"c");
    sandbox.rtk(&["write", "file", "d", "--from", "missing"]).code(1).complains("missing");
}

#[test]
fn a_dry_run_shows_the_change_and_makes_none() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("a.txt", "one\n");
    let run = sandbox.rtk_with(&["write", "file", "a.txt", "--dry-run"], b"two\n");
    run.success().says("-one").says("+two").says("a.txt");
    sandbox.rtk_with(&["write", "file", "b.txt", "--dry-run"], b"two\n").says("--- /dev/null");
    assert_eq!(std::fs::read(path).unwrap(), b"one\n");
    assert!(!sandbox.project().join("b.txt").exists());
    let json = sandbox.rtk_with(&["write", "file", "a.txt", "--dry-run", "--json"], b"two\n").json();
    assert_eq!(json["files"][0]["outcome"], "planned");
    assert_eq!(json["files"][0]["sha256"], TWO);
    assert!(json["files"][0]["diff"].as_str().unwrap().contains("+two"));
}

#[test]
fn a_precondition_that_does_not_hold_changes_nothing() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("a.txt", "two\n");
    let write = |state: &str, content: &[u8]| {
        sandbox.rtk_with(&["write", "file", "a.txt", "--if-match", state], content)
    };
    for bad in ["27dd8ed5", "length:5", "mtime:1", "missing"] {
        write(bad, b"new").code(7).complains("a.txt").complains("hint:");
        assert_eq!(std::fs::read(&path).unwrap(), b"two\n");
    }
    write("what", b"new").code(2).complains("what");
    write(&TWO[..8], b"new").success();
    write("length:3", b"newer").success();
    let modified = std::fs::metadata(&path).unwrap();
    let ns = modified.mtime() * 1_000_000_000 + modified.mtime_nsec();
    write(&format!("mtime:{ns}"), b"newest").success();
    sandbox.rtk_with(&["write", "file", "a.txt", "--create"], b"x").code(7);
    sandbox.rtk_with(&["write", "file", "b.txt", "--create"], b"x").success();
    assert_eq!(std::fs::read(&path).unwrap(), b"newest");
}

#[test]
fn targets_that_must_not_be_written_are_refused_by_kind() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("sub/a.txt", "one");
    std::fs::hard_link(&path, sandbox.project().join("other")).unwrap();
    symlink("../outside", sandbox.project().join("sub/out")).unwrap();
    symlink("a.txt", sandbox.project().join("sub/link")).unwrap();
    sandbox
        .rtk_with(&["write", "file", "other"], b"x")
        .code(10)
        .complains("2 hard links")
        .complains("--in-place");
    sandbox.rtk_with(&["write", "file", "sub"], b"x").code(10).complains("not a regular file");
    sandbox.rtk_with(&["write", "file", "/dev/null"], b"x").code(10);
    sandbox.rtk_with(&["write", "file", "sub/out", "--root", "sub"], b"x").code(10).complains("outside");
    sandbox.rtk_with(&["write", "file", "sub/../x", "--root", "sub"], b"x").code(10);
    sandbox.rtk_with(&["write", "file", "sub/link", "--no-follow"], b"x").code(10).complains("symlink");
    sandbox.rtk_with(&["write", "file", "no/folder/x"], b"x").code(1).complains("--create-folders");
    assert_eq!(std::fs::read(&path).unwrap(), b"one");
    sandbox.rtk_with(&["write", "file", "other", "--in-place"], b"22").success();
    assert_eq!(std::fs::read(&path).unwrap(), b"22");
    std::fs::remove_file(sandbox.project().join("other")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    sandbox.rtk_with(&["write", "file", "sub/link"], b"x").code(10).complains("read-only");
    let failed = sandbox.rtk_with(&["write", "file", "sub/link", "--json"], b"x");
    assert_eq!(failed.json()["kind"], "target_refused");
}
