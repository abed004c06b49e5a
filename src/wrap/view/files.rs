//! `git ls-files`: the names of one folder on one line.

use super::{Verdict, View};
use crate::wrap::page::{Line, Page};

/// Names of a folder from which on they share a line.
const SHARED_MIN: usize = 3;

/// Groups neighbouring names of one folder.
#[derive(Default)]
pub(in crate::wrap) struct FilesView {
    folder: Vec<u8>,
    names: Vec<Vec<u8>>,
    hidden: usize,
}

impl FilesView {
    fn flush(&mut self, page: &mut Page) {
        let names = std::mem::take(&mut self.names);
        let bytes = names.iter().map(|name| name.len() + 1).sum::<usize>() + self.folder.len() + 2;
        if page.room() < bytes {
            self.hidden += names.len();
        } else if names.len() >= SHARED_MIN && !self.folder.is_empty() {
            page.line(&[&self.folder, b": ", &names.join(&b' ')]);
        } else {
            names.iter().for_each(|name| page.line(&[&self.folder, name]));
        }
    }
}

impl View for FilesView {
    fn line(&mut self, line: &Line<'_>, page: &mut Page) -> Verdict {
        let cut = line.text.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
        let (folder, name) = line.text.split_at(cut);
        // A blank in a name, or git's quotes, would make the joined line ambiguous.
        let plain = line.lost == 0 && !line.text.contains(&b' ') && !line.begins("\"");
        if !plain || folder != self.folder {
            self.flush(page);
            self.folder = folder.to_vec();
        }
        if plain {
            self.names.push(name.to_vec());
        } else if page.room() > line.text.len() {
            page.verbatim(line);
        } else {
            self.hidden += 1;
        }
        Verdict::Fits
    }

    fn end(&mut self, page: &mut Page) {
        self.flush(page);
        if self.hidden > 0 {
            page.missing("", self.hidden, "files");
        }
    }
}
