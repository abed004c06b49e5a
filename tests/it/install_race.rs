//! `rtk init` beside programs that rewrite the settings all the time, without a lock and from snapshots of their own.

use crate::place::{Place, ours, registered};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// How often the foreign program writes.
const PERIOD: Duration = Duration::from_millis(10);
/// How long it does so at least.
const DURATION: Duration = Duration::from_secs(10);
/// How often rtk may give up, leaving all as it was, before the foreign program is slow enough for a crowded machine: its
/// period doubles each time.
const GIVEN_UP_MAX: u32 = 6;
/// How often it looks for its own change, which rtk's hides for a moment (a long one where rtk waits for a processor), and
/// the pause between two looks.
const LOOKS: usize = 60_000;
const MOMENT: Duration = Duration::from_millis(1);
/// How often rtk is installed and removed meanwhile.
const ROUNDS: usize = 50;

/// Counts in the file itself. A count that is not the last one written means that a change was lost; a file that is no
/// JSON, that it was caught half written.
fn count_up(place: &Place, last: &mut u64, in_place: bool) {
    // In the moment between its swap and its look at what it displaced rtk's file may stand in front of a newer one.
    let read = || serde_json::from_str::<serde_json::Value>(&place.read()).unwrap();
    let newest =
        (0..LOOKS).map(|_| (read(), std::thread::sleep(MOMENT)).0).find(|seen| seen["count"] == *last);
    let mut settings = newest.unwrap_or_else(|| panic!("the foreign change {last} was lost: {}", read()));
    *last += 1;
    settings["count"] = (*last).into();
    let text = serde_json::to_string_pretty(&settings).unwrap();
    if in_place {
        std::fs::write(place.settings(), text).unwrap();
    } else {
        let aside = place.settings().with_file_name("aside");
        std::fs::write(&aside, text).unwrap();
        std::fs::rename(&aside, place.settings()).unwrap();
    }
}

fn nothing_is_lost(in_place: bool) {
    let place = Place::new();
    place.write(b"{\"count\": 0}");
    let (done, given_up) = (AtomicBool::new(false), AtomicU32::new(0));
    let last = std::thread::scope(|scope| {
        let foreign = scope.spawn(|| {
            let started = Instant::now();
            let mut last = 0;
            while !done.load(Ordering::SeqCst) || started.elapsed() < DURATION {
                count_up(&place, &mut last, in_place);
                std::thread::sleep(PERIOD * 2_u32.pow(given_up.load(Ordering::SeqCst)));
            }
            last
        });
        let installers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..ROUNDS / 2 {
                        for args in [&["init", "--yes"][..], &["init", "--uninstall", "--yes"]] {
                            let mut run = place.run(args);
                            while run.code != Some(0) && run.stderr.contains("kept changing") {
                                let before = given_up.fetch_add(1, Ordering::SeqCst);
                                assert!(before < GIVEN_UP_MAX, "{args:?} {}", run.stderr);
                                run = place.run(args);
                            }
                            assert_eq!(run.code, Some(0), "{args:?} {}", run.stderr);
                        }
                    }
                })
            })
            .collect();
        let ended: Vec<_> = installers.into_iter().map(|installer| installer.join()).collect();
        done.store(true, Ordering::SeqCst);
        let last = foreign.join().unwrap();
        ended.into_iter().for_each(|ended| ended.unwrap());
        last
    });
    place.ok(&["init", "--yes"]);
    let text = place.read();
    let settings: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(settings["count"], last, "{text}");
    for event in ["PreToolUse", "SubagentStart"] {
        assert_eq!(registered(&text, event), [ours()], "once, whoever else was installing");
    }
    place.ok(&["init", "--uninstall", "--yes"]);
    let settings: serde_json::Value = serde_json::from_str(&place.read()).unwrap();
    assert_eq!(settings, serde_json::json!({ "count": last }));
}

#[test]
fn a_program_that_writes_in_place_every_ten_milliseconds_loses_nothing() {
    nothing_is_lost(true);
}

#[test]
fn a_program_that_renames_every_ten_milliseconds_loses_nothing() {
    nothing_is_lost(false);
}
