//! Posting lists: terms → documents with frequencies per field, packed into blocks of some kilobytes.
//!
//! A segment is immutable and covers the documents that were indexed together. Its terms are sorted by hash and cut
//! into blocks; a block's row id is the segment's number above the upper bits of its first hash, so that one descending
//! look-up finds the block of a term. Documents that changed since live in "loose" term lists beside the segments.

use super::codec::{Reader, put_bytes, put_varint};
use super::document::{FIELDS, Frequencies};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _};

/// A block is closed when it has grown beyond this, in bytes.
const BLOCK_BYTES: usize = 4096;
/// Bits of a hash that are part of a block's row id.
const HASH_BITS: u32 = 44;
/// Segments are numbered below this, so that row ids stay positive.
pub(crate) const SEGMENTS_MAX: u32 = 1 << 18;

/// One occurrence of a term in a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posting {
    pub(crate) doc: u32,
    pub(crate) frequencies: Frequencies,
}

fn key(segment: u32, hash: u64) -> i64 {
    let upper = hash >> (64 - HASH_BITS);
    ((u64::from(segment) << HASH_BITS) | upper).cast_signed()
}

/// Appends frequencies: one byte `0x80 | n` when only the body has them (n ≤ 127), else a mask and a byte a field.
fn put_frequencies(out: &mut Vec<u8>, frequencies: &Frequencies) {
    if frequencies[0] > 0 && frequencies[0] < 128 && frequencies[1..].iter().all(|&count| count == 0) {
        out.push(0x80 | frequencies[0]);
        return;
    }
    let mask =
        (0..FIELDS).filter(|&field| frequencies[field] > 0).fold(0_u8, |mask, field| mask | (1 << field));
    out.push(mask);
    out.extend(frequencies.iter().filter(|&&count| count > 0));
}

fn read_frequencies(reader: &mut Reader<'_>) -> Option<Frequencies> {
    let mut frequencies = [0_u8; FIELDS];
    let first = reader.byte()?;
    if first & 0x80 != 0 {
        frequencies[0] = first & 0x7f;
        return Some(frequencies);
    }
    for (field, count) in frequencies.iter_mut().enumerate() {
        if first & (1 << field) != 0 {
            *count = reader.byte()?;
        }
    }
    Some(frequencies)
}

/// Encodes the terms of one loose document.
pub(crate) fn encode_terms(terms: &[(u64, Frequencies)]) -> Vec<u8> {
    let mut out = Vec::with_capacity(terms.len() * 10);
    let mut before = 0;
    for (hash, frequencies) in terms {
        put_varint(&mut out, hash.wrapping_sub(before));
        put_frequencies(&mut out, frequencies);
        before = *hash;
    }
    out
}

/// Decodes the terms of one loose document; `None` when damaged.
pub(crate) fn decode_terms(blob: &[u8]) -> Option<Vec<(u64, Frequencies)>> {
    let mut reader = Reader::new(blob);
    let mut terms = Vec::with_capacity(blob.len() / 10);
    let mut before = 0_u64;
    while !reader.is_empty() {
        before = before.wrapping_add(reader.varint()?);
        terms.push((before, read_frequencies(&mut reader)?));
    }
    Some(terms)
}

/// Collects the posting lists of one segment and writes its blocks. Terms must come in ascending order of hash.
pub(crate) struct BlockWriter<'c> {
    insert: CachedStatement<'c>,
    segment: u32,
    block: Vec<u8>,
    first: u64,
    last: u64,
    list: Vec<u8>,
}

impl<'c> BlockWriter<'c> {
    pub(crate) fn new(connection: &'c Connection, segment: u32) -> rusqlite::Result<BlockWriter<'c>> {
        let insert = connection.prepare_cached("INSERT INTO blocks (id, data) VALUES (?1, ?2)")?;
        Ok(BlockWriter { insert, segment, block: Vec::new(), first: 0, last: 0, list: Vec::new() })
    }

    /// Adds one term with its postings in ascending order of document.
    pub(crate) fn term(
        &mut self,
        hash: u64,
        postings: impl Iterator<Item = Posting>,
    ) -> rusqlite::Result<()> {
        self.list.clear();
        let mut before = 0;
        for posting in postings {
            put_varint(&mut self.list, u64::from(posting.doc - before));
            put_frequencies(&mut self.list, &posting.frequencies);
            before = posting.doc;
        }
        if self.list.is_empty() {
            return Ok(());
        }
        // Two blocks must not share a row id: hashes alike in the upper bits stay together.
        let full = self.block.len() + self.list.len() > BLOCK_BYTES;
        if full && !self.block.is_empty() && key(0, hash) != key(0, self.last) {
            self.flush()?;
        }
        if self.block.is_empty() {
            self.first = hash;
            self.last = 0;
        }
        put_varint(&mut self.block, hash.wrapping_sub(self.last));
        put_bytes(&mut self.block, &self.list);
        self.last = hash;
        Ok(())
    }

    /// Writes the last block.
    pub(crate) fn flush(&mut self) -> rusqlite::Result<()> {
        if !self.block.is_empty() {
            self.insert.execute((key(self.segment, self.first), &self.block))?;
            self.block.clear();
        }
        Ok(())
    }
}

/// Writes a segment from `(hash, posting)` pairs, which it sorts.
pub(crate) fn write_segment(
    connection: &Connection,
    segment: u32,
    pairs: &mut [(u64, Posting)],
) -> rusqlite::Result<()> {
    pairs.sort_unstable_by_key(|(hash, posting)| (*hash, posting.doc));
    let mut writer = BlockWriter::new(connection, segment)?;
    for group in pairs.chunk_by(|a, b| a.0 == b.0) {
        writer.term(group[0].0, group.iter().map(|&(_, posting)| posting))?;
    }
    writer.flush()
}

/// Looks terms up in segments; keeps the block read last, since neighbours are often asked for together.
pub(crate) struct Lookup<'c> {
    select: CachedStatement<'c>,
    id: i64,
    data: Vec<u8>,
}

impl<'c> Lookup<'c> {
    pub(crate) fn new(connection: &'c Connection) -> rusqlite::Result<Lookup<'c>> {
        let select = connection
            .prepare_cached("SELECT id, data FROM blocks WHERE id <= ?1 ORDER BY id DESC LIMIT 1")?;
        Ok(Lookup { select, id: -1, data: Vec::new() })
    }

    /// Calls `each` with every posting of the term in the segment; `Ok(false)` when the blob is damaged.
    pub(crate) fn postings(
        &mut self,
        segment: u32,
        hash: u64,
        mut each: impl FnMut(Posting),
    ) -> rusqlite::Result<bool> {
        let found = self.select.query_row([key(segment, hash)], |row| {
            let id: i64 = row.get(0)?;
            if id != self.id {
                self.data.clear();
                self.data.extend_from_slice(row.get_ref(1)?.as_blob()?);
                self.id = id;
            }
            Ok(())
        });
        if found.optional()?.is_none() || self.id >> HASH_BITS != i64::from(segment) {
            return Ok(true);
        }
        Ok(scan_block(&self.data, |term, list| {
            if term == hash { read_list(list, &mut each).map(|()| false) } else { Some(term < hash) }
        })
        .is_some())
    }
}

/// Walks a block's terms until `each` answers `Some(false)`; `None` when damaged.
fn scan_block(block: &[u8], mut each: impl FnMut(u64, &[u8]) -> Option<bool>) -> Option<()> {
    let mut reader = Reader::new(block);
    let mut hash = 0_u64;
    while !reader.is_empty() {
        hash = hash.wrapping_add(reader.varint()?);
        if !each(hash, reader.bytes()?)? {
            break;
        }
    }
    Some(())
}

fn read_list(list: &[u8], each: &mut impl FnMut(Posting)) -> Option<()> {
    let mut reader = Reader::new(list);
    let mut doc = 0_u32;
    while !reader.is_empty() {
        doc = doc.checked_add(reader.small()?)?;
        each(Posting { doc, frequencies: read_frequencies(&mut reader)? });
    }
    Some(())
}

/// Reads a whole segment in order of hash; `None` inside means damage.
pub(crate) fn read_segment(
    connection: &Connection,
    segment: u32,
    mut each: impl FnMut(u64, Posting),
) -> rusqlite::Result<bool> {
    let mut select =
        connection.prepare_cached("SELECT data FROM blocks WHERE id >= ?1 AND id <= ?2 ORDER BY id")?;
    let mut rows = select.query([key(segment, 0), key(segment, u64::MAX)])?;
    while let Some(row) = rows.next()? {
        let block = row.get_ref(0)?.as_blob()?;
        let whole = scan_block(block, |hash, list| {
            read_list(list, &mut |posting| each(hash, posting)).map(|()| true)
        });
        if whole.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes a segment's blocks.
pub(crate) fn delete_segment(connection: &Connection, segment: u32) -> rusqlite::Result<()> {
    connection.execute(
        "DELETE FROM blocks WHERE id >= ?1 AND id <= ?2",
        [key(segment, 0), key(segment, u64::MAX)],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn database() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE blocks (id INTEGER PRIMARY KEY, data BLOB NOT NULL)").unwrap();
        connection
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn what_was_written_is_found_in_its_segment_only(
            rows in proptest::collection::btree_map((prop_oneof![any::<u64>(), 0_u64..50, (u64::MAX - 9)..=u64::MAX], 0_u32..5000), proptest::array::uniform6(any::<u8>()), 1..800)
        ) {
            let connection = database();
            let mut expected: BTreeMap<u64, Vec<Posting>> = BTreeMap::new();
            let mut pairs = Vec::new();
            for ((hash, doc), mut frequencies) in rows {
                frequencies[0] = frequencies[0].max(1);
                let posting = Posting { doc, frequencies };
                expected.entry(hash).or_default().push(posting);
                pairs.push((hash, posting));
            }
            pairs.reverse();
            write_segment(&connection, 3, &mut pairs).unwrap();
            let mut lookup = Lookup::new(&connection).unwrap();
            for (hash, postings) in &expected {
                let mut found = Vec::new();
                prop_assert!(lookup.postings(3, *hash, |posting| found.push(posting)).unwrap());
                prop_assert_eq!(&found, postings);
                lookup.postings(2, *hash, |_| panic!("other segment")).unwrap();
                lookup.postings(4, *hash, |_| panic!("other segment")).unwrap();
                if !expected.contains_key(&hash.wrapping_add(1)) {
                    lookup.postings(3, hash.wrapping_add(1), |_| panic!("absent term")).unwrap();
                }
            }
            let mut all: BTreeMap<u64, Vec<Posting>> = BTreeMap::new();
            prop_assert!(read_segment(&connection, 3, |hash, posting| all.entry(hash).or_default().push(posting)).unwrap());
            prop_assert_eq!(all, expected);
            delete_segment(&connection, 3).unwrap();
            prop_assert_eq!(connection.query_row("SELECT count(*) FROM blocks", [], |row| row.get::<_, i64>(0)).unwrap(), 0);
        }

        #[test]
        fn loose_terms_survive(terms in proptest::collection::btree_map(any::<u64>(), proptest::array::uniform6(any::<u8>()), 0..200)) {
            let terms: Vec<_> = terms.into_iter().collect();
            prop_assert_eq!(decode_terms(&encode_terms(&terms)), Some(terms));
        }
    }
}
