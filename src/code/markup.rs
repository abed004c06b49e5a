//! Outlines of texts that no parser is needed for: Markdown, HTML, CSS, SQL.

use super::extractor::Outline;
use super::lexer::line_end;
use super::tree::{Found, name_text};
use super::types::SymbolKind;

/// Lines of the source with the offset of each.
fn lines(source: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut start = 0;
    std::iter::from_fn(move || {
        if start >= source.len() {
            return None;
        }
        let end = line_end(source, start);
        let line = source.get(start..end)?;
        let at = start;
        start = end + 1;
        Some((at, line))
    })
}

fn found(kind: SymbolKind, name: &[u8], start: usize, end: usize) -> Found {
    Found { kind, name: name_text(name), start, signature_end: end, end, container: None, receiver: None }
}

/// Headings, each reaching to the next of its level or above; fenced code is skipped.
pub(super) fn markdown(source: &[u8], max: usize) -> Outline {
    let mut outline = Outline::default();
    let mut open: Vec<(usize, u32)> = Vec::new();
    let mut fence: Option<(u8, usize)> = None;
    let mut previous: Option<(usize, &[u8])> = None;
    for (start, line) in lines(source) {
        let text = line.trim_ascii();
        let first = text.first().copied().unwrap_or(0);
        let run = text.iter().take_while(|byte| **byte == first).count();
        if let Some((mark, length)) = fence {
            if first == mark && run >= length && run == text.len() {
                fence = None;
            }
            continue;
        }
        let above = previous.take();
        if matches!(first, b'`' | b'~') && run >= 3 {
            fence = Some((first, run));
            continue;
        }
        let heading = if first == b'#' && run <= 6 && line.first() == Some(&b'#') {
            let title = text.get(run..).unwrap_or(b"");
            let separated =
                title.is_empty() || title.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
            separated.then(|| (run, title.trim_ascii(), start, start + line.len()))
        } else if matches!(first, b'=' | b'-') && run == text.len() && run >= 2 {
            let level = if first == b'=' { 1 } else { 2 };
            above.map(|(at, title)| (level, title, at, start + line.len()))
        } else {
            if !matches!(first, 0 | b'-' | b'*' | b'>' | b'|' | b'#' | b'+') {
                previous = Some((start, text));
            }
            None
        };
        let Some((level, title, at, end)) = heading else { continue };
        let hashes = title.iter().rev().take_while(|byte| **byte == b'#').count();
        let title = title.get(..title.len() - hashes).unwrap_or(b"").trim_ascii();
        if title.is_empty() {
            continue;
        }
        if outline.found.len() >= max {
            outline.partial = true;
            break;
        }
        close(&mut outline, &mut open, level, at);
        let container = open.last().map(|(_, index)| *index);
        open.push((level, u32::try_from(outline.found.len()).unwrap_or(u32::MAX)));
        outline.found.push(Found { container, ..found(SymbolKind::Heading, title, at, end) });
    }
    close(&mut outline, &mut open, 0, source.trim_ascii_end().len());
    outline
}

/// Ends the open headings of `level` or below at `end`.
fn close(outline: &mut Outline, open: &mut Vec<(usize, u32)>, level: usize, end: usize) {
    while let Some((_, index)) = open.pop_if(|(opened, _)| *opened >= level) {
        if let Some(heading) = outline.found.get_mut(index as usize) {
            heading.end = end.max(heading.end);
        }
    }
}

/// Elements with an `id`.
pub(super) fn html(source: &[u8], max: usize) -> Outline {
    let mut outline = Outline::default();
    for at in memchr::memmem::find_iter(source, b"id=") {
        let quote = source.get(at + 3).copied().unwrap_or(0);
        let separated = at > 0 && source.get(at - 1).is_some_and(u8::is_ascii_whitespace);
        if !separated || !matches!(quote, b'"' | b'\'') {
            continue;
        }
        let value = source.get(at + 4..).unwrap_or(b"");
        let Some(length) = value.iter().take(200).position(|byte| *byte == quote) else { continue };
        let name = value.get(..length).unwrap_or(b"").trim_ascii();
        if name.is_empty() || name.contains(&b'{') {
            continue;
        }
        if outline.found.len() >= max {
            outline.partial = true;
            break;
        }
        outline.found.push(found(SymbolKind::Element, name, at, at + 4 + length));
    }
    outline
}

/// Selectors of the outermost rules, and `@import`.
pub(super) fn css(source: &[u8], max: usize) -> Outline {
    let mut outline = Outline::default();
    let mut depth = 0_usize;
    let mut selector = 0;
    let mut current: Option<usize> = None;
    let mut index = 0;
    while let Some(byte) = source.get(index).copied() {
        match byte {
            b'/' if source.get(index + 1) == Some(&b'*') => {
                let rest = source.get(index + 2..).unwrap_or(b"");
                let end = memchr::memmem::find(rest, b"*/").map_or(source.len(), |end| index + end + 4);
                if source.get(selector..index).unwrap_or(b"").trim_ascii().is_empty() {
                    selector = end;
                }
                index = end;
                continue;
            }
            b'{' => {
                if depth == 0 {
                    current = add_selector(&mut outline, source, selector, index, max);
                }
                depth += 1;
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    if let Some(rule) = current.take().and_then(|rule| outline.found.get_mut(rule)) {
                        rule.end = index + 1;
                    }
                    selector = index + 1;
                }
            }
            b';' if depth == 0 => {
                let statement = source.get(selector..index).unwrap_or(b"").trim_ascii();
                let target =
                    [&b"@import "[..], b"@use "].into_iter().find_map(|word| statement.strip_prefix(word));
                if let Some(target) = target.filter(|_| outline.imports.len() < max) {
                    let target = name_text(target.trim_ascii());
                    outline.imports.push((target.trim_matches(['"', '\'']).to_owned(), index));
                }
                selector = index + 1;
            }
            _ => {}
        }
        index += 1;
    }
    outline
}

fn add_selector(outline: &mut Outline, source: &[u8], from: usize, to: usize, max: usize) -> Option<usize> {
    let raw = source.get(from..to)?;
    let start = from + (raw.len() - raw.trim_ascii_start().len());
    let text = raw.trim_ascii();
    if text.is_empty() || text.len() > 200 {
        return None;
    }
    if outline.found.len() >= max {
        outline.partial = true;
        return None;
    }
    outline.found.push(found(SymbolKind::Selector, text, start, start + text.len()));
    Some(outline.found.len() - 1)
}

/// `create table|view|function|…` statements.
pub(super) fn sql(source: &[u8], max: usize) -> Outline {
    let mut outline = Outline::default();
    for (start, line) in lines(source) {
        let indent = line.len() - line.trim_ascii_start().len();
        let text = String::from_utf8_lossy(line.get(..400).unwrap_or(line)).into_owned();
        let mut words = text
            .split(|letter: char| letter.is_whitespace() || letter == '(')
            .filter(|word| !word.is_empty());
        if !words.next().is_some_and(|word| word.eq_ignore_ascii_case("create")) {
            continue;
        }
        let Some((kind, name)) = created(&mut words) else { continue };
        if outline.found.len() >= max {
            outline.partial = true;
            break;
        }
        let at = start + indent;
        let rest = source.get(at..).unwrap_or(b"");
        let end = memchr::memchr(b';', rest).map_or(source.trim_ascii_end().len(), |end| at + end + 1);
        let mut symbol = found(kind, name.as_bytes(), at, end.max(at + 1));
        symbol.signature_end = start + line.trim_ascii_end().len();
        outline.found.push(symbol);
    }
    outline
}

fn created<'t>(words: &mut impl Iterator<Item = &'t str>) -> Option<(SymbolKind, String)> {
    let mut kind = None;
    for word in words.take(12) {
        let word = word.trim_end_matches(';');
        match word.to_ascii_lowercase().as_str() {
            "table" | "view" | "sequence" => kind = Some(SymbolKind::Table),
            "function" | "procedure" | "trigger" => kind = Some(SymbolKind::Function),
            "type" | "domain" => kind = Some(SymbolKind::Type),
            "index" => kind = Some(SymbolKind::Key),
            "schema" | "database" => kind = Some(SymbolKind::Module),
            "if" | "not" | "exists" | "or" | "replace" | "unique" | "temporary" | "temp" | "materialized"
            | "concurrently" | "virtual" | "external" | "unlogged" | "global" | "local" => {}
            _ => {
                let bare = word.rsplit('.').next().unwrap_or(word).trim_matches(['"', '`', '[', ']']);
                return kind.filter(|_| !bare.is_empty()).map(|kind| (kind, bare.to_owned()));
            }
        }
    }
    None
}
