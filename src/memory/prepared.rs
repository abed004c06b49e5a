//! What every question to the same state of an index needs, worked out once: a process that lives long keeps it.

use super::rank;
use crate::index::{DocRef, FIELDS, Index, Layout, View};
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64;

/// Figures over all files of an index; worthless as soon as the index changes.
pub(super) struct Prepared {
    pub(super) layout: Layout,
    /// Weight of an occurrence in each field, by position.
    pub(super) norms: Vec<[f32; FIELDS]>,
    /// Share of each language among the project's files of code; data and prose have none.
    pub(super) shares: [f32; 256],
    /// Number of files of data by the hash of their name: translations, fixtures and manifests have many namesakes.
    pub(super) namesakes: HashMap<u64, u32>,
    /// Files that are known, and those that are done with.
    pub(super) counts: (usize, usize),
}

impl Prepared {
    pub(super) fn of(index: &Index) -> Prepared {
        let layout = Layout::of(index);
        let view = View::of(index, &layout);
        let norm = |doc: &DocRef<'_>| rank::field_norms(&doc.entry.lengths, &layout.mean_lengths);
        let norms = view.docs().iter().map(norm).collect();
        let (shares, namesakes) = (language_shares(&view), namesakes(&view));
        Prepared { layout, norms, shares, namesakes, counts: index.manifest.counts() }
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.layout.bytes() + size_of_val(self.norms.as_slice()) + self.namesakes.len() * NAMESAKE_BYTES
    }
}

/// A name with its number takes this much, in bytes.
const NAMESAKE_BYTES: usize = 24;

fn language_shares(view: &View<'_>) -> [f32; 256] {
    let mut counts = [0.0_f32; 256];
    for doc in view.docs().iter().filter(|doc| !is_data(doc)) {
        counts[usize::from(doc.entry.language)] += 1.0;
    }
    let total = counts.iter().sum::<f32>().max(1.0);
    counts.map(|count| count / total)
}

/// Whether a file is data or prose by its language.
pub(super) fn is_data(doc: &DocRef<'_>) -> bool {
    use crate::code::Language;
    matches!(
        doc.language(),
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

fn namesakes(view: &View<'_>) -> HashMap<u64, u32> {
    let mut counts = HashMap::new();
    for doc in view.docs().iter().filter(|doc| is_data(doc)) {
        *counts.entry(xxh3_64(doc.name())).or_default() += 1;
    }
    counts
}
