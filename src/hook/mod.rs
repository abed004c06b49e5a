//! Client events: stdin to event to reply.
//!
//! Knows nothing of clap, HTTP.

mod wire;
