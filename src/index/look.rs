//! Looks at files that may have changed: reads them, leaves out what is not to be indexed, analyses the rest.

use super::context::Context;
use super::document::{Analyst, Document};
use super::manifest::{Entry, Manifest, State};
use super::source::{self, Source};
use super::update::{UpdateOptions, join};
use crate::code;
use crate::project::{self, FileStat};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use xxhash_rust::xxh3::xxh3_64;

/// One file to look at.
pub(super) struct Item {
    pub(super) dir: Vec<u8>,
    pub(super) index: usize,
    /// In bytes, where a listing has told it, else 0.
    pub(super) size: u64,
}

/// What looking at a file showed.
pub(super) enum Looked {
    /// Not done: out of time.
    Skipped,
    Gone,
    Same(FileStat),
    Excluded(FileStat),
    Changed(Box<Changed>),
}

/// A file with new content.
pub(super) struct Changed {
    pub(super) stat: FileStat,
    pub(super) hash: u64,
    pub(super) state: State,
    pub(super) language: u8,
    pub(super) class: u8,
    pub(super) document: Document,
}

/// Looks at files, on several threads when there are many.
pub(super) fn look(
    manifest: &Manifest,
    context: &Context<'_>,
    root: &Path,
    items: &[Item],
    options: &UpdateOptions<'_>,
    (done_before, total): (usize, usize),
) -> Vec<Looked> {
    let bytes_max = context.settings.memory_file_bytes_max;
    let next = AtomicUsize::new(0);
    let late = AtomicBool::new(false);
    let work = || {
        let mut analyst = Analyst::new();
        let mut found = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(number) else { break };
            if number.is_multiple_of(16) {
                (options.progress)(done_before + number, total);
            }
            if !options.patient && (late.load(Ordering::Relaxed) || options.deadline.passed()) {
                late.store(true, Ordering::Relaxed);
                break;
            }
            // A file that an extractor stumbles over must not keep the others from being known.
            let looked =
                catch_unwind(AssertUnwindSafe(|| look_at(manifest, root, item, &mut analyst, bytes_max)));
            let looked = looked.unwrap_or_else(|_| {
                analyst = Analyst::new();
                unfit(manifest, root, item)
            });
            found.push((number, looked));
        }
        found
    };
    let mut all: Vec<Looked> = Vec::new();
    all.resize_with(items.len(), || Looked::Skipped);
    let threads = if items.len() < 16 { 1 } else { options.threads.max(1) };
    let mut found = Vec::new();
    if threads == 1 {
        found = work();
    } else {
        std::thread::scope(|scope| {
            let handles: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            for handle in handles {
                // A worker that panicked leaves its files pending.
                found.extend(handle.join().unwrap_or_default());
            }
        });
    }
    for (number, looked) in found {
        all[number] = looked;
    }
    all
}

fn look_at(manifest: &Manifest, root: &Path, item: &Item, analyst: &mut Analyst, bytes_max: u64) -> Looked {
    let Some(dir) = manifest.dirs.get(&item.dir) else { return Looked::Gone };
    let Some(entry) = dir.entries.get(item.index) else { return Looked::Gone };
    let path = join(&item.dir, dir.name(entry));
    match source::read(root, &path, bytes_max) {
        Source::Nothing => Looked::Gone,
        Source::Closed(stat) => Looked::Excluded(stat),
        Source::Large(head, stat) => large(entry, &path, &head, stat, analyst),
        Source::Text(content, stat) => {
            let hash = xxh3_64(&content);
            if entry.state != State::Pending && entry.hash == hash && entry.state != State::NameOnly {
                return Looked::Same(stat);
            }
            let head = &content[..content.len().min(8192)];
            if project::is_secret_path(&path) || project::is_binary(head) || project::looks_like_secret(head)
            {
                return Looked::Excluded(stat);
            }
            let language = code::language_of(&path, head);
            let document = analyst.analyse(&path, language, &content);
            let class = project::classify(&path, head).to_bits();
            let language = language.id();
            Looked::Changed(Box::new(Changed {
                stat,
                hash,
                state: State::Indexed,
                language,
                class,
                document,
            }))
        }
    }
}

/// A file that cannot be analysed: nothing of it is known until it changes.
fn unfit(manifest: &Manifest, root: &Path, item: &Item) -> Looked {
    let name = manifest.dirs.get(&item.dir).and_then(|dir| Some(dir.name(dir.entries.get(item.index)?)));
    match name.map(|name| source::closed(&source::absolute(root, &join(&item.dir, name)))) {
        Some(Source::Closed(stat)) => Looked::Excluded(stat),
        _ => Looked::Gone,
    }
}

fn large(entry: &Entry, path: &[u8], head: &[u8], stat: FileStat, analyst: &mut Analyst) -> Looked {
    if project::is_binary(head) || project::is_secret_path(path) || project::looks_like_secret(head) {
        return Looked::Excluded(stat);
    }
    let language = code::language_of(path, head).id();
    let class = project::classify(path, head).to_bits();
    if entry.state == State::NameOnly && (entry.language, entry.class) == (language, class) {
        return Looked::Same(stat);
    }
    let document = analyst.name_only(path);
    Looked::Changed(Box::new(Changed { stat, hash: 0, state: State::NameOnly, language, class, document }))
}
