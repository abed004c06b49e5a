//! Words of paths, taken apart once: a process that lives long meets the same folders and names at every question. One that
//! answers a single question is faster without.

use crate::index::HashedMap;
use crate::text::{TermKind, raw_words, term_hash, terms_of};
use std::ops::Range;
use xxhash_rust::xxh3::xxh3_64;

/// When so much is kept everything is let go of, in bytes.
const BYTES_MAX: usize = 1024 * 1024;
/// An entry of a table takes about this much, in bytes.
const ENTRY_BYTES: usize = 48;

/// Parts of names and folders, which depend on nothing but their text.
#[derive(Default)]
pub(super) struct PathWords {
    /// By the hash of a text, where its parts are.
    texts: HashedMap<Range<u32>>,
    /// Hashes of parts, in order, one text after the other.
    parts: Vec<u64>,
    /// Each part as it is written, by its hash.
    written: HashedMap<Box<[u8]>>,
    bytes: usize,
}

impl PathWords {
    /// Lets go of everything when there is too much; not between the use of a text's parts.
    pub(super) fn tidy(&mut self) {
        if self.bytes() > BYTES_MAX {
            *self = PathWords::default();
        }
    }

    /// Hashes of the parts of a text's words, in order, each as often as it occurs.
    pub(super) fn parts(&mut self, text: &[u8]) -> &[u64] {
        let PathWords { texts, parts, written, bytes } = self;
        let range = texts.entry(xxh3_64(text)).or_insert_with(|| {
            let start = parts.len() as u32;
            each_part(text, |part| {
                let hash = term_hash(part);
                parts.push(hash);
                written.entry(hash).or_insert_with(|| {
                    *bytes += part.len() + ENTRY_BYTES;
                    part.into()
                });
            });
            start..parts.len() as u32
        });
        &parts[range.start as usize..range.end as usize]
    }

    /// A part of a text that was taken apart, by its hash.
    pub(super) fn written(&self, hash: u64) -> &[u8] {
        self.written.get(&hash).map_or(&[], |part| part)
    }

    /// About how much memory it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes + self.texts.len() * ENTRY_BYTES + size_of_val(self.parts.as_slice())
    }
}

/// Calls `each` with the parts of the words of a text.
pub(super) fn each_part(text: &[u8], mut each: impl FnMut(&[u8])) {
    raw_words(text, |word, _| {
        terms_of(word, |term, kind| {
            if kind == TermKind::Part {
                each(term);
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_those_of_the_text_however_often_it_is_asked_for() {
        let mut words = PathWords::default();
        let parts = |words: &mut PathWords, text: &str| -> Vec<String> {
            let hashes = words.parts(text.as_bytes()).to_vec();
            hashes.iter().map(|&hash| String::from_utf8(words.written(hash).to_vec()).unwrap()).collect()
        };
        for _ in 0..2 {
            assert_eq!(parts(&mut words, "http_pool/HttpPool"), ["http", "pool", "http", "pool"]);
            assert_eq!(parts(&mut words, "pool"), ["pool"]);
            assert!(parts(&mut words, "").is_empty());
        }
        for number in 0..100_000 {
            words.parts(format!("name{number}").as_bytes());
            words.tidy();
            assert!(words.bytes() <= BYTES_MAX, "{number}");
        }
    }
}
