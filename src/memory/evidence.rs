//! Reads the best candidates and finds the places in them that meet the question: definitions, windows, quoted texts.

use super::lexed::Lexed;
use super::query::Query;
use crate::index::{HashedMap, Outline};
use crate::text::{Sieve, TermKind, lines, raw_words, term_hash, terms_of};
use memchr::memmem;
use std::collections::HashSet;
use xxhash_rust::xxh3::xxh3_64;

/// Only the head of a large file is read for evidence, in bytes.
pub(super) const SOURCE_BYTES_MAX: usize = 384 * 1024;
/// Words named as the reason for a file.
const TELLING_WORDS_MAX: usize = 5;
/// Lines of a place that is no definition.
const WINDOW_LINES: u32 = 40;
/// An occurrence in a place's first lines counts as so many.
const SIGNATURE_WEIGHT: f32 = 2.0;
/// Saturation of occurrences in one place.
const K1: f32 = 1.0;
/// Mean length of a place in words, for the length norm.
const PLACE_WORDS_MEAN: f32 = 60.0;

/// A stretch of lines in a file, with what it has of the question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Place {
    /// Index of the definition in the outline; `None` for a window.
    pub(super) symbol: Option<usize>,
    /// First line, 1-based.
    pub(super) start: u32,
    /// Last line, inclusive.
    pub(super) end: u32,
    pub(super) score: f32,
}

/// What reading one file showed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Evidence {
    /// Best first; those without any term of the question are missing.
    pub(super) places: Vec<Place>,
    /// Weighted neighbouring pairs found.
    pub(super) pairs: f32,
    /// Quoted texts found.
    pub(super) literals: u32,
    /// Numbers of the question's terms that occur.
    pub(super) terms: Vec<usize>,
}

/// What evidence is sought, prepared once a question and shared by threads.
pub(super) struct Seeker<'q> {
    query: &'q Query,
    /// Weight of each term: its own times its rarity.
    weights: Vec<f32>,
    by_hash: HashedMap<usize>,
    /// Most words have no term of the question.
    sieve: Sieve,
    pairs: HashSet<(u64, u64)>,
}

/// Occurrences of terms in one file.
#[derive(Default)]
struct Hits {
    /// Place, term, weight.
    terms: Vec<(u32, u32, f32)>,
    /// Weighted neighbouring pairs.
    pairs: f32,
}

/// Term numbers of raw words already seen; kept from file to file.
#[derive(Default)]
pub(super) struct Memo {
    /// Hash of a raw word → its place in `facts`, or `NO_TERM`.
    words: HashedMap<u32>,
    facts: Vec<WordFacts>,
}

/// In place of the facts of a word without any term of the question.
const NO_TERM: u32 = u32::MAX;

#[derive(Default)]
struct WordFacts {
    terms: Vec<u32>,
    /// Hash of the only part, for pairs; 0 for compound words.
    single: u64,
}

impl<'q> Seeker<'q> {
    /// `rarities` holds the inverse document frequency of each term of the query.
    pub(super) fn new(query: &'q Query, rarities: &[f32]) -> Seeker<'q> {
        let weights = query.terms.iter().zip(rarities).map(|(term, rarity)| term.weight * rarity).collect();
        let by_hash = query.terms.iter().enumerate().map(|(number, term)| (term.hash, number)).collect();
        let sieve = Sieve::of(query.terms.iter().map(|term| term.text.as_str()));
        Seeker { query, weights, by_hash, sieve, pairs: query.pairs.iter().copied().collect() }
    }

    /// Seeks in one file.
    pub(super) fn seek(&self, source: &[u8], outline: &Outline, memo: &mut Memo) -> Evidence {
        let source = &source[..source.len().min(SOURCE_BYTES_MAX)];
        let (places, place_of_line, signature) = cut(outline, source);
        let mut hits = Hits::default();
        let mut words = vec![0_u32; places.len()];
        for (number, line) in lines(source).enumerate() {
            let Some(&place) = place_of_line.get(number) else { break };
            let weight = if signature[number] { SIGNATURE_WEIGHT } else { 1.0 };
            let mut before = 0;
            raw_words(line, |word, _| {
                words[place as usize] += 1;
                if !self.sieve.may_have(word) {
                    before = 0;
                    return;
                }
                before = self.take(word, (place, weight, before), &mut hits, memo);
            });
        }
        self.weigh(source, &places, &words, hits)
    }

    /// Seeks in one file that was cut into words before, with the result of [`Seeker::seek`].
    pub(super) fn seek_in(&self, source: &[u8], lexed: &Lexed, memo: &mut Memo) -> Evidence {
        let source = &source[..source.len().min(SOURCE_BYTES_MAX)];
        let mut hits = Hits::default();
        let mut before = 0;
        lexed.meet(source, &self.sieve, |met| {
            let weight = if met.signature { SIGNATURE_WEIGHT } else { 1.0 };
            let last = if met.follows { before } else { 0 };
            before = self.take(met.word, (met.place, weight, last), &mut hits, memo);
        });
        self.weigh(source, lexed.places(), lexed.counts(), hits)
    }

    /// Takes a word in that may have terms of the question; returns the hash that makes a pair with the next word's.
    fn take(
        &self,
        word: &[u8],
        (place, weight, before): (u32, f32, u64),
        hits: &mut Hits,
        memo: &mut Memo,
    ) -> u64 {
        let number = *memo.words.entry(xxh3_64(word)).or_insert_with(|| {
            let facts = self.facts(word);
            if facts.terms.is_empty() {
                return NO_TERM;
            }
            memo.facts.push(facts);
            memo.facts.len() as u32 - 1
        });
        let Some(facts) = memo.facts.get(number as usize) else { return 0 };
        hits.terms.extend(facts.terms.iter().map(|&term| (place, term, weight)));
        // Both words of a pair are terms of the question.
        if before != 0 && facts.single != 0 && self.pairs.contains(&(before, facts.single)) {
            hits.pairs += weight;
        }
        facts.single
    }

    /// What the hits say, with the number of words in each place.
    fn weigh(&self, source: &[u8], places: &[Place], words: &[u32], hits: Hits) -> Evidence {
        let Hits { terms: mut hits, pairs } = hits;
        hits.sort_unstable_by_key(|&(place, term, _)| (place, term));
        let mut evidence = Evidence::default();
        for in_place in hits.chunk_by(|a, b| a.0 == b.0) {
            let number = in_place[0].0 as usize;
            let mut place = places[number].clone();
            for group in in_place.chunk_by(|a, b| a.1 == b.1) {
                let term = group[0].1;
                let count: f32 = group.iter().map(|&(_, _, weight)| weight).sum();
                let length = 0.5 + 0.5 * (words[number] as f32 / PLACE_WORDS_MEAN).min(8.0);
                place.score += self.weights[term as usize] * count / (count + K1 * length);
            }
            if place.score > 0.0 {
                evidence.places.push(place);
            }
        }
        evidence.terms = hits.iter().map(|&(_, term, _)| term as usize).collect();
        evidence.terms.sort_unstable();
        evidence.terms.dedup();
        evidence.places.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.start.cmp(&b.start)));
        evidence.pairs = pairs.sqrt();
        let found = self.query.literals.iter().filter(|text| memmem::find(source, text).is_some());
        evidence.literals = u32::try_from(found.count()).unwrap_or(0);
        evidence
    }

    /// The rarest of `terms`, as they were written in the question.
    pub(super) fn telling_words(&self, terms: &[usize]) -> Vec<String> {
        let mut order = terms.to_vec();
        order.sort_by(|&a, &b| self.weights[b].total_cmp(&self.weights[a]).then(a.cmp(&b)));
        let mut words: Vec<String> = Vec::new();
        for number in order {
            let shown = &self.query.terms[number].shown;
            // The parts of a name say nothing beside it.
            let said = |word: &String| word.to_lowercase().contains(&shown.to_lowercase());
            if !words.iter().any(said) {
                words.push(shown.clone());
            }
            if words.len() == TELLING_WORDS_MAX {
                break;
            }
        }
        words
    }

    fn facts(&self, word: &[u8]) -> WordFacts {
        let mut facts = WordFacts::default();
        let mut parts = 0;
        terms_of(word, |term, kind| {
            let hash = term_hash(term);
            facts.terms.extend(self.by_hash.get(&hash).map(|&number| number as u32));
            if kind == TermKind::Part {
                parts += 1;
                facts.single = hash;
            }
        });
        if parts != 1 {
            facts.single = 0;
        }
        facts
    }
}

/// Cuts a file into places: each line belongs to the innermost definition around it, or to a window of lines.
///
/// Returns the places, the place of each line, and whether the line is part of a signature.
pub(super) fn cut(outline: &Outline, source: &[u8]) -> (Vec<Place>, Vec<u32>, Vec<bool>) {
    let lines = memchr::memchr_iter(b'\n', source).count() + 1;
    let mut owner: Vec<Option<usize>> = vec![None; lines];
    let mut signature = vec![false; lines];
    // Outer definitions come first, so that inner ones take their lines over.
    let mut order: Vec<usize> = (0..outline.symbols.len()).collect();
    order.sort_by_key(|&number| {
        let symbol = &outline.symbols[number];
        (symbol.start_line, std::cmp::Reverse(symbol.end_line))
    });
    for number in order {
        let symbol = &outline.symbols[number];
        let start = (symbol.start_line.max(1) as usize - 1).min(lines);
        let end = (symbol.end_line as usize).clamp(start, lines);
        owner[start..end].fill(Some(number));
        let signature_end = (symbol.signature_end_line as usize).clamp(start, lines);
        signature[start..signature_end].fill(true);
    }
    let mut places: Vec<Place> = Vec::new();
    let mut of_symbol: Vec<Option<u32>> = vec![None; outline.symbols.len()];
    let mut place_of_line = Vec::with_capacity(lines);
    for (number, owner) in owner.iter().enumerate() {
        let line = u32::try_from(number + 1).unwrap_or(u32::MAX);
        let place = match owner {
            Some(symbol) => *of_symbol[*symbol].get_or_insert_with(|| {
                let definition = &outline.symbols[*symbol];
                places.push(Place {
                    symbol: Some(*symbol),
                    start: definition.start_line,
                    end: definition.end_line,
                    score: 0.0,
                });
                places.len() as u32 - 1
            }),
            None => window(&mut places, line),
        };
        place_of_line.push(place);
    }
    (places, place_of_line, signature)
}

/// The window that the line continues, or a new one.
fn window(places: &mut Vec<Place>, line: u32) -> u32 {
    match places.last_mut() {
        Some(last) if last.symbol.is_none() && last.end + 1 == line && line - last.start < WINDOW_LINES => {
            last.end = line
        }
        _ => places.push(Place { symbol: None, start: line, end: line, score: 0.0 }),
    }
    places.len() as u32 - 1
}

#[cfg(test)]
mod tests {
    use super::super::query::analyse;
    use super::*;
    use crate::code::{Symbol, SymbolKind};
    use proptest::prelude::*;

    fn symbol(name: &str, start_line: u32, end_line: u32) -> Symbol {
        let kind = SymbolKind::Function;
        Symbol {
            kind,
            name: name.into(),
            start_line,
            signature_end_line: start_line,
            end_line,
            container: None,
            doc_line: None,
        }
    }

    #[test]
    fn the_definition_that_meets_the_question_is_the_best_place() {
        let source = b"use a;\nfn other() {\n  walk();\n}\nfn refresh_token() {\n  renew(token);\n}\nend\n";
        let outline =
            Outline { symbols: vec![symbol("other", 2, 4), symbol("refresh_token", 5, 7)], imports: vec![] };
        let query = analyse("token refresh fails with \"no such grant here\"", None);
        let rarities = vec![1.0; query.terms.len()];
        let evidence = Seeker::new(&query, &rarities).seek(source, &outline, &mut Memo::default());
        assert_eq!(evidence.places[0].symbol, Some(1));
        assert_eq!((evidence.places[0].start, evidence.places[0].end), (5, 7));
        assert_eq!(evidence.literals, 0);
        let quoted = b"x\nno such grant here\n";
        assert_eq!(
            Seeker::new(&query, &rarities).seek(quoted, &Outline::default(), &mut Memo::default()).literals,
            1
        );
    }

    fn outlines() -> impl Strategy<Value = Outline> {
        let symbols = proptest::collection::vec((0_u32..14, 0_u32..14, 0_u32..3), 0..4);
        symbols.prop_map(|symbols| {
            let symbol = |(start, end, signature): (u32, u32, u32)| Symbol {
                signature_end_line: start + signature,
                ..symbol("a", start, end)
            };
            Outline { symbols: symbols.into_iter().map(symbol).collect(), imports: vec![] }
        })
    }

    proptest! {
        #[test]
        fn a_text_that_was_cut_before_shows_what_it_shows_anew(
            source in "((token|refresh|Refresh_Token|refreshToken|HTTPToken2|naïve|ÜBER_token|x|rate limit|a1b2|\\xff)[ .(\n\r]{1,2}){0,60}",
            cut_at in 0_usize..40,
            outline in outlines(),
            asked in "(refresh token|rate limit|naïve über|x y z|http token 2|a1 b2|refreshToken \"rate limit\")",
        ) {
            let mut source = source.into_bytes();
            // Not always UTF-8.
            if let Some(byte) = source.get_mut(cut_at) {
                *byte = byte.wrapping_add(0x80);
            }
            let query = analyse(&asked, None);
            let rarities: Vec<f32> = (1..=query.terms.len()).map(|number| 1.0 + 1.0 / number as f32).collect();
            let seeker = Seeker::new(&query, &rarities);
            let anew = seeker.seek(&source, &outline, &mut Memo::default());
            let lexed = Lexed::of(&source, &outline).unwrap();
            prop_assert_eq!(seeker.seek_in(&source, &lexed, &mut Memo::default()), anew);
        }
    }

    #[test]
    fn a_file_that_has_a_part_of_a_name_is_not_said_to_have_the_name() {
        let query = analyse("where are print_greetings and RateLimiter", None);
        let rarities: Vec<f32> =
            query.terms.iter().map(|term| if term.compound { 2.0 } else { 1.0 }).collect();
        let seeker = Seeker::new(&query, &rarities);
        let words = |source: &[u8]| {
            let evidence = seeker.seek(source, &Outline::default(), &mut Memo::default());
            seeker.telling_words(&evidence.terms)
        };
        assert_eq!(words(b"fn greet() { limiters() }"), ["greetings", "Limiter"]);
        assert_eq!(words(b"fn print_greetings() {}"), ["print_greetings"]);
    }

    #[test]
    fn lines_of_an_outline_that_lies_are_cut_to_the_file() {
        let outline =
            Outline { symbols: vec![symbol("ghost", 90, 99), symbol("wide", 0, 400)], imports: vec![] };
        let query = analyse("ghost", None);
        let rarities = vec![1.0; query.terms.len()];
        let evidence = Seeker::new(&query, &rarities).seek(b"ghost\n", &outline, &mut Memo::default());
        assert_eq!(evidence.places.len(), 1);
    }
}
