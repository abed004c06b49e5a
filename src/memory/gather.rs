//! First signals of files: sums over the postings of the question's terms, and paths that the question names.
//!
//! Where a common word meets every file most of them cannot come far. Three sums are made of all files, in arrays that
//! lie as the terms do; the other signals only of those that these show to be worth more than a look.

use super::prepared::{Prepared, stem_of};
use super::query::Query;
use super::rank::{self, SIGNALS, Signal, Signals};
use super::terms::{Named, Part, Term, Texts};
use crate::index::{DocRef, Index, View};
use crate::store::StoreError;
use std::sync::Arc;

/// Files that get signals beyond those that choose them.
const FIRST_POOL: usize = 1500;
/// Lower bits of a float that are left away where the best of many are sought.
const FINE_BITS: u32 = 17;

/// What the postings and the named paths say of every file.
pub(super) struct Gathered {
    terms: Vec<Arc<Term>>,
    weights: Vec<Weights>,
    /// By position in the view.
    lexical: Vec<f32>,
    title: Vec<f32>,
    /// The same, empty when no path has a term.
    path: Vec<f32>,
    /// By position in the view, how surely the question names the file; empty when it names none.
    mentioned: Vec<f32>,
    /// What a file would have that has all terms of the question.
    asked: f32,
    /// Inverse document frequency of each term.
    pub(super) rarities: Vec<f32>,
    /// Files with terms or mentions of the question.
    pub(super) candidates: usize,
}

/// What an occurrence of one term adds to each sum.
struct Weights {
    text: f32,
    title: f32,
    path: f32,
    stem: f32,
    title_path: f32,
    /// 0 when it is no scope.
    scope: f32,
    name: f32,
    title_name: f32,
    identifier: bool,
    compound: bool,
}

/// Sums over the postings of one file.
#[derive(Clone, Copy, Default)]
struct Sums {
    lexical: f32,
    title: f32,
    text: f32,
    path: f32,
    stem: f32,
    name: f32,
    title_path: f32,
    title_name: f32,
    scope: f32,
    defines: f32,
    compound: f32,
    identifier: f32,
    matched: f32,
    /// Whether the file's own name has a term.
    in_stem: bool,
}

impl Sums {
    /// Adds a posting in a text alone.
    fn add_text(&mut self, weights: &Weights, all: f32) {
        self.lexical += weights.text * all;
        self.title += weights.title * all;
        self.text += weights.text * all;
        self.add_kind(weights, all);
    }

    /// Adds a posting that names something.
    fn add_named(&mut self, weights: &Weights, in_stem: bool, part: &Part) {
        self.lexical += weights.text * part.all;
        self.title += weights.title * part.all;
        self.text += weights.text * part.text;
        self.path += weights.path * part.path;
        self.stem += weights.stem * part.stem;
        self.title_path += weights.title_path * part.path;
        self.scope += weights.scope * part.path;
        self.name += weights.name * part.name;
        self.title_name += weights.title_name * part.name;
        if weights.identifier {
            self.defines += weights.name * part.name;
        }
        self.in_stem |= in_stem;
        self.add_kind(weights, part.all);
    }

    fn add_kind(&mut self, weights: &Weights, all: f32) {
        if weights.identifier {
            self.identifier += weights.text * all;
        }
        if weights.compound {
            self.compound += weights.text * all;
        } else {
            self.matched += weights.text;
        }
    }
}

/// Takes the postings of the question's terms in.
pub(super) fn gather(
    index: &Index,
    view: &View<'_>,
    prepared: &Prepared,
    query: &Query,
) -> Result<Gathered, StoreError> {
    let count = view.len();
    let hashes: Vec<u64> = query.terms.iter().map(|term| term.hash).collect();
    let terms = prepared.terms(index, view, &hashes)?;
    let mut gathered = Gathered {
        weights: Vec::with_capacity(terms.len()),
        lexical: vec![0.0; count],
        title: vec![0.0; count],
        path: Vec::new(),
        mentioned: mentions(view, prepared, query),
        asked: 0.0,
        rarities: terms.iter().map(|term| rank::idf(count, term.documents)).collect(),
        candidates: 0,
        terms,
    };
    for number in 0..query.terms.len() {
        gathered.add(query, number, count);
    }
    let plain = query.terms.iter().zip(&gathered.rarities).filter(|(term, _)| !term.compound);
    gathered.asked = plain.map(|(term, rarity)| term.weight * rarity).sum();
    gathered.candidates = if gathered.mentioned.is_empty() {
        gathered.lexical.iter().filter(|&&value| value > 0.0).count()
    } else {
        (0..count).filter(|&position| gathered.is_met(position)).count()
    };
    Ok(gathered)
}

impl Gathered {
    /// Adds one term of the question to the three sums of all files.
    fn add(&mut self, query: &Query, number: usize, count: usize) {
        let (asked, term, rarity) = (&query.terms[number], &self.terms[number], self.rarities[number]);
        let path_rarity = rank::idf(count, term.in_path);
        let name_rarity = rank::idf(count, term.in_name);
        let weights = Weights {
            text: asked.weight * rarity,
            title: asked.title * rarity,
            path: asked.weight * path_rarity,
            stem: asked.weight * rank::idf(count, term.in_stem),
            title_path: asked.title * path_rarity,
            scope: if asked.scope { path_rarity } else { 0.0 },
            name: asked.weight * name_rarity,
            title_name: asked.title * name_rarity,
            identifier: asked.identifier,
            compound: asked.compound,
        };
        match &term.texts {
            Texts::Few(positions, all) => {
                for (&position, all) in positions.iter().zip(all) {
                    self.lexical[position as usize] += weights.text * all;
                    self.title[position as usize] += weights.title * all;
                }
            }
            Texts::Many(all) => {
                add_all(&mut self.lexical, all, weights.text);
                if weights.title > 0.0 {
                    add_all(&mut self.title, all, weights.title);
                }
            }
            Texts::Common(_) => {}
        }
        if self.path.is_empty() && term.in_path > 0 {
            self.path.resize(count, 0.0);
        }
        for Named { position, part, .. } in &term.named {
            let position = *position as usize;
            self.lexical[position] += weights.text * part.all;
            self.title[position] += weights.title * part.all;
            if part.path > 0.0 {
                self.path[position] += weights.path * part.path;
            }
        }
        self.weights.push(weights);
    }

    fn is_met(&self, position: usize) -> bool {
        self.lexical[position] > 0.0 || self.mention(position) > 0.0
    }

    fn mention(&self, position: usize) -> f32 {
        self.mentioned.get(position).copied().unwrap_or(0.0)
    }

    /// Positions of the files that are worth more than a look, ascending; `near` are files that past commits like the task
    /// touched, each once.
    pub(super) fn pool(&self, near: impl Iterator<Item = (usize, f32)>) -> Vec<usize> {
        let near: Vec<(usize, f32)> = near.collect();
        let is_new = |&&(position, _): &&(usize, f32)| !self.is_met(position);
        let new: Vec<usize> = near.iter().filter(is_new).map(|&(position, _)| position).collect();
        if self.candidates + new.len() > FIRST_POOL {
            return best(&self.promises(&near));
        }
        let mut positions = Vec::with_capacity(self.candidates + new.len());
        positions.extend((0..self.lexical.len()).filter(|&position| self.is_met(position)));
        positions.extend(new);
        positions.sort_unstable();
        positions
    }

    /// What each file promises: its lexical, title, path, mention and history signals, each in parts of the largest.
    fn promises(&self, near: &[(usize, f32)]) -> Vec<f32> {
        let most = largest(&self.lexical);
        let mut promises: Vec<f32> = self.lexical.iter().map(|value| value / most).collect();
        add_scaled(&mut promises, &self.title);
        add_scaled(&mut promises, &self.path);
        add_scaled(&mut promises, &self.mentioned);
        if !near.is_empty() {
            let mut all = vec![0.0; promises.len()];
            near.iter().for_each(|&(position, value)| all[position] = value);
            add_scaled(&mut promises, &all);
        }
        promises
    }

    /// The first signals of files, whose positions must ascend; and whether the file's own name has a term.
    pub(super) fn signals(&self, positions: &[usize]) -> Vec<(Signals, bool)> {
        let mut sums = vec![Sums::default(); positions.len()];
        for (term, weights) in self.terms.iter().zip(&self.weights) {
            match &term.texts {
                Texts::Few(list, all) => {
                    meet(
                        positions,
                        list,
                        |position| *position as usize,
                        |number, at| {
                            sums[number].add_text(weights, all[at]);
                        },
                    );
                }
                Texts::Many(all) => {
                    for (&position, sum) in positions.iter().zip(&mut sums) {
                        if all[position] > 0.0 {
                            sum.add_text(weights, all[position]);
                        }
                    }
                }
                Texts::Common(_) => {}
            }
            meet(
                positions,
                &term.named,
                |named| named.position as usize,
                |number, at| {
                    let Named { in_stem, part, .. } = &term.named[at];
                    sums[number].add_named(weights, *in_stem, part);
                },
            );
        }
        let signals = positions
            .iter()
            .zip(&sums)
            .map(|(&position, sum)| (first_signals(sum, self.mention(position), self.asked), sum.in_stem));
        signals.collect()
    }
}

/// Adds the weighted numbers to the sums; a loop that the compiler turns into one over several at once.
fn add_all(sums: &mut [f32], all: &[f32], weight: f32) {
    for (sum, value) in sums.iter_mut().zip(all) {
        *sum += weight * value;
    }
}

/// Adds the numbers, in parts of the largest of them; none when there are none.
fn add_scaled(sums: &mut [f32], values: &[f32]) {
    let most = largest(values);
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value / most;
    }
}

/// The largest number, 1 where none is positive.
fn largest(values: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut largest = [0.0_f32; LANES];
    let mut chunks = values.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (largest, &value) in largest.iter_mut().zip(chunk) {
            *largest = if value > *largest { value } else { *largest };
        }
    }
    let most = largest.iter().chain(chunks.remainder()).copied().fold(0.0, f32::max);
    if most > 0.0 { most } else { 1.0 }
}

/// Positions of the best, ascending; equal ones in the order of paths. No number is below 0.
fn best(promises: &[f32]) -> Vec<usize> {
    // Few of many are looked at: those whose upper bits are at least those of the last that belongs to the best.
    let bucket = |promise: f32| (promise.to_bits() >> FINE_BITS) as usize;
    let mut counts = vec![0_u32; 1 << (31 - FINE_BITS)];
    promises.iter().for_each(|&promise| counts[bucket(promise)] += 1);
    let mut more = 0;
    let last = (0..counts.len()).rev().find(|&at| {
        more += counts[at] as usize;
        more >= FIRST_POOL
    });
    let last = last.unwrap_or(0);
    // Best first, equal ones in the order of paths, both in one number.
    let key = |position: usize, promise: f32| u64::from(!promise.to_bits()) << 32 | position as u64;
    let mut keys = Vec::with_capacity(more);
    for (position, &promise) in promises.iter().enumerate() {
        if bucket(promise) >= last {
            keys.push(key(position, promise));
        }
    }
    if keys.len() > FIRST_POOL {
        keys.select_nth_unstable(FIRST_POOL);
        keys.truncate(FIRST_POOL);
    }
    let mut positions: Vec<usize> =
        keys.into_iter().map(|key| (key & u64::from(u32::MAX)) as usize).collect();
    positions.sort_unstable();
    positions
}

/// Calls `each` with the numbers of a position and of a list's item that are the same place; both must ascend.
fn meet<T>(positions: &[usize], list: &[T], place: impl Fn(&T) -> usize, mut each: impl FnMut(usize, usize)) {
    let mut at = 0;
    for (number, &position) in positions.iter().enumerate() {
        // In growing steps past those before, then back by halves: one of the two is much longer than the other.
        let mut step = 1;
        while at + step < list.len() && place(&list[at + step]) < position {
            at += step;
            step *= 2;
        }
        let end = (at + step + 1).min(list.len());
        at += list[at..end].partition_point(|item| place(item) < position);
        match list.get(at) {
            Some(item) if place(item) == position => each(number, at),
            Some(_) => {}
            None => return,
        }
    }
}

fn first_signals(sum: &Sums, mention: f32, asked: f32) -> Signals {
    let mut signals = [0.0; SIGNALS];
    let mut set = |signal: Signal, value: f32| signals[signal as usize] = value;
    set(Signal::Lexical, sum.lexical);
    set(Signal::Title, sum.title);
    set(Signal::Text, sum.text);
    set(Signal::Path, sum.path);
    set(Signal::Stem, sum.stem);
    set(Signal::Name, sum.name);
    set(Signal::TitlePath, sum.title_path);
    set(Signal::TitleName, sum.title_name);
    set(Signal::Scope, sum.scope);
    set(Signal::Defines, sum.defines);
    set(Signal::Compound, sum.compound);
    set(Signal::Identifier, sum.identifier);
    set(Signal::Mention, mention);
    set(Signal::Coverage, if asked > 0.0 { sum.matched / asked } else { 0.0 });
    signals
}

/// Files that the task names by path, file name or module: a full path weighs 1, an ambiguous name less.
fn mentions(view: &View<'_>, prepared: &Prepared, query: &Query) -> Vec<f32> {
    let mut hits = Vec::new();
    for mention in &query.mentions {
        let wanted = mention.path.as_bytes();
        let last = wanted.rsplit(|&byte| byte == b'/').next().unwrap_or(wanted);
        let mut matched: Vec<(usize, usize)> = Vec::new();
        let stem = if mention.file { stem_of(last) } else { last };
        prepared.each_of_stem(view, stem, |position, doc| {
            if !mention.file || doc.name().eq_ignore_ascii_case(last) {
                matched.push((position, shared_tail(doc, wanted)));
            }
        });
        let best = matched.iter().map(|&(_, shared)| shared).max().unwrap_or(0);
        let asked = wanted.iter().filter(|&&byte| byte == b'/').count();
        // Of `a/b/c.rs` at least the file and one folder must fit, unless only a name was given.
        if !mention.file && best == 0 {
            continue;
        }
        matched.retain(|&(_, shared)| shared == best);
        let certainty = if asked == 0 { 0.8 } else { 0.5 + 0.5 * best as f32 / asked as f32 };
        let weight = certainty / (matched.len() as f32).sqrt();
        for (position, _) in matched {
            hits.resize(view.len(), 0.0_f32);
            let hit = &mut hits[position];
            *hit = hit.max(weight) + 0.1 * hit.min(weight);
        }
    }
    hits
}

/// Number of folders, from the file upwards, in which a document's path and a wanted one agree.
fn shared_tail(doc: &DocRef<'_>, wanted: &[u8]) -> usize {
    let folders = doc.folder().rsplit(|&byte| byte == b'/').filter(|part| !part.is_empty());
    let asked = wanted.rsplit(|&byte| byte == b'/').skip(1);
    folders.zip(asked).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_best_are_those_that_sorting_all_finds() {
        // Few distinct numbers, so that many are equal at the edge.
        let promises: Vec<f32> = (0..9000_u32).map(|number| (number * 7919 % 100) as f32 / 25.0).collect();
        let mut sorted: Vec<usize> = (0..promises.len()).collect();
        sorted.sort_by(|&a, &b| promises[b].total_cmp(&promises[a]).then(a.cmp(&b)));
        sorted.truncate(FIRST_POOL);
        sorted.sort_unstable();
        assert_eq!(best(&promises), sorted);
    }

    proptest! {
        #[test]
        fn items_of_the_same_place_meet(
            positions in proptest::collection::btree_set(0_usize..300, 0..60),
            list in proptest::collection::btree_set(0_usize..300, 0..200),
        ) {
            let (positions, list): (Vec<usize>, Vec<usize>) = (positions.into_iter().collect(), list.into_iter().collect());
            let mut met = Vec::new();
            meet(&positions, &list, |&place| place, |number, at| met.push((number, at)));
            let expected: Vec<(usize, usize)> = (positions.iter().enumerate())
                .filter_map(|(number, position)| Some((number, list.binary_search(position).ok()?)))
                .collect();
            prop_assert_eq!(met, expected);
        }

        #[test]
        fn the_largest_is_found_wherever_it_stands(values in proptest::collection::vec(0.0_f32..9.0, 0..50)) {
            let most = values.iter().copied().fold(0.0, f32::max);
            prop_assert_eq!(largest(&values), if most > 0.0 { most } else { 1.0 });
        }
    }
}
