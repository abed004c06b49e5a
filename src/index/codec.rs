//! Compact numbers in blobs: LEB128 varints and fixed little-endian fields, read without ever panicking; seals.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Bytes that [`seal`] adds.
const SEAL_BYTES: usize = 8;

/// Appends a check sum over the blob and the key under which it is stored: SQLite does not notice a changed byte.
pub(crate) fn seal(blob: &mut Vec<u8>, key: u64) {
    let sum = xxh3_64_with_seed(blob, key);
    blob.extend_from_slice(&sum.to_le_bytes());
}

/// The blob without its seal; `None` when it is not what was stored under the key.
pub(crate) fn unseal(blob: &[u8], key: u64) -> Option<&[u8]> {
    let (content, sum) = blob.split_at_checked(blob.len().checked_sub(SEAL_BYTES)?)?;
    (xxh3_64_with_seed(content, key).to_le_bytes() == sum).then_some(content)
}

/// Appends an unsigned LEB128 varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value as u8 & 0x7f) | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends a length and the bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Reads what the functions above wrote; every read answers `None` at the end or on nonsense.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[inline]
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(first)
    }

    #[inline]
    pub(crate) fn varint(&mut self) -> Option<u64> {
        // Nearly all numbers are small: this is where the time goes.
        let first = self.byte()?;
        if first < 0x80 { Some(u64::from(first)) } else { self.long_varint(first) }
    }

    /// The rest of a varint that is longer than its first byte.
    fn long_varint(&mut self, first: u8) -> Option<u64> {
        let mut value = u64::from(first & 0x7f);
        for shift in (7..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    #[inline]
    pub(crate) fn small(&mut self) -> Option<u32> {
        u32::try_from(self.varint()?).ok()
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(head)
    }

    pub(crate) fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.varint()?).ok()?;
        self.take(length)
    }

    pub(crate) fn fixed_u64(&mut self) -> Option<u64> {
        let bytes = self.take(8)?;
        Some(u64::from_le_bytes(bytes.try_into().ok()?))
    }

    pub(crate) fn fixed_i64(&mut self) -> Option<i64> {
        self.fixed_u64().map(u64::cast_signed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_survive(values in proptest::collection::vec(any::<u64>(), 0..50)) {
            let mut out = Vec::new();
            for &value in &values {
                put_varint(&mut out, value);
                out.extend_from_slice(&value.to_le_bytes());
                put_bytes(&mut out, &value.to_be_bytes());
            }
            let mut reader = Reader::new(&out);
            for &value in &values {
                prop_assert_eq!(reader.varint(), Some(value));
                prop_assert_eq!(reader.fixed_u64(), Some(value));
                prop_assert_eq!(reader.bytes(), Some(&value.to_be_bytes()[..]));
            }
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn a_seal_holds_for_its_bytes_and_key_only(blob in proptest::collection::vec(any::<u8>(), 0..60), key: u64, at: usize, bit in 0..8_u32) {
            let mut sealed = blob.clone();
            seal(&mut sealed, key);
            prop_assert_eq!(unseal(&sealed, key), Some(blob.as_slice()));
            prop_assert_eq!(unseal(&sealed, key.wrapping_add(1)), None);
            prop_assert_eq!(unseal(&sealed[1..], key), None);
            let at = at % sealed.len();
            sealed[at] ^= 1 << bit;
            prop_assert_eq!(unseal(&sealed, key), None);
        }

        #[test]
        fn nonsense_ends_the_reading(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut reader = Reader::new(&bytes);
            while reader.bytes().is_some() && !reader.is_empty() {}
        }
    }
}
