//! `rtk memory serve` as hooks meet it: the same answers with and without it, and what happens when it is gone, stuck,
//! killed, another version, or has changes to follow.

use crate::sandbox::{Run, Sandbox};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// What is waited for happens within milliseconds; a machine under load may take its time.
const LOOKS_MAX: usize = 6_000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// A daemon of a test; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
    rtk_home: PathBuf,
}

impl Daemon {
    /// Starts one and waits until it answers.
    pub(crate) fn start(sandbox: &Sandbox, rtk_home: &Path) -> Daemon {
        Daemon::start_with(sandbox, rtk_home, Path::new(env!("CARGO_BIN_EXE_rtk")), &[])
    }

    fn start_with(sandbox: &Sandbox, rtk_home: &Path, program: &Path, args: &[&str]) -> Daemon {
        Daemon::start_as(sandbox, rtk_home, sandbox.command(program.as_os_str()), args)
    }

    /// Starts one by a command that runs rtk in its own process.
    pub(crate) fn start_as(
        sandbox: &Sandbox,
        rtk_home: &Path,
        mut command: Command,
        args: &[&str],
    ) -> Daemon {
        command.env("RTK_HOME", rtk_home).args(["memory", "serve", "--port", "0"]).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let daemon = Daemon { child: command.spawn().unwrap(), rtk_home: rtk_home.to_path_buf() };
        let pid = daemon.child.id();
        until("the daemon answers", || {
            let status = ask(sandbox, rtk_home, &["memory", "serve", "--status", "--json"]).json();
            status["answers"] == true && status["process"]["pid"] == pid
        });
        daemon
    }

    /// What it tells of itself.
    pub(crate) fn status(&self, sandbox: &Sandbox) -> Value {
        ask(sandbox, &self.rtk_home, &["memory", "serve", "--status", "--json"]).success().json()
    }

    pub(crate) fn count(&self, sandbox: &Sandbox, name: &str) -> u64 {
        self.status(sandbox)["daemon"]["counts"][name].as_u64().unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap(), signal).unwrap();
    }

    /// Kills it, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.wait();
    }

    fn wait(&mut self) -> Option<i32> {
        for _ in 0..LOOKS_MAX {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
        panic!("the daemon does not end");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits until something has happened.
#[track_caller]
pub(crate) fn until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..LOOKS_MAX {
        if done() {
            return;
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
    panic!("does not happen: {what}");
}

fn ask(sandbox: &Sandbox, rtk_home: &Path, args: &[&str]) -> Run {
    let mut command = sandbox.command(OsStr::new(env!("CARGO_BIN_EXE_rtk")));
    command.env("RTK_HOME", rtk_home).args(args);
    sandbox.finish(command, b"")
}

/// A project with something to find, its index built.
pub(crate) fn project() -> (Sandbox, PathBuf) {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.toml", "[package]\nname = \"shop\"\nversion = \"0.1.0\"\n");
    sandbox
        .write("src/greeting.rs", "/// Prints the greeting.\npub fn print_greeting() {\n    polite();\n}\n");
    sandbox.write("src/basket.rs", "/// Sums the basket.\npub fn sum_of_basket() -> u32 {\n    7\n}\n");
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-q", "-m", "Greet politely"]);
    let rtk_home = sandbox.root().join("rtk");
    ask(&sandbox, &rtk_home, &["memory", "refresh"]).success();
    (sandbox, rtk_home)
}

pub(crate) fn launch(sandbox: &Sandbox, session: &str, prompt: &str) -> Value {
    json!({
        "hook_event_name": "PreToolUse", "tool_name": "Agent", "session_id": session, "cwd": sandbox.project(),
        "tool_use_id": "toolu_1", "tool_input": { "description": "d", "prompt": prompt, "big": 12345678901234567890_u64 },
    })
}

/// A command that answers an event; `ask` says whether it may ask the daemon.
fn hook_command(sandbox: &Sandbox, rtk_home: &Path, ask: bool) -> Command {
    let mut command = sandbox.command(OsStr::new(env!("CARGO_BIN_EXE_rtk")));
    // A busy machine must not turn into a missed deadline.
    command.env("RTK_HOME", rtk_home).env("RTK_HOOK_DEADLINE_MS", "60000");
    command.env("RTK_DAEMON_ASK", if ask { "1" } else { "0" }).arg("hook");
    command
}

pub(crate) fn hook(sandbox: &Sandbox, rtk_home: &Path, event: &Value, ask: bool) -> String {
    let run = sandbox.finish(hook_command(sandbox, rtk_home, ask), event.to_string().as_bytes());
    assert_eq!(run.success().stderr(), "", "{}", run.explain());
    run.stdout().to_owned()
}

#[test]
fn with_and_without_the_daemon_the_answer_is_the_same_and_a_start_is_served_too() {
    let (sandbox, rtk_home) = project();
    let daemon = Daemon::start(&sandbox, &rtk_home);
    for (number, prompt) in
        ["where is print_greeting", "how is the basket summed? sum_of_basket", "\u{1F600} greeting"]
            .into_iter()
            .enumerate()
    {
        let event = |session: &str| launch(&sandbox, &format!("{session}{number}"), prompt);
        let by_daemon = hook(&sandbox, &rtk_home, &event("a"), true);
        assert_eq!(by_daemon, hook(&sandbox, &rtk_home, &event("b"), false));
        assert!(
            by_daemon.contains("updatedInput") && by_daemon.contains("12345678901234567890"),
            "{by_daemon}"
        );
    }
    let start = |session: &str| {
        json!({ "hook_event_name": "SubagentStart", "session_id": session, "cwd": sandbox.project(),
                "agent_id": "a", "agent_type": "workflow-subagent" })
    };
    let by_daemon = hook(&sandbox, &rtk_home, &start("a9"), true);
    assert!(by_daemon.contains("additionalContext"), "{by_daemon}");
    assert_eq!(by_daemon, hook(&sandbox, &rtk_home, &start("b9"), false));
    assert_eq!(daemon.count(&sandbox, "questions"), 4);
    // The settings of whoever asks hold, not those of the daemon.
    let mut command = hook_command(&sandbox, &rtk_home, true);
    command.env("RTK_HOOK_AGENTS_SKIP", "general-purpose");
    let run =
        sandbox.finish(command, launch(&sandbox, "c", "where is print_greeting").to_string().as_bytes());
    assert_eq!(run.success().stdout(), "");
    assert_eq!(daemon.count(&sandbox, "questions"), 5);
}

#[test]
fn every_change_counts_at_once_when_the_project_is_watched() {
    let (sandbox, rtk_home) = project();
    let daemon = Daemon::start(&sandbox, &rtk_home);
    let slice = |number: usize, prompt: &str| {
        hook(&sandbox, &rtk_home, &launch(&sandbox, &format!("s{number}"), prompt), true)
    };
    slice(0, "where is print_greeting");
    until("the project is watched", || daemon.status(&sandbox)["daemon"]["projects"][0]["watched"] == true);
    let before = daemon.count(&sandbox, "compared");
    for number in 1..20 {
        let name = format!("fresh_marker_{number}");
        sandbox.write(format!("src/new{number}/deep/file.rs"), format!("pub fn {name}() {{}}\n"));
        let said = slice(number, &format!("where is {name}"));
        assert!(said.contains(&format!("src/new{number}/deep/file.rs")), "{number}: {said}");
        // As editors save: beside, then renamed over; and the folder under another name.
        let beside = sandbox.write("src/basket.rs~", format!("pub fn renamed_over_{number}() {{}}\n"));
        std::fs::rename(beside, sandbox.project().join("src/basket.rs")).unwrap();
        assert!(slice(100 + number, &format!("renamed_over_{number}")).contains("src/basket.rs"));
        let folder = sandbox.project().join("src");
        std::fs::rename(folder.join(format!("new{number}")), folder.join(format!("moved{number}"))).unwrap();
        let said = slice(200 + number, &format!("where is {name}"));
        assert!(said.contains(&format!("src/moved{number}/deep/file.rs")), "{said}");
        assert!(!said.contains(&format!("src/new{number}/")), "{said}");
        sandbox.write(format!("src/moved{number}/deep/file.rs"), format!("pub fn {name}_again() {{}}\n"));
        assert!(slice(300 + number, &format!("{name}_again")).contains("moved"), "{number}");
    }
    assert_eq!(daemon.count(&sandbox, "compared"), before, "it was watched all the time");
}

#[test]
fn a_branch_switch_and_a_stash_of_thousands_of_files_are_seen() {
    let (sandbox, rtk_home) = project();
    sandbox.git(&["checkout", "-q", "-b", "large"]);
    for number in 0..10_000 {
        let path = format!("gen/{}/file{number}.txt", number % 100);
        sandbox.write(path, format!("only_on_large_{number}\n"));
    }
    sandbox.git(&["add", "-A"]);
    sandbox.git(&["commit", "-q", "-m", "Many"]);
    ask(&sandbox, &rtk_home, &["memory", "refresh"]).success();
    let daemon = Daemon::start(&sandbox, &rtk_home);
    let mut number = 0;
    let mut slice = |prompt: &str| {
        number += 1;
        let event = |session: &str| launch(&sandbox, &format!("{session}{number}"), prompt);
        let said = hook(&sandbox, &rtk_home, &event("d"), true);
        assert_eq!(said, hook(&sandbox, &rtk_home, &event("h"), false));
        said
    };
    assert!(slice("where is only_on_large_4711").contains("file4711.txt"));
    until("the project is watched", || daemon.status(&sandbox)["daemon"]["projects"][0]["watched"] == true);
    sandbox.git(&["checkout", "-q", "main"]);
    assert!(!slice("where is only_on_large_4711").contains("file4711.txt"));
    sandbox.git(&["checkout", "-q", "large"]);
    assert!(slice("where is only_on_large_4711").contains("file4711.txt"));
    sandbox.write("src/basket.rs", "pub fn stashed_away() {}\n");
    assert!(slice("stashed_away").contains("src/basket.rs"));
    sandbox.git(&["stash", "-q"]);
    assert!(!slice("stashed_away").contains("src/basket.rs"));
    sandbox.git(&["stash", "pop", "-q"]);
    assert!(slice("stashed_away").contains("src/basket.rs"));
}

#[test]
fn beyond_its_memory_it_lets_go_of_the_projects_asked_least_recently() {
    let (sandbox, rtk_home) = project();
    // Less than any process needs: by its real size all projects but one have to go.
    let sandbox = sandbox.with("RTK_DAEMON_MEMORY_MB", "1");
    let daemon = Daemon::start(&sandbox, &rtk_home);
    let mut roots = Vec::new();
    for name in ["one", "two", "three"] {
        let root = sandbox.tmp().join(name);
        std::fs::create_dir_all(root.join(".git")).unwrap();
        std::fs::write(root.join(".git/HEAD"), "ref: refs/heads/main\n").unwrap();
        std::fs::write(root.join("greeting.rs"), "pub fn print_greeting() {}\n").unwrap();
        let mut event = launch(&sandbox, name, "where is print_greeting");
        event["cwd"] = root.display().to_string().into();
        assert!(hook(&sandbox, &rtk_home, &event, true).contains("greeting.rs"), "{name}");
        roots.push(root.canonicalize().unwrap().display().to_string());
    }
    until("only the latest stays", || {
        let status = daemon.status(&sandbox);
        let kept: Vec<_> = status["daemon"]["projects"]
            .as_array()
            .unwrap()
            .iter()
            .map(|kept| kept["root"].clone())
            .collect();
        kept == [Value::from(roots[2].clone())]
    });
    assert!(daemon.count(&sandbox, "evicted") >= 2);
    // One that was let go is taken in again.
    let mut event = launch(&sandbox, "again", "where is print_greeting");
    event["cwd"] = roots[0].clone().into();
    assert!(hook(&sandbox, &rtk_home, &event, true).contains("greeting.rs"));
}

#[test]
fn it_never_reacts_to_its_own_files() {
    let (sandbox, _) = project();
    let rtk_home = sandbox.project().join("own");
    let daemon = Daemon::start(&sandbox, &rtk_home);
    let slice = |number: usize| {
        hook(&sandbox, &rtk_home, &launch(&sandbox, &format!("s{number}"), "print_greeting"), true)
    };
    slice(0);
    until("the project is watched", || daemon.status(&sandbox)["daemon"]["projects"][0]["watched"] == true);
    // The first questions may still bring the index up to date with what has just been made.
    slice(1);
    let before =
        (daemon.count(&sandbox, "renewed"), daemon.status(&sandbox)["daemon"]["watcher"]["events"].clone());
    for number in 2..12 {
        assert!(slice(number).contains("greeting.rs"));
    }
    let after =
        (daemon.count(&sandbox, "renewed"), daemon.status(&sandbox)["daemon"]["watcher"]["events"].clone());
    assert_eq!(before, after);
}

#[test]
fn a_killed_daemon_leaves_nothing_that_is_in_the_way() {
    let (sandbox, rtk_home) = project();
    let mut daemon = Daemon::start(&sandbox, &rtk_home);
    let event = launch(&sandbox, "s", "print_greeting");
    let before = hook(&sandbox, &rtk_home, &event, true);
    daemon.signal(Signal::KILL);
    daemon.wait();
    assert!(rtk_home.join("state/daemon.sock").exists(), "a killed daemon cannot tidy up");
    assert_eq!(hook(&sandbox, &rtk_home, &event, true), before);
    ask(&sandbox, &rtk_home, &["memory", "serve", "--status"]).code(1);
    let mut next = Daemon::start(&sandbox, &rtk_home);
    assert_eq!(hook(&sandbox, &rtk_home, &event, true), before);
    assert_eq!(next.count(&sandbox, "questions"), 1);
    next.signal(Signal::TERM);
    assert_eq!(next.wait(), Some(0));
    for name in ["daemon.sock", "daemon.json", "daemon.lock"] {
        assert!(!rtk_home.join("state").join(name).exists(), "{name}");
    }
    let log = std::fs::read_to_string(rtk_home.join("state/rtk.log")).unwrap_or_default();
    assert!(!log.contains("damaged") && !log.contains("panicked"), "{log}");
}

#[test]
fn a_stuck_daemon_costs_a_moment_and_no_answer() {
    let (sandbox, rtk_home) = project();
    let daemon = Daemon::start(&sandbox, &rtk_home);
    let event = launch(&sandbox, "s", "print_greeting");
    let before = hook(&sandbox, &rtk_home, &event, true);
    daemon.signal(Signal::STOP);
    assert_eq!(hook(&sandbox, &rtk_home, &event, true), before);
    let log = std::fs::read_to_string(rtk_home.join("state/rtk.log")).unwrap();
    assert!(log.contains("asked the daemon in vain"), "{log}");
    // A new one takes its place: asked to end, told to end, made to end.
    let next = Daemon::start(&sandbox, &rtk_home);
    assert_eq!(hook(&sandbox, &rtk_home, &event, true), before);
    assert_eq!(next.count(&sandbox, "questions"), 1);
}

#[test]
fn one_daemon_a_user_and_another_version_is_replaced() {
    let (sandbox, rtk_home) = project();
    let other = sandbox.tmp().join("rtk-other");
    let mut program = std::fs::read(env!("CARGO_BIN_EXE_rtk")).unwrap();
    program.push(0);
    std::fs::write(&other, program).unwrap();
    std::fs::set_permissions(&other, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let event = launch(&sandbox, "s", "print_greeting");
    let mut old = Daemon::start_with(&sandbox, &rtk_home, &other, &[]);
    let alone = hook(&sandbox, &rtk_home, &event, true);
    assert!(alone.contains("greeting.rs"));
    assert_eq!(old.count(&sandbox, "questions"), 0, "another version's answer may be another");
    let new = Daemon::start(&sandbox, &rtk_home);
    assert_eq!(old.wait(), Some(0));
    assert_eq!(hook(&sandbox, &rtk_home, &event, true), alone);
    assert_eq!(new.count(&sandbox, "questions"), 1);
    let second = ask(&sandbox, &rtk_home, &["memory", "serve", "--port", "0"]);
    second.code(1).complains("runs already");
    assert_eq!(new.count(&sandbox, "questions"), 1, "the first one goes on");
}

#[test]
fn of_many_that_start_at_once_one_serves_and_the_others_say_so() {
    let (sandbox, rtk_home) = project();
    let mut started: Vec<Child> = (0..12)
        .map(|_| {
            let mut command = sandbox.command(OsStr::new(env!("CARGO_BIN_EXE_rtk")));
            command.env("RTK_HOME", &rtk_home).args(["memory", "serve", "--no-http"]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    until("all but one have ended", || {
        started.iter_mut().map(|child| usize::from(child.try_wait().unwrap().is_none())).sum::<usize>() <= 1
    });
    let codes: Vec<Option<i32>> =
        started.iter_mut().filter_map(|child| child.try_wait().unwrap()).map(|ended| ended.code()).collect();
    let status = ask(&sandbox, &rtk_home, &["memory", "serve", "--status", "--json"]).json();
    let serves = started.iter_mut().find_map(|child| child.try_wait().unwrap().is_none().then(|| child.id()));
    for child in &mut started {
        drop(child.kill());
        drop(child.wait());
    }
    assert_eq!(codes, [Some(1); 11], "none was told to end by another");
    assert_eq!(status["process"]["pid"].as_u64(), serves.map(u64::from));
    assert_eq!(status["answers"], true);
}

#[test]
fn it_ends_when_idle_and_when_told() {
    let (sandbox, rtk_home) = project();
    let mut idle =
        Daemon::start_with(&sandbox, &rtk_home, Path::new(env!("CARGO_BIN_EXE_rtk")), &["--idle-secs", "1"]);
    assert_eq!(idle.wait(), Some(0));
    assert!(!rtk_home.join("state/daemon.sock").exists());
    let mut told = Daemon::start(&sandbox, &rtk_home);
    ask(&sandbox, &rtk_home, &["memory", "serve", "--stop"]).success().says("ends");
    assert_eq!(told.wait(), Some(0));
    ask(&sandbox, &rtk_home, &["memory", "serve", "--stop"]).success().says("no daemon");
}

#[test]
fn a_home_deeper_than_a_sockets_path_may_be_long_works_too() {
    let (sandbox, _) = project();
    let rtk_home = sandbox.root().join("d".repeat(120)).join("rtk");
    let daemon = Daemon::start(&sandbox, &rtk_home);
    let said = hook(&sandbox, &rtk_home, &launch(&sandbox, "s", "print_greeting"), true);
    assert!(said.contains("greeting.rs"), "{said}");
    assert_eq!(daemon.count(&sandbox, "questions"), 1);
    use std::os::unix::fs::PermissionsExt as _;
    let socket = std::fs::symlink_metadata(rtk_home.join("state/daemon.sock")).unwrap();
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
}

#[test]
fn the_doctor_tells_the_truth_about_it() {
    let (sandbox, rtk_home) = project();
    let examined = || ask(&sandbox, &rtk_home, &["doctor", "--json"]).json();
    let about = |document: &Value| document["findings"].to_string().contains("the daemon");
    let none = examined();
    assert!(none["daemon"]["process"].is_null() && !about(&none), "{none:#}");
    let daemon = Daemon::start(&sandbox, &rtk_home);
    hook(&sandbox, &rtk_home, &launch(&sandbox, "s", "print_greeting"), true);
    let well = examined();
    assert_eq!(well["daemon"]["told"]["counts"]["questions"], 1, "{well:#}");
    assert!(!about(&well), "{well:#}");
    daemon.signal(Signal::STOP);
    let stuck = examined();
    assert!(stuck["findings"].to_string().contains("does not answer"), "{stuck:#}");
}

#[test]
fn a_session_starts_the_daemon_where_that_is_wanted() {
    let (sandbox, rtk_home) = project();
    let start = json!({ "hook_event_name": "SessionStart", "session_id": "s", "cwd": sandbox.project(), "source": "startup" });
    assert_eq!(hook(&sandbox, &rtk_home, &start, true), "");
    let mut command = hook_command(&sandbox, &rtk_home, true);
    command.env("RTK_DAEMON_AUTOSTART", "true");
    sandbox.finish(command, start.to_string().as_bytes()).success();

    until("it answers", || {
        ask(&sandbox, &rtk_home, &["memory", "serve", "--status", "--json"]).json()["answers"] == true
    });
    ask(&sandbox, &rtk_home, &["memory", "serve", "--stop"]).success();
    until("it ends", || !rtk_home.join("state/daemon.lock").exists());
}

#[test]
fn launches_in_parallel_all_get_their_answer_and_their_row() {
    let (sandbox, rtk_home) = project();
    let daemon = Daemon::start(&sandbox, &rtk_home);
    let count = 60;
    let replies: Vec<String> = std::thread::scope(|scope| {
        let (sandbox, rtk_home) = (&sandbox, &rtk_home);
        let handles: Vec<_> = (0..count)
            .map(|number| {
                scope.spawn(move || {
                    let mut event = launch(sandbox, "one", &format!("print_greeting and question {number}"));
                    event["tool_use_id"] = format!("toolu_{number}").into();
                    event["prompt_id"] = format!("p{number}").into();
                    hook(sandbox, rtk_home, &event, true)
                })
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().unwrap()).collect()
    });
    assert!(replies.iter().all(|reply| reply.contains("greeting.rs")));
    let sessions = std::fs::read_dir(rtk_home.join("data/sessions")).unwrap();
    let rows: usize = sessions
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .map(|text| text.lines().filter(|line| line.contains("\"kind\":\"launch\"")).count())
        .sum();
    assert_eq!(rows, count, "no row is lost, none is there twice");
    let counts = daemon.status(&sandbox)["daemon"]["counts"].clone();
    assert_eq!(counts["refused"], 0, "{counts}");
}

#[test]
fn whoever_sends_nothing_or_nonsense_keeps_nobody_else_waiting() {
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixStream;
    let (sandbox, rtk_home) = project();
    let daemon = Daemon::start(&sandbox, &rtk_home);
    let socket = rtk_home.join("state/daemon.sock");
    let silent: Vec<UnixStream> = (0..100).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    for bytes in [
        b"GET / HTTP/1.1\r\n\r\n".as_slice(),
        b"RTK\x01\xff\xff\xff\xff",
        b"RTK\x01\x05\0\0\0\x09abcd",
        &[0; 4096],
    ] {
        let mut stream = UnixStream::connect(&socket).unwrap();
        drop(stream.write_all(bytes));
        drop(stream.shutdown(std::net::Shutdown::Write));
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        assert!(answer.len() <= 6, "{answer:?}");
    }
    drop(silent);
    let said = hook(&sandbox, &rtk_home, &launch(&sandbox, "s", "print_greeting"), true);
    assert!(said.contains("greeting.rs"), "{said}");
    until("the daemon answers again", || {
        hook(&sandbox, &rtk_home, &launch(&sandbox, "t", "print_greeting"), true);
        daemon.count(&sandbox, "questions") > 0
    });
}

#[test]
fn watching_in_the_foreground_tells_what_it_takes_in() {
    let (sandbox, rtk_home) = project();
    let out = sandbox.tmp().join("out");
    let mut command = sandbox.command(OsStr::new(env!("CARGO_BIN_EXE_rtk")));
    command.env("RTK_HOME", &rtk_home).args(["memory", "watch", "--json"]);
    command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(std::fs::File::create(&out).unwrap());
    let mut daemon = Daemon { child: command.spawn().unwrap(), rtk_home: rtk_home.clone() };
    let lines = || std::fs::read_to_string(&out).unwrap().lines().count();
    until("the project is taken in", || lines() > 0);
    let before = lines();
    sandbox.write("src/basket.rs", "pub fn followed_in_the_foreground() {}\n");
    until("the change is told", || lines() > before);
    let last: Value =
        serde_json::from_str(std::fs::read_to_string(&out).unwrap().lines().last().unwrap()).unwrap();
    assert_eq!((&last["error"], &last["unwatched"]), (&Value::Null, &Value::Null));
    assert!(last["changed"].as_u64() > Some(0), "{last}");
    daemon.signal(Signal::INT);
    assert_eq!(daemon.wait(), Some(0));
}
