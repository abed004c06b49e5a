//! What lies nearest to a passage that is not there, for the error that says so; line endings and line numbers.

use std::collections::HashSet;

/// Candidates that are shown.
const CANDIDATES_MAX: usize = 3;
/// Lines of a file that are compared.
const LINES_MAX: usize = 20_000;
/// Characters of a line that are shown.
const SHOWN_CHARS_MAX: usize = 100;
/// Likeness from which on a line is worth showing, from 0 to 1.
const LIKENESS_MIN: f64 = 0.5;
/// Bytes of a line that are compared.
const LINE_BYTES_MAX: usize = 400;

/// How the lines of a file end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// All in CRLF.
    Crlf,
    /// All in LF, some in each, or there is none.
    Other,
}

impl Style {
    pub(super) fn of(content: &[u8]) -> Style {
        if content.contains(&b'\n') && !has_lone_lf(content) { Style::Crlf } else { Style::Other }
    }
}

/// Whether a line ends in LF without CR.
pub(super) fn has_lone_lf(text: &[u8]) -> bool {
    memchr::memchr_iter(b'\n', text).any(|at| at == 0 || text[at - 1] != b'\r')
}

/// The text with CRLF for every LF.
pub(super) fn to_crlf(text: &[u8]) -> Vec<u8> {
    let mut converted = Vec::with_capacity(text.len() + text.len() / 16);
    for (at, byte) in text.iter().enumerate() {
        if *byte == b'\n' && (at == 0 || text[at - 1] != b'\r') {
            converted.push(b'\r');
        }
        converted.push(*byte);
    }
    converted
}

/// The number of the line in which a byte lies, from 1.
pub(super) fn line_number(content: &[u8], at: usize) -> usize {
    1 + memchr::memchr_iter(b'\n', &content[..at.min(content.len())]).count()
}

/// What of a content is most like the passage, as the end of a sentence.
pub(super) fn describe(content: &[u8], passage: &[u8]) -> String {
    if Style::of(content) == Style::Crlf && has_lone_lf(passage) {
        let converted = to_crlf(passage);
        if let Some(at) = memchr::memmem::find(content, &converted) {
            let line = line_number(content, at);
            return format!(
                "it is at line {line} with lines that end in CRLF: write them so, or say --adapt"
            );
        }
    }
    let lines: Vec<&[u8]> = content.split(|byte| *byte == b'\n').take(LINES_MAX).collect();
    let wanted: Vec<&[u8]> = passage.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).collect();
    if let Some(line) = blank_insensitive(&lines, &wanted) {
        return format!("from line {} on it differs in whitespace only", line + 1);
    }
    let Some(first) = wanted.iter().find(|line| !line.is_empty()) else { return "nothing is like it".into() };
    let mut found: Vec<(f64, usize)> = Vec::new();
    let grams = pairs(first);
    for (number, line) in lines.iter().enumerate() {
        let likeness = likeness(&grams, line.trim_ascii());
        if likeness >= LIKENESS_MIN {
            found.push((likeness, number));
        }
    }
    found.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    found.truncate(CANDIDATES_MAX);
    if found.is_empty() {
        return "nothing is like it".into();
    }
    let shown: Vec<String> =
        found.iter().map(|(_, number)| format!("line {}: {}", number + 1, shown(lines[*number]))).collect();
    format!("most like it is {}", shown.join("; "))
}

/// The first line of a place that is the same without the whitespace around its lines.
fn blank_insensitive(lines: &[&[u8]], wanted: &[&[u8]]) -> Option<usize> {
    let last = wanted.len() - 1;
    let wanted = if last > 0 && wanted[last].is_empty() { &wanted[..last] } else { wanted };
    lines.windows(wanted.len()).position(|window| {
        window.iter().zip(wanted).all(|(line, wanted)| line.trim_ascii() == *wanted)
            && wanted.iter().any(|line| !line.is_empty())
    })
}

fn pairs(line: &[u8]) -> HashSet<[u8; 2]> {
    line[..line.len().min(LINE_BYTES_MAX)].windows(2).map(|pair| [pair[0], pair[1]]).collect()
}

/// Dice's coefficient of the pairs of bytes.
fn likeness(grams: &HashSet<[u8; 2]>, line: &[u8]) -> f64 {
    let other = pairs(line);
    if grams.is_empty() || other.is_empty() {
        return 0.0;
    }
    2.0 * grams.intersection(&other).count() as f64 / (grams.len() + other.len()) as f64
}

fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line.trim_ascii());
    let cut: String =
        text.chars().take(SHOWN_CHARS_MAX).map(|ch| if ch.is_control() { ' ' } else { ch }).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}
