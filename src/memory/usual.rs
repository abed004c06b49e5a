//! How usual words are in projects: a word that one project has far more often tells that a task is about it.
//!
//! The table was counted by `tests/benches/retrieval/usual.py` over public repositories on which nothing is measured.

use super::query::QueryTerm;

/// Words in the order of their bytes, each with the half powers of two that its share of files lies below one.
const TABLE: &str = include_str!("usual.txt");
/// Words that are not in the table are this usual, in half powers of two.
const FLOOR: u8 = 24;
/// The table speaks for so many files beside those of the project, so that few files do not prove much.
const PRIOR_FILES: f32 = 50.0;

/// How many times more usual than elsewhere the task's most telling word is in a project, as a logarithm from 0 on.
///
/// `rarities` holds the inverse document frequency of each term among `documents` files.
pub(super) fn own_word(terms: &[QueryTerm], rarities: &[f32], documents: usize) -> f32 {
    let tells = |term: &QueryTerm| !term.text.bytes().all(|byte| byte.is_ascii_digit());
    let terms = terms.iter().zip(rarities).filter(|(term, _)| tells(term));
    let ratio = |(term, &rarity): (&QueryTerm, &f32)| {
        let usual = share(term.text.as_bytes());
        let own = frequency(rarity, documents);
        ((own + PRIOR_FILES * usual) / (documents as f32 + PRIOR_FILES) / usual).ln()
    };
    terms.map(ratio).fold(0.0, f32::max)
}

/// Number of documents that have a term, from what `rank::idf` made of it.
fn frequency(rarity: f32, documents: usize) -> f32 {
    ((documents as f32 + 1.0) / rarity.exp() - 0.5).max(0.0)
}

/// Share of a project's files that usually have the term.
fn share(term: &[u8]) -> f32 {
    let (mut from, mut to) = (0, TABLE.len());
    while from < to {
        let middle = usize::midpoint(from, to);
        let start = memchr::memrchr(b'\n', &TABLE.as_bytes()[..middle]).map_or(0, |at| at + 1);
        let end = memchr::memchr(b'\n', &TABLE.as_bytes()[middle..]).map_or(TABLE.len(), |at| middle + at);
        let (word, level) = TABLE[start..end].split_once(' ').unwrap_or_default();
        match word.as_bytes().cmp(term) {
            std::cmp::Ordering::Less => from = end + 1,
            std::cmp::Ordering::Greater => to = start,
            std::cmp::Ordering::Equal => return of_level(level.parse().unwrap_or(FLOOR)),
        }
    }
    of_level(FLOOR)
}

fn of_level(level: u8) -> f32 {
    (-0.5 * f32::from(level)).exp2()
}

#[cfg(test)]
mod tests {
    use super::super::query::analyse;
    use super::super::rank::idf;
    use super::*;

    #[test]
    fn every_word_of_the_table_is_found() {
        let mut before = "";
        for line in TABLE.lines() {
            let (word, level) = line.split_once(' ').unwrap();
            assert!(before < word, "{word} is out of order");
            let level: u8 = level.parse().unwrap();
            assert!(level < FLOOR, "{word} is rarer than a word that is not there");
            assert_eq!(share(word.as_bytes()), of_level(level), "{word}");
            before = word;
        }
        assert_eq!(share(b"quokkaflux"), of_level(FLOOR));
        assert_eq!(share(b""), of_level(FLOOR));
        assert_eq!(share(b"zzzzzzzzzzzz"), of_level(FLOOR));
    }

    #[test]
    fn the_table_has_words_as_the_index_writes_them() {
        for word in ["configuration", "Testing", "caches", "errors", "files", "parsed"] {
            let query = analyse(&format!("about {word}"), None);
            let term = query.terms.iter().find(|term| term.shown == word).unwrap();
            assert!(share(term.text.as_bytes()) > 0.01, "{word}");
        }
    }

    #[test]
    fn a_word_that_only_this_project_has_often_tells() {
        let query = analyse("Quokkaflux fails on error 404", None);
        let documents = 1000;
        let rarities = |own: usize| -> Vec<f32> {
            let of = |term: &QueryTerm| match term.text.as_str() {
                "quokkaflux" => own,
                _ if term.compound => 0,
                _ => 300,
            };
            query.terms.iter().map(|term| idf(documents, of(term))).collect()
        };
        assert!(own_word(&query.terms, &rarities(100), documents) > 4.0);
        // Two files prove little, and `error` or a number stands everywhere.
        assert!(own_word(&query.terms, &rarities(2), documents) < 2.5);
        assert!(own_word(&query.terms, &rarities(0), documents) < 1.0);
        // Nor does the same share prove as much among few files.
        let few: Vec<f32> = query.terms.iter().map(|_| idf(10, 1)).collect();
        assert!(own_word(&query.terms, &few, 10) + 1.0 < own_word(&query.terms, &rarities(100), documents));
        assert_eq!(frequency(idf(documents, 17), documents).round(), 17.0);
    }
}
