//! `rtk mcp` as a client of the Model Context Protocol meets it: lines of JSON-RPC on stdin and stdout.

use crate::sandbox::Sandbox;
use serde_json::{Value, json};

/// A project with something to find and a past.
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.toml", "[package]\nname = \"shop\"\nversion = \"0.1.0\"\n");
    sandbox
        .write("src/greeting.rs", "/// Prints the greeting.\npub fn print_greeting() {\n    polite();\n}\n");
    sandbox.write("src/main.rs", "fn main() {\n    print_greeting();\n}\n");
    sandbox.git(&["init", "-q", "-b", "main"]);
    sandbox.git(&["add", "."]);
    sandbox.git(&["commit", "-q", "-m", "Greet politely"]);
    sandbox
}

/// Sends requests after the greeting of the protocol; returns the answers to them by number.
fn talk(sandbox: &Sandbox, requests: &[(&str, Value)]) -> Vec<Value> {
    let greeting = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": { "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } });
    let mut lines = vec![greeting, json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })];
    lines.extend(requests.iter().zip(1..).map(
        |((method, params), id)| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }),
    ));
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let run = sandbox.rtk_with(&["mcp"], input.as_bytes());
    let mut answers: Vec<Value> =
        run.success().stdout().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    answers.sort_by_key(|answer| answer["id"].as_u64());
    assert_eq!(answers.len(), requests.len() + 1, "{}", run.explain());
    answers
}

fn call(tool: &str, arguments: Value) -> (&'static str, Value) {
    ("tools/call", json!({ "name": tool, "arguments": arguments }))
}

#[test]
fn the_tools_are_described_and_each_answers_as_it_promises() {
    let sandbox = project();
    let calls = [
        call("memory_plan", json!({ "task": "where is print_greeting" })),
        call("memory_explore", json!({ "detail": "compact" })),
        call("memory_symbol", json!({ "name": "print_greeting" })),
        call("memory_delta", json!({ "since": "HEAD" })),
    ];
    let mut requests = vec![("tools/list", json!({}))];
    requests.extend(calls.clone());
    let answers = talk(&sandbox, &requests);
    assert_eq!(answers[0]["result"]["serverInfo"]["name"], "rtk");
    let tools = answers[1]["result"]["tools"].as_array().unwrap();
    assert_eq!(tools.len(), calls.len());
    for ((tool, (_, called)), answer) in tools.iter().zip(&calls).zip(&answers[2..]) {
        assert_eq!(tool["name"], called["name"]);
        assert_eq!(tool["annotations"]["destructiveHint"], false);
        assert_eq!(tool["inputSchema"]["additionalProperties"], false);
        let result = &answer["result"];
        assert_eq!(result["isError"], false, "{result:#}");
        for field in tool["outputSchema"]["required"].as_array().unwrap() {
            assert!(!result["structuredContent"][field.as_str().unwrap()].is_null(), "{field}: {result:#}");
        }
        assert_eq!(result["content"][0]["type"], "text");
    }
    assert!(answers[2]["result"]["content"][0]["text"].as_str().unwrap().contains("src/greeting.rs"));
    assert!(answers[4]["result"].to_string().contains("src/main.rs"), "where it is used");
}

#[test]
fn wrong_calls_are_explained_to_the_model_and_end_nothing() {
    let sandbox = project();
    let answers = talk(
        &sandbox,
        &[
            call("memory_plan", json!({})),
            call("memory_plan", json!({ "task": "x", "nonsense": 1 })),
            call("memory_plan", json!({ "task": "x", "project": "/no/such/folder" })),
            call("memory_nothing", json!({})),
            call("memory_plan", json!({ "task": "print_greeting" })),
        ],
    );
    for (answer, word) in answers[1..4].iter().zip(["task", "nonsense", "/no/such/folder"]) {
        assert_eq!(answer["result"]["isError"], true, "{answer:#}");
        assert!(answer["result"]["content"][0]["text"].as_str().unwrap().contains(word), "{answer:#}");
    }
    assert!(answers[4]["error"]["message"].as_str().unwrap().contains("memory_nothing"));
    assert_eq!(answers[5]["result"]["isError"], false);
}
