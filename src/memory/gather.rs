//! First signals of files: sums over the postings of the question's terms, and paths that the question names.
//!
//! Where a common word meets every file most of them cannot come far. Three sums are made of all files, in arrays that
//! lie as the terms do; the other signals only of those that these show to be worth more than a look.

use super::prepared::{Prepared, stem_of};
use super::query::Query;
use super::rank::{self, SIGNALS, Signal, Signals};
use super::terms::{Named, Places, Term, Texts};
use crate::index::{DocRef, Index, View};
use crate::store::StoreError;
use std::ops::Range;
use std::sync::Arc;

/// Files that get signals beyond those that choose them.
const FIRST_POOL: usize = 1500;
/// So many files are looked at at once.
const CHUNK: usize = 512;
/// Of many files so many stretches of so many tell how much the best promise; with a number that so many times more of
/// them reach than are wanted, so that hardly ever too few do.
const SAMPLE_CHUNKS: usize = 128;
const SAMPLE_CHUNK: usize = 32;
const SAMPLE_MARGIN: usize = 2;
/// How far a promise may be off that was worked out with fewer divisions; far more than rounding can do.
const ROUGH_PART: f32 = 1e-4;

/// What the postings and the named paths say of every file.
pub(super) struct Gathered {
    terms: Vec<Arc<Term>>,
    weights: Vec<Weights>,
    /// By position in the view.
    words: Vec<Words>,
    /// The same for the sums of paths, empty when no path has a term.
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

/// Sums over all terms, those that are made of every file.
#[derive(Clone, Copy, Default)]
struct Words {
    lexical: f32,
    title: f32,
}

impl Words {
    #[inline]
    fn add(&mut self, weights: &Weights, all: f32) {
        self.lexical += weights.text * all;
        self.title += weights.title * all;
    }
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
    own_name: Stem,
}

/// What terms a file's own name has.
#[derive(Clone, Copy, Default)]
pub(super) struct Stem {
    /// Whether it has any, or in its extension.
    pub(super) met: bool,
    /// Of its parts so many are terms.
    pub(super) hits: u32,
    /// Number of its parts; `None` when it was not looked at.
    pub(super) parts: Option<u32>,
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
    fn add_named(&mut self, weights: &Weights, named: &Named) {
        let part = &named.part;
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
        if named.in_stem {
            self.own_name.met = true;
            self.own_name.hits += u32::from(named.stem_hits);
            self.own_name.parts = Some(u32::from(named.stem_parts)).filter(|&parts| parts > 0);
        }
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
        words: vec![Words::default(); count],
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
        gathered.words.iter().filter(|words| words.lexical > 0.0).count()
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
                    self.words[position as usize].add(&weights, *all);
                }
            }
            Texts::Many(all) => {
                for (words, all) in self.words.iter_mut().zip(all) {
                    words.add(&weights, *all);
                }
            }
            Texts::Common(_) => {}
        }
        if self.path.is_empty() && term.in_path > 0 {
            self.path.resize(count, 0.0);
        }
        for Named { position, part, .. } in &term.named {
            let position = *position as usize;
            self.words[position].add(&weights, part.all);
            if part.path > 0.0 {
                self.path[position] += weights.path * part.path;
            }
        }
        self.weights.push(weights);
    }

    fn is_met(&self, position: usize) -> bool {
        self.words[position].lexical > 0.0 || self.mention(position) > 0.0
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
            return self.best(&near);
        }
        let mut positions = Vec::with_capacity(self.candidates + new.len());
        positions.extend((0..self.words.len()).filter(|&position| self.is_met(position)));
        positions.extend(new);
        positions.sort_unstable();
        positions
    }

    /// Positions of the files that promise most, ascending; equal ones in the order of paths.
    fn best(&self, near: &[(usize, f32)]) -> Vec<usize> {
        let mut touched = vec![0.0; if near.is_empty() { 0 } else { self.words.len() }];
        near.iter().for_each(|&(position, value)| touched[position] = value);
        let Words { lexical: lexical_most, title: title_most } = largest_words(&self.words);
        let others =
            [&self.path, &self.mentioned, &touched].map(|values| (values.as_slice(), largest(values)));
        // Nearly the same, without a division for each file.
        let (lexical_part, title_part) = (1.0 / lexical_most, 1.0 / title_most);
        let rough = |positions: Range<usize>, promises: &mut [f32]| {
            for (promise, words) in promises.iter_mut().zip(&self.words[positions.clone()]) {
                *promise = words.lexical * lexical_part + words.title * title_part;
            }
            for (values, most) in others.iter().filter(|(values, _)| !values.is_empty()) {
                let part = 1.0 / most;
                for (promise, value) in promises.iter_mut().zip(&values[positions.clone()]) {
                    *promise += value * part;
                }
            }
        };
        // What a file promises: its lexical, title, path, mention and history signals, each in parts of the largest.
        best(self.words.len(), rough, |position| {
            let words = &self.words[position];
            let promise = words.lexical / lexical_most + words.title / title_most;
            let others = others.iter().filter(|(values, _)| !values.is_empty());
            others.fold(promise, |promise, (values, most)| promise + values[position] / most)
        })
    }

    /// The first signals of files, whose positions must ascend, and what terms their names have.
    pub(super) fn signals(&self, positions: &[usize]) -> Vec<(Signals, Stem)> {
        let mut sums = vec![Sums::default(); positions.len()];
        let pool = Places::of(positions, self.words.len());
        for (term, weights) in self.terms.iter().zip(&self.weights) {
            match &term.texts {
                Texts::Few(list, all) => {
                    let place = |position: &u32| *position as usize;
                    pool.meet(list, place, |number, at| sums[number].add_text(weights, all[at]));
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
            let place = |named: &Named| named.position as usize;
            pool.meet(&term.named, place, |number, at| sums[number].add_named(weights, &term.named[at]));
        }
        let signals = positions
            .iter()
            .zip(&sums)
            .map(|(&position, sum)| (first_signals(sum, self.mention(position), self.asked), sum.own_name));
        signals.collect()
    }
}

/// The largest number, 1 where none is positive.
fn largest(values: &[f32]) -> f32 {
    let most = values.iter().copied().fold(0.0, f32::max);
    if most > 0.0 { most } else { 1.0 }
}

/// The largest of each sum, 1 where none is positive.
fn largest_words(all: &[Words]) -> Words {
    // Several at once: each comparison waits for the one before.
    const LANES: usize = 8;
    let mut most = [Words::default(); LANES];
    let mut take = |words: &[Words]| {
        for (most, words) in most.iter_mut().zip(words) {
            most.lexical = if words.lexical > most.lexical { words.lexical } else { most.lexical };
            most.title = if words.title > most.title { words.title } else { most.title };
        }
    };
    let chunks = all.chunks_exact(LANES);
    take(chunks.remainder());
    chunks.for_each(take);
    Words {
        lexical: largest(&most.map(|words| words.lexical)),
        title: largest(&most.map(|words| words.title)),
    }
}

/// Positions of the best of so many files, ascending; equal ones in the order of paths. `promise` tells the number of a
/// position, none below 0, `rough` fills in those of a range of positions, each but for `ROUGH_PART` of it.
fn best(
    count: usize,
    rough: impl Fn(Range<usize>, &mut [f32]),
    promise: impl Fn(usize) -> f32,
) -> Vec<usize> {
    let mut keys = Vec::with_capacity(count.min(SAMPLE_MARGIN * SAMPLE_MARGIN * FIRST_POOL));
    let mut collect = |least: f32| {
        keys.clear();
        let mut promises = [0.0_f32; CHUNK];
        for start in (0..count).step_by(CHUNK) {
            let positions = start..(start + CHUNK).min(count);
            rough(positions.clone(), &mut promises);
            let likely =
                positions.zip(&promises).filter(|&(_, &promise)| promise >= least * (1.0 - ROUGH_PART));
            for (position, promise) in likely.map(|(position, _)| (position, promise(position))) {
                if promise >= least {
                    // Best first, equal ones in the order of paths, both in one number.
                    keys.push(u64::from(!promise.to_bits()) << 32 | position as u64);
                }
            }
        }
        keys.len() >= FIRST_POOL
    };
    if !collect(least_of_best(count, &rough)) {
        collect(0.0);
    }
    if keys.len() > FIRST_POOL {
        keys.select_nth_unstable(FIRST_POOL);
        keys.truncate(FIRST_POOL);
    }
    let position = |key: u64| (key & u64::from(u32::MAX)) as usize;
    let mut positions: Vec<usize> = keys.into_iter().map(position).collect();
    positions.sort_unstable();
    positions
}

/// A number that most likely a few more files reach than are wanted, by a look at some of them.
fn least_of_best(count: usize, rough: &impl Fn(Range<usize>, &mut [f32])) -> f32 {
    let step = count / SAMPLE_CHUNKS;
    if step < 2 * SAMPLE_CHUNK {
        return 0.0;
    }
    let mut sample = Vec::with_capacity(SAMPLE_CHUNKS * SAMPLE_CHUNK);
    let mut promises = [0.0_f32; SAMPLE_CHUNK];
    for start in (0..SAMPLE_CHUNKS).map(|number| number * step) {
        rough(start..start + SAMPLE_CHUNK, &mut promises);
        sample.extend_from_slice(&promises);
    }
    let wanted = SAMPLE_MARGIN * FIRST_POOL * sample.len() / count;
    if wanted >= sample.len() {
        return 0.0;
    }
    *sample.select_nth_unstable_by(wanted, |a, b| b.total_cmp(a)).1
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
        let fill = |positions: Range<usize>, into: &mut [f32]| {
            let count = positions.len();
            into[..count].copy_from_slice(&promises[positions]);
            // Off by as much as is allowed.
            into[..count].iter_mut().for_each(|promise| *promise *= 1.0 - ROUGH_PART / 2.0);
        };
        assert_eq!(best(promises.len(), fill, |position| promises[position]), sorted);
        // Where the first look tells nothing of the others.
        let (high, low) = (promises.len() - 40, 40);
        let odd = |positions: Range<usize>, into: &mut [f32]| {
            for (position, into) in positions.zip(into) {
                *into = if position % 70 < 32 { 9.0 } else { 1.0 + (position % (high - low)) as f32 };
            }
        };
        let mut all = vec![0.0; promises.len()];
        odd(0..all.len(), &mut all);
        let mut sorted: Vec<usize> = (0..all.len()).collect();
        sorted.sort_by(|&a, &b| all[b].total_cmp(&all[a]).then(a.cmp(&b)));
        sorted.truncate(FIRST_POOL);
        sorted.sort_unstable();
        assert_eq!(best(all.len(), odd, |position| all[position]), sorted);
    }

    proptest! {
        #[test]
        fn the_largest_is_found_wherever_it_stands(values in proptest::collection::vec(0.0_f32..9.0, 0..50)) {
            let most = values.iter().copied().fold(0.0, f32::max);
            let most = if most > 0.0 { most } else { 1.0 };
            prop_assert_eq!(largest(&values), most);
            let words: Vec<Words> = values.iter().map(|&value| Words { lexical: value, title: value / 2.0 }).collect();
            prop_assert_eq!(largest_words(&words).lexical, most);
        }
    }
}
