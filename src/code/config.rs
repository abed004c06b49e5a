//! Keys of configuration files, two levels deep: JSON, TOML and INI, YAML.

use super::extractor::Outline;
use super::lexer::line_end;
use super::tree::{Found, name_text};
use super::types::SymbolKind;

/// Levels of keys that are kept.
const LEVELS: usize = 2;

fn add(
    outline: &mut Outline,
    name: &[u8],
    start: usize,
    end: usize,
    container: Option<u32>,
    max: usize,
) -> Option<u32> {
    if outline.found.len() >= max {
        outline.partial = true;
        return None;
    }
    let name = name_text(name);
    if name.is_empty() {
        return None;
    }
    let index = u32::try_from(outline.found.len()).ok()?;
    let kind = SymbolKind::Key;
    outline.found.push(Found { kind, name, start, signature_end: end, end, container, receiver: None });
    Some(index)
}

fn end_at(outline: &mut Outline, index: Option<u32>, end: usize) {
    if let Some(found) = index.and_then(|index| outline.found.get_mut(index as usize)) {
        found.end = end.max(found.end);
    }
}

/// Keys of the outermost object and of the objects in it; comments are allowed.
pub(super) fn json(source: &[u8], max: usize) -> Outline {
    let mut outline = Outline::default();
    // Whether each open bracket is an object; deeper ones are only counted.
    let mut depth = 0_usize;
    let mut objects = [false; LEVELS];
    let mut keys: [Option<u32>; LEVELS] = [None; LEVELS];
    let mut last: Option<(usize, usize)> = None;
    let mut index = 0;
    while let Some(byte) = source.get(index).copied().filter(|_| !outline.partial) {
        match byte {
            b'"' => {
                let end = string_end(source, index);
                last = Some((index, end));
                index = end;
                continue;
            }
            b'/' if source.get(index + 1) == Some(&b'/') => index = line_end(source, index),
            b':' if (1..=LEVELS).contains(&depth) && objects.get(depth - 1) == Some(&true) => {
                if let Some((start, end)) = last.take() {
                    let name = source.get(start + 1..end.saturating_sub(1)).unwrap_or(b"");
                    let container = if depth > 1 { keys.first().copied().flatten() } else { None };
                    let key = add(&mut outline, name, start, end, container, max);
                    if let Some(slot) = keys.get_mut(depth - 1) {
                        *slot = key;
                    }
                }
            }
            b'{' | b'[' => {
                if let Some(slot) = objects.get_mut(depth) {
                    *slot = byte == b'{';
                }
                depth += 1;
            }
            b'}' | b']' | b',' => {
                let level = if byte == b',' { depth } else { depth.saturating_sub(1) };
                if level > 0 && (byte != b',' || objects.get(level - 1) == Some(&true)) {
                    end_at(
                        &mut outline,
                        keys.get(level - 1).copied().flatten(),
                        index + usize::from(byte != b','),
                    );
                }
                if byte != b',' {
                    depth = depth.saturating_sub(1);
                    if let Some(inside) = keys.get_mut(depth) {
                        *inside = None;
                    }
                }
            }
            _ => {}
        }
        index += 1;
    }
    outline
}

fn string_end(source: &[u8], index: usize) -> usize {
    let mut from = index + 1;
    while let Some(found) = memchr::memchr3(b'"', b'\\', b'\n', source.get(from..).unwrap_or(b"")) {
        from += found;
        match source.get(from) {
            Some(b'\\') => from += 2,
            _ => return from + 1,
        }
    }
    source.len()
}

/// Tables, and the keys in them; the keys of a table belong to it.
pub(super) fn toml(source: &[u8], max: usize) -> Outline {
    let mut outline = Outline::default();
    let mut table: Option<u32> = None;
    let mut depth = 0_usize;
    let mut quote: Option<&[u8]> = None;
    let mut last_end = 0;
    let mut key: Option<u32> = None;
    let mut start = 0;
    while start < source.len() && !outline.partial {
        let end = line_end(source, start);
        let line = source.get(start..end).unwrap_or(b"");
        let text = line.trim_ascii();
        let at = start + (line.len() - line.trim_ascii_start().len());
        start = end + 1;
        if let Some(open) = quote {
            if memchr::memmem::find(text, open).is_some() {
                quote = None;
                end_at(&mut outline, key, at + text.len());
            }
        } else if text.is_empty() || matches!(text.first(), Some(b'#' | b';')) {
            continue;
        } else if depth > 0 {
            depth = brackets(text, depth);
            end_at(&mut outline, key, at + text.len());
        } else if let Some(name) = table_name(text) {
            end_at(&mut outline, table, last_end);
            table = add(&mut outline, name, at, at + text.len(), None, max);
        } else if let Some((name, value)) = split_key(text) {
            key = add(&mut outline, name, at, at + text.len(), table, max);
            quote = [&b"\"\"\""[..], b"'''"].into_iter().find(|mark| {
                value.starts_with(mark) && memchr::memmem::find(value.get(3..).unwrap_or(b""), mark).is_none()
            });
            depth = if quote.is_some() { 0 } else { brackets(value, 0) };
        }
        last_end = at + text.len();
    }
    end_at(&mut outline, table, last_end);
    outline
}

fn table_name(text: &[u8]) -> Option<&[u8]> {
    let close = memchr::memrchr(b']', text)?;
    let name = text.get(..close)?.strip_prefix(b"[")?;
    let name = name.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"]")).unwrap_or(name);
    Some(name.trim_ascii())
}

fn split_key(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = memchr::memchr2(b'=', b':', text)?;
    let name = text.get(..equals)?.trim_ascii();
    let name = name.strip_prefix(b"\"").and_then(|inner| inner.strip_suffix(b"\"")).unwrap_or(name);
    Some((name, text.get(equals + 1..)?.trim_ascii()))
}

/// Open brackets after `text`, strings and comments left out.
fn brackets(text: &[u8], mut depth: usize) -> usize {
    let mut quote = None;
    let mut escaped = false;
    for byte in text {
        match (quote, *byte) {
            (Some(_), _) if escaped => escaped = false,
            (Some(b'"'), b'\\') => escaped = true,
            (Some(open), byte) if byte == open => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(*byte),
            (None, b'#') => break,
            (None, b'[' | b'{') => depth += 1,
            (None, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    depth
}

/// Keys without indentation, and those one step in.
pub(super) fn yaml(source: &[u8], max: usize) -> Outline {
    let mut outline = Outline::default();
    let mut outer: Option<u32> = None;
    let mut inner: Option<u32> = None;
    let mut step: Option<usize> = None;
    let mut block: Option<usize> = None;
    let mut last_end = 0;
    let mut start = 0;
    while start < source.len() && !outline.partial {
        let end = line_end(source, start);
        let line = source.get(start..end).unwrap_or(b"");
        let indent = line.iter().take_while(|byte| **byte == b' ').count();
        let text = line.trim_ascii();
        let at = start + indent;
        start = end + 1;
        if text.is_empty() || (text.starts_with(b"#") && block.is_none()) {
            continue;
        }
        if block.is_some_and(|parent| indent > parent) {
            last_end = at + text.len();
            continue;
        }
        block = None;
        let name = yaml_key(text);
        if indent == 0 {
            end_at(&mut outline, inner.take(), last_end);
            end_at(&mut outline, outer.take(), last_end);
            step = None;
            outer = name.and_then(|name| add(&mut outline, name, at, at + text.len(), None, max));
        } else if outer.is_some() && *step.get_or_insert(indent) == indent {
            end_at(&mut outline, inner.take(), last_end);
            inner = name.and_then(|name| add(&mut outline, name, at, at + text.len(), outer, max));
        }
        if name.is_some() && ends_with_block_mark(text) {
            block = Some(indent);
        }
        last_end = at + text.len();
    }
    end_at(&mut outline, inner, last_end);
    end_at(&mut outline, outer, last_end);
    outline
}

/// Whether a `|` or `>` at the end says that the deeper lines are text.
fn ends_with_block_mark(text: &[u8]) -> bool {
    let word = text.rsplit(|byte| *byte == b' ').next().unwrap_or(b"");
    matches!(word.first(), Some(b'|' | b'>')) && word.len() <= 3
}

fn yaml_key(text: &[u8]) -> Option<&[u8]> {
    if matches!(text.first(), Some(b'-' | b'{' | b'[' | b'#' | b'%' | b'&' | b'*' | b'!' | b'|' | b'>')) {
        return None;
    }
    let quote = text.first().copied().filter(|byte| matches!(byte, b'"' | b'\''));
    let colon = match quote {
        Some(quote) => memchr::memchr(quote, text.get(1..)?)? + 2,
        None => memchr::memchr_iter(b':', text)
            .find(|at| matches!(text.get(at + 1), None | Some(b' ' | b'\t')))?,
    };
    let name = text.get(..colon)?.trim_ascii();
    let name = if quote.is_some() { name.get(1..name.len().saturating_sub(1))? } else { name };
    Some(name)
}
