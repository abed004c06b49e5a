//! The parity matrix: native git and `rtk git` in twin repositories that are built the same way at the same place.
//!
//! For every case both leave the same exit code and the same repository, work tree, remote and trace of hooks; a failure
//! is the same word for word, and of a success no line that matters is missing. `docs/git-parity.md` is the list of
//! cases; when it differs, `RTK_PARITY_WRITE=1` writes it anew.
//!
//! | file | what |
//! |---|---|
//! | `cases.rs`, `reading.rs`, `changing.rs` | the cases: a command line, a situation, how to get into it |
//! | `world.rs` | where twins are built and commands run |
//! | `snapshot.rs` | everything that a command may leave behind |
//! | `server.rs` | a local HTTP server in front of `git http-backend` |
//! | `questions.rs` | what a reader must be able to answer from both outputs |

#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests make files and processes of their own, in temporary folders, and stop at the first surprise"
)]

mod cases;
mod changing;
mod questions;
mod reading;
mod server;
mod snapshot;
mod world;

use cases::{Case, Seen};
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use world::World;

/// Twins that are built at the same time.
const WORKERS: usize = 4;

#[test]
fn every_case_is_the_same_with_and_without_rtk() {
    let cases: Vec<Case> = reading::CASES.iter().chain(changing::CASES).copied().collect();
    assert!(cases.len() >= 150, "only {} cases", cases.len());
    let next = AtomicUsize::new(0);
    let seen: Mutex<Vec<(usize, Result<Seen, String>)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let world = World::new();
                while let Some((index, case)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    cases.get(index).map(|case| (index, case))
                } {
                    let result = cases::compare(&world, case);
                    seen.lock().unwrap().push((index, result));
                }
            });
        }
    });
    let mut seen = seen.into_inner().unwrap();
    seen.sort_by_key(|(index, _)| *index);
    let failed: Vec<&String> = seen.iter().filter_map(|(_, result)| result.as_ref().err()).collect();
    assert!(
        failed.is_empty(),
        "{} of {} cases differ:\n{}",
        failed.len(),
        cases.len(),
        failed.iter().map(|text| text.as_str()).collect::<Vec<_>>().join("\n")
    );
    let rows: Vec<(Case, Seen)> =
        seen.into_iter().map(|(index, result)| (cases[index], result.unwrap())).collect();
    check_document(&document(&rows));
}

fn document(rows: &[(Case, Seen)]) -> String {
    let mut text = format!(
        "# Parity of rtk git and git\n\n\
         {} cases, written by `tests/parity`, which fails when this list is out of date. In every case native git and `rtk git`\n\
         ran in twin repositories; exit code, references, HEAD, index entries, work tree with modes, configuration, stash,\n\
         reflogs, state files below `.git`, objects, the remote repository and the hooks that ran were the same. `rtk showed`\n\
         says whether git's own bytes were shown or a shorter form; a failure was always the same word for word, and every line\n\
         about an error, a warning, a conflict, a detached HEAD or from a remote was there.\n\n\
         | Command | Situation | Exit code | rtk showed |\n|---|---|--:|---|\n",
        rows.len()
    );
    for (case, seen) in rows {
        let command = case.command.replace('|', "\\|");
        let shown = if seen.shorter { "a shorter form" } else { "git's own bytes" };
        _ = writeln!(text, "| `git {command}` | {} | {} | {shown} |", case.situation, seen.code);
    }
    text
}

fn check_document(expected: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/git-parity.md");
    let found = std::fs::read_to_string(path).unwrap_or_default();
    if found == expected {
        return;
    }
    if std::env::var_os("RTK_PARITY_WRITE").is_some() {
        return std::fs::write(path, expected).unwrap();
    }
    let line = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    panic!("docs/git-parity.md is out of date at {line:?}; run this test with RTK_PARITY_WRITE=1");
}
