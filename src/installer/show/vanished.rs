//! Notices that entries which rtk has installed are gone: the client and other tools rewrite the file from old copies.
//!
//! They are never put back without the user's word: whoever removed them may have meant it.

use super::{Finding, Level, MAIN_EVENT};
use crate::base::{Env, Paths};
use crate::fs::read;
use crate::installer::apply::{SETTINGS_BYTES_MAX, read_receipts};
use crate::installer::recognise::Known;
use crate::installer::scope::{Scope, program};
use crate::installer::settings::SettingsDocument;
use std::path::{Path, PathBuf};

/// An installation whose entry is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vanished {
    /// The scope that it was installed for.
    pub scope: Scope,
    /// The settings file.
    pub path: PathBuf,
}

impl Vanished {
    /// What the user is told.
    pub fn what(&self) -> String {
        format!(
            "rtk was installed here ({}), but its entries are gone: another program rewrote the file",
            self.scope.name()
        )
    }

    /// How it is put right, either way.
    pub fn fix(&self) -> String {
        let scope = self.scope.name();
        format!("rtk init --{scope} puts them back; rtk init --{scope} --uninstall forgets them")
    }

    /// The same as one sentence that names the file.
    fn sentence(&self) -> String {
        let Vanished { scope, path } = self;
        let scope = scope.name();
        format!(
            "rtk: its entries in {} ({scope}) are gone: another program rewrote the file. rtk init --{scope} puts them \
             back; rtk init --{scope} --uninstall forgets them",
            path.display()
        )
    }

    pub(super) fn finding(&self) -> Finding {
        Finding::new(Level::Warning, self.what(), self.fix()).in_file(&self.path)
    }
}

impl std::fmt::Display for Vanished {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.sentence())
    }
}

/// Installations of the scopes of the working folder whose entries are gone. Reads a few small files and starts
/// nothing; what cannot be read counts as unchanged.
pub fn vanished(env: &Env, paths: &Paths) -> Vec<Vanished> {
    let Ok(receipts) = read_receipts(paths) else { return Vec::new() };
    if receipts.files.is_empty() {
        return Vec::new();
    }
    let Ok(program) = program(env) else { return Vec::new() };
    let known = Known::new(env, &program, receipts.programs.clone());
    let gone = |scope: Scope| {
        let path = scope.settings_path(env).ok().filter(|path| receipts.latest(path).is_some())?;
        let serves = match read(&path, SETTINGS_BYTES_MAX) {
            Ok(Some(bytes)) => serves_launches(&known, &path, &bytes)?,
            Ok(None) => false,
            Err(_) => return None,
        };
        (!serves).then_some(Vanished { scope, path })
    };
    Scope::ALL.into_iter().filter_map(gone).collect()
}

/// Whether the file has rtk's entry for launches; `None` when it is not as the client wants it, which is another fault.
fn serves_launches(known: &Known, path: &Path, bytes: &[u8]) -> Option<bool> {
    let document = SettingsDocument::parse(path, bytes).ok()?;
    let handlers = document.handlers();
    Some(handlers.iter().any(|at| at.event == MAIN_EVENT && known.owns(at.event, at.matcher, at.node)))
}
