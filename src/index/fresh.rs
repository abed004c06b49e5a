//! Opens a project's index and brings it up to the state of the work tree, as far as the deadline allows.

use super::context::{Context, IndexError};
use super::history::unread_tip;
use super::schema::{self, Home};
use super::store::Index;
use super::update::{UpdateOptions, Updated, save_quick, update};
use crate::base::{detach, let_go};
use crate::project::{ProbeOutcome, Root};
use crate::store::StoreError;
use std::path::Path;

/// Threads of one short-lived process.
const THREADS: usize = 2;
/// Share of the deadline for bringing the index up to date.
const UPDATE_SHARE: f64 = 0.55;

/// How the index is brought up to date for one launch: within its share of the time, and only what has changed.
pub(super) fn launch_options<'a>(
    context: &Context<'_>,
    urgency: &'a (dyn Fn(&[u8]) -> u32 + Sync),
) -> UpdateOptions<'a> {
    UpdateOptions {
        deadline: context.deadline.share(UPDATE_SHARE),
        threads: THREADS,
        patient: false,
        full: false,
        seen: None,
        suspects: None,
        urgency,
        progress: &|_, _| {},
    }
}
/// Segments or loose documents beyond these numbers are merged in the background.
const SEGMENTS_MANY: usize = 12;
const LOOSE_MANY: usize = 400;
/// A write-ahead log beyond this size is folded in by the background helper, in bytes.
const LOG_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// An index that is as fresh as the deadline allowed.
pub(crate) struct Fresh {
    pub(crate) index: Index,
    pub(crate) updated: Updated,
    /// Microseconds since the start at which the index was asked for, was read, and was up to date.
    pub(crate) timings_us: [(&'static str, u64); 3],
}

impl Fresh {
    /// Saves what bringing the index up to date has found. To be called when the answer is ready: until then the
    /// index reads one snapshot of the database, whatever other processes save.
    pub(crate) fn save(&mut self, context: &Context<'_>) {
        save_quick(&mut self.index, context, &self.updated);
    }

    /// Closes the database; what else the index holds is memory.
    pub(crate) fn close(mut self) {
        drop(self.index.connection.take());
        let_go(self.index);
    }
}

/// An index as it was saved.
pub(crate) struct Opened {
    pub(crate) index: Index,
    timings_us: [(&'static str, u64); 2],
}

/// Opens the project's index without a look at the work tree.
pub(crate) fn open(context: &Context<'_>, root: &Root) -> Result<Opened, IndexError> {
    let asked_us = context.deadline.elapsed_us();
    let index = load(context, &Home::of(context, root))?;
    Ok(Opened { index, timings_us: [("start", asked_us), ("read", context.deadline.elapsed_us())] })
}

impl Opened {
    /// Takes the index for up to date, as [`super::while_comparing`] has found.
    pub(crate) fn confirmed(self, context: &Context<'_>, root: &Root) -> Fresh {
        self.fresh(context, root, Updated { walked: true, ..Updated::default() })
    }

    /// Brings the index up to date within its share of the deadline; `seen` is what comparing it has shown, if it was.
    pub(crate) fn update(
        mut self,
        context: &Context<'_>,
        root: &Root,
        urgency: &(dyn Fn(&[u8]) -> u32 + Sync),
        seen: Option<&ProbeOutcome>,
    ) -> Result<Fresh, IndexError> {
        let options = UpdateOptions { seen, ..launch_options(context, urgency) };
        let updated = update(&mut self.index, context, root, &options)?;
        Ok(self.fresh(context, root, updated))
    }

    fn fresh(self, context: &Context<'_>, root: &Root, updated: Updated) -> Fresh {
        let Opened { index, timings_us: [start, read] } = self;
        let unfinished = updated.pending > 0 || !updated.walked;
        let untidy = is_untidy(&index);
        if index.connection.is_some() && (unfinished || untidy || unread_tip(context, root, &index).is_some())
        {
            warm(context, &root.path);
        }
        Fresh { index, updated, timings_us: [start, read, ("fresh", context.deadline.elapsed_us())] }
    }
}

/// Opens the project's index and brings it up to date within the share of the deadline.
pub(crate) fn open_fresh(
    context: &Context<'_>,
    root: &Root,
    urgency: &(dyn Fn(&[u8]) -> u32 + Sync),
) -> Result<Fresh, IndexError> {
    open(context, root)?.update(context, root, urgency, None)
}

/// Whether there is something to merge or to fold in.
pub(super) fn is_untidy(index: &Index) -> bool {
    let many = index.segments.len() > SEGMENTS_MANY || index.loose.len() > LOOSE_MANY;
    many || log_is_long(&index.home)
}

fn log_is_long(home: &Home) -> bool {
    let mut log = home.database.clone().into_os_string();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|meta| meta.len() > LOG_BYTES_MAX)
}

/// Starts the background helper for a project.
pub(super) fn warm(context: &Context<'_>, root: &Path) {
    let arguments = [
        "memory".as_ref(),
        "refresh".as_ref(),
        "--background".as_ref(),
        "--project".as_ref(),
        root.as_os_str(),
    ];
    if let Err(error) = detach(context.env, root, &arguments) {
        context.log.line("warn", &format!("index: {error}"));
    }
}

/// Loads the index; a damaged database is moved aside and an empty one takes its place.
pub(crate) fn load(context: &Context<'_>, home: &Home) -> Result<Index, IndexError> {
    for _ in 0..2 {
        let connection = schema::open(context, home)?;
        match Index::load(home.clone(), connection) {
            Ok(Some(index)) => return Ok(index),
            Ok(None) | Err(StoreError::Damaged { .. }) => {
                context.log.line("warn", "index: the index is damaged; moved aside, rebuilding");
                if !schema::set_aside(context, home) {
                    break;
                }
            }
            Err(error) => {
                context.log.line("warn", &format!("index: {error}"));
                break;
            }
        }
    }
    Index::load(home.clone(), None)?.ok_or_else(|| unreachable_empty(home))
}

fn unreachable_empty(home: &Home) -> IndexError {
    IndexError::Store(StoreError::Damaged {
        path: home.database.display().to_string(),
        reason: "cannot be read".into(),
    })
}
