//! The index of one project as one process sees it: what the database has, and what this process has added to it.

use super::context::IndexError;
use super::document::{Document, Frequencies, Outline};
use super::manifest::Manifest;
use super::schema::{Home, meta, set_meta};
use super::segment::{self, Posting, SEGMENTS_MAX};
use crate::project::FileStat;
use crate::store::{self, StoreError};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// More new documents than this at once become a segment of their own; fewer stay loose.
const LOOSE_AT_ONCE_MAX: usize = 200;

/// Marks a row of the control table as a file that is tracked although ignored; paths of rule files are absolute,
/// these are relative, so the two never meet.
const TRACKED: &[u8] = b"tracked";

/// Terms of one loose document, sorted by hash.
pub(crate) type Terms = Vec<(u64, Frequencies)>;

/// The index of one project.
pub(crate) struct Index {
    pub(crate) home: Home,
    /// `None`: nothing can be saved, everything is in this process.
    pub(crate) connection: Option<Connection>,
    pub(crate) manifest: Manifest,
    /// Ignore-rule files with the numbers they had; a change of one means a full scan.
    pub(crate) control: BTreeMap<Vec<u8>, Option<FileStat>>,
    /// Files that git tracks although a rule ignores them, as of the last full scan.
    pub(crate) tracked_ignored: Vec<Vec<u8>>,
    pub(crate) segments: Vec<u32>,
    /// Documents outside the segments.
    pub(crate) loose: BTreeMap<u32, Terms>,
    /// Outlines of documents that this process has made.
    pub(crate) outlines: HashMap<u32, Outline>,
    /// Documents that this process has made and not yet saved.
    unsaved: BTreeSet<u32>,
    /// Saved documents that are gone.
    dropped: Vec<u32>,
    /// Saved folders that are gone.
    pub(crate) dropped_dirs: Vec<i64>,
    generation: i64,
    next_doc: u32,
    /// Every entry was equal to its file at this time, nanoseconds since the Unix epoch.
    pub(crate) verified_ns: i64,
    /// Time of the last full scan, nanoseconds since the Unix epoch.
    pub(crate) scanned_ns: i64,
    /// Whether anything is to be saved.
    pub(crate) dirty: bool,
}

impl Index {
    /// Reads what the database has; `Ok(None)` when it is damaged.
    pub(crate) fn load(home: Home, connection: Option<Connection>) -> Result<Option<Index>, StoreError> {
        let path = home.database.clone();
        let mut index = Index {
            home,
            connection: None,
            manifest: Manifest::default(),
            control: BTreeMap::new(),
            tracked_ignored: Vec::new(),
            segments: Vec::new(),
            loose: BTreeMap::new(),
            outlines: HashMap::new(),
            unsaved: BTreeSet::new(),
            dropped: Vec::new(),
            dropped_dirs: Vec::new(),
            generation: 0,
            next_doc: 1,
            verified_ns: 0,
            scanned_ns: 0,
            dirty: false,
        };
        if let Some(connection) = connection {
            let whole = index.read(&connection).map_err(|error| StoreError::of(&path, error))?;
            if !whole {
                return Ok(None);
            }
            index.connection = Some(connection);
        }
        Ok(Some(index))
    }

    fn read(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        // One snapshot: another process may save between two statements.
        let snapshot = connection.unchecked_transaction()?;
        self.generation = meta(connection, "generation")?.unwrap_or(0);
        self.next_doc =
            meta(connection, "next_doc")?.and_then(|number| u32::try_from(number).ok()).unwrap_or(1);
        self.verified_ns = meta(connection, "verified_ns")?.unwrap_or(0);
        self.scanned_ns = meta(connection, "scanned_ns")?.unwrap_or(0);
        let Some(manifest) = Manifest::load(connection)? else { return Ok(false) };
        self.manifest = manifest;
        let mut select = connection.prepare_cached("SELECT path, stat FROM control")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let path = row.get_ref(0)?.as_blob()?.to_vec();
            let blob = row.get_ref(1)?.as_blob()?;
            if blob == TRACKED {
                self.tracked_ignored.push(path);
                continue;
            }
            let Some(stat) = decode_stat(blob) else { return Ok(false) };
            self.control.insert(path, stat);
        }
        let mut select = connection.prepare_cached("SELECT id FROM segments ORDER BY id")?;
        self.segments = select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut select = connection.prepare_cached("SELECT id, terms FROM docs WHERE terms IS NOT NULL")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let Some(terms) = segment::decode_terms(row.get_ref(1)?.as_blob()?) else { return Ok(false) };
            self.loose.insert(row.get(0)?, terms);
        }
        drop(rows);
        snapshot.finish()?;
        Ok(true)
    }

    /// Whether the project has never been scanned to the end.
    pub(crate) fn is_new(&self) -> bool {
        self.scanned_ns == 0
    }

    /// Takes a new document in and gives it its number.
    pub(crate) fn add(&mut self, document: Document) -> u32 {
        let doc = self.next_doc;
        self.next_doc += 1;
        self.loose.insert(doc, document.terms);
        self.outlines.insert(doc, document.outline);
        self.unsaved.insert(doc);
        self.dirty = true;
        doc
    }

    /// Forgets a document.
    pub(crate) fn remove(&mut self, doc: u32) {
        if doc == 0 {
            return;
        }
        self.loose.remove(&doc);
        self.outlines.remove(&doc);
        if !self.unsaved.remove(&doc) {
            self.dropped.push(doc);
        }
        self.dirty = true;
    }

    /// The outline of a document; `None` when it is unknown or damaged.
    pub(crate) fn outline(&self, doc: u32) -> Option<Outline> {
        if let Some(outline) = self.outlines.get(&doc) {
            return Some(outline.clone());
        }
        let connection = self.connection.as_ref()?;
        let mut select = connection.prepare_cached("SELECT outline FROM docs WHERE id = ?1").ok()?;
        let blob: Vec<u8> = select.query_row([doc], |row| row.get(0)).ok()?;
        Outline::decode(&blob)
    }

    /// Saves what this process has added. `Ok(false)`: another process saved first, so that this state is not on top
    /// of the database's; nothing was written and the answer of this process is none the worse.
    pub(crate) fn save(&mut self) -> Result<bool, IndexError> {
        let Some(mut connection) = self.connection.take() else { return Ok(false) };
        let path = self.home.database.clone();
        let result = store::write(&mut connection, &path, |transaction| self.write(transaction));
        self.connection = Some(connection);
        match result {
            Ok(saved) => Ok(saved),
            Err(StoreError::Locked { .. }) => Ok(false),
            Err(error) => Err(IndexError::Store(error)),
        }
    }

    fn write(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        if meta(connection, "generation")?.unwrap_or(0) != self.generation {
            return Ok(false);
        }
        self.manifest.save(connection)?;
        for row in self.dropped_dirs.drain(..) {
            connection.prepare_cached("DELETE FROM dirs WHERE id = ?1")?.execute([row])?;
        }
        for doc in self.dropped.drain(..) {
            connection.prepare_cached("DELETE FROM docs WHERE id = ?1")?.execute([doc])?;
        }
        self.write_documents(connection)?;
        connection.execute("DELETE FROM control", [])?;
        for (path, stat) in &self.control {
            let mut insert = connection.prepare_cached("INSERT INTO control (path, stat) VALUES (?1, ?2)")?;
            insert.execute((path, encode_stat(*stat)))?;
        }
        for path in &self.tracked_ignored {
            let mut insert =
                connection.prepare_cached("INSERT OR REPLACE INTO control (path, stat) VALUES (?1, ?2)")?;
            insert.execute((path, TRACKED))?;
        }
        self.generation += 1;
        set_meta(connection, "generation", self.generation)?;
        set_meta(connection, "next_doc", i64::from(self.next_doc))?;
        set_meta(connection, "verified_ns", self.verified_ns)?;
        set_meta(connection, "scanned_ns", self.scanned_ns)?;
        self.dirty = false;
        Ok(true)
    }

    /// Writes unsaved documents: a few as loose ones, many as a segment.
    fn write_documents(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let loose = self.unsaved.len() <= LOOSE_AT_ONCE_MAX;
        let mut insert = connection
            .prepare_cached("INSERT OR REPLACE INTO docs (id, outline, terms) VALUES (?1, ?2, ?3)")?;
        let mut pairs = Vec::new();
        for &doc in &self.unsaved {
            let outline = self.outlines.get(&doc).map(Outline::encode).unwrap_or_default();
            let terms = self.loose.get(&doc).map(Vec::as_slice).unwrap_or_default();
            if loose {
                insert.execute((doc, outline, Some(segment::encode_terms(terms))))?;
            } else {
                insert.execute((doc, outline, None::<Vec<u8>>))?;
                pairs.extend(terms.iter().map(|&(hash, frequencies)| (hash, Posting { doc, frequencies })));
            }
        }
        if !loose {
            let number = self.segments.last().map_or(1, |last| (last + 1) % SEGMENTS_MAX);
            connection.execute(
                "INSERT INTO segments (id, docs) VALUES (?1, ?2)",
                (number, i64::try_from(self.unsaved.len()).unwrap_or(0)),
            )?;
            segment::write_segment(connection, number, &mut pairs)?;
            self.segments.push(number);
            for doc in &self.unsaved {
                self.loose.remove(doc);
                self.outlines.remove(doc);
            }
        }
        self.unsaved.clear();
        Ok(())
    }

    /// Merges all segments and loose documents into one segment that holds living documents only.
    pub(crate) fn merge(&mut self, living: &dyn Fn(u32) -> bool) -> Result<bool, IndexError> {
        let Some(mut connection) = self.connection.take() else { return Ok(false) };
        let path = self.home.database.clone();
        let result =
            store::write(&mut connection, &path, |transaction| self.write_merged(transaction, living));
        self.connection = Some(connection);
        result.map_err(IndexError::Store)
    }

    fn write_merged(
        &mut self,
        connection: &Connection,
        living: &dyn Fn(u32) -> bool,
    ) -> rusqlite::Result<bool> {
        if meta(connection, "generation")?.unwrap_or(0) != self.generation {
            return Ok(false);
        }
        let mut pairs = Vec::new();
        for &number in &self.segments {
            let whole = segment::read_segment(connection, number, |hash, posting| {
                if living(posting.doc) {
                    pairs.push((hash, posting));
                }
            })?;
            if !whole {
                return Ok(false);
            }
            segment::delete_segment(connection, number)?;
        }
        for (&doc, terms) in &self.loose {
            if living(doc) {
                pairs.extend(terms.iter().map(|&(hash, frequencies)| (hash, Posting { doc, frequencies })));
            }
        }
        let number = self.segments.last().map_or(1, |last| (last + 1) % SEGMENTS_MAX);
        segment::write_segment(connection, number, &mut pairs)?;
        connection.execute("UPDATE docs SET terms = NULL WHERE terms IS NOT NULL", [])?;
        connection.execute("DELETE FROM segments", [])?;
        connection.execute("INSERT INTO segments (id, docs) VALUES (?1, 0)", [number])?;
        self.generation += 1;
        set_meta(connection, "generation", self.generation)?;
        self.segments = vec![number];
        self.loose.clear();
        Ok(true)
    }
}

fn encode_stat(stat: Option<FileStat>) -> Vec<u8> {
    let Some(stat) = stat else { return Vec::new() };
    let numbers = [stat.size, stat.mtime_ns.cast_unsigned(), stat.ctime_ns.cast_unsigned(), stat.inode];
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

/// `Some(None)` for a file that was absent, `None` for damage.
fn decode_stat(blob: &[u8]) -> Option<Option<FileStat>> {
    if blob.is_empty() {
        return Some(None);
    }
    let mut reader = super::codec::Reader::new(blob);
    let stat = FileStat {
        size: reader.fixed_u64()?,
        mtime_ns: reader.fixed_i64()?,
        ctime_ns: reader.fixed_i64()?,
        inode: reader.fixed_u64()?,
    };
    reader.is_empty().then_some(Some(stat))
}
