//! What the index tells about a project without reading a file: folders, languages, kinds of files, entry points by
//! layout. Pure and cheap: one pass over the entries.

use super::manifests::EntryPoint;
use super::shown_path;
use crate::code::Language;
use crate::index::{DocRef, View};
use crate::project::FileClass;
use std::collections::BTreeMap;

/// What a file is for; each file counts once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Code of the project itself.
    Source,
    Test,
    Documentation,
    Example,
    /// Vendored, generated or a lock file.
    Foreign,
    /// Settings, data, anything else.
    Other,
}

/// Sums over the files of a folder and everything below it.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) files: usize,
    pub(super) source: usize,
    pub(super) test: usize,
    pub(super) documentation: usize,
    pub(super) example: usize,
    pub(super) foreign: usize,
    /// Definitions in source files.
    pub(super) symbols: u64,
    /// Files by language id.
    pub(super) languages: BTreeMap<u8, usize>,
    /// Source files by language id.
    pub(super) source_languages: BTreeMap<u8, usize>,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.files += other.files;
        self.source += other.source;
        self.test += other.test;
        self.documentation += other.documentation;
        self.example += other.example;
        self.foreign += other.foreign;
        self.symbols += other.symbols;
        for (language, count) in &other.languages {
            *self.languages.entry(*language).or_default() += count;
        }
        for (language, count) in &other.source_languages {
            *self.source_languages.entry(*language).or_default() += count;
        }
    }

    fn count(&mut self, doc: &DocRef<'_>) {
        self.files += 1;
        *self.languages.entry(doc.entry.language).or_default() += 1;
        match role(doc) {
            Role::Source => {
                self.source += 1;
                self.symbols += u64::from(doc.entry.symbols);
                *self.source_languages.entry(doc.entry.language).or_default() += 1;
            }
            Role::Test => self.test += 1,
            Role::Documentation => self.documentation += 1,
            Role::Example => self.example += 1,
            Role::Foreign => self.foreign += 1,
            Role::Other => {}
        }
    }

    /// The language most of its sources are in, or most of its files when it has no source.
    pub(super) fn main_language(&self) -> Option<Language> {
        let most = |counts: &BTreeMap<u8, usize>| {
            counts.iter().max_by_key(|(id, count)| (**count, std::cmp::Reverse(**id))).map(|(id, _)| *id)
        };
        most(&self.source_languages).or_else(|| most(&self.languages)).and_then(Language::from_id)
    }

    /// What most of the folder is for, in a word; empty for sources.
    pub(super) fn purpose(&self) -> &'static str {
        // A folder with sources of its own is more than its tests.
        let most = |count: usize| count * 2 > self.files && count > 4 * self.source;
        match () {
            () if most(self.test) => "tests",
            () if most(self.example) => "examples",
            () if most(self.foreign) => "vendored or generated",
            () if most(self.documentation) => "documentation",
            () if self.source == 0 => "configuration and data",
            () => "",
        }
    }
}

/// Folders with their sums; the root is the empty path.
pub(super) struct Survey<'a> {
    pub(super) docs: &'a [DocRef<'a>],
    pub(super) folders: BTreeMap<&'a [u8], Tally>,
}

/// Whether programs are written in it.
pub(super) fn is_code(language: Language) -> bool {
    use Language::{CMake, Css, Docker, Html, Ini, Json, Make, Markdown, Rst, Text, Toml, Xml, Yaml};
    !matches!(
        language,
        Text | Markdown | Json | Toml | Yaml | Html | Css | Xml | Ini | Rst | Make | Docker | CMake
    )
}

pub(super) fn role(doc: &DocRef<'_>) -> Role {
    let FileClass { test, example, documentation, generated, vendored, lock, .. } = doc.class();
    match () {
        () if generated || vendored || lock => Role::Foreign,
        () if test => Role::Test,
        () if example => Role::Example,
        () if documentation => Role::Documentation,
        () if is_code(doc.language()) => Role::Source,
        () => Role::Other,
    }
}

impl<'a> Survey<'a> {
    pub(super) fn of(view: &'a View<'a>) -> Survey<'a> {
        let mut own: BTreeMap<&'a [u8], Tally> = BTreeMap::new();
        own.entry(b"").or_default();
        for same in view.docs().chunk_by(|one, other| one.folder() == other.folder()) {
            let tally = own.entry(same[0].folder()).or_default();
            same.iter().for_each(|doc| tally.count(doc));
        }
        let mut folders: BTreeMap<&'a [u8], Tally> = BTreeMap::new();
        for (folder, tally) in &own {
            let mut above: &[u8] = folder;
            loop {
                folders.entry(above).or_default().add(tally);
                if above.is_empty() {
                    break;
                }
                above = memchr::memrchr(b'/', above).map_or(&[], |at| &above[..at]);
            }
        }
        Survey { docs: view.docs(), folders }
    }

    /// Sums over the whole project.
    pub(super) fn all(&self) -> &Tally {
        // `of` always makes the root.
        &self.folders[&b""[..]]
    }

    /// The folders directly below one, in the order of their names.
    pub(super) fn children(&self, folder: &'a [u8]) -> impl Iterator<Item = (&'a [u8], &Tally)> {
        let start = if folder.is_empty() { 0 } else { folder.len() + 1 };
        let below = self.folders.range(folder..).skip(1);
        below
            .take_while(move |(path, _)| path.starts_with(folder))
            .filter(move |(path, _)| {
                // `a-b` sorts between `a` and `a/b`, so a common start is not enough.
                let inside = folder.is_empty() || path.get(folder.len()) == Some(&b'/');
                inside && path.len() > start && !path[start..].contains(&b'/')
            })
            .map(|(path, tally)| (*path, tally))
    }

    /// Files that lie in a folder itself.
    pub(super) fn direct(&self, folder: &[u8]) -> &'a [DocRef<'a>] {
        let start = self.docs.partition_point(|doc| doc.folder() < folder);
        let count = self.docs[start..].partition_point(|doc| doc.folder() == folder);
        &self.docs[start..start + count]
    }

    /// The file of a path.
    pub(super) fn file(&self, folder: &[u8], name: &[u8]) -> Option<&'a DocRef<'a>> {
        self.direct(folder).iter().find(|doc| doc.name() == name)
    }

    /// Entry points by the habits of the languages, for files that no manifest names.
    pub(super) fn conventional_entries(&self) -> Vec<EntryPoint> {
        let mut found = Vec::new();
        for doc in self.docs.iter().filter(|doc| role(doc) == Role::Source) {
            // In a package of Python these are modules like any other.
            let module = matches!(doc.name(), b"main.py" | b"app.py" | b"cli.py");
            if module && self.file(doc.folder(), b"__init__.py").is_some() {
                continue;
            }
            if let Some((kind, name)) = conventional(doc) {
                let target = Some(shown_path(&doc.path()));
                found.push(EntryPoint { kind, name, target, manifest: None });
            }
        }
        // Those nearest to the root first.
        found.sort_by_key(|entry| entry.target.as_deref().unwrap_or_default().matches('/').count());
        found
    }
}

/// Kind and name of an entry point that its path alone tells.
fn conventional(doc: &DocRef<'_>) -> Option<(&'static str, String)> {
    let folder = doc.folder();
    let parent = folder.rsplit(|&byte| byte == b'/').next().unwrap_or(folder);
    let above = folder.strip_suffix(parent).map(|above| above.strip_suffix(b"/").unwrap_or(above));
    let above = above.unwrap_or_default();
    let package = |folder: &[u8]| shown_path(folder.rsplit(|&byte| byte == b'/').next().unwrap_or(folder));
    let stem = doc.name().rsplitn(2, |&byte| byte == b'.').last().unwrap_or(doc.name());
    match doc.name() {
        b"main.rs" if parent == b"src" || folder.is_empty() => Some(("binary", package(above))),
        b"main.rs" if above.ends_with(b"src/bin") => Some(("binary", shown_path(parent))),
        b"lib.rs" if parent == b"src" => Some(("library", package(above))),
        name if name.ends_with(b".rs") && folder.ends_with(b"src/bin") => Some(("binary", shown_path(stem))),
        b"main.go" => Some(("binary", shown_path(parent))),
        b"__main__.py" => {
            // `src` holds packages and is none.
            let package = folder.strip_prefix(b"src/").unwrap_or(folder);
            Some(("script", format!("python -m {}", shown_path(package).replace('/', "."))))
        }
        b"manage.py" => Some(("script", shown_path(stem))),
        b"wsgi.py" | b"asgi.py" if depth(folder) <= 1 => Some(("script", shown_path(stem))),
        b"main.py" | b"app.py" | b"cli.py" if depth(folder) <= 2 => Some(("script", shown_path(stem))),
        b"Program.cs" | b"Startup.cs" => Some(("main", shown_path(parent))),
        b"Main.java" | b"Application.java" | b"Main.kt" | b"Application.kt" => {
            Some(("main", shown_path(stem)))
        }
        name if name.ends_with(b"Application.java") || name.ends_with(b"Application.kt") => {
            Some(("main", shown_path(stem)))
        }
        b"main.c" | b"main.cpp" | b"main.cc" | b"main.cxx" => Some(("main", shown_path(parent))),
        b"server.js" | b"server.ts" | b"app.js" | b"app.ts" | b"cli.js" | b"cli.ts" | b"main.ts"
        | b"main.tsx" | b"main.js" | b"main.jsx"
            if depth(folder) <= 3 =>
        {
            Some(("main", shown_path(stem)))
        }
        b"config.ru" => Some(("service", "rack".into())),
        b"artisan" | b"index.php" if depth(folder) <= 1 => Some(("script", shown_path(stem))),
        _ => None,
    }
}

fn depth(folder: &[u8]) -> usize {
    if folder.is_empty() { 0 } else { 1 + memchr::memchr_iter(b'/', folder).count() }
}
