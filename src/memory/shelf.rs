//! Files that were read for evidence, kept between questions by a process that lives long.
//!
//! A file is found again only with the content hash and the file's numbers that the index has confirmed for this very
//! question: what is on the shelf is never older than the index that asks for it.

use super::evidence::SOURCE_BYTES_MAX;
use super::lexed::Lexed;
use crate::index::{DocRef, Outline};
use crate::project::FileStat;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// A file's place in the table, its name and its numbers take about this much, in bytes.
const ITEM_BYTES: usize = 256;
/// A file may take this part of the shelf; larger ones are read anew.
const PART_MAX: usize = 8;
/// So much of the shelf is cleared when it is full: one part of these.
const CLEARED_PART: usize = 4;

/// One file as it was read for evidence.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) content: Arc<Vec<u8>>,
    pub(super) outline: Arc<Outline>,
    lexed: OnceLock<Option<Lexed>>,
}

impl Text {
    pub(super) fn new(content: Arc<Vec<u8>>, outline: Arc<Outline>) -> Text {
        Text { content, outline, lexed: OnceLock::new() }
    }

    /// The text cut into words, which takes longer than seeking in it once; `None` when it has too many.
    pub(super) fn lexed(&self) -> Option<&Lexed> {
        let source = &self.content[..self.content.len().min(SOURCE_BYTES_MAX)];
        self.lexed.get_or_init(|| Lexed::of(source, &self.outline)).as_ref()
    }

    /// Whether it has been cut.
    pub(super) fn is_lexed(&self) -> bool {
        self.lexed.get().is_some()
    }

    fn bytes(&self) -> usize {
        let symbols: usize =
            self.outline.symbols.iter().map(|symbol| size_of_val(symbol) + symbol.name.len()).sum();
        let imports: usize =
            self.outline.imports.iter().map(|import| size_of_val(import) + import.target.len()).sum();
        let lexed = self.lexed.get().and_then(Option::as_ref).map_or(0, Lexed::bytes);
        ITEM_BYTES + self.content.capacity() + symbols + imports + lexed
    }
}

/// Number of a project on a shelf, and of a document in it.
type Key = (u64, u32);

/// What the index knows of a file whose text may be on the shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    doc: u32,
    hash: u64,
    stat: FileStat,
    language: u8,
}

impl Known {
    pub(super) fn of(doc: &DocRef<'_>) -> Known {
        let entry = doc.entry;
        Known { doc: entry.doc, hash: entry.hash, stat: entry.stat, language: entry.language }
    }
}

struct Item {
    known: Known,
    text: Arc<Text>,
    /// Counts up with each question.
    used: u64,
    bytes: usize,
}

#[derive(Default)]
struct Items {
    items: HashMap<Key, Item>,
    bytes: usize,
    clock: u64,
    projects: u64,
}

/// A bounded number of files, those that were asked for least recently being let go first. Shared by projects.
pub struct Shelf {
    items: Mutex<Items>,
    bytes_max: usize,
}

impl Shelf {
    /// An empty shelf for so many bytes.
    pub fn new(bytes_max: usize) -> Shelf {
        Shelf { items: Mutex::default(), bytes_max }
    }

    /// About how much memory it takes, in bytes.
    pub fn bytes(&self) -> usize {
        self.items().bytes
    }

    /// Whether less than half of it is taken.
    pub(super) fn has_room(&self) -> bool {
        self.bytes() < self.bytes_max / 2
    }

    /// Lets go of everything.
    pub fn clear(&self) {
        let mut items = self.items();
        items.items = HashMap::new();
        items.bytes = 0;
    }

    fn items(&self) -> MutexGuard<'_, Items> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number for one more project, never given before.
    pub(super) fn number(&self) -> u64 {
        let mut items = self.items();
        items.projects += 1;
        items.projects
    }

    /// Those of a project's files that are here as the index knows them.
    pub(super) fn take(&self, project: u64, files: &[Known]) -> Vec<Option<Arc<Text>>> {
        let mut guard = self.items();
        let items = &mut *guard;
        items.clock += 1;
        let mut find = |known: &Known| {
            let item = items.items.get_mut(&(project, known.doc)).filter(|item| item.known == *known)?;
            item.used = items.clock;
            Some(Arc::clone(&item.text))
        };
        files.iter().map(&mut find).collect()
    }

    /// Puts a file there that was read with the content that the index knows, or notes what it has grown to.
    pub(super) fn put(&self, project: u64, known: Known, text: &Arc<Text>) {
        let bytes = text.bytes();
        let mut guard = self.items();
        let items = &mut *guard;
        let key = (project, known.doc);
        items.bytes -= items.items.remove(&key).map_or(0, |item| item.bytes);
        if bytes > self.bytes_max / PART_MAX {
            return;
        }
        if items.bytes + bytes > self.bytes_max {
            items.clear_oldest(self.bytes_max - self.bytes_max / CLEARED_PART);
        }
        items.bytes += bytes;
        let item = Item { known, text: Arc::clone(text), used: items.clock, bytes };
        items.items.insert(key, item);
    }
}

impl Items {
    /// Lets go of what was asked for least recently until no more than so many bytes are left.
    fn clear_oldest(&mut self, bytes_left: usize) {
        let mut order: Vec<(u64, Key)> = self.items.iter().map(|(&key, item)| (item.used, key)).collect();
        order.sort_unstable();
        for (_, key) in order {
            if self.bytes <= bytes_left {
                return;
            }
            self.bytes -= self.items.remove(&key).map_or(0, |item| item.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: usize) -> Arc<Text> {
        Arc::new(Text::new(Arc::new(vec![b'x'; bytes]), Arc::default()))
    }

    fn known(doc: u32) -> Known {
        Known { doc, hash: 7, stat: FileStat::default(), language: 1 }
    }

    fn has(shelf: &Shelf, project: u64, known: Known) -> bool {
        shelf.take(project, &[known])[0].is_some()
    }

    #[test]
    fn a_file_is_found_as_the_index_knows_it_now_or_not_at_all() {
        let shelf = Shelf::new(100_000);
        let (one, other) = (shelf.number(), shelf.number());
        shelf.put(one, known(3), &text(10));
        assert!(has(&shelf, one, known(3)));
        assert!(!has(&shelf, other, known(3)));
        assert!(!has(&shelf, one, known(4)));
        assert!(!has(&shelf, one, Known { hash: 8, ..known(3) }));
        assert!(!has(&shelf, one, Known { language: 2, ..known(3) }));
        let touched = FileStat { ctime_ns: 1, ..FileStat::default() };
        assert!(!has(&shelf, one, Known { stat: touched, ..known(3) }));
        shelf.clear();
        assert!(!has(&shelf, one, known(3)));
        assert_eq!(shelf.bytes(), 0);
    }

    #[test]
    fn it_never_takes_more_than_it_may_and_what_was_asked_for_last_stays() {
        let shelf = Shelf::new(100_000);
        let project = shelf.number();
        shelf.put(project, known(1), &text(1000));
        for doc in 2..1000 {
            assert!(has(&shelf, project, known(1)), "{doc}");
            shelf.put(project, known(doc), &text(1000));
            // Cut into words it takes more, which is counted as well.
            let grown = shelf.take(project, &[known(doc)])[0].clone().unwrap();
            let before = shelf.bytes();
            assert!(grown.lexed().is_some());
            shelf.put(project, known(doc), &grown);
            assert!(shelf.bytes() > before || doc > 50);
            assert!(shelf.bytes() <= 100_000, "{doc}");
        }
        assert!(!has(&shelf, project, known(2)));
        shelf.put(project, known(5), &text(90_000));
        assert!(!has(&shelf, project, known(5)));
    }
}
