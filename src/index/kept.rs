//! The index of a project held in memory between questions, by a process that lives long.

use super::context::{Context, IndexError};
use super::fresh::{is_untidy, launch_options, load, warm};
use super::history::unread_tip;
use super::schema::Home;
use super::store::Index;
use super::update::{Suspects, UpdateOptions, Updated, rules_are_the_same, save_quick, update};
use crate::base::Deadline;
use crate::project::{ProbeOutcome, Root};
use std::os::unix::fs::MetadataExt as _;

/// How often is looked whether the background helper has something to do, in microseconds.
const TIDY_EVERY_US: u64 = 2_000_000;
/// A file takes about this much memory, in bytes: its entry and its name.
const FILE_BYTES: usize = 160;
/// A term of a document outside the segments takes this much, in bytes.
const TERM_BYTES: usize = 16;

/// An index that is asked again and again.
pub(crate) struct Kept {
    index: Index,
    /// Whether the last update saw everything and came to its end.
    whole: bool,
    /// Whether the project may have other folders than when this was last asked.
    moved: bool,
    /// Device and inode of the database that was read.
    database: Option<(u64, u64)>,
    tidied: Option<Deadline>,
    /// About how much memory the index takes, in bytes, since it was last another one.
    bytes: Option<usize>,
}

impl Kept {
    /// Reads the index as it was saved; `None` when there is no database to share with other processes.
    pub(crate) fn open(context: &Context<'_>, root: &Root) -> Result<Option<Kept>, IndexError> {
        let index = load(context, &Home::of(context, root))?;
        let database = identity(&index);
        let usable = index.connection.is_some() && database.is_some();
        Ok(usable.then_some(Kept { index, whole: false, moved: true, database, tidied: None, bytes: None }))
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    /// Begins a question: opens a snapshot of the database, and reads it anew when another process has written.
    /// False when it was read anew: what has changed since is not known.
    pub(crate) fn resume(&mut self, context: &Context<'_>, root: &Root) -> Result<bool, IndexError> {
        let home = Home::of(context, root);
        let same_place = (home.place, home.kind) == (self.index.home.place, self.index.home.kind);
        if same_place && identity(&self.index) == self.database && self.index.resume()? {
            return Ok(true);
        }
        self.index = load(context, &home)?;
        self.database = identity(&self.index);
        self.whole = false;
        self.moved = true;
        self.bytes = None;
        Ok(false)
    }

    /// Whether the index is up to date if nothing but `suspects` has changed since the last question.
    pub(crate) fn is_up_to_date(&self, context: &Context<'_>, root: &Root, suspects: &Suspects) -> bool {
        // The folder above the root is not watched: it may have been moved, and another be in its place.
        let inode = std::fs::metadata(&root.path).map(|meta| meta.ino()).ok();
        let same_root = self.index.manifest.dirs.get(b"".as_slice()).map(|dir| dir.inode) == inode;
        suspects.is_empty() && same_root && rules_are_the_same(&self.index, context, root)
    }

    /// Whether everything was seen when the index was last brought up to date.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Notes that [`super::while_comparing`] has found no change.
    pub(crate) fn confirmed(&mut self) {
        self.whole = true;
    }

    /// Brings the index up to date within its share of the deadline; without `suspects` everything is compared, or
    /// was just now with the outcome `seen`.
    pub(crate) fn update(
        &mut self,
        context: &Context<'_>,
        root: &Root,
        suspects: Option<&Suspects>,
        seen: Option<&ProbeOutcome>,
        urgency: &(dyn Fn(&[u8]) -> u32 + Sync),
    ) -> Result<Updated, IndexError> {
        let options = UpdateOptions { seen, suspects, ..launch_options(context, urgency) };
        self.whole = false;
        self.moved = true;
        self.bytes = None;
        let updated = update(&mut self.index, context, root, &options)?;
        self.whole = updated.walked && updated.pending == 0;
        Ok(updated)
    }

    /// Ends a question: saves what was found and lets go of the snapshot. Starts the background helper when it is needed.
    pub(crate) fn rest(&mut self, context: &Context<'_>, root: &Root, updated: &Updated) {
        save_quick(&mut self.index, context, updated);
        let due = self.tidied.is_none_or(|last| last.elapsed_us() > TIDY_EVERY_US);
        if due {
            self.tidied = Some(Deadline::never());
            let unfinished = updated.pending > 0 || !updated.walked;
            if unfinished || is_untidy(&self.index) || unread_tip(context, root, &self.index).is_some() {
                warm(context, &root.path);
            }
        }
        if let Err(error) = self.index.end_reading() {
            context.log.line("warn", &format!("index: {error}"));
        }
        self.index.forget_outlines();
    }

    /// Whether the project may have other folders than when this was last asked.
    pub(crate) fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.moved)
    }

    /// The folders of the project, relative to its root.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &[u8]> {
        self.index.manifest.dirs.keys().map(Vec::as_slice)
    }

    /// Whether the index knows a file.
    pub(crate) fn knows(&self, folder: &[u8], name: &[u8]) -> bool {
        self.index.manifest.dirs.get(folder).is_some_and(|dir| dir.find(name).is_some())
    }

    /// About how much memory it takes, in bytes.
    pub(crate) fn bytes(&mut self) -> usize {
        let Index { manifest, loose, .. } = &self.index;
        // Looking at every folder would be much of what a question costs.
        *self.bytes.get_or_insert_with(|| {
            let files: usize = manifest.dirs.values().map(|dir| dir.entries.len() + 1).sum();
            let terms: usize = loose.values().map(Vec::len).sum();
            files * FILE_BYTES + terms * TERM_BYTES
        })
    }
}

/// Device and inode of the file that is the project's database now; another one is another database.
fn identity(index: &Index) -> Option<(u64, u64)> {
    std::fs::metadata(&index.home.database).ok().map(|meta| (meta.dev(), meta.ino()))
}
