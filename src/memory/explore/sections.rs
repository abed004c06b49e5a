//! The lines of each section of the overview.

use super::overview::{Definition, FileSize, FileUse, Folder, HotFile, Module, Overview, Relation};
use super::text::Topic;
use super::{EntryPoint, ManifestCommand};
use crate::memory::types::Detail;

/// Title and lines of one section.
pub(super) fn section(overview: &Overview, topic: Topic) -> (&'static str, Vec<String>) {
    match topic {
        Topic::Map => ("Map: folder, files below", overview.folders.iter().map(folder).collect()),
        Topic::Entries => ("Entry points", entries(overview)),
        Topic::Commands => ("Commands", overview.commands.iter().map(command).collect()),
        Topic::Dependencies => ("Dependencies", dependencies(overview)),
        Topic::Modules => {
            ("Modules, with the definitions that most other source files name", modules(overview))
        }
        Topic::Api => (
            "Public definitions by number of source files that name them",
            overview.api.iter().map(api).collect(),
        ),
        Topic::Relations => {
            ("Types with most types below them", overview.relations.iter().map(relation).collect())
        }
        Topic::Tests => ("Tests", tests(overview)),
        Topic::Hot => ("Hot files: commits, authors, last change", hot(overview)),
        Topic::Recent => ("Recent changes", recent(overview)),
        Topic::Large => ("Largest source files", overview.large_files.iter().map(size).collect()),
        Topic::MostUsed => {
            ("Files whose definitions most source files name", overview.most_used.iter().map(used).collect())
        }
    }
}

fn command(command: &ManifestCommand) -> String {
    if command.does.is_empty() {
        return format!("`{}`", command.run);
    }
    format!("`{}` — {}", command.run, cut(&command.does, 90))
}

fn api(one: &Definition) -> String {
    format!("{} {}:{} — {}", label(one), one.file, one.line, one.used_in)
}

fn relation(one: &Relation) -> String {
    let more = if one.subtypes_total > one.subtypes.len() { ", …" } else { "" };
    let above = &one.definition;
    let below = one.subtypes.join(", ");
    format!("{} {}:{} ← {}: {below}{more}", label(above), above.file, above.line, one.subtypes_total)
}

fn hot(overview: &Overview) -> Vec<String> {
    let line = |hot: &HotFile| {
        let (commits, authors) = (hot.commits, hot.authors);
        format!(
            "{} — {commits} of the newest {}, {authors} authors, {}",
            hot.path, overview.commits_read, hot.last
        )
    };
    overview.hot_files.iter().map(line).collect()
}

fn size(file: &FileSize) -> String {
    format!("{} — {} lines, {} definitions", file.path, file.lines, file.definitions)
}

fn used(file: &FileUse) -> String {
    format!("{} — {}: {}", file.path, file.used_by, file.definitions.join(", "))
}

/// One line of the map.
pub(super) fn folder(folder: &Folder) -> String {
    let indent = "  ".repeat(if folder.nested { folder.path.matches('/').count() } else { 0 });
    let mut line = format!("{indent}{}/ {}", folder.path, folder.files);
    if !folder.purpose.is_empty() {
        line.push_str(&format!(" {}", folder.purpose));
    } else if let Some(language) = folder.language {
        line.push_str(&format!(" {language}"));
    }
    if folder.tests > 0 && folder.purpose != "tests" {
        line.push_str(&format!(", {} tests", folder.tests));
    }
    if !folder.children.is_empty() {
        line.push_str(&format!(": {}", folder.children.join(", ")));
    }
    line
}

fn entries(overview: &Overview) -> Vec<String> {
    let line = |entry: &EntryPoint| match &entry.target {
        Some(target) => format!("{} {} → {target}", entry.kind, entry.name),
        None => format!("{} {} ({})", entry.kind, entry.name, entry.manifest.as_deref().unwrap_or_default()),
    };
    overview.entry_points.iter().map(line).collect()
}

/// One line a scope, ten names a line.
fn dependencies(overview: &Overview) -> Vec<String> {
    let mut lines = Vec::new();
    for same in overview.dependencies.chunk_by(|one, other| one.scope == other.scope) {
        for part in same.chunks(10) {
            let names: Vec<String> = part
                .iter()
                .map(|wanted| {
                    if wanted.version.is_empty() || overview.detail != Detail::Verbose {
                        wanted.name.clone()
                    } else {
                        format!("{} {}", wanted.name, cut(&wanted.version, 24))
                    }
                })
                .collect();
            lines.push(format!("{}: {}", same[0].scope, names.join(", ")));
        }
    }
    lines
}

fn modules(overview: &Overview) -> Vec<String> {
    let line = |module: &Module| {
        let mut line = format!("{}/ {} files", module.path, module.files);
        if module.lines > 0 {
            line.push_str(&format!(", {} lines", module.lines));
        }
        if !module.about.is_empty() {
            line.push_str(&format!(
                " — {}",
                cut(&module.about, if overview.detail == Detail::Compact { 80 } else { 120 })
            ));
        }
        let inside = format!("{}/", module.path);
        let names: Vec<String> = module
            .definitions
            .iter()
            .map(|one| {
                if overview.detail == Detail::Compact {
                    return one.name.clone();
                }
                let file = one.file.strip_prefix(&inside).unwrap_or(&one.file);
                format!("{} {file}:{}", one.name, one.line)
            })
            .collect();
        if !names.is_empty() {
            line.push_str(&format!("\n  {}", names.join(", ")));
        }
        line
    };
    overview.modules.iter().map(line).collect()
}

fn tests(overview: &Overview) -> Vec<String> {
    let tests = &overview.tests;
    let mut lines = Vec::new();
    if !tests.run.is_empty() {
        lines.push(format!(
            "Run: {}",
            tests.run.iter().map(|run| format!("`{run}`")).collect::<Vec<_>>().join(", ")
        ));
    }
    if !tests.places.is_empty() {
        let mut places: Vec<String> =
            tests.places.iter().take(6).map(|(place, count)| format!("{place} {count}")).collect();
        if tests.places.len() > 6 {
            places.push(format!("{} more places", tests.places.len() - 6));
        }
        lines.push(format!("Where: {}", places.join("; ")));
    }
    if tests.inside_sources > 0 {
        lines.push(format!("{} source files hold tests themselves", tests.inside_sources));
    }
    if tests.paired > 0 {
        lines.push(format!("{} of {} test files are named after a source:", tests.paired, tests.files));
        lines.extend(tests.pairs.iter().map(|(test, source)| format!("  {test} ↔ {source}")));
    }
    if lines.is_empty() && !overview.languages.is_empty() {
        lines.push("none found".into());
    }
    lines
}

fn recent(overview: &Overview) -> Vec<String> {
    let mut lines = Vec::new();
    if !overview.uncommitted.is_empty() {
        let shown: Vec<String> = overview
            .uncommitted
            .iter()
            .take(6)
            .map(|change| format!("{} {}", change.kind, change.path))
            .collect();
        let rest = overview.uncommitted.len().saturating_sub(shown.len());
        let more = if rest > 0 { format!(", +{rest}") } else { String::new() };
        lines.push(format!("not committed: {}{more}", shown.join(", ")));
    }
    lines.extend(overview.recent.iter().map(|commit| {
        format!("{} {} {} ({} files)", commit.commit, commit.date, cut(&commit.subject, 90), commit.files)
    }));
    lines
}

fn label(definition: &Definition) -> String {
    format!("{} {}", definition.kind, definition.name)
}

fn cut(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
