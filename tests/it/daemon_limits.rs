//! What the daemon may take of the machine, what it does when the system gives it less, and what a kill at any moment leaves.

use crate::daemon::{Daemon, hook, launch, project, until};
use crate::sandbox::Sandbox;
use serde_json::Value;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A command in a user namespace in which the system allows so many of something; `None` where no such namespace may be
/// made.
fn with_limit(sandbox: &Sandbox, limit: &str, value: &str) -> Option<Command> {
    let lower = format!("echo {value} > /proc/sys/user/{limit} && exec \"$@\"");
    let prefix = ["--user", "--map-root-user", "sh", "-c", lower.as_str(), "sh"];
    let mut probe = sandbox.command(OsStr::new("unshare"));
    probe.args(prefix).arg("true");
    if !probe.output().is_ok_and(|output| output.status.success()) {
        return None;
    }
    let mut command = sandbox.command(OsStr::new("unshare"));
    command.args(prefix).arg(env!("CARGO_BIN_EXE_rtk"));
    Some(command)
}

/// Its only project can not be watched for this reason, is compared with the disk at each question, and never stale.
fn is_slower_and_never_stale(sandbox: &Sandbox, rtk_home: &Path, daemon: &Daemon, reason: &str) {
    let slice =
        |session: &str, prompt: &str| hook(sandbox, rtk_home, &launch(sandbox, session, prompt), true);
    assert!(slice("first", "where is print_greeting").contains("src/greeting.rs"));
    let told = || daemon.status(sandbox)["daemon"]["projects"][0].clone();
    until("the reason is told", || told()["reason"].as_str().is_some_and(|told| told.contains(reason)));
    assert_eq!(told()["watched"], false);
    for number in 0..4 {
        sandbox.write(format!("late{number}/deep/file.rs"), format!("pub fn late_marker_{number}() {{}}\n"));
        let said = slice(&format!("s{number}"), &format!("where is late_marker_{number}"));
        assert!(said.contains(&format!("late{number}/deep/file.rs")), "{said}");
    }
    assert_eq!(daemon.count(sandbox, "watched"), 0, "no question is answered without a look at the disk");
    let mut doctor = sandbox.command(OsStr::new(env!("CARGO_BIN_EXE_rtk")));
    doctor.env("RTK_HOME", rtk_home).args(["doctor", "--json"]);
    let findings = sandbox.finish(doctor, b"").json()["findings"].to_string();
    assert!(findings.contains("cannot be followed") && findings.contains(reason), "{findings}");
}

#[test]
fn with_all_watches_of_the_system_taken_it_is_slower_and_never_stale() {
    // The kernel's own limit, where it can be lowered, and rtk's.
    for own in [false, true] {
        let (sandbox, rtk_home) = project();
        for number in 0..5 {
            sandbox.write(format!("folder{number}/file.rs"), "pub fn filler() {}\n");
        }
        let (command, reason) = if own {
            let mut command = sandbox.command(OsStr::new(env!("CARGO_BIN_EXE_rtk")));
            command.env("RTK_DAEMON_WATCHES_MAX", "3");
            (command, "3 folders are watched already")
        } else {
            let Some(command) = with_limit(&sandbox, "max_inotify_watches", "3") else { continue };
            (command, "fs.inotify.max_user_watches")
        };
        let daemon = Daemon::start_as(&sandbox, &rtk_home, command, &[]);
        is_slower_and_never_stale(&sandbox, &rtk_home, &daemon, reason);
        let log = std::fs::read_to_string(rtk_home.join("state/rtk.log")).unwrap();
        assert_eq!(log.matches("is compared with the disk at each question").count(), 1, "{log}");
    }
}

#[test]
fn where_the_system_lets_nothing_be_watched_it_is_slower_and_never_stale() {
    let (sandbox, rtk_home) = project();
    let (command, reason) = match with_limit(&sandbox, "max_inotify_instances", "0") {
        Some(command) => (command, "watch files"),
        None => {
            let mut command = sandbox.command(OsStr::new(env!("CARGO_BIN_EXE_rtk")));
            command.env("RTK_DAEMON_WATCHES_MAX", "0");
            (command, "0 folders are watched already")
        }
    };
    let daemon = Daemon::start_as(&sandbox, &rtk_home, command, &[]);
    is_slower_and_never_stale(&sandbox, &rtk_home, &daemon, reason);
}

/// A file that takes the background a while, and is another one each time.
fn large(number: usize) -> String {
    (0..4000).map(|line| format!("pub fn made_{number}_{line}() {{}}\n")).collect()
}

#[test]
fn an_endless_stream_of_edits_gets_the_background_its_share_and_no_more() {
    // How long it takes here until an edit is taken in by a background that does not rest.
    let mut longest = Duration::from_millis(60);
    for percent in [100, 1] {
        let (sandbox, rtk_home) = project();
        let sandbox = sandbox.with("RTK_DAEMON_CPU_PERCENT", &percent.to_string());
        let daemon = Daemon::start(&sandbox, &rtk_home);
        let slice =
            |session: &str, prompt: &str| hook(&sandbox, &rtk_home, &launch(&sandbox, session, prompt), true);
        slice("first", "where is print_greeting");
        until("it is watched", || daemon.status(&sandbox)["daemon"]["projects"][0]["watched"] == true);
        let renewed = || daemon.count(&sandbox, "renewed");
        let before = renewed();
        // The first one may still come in the rest after the project was taken in.
        sandbox.write("src/stream.rs", large(0));
        until("the first edit is taken in", || renewed() > before);
        for number in 1..6 {
            let known = renewed();
            sandbox.write("src/stream.rs", large(number));
            if percent == 100 {
                let start = Instant::now();
                until("each edit is taken in", || renewed() > known);
                longest = longest.max(start.elapsed());
            } else {
                std::thread::sleep(longest);
            }
        }
        if percent == 1 {
            assert!(renewed() <= before + 2, "{} times", renewed() - before);
        }
        // Who asks is not made to wait for the background's turn.
        assert!(slice("last", "where is made_5_3999").contains("src/stream.rs"));
    }
}

#[test]
fn killed_at_any_moment_it_leaves_every_launch_its_answer_and_its_row() {
    let (sandbox, rtk_home) = project();
    let (rounds, clients) = (10, 3);
    let asked = AtomicUsize::new(0);
    let ask = |kind: &str| {
        let number = asked.fetch_add(1, Ordering::Relaxed);
        let mut event = launch(&sandbox, &format!("{kind}{}", number % 7), "where is print_greeting");
        event["tool_use_id"] = format!("toolu_{number}").into();
        event["prompt_id"] = format!("p{number}").into();
        let said = hook(&sandbox, &rtk_home, &event, true);
        assert!(said.contains("src/greeting.rs"), "{number}: {said}");
    };
    for round in 0..rounds {
        let mut daemon = Daemon::start(&sandbox, &rtk_home);
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..clients {
                scope.spawn(|| {
                    while !ended.load(Ordering::Relaxed) {
                        ask("s");
                    }
                });
            }
            scope.spawn(|| {
                let mut number = 0;
                while !ended.load(Ordering::Relaxed) {
                    number += 1;
                    sandbox.write(
                        format!("src/edit{}.rs", number % 9),
                        format!("pub fn edit_{number}() {{}}\n"),
                    );
                    std::thread::sleep(Duration::from_millis(3));
                }
            });
            // Another moment each time: while it takes the project in, reads edits, answers, writes.
            std::thread::sleep(Duration::from_millis(7 + 61 * round));
            daemon.kill();
            // Some more launches with nothing but what it has left.
            std::thread::sleep(Duration::from_millis(40));
            ended.store(true, Ordering::Relaxed);
        });
    }
    let daemon = Daemon::start(&sandbox, &rtk_home);
    ask("last");
    sandbox.write("src/after.rs", "pub fn after_the_kills() {}\n");
    let said = |ask: bool, session: &str| {
        hook(&sandbox, &rtk_home, &launch(&sandbox, session, "where is after_the_kills"), ask)
    };
    assert!(said(true, "x").contains("src/after.rs"));
    assert_eq!(said(true, "y"), said(false, "z"));
    assert_eq!(daemon.count(&sandbox, "refused"), 0);
    let mut rows = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(rtk_home.join("data/sessions")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let launches = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        rows.extend(launches.filter_map(|row| row["tool_use_id"].as_str().map(str::to_owned)));
    }
    for number in 0..asked.load(Ordering::Relaxed) {
        assert!(rows.contains(&format!("toolu_{number}")), "launch {number} has no row");
    }
    let log = std::fs::read_to_string(rtk_home.join("state/rtk.log")).unwrap_or_default();
    assert!(!log.contains("damaged") && !log.contains("panicked"), "{log}");
}
