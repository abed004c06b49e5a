//! Compact views: each reads git's own lines and writes fewer. What a view does not know it writes as it is.

mod blame;
mod diff;
mod files;
mod grep;
mod hunk;
mod list;
mod log;
mod names;
mod status;

pub(super) use blame::BlameView;
pub(super) use diff::DiffView;
pub(super) use files::FilesView;
pub(super) use grep::GrepView;
pub(super) use list::{ListView, RemoteView, ShortlogView};
pub(super) use log::LogView;
pub(super) use names::NamesView;
pub(super) use status::StatusView;

use super::page::{Line, Page};

/// What a view says to a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Taken.
    Fits,
    /// This is not the output that the view knows: git's own bytes are to be shown.
    Foreign,
}

/// Reads lines, writes a page.
pub(super) trait View {
    /// Takes one line.
    fn line(&mut self, line: &Line<'_>, page: &mut Page) -> Verdict;

    /// There are no more lines.
    fn end(&mut self, page: &mut Page);
}
