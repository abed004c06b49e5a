//! Runs the git program hermetically and reads what can be read without it; typed results.
//!
//! Invariants: the user's configuration holds (safe.directory is respected), but nothing that a repository configures
//! is run or asked: no pager, prompt, external diff, text conversion, file system monitor, signature check or network;
//! no lock is taken; every run has a deadline, a bounded output and is killed with its children. Knows nothing of
//! agents, memory.
//!
//! `native.rs` is the one exception: it runs git for `rtk git` exactly as the user's shell would.

mod blob;
mod changes;
mod error;
mod head;
mod history;
mod native;
mod run;

pub use blob::{commit_of, content_at};
pub use changes::{Change, ChangeKind, changed_files, changed_since, tracked_ignored};
pub use error::GitError;
pub use head::{Head, head};
pub use history::{Commit, HistoryEnd, HistoryRange, HistoryState, history};
pub use native::{Capture, Ended, Stream, become_git, end_by_signal, run_native};
