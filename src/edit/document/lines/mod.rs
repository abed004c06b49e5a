//! `.env` and INI files as documents that are edited by splices.

mod env;
mod ini;

use super::fault::Fault;
use super::layout::{
    Comments, comments_above, is_blank, line_end, newline, outer_indent, remove_lines, replacing,
    skip_newline,
};
use super::resolve::{Found, NodeKind, Tree};
use super::typed::Rules;
use super::value::{Change, Taken, Value};
use super::{Document, Here};
use crate::text::Splice;
use std::ops::Range;

/// Indentation of the further lines of a value.
const INDENT_DEFAULT: &str = "    ";

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Env,
    Ini,
}

/// A header and the lines below it.
#[derive(Debug)]
struct Section {
    name: Option<String>,
    start: usize,
    header_end: usize,
    end: usize,
}

/// A key with its value.
#[derive(Debug)]
struct Entry {
    section: usize,
    name: String,
    /// Where its first line begins.
    line: usize,
    key: Range<usize>,
    /// The value with its quotes.
    span: Range<usize>,
    /// The end of its last line's content.
    end: usize,
    value: String,
    has_separator: bool,
}

/// A checked text.
pub(super) struct Lines<'t> {
    text: &'t str,
    dialect: Dialect,
    sections: Vec<Section>,
    entries: Vec<Entry>,
}

/// The whole, all sections of a name, or an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Root,
    Section(String),
    Entry(usize),
}

/// Refuses what a reader in C would take for the end of the text.
fn must_not_end_early(text: &str) -> Result<(), Fault> {
    if !text.contains('\0') {
        return Ok(());
    }
    Err(Fault::value("a NUL has no place in a line", "leave it out, or encode the value"))
}

impl<'t> Lines<'t> {
    pub(super) fn read(text: &'t str, dialect: Dialect) -> Result<Lines<'t>, Fault> {
        if let Some(at) = text.find('\0') {
            return Err(Fault::syntax(text, at, "a NUL, where many readers take the text to end"));
        }
        let (sections, entries) = match dialect {
            Dialect::Env => env::parse(text)?,
            Dialect::Ini => ini::parse(text)?,
        };
        Ok(Lines { text, dialect, sections, entries })
    }

    /// The entries of a container, with their places in the list of all.
    fn entries_of<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = (usize, &'a Entry)> {
        self.entries.iter().enumerate().filter(move |(_, entry)| match node {
            Node::Root => entry.section == 0,
            Node::Section(name) => self.sections[entry.section].name.as_ref() == Some(name),
            Node::Entry(_) => false,
        })
    }

    fn child(&self, node: &Node, name: &str) -> Option<Node> {
        let entry = self.entries_of(node).filter(|(_, entry)| entry.name == name).last();
        let is_section = || self.sections.iter().any(|section| section.name.as_deref() == Some(name));
        match entry {
            Some((index, _)) => Some(Node::Entry(index)),
            None => (*node == Node::Root && is_section()).then(|| Node::Section(name.to_owned())),
        }
    }

    fn printed(&self, value: &Value, old: &str, indent: &str) -> Result<String, Fault> {
        let Value::String(text) = value else {
            return Err(Fault::value(
                format!("{} has no place in a line", value.kind_name()),
                "a section holds keys with values, and no more",
            ));
        };
        must_not_end_early(text)?;
        Ok(match self.dialect {
            Dialect::Env => env::printed(text, old),
            Dialect::Ini => ini::printed(text, indent, newline(self.text)),
        })
    }

    /// A new line in the style of an entry beside it.
    fn line(&self, name: &str, value: &Value, beside: Option<&Entry>) -> Result<String, Fault> {
        must_not_end_early(name)?;
        let indent = beside.map_or("", |entry| outer_indent(self.text, entry.key.start));
        let default = if self.dialect == Dialect::Env { "=" } else { " = " };
        let source = beside.filter(|entry| entry.has_separator && !entry.value.is_empty());
        let separator = source.map(|entry| &self.text[entry.key.end..entry.span.start]);
        let separator = separator
            .filter(|separator| separator.len() <= 3 && !separator.contains(['\n', '\r']))
            .unwrap_or(default);
        let export = beside.is_some_and(|entry| self.text[entry.line..entry.key.start].trim() == "export");
        let export = if export { "export " } else { "" };
        let value = self.printed(value, "", &format!("{indent}{INDENT_DEFAULT}"))?;
        Ok(format!("{indent}{export}{name}{separator}{value}").trim_end_matches([' ', '\t']).to_owned())
    }

    fn insert_entry(&self, node: &Node, name: &str, value: &Value) -> Result<Vec<Splice>, Fault> {
        let newline = newline(self.text);
        if let Some((_, last)) = self.entries_of(node).last() {
            let line = self.line(name, value, Some(last))?;
            return Ok(vec![replacing(last.end..last.end, format!("{newline}{line}"))]);
        }
        if let Node::Section(section) = node {
            let section = self.sections.iter().rfind(|known| known.name.as_ref() == Some(section));
            let at = section.ok_or_else(Fault::unverified)?.header_end;
            let line = self.line(name, value, self.entries.last())?;
            return Ok(vec![replacing(at..at, format!("{newline}{line}"))]);
        }
        let line = self.line(name, value, None)?;
        if let Some(first) = self.sections.get(1) {
            let start = self.sections[0].start;
            let at = comments_above(self.text, first.start, start, Comments::Hash);
            let at = if at == start { first.start } else { at };
            return Ok(vec![replacing(at..at, format!("{line}{newline}{newline}"))]);
        }
        Ok(vec![self.last_line(&line, "")])
    }

    /// Lines at the end of the text, with `gap` before them; the last one ends as the text did.
    fn last_line(&self, line: &str, gap: &str) -> Splice {
        let (at, newline) = (self.text.len(), newline(self.text));
        let is_empty = at == self.sections[0].start;
        let gap = if is_empty { "" } else { gap };
        if is_empty || self.text.ends_with(['\n', '\r']) {
            return replacing(at..at, format!("{gap}{line}{newline}"));
        }
        replacing(at..at, format!("{newline}{gap}{line}"))
    }

    fn insert_section(&self, name: &str, members: &[(String, Value)]) -> Result<Vec<Splice>, Fault> {
        let newline = newline(self.text);
        must_not_end_early(name)?;
        if name.contains(['\n', '\r']) {
            return Err(Fault::value("a section's name is one line", "leave the line ending out"));
        }
        let mut lines = vec![format!("[{name}]")];
        for (name, value) in members {
            lines.push(self.line(name, value, self.entries.last())?);
        }
        Ok(vec![self.last_line(&lines.join(newline), newline)])
    }

    fn remove_entry(&self, entry: &Entry) -> Splice {
        let mut end = skip_newline(self.text, entry.end);
        // The only entry before the first header takes the empty line behind it along.
        let alone = entry.section == 0 && self.entries_of(&Node::Root).count() == 1;
        let blank = skip_newline(self.text, end);
        if alone && self.sections.get(1).is_some_and(|first| first.start == blank) && blank > end {
            end = blank;
        }
        remove_lines(self.text, entry.line..end)
    }

    fn remove_section(&self, section: &Section) -> Splice {
        let end = comments_above(self.text, section.end, section.header_end, Comments::Hash).max(
            self.entries
                .iter()
                .filter(|entry| entry.end < section.end)
                .map(|entry| entry.end)
                .max()
                .unwrap_or(0),
        );
        let end = if section.end == self.text.len() { section.end } else { end };
        let content = self.text[..section.start].trim_end_matches(['\n', '\r', ' ', '\t']).len();
        let start = if end == self.text.len() && content > self.sections[0].start {
            skip_newline(self.text, line_end(self.text, content))
        } else {
            section.start
        };
        remove_lines(self.text, start..end)
    }

    fn value_of(&self, node: &Node) -> Value {
        let entries = |node: &Node| -> Vec<(String, Value)> {
            let entries = self.entries_of(node);
            entries.map(|(_, entry)| (entry.name.clone(), Value::String(entry.value.clone()))).collect()
        };
        match node {
            Node::Entry(index) => Value::String(self.entries[*index].value.clone()),
            Node::Section(_) => Value::Object(entries(node)),
            Node::Root => {
                let mut members = entries(node);
                for name in self.sections.iter().filter_map(|section| section.name.as_ref()) {
                    if !members.iter().any(|(known, _)| known == name) {
                        members.push((name.clone(), Value::Object(entries(&Node::Section(name.clone())))));
                    }
                }
                Value::Object(members)
            }
        }
    }
}

impl Tree for Lines<'_> {
    type Node = Node;

    fn kind(&self, node: &Node) -> NodeKind {
        if matches!(node, Node::Entry(_)) { NodeKind::Scalar("a string") } else { NodeKind::Object }
    }

    fn children(&self, node: &Node, names: &[String]) -> Vec<Option<Node>> {
        names.iter().map(|name| self.child(node, name)).collect()
    }

    fn element(&self, _: &Node, _: usize) -> Option<Node> {
        None
    }

    fn names(&self, node: &Node) -> Vec<String> {
        let Value::Object(members) = self.value_of(node) else { return Vec::new() };
        members.into_iter().map(|(name, _)| name).collect()
    }
}

impl Document for Lines<'_> {
    fn root(&self) -> Node {
        Node::Root
    }

    fn value(&self, node: &Node) -> Value {
        self.value_of(node)
    }

    fn source(&self, node: &Node) -> String {
        match node {
            Node::Entry(index) => self.text[self.entries[*index].span.clone()].to_owned(),
            Node::Root => self.text.to_owned(),
            Node::Section(_) => self.value_of(node).to_json(),
        }
    }

    fn rules() -> Rules {
        Rules { is_number: |_| false, is_datetime: |_| false, has_null: false, is_text_only: true }
    }

    /// Python's configparser has no comments behind a value: what stands there is part of it.
    fn also_means(&self, node: &Node, value: &Value) -> bool {
        let (Node::Entry(index), Value::String(value), Dialect::Ini) = (node, value, self.dialect) else {
            return false;
        };
        let entry = &self.entries[*index];
        self.text[entry.span.start..entry.end].trim_end_matches([' ', '\t']) == value
    }

    fn is_one_piece(&self, _: &Node) -> bool {
        false
    }

    fn replace(&self, found: &Found<'_, Node>, value: &Value) -> Result<Vec<Splice>, Fault> {
        let Node::Entry(index) = found.node else {
            return Err(Fault::refused("a section is not replaced by a value", "name a key in it"));
        };
        let entry = &self.entries[index];
        let old = &self.text[entry.span.clone()];
        let further = old.split('\n').skip(1).find(|line| !is_blank(line.trim_end_matches('\r')));
        let indent = further.map_or_else(
            || format!("{}{INDENT_DEFAULT}", outer_indent(self.text, entry.key.start)),
            |line| line[..line.len() - line.trim_start().len()].to_owned(),
        );
        let mut printed = self.printed(value, old, &indent)?;
        if !entry.has_separator {
            printed = format!(" = {printed}");
        } else if old.is_empty()
            && self.dialect == Dialect::Ini
            && self.text[..entry.span.start].ends_with('=')
            && self.entries.iter().any(|entry| self.text[entry.key.end..].starts_with(" = "))
        {
            printed = format!(" {printed}");
        }
        Ok(vec![replacing(entry.span.clone(), printed)])
    }

    fn insert(
        &self,
        at: &Here<'_, Node>,
        name: Option<&str>,
        _: usize,
        value: &Value,
    ) -> Result<Vec<Splice>, Fault> {
        let name = name.ok_or_else(Fault::unverified)?;
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
            && !name.is_empty();
        match (at.node, value) {
            _ if self.dialect == Dialect::Env && !is_name => {
                Err(Fault::value(format!("{name:?} is no name of a variable"), "use letters, digits and _"))
            }
            (Node::Root, Value::Object(members)) if self.dialect == Dialect::Ini => {
                self.insert_section(name, members)
            }
            (node, value) => self.insert_entry(node, name, value),
        }
    }

    fn remove(&self, container: &Node, taken: &Taken, _: &Found<'_, Node>) -> Result<Vec<Splice>, Fault> {
        let Taken::Key(name) = taken else { return Err(Fault::unverified()) };
        let entries: Vec<Splice> = self
            .entries_of(container)
            .filter(|(_, entry)| entry.name == *name)
            .map(|(_, entry)| self.remove_entry(entry))
            .collect();
        if !entries.is_empty() {
            return Ok(entries);
        }
        let sections = self.sections.iter().filter(|section| section.name.as_ref() == Some(name));
        Ok(sections.map(|section| self.remove_section(section)).collect())
    }

    fn relocate(&self, _: &Node, _: usize, _: usize, _: &Found<'_, Node>) -> Result<Vec<Splice>, Fault> {
        Err(Fault::unverified())
    }

    fn is_changed_only(&self, edited: &str, place: &[Taken], change: &Change) -> Result<bool, Fault> {
        let new = Lines::read(edited, self.dialect)?.value_of(&Node::Root);
        let expected = self.value_of(&Node::Root).changed(place, change);
        Ok(expected.is_some_and(|expected| expected.same(&new)))
    }
}

#[cfg(test)]
mod tests;
