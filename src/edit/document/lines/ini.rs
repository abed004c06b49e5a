//! INI files: sections of `key = value` lines, with values that go on in lines of deeper indentation.

use super::super::fault::Fault;
use super::super::layout::{is_blank, line_end, skip_blanks, skip_newline};
use super::{Entry, Section};

/// The sections and entries of a text; what stands before the first header is in a section without one.
pub(super) fn parse(text: &str) -> Result<(Vec<Section>, Vec<Entry>), Fault> {
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut sections = vec![Section { name: None, start, header_end: start, end: text.len() }];
    let mut entries = Vec::new();
    let mut line = start;
    while line < text.len() {
        let end = line_end(text, line);
        let content = skip_blanks(text, line);
        let mut next = end;
        match text[content..end].chars().next() {
            None | Some('#' | ';') => {}
            Some('[') => {
                let close = header_close(&text[content..end]);
                let Some(close) = close else {
                    return Err(Fault::syntax(text, content, "the section header has no ']'"));
                };
                if let Some(last) = sections.last_mut() {
                    last.end = line;
                }
                let name = text[content + 1..content + close].trim().to_owned();
                sections.push(Section { name: Some(name), start: line, header_end: end, end: text.len() });
            }
            Some(_) => {
                let entry = entry(text, line, content, end, sections.len() - 1)?;
                next = entry.end;
                entries.push(entry);
            }
        }
        line = skip_newline(text, next);
    }
    Ok((sections, entries))
}

/// The bracket that closes a header: the last one before a comment, so that names may hold brackets.
fn header_close(line: &str) -> Option<usize> {
    let comment = line.match_indices([';', '#']).find(|(at, _)| line[..*at].trim_end().ends_with(']'));
    line[..comment.map_or(line.len(), |(at, _)| at)].rfind(']')
}

fn entry(text: &str, line: usize, start: usize, end: usize, section: usize) -> Result<Entry, Fault> {
    let content = &text[start..end];
    // Keys of npm's settings hold colons.
    let delimiters: &[char] =
        if content.starts_with("//") || content.starts_with('@') { &['='] } else { &['=', ':'] };
    let separator = content.find(delimiters);
    let key = content[..separator.unwrap_or(content.len())].trim_end_matches([' ', '\t']);
    if key.is_empty() {
        return Err(Fault::syntax(text, start, "expected a key before the separator"));
    }
    let value_start = separator.map_or(start + key.len(), |at| skip_blanks(text, start + at + 1));
    let value_start = value_start.min(end);
    let last = continuation_end(text, end, start - line);
    let (value_end, value) = if last == end {
        let value = without_comment(&text[value_start..end]);
        (value_start + value.len(), value.to_owned())
    } else {
        (last, several_lines(&text[value_start..last]))
    };
    Ok(Entry {
        section,
        name: key.to_owned(),
        line,
        key: start..start + key.len(),
        span: value_start..value_end,
        end: last,
        value,
        has_separator: separator.is_some(),
    })
}

/// The end of the last line that goes on from the one that ends at `end`: those with a deeper indentation.
fn continuation_end(text: &str, end: usize, indent: usize) -> usize {
    let mut last = end;
    let mut at = skip_newline(text, end);
    while at < text.len() {
        let line_end = line_end(text, at);
        let content = skip_blanks(text, at);
        if !is_blank(&text[at..line_end]) {
            if content - at <= indent {
                break;
            }
            last = line_end;
        }
        let next = skip_newline(text, line_end);
        if next == at || next == line_end {
            break;
        }
        at = next;
    }
    last
}

fn without_comment(value: &str) -> &str {
    let comment =
        value.match_indices(['#', ';']).find(|(at, _)| *at == 0 || value[..*at].ends_with([' ', '\t']));
    value[..comment.map_or(value.len(), |(at, _)| at)].trim_end_matches([' ', '\t'])
}

/// The lines of a value, without their indentation and without whole lines of comment.
fn several_lines(source: &str) -> String {
    let lines = source.split('\n').map(|line| line.trim_matches([' ', '\t', '\r']));
    let kept: Vec<&str> = lines.filter(|line| !line.starts_with(['#', ';'])).collect();
    kept.join("\n")
}

/// A value as it is written, with `indent` before each line but the first.
pub(super) fn printed(value: &str, indent: &str, newline: &str) -> String {
    let mut lines = value.split('\n');
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |out, line| {
        let indent = if line.is_empty() { "" } else { indent };
        format!("{out}{newline}{indent}{line}")
    })
}
