//! After any random sequence of file events the answer equals that of an index built from scratch.
//!
//! `RTK_ORACLE_SECONDS` lengthens the run, `RTK_ORACLE_SEED` repeats one sequence.

use crate::daemon::Daemon;
use crate::sandbox::Sandbox;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, utimensat};
use serde_json::Value;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long the suite spends on random sequences.
const SECONDS: u64 = 15;
/// Events of one sequence.
const EVENTS: usize = 40;
const WORDS: &[&str] =
    &["anchor", "barrel", "canyon", "dragon", "engine", "fabric", "garden", "hammer", "island", "jacket"];
/// Never part of an answer: it stands in secret files only.
const CANARY: &str = "k4naryS3cretValue";

/// A small generator, so that a seed tells the whole sequence.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        if of.is_empty() { None } else { Some(&of[self.below(of.len())]) }
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len())]
    }
}

/// One project that is being changed, and what was done to it.
struct World {
    sandbox: Sandbox,
    random: Random,
    told: Vec<String>,
    fresh: usize,
    /// The commit whose history the kept index has read.
    read_up_to: String,
    /// Asked instead of the command, if there.
    daemon: Option<Daemon>,
}

impl World {
    fn new(seed: u64) -> World {
        let mut world = World {
            sandbox: Sandbox::new().with("RTK_MEMORY_FILE_BYTES_MAX", "4000"),
            random: Random(seed),
            told: vec![format!("seed {seed}")],
            fresh: 0,
            read_up_to: String::new(),
            daemon: None,
        };
        world.sandbox.git(&["init", "-q", "-b", "main"]);
        // Every fifth project is large enough for segments.
        let files = if seed.is_multiple_of(5) { 230 } else { 12 };
        for _ in 0..files {
            let path = world.new_path();
            let text = world.text(&path);
            world.put(&path, &text);
        }
        world.sandbox.git(&["add", "-A"]);
        world.sandbox.git(&["commit", "-q", "--allow-empty", "-m", "start"]);
        world
    }

    fn root(&self) -> PathBuf {
        self.sandbox.project()
    }

    /// All files and folders but git's, sorted, so that a seed picks the same ones on every run.
    fn entries(&self, folders: bool) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![self.root()];
        while let Some(folder) = open.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else { continue };
            for entry in entries.flatten() {
                let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
                if entry.file_name() == ".git" {
                    continue;
                }
                if is_folder {
                    open.push(entry.path());
                }
                if is_folder == folders {
                    found.push(entry.path());
                }
            }
        }
        found.sort();
        found
    }

    fn file(&mut self) -> Option<PathBuf> {
        let files = self.entries(false);
        self.random.pick(&files).cloned()
    }

    fn folder(&mut self) -> Option<PathBuf> {
        let folders = self.entries(true);
        self.random.pick(&folders).cloned()
    }

    fn new_path(&mut self) -> PathBuf {
        let mut path = self.root();
        let folders = self.entries(true);
        if self.random.below(3) > 0
            && let Some(folder) = self.random.pick(&folders)
        {
            path = folder.clone();
        }
        for _ in 0..self.random.below(3) {
            path.push(self.random.word());
        }
        let ending = ["rs", "py", "md", "txt", "go", "json"][self.random.below(6)];
        let number = self.random.below(40);
        let mut name = format!("{}_{}{number}.{ending}", self.random.word(), self.random.word()).into_bytes();
        if self.random.below(15) == 0 {
            name.splice(2..2, *b"\n\"\xff ");
        }
        path.join(std::ffi::OsString::from_vec(name))
    }

    fn text(&mut self, path: &Path) -> Vec<u8> {
        let mut text = String::new();
        for _ in 0..=self.random.below(12) {
            let (one, two, three) = (self.random.word(), self.random.word(), self.random.word());
            text.push_str(&match path.extension().and_then(OsStr::to_str) {
                Some("rs") => {
                    format!("use crate::{one};\n/// Does {two}.\nfn {one}_{two}() {{ {three}(); }}\n")
                }
                Some("py") => format!("import {one}\ndef {one}_{two}():\n    return {three}()\n"),
                Some("go") => format!("func {one}{two}() {{ {three}() }}\n"),
                Some("md") => format!("# {one} {two}\n\nThe {three} is here.\n"),
                _ => format!("{one} {two} = {three}\n"),
            });
        }
        text.into_bytes()
    }

    fn put(&self, path: &Path, text: &[u8]) -> bool {
        // A parent may be a file or a link by now; then nothing happens.
        path.parent().is_some_and(|parent| std::fs::create_dir_all(parent).is_ok())
            && std::fs::write(path, text).is_ok()
    }

    fn git_may_fail(&self, args: &[&str]) {
        drop(self.sandbox.run(OsStr::new("git"), args, b""));
    }

    /// One random event.
    fn step(&mut self) {
        let kind = self.random.below(34);
        let said = match kind {
            0..=2 => self.create(),
            3..=11 => self.change_a_file(kind - 3),
            12..=17 => self.change_folders(kind - 12),
            18..=22 => self.change_rules(kind - 18),
            23..=28 => self.change_with_git(kind - 23),
            29..=31 => self.change_kind(kind - 29),
            _ => self.nested_repository(kind - 32),
        };
        self.told.push(said);
    }

    fn create(&mut self) -> String {
        let path = self.new_path();
        let text = self.text(&path);
        self.put(&path, &text);
        format!("create {path:?}")
    }

    fn change_a_file(&mut self, kind: usize) -> String {
        let Some(path) = self.file() else { return "no file".into() };
        match kind {
            0 | 1 => {
                let text = self.text(&path);
                self.put(&path, &text);
                format!("rewrite {path:?}")
            }
            2 | 3 => same_size_edit(&path, self.random.word(), kind == 3),
            4 => {
                let mut text = std::fs::read(&path).unwrap_or_default();
                text.extend(self.text(&path));
                self.put(&path, &text);
                format!("append {path:?}")
            }
            5 => {
                let length = std::fs::metadata(&path).map_or(0, |meta| meta.len());
                let length = self.random.below(length as usize + 1) as u64;
                let opened = std::fs::OpenOptions::new().write(true).open(&path);
                drop(opened.map(|file| file.set_len(length)));
                format!("truncate {path:?} to {length}")
            }
            6 => {
                let to = self.new_path();
                drop(std::fs::create_dir_all(to.parent().unwrap()));
                let done = std::fs::rename(&path, &to).is_ok();
                format!("rename {path:?} to {to:?}: {done}")
            }
            7 => {
                drop(std::fs::remove_file(&path));
                format!("delete {path:?}")
            }
            _ => {
                let mode = [0o644, 0o755, 0o600][self.random.below(3)];
                drop(std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)));
                format!("chmod {path:?}")
            }
        }
    }

    fn change_folders(&mut self, kind: usize) -> String {
        if kind == 0 {
            let path = self.new_path().with_extension("");
            drop(std::fs::create_dir_all(&path));
            return format!("mkdir {path:?}");
        }
        let Some(path) = self.folder() else { return "no folder".into() };
        match kind {
            1 => {
                drop(std::fs::remove_dir_all(&path));
                format!("rmdir {path:?}")
            }
            2 | 3 => {
                let to = self.new_path().with_extension("");
                drop(std::fs::create_dir_all(to.parent().unwrap()));
                let done = std::fs::rename(&path, &to).is_ok();
                if done && kind == 3 {
                    drop(std::os::unix::fs::symlink(&to, &path));
                }
                format!("move {path:?} to {to:?}, link left {}: {done}", kind == 3)
            }
            4 => {
                let outside = self.sandbox.tmp().join(self.random.word());
                let done = std::fs::rename(&path, &outside).is_ok();
                format!("move {path:?} out to {outside:?}: {done}")
            }
            _ => {
                let outside: Vec<PathBuf> = std::fs::read_dir(self.sandbox.tmp())
                    .unwrap()
                    .flatten()
                    .map(|entry| entry.path())
                    .filter(|path| path.is_dir())
                    .collect();
                let Some(from) = self.random.pick(&outside).cloned() else { return "none outside".into() };
                let to = path.join(from.file_name().unwrap());
                let done = std::fs::rename(&from, &to).is_ok();
                format!("move {from:?} in to {to:?}: {done}")
            }
        }
    }

    fn change_rules(&mut self, kind: usize) -> String {
        let name = [".gitignore", ".gitignore", ".rtkignore", ".gitignore", ".git/info/exclude"][kind];
        let folder = if kind % 2 == 1 { self.folder().unwrap_or_else(|| self.root()) } else { self.root() };
        let path = folder.join(name);
        if self.random.below(3) == 0 {
            drop(std::fs::remove_file(&path));
            return format!("no rules {path:?}");
        }
        let mut rules = String::new();
        for _ in 0..=self.random.below(2) {
            let word = self.random.word();
            rules.push_str(&match self.random.below(4) {
                0 => format!("{word}/\n"),
                1 => format!("!{word}*\n"),
                2 => format!("*{}\n", [".md", ".py", ".txt"][self.random.below(3)]),
                _ => format!("{word}*\n"),
            });
        }
        self.put(&path, rules.as_bytes());
        format!("rules {path:?} {rules:?}")
    }

    fn change_with_git(&mut self, kind: usize) -> String {
        match kind {
            0 => {
                self.git_may_fail(&["add", "-A"]);
                self.git_may_fail(&["commit", "-q", "-m", "more"]);
                "commit".into()
            }
            1 => {
                let branch = ["main", "one", "two"][self.random.below(3)];
                self.git_may_fail(&["checkout", "-q", "-f", "-B", branch, "HEAD~1"]);
                format!("branch {branch} from HEAD~1")
            }
            2 => {
                let branch = ["main", "one", "two"][self.random.below(3)];
                self.git_may_fail(&["checkout", "-q", "-f", branch]);
                format!("checkout {branch}")
            }
            3 => {
                self.git_may_fail(&["stash", "-q", "-u"]);
                "stash".into()
            }
            4 => {
                self.git_may_fail(&["stash", "pop", "-q"]);
                "stash pop".into()
            }
            _ => {
                let Some(path) = self.file() else { return "no file".into() };
                let shown = path.to_string_lossy().into_owned();
                let args: &[&str] = if self.random.below(2) == 0 {
                    &["add", "-f", "--", &shown]
                } else {
                    &["rm", "-q", "--cached", "--", &shown]
                };
                self.git_may_fail(args);
                format!("git {args:?}")
            }
        }
    }

    /// Text becomes binary, secret or too large, a file becomes a folder or a link, and back.
    fn change_kind(&mut self, kind: usize) -> String {
        let Some(path) = self.file() else { return "no file".into() };
        match kind {
            0 => {
                let mut text = self.text(&path);
                let what = ["binary", "secret", "large", "large and binary", "large with a mark"]
                    [self.random.below(5)];
                match what {
                    "binary" => text.extend(b"\0\x01\0\0"),
                    "secret" => {
                        let key = format!("-----BEGIN RSA PRIVATE KEY-----\n{CANARY}{CANARY}{CANARY}\n");
                        text = [key.as_bytes(), &text].concat();
                    }
                    "large" => text = text.repeat(200),
                    "large and binary" => text = [b"\0\0".as_slice(), &text.repeat(200)].concat(),
                    _ => {
                        text = [b"// Code generated by tool. DO NOT EDIT.\n".as_slice(), &text.repeat(200)]
                            .concat()
                    }
                }
                self.put(&path, &text);
                format!("{what} {path:?}")
            }
            1 => {
                drop(std::fs::remove_file(&path));
                let inner = path.join("inner_garden.rs");
                self.put(&inner, b"fn inner_garden() { dragon(); }\n");
                format!("file to folder {path:?}")
            }
            _ => {
                let Some(target) = self.file() else { return "no file".into() };
                drop(std::fs::remove_file(&path));
                drop(std::os::unix::fs::symlink(&target, &path));
                format!("file to link {path:?} -> {target:?}")
            }
        }
    }

    fn nested_repository(&mut self, kind: usize) -> String {
        let Some(path) = self.folder() else { return "no folder".into() };
        if kind == 0 {
            let shown = path.to_string_lossy().into_owned();
            self.git_may_fail(&["init", "-q", &shown]);
            return format!("git init {path:?}");
        }
        let nested: Vec<PathBuf> =
            self.entries(true).into_iter().filter(|folder| folder.join(".git").exists()).collect();
        let Some(folder) = self.random.pick(&nested).cloned() else {
            drop(std::fs::remove_dir_all(&path));
            let text = self.text(&path);
            self.put(&path, &text);
            return format!("folder to file {path:?}");
        };
        drop(std::fs::remove_dir_all(folder.join(".git")));
        format!("no repository any more {folder:?}")
    }

    fn task(&mut self) -> String {
        let words: Vec<&str> = (0..=self.random.below(4)).map(|_| self.random.word()).collect();
        format!("fix {} in {}_{}", words.join(" "), self.random.word(), self.random.word())
    }

    /// What rtk answers from the index that was there all along, and from one made just now.
    fn compare(&mut self) {
        let task = self.task();
        if self.daemon.is_some() {
            return self.compare_hooks(&task);
        }
        self.catch_up(&task);
        let kept = answer(&self.sandbox, &self.sandbox.root().join("kept"), &task);
        self.fresh += 1;
        let new = self.sandbox.root().join(format!("fresh-{}", self.fresh));
        let scratch = answer(&self.sandbox, &new, &task);
        drop(std::fs::remove_dir_all(&new));
        assert!(!kept.to_string().contains(CANARY), "a secret is in the answer: {kept:#}");
        if kept != scratch {
            let difference = similar::TextDiff::from_lines(format!("{scratch:#}"), format!("{kept:#}"))
                .unified_diff()
                .header("from scratch", "kept")
                .to_string();
            panic!("task {task:?}\n{}\n{difference}", self.told.join("\n"));
        }
        self.told.push(format!("compared {task:?}"));
    }

    /// What the hook says by the daemon, which has been there all along, and by itself with an index made just now.
    fn compare_hooks(&mut self, task: &str) {
        let kept = self.sandbox.root().join("kept");
        let head = self.sandbox.git(&["rev-parse", "HEAD"]);
        if head != self.read_up_to {
            rtk(&self.sandbox, &kept, &["memory", "refresh"]);
            self.read_up_to = head;
        }
        self.fresh += 1;
        let new = self.sandbox.root().join(format!("fresh-{}", self.fresh));
        let event = serde_json::json!({
            "hook_event_name": "PreToolUse", "tool_name": "Agent", "session_id": format!("s{}", self.fresh),
            "cwd": self.root(), "tool_use_id": "t", "tool_input": {"description": "d", "prompt": task},
        });
        let by_daemon = hook(&self.sandbox, &kept, &event, "true");
        rtk(&self.sandbox, &new, &["memory", "refresh"]);
        let alone = hook(&self.sandbox, &new, &event, "false");
        drop(std::fs::remove_dir_all(&new));
        assert!(
            by_daemon == alone,
            "task {task:?}\n{}\nalone:     {alone}\nby daemon: {by_daemon}",
            self.told.join("\n")
        );
        self.told.push(format!("asked {task:?}"));
    }

    /// Past commits are read in the background: before a comparison that must be done. What the files are like is
    /// found out by the question before it, as at any other time.
    fn catch_up(&mut self, task: &str) {
        let head = self.sandbox.git(&["rev-parse", "HEAD"]);
        if head != self.read_up_to {
            let kept = self.sandbox.root().join("kept");
            answer(&self.sandbox, &kept, task);
            rtk(&self.sandbox, &kept, &["memory", "refresh"]);
            self.read_up_to = head;
        }
    }

    fn run(&mut self) {
        for _ in 0..EVENTS {
            for _ in 0..=self.random.below(3) {
                self.step();
            }
            match self.random.below(8) {
                0..=4 => self.compare(),
                5 => {
                    let kept = self.sandbox.root().join("kept");
                    rtk(&self.sandbox, &kept, &["memory", "refresh"]);
                    self.told.push("refresh".into());
                }
                _ => {}
            }
        }
        self.compare();
        let saved = self.sandbox.root().join("kept");
        assert!(!holds(&saved, CANARY.as_bytes()), "a secret is in rtk's own files");
    }
}

/// Writes another word of the same length over a part of the file, with the time of change set back if asked.
fn same_size_edit(path: &Path, word: &str, set_back: bool) -> String {
    let Ok(meta) = std::fs::symlink_metadata(path) else { return "gone".into() };
    let Ok(mut text) = std::fs::read(path) else { return "unreadable".into() };
    if text.len() < word.len() || !meta.is_file() {
        return "too short".into();
    }
    let at = text.len() / 2 - word.len() / 2;
    text[at..at + word.len()].copy_from_slice(word.as_bytes());
    std::fs::write(path, &text).unwrap();
    if set_back {
        set_mtime(path, &meta);
    }
    format!("same size {path:?} set back {set_back}")
}

fn set_mtime(path: &Path, meta: &std::fs::Metadata) {
    let time = |seconds, nanoseconds| Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
    let times = Timestamps {
        last_access: time(meta.atime(), meta.atime_nsec()),
        last_modification: time(meta.mtime(), meta.mtime_nsec()),
    };
    utimensat(CWD, path, &times, AtFlags::empty()).unwrap();
}

/// Whether any file below `folder` holds the bytes.
fn holds(folder: &Path, wanted: &[u8]) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let path = entry.path();
        if path.is_dir() {
            return holds(&path, wanted);
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        memchr::memmem::find(&bytes, wanted).is_some() || path.as_os_str().as_bytes().is_empty()
    })
}

fn rtk(sandbox: &Sandbox, rtk_home: &Path, args: &[&str]) -> crate::sandbox::Run {
    let mut command = sandbox.command(OsStr::new(env!("CARGO_BIN_EXE_rtk")));
    command.env("RTK_HOME", rtk_home).args(args);
    let run = sandbox.finish(command, b"");
    run.success();
    run
}

/// The answer to a task without what differs between two runs of the same: timings.
fn answer(sandbox: &Sandbox, rtk_home: &Path, task: &str) -> Value {
    let mut answer = rtk(sandbox, rtk_home, &["memory", "plan", "--json", task]).json();
    let facts = answer.get_mut("facts").and_then(Value::as_object_mut).unwrap();
    assert!(facts.remove("timings_us").is_some());
    answer
}

/// What the hook writes to stdout, asking the daemon or not.
fn hook(sandbox: &Sandbox, rtk_home: &Path, event: &Value, ask: &str) -> String {
    let mut command = sandbox.command(OsStr::new(env!("CARGO_BIN_EXE_rtk")));
    // A busy machine must not turn into a missed deadline.
    command
        .env("RTK_HOME", rtk_home)
        .env("RTK_DAEMON_ASK", ask)
        .env("RTK_HOOK_DEADLINE_MS", "60000")
        .arg("hook");
    let run = sandbox.finish(command, event.to_string().as_bytes());
    run.success().stdout().to_owned()
}

/// Runs worlds for as long as is asked for, or the one whose seed is given; returns how many.
fn run_worlds(run: impl Fn(u64)) -> u64 {
    if let Some(seed) = std::env::var("RTK_ORACLE_SEED").ok().and_then(|seed| seed.parse().ok()) {
        run(seed);
        return 1;
    }
    let seconds = std::env::var("RTK_ORACLE_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let limit = Duration::from_secs(seconds.unwrap_or(SECONDS));
    let started = Instant::now();
    // The suite sees the same sequences every time, a longer run others; a failure tells its seed.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let start = seconds.map_or(1, |_| now % 1_000_000);
    let mut sequences = 0;
    while started.elapsed() < limit {
        run(start + sequences);
        sequences += 1;
    }
    sequences
}

#[test]
fn any_sequence_of_events_ends_in_the_answer_of_a_new_index() {
    assert!(run_worlds(|seed| World::new(seed).run()) > 0);
}

#[test]
#[cfg(target_os = "linux")]
fn the_daemon_answers_after_any_sequence_of_events_as_a_new_index() {
    let watched = |seed| {
        let mut world = World::new(seed);
        world.daemon = Some(Daemon::start(&world.sandbox, &world.sandbox.root().join("kept")));
        world.run();
        let daemon = world.daemon.take().unwrap();
        let status = daemon.status(&world.sandbox);
        let counts = &status["daemon"]["counts"];
        assert!(counts["watched"].as_u64() > counts["compared"].as_u64(), "hardly watched: {status:#}");
        assert_eq!(counts["refused"], 0, "{status:#}");
    };
    assert!(run_worlds(watched) > 0);
}
