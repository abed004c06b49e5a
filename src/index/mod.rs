//! The index of a project: every file the scan knows, its words and outline, kept fresh and saved in SQLite.
//!
//! Invariants: what this room hands out reflects the work tree at the moment of the call, whether or not it could be
//! saved; everything here is derived and may be deleted at any time; an update never depends on the order in which
//! changes were seen. Knows nothing of questions and ranking.

mod admin;
mod codec;
mod context;
mod document;
mod fresh;
mod health;
mod history;
mod kept;
mod look;
mod manifest;
mod schema;
mod segment;
mod source;
mod store;
mod update;
mod view;

pub use admin::{Cleared, RefreshOptions, Refreshed, Status, clear, is_indexed, refresh, status};
pub use context::{Context, IndexError};
pub(crate) use document::{EXTRACT_LIMITS, FIELDS, Field, Frequencies, HashedMap, Outline, is_noise};
pub(crate) use fresh::{Fresh, open, open_fresh};
pub use health::{Health, disk_use, health};
pub(crate) use history::{Past, PastCommit, folded};
pub(crate) use kept::Kept;
pub(crate) use schema::{project_id, set_aside};
pub(crate) use source::{Source, read};
pub(crate) use store::Index;
pub(crate) use update::{Compared, Suspects, Updated, while_comparing};
pub(crate) use view::{DocRef, Layout, View};
