//! Mutates documents, key paths, values and patches for a while and edits with them: nothing panics, and what an edit
//! says it did is what readers find.
//!
//! Each target runs for `RTK_FUZZ_SECONDS` of processor time (default 2), from `RTK_FUZZ_SEED` (default from the clock, and printed when
//! a case fails, so that it can be run again). Cases are made from a grammar's pieces, which random bytes would never
//! hit, and then damaged byte by byte. `--nocapture` shows how many were run.

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a fuzzer reads its time and seed from the environment and stops at the first surprise"
)]

mod documents;
mod patches;
mod random;

use random::Random;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, SystemTime};

/// Seconds of processor time that each target gets when nothing else is asked for.
const SECONDS_DEFAULT: u64 = 2;
/// Cases between two looks at the clock.
const CASES_BETWEEN_LOOKS: u64 = 64;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Processor time that this thread has used; a busy machine shortens no run.
fn used() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// Runs one case after the other until the time is over; a failing one is told with its seed.
fn fuzz(target: &str, case: impl Fn(&mut Random)) {
    let limit = Duration::from_secs(number("RTK_FUZZ_SECONDS").unwrap_or(SECONDS_DEFAULT));
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let fixed = number("RTK_FUZZ_SEED");
    let first = fixed.unwrap_or(since_epoch.as_nanos() as u64);
    let start = used();
    let mut cases = 0;
    while cases == 0 || (fixed.is_none() && used() - start < limit) {
        for _ in 0..if fixed.is_some() { 1 } else { CASES_BETWEEN_LOOKS } {
            let seed = first.wrapping_add(cases);
            let run = catch_unwind(AssertUnwindSafe(|| case(&mut Random::new(seed))));
            assert!(run.is_ok(), "{target}: run again with RTK_FUZZ_SEED={seed}");
            cases += 1;
        }
    }
    assert!(cases > 0, "{target}: no case was run");
    println!("{target}: {cases} cases in {:.0} s of processor time", (used() - start).as_secs_f64());
}

#[test]
fn key_paths() {
    fuzz("key_paths", documents::key_path);
}

#[test]
fn json_edits() {
    fuzz("json_edits", documents::json);
}

#[test]
fn jsonc_edits() {
    fuzz("jsonc_edits", documents::jsonc);
}

#[test]
fn toml_edits() {
    fuzz("toml_edits", documents::toml);
}

#[test]
fn yaml_edits() {
    fuzz("yaml_edits", documents::yaml);
}

#[test]
fn line_edits() {
    fuzz("line_edits", documents::lines);
}

#[test]
fn patches() {
    fuzz("patches", patches::patch);
}
