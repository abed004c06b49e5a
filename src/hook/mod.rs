//! Client events: stdin to event to reply.
//!
//! Invariants: whatever happens, the reply is one JSON object on one line or nothing at all; no reply ever grants a right
//! (`permissionDecision` is `deny` or absent) and nothing but the text of a prompt or a shell command changes; the answer is there before the
//! deadline or not given. `wire.rs`, `reply.rs` and
//! `transcript.rs` alone know the client's JSON. Knows nothing of clap, HTTP.

mod bash;
mod event;
mod guard;
mod knowledge;
mod pre_tool_use;
mod reply;
mod scene;
mod session_start;
mod siblings;
mod similar;
mod slice;
mod subagent_start;
mod transcript;
mod wire;

#[cfg(test)]
mod testing;

pub use guard::{PLUGIN_ARGUMENT, answer, answer_for, silence_panics};
pub use knowledge::{Knowledge, ProjectMemory};
pub use transcript::{Transcripts, Use};
