//! `git branch` and `git tag`: names without blanks, many to a line; branches of a remote behind its name.

use super::{Verdict, View};
use crate::wrap::page::{Line, Page};

/// Names that are shown.
const NAMES_MAX: usize = 300;
/// Names of one line end after this, in bytes.
const LINE_BYTES: usize = 400;

/// Joins lines that are a single name each.
#[derive(Default)]
pub(in crate::wrap) struct NamesView {
    /// `remotes/origin/` and the like, before the names of the open line.
    prefix: Vec<u8>,
    open: Vec<u8>,
    names: usize,
    hidden: usize,
}

impl NamesView {
    fn flush(&mut self, page: &mut Page) {
        if self.open.is_empty() {
            return;
        }
        let open = std::mem::take(&mut self.open);
        match self.prefix.is_empty() {
            true => page.line(&[&open]),
            false => page.line(&[&self.prefix, b": ", &open]),
        }
    }

    fn name(&mut self, name: &[u8], page: &mut Page) {
        self.names += 1;
        if self.names > NAMES_MAX {
            self.hidden += 1;
            return;
        }
        let parts = name.splitn(3, |byte| *byte == b'/').map(<[u8]>::len).collect::<Vec<_>>();
        let (prefix, name) = match parts.as_slice() {
            [first, second, _] if name.starts_with(b"remotes/") => name.split_at(first + second + 2),
            _ => name.split_at(0),
        };
        if prefix != self.prefix || self.open.len() + name.len() > LINE_BYTES {
            self.flush(page);
            self.prefix = prefix.to_vec();
        }
        if !self.open.is_empty() {
            self.open.push(b' ');
        }
        self.open.extend_from_slice(name);
    }
}

impl View for NamesView {
    fn line(&mut self, line: &Line<'_>, page: &mut Page) -> Verdict {
        let name = line.text.trim_ascii_start();
        if line.lost > 0 || name.is_empty() || name.contains(&b' ') {
            // The current branch, one of another work tree, a symbolic one, or a form that is not known here.
            self.flush(page);
            page.verbatim(line);
        } else {
            self.name(name, page);
        }
        Verdict::Fits
    }

    fn end(&mut self, page: &mut Page) {
        self.flush(page);
        if self.hidden > 0 {
            page.missing("", self.hidden, "names");
        }
    }
}
