//! Every file that the scan knows, folder by folder, with what is known of its content; one row a folder.

use super::codec::{Reader, put_bytes, put_varint, seal, unseal};
use super::document::FIELDS;
use crate::project::{DirListing, FileStat};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// What the index has of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing yet.
    Pending,
    /// Its words and outline.
    Indexed,
    /// Its path only: too large.
    NameOnly,
    /// Nothing, for good: binary, unreadable or secret.
    Excluded,
}

impl State {
    fn from_id(id: u8) -> Option<State> {
        [State::Pending, State::Indexed, State::NameOnly, State::Excluded]
            .into_iter()
            .find(|state| *state as u8 == id)
    }
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    name_start: u32,
    name_length: u16,
    pub(crate) stat: FileStat,
    /// xxh3 of the content.
    pub(crate) hash: u64,
    /// Document in the index; 0 for none.
    pub(crate) doc: u32,
    pub(crate) state: State,
    /// `code::Language` by id.
    pub(crate) language: u8,
    /// `project::FileClass` as bits.
    pub(crate) class: u8,
    pub(crate) symbols: u32,
    pub(crate) lengths: [u32; FIELDS],
}

/// One folder with its files, sorted by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dir {
    /// Row in the database; 0 before it is saved.
    pub(crate) row: i64,
    pub(crate) mtime_ns: i64,
    pub(crate) ctime_ns: i64,
    pub(crate) inode: u64,
    names: Vec<u8>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) dirty: bool,
}

impl Dir {
    /// The file's name, raw bytes.
    pub(crate) fn name(&self, entry: &Entry) -> &[u8] {
        let start = entry.name_start as usize;
        self.names.get(start..start + usize::from(entry.name_length)).unwrap_or_default()
    }

    /// The entry of a name.
    pub(crate) fn find(&self, name: &[u8]) -> Option<&Entry> {
        self.entries
            .binary_search_by(|entry| self.name(entry).cmp(name))
            .ok()
            .map(|index| &self.entries[index])
    }

    fn push(&mut self, name: &[u8], entry: Entry) {
        let Ok(name_length) = u16::try_from(name.len()) else { return };
        let Ok(name_start) = u32::try_from(self.names.len()) else { return };
        self.names.extend_from_slice(name);
        self.entries.push(Entry { name_start, name_length, ..entry });
    }

    /// Builds the folder from a fresh listing, keeping what `before` knew of files whose names stay.
    ///
    /// Returns the folder and the documents of files that are gone. Entries keep their old stat until their content
    /// has been looked at, so that nothing is taken for verified that was not.
    pub(crate) fn relisted(before: Option<&Dir>, listing: &DirListing) -> (Dir, Vec<u32>) {
        let mut dir = Dir {
            row: before.map_or(0, |dir| dir.row),
            mtime_ns: listing.mtime_ns,
            ctime_ns: listing.ctime_ns,
            inode: listing.inode,
            dirty: true,
            ..Dir::default()
        };
        let mut files: Vec<&(Vec<u8>, FileStat)> = listing.files.iter().collect();
        files.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut kept = 0;
        for (name, _) in files {
            match before.and_then(|dir| dir.find(name)) {
                Some(entry) => {
                    kept += 1;
                    dir.push(name, entry.clone());
                }
                None => dir.push(name, Entry::pending()),
            }
        }
        let mut gone = Vec::new();
        if let Some(before) = before.filter(|before| before.entries.len() > kept) {
            let lost = before.entries.iter().filter(|entry| dir.find(before.name(entry)).is_none());
            gone.extend(lost.map(|entry| entry.doc).filter(|&doc| doc != 0));
        }
        (dir, gone)
    }
}

impl Entry {
    fn pending() -> Entry {
        Entry {
            name_start: 0,
            name_length: 0,
            stat: FileStat { size: u64::MAX, mtime_ns: 0, ctime_ns: 0, inode: 0 },
            hash: 0,
            doc: 0,
            state: State::Pending,
            language: 0,
            class: 0,
            symbols: 0,
            lengths: [0; FIELDS],
        }
    }
}

/// All folders by path; the root is the empty path.
#[derive(Debug, Default)]
pub(crate) struct Manifest {
    /// Shared with the layouts that were made of them.
    pub(crate) dirs: BTreeMap<Vec<u8>, Arc<Dir>>,
}

impl Manifest {
    /// A folder to be changed.
    pub(crate) fn dir_mut(&mut self, path: &[u8]) -> Option<&mut Dir> {
        self.dirs.get_mut(path).map(Arc::make_mut)
    }

    /// Files that are part of the project, and those of them that the index has looked at.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let entries = self.dirs.values().flat_map(|dir| &dir.entries);
        entries.fold((0, 0), |(known, done), entry| {
            (known + 1, done + usize::from(entry.state != State::Pending))
        })
    }

    /// Reads all folders; `Ok(None)` when a row is damaged.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Option<Manifest>> {
        let mut select = connection.prepare_cached("SELECT id, path, data FROM dirs")?;
        let mut rows = select.query([])?;
        let mut dirs = Vec::new();
        while let Some(row) = rows.next()? {
            let path = row.get_ref(1)?.as_blob()?.to_vec();
            let Some(mut dir) = decode(&path, row.get_ref(2)?.as_blob()?) else { return Ok(None) };
            dir.row = row.get(0)?;
            dirs.push((path, Arc::new(dir)));
        }
        Ok(Some(Manifest { dirs: dirs.into_iter().collect() }))
    }

    /// Writes the folders that changed; returns them with their rows, for [`Manifest::saved`] after the commit.
    pub(crate) fn save(&self, connection: &Connection) -> rusqlite::Result<Vec<(Vec<u8>, i64)>> {
        let mut insert = connection.prepare_cached("INSERT INTO dirs (path, data) VALUES (?1, ?2)")?;
        let mut update = connection.prepare_cached("UPDATE dirs SET data = ?2 WHERE id = ?1")?;
        let mut rows = Vec::new();
        for (path, dir) in self.dirs.iter().filter(|(_, dir)| dir.dirty) {
            let data = encode(path, dir);
            if dir.row == 0 {
                insert.execute((path, data))?;
                rows.push((path.clone(), connection.last_insert_rowid()));
            } else {
                update.execute((dir.row, data))?;
                rows.push((path.clone(), dir.row));
            }
        }
        Ok(rows)
    }

    /// Notes what a committed save has written.
    pub(crate) fn saved(&mut self, rows: Vec<(Vec<u8>, i64)>) {
        for (path, row) in rows {
            if let Some(dir) = self.dir_mut(&path) {
                (dir.row, dir.dirty) = (row, false);
            }
        }
    }
}

fn encode(path: &[u8], dir: &Dir) -> Vec<u8> {
    let mut out = Vec::with_capacity(dir.entries.len() * 72 + 32);
    out.extend_from_slice(&dir.mtime_ns.to_le_bytes());
    out.extend_from_slice(&dir.ctime_ns.to_le_bytes());
    out.extend_from_slice(&dir.inode.to_le_bytes());
    for entry in &dir.entries {
        put_bytes(&mut out, dir.name(entry));
        put_varint(&mut out, entry.stat.size);
        out.extend_from_slice(&entry.stat.mtime_ns.to_le_bytes());
        out.extend_from_slice(&entry.stat.ctime_ns.to_le_bytes());
        put_varint(&mut out, entry.stat.inode);
        out.extend_from_slice(&entry.hash.to_le_bytes());
        put_varint(&mut out, u64::from(entry.doc));
        out.extend_from_slice(&[entry.state as u8, entry.language, entry.class]);
        put_varint(&mut out, u64::from(entry.symbols));
        for length in entry.lengths {
            put_varint(&mut out, u64::from(length));
        }
    }
    seal(&mut out, xxh3_64(path));
    out
}

fn decode(path: &[u8], data: &[u8]) -> Option<Dir> {
    let mut reader = Reader::new(unseal(data, xxh3_64(path))?);
    let mut dir = Dir {
        mtime_ns: reader.fixed_i64()?,
        ctime_ns: reader.fixed_i64()?,
        inode: reader.fixed_u64()?,
        ..Dir::default()
    };
    while !reader.is_empty() {
        let name = reader.bytes()?;
        let stat = FileStat {
            size: reader.varint()?,
            mtime_ns: reader.fixed_i64()?,
            ctime_ns: reader.fixed_i64()?,
            inode: reader.varint()?,
        };
        let hash = reader.fixed_u64()?;
        let doc = reader.small()?;
        let state = State::from_id(reader.byte()?)?;
        let (language, class) = (reader.byte()?, reader.byte()?);
        let symbols = reader.small()?;
        let mut lengths = [0_u32; FIELDS];
        for length in &mut lengths {
            *length = reader.small()?;
        }
        dir.push(
            name,
            Entry { stat, hash, doc, state, language, class, symbols, lengths, ..Entry::pending() },
        );
    }
    Some(dir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::{btree_map, btree_set};
    use proptest::prelude::*;

    fn stats() -> impl Strategy<Value = FileStat> {
        any::<(u64, i64, i64, u64)>().prop_map(|(size, mtime_ns, ctime_ns, inode)| FileStat {
            size,
            mtime_ns,
            ctime_ns,
            inode,
        })
    }

    fn names() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 1..40)
    }

    fn listings() -> impl Strategy<Value = DirListing> {
        (btree_map(names(), stats(), 0..20), any::<(i64, i64, u64)>()).prop_map(|(files, numbers)| {
            DirListing {
                path: b"a/b".to_vec(),
                mtime_ns: numbers.0,
                ctime_ns: numbers.1,
                inode: numbers.2,
                files: files.into_iter().collect(),
                subdirs: Vec::new(),
                rule_files: Vec::new(),
            }
        })
    }

    fn looked_at(dir: &mut Dir, first_doc: u32) {
        for (doc, entry) in (first_doc..).zip(&mut dir.entries) {
            let stat =
                FileStat { size: u64::from(doc) << 40, mtime_ns: -1, ctime_ns: i64::MAX, inode: u64::MAX };
            *entry =
                Entry { stat, hash: u64::MAX, doc, state: State::Indexed, language: 255, ..entry.clone() };
            entry.lengths = [u32::MAX, 0, 1, 127, 128, doc];
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn a_folder_survives_and_damage_is_seen(listing in listings(), at: usize, bit in 0..8_u32) {
            let (mut dir, gone) = Dir::relisted(None, &listing);
            prop_assert!(gone.is_empty());
            looked_at(&mut dir, 1);
            let mut data = encode(b"a/b", &dir);
            let read = decode(b"a/b", &data).unwrap();
            prop_assert_eq!((read.mtime_ns, read.ctime_ns, read.inode), (dir.mtime_ns, dir.ctime_ns, dir.inode));
            prop_assert_eq!(&read.names, &dir.names);
            prop_assert_eq!(&read.entries, &dir.entries);
            prop_assert!(decode(b"a/c", &data).is_none());
            let at = at % data.len();
            data[at] ^= 1 << bit;
            prop_assert!(decode(b"a/b", &data).is_none());
        }

        #[test]
        fn relisting_keeps_what_stays_and_names_what_is_gone(listing in listings(), dropped in btree_set(0..20_usize, 0..8), added in btree_map(names(), stats(), 0..8)) {
            let (mut before, _) = Dir::relisted(None, &listing);
            looked_at(&mut before, 100);
            before.row = 7;
            let mut now: BTreeMap<Vec<u8>, FileStat> = listing.files.iter().cloned().enumerate()
                .filter(|(number, _)| !dropped.contains(number)).map(|(_, file)| file).collect();
            now.extend(added);
            let listing = DirListing { files: now.into_iter().rev().collect(), ..listing };
            let (dir, gone) = Dir::relisted(Some(&before), &listing);
            prop_assert_eq!((dir.row, dir.dirty, dir.entries.len()), (7, true, listing.files.len()));
            for (name, _) in &listing.files {
                let entry = dir.find(name).unwrap();
                prop_assert_eq!(dir.name(entry), name.as_slice());
                match before.find(name) {
                    // The old numbers stay until the content has been looked at.
                    Some(old) => prop_assert_eq!((entry.doc, entry.stat, entry.state), (old.doc, old.stat, old.state)),
                    None => prop_assert_eq!((entry.doc, entry.state), (0, State::Pending)),
                }
            }
            let lost: Vec<u32> = before.entries.iter()
                .filter(|entry| dir.find(before.name(entry)).is_none()).map(|entry| entry.doc).collect();
            prop_assert_eq!(gone, lost);
        }
    }
}
