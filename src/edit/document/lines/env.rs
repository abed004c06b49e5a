//! `.env` files: `KEY=value` lines with shell quotes, as dotenv readers and `sh` agree on them.

use super::super::fault::Fault;
use super::super::layout::{line_end, skip_blanks, skip_newline};
use super::{Entry, Section};

/// Bytes that a value without quotes may hold for every reader; others are put into quotes.
const BARE: &str = "_-./:@%+,=^~";

/// The entries of a text, in one section without a header. Lines that give no key a value are not looked at.
pub(super) fn parse(text: &str) -> Result<(Vec<Section>, Vec<Entry>), Fault> {
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut entries = Vec::new();
    let mut line = start;
    while line < text.len() {
        let end = match entry(text, line)? {
            Some(entry) => {
                let end = entry.end;
                entries.push(entry);
                end
            }
            None => line_end(text, line),
        };
        line = skip_newline(text, end);
    }
    let section = Section { name: None, start, header_end: start, end: text.len() };
    Ok((vec![section], entries))
}

fn entry(text: &str, line: usize) -> Result<Option<Entry>, Fault> {
    let mut key_start = skip_blanks(text, line);
    if let Some(rest) = text[key_start..].strip_prefix("export")
        && rest.starts_with([' ', '\t'])
    {
        key_start = skip_blanks(text, key_start + "export".len());
    }
    let name_length = text[key_start..]
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(byte))
        .count();
    let key_end = key_start + name_length;
    let equals = skip_blanks(text, key_end);
    if name_length == 0 || !text[equals..].starts_with('=') {
        return Ok(None);
    }
    let value_start = skip_blanks(text, equals + 1);
    let end = line_end(text, equals);
    let (value_end, value) = match quoted(text, value_start)? {
        Some(found) => found,
        None => bare(text, value_start.min(end), end),
    };
    let entry = Entry {
        section: 0,
        name: text[key_start..key_end].to_owned(),
        line,
        key: key_start..key_end,
        span: value_start.min(value_end)..value_end,
        end: line_end(text, value_end),
        value,
        has_separator: true,
    };
    Ok(Some(entry))
}

/// A value in quotes, behind which nothing but a comment may stand; anything else is taken as it is.
fn quoted(text: &str, start: usize) -> Result<Option<(usize, String)>, Fault> {
    let Some(quote @ ('"' | '\'')) = text[start..].chars().next() else { return Ok(None) };
    let mut value = String::new();
    let mut chars = text[start + 1..].char_indices();
    let mut close = None;
    while let Some((at, ch)) = chars.next() {
        match ch {
            '\\' if quote == '"' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, 't')) => value.push('\t'),
                Some((_, ch @ ('"' | '\\' | '$' | '`'))) => value.push(ch),
                Some((_, ch)) => value.extend(['\\', ch]),
                None => break,
            },
            _ if ch == quote => {
                close = Some(start + 1 + at + 1);
                break;
            }
            _ => value.push(ch),
        }
    }
    let Some(end) = close else {
        return Err(Fault::syntax(text, start, "the quote is not closed"));
    };
    let behind = &text[end..line_end(text, end)];
    let is_end = behind.trim().is_empty() || behind.trim_start().starts_with('#');
    Ok(is_end.then_some((end, value)))
}

/// A value without quotes: to the end of the line or a comment with a blank before it.
fn bare(text: &str, start: usize, end: usize) -> (usize, String) {
    let line = &text[start..end];
    let comment = line.match_indices('#').find(|(at, _)| *at == 0 || line[..*at].ends_with([' ', '\t']));
    let value = line[..comment.map_or(line.len(), |(at, _)| at)].trim_end_matches([' ', '\t']);
    (start + value.len(), value.to_owned())
}

/// A value as it is written, in the quotes of the old one if they can hold it.
pub(super) fn printed(value: &str, old: &str) -> String {
    let is_bare = |ch: char| ch.is_alphanumeric() || BARE.contains(ch);
    // An old value without quotes shows that the file's reader is content with more.
    let old_is_loose = !old.is_empty() && !old.starts_with(['"', '\'']) && !old.chars().all(is_bare);
    let is_loose = |ch: char| is_bare(ch) || (old_is_loose && !matches!(ch, '\n' | '\r' | '$' | '`' | '\\'));
    let single = || (!value.contains('\'')).then(|| format!("'{value}'"));
    let double = || {
        let mut out = String::from("\"");
        for ch in value.chars() {
            match ch {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '"' | '\\' | '$' | '`' => out.extend(['\\', ch]),
                ch => out.push(ch),
            }
        }
        out + "\""
    };
    if old.starts_with('\'') {
        return single().unwrap_or_else(double);
    }
    if old.starts_with('"') {
        return double();
    }
    let fits = value.chars().all(is_loose)
        && value.trim() == value
        && !value.contains(" #")
        && !value.starts_with(['"', '\'', '#']);
    if fits {
        return value.to_owned();
    }
    // Without quotes that expand nothing, a dollar would be a variable for shells.
    if value.contains(['$', '`', '\\', '"']) && !value.contains('\n') {
        single().unwrap_or_else(double)
    } else {
        double()
    }
}
