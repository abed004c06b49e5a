//! The database of one project: schema, opening, and what to do with a damaged one.

use super::context::{Context, IndexError};
use crate::fs;
use crate::project::{Root, RootKind};
use crate::store::{self, Migration, OpenOptions, StoreError, Synchronous};
use rusqlite::{Connection, OptionalExtension as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// Released steps never change; a change of what blobs mean is a new step that empties the tables.
pub(crate) const MIGRATIONS: &[Migration] = &[
    Migration {
        sql: "CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
          CREATE TABLE dirs (id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, data BLOB NOT NULL);
          CREATE TABLE docs (id INTEGER PRIMARY KEY, outline BLOB NOT NULL, terms BLOB);
          CREATE INDEX docs_loose ON docs (id) WHERE terms IS NOT NULL;
          CREATE TABLE blocks (id INTEGER PRIMARY KEY, data BLOB NOT NULL);
          CREATE TABLE control (path BLOB PRIMARY KEY, stat BLOB NOT NULL) WITHOUT ROWID;
          CREATE TABLE history (id INTEGER PRIMARY KEY, tip TEXT NOT NULL, data BLOB NOT NULL);",
    },
    // Kotlin, Swift, Scala and Lua have definitions now: files that were indexed without are looked at again.
    Migration {
        sql: "DELETE FROM meta; DELETE FROM dirs; DELETE FROM docs; DELETE FROM blocks; DELETE FROM control; DELETE FROM history;",
    },
    // Batches of commits say which files were moved: the history is read anew, the rest stays.
    Migration { sql: "DELETE FROM history;" },
];

/// How long a reader or writer waits for another process's lock.
const BUSY: Duration = Duration::from_millis(100);

/// Where one project's derived data lie.
#[derive(Debug, Clone)]
pub(crate) struct Home {
    pub(crate) folder: PathBuf,
    pub(crate) database: PathBuf,
    pub(crate) lock: PathBuf,
    /// Hash of the root's path: a database that was meant for another project is not taken for this one's.
    pub(crate) place: u64,
    /// Hash of where the project's git folders are: with others, other rules hold.
    pub(crate) kind: u64,
}

/// The project's id: a hash of its canonical root.
pub(crate) fn project_id(root: &Path) -> String {
    format!("{:032x}", xxh3_128(root.as_os_str().as_bytes()))
}

impl Home {
    pub(crate) fn of(context: &Context<'_>, root: &Root) -> Home {
        let folder = context.paths.project(&project_id(&root.path));
        let kind = match &root.kind {
            RootKind::Git { git_dir, common_dir } => {
                [git_dir, common_dir].map(|dir| dir.as_os_str().as_bytes())
            }
            RootKind::Manifest | RootKind::Plain => [b"".as_slice(); 2],
        };
        Home {
            database: folder.join("memory.db"),
            lock: folder.join("write.lock"),
            place: xxh3_64(root.path.as_os_str().as_bytes()),
            kind: xxh3_64(&kind.join(&0)),
            folder,
        }
    }
}

/// Opens the project's database; a damaged one is moved aside first. `None` when it cannot be had (read-only disk
/// without one, locked, newer): the caller works in memory alone.
pub(crate) fn open(context: &Context<'_>, home: &Home) -> Result<Option<Connection>, IndexError> {
    if let Err(error) = fs::create_private_dir_all(&home.folder) {
        context.log.line("warn", &format!("index: {error}"));
    }
    let options = OpenOptions { busy: BUSY, synchronous: Synchronous::Normal };
    for _ in 0..2 {
        // Left to itself SQLite makes a file that everybody may read; its log takes the mode of the database. Where this
        // fails, opening fails, too, and says why.
        let _ = fs::create_private_file(&home.database);
        match store::open(&home.database, &options, MIGRATIONS) {
            Ok(connection) => return Ok(Some(connection)),
            Err(StoreError::Damaged { path, reason }) => {
                context
                    .log
                    .line("warn", &format!("index: {path} is damaged ({reason}); moved aside, rebuilding"));
                if !set_aside(context, home) {
                    return Ok(None);
                }
            }
            Err(error) => {
                context.log.line("warn", &format!("index: {error}"));
                return Ok(None);
            }
        }
    }
    Ok(None)
}

/// Moves a damaged database and its log out of the way; whether that worked.
pub(crate) fn set_aside(context: &Context<'_>, home: &Home) -> bool {
    for suffix in ["-wal", "-shm"] {
        let mut name = home.database.clone().into_os_string();
        name.push(suffix);
        let _ = fs::remove_file(Path::new(&name));
    }
    // Everything in it can be derived again: one copy is kept for whoever asks why, no more.
    let _ = fs::remove_file(&home.folder.join("memory.db.damaged-1"));
    match fs::quarantine(&home.database) {
        Ok(_) => true,
        Err(error) => {
            context.log.line("error", &format!("index: {error}"));
            false
        }
    }
}

/// Reads a blob of the `meta` table.
pub(crate) fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut select = connection.prepare_cached("SELECT value FROM meta WHERE key = ?1")?;
    select.query_row([key], |row| row.get(0)).optional()
}

/// Sets a blob of the `meta` table.
pub(crate) fn set_meta(connection: &Connection, key: &str, value: &[u8]) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2",
        )?
        .execute((key, value))?;
    Ok(())
}
