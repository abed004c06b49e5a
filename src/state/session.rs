//! The record file of one client session: read from its tail, appended to, locked.

use super::event::{Event, Mark};
use crate::base::Paths;
use crate::fs::{FsError, Lock, append_line};
use crate::text::lines;
use std::cell::Cell;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::time::Duration;

/// Reading goes back this far from the end, in bytes; older rows are only for explanations.
const TAIL_BYTES_MAX: u64 = 512 * 1024;
/// Begins the last and longest field of a launch, which only explanations need; quotes in strings are escaped, so that it
/// stands nowhere else.
const EXPLANATION: &[u8] = b",\"candidates\":[";
/// A record of this size takes no more rows, in bytes.
const FILE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Why the record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Writing or locking failed.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// Reading failed.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A row cannot be written as JSON.
    #[error("cannot write a row of {path}: {source}")]
    Row {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The record has reached its largest size.
    #[error("{path} has reached its largest size of {FILE_BYTES_MAX} bytes")]
    Full {
        /// The file.
        path: String,
    },
}

/// Handle to the record of one session.
#[derive(Debug)]
pub struct Session {
    path: PathBuf,
    lock: PathBuf,
    /// Whether the file was seen to end within a line, so that the next row must begin a new one.
    torn: Cell<bool>,
}

impl Session {
    /// The record of the client session `session_id`; nothing is touched yet.
    pub fn of(paths: &Paths, session_id: &str) -> Session {
        let name = format!("{:032x}", xxhash_rust::xxh3::xxh3_128(session_id.as_bytes()));
        Session {
            path: paths.sessions().join(format!("{name}.jsonl")),
            lock: paths.locks().join(format!("session-{name}.lock")),
            torn: Cell::new(false),
        }
    }

    /// Takes the session's lock, waiting at most about `wait`.
    pub fn lock(&self, wait: Duration) -> Result<Lock, StateError> {
        Ok(Lock::acquire(&self.lock, wait)?)
    }

    /// The latest rows in the order of writing; a missing file is an empty record, unreadable rows are skipped.
    pub fn marks(&self) -> Result<Vec<Mark>, StateError> {
        let bytes = self.tail()?;
        self.torn.set(bytes.last().is_some_and(|byte| *byte != b'\n'));
        Ok(lines(&bytes).filter(|line| !line.is_empty()).filter_map(mark).collect())
    }

    /// Appends one row.
    pub fn append(&self, event: &Event) -> Result<(), StateError> {
        let shown = || self.path.display().to_string();
        let row = serde_json::to_vec(event).map_err(|source| StateError::Row { path: shown(), source })?;
        if std::fs::metadata(&self.path).is_ok_and(|meta| meta.len() > FILE_BYTES_MAX) {
            return Err(StateError::Full { path: shown() });
        }
        if self.torn.take() {
            append_line(&self.path, b"")?;
        }
        Ok(append_line(&self.path, &row)?)
    }

    fn tail(&self) -> Result<Vec<u8>, StateError> {
        let error = |source| StateError::Read { path: self.path.display().to_string(), source };
        let mut file = match std::fs::File::open(&self.path) {
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(error)?,
        };
        let size = file.metadata().map_err(error)?.len();
        let skip = size.saturating_sub(TAIL_BYTES_MAX);
        if skip > 0 {
            file.seek(SeekFrom::Start(skip)).map_err(error)?;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size - skip).unwrap_or(0) + 1);
        file.take(TAIL_BYTES_MAX).read_to_end(&mut bytes).map_err(error)?;
        Ok(bytes)
    }
}

/// Reads a row without its explanation.
fn mark(line: &[u8]) -> Option<Mark> {
    let Some(end) = memchr::memmem::find(line, EXPLANATION).filter(|_| line.ends_with(b"]}")) else {
        return serde_json::from_slice(line).ok();
    };
    let mut short = line.get(..end)?.to_vec();
    short.push(b'}');
    serde_json::from_slice(&short).ok()
}

#[cfg(test)]
mod tests {
    use super::super::event::{Action, CandidateRow, ErrorRow, Launch, Started};
    use super::*;
    use crate::base::Env;

    fn session(folder: &std::path::Path) -> Session {
        Session::of(&Paths::of(&Env::of(folder, [("RTK_HOME", folder)])).unwrap(), "s/../\u{0}")
    }

    fn launch(id: &str) -> Event {
        let mut launch = Launch::new("s", 7);
        launch.tool_use_id = Some(id.into());
        launch.action = Action::Injected;
        launch.paths = vec!["src/a.rs".into()];
        launch.prompt_head = r#"x","candidates":[1]}"#.into();
        launch.candidates = vec![CandidateRow {
            path: "src/\"b\".rs".into(),
            score: 0.5,
            reasons: Vec::new(),
            shown: false,
            tokens: 0,
            cut: None,
        }];
        Event::Launch(Box::new(launch))
    }

    #[test]
    fn rows_come_back_in_order_with_what_the_hot_path_needs() {
        let folder = tempfile::tempdir().unwrap();
        let session = session(folder.path());
        assert!(session.marks().unwrap().is_empty());
        session.append(&launch("t1")).unwrap();
        session.append(&Event::SubagentStart(Started::new(8, Some("a1".into()), "Plan".into()))).unwrap();
        session.append(&Event::Error(ErrorRow::new(9, "PreToolUse", "x"))).unwrap();
        let marks = session.marks().unwrap();
        assert_eq!(
            marks.iter().map(|mark| mark.kind.as_str()).collect::<Vec<_>>(),
            ["launch", "subagent_start", "error"]
        );
        assert_eq!(marks[0].action, Some(Action::Injected));
        assert_eq!(marks[0].paths, ["src/a.rs"]);
        assert_eq!((marks[1].agent_id.as_deref(), marks[1].action), (Some("a1"), None));
    }

    #[test]
    fn a_torn_last_line_and_foreign_lines_cost_only_themselves() {
        let folder = tempfile::tempdir().unwrap();
        let session = session(folder.path());
        session.append(&launch("t1")).unwrap();
        let mut bytes = std::fs::read(&session.path).unwrap();
        bytes.extend_from_slice(b"not json\n{\"kind\":\"future\",\"action\":\"danced\"}\n{\"kind\":\"laun");
        std::fs::write(&session.path, bytes).unwrap();
        assert_eq!(session.marks().unwrap().len(), 2);
        session.append(&launch("t2")).unwrap();
        let ids: Vec<_> = session.marks().unwrap().into_iter().filter_map(|mark| mark.tool_use_id).collect();
        assert_eq!(ids, ["t1", "t2"]);
    }

    #[test]
    fn only_the_tail_of_a_long_record_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let session = session(folder.path());
        session.append(&launch("old")).unwrap();
        let mut bytes = std::fs::read(&session.path).unwrap();
        bytes.resize(bytes.len() + 2 * 1024 * 1024, b'\n');
        std::fs::write(&session.path, bytes).unwrap();
        session.append(&launch("new")).unwrap();
        let marks = session.marks().unwrap();
        assert_eq!(marks.len(), 1);
        assert_eq!(marks[0].tool_use_id.as_deref(), Some("new"));
    }

    #[test]
    fn a_full_record_takes_no_more_rows_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let session = session(folder.path());
        session.append(&launch("t1")).unwrap();
        std::fs::OpenOptions::new()
            .write(true)
            .open(&session.path)
            .unwrap()
            .set_len(FILE_BYTES_MAX + 1)
            .unwrap();
        assert!(matches!(session.append(&launch("t2")), Err(StateError::Full { .. })));
    }
}
