//! Questions to an index that stays in memory: the same answers as those of a process that reads it anew.

use super::explore::glance_of;
use super::prepared::Prepared;
use super::search::{Asked, THREADS, facts_of};
use super::shelf::Shelf;
use super::types::{Question, Ranked};
use crate::index::{self, Compared, Context, IndexError, Updated, while_comparing};
use crate::memory::query;
use crate::project::Root;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What has changed since an index was last asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// Nobody has watched: everything is compared with the disk.
    Unknown,
    /// At most these, all relative to the root.
    Within {
        /// Folders whose entries may be others.
        folders: BTreeSet<Vec<u8>>,
        /// Folders below which anything may be different.
        trees: BTreeSet<Vec<u8>>,
        /// Files by folder and name.
        files: BTreeSet<(Vec<u8>, Vec<u8>)>,
    },
}

impl Changes {
    /// No change at all.
    pub fn none() -> Changes {
        Changes::Within { folders: BTreeSet::new(), trees: BTreeSet::new(), files: BTreeSet::new() }
    }

    fn suspects(self) -> Option<index::Suspects> {
        match self {
            Changes::Unknown => None,
            Changes::Within { folders, trees, files } => Some(index::Suspects { folders, trees, files }),
        }
    }
}

/// What bringing a kept index up to date did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewed {
    /// Files whose content was looked at.
    pub looked_at: usize,
    /// Files whose content was new.
    pub changed: usize,
    /// Whether everything was seen, so that only later changes count from now on.
    pub whole: bool,
}

/// The index of one project, kept in memory between questions.
pub struct Kept {
    index: index::Kept,
    /// Files that were read for earlier questions, and the number of this project there.
    shelf: (Arc<Shelf>, u64),
    /// What was prepared for the state that the index has, if it has been asked in it.
    prepared: Option<Prepared>,
}

impl Kept {
    /// Reads the index as it was saved; `None` when there is no database that other processes could share.
    pub fn open(context: &Context<'_>, root: &Root, shelf: &Arc<Shelf>) -> Result<Option<Kept>, IndexError> {
        let shelf = (Arc::clone(shelf), shelf.number());
        Ok(index::Kept::open(context, root)?.map(|index| Kept { index, shelf, prepared: None }))
    }

    /// Ranks the project's files for a question, as [`super::search`] does.
    pub fn search(
        &mut self,
        context: &Context<'_>,
        root: &Root,
        changes: Changes,
        question: &Question<'_>,
    ) -> Result<Ranked, IndexError> {
        let query = query::analyse(question.task, question.query_type);
        let (shelf, number) = (Arc::clone(&self.shelf.0), self.shelf.1);
        let asked = Asked { context, root, question, query: &query, shelf: Some((&shelf, number)) };
        let still = AtomicBool::new(false);
        let (same, suspects) = self.begin(context, root, changes)?;
        let mut updated = Updated { walked: true, ..Updated::default() };
        let mut seen = None;
        let (index, prepared) = self.prepared();
        let early = if same {
            asked.rank_prepared(index, prepared, true, THREADS, &still)?
        } else if suspects.is_none() {
            let rank =
                |stop: &AtomicBool| asked.rank_prepared(index, prepared, true, THREADS - 1, stop).transpose();
            match while_comparing(index, context, root, rank) {
                Compared::Same(ranked) => {
                    let ranked = ranked?;
                    self.index.confirmed();
                    Some(ranked)
                }
                Compared::Seen(outcome) => {
                    seen = Some(outcome);
                    None
                }
                Compared::Unknown => None,
            }
        } else {
            None
        };
        let ranked = match early {
            Some(ranked) => Some(ranked),
            None => {
                let urgency = |path: &[u8]| super::search::urgency(&query, path);
                self.prepared = None;
                updated = self.index.update(context, root, suspects.as_ref(), seen.as_ref(), &urgency)?;
                let (index, prepared) = self.prepared();
                asked.rank_prepared(index, prepared, updated.walked, THREADS, &still)?
            }
        };
        self.index.rest(context, root, &updated);
        Ok(ranked.unwrap_or_else(|| asked.nothing(self.index.index(), updated.walked)))
    }

    /// Says something general about the project, as [`super::glance`] does.
    pub fn glance(
        &mut self,
        context: &Context<'_>,
        root: &Root,
        changes: Changes,
        chars: usize,
    ) -> Result<String, IndexError> {
        let updated = self.bring_up(context, root, changes)?;
        let index = self.index.index();
        let text = glance_of(index, facts_of(context, root, index, updated.walked), root, chars);
        self.index.rest(context, root, &updated);
        Ok(text)
    }

    /// Brings the index up to date and saves it, without a question.
    pub fn renew(
        &mut self,
        context: &Context<'_>,
        root: &Root,
        changes: Changes,
    ) -> Result<Renewed, IndexError> {
        let updated = self.bring_up(context, root, changes)?;
        self.index.rest(context, root, &updated);
        let whole = updated.walked && updated.pending == 0;
        Ok(Renewed { looked_at: updated.looked_at, changed: updated.changed, whole })
    }

    fn bring_up(
        &mut self,
        context: &Context<'_>,
        root: &Root,
        changes: Changes,
    ) -> Result<Updated, IndexError> {
        let (same, suspects) = self.begin(context, root, changes)?;
        if same {
            return Ok(Updated { walked: true, ..Updated::default() });
        }
        self.prepared = None;
        self.index.update(context, root, suspects.as_ref(), None, &|_| 0)
    }

    /// The index with what is prepared for its state now.
    fn prepared(&mut self) -> (&index::Index, &Prepared) {
        let index = self.index.index();
        (index, self.prepared.get_or_insert_with(|| Prepared::of(index)))
    }

    /// Whether nothing is to be done, and what may have changed otherwise.
    fn begin(
        &mut self,
        context: &Context<'_>,
        root: &Root,
        changes: Changes,
    ) -> Result<(bool, Option<index::Suspects>), IndexError> {
        let known = self.index.resume(context, root)?;
        if !known {
            self.prepared = None;
        }
        let suspects = changes.suspects().filter(|_| known && self.index.is_whole());
        let same =
            suspects.as_ref().is_some_and(|suspects| self.index.is_up_to_date(context, root, suspects));
        Ok((same, suspects))
    }

    /// Whether everything was seen when the index was last brought up to date.
    pub fn is_whole(&self) -> bool {
        self.index.is_whole()
    }

    /// Whether the project may have other folders than when this was last asked.
    pub fn take_moved(&mut self) -> bool {
        self.index.take_moved()
    }

    /// The folders of the project, relative to its root.
    pub fn folders(&self) -> impl Iterator<Item = &[u8]> {
        self.index.folders()
    }

    /// Whether the index knows a file by its folder and its name.
    pub fn knows(&self, folder: &[u8], name: &[u8]) -> bool {
        self.index.knows(folder, name)
    }

    /// About how much memory it takes, in bytes.
    pub fn bytes(&mut self) -> usize {
        self.index.bytes() + self.prepared.as_ref().map_or(0, Prepared::bytes)
    }
}
