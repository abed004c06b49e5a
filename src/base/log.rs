//! The log file: one line an event, never on stdout or stderr, never an error of its own.

use super::clock::unix_ms;
use super::paths::Paths;
use std::io::Write as _;
use std::path::PathBuf;

/// A log beyond this size is moved to `rtk.log.1` (the one before it is dropped), in bytes.
const LOG_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// One line never grows beyond this, in bytes.
const LINE_BYTES_MAX: usize = 2000;

/// A handle to the log file; without a path every line is dropped.
#[derive(Debug, Clone, Default)]
pub struct Log {
    path: Option<PathBuf>,
}

impl Log {
    /// A log in the state folder of `paths`.
    pub fn at(paths: Option<&Paths>) -> Log {
        Log { path: paths.map(Paths::log) }
    }

    /// Appends one line: time, `level`, message with control characters made visible. Failures are ignored.
    pub fn line(&self, level: &str, message: &str) {
        let Some(path) = &self.path else { return };
        let _ = append(path, level, message);
    }
}

#[expect(clippy::disallowed_methods, reason = "the log lies below the write core and must work without it")]
fn append(path: &std::path::Path, level: &str, message: &str) -> std::io::Result<()> {
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
    let mut line = format!("{} {level} pid={} ", unix_ms(), std::process::id());
    for ch in message.chars() {
        if line.len() >= LINE_BYTES_MAX {
            line.push('…');
            break;
        }
        if ch.is_control() { line.extend(ch.escape_default()) } else { line.push(ch) }
    }
    line.push('\n');
    options.open(path)?.write_all(line.as_bytes())
}

#[expect(clippy::disallowed_methods, reason = "the log lies below the write core and must work without it")]
fn private_folder(folder: &std::path::Path) -> std::io::Result<()> {
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
}
