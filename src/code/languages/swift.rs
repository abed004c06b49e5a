//! Swift: what its syntax nodes define and import.

use crate::code::rules::{LanguageData, PLAIN, Reduction, Rule, Step};
use crate::code::rules::{contain, define, descend, special};
use crate::code::tree::Collector;
use crate::code::types::{Language, SymbolKind};
use tree_sitter::Node;

static RULES: &[Rule] = &[
    descend("class_body"),
    descend("enum_class_body"),
    descend("protocol_body"),
    special("class_declaration", class),
    contain("protocol_declaration", SymbolKind::Interface),
    define("function_declaration", SymbolKind::Function),
    define("protocol_function_declaration", SymbolKind::Method),
    special("init_declaration", initialiser),
    special("subscript_declaration", initialiser),
    special("property_declaration", property),
    special("protocol_property_declaration", property),
    special("enum_entry", entry),
    define("typealias_declaration", SymbolKind::Type),
    define("associatedtype_declaration", SymbolKind::Type),
    special("import_declaration", import),
];

#[cfg(feature = "lang-swift")]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = Some(|| tree_sitter_swift::LANGUAGE.into());
#[cfg(not(feature = "lang-swift"))]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = None;

pub(super) static DATA: LanguageData = LanguageData {
    language: Language::Swift,
    extensions: &["swift"],
    line_comments: &["//"],
    block_comments: true,
    reduction: Reduction::None,
    grammar: GRAMMAR,
    rules: RULES,
    ..PLAIN
};

/// Classes, structures, enumerations, actors and extensions are one node type.
fn class(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let mut cursor = node.walk();
    let kind = node.children(&mut cursor).find_map(|part| match part.kind() {
        "struct" => Some(SymbolKind::Struct),
        "enum" => Some(SymbolKind::Enum),
        "extension" => Some(SymbolKind::Impl),
        "class" | "actor" => Some(SymbolKind::Class),
        _ => None,
    });
    collector
        .define_by_field(kind.unwrap_or(SymbolKind::Class), node, "name")
        .map_or(Step::Into, Step::Inside)
}

/// `init` and `subscript` have no name of their own.
fn initialiser(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let name = if node.kind() == "init_declaration" { "init" } else { "subscript" };
    let mut cursor = node.walk();
    let body = node
        .named_children(&mut cursor)
        .find(|part| matches!(part.kind(), "function_body" | "computed_property"));
    collector.define_with_body(SymbolKind::Method, name.into(), node, body);
    Step::Over
}

fn property(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let kind = if collector.at_top() { SymbolKind::Variable } else { SymbolKind::Field };
    let body = ["value", "computed_value"].iter().find_map(|field| node.child_by_field_name(field));
    let mut cursor = node.walk();
    let patterns: Vec<Node<'_>> = node.children_by_field_name("name", &mut cursor).collect();
    for pattern in patterns {
        if let Some(name) = pattern.child_by_field_name("bound_identifier") {
            collector.define_with_body(kind, collector.text(name), node, body);
        }
    }
    Step::Over
}

fn entry(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let mut cursor = node.walk();
    let names: Vec<Node<'_>> = node.children_by_field_name("name", &mut cursor).collect();
    for name in names {
        collector.define_with_body(SymbolKind::Constant, collector.text(name), node, None);
    }
    Step::Over
}

/// `import struct UIKit.UIColor` imports `UIKit.UIColor`.
fn import(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let mut cursor = node.walk();
    if let Some(target) = node.named_children(&mut cursor).find(|part| part.kind() == "identifier") {
        collector.import(collector.bytes(target), node);
    }
    Step::Over
}
