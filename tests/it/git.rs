//! Heads, histories and changes of real repositories.

use crate::work_tree::WorkTree;
use rtk::base::{Deadline, Env};
use rtk::git::{
    Change, ChangeKind, Commit, GitError, Head, HistoryEnd, HistoryRange, HistoryState, changed_files,
    changed_since, head, history, tracked_ignored,
};
use rtk::project::{Root, RootKind};
use std::os::unix::fs::PermissionsExt as _;

fn head_of(tree: &WorkTree, root: &Root) -> Head {
    match &root.kind {
        RootKind::Git { git_dir, common_dir } => head(&tree.env(), git_dir, common_dir),
        other => panic!("{other:?} is no repository"),
    }
}

fn on(branch: &str, commit: &str) -> Head {
    Head { commit: Some(commit.to_owned()), branch: Some(branch.to_owned()) }
}

// ---- head

#[test]
fn head_is_read_unborn_loose_packed_and_detached() {
    let tree = WorkTree::git();
    let read = || head_of(&tree, &tree.root());
    assert_eq!(read(), Head { commit: None, branch: Some("main".into()) });
    let first = tree.commit("", "one");
    assert_eq!(read(), on("main", &first));
    tree.run("", &["switch", "-q", "-c", "topic/main"]);
    let second = tree.commit("", "two");
    tree.run("", &["tag", "-a", "-m", "t", "v1"]);
    tree.run("", &["pack-refs", "--all"]);
    assert!(!tree.path().join(".git/refs/heads/topic/main").exists());
    assert_eq!(read(), on("topic/main", &second));
    tree.run("", &["switch", "-q", "main"]);
    assert_eq!(read(), on("main", &first));
    tree.run("", &["checkout", "-q", "--detach"]);
    assert_eq!(read(), Head { commit: Some(first), branch: None });
}

#[test]
fn linked_work_trees_have_heads_of_their_own() {
    let tree = WorkTree::git();
    let first = tree.commit("", "one");
    tree.run("", &["worktree", "add", "-q", "../side"]);
    let second = tree.commit("../side", "two");
    let side = rtk::project::find_root(&tree.path().join("../side"), &tree.env()).unwrap().unwrap();
    assert_eq!(head_of(&tree, &side), on("side", &second));
    assert_eq!(head_of(&tree, &tree.root()), on("main", &first));
}

#[test]
fn other_formats_of_references_and_objects_are_read() {
    for format in [["--ref-format=reftable", "-q"], ["--object-format=sha256", "-q"]] {
        let tree = WorkTree::plain();
        let known = std::process::Command::new("git").args(["init", "-h"]).output().unwrap();
        let option = format[0].split('=').next().unwrap().trim_start_matches("--");
        if !String::from_utf8_lossy(&known.stdout).contains(option) {
            continue; // An older git that cannot make such a repository.
        }
        tree.run("", &["init", format[0], format[1], "-b", "main"]);
        assert_eq!(head_of(&tree, &tree.root()).branch.as_deref(), Some("main"));
        let commit = tree.commit("", "one");
        assert_eq!(head_of(&tree, &tree.root()), on("main", &commit), "{format:?}");
    }
}

#[test]
fn a_damaged_or_hostile_head_says_nothing() {
    let tree = WorkTree::git();
    tree.commit("", "one");
    tree.write("outside", "0123456789012345678901234567890123456789");
    let root = tree.root();
    for text in ["", "rubbish", "ref: refs/../../outside", "ref: /etc/hostname", "ref: refs/heads/\0", "\0\0"]
    {
        std::fs::write(tree.path().join(".git/HEAD"), text).unwrap();
        assert_eq!(head_of(&tree, &root).commit, None, "{text:?}");
    }
    std::fs::write(tree.path().join(".git/HEAD"), "ref: refs/heads/a").unwrap();
    std::fs::write(tree.path().join(".git/refs/heads/a"), "ref: refs/heads/a").unwrap();
    assert_eq!(head_of(&tree, &root), Head { commit: None, branch: Some("a".into()) });
}

// ---- history

fn read(tree: &WorkTree, since: Option<&str>, commits_max: usize) -> (Vec<Commit>, HistoryEnd) {
    let mut commits = Vec::new();
    let range = HistoryRange { since, commits_max, renames: true, deadline: Deadline::never() };
    let end = history(&tree.env(), &tree.path(), &range, &mut |commit| {
        commits.push(commit);
        true
    });
    (commits, end.unwrap())
}

fn subjects(commits: &[Commit]) -> Vec<&str> {
    commits.iter().map(|commit| commit.subject.as_str()).collect()
}

#[test]
fn commits_come_with_message_time_and_odd_file_names() {
    let tree = WorkTree::git();
    let names: [&[u8]; 5] = [b"a", b"d/new\nline", b"d/\xff", b"\x01mark", b"\"q\" \t"];
    names.iter().for_each(|name| _ = tree.write(name, "x"));
    tree.commit("", "First subject\n\nBody line one\n\nline two\n");
    tree.commit("", "nothing in it");
    tree.write("a", "y");
    let last = tree.commit("", "Third");
    let (commits, end) = read(&tree, None, 100);
    assert_eq!(end, HistoryEnd { state: HistoryState::Complete, newest: Some(last.clone()), shallow: false });
    assert_eq!(subjects(&commits), ["Third", "nothing in it", "First subject"]);
    let files: Vec<Vec<Vec<u8>>> = commits.iter().map(|commit| commit.files.clone()).collect();
    let mut all: Vec<Vec<u8>> = names.map(<[u8]>::to_vec).to_vec();
    all.sort();
    assert_eq!(files, [vec![b"a".to_vec()], vec![], all]);
    assert_eq!((commits[0].id.as_str(), commits[0].time), (last.as_str(), 1_700_000_000));
    assert_eq!(commits[2].body, "Body line one\n\nline two");
    assert!(commits[0].author_hash != 0 && commits[0].author_hash == commits[2].author_hash);
}

#[test]
fn moved_files_are_told_where_they_are_wanted() {
    let tree = WorkTree::git();
    let text = "line of text\n".repeat(30);
    for name in ["ol\nd", "kept", "gone"] {
        tree.write(name, format!("{name}\n{text}"));
    }
    tree.commit("", "one");
    std::fs::create_dir(tree.path().join("d")).unwrap();
    tree.run("", &["mv", "ol\nd", "d/new"]);
    tree.write("d/new", format!("ol\nd\n{text}and more\n"));
    tree.write("kept", "other");
    tree.run("", &["rm", "-q", "gone"]);
    tree.commit("", "two");
    let commit = read(&tree, None, 1).0.remove(0);
    let paths =
        |names: &[&str]| -> Vec<Vec<u8>> { names.iter().map(|name| name.as_bytes().to_vec()).collect() };
    assert_eq!(commit.renames, [(b"ol\nd".to_vec(), b"d/new".to_vec())]);
    assert_eq!(commit.files, paths(&["d/new", "gone", "kept"]));
    let range = HistoryRange { since: None, commits_max: 1, renames: false, deadline: Deadline::never() };
    let mut plain = Vec::new();
    history(&tree.env(), &tree.path(), &range, &mut |commit| {
        plain.push(commit);
        true
    })
    .unwrap();
    assert!(plain[0].renames.is_empty());
    assert_eq!(plain[0].files, paths(&["d/new", "gone", "kept", "ol\nd"]));
}

#[test]
fn a_range_is_exclusive_limited_and_can_be_stopped() {
    let tree = WorkTree::git();
    let ids: Vec<String> = (0..5).map(|at| tree.commit("", &format!("c{at}"))).collect();
    assert_eq!(subjects(&read(&tree, Some(&ids[2]), 100).0), ["c4", "c3"]);
    assert_eq!(read(&tree, Some(&ids[4]), 100).0, []);
    let (limited, end) = read(&tree, None, 2);
    assert_eq!((subjects(&limited), end.state), (vec!["c4", "c3"], HistoryState::Limited));
    let mut seen = 0;
    let range = HistoryRange { since: None, commits_max: 100, renames: false, deadline: Deadline::never() };
    let end = history(&tree.env(), &tree.path(), &range, &mut |_| {
        seen += 1;
        seen < 3
    });
    assert_eq!((seen, end.unwrap().state), (3, HistoryState::Stopped));
    let range = HistoryRange { deadline: Deadline::after_ms(0), ..range };
    let end = history(&tree.env(), &tree.path(), &range, &mut |_| panic!("after the deadline")).unwrap();
    assert_eq!(end.state, HistoryState::TimedOut);
}

#[test]
fn merges_are_left_out() {
    let tree = WorkTree::git();
    tree.commit("", "base");
    tree.run("", &["switch", "-q", "-c", "side"]);
    tree.write("s", "");
    tree.commit("", "on side");
    tree.run("", &["switch", "-q", "main"]);
    tree.write("m", "");
    tree.commit("", "on main");
    tree.run("", &["merge", "-q", "--no-ff", "-m", "the merge", "side"]);
    let (commits, _) = read(&tree, None, 100);
    let mut found = subjects(&commits);
    found.sort_unstable();
    assert_eq!(found, ["base", "on main", "on side"]);
}

#[test]
fn rewritten_shallow_unborn_and_missing_repositories_are_normal() {
    let tree = WorkTree::git();
    assert_eq!(read(&tree, None, 9).1.state, HistoryState::Unborn);
    let gone = tree.commit("", "one");
    tree.run("", &["commit", "-q", "--amend", "--allow-empty", "-m", "rewritten"]);
    for since in [gone.as_str(), &"0".repeat(40), "--all", "main"] {
        let (commits, end) = read(&tree, Some(since), 9);
        assert_eq!((commits.len(), end.state), (0, HistoryState::SinceLost), "{since}");
    }
    tree.commit("", "two");
    let source = format!("file://{}", tree.path().display());
    tree.run("..", &["clone", "-q", "--depth=1", &source, "home/shallow"]);
    let range = HistoryRange { since: None, commits_max: 9, renames: true, deadline: Deadline::never() };
    let end = history(&tree.env(), &tree.home().join("shallow"), &range, &mut |_| true).unwrap();
    assert!(end.shallow && end.state == HistoryState::Complete);
    let plain = WorkTree::plain();
    assert_eq!(read(&plain, None, 9).1.state, HistoryState::NoRepository);
}

#[test]
fn long_messages_and_many_files_are_cut() {
    let tree = WorkTree::git();
    (0..2001).for_each(|at| _ = tree.write(format!("f{at}"), ""));
    tree.write("../home/message", format!("{}\n\n{}", "sü".repeat(2000), "bö ".repeat(5000)));
    tree.run("", &["add", "-A"]);
    tree.run("", &["commit", "-q", "-F", "../home/message"]);
    let commit = read(&tree, None, 9).0.remove(0);
    assert!(commit.files_cut && commit.files.len() == 2000);
    assert!(commit.subject.len() <= 512 && commit.subject.starts_with("süsü"));
    assert!(commit.body.len() <= 4096 && commit.body.starts_with("bö bö"));
}

// ---- changes

fn change(kind: ChangeKind, path: &str, from: Option<&str>) -> Change {
    Change { kind, path: path.into(), from: from.map(|from| from.into()) }
}

#[test]
fn changes_since_a_commit_and_in_the_work_tree_are_told() {
    let tree = WorkTree::git();
    let long = "line of text\n".repeat(30);
    for name in ["same", "edited", "removed", "mo ved"] {
        tree.write(name, format!("{name}\n{long}"));
    }
    tree.write(".gitignore", "*.log\n");
    let first = tree.commit("", "one");
    tree.write("committed", "x");
    tree.commit("", "two");
    tree.write("edited", "y");
    std::fs::remove_file(tree.path().join("removed")).unwrap();
    tree.run("", &["mv", "mo ved", "a\nplace"]);
    tree.write("staged", "z");
    tree.run("", &["add", "staged"]);
    tree.write("dir/new", "");
    tree.write("x.log", "");
    let in_tree = [
        change(ChangeKind::Renamed, "a\nplace", Some("mo ved")),
        change(ChangeKind::Untracked, "dir/new", None),
        change(ChangeKind::Modified, "edited", None),
        change(ChangeKind::Deleted, "removed", None),
        change(ChangeKind::Added, "staged", None),
    ];
    assert_eq!(changed_files(&tree.env(), &tree.path(), Deadline::never()).unwrap(), in_tree);
    let mut since = in_tree.to_vec();
    since.insert(1, change(ChangeKind::Added, "committed", None));
    assert_eq!(changed_since(&tree.env(), &tree.path(), &first, Deadline::never()).unwrap(), since);
    assert_eq!(changed_since(&tree.env(), &tree.path(), "HEAD", Deadline::never()).unwrap(), in_tree);
}

#[test]
fn conflicts_are_told() {
    let tree = WorkTree::git();
    tree.write("f", "base");
    tree.commit("", "base");
    tree.run("", &["switch", "-q", "-c", "side"]);
    tree.write("f", "side");
    tree.commit("", "side");
    tree.run("", &["switch", "-q", "main"]);
    tree.write("f", "main");
    tree.commit("", "main");
    let mut merge = std::process::Command::new("git");
    merge.args(["-c", "user.name=a", "-c", "user.email=b", "merge", "-q", "side"]);
    assert!(!merge.current_dir(tree.path()).env("HOME", tree.home()).output().unwrap().status.success());
    let changes = changed_files(&tree.env(), &tree.path(), Deadline::never()).unwrap();
    assert_eq!(changes, [change(ChangeKind::Unmerged, "f", None)]);
}

#[test]
fn revisions_that_are_none_are_refused() {
    let tree = WorkTree::git();
    tree.commit("", "one");
    for bad in ["", "-p", "--output=evil", "nosuch", "HEAD\nHEAD", "HEAD..HEAD"] {
        let error = changed_since(&tree.env(), &tree.path(), bad, Deadline::never()).unwrap_err();
        assert!(matches!(error, GitError::BadRevision { .. }), "{bad:?}: {error}");
    }
    assert!(!tree.path().join("evil").exists());
}

#[test]
fn tracked_ignored_names_what_was_added_by_force() {
    let tree = WorkTree::git();
    tree.write("out/b\n", "");
    tree.write("out/a", "");
    tree.write("in", "");
    tree.run("", &["add", "-A"]);
    tree.write(".gitignore", "out\n");
    tree.write("out/c", "");
    let found = tracked_ignored(&tree.env(), &tree.path(), Deadline::never()).unwrap();
    assert_eq!(found, [b"out/a".to_vec(), b"out/b\n".to_vec()]);
    let plain = WorkTree::plain();
    let error = tracked_ignored(&plain.env(), &plain.path(), Deadline::never()).unwrap_err();
    assert!(matches!(error, GitError::NotARepository { .. }), "{error}");
}

// ---- the process

#[test]
fn nothing_that_a_repository_configures_is_run() {
    let tree = WorkTree::git();
    tree.write("f", "one");
    tree.write(".gitattributes", "* diff=evil\n");
    let first = tree.commit("", "one");
    let script = tree.write("../home/evil", "#!/bin/sh\ntouch \"$HOME/ran\"\necho; cat \"$1\" 2>/dev/null\n");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let script = script.to_str().unwrap();
    for key in [
        "core.fsmonitor",
        "core.pager",
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "gpg.program",
    ] {
        tree.run("", &["config", key, script]);
    }
    tree.run("", &["config", "log.showSignature", "true"]);
    tree.run("", &["config", "core.hooksPath", tree.home().to_str().unwrap()]);
    tree.write("f", "two");
    changed_files(&tree.env(), &tree.path(), Deadline::never()).unwrap();
    changed_since(&tree.env(), &tree.path(), &first, Deadline::never()).unwrap();
    tracked_ignored(&tree.env(), &tree.path(), Deadline::never()).unwrap();
    assert_eq!(read(&tree, None, 9).0.len(), 1);
    assert!(!tree.home().join("ran").exists());
}

#[test]
fn asking_writes_nothing_into_the_repository() {
    let tree = WorkTree::git();
    let file = tree.write("f", "one");
    tree.commit("", "one");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(60);
    std::fs::File::options().write(true).open(file).unwrap().set_modified(later).unwrap();
    let index = tree.path().join(".git/index");
    let before = std::fs::read(&index).unwrap();
    assert_eq!(changed_files(&tree.env(), &tree.path(), Deadline::never()).unwrap(), []);
    assert_eq!(std::fs::read(&index).unwrap(), before);
}

/// An environment whose only program `git` is the given shell script.
fn with_fake_git(tree: &WorkTree, script: &str) -> Env {
    let program = tree.write("../home/bin/git", format!("#!/bin/sh\n{script}\n"));
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    Env::of(&tree.path(), [("PATH", program.parent().unwrap().as_os_str())])
}

#[test]
fn a_git_that_hangs_is_killed_with_its_children() {
    let tree = WorkTree::plain();
    let pid = tree.home().join("pid");
    let env = with_fake_git(&tree, &format!("/bin/sleep 600 & echo $! > '{}'; wait", pid.display()));
    let error = tracked_ignored(&env, &tree.path(), Deadline::after_ms(500)).unwrap_err();
    assert!(matches!(error, GitError::TimedOut { .. }), "{error}");
    let pid =
        std::fs::read_to_string(pid).unwrap().trim().parse().ok().and_then(rustix::process::Pid::from_raw);
    let gone = || {
        // A killed orphan stays as a zombie where no init reaps it.
        let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.unwrap().as_raw_nonzero()));
        rustix::process::test_kill_process(pid.unwrap()).is_err()
            || state.is_ok_and(|text| text.contains(") Z "))
    };
    while !gone() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}

#[test]
fn a_git_that_closes_its_output_and_stays_is_killed() {
    let tree = WorkTree::plain();
    let env = with_fake_git(&tree, "exec >&- 2>&-; exec /bin/sleep 600");
    let error = tracked_ignored(&env, &tree.path(), Deadline::after_ms(300)).unwrap_err();
    assert!(matches!(error, GitError::TimedOut { .. }), "{error}");
}

#[test]
fn endless_output_and_a_full_stderr_end_without_harm() {
    let tree = WorkTree::plain();
    let env = with_fake_git(&tree, "exec /usr/bin/yes");
    let error = tracked_ignored(&env, &tree.path(), Deadline::never()).unwrap_err();
    assert!(matches!(error, GitError::TooMuch { .. }), "{error}");
    let env = with_fake_git(&tree, "/usr/bin/yes oops | /usr/bin/head -c 1000000 >&2; exit 3");
    let error = tracked_ignored(&env, &tree.path(), Deadline::never()).unwrap_err();
    assert!(error.to_string().contains("failed: oops oops oops") && error.to_string().len() < 300, "{error}");
}

#[test]
fn a_missing_git_is_an_error_that_says_so() {
    let tree = WorkTree::plain();
    let env = Env::of(&tree.path(), [("PATH", "/nowhere")]);
    let error = tracked_ignored(&env, &tree.path(), Deadline::never()).unwrap_err();
    assert!(matches!(error, GitError::Start { .. }), "{error}");
}
