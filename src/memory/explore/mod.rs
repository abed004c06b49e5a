//! The project at a glance: map, entry points, modules, tests, history; and what changed since a moment.
//!
//! Invariants: deterministic for one state of the work tree and the history; text from the repository is inert before
//! it enters a result, so that text and JSON are equally safe; what was left out is said. Definitions are counted by
//! name, no import is resolved.

mod baseline;
mod delta;
mod glance;
mod history;
mod manifests;
mod modules;
mod overview;
mod relations;
mod sections;
mod survey;
mod testmap;
mod text;
mod usage;

pub use delta::{DefinitionDelta, Delta, FileDelta, Since, delta};
pub use glance::glance;
pub(super) use glance::glance_of;
pub use manifests::{Dependency, EntryPoint, ManifestCommand};
pub use overview::*;

use super::render::shown_path;
use super::search;
use super::types::{Detail, QueryType};
use crate::base::Deadline;
use crate::code::Language;
use crate::index::{self, Context, DocRef, IndexError, Layout, Source, View, open_fresh};
use crate::project::Root;
use crate::text::inert;
use manifests::Manifest;
use std::collections::{BTreeMap, BTreeSet};
use survey::{Survey, Tally, is_code};
use usage::{Named, Usage};

/// Manifests that are read.
const MANIFESTS_MAX: usize = 80;
/// Time for reading the sources, in milliseconds.
const USAGE_MS: u64 = 20_000;
/// Folders of the map that lie at the top, or in a folder that holds most of the sources.
const FOLDERS_MAX: usize = 24;
/// Names of folders in a folder of the map.
const CHILDREN_MAX: usize = 8;
/// A folder with more than this share of the sources is shown with its folders.
const DOMINANT_SHARE: f64 = 0.5;
/// A README larger than this is not read, in bytes.
const README_BYTES_MAX: u64 = 256 * 1024;
/// A larger file is not looked into for what surrounds its `main`, in bytes.
const MAIN_BYTES_MAX: u64 = 1024 * 1024;
/// Files with a `main` that are looked into.
const MAINS_MAX: usize = 40;
/// Beginnings of names of documents that somebody new reads, in that order.
const DOCUMENTS: [&[u8]; 8] = [
    b"readme",
    b"contributing",
    b"architecture",
    b"design",
    b"hacking",
    b"development",
    b"agents.md",
    b"claude.md",
];
/// Folders in which such documents lie, too.
const DOCUMENT_FOLDERS: [&[u8]; 4] = [b"", b"docs", b"doc", b".github"];
/// Documents that are named.
const DOCUMENTS_MAX: usize = 8;

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub struct ExploreOptions {
    /// What the overview is for: it orders and weighs the sections.
    pub query_type: QueryType,
    /// How much.
    pub detail: Detail,
}

impl ExploreOptions {
    /// Budget of the text, in tokens.
    fn tokens(self) -> usize {
        match self.detail {
            Detail::Compact => 800,
            Detail::Normal => 2500,
            Detail::Verbose => 8000,
        }
    }

    /// Length of a list by the level of detail.
    fn list(self, compact: usize, normal: usize, verbose: usize) -> usize {
        match self.detail {
            Detail::Compact => compact,
            Detail::Normal => normal,
            Detail::Verbose => verbose,
        }
    }
}

/// The project at a glance, and the same as text within the budget of the level of detail.
pub fn explore(
    context: &Context<'_>,
    root: &Root,
    options: ExploreOptions,
) -> Result<(Overview, String), IndexError> {
    let mut fresh = open_fresh(context, root, &|_| 0)?;
    let layout = Layout::of(&fresh.index);
    let view = View::of(&layout);
    let survey = Survey::of(&view);
    let found = manifests::find(&view);
    let read: Vec<Manifest> =
        found.iter().take(MANIFESTS_MAX).filter_map(|doc| manifests::read(&root.path, doc)).collect();
    let left = u64::try_from(context.deadline.left().as_millis()).unwrap_or(USAGE_MS);
    let usage = usage::count(&root.path, &fresh.index, view.docs(), Deadline::after_ms(left.min(USAGE_MS)));
    let facts = search::facts(context, root, &fresh);
    let history = history::history(context, root, &survey, options.list(8, 15, 40), options.list(10, 20, 60));
    let mut left_out = history.left_out;
    if found.len() > MANIFESTS_MAX {
        left_out.push(format!("{} of {} manifests read", MANIFESTS_MAX, found.len()));
    }
    if !usage.complete {
        left_out.push("not every source was read: numbers of uses are lower bounds".into());
    }
    let (name, description) = introduction(root, &survey, &read);
    let (modules, rest) =
        modules::modules(&root.path, &survey, &usage, options.list(10, 16, 40), options.list(4, 6, 12));
    if rest > 0 {
        left_out.push(format!("{rest} smaller modules"));
    }
    let overview = Overview {
        schema: 1,
        project: facts,
        query_type: options.query_type,
        detail: options.detail,
        name,
        description,
        documents: documents(&survey),
        languages: languages(survey.all()),
        folders: folders(&survey, options.list(4, 8, 24), options.list(2, 3, 4)),
        entry_points: bounded(all_entry_points(root, &survey, &read, &usage), options.list(12, 30, 100)),
        dependencies: bounded(dependencies(&read), options.list(30, 60, 200)),
        commands: bounded(commands(&read), options.list(12, 30, 80)),
        modules,
        api: api(&survey, &usage, options.list(12, 30, 80)),
        relations: relations(&survey, &usage, options.list(8, 16, 50)),
        tests: testmap::test_map(&survey, &usage, &read, options.list(4, 12, 60)),
        hot_files: history.hot,
        recent: history.recent,
        uncommitted: history.uncommitted,
        commits_read: history.commits_read,
        large_files: large_files(&survey, &usage, options.list(6, 12, 40)),
        most_used: most_used(&survey, &usage, options.list(6, 12, 40)),
        usage_complete: usage.complete,
        left_out,
    };
    let text = text::render(&overview, options.tokens());
    fresh.save(context);
    Ok((overview, text))
}

fn bounded<T>(mut list: Vec<T>, count: usize) -> Vec<T> {
    list.truncate(count);
    list
}

/// Name and description by the manifest nearest to the root, else folder name and first paragraph of the README.
fn introduction(root: &Root, survey: &Survey<'_>, read: &[Manifest]) -> (String, String) {
    let top = || read.iter().filter(|manifest| !manifest.path.contains('/'));
    let folder = root.path.file_name().map(|name| inert::line(&name.to_string_lossy())).unwrap_or_default();
    let name = top().map(|manifest| manifest.name.clone()).find(|name| !name.is_empty()).unwrap_or(folder);
    let described = top().map(|manifest| manifest.description.clone()).find(|text| !text.is_empty());
    let description = described.unwrap_or_else(|| {
        let readme =
            survey.direct(b"").iter().find(|doc| doc.name().to_ascii_lowercase().starts_with(b"readme"));
        let Some(doc) = readme else { return String::new() };
        match index::read(&root.path, &doc.path(), README_BYTES_MAX) {
            Source::Text(content, _) => modules::first_paragraph(&String::from_utf8_lossy(&content)),
            _ => String::new(),
        }
    });
    (name, description)
}

/// What somebody new should read, of that at the top and in the folders of documentation.
fn documents(survey: &Survey<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for start in DOCUMENTS {
        for folder in DOCUMENT_FOLDERS {
            let starts = |doc: &&DocRef<'_>| {
                let name = doc.name().to_ascii_lowercase();
                name.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest[0] == b'.')
            };
            let named = survey.direct(folder).iter().filter(starts).filter(|doc| !is_code(doc.language()));
            found.extend(named.take(1).map(|doc| shown_path(&doc.path())));
        }
    }
    found.truncate(DOCUMENTS_MAX);
    found
}

fn languages(all: &Tally) -> Vec<LanguageShare> {
    let mut shares: Vec<LanguageShare> = all
        .languages
        .iter()
        .filter_map(|(id, files)| Language::from_id(*id).map(|language| (language, *id, *files)))
        .filter(|(language, _, _)| is_code(*language))
        .map(|(language, id, files)| LanguageShare {
            language: language.name(),
            files,
            source: all.source_languages.get(&id).copied().unwrap_or(0),
        })
        .collect();
    shares.sort_by_key(|share| (std::cmp::Reverse((share.source, share.files)), share.language));
    shares
}

/// The map, depth first: a folder that holds most of the sources is followed by the largest of those below it.
fn folders(survey: &Survey<'_>, nested_max: usize, depth_max: usize) -> Vec<Folder> {
    let mut out = Vec::new();
    open_folder(survey, b"", 0, (nested_max, depth_max), &mut out);
    out
}

fn open_folder<'a>(
    survey: &Survey<'a>,
    path: &'a [u8],
    depth: usize,
    limits: (usize, usize),
    out: &mut Vec<Folder>,
) {
    let (nested_max, depth_max) = limits;
    let mut below: Vec<(&'a [u8], &Tally)> = survey.children(path).collect();
    sort_folders(&mut below);
    let all = survey.all();
    let count = if depth == 0 { FOLDERS_MAX } else { nested_max };
    for (path, tally) in below.into_iter().take(count) {
        let mut children: Vec<(&[u8], &Tally)> = survey.children(path).collect();
        sort_folders(&mut children);
        let dominant = tally.source as f64 > DOMINANT_SHARE * all.source as f64
            && depth + 1 < depth_max
            && !children.is_empty();
        // Those that get lines of their own are not named twice.
        let unnamed = if dominant { nested_max.min(children.len()) } else { 0 };
        let rest = &children[unnamed..];
        let names = rest.iter().take(CHILDREN_MAX).map(|(child, _)| shown_path(&child[path.len() + 1..]));
        let mut names: Vec<String> = names.collect();
        if rest.len() > CHILDREN_MAX {
            names.push(format!("+{}", rest.len() - CHILDREN_MAX));
        }
        out.push(Folder {
            path: shown_path(path),
            files: tally.files,
            source: tally.source,
            tests: tally.test,
            language: tally.main_language().map(Language::name),
            purpose: tally.purpose(),
            children: names,
            nested: depth > 0,
        });
        if dominant {
            open_folder(survey, path, depth + 1, limits, out);
        }
    }
}

/// Most sources first, then most files; equal ones keep the order of their names.
fn sort_folders(folders: &mut [(&[u8], &Tally)]) {
    folders.sort_by_key(|(_, tally)| std::cmp::Reverse((tally.source, tally.files)));
}

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
        let by_layout = target.ends_with("src/main.rs") || target.ends_with("src/lib.rs");
        let folder = target.rsplit_once("src/").map_or("", |(folder, _)| folder.trim_end_matches('/'));
        let owner = read.iter().find(|manifest| {
            let own = manifest.path.rsplit_once('/').map_or("", |(own, _)| own);
            manifest.ecosystem == "cargo" && own == folder && !manifest.name.is_empty()
        });
        if let Some(owner) = owner.filter(|_| by_layout) {
            entry.name.clone_from(&owner.name);
            entry.manifest = Some(owner.path.clone());
        }
        // A manifest that names a program without its file means the one at the usual place.
        let folder = folder_of(entry.target.as_deref());
        let same = |known: &&mut EntryPoint| {
            let named = known.name == entry.name && known.kind == entry.kind;
            let program = target_is(&entry, "Program.cs") && folder_of(known.manifest.as_deref()) == folder;
            known.target.is_none() && (named || program)
        };
        match found.iter_mut().find(same) {
            Some(known) => known.target = entry.target,
            None => found.push(entry),
        }
    }
    // Tools of tests last, what is started before what is linked; the order of the manifests within.
    let is_tool = |entry: &EntryPoint| {
        let place = entry.target.as_deref().or(entry.manifest.as_deref()).unwrap_or_default();
        is_side_path(place)
    };
    // Of equals first that of the largest part of the project.
    let sources = |entry: &EntryPoint| {
        let folder = folder_of(entry.manifest.as_deref().or(entry.target.as_deref()));
        survey.folders.get(folder.as_bytes()).map_or(0, |tally| tally.source)
    };
    found.sort_by_key(|entry| (is_tool(entry), entry.kind == "library", std::cmp::Reverse(sources(entry))));
    found
}

fn folder_of(path: Option<&str>) -> &str {
    path.and_then(|path| path.rsplit_once('/')).map_or("", |(folder, _)| folder)
}

fn target_is(entry: &EntryPoint, name: &str) -> bool {
    entry.target.as_deref().is_some_and(|target| target.rsplit('/').next() == Some(name))
}

/// Whether a path lies among what only checks the project.
fn is_side_path(path: &str) -> bool {
    path.split('/')
        .any(|part| ["fuzz", "bench", "benches", "benchsuite"].contains(&part) || part.contains("test"))
}

/// Whether a line of C is compiled only for the file's own tests, or never: `#ifdef SIPHASH_TEST`, `#if 0`.
fn is_for_tests(text: &str, line: u32) -> bool {
    let mut open: Vec<bool> = Vec::new();
    for line in text.lines().take(line.saturating_sub(1) as usize) {
        let Some(rest) = line.trim_start().strip_prefix('#') else { continue };
        let rest = rest.trim_start();
        let (word, condition) =
            rest.split_at(rest.find(|ch: char| !ch.is_alphabetic()).unwrap_or(rest.len()));
        let condition = condition.trim().to_ascii_lowercase();
        match word {
            "if" | "ifdef" => {
                let own = condition.contains("test") || condition.contains("_main") || condition == "0";
                open.push(own && !condition.starts_with('!'));
            }
            "ifndef" => open.push(false),
            "else" | "elif" => open.iter_mut().next_back().into_iter().for_each(|own| *own = false),
            "endif" => drop(open.pop()),
            _ => {}
        }
    }
    open.contains(&true)
}

/// Entry points by manifest and layout, and the files that hold a `main` of C.
fn all_entry_points(root: &Root, survey: &Survey<'_>, read: &[Manifest], usage: &Usage) -> Vec<EntryPoint> {
    let mut found = entry_points(survey, read);
    let known: BTreeSet<String> = found.iter().filter_map(|entry| entry.target.clone()).collect();
    // The longest first: a program of its own does more than the self-test of a library.
    let mut mains = usage.mains.clone();
    mains.sort_by_key(|(lines, _, position)| (std::cmp::Reverse(*lines), *position));
    let starts = |(_, line, position): &(u32, u32, usize)| match index::read(
        &root.path,
        &survey.docs[*position].path(),
        MAIN_BYTES_MAX,
    ) {
        Source::Text(content, _) => !is_for_tests(&String::from_utf8_lossy(&content), *line),
        _ => true,
    };
    let mains = mains.into_iter().take(MAINS_MAX).filter(starts);
    let mains = mains.map(|(_, _, position)| &survey.docs[position]);
    let mains = mains.map(|doc| (shown_path(doc.name()), shown_path(&doc.path())));
    let mains: Vec<(String, String)> = mains.filter(|(_, path)| !known.contains(path)).collect();
    found.extend(mains.into_iter().map(|(name, path)| {
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem).to_owned();
        EntryPoint { kind: "main", name: stem, target: Some(path), manifest: None }
    }));
    found
}

/// Dependencies of all manifests, each name once under its most telling scope; those that most manifests need first.
fn dependencies(read: &[Manifest]) -> Vec<Dependency> {
    const SCOPES: &[&str] = &["runtime", "workspace", "optional", "build", "dev", "local"];
    let order = |scope: &str| SCOPES.iter().position(|known| *known == scope).unwrap_or(SCOPES.len());
    let own: BTreeSet<&str> = read.iter().map(|manifest| manifest.name.as_str()).collect();
    let mut known: BTreeMap<&str, (usize, &Dependency)> = BTreeMap::new();
    let main = read.iter().filter(|manifest| !is_side_path(&manifest.path));
    for wanted in main.flat_map(|manifest| &manifest.dependencies) {
        if wanted.scope == "local" || own.contains(wanted.name.as_str()) {
            continue;
        }
        let entry = known.entry(&wanted.name).or_insert((0, wanted));
        entry.0 += 1;
        let better = order(wanted.scope) < order(entry.1.scope)
            || entry.1.version.is_empty() && order(wanted.scope) == order(entry.1.scope);
        if better {
            entry.1 = wanted;
        }
    }
    let mut all: Vec<(usize, &Dependency)> = known.into_values().collect();
    all.sort_by_key(|(count, wanted)| (order(wanted.scope), std::cmp::Reverse(*count)));
    all.into_iter().map(|(_, wanted)| wanted.clone()).collect()
}

/// Commands of the manifests, nearest to the root first, those that people type most before others; each once.
fn commands(read: &[Manifest]) -> Vec<ManifestCommand> {
    const COMMON: &[&str] = &[
        "test",
        "build",
        "run",
        "start",
        "dev",
        "serve",
        "lint",
        "check",
        "typecheck",
        "format",
        "install",
        "all",
    ];
    let rank = |run: &str| {
        let last = run.split([' ', ':', '/']).rfind(|word| !word.is_empty()).unwrap_or_default();
        let whole = COMMON.iter().position(|word| *word == last);
        whole
            .or_else(|| COMMON.iter().position(|word| run.contains(word)).map(|at| at + COMMON.len()))
            .unwrap_or(2 * COMMON.len())
    };
    let mut seen = BTreeSet::new();
    let mut all: Vec<(bool, usize, ManifestCommand)> = Vec::new();
    for manifest in read {
        let folder = manifest.path.rsplit_once('/').map(|(folder, _)| folder);
        for command in &manifest.commands {
            // A workspace repeats its commands in every member.
            if !seen.insert(command.run.as_str()) {
                continue;
            }
            let mut command = command.clone();
            let rank = rank(&command.run);
            // Of the targets of inner folders only those with a usual name are worth a line.
            if folder.is_some() && rank >= COMMON.len() {
                continue;
            }
            if let Some(folder) = folder {
                command.run = format!("{} (in {folder}/)", command.run);
            }
            all.push((folder.is_some(), rank, command));
        }
    }
    all.sort_by_key(|(inner, rank, _)| (*inner, *rank));
    all.into_iter().map(|(_, _, command)| command).collect()
}

fn definition(survey: &Survey<'_>, named: &Named) -> Definition {
    Definition {
        name: inert::line(&named.name),
        kind: named.kind.name(),
        file: shown_path(&survey.docs[named.file].path()),
        line: named.line,
        used_in: named.used_in,
    }
}

/// Public definitions that most files use; types before functions of the same use.
fn api(survey: &Survey<'_>, usage: &Usage, count: usize) -> Vec<Definition> {
    let mut public: Vec<&Named> =
        usage.named.iter().filter(|named| named.public && named.used_in > 0).collect();
    let value = |named: &Named| named.used_in * if usage::is_type(named.kind) { 2 } else { 1 };
    public.sort_by_key(|named| (std::cmp::Reverse(value(named)), named.file, named.line));
    public.into_iter().take(count).map(|named| definition(survey, named)).collect()
}

fn relations(survey: &Survey<'_>, usage: &Usage, count: usize) -> Vec<Relation> {
    let mut below: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &(above, type_below) in &usage.relations {
        below.entry(above).or_default().push(type_below);
    }
    let mut found: Vec<(usize, Vec<usize>)> = below.into_iter().collect();
    found.sort_by_key(|(above, below)| std::cmp::Reverse((below.len(), usage.named[*above].used_in)));
    let relation = |(above, mut below): (usize, Vec<usize>)| {
        below.sort_by_key(|&number| std::cmp::Reverse(usage.named[number].used_in));
        Relation {
            definition: definition(survey, &usage.named[above]),
            subtypes_total: below.len(),
            subtypes: below
                .into_iter()
                .take(8)
                .map(|number| inert::line(&usage.named[number].name))
                .collect(),
        }
    };
    found.into_iter().take(count).map(relation).collect()
}

fn large_files(survey: &Survey<'_>, usage: &Usage, count: usize) -> Vec<FileSize> {
    let mut sizes: Vec<(usize, usize)> =
        usage.lines.iter().map(|(position, lines)| (*position, *lines)).collect();
    sizes.sort_by_key(|(_, lines)| std::cmp::Reverse(*lines));
    let size = |(position, lines): (usize, usize)| {
        let doc = &survey.docs[position];
        FileSize { path: shown_path(&doc.path()), lines, definitions: doc.entry.symbols as usize }
    };
    sizes.into_iter().take(count).map(size).collect()
}

fn most_used(survey: &Survey<'_>, usage: &Usage, count: usize) -> Vec<FileUse> {
    let mut used: Vec<(usize, usize)> = usage.used_by.iter().map(|(position, by)| (*position, *by)).collect();
    used.sort_by_key(|(_, by)| std::cmp::Reverse(*by));
    let one = |(position, used_by): (usize, usize)| {
        let of_file = usage.of_file.get(&position).map(Vec::as_slice).unwrap_or_default();
        let mut named: Vec<&Named> = of_file.iter().map(|&number| &usage.named[number]).collect();
        named.sort_by_key(|named| (std::cmp::Reverse(named.used_in), named.line));
        let definitions = named.into_iter().take(6).map(|named| inert::line(&named.name)).collect();
        FileUse { path: shown_path(&survey.docs[position].path()), used_by, definitions }
    };
    used.into_iter().take(count).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_main_for_tests_is_told_from_a_program() {
        let text = "#ifdef __linux__\n#include <a.h>\n#endif\n#ifdef SIPHASH_TEST\nint main(void) {\n}\n#endif\nint f;\n";
        assert!(is_for_tests(text, 5));
        assert!(!is_for_tests(text, 8));
        assert!(is_for_tests("#if 0\n#ifdef A\n#endif\nint main(void) {}\n#endif\n", 4));
        assert!(!is_for_tests("#ifdef TEST\n#else\nint main(void) {}\n#endif\n", 3));
        assert!(!is_for_tests("#ifndef NO_TESTS\nint main(void) {}\n#endif\n", 2));
        assert!(!is_for_tests("#endif\n#\n#if\n", 9));
    }
}
