//! Tests of what a line becomes under the user's rules, modes and settings.

#![cfg(feature = "lang-bash")]

use super::*;
use crate::base::Env;

/// Rules as the user's own settings file holds them.
fn rules(permissions: &str) -> Rules {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".claude")).unwrap();
    std::fs::write(
        folder.path().join(".claude/settings.json"),
        format!(r#"{{"permissions": {permissions}}}"#),
    )
    .unwrap();
    crate::rewrite::load_rules(&Env::of(folder.path(), [("HOME", folder.path())]), None)
}

fn ask(line: &str, permissions: &str, mode: Mode, mutating: bool) -> Result<String, Refusal> {
    let policy = Policy { mutating, exclude: vec!["blame".into(), "git grep".into()] };
    let session = Session { mode, folder: Path::new("/nonexistent") };
    rewrite(line, Path::new("/x/rtk"), &rules(permissions), session, &policy).map(|rewritten| rewritten.line)
}

fn free(line: &str) -> Result<String, Refusal> {
    ask(line, "{}", Mode::Bypass, false)
}

#[test]
fn reading_commands_are_rewritten_and_every_other_byte_stays() {
    for (line, expected) in [
        ("git status", "/x/rtk git --read-only status"),
        (" cd a  &&\tgit log -3 # x\n", " cd a  &&\t/x/rtk git log -3 # x\n"),
        (
            "git status;git push;git diff 2>&1",
            "/x/rtk git --read-only status;git push;/x/rtk git --read-only diff 2>&1",
        ),
        ("git -C sub status", "/x/rtk git -C sub status"),
        ("A='ü' git show 'a b'", "A='ü' /x/rtk git show 'a b'"),
    ] {
        assert_eq!(free(line).as_deref(), Ok(expected), "{line}");
        assert_eq!(free(line), free(line));
    }
}

#[test]
fn what_changes_something_needs_the_users_word() {
    for line in ["git commit -m x", "git push", "git pull --ff-only", "git stash pop"] {
        assert_eq!(free(line), Err(Refusal::NothingToDo), "{line}");
        assert_eq!(ask(line, "{}", Mode::Bypass, true), Ok(line.replacen("git", "/x/rtk git", 1)), "{line}");
    }
}

#[test]
fn what_rtk_does_not_shorten_or_the_user_excludes_is_left_alone() {
    for line in [
        "git status --porcelain",
        "git rev-parse HEAD",
        "git branch x",
        "git",
        "git blame a",
        "git grep x",
        "git diff --output=x",
        "ls",
    ] {
        assert_eq!(free(line), Err(Refusal::NothingToDo), "{line}");
    }
    assert_eq!(free("git diff | patch; x() { git; }"), Err(Refusal::NotSure));
}

#[test]
fn a_command_that_the_client_would_ask_about_after_the_change_is_left_alone() {
    for mode in [Mode::Asking, Mode::Auto, Mode::Other] {
        assert_eq!(ask("git status", "{}", mode, false), Err(Refusal::NotAllowed));
        assert_eq!(
            ask("git status", r#"{"allow": ["Bash(git status:*)"]}"#, mode, false),
            Err(Refusal::NotAllowed)
        );
    }
    let all = r#"{"allow": ["Bash"]}"#;
    assert!(ask("git status", all, Mode::Asking, false).is_ok());
    assert_eq!(ask("git status", all, Mode::Auto, false), Err(Refusal::NotAllowed));
    assert_eq!(ask("git status", all, Mode::Other, false), Err(Refusal::NotAllowed));
}

#[test]
fn the_rule_for_reading_carries_reading_commands_only_and_no_change_of_folder() {
    let narrow = r#"{"allow": ["Bash(/x/rtk git --read-only:*)"]}"#;
    for mode in [Mode::Asking, Mode::Auto] {
        assert_eq!(ask("git status", narrow, mode, true).as_deref(), Ok("/x/rtk git --read-only status"));
        for line in [
            "cd a && git status",
            "A=1 git status",
            "git -C a status",
            "git -c a.b=c log",
            "git commit -m x",
            // The client asks about these too, or blocks them.
            "git status -uall",
            "git diff /etc/passwd /etc/hosts",
            "git diff a ../b",
        ] {
            assert_eq!(ask(line, narrow, mode, true), Err(Refusal::NotAllowed), "{line}");
        }
    }
}

#[test]
fn rules_that_deny_or_ask_keep_their_meaning() {
    for rule in [
        "Bash(git status)",
        "Bash(git:*)",
        "Bash(git status:*)",
        "Bash",
        "Bash(*)",
        "Bash(* status)",
        "Bash(rtk:*)",
        "Bash(/x/rtk:*)",
    ] {
        for list in ["deny", "ask"] {
            let permissions = format!(r#"{{"allow": ["Bash"], "{list}": ["{rule}"]}}"#);
            for mode in [Mode::Bypass, Mode::Asking] {
                assert_eq!(ask("git status", &permissions, mode, false), Err(Refusal::Rule), "{list} {rule}");
            }
        }
    }
    let file = r#"{"allow": ["Bash"], "deny": ["Read(./a.txt)"]}"#;
    assert_eq!(ask("git diff a.txt", file, Mode::Bypass, false), Err(Refusal::Rule));
    assert!(ask("git status", file, Mode::Bypass, false).is_ok());
    let named = r#"{"deny": ["Bash(A=1 git status)"]}"#;
    assert_eq!(ask("ls; A=1 git status", named, Mode::Bypass, false), Err(Refusal::Rule));
    let push = r#"{"deny": ["Bash(git push:*)"]}"#;
    assert!(ask("git status", push, Mode::Bypass, true).is_ok());
    assert_eq!(ask("git push", push, Mode::Bypass, true), Err(Refusal::Rule));
    assert_eq!(ask("git status && git push", push, Mode::Bypass, false), Err(Refusal::Rule));
}
