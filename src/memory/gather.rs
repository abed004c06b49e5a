//! First signals of files: sums over the posting lists of the question's terms, and paths that the question names.

use super::query::Query;
use super::rank::{self, SIGNALS, Signal, Signals};
use crate::index::{DocRef, FIELDS, Field, Frequencies, Index, View};
use crate::store::StoreError;

/// In a project of so many files a word that stands in all but one of so many parts of them is common.
const COMMON_FILES_MIN: usize = 200;
const COMMON_PARTS: usize = 3;
/// Signals that choose the files that get priors.
pub(super) const FIRST_SIGNALS: usize = 5;

/// What the posting lists and the named paths say of every file.
pub(super) struct Gathered {
    /// By position in the view.
    sums: Vec<Sums>,
    /// By position in the view, how surely the question names the file; empty when it names none.
    mentioned: Vec<f32>,
    /// What a file would have that has all terms of the question.
    asked: f32,
    /// Inverse document frequency of each term.
    pub(super) rarities: Vec<f32>,
}

impl Gathered {
    /// Number of files.
    pub(super) fn len(&self) -> usize {
        self.sums.len()
    }

    /// Positions of the files with terms or mentions of the question, ascending.
    pub(super) fn met(&self) -> Vec<usize> {
        let met = |position: &usize| self.sums[*position].lexical > 0.0 || self.mention(*position) > 0.0;
        let mut positions = Vec::with_capacity(self.sums.len());
        positions.extend((0..self.sums.len()).filter(met));
        positions
    }

    fn mention(&self, position: usize) -> f32 {
        self.mentioned.get(position).copied().unwrap_or(0.0)
    }

    /// The signals by which a file is found worth more than a look: lexical, title, path, mention, and the history's.
    pub(super) fn promise(&self, position: usize, near: f32) -> [f32; FIRST_SIGNALS] {
        let sum = &self.sums[position];
        [sum.lexical, sum.title, sum.path, self.mention(position), near]
    }

    /// The first signals of a file.
    pub(super) fn signals(&self, position: usize) -> Signals {
        first_signals(&self.sums[position], self.mention(position), self.asked)
    }
}

/// Sums over posting lists for one file.
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
}

/// Shares of one posting in the sums, before term weights: each 0 to 1.
struct Part {
    all: f32,
    text: f32,
    path: f32,
    stem: f32,
    name: f32,
}

/// Reads the posting lists; `norms` are the weights of an occurrence in each field, by position.
pub(super) fn gather(
    index: &Index,
    view: &View<'_>,
    norms: &[[f32; FIELDS]],
    query: &Query,
) -> Result<Gathered, StoreError> {
    let count = view.len();
    let mut sums = vec![Sums::default(); count];
    let mut rarities = vec![0.0; query.terms.len()];
    let hashes: Vec<u64> = query.terms.iter().map(|term| term.hash).collect();
    view.postings(index, &hashes, |number, list| {
        let term = &query.terms[number];
        let (mut in_path, mut in_stem, mut in_name) = (0, 0, 0);
        for (_, frequencies) in list {
            let has = |field: Field| frequencies[field as usize] > 0;
            in_path += usize::from(has(Field::Folder) || has(Field::Stem));
            in_stem += usize::from(has(Field::Stem));
            in_name += usize::from(has(Field::Name));
        }
        let rarity = rank::idf(count, list.len());
        let path_rarity = rank::idf(count, in_path);
        let stem_rarity = rank::idf(count, in_stem);
        let name_rarity = rank::idf(count, in_name);
        rarities[number] = rarity;
        let weight = term.weight * rarity;
        let common = count >= COMMON_FILES_MIN && list.len() * COMMON_PARTS > count * (COMMON_PARTS - 1);
        for (position, frequencies) in list {
            // A word of nearly every file tells only where it names something.
            if common && frequencies[Field::Name as usize..].iter().all(|&times| times == 0) {
                continue;
            }
            let part = part(frequencies, &norms[*position as usize]);
            let sum = &mut sums[*position as usize];
            sum.lexical += weight * part.all;
            sum.title += term.title * rarity * part.all;
            sum.text += weight * part.text;
            sum.path += term.weight * path_rarity * part.path;
            sum.stem += term.weight * stem_rarity * part.stem;
            sum.title_path += term.title * path_rarity * part.path;
            if term.scope {
                sum.scope += path_rarity * part.path;
            }
            if part.name > 0.0 {
                sum.name += term.weight * name_rarity * part.name;
                sum.title_name += term.title * name_rarity * part.name;
            }
            if term.identifier {
                sum.identifier += weight * part.all;
                sum.defines += term.weight * name_rarity * part.name;
            }
            if term.compound {
                sum.compound += weight * part.all;
            } else {
                sum.matched += weight;
            }
        }
    })?;
    let plain = query.terms.iter().zip(&rarities).filter(|(term, _)| !term.compound);
    let asked = plain.map(|(term, rarity)| term.weight * rarity).sum();
    Ok(Gathered { sums, mentioned: mentions(view, query), asked, rarities })
}

fn part(frequencies: &Frequencies, norms: &[f32; FIELDS]) -> Part {
    let weighted = |field: Field| f32::from(frequencies[field as usize]) * norms[field as usize];
    let text = weighted(Field::Body) + weighted(Field::Comment) + weighted(Field::Signature);
    if frequencies[Field::Name as usize..].iter().all(|&count| count == 0) {
        let all = rank::saturate(text);
        return Part { all, text: all, path: 0.0, stem: 0.0, name: 0.0 };
    }
    let (name, folder, stem) = (weighted(Field::Name), weighted(Field::Folder), weighted(Field::Stem));
    Part {
        all: rank::saturate(text + name + folder + stem),
        text: rank::saturate(text),
        path: rank::saturate(folder + stem),
        stem: rank::saturate(stem),
        name: rank::saturate(name),
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
fn mentions(view: &View<'_>, query: &Query) -> Vec<f32> {
    let mut hits = Vec::new();
    for mention in &query.mentions {
        let wanted = mention.path.as_bytes();
        let last = wanted.rsplit(|&byte| byte == b'/').next().unwrap_or(wanted);
        let mut matched: Vec<(usize, usize)> = Vec::new();
        for (position, doc) in view.docs().iter().enumerate() {
            let name = doc.name();
            let stem = name.rsplitn(2, |&byte| byte == b'.').last().unwrap_or(name);
            let name_fits =
                if mention.file { name.eq_ignore_ascii_case(last) } else { stem.eq_ignore_ascii_case(last) };
            if name_fits {
                matched.push((position, shared_tail(doc, wanted)));
            }
        }
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
