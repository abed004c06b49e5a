//! Cuts the sources into parts of comparable size along their folders, and says what each part is about.

use super::manifests::clean_text;
use super::overview::Module;
use super::survey::{Role, Survey, Tally, role};
use super::usage::{Named, Usage};
use super::{definition, shown_path};
use crate::code::Language;
use crate::index::{self, DocRef, Source};
use std::path::Path;

/// How much of a leading file is looked at for its first sentence, in bytes.
const LEAD_BYTES: usize = 4096;
/// A leading file larger than this is not read, in bytes.
const LEAD_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// One part while the sources are being cut.
struct Part<'a> {
    path: &'a [u8],
    /// Whether the folders below are parts of their own.
    alone: bool,
    source: usize,
    weight: u64,
}

fn weight(tally: &Tally) -> u64 {
    tally.source as u64 * 10 + tally.symbols
}

/// The parts of the sources, at most `count`, heaviest first, and the number of those left out.
pub(super) fn modules(
    root: &Path,
    survey: &Survey<'_>,
    usage: &Usage,
    count: usize,
    definitions: usize,
) -> (Vec<Module>, usize) {
    let parts = cut(survey, count);
    let mut modules: Vec<Module> = Vec::new();
    for part in parts.iter().take(count) {
        let files: Vec<usize> = positions(survey, part);
        let mut named: Vec<&Named> = files
            .iter()
            .filter_map(|position| usage.of_file.get(position))
            .flatten()
            .map(|&number| &usage.named[number])
            .collect();
        named.sort_by_key(|named| (std::cmp::Reverse((named.used_in, named.lines)), named.file, named.line));
        modules.push(Module {
            path: if part.path.is_empty() { ".".into() } else { shown_path(part.path) },
            files: part.source,
            lines: files.iter().filter_map(|position| usage.lines.get(position)).sum(),
            about: about(root, survey, part.path),
            definitions: named.into_iter().take(definitions).map(|named| definition(survey, named)).collect(),
        });
    }
    (modules, parts.len().saturating_sub(count))
}

/// Cuts the heaviest part into its folders until there are enough.
fn cut<'a>(survey: &Survey<'a>, count: usize) -> Vec<Part<'a>> {
    let all = survey.all();
    let whole = Part { path: b"", alone: false, source: all.source, weight: weight(all) };
    let mut parts = vec![whole];
    let fair = weight(all) / count.max(1) as u64;
    // Small folders shall not keep a large one from being cut.
    while parts.iter().filter(|part| part.weight * 4 >= fair).count() < count {
        let heaviest = parts
            .iter()
            .enumerate()
            .filter(|(_, part)| !part.alone && part.weight >= fair)
            .filter(|(_, part)| survey.children(part.path).any(|(_, tally)| tally.source > 0))
            .max_by_key(|(number, part)| (part.weight, std::cmp::Reverse(*number)));
        let Some((number, _)) = heaviest else { break };
        let part = parts.remove(number);
        let mut own = (part.source, part.weight);
        for (path, tally) in survey.children(part.path).filter(|(_, tally)| tally.source > 0) {
            own = (own.0.saturating_sub(tally.source), own.1.saturating_sub(weight(tally)));
            parts.push(Part { path, alone: false, source: tally.source, weight: weight(tally) });
        }
        if own.0 > 0 {
            parts.push(Part { path: part.path, alone: true, source: own.0, weight: own.1 });
        }
    }
    parts.retain(|part| part.source > 0);
    parts.sort_by_key(|part| (std::cmp::Reverse(part.weight), part.path));
    parts
}

/// Positions of the source files of a part.
fn positions(survey: &Survey<'_>, part: &Part<'_>) -> Vec<usize> {
    let inside = |doc: &DocRef<'_>| {
        let folder = doc.folder();
        folder == part.path
            || !part.alone
                && folder.starts_with(part.path)
                && (part.path.is_empty() || folder.get(part.path.len()) == Some(&b'/'))
    };
    (0..survey.docs.len())
        .filter(|&position| inside(&survey.docs[position]) && role(&survey.docs[position]) == Role::Source)
        .collect()
}

/// The first sentence that the leading file of a folder says about it; empty when there is none.
fn about(root: &Path, survey: &Survey<'_>, folder: &[u8]) -> String {
    let name = folder.rsplit(|&byte| byte == b'/').next().unwrap_or(folder);
    let mut leads: Vec<&DocRef<'_>> = Vec::new();
    for lead in [&b"mod.rs"[..], b"lib.rs", b"__init__.py", b"doc.go", b"package-info.java"] {
        leads.extend(survey.file(folder, lead));
    }
    let source = [folder, b"/src"].concat();
    for lead in [&b"lib.rs"[..], b"main.rs"] {
        leads.extend(survey.file(&source, lead));
    }
    leads.extend(survey.file(folder, &[name, b".go"].concat()));
    leads.extend(survey.file(folder, b"main.rs"));
    leads.extend(
        survey
            .direct(folder)
            .iter()
            .filter(|doc| doc.language() == Language::Go && role(doc) == Role::Source),
    );
    for doc in leads.into_iter().take(6) {
        let Source::Text(content, _) = index::read(root, &doc.path(), LEAD_BYTES_MAX) else { continue };
        let start = &content[..content.len().min(LEAD_BYTES)];
        let said = first_sentence(doc.language(), &String::from_utf8_lossy(start));
        if !said.is_empty() {
            return said;
        }
    }
    for readme in [&b"README.md"[..], b"readme.md", b"README.rst", b"README"] {
        if folder.is_empty() {
            break;
        }
        let Some(doc) = survey.file(folder, readme) else { continue };
        let Source::Text(content, _) = index::read(root, &doc.path(), LEAD_BYTES_MAX) else { continue };
        let start = &content[..content.len().min(LEAD_BYTES)];
        let said = first_paragraph(&String::from_utf8_lossy(start));
        if !said.is_empty() {
            return said;
        }
    }
    String::new()
}

/// The first sentence of the comment at the top of a file that speaks of the whole file.
fn first_sentence(language: Language, text: &str) -> String {
    let paragraph = match language {
        Language::Rust => {
            let lines = text.lines().map(str::trim).skip_while(|line| !line.starts_with("//!"));
            prose(lines.map_while(|line| line.strip_prefix("//!")))
        }
        Language::Python => {
            let lines = text.lines().skip_while(|line| line.trim().is_empty() || line.starts_with('#'));
            let rest: String = lines.collect::<Vec<_>>().join("\n");
            let quote = ["\"\"\"", "'''"].into_iter().find(|quote| rest.starts_with(quote));
            let Some(quote) = quote else { return String::new() };
            prose(rest[3..].split(quote).next().unwrap_or_default().lines())
        }
        Language::Go => {
            let Some(at) = text.lines().position(|line| line.starts_with("package ")) else {
                return String::new();
            };
            let above: Vec<&str> = text.lines().take(at).collect();
            let start = above.iter().rposition(|line| !line.starts_with("//")).map_or(0, |number| number + 1);
            let comment: Vec<&str> =
                above[start..].iter().filter_map(|line| line.strip_prefix("//")).collect();
            if !comment.first().is_some_and(|line| line.trim().starts_with("Package ")) {
                return String::new();
            }
            prose(comment.into_iter())
        }
        Language::Java => {
            let Some((_, rest)) = text.split_once("/**") else { return String::new() };
            let comment = rest.split("*/").next().unwrap_or_default();
            prose(comment.lines().map(|line| line.trim().trim_start_matches('*')))
        }
        _ => return String::new(),
    };
    sentence(&paragraph)
}

/// The first paragraph of lines that is prose: no headings, markup or badges.
fn prose<'l>(lines: impl Iterator<Item = &'l str>) -> String {
    let mut out = String::new();
    // Markup of HTML goes on until an empty line.
    let mut html = false;
    for line in lines.map(|line| line.trim().trim_start_matches("> ")) {
        html = !line.is_empty() && (html || out.is_empty() && line.starts_with('<'));
        let markup = html
            || line.starts_with(['#', '<', '[', '!', '=', '|', '`', '@', '{', '.'])
            || line.starts_with("---")
            || line.starts_with("//")
            || line.starts_with("*[")
            || line.starts_with("**");
        let underline = !line.is_empty() && line.chars().all(|ch| matches!(ch, '=' | '-' | '~' | '^' | '*'));
        match (line.is_empty() || markup || underline, out.is_empty()) {
            (true, true) => {}
            // What stands above a line of signs was a heading.
            (true, false) if underline => out.clear(),
            (true, false) => break,
            (false, first) => {
                if !first {
                    out.push(' ');
                }
                out.push_str(line);
            }
        }
    }
    out
}

/// The first paragraph of a document that is prose and not about the document itself.
pub(super) fn first_paragraph(text: &str) -> String {
    let mut lines = text.lines();
    for _ in 0..3 {
        let paragraph = prose(lines.by_ref());
        if !paragraph.contains("README") {
            return clean_text(&paragraph);
        }
    }
    String::new()
}

fn sentence(paragraph: &str) -> String {
    let end =
        paragraph.match_indices(". ").map(|(at, _)| at + 1).find(|&at| !paragraph[..at].ends_with("e.g."));
    clean_text(&paragraph[..end.unwrap_or(paragraph.len())])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_of_a_lead_is_found() {
        let rust = "// licence\n//! # Title\n//!\n//! Does one thing. And more.\nuse x;\n";
        assert_eq!(first_sentence(Language::Rust, rust), "Does one thing.");
        assert_eq!(
            first_sentence(Language::Python, "# c\n\"\"\"\nDoes it\nwell.\n\"\"\"\n"),
            "Does it well."
        );
        assert_eq!(first_sentence(Language::Python, "import x\n"), "");
        let go = "// Copyright\n\n// Package a does b.\n// More here.\npackage a\n";
        assert_eq!(first_sentence(Language::Go, go), "Package a does b.");
        assert_eq!(first_sentence(Language::Go, "// Copyright\npackage a\n"), "");
    }

    #[test]
    fn headings_badges_and_markup_are_no_paragraph() {
        let readme = "<h1>x</h1>\n\nTitle\n=====\n\n[![badge](x)](y)\n\nIt finds\nthings.\n\nMore.\n";
        assert_eq!(first_paragraph(readme), "It finds things.");
        assert_eq!(first_paragraph("# only\n"), "");
        let centred = "<p align=\"center\">Visit <a href=\"x\">x</a> for\nexamples.</p>\n\nIt measures.\n";
        assert_eq!(first_paragraph(centred), "It measures.");
    }
}
