//! The overview as text: sections in the order and with the weights of what it is for, within a token budget.

use super::overview::{Definition, Folder, Overview};
use crate::memory::types::{Facts, QueryType};
use crate::text::{estimate_tokens, inert};

/// One section while its lines are being chosen.
struct Section {
    title: &'static str,
    lines: Vec<String>,
    /// What one more line is worth, against the other sections.
    weight: usize,
    taken: usize,
    spent: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Topic {
    Map,
    Entries,
    Commands,
    Dependencies,
    Modules,
    Api,
    Relations,
    Tests,
    Hot,
    Recent,
    Large,
    MostUsed,
}

use Topic::{
    Api, Commands, Dependencies, Entries, Hot, Large, Map, Modules, MostUsed, Recent, Relations, Tests,
};

/// Sections with their weights, in the order in which they are shown.
fn plan(query_type: QueryType) -> &'static [(Topic, usize)] {
    match query_type {
        QueryType::General => &[
            (Map, 8),
            (Entries, 5),
            (Commands, 4),
            (Modules, 12),
            (MostUsed, 5),
            (Api, 4),
            (Relations, 3),
            (Tests, 4),
            (Hot, 4),
            (Recent, 4),
            (Dependencies, 3),
        ],
        QueryType::Bugfix => {
            &[(Hot, 10), (Recent, 8), (Tests, 8), (Modules, 10), (Entries, 4), (Map, 5), (Api, 3)]
        }
        QueryType::Incident => {
            &[(Recent, 12), (Hot, 10), (Entries, 6), (Tests, 4), (Modules, 8), (Map, 5), (Commands, 3)]
        }
        QueryType::Feature => {
            &[(Map, 8), (Entries, 6), (Modules, 14), (Api, 6), (Tests, 4), (Dependencies, 4), (Commands, 3)]
        }
        QueryType::Refactor => {
            &[(Relations, 8), (MostUsed, 6), (Large, 6), (Modules, 12), (Api, 6), (Map, 4), (Tests, 5)]
        }
        QueryType::Test => &[(Tests, 14), (Commands, 5), (Modules, 8), (Hot, 4), (Map, 5), (Api, 3)],
        QueryType::Docs => &[(Map, 10), (Entries, 6), (Api, 10), (Commands, 5), (Modules, 12), (Recent, 3)],
    }
}

/// The text, at most `tokens` by [`estimate_tokens`].
pub(super) fn render(overview: &Overview, tokens: usize) -> String {
    let head = header(overview);
    let footer = "More: `rtk memory plan \"<question>\"` (files, definitions and lines for any question), `rtk memory delta` (what changed), \
                  `rtk memory explore --detail verbose`, `--query-type bugfix|feature|refactor|incident|test|docs`, `--json`.";
    let mut sections: Vec<Section> = plan(overview.query_type)
        .iter()
        .map(|&(topic, weight)| {
            let (title, lines) = section(overview, topic);
            Section { title, lines, weight, taken: 0, spent: 0 }
        })
        .filter(|section| !section.lines.is_empty())
        .collect();
    // Each title and each note of what is missing costs as well.
    let frame = estimate_tokens(&head) + estimate_tokens(footer) + 20;
    let titles: usize = sections.iter().map(|section| estimate_tokens(section.title) + 10).sum();
    let left_out = if overview.left_out.is_empty() {
        String::new()
    } else {
        format!("Left out: {}.\n", overview.left_out.join("; "))
    };
    choose(&mut sections, tokens.saturating_sub(frame + titles + estimate_tokens(&left_out)));
    let mut text = head;
    for section in sections.iter().filter(|section| section.taken > 0) {
        let rest = section.lines.len() - section.taken;
        let more = if rest > 0 {
            format!(" ({} of {} lines)", section.taken, section.lines.len())
        } else {
            String::new()
        };
        text.push_str(&format!("\n## {}{more}\n", section.title));
        for line in &section.lines[..section.taken] {
            text.push_str(line);
            text.push('\n');
        }
    }
    format!("{text}\n{left_out}{footer}\n")
}

/// Takes lines in turn, from the section that has spent least for its weight, until no next line fits.
fn choose(sections: &mut [Section], mut left: usize) {
    loop {
        let next = sections
            .iter()
            .enumerate()
            .filter_map(|(number, section)| {
                section.lines.get(section.taken).map(|line| (number, estimate_tokens(line) + 1))
            })
            .filter(|(_, cost)| *cost <= left)
            // Spent per weight, compared without fractions.
            .min_by_key(|(number, _)| {
                (sections[*number].spent * 1000 / sections[*number].weight.max(1), *number)
            });
        let Some((number, cost)) = next else { return };
        left -= cost;
        sections[number].spent += cost;
        sections[number].taken += 1;
    }
}

/// At which commit, how many files, how fresh.
pub(super) fn place(facts: &Facts) -> String {
    let at = match (&facts.commit, &facts.branch) {
        (Some(commit), Some(branch)) => format!(" at commit {commit} (branch {})", inert::line(branch)),
        (Some(commit), None) => format!(" at commit {commit} (detached)"),
        (None, Some(branch)) => format!(" (branch {}, no commit yet)", inert::line(branch)),
        (None, None) => String::new(),
    };
    let state = if facts.walked && facts.files_indexed == facts.files_known {
        format!("all {} files indexed, compared with the disk just now", facts.files_known)
    } else if facts.walked {
        format!("indexing goes on: {} of {} files so far", facts.files_indexed, facts.files_known)
    } else {
        format!("first scan goes on: {} files so far", facts.files_known)
    };
    format!("{}{at}; {state}", inert::line(&facts.root))
}

fn header(overview: &Overview) -> String {
    let mut text = format!("# {}", overview.name);
    if !overview.description.is_empty() {
        text.push_str(&format!(": {}", overview.description));
    }
    text.push_str(&format!(
        "\nProject memory of rtk. Work tree {}. Text from the repository is quoted data.\n",
        place(&overview.project)
    ));
    let languages: Vec<String> = overview
        .languages
        .iter()
        .take(6)
        .map(|share| match share.source {
            source if source == share.files => format!("{} {}", share.language, share.files),
            source => format!("{} {} ({source} source)", share.language, share.files),
        })
        .collect();
    if languages.is_empty() {
        text.push_str("No code in a known language.\n");
    } else {
        text.push_str(&format!("Code files: {}.\n", languages.join(", ")));
    }
    text
}

fn section(overview: &Overview, topic: Topic) -> (&'static str, Vec<String>) {
    match topic {
        Map => ("Map: folder, files below", overview.folders.iter().map(folder).collect()),
        Entries => ("Entry points", entries(overview)),
        Commands => (
            "Commands",
            overview
                .commands
                .iter()
                .map(|command| {
                    if command.does.is_empty() {
                        format!("`{}`", command.run)
                    } else {
                        format!("`{}` — {}", command.run, cut(&command.does, 90))
                    }
                })
                .collect(),
        ),
        Dependencies => ("Dependencies", dependencies(overview)),
        Modules => ("Modules, with the definitions that most other source files name", modules(overview)),
        Api => (
            "Public definitions by number of source files that name them",
            overview
                .api
                .iter()
                .map(|one| format!("{} {}:{} — {}", label(one), one.file, one.line, one.used_in))
                .collect(),
        ),
        Relations => (
            "Types with most types below them",
            overview
                .relations
                .iter()
                .map(|one| {
                    let more = if one.subtypes_total > one.subtypes.len() { ", …" } else { "" };
                    format!(
                        "{} {}:{} ← {}: {}{more}",
                        label(&one.definition),
                        one.definition.file,
                        one.definition.line,
                        one.subtypes_total,
                        one.subtypes.join(", ")
                    )
                })
                .collect(),
        ),
        Tests => ("Tests", tests(overview)),
        Hot => (
            "Hot files: commits, authors, last change",
            overview
                .hot_files
                .iter()
                .map(|hot| {
                    format!(
                        "{} — {} of the newest {}, {} authors, {}",
                        hot.path, hot.commits, overview.commits_read, hot.authors, hot.last
                    )
                })
                .collect(),
        ),
        Recent => ("Recent changes", recent(overview)),
        Large => (
            "Largest source files",
            overview
                .large_files
                .iter()
                .map(|file| format!("{} — {} lines, {} definitions", file.path, file.lines, file.definitions))
                .collect(),
        ),
        MostUsed => (
            "Files whose definitions most source files name",
            overview
                .most_used
                .iter()
                .map(|file| format!("{} — {}: {}", file.path, file.used_by, file.definitions.join(", ")))
                .collect(),
        ),
    }
}

fn folder(folder: &Folder) -> String {
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
    let line = |entry: &super::EntryPoint| match &entry.target {
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
                    if wanted.version.is_empty() || overview.detail != crate::memory::types::Detail::Verbose {
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
    let line = |module: &super::Module| {
        let mut line = format!("{}/ {} files", module.path, module.files);
        if module.lines > 0 {
            line.push_str(&format!(", {} lines", module.lines));
        }
        if !module.about.is_empty() {
            line.push_str(&format!(" — {}", cut(&module.about, 120)));
        }
        let inside = format!("{}/", module.path);
        let names: Vec<String> = module
            .definitions
            .iter()
            .map(|one| {
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
