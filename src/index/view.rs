//! The living documents of an index in the order of their paths, and the posting lists of a question's terms.

use super::document::{FIELDS, Frequencies, split_path};
use super::manifest::{Dir, Entry, State};
use super::segment::Lookup;
use super::store::Index;
use super::update::join;
use crate::code::Language;
use crate::project::FileClass;
use crate::store::StoreError;

/// No document.
const NONE: u32 = u32::MAX;

/// One living document.
#[derive(Clone, Copy)]
pub(crate) struct DocRef<'a> {
    dir_path: &'a [u8],
    dir: &'a Dir,
    pub(crate) entry: &'a Entry,
}

impl<'a> DocRef<'a> {
    pub(crate) fn folder(&self) -> &'a [u8] {
        self.dir_path
    }

    pub(crate) fn name(&self) -> &'a [u8] {
        self.dir.name(self.entry)
    }

    pub(crate) fn path(&self) -> Vec<u8> {
        join(self.dir_path, self.name())
    }

    pub(crate) fn class(&self) -> FileClass {
        FileClass::from_bits(self.entry.class)
    }

    pub(crate) fn language(&self) -> Language {
        Language::from_id(self.entry.language).unwrap_or(Language::Text)
    }
}

/// All living documents; a document's position is its place in the order of paths.
pub(crate) struct View<'a> {
    pub(crate) docs: Vec<DocRef<'a>>,
    by_id: Vec<u32>,
    /// Mean number of terms per field.
    pub(crate) mean_lengths: [f32; FIELDS],
}

impl<'a> View<'a> {
    pub(crate) fn of(index: &'a Index) -> View<'a> {
        let mut docs = Vec::new();
        let mut sums = [0_u64; FIELDS];
        let mut id_max = 0;
        for (dir_path, dir) in &index.manifest.dirs {
            for entry in &dir.entries {
                if entry.doc == 0 || !matches!(entry.state, State::Indexed | State::NameOnly) {
                    continue;
                }
                docs.push(DocRef { dir_path, dir, entry });
                id_max = id_max.max(entry.doc);
                for (sum, length) in sums.iter_mut().zip(entry.lengths) {
                    *sum += u64::from(length);
                }
            }
        }
        let mut by_id = vec![NONE; id_max as usize + 1];
        for (position, doc) in (0_u32..).zip(&docs) {
            by_id[doc.entry.doc as usize] = position;
        }
        let count = docs.len().max(1) as f32;
        View { docs, by_id, mean_lengths: sums.map(|sum| (sum as f32 / count).max(1.0)) }
    }

    /// The position of the file at a path; `None` when there is none.
    pub(crate) fn find(&self, path: &[u8]) -> Option<usize> {
        let wanted = split_path(path);
        self.docs.binary_search_by(|doc| (doc.folder(), doc.name()).cmp(&wanted)).ok()
    }

    /// The position of a document; `None` when it is gone.
    pub(crate) fn position(&self, doc: u32) -> Option<usize> {
        self.by_id
            .get(doc as usize)
            .copied()
            .filter(|&position| position != NONE)
            .map(|position| position as usize)
    }

    /// Calls `each` with the number of a term in `hashes` and its postings in living documents: position, frequencies.
    pub(crate) fn postings(
        &self,
        index: &Index,
        hashes: &[u64],
        mut each: impl FnMut(usize, &[(u32, Frequencies)]),
    ) -> Result<(), StoreError> {
        let path = &index.home.database;
        let sorted = |error| StoreError::of(path, error);
        // In order of hash: neighbours share a block.
        let mut order: Vec<usize> = (0..hashes.len()).collect();
        order.sort_unstable_by_key(|&number| hashes[number]);
        let mut lists: Vec<Vec<(u32, Frequencies)>> = vec![Vec::new(); hashes.len()];
        if let Some(connection) = &index.connection {
            let mut lookup = Lookup::new(connection).map_err(sorted)?;
            for &segment in &index.segments {
                for &number in &order {
                    let list = &mut lists[number];
                    let whole = lookup.postings(segment, hashes[number], |posting| {
                        if let Some(position) = self.position(posting.doc) {
                            list.push((position as u32, posting.frequencies));
                        }
                    });
                    if !whole.map_err(sorted)? {
                        let path = path.display().to_string();
                        return Err(StoreError::Damaged { path, reason: "a block cannot be read".into() });
                    }
                }
            }
        }
        for (&doc, terms) in &index.loose {
            let Some(position) = self.position(doc) else { continue };
            for (number, hash) in hashes.iter().enumerate() {
                if let Ok(at) = terms.binary_search_by_key(hash, |&(hash, _)| hash) {
                    lists[number].push((position as u32, terms[at].1));
                }
            }
        }
        for (number, list) in lists.iter().enumerate() {
            each(number, list);
        }
        Ok(())
    }
}
