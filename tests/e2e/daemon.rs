//! The daemon beside the real client: asked by the hook, killed in the middle, asked over HTTP with no process spawned, and
//! the memory as tools that a subagent calls; wired by `rtk init` in either form.

use crate::client::Client;
use crate::sample::{STOCK, WEBHOOK};
use crate::script::{Block, Script, bash, launch, says};
use crate::session::Sandbox;
use crate::slice::{assert_injected, assert_untouched};
use serde_json::{Value, json};
use std::process::{Child, Stdio};
use std::time::Duration;

/// What is waited for happens within milliseconds; a machine under load may take its time.
const LOOKS_MAX: usize = 3_000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

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
        for _ in 0..LOOKS_MAX {
            if !status(sandbox)["process"]["port"].is_null() {
                return daemon;
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
        panic!("the daemon does not answer");
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

/// Ends the daemon that a session of the sandbox has started, whatever became of the test.
struct Ended<'s>(&'s Sandbox);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        let mut command = self.0.command(self.0.rtk().as_os_str());
        drop(command.args(["memory", "serve", "--stop"]).output());
    }
}

/// A sandbox in which `rtk init --http` has wired a port that nobody listens at by now.
fn wired_by_http() -> Sandbox {
    let mut sandbox = Sandbox::new(Client::Newest);
    sandbox.set("NO_PROXY", "127.0.0.1");
    sandbox.argument("--dangerously-skip-permissions");
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its number");
    // The entry holds a token: others must not come to the file.
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(sandbox.path("home"), private).expect("a mode for the home folder");
    sandbox.run_rtk(&["init", "--http", "--port", &free.port().to_string(), "--yes"]);
    sandbox
}

#[test]
fn newest_client_asks_the_daemon_itself_and_goes_on_when_it_is_killed() {
    let sandbox = wired_by_http();
    let _ended = Ended(&sandbox);
    // The beginning of the session starts the daemon.
    let wait = "for i in $(seq 600); do rtk memory serve --status >/dev/null && break; sleep 0.1; done";
    let count = sandbox.path("count.txt");
    let ask = format!("rtk memory serve --status --json > '{}'", count.display());
    let kill =
        r#"kill -9 "$(grep -o '"pid": *[0-9]*' ~/.local/state/rtk/daemon.json | tr -dc 0-9)" && echo killed"#;
    let script = Script::new([
        vec![bash("toolu_0", wait)],
        vec![launch("toolu_1", "general-purpose", WEBHOOK.prompt)],
        vec![bash("toolu_2", &ask)],
        vec![bash("toolu_3", kill)],
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
    assert_injected(&run, "before", WEBHOOK);
    assert_untouched(&run, "after", STOCK.prompt);
    let told: Value =
        serde_json::from_slice(&std::fs::read(count).expect("the status was written")).expect("it is JSON");
    assert!(
        told["daemon"]["counts"]["questions"].as_u64() >= Some(1),
        "no process was spawned for it: {told:#}"
    );
}

#[test]
fn newest_subagent_calls_a_tool_of_the_memory() {
    calls_a_tool("--project");
}

#[test]
fn newest_subagent_calls_a_tool_of_the_memory_in_every_project() {
    calls_a_tool("--global");
}

fn calls_a_tool(scope: &str) {
    let mut sandbox = Sandbox::new(Client::Newest);
    sandbox.argument("--dangerously-skip-permissions");
    let files = ["home/.claude.json", "project/.mcp.json"].map(|name| sandbox.path(name));
    let before = files.clone().map(|path| std::fs::read(path).ok());
    sandbox.run_rtk(&["init", scope, "--mcp", "--yes"]);
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
    // The client has written into its own file meanwhile; what it made of ours goes, and nothing else.
    sandbox.run_rtk(&["init", scope, "--uninstall", "--yes"]);
    for (path, before) in files.iter().zip(before) {
        let after = std::fs::read(path).ok();
        let value: Value = serde_json::from_slice(after.as_deref().unwrap_or(b"{}")).expect("it is JSON");
        assert!(value["mcpServers"]["rtk"].is_null(), "{}: {value:#}", path.display());
        assert!(after == before || !value["machineID"].is_null(), "{}: {value:#}", path.display());
    }
}
