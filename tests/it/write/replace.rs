//! `rtk write replace` and `patch`: exact matches, honest refusals, the same results as git's own apply.

use crate::sandbox::Sandbox;
use std::fmt::Write as _;

#[test]
fn a_passage_is_replaced_once_or_as_often_as_said() {
    let sandbox = Sandbox::new();
    let path = sandbox.write("a.txt", "one two two\n");
    let read = || std::fs::read_to_string(&path).unwrap();
    assert_eq!(
        sandbox.rtk(&["write", "replace", "a.txt", "--old", "one", "--new", "-1"]).success().stdout(),
        "ok\n"
    );
    assert_eq!(read(), "-1 two two\n");
    let ambiguous = sandbox.rtk(&["write", "replace", "a.txt", "--old", "two", "--new", "2"]);
    ambiguous.code(6).complains("2 times").complains("hint:");
    let missing = sandbox.rtk(&["write", "replace", "a.txt", "--old", "-1 too", "--new", "2"]);
    missing.code(5).complains("line 1: -1 two two");
    assert_eq!(read(), "-1 two two\n");
    sandbox.rtk(&["write", "replace", "a.txt", "--old", "two", "--new", "2", "--count", "3"]).code(5);
    sandbox.rtk(&["write", "replace", "a.txt", "--old", "two", "--new", "2", "--count", "2"]).success();
    assert_eq!(read(), "-1 2 2\n");
    sandbox.write("new", [0xff, 0]);
    let bytes = ["write", "replace", "a.txt", "--old-from", "-", "--new-from", "new"];
    sandbox.rtk_with(&bytes, b"-1 2 2\n").success();
    assert_eq!(std::fs::read(&path).unwrap(), [0xff, 0]);
    sandbox.rtk(&["write", "replace", "b.txt", "--old", "x", "--new", "y"]).code(5).complains("there is no");
    sandbox.rtk(&["write", "replace", "a.txt", "--old", "x"]).code(2);
}

#[test]
fn a_patch_from_elsewhere_does_not_steer_the_terminal_by_the_names_in_it() {
    let sandbox = Sandbox::new();
    let diff = "--- a/x\u{1b}]0;owned\u{7}\n+++ b/x\u{1b}]0;owned\u{7}\n@@ -1 +1 @@\n-a\n+b\n";
    let run = sandbox.rtk_with(&["write", "patch"], diff.as_bytes());
    assert!(!run.stderr().contains(['\u{1b}', '\u{7}']), "{}", run.explain());
    run.complains("x\\u{1b}]0;owned\\u{7}");
}

#[test]
fn a_patch_changes_every_file_that_it_names_or_none() {
    let sandbox = Sandbox::new();
    let one = sandbox.write("src/one.txt", "a\nb\nc\n");
    let two = sandbox.write("two.txt", "x\r\ny\r\n");
    let diff = "diff --git a/src/one.txt b/src/one.txt\n--- a/src/one.txt\n+++ b/src/one.txt\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n\
                --- a/two.txt\n+++ b/two.txt\n@@ -1,2 +1,2 @@\n x\n-y\n+Y\n--- /dev/null\n+++ b/three.txt\n@@ -0,0 +1 @@\n+new\n";
    let bad = diff.replace("-y\n", "-z\n");
    sandbox
        .rtk_with(&["write", "patch"], bad.as_bytes())
        .code(5)
        .complains("two.txt")
        .complains("no file was changed");
    assert_eq!(std::fs::read(&one).unwrap(), b"a\nb\nc\n");
    assert!(!sandbox.project().join("three.txt").exists());
    let dry = sandbox.rtk_with(&["write", "patch", "--dry-run"], diff.as_bytes());
    dry.success().says("+B").says("+new");
    assert_eq!(sandbox.rtk_with(&["write", "patch"], diff.as_bytes()).success().stdout(), "ok\n");
    assert_eq!(std::fs::read(&one).unwrap(), b"a\nB\nc\n");
    assert_eq!(std::fs::read(&two).unwrap(), b"x\r\nY\r\n");
    assert_eq!(std::fs::read(sandbox.project().join("three.txt")).unwrap(), b"new\n");
    sandbox.rtk_with(&["write", "patch", "two.txt"], b"<<<<<<<\nx\n=======\nX\n>>>>>>>\n").success();
    assert_eq!(std::fs::read(&two).unwrap(), b"X\r\nY\r\n");
    sandbox
        .rtk_with(&["write", "patch", "two.txt"], b"@@ -1,9 @@\n")
        .code(8)
        .complains("stdin:1:1")
        .complains("^");
}

/// A small generator of numbers, the same on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// A text with lines that repeat.
fn lines(random: &mut Random, count: u64) -> Vec<String> {
    (0..count).map(|_| format!("line {}", random.below(12))).collect()
}

fn edited(random: &mut Random, lines: &[String], edits: u64) -> Vec<String> {
    let mut lines = lines.to_vec();
    for number in 0..edits {
        let at = usize::try_from(random.below(lines.len() as u64 + 1)).unwrap();
        match random.below(3) {
            0 => lines.insert(at, format!("added {number}")),
            1 if at < lines.len() => lines[at] = format!("changed {number}"),
            _ if at < lines.len() => drop(lines.remove(at)),
            _ => {}
        }
    }
    lines
}

fn text(lines: &[String], ending: &str, last: bool) -> String {
    let mut text = lines.join(ending);
    if last && !lines.is_empty() {
        write!(text, "{ending}").unwrap();
    }
    text
}

#[test]
fn what_git_applies_is_applied_the_same_or_refused_as_ambiguous() {
    let sandbox = Sandbox::new();
    let mut random = Random(42);
    let (mut same, mut ambiguous, mut refused) = (0, 0, 0);
    for round in 0..60 {
        let count = 4 + random.below(30);
        let old = lines(&mut random, count);
        let edits = 1 + random.below(4);
        let new = edited(&mut random, &old, edits);
        let ending = if random.below(4) == 0 { "\r\n" } else { "\n" };
        let last = random.below(4) > 0;
        let context = format!("-U{}", 1 + random.below(4));
        sandbox.write("old", text(&old, ending, last));
        sandbox.write("new", text(&new, ending, random.below(4) > 0));
        let diff =
            sandbox.run("git".as_ref(), &["diff", "--no-index", "--no-color", &context, "old", "new"], b"");
        let diff = diff.stdout().replace("b/new", "b/f").replace("a/old", "a/f");
        if diff.is_empty() {
            continue;
        }
        // The file has moved on since the diff was made: lines came in above, or somewhere.
        let mut base = old.clone();
        for number in 0..random.below(3) {
            let at = usize::try_from(random.below(base.len() as u64 + 1)).unwrap();
            base.insert(at, format!("moved {number}"));
        }
        let base = text(&base, ending, last);
        sandbox.write("f", &base);
        let git = sandbox.run("git".as_ref(), &["apply", "--whitespace=nowarn", "-"], diff.as_bytes());
        let by_git = git
            .explain()
            .contains("status:  exit status: 0")
            .then(|| std::fs::read(sandbox.project().join("f")).unwrap());
        sandbox.write("f", &base);
        let rtk = sandbox.rtk_with(&["write", "patch", "--json"], diff.as_bytes());
        let answer = rtk.json();
        let by_rtk = std::fs::read(sandbox.project().join("f")).unwrap();
        match (by_git, answer["kind"].as_str()) {
            (Some(by_git), None) => {
                assert_eq!(by_rtk, by_git, "round {round}\n{diff}\n{}", rtk.explain());
                same += 1;
            }
            (_, Some("ambiguous")) => {
                assert_eq!(by_rtk, base.as_bytes());
                ambiguous += 1;
            }
            (None, Some("no_match")) => refused += 1,
            (by_git, kind) => {
                panic!(
                    "round {round}: git {} and rtk {kind:?}\n{base}\n{diff}\n{}",
                    by_git.is_some(),
                    rtk.explain()
                );
            }
        }
    }
    assert!(same >= 20 && refused >= 1, "{same} the same, {ambiguous} ambiguous, {refused} refused by both");
}
