//! `rtk git` towards a world that misbehaves: no git, old git, killed git, signals, readers that go, endless output.

use crate::sandbox::{Run, Sandbox};
use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

const RTK: &str = env!("CARGO_BIN_EXE_rtk");

fn git(sandbox: &Sandbox, args: &[&str]) -> Run {
    let args: Vec<&str> = ["git"].into_iter().chain(args.iter().copied()).collect();
    sandbox.rtk(&args)
}

/// A sandbox whose `git` is this shell script.
fn with_fake_git(script: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let folder = sandbox.root().join("fake");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("git");
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.with("PATH", &format!("{}:/usr/bin:/bin", folder.display()))
}

fn repository() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.write("a.txt", "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\n");
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-q", "-m", "first"]);
    sandbox
}

#[test]
fn without_git_the_error_says_what_to_do_and_the_code_is_a_shells() {
    let sandbox = Sandbox::new().with("PATH", "/nonexistent");
    for args in [["status"], ["init"]] {
        git(&sandbox, &args).code(127).complains("install git");
    }
}

#[test]
fn a_git_that_may_not_be_run_is_told_apart() {
    let sandbox = with_fake_git("exit 0");
    let file = sandbox.root().join("fake/git");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let sandbox = sandbox.with("PATH", &sandbox_path(&file));
    git(&sandbox, &["status"]).code(126).complains("cannot run git");
}

fn sandbox_path(file: &std::path::Path) -> String {
    file.parent().unwrap().display().to_string()
}

#[test]
fn an_old_git_is_shown_as_it_is() {
    let status = "# On branch master\n# Changes not staged for commit:\n#\n#\tmodified:   a.txt\n#\nno changes added to commit (use \"git add\" and/or \"git commit -a\")\n";
    let sandbox = with_fake_git(&format!("cat <<'X'\n{status}X"));
    let run = git(&sandbox, &["status"]);
    for line in ["# On branch master", "#\tmodified:   a.txt"] {
        run.success().says(line);
    }
}

#[test]
fn outside_of_a_repository_and_in_a_broken_one_git_itself_speaks() {
    let sandbox = Sandbox::new();
    for args in [&["status"][..], &["log"], &["branch"], &["commit", "-m", "x"]] {
        git(&sandbox, args).code(128).complains("not a git repository");
    }
    let sandbox = repository();
    let objects = sandbox.git(&["rev-parse", "HEAD^{tree}"]);
    let (folder, name) = objects.trim().split_at(2);
    std::fs::remove_file(sandbox.project().join(format!(".git/objects/{folder}/{name}"))).unwrap();
    for args in [&["status"][..], &["show"], &["diff", "HEAD"]] {
        let (ours, theirs) = (git(&sandbox, args), sandbox.run(OsStr::new("git"), args, b""));
        assert_eq!(ours.stderr(), theirs.stderr(), "{}", ours.explain());
        assert_eq!(ours.status(), theirs.status(), "{}", ours.explain());
    }
}

#[test]
fn output_that_is_not_utf8_survives() {
    let sandbox = repository();
    sandbox.write("a.txt", b"one\n\xff\xfe latin \xe9\nthree\n");
    let run = sandbox.finish(command(&sandbox, &["git", "diff"]), b"");
    assert!(
        run.stdout_bytes()
            .windows(10)
            .any(|part| part == b"\xff\xfe latin \xe9".as_slice().get(..10).unwrap())
    );
    run.success();
}

fn command(sandbox: &Sandbox, args: &[&str]) -> std::process::Command {
    let mut command = sandbox.command(OsStr::new(RTK));
    command.args(args);
    command
}

#[test]
fn rtk_dies_of_the_signal_that_killed_git() {
    for signal in [9, 15, 6] {
        let sandbox = with_fake_git(&format!("echo before; kill -{signal} $$"));
        for args in [["git", "status", "-uno"], ["git", "pull", "--ff-only"]] {
            let run = sandbox.rtk(&args);
            assert_eq!(run.status().and_then(|status| status.signal()), Some(signal), "{}", run.explain());
            run.says("before\n");
        }
    }
}

#[test]
fn signals_reach_git_and_git_decides() {
    // Interrupts and hang-ups are ignored by what a shell starts in the background, tests too.
    for args in [["git", "status"], ["git", "fetch"], ["git", "log"]] {
        let sandbox = with_fake_git(
            "trap 'echo caught; exit 7' TERM INT HUP\necho started\n: > ready\nsleep 100 & wait",
        );
        let mut command = command(&sandbox, &args);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let ready = sandbox.project().join("ready");
        while !ready.exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        sandbox.run(OsStr::new("sh"), &["-c", &format!("kill -TERM {}", child.id())], b"").success();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(7), "{args:?} {output:?}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "started\ncaught\n", "{args:?}");
    }
}

#[test]
fn a_process_that_git_leaves_behind_is_not_waited_for() {
    let sandbox = with_fake_git("sleep 300 2>/dev/null & echo $! > left; echo done");
    for args in [["git", "status"], ["git", "fetch"]] {
        sandbox.rtk(&args).success().says("done\n");
        let left = std::fs::read_to_string(sandbox.project().join("left")).unwrap();
        sandbox.run(OsStr::new("sh"), &["-c", &format!("kill {left}")], b"").success();
    }
}

#[test]
fn a_reader_that_has_gone_ends_rtk_as_it_ends_git() {
    for script in ["echo x", "yes"] {
        let sandbox = with_fake_git(script);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status =
            command(&sandbox, &["git", "log"]).stdout(writer).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.signal(), Some(13), "{script}");
    }
    // A command that changes something is not ended half way.
    let sandbox = with_fake_git("echo x; sleep 0.1; : > finished");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    command(&sandbox, &["git", "pull"]).stdout(writer).stderr(Stdio::null()).status().unwrap();
    assert!(sandbox.project().join("finished").exists());
}

/// 200 MB go through an address space of 120 MB, whether or not the view knows what it reads.
#[test]
fn memory_does_not_grow_with_the_output() {
    let streams = [
        "printf 'diff --git a/x b/x\\n--- a/x\\n+++ b/x\\n@@ -0,0 +1,99999999 @@\\n'; yes '+line of a patch' | head -c 200000000",
        "head -c 200000000 /dev/zero",
        "yes 'commit 0123456789012345678901234567890123456789' | head -c 200000000",
    ];
    for stream in streams {
        let sandbox = with_fake_git(stream);
        let view = if stream.contains("commit") { "log" } else { "diff" };
        let script = format!("ulimit -v 120000; \"$0\" git {view} | wc -c");
        let run = sandbox.run(OsStr::new("sh"), &["-c", &script, RTK], b"");
        let bytes: u64 = run.success().stdout().trim().parse().unwrap();
        let whole = stream.contains("zero");
        assert!(if whole { bytes == 200_000_000 } else { bytes < 60_000 }, "{stream}: {bytes}");
        assert_eq!(run.stderr(), "", "{}", run.explain());
    }
}

#[test]
fn stdin_folder_environment_and_arguments_arrive_untouched() {
    let sandbox =
        with_fake_git("cat; pwd; echo \"$A:$GIT_CONFIG_PARAMETERS:$LC_ALL\"; for a; do echo \"<$a>\"; done")
            .with("A", "b c");
    let args = ["git", "commit", "-m", "it's\n*", "-C", "x"];
    let run = sandbox.rtk_with(&args, b"input\n");
    let expected =
        format!("input\n{}\nb c::\n<commit>\n<-m>\n<it's\n*>\n<-C>\n<x>\n", sandbox.project().display());
    assert_eq!(run.success().stdout(), expected);
}

#[test]
fn both_streams_into_one_pipe_keep_their_order() {
    let sandbox = with_fake_git("for i in 1 2 3; do echo out$i; echo err$i >&2; done; exit 1");
    let run = sandbox.run(OsStr::new("sh"), &["-c", "\"$0\" git pull 2>&1", RTK], b"");
    assert_eq!(run.code(1).stdout(), "out1\nerr1\nout2\nerr2\nout3\nerr3\n");
}

#[test]
fn machine_formats_and_what_is_unknown_are_gits_own_bytes() {
    let sandbox = repository();
    sandbox.write("a.txt", "changed\n");
    sandbox.write("new file.txt", "x\n");
    let commands = [
        "status --porcelain",
        "status -s",
        "status -z",
        "status --long",
        "status --short --branch",
        "diff --stat",
        "diff --name-only",
        "diff -p",
        "diff --raw",
        "diff -U1",
        "diff --numstat -z",
        "diff --word-diff",
        "log --oneline",
        "log --format=%H",
        "log --pretty=raw",
        "log -p",
        "log --stat",
        "log --graph",
        "show --stat",
        "show HEAD:a.txt",
        "show --format=%s -s",
        "branch --show-current",
        "branch --format=%(refname)",
        "ls-files -s",
        "ls-files -z",
        "grep -l one HEAD",
        "grep -c one HEAD",
        "blame --porcelain a.txt",
        "blame -s a.txt",
        "tag --format=%(refname)",
        "rev-parse HEAD",
        "cat-file -p HEAD",
        "config --list --local",
        "remote",
        "stash list --format=%gd",
        "shortlog -s HEAD",
        "-c color.ui=always log -1",
        "--paginate log -1",
        "reflog --format=%h",
        "worktree list --porcelain",
        "for-each-ref",
        "diff --quiet",
        "help -g",
        "--version",
        "diff --no-index a.txt /dev/null",
        "log -1 --nosuch",
        "nosuch",
    ];
    for line in commands {
        let args: Vec<&str> = line.split(' ').collect();
        let (ours, theirs) = (git(&sandbox, &args), sandbox.run(OsStr::new("git"), &args, b""));
        assert_eq!(ours.stdout(), theirs.stdout(), "{line}");
        assert_eq!(ours.stderr(), theirs.stderr(), "{line}");
        assert_eq!(ours.status(), theirs.status(), "{line}");
    }
}

#[test]
fn colour_that_the_configuration_forces_is_off_where_output_is_captured() {
    let sandbox = repository();
    sandbox.git(&["config", "color.ui", "always"]);
    sandbox.write("a.txt", "changed\n");
    for args in [&["status"][..], &["diff"], &["log"], &["branch"]] {
        assert!(!git(&sandbox, args).success().stdout().contains('\u{1b}'));
    }
}

/// Without prefixes `a/x` is a file in a folder `a`; with them they stand within the quotes of a quoted name.
#[test]
fn a_diff_names_the_files_as_they_are_called() {
    let sandbox = repository();
    for name in ["a/x.txt", "b/y.txt", "q\"uote"] {
        sandbox.write(name, "one\n");
    }
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-q", "-m", "second"]);
    sandbox.write("a/x.txt", "two\n");
    sandbox.write("q\"uote", "two\n");
    std::fs::remove_file(sandbox.project().join("b/y.txt")).unwrap();
    for (setting, value) in
        [("diff.noprefix", "true"), ("diff.noprefix", "false"), ("diff.mnemonicPrefix", "true")]
    {
        sandbox.git(&["config", setting, value]);
        let run = git(&sandbox, &["diff"]);
        for line in ["diff a/x.txt\n", "diff b/y.txt (deleted)\n", "diff \"q\\\"uote\"\n"] {
            run.success().says(line);
        }
    }
}

#[test]
fn a_tags_message_behind_a_commit_is_whole() {
    let sandbox = repository();
    sandbox.git(&["tag", "-a", "v1", "-m", "index of changes"]);
    git(&sandbox, &["show", "HEAD", "v1"]).success().says("index of changes");
}

#[test]
fn blanks_in_a_path_are_not_an_alignment() {
    let sandbox = repository();
    let path = sandbox.root().join("two  blanks").display().to_string();
    sandbox.git(&["worktree", "add", "-q", "--detach", &path]);
    git(&sandbox, &["worktree", "list"]).success().says(&path);
}

#[test]
fn a_full_disk_is_told_as_git_tells_it() {
    let sandbox = repository();
    for args in [&["git", "log", "-1"][..], &["git", "commit", "--allow-empty", "-m", "x"]] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = command(&sandbox, args).stdout(full).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(128), "{args:?} {output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("write failure"), "{output:?}");
    }
}

#[test]
fn read_only_refuses_whatever_is_no_reading_view() {
    let sandbox = repository();
    git(&sandbox, &["--read-only", "status"]).success().says("On branch main");
    for args in [
        &["commit", "-m", "x"][..],
        &["branch", "x"],
        &["-c", "a.b=c", "status"],
        &["-C", ".", "status"],
        &["diff", "--output=x"],
        &["log", "--output=x"],
        &["nosuch"],
        &[],
        &["--read-only", "status"],
        // The client would ask about these, or block them.
        &["status", "-uall"],
        &["diff", "/dev/null", "/etc/hosts"],
        &["diff", "a.txt", "../a.txt"],
    ] {
        let args: Vec<&str> = ["--read-only"].into_iter().chain(args.iter().copied()).collect();
        git(&sandbox, &args).code(2).complains("git itself");
    }
    assert!(!sandbox.project().join("x").exists());
    // A folder that git might take for a repository, with settings that name programs to run.
    std::fs::create_dir_all(sandbox.project().join("bare/objects")).unwrap();
    let script = "cd bare && \"$0\" git --read-only status";
    sandbox.run(OsStr::new("sh"), &["-c", script, RTK], b"").code(2).complains("passes unasked");
}

#[test]
fn switched_off_it_is_git() {
    let sandbox = repository().with("RTK_DISABLED", "1");
    let ours = git(&sandbox, &["log"]);
    assert_eq!(ours.success().stdout(), sandbox.git(&["log"]));
}

#[test]
fn the_record_counts_both_sides_and_gain_adds_them_up() {
    let sandbox = repository();
    sandbox.rtk(&["gain"]).success().says("No wrapped command");
    let native = sandbox.git(&["log"]);
    let shown = git(&sandbox, &["log"]).success().stdout().to_owned();
    git(&sandbox, &["rev-parse", "HEAD"]).success();
    let gain = sandbox.rtk(&["gain", "--json"]).success().json();
    assert_eq!(gain["all"]["runs"], 1, "{gain}");
    assert_eq!(gain["commands"][0]["command"], "git log");
    assert_eq!(gain["commands"][0]["raw_bytes"], native.len());
    assert_eq!(gain["commands"][0]["shown_bytes"], shown.len());
    sandbox.rtk(&["gain"]).success().says("git log");
}

#[test]
fn a_record_that_cannot_be_written_changes_nothing() {
    let sandbox = repository();
    let file = sandbox.write("file", "x");
    let sandbox = sandbox.with("RTK_HOME", &file.display().to_string());
    git(&sandbox, &["status"]).success().says("On branch main");
}
