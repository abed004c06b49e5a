//! One binary for all integration tests: a file per capability, a sandbox that clears the environment.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests make files and processes of their own, in temporary folders, and stop at the first surprise"
)]

mod architecture;
mod cli;
#[cfg(unix)]
mod daemon;
#[cfg(unix)]
mod daemon_http;
#[cfg(unix)]
mod daemon_limits;
mod doctor;
mod documents;
mod explore;
mod git;
#[cfg(unix)]
mod git_wrap;
mod history;
mod hook;
mod hook_contract;
mod hook_rewrite;
mod install;
mod install_bad;
#[cfg(unix)]
mod install_forms;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod install_kill;
mod install_matrix;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod install_meanwhile;
mod install_note;
mod install_race;
mod install_script;
mod install_show;
mod install_upgrade;
mod lookup;
#[cfg(unix)]
mod mcp;
#[cfg(unix)]
mod memory_bad_input;
#[cfg(unix)]
mod oracle;
#[cfg(unix)]
mod ordinary_user;
mod place;
mod project;
mod sandbox;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod tracer;
mod work_tree;
mod write;
mod write_core;
