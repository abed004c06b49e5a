//! Tests of which git commands of a line are found: pipes, lists, redirections, substitutions, quoting, functions.

#![cfg(feature = "lang-bash")]

use super::read;

/// The arguments of every command found, joined by blanks; `None` when the line is not sure.
fn found(line: &str) -> Option<Vec<String>> {
    read(line).map(|line| line.commands.into_iter().map(|command| command.args.join(" ")).collect())
}

#[test]
fn commands_whose_output_goes_to_the_client_are_found() {
    for (line, expected) in [
        ("git status", &["status"][..]),
        ("  git   status --short  ", &["status --short"]),
        ("cd sub && git status", &["status"]),
        ("git status; git diff HEAD~1 -- a.txt", &["status", "diff HEAD~1 -- a.txt"]),
        ("make || git log -3\ngit show HEAD^", &["log -3", "show HEAD^"]),
        ("(cd x; git status)", &["status"]),
        ("{ git status; }", &["status"]),
        ("if git diff --quiet; then git log -1; else git status; fi", &["diff --quiet", "log -1", "status"]),
        ("for i in 1 2; do git status; done", &["status"]),
        ("while ! git fetch; do sleep 1; done", &["fetch"]),
        ("case x in x) git status;; esac", &["status"]),
        ("git status 2>&1", &["status"]),
        ("git log -1 2> /dev/null && git status", &["log -1", "status"]),
        ("cd a && git status 2>&1", &["status"]),
        ("GIT_PAGER=cat LC_ALL=C git log", &["log"]),
        ("git commit -m 'it is # done; | really'", &["commit -m it is # done; | really"]),
        ("git log --since=\"2 weeks ago\" --author='A B'", &["log --since=2 weeks ago --author=A B"]),
        ("git show HEAD@{1} stash@{0}", &["show HEAD@{1} stash@{0}"]),
        ("ls | wc -l; git status", &["status"]),
        ("git diff # only to look", &["diff"]),
        ("echo \"$(git rev-parse HEAD)\"; git status", &["status"]),
    ] {
        assert_eq!(
            found(line).as_deref(),
            Some(&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..]),
            "{line}"
        );
    }
}

#[test]
fn commands_whose_output_others_read_or_whose_words_are_not_literal_are_not_found() {
    for line in [
        "git diff | patch -p1",
        "git log --format=%H | while read c; do git show $c; done",
        "cat x | git apply",
        "git diff > p.diff",
        "git diff >> p.diff",
        "git status && git diff > p.diff",
        "git diff &> p.diff",
        "git log > /dev/null",
        "git apply < p.diff",
        "git diff 2> errors.txt",
        "git diff 2>&1 | head",
        "{ git status; git diff; } > out",
        "(git status) | cat",
        "for f in a; do git log; done | head -3",
        "x=$(git status)",
        "echo `git log -1`",
        "echo \"$(git status)\"",
        "diff <(git show HEAD:a) a",
        "git log $args",
        "git log \"$@\"",
        "git diff *.rs",
        "git diff -- src/[ab].rs",
        "git add {a,b}",
        "git log HEAD~{1..3}",
        "git status ~/x",
        "git log a\\ b",
        "git log \"a\\\"b\"",
        "git log $'a\\n'",
        "git log $((1+1))",
        "\\git status",
        "\"git\" status",
        "command git status",
        "env A=1 git status",
        "sudo git status",
        "/usr/bin/git status",
        "RTK_DISABLED=1 git status",
        "A=$B git status",
        "xargs git status",
        "echo git status",
        "git <<< x",
        "",
    ] {
        assert!(found(line).is_none_or(|found| found.is_empty()), "{line}: {:?}", found(line));
    }
}

#[test]
fn lines_that_may_redefine_git_or_move_output_are_not_touched() {
    for line in [
        "git() { hub \"$@\"; }; git status",
        "function git { hub; }\ngit status",
        "alias git=hub; git status",
        "source x && git status",
        ". ./x; git status",
        "eval \"$x\"; git status",
        "exec > log; git status",
        "trap x EXIT; git status",
        "shopt -s expand_aliases; git status",
        "hash -p /x git; git status",
        "command exec > log; git status",
        "time eval x; git status",
        "noglob . ./x; git status",
        // The grammar does not see these blocks, so that their redirections seem to be of other commands.
        "! { git log -1; git status; } > f",
        "time { git log -1; git status; } > f",
        "! if true; then :; git status; fi > f",
        "time for i in 1; do echo; git log -1; done | cat",
        "x=1 if true; then :; git status; fi > f",
        "git status; } > f",
        "git status\r",
        "git status\r\ngit log -1",
        "git status\u{c}",
        "git\u{a0}status; git status",
        "git log\u{2003}-1",
        "$cmd; git status",
        "git status &",
        "sleep 1 & git status",
        "cat <<X\ngit status\nX\ngit status",
        "coproc x { git status; }",
        "git status )",
        "git status 'x",
        "if git status",
        &format!("git status {}", "x".repeat(40_000)),
    ] {
        assert_eq!(found(line), None, "{line}");
    }
}

#[test]
fn a_change_of_folder_and_variables_are_told() {
    assert!(read("cd x && git status").unwrap().changes_folder);
    assert!(read("pushd x; git status").unwrap().changes_folder);
    assert!(read("command cd x; git status").unwrap().changes_folder);
    assert!(!read("git status; git -C cd log").unwrap().changes_folder);
    assert!(read("A=1 git status").unwrap().commands[0].has_variables);
}
