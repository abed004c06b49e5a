//! Edits of YAML that are whole lines: members and items in block style.

use super::super::fault::Fault;
use super::super::layout::{
    Comments, comments_above, is_blank, line_end, line_start, move_block, newline, own_line_indent,
    remove_lines, replacing, skip_newline,
};
use super::super::value::Value;
use super::tree::{Id, Kind};
use super::{Yaml, print};
use crate::text::Splice;
use saphyr_parser::ScalarStyle;

impl Yaml<'_> {
    /// Gives a node another value; the comment on its line stays there.
    pub(super) fn replace_node(&self, id: Id, value: &Value) -> Vec<Splice> {
        let node = &self.tree.nodes[id];
        let layout = self.layout();
        let like = match &node.kind {
            Kind::Scalar { style, .. } => *style,
            _ => ScalarStyle::Plain,
        };
        let Some(slot) = node.slot else { return self.replace_root(id, value, like) };
        if self.in_flow(id) {
            let gap = if node.body == slot && self.text[..slot].ends_with(':') { " " } else { "" };
            return vec![replacing(node.body..node.end, format!("{gap}{}", print::flow(value, like)))];
        }
        let indent = self.owner_column(id);
        let behind = layout.behind_key(value, indent, like);
        let starts_below = line_start(self.text, node.body) > slot;
        let is_container = value.is_container() && behind.starts_with(['\n', '\r']);
        let in_sequence =
            node.parent.is_some_and(|parent| matches!(self.tree.nodes[parent].kind, Kind::Sequence { .. }));
        if is_container && in_sequence && !starts_below {
            let text = layout.block(value, indent + 2);
            let gap = if node.body == slot { " " } else { "" };
            return vec![replacing(node.body..node.end, format!("{gap}{text}"))];
        }
        if is_container && starts_below {
            return vec![replacing(node.body..node.end, layout.block(value, self.column(node.body)))];
        }
        if is_container {
            // From the same line to lines below, which a comment behind the old value stays before.
            let start = self.text[..node.start].trim_end_matches([' ', '\t']).len().max(slot);
            let end = line_end(self.text, node.end);
            return vec![replacing(start..node.end, ""), replacing(end..end, behind)];
        }
        if starts_below {
            let end = line_end(self.text, slot);
            return vec![replacing(slot..slot, behind), replacing(end..node.end, "")];
        }
        let text = if node.body == slot { behind.as_str() } else { behind.trim_start_matches(' ') };
        vec![replacing(node.body..node.end, text)]
    }

    fn replace_root(&self, id: Id, value: &Value, like: ScalarStyle) -> Vec<Splice> {
        let node = &self.tree.nodes[id];
        let text = self.layout().block(value, 0);
        let text = if value.is_container() { text } else { print::scalar(value, like, false) };
        if !self.tree.is_empty {
            return vec![replacing(node.body..node.end, text)];
        }
        let newline = newline(self.text);
        let starts_line = self.text.is_empty() || self.text.ends_with(['\n', '\r', '\u{feff}']);
        let (before, after) = if starts_line { ("", newline) } else { (newline, "") };
        vec![replacing(node.body..node.end, format!("{before}{text}{after}"))]
    }

    /// The column of the key or dash that a node belongs to.
    fn owner_column(&self, id: Id) -> usize {
        let Some(parent) = self.tree.nodes[id].parent else { return 0 };
        self.column(self.tree.nodes[parent].body)
    }

    /// Adds a member behind the others, or an item before the one at `index`.
    pub(super) fn insert_line(
        &self,
        id: Id,
        name: Option<&str>,
        index: usize,
        value: &Value,
    ) -> Result<Vec<Splice>, Fault> {
        let node = &self.tree.nodes[id];
        let layout = self.layout();
        let column = self.column(node.body);
        let line = match name {
            Some(name) => {
                format!(
                    "{}:{}",
                    print::key(name, false),
                    layout.behind_key(value, column, ScalarStyle::Plain)
                )
            }
            None => format!("- {}", layout.block(value, column + 2)),
        };
        let gap = format!("{}{}", newline(self.text), " ".repeat(column));
        let previous = match &node.kind {
            Kind::Mapping { pairs, .. } => pairs.last().map(|pair| self.span(pair.key, pair.node).1),
            Kind::Sequence { items, .. } => match (index.checked_sub(1), items.first()) {
                (Some(before), _) => items
                    .get(before)
                    .or(items.last())
                    .map(|item| self.tree.nodes[item.node].end.max(item.dash + 1)),
                (None, Some(first)) => {
                    let Some(indent) = own_line_indent(self.text, first.dash)
                        .or((self.column(first.dash) == 0).then_some(""))
                    else {
                        return Ok(vec![replacing(first.dash..first.dash, format!("{line}{gap}"))]);
                    };
                    let start = first.dash - indent.len();
                    let above = comments_above(self.text, start, 0, Comments::Hash);
                    return Ok(vec![replacing(
                        above..above,
                        format!("{indent}{line}{}", newline(self.text)),
                    )]);
                }
                (None, None) => None,
            },
            _ => None,
        };
        let end = line_end(self.text, previous.ok_or_else(Fault::unverified)?);
        Ok(vec![replacing(end..end, format!("{gap}{line}"))])
    }

    /// Takes members or items out with their comments; a container that gets empty stays as `{}` or `[]`.
    pub(super) fn remove_lines(&self, id: Id, places: &[usize]) -> Result<Vec<Splice>, Fault> {
        let node = &self.tree.nodes[id];
        let (spans, empty): (Vec<(usize, usize)>, Value) = match &node.kind {
            Kind::Mapping { pairs, .. } => {
                (pairs.iter().map(|pair| self.span(pair.key, pair.node)).collect(), Value::Object(Vec::new()))
            }
            Kind::Sequence { items, .. } => (
                items
                    .iter()
                    .map(|item| (item.dash, self.tree.nodes[item.node].end.max(item.dash + 1)))
                    .collect(),
                Value::Array(Vec::new()),
            ),
            _ => return Err(Fault::unverified()),
        };
        if places.len() == spans.len() {
            return Ok(self.replace_node(id, &empty));
        }
        let splices = places.iter().map(|place| {
            let (start, end) = spans[*place];
            let line = line_start(self.text, start);
            let before = &self.text[line..start];
            if !is_blank(before) {
                let next = spans.get(place + 1).ok_or_else(Fault::unverified)?;
                if before.contains('?') {
                    return Err(Fault::refused(
                        "a key with ? before it is not edited",
                        "use rtk write replace",
                    ));
                }
                return Ok(replacing(start..next.0, ""));
            }
            let end = skip_newline(self.text, line_end(self.text, end));
            let next_starts = spans.get(place + 1).is_some_and(|next| line_start(self.text, next.0) == end);
            let above = if next_starts || *place == 0 {
                line
            } else {
                let floor = skip_newline(self.text, line_end(self.text, spans[place - 1].1));
                comments_above(self.text, line, floor.min(line), Comments::Hash)
            };
            Ok(remove_lines(self.text, above..end))
        });
        splices.collect()
    }

    /// Takes an item of a block sequence to another place, with the comments above it.
    pub(super) fn relocate_lines(&self, id: Id, from: usize, to: usize) -> Result<Vec<Splice>, Fault> {
        let Kind::Sequence { items, .. } = &self.tree.nodes[id].kind else { return Err(Fault::unverified()) };
        let (low, high) = (from.min(to), from.max(to));
        let mut blocks: Vec<std::ops::Range<usize>> = Vec::new();
        for item in &items[low..=high] {
            let line = line_start(self.text, item.dash);
            if !is_blank(&self.text[line..item.dash]) {
                return Err(Fault::refused(
                    "that list begins on the line of another",
                    "use rtk write replace",
                ));
            }
            let floor = blocks.last().map_or(0, |block| block.end);
            let start = match blocks.last() {
                Some(block) => block.end,
                None => comments_above(self.text, line, floor, Comments::Hash),
            };
            let end = skip_newline(
                self.text,
                line_end(self.text, self.tree.nodes[item.node].end.max(item.dash + 1)),
            );
            blocks.push(start..end);
        }
        let moved = move_block(self.text, &blocks, from < to, &['\n', '\r']);
        Ok(vec![moved.ok_or_else(Fault::unverified)?])
    }
}
