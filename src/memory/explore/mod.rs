//! The project at a glance: map, entry points, modules, tests, history; and what changed since a moment.
//!
//! Invariants: deterministic for one state of the work tree and the history; text from the repository is inert before
//! it enters a result, so that text and JSON are equally safe; what was left out is said.

mod glance;
mod manifests;
mod survey;

pub use glance::glance;
pub use manifests::{Dependency, EntryPoint, Manifest, ManifestCommand};

use super::render::shown_path;
use manifests::clean;
use std::collections::BTreeSet;
use survey::Survey;

/// Entry points that manifests name, then those that follow from the layout; each file once.
fn entry_points(survey: &Survey<'_>, read: &[Manifest]) -> Vec<EntryPoint> {
    let mut found: Vec<EntryPoint> =
        read.iter().flat_map(|manifest| manifest.entry_points.iter().cloned()).collect();
    let named: BTreeSet<String> = found.iter().filter_map(|entry| entry.target.clone()).collect();
    for mut entry in survey.conventional_entries() {
        let target = entry.target.as_deref().unwrap_or_default();
        if named.contains(target) {
            continue;
        }
        // A package's own name says more than that of its folder.
        let folder = target.rsplit_once("src/").map_or("", |(folder, _)| folder.trim_end_matches('/'));
        let owner = read.iter().find(|manifest| {
            let own = manifest.path.rsplit_once('/').map_or("", |(own, _)| own);
            manifest.ecosystem == "cargo" && own == folder && !manifest.name.is_empty()
        });
        let by_layout = target.ends_with("src/main.rs") || target.ends_with("src/lib.rs");
        if let Some(owner) = owner.filter(|_| by_layout) {
            entry.name = clean(&owner.name);
            entry.manifest = Some(owner.path.clone());
        }
        found.push(entry);
    }
    found
}
