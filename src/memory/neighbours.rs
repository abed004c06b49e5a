//! What a candidate's neighbours say: imports to and from the best files, its folder, its tests; and names that are
//! short forms of the question's words.

use super::query::Query;
use crate::index::{DocRef, HashedMap, Outline};
use crate::text::{TermKind, beginnings, raw_words, term_hash, terms_of};
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64;

/// Best files whose imports count.
const SEEDS_MAX: usize = 12;
/// Trailing parts of an import target that may name something inside the file.
const INNER_PARTS_MAX: usize = 2;
/// A target that fits more files than this names none of them.
const AMBIGUOUS_MAX: usize = 4;
/// Imports looked at per file.
const IMPORTS_MAX: usize = 200;

/// One candidate as its neighbours see it, best first.
pub(super) struct Node<'a> {
    pub(super) doc: DocRef<'a>,
    /// Score divided by the best score, 0 to 1.
    pub(super) score: f32,
    /// Lexical signal divided by the largest, 0 to 1.
    pub(super) lexical: f32,
    pub(super) test: bool,
    /// `None` when it was not read.
    pub(super) outline: Option<&'a Outline>,
}

/// What the neighbours say of one candidate.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Voices {
    /// Score of the best file that imports this one.
    pub(super) imported: f32,
    /// Score of the best file that this one imports.
    pub(super) importing: f32,
    /// Score of the best other file in the same folder.
    pub(super) folder: f32,
    /// Lexical value of the best test that bears its name.
    pub(super) tested: f32,
}

/// Asks the neighbours of each candidate.
pub(super) fn voices(nodes: &[Node<'_>]) -> Vec<Voices> {
    let mut voices = vec![Voices::default(); nodes.len()];
    ask_imports(nodes, &mut voices);
    ask_folders(nodes, &mut voices);
    ask_tests(nodes, &mut voices);
    voices
}

fn ask_imports(nodes: &[Node<'_>], voices: &mut [Voices]) {
    if nodes.iter().all(|node| node.outline.is_none_or(|outline| outline.imports.is_empty())) {
        return;
    }
    let texts: Vec<Vec<u8>> = nodes.iter().map(|node| module_text(&node.doc)).collect();
    let names = Names::of(&texts);
    for (from, node) in nodes.iter().enumerate() {
        let Some(outline) = node.outline else { continue };
        for import in outline.imports.iter().take(IMPORTS_MAX) {
            for to in names.resolve(nodes, from, &import.target) {
                if from < SEEDS_MAX {
                    voices[to].imported = voices[to].imported.max(node.score);
                }
                if to < SEEDS_MAX {
                    voices[from].importing = voices[from].importing.max(nodes[to].score);
                }
            }
        }
    }
}

/// Candidates by the name under which they are imported.
struct Names<'t> {
    /// By the hash of the name.
    by_name: HashedMap<Vec<usize>>,
    /// The paths as [`module_text`] gives them.
    texts: &'t [Vec<u8>],
}

impl<'t> Names<'t> {
    fn of(texts: &'t [Vec<u8>]) -> Names<'t> {
        let mut names = Names { by_name: HashedMap::default(), texts };
        for (number, text) in texts.iter().enumerate() {
            if let Some(last) = pieces(text).next_back() {
                names.by_name.entry(xxh3_64(last)).or_default().push(number);
            }
        }
        names
    }

    /// The candidates that an import of candidate `from` means: those that share the longest tail with the target, and
    /// of those the nearest.
    fn resolve(&self, nodes: &[Node<'_>], from: usize, target: &str) -> Vec<usize> {
        let parts = target_parts(target);
        for inner in 0..=INNER_PARTS_MAX.min(parts.len().saturating_sub(1)) {
            let wanted = &parts[..parts.len() - inner];
            let Some(last) = wanted.last() else { return Vec::new() };
            let Some(named) = self.by_name.get(&xxh3_64(last)) else { continue };
            let fit = |&&to: &&usize| {
                let path = || pieces(&self.texts[to]);
                let tail = path().rev().zip(wanted.iter().rev());
                let tail = tail.take_while(|(a, b)| *a == b.as_slice()).count();
                let head = path().zip(pieces(&self.texts[from])).take_while(|(a, b)| a == b).count();
                let same_language = nodes[to].doc.entry.language == nodes[from].doc.entry.language;
                (tail, same_language, head)
            };
            let others = named.iter().filter(|&&to| to != from);
            let Some(best) = others.clone().map(|to| fit(&to)).max() else { continue };
            if best.0 < wanted.len().min(2) {
                continue;
            }
            let fitting: Vec<usize> = others.filter(|to| fit(to) == best).copied().collect();
            return if fitting.len() > AMBIGUOUS_MAX { Vec::new() } else { fitting };
        }
        Vec::new()
    }
}

/// Lower-case parts of the path under which a file may be imported: folders and stem, without the stem of a file that
/// stands for its folder.
pub(super) fn module_parts(doc: &DocRef<'_>) -> Vec<Vec<u8>> {
    pieces(&module_text(doc)).map(<[u8]>::to_vec).collect()
}

/// The same, divided by `/`.
fn module_text(doc: &DocRef<'_>) -> Vec<u8> {
    let stem = doc.name().split(|&byte| byte == b'.').next().unwrap_or_default();
    let mut text = Vec::with_capacity(doc.folder().len() + 1 + stem.len());
    text.extend_from_slice(doc.folder());
    text.push(b'/');
    text.extend_from_slice(stem);
    text.make_ascii_lowercase();
    let end = doc.folder().len() + 1;
    if matches!(&text[end..], b"__init__" | b"mod" | b"index" | b"lib") {
        text.truncate(end);
    }
    text
}

pub(super) fn components(path: &[u8]) -> Vec<Vec<u8>> {
    pieces(path).map(<[u8]>::to_ascii_lowercase).collect()
}

fn pieces(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/').filter(|part| !part.is_empty())
}

/// `crate::a::b`, `./a/b.js`, `a.b`, `<a/b.h>` → `a`, `b`.
pub(super) fn target_parts(target: &str) -> Vec<Vec<u8>> {
    let target = target.trim_matches(['<', '>', '"', '\'', ' ', ';']);
    let by_path = target.contains('/');
    let mut parts: Vec<&str> = target
        .split(|ch: char| matches!(ch, '/' | '\\' | ':') || (ch == '.' && !by_path))
        .filter(|part| !matches!(*part, "" | "." | ".." | "crate" | "self" | "super" | "@" | "~" | "*"))
        .collect();
    if by_path && let Some(last) = parts.last_mut() {
        *last = last.split('.').next().unwrap_or(last);
    } else if parts.len() > 1 && parts.last().is_some_and(|last| matches!(*last, "h" | "hpp" | "hh")) {
        parts.pop();
    }
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(|part| part.to_ascii_lowercase().into_bytes())
        .collect()
}

fn ask_folders(nodes: &[Node<'_>], voices: &mut [Voices]) {
    // Best and second best of each folder, so that no file speaks for itself.
    let mut best: HashMap<&[u8], (usize, f32, f32)> = HashMap::new();
    for (number, node) in nodes.iter().enumerate().filter(|(_, node)| !node.test) {
        let entry = best.entry(node.doc.folder()).or_insert((number, 0.0, 0.0));
        if entry.0 == number {
            entry.1 = node.score;
        } else {
            entry.2 = entry.2.max(node.score);
        }
    }
    for (number, (node, voice)) in nodes.iter().zip(voices).enumerate() {
        if let Some(&(first, score, second)) = best.get(node.doc.folder()) {
            voice.folder = if first == number { second } else { score };
        }
    }
}

fn ask_tests(nodes: &[Node<'_>], voices: &mut [Voices]) {
    let mut tests: HashMap<Vec<u8>, f32> = HashMap::new();
    for node in nodes.iter().filter(|node| node.test) {
        let value = tests.entry(tested_name(node.doc.name())).or_default();
        *value = value.max(node.lexical);
    }
    tests.remove(&Vec::new());
    if tests.is_empty() {
        return;
    }
    for (node, voice) in nodes.iter().zip(voices).filter(|(node, _)| !node.test) {
        voice.tested = tests.get(&tested_name(node.doc.name())).copied().unwrap_or(0.0);
    }
}

/// The name of what a test file tests, letters and digits only: `test_http_pool.py`, `HttpPoolTest.java` → `httppool`.
pub(super) fn tested_name(name: &[u8]) -> Vec<u8> {
    let stem = name.split(|&byte| byte == b'.').next().unwrap_or(name);
    let mut plain: Vec<u8> =
        stem.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect();
    for word in [&b"tests"[..], b"test", b"specs", b"spec"] {
        if plain.ends_with(word) {
            plain.truncate(plain.len() - word.len());
            break;
        }
        if plain.starts_with(word) {
            plain.drain(..word.len());
            break;
        }
    }
    plain
}

/// Finds words of paths that are a short form, a longer form or the beginning of a word of the question.
pub(super) struct Aliases<'q> {
    /// Words of the question with their weights.
    words: Vec<(&'q [u8], f32)>,
    /// By the hash of the path's word.
    memo: HashedMap<f32>,
    /// The words of one path; kept for its memory.
    seen: Vec<u64>,
    kin: Kin,
}

/// Tells of most words of paths, by the first two bytes of their parts, that they stand for no word of the question.
struct Kin {
    /// By first byte, a bit for each second one, in as many bits as [`beginnings`] tells of either.
    seconds: [u32; 32],
}

impl Kin {
    fn of(words: &[(&[u8], f32)]) -> Kin {
        let mut seconds = [0_u32; 32];
        for (word, _) in words {
            let low = |at: usize| usize::from(word[at]) & 31;
            // A short form has no vowels but as its first letter; among digits anything may be one.
            let open = word[0].is_ascii_digit() || (word.len() <= SHORT_MAX && is_short_form(word));
            seconds[low(0)] |= if open { u32::MAX } else { 1 << low(1) | !VOWELS };
        }
        Kin { seconds }
    }

    fn may_have(&self, word: &[u8]) -> bool {
        let is_kin =
            |beginning: u16| self.seconds[usize::from(beginning & 31)] >> (beginning >> 5 & 31) & 1 == 1;
        !beginnings(word, |beginning| !is_kin(beginning))
    }
}

/// Short forms that are no beginnings have at most so many bytes.
const SHORT_MAX: usize = 4;
/// A bit for each vowel, by the lower bits of its byte.
const VOWELS: u32 = 1 << 1 | 1 << 5 | 1 << 9 | 1 << 15 | 1 << 21;

/// Consonants only, but for the first letter.
fn is_short_form(word: &[u8]) -> bool {
    word[1..].iter().all(|byte| !matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u'))
}

impl<'q> Aliases<'q> {
    pub(super) fn new(query: &'q Query, rarities: &[f32]) -> Aliases<'q> {
        let terms = query.terms.iter().zip(rarities).filter(|(term, _)| !term.compound);
        let words: Vec<(&[u8], f32)> = terms
            .filter(|(term, _)| term.text.len() >= 2 && term.text.is_ascii())
            .map(|(term, rarity)| (term.text.as_bytes(), term.weight * rarity))
            .collect();
        let kin = Kin::of(&words);
        Aliases { words, memo: HashedMap::default(), seen: Vec::new(), kin }
    }

    /// Sum over the words of a path, its folder and its name, of the best word of the question that each may stand for.
    pub(super) fn value(&mut self, path: [&[u8]; 2]) -> f32 {
        let mut sum = 0.0;
        let Aliases { words, memo, seen, kin } = self;
        seen.clear();
        for text in path {
            raw_words(text, |word, _| {
                if !kin.may_have(word) {
                    return;
                }
                terms_of(word, |term, kind| {
                    let hash = term_hash(term);
                    if kind == TermKind::Part && !seen.contains(&hash) {
                        seen.push(hash);
                        sum += *memo.entry(hash).or_insert_with(|| best_kinship(words, term));
                    }
                });
            });
        }
        sum
    }
}

fn best_kinship(words: &[(&[u8], f32)], part: &[u8]) -> f32 {
    words.iter().map(|(asked, weight)| weight * kinship(asked, part)).fold(0.0, f32::max)
}

/// How surely one of two words stands for the other: 0 to 1; equal words are another signal's business.
fn kinship(a: &[u8], b: &[u8]) -> f32 {
    let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if short.len() == long.len() || short.len() < 2 || short[0] != long[0] {
        return 0.0;
    }
    if long.starts_with(short) {
        return if short.len() < 3 { 0.0 } else { (short.len() as f32 / long.len() as f32).sqrt() };
    }
    // `ctx` for `context`: consonants only, in order.
    if short.len() > SHORT_MAX || !is_short_form(short) || long.len() < 2 * short.len() {
        return 0.0;
    }
    let mut rest = long.iter();
    if short.iter().all(|byte| rest.any(|other| other == byte)) { 0.5 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_forms_are_kin_and_chance_is_not() {
        assert!(kinship(b"context", b"ctx") > 0.0);
        assert!(kinship(b"memor", b"mem") > 0.0);
        assert!(kinship(b"config", b"configuration") > kinship(b"con", b"configuration"));
        assert_eq!(kinship(b"context", b"cat"), 0.0);
        assert_eq!(kinship(b"pool", b"pool"), 0.0);
        assert_eq!(kinship(b"xtc", b"context"), 0.0);
    }

    proptest! {
        #[test]
        fn no_word_of_a_path_is_turned_away_that_has_kin(
            asked in "[a-d1-3]{2,7}",
            word in "([a-dA-D]{1,4}|[1-5]{1,3}|_|é|[a-d]{1,6}){1,5}",
        ) {
            let words = [(asked.as_bytes(), 1.0)];
            let mut most = 0.0_f32;
            terms_of(word.as_bytes(), |term, kind| {
                if kind == TermKind::Part {
                    most = most.max(best_kinship(&words, term));
                }
            });
            prop_assert!(most == 0.0 || Kin::of(&words).may_have(word.as_bytes()), "{word} for {asked}");
        }
    }

    #[test]
    fn targets_of_any_language_are_cut_alike() {
        let parts = |target: &str| -> Vec<String> {
            target_parts(target).into_iter().map(|part| String::from_utf8(part).unwrap()).collect()
        };
        assert_eq!(parts("crate::net::Pool"), ["net", "pool"]);
        assert_eq!(parts("../lib/a.js"), ["lib", "a"]);
        assert_eq!(parts("django.db.models"), ["django", "db", "models"]);
        assert_eq!(parts("<sys/types.h>"), ["sys", "types"]);
        assert_eq!(parts("util.h"), ["util"]);
        assert_eq!(parts("."), Vec::<String>::new());
    }

    #[test]
    fn a_test_bears_the_name_of_what_it_tests() {
        for name in ["test_http_pool.py", "HttpPoolTest.java", "http-pool.spec.ts", "http_pool.rs"] {
            assert_eq!(tested_name(name.as_bytes()), b"httppool", "{name}");
        }
    }
}
