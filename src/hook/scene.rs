//! What every event handler is given, and what they all do with it.

use super::event::Event;
use super::knowledge::Knowledge;
use crate::base::{Deadline, Env, Log, Paths, Settings, unix_ms};
use crate::memory::Context;
use crate::project::{Root, find_root};
use crate::state::{self, ErrorRow, Session};
use std::time::Duration;

/// Waiting for the session's lock ends after this, in milliseconds; the hook then goes on without it.
const LOCK_WAIT_MS: u64 = 50;
/// The memory's share of the time; the rest is for the record, the reply and the process itself.
const MEMORY_SHARE: f64 = 0.8;

/// The surroundings of one event.
pub(super) struct Scene<'a> {
    pub(super) env: &'a Env,
    pub(super) paths: &'a Paths,
    pub(super) log: &'a Log,
    /// From the start of the process to the moment when the reply must be on its way.
    pub(super) deadline: Deadline,
    pub(super) knowledge: &'a dyn Knowledge,
}

impl Scene<'_> {
    /// The project that the event's working folder belongs to.
    pub(super) fn root(&self, event: &Event) -> Option<Root> {
        let cwd = event.cwd.as_deref().or(self.env.cwd())?;
        find_root(cwd, self.env).unwrap_or_else(|error| {
            self.log.line("warn", &format!("hook: {error}"));
            None
        })
    }

    /// The settings in force for a project; what is wrong with them goes to the log.
    pub(super) fn settings(&self, root: Option<&Root>) -> Settings {
        let project = root.map(|root| root.path.as_path());
        let (settings, errors) = Settings::load(self.env, Some(&self.paths.settings()), project);
        if !errors.is_empty() {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            self.log.line("warn", &format!("settings: {}", errors.join("; ")));
        }
        settings
    }

    pub(super) fn context<'b>(&'b self, settings: &'b Settings) -> Context<'b> {
        Context {
            env: self.env,
            paths: self.paths,
            settings,
            log: self.log,
            deadline: self.deadline.share(MEMORY_SHARE),
        }
    }

    pub(super) fn session(&self, event: &Event) -> Session {
        Session::of(self.paths, &event.session_id)
    }

    /// Takes the session's lock; without it the hook goes on, since a sibling's slice is not worth a launch.
    pub(super) fn lock(&self, session: &Session) -> Option<crate::fs::Lock> {
        let wait = Duration::from_millis(LOCK_WAIT_MS).min(self.deadline.left());
        session.lock(wait).map_err(|error| self.log.line("warn", &format!("hook: {error}"))).ok()
    }

    /// Writes a row of the session's record; a failure goes to the log. Returns whether the row is there.
    pub(super) fn record(&self, session: &Session, row: &state::Event) -> bool {
        session.append(row).map_err(|error| self.log.line("warn", &format!("hook: {error}"))).is_ok()
    }

    /// Tells the log and the session's record what went wrong.
    pub(super) fn failed(&self, event: &Event, message: &str) {
        self.log.line("error", &format!("hook {}: {message}", event.name));
        let row = ErrorRow::new(unix_ms(), &event.name, message);
        let _ = self.session(event).append(&state::Event::Error(row));
    }
}
