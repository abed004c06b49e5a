//! Finds the project that a folder belongs to.

use super::config::is_bare_by_config;
use super::error::ProjectError;
use super::rules::git_entry;
use crate::base::{Env, Paths};
use std::path::{Path, PathBuf};

/// Files that make a folder without git a project.
const MANIFESTS: &[&str] = &[
    ".rtk.toml",
    "Cargo.toml",
    "package.json",
    "deno.json",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "go.mod",
    "go.work",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "settings.gradle",
    "settings.gradle.kts",
    "build.sbt",
    "Gemfile",
    "Rakefile",
    "composer.json",
    "CMakeLists.txt",
    "meson.build",
    "configure.ac",
    "Makefile",
    "GNUmakefile",
    "makefile",
    "Package.swift",
    "mix.exs",
    "rebar.config",
    "stack.yaml",
    "dune-project",
    "build.zig",
    "pubspec.yaml",
    "WORKSPACE",
    "MODULE.bazel",
    "Project.toml",
    "DESCRIPTION",
];
/// Endings of manifests whose name is the project's own.
const MANIFEST_ENDINGS: &[&str] =
    &[".sln", ".slnx", ".csproj", ".fsproj", ".cabal", ".gemspec", ".xcodeproj"];
/// Names looked at in one folder when endings are searched.
const ENTRIES_LOOKED_AT_MAX: usize = 2000;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Absolute, canonical.
    pub path: PathBuf,
    /// What makes it a project.
    pub kind: RootKind,
}

/// Finds the project around `cwd`: the nearest work tree of git, else the nearest folder with a manifest, else `cwd`.
///
/// `Ok(None)` where no project may be: `/`, the home folder and what is above it, bare repositories, the inside of a
/// git folder, rtk's own folders, and loose folders below a home folder that is itself a repository. An error if `cwd`
/// cannot be read.
pub fn find_root(cwd: &Path, env: &Env) -> Result<Option<Root>, ProjectError> {
    let cwd = cwd.canonicalize().map_err(|error| ProjectError::io(cwd, error))?;
    std::fs::read_dir(&cwd).map_err(|error| ProjectError::io(&cwd, error))?;
    let home = env.home().map(|home| home.canonicalize().unwrap_or(home));
    let forbidden = |folder: &Path| {
        folder.parent().is_none() || home.as_ref().is_some_and(|home| home.starts_with(folder))
    };
    if Paths::of(env).is_some_and(|paths| paths.owns(&cwd)) {
        return Ok(None);
    }
    let mut manifest: Option<&Path> = None;
    for folder in cwd.ancestors() {
        let git = git_entry(folder);
        if forbidden(folder) {
            let loose = manifest.is_none() && (git.is_some() || folder == cwd);
            if loose {
                return Ok(None);
            }
            continue;
        }
        if let Some((git_dir, common_dir)) = git {
            if is_bare(&git_dir, &common_dir) {
                return Ok(None);
            }
            let kind = RootKind::Git { git_dir, common_dir };
            return Ok(Some(Root { path: folder.to_path_buf(), kind }));
        }
        if is_git_dir(folder) {
            return Ok(None);
        }
        if manifest.is_none() && has_manifest(folder) {
            manifest = Some(folder);
        }
    }
    let root = match manifest {
        Some(folder) => Root { path: folder.to_path_buf(), kind: RootKind::Manifest },
        None => Root { path: cwd, kind: RootKind::Plain },
    };
    Ok(Some(root))
}

/// A `.git` file may point to a bare repository whose work trees lie beside it; linked ones have a git folder of their own.
fn is_bare(git_dir: &Path, common_dir: &Path) -> bool {
    git_dir == common_dir && is_bare_by_config(&common_dir.join("config"))
}

fn is_git_dir(folder: &Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

fn has_manifest(folder: &Path) -> bool {
    if MANIFESTS.iter().any(|name| folder.join(name).is_file()) {
        return true;
    }
    let Ok(entries) = std::fs::read_dir(folder) else { return false };
    entries.take(ENTRIES_LOOKED_AT_MAX).flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        MANIFEST_ENDINGS.iter().any(|ending| name.ends_with(ending))
    })
}
