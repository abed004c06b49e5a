//! Somebody else changes, replaces or removes the settings right before each step of `rtk init`: what they did stays,
//! rtk's entries go in beside it, and a file that was removed does not come back.

use crate::place::{Place, ours, registered};
use crate::tracer::{Plan, run};
use std::path::Path;

const BEFORE: &str = "{\n  \"model\": \"opus\"\n}\n";
const THEIRS: &str = "{\n  \"model\": \"haiku\",\n  \"env\": {\"A\": \"b\"}\n}\n";

fn traced(place: &Place, args: &[&str], plan: Plan<'_>) -> crate::tracer::Trace {
    let vars = [
        ("HOME".to_owned(), place.home().display().to_string()),
        ("PATH".to_owned(), "/usr/bin:/bin".to_owned()),
    ];
    let trace = run(Path::new(env!("CARGO_BIN_EXE_rtk")), args, &place.project(), &vars, &place.home(), plan);
    assert_eq!(trace.code, Some(0), "{}", trace.stderr);
    trace
}

fn prepared(installed: bool) -> Place {
    let place = Place::new();
    place.write(BEFORE.as_bytes());
    if installed {
        place.ok(&["init", "--yes"]);
    }
    place
}

/// Does something to the file right before each step in turn, and lets `judge` look at the end.
fn at_every_step(uninstall: bool, interfere: fn(&Path), judge: fn(&Place, &str)) {
    let args: &[&str] = if uninstall { &["init", "--uninstall", "--yes"] } else { &["init", "--yes"] };
    let steps = traced(&prepared(uninstall), args, Plan::Watch).steps;
    assert!(steps.len() > 10, "{steps:#?}");
    for (number, step) in steps.iter().enumerate() {
        let place = prepared(uninstall);
        let settings = place.settings();
        let interfere = || interfere(&settings);
        let trace = traced(&place, args, Plan::Meanwhile(number, &interfere));
        judge(&place, &format!("before step {number}, {step}: {}", trace.stderr));
        let litter = place.tree().into_keys().find(|path| path.to_string_lossy().contains(".rtk-"));
        assert_eq!(litter, None, "before step {number}, {step}");
    }
}

fn write_in_place(settings: &Path) {
    std::fs::write(settings, THEIRS).unwrap();
}

fn write_by_rename(settings: &Path) {
    let aside = settings.with_file_name("aside");
    std::fs::write(&aside, THEIRS).unwrap();
    std::fs::rename(&aside, settings).unwrap();
}

fn remove(settings: &Path) {
    std::fs::remove_file(settings).unwrap();
}

/// Theirs is whole, and ours beside it unless they wrote after rtk had looked for the last time.
fn theirs_stays(place: &Place, at: &str) {
    let text = place.read();
    if text == THEIRS {
        return;
    }
    assert_eq!(registered(&text, "PreToolUse"), [ours()], "{at}");
    let mut settings: serde_json::Value = serde_json::from_str(&text).unwrap();
    settings.as_object_mut().unwrap().remove("hooks");
    assert_eq!(settings, serde_json::from_str::<serde_json::Value>(THEIRS).unwrap(), "{at}");
}

#[test]
fn what_another_program_writes_in_place_during_an_installation_stays() {
    at_every_step(false, write_in_place, theirs_stays);
}

#[test]
fn what_another_program_renames_there_during_an_installation_stays() {
    at_every_step(false, write_by_rename, theirs_stays);
}

#[test]
fn what_another_program_writes_during_a_removal_stays() {
    at_every_step(true, write_in_place, |place, at| assert_eq!(place.read(), THEIRS, "{at}"));
}

#[test]
fn a_file_that_is_removed_during_an_installation_comes_back_with_our_entries_only_or_not_at_all() {
    at_every_step(false, remove, |place, at| {
        if place.settings().exists() {
            let settings: serde_json::Value = serde_json::from_str(&place.read()).unwrap();
            let names: Vec<_> = settings.as_object().unwrap().keys().collect();
            assert_eq!(names, ["hooks"], "{at}");
        }
    });
}

#[test]
fn a_file_that_is_removed_during_a_removal_stays_away() {
    at_every_step(true, remove, |place, at| assert!(!place.settings().exists(), "{at}"));
}
