//! Looking after the index: refresh to the end, status, clear, and dropping projects that were not used for long.

use super::context::{Context, IndexError};
use super::fresh::load;
use super::history::refresh_history;
use super::schema::{self, Home, project_id, set_aside};
use super::store::Index;
use super::update::{UpdateOptions, update};
use crate::base::Deadline;
use crate::fs::{self, Lock};
use crate::project::Root;
use crate::store::{self, StoreError};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Loose documents or segments beyond these numbers are merged.
const LOOSE_MERGE: usize = 100;
const SEGMENTS_MERGE: usize = 6;
/// How often a refresh starts again because another process has saved first.
const REFUSALS_MAX: usize = 3;
/// How long a refresh that somebody waits for waits for another one.
const REFRESH_WAIT: Duration = Duration::from_secs(60);

/// How a refresh is to be done.
pub struct RefreshOptions<'a> {
    /// Forget the index first.
    pub rebuild: bool,
    /// End at once when another refresh of the project is under way.
    pub background: bool,
    /// Worker threads.
    pub threads: usize,
    /// Told how many files are done, of how many.
    pub progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// What a refresh did.
#[derive(Debug, Clone, Serialize)]
pub struct Refreshed {
    /// Whether another refresh was under way and this one ended at once.
    pub busy: bool,
    /// Files that are part of the project.
    pub files: usize,
    /// Files whose content was looked at.
    pub looked_at: usize,
    /// Files whose content was new.
    pub changed: usize,
    /// Wall time, in milliseconds.
    pub elapsed_ms: u64,
}

/// The index of one project, as it is saved.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The project's root.
    pub root: String,
    /// Name of its folder below `projects`.
    pub id: String,
    /// The database file.
    pub database: String,
    /// Size of database and write-ahead log, in bytes.
    pub database_bytes: u64,
    /// Files that are part of the project; 0 before the first scan.
    pub files_known: usize,
    /// Files that the index has looked at.
    pub files_indexed: usize,
    /// Files in the index by language, most first.
    pub languages: Vec<(String, usize)>,
    /// Immutable parts of the index.
    pub segments: usize,
    /// Documents beside them.
    pub loose: usize,
    /// Milliseconds since the Unix epoch of the last full scan; 0 for never.
    pub scanned_ms: i64,
    /// Milliseconds since the Unix epoch at which the saved index was last equal to the work tree; 0 for never.
    pub verified_ms: i64,
}

/// What `clear` removed.
#[derive(Debug, Clone, Serialize)]
pub struct Cleared {
    /// Indexes removed.
    pub projects: usize,
}

/// Brings a project's index up to date to the end, merges and compacts it, and drops projects that are too many.
pub fn refresh(
    context: &Context<'_>,
    root: &Root,
    options: &RefreshOptions<'_>,
) -> Result<Refreshed, IndexError> {
    let home = Home::of(context, root);
    let mut refreshed = Refreshed { busy: true, files: 0, looked_at: 0, changed: 0, elapsed_ms: 0 };
    fs::create_private_dir_all(&home.folder)?;
    let wait = if options.background { Duration::ZERO } else { REFRESH_WAIT };
    let Ok(_held) = Lock::acquire(&home.folder.join("refresh.lock"), wait) else { return Ok(refreshed) };
    if options.rebuild {
        remove_database(&home)?;
    }
    let clock = Deadline::never();
    let update_options = UpdateOptions {
        deadline: clock,
        threads: options.threads,
        patient: true,
        full: options.rebuild,
        seen: None,
        suspects: None,
        urgency: &|_| 0,
        progress: options.progress,
    };
    let mut index = load(context, &home)?;
    let mut updated = update(&mut index, context, root, &update_options)?;
    for _ in 0..REFUSALS_MAX {
        if !index.outdated {
            break;
        }
        // A quick process saved in between: what is missing on top of its state is little, or all was for nothing.
        index = load(context, &home)?;
        updated = update(&mut index, context, root, &update_options)?;
    }
    index.end_reading()?;
    save_surely(&mut index)?;
    if let Err(error) = refresh_history(context, root, &mut index) {
        // The ranking works without it, and the next refresh reads it.
        context.log.line("warn", &format!("index: history not saved: {error}"));
    }
    compact(context, &mut index);
    evict(context, &home)?;
    refreshed.busy = false;
    refreshed.files = index.manifest.counts().0;
    refreshed.looked_at = updated.looked_at;
    refreshed.changed = updated.changed;
    refreshed.elapsed_ms = clock.elapsed_us() / 1000;
    Ok(refreshed)
}

/// Saves what the update could not, or says why that cannot be: whoever asks for a refresh wants it on the disk.
fn save_surely(index: &mut Index) -> Result<(), IndexError> {
    if !index.dirty || index.outdated {
        return Ok(());
    }
    let _held = Lock::acquire(&index.home.lock, REFRESH_WAIT)?;
    if !index.save()? && !index.outdated {
        return Err(IndexError::NotSaved { path: index.home.database.display().to_string() });
    }
    Ok(())
}

/// Merges segments and loose documents when they are many, gives back free space, and folds the write-ahead log in.
///
/// Not being able to is no reason to fail: what was asked for is done by now.
fn compact(context: &Context<'_>, index: &mut Index) {
    let documents: std::collections::HashSet<u32> =
        index.manifest.dirs.values().flat_map(|dir| &dir.entries).map(|entry| entry.doc).collect();
    if index.loose.len() > LOOSE_MERGE || index.segments.len() > SEGMENTS_MERGE {
        let Ok(_held) = Lock::acquire(&index.home.lock, REFRESH_WAIT) else { return };
        if let Err(error) = index.merge(&|doc| documents.contains(&doc)) {
            context.log.line("warn", &format!("index: not merged: {error}"));
            if matches!(error, IndexError::Store(StoreError::Damaged { .. })) {
                set_aside(context, &index.home);
                return;
            }
        }
    }
    if let Some(connection) = &index.connection {
        // A merge writes the whole before it lets go of the parts: as much again would stay in the file.
        if let Ok(_held) = Lock::acquire(&index.home.lock, REFRESH_WAIT)
            && let Err(error) = store::shrink(connection, &index.home.database)
        {
            context.log.line("warn", &format!("index: free space not given back: {error}"));
        }
        match store::checkpoint(connection, &index.home.database) {
            Ok(()) | Err(StoreError::Locked { .. }) => {}
            Err(error) => context.log.line("warn", &format!("index: log not folded in: {error}")),
        }
    }
}

/// Drops the projects that were used least recently, beyond the number that is kept.
fn evict(context: &Context<'_>, own: &Home) -> Result<(), IndexError> {
    let mut projects: Vec<(std::time::SystemTime, PathBuf)> = Vec::new();
    for folder in project_folders(context) {
        let used = ["memory.db", "memory.db-wal"]
            .iter()
            .filter_map(|name| folder.join(name).metadata().ok()?.modified().ok());
        projects.push((used.max().unwrap_or(std::time::UNIX_EPOCH), folder));
    }
    projects.sort();
    let keep = context.settings.memory_projects_max.max(1);
    let surplus = projects.len().saturating_sub(keep);
    for (_, folder) in projects.into_iter().filter(|(_, folder)| *folder != own.folder).take(surplus) {
        fs::remove_dir_all_own(&folder)?;
    }
    Ok(())
}

fn project_folders(context: &Context<'_>) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(context.paths.data.join("projects")) else { return Vec::new() };
    let paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    // Whatever else lies there is not ours to count or to remove.
    let mut folders: Vec<PathBuf> = paths.filter(|path| path.is_dir() && !path.is_symlink()).collect();
    folders.sort();
    folders
}

fn remove_database(home: &Home) -> Result<(), IndexError> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = home.database.clone().into_os_string();
        name.push(suffix);
        let path = Path::new(&name);
        if path.exists() {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Whether an index is saved that has seen the whole project; one row tells, where [`status`] reads everything.
pub fn is_indexed(context: &Context<'_>, root: &Root) -> bool {
    let home = Home::of(context, root);
    if !home.database.exists() {
        return false;
    }
    let (Ok(mut index), Ok(Some(connection))) = (empty(&home), schema::open(context, &home)) else {
        return false;
    };
    index.has_scanned(&connection).unwrap_or(false)
}

/// Reads what is saved of a project; nothing is brought up to date.
pub fn status(context: &Context<'_>, root: &Root) -> Result<Status, IndexError> {
    let home = Home::of(context, root);
    let there = home.database.exists();
    let index = if there { load(context, &home)? } else { empty(&home)? };
    let (files_known, files_indexed) = index.manifest.counts();
    let mut languages: BTreeMap<&str, usize> = BTreeMap::new();
    for entry in index.manifest.dirs.values().flat_map(|dir| &dir.entries).filter(|entry| entry.doc != 0) {
        let language = crate::code::Language::from_id(entry.language).unwrap_or(crate::code::Language::Text);
        *languages.entry(language.name()).or_default() += 1;
    }
    let mut languages: Vec<(String, usize)> =
        languages.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    languages.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let size = |path: PathBuf| std::fs::metadata(path).map_or(0, |meta| meta.len());
    Ok(Status {
        root: root.path.to_string_lossy().into_owned(),
        id: project_id(&root.path),
        database: home.database.display().to_string(),
        database_bytes: size(home.database.clone()) + size(home.folder.join("memory.db-wal")),
        files_known,
        files_indexed,
        languages,
        segments: index.segments.len(),
        loose: index.loose.len(),
        scanned_ms: index.scanned_ns / 1_000_000,
        verified_ms: index.verified_ns / 1_000_000,
    })
}

fn empty(home: &Home) -> Result<Index, IndexError> {
    let reason = || "cannot be read".to_owned();
    let damaged = || StoreError::Damaged { path: home.database.display().to_string(), reason: reason() };
    Ok(Index::load(home.clone(), None)?.ok_or_else(damaged)?)
}

/// Deletes the index of one project, or of all; the record of launches is not touched.
pub fn clear(context: &Context<'_>, root: Option<&Root>) -> Result<Cleared, IndexError> {
    let folders = match root {
        Some(root) => vec![Home::of(context, root).folder],
        None => project_folders(context),
    };
    let mut projects = 0;
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        fs::remove_dir_all_own(folder)?;
        projects += 1;
    }
    Ok(Cleared { projects })
}
