//! Kotlin: what its syntax nodes define and import.

use crate::code::rules::{LanguageData, PLAIN, Reduction, Rule, Step};
use crate::code::rules::{descend, special};
use crate::code::tree::Collector;
use crate::code::types::{Language, SymbolKind};
use tree_sitter::Node;

static RULES: &[Rule] = &[
    descend("class_body"),
    descend("enum_class_body"),
    special("class_declaration", class),
    special("object_declaration", object),
    special("companion_object", companion),
    special("function_declaration", function),
    special("secondary_constructor", constructor),
    special("property_declaration", property),
    special("enum_entry", entry),
    special("type_alias", alias),
    special("import", import),
];

#[cfg(feature = "lang-kotlin")]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = Some(|| tree_sitter_kotlin_ng::LANGUAGE.into());
#[cfg(not(feature = "lang-kotlin"))]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = None;

pub(super) static DATA: LanguageData = LanguageData {
    language: Language::Kotlin,
    extensions: &["kt", "kts"],
    line_comments: &["//"],
    block_comments: true,
    reduction: Reduction::None,
    grammar: GRAMMAR,
    rules: RULES,
    ..PLAIN
};

fn child<'t>(node: Node<'t>, kinds: &[&str]) -> Option<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).find(|child| kinds.contains(&child.kind()))
}

/// Names `node` by its first identifier and ends its signature before its body.
fn named(collector: &mut Collector<'_>, node: Node<'_>, kind: SymbolKind) -> Option<u32> {
    let name = node.child_by_field_name("name").or_else(|| child(node, &["identifier"]))?;
    let body = child(node, &["class_body", "enum_class_body", "function_body", "block", "getter", "setter"]);
    collector.define_with_body(kind, collector.text(name), node, body)
}

fn inside(index: Option<u32>) -> Step {
    index.map_or(Step::Into, Step::Inside)
}

fn class(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let mut cursor = node.walk();
    let mut kind = SymbolKind::Class;
    for part in node.children(&mut cursor) {
        match part.kind() {
            "interface" => kind = SymbolKind::Interface,
            "modifiers" => {
                let words: Vec<&[u8]> = collector.bytes(part).split(u8::is_ascii_whitespace).collect();
                if words.contains(&b"enum".as_slice()) {
                    kind = SymbolKind::Enum;
                } else if words.contains(&b"annotation".as_slice()) {
                    kind = SymbolKind::Interface;
                }
            }
            _ => {}
        }
    }
    inside(named(collector, node, kind))
}

fn object(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    inside(named(collector, node, SymbolKind::Class))
}

/// Members of a companion without a name are known as those of its class.
fn companion(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    inside(named(collector, node, SymbolKind::Class))
}

fn function(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    named(collector, node, SymbolKind::Function);
    Step::Over
}

fn constructor(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    collector.define_with_body(SymbolKind::Method, "constructor".into(), node, child(node, &["block"]));
    Step::Over
}

fn property(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let constant = child(node, &["modifiers"]).is_some_and(|modifiers| {
        collector.bytes(modifiers).split(u8::is_ascii_whitespace).any(|word| word == b"const")
    });
    let kind = match (constant, collector.at_top()) {
        (true, _) => SymbolKind::Constant,
        (false, true) => SymbolKind::Variable,
        (false, false) => SymbolKind::Field,
    };
    let mut cursor = node.walk();
    for declaration in node.named_children(&mut cursor) {
        if matches!(declaration.kind(), "variable_declaration" | "multi_variable_declaration") {
            let mut names = declaration.walk();
            for name in declaration.named_children(&mut names).filter(|name| name.kind() == "identifier") {
                let name = collector.text(name);
                let body = declaration.next_named_sibling();
                collector.define_with_body(kind, name, node, body);
            }
        }
    }
    Step::Over
}

fn entry(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    named(collector, node, SymbolKind::Constant);
    Step::Over
}

fn alias(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    named(collector, node, SymbolKind::Type);
    Step::Over
}

fn import(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let text = collector.bytes(node);
    let text = text.strip_prefix(b"import").unwrap_or(text).trim_ascii();
    let text = text.split(|byte| byte.is_ascii_whitespace() || *byte == b';').next().unwrap_or(text);
    collector.import(text, node);
    Step::Over
}
