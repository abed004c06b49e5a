//! The record of wrapped commands: what they printed and what of it was shown, a line each, for `rtk gain`.

use super::session::StateError;
use crate::base::Paths;
use crate::fs::append_line;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The record begins anew at this size, in bytes; the last full one is kept beside it.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// One run of a wrapped command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandUse {
    /// When it ended, in milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// The program and its subcommand, such as `git status`.
    pub command: String,
    /// Bytes that the command printed.
    pub raw_bytes: u64,
    /// Bytes that were shown.
    pub shown_bytes: u64,
    /// Tokens of what the command printed.
    pub raw_tokens: u64,
    /// Tokens of what was shown.
    pub shown_tokens: u64,
    /// Whether both were counted whole; otherwise a first part was counted and the rest taken in proportion.
    pub counted_whole: bool,
}

/// Adds a line to the record.
pub fn record_command(paths: &Paths, row: &CommandUse) -> Result<(), StateError> {
    let path = file(paths);
    if std::fs::metadata(&path).is_ok_and(|meta| meta.len() > FILE_BYTES_MAX) {
        crate::fs::rotate(&path, &earlier(&path))?;
    }
    let line = serde_json::to_vec(row)
        .map_err(|source| StateError::Row { path: path.display().to_string(), source })?;
    Ok(append_line(&path, &line)?)
}

/// Every run on record, oldest first; lines that cannot be read are skipped.
pub fn recorded_commands(paths: &Paths) -> Result<Vec<CommandUse>, StateError> {
    let path = file(paths);
    let mut rows = Vec::new();
    for path in [earlier(&path), path] {
        let bytes = match std::fs::read(&path) {
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => continue,
            other => other.map_err(|source| StateError::Read { path: path.display().to_string(), source })?,
        };
        rows.extend(bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()));
    }
    Ok(rows)
}

fn file(paths: &Paths) -> PathBuf {
    paths.state.join("commands.jsonl")
}

fn earlier(path: &Path) -> PathBuf {
    path.with_extension("jsonl.1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Env;

    fn row(at_ms: i64) -> CommandUse {
        CommandUse {
            at_ms,
            command: "git status".into(),
            raw_bytes: 9,
            shown_bytes: 4,
            raw_tokens: 3,
            shown_tokens: 1,
            counted_whole: true,
        }
    }

    #[test]
    fn rows_come_back_in_order_across_a_rotation_and_around_damage() {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::of(&Env::of(folder.path(), [("RTK_HOME", folder.path())])).unwrap();
        assert!(recorded_commands(&paths).unwrap().is_empty());
        record_command(&paths, &row(1)).unwrap();
        let mut bytes = std::fs::read(file(&paths)).unwrap();
        bytes.extend_from_slice(b"not json\n");
        bytes.resize(bytes.len() + usize::try_from(FILE_BYTES_MAX).unwrap(), b'\n');
        std::fs::write(file(&paths), bytes).unwrap();
        record_command(&paths, &row(2)).unwrap();
        assert_eq!(recorded_commands(&paths).unwrap(), [row(1), row(2)]);
        assert!(std::fs::metadata(file(&paths)).unwrap().len() < 1000, "the record did not begin anew");
    }
}
