//! The project's root, its ignore rules, scan, freshness probe and secrets filter.
//!
//! Knows nothing of git commands or SQL.

mod root;

pub use root::{ProjectError, Root, RootKind, find_root};
