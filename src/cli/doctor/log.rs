//! The latest errors in the log: what the hook kept to itself, because it never gets in the way.

use super::Section;
use crate::base::unix_ms;
use crate::cli::{CliError, Session};
use crate::installer::{Finding, Level};
use serde_json::json;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// How much of the log's end is read, in bytes.
const TAIL_BYTES: u64 = 256 * 1024;
/// How many errors are shown.
const SHOWN_MAX: usize = 3;
/// Errors that are older are history, in milliseconds.
const RECENT_MS: i64 = 24 * 60 * 60 * 1000;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
struct LogLine {
    at_ms: i64,
    level: String,
    text: String,
}

pub(super) fn examine(session: &Session) -> Result<Section, CliError> {
    let path = session.paths()?.log();
    let errors = latest(&tail(&path));
    let now = unix_ms();
    let mut lines = vec![format!("file     {}", path.display())];
    lines.extend(
        errors.iter().map(|line| format!("{:<8} {}: {}", line.level, age(now - line.at_ms), line.text)),
    );
    if errors.is_empty() {
        lines.push("no errors".into());
    }
    let recent = errors.iter().filter(|line| now - line.at_ms < RECENT_MS).count();
    let findings = if recent == 0 {
        Vec::new()
    } else {
        let what = format!("{recent} of the latest errors in the log are less than a day old");
        vec![Finding::new(Level::Note, what, "read the lines above").in_file(&path)]
    };
    Ok(Section { name: "log", lines, facts: json!({ "path": path, "errors": errors }), findings })
}

/// The end of the file, from its first whole line.
fn tail(path: &Path) -> String {
    let Ok(mut file) = std::fs::File::open(path) else { return String::new() };
    let length = file.metadata().map(|meta| meta.len()).unwrap_or(0);
    let start = length.saturating_sub(TAIL_BYTES);
    let mut bytes = Vec::new();
    if file.seek(SeekFrom::Start(start)).is_err() || file.take(TAIL_BYTES).read_to_end(&mut bytes).is_err() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if start == 0 { text } else { text.split_once('\n').map(|(_, rest)| rest.to_owned()).unwrap_or_default() }
}

/// The latest lines that tell of a fault, newest first.
fn latest(text: &str) -> Vec<LogLine> {
    let parse = |line: &str| {
        let mut words = line.splitn(4, ' ');
        let (at_ms, level) = (words.next()?.parse().ok()?, words.next()?);
        let text = words.nth(1)?.to_owned();
        (level == "error").then(|| LogLine { at_ms, level: level.to_owned(), text })
    };
    text.lines().rev().filter_map(parse).take(SHOWN_MAX).collect()
}

fn age(ms: i64) -> String {
    let minutes = ms.max(0) / 60_000;
    match minutes {
        0 => "just now".into(),
        1..=119 => format!("{minutes} min ago"),
        120..=2879 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_errors_are_found_newest_first() {
        let text =
            "100 warn pid=1 slow\n200 error pid=2 hook: first\nnoise\n300 error pid=3 hook: second words\n";
        let found = latest(text);
        assert_eq!(
            found.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(),
            ["hook: second words", "hook: first"]
        );
        assert_eq!(found[0].at_ms, 300);
        assert_eq!(latest(&"1 error pid=1 x\n".repeat(9)).len(), SHOWN_MAX);
    }

    #[test]
    fn a_long_log_is_read_from_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::fs::write(&path, format!("{}5 error pid=1 end\n", "1 info pid=1 x\n".repeat(40_000))).unwrap();
        let text = tail(&path);
        assert!(text.len() < 300_000 && text.starts_with("1 info"), "{}", &text[..40]);
        assert_eq!(latest(&text)[0].text, "end");
        assert_eq!(tail(&folder.path().join("none")), "");
    }
}
