//! What every question to the same state of an index needs, worked out once: a process that lives long keeps it.

use super::history::Chronicle;
use super::rank;
use super::terms::{Term, Terms, stem_parts};
use crate::index::{DocRef, FIELDS, HashedMap, Index, Layout, Past, View};
use crate::project::FileClass;
use crate::store::StoreError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use xxhash_rust::xxh3::xxh3_64;

/// Figures over all files of an index; worthless as soon as the index changes.
pub(super) struct Prepared {
    pub(super) layout: Layout,
    /// Weight of an occurrence in each field, by position.
    norms: Vec<[f32; FIELDS]>,
    /// Share of each language among the project's files of code; data and prose have none.
    pub(super) shares: [f32; 256],
    /// Number of files of data by the hash of their name: translations, fixtures and manifests have many namesakes.
    namesakes: HashedMap<u32>,
    /// Files that are known, and those that are done with.
    pub(super) counts: (usize, usize),
    terms: Mutex<Terms>,
    /// The history with the version of the database that it was read from.
    chronicle: Mutex<Option<(i64, Arc<Chronicle>)>>,
    /// Whether a question has been asked before: only for more than one it pays to look at every file.
    asked: AtomicBool,
    /// By position.
    stills: OnceLock<Vec<Still>>,
    /// Positions by the hash of the file's stem in lower case.
    stems: OnceLock<Vec<(u32, u32)>>,
}

/// What is known of a file whatever is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Still {
    /// Logarithms of its size, of the number of its definitions, and of the number of data files of its name.
    pub(super) size: f32,
    pub(super) symbols: f32,
    pub(super) namesakes: f32,
    /// Folders above it.
    pub(super) depth: u16,
    pub(super) language: u8,
    class: u8,
}

impl Still {
    fn of(doc: &DocRef<'_>, namesakes: &HashedMap<u32>) -> Still {
        let count = |doc: &DocRef<'_>| namesakes.get(&xxh3_64(doc.name())).copied().unwrap_or(1);
        Still {
            size: (1.0 + doc.entry.stat.size as f32).ln(),
            symbols: (doc.entry.symbols as f32).ln_1p(),
            namesakes: if is_data(doc) { (count(doc) as f32).ln() } else { 0.0 },
            depth: u16::try_from(memchr::memchr_iter(b'/', doc.folder()).count()).unwrap_or(u16::MAX),
            language: doc.entry.language,
            class: doc.entry.class,
        }
    }

    pub(super) fn class(&self) -> FileClass {
        FileClass::from_bits(self.class)
    }

    pub(super) fn is_data(&self) -> bool {
        is_data_language(crate::code::Language::from_id(self.language).unwrap_or(crate::code::Language::Text))
    }
}

impl Prepared {
    pub(super) fn of(index: &Index) -> Prepared {
        let layout = Layout::of(index);
        let view = View::of(&layout);
        let mut norms = Vec::with_capacity(view.len());
        let mut languages = [0.0_f32; 256];
        let mut namesakes = HashedMap::default();
        for position in 0..view.len() {
            let doc = view.doc(position);
            norms.push(rank::field_norms(&doc.entry.lengths, &layout.mean_lengths));
            if is_data(&doc) {
                *namesakes.entry(xxh3_64(doc.name())).or_default() += 1;
            } else {
                languages[usize::from(doc.entry.language)] += 1.0;
            }
        }
        let code = languages.iter().sum::<f32>().max(1.0);
        let terms = Mutex::new(Terms::new(view.len()));
        Prepared {
            layout,
            norms,
            shares: languages.map(|count| count / code),
            namesakes,
            counts: index.manifest.counts(),
            terms,
            chronicle: Mutex::default(),
            asked: AtomicBool::new(false),
            stills: OnceLock::new(),
            stems: OnceLock::new(),
        }
    }

    /// Notes that there is a question; what is worth its while for a second one is made from then on.
    pub(super) fn ask(&self, view: &View<'_>) {
        if self.asked.swap(true, Ordering::Relaxed) {
            let stills = || (0..view.len()).map(|at| Still::of(&view.doc(at), &self.namesakes)).collect();
            if self.stills.get().is_none() {
                self.stills.get_or_init(stills);
                // Of those that are there the names were not looked at.
                *lock(&self.terms) = Terms::new(view.len());
            }
        }
    }

    /// What is known of the files at these positions whatever is asked.
    pub(super) fn stills(&self, view: &View<'_>, positions: &[usize]) -> Vec<Still> {
        // Nothing but this, so that the processor fetches many of them at once from where they lie scattered.
        positions.iter().map(|&position| self.still(view, position)).collect()
    }

    /// What is known of the file at a position whatever is asked.
    pub(super) fn still(&self, view: &View<'_>, position: usize) -> Still {
        match self.stills.get() {
            Some(stills) => stills[position],
            None => Still::of(&view.doc(position), &self.namesakes),
        }
    }

    /// The terms of these hashes, in their order.
    pub(super) fn terms(
        &self,
        index: &Index,
        view: &View<'_>,
        hashes: &[u64],
    ) -> Result<Vec<Arc<Term>>, StoreError> {
        let mut found = lock(&self.terms).take(hashes);
        let missing: Vec<usize> = (0..hashes.len()).filter(|&number| found[number].is_none()).collect();
        if !missing.is_empty() {
            let wanted: Vec<u64> = missing.iter().map(|&number| hashes[number]).collect();
            view.postings(index, &wanted, |number, list| {
                let hash = wanted[number];
                let stem = |position: u32| match self.asked_before() {
                    true => stem_parts(view.doc(position as usize).name(), |part| part == hash),
                    false => (0, 0),
                };
                found[missing[number]] = Some(Arc::new(Term::of(list, &self.norms, stem)));
            })?;
            let mut terms = lock(&self.terms);
            for &number in &missing {
                found[number].iter().for_each(|term| terms.put(hashes[number], term));
            }
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// The history as it is in the database now.
    pub(super) fn chronicle(&self, index: &Index, view: &View<'_>) -> Arc<Chronicle> {
        let version = Past::version(index);
        let mut kept = lock(&self.chronicle);
        if let Some((known, chronicle)) = &*kept
            && Some(*known) == version
        {
            return Arc::clone(chronicle);
        }
        let chronicle = Arc::new(Chronicle::of(Past::load(index), view));
        *kept = version.map(|version| (version, Arc::clone(&chronicle)));
        chronicle
    }

    /// Calls `each` with every document whose name but for its extension is this one, in any case, in order of position.
    pub(super) fn each_of_stem(
        &self,
        view: &View<'_>,
        stem: &[u8],
        mut each: impl FnMut(usize, &DocRef<'_>),
    ) {
        let mut check = |position: usize| {
            let doc = view.doc(position);
            if stem_of(doc.name()).eq_ignore_ascii_case(stem) {
                each(position, &doc);
            }
        };
        if !self.asked_before() {
            return (0..view.len()).for_each(check);
        }
        let stems = self.stems.get_or_init(|| {
            let hash = |position: u32| (stem_hash(stem_of(view.doc(position as usize).name())), position);
            let mut stems: Vec<(u32, u32)> = (0..view.len() as u32).map(hash).collect();
            stems.sort_unstable();
            stems
        });
        let wanted = stem_hash(stem);
        let first = stems.partition_point(|&(hash, _)| hash < wanted);
        let same = stems[first..].iter().take_while(|&&(hash, _)| hash == wanted);
        same.for_each(|&(_, position)| check(position as usize));
    }

    /// Whether this is not the first question.
    fn asked_before(&self) -> bool {
        self.stills.get().is_some()
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let chronicle = lock(&self.chronicle).as_ref().map_or(0, |(_, chronicle)| chronicle.bytes());
        self.layout.bytes()
            + size_of_val(self.norms.as_slice())
            + self.namesakes.len() * NAMESAKE_BYTES
            + self.stills.get().map_or(0, |stills| size_of_val(stills.as_slice()))
            + self.stems.get().map_or(0, |stems| size_of_val(stems.as_slice()))
            + lock(&self.terms).bytes()
            + chronicle
    }
}

/// A name with its number takes this much, in bytes.
const NAMESAKE_BYTES: usize = 24;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file's name without its extension.
pub(super) fn stem_of(name: &[u8]) -> &[u8] {
    name.rsplitn(2, |&byte| byte == b'.').last().unwrap_or(name)
}

fn stem_hash(stem: &[u8]) -> u32 {
    (xxh3_64(&stem.to_ascii_lowercase()) >> 32) as u32
}

/// Whether a file is data or prose by its language.
pub(super) fn is_data(doc: &DocRef<'_>) -> bool {
    is_data_language(doc.language())
}

fn is_data_language(language: crate::code::Language) -> bool {
    use crate::code::Language;
    matches!(
        language,
        Language::Text
            | Language::Markdown
            | Language::Rst
            | Language::Json
            | Language::Notebook
            | Language::Toml
            | Language::Yaml
            | Language::Xml
            | Language::Ini
    )
}
