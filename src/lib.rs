//! rtk: project memory for every Claude Code subagent, in one binary.
//!
//! Rooms on floors; a room imports only from floors below it. `docs/architecture.md` has the map and
//! the invariants, `tests/it/architecture.rs` holds them.
//!
//! | floor | rooms |
//! |---|---|
//! | 7 | [`cli`] arguments, dispatch, printing, exit codes |
//! | 6 | [`hook`] client events: stdin → event → reply |
//! | 5 | [`daemon`] indexes kept in memory, files watched, asked over a socket |
//! | 4 | [`memory`] query, rank, budget, render · [`rewrite`] which shell commands may run through rtk |
//! | 3 | [`edit`] edits that agents ask for · [`index`] every file's words and outline, fresh and saved · [`installer`] plan → apply → verify → uninstall · [`state`] the record · [`wrap`] git with less to read |
//! | 2 | [`store`] SQLite · [`fs`] atomic writes · [`project`] root, scan, secrets · [`git`] · [`code`] symbols · [`text`] words and splices |
//! | 1 | [`base`] environment, clock, settings, process spawn, log, paths |
//!
//! Files written for a user: `<data>/projects/<id>/memory.db` (derived, can be deleted), `<data>/sessions/*.jsonl`
//! (the record of launches), `<state>/rtk.log`, and, by `rtk init`, the client's `settings.json`.

#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::allow_attributes,
        reason = "tests make files and processes freely"
    )
)]

pub mod base;
pub mod cli;
pub mod code;
pub mod daemon;
pub mod edit;
pub mod fs;
pub mod git;
pub mod hook;
pub mod index;
pub mod installer;
pub mod memory;
pub mod project;
pub mod rewrite;
pub mod state;
pub mod store;
pub mod text;
pub mod wrap;

/// Runs the program with the real environment and returns its exit code.
pub fn run() -> std::process::ExitCode {
    cli::main(base::Env::capture())
}
