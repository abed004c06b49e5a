//! The log file: one line an event or a whole launch, never on stdout or stderr, never an error of its own.

use super::clock::unix_ms;
use super::paths::Paths;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A log beyond this size is moved to `rtk.log.1` (the one before it is dropped), in bytes.
const LOG_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// One message, and one line with all its messages, never grow beyond this, in bytes.
const MESSAGE_BYTES_MAX: usize = 2000;
const LINE_BYTES_MAX: usize = 8000;

/// A condition that lasts is told again after this, in milliseconds.
const AGAIN_MS: i64 = 24 * 60 * 60 * 1000;
/// So much of the log's end is searched for a condition that was told before, in bytes.
const TAIL_BYTES_MAX: u64 = 64 * 1024;
/// Lines that one process gathers at most; more of them say nothing new.
const GATHERED_MAX: usize = 20;

/// A handle to the log file; without a path every line is dropped.
#[derive(Debug, Clone, Default)]
pub struct Log {
    path: Option<PathBuf>,
    gathered: Option<Arc<Mutex<Vec<Told>>>>,
}

/// What one call told.
#[derive(Debug, PartialEq)]
struct Told {
    level: &'static str,
    message: String,
}

impl Log {
    /// A log in the state folder of `paths`.
    pub fn at(paths: Option<&Paths>) -> Log {
        Log { path: paths.map(Paths::log), gathered: None }
    }

    /// The same log for a process of which at most one line is wanted: what is told waits for [`Log::flush`].
    ///
    /// A warning that the log has already told within a day is left out; errors are events and are told each time.
    pub fn gathering(self) -> Log {
        Log { gathered: Some(Arc::default()), ..self }
    }

    /// Appends one line: time, `level`, message with control characters made visible. Failures are ignored.
    pub fn line(&self, level: &'static str, message: &str) {
        let Some(path) = &self.path else { return };
        let told = Told { level, message: printable(message) };
        let Some(gathered) = &self.gathered else { return drop(append(path, &told)) };
        if let Ok(mut gathered) = gathered.lock()
            && gathered.len() < GATHERED_MAX
            && !gathered.contains(&told)
        {
            gathered.push(told);
        }
    }

    /// Writes what was gathered since the last time, as one line.
    pub fn flush(&self) {
        let (Some(path), Some(gathered)) = (&self.path, &self.gathered) else { return };
        let Ok(mut gathered) = gathered.lock() else { return };
        let mut told = std::mem::take(&mut *gathered);
        drop(gathered);
        if told.iter().any(|told| told.level == "warn") {
            let tail = tail(path);
            told.retain(|told| told.level != "warn" || !tells_lately(&tail, &told.message, unix_ms()));
        }
        let worst = ["error", "warn"].into_iter().find(|level| told.iter().any(|told| told.level == *level));
        let Some(first) = told.first() else { return };
        let level = worst.unwrap_or(first.level);
        let messages: Vec<&str> = told.iter().map(|told| told.message.as_str()).collect();
        let _ = append(path, &Told { level, message: messages.join("; ") });
    }
}

/// The end of the log.
fn tail(path: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(path)?;
        let start = file.metadata()?.len().saturating_sub(TAIL_BYTES_MAX);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(TAIL_BYTES_MAX).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

/// Whether a line of the log, written within a day before `now_ms`, has the message.
fn tells_lately(tail: &str, message: &str, now_ms: i64) -> bool {
    tail.lines().rev().any(|line| {
        let written = line.split(' ').next().and_then(|ms| ms.parse::<i64>().ok());
        written.is_some_and(|ms| (0..AGAIN_MS).contains(&now_ms.saturating_sub(ms))) && line.contains(message)
    })
}

/// The message on one line, within its limit.
fn printable(message: &str) -> String {
    let mut line = String::new();
    for ch in message.chars() {
        if line.len() >= MESSAGE_BYTES_MAX {
            line.push('…');
            break;
        }
        if ch.is_control() { line.extend(ch.escape_default()) } else { line.push(ch) }
    }
    line
}

#[expect(clippy::disallowed_methods, reason = "the log lies below the write core and must work without it")]
fn append(path: &Path, told: &Told) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        private_folder(folder)?;
    }
    if std::fs::metadata(path).is_ok_and(|meta| meta.len() > LOG_BYTES_MAX) {
        std::fs::rename(path, path.with_extension("log.1"))?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut line = format!("{} {} pid={} ", unix_ms(), told.level, std::process::id());
    for ch in told.message.chars() {
        if line.len() >= LINE_BYTES_MAX {
            line.push('…');
            break;
        }
        line.push(ch);
    }
    line.push('\n');
    options.open(path)?.write_all(line.as_bytes())
}

#[expect(clippy::disallowed_methods, reason = "the log lies below the write core and must work without it")]
fn private_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Env;

    #[test]
    fn a_line_stays_one_line_whatever_the_message_holds() {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::of(folder.path(), [("RTK_HOME", folder.path())]);
        let paths = Paths::of(&env).unwrap();
        Log::at(Some(&paths)).line("error", "a\nb\u{1b}[31m");
        let text = std::fs::read_to_string(paths.log()).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(text.ends_with("a\\nb\\u{1b}[31m\n"), "{text:?}");
    }
    #[test]
    fn a_launch_has_one_line_and_a_lasting_condition_one_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::of(folder.path(), [("RTK_HOME", folder.path())]);
        let paths = Paths::of(&env).unwrap();
        let launch = |told: &[(&'static str, &str)]| {
            let log = Log::at(Some(&paths)).gathering();
            for (level, message) in told {
                log.line(level, message);
                log.line(level, message);
            }
            log.flush();
            log.flush();
            std::fs::read_to_string(paths.log()).unwrap_or_default()
        };
        assert_eq!(launch(&[]), "");
        let first = launch(&[("warn", "cannot read a\nb"), ("error", "disk full"), ("info", "x")]);
        assert_eq!(first.lines().count(), 1, "{first}");
        assert!(
            first.contains(" error pid=") && first.ends_with("cannot read a\\nb; disk full; x\n"),
            "{first}"
        );
        assert_eq!(launch(&[("warn", "cannot read a\nb")]), first);
        let next = launch(&[("warn", "cannot read a\nb"), ("warn", "cannot read c"), ("error", "disk full")]);
        assert!(next.starts_with(&first) && next.lines().count() == 2, "{next}");
        assert!(next.ends_with(" cannot read c; disk full\n"), "{next}");
        let now = unix_ms();
        assert!(tells_lately(&next, "cannot read c", now));
        assert!(!tells_lately(&next, "cannot read c", now + AGAIN_MS));
        assert!(!tells_lately(&next, "cannot read d", now));
    }
}
