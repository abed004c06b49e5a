//! Never in the way: whatever becomes of rtk, the session goes on and the subagent has its task.

use crate::client::Client;
use crate::run::Run;
use crate::sample::WEBHOOK;
use crate::script::{Script, launch, says};
use crate::session::Sandbox;
use crate::slice::{assert_injected, assert_untouched};
use serde_json::Value;
use std::fs::File;
use std::path::{Path, PathBuf};

fn run_session(sandbox: &Sandbox) -> Run {
    let script = Script::new([vec![launch("toolu_1", "general-purpose", WEBHOOK.prompt)], says("All done.")])
        .agent("helper", WEBHOOK.prompt, [says("It is in retry.rs.")]);
    let run = sandbox.run(script);
    run.assert_ended("All done.");
    let answer = run.main().tool_result("toolu_1");
    assert!(!answer.is_error && answer.text.contains("It is in retry.rs."), "{answer:?}\n{}", run.report());
    run
}

/// Installs the real rtk, then puts `program` in its place.
fn assert_survives_program(client: Client, program: &str) {
    let sandbox = Sandbox::installed(client);
    sandbox.write_program("bin/rtk", program);
    shorten_timeouts(&sandbox.user_settings());
    let run = run_session(&sandbox);
    assert!(sandbox.path("bin/rtk.called").exists(), "the client did not call rtk\n{}", run.report());
    assert_untouched(&run, "helper", WEBHOOK.prompt);
}

/// Gives every hook one second, so that a program that hangs does not hold up the tests.
fn shorten_timeouts(settings: &Path) {
    let text = std::fs::read_to_string(settings).expect("the settings are there");
    let mut parsed: Value = serde_json::from_str(&text).expect("the settings are JSON");
    let events = parsed["hooks"].as_object_mut().expect("rtk has installed hooks").values_mut();
    let groups = events.flat_map(|groups| groups.as_array_mut()).flatten();
    for hook in groups.flat_map(|group| group["hooks"].as_array_mut()).flatten() {
        hook["timeout"] = 1.into();
    }
    std::fs::write(settings, parsed.to_string()).expect("the settings can be written");
}

fn hangs(client: Client) {
    assert_survives_program(client, "#!/bin/sh\n: > \"$0.called\"\nexec sleep 60\n");
}

fn crashes(client: Client) {
    assert_survives_program(client, "#!/bin/sh\n: > \"$0.called\"\nkill -SEGV $$\n");
}

fn prints_nothing(client: Client) {
    assert_survives_program(client, "#!/bin/sh\n: > \"$0.called\"\ncat > /dev/null\n");
}

fn prints_half_a_reply(client: Client) {
    assert_survives_program(
        client,
        "#!/bin/sh\n: > \"$0.called\"\nprintf '{\"hookSpecificOutput\": {\"hookEv'\nexit 1\n",
    );
}

fn is_missing(client: Client) {
    let sandbox = Sandbox::installed(client);
    std::fs::remove_file(sandbox.rtk()).expect("rtk can be removed");
    assert_untouched(&run_session(&sandbox), "helper", WEBHOOK.prompt);
}

/// Every file below `folder` whose name ends so.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found
}

/// An installed rtk with a built index, and its databases.
fn indexed(client: Client) -> (Sandbox, Vec<PathBuf>) {
    let sandbox = Sandbox::installed(client);
    sandbox.run_rtk(&["memory", "refresh"]);
    let databases = files(&sandbox.path("home/.local"), ".db");
    assert!(!databases.is_empty(), "the refresh has made no database");
    (sandbox, databases)
}

/// Readers and writers are both shut out for the whole session.
fn database_is_locked(client: Client) {
    let (sandbox, databases) = indexed(client);
    let held: Vec<rusqlite::Connection> = databases
        .iter()
        .map(|database| {
            let connection = rusqlite::Connection::open(database).expect("the database opens");
            connection
                .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE;")
                .expect("the database can be locked");
            connection
        })
        .collect();
    for database in &databases {
        let other = rusqlite::Connection::open(database).expect("the database opens");
        let read = other.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0));
        assert!(read.is_err(), "{} can still be read", database.display());
    }
    let flocks: Vec<File> = files(&sandbox.path("home/.local"), ".lock")
        .iter()
        .map(|path| {
            let file = File::options().write(true).open(path).expect("the lock file opens");
            file.lock().expect("the lock is free");
            file
        })
        .collect();
    let run = run_session(&sandbox);
    assert!(run.agent("helper").prompt(WEBHOOK.prompt).starts_with(WEBHOOK.prompt));
    drop((held, flocks));
}

/// The damaged file is no obstacle now, and the next session has its slice again.
fn database_is_damaged(client: Client) {
    let (sandbox, databases) = indexed(client);
    for database in databases {
        let size = std::fs::metadata(&database).expect("the database is there").len();
        std::fs::write(&database, vec![0; usize::try_from(size).expect("a small file")])
            .expect("it can be overwritten");
        for log in ["-wal", "-shm"] {
            let mut name = database.clone().into_os_string();
            name.push(log);
            if Path::new(&name).exists() {
                std::fs::remove_file(&name).expect("the log can be removed");
            }
        }
    }
    run_session(&sandbox);
    assert_injected(&run_session(&sandbox), "helper", WEBHOOK);
}

/// A file lies where rtk wants its folders: it can keep nothing.
fn folders_cannot_be_made(client: Client) {
    let sandbox = Sandbox::installed(client);
    let folder = sandbox.path("home/.local");
    if folder.exists() {
        std::fs::remove_dir_all(&folder).expect("rtk's folders can be removed");
    }
    sandbox.write("home/.local", "");
    let run = run_session(&sandbox);
    assert!(run.agent("helper").prompt(WEBHOOK.prompt).starts_with(WEBHOOK.prompt));
}

macro_rules! on_both_clients {
    ($($newest:ident $older:ident $case:ident),* $(,)?) => {
        $(
            #[test]
            fn $newest() {
                $case(Client::Newest);
            }

            #[test]
            fn $older() {
                $case(Client::Older);
            }
        )*
    };
}

on_both_clients! {
    newest_rtk_hangs older_rtk_hangs hangs,
    newest_rtk_crashes older_rtk_crashes crashes,
    newest_rtk_prints_nothing older_rtk_prints_nothing prints_nothing,
    newest_rtk_prints_half_a_reply older_rtk_prints_half_a_reply prints_half_a_reply,
    newest_rtk_is_missing older_rtk_is_missing is_missing,
    newest_folders_cannot_be_made older_folders_cannot_be_made folders_cannot_be_made,
    newest_database_is_locked older_database_is_locked database_is_locked,
    newest_database_is_damaged older_database_is_damaged database_is_damaged,
}
