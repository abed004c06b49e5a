//! Which files belong to one file: imports both ways, tests, what is changed together with it, what bears its name.

use super::super::history::Chronicle;
use super::super::neighbours::tested_name;
use super::super::references::name_hash;
use super::super::render::shown_path;
use super::resolve::Resolver;
use crate::index::{Context, Index, IndexError, Layout, Past, View, open_fresh};
use crate::project::Root;
use crate::text::{TermKind, raw_words, term_hash, terms_of};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// Files that have the name in their text and whose imports are looked at.
const IMPORTERS_MAX: usize = 1500;
/// Companions of past commits that are weaker than this are chance.
const TOGETHER_MIN: f32 = 0.05;

/// One related file.
#[derive(Debug, Clone, Serialize)]
pub struct RelatedFile {
    /// Relative to the root.
    pub path: String,
    /// How it is related, most telling first: imported, imports, tests, tested_by, changed_together, same_name, refers.
    pub relations: Vec<&'static str>,
    /// Higher is closer; comparable within one answer only.
    pub score: f32,
}

/// What belongs to one file.
#[derive(Debug, Clone, Serialize)]
pub struct Related {
    /// Shape of this answer.
    pub schema: u32,
    /// The file that was asked for, relative to the root.
    pub file: String,
    /// Closest first.
    pub files: Vec<RelatedFile>,
    /// How many there are in all.
    pub total: usize,
}

/// Weights of the relations, chosen by what an editor of a file needs first: the order, not the numbers, is meant.
const WEIGHTS: [(&str, f32); 7] = [
    ("tested_by", 3.0),
    ("tests", 3.0),
    ("imports", 2.0),
    ("imported_by", 1.5),
    ("changed_together", 2.5),
    ("same_name", 1.0),
    ("refers", 0.5),
];

/// Finds what belongs to a file, named by its path from the root; `Ok(None)` when there is no such file in the index.
pub fn related(
    context: &Context<'_>,
    root: &Root,
    file: &Path,
    top: usize,
) -> Result<Option<Related>, IndexError> {
    let mut fresh = open_fresh(context, root, &|_| 0)?;
    let answer = answer(&fresh.index, file, top)?;
    fresh.save(context);
    Ok(answer)
}

fn answer(index: &Index, file: &Path, top: usize) -> Result<Option<Related>, IndexError> {
    let layout = Layout::of(index);
    let view = View::of(&layout);
    let Some(own) = view.find(file.as_os_str().as_encoded_bytes()) else { return Ok(None) };
    let mut relations = Relations::default();
    let resolver = Resolver::of(&view);
    for import in index.outline(view.doc(own).entry.doc).unwrap_or_default().imports {
        for to in resolver.resolve(own, &import.target) {
            relations.add(to, "imports", 1.0);
        }
    }
    add_importers(index, &view, &resolver, own, &mut relations)?;
    add_tests(&view, own, &mut relations);
    let chronicle = Chronicle::of(Past::load(index), &view);
    let together = chronicle.together(&[(own, 1.0)]);
    let most = together.values().copied().fold(0.0_f32, f32::max).max(f32::MIN_POSITIVE);
    for (&position, &value) in together.iter().filter(|(_, value)| **value >= TOGETHER_MIN) {
        relations.add(position, "changed_together", value / most);
    }
    relations.by_position.remove(&own);
    let mut files: Vec<RelatedFile> = (relations.by_position.into_iter())
        .map(|(position, mut found)| {
            found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
            RelatedFile {
                path: shown_path(&view.doc(position).path()),
                score: found.iter().map(|(_, value)| value).sum(),
                relations: found.into_iter().map(|(name, _)| name).collect(),
            }
        })
        .collect();
    files.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.path.cmp(&b.path)));
    let total = files.len();
    files.truncate(top);
    Ok(Some(Related { schema: 1, file: shown_path(&view.doc(own).path()), files, total }))
}

#[derive(Default)]
struct Relations {
    by_position: BTreeMap<usize, Vec<(&'static str, f32)>>,
}

impl Relations {
    /// Adds a relation of a strength between 0 and 1.
    fn add(&mut self, position: usize, name: &'static str, strength: f32) {
        let weight = WEIGHTS.iter().find(|(other, _)| *other == name).map_or(1.0, |(_, weight)| *weight);
        let found = self.by_position.entry(position).or_default();
        if !found.iter().any(|(other, _)| *other == name) {
            found.push((name, weight * strength));
        }
    }
}

/// Files that import this one, and files that have its name in their text without importing it.
fn add_importers(
    index: &Index,
    view: &View<'_>,
    resolver: &Resolver<'_>,
    own: usize,
    relations: &mut Relations,
) -> Result<(), IndexError> {
    let mut hashes: Vec<u64> = Vec::new();
    for name in resolver.names(own) {
        raw_words(&name, |word, _| {
            let mut terms: Vec<(u64, TermKind)> = Vec::new();
            terms_of(word, |term, kind| terms.push((term_hash(term), kind)));
            let joined = terms.iter().find(|(_, kind)| *kind == TermKind::Joined);
            hashes.extend(joined.or(terms.first()).map(|(hash, _)| *hash));
        });
    }
    hashes.extend(name_hash(&view.doc(own)));
    hashes.sort_unstable();
    hashes.dedup();
    let mut having: HashSet<usize> = HashSet::new();
    view.postings(index, &hashes, |_, list| {
        having.extend(list.iter().map(|(position, _)| *position as usize))
    })?;
    let mut having: Vec<usize> = having.into_iter().filter(|&position| position != own).collect();
    having.sort_unstable();
    let telling = name_hash(&view.doc(own)).is_some() && having.len() * 20 < view.len().max(200);
    for &from in having.iter().take(IMPORTERS_MAX) {
        let imports = index.outline(view.doc(from).entry.doc).unwrap_or_default().imports;
        if imports.iter().any(|import| resolver.resolve(from, &import.target).contains(&own)) {
            relations.add(from, "imported_by", 1.0);
        } else if telling && view.doc(from).entry.language == view.doc(own).entry.language {
            relations.add(from, "refers", 1.0);
        }
    }
    Ok(())
}

/// Tests of a source, sources of a test, and other files of the same name: a header, an interface's implementation.
fn add_tests(view: &View<'_>, own: usize, relations: &mut Relations) {
    let name = tested_name(view.doc(own).name());
    if name.len() < 2 {
        return;
    }
    let test = view.doc(own).class().test;
    let folder = |position: usize| -> HashSet<Vec<u8>> {
        view.doc(position).folder().split(|&byte| byte == b'/').map(<[u8]>::to_ascii_lowercase).collect()
    };
    let here = folder(own);
    for (position, doc) in view.docs().iter().enumerate().filter(|&(position, _)| position != own) {
        if tested_name(doc.name()) != name {
            continue;
        }
        // Namesakes in far folders are often about something else.
        let near = (1.0 + here.intersection(&folder(position)).count() as f32) / (1.0 + here.len() as f32);
        match (test, doc.class().test) {
            (true, false) => relations.add(position, "tests", near),
            (false, true) => relations.add(position, "tested_by", near),
            _ => relations.add(position, "same_name", near),
        }
    }
}
