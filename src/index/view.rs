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
use std::sync::{Arc, OnceLock};

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

/// Where the living documents of an index are: worked out once for each state of it, and worthless for any other.
pub(crate) struct Layout {
    folders: Vec<Folder>,
    /// Paths of the folders, one after the other.
    paths: Vec<u8>,
    /// Number of the folder, and of the entry in it, by position.
    places: Vec<(u32, u32)>,
    /// Position by document.
    by_id: Vec<u32>,
    /// Mean number of terms per field.
    pub(crate) mean_lengths: [f32; FIELDS],
}

struct Folder {
    dir: Arc<Dir>,
    /// Where its path begins among all.
    path: u32,
    /// Position of its first document.
    first: u32,
}

impl Layout {
    pub(crate) fn of(index: &Index) -> Layout {
        let dirs = &index.manifest.dirs;
        let files = dirs.values().map(|dir| dir.entries.len()).sum();
        let mut folders = Vec::with_capacity(dirs.len());
        let mut paths = Vec::new();
        let mut places = Vec::with_capacity(files);
        let mut ids = Vec::with_capacity(files);
        let mut sums = [0_u64; FIELDS];
        for (folder, (path, dir)) in (0_u32..).zip(dirs) {
            folders.push(Folder {
                dir: Arc::clone(dir),
                path: paths.len() as u32,
                first: places.len() as u32,
            });
            paths.extend_from_slice(path);
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
        Layout { folders, paths, places, by_id, mean_lengths }
    }

    /// Memory that it takes beside that of the index, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(self.folders.as_slice())
            + self.paths.capacity()
            + size_of_val(self.places.as_slice())
            + size_of_val(self.by_id.as_slice())
    }

    fn path(&self, folder: usize) -> &[u8] {
        let end = self.folders.get(folder + 1).map_or(self.paths.len(), |next| next.path as usize);
        &self.paths[self.folders[folder].path as usize..end]
    }
}

/// All living documents; a document's position is its place in the order of paths.
pub(crate) struct View<'a> {
    layout: &'a Layout,
    docs: OnceLock<Vec<DocRef<'a>>>,
}

impl<'a> View<'a> {
    pub(crate) fn of(layout: &'a Layout) -> View<'a> {
        View { layout, docs: OnceLock::new() }
    }

    /// Number of documents.
    pub(crate) fn len(&self) -> usize {
        self.layout.places.len()
    }

    /// The document at a position, which must be below [`View::len`].
    pub(crate) fn doc(&self, position: usize) -> DocRef<'a> {
        let (folder, at) = self.layout.places[position];
        let dir = &*self.layout.folders[folder as usize].dir;
        DocRef { dir_path: self.layout.path(folder as usize), dir, entry: &dir.entries[at as usize] }
    }

    /// The number of a document's folder, in the order of paths.
    pub(crate) fn folder(&self, position: usize) -> usize {
        self.layout.places[position].0 as usize
    }

    /// How many files each folder has, those that are no documents among them, by the folder's number.
    pub(crate) fn siblings(&self) -> impl Iterator<Item = usize> {
        self.layout.folders.iter().map(|folder| folder.dir.entries.len())
    }

    /// All documents by position; for whoever looks at most of them.
    pub(crate) fn docs(&self) -> &[DocRef<'a>] {
        self.docs.get_or_init(|| (0..self.len()).map(|position| self.doc(position)).collect())
    }

    /// The position of the file at a path; `None` when there is none.
    pub(crate) fn find(&self, path: &[u8]) -> Option<usize> {
        let (wanted, name) = split_path(path);
        let folders = &self.layout.folders;
        let (mut low, mut high) = (0, folders.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.layout.path(middle).cmp(wanted) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => {
                    let end = folders.get(middle + 1).map_or(self.len(), |next| next.first as usize);
                    return self.find_in(&folders[middle].dir, folders[middle].first as usize..end, name);
                }
            }
        }
        None
    }

    /// The position of a name among the documents of a folder.
    fn find_in(&self, dir: &Dir, positions: Range<usize>, name: &[u8]) -> Option<usize> {
        let first = positions.start;
        let places = &self.layout.places[positions];
        let named = |&(_, at): &(u32, u32)| dir.name(&dir.entries[at as usize]).cmp(name);
        places.binary_search_by(named).ok().map(|number| first + number)
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
        mut each: impl FnMut(usize, &mut [(u32, Frequencies)]),
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
            each(number, &mut list);
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
