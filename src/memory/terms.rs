//! The postings of one term in the form in which questions need them, kept between questions to one state of an index.
//!
//! Most documents have a term in their text alone: one number says all of them. The few that name something by it, in
//! their path or in a definition, are kept apart.

use super::rank;
use crate::index::{FIELDS, Field, Frequencies, HashedMap};
use crate::text::{TermKind, raw_words, term_hash, terms_of};
use std::sync::Arc;

/// In a project of so many files a word that stands in all but one of so many parts of them is common.
const COMMON_FILES_MIN: usize = 200;
const COMMON_PARTS: usize = 3;
/// A term of more than one of so many documents is kept as a number for each document, not as a list.
const MANY_PARTS: usize = 2;
/// Terms of a question take so many bytes for each document, and are kept within these bounds, in bytes.
const BYTES_PER_DOCUMENT: usize = 128;
const BYTES: std::ops::RangeInclusive<usize> = 512 * 1024..=12 * 1024 * 1024;
/// So much is let go of at once when there are too many: one part of these.
const CLEARED_PART: usize = 4;
/// A term takes this much beside its postings, in bytes.
const TERM_BYTES: usize = 160;

/// Shares of one posting in the sums of its document, before term weights: each 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Part {
    pub(super) all: f32,
    pub(super) text: f32,
    pub(super) path: f32,
    pub(super) stem: f32,
    pub(super) name: f32,
}

/// A document whose path or definitions have the term.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Named {
    pub(super) position: u32,
    /// Whether the file's own name has it.
    pub(super) in_stem: bool,
    /// Parts of that name, and those of them that are the term; both 0 where it was not looked at.
    pub(super) stem_parts: u8,
    pub(super) stem_hits: u8,
    pub(super) part: Part,
}

/// The documents that have the term in their text alone: what it weighs there, above 0.
#[derive(Debug, PartialEq)]
pub(super) enum Texts {
    /// Positions, ascending, and weights.
    Few(Vec<u32>, Vec<f32>),
    /// A weight for each document, 0 where the term is not, or not in the text alone.
    Many(Vec<f32>),
    /// A word of nearly every file tells only where it names something: a bit for each document, no weights.
    Common(Vec<u64>),
}

/// One term in living documents.
#[derive(Debug, PartialEq)]
pub(super) struct Term {
    /// Documents that have it.
    pub(super) documents: usize,
    /// Documents that have it in their path, in their file's name, in names of definitions.
    pub(super) in_path: usize,
    pub(super) in_stem: usize,
    pub(super) in_name: usize,
    pub(super) texts: Texts,
    /// In order of position.
    pub(super) named: Vec<Named>,
}

impl Term {
    /// Takes a term's postings in, which it may sort; `norms` are the weights of an occurrence in each field, `stem` tells
    /// how many parts a file's own name has, and how many of them are the term.
    pub(super) fn of(
        list: &mut [(u32, Frequencies)],
        norms: &[[f32; FIELDS]],
        stem: impl Fn(u32) -> (u8, u8),
    ) -> Term {
        if !list.is_sorted_by_key(|&(position, _)| position) {
            list.sort_unstable_by_key(|&(position, _)| position);
        }
        let is_named =
            |frequencies: &Frequencies| frequencies[Field::Name as usize..].iter().any(|&times| times > 0);
        let (mut in_path, mut in_stem, mut in_name) = (0, 0, 0);
        let mut named = Vec::new();
        for (position, frequencies) in list.iter().filter(|(_, frequencies)| is_named(frequencies)) {
            let has = |field: Field| frequencies[field as usize] > 0;
            in_path += usize::from(has(Field::Folder) || has(Field::Stem));
            in_stem += usize::from(has(Field::Stem));
            in_name += usize::from(has(Field::Name));
            let part = part(frequencies, &norms[*position as usize]);
            let (stem_parts, stem_hits) = if has(Field::Stem) { stem(*position) } else { (0, 0) };
            let in_stem = has(Field::Stem);
            named.push(Named { position: *position, in_stem, stem_parts, stem_hits, part });
        }
        let texts = list.iter().filter(|(_, frequencies)| !is_named(frequencies));
        let weighed = texts.map(|(position, frequencies)| (*position, frequencies));
        let texts = Texts::of(weighed, list.len(), list.len() - named.len(), norms);
        named.shrink_to_fit();
        Term { documents: list.len(), in_path, in_stem, in_name, texts, named }
    }

    fn bytes(&self) -> usize {
        let texts = match &self.texts {
            Texts::Few(positions, weights) => {
                size_of_val(positions.as_slice()) + size_of_val(weights.as_slice())
            }
            Texts::Many(weights) => size_of_val(weights.as_slice()),
            Texts::Common(bits) => size_of_val(bits.as_slice()),
        };
        TERM_BYTES + texts + size_of_val(self.named.as_slice())
    }
}

impl Texts {
    fn of<'l>(
        texts: impl Iterator<Item = (u32, &'l Frequencies)>,
        documents: usize,
        count: usize,
        norms: &[[f32; FIELDS]],
    ) -> Texts {
        let all = norms.len();
        if all >= COMMON_FILES_MIN && documents * COMMON_PARTS > all * (COMMON_PARTS - 1) {
            let mut bits = vec![0_u64; all.div_ceil(64)];
            texts.for_each(|(position, _)| bits[position as usize / 64] |= 1 << (position % 64));
            return Texts::Common(bits);
        }
        let weighed =
            texts.map(|(position, frequencies)| (position, part(frequencies, &norms[position as usize]).all));
        if count * MANY_PARTS > all {
            let mut weights = vec![0.0; all];
            weighed.for_each(|(position, weight)| weights[position as usize] = weight);
            return Texts::Many(weights);
        }
        let mut few = (Vec::with_capacity(count), Vec::with_capacity(count));
        few.extend(weighed);
        Texts::Few(few.0, few.1)
    }
}

/// The number of parts of a file's own name without extensions, and of those that are asked for.
pub(super) fn stem_parts(name: &[u8], is_asked: impl Fn(u64) -> bool) -> (u8, u8) {
    let stem = name.split(|&byte| byte == b'.').find(|part| !part.is_empty()).unwrap_or(name);
    let (mut parts, mut hits) = (0_u8, 0_u8);
    raw_words(stem, |word, _| {
        terms_of(word, |term, kind| {
            // No name is longer than 255 bytes, and no part shorter than one.
            if kind == TermKind::Part {
                parts = parts.saturating_add(1);
                hits = hits.saturating_add(u8::from(is_asked(term_hash(term))));
            }
        });
    });
    (parts, hits)
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

/// Some documents by position, to be found in lists of many.
pub(super) struct Places<'p> {
    /// Ascending.
    positions: &'p [usize],
    /// A bit for each document of the project.
    bits: Vec<u64>,
}

impl<'p> Places<'p> {
    /// The places of these documents, which must ascend, among so many.
    pub(super) fn of(positions: &'p [usize], documents: usize) -> Places<'p> {
        let mut bits = vec![0_u64; documents.div_ceil(64)];
        positions.iter().for_each(|position| bits[position / 64] |= 1 << (position % 64));
        Places { positions, bits }
    }

    /// Calls `each` with the number of a document and that of its item in a list, whose places must ascend.
    pub(super) fn meet<T>(
        &self,
        list: &[T],
        place: impl Fn(&T) -> usize,
        mut each: impl FnMut(usize, usize),
    ) {
        let mut number = 0;
        for (at, item) in list.iter().enumerate() {
            let wanted = place(item);
            if self.bits[wanted / 64] >> (wanted % 64) & 1 == 1 {
                while self.positions[number] < wanted {
                    number += 1;
                }
                each(number, at);
            }
        }
    }

    /// Calls `each` with the numbers of those documents that have a term.
    pub(super) fn having(&self, term: &Term, mut each: impl FnMut(usize)) {
        match &term.texts {
            Texts::Few(list, _) => self.meet(list, |&position| position as usize, |number, _| each(number)),
            Texts::Many(weights) => {
                let positions = (0..).zip(self.positions);
                positions.filter(|&(_, &at)| weights[at] > 0.0).for_each(|(number, _)| each(number));
            }
            Texts::Common(bits) => {
                let positions = (0..).zip(self.positions);
                positions
                    .filter(|&(_, &at)| bits[at / 64] >> (at % 64) & 1 == 1)
                    .for_each(|(number, _)| each(number));
            }
        }
        self.meet(&term.named, |named| named.position as usize, |number, _| each(number));
    }
}

/// Terms that questions asked for, those that were asked for least recently being let go first.
pub(super) struct Terms {
    items: HashedMap<(Arc<Term>, u64)>,
    bytes: usize,
    bytes_max: usize,
    clock: u64,
}

impl Terms {
    /// No terms yet, in a project of so many documents.
    pub(super) fn new(documents: usize) -> Terms {
        let bytes_max = (documents * BYTES_PER_DOCUMENT).clamp(*BYTES.start(), *BYTES.end());
        Terms { items: HashedMap::default(), bytes: 0, bytes_max, clock: 0 }
    }

    /// About how much memory they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Those of a question's terms that are here.
    pub(super) fn take(&mut self, hashes: &[u64]) -> Vec<Option<Arc<Term>>> {
        self.clock += 1;
        let mut find = |hash: &u64| {
            let (term, used) = self.items.get_mut(hash)?;
            *used = self.clock;
            Some(Arc::clone(term))
        };
        hashes.iter().map(&mut find).collect()
    }

    pub(super) fn put(&mut self, hash: u64, term: &Arc<Term>) {
        let bytes = term.bytes();
        if self.bytes + bytes > self.bytes_max {
            self.clear_oldest((self.bytes_max - self.bytes_max / CLEARED_PART).saturating_sub(bytes));
        }
        if bytes <= self.bytes_max {
            let before = self.items.insert(hash, (Arc::clone(term), self.clock));
            self.bytes = self.bytes + bytes - before.map_or(0, |(term, _)| term.bytes());
        }
    }

    /// Lets go of what was asked for least recently until no more than so many bytes are left.
    fn clear_oldest(&mut self, bytes_left: usize) {
        let mut order: Vec<(u64, u64)> = self.items.iter().map(|(&hash, &(_, used))| (used, hash)).collect();
        order.sort_unstable();
        for (_, hash) in order {
            if self.bytes <= bytes_left {
                return;
            }
            self.bytes -= self.items.remove(&hash).map_or(0, |(term, _)| term.bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Postings of a project of so many documents, some of which name something.
    fn postings(documents: u32) -> impl Strategy<Value = Vec<(u32, Frequencies)>> {
        let one = (1_u8..5, 0_u8..8, 0_u8..3).prop_map(|(body, kind, times)| match kind {
            0 => [body, 0, 1, times, 0, 0],
            1 => [0, body, 0, 0, times, times],
            2 => [0, 0, 0, 0, 0, body],
            _ => [body, times, 0, 0, 0, 0],
        });
        proptest::collection::btree_map(0..documents, one, 0..documents as usize)
            .prop_map(|postings| postings.into_iter().collect())
    }

    proptest! {
        #[test]
        fn every_posting_is_there_whatever_the_form(mut list in postings(300), reversed: bool) {
            let norms: Vec<[f32; FIELDS]> = (0..300).map(|number| [1.0 + number as f32 / 300.0; FIELDS]).collect();
            let expected = list.clone();
            if reversed {
                list.reverse();
            }
            let term = Term::of(&mut list, &norms, |position| (7, position as u8));
            prop_assert_eq!(term.documents, expected.len());
            prop_assert_eq!(term.in_stem, expected.iter().filter(|(_, times)| times[5] > 0).count());
            prop_assert_eq!(term.in_path, expected.iter().filter(|(_, times)| times[4] > 0 || times[5] > 0).count());
            prop_assert_eq!(term.in_name, expected.iter().filter(|(_, times)| times[3] > 0).count());
            let common = matches!(term.texts, Texts::Common(_));
            prop_assert_eq!(common, expected.len() > 200);
            let all: Vec<usize> = (0..300).collect();
            let mut having = Vec::new();
            Places::of(&all, 300).having(&term, |number| having.push(number));
            having.sort_unstable();
            prop_assert_eq!(having, expected.iter().map(|(at, _)| *at as usize).collect::<Vec<_>>());
            for position in 0..300_usize {
                let posting = expected.iter().find(|(at, _)| *at as usize == position);
                let named = term.named.iter().find(|named| named.position as usize == position);
                let text = match &term.texts {
                    Texts::Few(positions, weights) => positions.iter().position(|&at| at as usize == position).map(|at| weights[at]),
                    Texts::Many(weights) => Some(weights[position]).filter(|&weight| weight > 0.0),
                    Texts::Common(_) => None,
                };
                let Some((_, times)) = posting else {
                    prop_assert!(named.is_none() && text.is_none());
                    continue;
                };
                let expected = part(times, &norms[position]);
                if times[3..].iter().any(|&times| times > 0) {
                    let in_stem = times[5] > 0;
                    let hits = if in_stem { position as u8 } else { 0 };
                    prop_assert_eq!(named.map(|named| (named.in_stem, named.stem_hits, named.part)), Some((in_stem, hits, expected)));
                } else if !common {
                    prop_assert_eq!(text, Some(expected.all));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn items_of_the_same_place_meet(
            positions in proptest::collection::btree_set(0_usize..300, 0..60),
            list in proptest::collection::btree_set(0_usize..300, 0..200),
        ) {
            let (positions, list): (Vec<usize>, Vec<usize>) = (positions.into_iter().collect(), list.into_iter().collect());
            let mut met = Vec::new();
            Places::of(&positions, 300).meet(&list, |&place| place, |number, at| met.push((number, at)));
            let expected: Vec<(usize, usize)> = (positions.iter().enumerate())
                .filter_map(|(number, position)| Some((number, list.binary_search(position).ok()?)))
                .collect();
            prop_assert_eq!(met, expected);
        }
    }

    #[test]
    fn what_was_asked_for_last_stays_and_no_more_than_fits() {
        let norms = [[1.0; FIELDS]; 1000];
        let term = |from: u32| {
            let mut list: Vec<(u32, Frequencies)> =
                (from..from + 400).map(|at| (at, [1, 0, 0, 0, 0, 0])).collect();
            Arc::new(Term::of(&mut list, &norms, |_| (0, 0)))
        };
        let mut terms = Terms::new(1);
        terms.put(1, &term(0));
        for hash in 2..1000 {
            assert!(terms.take(&[1])[0].is_some(), "{hash}");
            terms.put(hash, &term(hash as u32 % 600));
            assert!(terms.bytes() <= *BYTES.start() && terms.bytes() >= 3000, "{hash}");
        }
        assert!(terms.take(&[2])[0].is_none() && terms.take(&[999])[0].is_some());
        let before = terms.bytes();
        terms.put(999, &term(7));
        assert_eq!(terms.bytes(), before);
    }
}
