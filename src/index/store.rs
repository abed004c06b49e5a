//! The index of one project as one process sees it: what the database has, and what this process has added to it.

use super::codec::{Reader, put_bytes, put_varint, seal, unseal};
use super::context::IndexError;
use super::document::{Document, Frequencies, Outline};
use super::manifest::Manifest;
use super::schema::{Home, meta, set_meta};
use super::segment::{self, Posting, SEGMENTS_MAX};
use crate::project::FileStat;
use crate::store::{self, StoreError};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use xxhash_rust::xxh3::xxh3_64;

/// More new documents than this at once become a segment of their own; fewer stay loose.
const LOOSE_AT_ONCE_MAX: usize = 200;

/// Marks a row of the control table as a file that is tracked although ignored; paths of rule files are absolute,
/// these are relative, so the two never meet.
const TRACKED: &[u8] = b"tracked";

/// Key of the one row that says what all the other tables must hold.
const HEAD: &str = "head";

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
    /// Numbers of git's own index when that list was made.
    pub(crate) git_index: Option<FileStat>,
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
    generation: u64,
    /// The head of the database as this process knows it; with another one there, another process has saved.
    head: Option<Vec<u8>>,
    /// Whether another process has saved since this one has loaded: nothing of this state can be saved any more.
    pub(crate) outdated: bool,
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
            git_index: None,
            segments: Vec::new(),
            loose: BTreeMap::new(),
            outlines: HashMap::new(),
            unsaved: BTreeSet::new(),
            dropped: Vec::new(),
            dropped_dirs: Vec::new(),
            generation: 0,
            head: None,
            outdated: false,
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

    /// Whether the state that is saved comes from a scan that went to the end.
    pub(crate) fn has_scanned(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let head = meta(connection, HEAD)?;
        Ok(head.is_some_and(|head| self.decode_head(&head).is_some()) && !self.is_new())
    }

    fn read(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        // One snapshot until the next save: another process may save, or merge segments, between two statements.
        connection.execute_batch("BEGIN")?;
        self.head = meta(connection, HEAD)?;
        let mut expected = [0; 3];
        if let Some(head) = self.head.clone() {
            let Some(rows) = self.decode_head(&head) else { return Ok(false) };
            expected = rows;
        }
        let Some(manifest) = Manifest::load(connection)? else { return Ok(false) };
        self.manifest = manifest;
        let whole = self.read_control(connection)? && self.read_loose(connection)?;
        let rows = self.control.len() + self.tracked_ignored.len();
        Ok(whole && [self.manifest.dirs.len(), rows, self.loose.len()].map(|count| count as u64) == expected)
    }

    fn read_control(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let mut select = connection.prepare_cached("SELECT path, stat FROM control")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let path = row.get_ref(0)?.as_blob()?.to_vec();
            let Some(blob) = unseal(row.get_ref(1)?.as_blob()?, xxh3_64(&path)) else { return Ok(false) };
            if blob == TRACKED {
                self.tracked_ignored.push(path);
                continue;
            }
            let Some(stat) = decode_stat(blob) else { return Ok(false) };
            self.control.insert(path, stat);
        }
        Ok(true)
    }

    fn read_loose(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let mut select = connection.prepare_cached("SELECT id, terms FROM docs WHERE terms IS NOT NULL")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let doc = row.get(0)?;
            let terms = unseal(row.get_ref(1)?.as_blob()?, terms_key(doc)).and_then(segment::decode_terms);
            let Some(terms) = terms else { return Ok(false) };
            self.loose.insert(doc, terms);
        }
        Ok(true)
    }

    /// Whether the project has never been scanned to the end.
    pub(crate) fn is_new(&self) -> bool {
        self.scanned_ns == 0
    }

    /// Takes a new document in and gives it its number.
    pub(crate) fn add(&mut self, document: Document) -> u32 {
        let doc = self.next_doc;
        self.next_doc = self.next_doc.saturating_add(1);
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
        Outline::decode(unseal(&blob, u64::from(doc))?)
    }

    /// Saves what this process has added. `Ok(false)`: another process saved first, so that this state is not on top
    /// of the database's; nothing was written and the answer of this process is none the worse.
    pub(crate) fn save(&mut self) -> Result<bool, IndexError> {
        let Some(saved) = self.transact(Erase::Yes, |index, transaction| index.write(transaction))? else {
            return Ok(false);
        };
        self.manifest.saved(saved.rows);
        self.dropped.clear();
        self.dropped_dirs.clear();
        if let Some(number) = saved.segment {
            self.segments.push(number);
            for doc in &self.unsaved {
                self.loose.remove(doc);
                self.outlines.remove(doc);
            }
        }
        self.unsaved.clear();
        self.generation += 1;
        self.dirty = false;
        Ok(true)
    }

    /// Opens a new snapshot for a process that has kept this state; false when the database holds another one by now.
    pub(crate) fn resume(&mut self) -> Result<bool, StoreError> {
        self.end_reading()?;
        let Some(connection) = self.connection.as_ref().filter(|_| !self.outdated) else { return Ok(false) };
        let found = connection.execute_batch("BEGIN").and_then(|()| meta(connection, HEAD));
        Ok(found.map_err(|error| StoreError::of(&self.home.database, error))? == self.head)
    }

    /// Forgets the outlines that the database has, too.
    pub(crate) fn forget_outlines(&mut self) {
        if self.unsaved.is_empty() {
            self.outlines = HashMap::new();
        }
    }

    /// Ends the snapshot that was opened by reading, so that this connection may write.
    pub(crate) fn end_reading(&mut self) -> Result<(), StoreError> {
        match &self.connection {
            Some(connection) if !connection.is_autocommit() => {
                let ended = connection.execute_batch("COMMIT");
                ended.map_err(|error| StoreError::of(&self.home.database, error))
            }
            _ => Ok(()),
        }
    }

    /// Runs `work` in a transaction; it must not change anything but the database, since the commit may fail.
    /// `Ok(None)`: nothing was written, because there is no database, it is locked, or another process saved first.
    fn transact<T>(
        &mut self,
        erase: Erase,
        work: impl FnOnce(&Index, &Connection) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, IndexError> {
        self.end_reading()?;
        let Some(mut connection) = self.connection.take() else { return Ok(None) };
        let _ = connection.pragma_update(None, "secure_delete", erase == Erase::Yes);
        let result = store::write(&mut connection, &self.home.database, |transaction| {
            let found = meta(transaction, HEAD)?;
            if found != self.head {
                return Ok(None);
            }
            let value = work(self, transaction)?;
            Ok(Some((value, meta(transaction, HEAD)?)))
        });
        self.connection = Some(connection);
        match result {
            Ok(Some((value, head))) => {
                self.head = head;
                Ok(Some(value))
            }
            Ok(None) => {
                self.outdated = true;
                Ok(None)
            }
            Err(StoreError::Locked { .. }) => Ok(None),
            Err(error) => Err(IndexError::Store(error)),
        }
    }

    fn write(&self, connection: &Connection) -> rusqlite::Result<Saved> {
        for row in &self.dropped_dirs {
            connection.prepare_cached("DELETE FROM dirs WHERE id = ?1")?.execute([row])?;
        }
        for doc in &self.dropped {
            connection.prepare_cached("DELETE FROM docs WHERE id = ?1")?.execute([doc])?;
        }
        let rows = self.manifest.save(connection)?;
        let segment = self.write_documents(connection)?;
        self.write_control(connection)?;
        let mut segments = self.segments.clone();
        segments.extend(segment);
        let loose = self.loose.len() - if segment.is_some() { self.unsaved.len() } else { 0 };
        set_meta(connection, HEAD, &self.encode_head(&segments, loose))?;
        Ok(Saved { rows, segment })
    }

    fn write_control(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection.execute("DELETE FROM control", [])?;
        let mut insert =
            connection.prepare_cached("INSERT OR REPLACE INTO control (path, stat) VALUES (?1, ?2)")?;
        for (path, stat) in &self.control {
            let mut blob = encode_stat(*stat);
            seal(&mut blob, xxh3_64(path));
            insert.execute((path, blob))?;
        }
        for path in &self.tracked_ignored {
            let mut blob = TRACKED.to_vec();
            seal(&mut blob, xxh3_64(path));
            insert.execute((path, blob))?;
        }
        Ok(())
    }

    /// Writes unsaved documents: a few as loose ones, many as a segment, whose number is returned.
    fn write_documents(&self, connection: &Connection) -> rusqlite::Result<Option<u32>> {
        let loose = self.unsaved.len() <= LOOSE_AT_ONCE_MAX;
        let mut insert = connection
            .prepare_cached("INSERT OR REPLACE INTO docs (id, outline, terms) VALUES (?1, ?2, ?3)")?;
        let mut pairs = Vec::new();
        for &doc in &self.unsaved {
            let mut outline = self.outlines.get(&doc).map(Outline::encode).unwrap_or_default();
            seal(&mut outline, u64::from(doc));
            let terms = self.loose.get(&doc).map(Vec::as_slice).unwrap_or_default();
            if loose {
                let mut blob = segment::encode_terms(terms);
                seal(&mut blob, terms_key(doc));
                insert.execute((doc, outline, Some(blob)))?;
            } else {
                insert.execute((doc, outline, None::<Vec<u8>>))?;
                pairs.extend(terms.iter().map(|&(hash, frequencies)| (hash, Posting { doc, frequencies })));
            }
        }
        if loose {
            return Ok(None);
        }
        let number = self.free_segment();
        segment::write_segment(connection, number, &mut pairs)?;
        Ok(Some(number))
    }

    /// A number that no segment has; row ids have room for a limited range of them.
    fn free_segment(&self) -> u32 {
        (1..SEGMENTS_MAX).find(|number| !self.segments.contains(number)).unwrap_or(0)
    }

    /// Merges all segments and loose documents into one segment that holds living documents only.
    ///
    /// `Ok(false)`: not done, since something is not saved or another process saved first.
    pub(crate) fn merge(&mut self, living: &dyn Fn(u32) -> bool) -> Result<bool, IndexError> {
        if self.dirty || !self.unsaved.is_empty() {
            // What the database does not know must not get into its segments.
            return Ok(false);
        }
        let merged = self.transact(Erase::No, |index, connection| index.write_merged(connection, living))?;
        match merged {
            None => return Ok(false),
            Some(None) => {
                let path = self.home.database.display().to_string();
                return Err(StoreError::Damaged { path, reason: "a block cannot be read".into() }.into());
            }
            Some(Some(number)) => self.segments = vec![number],
        }
        self.loose.clear();
        self.generation += 1;
        Ok(true)
    }

    /// `None` when a segment is damaged.
    fn write_merged(
        &self,
        connection: &Connection,
        living: &dyn Fn(u32) -> bool,
    ) -> rusqlite::Result<Option<u32>> {
        let number = self.free_segment();
        let loose = self.loose.iter().map(|(&doc, terms)| (doc, terms.as_slice()));
        if !segment::merge_segments(connection, (&self.segments, number), loose, living)? {
            return Ok(None);
        }
        for &old in &self.segments {
            segment::delete_segment(connection, old)?;
        }
        connection.execute("UPDATE docs SET terms = NULL WHERE terms IS NOT NULL", [])?;
        set_meta(connection, HEAD, &self.encode_head(&[number], 0))?;
        Ok(Some(number))
    }

    /// The head that a save of this state writes: what the tables must hold, so that a lost row is seen.
    fn encode_head(&self, segments: &[u32], loose: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(80);
        for number in [self.home.place, self.home.kind] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for number in [self.verified_ns, self.scanned_ns] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        put_bytes(&mut out, &encode_stat(self.git_index));
        put_varint(&mut out, self.generation + 1);
        put_varint(&mut out, u64::from(self.next_doc));
        put_varint(&mut out, self.manifest.dirs.len() as u64);
        put_varint(&mut out, (self.control.len() + self.tracked_ignored.len()) as u64);
        put_varint(&mut out, loose as u64);
        put_varint(&mut out, segments.len() as u64);
        for &number in segments {
            put_varint(&mut out, u64::from(number));
        }
        seal(&mut out, 0);
        out
    }

    /// Takes the head over; returns the number of rows of folders, rules and loose documents. `None` when it is
    /// damaged or another project's.
    fn decode_head(&mut self, blob: &[u8]) -> Option<[u64; 3]> {
        let mut reader = Reader::new(unseal(blob, 0)?);
        if reader.fixed_u64()? != self.home.place {
            return None;
        }
        let same_kind = reader.fixed_u64()? == self.home.kind;
        self.verified_ns = reader.fixed_i64()?;
        // Where git's folders are others, other rules hold: everything is walked anew.
        self.scanned_ns = reader.fixed_i64().map(|scanned| if same_kind { scanned } else { 0 })?;
        self.git_index = decode_stat(reader.bytes()?)?;
        self.generation = reader.varint()?;
        self.next_doc = reader.small()?;
        let rows = [reader.varint()?, reader.varint()?, reader.varint()?];
        for _ in 0..reader.varint()? {
            self.segments.push(reader.small()?);
        }
        Some(rows)
    }
}

/// Whether what a transaction moves or deletes is overwritten, too.
#[derive(Clone, Copy, PartialEq)]
enum Erase {
    /// What a file said before it became secret must not stay in a free part of the database, nor a copy of it that was
    /// left behind when a page was divided.
    Yes,
    /// Blocks hold hashes and numbers, and are many.
    No,
}

/// What a transaction has written, to be noted in memory once it is committed.
struct Saved {
    rows: Vec<(Vec<u8>, i64)>,
    segment: Option<u32>,
}

/// Key of the seal of a document's terms; its outline is sealed with the number alone.
fn terms_key(doc: u32) -> u64 {
    u64::from(doc) | 1 << 32
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
    let mut reader = Reader::new(blob);
    let stat = FileStat {
        size: reader.fixed_u64()?,
        mtime_ns: reader.fixed_i64()?,
        ctime_ns: reader.fixed_i64()?,
        inode: reader.fixed_u64()?,
    };
    reader.is_empty().then_some(Some(stat))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::DirListing;
    use std::path::Path;

    fn home(folder: &Path) -> Home {
        let [database, lock] = ["memory.db", "write.lock"].map(|name| folder.join(name));
        Home { folder: folder.to_path_buf(), database, lock, place: 1, kind: 2 }
    }

    fn load(home: &Home) -> Index {
        load_if_whole(home).unwrap()
    }

    fn load_if_whole(home: &Home) -> Option<Index> {
        let options = store::OpenOptions {
            busy: std::time::Duration::from_millis(10),
            synchronous: store::Synchronous::Normal,
        };
        let connection = store::open(&home.database, &options, super::super::schema::MIGRATIONS).unwrap();
        Index::load(home.clone(), Some(connection)).unwrap()
    }

    fn add(index: &mut Index, count: u64) -> Vec<u32> {
        let document = |number: u64| Document {
            terms: (0..50).map(|term| (number * 1000 + term, [1; 6])).collect(),
            ..Document::default()
        };
        (0..count).map(|number| index.add(document(number))).collect()
    }

    fn add_folder(index: &mut Index, path: &[u8]) {
        let file = (b"a.rs".to_vec(), FileStat::default());
        let listing = DirListing {
            path: path.to_vec(),
            mtime_ns: 1,
            ctime_ns: 2,
            inode: 3,
            files: vec![file],
            subdirs: Vec::new(),
            rule_files: Vec::new(),
        };
        let (dir, _) = super::super::manifest::Dir::relisted(None, &listing);
        index.manifest.dirs.insert(path.to_vec(), dir.into());
        index.dirty = true;
    }

    /// Documents that a term of theirs leads to.
    fn found(index: &Index, docs: &[u32]) -> usize {
        let connection = index.connection.as_ref().unwrap();
        let mut lookup = segment::Lookup::new(connection).unwrap();
        let mut in_segments = |hash: u64, doc: u32| {
            let mut hit = false;
            for &number in &index.segments {
                let list = lookup.list(number, hash).unwrap().unwrap();
                segment::read_list(list, &mut |posting| hit |= posting.doc == doc).unwrap();
            }
            hit
        };
        (0..)
            .zip(docs)
            .filter(|&(number, doc)| index.loose.contains_key(doc) || in_segments(number * 1000, *doc))
            .count()
    }

    /// The files of an index that took so many steps are of use.
    const FILES_SINCE: usize = 2;

    #[test]
    fn an_index_whose_history_knew_no_moves_keeps_its_files_and_reads_the_history_anew() {
        let folder = tempfile::tempdir().unwrap();
        let home = home(folder.path());
        let options = store::OpenOptions {
            busy: std::time::Duration::from_millis(10),
            synchronous: store::Synchronous::Normal,
        };
        let released = super::super::schema::MIGRATIONS;
        let connection = store::open(&home.database, &options, &released[..FILES_SINCE]).unwrap();
        connection.execute("INSERT INTO history (tip, data) VALUES ('tip', x'00')", []).unwrap();
        let mut old = Index::load(home.clone(), Some(connection)).unwrap().unwrap();
        let docs = add(&mut old, 30);
        add_folder(&mut old, b"folder");
        assert!(old.save().unwrap());
        drop(old);
        let index = load(&home);
        assert_eq!(found(&index, &docs), docs.len());
        let connection = index.connection.as_ref().unwrap();
        let batches: i64 =
            connection.query_row("SELECT count(*) FROM history", [], |row| row.get(0)).unwrap();
        assert_eq!(batches, 0);
    }

    #[test]
    fn an_index_of_an_earlier_release_is_built_anew() {
        let released = super::super::schema::MIGRATIONS;
        for steps in 1..FILES_SINCE {
            let folder = tempfile::tempdir().unwrap();
            let home = home(folder.path());
            let options = store::OpenOptions {
                busy: std::time::Duration::from_millis(10),
                synchronous: store::Synchronous::Normal,
            };
            let connection = store::open(&home.database, &options, &released[..steps]).unwrap();
            let mut old = Index::load(home.clone(), Some(connection)).unwrap().unwrap();
            add(&mut old, 30);
            add_folder(&mut old, b"folder");
            assert!(old.save().unwrap());
            drop(old);
            let mut index = load(&home);
            assert!(index.manifest.dirs.is_empty() && index.segments.is_empty() && index.loose.is_empty());
            let docs = add(&mut index, 30);
            assert!(index.save().unwrap());
            assert_eq!(found(&load(&home), &docs), docs.len());
        }
    }

    #[test]
    fn a_save_that_fails_leaves_what_this_process_knows_and_can_be_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let home = home(folder.path());
        for count in [20, 300] {
            let mut index = load(&home);
            let docs = add(&mut index, count);
            add_folder(&mut index, format!("folder{count}").as_bytes());
            let pages = |index: &Index, pages: u32| {
                let connection = index.connection.as_ref().unwrap();
                connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
            };
            pages(&index, 1);
            assert!(matches!(index.save(), Err(IndexError::Store(StoreError::Other { .. }))));
            assert_eq!(index.unsaved.len(), docs.len());
            assert!(index.dirty && index.manifest.dirs.values().any(|dir| dir.dirty && dir.row == 0));
            assert_eq!(found(&index, &docs), docs.len());
            assert!(!index.merge(&|_| true).unwrap(), "what is not saved must not get into a segment");
            assert!(load(&home).manifest.dirs.len() < index.manifest.dirs.len());
            pages(&index, 1_000_000);
            assert!(index.save().unwrap());
            assert_eq!(found(&index, &docs), docs.len());
            let again = load(&home);
            assert_eq!(found(&again, &docs), docs.len());
            assert_eq!(again.manifest.dirs.len(), index.manifest.dirs.len());
        }
    }

    #[test]
    fn of_two_writers_the_second_is_refused_and_no_number_is_given_twice() {
        let folder = tempfile::tempdir().unwrap();
        let home = home(folder.path());
        let (mut one, mut two) = (load(&home), load(&home));
        let docs = add(&mut one, 5);
        assert_eq!(add(&mut two, 9)[..5], docs);
        assert!(one.save().unwrap());
        assert!(!two.save().unwrap() && two.outdated && !one.outdated);
        assert_eq!((two.unsaved.len(), two.loose.len()), (9, 9));
        let mut three = load(&home);
        assert_eq!((three.loose.len(), add(&mut three, 1)), (5, vec![6]));
        assert!(three.save().unwrap() && !one.merge(&|_| true).unwrap());
        assert!(three.merge(&|doc| doc != 2).unwrap());
        let four = load(&home);
        assert_eq!((four.loose.len(), four.segments.len()), (0, 1));
        assert_eq!(found(&four, &docs), 4);
    }

    #[test]
    fn a_lost_row_and_a_foreign_database_are_damage() {
        let folder = tempfile::tempdir().unwrap();
        let home = home(folder.path());
        for table in ["dirs", "control", "docs"] {
            let mut index = load(&home);
            add(&mut index, 3);
            add_folder(&mut index, table.as_bytes());
            index.control.insert(table.into(), None);
            assert!(index.save().unwrap());
            assert!(load_if_whole(&Home { place: 9, ..home.clone() }).is_none());
            let other = load(&Home { kind: 9, ..home.clone() });
            assert!(other.is_new() && !other.loose.is_empty(), "other rules: everything is walked anew");
            let connection = index.connection.as_ref().unwrap();
            let key = if table == "control" { "path" } else { "id" };
            let sql = format!("DELETE FROM {table} WHERE {key} = (SELECT {key} FROM {table} LIMIT 1)");
            assert_eq!(connection.execute(&sql, []).unwrap(), 1);
            assert!(load_if_whole(&home).is_none(), "{table}");
            drop(index);
            for suffix in ["", "-wal", "-shm"] {
                std::fs::remove_file(folder.path().join(format!("memory.db{suffix}"))).unwrap();
            }
        }
    }
}
