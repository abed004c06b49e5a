//! What `explore` answers: the shape of its JSON, and the facts that the text is made of.

use super::manifests::{Dependency, EntryPoint, ManifestCommand};
use crate::memory::types::{Detail, Facts, QueryType};
use serde::Serialize;

/// The project at a glance. Paths are relative to the root, every text is inert.
#[derive(Debug, Clone, Serialize)]
pub struct Overview {
    /// Grows when a field changes its meaning.
    pub schema: u32,
    /// Where, at which commit, how fresh.
    pub project: Facts,
    /// What it was asked for.
    pub query_type: QueryType,
    /// How much was asked for.
    pub detail: Detail,
    /// Name by its manifest, or of its folder.
    pub name: String,
    /// What it says about itself, by a manifest or the first paragraph of its README; may be empty.
    pub description: String,
    /// Documents that somebody new reads first: README, CONTRIBUTING and the like.
    pub documents: Vec<String>,
    /// Languages of the code, most files first.
    pub languages: Vec<LanguageShare>,
    /// The map: top folders, and those below a folder that holds most of the sources.
    pub folders: Vec<Folder>,
    /// Where it starts and what it offers.
    pub entry_points: Vec<EntryPoint>,
    /// What it needs, each name once.
    pub dependencies: Vec<Dependency>,
    /// What can be run, as manifests say.
    pub commands: Vec<ManifestCommand>,
    /// The parts of the sources with their most used definitions.
    pub modules: Vec<Module>,
    /// Public types and functions that most files use.
    pub api: Vec<Definition>,
    /// Types with the types below them.
    pub relations: Vec<Relation>,
    /// Where tests are, how they pair with sources, how to run them.
    pub tests: TestMap,
    /// Files that the newest commits changed most.
    pub hot_files: Vec<HotFile>,
    /// The newest commits.
    pub recent: Vec<RecentCommit>,
    /// What the work tree has changed since HEAD.
    pub uncommitted: Vec<Uncommitted>,
    /// Commits that were read for `hot_files`.
    pub commits_read: usize,
    /// Source files with the most lines.
    pub large_files: Vec<FileSize>,
    /// Source files whose definitions most other files use.
    pub most_used: Vec<FileUse>,
    /// Whether every source file was read for `used_in`; otherwise those numbers are lower bounds.
    pub usage_complete: bool,
    /// What a limit left out, in words.
    pub left_out: Vec<String>,
}

/// One language.
#[derive(Debug, Clone, Serialize)]
pub struct LanguageShare {
    /// Its name.
    pub language: &'static str,
    /// All its files.
    pub files: usize,
    /// Those that are sources: no tests, examples, generated or vendored ones.
    pub source: usize,
}

/// One folder of the map with everything below it.
#[derive(Debug, Clone, Serialize)]
pub struct Folder {
    /// Its path.
    pub path: String,
    /// Files.
    pub files: usize,
    /// Source files.
    pub source: usize,
    /// Test files.
    pub tests: usize,
    /// Language of most of its sources; `None` without any file of a known one.
    pub language: Option<&'static str>,
    /// What most of it is for; empty for sources.
    pub purpose: &'static str,
    /// Names of the folders directly below, largest first.
    pub children: Vec<String>,
    /// Whether it lies below the folder before it in this list.
    pub nested: bool,
}

/// One definition.
#[derive(Debug, Clone, Serialize)]
pub struct Definition {
    /// Bare name.
    pub name: String,
    /// Kind of symbol.
    pub kind: &'static str,
    /// File.
    pub file: String,
    /// First line, 1-based.
    pub line: u32,
    /// Other source files in which the name occurs.
    pub used_in: usize,
}

/// One part of the sources.
#[derive(Debug, Clone, Serialize)]
pub struct Module {
    /// Folder.
    pub path: String,
    /// Source files in it, without those of modules listed by themselves.
    pub files: usize,
    /// Lines of those files; 0 when they were not read.
    pub lines: usize,
    /// What its leading file says it is; may be empty.
    pub about: String,
    /// Its most used definitions.
    pub definitions: Vec<Definition>,
}

/// A type and the types directly below it.
#[derive(Debug, Clone, Serialize)]
pub struct Relation {
    /// The type above.
    pub definition: Definition,
    /// Types that extend, implement or derive from it, most used first, bounded.
    pub subtypes: Vec<String>,
    /// How many there are.
    pub subtypes_total: usize,
}

/// Where tests are.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TestMap {
    /// Test files.
    pub files: usize,
    /// Source files that hold their tests themselves.
    pub inside_sources: usize,
    /// Places with their numbers of files, most first.
    pub places: Vec<(String, usize)>,
    /// Test files that have a source of the same name.
    pub paired: usize,
    /// Test file and source file, most used sources first, bounded.
    pub pairs: Vec<(String, String)>,
    /// Commands that run them.
    pub run: Vec<String>,
}

/// A file that changes often.
#[derive(Debug, Clone, Serialize)]
pub struct HotFile {
    /// Path.
    pub path: String,
    /// Commits of those read that changed it.
    pub commits: usize,
    /// Authors of those commits.
    pub authors: usize,
    /// Day of the newest of them.
    pub last: String,
}

/// One of the newest commits.
#[derive(Debug, Clone, Serialize)]
pub struct RecentCommit {
    /// Abbreviated object name.
    pub commit: String,
    /// Day.
    pub date: String,
    /// First paragraph of its message.
    pub subject: String,
    /// Files it touched.
    pub files: usize,
}

/// One change of the work tree.
#[derive(Debug, Clone, Serialize)]
pub struct Uncommitted {
    /// What happened.
    pub kind: &'static str,
    /// Path.
    pub path: String,
}

/// A file with its size.
#[derive(Debug, Clone, Serialize)]
pub struct FileSize {
    /// Path.
    pub path: String,
    /// Lines.
    pub lines: usize,
    /// Definitions.
    pub definitions: usize,
}

/// A file with its users.
#[derive(Debug, Clone, Serialize)]
pub struct FileUse {
    /// Path.
    pub path: String,
    /// Source files that use a definition of it.
    pub used_by: usize,
    /// Names of its definitions, most used first, bounded.
    pub definitions: Vec<String>,
}
