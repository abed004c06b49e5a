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

/// Reads a file with the client's own tool.
fn read_file(sandbox: &Sandbox, id: &str, path: &str) -> Block {
    let input = json!({ "file_path": sandbox.project().join(path) });
    Block::Tool { name: "Read", id: id.to_owned(), input }
}

/// What a daemon tells of the launches on record.
fn launches(sandbox: &Sandbox) -> Value {
    use std::io::{Read as _, Write as _};
    let daemon = Daemon::start(sandbox);
    let token =
        std::fs::read_to_string(sandbox.path("home/.local/state/rtk/token")).expect("a token is there");
    let port = u16::try_from(daemon.port(sandbox)).expect("a port");
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let request = format!(
        "GET /v1/launches HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        token.trim()
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
}

/// What agents opened is told from the client's transcripts, each with the agent of its own launch.
fn hits(client: Client) {
    let mut sandbox = Sandbox::installed(client);
    sandbox.argument("--dangerously-skip-permissions");
    let script = Script::new([
        vec![
            launch("toolu_1", "general-purpose", WEBHOOK.prompt),
            launch("toolu_2", "general-purpose", STOCK.prompt),
        ],
        says("All done."),
    ]);
    let reads = [
        vec![read_file(&sandbox, "toolu_3", WEBHOOK.path), read_file(&sandbox, "toolu_4", "Makefile")],
        vec![read_file(&sandbox, "toolu_5", WEBHOOK.path), read_file(&sandbox, "toolu_6", "no/such/file.rs")],
        says("Found."),
    ];
    let script =
        script.agent("webhook", WEBHOOK.prompt, reads).agent("stock", STOCK.prompt, [says("Found.")]);
    let run = sandbox.run(script);
    run.assert_ended("All done.");
    let told = launches(&sandbox);
    let use_of = |id: &str| {
        let all = told["launches"].as_array().expect("launches");
        let row = all.iter().find(|row| row["tool_use_id"] == id).expect("the launch is on record");
        let shown = row["paths"].as_array().expect("paths").len();
        assert_eq!(row["use"]["shown"], shown, "{told:#}");
        (row["use"]["opened"].clone(), row["use"]["hits"].clone())
    };
    assert_eq!(use_of("toolu_1"), (2.into(), 1.into()), "{told:#}");
    assert_eq!(use_of("toolu_2"), (0.into(), 0.into()), "{told:#}");
}

#[test]
fn newest_what_agents_opened_is_known() {
    hits(Client::Newest);
}

#[test]
fn older_what_agents_opened_is_known() {
    hits(Client::Older);
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
