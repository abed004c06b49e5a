//! The project's root, its ignore rules, scan, freshness probe and secrets filter.
//!
//! Invariants: names are raw bytes, relative to the root, `/`-separated, `""` for the root itself; symbolic links are
//! never followed; hidden entries, ignored entries, nested foreign repositories and rtk's own folders are no part of a
//! project; [`list_dir`] gives for every folder exactly what [`scan`] gives; nothing here writes or runs a process.
//! Knows nothing of git commands or SQL.

mod classify;
mod config;
mod error;
mod folder;
mod glob;
mod probe;
mod root;
mod rules;
mod scan;
mod secrets;
mod stat;

pub use classify::{FileClass, classify, is_binary};
pub use error::ProjectError;
pub use probe::{Known, KnownDir, KnownFile, Probe, ProbeOutcome, probe};
pub use root::{Root, RootKind, find_root};
pub use scan::{ScanOptions, ScanOutcome, list_dir, scan};
pub use secrets::{is_secret_path, looks_like_secret, mask_secrets};
pub use stat::{DirListing, DirStat, FileStat, control_changed, control_stat};
