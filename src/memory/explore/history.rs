//! What the newest commits changed, and what the work tree has changed since.

use super::manifests::clean_text;
use super::overview::{HotFile, RecentCommit, Uncommitted};
use super::shown_path;
use super::survey::{Role, Survey, role};
use crate::base::Deadline;
use crate::git::{self, ChangeKind, HistoryRange};
use crate::index::Context;
use crate::project::{Root, RootKind};
use std::collections::{BTreeMap, BTreeSet};

/// Commits that are read.
const COMMITS_MAX: usize = 300;
/// Time for all questions to git, in milliseconds.
const GIT_MS: u64 = 3000;
/// A commit that touches more files says nothing about any of them.
const COMMIT_FILES_MAX: usize = 60;
/// Length of an abbreviated object name, in characters.
const ABBREVIATED: usize = 10;

/// What git told.
#[derive(Debug, Default)]
pub(super) struct History {
    pub(super) hot: Vec<HotFile>,
    pub(super) recent: Vec<RecentCommit>,
    pub(super) uncommitted: Vec<Uncommitted>,
    pub(super) commits_read: usize,
    /// What is missing and why.
    pub(super) left_out: Vec<String>,
}

#[derive(Default)]
struct Heat {
    commits: usize,
    authors: BTreeSet<u64>,
    last: i64,
}

/// Asks git; empty without a repository.
pub(super) fn history(
    context: &Context<'_>,
    root: &Root,
    survey: &Survey<'_>,
    recent_max: usize,
    hot_max: usize,
) -> History {
    let mut history = History::default();
    if !matches!(root.kind, RootKind::Git { .. }) {
        history.left_out.push("history: no git repository".into());
        return history;
    }
    let left = u64::try_from(context.deadline.left().as_millis()).unwrap_or(GIT_MS);
    let deadline = Deadline::after_ms(left.min(GIT_MS));
    let range = HistoryRange { since: None, commits_max: COMMITS_MAX, renames: false, deadline };
    let mut heat: BTreeMap<Vec<u8>, Heat> = BTreeMap::new();
    let read = git::history(context.env, &root.path, &range, &mut |commit| {
        history.commits_read += 1;
        if history.recent.len() < recent_max {
            history.recent.push(RecentCommit {
                commit: commit.id.chars().take(ABBREVIATED).collect(),
                date: day(commit.time),
                subject: clean_text(&commit.subject),
                files: commit.files.len(),
            });
        }
        if commit.files.len() <= COMMIT_FILES_MAX && !commit.files_cut {
            for file in commit.files {
                let entry = heat.entry(file).or_default();
                entry.commits += 1;
                entry.authors.insert(commit.author_hash);
                entry.last = entry.last.max(commit.time);
            }
        }
        true
    });
    match read {
        Ok(end) if end.state == git::HistoryState::TimedOut => {
            history
                .left_out
                .push(format!("history: only {} commits read in {GIT_MS} ms", history.commits_read));
        }
        Ok(_) => {}
        Err(error) => history.left_out.push(format!("history: {}", clean_text(&error.to_string()))),
    }
    history.hot = hottest(survey, heat, hot_max);
    match git::changed_files(context.env, &root.path, deadline) {
        Ok(changes) => {
            history.uncommitted = changes
                .iter()
                .map(|change| Uncommitted { kind: kind_name(change.kind), path: shown_path(&change.path) })
                .collect()
        }
        Err(error) => {
            history.left_out.push(format!("uncommitted changes: {}", clean_text(&error.to_string())))
        }
    }
    history
}

/// Files that most commits changed, those of more authors and later ones first.
fn hottest(survey: &Survey<'_>, heat: BTreeMap<Vec<u8>, Heat>, count: usize) -> Vec<HotFile> {
    let worth = |(path, heat): &(Vec<u8>, Heat)| heat.commits > 1 && is_worth(survey, path);
    let mut hot: Vec<(Vec<u8>, Heat)> = heat.into_iter().filter(worth).collect();
    hot.sort_by_key(|(_, heat)| std::cmp::Reverse((heat.commits, heat.authors.len(), heat.last)));
    let file = |(path, heat): (Vec<u8>, Heat)| HotFile {
        path: shown_path(&path),
        commits: heat.commits,
        authors: heat.authors.len(),
        last: day(heat.last),
    };
    hot.into_iter().take(count).map(file).collect()
}

/// Whether a file is still there and is code of the project.
fn is_worth(survey: &Survey<'_>, path: &[u8]) -> bool {
    let (folder, name) = match memchr::memrchr(b'/', path) {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (&[][..], path),
    };
    survey.file(folder, name).is_some_and(|doc| matches!(role(doc), Role::Source | Role::Test))
}

/// The word for a change.
pub(super) fn kind_name(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Modified => "modified",
        ChangeKind::Deleted => "deleted",
        ChangeKind::Renamed => "renamed",
        ChangeKind::Copied => "copied",
        ChangeKind::TypeChanged => "type_changed",
        ChangeKind::Unmerged => "unmerged",
        ChangeKind::Untracked => "untracked",
    }
}

/// The UTC day of a time in seconds since the Unix epoch, as `2024-01-31`.
pub(super) fn day(seconds: i64) -> String {
    // Days are counted in eras of 400 years that begin on a first of March, so that leap days come last.
    let days = seconds.div_euclid(86_400).saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400, "2000-02-29"),
            (1_704_164_645, "2024-01-02"),
            (4_107_542_399, "2100-02-28"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(day(seconds), expected);
        }
        day(i64::MAX);
        day(i64::MIN);
    }
}
