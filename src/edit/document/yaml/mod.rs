//! YAML as a document that is edited by splices.

mod block;
mod eased;
mod print;
mod tree;

use super::Here;
use super::fault::Fault;
use super::items::{Bracketed, Item, Style};
use super::layout::{Comments, line_start, newline};
use super::path::Step;
use super::resolve::{Found, NodeKind, Tree, resolve};
use super::typed::Rules;
use super::value::{Change, Taken, Value};
use crate::text::Splice;
use print::Layout;
use saphyr_parser::ScalarStyle;
use std::collections::HashSet;
use tree::{Document, Id, Kind};

/// Most values that aliases may unfold to in one answer.
const UNFOLDED_MAX: usize = 100_000;
/// Containers around an alias that is still unfolded: one that lies in what it means has no end.
const UNFOLDED_DEPTH_MAX: usize = 128;
/// Most mappings that one key is looked for in, merged into the first directly or by others.
const MERGES_MAX: usize = 100;
/// How an alias is named in messages.
const ALIAS: &str = "an alias";
/// Blanks of a level in a text that shows none.
const UNIT_DEFAULT: usize = 2;

/// What aliases may still unfold to.
struct Unfolding {
    /// So many values more.
    left: usize,
    /// Containers that are being read, each in the one before.
    depth: usize,
    /// Whether what is read now is what an alias means.
    inside: bool,
    /// Whether an alias was left as it stands.
    is_cut: bool,
}

impl Unfolding {
    fn of(values: usize) -> Unfolding {
        Unfolding { left: values, depth: 0, inside: false, is_cut: false }
    }
}

/// A checked text.
pub(super) struct Yaml<'t> {
    text: &'t str,
    tree: Document,
    /// Whether paths lead through aliases and merged mappings, as for readers; edits stay where they are told.
    follows: bool,
}

impl<'t> Yaml<'t> {
    pub(super) fn read(text: &'t str) -> Result<Yaml<'t>, Fault> {
        Ok(Yaml { text, tree: tree::read(text)?, follows: false })
    }

    /// The same for reading values only.
    pub(super) fn following(self) -> Yaml<'t> {
        Yaml { follows: true, ..self }
    }

    /// The node that a path goes on from: where aliases are followed, the one that is meant.
    fn meant(&self, id: Id) -> Id {
        match &self.tree.nodes[id].kind {
            Kind::Alias(name) if self.follows => self.anchored(name, id).unwrap_or(id),
            _ => id,
        }
    }

    /// The member of that name; of those that are merged in (`<<`) only where aliases are followed. At most `merges` more
    /// mappings are looked into, so that no text keeps a reader busy.
    fn member(&self, id: Id, name: &str, merges: &mut usize) -> Option<Id> {
        let Kind::Mapping { pairs, .. } = &self.tree.nodes[self.meant(id)].kind else { return None };
        let own = pairs.iter().rev().find(|pair| self.key_text(pair.key) == name).map(|pair| pair.node);
        if own.is_some() || !self.follows {
            return own;
        }
        let merged = pairs.iter().rev().find(|pair| self.key_text(pair.key) == "<<")?.node;
        let several: Vec<Id> = match &self.tree.nodes[self.meant(merged)].kind {
            Kind::Sequence { items, .. } => items.iter().map(|item| item.node).collect(),
            _ => vec![merged],
        };
        several.into_iter().find_map(|from| {
            *merges = merges.checked_sub(1)?;
            self.member(from, name, merges)
        })
    }

    fn key_text(&self, id: Id) -> String {
        match &self.tree.nodes[id].kind {
            Kind::Scalar { text, .. } => text.clone(),
            _ => self.as_value(id, &mut Unfolding::of(0)).to_json(),
        }
    }

    /// A value; aliases are followed while the budget lasts, and without one stand for themselves.
    fn as_value(&self, id: Id, unfolding: &mut Unfolding) -> Value {
        if unfolding.inside {
            unfolding.left = unfolding.left.saturating_sub(1);
        }
        match &self.tree.nodes[id].kind {
            Kind::Scalar { text, style, tag } => scalar_value(text, *style, tag.as_deref()),
            Kind::Alias(name) => self.alias_value(id, name, unfolding),
            Kind::Sequence { items, .. } => {
                Value::Array(self.values(items.iter().map(|item| item.node), unfolding))
            }
            Kind::Documents(roots) => Value::Array(self.values(roots.iter().copied(), unfolding)),
            Kind::Mapping { pairs, .. } => {
                let values = self.values(pairs.iter().map(|pair| pair.node), unfolding);
                Value::Object(pairs.iter().map(|pair| self.key_text(pair.key)).zip(values).collect())
            }
        }
    }

    /// The values in a container.
    fn values(&self, ids: impl Iterator<Item = Id>, unfolding: &mut Unfolding) -> Vec<Value> {
        unfolding.depth += 1;
        let values = ids.map(|id| self.as_value(id, unfolding)).collect();
        unfolding.depth -= 1;
        values
    }

    fn alias_value(&self, id: Id, name: &str, unfolding: &mut Unfolding) -> Value {
        let lasts = unfolding.left > 0 && unfolding.depth < UNFOLDED_DEPTH_MAX;
        match self.anchored(name, id).filter(|_| lasts) {
            Some(target) => {
                let was_inside = std::mem::replace(&mut unfolding.inside, true);
                let value = self.as_value(target, unfolding);
                unfolding.inside = was_inside;
                value
            }
            None => {
                unfolding.is_cut |= !lasts;
                Value::Object(vec![("*".into(), Value::String(name.to_owned()))])
            }
        }
    }

    /// The node that an alias means: the last one of that anchor before it.
    fn anchored(&self, name: &str, alias: Id) -> Option<Id> {
        let nodes = self.tree.nodes[..alias].iter();
        nodes.enumerate().rev().find(|(_, node)| node.anchor.as_deref() == Some(name)).map(|(id, _)| id)
    }

    /// The text of a scalar without quotes and tag.
    fn plain(&self, id: Id) -> Option<&str> {
        match &self.tree.nodes[id].kind {
            Kind::Scalar { text, style: ScalarStyle::Plain, tag: None } => Some(text),
            _ => None,
        }
    }

    /// Whether a node lies in another.
    fn is_within(&self, id: Id, outer: Id) -> bool {
        std::iter::successors(Some(id), |id| self.tree.nodes[*id].parent).any(|at| at == outer)
    }

    /// Refuses to take away a node that aliases outside of it mean.
    fn keeps_anchors(&self, gone: Id) -> Result<(), Fault> {
        let nodes = || self.tree.nodes.iter().enumerate();
        let anchors: HashSet<&str> = nodes()
            .filter(|(id, _)| self.is_within(*id, gone))
            .filter_map(|(_, node)| node.anchor.as_deref())
            .collect();
        let orphan = nodes().find_map(|(id, node)| match &node.kind {
            Kind::Alias(name) if anchors.contains(name.as_str()) && !self.is_within(id, gone) => Some(name),
            _ => None,
        });
        match orphan {
            None => Ok(()),
            Some(name) => Err(Fault::refused(
                format!("the anchor &{name} would go, and *{name} elsewhere needs it"),
                "give the place of the alias a value of its own first",
            )),
        }
    }

    fn layout(&self) -> Layout {
        let column = |id: Id| self.column(self.tree.nodes[id].body);
        let mut unit = None;
        let mut dash_indent = None;
        for node in &self.tree.nodes {
            let Kind::Mapping { is_flow: false, pairs } = &node.kind else { continue };
            let outer = self.column(node.body);
            for pair in pairs {
                match &self.tree.nodes[pair.node].kind {
                    Kind::Mapping { is_flow: false, .. } if column(pair.node) > outer => {
                        unit.get_or_insert(column(pair.node) - outer);
                    }
                    Kind::Sequence { is_flow: false, .. } if column(pair.node) >= outer => {
                        dash_indent.get_or_insert(column(pair.node) - outer);
                    }
                    _ => {}
                }
            }
        }
        let unit = unit.or(dash_indent.filter(|indent| *indent > 0)).unwrap_or(UNIT_DEFAULT);
        Layout { unit, dash_indent: dash_indent.unwrap_or(unit), newline: newline(self.text) }
    }

    /// Characters before a place on its line.
    fn column(&self, at: usize) -> usize {
        self.text[super::layout::line_start(self.text, at)..at].chars().count()
    }

    fn style(&self) -> Style {
        Style { indent: "  ".into(), newline: newline(self.text), expanded: false, gap: " ", keeps_pad: true }
    }

    /// A flow container between its brackets.
    fn bracketed<'b>(&'b self, id: Id, style: &'b Style) -> Bracketed<'b> {
        let node = &self.tree.nodes[id];
        let spans: Vec<(usize, usize)> = match &node.kind {
            Kind::Sequence { items, .. } => {
                items.iter().map(|item| self.span(item.node, item.node)).collect()
            }
            Kind::Mapping { pairs, .. } => pairs.iter().map(|pair| self.span(pair.key, pair.node)).collect(),
            _ => Vec::new(),
        };
        let comma = |end: usize| {
            let rest = &self.text[end..node.end];
            rest.trim_start().starts_with(',').then(|| end + rest.len() - rest.trim_start().len())
        };
        let items = spans.into_iter().map(|(start, end)| Item { start, end, comma: comma(end) }).collect();
        let (open, close) = (node.body + 1, node.end - 1);
        Bracketed { text: self.text, open, close, items, comments: Comments::Hash, style }
    }

    fn span(&self, first: Id, last: Id) -> (usize, usize) {
        let (first, last) = (&self.tree.nodes[first], &self.tree.nodes[last]);
        (first.start, last.end.max(first.end))
    }

    fn is_flow(&self, id: Id) -> bool {
        matches!(
            self.tree.nodes[id].kind,
            Kind::Sequence { is_flow: true, .. } | Kind::Mapping { is_flow: true, .. }
        )
    }

    /// Whether a node lies in a flow container.
    fn in_flow(&self, id: Id) -> bool {
        std::iter::successors(self.tree.nodes[id].parent, |id| self.tree.nodes[*id].parent)
            .any(|id| self.is_flow(id))
    }
}

/// The value of a scalar by its tag and style.
fn scalar_value(text: &str, style: ScalarStyle, tag: Option<&str>) -> Value {
    match tag {
        Some("tag:yaml.org,2002:str") => Value::String(text.to_owned()),
        None
        | Some(
            "tag:yaml.org,2002:int"
            | "tag:yaml.org,2002:float"
            | "tag:yaml.org,2002:bool"
            | "tag:yaml.org,2002:null",
        ) if style == ScalarStyle::Plain => print::resolved(text),
        _ => Value::String(text.to_owned()),
    }
}

fn whole_documents() -> Fault {
    Fault::refused(
        "the file holds several YAML documents, which are not added, removed or replaced whole",
        "name a place inside one: [0].key, [1].key; or use rtk write replace",
    )
}

impl Tree for Yaml<'_> {
    type Node = Id;

    fn kind(&self, node: &Id) -> NodeKind {
        let node = self.meant(*node);
        match &self.tree.nodes[node].kind {
            Kind::Mapping { .. } => NodeKind::Object,
            Kind::Sequence { items, .. } => NodeKind::Array(items.len()),
            Kind::Documents(roots) => NodeKind::Array(roots.len()),
            Kind::Alias(_) => NodeKind::Scalar(ALIAS),
            Kind::Scalar { .. } => NodeKind::Scalar(self.as_value(node, &mut Unfolding::of(0)).kind_name()),
        }
    }

    fn children(&self, node: &Id, names: &[String]) -> Vec<Option<Id>> {
        let member = |name: &String| {
            let mut merges = MERGES_MAX;
            self.member(*node, name, &mut merges)
        };
        names.iter().map(member).collect()
    }

    fn element(&self, node: &Id, index: usize) -> Option<Id> {
        match &self.tree.nodes[self.meant(*node)].kind {
            Kind::Sequence { items, .. } => items.get(index).map(|item| item.node),
            Kind::Documents(roots) => roots.get(index).copied(),
            _ => None,
        }
    }

    fn names(&self, node: &Id) -> Vec<String> {
        let Kind::Mapping { pairs, .. } = &self.tree.nodes[*node].kind else { return Vec::new() };
        pairs.iter().map(|pair| self.key_text(pair.key)).collect()
    }
}

impl super::Document for Yaml<'_> {
    fn root(&self) -> Id {
        self.tree.root
    }

    fn value(&self, node: &Id) -> Value {
        self.as_value(*node, &mut Unfolding::of(UNFOLDED_MAX))
    }

    fn must_be_tellable(&self, node: &Id) -> Result<(), Fault> {
        let mut unfolding = Unfolding::of(UNFOLDED_MAX);
        drop(self.as_value(*node, &mut unfolding));
        if !unfolding.is_cut {
            return Ok(());
        }
        Err(Fault::refused(
            format!("its aliases mean more than {UNFOLDED_MAX} values, or themselves"),
            "name a place inside, or read the file itself",
        ))
    }

    fn source(&self, node: &Id) -> String {
        let node = &self.tree.nodes[*node];
        self.text[node.start..node.end].to_owned()
    }

    fn rules() -> Rules {
        Rules { is_number: print::is_number, is_datetime: |_| false, has_null: true, is_text_only: false }
    }

    fn can_hold(&self, node: &Id) -> bool {
        matches!(&self.tree.nodes[*node].kind, Kind::Scalar { .. }) && self.value(node) == Value::Null
    }

    fn is_nothing(&self, node: &Id) -> bool {
        self.tree.is_empty && *node == self.tree.root
    }

    fn inherited(&self, steps: &[Step]) -> Option<Value> {
        let all = Yaml::read(self.text).ok()?.following();
        let found = resolve(&all, all.tree.root, steps).ok()?;
        found.rest.is_empty().then(|| super::Document::value(&all, &found.node))
    }

    fn is_undecided(&self, node: &Id) -> bool {
        self.plain(*node).is_some_and(|text| print::old_reading(text).is_some())
    }

    fn also_means(&self, node: &Id, value: &Value) -> bool {
        let old = self.plain(*node).and_then(print::old_reading);
        old.is_some_and(|old| old.same(value))
    }

    fn replace(&self, found: &Found<'_, Id>, value: &Value) -> Result<Vec<Splice>, Fault> {
        if matches!(self.tree.nodes[found.node].kind, Kind::Documents(_)) {
            return Err(whole_documents());
        }
        let node = &self.tree.nodes[found.node];
        let on_one_line = node.slot.is_some_and(|slot| line_start(self.text, node.body) <= slot);
        // A scalar that stays one keeps the anchor before it.
        if !(matches!(node.kind, Kind::Scalar { .. }) && !value.is_container() && on_one_line) {
            self.keeps_anchors(found.node)?;
        }
        Ok(self.replace_node(found.node, value))
    }

    fn insert(
        &self,
        at: &Here<'_, Id>,
        name: Option<&str>,
        index: usize,
        value: &Value,
    ) -> Result<Vec<Splice>, Fault> {
        if matches!(self.tree.nodes[*at.node].kind, Kind::Documents(_)) {
            return Err(whole_documents());
        }
        if !self.is_flow(*at.node) {
            return self.insert_line(*at.node, name, index, value);
        }
        let text = match name {
            Some(name) => format!("{}: {}", print::key(name, true), print::flow(value, ScalarStyle::Plain)),
            None => print::flow(value, ScalarStyle::Plain),
        };
        Ok(self.bracketed(*at.node, &self.style()).insert(index, &|_| text.clone()))
    }

    fn remove(&self, container: &Id, taken: &Taken, _: &Found<'_, Id>) -> Result<Vec<Splice>, Fault> {
        let places: Vec<usize> = match (&self.tree.nodes[*container].kind, taken) {
            (Kind::Mapping { pairs, .. }, Taken::Key(name)) => {
                (0..pairs.len()).filter(|index| self.key_text(pairs[*index].key) == *name).collect()
            }
            (_, Taken::Index(index)) => vec![*index],
            _ => Vec::new(),
        };
        match &self.tree.nodes[*container].kind {
            Kind::Mapping { pairs, .. } => {
                places.iter().try_for_each(|index| self.keeps_anchors(pairs[*index].node))?
            }
            Kind::Sequence { items, .. } => {
                places.iter().try_for_each(|index| self.keeps_anchors(items[*index].node))?
            }
            _ => {}
        }
        let style = self.style();
        if matches!(self.tree.nodes[*container].kind, Kind::Documents(_)) {
            return Err(whole_documents());
        }
        match places.as_slice() {
            [index] if self.is_flow(*container) => Ok(self.bracketed(*container, &style).remove(*index)),
            _ if self.is_flow(*container) => {
                Err(Fault::refused("the key is there twice", "remove one with an editor"))
            }
            places => self.remove_lines(*container, places),
        }
    }

    fn relocate(&self, array: &Id, from: usize, to: usize, _: &Found<'_, Id>) -> Result<Vec<Splice>, Fault> {
        if self.is_flow(*array) {
            return Ok(self.bracketed(*array, &self.style()).relocate(from, to));
        }
        if matches!(self.tree.nodes[*array].kind, Kind::Documents(_)) {
            return Err(whole_documents());
        }
        self.relocate_lines(*array, from, to)
    }

    fn is_changed_only(&self, edited: &str, place: &[Taken], change: &Change) -> Result<bool, Fault> {
        let new = Yaml::read(edited)?;
        let expected = self.as_value(self.tree.root, &mut Unfolding::of(0));
        let expected = match (place, change) {
            ([], Change::Set(value)) => Some(value.clone()),
            _ => expected.changed(place, change),
        };
        Ok(expected
            .is_some_and(|expected| expected.same(&new.as_value(new.tree.root, &mut Unfolding::of(0)))))
    }
}

#[cfg(test)]
mod tests;
