//! Tells of most words, by how their parts begin, that none of some terms is theirs.

/// Words of the table, of 64 bits each: a bit for the lower six bits of each of two first bytes.
const TABLE_WORDS: usize = 64;

/// The beginnings of some terms. A word that [`Sieve::may_have`] turns away has none of them; most others have neither.
pub struct Sieve {
    beginnings: [u64; TABLE_WORDS],
}

impl Sieve {
    /// The sieve for normalised terms, as `terms_of` gives them.
    pub fn of<'t>(terms: impl IntoIterator<Item = &'t str>) -> Sieve {
        let mut sieve = Sieve { beginnings: [0; TABLE_WORDS] };
        for term in terms {
            if let Some(&first) = term.as_bytes().first() {
                let second = term.as_bytes().get(1).copied().unwrap_or(0);
                sieve.beginnings[usize::from(first & 63)] |= 1 << (second & 63);
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

    /// Whether a term begins as a part does: with its first byte and the one that follows it in the joined form.
    fn begins(&self, first: u8, rest: &[u8]) -> bool {
        let seconds = self.beginnings[usize::from(first.to_ascii_lowercase() & 63)];
        let second = rest.iter().find(|&&byte| byte != b'_').map_or(0, u8::to_ascii_lowercase);
        // A part of one digit is a term, too.
        let alone = first.is_ascii_digit() && seconds & 1 == 1;
        seconds >> (second & 63) & 1 == 1 || alone
    }
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
        for word in ["harbor_lights", "HarborLights", "theLight", "x2light", "light", "hafen"] {
            assert!(sieve.may_have(word.as_bytes()), "{word}");
        }
        for word in ["lantern", "fn", "self", "_", "", "slight", "aharbor"] {
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
