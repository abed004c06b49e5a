//! The living documents of an index in the order of their paths, and the posting lists of a question's terms.

use super::document::{FIELDS, Frequencies, split_path};
use super::manifest::{Dir, Entry, State};
use super::segment::{Lookup, read_list};
use super::store::Index;
use super::update::join;
use crate::code::Language;
use crate::project::FileClass;
use crate::store::StoreError;
use std::cmp::Ordering;
use std::ops::Range;
use std::sync::OnceLock;

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

    /// Number of files in its folder, itself among them.
    pub(crate) fn siblings(&self) -> usize {
        self.dir.entries.len()
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

/// Where the living documents of an index are. As long as the index does not change, views are made from it in a
/// fraction of the time that looking at every document takes.
pub(crate) struct Layout {
    /// Number of the folder, and of the entry in it, by position.
    places: Vec<(u32, u32)>,
    /// Position by document.
    by_id: Vec<u32>,
    /// Mean number of terms per field.
    pub(crate) mean_lengths: [f32; FIELDS],
}

impl Layout {
    pub(crate) fn of(index: &Index) -> Layout {
        let files = index.manifest.dirs.values().map(|dir| dir.entries.len()).sum();
        let mut places = Vec::with_capacity(files);
        let mut ids = Vec::with_capacity(files);
        let mut sums = [0_u64; FIELDS];
        for (folder, dir) in (0_u32..).zip(index.manifest.dirs.values()) {
            for (at, entry) in (0_u32..).zip(&dir.entries) {
                if entry.doc == 0 || !matches!(entry.state, State::Indexed | State::NameOnly) {
                    continue;
                }
                places.push((folder, at));
                ids.push(entry.doc);
                for (sum, length) in sums.iter_mut().zip(entry.lengths) {
                    *sum += u64::from(length);
                }
            }
        }
        let mut by_id = vec![NONE; ids.iter().max().map_or(0, |&most| most as usize + 1)];
        for (position, &id) in (0_u32..).zip(&ids) {
            by_id[id as usize] = position;
        }
        let count = places.len().max(1) as f32;
        let mean_lengths = sums.map(|sum| (sum as f32 / count).max(1.0));
        Layout { places, by_id, mean_lengths }
    }

    /// Memory that it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.places.as_slice()) + size_of_val(self.by_id.as_slice())
    }
}

/// All living documents; a document's position is its place in the order of paths.
pub(crate) struct View<'a> {
    dirs: Vec<(&'a [u8], &'a Dir)>,
    layout: &'a Layout,
    docs: OnceLock<Vec<DocRef<'a>>>,
}

impl<'a> View<'a> {
    /// The view of an index by its layout, which must be that of its state now.
    pub(crate) fn of(index: &'a Index, layout: &'a Layout) -> View<'a> {
        let dirs = index.manifest.dirs.iter().map(|(path, dir)| (path.as_slice(), dir)).collect();
        View { dirs, layout, docs: OnceLock::new() }
    }

    /// Number of documents.
    pub(crate) fn len(&self) -> usize {
        self.layout.places.len()
    }

    /// The document at a position, which must be below [`View::len`].
    pub(crate) fn doc(&self, position: usize) -> DocRef<'a> {
        let (folder, at) = self.layout.places[position];
        let (dir_path, dir) = self.dirs[folder as usize];
        DocRef { dir_path, dir, entry: &dir.entries[at as usize] }
    }

    /// All documents by position; for whoever looks at most of them.
    pub(crate) fn docs(&self) -> &[DocRef<'a>] {
        self.docs.get_or_init(|| (0..self.len()).map(|position| self.doc(position)).collect())
    }

    /// The position of the file at a path; `None` when there is none.
    pub(crate) fn find(&self, path: &[u8]) -> Option<usize> {
        let wanted = split_path(path);
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let doc = self.doc(middle);
            match (doc.folder(), doc.name()).cmp(&wanted) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// The position of a document; `None` when it is gone.
    pub(crate) fn position(&self, doc: u32) -> Option<usize> {
        self.layout
            .by_id
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
        let damaged = || StoreError::Damaged {
            path: index.home.database.display().to_string(),
            reason: "a block cannot be read".into(),
        };
        let Packed { bytes, places } = self.packed(index, hashes)?.ok_or_else(damaged)?;
        let mut list: Vec<(u32, Frequencies)> = Vec::new();
        for (number, hash) in hashes.iter().enumerate() {
            list.clear();
            for place in places[number * index.segments.len()..].iter().take(index.segments.len()) {
                let whole = read_list(&bytes[place.clone()], &mut |posting| {
                    if let Some(position) = self.position(posting.doc) {
                        list.push((position as u32, posting.frequencies));
                    }
                });
                whole.ok_or_else(damaged)?;
            }
            for (&doc, terms) in &index.loose {
                if let Ok(at) = terms.binary_search_by_key(hash, |&(hash, _)| hash)
                    && let Some(position) = self.position(doc)
                {
                    list.push((position as u32, terms[at].1));
                }
            }
            each(number, &list);
        }
        Ok(())
    }

    /// Fetches the posting lists of the terms as they are stored; `None` when one is damaged.
    fn packed(&self, index: &Index, hashes: &[u64]) -> Result<Option<Packed>, StoreError> {
        let sorted = |error| StoreError::of(&index.home.database, error);
        let segments = &index.segments;
        let mut packed = Packed { bytes: Vec::new(), places: vec![0..0; hashes.len() * segments.len()] };
        let Some(connection) = &index.connection else { return Ok(Some(packed)) };
        // In order of hash: neighbours share a block.
        let mut order: Vec<usize> = (0..hashes.len()).collect();
        order.sort_unstable_by_key(|&number| hashes[number]);
        let mut lookup = Lookup::new(connection).map_err(sorted)?;
        for (at, &segment) in segments.iter().enumerate() {
            for &number in &order {
                let list = lookup.list(segment, hashes[number]).map_err(sorted)?;
                let Some(list) = list else { return Ok(None) };
                let start = packed.bytes.len();
                packed.bytes.extend_from_slice(list);
                packed.places[number * segments.len() + at] = start..packed.bytes.len();
            }
        }
        Ok(Some(packed))
    }
}

/// Posting lists as they are stored.
struct Packed {
    bytes: Vec<u8>,
    /// Of each term in each segment, term by term.
    places: Vec<Range<usize>>,
}
