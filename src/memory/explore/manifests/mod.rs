//! What the manifests of a project say: names, entry points, dependencies, commands; one reader per ecosystem.
//!
//! Invariants: a reader is a pure function from text to facts, takes what it understands and never fails; every text
//! it gives passed [`clean`], every list is bounded.

mod lines;
mod tables;
mod xml;

use crate::index::{self, DocRef, Source, View};
use crate::project::FileClass;
use crate::text::inert;
use serde::Serialize;
use std::path::Path;

/// A manifest larger than this is not read, in bytes.
const MANIFEST_BYTES_MAX: u64 = 512 * 1024;
/// Names and versions are kept up to this, in characters.
const NAME_CHARS_MAX: usize = 100;
/// Descriptions and commands are kept up to this, in characters.
const TEXT_CHARS_MAX: usize = 240;
/// Entries kept of each list of one manifest.
const LIST_MAX: usize = 200;

/// Where a project starts, or what it offers to be started or linked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct EntryPoint {
    /// `binary`, `library`, `script`, `service` or `main`.
    pub kind: &'static str,
    /// Its name; empty when it has none but its path.
    pub name: String,
    /// File relative to the root, or the object it calls; `None` when the manifest does not say.
    pub target: Option<String>,
    /// The file that says so; `None` when it follows from the layout alone.
    pub manifest: Option<String>,
}

/// Something the project needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dependency {
    /// Name in its ecosystem.
    pub name: String,
    /// Version as required; empty when any.
    pub version: String,
    /// `runtime`, `dev`, `build`, `optional`, `workspace` or `local`.
    pub scope: &'static str,
}

/// A command that a manifest offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ManifestCommand {
    /// What to type.
    pub run: String,
    /// What it does, as far as the manifest says; may be empty.
    pub does: String,
}

/// What one manifest says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::memory) struct Manifest {
    /// Relative to the root.
    pub(in crate::memory) path: String,
    /// `cargo`, `npm`, `python`, `go`, `maven`, `gradle`, `ruby`, `php`, `dotnet`, `cmake` or `make`.
    pub(in crate::memory) ecosystem: &'static str,
    /// Name of the package.
    pub(in crate::memory) name: String,
    /// What it says about itself.
    pub(in crate::memory) description: String,
    /// Patterns or paths of the packages it binds together.
    pub(in crate::memory) members: Vec<String>,
    /// What it offers to start or link.
    pub(in crate::memory) entry_points: Vec<EntryPoint>,
    /// What it needs.
    pub(in crate::memory) dependencies: Vec<Dependency>,
    /// What it offers to run.
    pub(in crate::memory) commands: Vec<ManifestCommand>,
}

impl Manifest {
    fn of(ecosystem: &'static str) -> Manifest {
        Manifest { ecosystem, ..Manifest::default() }
    }

    fn entry(&mut self, kind: &'static str, name: &str, target: Option<&str>) {
        if self.entry_points.len() < LIST_MAX {
            let target = target.map(clean).filter(|target| !target.is_empty());
            self.entry_points.push(EntryPoint { kind, name: clean(name), target, manifest: None });
        }
    }

    fn depend(&mut self, name: &str, version: &str, scope: &'static str) {
        let name = clean(name);
        let known = self.dependencies.iter().any(|known| known.name == name && known.scope == scope);
        if !name.is_empty() && !known && self.dependencies.len() < LIST_MAX {
            self.dependencies.push(Dependency { name, version: clean(version), scope });
        }
    }

    fn command(&mut self, run: &str, does: &str) {
        if self.commands.len() < LIST_MAX {
            self.commands.push(ManifestCommand { run: clean(run), does: clean_text(does) });
        }
    }

    fn member(&mut self, member: &str) {
        if self.members.len() < LIST_MAX {
            self.members.push(clean(member));
        }
    }
}

/// A name as it may be shown: one line, inert, bounded.
pub(in crate::memory) fn clean(text: &str) -> String {
    shortened(text, NAME_CHARS_MAX)
}

/// A sentence as it may be shown: one line, inert, bounded.
pub(in crate::memory) fn clean_text(text: &str) -> String {
    shortened(text, TEXT_CHARS_MAX)
}

fn shortened(text: &str, chars_max: usize) -> String {
    // Bounded before it is looked at: a manifest may hold a line of half a megabyte.
    let start: String = text.trim_start().chars().take(chars_max * 4).collect();
    let joined = start.split_whitespace().collect::<Vec<_>>().join(" ");
    let clean = inert::line(&joined);
    match clean.char_indices().nth(chars_max) {
        Some((at, _)) => format!("{}…", &clean[..at]),
        None => clean,
    }
}

type Reader = fn(&str) -> Manifest;

/// The reader of a manifest by its file name in lower case.
fn reader(name: &str) -> Option<Reader> {
    Some(match name {
        "cargo.toml" => tables::cargo,
        "package.json" => tables::package_json,
        "pyproject.toml" => tables::pyproject,
        "composer.json" => tables::composer,
        "setup.cfg" => lines::setup_cfg,
        "requirements.txt" => lines::requirements,
        "go.mod" => lines::go_mod,
        "pom.xml" => xml::pom,
        "build.gradle" | "build.gradle.kts" => lines::gradle,
        "settings.gradle" | "settings.gradle.kts" => lines::gradle_settings,
        "gemfile" => lines::gemfile,
        "cmakelists.txt" => lines::cmake,
        "makefile" | "gnumakefile" => lines::makefile,
        "pnpm-workspace.yaml" => lines::pnpm_workspace,
        _ if name.ends_with(".gemspec") => lines::gemspec,
        _ if name.ends_with(".csproj") || name.ends_with(".fsproj") => xml::dotnet_project,
        _ if name.ends_with(".sln") => lines::solution,
        _ => return None,
    })
}

/// The manifests of a project, those nearest to the root first; tests, examples and foreign code are left out.
pub(super) fn find<'a>(view: &View<'a>) -> Vec<DocRef<'a>> {
    let depth = |doc: &DocRef<'_>| {
        let folder = doc.folder();
        if folder.is_empty() { 0 } else { 1 + memchr::memchr_iter(b'/', folder).count() }
    };
    let mut found: Vec<(usize, DocRef<'a>)> = Vec::new();
    for doc in view.docs() {
        let FileClass { test, example, vendored, generated, documentation, .. } = doc.class();
        if test || example || vendored || generated || documentation {
            continue;
        }
        let name = String::from_utf8_lossy(doc.name()).to_ascii_lowercase();
        if reader(&name).is_some() {
            found.push((depth(doc), *doc));
        }
    }
    // The order within a depth stays that of the paths.
    found.sort_by_key(|(depth, _)| *depth);
    found.into_iter().map(|(_, doc)| doc).collect()
}

/// Reads one manifest; `None` when it is gone, too large or nothing was understood.
pub(super) fn read(root: &Path, doc: &DocRef<'_>) -> Option<Manifest> {
    let name = String::from_utf8_lossy(doc.name()).to_ascii_lowercase();
    let reader = reader(&name)?;
    let path = doc.path();
    let Source::Text(content, _) = index::read(root, &path, MANIFEST_BYTES_MAX) else { return None };
    let text = String::from_utf8_lossy(&content);
    let mut manifest = reader(text.trim_start_matches('\u{feff}'));
    manifest.path = super::shown_path(&path);
    let folder = super::shown_path(doc.folder());
    if manifest.name.is_empty() && manifest.ecosystem == "dotnet" {
        let file = super::shown_path(doc.name());
        manifest.name = file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem).to_owned();
    }
    for entry in &mut manifest.entry_points {
        entry.manifest = Some(manifest.path.clone());
        if entry.name.is_empty() {
            entry.name.clone_from(&manifest.name);
        }
        entry.target = entry.target.take().map(|target| joined(&folder, &target));
    }
    let said = !manifest.name.is_empty()
        || !manifest.entry_points.is_empty()
        || !manifest.dependencies.is_empty()
        || !manifest.commands.is_empty()
        || !manifest.members.is_empty();
    said.then_some(manifest)
}

/// A target of a manifest in `folder`, relative to the root when it looks like a path.
fn joined(folder: &str, target: &str) -> String {
    let target = target.strip_prefix("./").unwrap_or(target);
    let path = target.contains('/') || target.rsplit_once('.').is_some_and(|(_, end)| is_source_ending(end));
    if folder.is_empty() || !path || target.starts_with('/') || target.contains(':') {
        return target.to_owned();
    }
    format!("{folder}/{target}")
}

fn is_source_ending(ending: &str) -> bool {
    matches!(
        ending,
        "js" | "mjs"
            | "cjs"
            | "ts"
            | "mts"
            | "cts"
            | "jsx"
            | "tsx"
            | "rs"
            | "rb"
            | "php"
            | "cs"
            | "c"
            | "cpp"
            | "cc"
    )
}

#[cfg(test)]
mod tests;
