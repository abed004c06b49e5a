//! The marked block that rtk adds to a prompt: wrapped with an id that repository text cannot predict, found and taken out again.

use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::ops::Range;

/// What both lines of a block begin with, after `<` or `</`.
pub const MARKER: &str = "rtk-project-memory";
/// Hexadecimal digits of an id: the hash, then the check digits that tell our ids from made-up ones.
const ID_DIGITS: usize = HASH_DIGITS + CHECK_DIGITS;
const HASH_DIGITS: usize = 16;
const CHECK_DIGITS: usize = 4;
/// Stands between the prompt and the block and belongs to the block.
const SEPARATOR: &str = "\n\n";
/// Characters that [`wrap`] adds around a body.
pub const WRAP_CHARS: usize = 2 * (MARKER.len() + ID_DIGITS) + 21;

/// Wraps `body` as the block that follows `prompt`: separator, opening line, body, closing line.
///
/// The id is derived from both texts, so that no text inside the body can hold its own closing line.
pub fn wrap(prompt: &str, body: &str) -> String {
    let body = if body.contains(MARKER) { super::inert::defuse_tags(body) } else { body.to_owned() };
    let id = id_of(prompt, &body);
    let end = if body.ends_with('\n') { "" } else { "\n" };
    format!("{SEPARATOR}<{MARKER} id=\"{id}\">\n{body}{end}</{MARKER} id=\"{id}\">")
}

/// The byte ranges of the blocks in `text` that rtk wrote, separator included, in order and without overlap.
pub fn find(text: &str) -> Vec<Range<usize>> {
    let mut closings: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut openings = Vec::new();
    for (at, _) in text.match_indices(MARKER) {
        let Some(id) = id_at(&text[at + MARKER.len()..]) else { continue };
        if text[..at].ends_with("</") {
            closings.entry(id).or_default().push(at);
        } else if text[..at].ends_with('<') {
            openings.push((at, id));
        }
    }
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, id) in openings {
        if found.last().is_some_and(|last| at < last.end) {
            continue;
        }
        let Some(ends) = closings.get(id) else { continue };
        let Some(end) = ends.get(ends.partition_point(|end| *end < at)) else { continue };
        let start = at - 1;
        let start = if text[..start].ends_with(SEPARATOR) { start - SEPARATOR.len() } else { start };
        found.push(start..end + MARKER.len() + ID_SUFFIX);
    }
    found
}

/// `text` without the blocks that rtk wrote.
pub fn strip(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for range in find(text) {
        out.push_str(&text[from..range.start]);
        from = range.end;
    }
    out.push_str(&text[from..]);
    out
}

/// Bytes of ` id="…">`.
const ID_SUFFIX: usize = 5 + ID_DIGITS + 2;

/// The id in ` id="…">` at the start of `text`, if its check digits are right.
fn id_at(text: &str) -> Option<&str> {
    let id = text.strip_prefix(" id=\"")?.get(..ID_DIGITS)?;
    if !text.get(5 + ID_DIGITS..)?.starts_with("\">") {
        return None;
    }
    let (hash, check) = id.split_at_checked(HASH_DIGITS)?;
    (check == check_digits(hash)).then_some(id)
}

fn id_of(prompt: &str, body: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update((prompt.len() as u64).to_le_bytes());
    hasher.update(prompt.as_bytes());
    hasher.update(body.as_bytes());
    let hash = hex(&hasher.finalize(), HASH_DIGITS);
    let check = check_digits(&hash);
    hash + &check
}

fn check_digits(hash: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(MARKER.as_bytes());
    hasher.update(hash.as_bytes());
    hex(&hasher.finalize(), CHECK_DIGITS)
}

fn hex(bytes: &[u8], digits: usize) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).take(digits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_block_is_taken_out_without_touching_what_stands_around_it() {
        let prompt = "Fix the parser.\n";
        let block = wrap(prompt, "1. src/parser.rs");
        assert_eq!(block.chars().count(), "1. src/parser.rs".len() + WRAP_CHARS);
        let nested = format!("Do this:\n{prompt}{block}\nand report");
        assert_eq!(strip(&nested), format!("Do this:\n{prompt}\nand report"));
        assert_eq!(strip(&format!("{block}{block}")), "");
    }

    #[test]
    fn text_that_only_looks_like_a_block_stays() {
        let block = wrap("p", "body");
        let id = &block[block.find("id=\"").unwrap() + 4..][..ID_DIGITS];
        let other = wrap("q", "body");
        let open_only = block.replace(&format!("</{MARKER} id=\"{id}\">"), "");
        let mixed = open_only.clone() + &other[other.rfind("</").unwrap()..];
        let made_up = block.replace(id, "00000000000000000000");
        for text in
            [open_only, mixed, made_up, format!("<{MARKER}>x</{MARKER}>"), format!("</{MARKER} id=\"{id}\">")]
        {
            assert_eq!(strip(&text), text);
        }
    }

    #[test]
    fn a_body_cannot_end_its_block() {
        let inner = wrap("p", "inner");
        let block = wrap("p", &format!("a{inner}b </{MARKER}>"));
        assert_eq!(find(&format!("x{block}y")).len(), 1);
        assert_eq!(strip(&format!("x{block}y")), "xy");
    }

    proptest! {
        #[test]
        fn wrapped_text_is_always_found_and_stripped(
            prompt in "(?s)(</?rtk-project-memory|\n|\"|é|.){0,20}",
            body in "(?s)(</?rtk-project-memory| id=\"0\">|\n|é|.){0,30}",
        ) {
            let whole = format!("{prompt}{}", wrap(&prompt, &body));
            prop_assert_eq!(strip(&whole), prompt);
        }
    }
}
