//! Text on its way into a prompt: repository text made inert, and the marked block that carries it.

pub mod block;
pub mod inert;
