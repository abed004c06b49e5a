//! SQLite connections: pragmas, migrations, and errors sorted into what the caller can do about them.

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// Earlier libraries have a bug in the reset of the write-ahead log that damages databases.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
/// SQLite's code for "no such table" and the like.
const SQLITE_ERROR: i32 = 1;
/// SQLite's code for a file that ends within a page.
const SQLITE_IOERR_SHORT_READ: i32 = 522;
/// Size of the page cache of a connection, in KiB.
const CACHE_KIB: i32 = 4096;

/// How durable a commit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// For derived data: a power cut may lose the last commits, never the database.
    Normal,
    /// For the truth: an acknowledged commit survives a power cut.
    Full,
}

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// How long to wait for a lock.
    pub busy: Duration,
    /// How durable commits are.
    pub synchronous: Synchronous,
}

/// One numbered step of a schema; released steps never change.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// The statements, run in one transaction.
    pub sql: &'static str,
}

/// Why a database could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Not a database, or torn: move it aside and rebuild, or recover.
    #[error("database {path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: String,
        /// SQLite's reason.
        reason: String,
    },
    /// Somebody else holds the lock; try again later.
    #[error("database {path} is locked by another process")]
    Locked {
        /// The file.
        path: String,
    },
    /// Written by a newer version of rtk.
    #[error("database {path} has schema {found}, this rtk knows {known}")]
    Newer {
        /// The file.
        path: String,
        /// Its schema number.
        found: usize,
        /// The newest that this program knows.
        known: usize,
    },
    /// The library that was linked is too old to be safe.
    #[error("SQLite {found} is older than 3.51.3")]
    Library {
        /// Version of the library.
        found: String,
    },
    /// Anything else: permissions, full disk, wrong statement.
    #[error("database {path}: {source}")]
    Other {
        /// The file.
        path: String,
        /// SQLite's reason.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// Sorts an error of SQLite by what can be done about it.
    pub fn of(path: &Path, error: rusqlite::Error) -> StoreError {
        let file = path.display().to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked { path: file },
            _ if is_damage(&error) => StoreError::Damaged { path: file, reason: error.to_string() },
            _ => StoreError::Other { path: file, source: error },
        }
    }
}

/// Our statements are fixed and fit our schema: where a table, a column or a type is not as it must be, a byte of the
/// file has changed.
fn is_damage(error: &rusqlite::Error) -> bool {
    use rusqlite::Error;
    match error {
        Error::SqliteFailure(failure, _) => {
            let code = failure.extended_code;
            code == SQLITE_ERROR
                || code == SQLITE_IOERR_SHORT_READ
                || matches!(
                    failure.code,
                    ErrorCode::DatabaseCorrupt
                        | ErrorCode::NotADatabase
                        | ErrorCode::TypeMismatch
                        | ErrorCode::TooBig
                        | ErrorCode::ConstraintViolation
                )
        }
        Error::SqlInputError { error, .. } => error.extended_code == SQLITE_ERROR,
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => true,
        _ => false,
    }
}

/// How long a look at a database waits for its writer.
const CHECK_BUSY: Duration = Duration::from_millis(2_500);

/// Opens or creates the database and brings its schema up to date. Its folder must exist.
///
/// On a disk that cannot be written an existing database is opened read-only.
pub fn open(path: &Path, options: &OpenOptions, migrations: &[Migration]) -> Result<Connection, StoreError> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(StoreError::Library { found: rusqlite::version().to_owned() });
    }
    match open_writable(path, options, migrations) {
        Err(StoreError::Other { source, .. }) if is_read_only(&source) => open_read_only(path, migrations),
        result => result,
    }
}

fn is_read_only(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied)
    )
}

fn open_writable(
    path: &Path,
    options: &OpenOptions,
    migrations: &[Migration],
) -> Result<Connection, StoreError> {
    let sorted = |error| StoreError::of(path, error);
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags).map_err(sorted)?;
    connection.busy_timeout(options.busy).map_err(sorted)?;
    // The last connection to close would checkpoint and fsync, 10 ms of a short-lived process; done elsewhere.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(sorted)?;
    let fresh = schema(&connection).map_err(sorted)? == 0;
    if fresh {
        let tables: i64 = connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .map_err(sorted)?;
        if tables > 0 && schema(&connection).map_err(sorted)? == 0 {
            let reason = "tables without a schema number".to_owned();
            return Err(StoreError::Damaged { path: path.display().to_string(), reason });
        }
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(sorted)?;
        let mode: String = connection
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
            .map_err(sorted)?;
        if !mode.eq_ignore_ascii_case("wal") {
            // Network file systems have no shared memory for the log.
            connection.pragma_update(None, "journal_mode", "TRUNCATE").map_err(sorted)?;
        }
    }
    let level = if options.synchronous == Synchronous::Full { "FULL" } else { "NORMAL" };
    connection.pragma_update(None, "synchronous", level).map_err(sorted)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB).map_err(sorted)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0).map_err(sorted)?;
    migrate(&mut connection, path, migrations)?;
    Ok(connection)
}

fn open_read_only(path: &Path, migrations: &[Migration]) -> Result<Connection, StoreError> {
    let sorted = |error| StoreError::of(path, error);
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(sorted)?;
    let found = schema(&connection).map_err(sorted)?;
    if found != migrations.len() {
        return Err(StoreError::Newer { path: path.display().to_string(), found, known: migrations.len() });
    }
    Ok(connection)
}

fn schema(connection: &Connection) -> Result<usize, rusqlite::Error> {
    connection
        .pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))
        .map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

fn migrate(connection: &mut Connection, path: &Path, migrations: &[Migration]) -> Result<(), StoreError> {
    let sorted = |error| StoreError::of(path, error);
    let found = schema(connection).map_err(sorted)?;
    if found > migrations.len() {
        return Err(StoreError::Newer { path: path.display().to_string(), found, known: migrations.len() });
    }
    if found == migrations.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sorted)?;
    // Another process may have migrated while this one waited for the lock.
    let found = schema(&transaction).map_err(sorted)?;
    for migration in migrations.get(found..).unwrap_or_default() {
        transaction.execute_batch(migration.sql).map_err(sorted)?;
    }
    transaction
        .pragma_update(None, "user_version", i64::try_from(migrations.len()).unwrap_or(i64::MAX))
        .map_err(sorted)?;
    transaction.commit().map_err(sorted)
}

/// Runs `work` in one immediate transaction and commits it.
pub fn write<T>(
    connection: &mut Connection,
    path: &Path,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, rusqlite::Error>,
) -> Result<T, StoreError> {
    let sorted = |error| StoreError::of(path, error);
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sorted)?;
    let value = work(&transaction).map_err(sorted)?;
    transaction.commit().map_err(sorted)?;
    Ok(value)
}

/// Lets SQLite look through the whole file, and changes nothing. Returns what it found wrong; nothing when it is sound.
pub fn check(path: &Path) -> Result<Vec<String>, StoreError> {
    let sorted = |error| StoreError::of(path, error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sorted)?;
    connection.busy_timeout(CHECK_BUSY).map_err(sorted)?;
    let mut statement = connection.prepare("PRAGMA quick_check(10)").map_err(sorted)?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).map_err(sorted)?;
    let rows: Vec<String> = rows.collect::<Result<_, _>>().map_err(sorted)?;
    Ok(rows.into_iter().filter(|row| row != "ok").collect())
}

/// A file is made smaller when more than this share of its pages, one in so many, holds nothing.
const FREE_SHARE: i64 = 4;

/// Gives pages that hold nothing back to the system if they are many; for background work, never for a hot path.
///
/// The caller holds the writers' lock. A process killed meanwhile leaves the database as it was or as it will be.
pub fn shrink(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let sorted = |error| StoreError::of(path, error);
    let count =
        |pragma| connection.pragma_query_value::<i64, _>(None, pragma, |row| row.get(0)).map_err(sorted);
    if count("freelist_count")? <= count("page_count")? / FREE_SHARE {
        return Ok(());
    }
    // Each row that is asked for frees one page.
    let mut statement = connection.prepare("PRAGMA incremental_vacuum").map_err(sorted)?;
    let mut rows = statement.query([]).map_err(sorted)?;
    while rows.next().map_err(sorted)?.is_some() {}
    Ok(())
}

/// Copies the write-ahead log into the database and truncates it; for background work, never for a hot path.
pub fn checkpoint(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let done = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    done.map_err(|error| StoreError::of(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: &[Migration] = &[
        Migration { sql: "CREATE TABLE a (x INTEGER)" },
        Migration { sql: "ALTER TABLE a ADD COLUMN y INTEGER" },
    ];

    fn options() -> OpenOptions {
        OpenOptions { busy: Duration::from_millis(10), synchronous: Synchronous::Normal }
    }

    #[test]
    fn opens_in_wal_and_migrates_forwards_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let first = open(&path, &options(), &STEPS[..1]).unwrap();
        first.execute("INSERT INTO a VALUES (1)", []).unwrap();
        drop(first);
        let second = open(&path, &options(), STEPS).unwrap();
        let mode: String = second.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
        let row: (i64, Option<i64>) =
            second.query_row("SELECT x, y FROM a", [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        assert_eq!(row, (1, None));
        drop(second);
        let older = open(&path, &options(), &STEPS[..1]);
        assert!(matches!(older, Err(StoreError::Newer { found: 2, known: 1, .. })), "{older:?}");
    }

    #[test]
    fn a_schema_that_is_not_ours_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let connection = open(&path, &options(), STEPS).unwrap();
        for sql in ["SELECT x FROM b", "SELECT z FROM a"] {
            let error = StoreError::of(&path, connection.prepare(sql).unwrap_err());
            assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        }
        connection.execute("INSERT INTO a (x) VALUES ('text')", []).unwrap();
        let error = connection.query_row("SELECT x FROM a", [], |row| row.get::<_, i64>(0)).unwrap_err();
        assert!(matches!(StoreError::of(&path, error), StoreError::Damaged { .. }));
        connection.pragma_update(None, "user_version", 0).unwrap();
        assert!(matches!(open(&path, &options(), STEPS), Err(StoreError::Damaged { .. })));
    }

    #[test]
    fn zeros_and_nonsense_are_damage_and_a_writer_is_a_lock() {
        let folder = tempfile::tempdir().unwrap();
        let zeros = folder.path().join("zeros.db");
        std::fs::write(&zeros, vec![0_u8; 8192]).unwrap();
        assert!(matches!(open(&zeros, &options(), STEPS), Err(StoreError::Damaged { .. })));
        let path = folder.path().join("locked.db");
        let mut first = open(&path, &options(), STEPS).unwrap();
        let mut second = open(&path, &options(), STEPS).unwrap();
        let held = first.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        let refused = write(&mut second, &path, |tx| tx.execute("INSERT INTO a VALUES (1, 1)", []));
        assert!(matches!(refused, Err(StoreError::Locked { .. })), "{refused:?}");
        drop(held);
        write(&mut second, &path, |tx| tx.execute("INSERT INTO a VALUES (1, 1)", [])).unwrap();
        checkpoint(&second, &path).unwrap();
    }

    #[test]
    fn a_file_full_of_nothing_shrinks_and_keeps_what_it_holds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let connection = open(&path, &options(), STEPS).unwrap();
        connection.execute_batch("CREATE TABLE b (id INTEGER PRIMARY KEY, data BLOB)").unwrap();
        for id in 0..200 {
            connection.execute("INSERT INTO b VALUES (?1, zeroblob(20000))", [id]).unwrap();
        }
        let size = || {
            checkpoint(&connection, &path).unwrap();
            std::fs::metadata(&path).unwrap().len()
        };
        let full = size();
        connection.execute("DELETE FROM b WHERE id % 10 = 0", []).unwrap();
        shrink(&connection, &path).unwrap();
        assert_eq!(size(), full, "a tenth is kept for what comes");
        connection.execute("DELETE FROM b WHERE id % 10 <> 1", []).unwrap();
        assert_eq!(size(), full, "nothing shrinks by itself");
        shrink(&connection, &path).unwrap();
        assert!(size() < full / 8, "{} of {full}", size());
        let left: i64 =
            connection.query_row("SELECT sum(length(data)) FROM b", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 20 * 20000);
        assert_eq!(check(&path).unwrap(), Vec::<String>::new());
    }
}
