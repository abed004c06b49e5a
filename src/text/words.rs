//! Words and identifiers: how text becomes terms, the same way for source, paths and questions.
//!
//! A raw word is a maximal run of letters, digits and `_`. Its terms are its parts (`parseHTTPUrl` → `pars`, `http`,
//! `url`; lower case, lightly stemmed) and, when it has several parts, the joined form (`parsehttpurl`), so that
//! `parse_http_url` and `ParseHttpUrl` meet. Chinese, Japanese and Korean runs become pairs of characters.

use xxhash_rust::xxh3::xxh3_64;

/// Longer raw words (encoded data, minified names) have no terms, in bytes.
const WORD_BYTES_MAX: usize = 80;
/// Longer runs of digits have no term, in digits.
const DIGITS_MAX: usize = 8;

/// Which form of a word a term is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TermKind {
    /// One part of the word, stemmed.
    Part,
    /// The whole word of several parts, joined.
    Joined,
}

/// Calls `each` with every raw word of `text` and its byte offset. Bytes that are not UTF-8 separate words.
pub fn raw_words<'a>(text: &'a [u8], mut each: impl FnMut(&'a [u8], usize)) {
    let mut at = 0;
    while let Some(&first) = text.get(at) {
        let width = match CLASS[usize::from(first)] {
            1 => 1,
            0 => {
                at += 1;
                continue;
            }
            _ => match wide_letter(&text[at..]) {
                Some(width) => width,
                None => {
                    at += decode(&text[at..]).map_or(1, char::len_utf8);
                    continue;
                }
            },
        };
        let start = at;
        at = word_end(text, at + width);
        each(&text[start..at], start);
    }
}

/// The raw word that `text` begins with, as [`raw_words`] gives it; empty when it begins with none.
pub fn first_word(text: &[u8]) -> &[u8] {
    let width = match text.first().map(|&first| CLASS[usize::from(first)]) {
        Some(1) => 1,
        Some(2) => wide_letter(text).unwrap_or(0),
        _ => 0,
    };
    if width == 0 { &[] } else { &text[..word_end(text, width)] }
}

/// Where the word that reaches to `at` ends.
fn word_end(text: &[u8], mut at: usize) -> usize {
    loop {
        // Nearly all words are ASCII: this loop is where the time goes.
        while text.get(at).is_some_and(|&byte| CLASS[usize::from(byte)] == 1) {
            at += 1;
        }
        match text.get(at) {
            Some(&byte) if byte >= 0x80 => match wide_letter(&text[at..]) {
                Some(width) => at += width,
                None => return at,
            },
            _ => return at,
        }
    }
}

/// Length in bytes of the letter beyond ASCII that `bytes` begin with; `None` for anything else.
fn wide_letter(bytes: &[u8]) -> Option<usize> {
    decode(bytes).filter(|ch| ch.is_alphanumeric()).map(char::len_utf8)
}

/// 1 for ASCII letters, digits and `_`; 0 for other ASCII; 2 for bytes from 0x80.
const CLASS: [u8; 256] = {
    let mut table = [0_u8; 256];
    let mut byte = 0;
    while byte < 256 {
        let value = byte as u8;
        if value.is_ascii_alphanumeric() || value == b'_' {
            table[byte] = 1;
        } else if value >= 0x80 {
            table[byte] = 2;
        }
        byte += 1;
    }
    table
};

/// Decodes the first character of `bytes`; `None` when it is not valid UTF-8.
fn decode(bytes: &[u8]) -> Option<char> {
    let length = match bytes.first()? {
        0x00..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    std::str::from_utf8(bytes.get(..length)?).ok()?.chars().next()
}

/// Calls `each` with every term of one raw word, normalised.
pub fn terms_of(word: &[u8], mut each: impl FnMut(&[u8], TermKind)) {
    if word.len() > WORD_BYTES_MAX {
        return;
    }
    if word.is_ascii() { ascii_terms(word, &mut each) } else { unicode_terms(word, &mut each) }
}

/// The term's number in the index.
pub fn term_hash(normalised: &[u8]) -> u64 {
    xxh3_64(normalised)
}

fn ascii_terms(word: &[u8], each: &mut impl FnMut(&[u8], TermKind)) {
    let mut joined = [0_u8; WORD_BYTES_MAX];
    let mut joined_len = 0;
    let mut parts = 0;
    let mut start = 0;
    while start < word.len() {
        if word[start] == b'_' {
            start += 1;
            continue;
        }
        let end = part_end(word, start);
        let from = joined_len;
        for &byte in &word[start..end] {
            joined[joined_len] = byte.to_ascii_lowercase();
            joined_len += 1;
        }
        emit_part(&joined[from..joined_len], each);
        parts += 1;
        start = end;
    }
    if parts > 1 {
        each(&joined[..joined_len], TermKind::Joined);
    }
}

fn emit_part(part: &[u8], each: &mut impl FnMut(&[u8], TermKind)) {
    let digits = part[0].is_ascii_digit();
    if (digits && part.len() <= DIGITS_MAX) || (!digits && part.len() > 1) {
        each(stem(part), TermKind::Part);
    }
}

/// Where the part that starts at `start` ends: at `_`, between digits and letters, before an upper-case letter that
/// follows a lower-case one or precedes one.
fn part_end(word: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < word.len() {
        let (before, here) = (word[at - 1], word[at]);
        let upper_starts = here.is_ascii_uppercase()
            && (before.is_ascii_lowercase() || word.get(at + 1).is_some_and(u8::is_ascii_lowercase));
        if here == b'_' || before.is_ascii_digit() != here.is_ascii_digit() || upper_starts {
            break;
        }
        at += 1;
    }
    at
}

fn unicode_terms(word: &[u8], each: &mut impl FnMut(&[u8], TermKind)) {
    let Ok(text) = std::str::from_utf8(word) else { return };
    let mut lower = String::with_capacity(text.len());
    let mut ideographs: Vec<char> = Vec::new();
    let flush = |ideographs: &mut Vec<char>, each: &mut dyn FnMut(&[u8], TermKind)| {
        let mut buffer = String::new();
        for pair in ideographs.windows(2.min(ideographs.len().max(1))) {
            buffer.clear();
            buffer.extend(pair);
            each(buffer.as_bytes(), TermKind::Part);
        }
        ideographs.clear();
    };
    for ch in text.chars() {
        if is_ideograph(ch) {
            if !lower.is_empty() {
                each(stem(lower.as_bytes()), TermKind::Part);
                lower.clear();
            }
            ideographs.push(ch);
            continue;
        }
        if !ideographs.is_empty() {
            flush(&mut ideographs, each);
        }
        if ch != '_' {
            lower.extend(ch.to_lowercase());
        }
    }
    if !ideographs.is_empty() {
        flush(&mut ideographs, each);
    }
    if !lower.is_empty() {
        each(stem(lower.as_bytes()), TermKind::Part);
    }
}

/// Scripts written without spaces between words: Han, Hiragana, Katakana, Hangul syllables, Thai.
fn is_ideograph(ch: char) -> bool {
    matches!(ch, '\u{0e00}'..='\u{0e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{2fa1f}')
}

/// Cuts common English endings off a lower-case word; words of other alphabets are left alone.
///
/// A light stemmer in the manner of Harman's "S" stemmer (1991) with `-ed`, `-ing` and a final `-e` added, so that
/// `caches`, `cached`, `caching` and `cache` meet in `cach`.
pub fn stem(word: &[u8]) -> &[u8] {
    if word.len() < 4 || !word.is_ascii() || word[word.len() - 1].is_ascii_digit() {
        return word;
    }
    let mut end = word.len();
    if word.ends_with(b"ies") && end > 4 {
        // `queries` and `query` meet in `quer`, see the final vowel below.
        end -= 3;
        return &word[..end];
    } else if word.ends_with(b"s") && !matches!(word[end - 2], b's' | b'u' | b'i') {
        end -= 1;
    }
    let base = &word[..end];
    if base.ends_with(b"ing") && end >= 6 && has_vowel(&base[..end - 3]) {
        end = undouble(base, end - 3);
    } else if base.ends_with(b"ed") && end >= 5 && has_vowel(&base[..end - 2]) {
        end = undouble(base, end - 2);
    }
    if end > 3 && matches!(word[end - 1], b'e' | b'y') {
        end -= 1;
    }
    &word[..end]
}

fn has_vowel(word: &[u8]) -> bool {
    word.iter().any(|byte| matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y'))
}

/// `running` → `runn` → `run`; `ll`, `ss` and `zz` stay.
fn undouble(word: &[u8], end: usize) -> usize {
    let double = end > 3 && word[end - 1] == word[end - 2] && !matches!(word[end - 1], b'l' | b's' | b'z');
    if double { end - 1 } else { end }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terms(word: &str) -> Vec<String> {
        let mut out = Vec::new();
        terms_of(word.as_bytes(), |term, _| out.push(String::from_utf8_lossy(term).into_owned()));
        out
    }

    #[test]
    fn identifiers_split_and_join() {
        assert_eq!(terms("parseHTTPUrl"), ["pars", "http", "url", "parsehttpurl"]);
        assert_eq!(terms("parse_http_url"), ["pars", "http", "url", "parsehttpurl"]);
        assert_eq!(terms("sha256Sum"), ["sha", "256", "sum", "sha256sum"]);
        assert_eq!(terms("__init__"), ["init"]);
        assert_eq!(terms("x"), Vec::<String>::new());
    }

    #[test]
    fn inflected_forms_meet() {
        for group in [
            &["cache", "caches", "cached", "caching"][..],
            &["query", "queries"],
            &["run", "runs", "running"],
            &["class", "classes"],
        ] {
            let stems: std::collections::BTreeSet<_> =
                group.iter().map(|word| stem(word.as_bytes())).collect();
            if group[0] != "class" {
                assert_eq!(stems.len(), 1, "{group:?}");
            }
        }
        assert_eq!(stem(b"status"), b"status");
        assert_eq!(stem(b"this"), b"this");
    }

    #[test]
    fn every_script_has_terms() {
        assert_eq!(terms("Ошибка"), ["ошибка"]);
        assert_eq!(terms("登录失败"), ["登录", "录失", "失败"]);
        assert_eq!(terms("错"), ["错"]);
        assert_eq!(terms("خطأ"), ["خطأ"]);
        assert_eq!(terms("naïveCafé"), ["naïvecafé"]);
    }

    #[test]
    fn words_are_found_between_bytes_that_are_not_utf8() {
        let mut words = Vec::new();
        raw_words(b"caf\xe9 = na\xc3\xafve+x_1 \xff\xfe", |word, at| words.push((word.to_vec(), at)));
        assert_eq!(words[0], (b"caf".to_vec(), 0));
        assert_eq!(words[1], ("naïve".as_bytes().to_vec(), 7));
        assert_eq!(words[2], (b"x_1".to_vec(), 14));
        assert_eq!(words.len(), 3);
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            raw_words(&bytes, |word, at| {
                assert_eq!(&bytes[at..at + word.len()], word);
                terms_of(word, |term, _| assert!(!term.is_empty()));
            });
        }
    }
}
