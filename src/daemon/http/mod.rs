//! The HTTP face: loopback only, a token for everything that tells something, limits on everything that comes in.

mod access;
mod connections;
mod metrics;
mod routes;
mod token;

pub use connections::{HttpFace, HttpOptions, Listening, start};
pub use token::{known_token, token};
