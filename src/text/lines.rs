//! Lines of bytes, found with vector instructions: evidence and quotes look through whole files.

use memchr::{memchr, memchr_iter};

/// The lines of `text` without their line feeds; a final line feed is followed by one empty line.
pub fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (line, after) = match memchr(b'\n', text) {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        rest = after;
        Some(line)
    })
}

/// The lines `first` to `last` of `text`, 1-based and inclusive, with their line feeds; empty beyond the end.
pub fn line_range(text: &[u8], first: u32, last: u32) -> &[u8] {
    let mut feeds = memchr_iter(b'\n', text);
    let start = match first {
        0 | 1 => 0,
        _ => feeds.nth(first as usize - 2).map_or(text.len(), |at| at + 1),
    };
    let count = last.max(first).max(1) - first.max(1);
    let end = feeds.nth(count as usize).map_or(text.len(), |at| at + 1);
    &text[start..end.max(start)]
}

/// Line and column of a byte offset, both from 1, the column in characters; CR, LF and CR LF each end a line, and a byte
/// order mark takes no column.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let (mut line, mut column, mut previous) = (1, 1, ' ');
    for (at, ch) in text.char_indices() {
        if at >= offset {
            break;
        }
        match ch {
            '\n' if previous == '\r' => {}
            '\n' | '\r' => (line, column) = (line + 1, 1),
            '\u{feff}' if at == 0 => {}
            _ => column += 1,
        }
        previous = ch;
    }
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn lines_are_those_of_a_plain_split(text in "[ab\n]{0,40}", first in 0_u32..9, count in 0_u32..9) {
            let plain: Vec<&[u8]> = text.as_bytes().split(|&byte| byte == b'\n').collect();
            prop_assert_eq!(lines(text.as_bytes()).collect::<Vec<_>>(), plain);
            let last = first + count;
            let wanted: Vec<&str> =
                text.split_inclusive('\n').skip(first.max(1) as usize - 1).take((last.max(1) - first.max(1) + 1) as usize).collect();
            let wanted = wanted.concat();
            prop_assert_eq!(line_range(text.as_bytes(), first, last), wanted.as_bytes());
        }
    }
}
