//! Tests of the policy: who is injected, answered and left alone, and what the record says of it.

use super::*;
use crate::hook::testing::{Machine, Scripted, parsed};
use serde_json::Value;

fn sure() -> Scripted {
    Scripted::sure()
}

#[test]
fn a_launch_is_injected_without_a_permission() {
    let machine = Machine::new();
    let memory = sure();
    let event = r#"{"hook_event_name":"PreToolUse","tool_name":"Agent","session_id":"s","cwd":"$CWD","tool_use_id":"t1",
        "tool_input":{ "x":1E5,"prompt":"fix \ud83d it","subagent_type":"who-knows","y":{"prompt":2} }}"#;
    let reply = machine.send(&memory, event);
    assert!(!reply.contains("permissionDecision") && !reply.contains("additionalContext"));
    assert!(
        reply.contains(r#""updatedInput":{ "x":1E5,"prompt":"fix \ud83d it\n\n<rtk-project-memory id=\""#),
        "{reply}"
    );
    assert!(reply.contains("SLICE of 2 files\\n</rtk-project-memory"));
    assert!(reply.contains(r#"","subagent_type":"who-knows","y":{"prompt":2} }"#), "{reply}");
    let launch = machine.last_launch();
    assert_eq!((launch.action, launch.tool_use_id.as_deref()), (Action::Injected, Some("t1")));
    assert_eq!(launch.paths, ["src/a.rs", "src/b.rs"]);
    assert_eq!(
        (launch.confidence.as_deref(), launch.slice_tokens, launch.candidates.len()),
        (Some("high"), 7, 2)
    );
    assert!(launch.timings_us.iter().any(|(step, us)| step == "memory query" && *us == 5));
}

#[test]
fn what_is_not_ours_is_left_alone_with_its_reason_on_record() {
    let cases = [
        (r#","prompt":"p","subagent_type":"Fork""#, "", "fork"),
        (r#","prompt":" \n\u0009 ""#, "", "empty"),
        (r#","prompt":"p","subagent_type":"Plan""#, r#"agents = ["general-purpose"]"#, "hook.agents"),
        (r#","prompt":"p","subagent_type":"plan""#, r#"agents_skip = ["Plan"]"#, "agents_skip"),
    ];
    for (input, settings, reason) in cases {
        let machine = Machine::new();
        std::fs::write(machine.path().join("project/.rtk.toml"), format!("[hook]\n{settings}")).unwrap();
        let memory = sure();
        assert_eq!(machine.launch(&memory, "", input), Value::Null, "{input}");
        let launch = machine.last_launch();
        assert_eq!(launch.action, Action::Skipped);
        assert!(launch.reason.contains(reason), "{}", launch.reason);
        assert!(memory.seen().tasks.is_empty());
    }
}

#[test]
fn other_tools_and_broken_inputs_leave_no_trace() {
    let machine = Machine::new();
    for (tool, input) in [("Bash", r#"{"prompt":"p"}"#), ("task", r#"{"prompt":"p"}"#), ("Workflow", "{}")] {
        let event = format!(
            r#"{{"hook_event_name":"PreToolUse","tool_name":"{tool}","cwd":"$CWD","tool_input":{input}}}"#
        );
        assert_eq!(machine.send(&sure(), &event), "");
    }
    assert!(!machine.path().join("rtk").exists());
    for input in ["{}", "[]", "\"x\"", "null", r#"{"prompt":["p"]}"#] {
        let event = format!(
            r#"{{"hook_event_name":"PreToolUse","tool_name":"Agent","cwd":"$CWD","tool_input":{input}}}"#
        );
        assert_eq!(machine.send(&sure(), &event), "", "{input}");
    }
    assert!(!machine.paths().sessions().exists());
}

#[test]
fn without_confidence_nothing_is_said() {
    for agent_type in ["general-purpose", "Explore"] {
        let machine = Machine::new();
        let memory = Scripted { confidence: Confidence::None, ..sure() };
        let input = format!(r#","prompt":"p","subagent_type":"{agent_type}""#);
        assert_eq!(machine.launch(&memory, "", &input), Value::Null);
        let launch = machine.last_launch();
        assert_eq!(launch.action, Action::Abstained);
        assert!(launch.paths.is_empty());
    }
}

#[test]
fn an_unsure_memory_injects_and_never_answers() {
    for agent_type in ["general-purpose", "Explore"] {
        let machine = Machine::new();
        let memory = Scripted { confidence: Confidence::Low, ..sure() };
        let input = format!(r#","prompt":"p","subagent_type":"{agent_type}""#);
        let reply = machine.launch(&memory, "", &input);
        assert!(reply["updatedInput"].is_object(), "{reply}");
        let launch = machine.last_launch();
        assert_eq!(launch.action, Action::Injected);
        assert!(launch.reason.contains("not sure"), "{}", launch.reason);
    }
}

#[test]
fn exploration_is_answered_once_and_then_passes_injected() {
    let machine = Machine::new();
    let ask = |prompt: &str| {
        machine.launch(&sure(), "", &format!(r#","prompt":"{prompt}","subagent_type":"ex_PLORE""#))
    };
    let first = ask("Where are session tokens refreshed in the auth middleware?");
    assert_eq!(first["permissionDecision"], "deny");
    let reason = first["permissionDecisionReason"].as_str().unwrap();
    assert!(
        reason.contains("SLICE of 2 files") && reason.contains("launch the same agent again"),
        "{reason}"
    );
    assert_eq!(block::find(reason).len(), 1);
    assert_eq!(machine.last_launch().action, Action::Answered);
    let second = ask("where are the session tokens refreshed, in auth middleware");
    assert!(second.get("permissionDecision").is_none() && second["updatedInput"].is_object(), "{second}");
    assert!(machine.last_launch().class.contains("answered before"));
    let other = ask("Which tables do the database migrations create?");
    assert_eq!(other["permissionDecision"], "deny", "another question is answered");
    let third = ask("rtk answered about payment webhooks but the slice was not enough");
    assert!(third["updatedInput"].is_object());
    let quoting = ask("Payment webhooks. <rtk-project-memory> said nothing about retries");
    assert!(quoting["updatedInput"].is_object());
}

#[test]
fn another_session_has_its_own_memory_of_questions() {
    let machine = Machine::new();
    for session in ["s1", "s2"] {
        let event = format!(
            r#"{{"hook_event_name":"PreToolUse","tool_name":"Agent","session_id":"{session}","cwd":"$CWD","tool_input":{{"prompt":"Where is it?","subagent_type":"Explore"}}}}"#
        );
        assert_eq!(parsed(&machine.send(&sure(), &event))["permissionDecision"], "deny");
    }
}

#[test]
fn the_policy_for_exploration_can_be_changed() {
    let input = r#","prompt":"p q r","subagent_type":"Explore""#;
    let injected = Machine::new().var("RTK_EXPLORE_POLICY", "inject");
    assert!(injected.launch(&sure(), "", input)["updatedInput"].is_object());
    let allowed = Machine::new().var("RTK_ALLOW_NATIVE_EXPLORE", "1");
    assert_eq!(allowed.launch(&sure(), "", input), Value::Null);
    let others = Machine::new().var("RTK_EXPLORE_AGENTS", "Scout");
    assert!(others.launch(&sure(), "", input)["updatedInput"].is_object());
    assert_eq!(others.launch(&sure(), "", &input.replace("Explore", "scout"))["permissionDecision"], "deny");
}

#[test]
fn a_block_that_is_there_is_replaced_and_not_part_of_the_question() {
    let machine = Machine::new();
    let memory = sure();
    let first = machine.launch(&memory, "", r#","prompt":"fix \"it\"""#);
    let quoted = first["updatedInput"]["prompt"].as_str().unwrap();
    let nested = serde_json::to_string(&format!("{quoted}\nand report")).unwrap();
    let second = machine.launch(&memory, "", &format!(r#","prompt":{nested}"#));
    let prompt = second["updatedInput"]["prompt"].as_str().unwrap();
    assert_eq!(block::find(prompt).len(), 1);
    assert_eq!(block::strip(prompt), "fix \"it\"\nand report");
    assert_eq!(memory.seen().tasks, ["fix \"it\"", "fix \"it\"\nand report"]);
}

#[test]
fn launches_of_one_turn_get_complementary_slices() {
    let machine = Machine::new();
    let memory = sure();
    let launch = |fields: &str| machine.launch(&memory, fields, r#","prompt":"p""#);
    launch(r#","prompt_id":"one""#);
    launch(r#","prompt_id":"one","agent_id":"nested""#);
    launch(r#","prompt_id":"two""#);
    launch(r#","prompt_id":"one""#);
    let both = vec!["src/a.rs".to_owned(), "src/b.rs".to_owned()];
    assert_eq!(memory.seen().given, [vec![], vec![], vec![], both.clone()]);
    assert_eq!(machine.last_launch().given, both);
}

#[test]
fn a_worktree_agent_is_told_where_it_works() {
    let reply = Machine::new().launch(&sure(), "", r#","prompt":"p","isolation":"worktree""#);
    assert!(reply["updatedInput"]["prompt"].as_str().unwrap().contains("fresh git work tree of HEAD"));
    assert_eq!(reply["updatedInput"]["isolation"], "worktree");
}

#[test]
fn a_slice_keeps_the_limit_of_the_settings_with_its_marks() {
    let machine = Machine::new().var("RTK_HOOK_CHARS_MAX", "600");
    let left = Slice::injection("p", 600, None).chars_left();
    let fits = Scripted { text_chars: Some(left), ..sure() };
    let reply = machine.launch(&fits, "", r#","prompt":"p""#);
    assert_eq!(reply["updatedInput"]["prompt"].as_str().unwrap().chars().count(), 601);
    let longer = Scripted { text_chars: Some(left + 1), ..sure() };
    assert_eq!(machine.launch(&longer, "", r#","prompt":"p""#), Value::Null);
}

#[test]
fn secrets_of_a_prompt_do_not_reach_the_record() {
    let machine = Machine::new();
    machine.launch(&sure(), "", r#","prompt":"log in with password: hunter2""#);
    let files: Vec<_> =
        std::fs::read_dir(machine.paths().sessions()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    assert!(!std::fs::read_to_string(&files[0]).unwrap().contains("hunter2"));
}

#[test]
fn a_lock_that_somebody_holds_costs_nothing_but_the_siblings() {
    let machine = Machine::new();
    let session = Session::of(&machine.paths(), "s");
    let _held = session.lock(std::time::Duration::ZERO).unwrap();
    assert!(machine.launch(&sure(), "", r#","prompt":"p""#)["updatedInput"].is_object());
}
