//! Whether a saved index is sound, and how much disk all of them take; looks only, repairs nothing.

use super::context::Context;
use super::schema::Home;
use crate::project::Root;
use crate::store;
use serde::Serialize;
use std::path::PathBuf;

/// The state of one project's database file.
#[derive(Debug, Clone, Serialize)]
pub struct Health {
    /// The database file.
    pub database: PathBuf,
    /// Whether it is there.
    pub exists: bool,
    /// Its size with the write-ahead log, in bytes.
    pub bytes: u64,
    /// What SQLite finds wrong with it, or why it cannot be looked at; empty when it is sound.
    pub faults: Vec<String>,
}

/// Lets SQLite look through the whole database of a project.
pub fn health(context: &Context<'_>, root: &Root) -> Health {
    let home = Home::of(context, root);
    let exists = home.database.exists();
    let faults = match exists {
        true => store::check(&home.database).unwrap_or_else(|error| vec![error.to_string()]),
        false => Vec::new(),
    };
    let bytes = size(home.database.clone()) + size(home.folder.join("memory.db-wal"));
    Health { database: home.database, exists, bytes, faults }
}

/// How many projects have an index, and the size of all their files, in bytes.
pub fn disk_use(context: &Context<'_>) -> (usize, u64) {
    let entries = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let projects: Vec<_> = entries(context.paths.data.join("projects")).map(|entry| entry.path()).collect();
    let files = projects.iter().flat_map(|folder| entries(folder.clone()));
    let bytes = files.map(|file| file.metadata().map_or(0, |meta| meta.len())).sum();
    (projects.len(), bytes)
}

fn size(path: PathBuf) -> u64 {
    std::fs::metadata(path).map_or(0, |meta| meta.len())
}
