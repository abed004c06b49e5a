//! The receipt of each installation: hashes and exact inverse splices, so that its removal gives back the bytes.

use super::edit::apply_all;
use super::undo::Anchor;
use crate::fs::content_hash;
use crate::text::Splice;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Version of the file's form.
const SCHEMA: u32 = 1;
/// A larger receipt file is damaged, in bytes.
pub(super) const RECEIPT_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most programs that are remembered.
const PROGRAMS_MAX: usize = 64;

/// All receipts: `<data>/installed.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Receipts {
    pub(super) schema: u32,
    /// Whether the file could not be read as receipts; it is moved aside before the next one is written.
    #[serde(skip)]
    pub(super) damaged: bool,
    /// Folders of rtk's own that an installation made, outermost first.
    #[serde(default)]
    pub(super) folders: Vec<PathBuf>,
    /// Paths under which this program was ever registered.
    #[serde(default)]
    pub(super) programs: Vec<PathBuf>,
    /// One per settings file and state of it.
    #[serde(default)]
    pub(super) files: Vec<FileReceipt>,
}

/// What was done to one settings file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct FileReceipt {
    /// The settings file.
    pub(super) path: PathBuf,
    /// `global`, `project` or `local`.
    pub(super) scope: String,
    /// SHA-256 before, in hexadecimal; `None` when there was no file.
    pub(super) before: Option<String>,
    /// SHA-256 after, in hexadecimal.
    pub(super) after: String,
    /// What leads from after to before, in the order in which it applies.
    pub(super) inverse: Vec<Splice>,
    /// Where the places of these are found in a file that was changed since.
    #[serde(default)]
    pub(super) anchors: Vec<Anchor>,
    /// Containers that did not exist before.
    pub(super) created: Vec<String>,
    /// Permission rules that were not there before.
    #[serde(default)]
    pub(super) rules: Vec<String>,
    /// Whether an installation made the file.
    pub(super) file_created: bool,
    /// Folders that an installation made for the file, outermost first.
    pub(super) folders: Vec<PathBuf>,
}

impl FileReceipt {
    /// What the file held before the installation, from what it holds now; `None` if the receipt does not lead there.
    pub(super) fn before(&self, text: &str) -> Option<String> {
        let before = apply_all(text, &self.inverse)?;
        let fits = match &self.before {
            Some(expected) => *expected == hash(before.as_bytes()),
            None => before.is_empty(),
        };
        fits.then_some(before)
    }
}

impl Receipts {
    /// No receipts.
    pub(super) fn none() -> Receipts {
        Receipts {
            schema: SCHEMA,
            damaged: false,
            folders: Vec::new(),
            programs: Vec::new(),
            files: Vec::new(),
        }
    }

    /// Reads the file's content; `None` when it is damaged or of a later version.
    pub(super) fn parse(bytes: &[u8]) -> Option<Receipts> {
        let receipts: Receipts = serde_json::from_slice(bytes).ok()?;
        (receipts.schema == SCHEMA).then_some(receipts)
    }

    /// The file's content.
    pub(super) fn print(&self) -> Vec<u8> {
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text.into_bytes()
    }

    /// The receipt whose installation led to exactly this content.
    pub(super) fn exact(&self, path: &Path, content: &[u8]) -> Option<&FileReceipt> {
        let hash = hash(content);
        self.files.iter().rev().find(|file| file.path == path && file.after == hash)
    }

    /// The latest receipt for the file, whatever it holds now.
    pub(super) fn latest(&self, path: &Path) -> Option<&FileReceipt> {
        self.files.iter().rev().find(|file| file.path == path)
    }

    /// Adds a receipt. The one that still fits the file stays until the edit is done: a crash may come in between.
    pub(super) fn add(&mut self, receipt: FileReceipt, current: &[u8], program: &Path) {
        let current = hash(current);
        self.files.retain(|file| file.path != receipt.path || file.after == current);
        self.files.push(receipt);
        if !self.programs.iter().any(|known| known == program) {
            self.programs.push(program.to_path_buf());
            let surplus = self.programs.len().saturating_sub(PROGRAMS_MAX);
            self.programs.drain(..surplus);
        }
    }

    /// Takes over what was recorded under an earlier name of the file; what lies beside it has moved in the same way.
    pub(super) fn adopt(&mut self, path: &Path, is_earlier_name: impl Fn(&FileReceipt) -> bool) {
        if self.latest(path).is_some() {
            return;
        }
        let earlier = self.files.iter().rev().find(|file| is_earlier_name(file));
        let Some((from, to)) = earlier.map(|earlier| where_they_part(&earlier.path, path)) else { return };
        let moved = |path: &mut PathBuf| {
            if let Ok(rest) = path.strip_prefix(&from) {
                *path = to.join(rest);
            }
        };
        self.folders.iter_mut().for_each(moved);
        for file in &mut self.files {
            moved(&mut file.path);
            file.folders.iter_mut().for_each(moved);
        }
    }

    /// Forgets a file. Folders made for it pass to another receipt whose file lies in them.
    pub(super) fn forget(&mut self, path: &Path) {
        let (gone, left) = std::mem::take(&mut self.files).into_iter().partition(|file| file.path == path);
        self.files = left;
        let gone: Vec<FileReceipt> = gone;
        for folder in gone.into_iter().flat_map(|file| file.folders) {
            let heir = self.files.iter_mut().find(|file| file.path.starts_with(&folder));
            if let Some(heir) = heir.filter(|heir| !heir.folders.contains(&folder)) {
                heir.folders.push(folder);
            }
        }
    }
}

/// Both paths without the names at their ends that are equal.
fn where_they_part(one: &Path, other: &Path) -> (PathBuf, PathBuf) {
    let (mut one, mut other) = (one, other);
    while let (Some(above_one), Some(above_other)) = (one.parent(), other.parent())
        && one.file_name() == other.file_name()
    {
        (one, other) = (above_one, above_other);
    }
    (one.to_path_buf(), other.to_path_buf())
}

/// SHA-256 in hexadecimal.
pub(super) fn hash(content: &[u8]) -> String {
    content_hash(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(path: &str, folders: &[&str]) -> FileReceipt {
        FileReceipt {
            path: path.into(),
            scope: "global".into(),
            before: None,
            after: hash(b"after"),
            inverse: Vec::new(),
            anchors: Vec::new(),
            created: Vec::new(),
            rules: Vec::new(),
            file_created: true,
            folders: folders.iter().map(PathBuf::from).collect(),
        }
    }

    #[test]
    fn what_was_recorded_moves_with_the_home_folder() {
        let mut receipts = Receipts::none();
        receipts.folders = vec!["/home/a/.local".into(), "/srv/rtk".into()];
        receipts.files = vec![
            receipt("/home/a/.claude/settings.json", &["/home/a/.claude"]),
            receipt("/home/ab/x/.claude/settings.json", &[]),
        ];
        let path = Path::new("/home/b/.claude/settings.json");
        receipts.adopt(path, |_| false);
        assert!(receipts.latest(path).is_none());
        receipts.adopt(path, |file| file.path.starts_with("/home/a"));
        assert_eq!(receipts.latest(path).unwrap().folders, [Path::new("/home/b/.claude")]);
        assert_eq!(receipts.folders, [Path::new("/home/b/.local"), Path::new("/srv/rtk")]);
        assert_eq!(receipts.files[1].path, Path::new("/home/ab/x/.claude/settings.json"));
        // What is known by its own name needs no other.
        let before = receipts.clone();
        receipts.adopt(path, |_| true);
        assert_eq!(receipts, before);
    }
}
