//! What past commits say: which files changes like the asked one touched, and which files change together.

use super::query::Query;
use crate::index::{Past, PastCommit, View, folded};
use std::collections::HashMap;

/// Past commits that are looked at for their files, most alike first.
const NEIGHBOURS_MAX: usize = 80;
/// The say of a past commit halves with every so many seconds of age.
const HALF_LIFE_S: f32 = 365.0 * 86_400.0;
/// Saturation and length norm of messages as documents.
const K1: f32 = 1.2;
const B: f32 = 0.75;
/// Commits with more files than this say nothing about which files belong together.
const TOGETHER_FILES_MAX: usize = 16;

/// Commits with more files than this do not tell where the work is.
const RATE_FILES_MAX: usize = 30;
/// The work of a folder changes more slowly than the files that it is done on: its half-life is so many times as long.
const RATE_HALF_LIVES: f32 = 4.0;

/// Past commits most like the task that tell how well the history knows it.
const NEAREST: usize = 5;
/// A history of so many commits knows a task half as well as it seems.
const HALF_KNOWN_COMMITS: f32 = 20.0;
/// What a project without a history is taken to know: between tasks of a project and those of others.
const NO_HISTORY: Acquaintance = Acquaintance { near: 0.08, pairs: 0.8, pair_share: 0.18 };

/// How well the messages of past commits know a task.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Acquaintance {
    /// Likeness of the nearest messages, on average: about 0 to 1.
    pub(super) near: f32,
    /// Logarithm of the number of the task's neighbouring words that are neighbours in messages, too.
    pub(super) pairs: f32,
    /// Their share.
    pub(super) pair_share: f32,
}

impl Default for Acquaintance {
    fn default() -> Acquaintance {
        NO_HISTORY
    }
}

/// What history says of one file.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Trace {
    /// BM25 over the messages of all commits that touched the file.
    pub(super) words: f32,
    /// Commits like the task that touched it.
    pub(super) near: f32,
    /// Logarithm of its recent changes.
    pub(super) churn: f32,
}

/// History with the files that still exist: the same for every question to one state of the index and of the history.
pub(super) struct Chronicle {
    past: Past,
    /// Position in the view of each path of the past; `NONE` when it is gone.
    positions: Vec<u32>,
    /// Number of the path by position; empty without a history.
    numbers: Vec<u32>,
    /// Weight of each commit by age: 1 for the newest.
    decay: Vec<f32>,
    /// Logarithm of recent changes by path.
    churn: Vec<f32>,
    /// Terms of the messages of all commits that touched a path, and their mean.
    lengths: Vec<u32>,
    length_mean: f32,
    /// Weighted changes of the living files of each folder, by its number; empty without a history.
    changes: Vec<f32>,
}

/// No position, no path.
const NONE: u32 = u32::MAX;

/// What history says of files for one question, by the number of the path.
pub(super) struct Traces<'c> {
    chronicle: &'c Chronicle,
    words: Vec<f32>,
    near: Vec<f32>,
}

impl Traces<'_> {
    /// What history says of the file at a position; `None` when it says nothing.
    pub(super) fn of(&self, position: usize) -> Option<Trace> {
        let number = self.chronicle.number(position)?;
        let (words, near) = (self.words[number], self.near[number]);
        Some(Trace { words, near, churn: self.chronicle.churn[number] })
    }

    /// Positions of the files that commits like the task touched, with the say of these; in no certain order.
    pub(super) fn near(&self) -> impl Iterator<Item = (usize, f32)> {
        let all = self.chronicle.positions.iter().zip(&self.near);
        all.filter(|&(&position, &near)| near > 0.0 && position != NONE)
            .map(|(&position, &near)| (position as usize, near))
    }
}

impl Chronicle {
    pub(super) fn of(past: Past, view: &View<'_>) -> Chronicle {
        let position = |path: &Vec<u8>| view.find(path).map_or(NONE, |position| position as u32);
        let positions: Vec<u32> = past.paths.iter().map(position).collect();
        let mut numbers = vec![NONE; if positions.is_empty() { 0 } else { view.len() }];
        for (&position, number) in positions.iter().zip(0..).filter(|&(&position, _)| position != NONE) {
            numbers[position as usize] = number;
        }
        // Age is counted from the newest commit, not from now: the same answer tomorrow.
        let newest = past.commits.iter().map(|commit| commit.time).max().unwrap_or(0);
        let decay: Vec<f32> = past
            .commits
            .iter()
            .map(|commit| (-(newest.saturating_sub(commit.time) as f32) / HALF_LIFE_S).exp2())
            .collect();
        let mut churn = vec![0.0_f32; positions.len()];
        let mut lengths = vec![0_u32; positions.len()];
        for (commit, decay) in past.commits.iter().zip(&decay) {
            let terms = past.terms(commit).len() as u32;
            for &file in past.files(commit) {
                churn[file as usize] += decay;
                lengths[file as usize] += terms;
            }
        }
        churn.iter_mut().for_each(|churn| *churn = churn.ln_1p());
        let length_mean = mean_length(lengths.iter().map(|&length| length as usize));
        let changes = Vec::new();
        let mut chronicle =
            Chronicle { past, positions, numbers, decay, churn, lengths, length_mean, changes };
        chronicle.changes = chronicle.changes_by_folder(view);
        chronicle
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.past.bytes()
            + (self.numbers.len() + self.decay.len() + 4 * self.positions.len()) * size_of::<u32>()
    }

    fn number(&self, position: usize) -> Option<usize> {
        self.numbers.get(position).filter(|&&number| number != NONE).map(|&number| number as usize)
    }

    fn changes_by_folder(&self, view: &View<'_>) -> Vec<f32> {
        let mut changes = vec![0.0_f32; self.past.paths.len()];
        for (commit, decay) in self.past.commits.iter().zip(&self.decay) {
            let files = self.past.files(commit);
            if files.len() <= RATE_FILES_MAX {
                let weight = decay.powf(1.0 / RATE_HALF_LIVES) / (files.len() as f32).sqrt();
                for &file in files {
                    changes[file as usize] += weight;
                }
            }
        }
        let living = self.positions.iter().any(|&position| position != NONE);
        let mut by_folder = vec![0.0_f32; if living { view.siblings().count() } else { 0 }];
        for (&position, change) in self.positions.iter().zip(changes) {
            if position != NONE {
                by_folder[view.folder(position as usize)] += change;
            }
        }
        by_folder
    }

    /// Weighted changes of the living files of each folder, by its number; empty without a history.
    pub(super) fn changes(&self) -> &[f32] {
        &self.changes
    }

    /// What history says of files, and how well it knows the task.
    pub(super) fn traces(&self, query: &Query) -> (Traces<'_>, Acquaintance) {
        let matches = self.matches(query);
        let near = self.near(query, &matches);
        let words = self.words(query, &matches);
        (Traces { chronicle: self, words, near }, self.acquaintance(query, &matches))
    }

    /// How well the messages know the task; `matches` are pairs of term number and commit number, in order of terms.
    fn acquaintance(&self, query: &Query, matches: &[(u32, u32)]) -> Acquaintance {
        let commits = &self.past.commits;
        let unknown = super::rank::idf(commits.len(), 0);
        let mut of_term: Vec<&[(u32, u32)]> = vec![&[]; query.terms.len()];
        for group in matches.chunk_by(|a, b| a.0 == b.0) {
            of_term[group[0].0 as usize] = group;
        }
        let mut square = 0.0;
        let mut alike = vec![0.0_f32; commits.len()];
        for (term, group) in query.terms.iter().zip(&of_term) {
            let rarity =
                if group.is_empty() { unknown } else { super::rank::idf(commits.len(), group.len()) };
            square += (term.weight * rarity).powi(2);
            for &(_, commit) in *group {
                alike[commit as usize] += term.weight * rarity * rarity;
            }
        }
        if commits.is_empty() || square == 0.0 {
            return Acquaintance::default();
        }
        // The cosine but for the rarities of the messages' own words, for which the largest stands.
        let of_message = |(commit, alike): (&PastCommit, f32)| {
            alike / (self.past.terms(commit).len().max(1) as f32).sqrt()
        };
        let mut nearest: Vec<f32> = commits.iter().zip(alike).map(of_message).collect();
        if nearest.len() > NEAREST {
            nearest.select_nth_unstable_by(NEAREST, |a, b| b.total_cmp(a));
        }
        let near = nearest.iter().take(NEAREST).sum::<f32>() / NEAREST as f32;
        let near = near / (unknown * square.sqrt());
        let pairs = self.pairs_met(query) as f32;
        let share = commits.len() as f32 / (commits.len() as f32 + HALF_KNOWN_COMMITS);
        let known = |met: f32, before: f32| share * met + (1.0 - share) * before;
        Acquaintance {
            near: known(near, NO_HISTORY.near),
            pairs: known(pairs.ln_1p(), NO_HISTORY.pairs),
            pair_share: known(pairs / (query.pairs.len() as f32 + 1.0), NO_HISTORY.pair_share),
        }
    }

    /// Number of the task's pairs of neighbouring words that some message has.
    fn pairs_met(&self, query: &Query) -> usize {
        let mut wanted: Vec<(u32, u32)> = query.pairs.iter().map(|&(a, b)| (folded(a), folded(b))).collect();
        wanted.sort_unstable();
        wanted.dedup();
        // Most words of messages begin no pair: one bit tells.
        let mut sieve = 0_u64;
        for (first, _) in &wanted {
            sieve |= 1 << (first & 63);
        }
        let mut met = vec![false; wanted.len()];
        for commit in &self.past.commits {
            for pair in self.past.terms(commit).windows(2) {
                if sieve >> (pair[0] & 63) & 1 == 1
                    && let Ok(at) = wanted.binary_search(&(pair[0], pair[1]))
                {
                    met[at] = true;
                }
            }
        }
        met.into_iter().filter(|&met| met).count()
    }

    /// Pairs of term number and commit number, in order of terms.
    fn matches(&self, query: &Query) -> Vec<(u32, u32)> {
        let mut by_hash: Vec<(u32, u32)> =
            query.terms.iter().zip(0..).map(|(term, number)| (folded(term.hash), number)).collect();
        by_hash.sort_unstable();
        // Most terms of most commits are not asked for: one bit tells.
        let mut sieve = vec![0_u64; 1024];
        for &(hash, _) in &by_hash {
            sieve[(hash >> 6 & 1023) as usize] |= 1 << (hash & 63);
        }
        let mut matches = Vec::new();
        for (commit, number) in self.past.commits.iter().zip(0_u32..) {
            for &hash in self.past.terms(commit) {
                if sieve[(hash >> 6 & 1023) as usize] >> (hash & 63) & 1 == 1
                    && let Ok(at) = by_hash.binary_search_by_key(&hash, |&(hash, _)| hash)
                {
                    matches.push((by_hash[at].1, number));
                }
            }
        }
        matches.sort_unstable();
        matches
    }

    /// How much commits like the task touched each path.
    fn near(&self, query: &Query, matches: &[(u32, u32)]) -> Vec<f32> {
        let commits = &self.past.commits;
        let mut near = vec![0.0_f32; self.positions.len()];
        let mean = mean_length(commits.iter().map(|commit| self.past.terms(commit).len()));
        let mut alike = vec![0.0_f32; commits.len()];
        for group in matches.chunk_by(|a, b| a.0 == b.0) {
            let term = &query.terms[group[0].0 as usize];
            let rarity = super::rank::idf(commits.len(), group.len());
            for &(_, commit) in group {
                let length = self.past.terms(&commits[commit as usize]).len() as f32;
                alike[commit as usize] += term.weight * rarity * (K1 + 1.0) / (1.0 + norm(length, mean));
            }
        }
        let mut order: Vec<usize> = (0..alike.len()).filter(|&commit| alike[commit] > 0.0).collect();
        order.sort_unstable_by(|&a, &b| alike[b].total_cmp(&alike[a]).then(a.cmp(&b)));
        let best = order.first().map_or(1.0, |&commit| alike[commit]);
        for commit in order.into_iter().take(NEIGHBOURS_MAX) {
            let files = self.past.files(&commits[commit]);
            let weight =
                (alike[commit] / best).powf(1.5) * self.decay[commit] / (files.len().max(1) as f32).sqrt();
            for &file in files {
                near[file as usize] += weight;
            }
        }
        near
    }

    /// BM25 over the messages of all commits that touched each path.
    fn words(&self, query: &Query, matches: &[(u32, u32)]) -> Vec<f32> {
        let mut words = vec![0.0_f32; self.positions.len()];
        let mut counts = vec![0_u32; words.len()];
        let mut touched: Vec<u32> = Vec::new();
        for group in matches.chunk_by(|a, b| a.0 == b.0) {
            let term = &query.terms[group[0].0 as usize];
            for &(_, commit) in group {
                for &file in self.past.files(&self.past.commits[commit as usize]) {
                    if counts[file as usize] == 0 {
                        touched.push(file);
                    }
                    counts[file as usize] += 1;
                }
            }
            let weight = term.weight * super::rank::idf(words.len(), touched.len());
            for file in touched.drain(..) {
                let file = file as usize;
                let count = std::mem::take(&mut counts[file]) as f32;
                let length = norm(self.lengths[file] as f32, self.length_mean);
                words[file] += weight * count / (count + length);
            }
        }
        words
    }

    /// Files that were changed together with the seeds, by position; seeds are positions with weights.
    pub(super) fn together(&self, seeds: &[(usize, f32)]) -> HashMap<usize, f32> {
        let mut weights = vec![0.0_f32; self.past.paths.len()];
        for &(seed, weight) in seeds {
            if let Some(number) = self.number(seed) {
                weights[number] = weight;
            }
        }
        let mut changes = vec![2.0_f32; weights.len()];
        let mut shared: Vec<(&PastCommit, f32)> = Vec::new();
        for (commit, &decay) in self.past.commits.iter().zip(&self.decay) {
            let files = self.past.files(commit);
            if files.len() > TOGETHER_FILES_MAX {
                continue;
            }
            for &file in files.iter().filter(|&&file| weights[file as usize] > 0.0) {
                changes[file as usize] += decay;
            }
            if files.len() > 1 && files.iter().any(|&file| weights[file as usize] > 0.0) {
                shared.push((commit, decay));
            }
        }
        let mut together = HashMap::new();
        for (commit, decay) in shared {
            let files = self.past.files(commit);
            let share = decay / (files.len() as f32 - 1.0).sqrt();
            for &seed in files.iter().filter(|&&file| weights[file as usize] > 0.0) {
                let weight = weights[seed as usize] * share / changes[seed as usize];
                for &other in files.iter().filter(|&&other| other != seed) {
                    let position = self.positions[other as usize];
                    if position != NONE {
                        *together.entry(position as usize).or_default() += weight;
                    }
                }
            }
        }
        together
    }
}

fn norm(length: f32, mean: f32) -> f32 {
    K1 * (1.0 - B + B * length / mean)
}

fn mean_length(lengths: impl Iterator<Item = usize>) -> f32 {
    let (sum, count) = lengths.fold((0, 0), |(sum, count), length| (sum + length, count + 1));
    (sum as f32 / (count as f32).max(1.0)).max(1.0)
}
