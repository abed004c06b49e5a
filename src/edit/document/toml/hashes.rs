//! A set of hashes in one row of words: a look costs one place in memory, where a map of the standard library has two.

/// Slots for each hash at least, so that few have to be stepped over.
const SLOTS_A_HASH: usize = 2;
/// Slots of the smallest set.
const SLOTS_MIN: usize = 16;

/// Hashes that are spread evenly over all numbers; 0 and 1 count as one.
#[derive(Debug)]
pub(super) struct Hashes {
    /// A power of two of them; 0 stands for an empty one.
    slots: Vec<u64>,
    count: usize,
}

impl Hashes {
    /// With room for so many.
    pub(super) fn with_room(hashes: usize) -> Hashes {
        let slots = (hashes * SLOTS_A_HASH).next_power_of_two().max(SLOTS_MIN);
        Hashes { slots: vec![0; slots], count: 0 }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        self.slots.iter().copied().filter(|slot| *slot != 0)
    }

    pub(super) fn contains(&self, hash: u64) -> bool {
        self.slots[self.place(hash)] != 0
    }

    /// Adds a hash; says whether it is new.
    pub(super) fn insert(&mut self, hash: u64) -> bool {
        if (self.count + 1) * SLOTS_A_HASH > self.slots.len() {
            let mut larger = Hashes::with_room(self.slots.len());
            for hash in self.iter() {
                larger.insert(hash);
            }
            *self = larger;
        }
        let place = self.place(hash);
        let is_new = self.slots[place] == 0;
        self.slots[place] = hash.max(1);
        self.count += usize::from(is_new);
        is_new
    }

    /// Where a hash stands, or the empty slot where it would.
    #[inline]
    fn place(&self, hash: u64) -> usize {
        let last = self.slots.len() - 1;
        let wanted = hash.max(1);
        let mut at = wanted as usize & last;
        while self.slots[at] != wanted && self.slots[at] != 0 {
            at = (at + 1) & last;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn it_holds_what_was_added_and_nothing_else_however_much_that_is() {
        let mut hashes = Hashes::with_room(0);
        let mut known = HashSet::new();
        // Multiples of a power of two all want the same few slots.
        for number in 1..3_000_u64 {
            let hash =
                if number % 3 == 0 { number << 20 } else { number.wrapping_mul(0x9e37_79b9_7f4a_7c15) };
            for again in [hash, hash, hash ^ 1] {
                assert_eq!(hashes.insert(again), known.insert(again), "{again:x}");
            }
            assert!(!hashes.contains(!hash) || known.contains(&!hash));
        }
        assert_eq!(hashes.len(), known.len());
        assert_eq!(hashes.iter().collect::<HashSet<u64>>(), known);
        assert!(known.iter().all(|hash| hashes.contains(*hash)));
        assert!(hashes.insert(0) && !hashes.insert(0) && !hashes.insert(1));
    }
}
