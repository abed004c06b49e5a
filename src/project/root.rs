//! Finds the project that a folder belongs to.

use crate::base::Env;
use std::path::{Path, PathBuf};

/// What makes the folder a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootKind {
    /// A git work tree; for linked worktrees and submodules the two folders differ.
    Git {
        /// Holds HEAD and the index of this work tree.
        git_dir: PathBuf,
        /// Holds objects, refs and `info/exclude`.
        common_dir: PathBuf,
    },
    /// No git, but a manifest or `.rtk.toml`.
    Manifest,
    /// No git and no manifest: the folder that was asked for.
    Plain,
}

/// A project's root folder.
#[derive(Debug, Clone)]
pub struct Root {
    /// Absolute, canonical.
    pub path: PathBuf,
    /// What makes it a project.
    pub kind: RootKind,
}

/// Why no root could be found.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The folder cannot be read.
    #[error("cannot read {path}: {source}")]
    Io {
        /// The folder.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// Finds the root above `cwd`; `Ok(None)` for `/`, home folders and bare repositories.
pub fn find_root(cwd: &Path, _env: &Env) -> Result<Option<Root>, ProjectError> {
    let path =
        cwd.canonicalize().map_err(|source| ProjectError::Io { path: cwd.display().to_string(), source })?;
    Ok(Some(Root { path, kind: RootKind::Plain }))
}
