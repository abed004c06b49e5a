//! Where the system has no queue of changes that can be read until it is empty, nothing is watched.

use super::error::DaemonError;
use crate::memory::Changes;
use std::collections::BTreeSet;
use std::path::Path;

pub(super) const WATCH_BYTES: usize = 0;

pub(super) type Id = u64;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    Unwatched,
    Starting,
    Watched,
    Impossible(String),
}

/// Never made.
pub(super) enum Watcher {}

impl Watcher {
    pub(super) fn new(_: usize) -> Result<Watcher, DaemonError> {
        Err(DaemonError::io("watch", "files")(std::io::ErrorKind::Unsupported.into()))
    }

    pub(super) fn wait(&self) {
        match *self {}
    }

    pub(super) fn take(&self, _: Id) -> Changes {
        match *self {}
    }

    pub(super) fn changed(&self) -> Vec<Id> {
        match *self {}
    }

    pub(super) fn standing(&self, _: Id) -> Standing {
        match *self {}
    }

    pub(super) fn figures(&self) -> (usize, u64, u64) {
        match *self {}
    }

    pub(super) fn start(&self, _: Id, _: &Path) {
        match *self {}
    }

    pub(super) fn settled(&self, _: Id, _: bool) {
        match *self {}
    }

    pub(super) fn follow<'f>(&self, _: Id, _: &Path, _: impl Iterator<Item = &'f [u8]>) -> BTreeSet<Vec<u8>> {
        match *self {}
    }

    pub(super) fn suspect(&self, _: Id, _: BTreeSet<Vec<u8>>) {
        match *self {}
    }

    pub(super) fn forget(&self, _: Id) {
        match *self {}
    }
}
