//! Carries a plan out: lock, read, plan, one change set, look again; from the start when somebody else wrote meanwhile.

use super::InstallError;
use super::entries::HttpHook;
use super::memory_note::{NoteChoice, NoteJob, plan_note, plan_unusable};
use super::notes::notes;
use super::plan::{Action, After, Content, FilePlan, Job, plan_file};
use super::receipt::{FileReceipt, RECEIPT_BYTES_MAX, Receipts, hash};
use super::recognise::Known;
use super::scope::{Scope, must_not_be_foreign, others_can_read, program, same};
use crate::base::{Deadline, Env, Paths};
use crate::fs::{
    ChangeSet, Expected, FsError, Lock, WriteOptions, content_hash, has_stale_temporaries, quarantine, read,
    remove_dir_if_empty, remove_file, remove_idle_locks, remove_stale_temporaries,
};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A larger settings file is not touched, in bytes.
pub(super) const SETTINGS_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How long is planned anew when the file changes under our hands, in milliseconds. Between two writes of another
/// program a moment for ours is found soon, unless the machine is busy with much else.
const PATIENCE_MS: u64 = 40_000;
/// How long another installer may hold the lock: all of its patience, and more.
const LOCK_WAIT: Duration = Duration::from_secs(60);
/// How often in a row a file that is no strict JSON is read again: it may have been caught half written.
const UNREADABLE_MAX: usize = 5;
/// The daemon's token, in rtk's state folder.
const TOKEN: &str = "token";
/// Pause before another attempt.
const PAUSE: Duration = Duration::from_millis(7);
/// How long a displaced file is watched: programs that rewrite it in place may still have it open.
const SETTLE: Duration = Duration::from_millis(30);
/// How long a blank file must stay blank: programs that rewrite it in place empty it first.
const BLANK_WAIT: Duration = Duration::from_millis(100);

/// What `rtk init` was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Request<'r> {
    /// The environment, which names the client's and rtk's folders.
    pub env: &'r Env,
    /// rtk's own folders.
    pub paths: &'r Paths,
    /// Whose settings.
    pub scope: Scope,
    /// What to do.
    pub action: Action,
    /// What becomes of the note in the client's memory file; a removal takes it out in any case.
    pub note: NoteChoice,
    /// Whether agents are to be allowed to ask the memory without a question.
    pub allow: bool,
    /// The daemon that the client is to ask in place of starting the program, where it can.
    pub http: Option<&'r HttpHook>,
    /// Whether the memory is to be registered as an MCP server, too; a removal takes it out in any case.
    pub mcp: bool,
}

/// A change as it is shown before it happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The settings file.
    pub path: PathBuf,
    /// The files that change.
    pub files: Vec<FileChange>,
    /// What the user should know, one sentence each.
    pub notes: Vec<String>,
}

/// The change of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// The file.
    pub path: PathBuf,
    /// Its content now; `None` when there is no file.
    pub before: Option<String>,
    /// Its content then; `None` when there will be no file.
    pub after: Option<String>,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The settings file.
    pub path: PathBuf,
    /// Whether anything was changed.
    pub changed: bool,
    /// What the user should know, one sentence each.
    pub notes: Vec<String>,
}

impl Preview {
    /// Whether any file will be another than now.
    pub fn is_change(&self) -> bool {
        !self.files.is_empty()
    }
}

/// Plans without touching anything.
pub fn preview(request: &Request<'_>) -> Result<Preview, InstallError> {
    let (plans, receipts) = read_and_plan(request)?;
    let known = Known::new(request.env, &program(request.env)?, receipts.programs);
    let mut notes = notes(request, &plans.settings, &known);
    notes.extend(plans.said.clone());
    let path = plans.settings.path.clone();
    let change = |plan: FilePlan| {
        let after = match plan.after {
            After::Same => return None,
            After::Text(text) => Some(text),
            After::NoFile => None,
        };
        let before = plan.now.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Some(FileChange { path: plan.path, before, after })
    };
    let files = [plans.settings, plans.note]
        .into_iter()
        .chain(plans.servers)
        .filter_map(change)
        .filter(|file| file.before != file.after);
    Ok(Preview { path, files: files.collect(), notes })
}

/// What becomes of each file.
struct Plans {
    settings: FilePlan,
    note: FilePlan,
    servers: Option<FilePlan>,
    /// What the user should know about the note.
    said: Option<String>,
}

impl Plans {
    fn each(&self) -> Vec<&FilePlan> {
        [&self.settings, &self.note].into_iter().chain(&self.servers).collect()
    }

    /// The file that is not as it should be.
    fn unfinished(&self) -> Option<&FilePlan> {
        self.each().into_iter().find(|plan| plan.after != After::Same)
    }
}

/// Whether there is something to tidy although the file is as it should be: a receipt of entries that other hands
/// removed, or what a run that was killed has left.
pub fn has_leavings(request: &Request<'_>) -> Result<bool, InstallError> {
    let targets = targets(request)?;
    let receipts = receipts_for(request, &targets)?;
    let recorded =
        request.action == Action::Uninstall && targets.iter().any(|path| receipts.latest(path).is_some());
    // Locks go with those who hold them, and rtk's folders with the last thing in them.
    let is_empty =
        |folder: &Path| std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none());
    let folders_of_the_dead =
        request.paths.locks().exists() || is_empty(&request.paths.state) || is_empty(&request.paths.data);
    if recorded || folders_of_the_dead {
        return Ok(true);
    }
    for path in targets.iter().chain([&receipts_path(request.paths)]) {
        if has_stale_temporaries(path)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The files that may change: settings, memory file, and that of MCP servers.
fn targets(request: &Request<'_>) -> Result<Vec<PathBuf>, InstallError> {
    let (scope, env) = (request.scope, request.env);
    let servers = scope.servers_path(env)?;
    Ok([scope.settings_path(env)?, scope.memory_path(env)?].into_iter().chain(servers).collect())
}

/// The receipts, with those that name the files as they were called earlier: the home folder was moved since, or is
/// reached by another path.
fn receipts_for(request: &Request<'_>, targets: &[PathBuf]) -> Result<Receipts, InstallError> {
    let mut receipts = read_receipts(request.paths)?;
    for path in targets {
        let is_earlier_name = |receipt: &FileReceipt| {
            receipt.scope == request.scope.name()
                && receipt.path.file_name() == path.file_name()
                && (same(&receipt.path, path) || (is_gone(&receipt.path) && holds(path, &receipt.after)))
        };
        receipts.adopt(path, is_earlier_name);
    }
    Ok(receipts)
}

fn is_gone(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

/// Whether the file holds content of that hash.
fn holds(path: &Path, content: &str) -> bool {
    matches!(read(path, SETTINGS_BYTES_MAX), Ok(Some(now)) if hash(&now) == content)
}

/// As [`apply`], for entries that ask a daemon whose token `make` makes first. Folders that are made for it are recorded
/// with those of the installation, so that the removal takes them along.
pub fn apply_with_token(
    request: &Request<'_>,
    hook: &HttpHook,
    make: &dyn Fn() -> Result<String, InstallError>,
) -> Result<Applied, InstallError> {
    run(request, |request, made| {
        let hook = HttpHook { token: make()?, ..hook.clone() };
        let done = attempt_until_stable(&Request { http: Some(&hook), ..*request }, made);
        if done.is_err() {
            remove_unused_token(request.paths);
        }
        done
    })
}

/// Installs or removes. Everything happens, or nothing; a file that another program writes meanwhile is planned anew.
pub fn apply(request: &Request<'_>) -> Result<Applied, InstallError> {
    run(request, attempt_until_stable)
}

fn run(
    request: &Request<'_>,
    work: impl FnOnce(&Request<'_>, &[PathBuf]) -> Result<(Applied, Receipts), InstallError>,
) -> Result<Applied, InstallError> {
    let locks = request.paths.locks();
    let made = missing_folders(&locks);
    let lock = match Lock::acquire(&install_lock(request.paths), LOCK_WAIT) {
        Ok(lock) => lock,
        Err(error) => {
            remove_empty(&made);
            return Err(error.into());
        }
    };
    let done = work(request, &made);
    let mut folders = made;
    if let Ok((_, receipts)) = &done
        && receipts.files.is_empty()
    {
        if receipts.folders.contains(&request.paths.state) {
            remove_unused_token(request.paths);
        }
        folders.extend(receipts.folders.iter().chain([&request.paths.data, &request.paths.state]).cloned());
    }
    tidy(&folders, &locks, lock);
    done.map(|(applied, _)| applied)
}

/// Removes the token that was made for entries which are out by now, if no daemon has ever left anything beside it.
fn remove_unused_token(paths: &Paths) {
    let beside = |name: &std::ffi::OsStr| Some(name) != paths.locks().file_name() && name != TOKEN;
    let Ok(entries) = std::fs::read_dir(&paths.state) else { return };
    if !entries.flatten().any(|entry| beside(&entry.file_name())) {
        // What cannot be removed is as good as what was never there: nobody uses it.
        let _ = remove_file(&paths.state.join(TOKEN));
    }
}

/// Removes those folders that hold nothing. What lies above the lock can only go after it, all else before others
/// come in.
fn tidy(folders: &[PathBuf], locks: &Path, lock: Lock) {
    let all = folders.iter().cloned().chain([locks.to_path_buf()]);
    let (above, beside): (Vec<_>, Vec<_>) = all.partition(|folder| locks.starts_with(folder));
    remove_empty(&beside);
    // A run that was killed leaves the locks that it held.
    remove_idle_locks(locks);
    drop(lock);
    remove_empty(&above);
}

/// Removes those folders that hold nothing, the innermost first.
fn remove_empty(folders: &[PathBuf]) {
    let mut folders: Vec<_> = folders.iter().collect();
    folders.sort_by_key(|folder| (std::cmp::Reverse(folder.components().count()), *folder));
    folders.dedup();
    for folder in folders {
        // One that is in use, or that may not be removed, stays.
        let _ = remove_dir_if_empty(folder);
    }
}

fn attempt_until_stable(
    request: &Request<'_>,
    made: &[PathBuf],
) -> Result<(Applied, Receipts), InstallError> {
    // A run that was killed may have left the displaced file beside the new one.
    for path in targets(request)?.iter().chain([&receipts_path(request.paths)]) {
        remove_stale_temporaries(path)?;
    }
    let mut unreadable = 0;
    let mut path = PathBuf::new();
    let mut attempts = 0;
    let patience = Deadline::after_ms(PATIENCE_MS);
    while !patience.passed() {
        attempts += 1;
        match attempt(request, made) {
            Ok(Attempt::Done(applied, receipts)) => return Ok((applied, receipts)),
            Ok(Attempt::Overwritten(at)) => (path, unreadable) = (at, 0),
            Err(InstallError::Fs(FsError::Changed { path: at })) => (path, unreadable) = (at, 0),
            Err(error) if error.may_pass() && unreadable < UNREADABLE_MAX => unreadable += 1,
            Err(error) => return Err(error),
        }
        std::thread::sleep(PAUSE);
    }
    Err(InstallError::KeptChanging { path, attempts })
}

enum Attempt {
    Done(Applied, Receipts),
    /// Somebody wrote an older state over what was just written.
    Overwritten(PathBuf),
}

fn attempt(request: &Request<'_>, made: &[PathBuf]) -> Result<Attempt, InstallError> {
    let (mut plans, mut receipts) = read_and_plan(request)?;
    if plans.settings.now.as_ref().is_some_and(|now| now.iter().all(u8::is_ascii_whitespace)) {
        std::thread::sleep(BLANK_WAIT);
        (plans, receipts) = read_and_plan(request)?;
    }
    let program = program(request.env)?;
    let known = Known::new(request.env, &program, receipts.programs.clone());
    let changed = plans.unfinished().is_some();
    // Made when all is written: who else writes the file leaves little time between reading and writing.
    let done = |plans: &Plans| {
        let mut notes = notes(request, &plans.settings, &known);
        notes.extend(plans.said.clone());
        Applied { path: plans.settings.path.clone(), changed, notes }
    };
    let book = receipts_path(request.paths);
    if !changed && plans.each().iter().all(|plan| !plan.forget) {
        return Ok(Attempt::Done(done(&plans), receipts));
    }
    if receipts.damaged {
        quarantine(&book)?;
        receipts.damaged = false;
    }
    let mut changes = ChangeSet::new();
    if plans.each().iter().any(|plan| plan.receipt.is_some()) {
        // The receipts come first: without them a crash would leave entries that cannot be removed to the byte.
        for plan in plans.each() {
            if let Some(receipt) = &plan.receipt {
                receipts.add(receipt.clone(), plan.now.as_deref().unwrap_or_default(), &program);
            }
        }
        let made = made.iter().chain(&missing_folders(&request.paths.data)).cloned().collect::<Vec<_>>();
        receipts
            .folders
            .extend(made.into_iter().filter(|folder| !receipts.folders.contains(folder)).collect::<Vec<_>>());
        changes.create_folder(&request.paths.data, 0o700);
        changes.replace_own(&book, receipts.print(), Expected::Anything);
    }
    plans.each().into_iter().for_each(|plan| add_edits(&mut changes, plan));
    let options = WriteOptions::durable(&request.paths.locks()).settling(SETTLE);
    // What holds the token is nobody else's to read.
    let options = if request.http.is_some() { options.private() } else { options };
    changes.apply(&options).map_err(|error| match request.action {
        Action::Install => InstallError::of_note(error, &plans.note.path),
        Action::Uninstall => error.into(),
    })?;
    // Looked at once more: a tool that writes from an old snapshot may have come right behind.
    if let Some(unfinished) = read_and_plan(request)?.0.unfinished() {
        return Ok(Attempt::Overwritten(unfinished.path.clone()));
    }
    let mut done = done(&plans);
    if plans.each().iter().any(|plan| plan.forget) {
        // Last of all: as long as it is there, a removal that was cut short can be completed.
        plans.each().iter().filter(|plan| plan.forget).for_each(|plan| receipts.forget(&plan.path));
        done.notes.extend(forget(&book, &receipts, &options));
    }
    Ok(Attempt::Done(done, receipts))
}

/// What has to happen to one file.
fn add_edits(changes: &mut ChangeSet, plan: &FilePlan) {
    let now = plan.now.as_deref().map_or(Expected::Missing, |now| Expected::Content(content_hash(now)));
    if let (Some(_), Some(folder)) = (&plan.receipt, plan.path.parent()) {
        changes.create_folder(folder, 0o777);
    }
    match &plan.after {
        After::Same => {}
        After::Text(text) => changes.replace(&plan.path, text.clone().into_bytes(), now),
        After::NoFile => changes.remove_file(&plan.path, now),
    }
    plan.folders.iter().for_each(|folder| changes.remove_folder_if_empty(folder));
}

/// Writes the receipts without the one that is done with. The entries are out by then, so a failure is only told.
fn forget(book: &Path, receipts: &Receipts, options: &WriteOptions) -> Option<String> {
    let mut changes = ChangeSet::new();
    match receipts.files.is_empty() {
        true => changes.remove_file(book, Expected::Anything),
        false => changes.replace_own(book, receipts.print(), Expected::Anything),
    }
    let failed = changes.apply(options).err()?;
    Some(format!("the entries are out, but what rtk remembers of them stays: {failed}"))
}

fn read_and_plan(request: &Request<'_>) -> Result<(Plans, Receipts), InstallError> {
    let path = request.scope.settings_path(request.env)?;
    let note_path = request.scope.memory_path(request.env)?;
    let user = rustix::process::geteuid().as_raw();
    must_not_be_foreign(user, &request.paths.data)?;
    if request.scope == Scope::Global {
        // The folder tells; a file in it keeps its owner, whoever that is.
        for path in [&path, &note_path] {
            must_not_be_foreign(user, path.parent().unwrap_or(path))?;
        }
    }
    let program = program(request.env)?;
    let receipts = receipts_for(request, &targets(request)?)?;
    let known = Known::new(request.env, &program, receipts.programs.clone());
    if request.http.is_some() && others_can_read(&path) {
        return Err(InstallError::Exposed { path });
    }
    let (now, unusable) = match read(&note_path, SETTINGS_BYTES_MAX) {
        Ok(now) => (now, None),
        Err(error) => (None, Some(error)),
    };
    let missing_folders = note_path.parent().map(missing_folders).unwrap_or_default();
    let note_job =
        NoteJob { path: &note_path, scope: request.scope, now, missing_folders, receipts: &receipts };
    let choice = if request.action == Action::Uninstall { NoteChoice::Without } else { request.note };
    let (note, said) = match unusable {
        Some(error) => plan_unusable(note_job, choice, error.into())?,
        None => plan_note(note_job, choice)?,
    };
    let servers = plan_servers(request, &receipts, &known)?;
    // The file that others write most is read last.
    let content = Content::Hooks { http: request.http, allow: request.allow };
    let settings = plan_file(job(request, &path, &receipts, &known, content)?, request.action)?;
    Ok((Plans { settings, note, said, servers }, receipts))
}

fn job<'j>(
    request: &Request<'_>,
    path: &'j Path,
    receipts: &'j Receipts,
    known: &'j Known,
    content: Content<'j>,
) -> Result<Job<'j>, InstallError> {
    let now = read(path, SETTINGS_BYTES_MAX)?;
    let missing_folders = path.parent().map(missing_folders).unwrap_or_default();
    Ok(Job { path, scope: request.scope, now, missing_folders, receipts, known, content })
}

/// The file of MCP servers, where it is anything of rtk's business.
fn plan_servers(
    request: &Request<'_>,
    receipts: &Receipts,
    known: &Known,
) -> Result<Option<FilePlan>, InstallError> {
    let Some(path) = request.scope.servers_path(request.env)? else { return Ok(None) };
    if request.action == Action::Install && !request.mcp {
        return Ok(None);
    }
    if request.scope == Scope::Global {
        must_not_be_foreign(rustix::process::geteuid().as_raw(), path.parent().unwrap_or(&path))?;
    }
    let planned =
        job(request, &path, receipts, known, Content::Server).and_then(|job| plan_file(job, request.action));
    match planned {
        // Nothing says that there is anything of rtk's in it.
        Err(_) if request.action == Action::Uninstall && receipts.latest(&path).is_none() => Ok(None),
        planned => planned.map(Some),
    }
}

/// Where installers wait for each other.
fn install_lock(paths: &Paths) -> PathBuf {
    paths.locks().join("install.lock")
}

/// Where the receipts lie.
fn receipts_path(paths: &Paths) -> PathBuf {
    paths.data.join("installed.json")
}

/// The receipts. A damaged file counts as none: entries are recognised without it too.
pub(super) fn read_receipts(paths: &Paths) -> Result<Receipts, InstallError> {
    let path = receipts_path(paths);
    let Some(bytes) = read(&path, RECEIPT_BYTES_MAX)? else { return Ok(Receipts::none()) };
    Ok(Receipts::parse(&bytes).unwrap_or_else(|| Receipts { damaged: true, ..Receipts::none() }))
}

/// The folders that would have to be made for `path`, outermost first.
fn missing_folders(path: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<_> =
        path.ancestors().take_while(|folder| !folder.exists()).map(Path::to_path_buf).collect();
    missing.reverse();
    missing
}
