//! The daemon's page in a headless browser: what it shows, and that text of repositories and prompts stays text.

use crate::client::Client;
use crate::daemon::Daemon;
use crate::driven::Driven;
use crate::session::Sandbox;
use serde_json::json;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Where browsers of the Chromium family are found.
const BROWSERS: &[&str] = &["chromium", "chromium-browser", "google-chrome", "chrome"];

fn browser() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let mut found = BROWSERS.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    found.find(|program| program.is_file()).expect("a browser is needed: install the package chromium")
}

/// Runs the browser on a page until it has come to rest; returns the page as it is then.
fn open(sandbox: &Sandbox, url: &str, extra: &[String]) -> String {
    let mut command = Command::new(browser());
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", sandbox.path("home"))
        .current_dir(sandbox.path("tmp"));
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
    command.args(["--window-size=1200,1100", "--virtual-time-budget=8000"]);
    command.arg(format!("--user-data-dir={}", sandbox.path("tmp/browser").display())).args(extra).arg(url);
    let output = command.stdin(Stdio::null()).output().expect("the browser runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Has the hook answer a launch with this prompt.
fn launch(sandbox: &Sandbox, number: usize, prompt: &str) {
    let event = json!({ "hook_event_name": "PreToolUse", "tool_name": "Agent", "session_id": "s", "cwd": sandbox.project(),
        "tool_use_id": format!("t{number}"), "tool_input": { "description": "d", "prompt": prompt } });
    let mut command = sandbox.command(sandbox.rtk().as_os_str());
    let mut child =
        command.arg("hook").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the hook runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    std::io::Write::write_all(&mut stdin, event.to_string().as_bytes()).expect("the hook reads");
    drop(stdin);
    child.wait().expect("the hook ends");
}

fn token(sandbox: &Sandbox) -> String {
    let text = std::fs::read_to_string(sandbox.path("home/.local/state/rtk/token"));
    text.expect("a token is there").trim().to_owned()
}

#[test]
fn the_page_shows_launches_and_runs_nothing_that_they_say() {
    let sandbox = Sandbox::new(Client::Newest);
    let daemon = Daemon::start(&sandbox);
    let hostile = "<img src=x onerror=\"document.title='owned'\"> <script>document.title='owned'</script>";
    for (number, prompt) in [crate::sample::WEBHOOK.prompt, hostile].into_iter().enumerate() {
        launch(&sandbox, number, prompt);
    }
    let url = format!("http://127.0.0.1:{}/#{}", daemon.port(&sandbox), token(&sandbox));
    let page = open(&sandbox, &url, &["--dump-dom".into()]);
    for shown in
        ["injected", "retry.rs", "launches on record", "&lt;img src=x onerror", "<svg", "project</td>"]
    {
        assert!(page.contains(shown), "{shown:?} is missing in {page}");
    }
    assert!(page.contains("<title>rtk: launches and memory</title>") && !page.contains("<img"), "{page}");
    let picture = sandbox.path("tmp/page.png");
    for dark in [false, true] {
        let mut extra = vec![format!("--screenshot={}", picture.display())];
        extra.extend(dark.then(|| "--blink-settings=preferredColorScheme=0".to_owned()));
        open(&sandbox, &url, &extra);
        let bytes = std::fs::read(&picture).expect("a picture was taken");
        assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 20_000, "{} bytes", bytes.len());
        std::fs::remove_file(&picture).expect("the picture can go");
    }
    let without = open(&sandbox, &url[..url.find('#').expect("a token")], &["--dump-dom".into()]);
    assert!(without.contains("id=\"content\" hidden") && !without.contains("retry.rs"), "{without}");
}

#[test]
fn the_page_is_used_with_the_keyboard_alone() {
    const FOCUS: &str = "document.activeElement.tagName";
    let sandbox = Sandbox::new(Client::Newest);
    let daemon = Daemon::start(&sandbox);
    launch(&sandbox, 0, crate::sample::WEBHOOK.prompt);
    let url = format!("http://127.0.0.1:{}/", daemon.port(&sandbox));
    let mut page = Driven::open(&sandbox, &browser(), &url);
    page.until("document.getElementById('entry')?.hidden === false");
    page.press("Tab");
    assert_eq!(page.value("document.activeElement.id"), "token", "the first stop is the field");
    page.write("wrong");
    page.press("Enter");
    page.until("!document.getElementById('problem').hidden");
    page.value("document.activeElement.select()");
    page.write(&token(&sandbox));
    page.press("Enter");
    page.until("!document.getElementById('content').hidden");
    for _ in 0..20 {
        page.press("Tab");
        if page.value(FOCUS) == "SUMMARY" {
            break;
        }
    }
    assert_eq!(page.value(FOCUS), "SUMMARY");
    assert_ne!(
        page.value("getComputedStyle(document.activeElement).outlineStyle"),
        "none",
        "the focus is seen"
    );
    page.press("Enter");
    assert_eq!(page.value("document.activeElement.parentElement.open"), true);
    let said = page.value("document.activeElement.parentElement.innerText");
    assert!(said.as_str().is_some_and(|said| said.contains("retry.rs")), "{said}");
}
