//! Tests of which agents get the general text at their start.

use crate::hook::testing::{Machine, Scripted, parsed};
use serde_json::Value;

fn start(machine: &Machine, memory: &Scripted, agent_id: &str, agent_type: &str) -> Value {
    let event = format!(
        r#"{{"session_id":"s","cwd":"$CWD","agent_id":"{agent_id}","agent_type":"{agent_type}","hook_event_name":"SubagentStart"}}"#
    );
    parsed(&machine.send(memory, &event))
}

#[test]
fn an_announced_agent_gets_nothing_and_an_unannounced_one_the_general_text_once() {
    let machine = Machine::new();
    let memory = Scripted::sure();
    machine.launch(&memory, "", r#","prompt":"p","subagent_type":"Plan""#);
    assert_eq!(start(&machine, &memory, "a1", "Plan"), Value::Null);
    assert_eq!(memory.seen().glances, 0);
    let reply = start(&machine, &memory, "a2", "workflow-subagent");
    assert_eq!(reply["hookEventName"], "SubagentStart");
    let context = reply["additionalContext"].as_str().unwrap();
    assert!(context.contains("GLANCE") && context.starts_with("<rtk-project-memory id="), "{context}");
    assert_eq!(start(&machine, &memory, "a2", "workflow-subagent"), Value::Null, "resumed");
    assert!(start(&machine, &memory, "a3", "Plan")["additionalContext"].is_string(), "its launch is used up");
    assert_eq!(start(&machine, &memory, "a4", "fork"), Value::Null);
    assert_eq!(memory.seen().glances, 2);
}

#[test]
fn a_denied_launch_announces_nobody() {
    let machine = Machine::new();
    let memory = Scripted::sure();
    let denied = machine.launch(&memory, "", r#","prompt":"where is it","subagent_type":"Explore""#);
    assert_eq!(denied["permissionDecision"], "deny");
    assert!(start(&machine, &memory, "a1", "Explore")["additionalContext"].is_string());
}

#[test]
fn the_context_keeps_its_limit_and_the_users_lists() {
    let machine = Machine::new().var("RTK_HOOK_AGENTS_SKIP", "workflow-subagent");
    assert_eq!(start(&machine, &Scripted::sure(), "a1", "workflow-subagent"), Value::Null);
    let full = Scripted { text_chars: Some(3_500), ..Scripted::sure() };
    let reply = start(&machine, &full, "a2", "other");
    let chars = reply["additionalContext"].as_str().unwrap().chars().count();
    assert!((3_500..=4_000).contains(&chars), "{chars}");
    let boundless = Scripted { text_chars: Some(70_000), ..Scripted::sure() };
    assert_eq!(start(&machine, &boundless, "a3", "other"), Value::Null);
    assert!(machine.log().contains("longer than its limit"));
}
