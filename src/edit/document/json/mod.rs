//! JSON and JSONC as a document that is edited by splices.

mod print;
mod scan;

use super::fault::Fault;
use super::items::{Bracketed, Item, Spot, Style};
use super::layout::{Comments, line_break, newline, outer_indent, own_line_indent, replacing};
use super::resolve::{Found, NodeKind, Tree};
use super::typed::Rules;
use super::value::{Change, Taken, Value};
use super::{Document, Here};
use crate::text::Splice;
use print::Printer;
use scan::Span;
pub(super) use scan::parse;
use scan::{Ends, Entries, Entry, Scanner, decoded};
use std::ops::Range;

/// Indentation of a text that shows none of its own.
const INDENT_DEFAULT: &str = "  ";

/// A checked text.
pub(super) struct Json<'t> {
    text: &'t str,
    root: Span,
    ends: Ends,
    comments: bool,
}

/// A text that holds nothing but comments, with an empty object behind them.
pub(super) fn with_root(text: &str, comments: bool) -> Option<String> {
    let is_nothing = Scanner::is_blank(text, comments);
    let gap = if text.is_empty() || text.ends_with(['\n', '\r', '\u{feff}']) { "" } else { newline(text) };
    is_nothing.then(|| format!("{text}{gap}{{}}{}", newline(text)))
}

impl<'t> Json<'t> {
    /// Checks a whole text; `comments` says whether it is JSONC.
    pub(super) fn read(text: &'t str, comments: bool) -> Result<Json<'t>, Fault> {
        match Scanner::root(text, comments) {
            Ok(Some((root, ends))) => Ok(Json { text, root, ends, comments }),
            Ok(None) => Err(Fault::syntax(text, text.len(), "expected a value, found the end of the file")),
            Err(wrong) => Err(wrong.of(text)),
        }
    }

    fn entries(&self, container: Span) -> Entries<'_> {
        Entries::of(self.text, container.start, self.comments).knowing(&self.ends)
    }

    fn source(&self, span: Span) -> &'t str {
        &self.text[span.start..span.end]
    }

    fn name(&self, entry: &Entry) -> Option<String> {
        entry.key.map(|key| decoded(self.source(key)))
    }

    fn has_name(&self, entry: &Entry, name: &str) -> bool {
        let Some(key) = entry.key else { return false };
        let literal = self.source(key);
        let inside = &literal[1..literal.len() - 1];
        // An escape is longer than what it stands for.
        inside == name || (inside.len() > name.len() && inside.contains('\\') && decoded(literal) == name)
    }

    /// The style for something new in the last of `containers`, from the innermost that shows it.
    fn style(&self, containers: &[Span]) -> (Style, String) {
        let places = containers.iter().rev().chain([&self.root]);
        let indents = places.clone().filter_map(|container| {
            let mut scanner = Scanner::at(self.text, container.start + 1, self.comments);
            scanner.skip_space().ok()?;
            let own = own_line_indent(self.text, scanner.at)?;
            let unit = own.strip_prefix(outer_indent(self.text, container.start))?;
            (scanner.at < container.end - 1 && !unit.is_empty()).then_some(unit)
        });
        let colons = places.filter(|container| self.text.as_bytes()[container.start] == b'{').filter_map(
            |container| {
                let first = self.entries(*container).next()?;
                let colon = &self.text[first.key?.end..first.value.start];
                (colon.len() <= 4 && !colon.contains(['\n', '\r', '/'])).then_some(colon)
            },
        );
        let root = self.source(self.root);
        let empty = root.starts_with(['{', '[']) && root[1..root.len() - 1].trim().is_empty();
        let expanded = empty || line_break(root.as_bytes()).is_some();
        let colon = { colons }.next().unwrap_or(": ").to_owned();
        let indent = { indents }.next().unwrap_or(INDENT_DEFAULT).to_owned();
        let gap = if colon.ends_with(' ') || expanded { " " } else { "" };
        (Style { indent, newline: newline(self.text), expanded, gap, keeps_pad: true }, colon)
    }

    fn bracketed<'s>(&'s self, container: Span, style: &'s Style) -> Bracketed<'s> {
        let item = |entry: Entry| Item {
            start: entry.key.map_or(entry.value.start, |key| key.start),
            end: entry.value.end,
            comma: entry.comma,
        };
        Bracketed {
            text: self.text,
            open: container.start + 1,
            close: container.end - 1,
            items: self.entries(container).map(item).collect(),
            comments: if self.comments { Comments::Slashes } else { Comments::None },
            style,
        }
    }

    fn place_in(&self, container: Span, taken: &Taken) -> Option<usize> {
        match taken {
            Taken::Index(index) => Some(*index),
            Taken::Key(name) => {
                let named =
                    self.entries(container).enumerate().filter(|(_, entry)| self.has_name(entry, name));
                named.last().map(|(index, _)| index)
            }
        }
    }

    /// Whether `new` is this document with just one change: every other item of every container on the way is the
    /// same bytes, hence the same value.
    fn differs_only(
        &self,
        at: Span,
        new: &Json<'_>,
        new_at: Span,
        place: &[Taken],
        change: &Change,
    ) -> Option<()> {
        let Some((step, rest)) = place.split_first() else {
            let Change::Set(expected) = change else { return None };
            return scan::value(new.text, new_at, new.comments).same(expected).then_some(());
        };
        let was = self.place_in(at, step);
        let (gone, come, below) = match (rest, change) {
            ([], Change::Unset) => (Some(was?), None, None),
            ([], Change::Insert(_)) => (None, Some(was?), None),
            ([], Change::Move(to)) => (Some(was?), Some(*to), None),
            ([], Change::Set(_)) if was.is_none() => (None, Some(new.place_in(new_at, step)?), None),
            _ => (None, None, Some(was?)),
        };
        let mut old_entries = self.entries(at).enumerate();
        let mut new_entries = new.entries(new_at).enumerate();
        let mut moved = None;
        loop {
            let mut old_entry = old_entries.next();
            if gone.is_some() && old_entry.map(|(index, _)| index) == gone {
                moved = old_entry;
                old_entry = old_entries.next();
            }
            let mut new_entry = new_entries.next();
            if come.is_some() && new_entry.map(|(index, _)| index) == come {
                new.is_expected(&new_entry?.1, step, change)?;
                if let (Change::Move(_), Some(entry)) =
                    (change, gone.and_then(|gone| self.entries(at).nth(gone)))
                {
                    (self.source(entry.value) == new.source(new_entry?.1.value)).then_some(())?;
                }
                new_entry = new_entries.next();
            }
            let ((index, old_entry), (_, new_entry)) = match (old_entry, new_entry) {
                (Some(old_entry), Some(new_entry)) => (old_entry, new_entry),
                (None, None) => return (gone.is_none() || moved.is_some()).then_some(()),
                _ => return None,
            };
            let same_key =
                old_entry.key.map(|key| self.source(key)) == new_entry.key.map(|key| new.source(key));
            (same_key || self.name(&old_entry) == new.name(&new_entry)).then_some(())?;
            if below == Some(index) {
                self.differs_only(old_entry.value, new, new_entry.value, rest, change)?;
            } else if self.source(old_entry.value) != new.source(new_entry.value) {
                return None;
            }
        }
    }

    /// Whether an entry that came is the one that was asked for.
    fn is_expected(&self, entry: &Entry, step: &Taken, change: &Change) -> Option<()> {
        if let Taken::Key(name) = step {
            self.has_name(entry, name).then_some(())?;
        }
        match change {
            Change::Set(value) | Change::Insert(value) => {
                scan::value(self.text, entry.value, self.comments).same(value).then_some(())
            }
            Change::Move(_) => Some(()),
            Change::Unset => None,
        }
    }
}

impl Tree for Json<'_> {
    type Node = Span;

    fn kind(&self, node: &Span) -> NodeKind {
        match self.text.as_bytes()[node.start] {
            b'{' => NodeKind::Object,
            b'[' => NodeKind::Array(self.entries(*node).count()),
            _ => NodeKind::Scalar(scan::value(self.text, *node, self.comments).kind_name()),
        }
    }

    fn children(&self, node: &Span, names: &[String]) -> Vec<Option<Span>> {
        let mut found = vec![None; names.len()];
        for entry in self.entries(*node) {
            for (name, found) in names.iter().zip(&mut found) {
                if self.has_name(&entry, name) {
                    *found = Some(entry.value);
                }
            }
        }
        found
    }

    fn element(&self, node: &Span, index: usize) -> Option<Span> {
        self.entries(*node).nth(index).map(|entry| entry.value)
    }

    fn names(&self, node: &Span) -> Vec<String> {
        self.entries(*node).filter_map(|entry| self.name(&entry)).collect()
    }
}

impl Document for Json<'_> {
    fn root(&self) -> Span {
        self.root
    }

    fn value(&self, node: &Span) -> Value {
        scan::value(self.text, *node, self.comments)
    }

    fn source(&self, node: &Span) -> String {
        Json::source(self, *node).to_owned()
    }

    fn rules() -> Rules {
        Rules {
            is_number: super::typed::is_json_number,
            is_datetime: |_| false,
            has_null: true,
            is_text_only: false,
        }
    }

    fn count(&self, container: &Span, taken: &Taken) -> usize {
        let Taken::Key(name) = taken else { return 1 };
        self.entries(*container).filter(|entry| self.has_name(entry, name)).count()
    }

    fn replace(&self, found: &Found<'_, Span>, value: &Value) -> Result<Vec<Splice>, Fault> {
        let containers: Vec<Span> = found.chain.iter().map(|(container, _)| *container).collect();
        let (style, colon) = self.style(&containers);
        let old = Json::source(self, found.node);
        let was_container = old.starts_with(['{', '[']);
        let apart = containers.last().is_none_or(|around| Json::source(self, *around).contains(['\n', '\r']));
        let spot = Spot {
            indent: outer_indent(self.text, found.node.start),
            expanded: style.expanded
                && apart
                && (!was_container || old.len() == 2 || old.contains(['\n', '\r'])),
        };
        let printer = Printer { indent: &style.indent, newline: style.newline, colon: &colon };
        Ok(vec![replacing(found.node.start..found.node.end, printer.value(value, &spot))])
    }

    fn insert(
        &self,
        at: &Here<'_, Span>,
        name: Option<&str>,
        index: usize,
        value: &Value,
    ) -> Result<Vec<Splice>, Fault> {
        let mut containers: Vec<Span> = at.chain.iter().map(|(container, _)| *container).collect();
        containers.push(*at.node);
        let (style, colon) = self.style(&containers);
        let printer = Printer { indent: &style.indent, newline: style.newline, colon: &colon };
        Ok(self.bracketed(*at.node, &style).insert(index, &|spot| match name {
            Some(name) => printer.member(name, value, spot),
            None => printer.value(value, spot),
        }))
    }

    fn remove(&self, container: &Span, taken: &Taken, _: &Found<'_, Span>) -> Result<Vec<Splice>, Fault> {
        let index = self.place_in(*container, taken).ok_or_else(Fault::unverified)?;
        let (style, _) = self.style(&[*container]);
        Ok(self.bracketed(*container, &style).remove(index))
    }

    fn relocate(
        &self,
        array: &Span,
        from: usize,
        to: usize,
        _: &Found<'_, Span>,
    ) -> Result<Vec<Splice>, Fault> {
        let (style, _) = self.style(&[*array]);
        Ok(self.bracketed(*array, &style).relocate(from, to))
    }

    fn scalar_span(&self, node: &Span) -> Option<Range<usize>> {
        (!Json::source(self, *node).starts_with(['{', '['])).then_some(node.start..node.end)
    }

    fn scalar_at(&self, text: &str, at: usize) -> Option<(usize, Value)> {
        let end = Scanner::at(text, at, self.comments).scalar_end()?;
        Some((end, scan::value(text, Span { start: at, end }, self.comments)))
    }

    fn is_changed_only(&self, edited: &str, place: &[Taken], change: &Change) -> Result<bool, Fault> {
        let new = Json::read(edited, self.comments)?;
        if let ([], Change::Set(expected)) = (place, change) {
            return Ok(new.value(&new.root).same(expected));
        }
        Ok(self.differs_only(self.root, &new, new.root, place, change).is_some())
    }
}

#[cfg(test)]
mod suites_tests;
#[cfg(test)]
mod tests;
