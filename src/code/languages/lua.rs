//! Lua: what its syntax nodes define, and what `require` loads.

use crate::code::rules::{LanguageData, PLAIN, Reduction, Rule, Step};
use crate::code::rules::{descend, special};
use crate::code::tree::Collector;
use crate::code::types::{Language, SymbolKind};
use tree_sitter::Node;

static RULES: &[Rule] = &[
    descend("variable_declaration"),
    special("function_declaration", function),
    special("assignment_statement", assignment),
    special("function_call", call),
];

#[cfg(feature = "lang-lua")]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = Some(|| tree_sitter_lua::LANGUAGE.into());
#[cfg(not(feature = "lang-lua"))]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = None;

pub(super) static DATA: LanguageData = LanguageData {
    language: Language::Lua,
    extensions: &["lua"],
    interpreters: &["lua", "luajit"],
    line_comments: &["--"],
    reduction: Reduction::None,
    grammar: GRAMMAR,
    rules: RULES,
    ..PLAIN
};

/// The last part of `a`, `a.b`, `a.b:c`, and whether it is called on an object.
fn last(name: Node<'_>) -> (Node<'_>, bool) {
    let part = |field| name.child_by_field_name(field);
    part("method")
        .map(|part| (part, true))
        .or(part("field").map(|part| (part, false)))
        .unwrap_or((name, false))
}

fn function(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    if let Some(name) = node.child_by_field_name("name") {
        let (name, method) = last(name);
        let kind = if method { SymbolKind::Method } else { SymbolKind::Function };
        collector.define(kind, collector.text(name), node);
    }
    Step::Over
}

/// `M.late = function`, `LIMIT = 3`, `local json = require "json"`.
fn assignment(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let mut cursor = node.walk();
    let lists: Vec<Node<'_>> = node.named_children(&mut cursor).collect();
    let [names, values] = lists.as_slice() else { return Step::Over };
    let (mut names_cursor, mut values_cursor) = (names.walk(), values.walk());
    let mut values = values.named_children(&mut values_cursor);
    for name in names.named_children(&mut names_cursor) {
        let value = values.next();
        match value.map(|value| value.kind()) {
            Some("function_definition") => {
                let body = value.and_then(|value| value.child_by_field_name("body"));
                collector.define_with_body(SymbolKind::Function, collector.text(last(name).0), node, body);
            }
            Some("function_call") if value.is_some_and(|value| require(collector, value)) => {}
            _ => {
                collector.define_with_body(SymbolKind::Variable, collector.text(last(name).0), node, value);
            }
        }
    }
    Step::Over
}

fn call(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    require(collector, node);
    Step::Over
}

/// Takes `require "a.b"` as an import; whether it was one.
fn require(collector: &mut Collector<'_>, call: Node<'_>) -> bool {
    let name = call.child_by_field_name("name");
    let arguments = call.child_by_field_name("arguments");
    let (Some(name), Some(arguments)) = (name, arguments) else { return false };
    if !matches!(collector.bytes(name), b"require" | b"dofile" | b"loadfile") {
        return false;
    }
    let target = collector.bytes(arguments);
    let target = target.strip_prefix(b"(").unwrap_or(target);
    collector.import(target.strip_suffix(b")").unwrap_or(target), call);
    true
}
