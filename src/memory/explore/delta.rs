//! What changed in a project: since a revision, or since the last time it was asked.

use super::baseline::{self, Baseline, Digest, State};
use super::manifests::clean;
use super::shown_path;
use super::text::place;
use crate::base::{Deadline, unix_ms};
use crate::code::{self, SymbolKind};
use crate::git::{self, Change, ChangeKind, GitError};
use crate::index::{self, Context, IndexError, Source, open_fresh};
use crate::memory::search;
use crate::memory::types::Facts;
use crate::project::{Root, RootKind, is_secret_path};
use serde::Serialize;
use std::collections::BTreeMap;

/// Files whose old content is read from git, at most.
const OLD_CONTENTS_MAX: usize = 200;
/// Time for all questions to git, in milliseconds.
const GIT_MS: u64 = 20_000;
/// A larger file is not compared by definitions, in bytes.
const SOURCE_BYTES_MAX: usize = 1024 * 1024;
/// Definitions named a file and kind of change in the text.
const NAMES_SHOWN_MAX: usize = 12;
/// Files named in the text.
const FILES_SHOWN_MAX: usize = 400;
const MS_PER_S: i64 = 1000;

/// What changed.
#[derive(Debug, Clone, Serialize)]
pub struct Delta {
    /// Grows when a field changes its meaning.
    pub schema: u32,
    /// Where, at which commit, how fresh.
    pub project: Facts,
    /// What it was compared with.
    pub since: Since,
    /// Changed files, sorted by path.
    pub changes: Vec<FileDelta>,
    /// Whether the state of now is what the next call without a revision is compared with.
    pub baseline_saved: bool,
    /// What a limit left out, in words.
    pub left_out: Vec<String>,
}

/// What the work tree was compared with.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Since {
    /// A commit.
    Revision {
        /// As it was asked for; `HEAD` at the first call in a repository.
        revision: String,
        /// Full object name.
        commit: String,
    },
    /// The last call.
    LastDelta {
        /// Milliseconds since the Unix epoch.
        taken_ms: i64,
    },
    /// Nothing: there was no earlier call and no commit.
    Nothing,
}

/// One changed file.
#[derive(Debug, Clone, Serialize)]
pub struct FileDelta {
    /// `added`, `modified`, `deleted`, `renamed`, `copied`, `type_changed`, `unmerged` or `untracked`.
    pub kind: &'static str,
    /// Path, inert.
    pub path: String,
    /// Where it came from, if it was renamed or copied.
    pub from: Option<String>,
    /// Definitions that came, went or changed; `None` when they were not compared.
    pub definitions: Option<DefinitionDelta>,
}

/// Changed definitions of one file, as kind and name with its containers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DefinitionDelta {
    /// New ones.
    pub added: Vec<String>,
    /// Those whose lines changed.
    pub changed: Vec<String>,
    /// Those that are gone.
    pub removed: Vec<String>,
}

/// Tells what changed since `revision`, or since the last call without one, and the same as text.
///
/// Without a revision the state of now is saved, so that the next call is compared with it.
pub fn delta(
    context: &Context<'_>,
    root: &Root,
    revision: Option<&str>,
) -> Result<(Delta, String), IndexError> {
    let fresh = open_fresh(context, root, &|_| 0)?;
    let facts = search::facts(context, root, &fresh);
    let mut delta = Delta {
        schema: 1,
        project: facts,
        since: Since::Nothing,
        changes: Vec::new(),
        baseline_saved: false,
        left_out: Vec::new(),
    };
    if let Some(revision) = revision {
        since_revision(context, root, revision, &mut delta)?;
        let text = text(&delta);
        return Ok((delta, text));
    }
    let before = baseline::load(context, root);
    let now = baseline::take(root, &fresh.index, before.as_ref(), unix_ms());
    match &before {
        Some(before) => {
            delta.since = Since::LastDelta { taken_ms: before.taken_ms };
            delta.changes = compare(before, &now);
        }
        None if matches!(root.kind, RootKind::Git { .. }) => first_in_git(context, root, &mut delta),
        None => {}
    }
    if delta.project.walked && delta.project.files_indexed == delta.project.files_known {
        baseline::save(context, root, now)?;
        delta.baseline_saved = true;
    } else {
        delta.left_out.push("indexing goes on: the baseline was not renewed".into());
    }
    let text = text(&delta);
    Ok((delta, text))
}

/// The first call in a repository is compared with HEAD, if there is one and git can be asked.
fn first_in_git(context: &Context<'_>, root: &Root, delta: &mut Delta) {
    match since_revision(context, root, "HEAD", delta) {
        Ok(()) | Err(IndexError::Git(GitError::BadRevision { .. })) => {}
        Err(error) => delta.left_out.push(format!("not compared with HEAD: {}", clean(&error.to_string()))),
    }
}

fn since_revision(
    context: &Context<'_>,
    root: &Root,
    revision: &str,
    delta: &mut Delta,
) -> Result<(), IndexError> {
    let left = u64::try_from(context.deadline.left().as_millis()).unwrap_or(GIT_MS);
    let deadline = Deadline::after_ms(left.min(GIT_MS));
    let commit = git::commit_of(context.env, &root.path, revision, deadline)?;
    let changes = git::changed_since(context.env, &root.path, &commit, deadline)?;
    delta.since = Since::Revision { revision: clean(revision), commit: commit.clone() };
    let mut read = 0;
    for change in &changes {
        let language = code::language_of(&change.path, b"");
        let compared = baseline::has_definitions(language) && !is_secret_path(&change.path);
        let within = read < OLD_CONTENTS_MAX && !deadline.passed();
        let definitions = if compared && within {
            read += usize::from(change.kind != ChangeKind::Untracked);
            changed_definitions(context, root, &commit, change, deadline)?
        } else {
            None
        };
        if compared && !within {
            delta.left_out.push(format!(
                "definitions of {} and of what follows were not compared",
                shown_path(&change.path)
            ));
            delta.left_out.truncate(1);
        }
        delta.changes.push(FileDelta {
            kind: super::history::kind_name(change.kind),
            path: shown_path(&change.path),
            from: change.from.as_deref().map(shown_path),
            definitions,
        });
    }
    Ok(())
}

/// Definitions of a file before and after; `None` when one of the two cannot be had.
fn changed_definitions(
    context: &Context<'_>,
    root: &Root,
    commit: &str,
    change: &Change,
    deadline: Deadline,
) -> Result<Option<DefinitionDelta>, IndexError> {
    let old_path = change.from.as_deref().unwrap_or(&change.path);
    let is_new = matches!(change.kind, ChangeKind::Added | ChangeKind::Untracked);
    let old = if is_new {
        Some(Vec::new())
    } else {
        match git::content_at(context.env, &root.path, commit, old_path, SOURCE_BYTES_MAX, deadline) {
            Ok(content) => content,
            Err(GitError::TimedOut { .. }) => None,
            Err(error) => return Err(error.into()),
        }
    };
    let new = if change.kind == ChangeKind::Deleted {
        Some(Vec::new())
    } else {
        match index::read(&root.path, &change.path, SOURCE_BYTES_MAX as u64) {
            Source::Text(content, _) => Some(content),
            _ => None,
        }
    };
    let digests = |path: &[u8], content: Vec<u8>| {
        let head = &content[..content.len().min(4096)];
        baseline::digests_of(code::language_of(path, head), &content)
    };
    Ok(old.zip(new).map(|(old, new)| compared(&digests(old_path, old), &digests(&change.path, new))))
}

/// Files that differ between two states; one that went and came with the same content was renamed.
fn compare(before: &Baseline, now: &Baseline) -> Vec<FileDelta> {
    let mut gone: BTreeMap<u64, Vec<&Vec<u8>>> = BTreeMap::new();
    for (path, state) in before.files.iter().filter(|(path, _)| !now.files.contains_key(*path)) {
        gone.entry(state.hash).or_default().push(path);
    }
    let names = |state: &State| state.definitions.clone().unwrap_or_default();
    let mut changes: Vec<(&Vec<u8>, FileDelta)> = Vec::new();
    for (path, state) in &now.files {
        let one = |kind, from: Option<&Vec<u8>>, definitions| {
            (
                path,
                FileDelta {
                    kind,
                    path: shown_path(path),
                    from: from.map(|from| shown_path(from)),
                    definitions,
                },
            )
        };
        match before.files.get(path) {
            Some(old) if old.hash == state.hash => {}
            Some(old) => {
                let both = old.definitions.as_ref().zip(state.definitions.as_ref());
                changes.push(one("modified", None, both.map(|(old, new)| compared(old, new))));
            }
            None => match gone.get_mut(&state.hash).filter(|from| !from.is_empty()) {
                Some(from) => {
                    let from = from.remove(0);
                    changes.push(one("renamed", Some(from), None));
                }
                None => {
                    let came = state.definitions.is_some().then(|| compared(&[], &names(state)));
                    changes.push(one("added", None, came));
                }
            },
        }
    }
    for path in gone.into_values().flatten() {
        let old = &before.files[path];
        let went = old.definitions.is_some().then(|| compared(&names(old), &[]));
        changes.push((
            path,
            FileDelta { kind: "deleted", path: shown_path(path), from: None, definitions: went },
        ));
    }
    changes.sort_by_key(|(path, _)| *path);
    changes.into_iter().map(|(_, change)| change).collect()
}

/// Definitions by kind and name; several of one name are compared in their order.
fn compared(old: &[Digest], new: &[Digest]) -> DefinitionDelta {
    let mut known: BTreeMap<(u8, &str), Vec<u64>> = BTreeMap::new();
    for (kind, name, hash) in old {
        known.entry((*kind, name)).or_default().push(*hash);
    }
    let shown = |kind: u8, name: &str| {
        format!("{} {}", SymbolKind::from_id(kind).map_or("definition", SymbolKind::name), clean(name))
    };
    let mut delta = DefinitionDelta::default();
    for (kind, name, hash) in new {
        let hashes = known.get_mut(&(*kind, name.as_str())).filter(|hashes| !hashes.is_empty());
        match hashes {
            Some(hashes) => match hashes.iter().position(|old| old == hash) {
                Some(same) => {
                    hashes.remove(same);
                }
                None => {
                    hashes.remove(0);
                    delta.changed.push(shown(*kind, name));
                }
            },
            None => delta.added.push(shown(*kind, name)),
        }
    }
    for ((kind, name), left) in known {
        delta.removed.extend(left.iter().map(|_| shown(kind, name)));
    }
    delta
}

fn text(delta: &Delta) -> String {
    let mut text = format!("Changes of {}.\n", place(&delta.project));
    let since = match &delta.since {
        Since::Revision { revision, commit } => {
            format!("Compared with {revision} ({})", commit.chars().take(10).collect::<String>())
        }
        Since::LastDelta { taken_ms } => {
            let day = super::history::day(taken_ms / MS_PER_S);
            let of_day = (taken_ms / MS_PER_S).rem_euclid(86_400);
            format!(
                "Compared with the last delta, {day} {:02}:{:02}:{:02} UTC",
                of_day / 3600,
                of_day / 60 % 60,
                of_day % 60
            )
        }
        Since::Nothing if delta.baseline_saved => {
            "Nothing to compare with yet: the state of now was saved, the next delta is compared with it"
                .into()
        }
        Since::Nothing => "Nothing to compare with yet".into(),
    };
    text.push_str(&since);
    if !matches!(delta.since, Since::Nothing) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for change in &delta.changes {
            *counts.entry(change.kind).or_default() += 1;
        }
        let counts: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        text.push_str(&format!(
            ": {}",
            if counts.is_empty() { "no file changed".into() } else { counts.join(", ") }
        ));
    }
    text.push_str(".\n");
    for change in delta.changes.iter().take(FILES_SHOWN_MAX) {
        match &change.from {
            Some(from) => text.push_str(&format!("{} {from} → {}\n", change.kind, change.path)),
            None => text.push_str(&format!("{} {}\n", change.kind, change.path)),
        }
        let Some(definitions) = &change.definitions else { continue };
        for (sign, names) in
            [("+", &definitions.added), ("~", &definitions.changed), ("-", &definitions.removed)]
        {
            if names.is_empty() {
                continue;
            }
            let rest = names.len().saturating_sub(NAMES_SHOWN_MAX);
            let more = if rest > 0 { format!(", … {rest} more") } else { String::new() };
            text.push_str(&format!("  {sign} {}{more}\n", names[..names.len() - rest].join(", ")));
        }
    }
    if delta.changes.len() > FILES_SHOWN_MAX {
        text.push_str(&format!("{} more files; `--json` names all\n", delta.changes.len() - FILES_SHOWN_MAX));
    }
    if !delta.left_out.is_empty() {
        text.push_str(&format!("Left out: {}.\n", delta.left_out.join("; ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(hash: u64, names: &[(&str, u64)]) -> State {
        let function = SymbolKind::Function.id();
        let definitions = names.iter().map(|(name, hash)| (function, (*name).to_owned(), *hash)).collect();
        State { hash, definitions: Some(definitions) }
    }

    #[test]
    fn states_differ_by_added_modified_renamed_and_deleted_files() {
        let of = |files: Vec<(&[u8], State)>| Baseline {
            taken_ms: 0,
            files: files.into_iter().map(|(path, state)| (path.to_vec(), state)).collect(),
        };
        let before = of(vec![
            (b"a", state(1, &[("f", 1), ("g", 1)])),
            (b"b", state(2, &[])),
            (b"c", state(3, &[("h", 1)])),
            (b"same", state(9, &[])),
        ]);
        let now = of(vec![
            (b"a", state(4, &[("f", 2), ("i", 1)])),
            (b"new\xff", state(5, &[])),
            (b"z", state(2, &[])),
            (b"same", state(9, &[])),
        ]);
        let found = compare(&before, &now);
        let shown: Vec<(&str, &str, Option<&str>)> =
            found.iter().map(|one| (one.kind, one.path.as_str(), one.from.as_deref())).collect();
        assert_eq!(
            shown,
            [
                ("modified", "a", None),
                ("deleted", "c", None),
                ("added", "new\u{fffd}", None),
                ("renamed", "z", Some("b"))
            ]
        );
        let definitions = found[0].definitions.as_ref().unwrap();
        assert_eq!(definitions.added, ["function i"]);
        assert_eq!(definitions.changed, ["function f"]);
        assert_eq!(definitions.removed, ["function g"]);
        assert_eq!(found[1].definitions.as_ref().unwrap().removed, ["function h"]);
        assert!(compare(&now, &now).is_empty());
    }

    #[test]
    fn overloads_are_told_apart_by_their_lines() {
        let one = |hashes: &[u64]| -> Vec<Digest> {
            hashes.iter().map(|hash| (1, "f".to_owned(), *hash)).collect()
        };
        assert_eq!(compared(&one(&[1, 2]), &one(&[2, 1])), DefinitionDelta::default());
        assert_eq!(compared(&one(&[1, 2]), &one(&[1])).removed, ["function f"]);
        assert_eq!(compared(&one(&[1]), &one(&[3])).changed, ["function f"]);
    }
}
