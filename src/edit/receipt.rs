//! What `set` notes when `unset` could not give the bytes back by rule: parents that were made, `{\n}` that became an
//! object, an empty line that had to be added. A receipt is found by the hash of what the edit left behind, so it
//! speaks of exactly that content and no other.

use super::document::{Action, Format, KeyPath, Request, Revised, edit};
use crate::fs::{FsError, WriteOptions, create_private_dir_all, read, remove_file, replace};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Version of the file's form.
const SCHEMA: u32 = 1;
/// Larger texts are not edited twice to see whether a receipt is needed, in bytes.
const PROBED_BYTES_MAX: usize = 1024 * 1024;
/// A larger receipt is not kept, in bytes.
const RECEIPT_BYTES_MAX: u64 = 64 * 1024;
/// How a key path ends that appends to a list, and how one that means the last element.
const APPEND: &str = "[+]";
const LAST: &str = "[-1]";
/// So many are kept; the oldest go first.
const RECEIPTS_MAX: usize = 256;

/// How one `set` is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    schema: u32,
    /// The key path as typed.
    key: String,
    /// SHA-256 of the content before the `set`.
    before: String,
    /// SHA-256 of the content after it.
    after: String,
    /// Where the two differ: at this byte, so many bytes of the new content stand for `text` of the old.
    at: usize,
    remove: usize,
    text: String,
}

impl Receipt {
    /// The receipt for an edit; `None` if none is needed, because `unset` gives the same bytes back without.
    pub fn of(
        before: &[u8],
        revised: &Revised,
        format: Format,
        request: &Request,
        key: &str,
    ) -> Option<Receipt> {
        let after = revised.content.as_slice();
        let is_set = matches!(request.action, Action::Set { .. }) && !revised.was_there;
        if !is_set || before == after || after.len() > PROBED_BYTES_MAX {
            return None;
        }
        let was_there = super::document::get(before, format, &request.path).is_ok();
        // What was appended is the last element, and goes by that name.
        let key = key.strip_suffix(APPEND).map_or_else(|| key.to_owned(), |list| format!("{list}{LAST}"));
        let unset = Request { path: KeyPath::parse(&key).ok()?, action: Action::Unset };
        if was_there || edit(after, format, &unset).ok()? == before {
            return None;
        }
        let front = before.iter().zip(after).take_while(|(one, two)| one == two).count();
        let most = before.len().min(after.len()) - front;
        let back = before
            .iter()
            .rev()
            .zip(after.iter().rev())
            .take(most)
            .take_while(|(one, two)| one == two)
            .count();
        let text = String::from_utf8(before[front..before.len() - back].to_vec()).ok()?;
        let remove = after.len() - back - front;
        let (before, after) = (super::hex_hash(before), super::hex_hash(after));
        Some(Receipt { schema: SCHEMA, key, before, after, at: front, remove, text })
    }

    /// Keeps the receipt in its folder and lets the oldest go.
    pub fn keep(&self, folder: &Path) -> Result<(), FsError> {
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        if bytes.is_empty() || bytes.len() as u64 > RECEIPT_BYTES_MAX {
            return Ok(());
        }
        create_private_dir_all(folder)?;
        let path = file_of(folder, &self.after);
        replace(&path, &bytes, &WriteOptions::fast(folder).unlocked().private())?;
        prune(folder)
    }

    /// The content before the `set` of that key which left `content` behind; `None` if there is no receipt that fits.
    pub fn undo(folder: &Path, content: &[u8], key: &str) -> Option<Vec<u8>> {
        if content.len() > PROBED_BYTES_MAX {
            return None;
        }
        let after = super::hex_hash(content);
        let bytes = read(&file_of(folder, &after), RECEIPT_BYTES_MAX).ok()??;
        let receipt: Receipt = serde_json::from_slice(&bytes).ok()?;
        if receipt.schema != SCHEMA || receipt.key != key || receipt.after != after {
            return None;
        }
        let front = content.get(..receipt.at)?;
        let back = content.get(receipt.at.checked_add(receipt.remove)?..)?;
        let undone = [front, receipt.text.as_bytes(), back].concat();
        (super::hex_hash(&undone) == receipt.before).then_some(undone)
    }
}

/// A receipt's file, named by the content that it speaks of.
fn file_of(folder: &Path, after: &str) -> PathBuf {
    folder.join(format!("{}.json", &after[..32]))
}

fn prune(folder: &Path) -> Result<(), FsError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    let mut files: Vec<_> = entries
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    files.sort();
    let surplus = files.len().saturating_sub(RECEIPTS_MAX);
    files[..surplus].iter().try_for_each(|(_, path)| remove_file(path).map(|_| ()))
}

#[cfg(test)]
mod tests {
    use super::super::document::revise;
    use super::*;

    fn set(before: &str, key: &str) -> (Vec<u8>, Option<Receipt>) {
        let action = Action::Set { text: "1".into(), kind: None, insert: false, create_parents: true };
        let request = Request { path: KeyPath::parse(key).unwrap(), action };
        let revised = revise(before.as_bytes(), Format::Json, &request).unwrap();
        let receipt = Receipt::of(before.as_bytes(), &revised, Format::Json, &request, key);
        (revised.content, receipt)
    }

    #[test]
    fn what_no_rule_restores_is_restored_by_its_receipt() {
        let folder = tempfile::tempdir().unwrap();
        let folder = &folder.path().join("receipts");
        for (before, key) in [("{\n}", "a"), ("{\"x\": 1}", "a.b.c"), ("", "a"), ("{\"a\": {\n  }}", "a.b")] {
            let (after, receipt) = set(before, key);
            receipt.expect(before).keep(folder).unwrap();
            assert_eq!(Receipt::undo(folder, &after, key).unwrap(), before.as_bytes());
            assert_eq!(Receipt::undo(folder, &after, "other"), None);
            assert_eq!(Receipt::undo(folder, &[&after[..], b" "].concat(), key), None);
        }
        let (after, receipt) = set("{\"l\": [\n \n]}", "l[+]");
        receipt.expect("a list of blanks only").keep(folder).unwrap();
        assert_eq!(Receipt::undo(folder, &after, "l[-1]").unwrap(), b"{\"l\": [\n \n]}");
        assert_eq!(set("{\"l\": [1]}", "l[+]").1, None, "a rule restores it");
        assert_eq!(set("{\"x\": 1}", "a").1, None, "a rule restores it");
        assert_eq!(set("{\"x\": 1}", "x").1, None, "nothing was made");
    }

    #[test]
    fn old_receipts_go_and_broken_ones_are_none() {
        let folder = tempfile::tempdir().unwrap();
        let (after, receipt) = set("{\n}", "a");
        let receipt = receipt.unwrap();
        for number in 0..RECEIPTS_MAX + 5 {
            let after = super::super::hex_hash(number.to_string().as_bytes());
            Receipt { after, ..receipt.clone() }.keep(folder.path()).unwrap();
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), RECEIPTS_MAX);
        receipt.keep(folder.path()).unwrap();
        let file = file_of(folder.path(), &receipt.after);
        for broken in [&b""[..], b"{}", b"\xff", b"[1]"] {
            replace(&file, broken, &WriteOptions::fast(folder.path()).unlocked()).unwrap();
            assert_eq!(Receipt::undo(folder.path(), &after, "a"), None);
        }
    }
}
