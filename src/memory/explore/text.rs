//! The overview as text: sections in the order and with the weights of what it is for, within a token budget.

use super::overview::Overview;
use super::sections::section;
use crate::memory::types::{Detail, Facts, QueryType};
use crate::text::{estimate_tokens, inert};

/// A compact overview has no room for sections that weigh less.
const COMPACT_WEIGHT_MIN: usize = 5;
const COMPACT_FOOTER: &str = "More: `rtk memory plan \"<question>\"` (files and definitions for any question), `rtk memory explore --detail normal|verbose`.";
const FOOTER: &str = "More: `rtk memory plan \"<question>\"` (files, definitions and lines for any question), `rtk memory delta` (what changed), \
     `rtk memory explore --detail verbose`, `--query-type bugfix|feature|refactor|incident|test|docs`, `--json`.";

/// One section while its lines are being chosen.
struct Section {
    title: &'static str,
    lines: Vec<String>,
    /// What one more line is worth, against the other sections.
    weight: usize,
    taken: usize,
    spent: usize,
}

/// What a section is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
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
            (Commands, 5),
            (Modules, 12),
            (MostUsed, 4),
            (Api, 4),
            (Relations, 3),
            (Tests, 5),
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
    let footer = match overview.detail {
        Detail::Compact => COMPACT_FOOTER,
        _ => FOOTER,
    };
    let weight_min = if overview.detail == Detail::Compact { COMPACT_WEIGHT_MIN } else { 0 };
    let mut sections: Vec<Section> = plan(overview.query_type)
        .iter()
        .filter(|(_, weight)| *weight >= weight_min)
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
    if !overview.documents.is_empty() {
        text.push_str(&format!("Documents to begin with: {}.\n", overview.documents.join(", ")));
    }
    text
}
