//! A file cut into places and words once: later questions look at the few words that may be theirs.

use super::evidence::{Place, cut};
use crate::index::Outline;
use crate::text::{BEGINNINGS, Sieve, beginnings, first_word, lines, raw_words};

/// More words than this are not numbered.
const WORDS_MAX: usize = u16::MAX as usize;
/// In place of a beginning: words with other than ASCII, which may have any term.
const ANY: u16 = BEGINNINGS;

/// The places and words of a text, whatever is asked.
#[derive(Debug)]
pub(super) struct Lexed {
    places: Vec<Place>,
    /// Words of each place.
    counts: Vec<u32>,
    /// Lines that have words, in order.
    rows: Vec<Row>,
    /// Where each word begins in the text.
    starts: Vec<u32>,
    /// Beginnings of parts of words, ascending, with the end of their stretch in `words`.
    stretches: Vec<(u16, u32)>,
    /// Numbers of words by beginning, ascending within one.
    words: Vec<u16>,
}

/// One line with words.
#[derive(Debug)]
struct Row {
    /// Number of its first word.
    first: u16,
    place: u32,
    signature: bool,
}

/// One word that may have a term of the question.
pub(super) struct Met<'t> {
    pub(super) word: &'t [u8],
    /// Number of its place.
    pub(super) place: u32,
    /// Whether its line is part of a signature.
    pub(super) signature: bool,
    /// Whether the word before it in its line was met as well.
    pub(super) follows: bool,
}

impl Lexed {
    /// Cuts a text; `None` for one with too many words.
    pub(super) fn of(source: &[u8], outline: &Outline) -> Option<Lexed> {
        let (places, place_of_line, signature) = cut(outline, source);
        let mut lexed = Lexed {
            counts: vec![0; places.len()],
            places,
            rows: Vec::new(),
            starts: Vec::new(),
            stretches: Vec::new(),
            words: Vec::new(),
        };
        let mut begun: Vec<(u16, u16)> = Vec::new();
        let mut fits = true;
        for (number, line) in lines(source).enumerate() {
            let Some(&place) = place_of_line.get(number) else { break };
            // A line is a part of the text.
            let offset = line.as_ptr() as usize - source.as_ptr() as usize;
            let before = lexed.starts.len();
            raw_words(line, |word, at| {
                let number = lexed.starts.len();
                fits &= number < WORDS_MAX;
                lexed.starts.push((offset + at) as u32);
                let number = number as u16;
                let ascii = beginnings(word, |beginning| {
                    begun.push((beginning, number));
                    true
                });
                if !ascii {
                    begun.push((ANY, number));
                }
            });
            let words = lexed.starts.len() - before;
            if words > 0 {
                lexed.rows.push(Row { first: before as u16, place, signature: signature[number] });
                lexed.counts[place as usize] += words as u32;
            }
        }
        if !fits {
            return None;
        }
        begun.sort_unstable();
        begun.dedup();
        for (beginning, word) in begun {
            lexed.words.push(word);
            let end = lexed.words.len() as u32;
            match lexed.stretches.last_mut() {
                Some(last) if last.0 == beginning => last.1 = end,
                _ => lexed.stretches.push((beginning, end)),
            }
        }
        lexed.shrink();
        Some(lexed)
    }

    fn shrink(&mut self) {
        self.places.shrink_to_fit();
        self.rows.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.stretches.shrink_to_fit();
        self.words.shrink_to_fit();
    }

    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Words of each place.
    pub(super) fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Calls `each` with every word of the text that may have a term of the sieve, in order.
    pub(super) fn meet<'t>(&self, source: &'t [u8], sieve: &Sieve, mut each: impl FnMut(Met<'t>)) {
        let mut met: Vec<u16> = Vec::new();
        let mut start = 0;
        for &(beginning, end) in &self.stretches {
            let end = end as usize;
            if beginning == ANY || sieve.may_begin(beginning) {
                met.extend_from_slice(&self.words[start..end]);
            }
            start = end;
        }
        met.sort_unstable();
        met.dedup();
        let mut rows = self.rows.iter().peekable();
        let Some(mut row) = rows.next() else { return };
        let mut before = None;
        for number in met {
            while let Some(next) = rows.next_if(|next| next.first <= number) {
                row = next;
            }
            let follows = number > row.first && before == Some(number - 1);
            before = Some(number);
            let word = first_word(&source[self.starts[usize::from(number)] as usize..]);
            each(Met { word, place: row.place, signature: row.signature, follows });
        }
    }

    /// Memory that it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(self.places.as_slice())
            + size_of_val(self.counts.as_slice())
            + size_of_val(self.rows.as_slice())
            + size_of_val(self.starts.as_slice())
            + size_of_val(self.stretches.as_slice())
            + size_of_val(self.words.as_slice())
    }
}
