//! Finds where strings, comments and blocks of a brace language end, without looking at what they mean.

use super::rules::{Backtick, Lexis, RawString, SingleQuote};

/// Open braces remembered for `#if … #else`, so that hostile nesting cannot grow memory.
const DIRECTIVE_DEPTH_MAX: usize = 256;
/// Nested templates followed inside one template string.
const TEMPLATE_DEPTH_MAX: usize = 64;

/// What is at a position that may start a comment or a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece {
    /// Code: nothing to skip.
    Code,
    /// A comment up to the offset.
    Comment(usize),
    /// A string, character or regular expression up to the offset.
    Text(usize),
}

/// Whether `byte` can be in an identifier.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

fn at(source: &[u8], index: usize) -> u8 {
    source.get(index).copied().unwrap_or(0)
}

fn rest(source: &[u8], from: usize) -> &[u8] {
    source.get(from..).unwrap_or(b"")
}

/// The offset after `needle`, searched from `from`; the end when there is none.
fn after(source: &[u8], from: usize, needle: &[u8]) -> usize {
    memchr::memmem::find(rest(source, from), needle).map_or(source.len(), |found| from + found + needle.len())
}

/// The offset of the end of the line (the newline) from `from`.
pub(super) fn line_end(source: &[u8], from: usize) -> usize {
    memchr::memchr(b'\n', rest(source, from)).map_or(source.len(), |found| from + found)
}

/// The offset of the end of a directive, whose lines may be continued by a backslash.
pub(super) fn directive_end(source: &[u8], from: usize) -> usize {
    let mut end = line_end(source, from);
    loop {
        let line = source.get(from..end).unwrap_or(b"");
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if end >= source.len() || !line.ends_with(b"\\") {
            return end;
        }
        end = line_end(source, end + 1);
    }
}

/// What starts at `index`.
pub(super) fn piece(source: &[u8], index: usize, lexis: &Lexis) -> Piece {
    let next = at(source, index + 1);
    match at(source, index) {
        b'/' if next == b'/' && lexis.slash_comments => Piece::Comment(comment_end(source, index, lexis)),
        b'/' if next == b'*' => Piece::Comment(block_comment_end(source, index, lexis.nested_comments)),
        b'/' if lexis.regex && regex_may_start(source, index) => match regex_end(source, index) {
            Some(end) => Piece::Text(end),
            None => Piece::Code,
        },
        b'#' if lexis.hash_comments && next != b'[' => Piece::Comment(comment_end(source, index, lexis)),
        b'?' if lexis.php_tags && next == b'>' => Piece::Comment(php_text_end(source, index + 2)),
        b'"' => Piece::Text(double_quote_end(source, index, lexis)),
        b'\'' => single_quote(source, index, lexis),
        b'`' => match lexis.backtick {
            Backtick::None => Piece::Code,
            Backtick::Raw => Piece::Text(after(source, index + 1, b"`")),
            Backtick::Template => Piece::Text(template_end(source, index, lexis)),
        },
        b'<' if lexis.raw == RawString::Heredoc && next == b'<' => match heredoc_end(source, index) {
            Some(end) => Piece::Text(end),
            None => Piece::Code,
        },
        _ => Piece::Code,
    }
}

fn comment_end(source: &[u8], index: usize, lexis: &Lexis) -> usize {
    let end = line_end(source, index);
    if !lexis.php_tags {
        return end;
    }
    memchr::memmem::find(source.get(index..end).unwrap_or(b""), b"?>").map_or(end, |tag| index + tag)
}

fn php_text_end(source: &[u8], from: usize) -> usize {
    let mut end = from;
    loop {
        end = after(source, end, b"<?");
        if end >= source.len() || rest(source, end).starts_with(b"php") || at(source, end) == b'=' {
            return end;
        }
    }
}

fn block_comment_end(source: &[u8], index: usize, nested: bool) -> usize {
    if !nested {
        return after(source, index + 2, b"*/");
    }
    let mut depth = 1_usize;
    let mut from = index + 2;
    while let Some(found) = memchr::memchr(b'/', rest(source, from)) {
        let slash = from + found;
        if at(source, slash + 1) == b'*' {
            depth += 1;
            from = slash + 2;
            continue;
        }
        from = slash + 1;
        if slash > index + 2 && at(source, slash - 1) == b'*' {
            depth -= 1;
            if depth == 0 {
                return from;
            }
        }
    }
    source.len()
}

/// The end of a quoted text with backslash escapes.
fn escaped_end(source: &[u8], index: usize, quote: u8, one_line: bool) -> Option<usize> {
    let mut from = index + 1;
    loop {
        let found = from + memchr::memchr3(quote, b'\\', b'\n', rest(source, from))?;
        match at(source, found) {
            b'\\' => from = found + 2,
            b'\n' if one_line => return None,
            b'\n' => from = found + 1,
            _ => return Some(found + 1),
        }
    }
}

fn double_quote_end(source: &[u8], index: usize, lexis: &Lexis) -> usize {
    let before = if index > 0 { at(source, index - 1) } else { 0 };
    let triple = rest(source, index).starts_with(b"\"\"\"");
    match lexis.raw {
        RawString::Rust => return rust_string_end(source, index),
        RawString::Cpp if before == b'R' => return cpp_raw_end(source, index),
        RawString::CSharp | RawString::TripleQuote if triple => return after(source, index + 3, b"\"\"\""),
        RawString::CSharp
            if before == b'@' || (before == b'$' && index > 1 && at(source, index - 2) == b'@') =>
        {
            return verbatim_end(source, index);
        }
        _ => {}
    }
    let one_line = lexis.raw != RawString::Heredoc;
    escaped_end(source, index, b'"', one_line).unwrap_or(index + 1)
}

fn verbatim_end(source: &[u8], index: usize) -> usize {
    let mut from = index + 1;
    loop {
        let end = after(source, from, b"\"");
        if at(source, end) != b'"' {
            return end;
        }
        from = end + 1;
    }
}

fn rust_string_end(source: &[u8], index: usize) -> usize {
    let hashes =
        source.get(..index).unwrap_or(b"").iter().rev().take(255).take_while(|byte| **byte == b'#').count();
    let before = |back: usize| index.checked_sub(back).map_or(0, |found| at(source, found));
    if before(hashes + 1) != b'r'
        || (is_word(before(hashes + 2)) && !matches!(before(hashes + 2), b'b' | b'c'))
    {
        return escaped_end(source, index, b'"', false).unwrap_or(source.len());
    }
    let mut from = index + 1;
    loop {
        let end = after(source, from, b"\"");
        let closing = rest(source, end).iter().take(hashes).take_while(|byte| **byte == b'#').count();
        if closing == hashes || end >= source.len() {
            return end + closing;
        }
        from = end;
    }
}

fn cpp_raw_end(source: &[u8], index: usize) -> usize {
    let Some(open) = rest(source, index).iter().take(18).position(|byte| *byte == b'(') else {
        return index + 1;
    };
    let mut closing = vec![b')'];
    closing.extend_from_slice(source.get(index + 1..index + open).unwrap_or(b""));
    closing.push(b'"');
    after(source, index + open, &closing)
}

fn single_quote(source: &[u8], index: usize, lexis: &Lexis) -> Piece {
    match lexis.single_quote {
        SingleQuote::Text => {
            Piece::Text(escaped_end(source, index, b'\'', !lexis.php_tags).unwrap_or(index + 1))
        }
        SingleQuote::Char => {
            let digit_separator = index > 0 && at(source, index - 1).is_ascii_alphanumeric();
            if digit_separator && at(source, index + 1).is_ascii_hexdigit() && at(source, index + 2) != b'\''
            {
                return Piece::Code;
            }
            Piece::Text(escaped_end(source, index, b'\'', true).unwrap_or(index + 1))
        }
        SingleQuote::Lifetime => {
            if at(source, index + 1) == b'\\' {
                return Piece::Text(escaped_end(source, index, b'\'', true).unwrap_or(index + 1));
            }
            let close = rest(source, index + 2).iter().take(4).position(|byte| *byte == b'\'');
            match close {
                Some(0) => Piece::Text(index + 3),
                Some(extra) if at(source, index + 1) >= 0x80 => Piece::Text(index + 3 + extra),
                _ => Piece::Code,
            }
        }
    }
}

fn template_end(source: &[u8], index: usize, lexis: &Lexis) -> usize {
    // Each entry is the brace depth inside one `${…}`; text between backticks is at the top.
    let mut holes: Vec<usize> = Vec::new();
    let mut in_text = true;
    let mut from = index + 1;
    while from < source.len() {
        let byte = at(source, from);
        if in_text {
            match byte {
                b'\\' => from += 1,
                b'`' if holes.is_empty() => return from + 1,
                b'`' => in_text = false,
                b'$' if at(source, from + 1) == b'{' => {
                    if holes.len() >= TEMPLATE_DEPTH_MAX {
                        return source.len();
                    }
                    holes.push(0);
                    in_text = false;
                    from += 1;
                }
                _ => {}
            }
            from += 1;
            continue;
        }
        match byte {
            b'`' => in_text = true,
            b'{' => {
                if let Some(depth) = holes.last_mut() {
                    *depth += 1;
                }
            }
            b'}' => match holes.last_mut() {
                Some(depth) if *depth > 0 => *depth -= 1,
                _ => {
                    holes.pop();
                    in_text = true;
                }
            },
            b'/' | b'"' | b'\'' => {
                if let Piece::Comment(end) | Piece::Text(end) = piece(source, from, lexis) {
                    from = end.max(from + 1);
                    continue;
                }
            }
            _ => {}
        }
        from += 1;
    }
    source.len()
}

fn heredoc_end(source: &[u8], index: usize) -> Option<usize> {
    let opening = rest(source, index).strip_prefix(b"<<<")?;
    let line = opening.get(..line_end(opening, 0))?;
    let label = line.trim_ascii();
    let label = label.strip_prefix(b"'").or_else(|| label.strip_prefix(b"\"")).unwrap_or(label);
    let label: Vec<u8> = label.iter().copied().take_while(|byte| is_word(*byte)).collect();
    if label.is_empty() {
        return None;
    }
    let mut line_start = index + 3 + line.len() + 1;
    while line_start < source.len() {
        let line = source.get(line_start..line_end(source, line_start)).unwrap_or(b"");
        let blanks = line.len() - line.trim_ascii_start().len();
        let text = line.trim_ascii_start();
        if text.starts_with(&label) && !text.get(label.len()).copied().is_some_and(is_word) {
            return Some(line_start + blanks + label.len());
        }
        line_start += line.len() + 1;
    }
    Some(source.len())
}

fn regex_may_start(source: &[u8], index: usize) -> bool {
    let before = source.get(..index).unwrap_or(b"").trim_ascii_end();
    let Some(last) = before.last().copied() else { return true };
    if is_word(last) {
        let word_start = before.iter().rposition(|byte| !is_word(*byte)).map_or(0, |found| found + 1);
        return matches!(
            rest(before, word_start),
            b"return"
                | b"typeof"
                | b"case"
                | b"in"
                | b"of"
                | b"do"
                | b"else"
                | b"void"
                | b"delete"
                | b"await"
        );
    }
    !matches!(last, b')' | b']' | b'}' | b'"' | b'\'' | b'`' | b'<')
}

fn regex_end(source: &[u8], index: usize) -> Option<usize> {
    let mut in_class = false;
    let mut from = index + 1;
    loop {
        match *source.get(from)? {
            b'\n' => return None,
            b'\\' => from += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'/' if !in_class => return Some(from + 1),
            _ => {}
        }
        from += 1;
    }
}

/// The offset after the bracket that closes the one at `index`, skipping strings and comments; the end of the
/// source when nothing closes it.
pub(super) fn block_end(source: &[u8], index: usize, lexis: &Lexis) -> usize {
    let (open, close) = if at(source, index) == b'[' { (b'[', b']') } else { (b'{', b'}') };
    let mut depth = 0_usize;
    let mut branches: Vec<usize> = Vec::new();
    let mut from = index;
    while let Some(byte) = source.get(from).copied() {
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return from + 1;
            }
        } else if matches!(byte, b'/' | b'"' | b'\'' | b'`' | b'#' | b'<' | b'?') {
            if byte == b'#' && lexis.directives && starts_line(source, from) {
                from = directive(source, from, &mut depth, &mut branches);
                continue;
            }
            if let Piece::Comment(end) | Piece::Text(end) = piece(source, from, lexis) {
                from = end.max(from + 1);
                continue;
            }
        }
        from += 1;
    }
    source.len()
}

/// Whether only blanks stand between `index` and the start of its line.
pub(super) fn starts_line(source: &[u8], index: usize) -> bool {
    let before = source.get(..index).unwrap_or(b"");
    before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t')).is_none_or(|byte| *byte == b'\n')
}

/// Follows one directive inside a block: each branch of an `#if` starts at the same depth, so only one counts.
fn directive(source: &[u8], from: usize, depth: &mut usize, branches: &mut Vec<usize>) -> usize {
    let end = directive_end(source, from);
    let name = source.get(from + 1..end).unwrap_or(b"").trim_ascii_start();
    if name.starts_with(b"if") {
        if branches.len() < DIRECTIVE_DEPTH_MAX {
            branches.push(*depth);
        }
    } else if name.starts_with(b"el") {
        match branches.last() {
            Some(saved) => *depth = *saved,
            None => return foreign_branch_end(source, end),
        }
    } else if name.starts_with(b"endif") {
        branches.pop();
    }
    end
}

/// The block began inside a branch of an `#if` outside of it: the other branches are alternatives to its head.
fn foreign_branch_end(source: &[u8], from: usize) -> usize {
    let mut depth = 0_usize;
    let mut start = from + 1;
    while start < source.len() {
        let end = line_end(source, start);
        let line = source.get(start..end).unwrap_or(b"").trim_ascii();
        if let Some(name) = line.strip_prefix(b"#").map(<[u8]>::trim_ascii_start) {
            if name.starts_with(b"if") {
                depth += 1;
            } else if name.starts_with(b"endif") {
                if depth == 0 {
                    return end;
                }
                depth -= 1;
            }
        }
        start = end + 1;
    }
    source.len()
}
