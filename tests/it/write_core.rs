//! The write core under fire: killed at every call, failing calls, power cuts by enumeration, broken writers found out.

mod kill;
mod memory;
mod model;
mod operations;
