//! `rtk doctor`, word of entries that have gone, and what is said about plugins; a script stands in for the client.

use crate::sandbox::Sandbox;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A sandbox in whose `PATH` this program is found as `rtk`, and a client that says what `report` holds.
fn machine(client: Option<&str>) -> Sandbox {
    let sandbox = Sandbox::new();
    let bin = sandbox.root().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_rtk"), bin.join("rtk")).unwrap();
    if let Some(report) = client {
        program(&bin.join("claude"), &format!("#!/bin/sh\ncat <<END\n{report}\nEND\n"));
    }
    sandbox.write(".git/HEAD", "ref: refs/heads/main\n");
    sandbox.write("src/login.rs", "/// Checks a login.\npub fn check_login() {}\n");
    let path = format!("{}:/usr/bin:/bin", bin.display());
    sandbox.with("PATH", &path)
}

fn program(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn write_json(path: PathBuf, value: &Value) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, value.to_string()).unwrap();
}

const CONTENT: &str = "Claude Code doctor\n\nRunning: test (9.9.9)\n\nNo installation issues found.";

#[test]
fn a_good_setup_is_good_in_every_part() {
    let sandbox = machine(Some(CONTENT));
    sandbox.rtk(&["init", "--yes"]).success();
    sandbox.rtk(&["memory", "refresh"]).success();
    let run = sandbox.rtk(&["doctor"]);
    run.code(0);
    for said in [
        "on PATH  ",
        "this program",
        "PreToolUse (Task|Agent|Bash), line ",
        "fires (",
        "its doctor accepts the settings",
        "sound, ",
        "index    1 of 1 files",
        "mode 0700, writable",
        "no errors",
    ] {
        run.says(said);
    }
    assert!(run.stdout().ends_with("\ngood\n"), "{}", run.explain());
    let json = sandbox.rtk(&["doctor", "--json"]).code(0).json();
    assert_eq!((&json["schema"], &json["verdict"]), (&json!(1), &json!("good")));
    assert_eq!(json["program"]["on_path"]["is"], "this");
    assert_eq!(json["hooks"]["files"][0]["hooks"].as_array().unwrap().len(), 3);
    assert_eq!(json["client"]["version"], "test (9.9.9)");
    assert_eq!(json["client"]["complaints"], json!([]));
    assert_eq!(json["memory"]["database"]["faults"], json!([]));
    assert_eq!(json["folders"]["data"]["mode"], "0700");
    assert_eq!(json["log"]["errors"], json!([]));
}

#[test]
fn what_is_wrong_in_any_part_is_said_with_what_to_do() {
    let sandbox = machine(None);
    sandbox.rtk(&["init", "--yes"]).success();
    sandbox.rtk(&["memory", "refresh"]).success();
    sandbox.rtk(&["doctor"]).code(0).says("claude is not on PATH");

    // A stranger of the same name, which must not be started, and another build of our own.
    std::fs::remove_file(sandbox.root().join("bin/rtk")).unwrap();
    sandbox.rtk(&["doctor"]).code(2).says("there is no rtk on PATH");
    let touched = sandbox.tmp().join("touched");
    program(&sandbox.root().join("bin/rtk"), &format!("#!/bin/sh\ntouch {}\n", touched.display()));
    sandbox.rtk(&["doctor"]).code(2).says("a different program of that name");
    assert!(!touched.exists());

    let data = sandbox.home().join(".local/share/rtk");
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    sandbox.rtk(&["doctor"]).code(2).says("chmod 700");

    std::fs::create_dir_all(sandbox.home().join(".local/state/rtk")).unwrap();
    std::fs::write(
        sandbox.home().join(".local/state/rtk/rtk.log"),
        "1000 error pid=1 hook: the disk is full\n",
    )
    .unwrap();
    let run = sandbox.rtk(&["doctor"]);
    run.says("days ago: hook: the disk is full");

    std::fs::create_dir_all(sandbox.home().join(".config/rtk")).unwrap();
    std::fs::write(sandbox.home().join(".config/rtk/config.toml"), "enabled = false\n").unwrap();
    sandbox.rtk(&["doctor"]).code(1).says("rtk is switched off by a setting");
}

#[test]
fn a_damaged_database_is_found_and_left_as_it_is() {
    let sandbox = machine(None);
    sandbox.rtk(&["init", "--yes"]).success();
    sandbox.rtk(&["memory", "refresh"]).success();
    let database = sandbox.rtk(&["memory", "status", "--json"]).success().json()["database"].clone();
    let database = PathBuf::from(database.as_str().unwrap());
    std::fs::write(&database, b"this is no database at all, whatever its name says").unwrap();
    sandbox.rtk(&["doctor"]).code(2).says("the database is damaged");
    assert!(std::fs::read(&database).unwrap().starts_with(b"this is no database"));
    sandbox.rtk(&["memory", "refresh"]).success();
    sandbox.rtk(&["doctor"]).code(0).says("sound, ");
}

#[test]
fn the_clients_complaints_are_told_with_the_users_file() {
    let report = "Claude Code doctor\n\nInvalid settings\n- $CLAUDE_CONFIG_DIR/settings.json › colours: Expected string\n";
    let sandbox = machine(Some(report));
    write_json(sandbox.settings(), &json!({ "colours": 5 }));
    sandbox.rtk(&["init", "--yes"]).success();
    let run = sandbox.rtk(&["doctor"]);
    run.code(2).says("Claude Code says: colours: Expected string");
    run.says(&format!("warning: {}: ", sandbox.settings().display()));
}

/// Entries that another program has thrown out are never put back unasked, and not passed over in silence either.
#[test]
fn entries_that_have_gone_are_told_of_by_commands_and_at_the_start_of_a_session() {
    let sandbox = machine(None);
    write_json(sandbox.settings(), &json!({ "model": "x" }));
    sandbox.rtk(&["init", "--yes"]).success();
    sandbox.rtk(&["init", "--local", "--yes"]).success();
    let start = json!({ "session_id": "s", "cwd": sandbox.project(), "hook_event_name": "SessionStart", "source": "startup" });
    assert_eq!(sandbox.hook(&start).success().stdout(), "");
    assert_eq!(sandbox.rtk(&["memory", "status"]).success().stderr(), "");

    let dropped = json!({ "model": "y" });
    write_json(sandbox.settings(), &dropped);
    let path = sandbox.settings().display().to_string();
    let said = sandbox.hook(&start).success().json();
    let notice = said["systemMessage"].as_str().unwrap();
    assert!(notice.contains(&path) && notice.contains("rtk init --global puts them back"), "{notice}");
    assert_eq!(said.as_object().unwrap().len(), 1, "nothing but a word to the user: {said}");
    sandbox.rtk(&["memory", "status"]).success().complains(&path);
    sandbox.rtk(&["config"]).complains("are gone");
    assert_eq!(sandbox.rtk(&["memory", "status", "--quiet"]).success().stderr(), "");
    for command in [["init", "--show"].as_slice(), &["doctor"]] {
        let run = sandbox.rtk(command);
        run.code(2).says("its entries are gone");
        assert_eq!(run.stdout().matches("entries are gone").count(), 1, "{}", run.explain());
    }
    // A launch is served by the other scope's entry, in silence.
    let launch = json!({ "session_id": "s", "cwd": sandbox.project(), "hook_event_name": "PreToolUse",
        "tool_name": "Agent", "tool_input": { "prompt": "fork", "subagent_type": "fork" } });
    assert_eq!(sandbox.hook(&launch).success().stderr(), "");
    let now: Value = serde_json::from_slice(&std::fs::read(sandbox.settings()).unwrap()).unwrap();
    assert_eq!(now, dropped, "nothing is put back without the user's word");
    let going_on = json!({ "session_id": "s", "hook_event_name": "SessionStart", "source": "compact" });
    assert_eq!(sandbox.hook(&going_on).success().stdout(), "");

    // Either word of the user ends it.
    sandbox.rtk(&["init", "--global", "--uninstall", "--yes"]).success();
    assert_eq!(sandbox.hook(&start).success().stdout(), "");
    assert_eq!(sandbox.rtk(&["memory", "status"]).success().stderr(), "");
}

/// Installs a plugin with these hooks as the client does.
fn install_plugin(sandbox: &Sandbox, name: &str, hooks: &str) -> PathBuf {
    let folder = sandbox.home().join(".claude/plugins/cache").join(name);
    std::fs::create_dir_all(folder.join("hooks")).unwrap();
    std::fs::write(folder.join("hooks/hooks.json"), hooks).unwrap();
    let list = sandbox.home().join(".claude/plugins/installed_plugins.json");
    let mut installed: Value = std::fs::read(&list)
        .map_or(json!({ "version": 2, "plugins": {} }), |bytes| serde_json::from_slice(&bytes).unwrap());
    installed["plugins"][format!("{name}@m")] = json!([{ "scope": "user", "installPath": folder }]);
    write_json(list, &installed);
    let mut settings: Value =
        std::fs::read(sandbox.settings()).map_or(json!({}), |bytes| serde_json::from_slice(&bytes).unwrap());
    settings["enabledPlugins"][format!("{name}@m")] = json!(true);
    write_json(sandbox.settings(), &settings);
    folder
}

#[test]
fn the_plugin_is_fired_and_stands_down_beside_settings() {
    let sandbox = machine(None);
    let repository = Path::new(env!("CARGO_MANIFEST_DIR"));
    let own = std::fs::read_to_string(repository.join("hooks/hooks.json")).unwrap();
    let folder = install_plugin(&sandbox, "rtk", &own);
    let script = "hooks/plugin-session-start.sh";
    std::fs::copy(repository.join(script), folder.join(script)).unwrap();
    let run = sandbox.rtk(&["init", "--show"]);
    run.code(0).says("plugin   registered in ");
    run.says("PreToolUse (Task|Agent), line 8: rtk hook --plugin; exit 0");
    run.says("fires (");

    sandbox.rtk(&["init", "--yes"]).success();
    let run = sandbox.rtk(&["init", "--show"]);
    run.code(0).says("it stands down for them, so nothing is done twice");
    let json = sandbox.rtk(&["init", "--show", "--json"]).code(0).json();
    let files = json["files"].as_array().unwrap();
    let verdict = |scope: &str| {
        let file = files.iter().find(|file| file["scope"] == scope).unwrap();
        file["hooks"][0]["fired"]["verdict"].clone()
    };
    assert_eq!((verdict("global"), verdict("plugin")), (json!("injects"), json!("passes")));

    // Without the program the plugin is broken, and says so itself at the start of a session.
    sandbox.rtk(&["init", "--uninstall", "--yes"]).success();
    std::fs::remove_file(sandbox.root().join("bin/rtk")).unwrap();
    sandbox.rtk(&["init", "--show"]).code(1).says("is not there or may not be run");
    program(&sandbox.root().join("bin/rtk"), "#!/bin/sh\nexit 2\n");
    sandbox.rtk(&["init", "--show"]).code(1).says("another program of that name");
}

#[test]
fn a_plugin_of_somebody_else_that_also_sees_launches_is_named_with_its_line() {
    let sandbox = machine(None);
    let hook = "{\n \"hooks\": {\n  \"PreToolUse\": [\n   {\"matcher\": \"Agent\", \"hooks\": [\n    {\"type\": \"command\", \"command\": \"touch /nowhere/x\"}]}]}}";
    let folder = install_plugin(&sandbox, "other", hook);
    sandbox.rtk(&["init", "--yes"]).success();
    let place = format!("{}:5: another hook runs", folder.join("hooks/hooks.json").display());
    sandbox.rtk(&["init", "--show"]).code(2).says(&place);
    // Switched off it is in nobody's way.
    let text = std::fs::read_to_string(sandbox.settings()).unwrap();
    std::fs::write(sandbox.settings(), text.replace("\"other@m\":true", "\"other@m\":false")).unwrap();
    sandbox.rtk(&["init", "--show"]).code(0);
}

#[test]
fn a_folder_that_is_not_trusted_is_a_reason_for_silence() {
    let sandbox = machine(None);
    sandbox.rtk(&["init", "--yes"]).success();
    let state = |trusted: bool| {
        let project = sandbox.project().display().to_string();
        write_json(
            sandbox.home().join(".claude.json"),
            &json!({ "projects": { project: { "hasTrustDialogAccepted": trusted } } }),
        );
    };
    state(false);
    sandbox.rtk(&["init", "--show"]).code(2).says("is not trusted yet");
    state(true);
    sandbox.rtk(&["init", "--show"]).code(0);
}

/// Whoever watches sees what is waited for, and nothing of it stays in what is read afterwards.
#[test]
fn on_a_terminal_the_steps_that_take_long_are_named() {
    use std::io::Read as _;
    let sandbox = Sandbox::new().with("TERM", "xterm");
    let bin = sandbox.home().join(".local/bin");
    std::fs::create_dir_all(&bin).unwrap();
    program(&bin.join("claude"), "#!/bin/sh\nsleep 1\necho Claude Code doctor\n");
    let (mut person, terminal) = crate::sandbox::terminal();
    let mut command = sandbox.command(std::ffi::OsStr::new(env!("CARGO_BIN_EXE_rtk")));
    command.arg("doctor").stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped());
    let mut child = command.stderr(terminal).spawn().unwrap();
    drop(command);
    // A terminal that nobody reads fills up.
    let watching = std::thread::spawn(move || {
        let mut seen = Vec::new();
        // Linux reports the closed other end of a terminal as an error after the last byte.
        let _ = person.read_to_end(&mut seen);
        String::from_utf8_lossy(&seen).into_owned()
    });
    let mut told = String::new();
    child.stdout.take().unwrap().read_to_string(&mut told).unwrap();
    child.wait().unwrap();
    let seen = watching.join().unwrap();
    assert!(seen.contains("asking claude about the settings"), "{seen:?}");
    assert!(told.contains("its doctor accepts the settings") && !told.contains("asking"), "{told}");
}
