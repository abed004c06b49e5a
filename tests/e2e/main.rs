//! End-to-end tests that drive the real Claude Code client against a scripted Messages API on loopback.
//!
//! Each case proves what it claims from the subagent's own API request, not from what the hook printed. The client
//! comes from `install-clients.sh`; without it the tests fail. `tests/run` does both. `RTK_E2E_CLIENTS` names another
//! folder of clients; `RTK_E2E_KEEP=1` keeps the sandboxes, whose paths a failure's report tells.
//!
//! | file | what |
//! |---|---|
//! | `client.rs` | finds the installed clients |
//! | `script.rs`, `api.rs` | what the model says, and the server that says it and records each request |
//! | `sample.rs` | the repository that the agents are asked about |
//! | `session.rs`, `run.rs` | one headless run in a sandbox, and what it shows afterwards |
//! | `contract.rs` | the client alone, with a foreign hook: tells a changed client from a broken rtk |
//! | `slice.rs` | what a slice looks like from outside |
//! | `inject.rs`, `launches.rs`, `explore.rs` | the main job: kinds of agents, ways of launching, exploration answered |
//! | `rewrite.rs` | git commands of the shell tool, run through rtk or left alone |
//! | `rights.rs`, `foreign.rs`, `failures.rs`, `install.rs` | no more rights, beside other hooks, never in the way, in and out again |
//! | `daemon.rs`, `page.rs`, `driven.rs` | the daemon asked, killed, over HTTP and MCP; its page in a browser, by keyboard too |
//! | `setup.rs` | the client's own verdict, entries that have gone, the note and the rules |
//! | `plugin.rs` | the repository as a marketplace with one plugin |

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    reason = "tests make files and processes freely and fail loudly"
)]

mod api;
mod client;
mod contract;
mod daemon;
mod driven;
mod explore;
mod failures;
mod foreign;
mod inject;
mod install;
mod launches;
mod page;
mod plugin;
mod rewrite;
mod rights;
mod run;
mod sample;
mod script;
mod session;
mod setup;
mod slice;
