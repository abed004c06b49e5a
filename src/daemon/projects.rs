//! The projects that the daemon keeps in memory: taken in, asked, brought up to date, let go of.

use super::pace::Pace;
use super::stats::Stats;
use super::watch::{Id, Standing, WATCH_BYTES, Watcher};
use crate::base::{Deadline, Env, Log, Paths, Settings, give_back_memory, lower_priority, resident_bytes};
use crate::memory::{self, Changes, Context, IndexError, Kept, Question, Ranked, Renewed, Shelf};
use crate::project::{Root, find_root};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Projects kept at most.
const PROJECTS_MAX: usize = 64;
/// Files that were read for questions are kept up to so many bytes, and to this part of the daemon's memory.
const SHELF_BYTES: usize = 12 * 1024 * 1024;
const SHELF_PART_MAX: usize = 8;
/// Changes that follow each other this closely are taken in together.
const QUIET: Duration = Duration::from_millis(20);
/// Bringing one project up to date in the background takes at most this long, in milliseconds.
const RENEW_MS: u64 = 60_000;
/// After so much time without a question, memory that the last ones needed is given back.
const REST: Duration = Duration::from_secs(1);
/// Fewer changed files are read on one processor; more of them on as many as this.
const FILES_ALONE_MAX: usize = 16;
const PROCESSORS_MAX: u64 = 2;
/// Folders may appear while folders are taken in; so often it is tried.
const ROUNDS_MAX: usize = 8;
/// Variables that decide which files belong to a project.
const DECIDING: &[&str] = &["HOME", "XDG_CONFIG_HOME", "GIT_CONFIG"];

/// What makes two questions meet the same index.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    root: PathBuf,
    data: PathBuf,
    variables: Vec<(std::ffi::OsString, std::ffi::OsString)>,
}

/// One project in memory.
struct Slot {
    id: Id,
    root: Root,
    /// Environment of who asked first, for work in the background.
    env: Env,
    kept: Mutex<Option<Kept>>,
    /// Set while the background has the lock for long.
    background: AtomicBool,
    /// Whether the background has been through with it once.
    taken_in: AtomicBool,
    asked: AtomicU64,
    bytes: AtomicUsize,
}

impl Slot {
    fn kept(&self) -> MutexGuard<'_, Option<Kept>> {
        self.kept.lock().unwrap_or_else(|poisoned: PoisonError<_>| {
            // Whoever panicked may have left anything behind.
            let mut guard = poisoned.into_inner();
            *guard = None;
            self.kept.clear_poison();
            guard
        })
    }
}

enum Job {
    /// Take the project in, or take its changes in.
    Renew(Id),
    /// Give memory back as soon as nobody asks any more.
    Rest,
}

/// What the background did with a project, for whoever watches in the foreground.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// The project's root.
    pub root: PathBuf,
    /// What was done; the error's text if that failed.
    pub result: Result<Renewed, String>,
    /// Why changes of the project cannot be watched, if so.
    pub unwatched: Option<String>,
    /// Time it took, in microseconds.
    pub elapsed_us: u64,
}

/// Told what the background does.
type Told = Box<dyn Fn(&Renewal) + Send + Sync>;

/// What the daemon may take of the machine.
#[derive(Debug, Clone, Copy)]
pub struct Ceilings {
    /// Memory beyond which projects are let go, those that were asked least recently first, in bytes.
    pub bytes_max: usize,
    /// Share of one processor for taking changes in that nobody has asked for yet, 1 to 100.
    pub cpu_percent: u64,
    /// Folders watched at most, in all projects together.
    pub watches_max: usize,
}

/// All projects in memory.
pub struct Projects {
    slots: Mutex<HashMap<Key, Arc<Slot>>>,
    /// Or why nothing can be watched.
    watcher: Result<Watcher, String>,
    jobs: Mutex<Sender<Job>>,
    stats: Arc<Stats>,
    log: Log,
    next_id: AtomicU64,
    clock: AtomicU64,
    told: Option<Told>,
    ceilings: Ceilings,
    /// Files that were read for earlier questions, of all projects.
    shelf: Arc<Shelf>,
    /// Whether a question has come since memory was given back.
    busy: AtomicBool,
}

impl Projects {
    /// No project yet; starts the threads that follow changes. `told` hears of each renewal.
    pub fn new(stats: Arc<Stats>, log: Log, ceilings: Ceilings, told: Option<Told>) -> Arc<Projects> {
        let watcher = Watcher::new(ceilings.watches_max).map_err(|error| {
            log.line("warn", &format!("daemon: {error}"));
            error.to_string()
        });
        let (jobs, queue) = channel();
        let projects = Arc::new(Projects {
            slots: Mutex::default(),
            watcher,
            jobs: Mutex::new(jobs),
            stats,
            log,
            next_id: AtomicU64::new(1),
            clock: AtomicU64::new(1),
            told,
            ceilings,
            shelf: Arc::new(Shelf::new(SHELF_BYTES.min(ceilings.bytes_max / SHELF_PART_MAX))),
            busy: AtomicBool::new(false),
        });
        let background = Arc::clone(&projects);
        let spawned = thread("background", move || background.work(&queue)).and_then(|()| {
            let watching = Arc::clone(&projects);
            thread("watcher", move || watching.follow_changes())
        });
        if let Err(error) = spawned {
            projects.log.line("error", &format!("daemon: cannot start a thread: {error}"));
        }
        projects
    }

    /// Ranks a project's files for a question: from memory where that is possible.
    pub fn search(
        &self,
        context: &Context<'_>,
        root: &Root,
        question: &Question<'_>,
    ) -> Result<Ranked, IndexError> {
        let kept = self.with(context, root, |kept, changes| kept.search(context, root, changes, question));
        kept.unwrap_or_else(|| memory::search(context, root, question))
    }

    /// Says something general about a project: from memory where that is possible.
    pub fn glance(&self, context: &Context<'_>, root: &Root, chars: usize) -> Result<String, IndexError> {
        let kept = self.with(context, root, |kept, changes| kept.glance(context, root, changes, chars));
        kept.unwrap_or_else(|| memory::glance(context, root, chars))
    }

    /// Takes a project in and keeps it up to date from then on.
    pub fn adopt(&self, context: &Context<'_>, root: &Root) -> Result<Renewed, IndexError> {
        let renewed = self.with(context, root, |kept, changes| kept.renew(context, root, changes));
        renewed.unwrap_or(Ok(Renewed { looked_at: 0, changed: 0, whole: false }))
    }

    /// The projects in memory: root, memory in bytes, whether every change is told, or why not.
    pub fn list(&self) -> Vec<(PathBuf, usize, bool, Option<String>)> {
        let slots: Vec<Arc<Slot>> = self.slots().values().cloned().collect();
        let mut list: Vec<_> = slots
            .iter()
            .map(|slot| {
                let standing = self.standing(slot.id);
                let watched = standing == Standing::Watched;
                let reason = match standing {
                    Standing::Impossible(reason) => Some(reason),
                    _ => None,
                };
                (slot.root.path.clone(), slot.bytes.load(Ordering::Relaxed), watched, reason)
            })
            .collect();
        list.sort();
        list
    }

    /// Watched folders, times the system lost changes, and events read.
    pub fn figures(&self) -> (usize, u64, u64) {
        self.watcher.as_ref().map(Watcher::figures).unwrap_or_default()
    }

    fn standing(&self, id: Id) -> Standing {
        match &self.watcher {
            Ok(watcher) => watcher.standing(id),
            Err(reason) => Standing::Impossible(reason.clone()),
        }
    }

    fn slots(&self) -> MutexGuard<'_, HashMap<Key, Arc<Slot>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self, context: &Context<'_>, root: &Root) -> Arc<Slot> {
        let deciding =
            |name: &std::ffi::OsStr| DECIDING.iter().any(|prefix| name.to_string_lossy().starts_with(prefix));
        let variables = context.env.vars().filter(|(name, _)| deciding(name));
        let key = Key {
            root: root.path.clone(),
            data: context.paths.data.clone(),
            variables: variables.map(|(name, value)| (name.into(), value.into())).collect(),
        };
        let make = || {
            Arc::new(Slot {
                id: self.next_id.fetch_add(1, Ordering::Relaxed),
                root: root.clone(),
                env: context.env.clone(),
                kept: Mutex::default(),
                background: AtomicBool::new(false),
                taken_in: AtomicBool::new(false),
                asked: AtomicU64::new(0),
                bytes: AtomicUsize::new(0),
            })
        };
        let slot = Arc::clone(self.slots().entry(key).or_insert_with(make));
        slot.asked.store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
        slot
    }

    /// Asks a project's index; `None` when it cannot be kept in memory, or is being brought up to date by now: then the
    /// question is answered as by a process that reads the index anew.
    fn with<T>(
        &self,
        context: &Context<'_>,
        root: &Root,
        ask: impl FnOnce(&mut Kept, Changes) -> Result<T, IndexError>,
    ) -> Option<Result<T, IndexError>> {
        let slot = self.slot(context, root);
        if !self.busy.swap(true, Ordering::AcqRel) {
            self.order(Job::Rest);
        }
        if slot.background.load(Ordering::Acquire) {
            return None;
        }
        let mut guard = slot.kept();
        if guard.is_none() {
            *guard = Kept::open(context, root, &self.shelf).ok().flatten();
        }
        let kept = guard.as_mut()?;
        let changes = self.caught_up(context, root, &slot, kept);
        let counter = if changes == Changes::Unknown { &self.stats.compared } else { &self.stats.watched };
        Stats::count(counter);
        let unknown = changes == Changes::Unknown;
        let result = ask(kept, changes);
        slot.bytes.store(kept.bytes(), Ordering::Relaxed);
        let whole = kept.is_whole();
        if let Some(watcher) = self.watcher.as_ref().ok().filter(|_| kept.take_moved()) {
            // Other rules may have brought folders in; what happened in them until now is looked at the next time.
            let new = watcher.follow(slot.id, &root.path, kept.folders());
            watcher.suspect(slot.id, new);
        }
        if result.is_err() {
            // It may be damaged, moved aside by now: the question itself goes the long way.
            *guard = None;
            return None;
        }
        drop(guard);
        if unknown && whole && self.standing(slot.id) == Standing::Unwatched {
            self.order(Job::Renew(slot.id));
        }
        self.evict();
        Some(result)
    }

    /// Takes the changes in that the watcher has seen, and follows folders that have appeared, until there is nothing
    /// more to take in.
    fn caught_up(&self, context: &Context<'_>, root: &Root, slot: &Slot, kept: &mut Kept) -> Changes {
        let Ok(watcher) = &self.watcher else { return Changes::Unknown };
        let mut changes = watcher.take(slot.id);
        for _ in 0..ROUNDS_MAX {
            let Changes::Within { folders, trees, files } = &mut changes else { return Changes::Unknown };
            files.retain(|(folder, name)| kept.knows(folder, name));
            if folders.is_empty() && trees.is_empty() && files.is_empty() {
                return changes;
            }
            let Ok(renewed) = kept.renew(context, root, changes) else { return Changes::Unknown };
            Stats::count(&self.stats.renewed);
            self.stats.files_read.fetch_add(renewed.looked_at as u64, Ordering::Relaxed);
            if !renewed.whole {
                return Changes::Unknown;
            }
            kept.take_moved();
            let folders = watcher.follow(slot.id, &root.path, kept.folders());
            changes = Changes::Within { folders, trees: Default::default(), files: Default::default() };
        }
        Changes::Unknown
    }

    fn order(&self, job: Job) {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        // The thread lives as long as the process.
        let _ = jobs.send(job);
    }

    /// Lets go of the projects that were asked least recently, as long as all together are too large, as far as that can
    /// be told while questions are under way.
    fn evict(&self) {
        let mut slots = self.slots();
        loop {
            let bytes: usize = slots.values().map(|slot| slot.bytes.load(Ordering::Relaxed)).sum();
            let watches = self.figures().0 * WATCH_BYTES;
            let bytes = bytes + watches + self.shelf.bytes();
            let fits = slots.len() <= PROJECTS_MAX && bytes <= self.ceilings.bytes_max;
            if fits || !self.let_go_of_oldest(&mut slots) {
                return;
            }
        }
    }

    /// Gives back what the last questions needed; where the process is still too large, projects go by its real size.
    fn rest(&self) {
        give_back_memory();
        let is_too_large = || resident_bytes().is_some_and(|bytes| bytes > self.ceilings.bytes_max);
        if is_too_large() {
            self.shelf.clear();
            give_back_memory();
        }
        while is_too_large() && self.let_go_of_oldest(&mut self.slots()) {
            give_back_memory();
        }
    }

    /// Lets go of the project that was asked least recently; false when there is but one.
    fn let_go_of_oldest(&self, slots: &mut HashMap<Key, Arc<Slot>>) -> bool {
        let oldest = slots.iter().min_by_key(|(_, slot)| slot.asked.load(Ordering::Relaxed));
        let Some((key, id)) = oldest.map(|(key, slot)| (key.clone(), slot.id)).filter(|_| slots.len() > 1)
        else {
            return false;
        };
        slots.remove(&key);
        if let Ok(watcher) = &self.watcher {
            watcher.forget(id);
        }
        Stats::count(&self.stats.evicted);
        true
    }

    /// The thread that notices changes.
    fn follow_changes(&self) {
        lower_priority();
        let Ok(watcher) = &self.watcher else { return };
        loop {
            watcher.wait();
            std::thread::sleep(QUIET);
            for id in watcher.changed() {
                self.order(Job::Renew(id));
            }
        }
    }

    /// The thread that takes projects and their changes in.
    fn work(&self, queue: &Receiver<Job>) {
        lower_priority();
        let mut pace = Pace::new(self.ceilings.cpu_percent);
        let mut resting = true;
        while let Some(id) = self.next(queue, &mut pace, &mut resting) {
            let slot = self.slots().values().find(|slot| slot.id == id).cloned();
            let Some(slot) = slot else { continue };
            let clock = Deadline::never();
            let work = std::panic::AssertUnwindSafe(|| self.renew(&slot));
            let result = std::panic::catch_unwind(work).unwrap_or_else(|_| Err("panicked".into()));
            slot.background.store(false, Ordering::Release);
            let looked_at = result.as_ref().ok().and_then(Option::as_ref).map_or(0, |it| it.looked_at);
            pace.worked(clock.elapsed_us(), if looked_at < FILES_ALONE_MAX { 1 } else { PROCESSORS_MAX });
            slot.taken_in.store(true, Ordering::Release);
            if let Ok(watcher) = &self.watcher {
                // Only if it has not come to its end.
                watcher.settled(slot.id, false);
            }
            if let Err(error) = &result {
                self.log.line("warn", &format!("daemon: {}: {error}", slot.root.path.display()));
            }
            let unwatched = match self.standing(slot.id) {
                Standing::Impossible(reason) => Some(reason),
                _ => None,
            };
            resting = false;
            if let (Some(told), Some(renewed)) = (&self.told, result.transpose()) {
                let root = slot.root.path.clone();
                told(&Renewal { root, result: renewed, unwatched, elapsed_us: clock.elapsed_us() });
            }
        }
    }

    /// What the background is to do next; `None` at the end.
    fn next(&self, queue: &Receiver<Job>, pace: &mut Pace, resting: &mut bool) -> Option<Id> {
        loop {
            if let Some(id) = pace.due() {
                return Some(id);
            }
            // Nothing wakes this thread when everything is done.
            let rest = (!*resting).then_some(REST);
            let job = match [pace.wait(), rest].into_iter().flatten().min() {
                None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(wait) => queue.recv_timeout(wait),
            };
            match job {
                // A project that is new is not made to wait for those that change all the time.
                Ok(Job::Renew(id)) if pace.is_free() || self.is_new(id) => return Some(id),
                Ok(Job::Renew(id)) => pace.keep(id),
                Ok(Job::Rest) => *resting = false,
                Err(RecvTimeoutError::Timeout) if pace.wait() == Some(Duration::ZERO) => {}
                Err(RecvTimeoutError::Timeout) => {
                    *resting = !self.busy.swap(false, Ordering::AcqRel);
                    if *resting {
                        self.rest();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn is_new(&self, id: Id) -> bool {
        self.slots().values().any(|slot| slot.id == id && !slot.taken_in.load(Ordering::Acquire))
    }

    /// Takes a project in, or what has changed in it; `Ok(None)` when there was nothing to do.
    fn renew(&self, slot: &Slot) -> Result<Option<Renewed>, String> {
        let Ok(watcher) = &self.watcher else { return Ok(None) };
        let Some(paths) = Paths::of(&slot.env) else { return Ok(None) };
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let root = find_root(&slot.root.path, &slot.env).map_err(|error| text(&error))?;
        let Some(root) = root.filter(|root| *root == slot.root) else {
            watcher.forget(slot.id);
            return Err("the project has gone".into());
        };
        let (settings, _) = Settings::load(&slot.env, Some(&paths.settings()), Some(&root.path));
        let context = Context {
            env: &slot.env,
            paths: &paths,
            settings: &settings,
            log: &self.log,
            deadline: Deadline::after_ms(RENEW_MS),
        };
        let mut guard = slot.kept();
        slot.background.store(true, Ordering::Release);
        let Some(kept) = guard.as_mut() else { return Ok(None) };
        match watcher.standing(slot.id) {
            Standing::Watched => {
                let before = self.stats.files_read.load(Ordering::Relaxed);
                let changes = self.caught_up(&context, &root, slot, kept);
                if changes == Changes::Unknown && watcher.standing(slot.id) == Standing::Unwatched {
                    return self.take_in(&context, &root, slot, kept).map(Some);
                }
                let read = self.stats.files_read.load(Ordering::Relaxed) - before;
                let read = usize::try_from(read).unwrap_or(0);
                let whole = changes != Changes::Unknown;
                Ok((read > 0).then_some(Renewed { looked_at: read, changed: read, whole }))
            }
            Standing::Unwatched => self.take_in(&context, &root, slot, kept).map(Some),
            Standing::Starting | Standing::Impossible(_) => Ok(None),
        }
    }

    /// Begins to watch a project: first the watches, then one comparison of everything, so that nothing falls between.
    fn take_in(
        &self,
        context: &Context<'_>,
        root: &Root,
        slot: &Slot,
        kept: &mut Kept,
    ) -> Result<Renewed, String> {
        let watcher = self.watcher.as_ref().map_err(Clone::clone)?;
        watcher.start(slot.id, &root.path);
        watcher.follow(slot.id, &root.path, kept.folders());
        let text = |error: IndexError| error.to_string();
        let renewed = kept.renew(context, root, Changes::Unknown).map_err(text);
        let mut whole = renewed.as_ref().is_ok_and(|renewed| renewed.whole);
        for _ in 0..ROUNDS_MAX {
            if !whole {
                break;
            }
            let folders = watcher.follow(slot.id, &root.path, kept.folders());
            if folders.is_empty() {
                break;
            }
            let changes = Changes::Within { folders, trees: Default::default(), files: Default::default() };
            whole = kept.renew(context, root, changes).is_ok_and(|renewed| renewed.whole);
        }
        kept.take_moved();
        watcher.settled(slot.id, whole);
        slot.bytes.store(kept.bytes(), Ordering::Relaxed);
        if let Standing::Impossible(reason) = watcher.standing(slot.id) {
            let shown = root.path.display();
            self.log.line(
                "warn",
                &format!("daemon: {shown} is compared with the disk at each question: {reason}"),
            );
        }
        renewed
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    const STACK_BYTES: usize = 16 * 1024 * 1024;
    std::thread::Builder::new().name(name.into()).stack_size(STACK_BYTES).spawn(work).map(|_| ())
}
