//! Walks the whole project level by level, and re-lists single folders.
//!
//! Level by level, so that a walk that is cut (cap, deadline) has the upper folders, and the same ones on every run.

use super::error::ProjectError;
use super::folder::{Opened, open_dir, read_folder};
use super::root::Root;
use super::rules::{Ground, Scope, read_ignore_file};
use super::stat::{DirListing, FileStat};
use crate::base::{Deadline, Env};
use rustix::fs::{AtFlags, Mode, OFlags, open, statat};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Folders nested deeper than this are left out.
const DEPTH_MAX: usize = 256;
/// More warnings than this are counted, not listed.
const WARNINGS_MAX: usize = 50;
/// A level with fewer folders than this is not worth a second thread.
const FOLDERS_PER_THREAD_MIN: usize = 4;

/// Limits of a scan.
#[derive(Debug, Clone, Copy)]
pub struct ScanOptions {
    /// The scan ends when so many files have been found.
    pub files_max: usize,
    /// Threads that list folders; at least one is used.
    pub threads: usize,
}

/// What a scan has found.
#[derive(Debug, Clone, Default)]
pub struct ScanOutcome {
    /// Sorted by path.
    pub dirs: Vec<DirListing>,
    /// Every file that decided what is in, or would if it appeared (see [`super::control_stat`]); ignore files that
    /// appear inside a known folder change that folder instead. Sorted by path, each once.
    pub control: Vec<(PathBuf, Option<FileStat>)>,
    /// The cap or the deadline ended the scan early.
    pub truncated: bool,
    /// What could not be read, for the log.
    pub warnings: Vec<String>,
}

/// Walks the project; after the deadline gives what was found so far.
///
/// `tracked_ignored` are the files that git tracks although its rules ignore them, relative to the root.
pub fn scan(
    root: &Root,
    env: &Env,
    tracked_ignored: &[Vec<u8>],
    options: &ScanOptions,
    deadline: Deadline,
) -> Result<ScanOutcome, ProjectError> {
    let ground = Ground::new(root, env, tracked_ignored);
    let root_fd = open_root(root)?;
    let mut outcome = ScanOutcome::default();
    let mut level = vec![ground.root_scope(&mut outcome.control)];
    let mut left = options.files_max;
    for depth in 0.. {
        if level.is_empty() {
            break;
        }
        if depth > DEPTH_MAX || left == 0 || deadline.passed() {
            outcome.truncated = true;
            break;
        }
        let cut = AtomicBool::new(false);
        let walk = Walk { ground: &ground, root: root_fd.as_fd(), files_max: left, deadline, cut: &cut };
        let opened = walk.level(level, options.threads);
        outcome.truncated |= cut.into_inner();
        if depth == 0 && opened.is_empty() && !outcome.truncated {
            return Err(root_is_closed(root, root_fd.as_fd()));
        }
        level = Vec::new();
        for folder in opened {
            take(&mut outcome, folder, &mut left, &mut level);
        }
    }
    outcome.dirs.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    outcome.control.sort_unstable_by(|one, other| one.0.cmp(&other.0));
    outcome.control.dedup_by(|one, other| one.0 == other.0);
    let more = outcome.warnings.len().saturating_sub(WARNINGS_MAX);
    if more > 0 {
        outcome.warnings.truncate(WARNINGS_MAX);
        outcome.warnings.push(format!("{more} more warnings"));
    }
    Ok(outcome)
}

/// Lists one folder anew, as [`scan`] would; `None` if it is gone or no part of the project any more.
///
/// The files that decided it are added to `control`, as in [`ScanOutcome::control`].
pub fn list_dir(
    root: &Root,
    env: &Env,
    tracked_ignored: &[Vec<u8>],
    relative: &[u8],
    control: &mut Vec<(PathBuf, Option<FileStat>)>,
) -> Result<Option<DirListing>, ProjectError> {
    let ground = Ground::new(root, env, tracked_ignored);
    let root_fd = open_root(root)?;
    let mut scope = ground.root_scope(control);
    if !relative.is_empty() {
        for name in relative.split(|byte| *byte == b'/') {
            let Ok(Some(folder)) = open_dir(root_fd.as_fd(), &scope.path) else { return Ok(None) };
            let rules = |name: &str| read_ignore_file(folder.as_fd(), name);
            scope.open(rules(".gitignore").as_deref(), rules(".rtkignore").as_deref());
            match ground.subfolder(&scope, name, control) {
                Some(child) if !name.is_empty() => scope = child,
                _ => return Ok(None),
            }
        }
    }
    let opened = read_folder(&ground, root_fd.as_fd(), scope, usize::MAX, Deadline::never());
    if opened.is_none() && relative.is_empty() {
        return Err(root_is_closed(root, root_fd.as_fd()));
    }
    Ok(opened.map(|opened| {
        control.extend(opened.control);
        opened.listing
    }))
}

fn open_root(root: &Root) -> Result<OwnedFd, ProjectError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    open(&root.path, flags, Mode::empty()).map_err(|error| ProjectError::io(&root.path, error))
}

/// Why nothing is known of the root: it may be listed but not entered, or is gone by now. Not the same as empty.
fn root_is_closed(root: &Root, folder: BorrowedFd<'_>) -> ProjectError {
    let reason = statat(folder, ".", AtFlags::empty()).err().unwrap_or(Errno::NOENT);
    ProjectError::io(&root.path, reason)
}

struct Walk<'a> {
    ground: &'a Ground<'a>,
    root: BorrowedFd<'a>,
    files_max: usize,
    deadline: Deadline,
    /// Set when a folder of the level was not listed.
    cut: &'a AtomicBool,
}

impl Walk<'_> {
    /// Lists all folders of a level; the result is in the order of `scopes`.
    fn level(&self, scopes: Vec<Scope>, threads: usize) -> Vec<Opened> {
        let threads = threads.min(scopes.len() / FOLDERS_PER_THREAD_MIN).max(1);
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(scope) = scopes.get(at) else { return done };
                if self.deadline.passed() {
                    self.cut.store(true, Ordering::Relaxed);
                    return done;
                }
                let opened =
                    read_folder(self.ground, self.root, scope.clone(), self.files_max, self.deadline);
                done.extend(opened.map(|opened| (at, opened)));
            }
        };
        let mut results = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut results = work();
            for other in others {
                match other.join() {
                    Ok(more) => results.extend(more),
                    Err(_) => self.cut.store(true, Ordering::Relaxed),
                }
            }
            results
        });
        results.sort_unstable_by_key(|(at, _)| *at);
        results.into_iter().map(|(_, opened)| opened).collect()
    }
}

/// Adds a listed folder to the outcome, as far as the cap allows.
fn take(outcome: &mut ScanOutcome, folder: Opened, left: &mut usize, level: &mut Vec<Scope>) {
    if *left == 0 && !folder.listing.files.is_empty() {
        outcome.truncated = true;
        return;
    }
    let mut listing = folder.listing;
    if listing.files.len() > *left {
        listing.files.truncate(*left);
        outcome.truncated = true;
    }
    *left -= listing.files.len();
    outcome.truncated |= folder.truncated;
    outcome.warnings.extend(folder.warning);
    outcome.control.extend(folder.control);
    outcome.dirs.push(listing);
    level.extend(folder.children);
}
