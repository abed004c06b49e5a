//! Tests of what launches of one turn know of each other, and of which launch an agent start belongs to.

use super::*;

fn launch(id: &str, agent_type: &str, action: Action) -> Mark {
    Mark {
        kind: "launch".into(),
        tool_use_id: Some(id.into()),
        agent_type: agent_type.into(),
        action: Some(action),
        paths: vec![format!("{id}.rs")],
        ..Mark::default()
    }
}

fn started(agent_id: &str, consumed: Option<&str>) -> Mark {
    Mark {
        kind: "subagent_start".into(),
        agent_id: Some(agent_id.into()),
        consumed: consumed.map(str::to_owned),
        ..Mark::default()
    }
}

fn start(agent_id: &str, agent_type: &str) -> Event {
    let event = format!(r#"{{"agent_id":"{agent_id}","agent_type":"{agent_type}","prompt_id":"now"}}"#);
    Event::of(event, Some("SubagentStart"))
}

fn key(id: &str) -> Announcement {
    Announcement::Launch(id.into())
}

#[test]
fn an_agent_belongs_to_the_oldest_unused_launch_of_its_type() {
    let mut marks = vec![
        launch("t1", "general-purpose", Action::Injected),
        launch("t2", "general_purpose", Action::Abstained),
    ];
    assert_eq!(announcement(&marks, &start("a1", "General-Purpose")), key("t1"));
    marks.push(started("a1", Some("t1")));
    assert_eq!(announcement(&marks, &start("a2", "general-purpose")), key("t2"));
    marks.push(started("a2", Some("t2")));
    assert_eq!(announcement(&marks, &start("a3", "general-purpose")), Announcement::None);
    assert_eq!(announcement(&marks, &start("a2", "general-purpose")), Announcement::Known);
    assert_eq!(announcement(&marks, &start("a4", "Plan")), Announcement::None);
}

#[test]
fn a_launch_of_the_same_turn_comes_before_an_older_one() {
    let mut now = launch("t2", "Plan", Action::Skipped);
    now.prompt_id = Some("now".into());
    let marks = [launch("t1", "Plan", Action::Failed), now];
    assert_eq!(announcement(&marks, &start("a", "Plan")), key("t2"));
}

#[test]
fn a_plugins_agent_may_be_launched_by_its_short_name() {
    let marks = [launch("t1", "reviewer", Action::Injected)];
    assert_eq!(announcement(&marks, &start("a", "shop:reviewer")), key("t1"));
    let marks = [launch("t1", "shop:reviewer", Action::Injected)];
    assert_eq!(announcement(&marks, &start("a", "shop:reviewer")), key("t1"));
    assert_eq!(announcement(&marks, &start("a", "other:reviewer")), Announcement::None);
}

#[test]
fn a_denied_launch_announces_nobody() {
    let marks = [launch("t1", "Explore", Action::Answered)];
    assert_eq!(announcement(&marks, &start("a", "Explore")), Announcement::None);
}

#[test]
fn team_mates_go_by_their_names_and_forks_are_always_known() {
    let mut bob = launch("t1", "general-purpose", Action::Injected);
    bob.name = Some("bob".into());
    assert_eq!(announcement(&[bob], &start("abob-1", "bob")), key("t1"));
    assert_eq!(announcement(&[], &start("a", "fork")), Announcement::Known);
    assert_eq!(announcement(&[], &start("a", "workflow-subagent")), Announcement::None);
}

#[test]
fn only_injected_launches_of_the_same_turn_and_level_count_as_given() {
    let of_turn = |id: &str, turn: Option<&str>, action: Action| {
        let mut mark = launch(id, "x", action);
        mark.prompt_id = turn.map(str::to_owned);
        mark.at_ms = 100_000;
        mark
    };
    let mut nested = of_turn("nested", Some("now"), Action::Injected);
    nested.agent_id = Some("a".into());
    let marks = [
        of_turn("here", Some("now"), Action::Injected),
        of_turn("here", Some("now"), Action::Injected),
        of_turn("before", Some("then"), Action::Injected),
        of_turn("denied", Some("now"), Action::Answered),
        of_turn("old", None, Action::Injected),
        nested,
    ];
    let main = Event::of(r#"{"prompt_id":"now"}"#.into(), None);
    assert_eq!(given(&marks, &main, 100_001), ["here.rs"]);
    let inner = Event::of(r#"{"prompt_id":"now","agent_id":"a"}"#.into(), None);
    assert_eq!(given(&marks, &inner, 100_001), ["nested.rs"]);
    let old_client = Event::of("{}".into(), None);
    assert_eq!(given(&marks, &old_client, 110_000), ["old.rs"]);
    assert!(given(&marks, &old_client, 110_001).is_empty());
}
