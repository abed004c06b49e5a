//! Wires rtk into the client and out of it: plan, apply, verify, uninstall.
//!
//! Invariants: the plan is pure and shown before it happens; only rtk's own entries change, told apart by what they
//! run; a file that is no strict JSON of the expected form is never touched; install followed by uninstall gives back
//! the bytes (receipt), and after foreign edits exactly our entries go. Knows nothing of memory, state.

mod apply;
mod edit;
mod entries;
mod error;
mod faults;
mod legacy;
mod matcher;
mod memory_note;
mod notes;
mod plan;
mod platform;
mod receipt;
mod recognise;
mod registered;
mod scope;
mod servers;
mod settings;
mod show;
mod undo;

pub use apply::{Applied, FileChange, Preview, Request, apply, apply_with_token, has_leavings, preview};
pub use entries::HttpHook;
pub use error::InstallError;
pub use memory_note::{NoteChoice, NoteState};
pub use plan::Action;
pub use registered::{http_hook, registered_in_settings};
pub use scope::Scope;
pub use show::{
    ClientVerdict, FileReport, Finding, Fired, HookReport, Level, Named, NoteReport, Reply, Report,
    RewriteMode, Rewriting, RuleReport, Vanished, ask_client, named_program, rewriting, show, vanished,
    worst,
};
