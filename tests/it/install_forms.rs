//! The other forms of `rtk init`: hooks that ask the daemon over HTTP, and the memory as an MCP server.

use crate::place::{Place, ours};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// What is waited for happens within milliseconds; a machine under load may take its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Valid and unlike anything that a serialiser prints.
const SETTINGS: &str = "{\r\n\t\"env\": {\"A\":\"\\u00e9\\/x\",   \"B\":\"\"},\r\n\t\"n\": [1E5, 1.10]\r\n}";
/// A file of the client's own with a foreign server; it belongs to the client, and grows all the time.
const SERVERS: &str = "{\n  \"numStartups\": 12,\n  \"mcpServers\": { \"db\": {\"type\":\"http\", \"url\":\"https://db.example\"} },\n  \"projects\": {\"/a\": {\"mcpServers\": {}}}\n}";

fn handlers(text: &str, event: &str) -> Vec<Value> {
    let settings: Value = serde_json::from_str(text).unwrap();
    let groups = settings["hooks"][event].as_array().cloned().unwrap_or_default();
    groups.iter().flat_map(|group| group["hooks"].as_array().cloned().unwrap_or_default()).collect()
}

fn token(place: &Place) -> String {
    let path = place.home().join(".local/state/rtk/token");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::read_to_string(path).unwrap().trim().to_owned()
}

#[test]
fn the_forms_replace_each_other_and_the_way_back_leads_to_every_byte() {
    let place = Place::new();
    std::fs::set_permissions(place.home(), std::fs::Permissions::from_mode(0o700)).unwrap();
    place.write(SETTINGS.as_bytes());
    let shown = place.ok(&["init", "--http", "--dry-run"]);
    assert!(shown.stdout.contains("http://127.0.0.1:7700/v1/hook"), "{}", shown.stdout);
    assert!(!place.home().join(".local").exists(), "a dry run makes no token");
    assert_eq!(place.read(), SETTINGS);
    for form in
        [&["init", "--yes", "--http", "--port", "7001"][..], &["init", "--yes"], &["init", "--yes", "--http"]]
    {
        let run = place.ok(form);
        let text = place.read();
        for event in ["PreToolUse", "SubagentStart", "SessionStart"] {
            assert_eq!(handlers(&text, event).len(), 1, "{form:?}: {text}");
        }
        let main = handlers(&text, "PreToolUse").remove(0);
        match form.contains(&"--http") {
            true => {
                let port = if form.contains(&"7001") { 7001 } else { 7700 };
                assert_eq!(main["url"], format!("http://127.0.0.1:{port}/v1/hook"));
                assert_eq!(main["headers"]["Authorization"], format!("Bearer {}", token(&place)));
                assert!(
                    !format!("{}{}", run.stdout, run.stderr).contains(&token(&place)),
                    "the token is not shown"
                );
            }
            false => assert_eq!(format!("{} {}", main["command"].as_str().unwrap(), main["args"]), ours()),
        }
        // The client sends this event to programs only.
        assert_eq!(handlers(&text, "SessionStart")[0]["type"], "command");
        let again = place.ok(form);
        assert!(again.stdout.contains("already installed"), "{}", again.stdout);
    }
    let exact = place.read();
    place.ok(&["init", "--uninstall", "--yes"]);
    assert_eq!(place.read(), SETTINGS);
    // The client has rewritten the file since, and other hands have added theirs.
    let mut value: Value = serde_json::from_str(&exact).unwrap();
    let foreign = json!({ "type": "http", "url": "http://127.0.0.1:9000/v1/hook", "timeout": 5 });
    value["hooks"]["PreToolUse"][0]["hooks"].as_array_mut().unwrap().push(foreign.clone());
    place.write(serde_json::to_string_pretty(&value).unwrap().as_bytes());
    place.ok(&["init", "--uninstall", "--yes"]);
    assert_eq!(handlers(&place.read(), "PreToolUse"), [foreign]);
    assert!(handlers(&place.read(), "SubagentStart").is_empty());
}

#[test]
fn the_token_goes_into_no_file_that_others_can_read() {
    let place = Place::new();
    let refused = place.run(&["init", "--http", "--project", "--yes"]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    place.ok(&["init", "--http", "--yes"]);
    let mode = || std::fs::metadata(place.settings()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600, "a new file is the user's alone");
    place.ok(&["init", "--uninstall", "--yes"]);
    place.write(SETTINGS.as_bytes());
    for folder in [place.root.path().to_path_buf(), place.home(), place.home().join(".claude")] {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    std::fs::set_permissions(place.settings(), std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = place.run(&["init", "--http", "--yes"]);
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("can be read by other users"), "{}", refused.stderr);
    assert!(refused.stderr.contains("chmod 600"), "{}", refused.stderr);
    assert_eq!(place.read(), SETTINGS);
    std::fs::set_permissions(place.home(), std::fs::Permissions::from_mode(0o700)).unwrap();
    place.ok(&["init", "--http", "--yes"]);
}

#[test]
fn the_server_goes_in_beside_others_and_out_to_the_byte() {
    for (scope, file) in [("--global", "home/.claude.json"), ("--project", "home/project/.mcp.json")] {
        for before in [None, Some(""), Some("{}"), Some(SERVERS)] {
            let place = Place::new();
            let path = place.root.path().join(file);
            if let Some(before) = before {
                std::fs::write(&path, before).unwrap();
            }
            let tree = place.tree();
            place.ok(&["init", scope, "--mcp", "--yes"]);
            let text = std::fs::read_to_string(&path).unwrap();
            let value: Value = serde_json::from_str(&text).unwrap();
            let program = if scope == "--project" { "rtk" } else { env!("CARGO_BIN_EXE_rtk") };
            let own = json!({ "type": "stdio", "command": program, "args": ["mcp"] });
            assert_eq!(value["mcpServers"]["rtk"], own, "{text}");
            place.ok(&["init", scope, "--mcp", "--yes"]);
            place.ok(&["init", scope, "--yes"]);
            assert_eq!(
                std::fs::read_to_string(&path).unwrap(),
                text,
                "neither twice nor without it goes anything"
            );
            place.ok(&["init", scope, "--uninstall", "--yes"]);
            assert_eq!(place.tree(), tree, "{scope} {before:?}");
        }
    }
}

#[test]
fn of_a_file_that_the_client_has_rewritten_only_the_own_server_goes() {
    let place = Place::new();
    let path = place.home().join(".claude.json");
    std::fs::write(&path, SERVERS).unwrap();
    place.ok(&["init", "--mcp", "--yes"]);
    let mut value: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    value["numStartups"] = 13.into();
    value["mcpServers"]["rtk"]["env"] = json!({});
    std::fs::write(&path, serde_json::to_string_pretty(&value).unwrap()).unwrap();
    place.ok(&["init", "--uninstall", "--yes"]);
    value["mcpServers"].as_object_mut().unwrap().remove("rtk");
    let left: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(left, value);
}

#[test]
fn a_foreign_server_of_that_name_and_a_broken_file_stop_everything() {
    for (content, word) in [
        (r#"{"mcpServers":{"rtk":{"command":"npx","args":["other"]}}}"#, "another MCP server's"),
        (r#"{"mcpServers":[]}"#, "MCP servers cannot be added to an array"),
        ("{ // comment\n}", "line 1"),
    ] {
        let place = Place::new();
        place.write(SETTINGS.as_bytes());
        std::fs::write(place.home().join(".claude.json"), content).unwrap();
        let before = place.tree();
        let run = place.run(&["init", "--mcp", "--yes"]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        assert!(run.stderr.contains(word), "{}", run.stderr);
        assert_eq!(place.tree(), before, "{content}");
        // Without the server the file is nobody's business.
        place.ok(&["init", "--yes"]);
        place.ok(&["init", "--uninstall", "--yes"]);
        assert_eq!(place.tree(), before, "{content}");
    }
}

/// A daemon of the place; killed when dropped.
struct Daemon {
    child: Child,
    port: String,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn serve(place: &Place) -> Daemon {
    let mut command = place.command(&PathBuf::from(env!("CARGO_BIN_EXE_rtk")), &place.project());
    command.args(["memory", "serve", "--port", "0"]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut daemon = Daemon { child: command.spawn().unwrap(), port: String::new() };
    let started = Instant::now();
    loop {
        assert!(started.elapsed() < PATIENCE, "the daemon does not start");
        let text = std::fs::read(place.home().join(".local/state/rtk/daemon.json")).unwrap_or_default();
        let written: Value = serde_json::from_slice(&text).unwrap_or_default();
        if let Some(port) = written["port"].as_u64() {
            daemon.port = port.to_string();
            return daemon;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn show_asks_the_daemon_and_starts_the_server() {
    let mut place = Place::new();
    let folder = PathBuf::from(env!("CARGO_BIN_EXE_rtk")).parent().unwrap().display().to_string();
    place.vars.push(("PATH".into(), format!("{folder}:/usr/bin:/bin")));
    let daemon = serve(&place);
    place.ok(&["init", "--http", "--port", &daemon.port, "--mcp", "--yes"]);
    place.ok(&["init", "--project", "--mcp", "--yes"]);
    place.ok(&["init", "--project", "--uninstall", "--yes"]);
    let show = || {
        let run = place.run(&["init", "--show", "--json"]);
        (run.code, serde_json::from_str::<Value>(&run.stdout).unwrap())
    };
    let hooks = |report: &Value, event: &str| -> Vec<Value> {
        let files = report["files"].as_array().unwrap().clone();
        let hooks = files.iter().flat_map(|file| file["hooks"].as_array().unwrap().clone());
        hooks.filter(|hook| hook["event"] == event).collect()
    };
    let (code, report) = show();
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(hooks(&report, "PreToolUse")[0]["fired"]["verdict"], "passes");
    assert_eq!(hooks(&report, "MCP")[0]["fired"]["verdict"], "injects", "{report:#}");
    let records = place.home().join(".local/share/rtk/sessions");
    assert!(!records.exists(), "the look leaves no launch in the record");
    // Another token.
    let settings = place.read();
    place.write(settings.replace(&token(&place), &"0".repeat(64)).as_bytes());
    let (code, report) = show();
    assert_eq!(code, Some(1));
    assert!(report.to_string().contains("another token"), "{report:#}");
    place.write(settings.as_bytes());
    drop(daemon);
    let (code, report) = show();
    assert_eq!(code, Some(1));
    assert!(report.to_string().contains("no daemon answers"), "{report:#}");
    let doctor = place.run(&["doctor"]);
    assert!(doctor.stdout.contains("none runs, and the client is to ask one"), "{}", doctor.stdout);
    // The server's entry was thrown out by another program.
    place.ok(&["init", "--yes"]);
    std::fs::write(place.home().join(".claude.json"), "{}").unwrap();
    let (code, report) = show();
    assert_eq!(code, Some(2), "{report:#}");
    assert!(report.to_string().contains("rtk init --global --mcp puts it back"), "{report:#}");
}

/// The token is made for the entries: not before somebody has agreed, and it goes with them unless a daemon was there.
#[test]
fn the_token_comes_with_the_entries_and_goes_with_them() {
    let place = Place::new();
    let before = place.tree();
    let run = place.run(&["init", "--http"]);
    assert_eq!(run.code, Some(1), "there is nobody to ask: {}", run.stderr);
    assert_eq!(place.tree(), before, "nothing was changed");
    place.ok(&["init", "--http", "--yes"]);
    assert_eq!(token(&place).len(), 64);
    place.ok(&["init", "--uninstall", "--yes"]);
    assert_eq!(place.tree(), before);

    place.ok(&["init", "--http", "--yes"]);
    let log = place.home().join(".local/state/rtk/rtk.log");
    std::fs::write(&log, "of a daemon\n").unwrap();
    place.ok(&["init", "--uninstall", "--yes"]);
    assert_eq!(token(&place).len(), 64, "others may know it by now");
}
