//! Tells of most words, by how their parts begin, that none of some terms is theirs.

/// Bits of a byte that count: letters and digits differ in them.
const BYTE_BITS: u32 = 5;
/// Words of the table of beginnings of three bytes, of 64 bits each.
const TABLE_WORDS: usize = 1 << (3 * BYTE_BITS) >> 6;

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
        let mut before = b'_';
        for (at, &byte) in word.iter().enumerate() {
            if !byte.is_ascii() {
                return true;
            }
            let begins = before == b'_'
                || byte.is_ascii_uppercase()
                || byte.is_ascii_digit() != before.is_ascii_digit();
            if begins && byte != b'_' && self.begins(byte, &word[at + 1..]) {
                return true;
            }
            before = byte;
        }
        false
    }

    /// Whether a term begins as a part does: with its first byte and those that follow it in the joined form.
    ///
    /// Where the part ends is not asked: a stem keeps three bytes of what has as many.
    fn begins(&self, first: u8, rest: &[u8]) -> bool {
        let mut rest = rest.iter().filter(|&&byte| byte != b'_');
        let (second, third) = (rest.next().copied().unwrap_or(0), rest.next().copied().unwrap_or(0));
        let bit = place(first, second, third);
        self.long[bit / 64] >> (bit % 64) & 1 == 1
            || self.short[low(first)] >> low(second) & 1 == 1
            || self.single >> low(first) & 1 == 1
    }
}

/// The bits of a byte that count; the same for both cases of a letter.
fn low(byte: u8) -> usize {
    usize::from(byte) & ((1 << BYTE_BITS) - 1)
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
