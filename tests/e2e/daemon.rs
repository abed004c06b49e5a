//! The daemon beside the real client: asked by the hook, killed in the middle, asked over HTTP with no process spawned, and
//! the memory as tools that a subagent calls.

use crate::client::Client;
use crate::sample::{STOCK, WEBHOOK};
use crate::script::{Block, Script, bash, launch, says};
use crate::session::Sandbox;
use crate::slice::assert_injected;
use serde_json::{Value, json};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// What is waited for happens within milliseconds; a machine under load may take its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running daemon of a sandbox; killed when dropped.
pub(crate) struct Daemon {
    child: Child,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Daemon {
    /// Starts one and waits until it answers.
    pub(crate) fn start(sandbox: &Sandbox) -> Daemon {
        let mut command = sandbox.command(sandbox.rtk().as_os_str());
        command.args(["memory", "serve", "--port", "0"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let daemon = Daemon { child: command.spawn().expect("the daemon starts") };
        let started = Instant::now();
        while status(sandbox)["process"]["port"].is_null() {
            assert!(started.elapsed() < PATIENCE, "the daemon does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        daemon
    }
}

impl Daemon {
    /// Port of its HTTP face.
    pub(crate) fn port(&self, sandbox: &Sandbox) -> u64 {
        status(sandbox)["process"]["port"].as_u64().expect("it listens")
    }
}

fn status(sandbox: &Sandbox) -> Value {
    let mut command = sandbox.command(sandbox.rtk().as_os_str());
    let output = command.args(["memory", "serve", "--status", "--json"]).output().expect("rtk runs");
    serde_json::from_slice(&output.stdout).expect("a status is JSON")
}

fn questions(sandbox: &Sandbox) -> u64 {
    status(sandbox)["daemon"]["counts"]["questions"].as_u64().expect("a running daemon counts")
}

#[test]
fn newest_hook_asks_the_daemon_and_goes_on_when_it_is_killed() {
    let mut sandbox = Sandbox::installed(Client::Newest);
    sandbox.argument("--dangerously-skip-permissions");
    let daemon = Daemon::start(&sandbox);
    let kill = format!("kill -9 {}; echo killed", daemon.child.id());
    let count = sandbox.path("count.txt");
    let ask = format!("rtk memory serve --status --json > '{}'", count.display());
    let script = Script::new([
        vec![launch("toolu_1", "general-purpose", WEBHOOK.prompt)],
        vec![bash("toolu_2", &ask)],
        vec![bash("toolu_3", &kill)],
        vec![launch("toolu_4", "general-purpose", STOCK.prompt)],
        says("All done."),
    ]);
    let script = script.agent("before", WEBHOOK.prompt, [says("Found.")]).agent(
        "after",
        STOCK.prompt,
        [says("Found.")],
    );
    let run = sandbox.run(script);
    run.assert_ended("All done.");
    assert!(run.main().tool_result("toolu_3").text.contains("killed"), "{}", run.report());
    let told: Value =
        serde_json::from_slice(&std::fs::read(count).expect("the status was written")).expect("it is JSON");
    assert!(
        told["daemon"]["counts"]["answered"].as_u64() >= Some(1),
        "the first launch was the daemon's: {told:#}"
    );
    assert_injected(&run, "before", WEBHOOK);
    assert_injected(&run, "after", STOCK);
}

#[test]
fn newest_hook_of_type_http_spawns_no_process() {
    let mut sandbox = Sandbox::new(Client::Newest);
    sandbox.set("NO_PROXY", "127.0.0.1");
    let _daemon = Daemon::start(&sandbox);
    let port = status(&sandbox)["process"]["port"].clone();
    let token =
        std::fs::read_to_string(sandbox.path("home/.local/state/rtk/token")).expect("a token is there");
    let entry = json!({ "type": "http", "url": format!("http://127.0.0.1:{port}/v1/hook"), "timeout": 10,
        "headers": { "Authorization": format!("Bearer {}", token.trim()) } });
    let hooks = json!({ "hooks": { "PreToolUse": [{ "matcher": "Task|Agent", "hooks": [entry] }] } });
    sandbox.write("home/.claude/settings.json", &hooks.to_string());
    let script = Script::new([vec![launch("toolu_1", "general-purpose", WEBHOOK.prompt)], says("All done.")])
        .agent("helper", WEBHOOK.prompt, [says("Found.")]);
    let run = sandbox.run(script);
    run.assert_ended("All done.");
    assert_injected(&run, "helper", WEBHOOK);
    assert_eq!(questions(&sandbox), 1);
}

#[test]
fn newest_subagent_calls_a_tool_of_the_memory() {
    let mut sandbox = Sandbox::new(Client::Newest);
    sandbox.argument("--dangerously-skip-permissions");
    let servers =
        json!({ "mcpServers": { "rtk": { "type": "stdio", "command": sandbox.rtk(), "args": ["mcp"] } } });
    sandbox.write("project/.mcp.json", &servers.to_string());
    let tool = |name, id: &str, input| Block::Tool { name, id: id.into(), input };
    let search =
        tool("ToolSearch", "toolu_2", json!({ "query": "select:mcp__rtk__memory_plan", "max_results": 1 }));
    let plan = tool("mcp__rtk__memory_plan", "toolu_3", json!({ "task": WEBHOOK.prompt }));
    let script =
        Script::new([vec![launch("toolu_1", "general-purpose", "Ask the memory.")], says("All done.")])
            .agent("helper", "Ask the memory.", [vec![search], vec![plan], says("It told me.")]);
    let run = sandbox.run(script);
    run.assert_ended("All done.");
    let answer = run.agent("helper").tool_result("toolu_3");
    assert!(!answer.is_error && answer.text.contains(WEBHOOK.path), "{answer:?}\n{}", run.report());
}
