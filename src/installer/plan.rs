//! The plan: what one settings file holds now, what it will hold, and the receipt of the difference. Pure.

use super::InstallError;
use super::edit::{self, Draft};
use super::receipt::{FileReceipt, Receipts, hash};
use super::recognise::Known;
use super::scope::Scope;
use super::settings::SettingsDocument;
use std::path::{Path, PathBuf};

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// rtk's entries are there.
    Install,
    /// rtk's entries are gone.
    Uninstall,
}

/// What the file will hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum After {
    /// What it holds now.
    Same,
    /// This text.
    Text(String),
    /// Nothing: it will not be there.
    NoFile,
}

/// The planned change of one settings file.
#[derive(Debug)]
pub(super) struct FilePlan {
    pub(super) path: PathBuf,
    /// The content now; `None` when there is no file.
    pub(super) now: Option<Vec<u8>>,
    pub(super) after: After,
    /// What an installation leaves for its removal.
    pub(super) receipt: Option<FileReceipt>,
    /// Folders that a removal takes along when they are empty, innermost first.
    pub(super) folders: Vec<PathBuf>,
}

/// One settings file as it is, and what is to become of it.
pub(super) struct Job<'j> {
    pub(super) path: &'j Path,
    pub(super) scope: Scope,
    pub(super) now: Option<Vec<u8>>,
    /// Parent folders of the file that do not exist, outermost first.
    pub(super) missing_folders: Vec<PathBuf>,
    pub(super) receipts: &'j Receipts,
    pub(super) known: &'j Known,
}

/// Plans an installation or a removal; an error means that nothing may be changed.
pub(super) fn plan_file(job: Job<'_>, action: Action) -> Result<FilePlan, InstallError> {
    let bytes = job.now.clone().unwrap_or_default();
    SettingsDocument::parse(job.path, &bytes)?;
    // Parsed, hence UTF-8.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match action {
        Action::Install => plan_install(job, &text),
        Action::Uninstall => plan_uninstall(job, &text),
    }
}

fn plan_install(job: Job<'_>, text: &str) -> Result<FilePlan, InstallError> {
    let command = job.scope.command(&job.known.program)?;
    let draft = edit::install(job.path, text, &command, job.known)?;
    let path = job.path.to_path_buf();
    if draft.forward.is_empty() {
        return Ok(FilePlan { path, now: job.now, after: After::Same, receipt: None, folders: Vec::new() });
    }
    let exact = job.receipts.exact(job.path, text.as_bytes());
    let receipt = match exact.filter(|receipt| before_of(receipt, text).is_some()) {
        Some(earlier) => receipt_on_top(earlier, &draft),
        None => receipt_from_scratch(&job, text, &draft)?,
    };
    Ok(FilePlan {
        path,
        now: job.now,
        after: After::Text(draft.text),
        receipt: Some(receipt),
        folders: Vec::new(),
    })
}

/// Nothing foreign has happened since the last installation: first this edit goes back, then that one.
fn receipt_on_top(earlier: &FileReceipt, draft: &Draft) -> FileReceipt {
    let mut receipt = earlier.clone();
    receipt.after = hash(draft.text.as_bytes());
    receipt.inverse = [draft.inverse.as_slice(), &earlier.inverse].concat();
    receipt.created.extend(draft.created.iter().cloned());
    receipt
}

/// The receipt of an installation into a file that no receipt fits. Entries of ours may be there already: then the
/// way back leads to the text without them.
fn receipt_from_scratch(job: &Job<'_>, text: &str, draft: &Draft) -> Result<FileReceipt, InstallError> {
    let older = job.receipts.latest(job.path);
    let mut created = draft.created.clone();
    created.extend(older.iter().flat_map(|older| older.created.iter().cloned()));
    created.sort();
    created.dedup();
    let had_own = !edit::uninstall(job.path, text, Some(&[]), job.known)?.forward.is_empty();
    let may_go = if had_own && older.is_none() { None } else { Some(created.as_slice()) };
    let (before, inverse) = if had_own {
        let back = edit::uninstall(job.path, &draft.text, may_go, job.known)?;
        (Some(hash(back.text.as_bytes())), back.forward)
    } else {
        (job.now.as_deref().map(hash), draft.inverse.clone())
    };
    let mut folders = older.map(|older| older.folders.clone()).unwrap_or_default();
    folders.extend(
        job.missing_folders.iter().filter(|folder| !folders.contains(folder)).cloned().collect::<Vec<_>>(),
    );
    Ok(FileReceipt {
        path: job.path.to_path_buf(),
        scope: job.scope.name().to_owned(),
        before,
        after: hash(draft.text.as_bytes()),
        inverse,
        created,
        file_created: job.now.is_none() || older.is_some_and(|older| older.file_created),
        folders,
    })
}

fn plan_uninstall(job: Job<'_>, text: &str) -> Result<FilePlan, InstallError> {
    let path = job.path.to_path_buf();
    let latest = job.receipts.latest(job.path);
    let folders: Vec<_> =
        latest.map(|latest| latest.folders.iter().rev().cloned().collect()).unwrap_or_default();
    if job.now.is_none() {
        return Ok(FilePlan { path, now: None, after: After::Same, receipt: None, folders });
    }
    let exact = job.receipts.exact(job.path, text.as_bytes());
    if let Some((receipt, before)) = exact.and_then(|receipt| Some((receipt, before_of(receipt, text)?))) {
        let after = if receipt.before.is_none() { After::NoFile } else { After::Text(before) };
        return Ok(FilePlan { path, now: job.now, after, receipt: None, folders });
    }
    let created = latest.map(|latest| latest.created.as_slice());
    let draft = edit::uninstall(job.path, text, created, job.known)?;
    let file_created = latest.is_some_and(|latest| latest.file_created);
    let after = if draft.text == text {
        After::Same
    } else if file_created && edit::is_empty_object(&draft.text) {
        After::NoFile
    } else {
        After::Text(draft.text)
    };
    Ok(FilePlan { path, now: job.now, after, receipt: None, folders })
}

/// What the file held before the installation; `None` if the receipt does not lead there.
fn before_of(receipt: &FileReceipt, text: &str) -> Option<String> {
    let before = edit::apply_all(text, &receipt.inverse)?;
    let fits = match &receipt.before {
        Some(expected) => *expected == hash(before.as_bytes()),
        None => before.is_empty(),
    };
    fits.then_some(before)
}
