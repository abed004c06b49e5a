//! Tells of most words, by how their parts begin, that none of some terms is theirs.

/// Bits of a byte that count: letters and digits differ in them.
const BYTE_BITS: u32 = 5;
const LOW_MASK: usize = (1 << BYTE_BITS) - 1;
/// Number of different beginnings of three bytes.
pub const BEGINNINGS: u16 = 1 << (3 * BYTE_BITS);
/// Words of the table of beginnings, of 64 bits each.
const TABLE_WORDS: usize = BEGINNINGS as usize >> 6;

/// The beginnings of some terms. A word that [`Sieve::may_have`] turns away has none of them; most others have neither.
pub struct Sieve {
    /// A bit for the first three bytes of each term that has so many.
    long: Box<[u64; TABLE_WORDS]>,
    /// By first byte, a bit for the second one of each term of two bytes.
    short: [u32; 1 << BYTE_BITS],
    /// A bit for each term of one byte.
    single: u32,
}

impl Sieve {
    /// The sieve for normalised terms, as `terms_of` gives them.
    pub fn of<'t>(terms: impl IntoIterator<Item = &'t str>) -> Sieve {
        let mut sieve = Sieve { long: Box::new([0; TABLE_WORDS]), short: [0; 1 << BYTE_BITS], single: 0 };
        for term in terms {
            match *term.as_bytes() {
                [] => {}
                [only] => sieve.single |= 1 << low(only),
                [first, second] => sieve.short[low(first)] |= 1 << low(second),
                [first, second, third, ..] => {
                    let bit = place(first, second, third);
                    sieve.long[bit / 64] |= 1 << (bit % 64);
                }
            }
        }
        sieve
    }

    /// Whether one of the terms may be a term of the raw word.
    pub fn may_have(&self, word: &[u8]) -> bool {
        !beginnings(word, |beginning| !self.may_begin(beginning))
    }

    /// Whether a term may begin as a part with this beginning does.
    pub fn may_begin(&self, beginning: u16) -> bool {
        let bit = usize::from(beginning);
        let (first, second) = (bit & LOW_MASK, bit >> BYTE_BITS & LOW_MASK);
        self.long[bit / 64] >> (bit % 64) & 1 == 1
            || self.short[first] >> second & 1 == 1
            || self.single >> first & 1 == 1
    }
}

/// Calls `each` with the beginning of each part of a raw word until it answers false: the part's first byte and those
/// that follow it in the joined form, below [`BEGINNINGS`]. False when it did, or the word has other than ASCII, of which
/// a sieve knows nothing.
///
/// Where the part ends is not asked: a stem keeps three bytes of what has as many.
pub fn beginnings(word: &[u8], mut each: impl FnMut(u16) -> bool) -> bool {
    let mut before = b'_';
    for (at, &byte) in word.iter().enumerate() {
        if !byte.is_ascii() {
            return false;
        }
        let begins =
            before == b'_' || byte.is_ascii_uppercase() || byte.is_ascii_digit() != before.is_ascii_digit();
        if begins && byte != b'_' {
            let mut rest = word[at + 1..].iter().filter(|&&byte| byte != b'_');
            let (second, third) = (rest.next().copied().unwrap_or(0), rest.next().copied().unwrap_or(0));
            if !each(place(byte, second, third) as u16) {
                return false;
            }
        }
        before = byte;
    }
    true
}

/// The bits of a byte that count; the same for both cases of a letter.
fn low(byte: u8) -> usize {
    usize::from(byte) & LOW_MASK
}

fn place(first: u8, second: u8, third: u8) -> usize {
    low(first) | low(second) << BYTE_BITS | low(third) << (2 * BYTE_BITS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::terms_of;
    use proptest::prelude::*;

    fn terms(word: &str) -> Vec<String> {
        let mut out = Vec::new();
        terms_of(word.as_bytes(), |term, _| out.push(String::from_utf8_lossy(term).into_owned()));
        out
    }

    #[test]
    fn most_words_are_turned_away() {
        let sieve = Sieve::of(["harbor", "light", "harborlight"]);
        for word in ["harbor_lights", "HarborLights", "theLight", "x2light", "light", "harvest"] {
            assert!(sieve.may_have(word.as_bytes()), "{word}");
        }
        for word in ["lantern", "fn", "self", "_", "", "slight", "aharbor", "hatch", "li"] {
            assert!(!sieve.may_have(word.as_bytes()), "{word}");
        }
        assert!(!Sieve::of([]).may_have(b"anything"));
    }

    proptest! {
        #[test]
        fn no_word_is_turned_away_that_has_a_term(word in "[a-cA-C1-3_é]{1,12}", other in "[a-cA-C1-3_é]{1,4}") {
            for term in terms(&word) {
                prop_assert!(Sieve::of([term.as_str()]).may_have(word.as_bytes()), "{term} of {word}");
            }
            let asked = terms(&other);
            let sieve = Sieve::of(asked.iter().map(String::as_str));
            let has = terms(&word).iter().any(|term| asked.contains(term));
            prop_assert!(!has || sieve.may_have(word.as_bytes()));
        }
    }
}
