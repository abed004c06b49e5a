//! Posting lists: terms → documents with frequencies per field, packed into blocks of some kilobytes.
//!
//! A segment is immutable and covers the documents that were indexed together. Its terms are sorted by hash and cut
//! into blocks; a block's row id is the segment's number above the upper bits of its first hash, so that one descending
//! look-up finds the block of a term. Documents that changed since live in "loose" term lists beside the segments.
//!
//! The blocks of a segment leave no gap: the first begins at hash 0, each names the row id of the next, all are sealed.
//! A block that is lost or altered is therefore seen by whoever looks for any of its terms.

use super::codec::{Reader, put_bytes, put_varint, seal, unseal};
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

/// Parts of the range of hashes that a merge goes through one by one, so as to hold one part in memory.
const MERGE_PARTS: u64 = 64;

/// Collects the posting lists of one segment and writes its blocks. Terms must come in ascending order of hash.
struct BlockWriter<'c> {
    insert: CachedStatement<'c>,
    segment: u32,
    block: Vec<u8>,
    first: u64,
    last: u64,
    list: Vec<u8>,
}

impl<'c> BlockWriter<'c> {
    fn new(connection: &'c Connection, segment: u32) -> rusqlite::Result<BlockWriter<'c>> {
        let insert = connection.prepare_cached("INSERT INTO blocks (id, data) VALUES (?1, ?2)")?;
        Ok(BlockWriter { insert, segment, block: Vec::new(), first: 0, last: 0, list: Vec::new() })
    }

    /// Adds pairs, which it sorts; their hashes must be above those of earlier calls.
    fn pairs(&mut self, pairs: &mut [(u64, Posting)]) -> rusqlite::Result<()> {
        pairs.sort_unstable_by_key(|(hash, posting)| (*hash, posting.doc));
        for group in pairs.chunk_by(|a, b| a.0 == b.0) {
            self.term(group[0].0, group.iter().map(|&(_, posting)| posting))?;
        }
        Ok(())
    }

    /// Adds one term with its postings in ascending order of document.
    fn term(&mut self, hash: u64, postings: impl Iterator<Item = Posting>) -> rusqlite::Result<()> {
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
            self.flush(key(self.segment, hash))?;
            self.first = hash;
            self.last = 0;
        }
        put_varint(&mut self.block, hash.wrapping_sub(self.last));
        put_bytes(&mut self.block, &self.list);
        self.last = hash;
        Ok(())
    }

    /// Writes the block before the one at `next`.
    fn flush(&mut self, next: i64) -> rusqlite::Result<()> {
        let id = key(self.segment, self.first);
        self.block.extend_from_slice(&next.to_le_bytes());
        seal(&mut self.block, id.cast_unsigned());
        self.insert.execute((id, &self.block))?;
        self.block.clear();
        Ok(())
    }

    /// Writes the last block, which is there even if it is empty.
    fn finish(mut self) -> rusqlite::Result<()> {
        self.flush(key(self.segment + 1, 0))
    }
}

/// Writes a segment from `(hash, posting)` pairs, which it sorts.
pub(crate) fn write_segment(
    connection: &Connection,
    segment: u32,
    pairs: &mut [(u64, Posting)],
) -> rusqlite::Result<()> {
    let mut writer = BlockWriter::new(connection, segment)?;
    writer.pairs(pairs)?;
    writer.finish()
}

/// Writes `segment` from the living documents of others and of loose ones; `Ok(false)` when one of them is damaged.
pub(crate) fn merge_segments<'t>(
    connection: &Connection,
    (from, segment): (&[u32], u32),
    loose: impl Iterator<Item = (u32, &'t [(u64, Frequencies)])> + Clone,
    living: &dyn Fn(u32) -> bool,
) -> rusqlite::Result<bool> {
    let mut writer = BlockWriter::new(connection, segment)?;
    let width = u64::MAX / MERGE_PARTS + 1;
    let mut pairs = Vec::new();
    for part in 0..MERGE_PARTS {
        let (low, high) = (part * width, part * width + (width - 1));
        pairs.clear();
        for &number in from {
            let whole = read_range(connection, number, (low, high), |hash, posting| {
                if living(posting.doc) {
                    pairs.push((hash, posting));
                }
            })?;
            if !whole {
                return Ok(false);
            }
        }
        for (doc, terms) in loose.clone().filter(|&(doc, _)| living(doc)) {
            let start = terms.partition_point(|&(hash, _)| hash < low);
            let inside = terms[start..].iter().take_while(|&&(hash, _)| hash <= high);
            pairs.extend(inside.map(|&(hash, frequencies)| (hash, Posting { doc, frequencies })));
        }
        writer.pairs(&mut pairs)?;
    }
    writer.finish()?;
    Ok(true)
}

/// Looks terms up in segments; keeps the block read last, since neighbours are often asked for together.
pub(crate) struct Lookup<'c> {
    select: CachedStatement<'c>,
    id: i64,
    /// Row id of the block after the one that was read last.
    next: i64,
    data: Vec<u8>,
}

impl<'c> Lookup<'c> {
    pub(crate) fn new(connection: &'c Connection) -> rusqlite::Result<Lookup<'c>> {
        let select = connection
            .prepare_cached("SELECT id, data FROM blocks WHERE id <= ?1 ORDER BY id DESC LIMIT 1")?;
        Ok(Lookup { select, id: -1, next: -1, data: Vec::new() })
    }

    /// The packed postings of the term in the segment, for [`read_list`], empty when it has none; `None` when the blob is
    /// damaged.
    pub(crate) fn list(&mut self, segment: u32, hash: u64) -> rusqlite::Result<Option<&[u8]>> {
        let wanted = key(segment, hash);
        if !(self.id..self.next).contains(&wanted) {
            let found = self.select.query_row([wanted], |row| {
                self.id = row.get(0)?;
                self.data.clear();
                let block = open_block(row.get_ref(1)?.as_blob()?, self.id);
                self.next = block.map_or(self.id, |(_, next)| next);
                self.data.extend_from_slice(block.map_or(&[], |(terms, _)| terms));
                Ok(())
            });
            let inside = self.id >> HASH_BITS == i64::from(segment) && wanted < self.next;
            if found.optional()?.is_none() || !inside {
                self.next = self.id;
                return Ok(None);
            }
        }
        let mut found: &[u8] = &[];
        let whole = scan_block(&self.data, |term, list| {
            if term == hash {
                found = list;
            }
            Some(term < hash)
        });
        Ok(whole.map(|()| found))
    }
}

/// A block's terms and the row id of the block after it; `None` when damaged.
fn open_block(blob: &[u8], id: i64) -> Option<(&[u8], i64)> {
    let content = unseal(blob, id.cast_unsigned())?;
    let (terms, next) = content.split_at_checked(content.len().checked_sub(8)?)?;
    Some((terms, i64::from_le_bytes(next.try_into().ok()?)))
}

/// Walks a block's terms until `each` answers `Some(false)`; `None` when damaged.
fn scan_block<'b>(block: &'b [u8], mut each: impl FnMut(u64, &'b [u8]) -> Option<bool>) -> Option<()> {
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

/// Calls `each` with every posting of a packed list; `None` when it is damaged.
pub(crate) fn read_list(list: &[u8], each: &mut impl FnMut(Posting)) -> Option<()> {
    let mut reader = Reader::new(list);
    let mut doc = 0_u32;
    while !reader.is_empty() {
        doc = doc.checked_add(reader.small()?)?;
        each(Posting { doc, frequencies: read_frequencies(&mut reader)? });
    }
    Some(())
}

/// Reads the terms of a segment from `low` to `high` in order of hash; `Ok(false)` when it is damaged.
fn read_range(
    connection: &Connection,
    segment: u32,
    (low, high): (u64, u64),
    mut each: impl FnMut(u64, Posting),
) -> rusqlite::Result<bool> {
    let mut select = connection.prepare_cached(
        "SELECT id, data FROM blocks
         WHERE id >= (SELECT max(id) FROM blocks WHERE id <= ?1) AND id <= ?2 ORDER BY id",
    )?;
    let mut rows = select.query([key(segment, low), key(segment, high)])?;
    let mut expected: Option<i64> = None;
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let Some((terms, next)) = open_block(row.get_ref(1)?.as_blob()?, id) else { return Ok(false) };
        if expected.unwrap_or(id) != id || id >> HASH_BITS != i64::from(segment) {
            return Ok(false);
        }
        let whole = scan_block(terms, |hash, list| {
            if (low..=high).contains(&hash) {
                read_list(list, &mut |posting| each(hash, posting))?;
            }
            Some(hash <= high)
        });
        if whole.is_none() {
            return Ok(false);
        }
        expected = Some(next);
    }
    Ok(expected.is_some_and(|next| next > key(segment, high)))
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

    /// The postings of a term; `None` when the block is damaged.
    fn postings(lookup: &mut Lookup<'_>, segment: u32, hash: u64) -> Option<Vec<Posting>> {
        let mut found = Vec::new();
        read_list(lookup.list(segment, hash).unwrap()?, &mut |posting| found.push(posting))?;
        Some(found)
    }

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
            for (hash, expected_here) in &expected {
                prop_assert_eq!(postings(&mut lookup, 3, *hash), Some(expected_here.clone()));
                prop_assert_eq!(postings(&mut lookup, 2, *hash), None);
                prop_assert_eq!(postings(&mut lookup, 4, *hash), None);
                if !expected.contains_key(&hash.wrapping_add(1)) {
                    prop_assert!(postings(&mut lookup, 3, hash.wrapping_add(1)).is_none_or(|found| found.is_empty()));
                }
            }
            let mut all: BTreeMap<u64, Vec<Posting>> = BTreeMap::new();
            prop_assert!(read_range(&connection, 3, (0, u64::MAX), |hash, posting| all.entry(hash).or_default().push(posting)).unwrap());
            prop_assert_eq!(&all, &expected);
            let loose: Vec<(u64, Frequencies)> = vec![(7, [1; FIELDS]), (u64::MAX, [2; FIELDS])];
            prop_assert!(merge_segments(&connection, (&[3], 0), std::iter::once((9999, loose.as_slice())), &|doc| doc % 2 == 1).unwrap());
            for postings in expected.values_mut() {
                postings.retain(|posting| posting.doc % 2 == 1);
            }
            for (hash, frequencies) in loose {
                expected.entry(hash).or_default().push(Posting { doc: 9999, frequencies });
            }
            expected.retain(|_, postings| !postings.is_empty());
            let mut merged: BTreeMap<u64, Vec<Posting>> = BTreeMap::new();
            prop_assert!(read_range(&connection, 0, (0, u64::MAX), |hash, posting| merged.entry(hash).or_default().push(posting)).unwrap());
            prop_assert_eq!(merged, expected);
            delete_segment(&connection, 0).unwrap();
            delete_segment(&connection, 3).unwrap();
            prop_assert_eq!(connection.query_row("SELECT count(*) FROM blocks", [], |row| row.get::<_, i64>(0)).unwrap(), 0);
        }

        #[test]
        fn a_lost_or_altered_block_is_seen_by_whoever_needs_it(victim: u64, alter: bool) {
            let connection = database();
            let posting = Posting { doc: 5, frequencies: [3; FIELDS] };
            let hashes: Vec<u64> = (0..3000_u64).map(|number| number * (u64::MAX / 3000)).collect();
            let mut pairs: Vec<_> = hashes.iter().map(|&hash| (hash, posting)).collect();
            write_segment(&connection, 1, &mut pairs).unwrap();
            let mut ids = connection.prepare("SELECT id FROM blocks ORDER BY id").unwrap();
            let ids: Vec<i64> = ids.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
            prop_assert!(ids.len() > 5);
            let at = (victim % ids.len() as u64) as usize;
            if alter {
                connection.execute("UPDATE blocks SET data = CAST(zeroblob(length(data)) AS BLOB) WHERE id = ?1", [ids[at]]).unwrap();
            } else {
                connection.execute("DELETE FROM blocks WHERE id = ?1", [ids[at]]).unwrap();
            }
            let mut lookup = Lookup::new(&connection).unwrap();
            for &hash in &hashes {
                let inside = key(1, hash) >= ids[at] && ids.get(at + 1).is_none_or(|&next| key(1, hash) < next);
                prop_assert_eq!(postings(&mut lookup, 1, hash), (!inside).then(|| vec![posting]));
            }
            let loose = std::iter::empty::<(u32, &[(u64, Frequencies)])>();
            prop_assert!(!merge_segments(&connection, (&[1], 2), loose, &|_| true).unwrap());
        }

        #[test]
        fn loose_terms_survive(terms in proptest::collection::btree_map(any::<u64>(), proptest::array::uniform6(any::<u8>()), 0..200)) {
            let terms: Vec<_> = terms.into_iter().collect();
            prop_assert_eq!(decode_terms(&encode_terms(&terms)), Some(terms));
        }
    }
}
