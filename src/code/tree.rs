//! Walks a syntax tree by a language's rules and collects what it defines and imports.

use super::rules::{Action, LanguageData, Step};
use super::types::SymbolKind;
use tree_sitter::{Node, Tree};

/// Longest name or import target that is kept, in bytes.
const NAME_BYTES_MAX: usize = 200;

/// A definition by byte offsets into the parsed text.
pub(super) struct Found {
    pub kind: SymbolKind,
    pub name: String,
    pub start: usize,
    /// One past the last byte before the body.
    pub signature_end: usize,
    pub end: usize,
    pub container: Option<u32>,
    /// Type that the method is written for, when it stands outside of it.
    pub receiver: Option<String>,
}

/// What a walk has found so far.
pub(super) struct Collector<'s> {
    source: &'s [u8],
    containers: Vec<(usize, u32)>,
    depth: usize,
    max: usize,
    pub found: Vec<Found>,
    /// Target and byte offset.
    pub imports: Vec<(String, usize)>,
    pub full: bool,
}

/// For each node type of a grammar the index of its rule.
pub(super) struct RuleTable(Vec<u16>);

const NO_RULE: u16 = u16::MAX;

impl RuleTable {
    /// Resolves the rules of `data` to the numbers of `grammar`.
    pub(super) fn of(data: &LanguageData, grammar: &tree_sitter::Language) -> RuleTable {
        let kinds = u16::try_from(grammar.node_kind_count()).unwrap_or(NO_RULE);
        let rule_of = |id: u16| {
            let name = grammar.node_kind_for_id(id).filter(|_| grammar.node_kind_is_named(id))?;
            let index = data.rules.iter().position(|rule| rule.node == name)?;
            u16::try_from(index).ok()
        };
        RuleTable((0..kinds).map(|id| rule_of(id).unwrap_or(NO_RULE)).collect())
    }
}

/// Walks `tree`, which was parsed from `source`, keeping at most `max` symbols and imports.
pub(super) fn collect<'s>(
    tree: &Tree,
    source: &'s [u8],
    data: &LanguageData,
    table: &RuleTable,
    max: usize,
) -> Collector<'s> {
    let mut collector = Collector {
        source,
        containers: Vec::new(),
        depth: 0,
        max,
        found: Vec::new(),
        imports: Vec::new(),
        full: false,
    };
    let mut cursor = tree.walk();
    if !cursor.goto_first_child() {
        return collector;
    }
    loop {
        let step = collector.visit(cursor.node(), data, table);
        if let Step::Inside(index) = step {
            collector.containers.push((collector.depth, index));
        }
        if step != Step::Over && cursor.goto_first_child() {
            collector.depth += 1;
            continue;
        }
        collector.leave();
        while !cursor.goto_next_sibling() {
            if collector.depth == 0 || !cursor.goto_parent() {
                return collector;
            }
            collector.depth -= 1;
            collector.leave();
        }
        if collector.full {
            return collector;
        }
    }
}

impl<'s> Collector<'s> {
    fn visit(&mut self, node: Node<'_>, data: &LanguageData, table: &RuleTable) -> Step {
        if node.is_error() {
            return Step::Into;
        }
        let index = table.0.get(usize::from(node.kind_id())).copied().unwrap_or(NO_RULE);
        let Some(rule) = data.rules.get(usize::from(index)) else { return Step::Over };
        match rule.action {
            Action::Descend => Step::Into,
            Action::Define(kind) => {
                self.define_by_field(kind, node, "name");
                Step::Over
            }
            Action::Contain(kind) => match self.define_by_field(kind, node, "name") {
                Some(index) => Step::Inside(index),
                None => Step::Into,
            },
            Action::Special(look) => look(self, node),
        }
    }

    fn leave(&mut self) {
        while self.containers.last().is_some_and(|(depth, _)| *depth >= self.depth) {
            self.containers.pop();
        }
    }

    /// The text of `node`, shortened, with what is not UTF-8 replaced.
    pub(super) fn text(&self, node: Node<'_>) -> String {
        name_text(self.bytes(node))
    }

    /// The bytes of `node`.
    pub(super) fn bytes(&self, node: Node<'_>) -> &'s [u8] {
        self.source.get(node.byte_range()).unwrap_or(b"")
    }

    /// Whether no symbol encloses the current node.
    pub(super) fn at_top(&self) -> bool {
        self.containers.is_empty()
    }

    /// The kind of the enclosing symbol.
    pub(super) fn container_kind(&self) -> Option<SymbolKind> {
        let (_, index) = self.containers.last()?;
        self.found.get(*index as usize).map(|found| found.kind)
    }

    /// Adds a definition named by a field of `node`.
    pub(super) fn define_by_field(&mut self, kind: SymbolKind, node: Node<'_>, field: &str) -> Option<u32> {
        let name = node.child_by_field_name(field)?;
        let name = self.text(name);
        let bare = name.trim_matches(['"', '\'']);
        let name = if bare.len() < name.len() { bare.to_owned() } else { name };
        self.define(kind, name, node)
    }

    /// Adds a definition; a function inside a type becomes a method. Gives its index, nothing when the name is
    /// empty or the limit is reached.
    pub(super) fn define(&mut self, kind: SymbolKind, name: String, node: Node<'_>) -> Option<u32> {
        let body = node.child_by_field_name("body").or_else(|| node.child_by_field_name("value"));
        self.define_with_body(kind, name, node, body)
    }

    /// Adds a definition whose signature ends before `body`.
    pub(super) fn define_with_body(
        &mut self,
        kind: SymbolKind,
        name: String,
        node: Node<'_>,
        body: Option<Node<'_>>,
    ) -> Option<u32> {
        if self.found.len() >= self.max {
            self.full = true;
            return None;
        }
        if name.is_empty() {
            return None;
        }
        let container = self.containers.last().map(|(_, index)| *index);
        let in_type = self.container_kind().is_some_and(SymbolKind::has_methods);
        let kind = if kind == SymbolKind::Function && in_type { SymbolKind::Method } else { kind };
        let start = node.start_byte();
        let end = start + self.source.get(node.byte_range()).unwrap_or(b"").trim_ascii_end().len();
        let head = self.source.get(start..body.map_or(end, |body| body.start_byte())).unwrap_or(b"");
        let signature_end = start + head.trim_ascii_end().len();
        let index = u32::try_from(self.found.len()).ok()?;
        self.found.push(Found { kind, name, start, signature_end, end, container, receiver: None });
        Some(index)
    }

    /// Says that the definition `index` belongs to the type `receiver`, which stands elsewhere.
    pub(super) fn set_receiver(&mut self, index: u32, receiver: String) {
        if let Some(found) = self.found.get_mut(index as usize) {
            found.receiver = Some(receiver);
        }
    }

    /// Ends the signature of `index` with the node `last`.
    pub(super) fn end_signature(&mut self, index: u32, last: Node<'_>) {
        if let Some(found) = self.found.get_mut(index as usize) {
            found.signature_end = last.end_byte().clamp(found.start, found.end);
        }
    }

    /// Runs `work` with the symbol `index` as the container of what it defines.
    pub(super) fn with_container(&mut self, index: u32, work: impl FnOnce(&mut Self)) {
        self.containers.push((self.depth, index));
        work(self);
        self.containers.pop();
    }

    /// Adds an import found at `node`; quotes around the target are taken off.
    pub(super) fn import(&mut self, target: &[u8], node: Node<'_>) {
        let target = target.trim_ascii();
        let quoted =
            |quote: u8| target.len() >= 2 && target.first() == Some(&quote) && target.last() == Some(&quote);
        let quoted = [b'"', b'\'', b'`'].into_iter().any(quoted);
        let target = if quoted { target.get(1..target.len() - 1).unwrap_or(b"") } else { target };
        if target.is_empty() || self.imports.len() >= self.max {
            return;
        }
        self.imports.push((name_text(target), node.start_byte()));
    }
}

/// `bytes` as a name: lossy, at most [`NAME_BYTES_MAX`] bytes, on one line.
pub(super) fn name_text(bytes: &[u8]) -> String {
    let bytes = bytes.get(..NAME_BYTES_MAX).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    if text.contains(char::is_control) {
        return text.split(char::is_control).collect::<Vec<_>>().join(" ");
    }
    text.into_owned()
}
