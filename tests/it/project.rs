//! Roots, scans, re-listings and probes of real folders and repositories.

use crate::work_tree::{WorkTree, at, file_names, files, options};
use proptest::prelude::*;
use rtk::base::{Deadline, Env};
use rtk::project::{
    DirListing, Known, KnownDir, KnownFile, Probe, ProbeOutcome, Root, RootKind, ScanOptions, ScanOutcome,
    control_changed, control_stat, find_root, list_dir, probe, scan,
};
use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::Ordering;

// ---- root

#[test]
fn the_nearest_work_tree_is_the_root() {
    let tree = WorkTree::git();
    tree.write("a/Cargo.toml", "");
    tree.write("a/b/x", "");
    let root = tree.root_at("a/b").unwrap();
    let git_dir = tree.path().join(".git");
    assert_eq!(root.path, tree.path());
    assert_eq!(root.kind, RootKind::Git { git_dir: git_dir.clone(), common_dir: git_dir });
}

#[test]
fn linked_work_trees_and_submodules_have_git_folders_of_their_own() {
    let tree = WorkTree::plain();
    tree.write("lib/l", "");
    tree.run("lib", &["init", "-q", "-b", "main"]);
    tree.commit("lib", "l");
    tree.write("app/a", "");
    tree.run("app", &["init", "-q", "-b", "main"]);
    tree.run("app", &["submodule", "--quiet", "add", "../lib", "sub"]);
    tree.commit("app", "a");
    tree.run("app", &["worktree", "add", "-q", "../linked"]);
    let git = tree.path().join("app/.git");
    let linked = tree.root_at("linked").unwrap();
    assert_eq!(linked.path, tree.path().join("linked"));
    assert_eq!(linked.kind, RootKind::Git { git_dir: git.join("worktrees/linked"), common_dir: git.clone() });
    let sub = tree.root_at("app/sub").unwrap();
    let modules = git.join("modules/sub");
    assert_eq!(sub.path, tree.path().join("app/sub"));
    assert_eq!(sub.kind, RootKind::Git { git_dir: modules.clone(), common_dir: modules });
}

#[test]
fn without_git_a_manifest_makes_the_root_and_else_the_folder_itself() {
    let tree = WorkTree::plain();
    tree.write("p/package.json", "{}");
    tree.write("p/src/deep/x", "");
    tree.write("q/App.sln", "");
    tree.write("q/src/x", "");
    tree.write("loose/x", "");
    let kinds = |folder: &str| tree.root_at(folder).map(|root| (root.path, root.kind)).unwrap();
    assert_eq!(kinds("p/src/deep"), (tree.path().join("p"), RootKind::Manifest));
    assert_eq!(kinds("q/src"), (tree.path().join("q"), RootKind::Manifest));
    assert_eq!(kinds("loose"), (tree.path().join("loose"), RootKind::Plain));
}

#[test]
fn no_project_at_the_top_at_home_or_above_it() {
    let tree = WorkTree::plain();
    let home = tree.home();
    let env = tree.env();
    std::fs::write(home.join("package.json"), "{}").unwrap();
    std::fs::create_dir_all(home.join("loose")).unwrap();
    for folder in [Path::new("/"), &home, home.parent().unwrap()] {
        assert_eq!(find_root(folder, &env).unwrap(), None, "{folder:?}");
    }
    let loose = find_root(&home.join("loose"), &env).unwrap().unwrap();
    assert_eq!((loose.path, loose.kind), (home.join("loose"), RootKind::Plain));
}

#[test]
fn a_home_folder_that_is_a_repository_is_no_project_but_projects_inside_are() {
    let tree = WorkTree::plain();
    let home = tree.home();
    tree.run("../home", &["init", "-q"]);
    std::fs::create_dir_all(home.join("loose")).unwrap();
    std::fs::create_dir_all(home.join("crate/src")).unwrap();
    std::fs::write(home.join("crate/Cargo.toml"), "").unwrap();
    std::fs::create_dir_all(home.join("repo/src")).unwrap();
    tree.run("../home/repo", &["init", "-q"]);
    let root = |folder: &str| find_root(&home.join(folder), &tree.env()).unwrap().map(|root| root.path);
    assert_eq!(root(""), None);
    assert_eq!(root("loose"), None);
    assert_eq!(root("crate/src"), Some(home.join("crate")));
    assert_eq!(root("repo/src"), Some(home.join("repo")));
}

#[test]
fn bare_repositories_and_the_inside_of_git_folders_are_no_projects() {
    let tree = WorkTree::git();
    tree.write("x", "");
    tree.commit("", "x");
    tree.run("", &["worktree", "add", "-q", "linked"]);
    tree.run("..", &["clone", "-q", "--bare", "work", "bare.git"]);
    tree.run("..", &["clone", "-q", "--bare", "work", "home/p/.bare"]);
    std::fs::write(tree.home().join("p/.git"), "gitdir: ./.bare\n").unwrap();
    for folder in
        [".git", ".git/hooks", ".git/worktrees/linked", "../bare.git", "../bare.git/refs", "../home/p"]
    {
        assert_eq!(tree.root_at(folder), None, "{folder}");
    }
    tree.run("../home/p", &["worktree", "add", "-q", "tree", "main"]);
    let linked = tree.root_at("../home/p/tree").unwrap();
    assert_eq!(linked.path, tree.home().join("p/tree"));
}

#[test]
fn rtks_own_folders_are_no_project_and_missing_ones_are_an_error() {
    let tree = WorkTree::git();
    let own = tree.path().join("own");
    std::fs::create_dir_all(own.join("data/x")).unwrap();
    let env = Env::of(&tree.path(), [("RTK_HOME", own.as_os_str())]);
    assert_eq!(find_root(&own.join("data/x"), &env).unwrap(), None);
    let error = find_root(&own.join("gone"), &env).unwrap_err();
    assert!(error.to_string().contains("own/gone"), "{error}");
}

#[test]
fn damaged_git_entries_are_passed_over() {
    let tree = WorkTree::plain();
    tree.write("p/Makefile", "");
    tree.write("p/a/.git", "gitdir: /does/not/exist\n");
    tree.write("p/b/.git", "\0\0rubbish");
    std::fs::create_dir_all(tree.path().join("p/c/.git")).unwrap();
    for folder in ["p/a", "p/b", "p/c"] {
        assert_eq!(tree.root_at(folder).unwrap().path, tree.path().join("p"), "{folder}");
    }
}

// ---- scan

#[test]
fn ignore_rules_hold_as_in_git() {
    let tree = WorkTree::git();
    tree.write(".gitignore", "*.log\n!keep.log\n/out/\nbuild/\n");
    tree.write("sub/.gitignore", "!*.log\nsecret.*\n");
    for file in
        ["a.log", "keep.log", "out/x", "sub/out/x", "sub/a.log", "sub/secret.txt", "build/x", "dist/x"]
    {
        tree.write(file, "");
    }
    tree.write("target/debug/x", "");
    tree.write(".hidden", "");
    tree.write(".folder/x", "");
    tree.write(".git/info/exclude", "excluded\n");
    tree.write("excluded", "");
    std::fs::create_dir_all(tree.home().join(".config/git")).unwrap();
    std::fs::write(tree.home().join(".config/git/ignore"), "*.swp\n").unwrap();
    tree.write("a.swp", "");
    tree.write("src/.rtkignore", "big.*\n!a.swp\n");
    tree.write("src/big.txt", "");
    tree.write("src/a.swp", "");
    tree.write("src/b.rs", "");
    let expected =
        ["dist/x", "keep.log", "src/a.swp", "src/b.rs", "sub/a.log", "sub/out/x", "target/debug/x"];
    assert_eq!(file_names(&tree.scan()), expected);
}

#[test]
fn the_excludes_file_of_the_configuration_counts() {
    let tree = WorkTree::git();
    std::fs::write(tree.home().join(".gitconfig"), "[include]\npath = more\n").unwrap();
    std::fs::write(tree.home().join("more"), "[core]\n\texcludesFile = ~/mine\n").unwrap();
    std::fs::write(tree.home().join("mine"), "x.*\n").unwrap();
    tree.write("x.rs", "");
    tree.write("y.rs", "");
    let outcome = tree.scan();
    assert_eq!(file_names(&outcome), ["y.rs"]);
    let mine = tree.home().join("mine");
    let entry = outcome.control.iter().find(|(path, _)| *path == mine).expect("consulted");
    assert_eq!(entry.1, control_stat(&mine));
}

#[test]
fn ignored_files_that_git_tracks_are_in_unless_rtkignore_says_no() {
    let tree = WorkTree::git();
    tree.write("gen/deep/tracked.rs", "");
    tree.write("gen/deep/not.rs", "");
    tree.write("gen/own.rs", "");
    tree.write("a.log", "");
    tree.run("", &["add", "gen/deep/tracked.rs", "gen/own.rs", "a.log"]);
    tree.write(".gitignore", "gen/\n*.log\n");
    tree.write(".rtkignore", "own.rs\n");
    assert_eq!(file_names(&tree.scan()), ["a.log", "gen/deep/tracked.rs"]);
    let root = tree.root();
    let without = scan(&root, &tree.env(), &[], &options(), Deadline::never()).unwrap();
    assert_eq!(file_names(&without), [""; 0]);
}

#[test]
fn submodules_are_in_with_their_own_rules_and_foreign_repositories_are_out() {
    let tree = WorkTree::plain();
    tree.write("lib/l.rs", "");
    tree.write("lib/inner.skip", "");
    tree.write("lib/outer.skip", "");
    tree.write("lib/.gitignore", "*.tmp\n");
    tree.run("lib", &["init", "-q", "-b", "main"]);
    tree.commit("lib", "l");
    tree.write("app/.gitignore", "*.skip\n");
    tree.write("app/a.rs", "");
    tree.run("app", &["init", "-q", "-b", "main"]);
    tree.run("app", &["submodule", "--quiet", "add", "../lib", "libs/sub"]);
    tree.commit("app", "a");
    tree.run("app", &["worktree", "add", "-q", "linked"]);
    tree.write("app/foreign/x.rs", "");
    tree.run("app/foreign", &["init", "-q"]);
    tree.write("app/libs/sub/x.tmp", "");
    tree.write("app/libs/sub/y.local", "");
    tree.write("app/.git/modules/libs/sub/info/exclude", "*.local\n");
    let root = tree.root_at("app").unwrap();
    let outcome = scan(&root, &tree.env(), &[], &options(), Deadline::never()).unwrap();
    assert_eq!(file_names(&outcome), ["a.rs", "libs/sub/inner.skip", "libs/sub/l.rs", "libs/sub/outer.skip"]);
    assert_lists_agree(&root, &tree.env(), &[], &outcome);
    assert_eq!(list_dir(&root, &tree.env(), &[], b"foreign", &mut Vec::new()).unwrap(), None);
    assert_eq!(list_dir(&root, &tree.env(), &[], b"linked", &mut Vec::new()).unwrap(), None);
}

#[test]
fn an_empty_git_folder_does_not_make_a_foreign_repository() {
    let tree = WorkTree::git();
    tree.write("odd/x", "");
    std::fs::create_dir(tree.path().join("odd/.git")).unwrap();
    assert_eq!(file_names(&tree.scan()), ["odd/x"]);
}

#[test]
fn links_and_special_files_are_left_out() {
    let tree = WorkTree::git();
    tree.write("d/x", "");
    symlink("d/x", tree.path().join("to_file")).unwrap();
    symlink(tree.path(), tree.path().join("d/up")).unwrap();
    symlink("loop", tree.path().join("loop")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(tree.path().join("fifo")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(tree.path().join("sock")).unwrap();
    let outcome = tree.scan();
    assert_eq!(file_names(&outcome), ["d/x"]);
    assert_eq!(list_dir(&tree.root(), &tree.env(), &[], b"d/up", &mut Vec::new()).unwrap(), None);
}

#[test]
fn names_that_are_no_text_survive() {
    let tree = WorkTree::git();
    let names: [&[u8]; 4] = [b"new\nline", b"\xff\xfe.rs", b"\"quo te\"", "\u{1f980}.rs".as_bytes()];
    for name in names {
        tree.write([b"d\xe4/", name].concat(), "");
    }
    let mut expected: Vec<Vec<u8>> = names.iter().map(|name| [b"d\xe4/", *name].concat()).collect();
    expected.sort();
    assert_eq!(files(&tree.scan()), expected);
    tree.write(".gitignore", b"\xff*\n");
    expected.retain(|path| path[3] != 0xff);
    assert_eq!(files(&tree.scan()), expected);
}

#[test]
fn rtks_own_folders_are_never_scanned() {
    let tree = WorkTree::git();
    tree.write("own/data/memory.db", "");
    tree.write("x", "");
    let env = Env::of(&tree.path(), [("RTK_HOME", tree.path().join("own").as_os_str())]);
    let outcome = scan(&tree.root(), &env, &[], &options(), Deadline::never()).unwrap();
    assert_eq!(file_names(&outcome), ["x"]);
}

#[test]
fn a_cap_and_a_passed_deadline_cut_the_scan_from_below_and_say_so() {
    let tree = WorkTree::git();
    for at in 0..10 {
        tree.write(format!("{at}"), "");
        tree.write(format!("d/{at}"), "");
        tree.write(format!("d/e/{at}"), "");
    }
    let root = tree.root();
    let capped = |files_max| {
        let options = ScanOptions { files_max, threads: 2 };
        scan(&root, &tree.env(), &[], &options, Deadline::never()).unwrap()
    };
    let outcome = capped(15);
    assert!(outcome.truncated);
    assert_eq!(files(&outcome), files(&capped(15)));
    assert_eq!(files(&outcome).len(), 15);
    assert!(files(&outcome).iter().all(|path| !path.starts_with(b"d/e")));
    assert!(!capped(30).truncated && files(&capped(30)).len() == 30);
    let late = scan(&root, &tree.env(), &[], &options(), Deadline::after_ms(0)).unwrap();
    assert!(late.truncated && late.dirs.is_empty());
}

#[test]
fn control_names_what_decides_and_what_would() {
    let tree = WorkTree::git();
    tree.write("a/.gitignore", "x\n");
    tree.write("a/.rtkignore", "y\n");
    let control = tree.scan().control;
    let stat = |path: &Path| control.iter().find(|(known, _)| known == path).map(|(_, stat)| *stat);
    let work = tree.path();
    for present in ["a/.gitignore", "a/.rtkignore", ".git/info/exclude", ".git/config"] {
        assert_eq!(stat(&work.join(present)), Some(control_stat(&work.join(present))), "{present}");
        assert!(stat(&work.join(present)).flatten().is_some(), "{present}");
    }
    for absent in [work.join(".gitmodules"), work.join(".rtk.toml"), tree.home().join(".config/git/ignore")] {
        assert_eq!(stat(&absent), Some(None), "{absent:?}");
    }
}

#[test]
fn new_edited_and_removed_rules_are_noticed_without_a_scan() {
    let tree = WorkTree::git();
    tree.write("a/.gitignore", "x\n");
    tree.write("foreign/f", "");
    tree.run("foreign", &["init", "-q"]);
    let control = tree.scan().control;
    assert!(!control_changed(&control));
    // An ignore file that appears changes its folder and is not in the control list.
    tree.write("b/.rtkignore", "y\n");
    let listed = list_dir(&tree.root(), &tree.env(), &[], b"b", &mut Vec::new()).unwrap().unwrap();
    assert_eq!(listed.rule_files, [b".rtkignore"]);
    assert!(!control.iter().any(|(path, _)| *path == tree.path().join("b/.rtkignore")));
    // Commits and look-ups in a foreign repository are none of our business, its end is.
    tree.commit("foreign", "one");
    assert!(!control_changed(&control));
    type Edit = fn(&WorkTree);
    let changes: [(&str, Edit); 5] = [
        ("edited", |tree| _ = tree.write("a/.gitignore", "y\n")),
        ("removed", |tree| std::fs::remove_file(tree.path().join("a/.gitignore")).unwrap()),
        ("global", |tree| _ = tree.write("../home/.config/git/ignore", "z\n")),
        ("settings", |tree| _ = tree.write(".rtk.toml", "")),
        ("no longer foreign", |tree| std::fs::remove_dir_all(tree.path().join("foreign/.git")).unwrap()),
    ];
    for (name, change) in changes {
        let control = tree.scan().control;
        change(&tree);
        assert!(control_changed(&control), "{name}");
    }
    assert_eq!(file_names(&tree.scan()), ["foreign/f"]);
}

#[test]
fn a_gone_or_newly_ignored_folder_is_not_listed_any_more() {
    let tree = WorkTree::git();
    tree.write("a/b/x", "");
    let root = tree.root();
    let list = |folder: &[u8]| list_dir(&root, &tree.env(), &[], folder, &mut Vec::new()).unwrap();
    assert!(list(b"a/b").is_some());
    assert_eq!(list(b"a/c"), None);
    assert_eq!(list(b"a/b/x"), None);
    for odd in [&b"/"[..], b"..", b"a/..", b"a//b", b".git", b"a/./b"] {
        assert_eq!(list(odd), None, "{odd:?}");
    }
    tree.write("a/.gitignore", "/b\n");
    assert_eq!(list(b"a/b"), None);
    assert_eq!(list(b"a").unwrap().subdirs, [b""; 0]);
}

fn assert_lists_agree(root: &Root, env: &Env, tracked: &[Vec<u8>], outcome: &ScanOutcome) {
    for dir in &outcome.dirs {
        let listed = list_dir(root, env, tracked, &dir.path, &mut Vec::new()).unwrap();
        assert_eq!(listed.as_ref(), Some(dir), "{:?}", String::from_utf8_lossy(&dir.path));
        for name in &dir.subdirs {
            let path = if dir.path.is_empty() { name.clone() } else { [&dir.path[..], b"/", name].concat() };
            assert!(outcome.dirs.iter().any(|other| other.path == path));
        }
    }
}

// ---- scan against git on random trees

const FOLDERS: &[&[u8]] =
    &[b"", b"a", b"b", b"a/b", b"a/b/c", b"b/a", b"foo", b"foo/a/b", b"x y", b"\xffz", b"a/foo/d"];
const NAMES: &[&[u8]] = &[
    b"a",
    b"b.rs",
    b"foo",
    b"c.log",
    b"keep.log",
    b"A.LOG",
    b"#x",
    b"!y",
    b"sp ",
    b"new\nline",
    b"\xff.rs",
    b"{a,b}",
    b"[x]",
    b"a1",
    b"a12",
    b"back\\slash",
    b"z.tar.gz",
];
const PATTERNS: &[&[u8]] = &[
    b"*.log",
    b"!keep.log",
    b"/a",
    b"a/",
    b"foo",
    b"/foo/",
    b"!foo/",
    b"b/c",
    b"a/*",
    b"!a/b",
    b"**/b",
    b"a/**",
    b"**/c/**",
    b"a/**/c",
    b"*",
    b"!*/",
    b"!*.rs",
    b"[ab]*",
    b"[!a-z]*",
    b"a[0-9]",
    b"a[[:digit:]][[:digit:]]",
    b"?",
    b"\\#x",
    b"\\!y",
    b"sp\\ ",
    b"sp ",
    b"# no",
    b"",
    b"{a,b}",
    b"\\[x\\]",
    b"[[]x]",
    b"\xff*",
    b"back\\\\slash",
    b"*.tar.*",
    b"/*/b",
    b"x y",
    b"a**",
    b"**",
    b"/**/foo",
    b"foo/a/b",
    b"[",
    b"new?line",
    b"b.rs/",
    b"!/b/",
    b"***.log",
    b"*o*o",
];

/// Where a random step puts something: kind, folder, name or pattern, more of them.
type Step = (u8, usize, Vec<usize>);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0..12u8, 0..FOLDERS.len(), prop::collection::vec(0..1000usize, 1..5)), 1..40)
}

fn build(tree: &WorkTree, steps: &[Step]) {
    for (kind, folder, picks) in steps {
        let folder = FOLDERS[*folder];
        let inside =
            |name: &[u8]| if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() };
        let lines: Vec<u8> =
            picks.iter().flat_map(|pick| [PATTERNS[pick % PATTERNS.len()], b"\n"].concat()).collect();
        match kind {
            0 | 1 => _ = try_write(tree, &inside(b".gitignore"), &lines),
            2 => _ = try_write(tree, b".git/info/exclude", &lines),
            3 => _ = try_write(tree, b"../home/.config/git/ignore", &lines),
            4 => {
                let name = inside(NAMES[picks[0] % NAMES.len()]);
                if try_write(tree, &name, b"tracked") {
                    use std::os::unix::ffi::OsStrExt as _;
                    let name = std::ffi::OsStr::from_bytes(&name);
                    tree.run(
                        "",
                        &["--literal-pathspecs".as_ref(), "add".as_ref(), "-f".as_ref(), "--".as_ref(), name],
                    );
                }
            }
            _ => picks.iter().for_each(|pick| _ = try_write(tree, &inside(NAMES[pick % NAMES.len()]), b"")),
        }
    }
}

/// Fails where a file and a folder want the same name; that is part of the game.
fn try_write(tree: &WorkTree, path: &[u8], content: &[u8]) -> bool {
    let file = at(&tree.path(), path);
    std::fs::create_dir_all(file.parent().unwrap()).is_ok() && std::fs::write(&file, content).is_ok()
}

fn listed_by_git(tree: &WorkTree) -> BTreeSet<Vec<u8>> {
    let output = tree.run("", &["ls-files", "-z", "-c", "-o", "--exclude-standard"]);
    let visible = |path: &&[u8]| {
        !path.is_empty() && !path.split(|byte| *byte == b'/').any(|part| part.starts_with(b"."))
    };
    let paths = output.split(|byte| *byte == 0).filter(visible).map(<[u8]>::to_vec);
    paths.filter(|path| at(&tree.path(), path).is_file()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_scan_finds_what_git_lists_and_listings_agree_with_it(steps in steps()) {
        let tree = WorkTree::git();
        build(&tree, &steps);
        let outcome = tree.scan();
        let found: BTreeSet<Vec<u8>> = files(&outcome).into_iter().collect();
        let expected = listed_by_git(&tree);
        let show = |set: BTreeSet<&Vec<u8>>| {
            set.into_iter().map(|path| String::from_utf8_lossy(path).into_owned()).collect::<Vec<_>>()
        };
        let missing = show(expected.difference(&found).collect());
        let surplus = show(found.difference(&expected).collect());
        prop_assert!(missing.is_empty() && surplus.is_empty(), "missing {missing:?}, surplus {surplus:?}");
        let root = tree.root();
        assert_lists_agree(&root, &tree.env(), &tree.tracked_ignored(&root), &outcome);
    }
}

// ---- probe

/// The expected numbers, taken from a scan.
struct FromScan {
    dirs: Vec<DirListing>,
}

impl FromScan {
    fn new(outcome: &ScanOutcome) -> FromScan {
        FromScan { dirs: outcome.dirs.clone() }
    }

    fn dir_named(&self, path: &str) -> usize {
        self.dirs.iter().position(|dir| dir.path == path.as_bytes()).unwrap()
    }

    fn file_named(&self, name: &str) -> (usize, usize) {
        let in_dir = |dir: &DirListing| dir.files.iter().position(|(known, _)| known == name.as_bytes());
        let mut found = self.dirs.iter().zip(0..).filter_map(|(dir, at)| Some((at, in_dir(dir)?)));
        found.next().unwrap()
    }
}

impl Known for FromScan {
    fn dir_count(&self) -> usize {
        self.dirs.len()
    }

    fn dir(&self, index: usize) -> KnownDir<'_> {
        let dir = &self.dirs[index];
        KnownDir { path: &dir.path, stat: dir.stat(), files: dir.files.len() }
    }

    fn file(&self, dir: usize, file: usize) -> KnownFile<'_> {
        let (name, stat) = &self.dirs[dir].files[file];
        KnownFile { name, stat: *stat }
    }
}

fn sorted<T: Ord, const N: usize>(list: [T; N]) -> Vec<T> {
    let mut list = Vec::from(list);
    list.sort_unstable();
    list
}

fn wide_tree() -> WorkTree {
    let tree = WorkTree::git();
    for at in 0..100 {
        tree.write(format!("d{at}/f{at}"), "1");
    }
    tree
}

#[test]
fn an_untouched_tree_probes_as_unchanged_with_any_number_of_threads() {
    let tree = wide_tree();
    let known = FromScan::new(&tree.scan());
    for threads in [0, 1, 2, 7] {
        assert!(probe(&tree.root(), &known, threads).unwrap().unchanged());
    }
}

#[test]
fn every_kind_of_change_is_told() {
    let tree = wide_tree();
    let known = FromScan::new(&tree.scan());
    let work = tree.path();
    tree.write("d1/f1", "22");
    std::fs::remove_file(work.join("d2/f2")).unwrap();
    tree.write("d3/new", "");
    std::fs::remove_dir_all(work.join("d4")).unwrap();
    std::fs::remove_dir_all(work.join("d5")).unwrap();
    symlink("d6", work.join("d5")).unwrap();
    // Same size and time, another file.
    let old = std::fs::metadata(work.join("d7/f7")).unwrap().modified().unwrap();
    std::fs::write(work.join("replacement"), "2").unwrap();
    std::fs::rename(work.join("replacement"), work.join("d7/f7")).unwrap();
    std::fs::File::options().write(true).open(work.join("d7/f7")).unwrap().set_modified(old).unwrap();
    // The same file with the same size and time, other content.
    let old = std::fs::metadata(work.join("d10/f10")).unwrap().modified().unwrap();
    tree.write("d10/f10", "2");
    std::fs::File::options().write(true).open(work.join("d10/f10")).unwrap().set_modified(old).unwrap();
    std::fs::remove_file(work.join("d8/f8")).unwrap();
    symlink("../d9/f9", work.join("d8/f8")).unwrap();
    let dirs = ["", "d2", "d3", "d7", "d8"].map(|path| known.dir_named(path));
    let expected = ProbeOutcome {
        changed_dirs: sorted(dirs),
        vanished_dirs: sorted(["d4", "d5"].map(|path| known.dir_named(path))),
        changed_files: sorted(["f1", "f7", "f10"].map(|name| known.file_named(name))),
        vanished_files: sorted(["f2", "f8"].map(|name| known.file_named(name))),
    };
    for threads in [1, 2] {
        assert_eq!(probe(&tree.root(), &known, threads).unwrap(), expected);
    }
    let shared = Probe::new(&tree.root(), &known).unwrap();
    let found = std::thread::scope(|scope| {
        let other = scope.spawn(|| shared.work());
        shared.sum([Some(shared.work()), other.join().ok()])
    });
    assert_eq!(found, expected);
    assert!(shared.differs().load(Ordering::Relaxed));
    // What a lost thread had taken may be anything.
    let unsure = shared.sum([Some(found), None]);
    assert_eq!(unsure.changed_dirs.len(), known.dir_count());
}

#[test]
fn a_vanished_root_is_an_error_that_names_it() {
    let tree = WorkTree::git();
    tree.write("x", "");
    let (root, known) = (tree.root(), FromScan::new(&tree.scan()));
    std::fs::remove_dir_all(&root.path).unwrap();
    let error = probe(&root, &known, 2).unwrap_err();
    assert!(error.to_string().contains(&root.path.display().to_string()), "{error}");
}
