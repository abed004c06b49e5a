//! The daemon: keeps indexes in memory and watches their files, so that a launch costs what has changed and no more.
//!
//! Invariants: it is never needed: whoever asks and gets no answer in time does the work itself, with the same result;
//! an answer reflects the work tree at the moment of the question, watched or not; one daemon a user, reachable by that
//! user alone; everything is bounded (connections, queue, threads, memory, time) and it ends itself when idle. Knows
//! nothing of clap and of the client's JSON: what an event means is a closure from above.

mod api;
mod client;
mod error;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod filesystem;
mod http;
mod lifecycle;
mod mcp;
mod pace;
mod place;
mod projects;
mod server;
mod stats;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod watch;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod watch_none;
mod wire;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
use watch_none as watch;

pub use api::{Api, ApiError, ErrorKind, Operation};
pub use client::{Asked, ask_hook, status, stop};
pub use error::DaemonError;
pub use http::{HttpFace, HttpOptions, Listening, known_token, start as start_http, token};
pub use lifecycle::{Claim, Running, claim, identity, is_running, running};
pub use mcp::serve as serve_mcp;
pub use place::Place;
pub use projects::{Ceilings, Projects, Renewal};
pub use server::{Handler, ServeOptions, serve};
pub use stats::Stats;
pub use wire::HookCall;
