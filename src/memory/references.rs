//! Which candidates have the names of the best files in their text.

use super::prepared::Prepared;
use super::rank;
use super::terms::Places;
use crate::index::{DocRef, Index, View};
use crate::store::StoreError;
use crate::text::term_hash;

/// Shorter names are words of the language as often as names of files, in bytes.
const NAME_BYTES_MIN: usize = 5;
/// Longer words have no terms, in bytes.
const NAME_BYTES_MAX: usize = 80;

/// For each candidate the score of the best seed whose name it has in its text, times the rarity of that name.
///
/// Candidates and seeds are positions in the view; a seed's score is 0 to 1, and no seed speaks for itself.
pub(super) fn referring(
    index: &Index,
    view: &View<'_>,
    prepared: &Prepared,
    pool: &[usize],
    seeds: &[(usize, f32)],
) -> Result<Vec<f32>, StoreError> {
    let named: Vec<(u64, usize, f32)> = (seeds.iter())
        .filter_map(|&(position, score)| Some((name_hash(&view.doc(position))?, position, score)))
        .collect();
    let hashes: Vec<u64> = named.iter().map(|&(hash, ..)| hash).collect();
    let count = view.len();
    let mut values = vec![0.0_f32; pool.len()];
    let mut ordered: Vec<(usize, usize)> = pool.iter().copied().zip(0..).collect();
    ordered.sort_unstable();
    let positions: Vec<usize> = ordered.iter().map(|&(position, _)| position).collect();
    let places = Places::of(&positions, count);
    for (term, &(_, own, score)) in prepared.terms(index, view, &hashes)?.iter().zip(&named) {
        let share = score * rank::idf(count, term.documents) / rank::idf(count, 1);
        places.having(term, |at| {
            let (position, number) = ordered[at];
            if position != own {
                values[number] = values[number].max(share);
            }
        });
    }
    Ok(values)
}

/// The term of a file's own name as it would stand in code, whatever the spelling; `None` when it is too short.
pub(super) fn name_hash(doc: &DocRef<'_>) -> Option<u64> {
    let name = doc.name();
    joined_hash(name.split(|&byte| byte == b'.').next().unwrap_or(name))
}

fn joined_hash(stem: &[u8]) -> Option<u64> {
    if !(NAME_BYTES_MIN..=NAME_BYTES_MAX).contains(&stem.len()) {
        return None;
    }
    let joined: Vec<u8> =
        stem.iter().filter(|byte| byte.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect();
    Some(term_hash(&joined))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_in_every_spelling() {
        assert_eq!(joined_hash(b"HttpPool"), joined_hash(b"http_pool"));
        assert_ne!(joined_hash(b"HttpPool"), joined_hash(b"HttpPools"));
        assert_eq!(joined_hash(b"io"), None);
    }
}
