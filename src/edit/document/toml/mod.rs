//! TOML as a document that is edited by splices.

mod hashes;
mod number;
mod print;
mod scan;
mod sections;
mod survey;

use super::fault::Fault;
use super::items::{Bracketed, Item, Style};
use super::layout::{Comments, newline, replacing};
use super::path::Step;
use super::resolve::{Found, NodeKind, Tree, resolve};
use super::typed::Rules;
use super::value::{Change, Taken, Value};
use super::{Document, Here};
use crate::text::Splice;
use scan::{Inline, Kind, Member, Scanner};
use std::ops::Range;
use survey::{Node as Kept, Survey, Table};

/// Indentation of a text that shows none of its own.
const INDENT_DEFAULT: &str = "    ";

/// A checked text, read for one key path.
pub(super) struct Toml<'s> {
    text: &'s str,
    steps: &'s [Step],
    survey: &'s Survey<'s>,
}

/// A value or table of a checked text.
#[derive(Clone, Copy)]
pub(super) enum Node<'s> {
    Table(&'s Table),
    /// An array of tables.
    Tables(&'s [Option<Box<Table>>]),
    Value(&'s Inline),
    /// The members of an inline table below a dotted key: the first so many names of one of them.
    Group(&'s Inline, &'s [String]),
}

/// Reads a text for a key path and hands the document over.
pub(super) fn read<R>(
    text: &str,
    steps: &[Step],
    then: impl FnOnce(&Toml<'_>) -> Result<R, Fault>,
) -> Result<R, Fault> {
    let survey = Survey::read(text, steps).map_err(|wrong| wrong.of(text))?;
    then(&Toml { text, steps, survey: &survey })
}

fn members(inline: &Inline) -> &[Member] {
    if let Kind::Table(members) = &inline.kind { members } else { &[] }
}

impl<'s> Toml<'s> {
    fn kept(&self, node: &'s Kept) -> Node<'s> {
        match node {
            Kept::Table(table) => Node::Table(table),
            Kept::Tables(tables) => Node::Tables(tables),
            Kept::Leaf(leaf) => Node::Value(&leaf.value),
        }
    }

    fn style(&self) -> Style {
        Style {
            indent: INDENT_DEFAULT.into(),
            newline: newline(self.text),
            expanded: false,
            gap: " ",
            keeps_pad: false,
        }
    }

    /// An array or inline table as a container between brackets.
    fn bracketed<'b>(&'b self, inline: &Inline, style: &'b Style) -> Bracketed<'b> {
        let items = match &inline.kind {
            Kind::Array(elements) => elements
                .iter()
                .map(|element| Item {
                    start: element.value.start,
                    end: element.value.end,
                    comma: element.comma,
                })
                .collect(),
            Kind::Table(members) => members
                .iter()
                .map(|member| Item { start: member.key_start, end: member.value.end, comma: member.comma })
                .collect(),
            _ => Vec::new(),
        };
        let (open, close) = (inline.start + 1, inline.end - 1);
        Bracketed { text: self.text, open, close, items, comments: Comments::Hash, style }
    }

    fn insert_inline(
        &self,
        inline: &Inline,
        prefix: &[String],
        name: Option<&str>,
        index: usize,
        value: &Value,
    ) -> Result<Vec<Splice>, Fault> {
        let like = self.text[inline.start..inline.end]
            .find(['"', '\''])
            .map_or("", |at| &self.text[inline.start + at..]);
        let like = if like.starts_with("\"\"\"") || like.starts_with("'''") { "" } else { like };
        let printed = print::value(value, like)?;
        let item = match name {
            Some(name) => {
                let names: Vec<String> = prefix.iter().cloned().chain([name.to_owned()]).collect();
                let separator =
                    members(inline).last().map(|last| &self.text[last.key_start..last.value.start]);
                let separator =
                    if separator.is_some_and(|before| before.ends_with('=')) { "=" } else { " = " };
                format!("{}{separator}{printed}", print::dotted(&names))
            }
            None => printed,
        };
        let style = self.style();
        let bracketed = self.bracketed(inline, &style);
        if bracketed.items.is_empty()
            && matches!(inline.kind, Kind::Table(_))
            && bracketed.open == bracketed.close
        {
            return Ok(vec![replacing(bracketed.open..bracketed.close, format!(" {item} "))]);
        }
        Ok(bracketed.insert(index, &|_| item.clone()))
    }
}

impl<'s> Tree for Toml<'s> {
    type Node = Node<'s>;

    fn kind(&self, node: &Node<'s>) -> NodeKind {
        match node {
            Node::Table(_) | Node::Group(..) => NodeKind::Object,
            Node::Tables(tables) => NodeKind::Array(tables.len()),
            Node::Value(inline) => match &inline.kind {
                Kind::Table(_) => NodeKind::Object,
                Kind::Array(elements) => NodeKind::Array(elements.len()),
                _ => NodeKind::Scalar(scan::value(self.text, inline).kind_name()),
            },
        }
    }

    fn children(&self, node: &Node<'s>, names: &[String]) -> Vec<Option<Node<'s>>> {
        let inline = |inline: &'s Inline, prefix: &[String], name: &String| {
            let is = |member: &&Member| member.names.len() > prefix.len() && member.names.starts_with(prefix);
            let found =
                members(inline).iter().filter(is).find(|member| member.names[prefix.len()] == *name)?;
            let depth = prefix.len() + 1;
            let is_leaf = found.names.len() == depth;
            Some(if is_leaf { Node::Value(&found.value) } else { Node::Group(inline, &found.names[..depth]) })
        };
        let child = |name: &String| match node {
            Node::Table(table) => table.get(name).map(|node| self.kept(node)),
            Node::Tables(_) => None,
            Node::Value(value) => inline(value, &[], name),
            Node::Group(value, prefix) => inline(value, prefix, name),
        };
        names.iter().map(child).collect()
    }

    fn element(&self, node: &Node<'s>, index: usize) -> Option<Node<'s>> {
        match node {
            Node::Tables(tables) => tables.get(index)?.as_deref().map(Node::Table),
            Node::Value(Inline { kind: Kind::Array(elements), .. }) => {
                elements.get(index).map(|element| Node::Value(&element.value))
            }
            _ => None,
        }
    }

    fn names(&self, node: &Node<'s>) -> Vec<String> {
        match node {
            // Only what the path may mean was kept; a message wants the neighbours too.
            Node::Table(table) => {
                let steps: Vec<Step> = table.path.iter().cloned().map(Step::Key).collect();
                let Ok(survey) = Survey::read(self.text, &steps) else { return Vec::new() };
                let mut found = &survey.root;
                for name in &table.path {
                    match found.get(name) {
                        Some(Kept::Table(table)) => found = table,
                        _ => return Vec::new(),
                    }
                }
                found.members.iter().map(|(name, _)| name.clone()).collect()
            }
            Node::Value(inline) => members(inline).iter().map(|member| member.names[0].clone()).collect(),
            _ => Vec::new(),
        }
    }
}

impl<'s> Document for Toml<'s> {
    fn root(&self) -> Node<'s> {
        Node::Table(&self.survey.root)
    }

    fn value(&self, node: &Node<'s>) -> Value {
        match node {
            Node::Table(table) => survey::table_value(self.text, table),
            Node::Tables(tables) => survey::tables_value(self.text, tables),
            Node::Value(inline) => scan::value(self.text, inline),
            Node::Group(inline, prefix) => scan::group(self.text, members(inline), prefix.len(), prefix),
        }
    }

    fn source(&self, node: &Node<'s>) -> String {
        match node {
            Node::Value(inline) => self.text[inline.start..inline.end].to_owned(),
            Node::Table(table) if table.path.is_empty() => self.text.to_owned(),
            other => print::value(&self.value(other), "").unwrap_or_default(),
        }
    }

    fn rules() -> Rules {
        Rules {
            is_number: number::is_number,
            is_datetime: number::is_datetime,
            has_null: false,
            is_text_only: false,
        }
    }

    fn is_one_piece(&self, node: &Node<'s>) -> bool {
        matches!(node, Node::Value(_))
    }

    fn replace(&self, found: &Found<'_, Node<'s>>, value: &Value) -> Result<Vec<Splice>, Fault> {
        let Node::Value(inline) = found.node else {
            return Err(Fault::refused(
                "a table with lines of its own is not replaced by another kind of value",
                "unset it first, then set the key",
            ));
        };
        let old = &self.text[inline.start..inline.end];
        let like = if matches!(inline.kind, Kind::String) { old } else { "" };
        Ok(vec![replacing(inline.start..inline.end, print::value(value, like)?)])
    }

    fn insert(
        &self,
        at: &Here<'_, Node<'s>>,
        name: Option<&str>,
        index: usize,
        value: &Value,
    ) -> Result<Vec<Splice>, Fault> {
        match (at.node, name) {
            (Node::Value(inline), name) => self.insert_inline(inline, &[], name, index, value),
            (Node::Group(inline, prefix), name) => self.insert_inline(inline, prefix, name, index, value),
            (Node::Table(table), Some(name)) => self.insert_key(table, name, value, at.parents),
            (Node::Tables(tables), None) => self.insert_table(tables, index, value),
            _ => Err(Fault::unverified()),
        }
    }

    fn remove(
        &self,
        container: &Node<'s>,
        taken: &Taken,
        _: &Found<'_, Node<'s>>,
    ) -> Result<Vec<Splice>, Fault> {
        let style = self.style();
        match (container, taken) {
            (Node::Value(inline), Taken::Index(index)) => Ok(self.bracketed(inline, &style).remove(*index)),
            (Node::Value(inline), Taken::Key(name)) => self.remove_member(inline, &[], name),
            (Node::Group(inline, prefix), Taken::Key(name)) => self.remove_member(inline, prefix, name),
            (Node::Table(table), Taken::Key(name)) => match table.get(name) {
                Some(node) => Ok(self.remove_kept(node)),
                None => Err(Fault::unverified()),
            },
            (Node::Tables(tables), Taken::Index(index)) => {
                let table = tables.get(*index).and_then(Option::as_deref).ok_or_else(Fault::unverified)?;
                Ok(self.remove_table(table))
            }
            _ => Err(Fault::unverified()),
        }
    }

    fn relocate(
        &self,
        array: &Node<'s>,
        from: usize,
        to: usize,
        found: &Found<'_, Node<'s>>,
    ) -> Result<Vec<Splice>, Fault> {
        if let Node::Value(inline) = array {
            return Ok(self.bracketed(inline, &self.style()).relocate(from, to));
        }
        // Only the element itself was kept; all of the array are needed.
        let mut steps: Vec<Step> = found.taken().into_iter().map(super::driver::exact).collect();
        steps.pop();
        read(self.text, &steps, |all| match resolve(all, all.root(), &steps)?.node {
            Node::Tables(tables) => all.relocate_table(tables, from, to),
            _ => Err(Fault::unverified()),
        })
    }

    fn scalar_span(&self, node: &Node<'s>) -> Option<Range<usize>> {
        match node {
            Node::Value(inline) if !inline.is_container() => Some(inline.start..inline.end),
            _ => None,
        }
    }

    fn scalar_at(&self, text: &str, at: usize) -> Option<(usize, Value)> {
        let inline = Scanner::at(text, at).value().ok().filter(|inline| !inline.is_container())?;
        Some((inline.end, scan::value(text, &inline)))
    }

    fn is_changed_only(&self, edited: &str, place: &[Taken], change: &Change) -> Result<bool, Fault> {
        let compare = |steps: &[Step], old: &Survey<'_>| {
            let new = Survey::read(edited, steps).map_err(|wrong| wrong.of(edited))?;
            let expected = old.value().changed(place, change).and_then(|value| vanished(old, value, place));
            Ok(old.digest == new.digest && expected.is_some_and(|expected| expected.same(&new.value())))
        };
        // Elements that come or go give those behind them other places, so the whole array has to be compared.
        match (place.split_last(), change) {
            (Some((Taken::Index(_), array)), Change::Insert(_) | Change::Unset | Change::Move(_)) => {
                let steps: Vec<Step> = array.iter().cloned().map(super::driver::exact).collect();
                let old = Survey::read(self.text, &steps).map_err(|wrong| wrong.of(self.text))?;
                compare(&steps, &old)
            }
            _ => compare(self.steps, self.survey),
        }
    }
}

/// Tables without a header of their own vanish with the last key in them, and arrays of tables with their last table;
/// lines that were not kept hold them too.
fn vanished(old: &Survey<'_>, mut value: Value, place: &[Taken]) -> Option<Value> {
    for depth in (1..place.len()).rev() {
        let place = &place[..depth];
        let is_implied =
            old.table(place).is_some_and(|table| table.section.is_none() && table.others.is_none());
        if !(is_implied || old.is_tables(place)) || !value.at(place)?.is_empty() {
            break;
        }
        value = value.changed(place, &Change::Unset)?;
    }
    Some(value)
}

impl Toml<'_> {
    fn remove_member(&self, inline: &Inline, prefix: &[String], name: &str) -> Result<Vec<Splice>, Fault> {
        let depth = prefix.len();
        let is = |member: &Member| {
            member.names.len() > depth && member.names.starts_with(prefix) && member.names[depth] == *name
        };
        let found: Vec<usize> =
            (0..members(inline).len()).filter(|index| is(&members(inline)[*index])).collect();
        match found.as_slice() {
            [index] => Ok(self.bracketed(inline, &self.style()).remove(*index)),
            _ => Err(Fault::refused(
                format!("{name} stands in {} places of an inline table", found.len()),
                "unset each of its keys",
            )),
        }
    }
}

#[cfg(test)]
mod suite_tests;
#[cfg(test)]
mod tests;
