//! Tests of the hook's promises: late, panicking, failing and boundless memories, and input that never ends.

use super::*;
use crate::hook::testing::{Machine, Scripted};
use std::sync::mpsc;

const LAUNCH: &str = r#"{"hook_event_name":"PreToolUse","tool_name":"Task","session_id":"s","cwd":"$CWD","tool_use_id":"t","tool_input":{"prompt":"fix it"}}"#;

#[test]
fn a_memory_that_is_too_slow_is_not_waited_for() {
    let machine = Machine::new().var("RTK_HOOK_DEADLINE_MS", "100");
    let slow = Scripted { search_sleep: Duration::from_secs(3600), ..Scripted::sure() };
    assert_eq!(machine.send(&slow, LAUNCH), "");
    assert!(machine.log().contains("no answer within 100 ms"), "{}", machine.log());
}

#[test]
fn input_that_never_ends_is_not_waited_for() {
    struct Endless(mpsc::Receiver<()>);
    impl Read for Endless {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            let _ = self.0.recv();
            Ok(0)
        }
    }
    let machine = Machine::new().var("RTK_HOOK_DEADLINE_MS", "60");
    let (_sender, receiver) = mpsc::channel();
    assert!(answer(machine.env(), Endless(receiver), Scripted::sure()).is_empty());
    assert_eq!(machine.log().lines().count(), 1, "{}", machine.log());
}

#[test]
fn a_panic_becomes_no_reply_one_log_line_and_a_row() {
    let machine = Machine::new();
    let panicking = Scripted { panics: true, ..Scripted::sure() };
    assert_eq!(machine.send(&panicking, LAUNCH), "");
    assert_eq!(machine.log().lines().count(), 1, "{}", machine.log());
    assert!(machine.log().contains("panicked"), "{}", machine.log());
    let session = crate::state::Session::of(&machine.paths(), "s");
    assert_eq!(session.marks().unwrap()[0].kind, "error");
}

#[test]
fn a_panic_while_reading_is_told_to_the_log_too() {
    struct Panicking;
    impl Read for Panicking {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            panic!("the input of this test panics");
        }
    }
    let machine = Machine::new();
    assert!(answer(machine.env(), Panicking, Scripted::sure()).is_empty());
    assert!(machine.log().contains("the input of this test panics"), "{}", machine.log());
}

#[test]
fn a_memory_that_fails_or_answers_without_bounds_changes_nothing() {
    let machine = Machine::new();
    let failing = Scripted { fails: true, ..Scripted::sure() };
    assert_eq!(machine.send(&failing, LAUNCH), "");
    assert!(machine.last_launch().reason.contains("the memory of this test"));
    let boundless = Scripted { text_chars: Some(3_000_000), ..Scripted::sure() };
    assert_eq!(machine.send(&boundless, LAUNCH), "");
    assert!(machine.last_launch().reason.contains("longer than"));
    assert_eq!(machine.log().lines().count(), 2, "{}", machine.log());
}

#[test]
fn malformed_input_gets_no_reply_and_one_log_line() {
    for bytes in ["", "{", "[1]", "{} {}", "\u{0}"] {
        let machine = Machine::new();
        assert_eq!(machine.send(&Scripted::sure(), bytes), "", "{bytes:?}");
        assert_eq!(machine.log().lines().count(), 1, "{bytes:?}: {}", machine.log());
    }
}

#[test]
fn events_that_are_not_modelled_are_accepted_in_silence() {
    let machine = Machine::new();
    for name in ["Stop", "SubagentStop", "PostToolUse", "SessionEnd", "PreCompact", "FromTheFuture", ""] {
        let event =
            format!(r#"{{"hook_event_name":"{name}","session_id":"s","cwd":"$CWD","tool_name":"Agent"}}"#);
        assert_eq!(machine.send(&Scripted::sure(), &event), "");
    }
    assert_eq!(machine.log(), "");
}

#[test]
fn a_switched_off_hook_says_nothing_and_writes_nothing() {
    let machine = Machine::new().var("RTK_DISABLED", "1");
    assert_eq!(machine.send(&Scripted::sure(), LAUNCH), "");
    assert!(!machine.path().join("rtk").exists());
}

#[test]
fn a_home_that_cannot_be_written_costs_the_record_and_not_the_slice() {
    let machine = Machine::new();
    std::fs::write(machine.path().join("rtk"), "a file where a folder should be").unwrap();
    assert!(machine.send(&Scripted::sure(), LAUNCH).contains("SLICE"));
    let explore = LAUNCH.replace(r#""prompt""#, r#""subagent_type":"Explore","prompt""#);
    let reply = machine.send(&Scripted::sure(), &explore);
    assert!(reply.contains("updatedInput") && !reply.contains("deny"), "no answer without a record: {reply}");
}

#[test]
fn bad_settings_files_cost_one_log_line() {
    let machine = Machine::new();
    std::fs::write(machine.path().join("project/.rtk.toml"), "[hook").unwrap();
    assert!(machine.send(&Scripted::sure(), LAUNCH).contains("SLICE"));
    assert_eq!(machine.log().lines().count(), 1, "{}", machine.log());
}

#[test]
fn the_margin_leaves_time_for_the_reply() {
    let start = Deadline::after_ms(DEADLINE_MS_MAX);
    assert!(reply_by(start, 2_000).left() <= Duration::from_millis(1_900));
    assert!(reply_by(start, 100).left() <= Duration::from_millis(90));
    assert!(reply_by(start, u64::MAX).left() <= Duration::from_secs(60));
}
