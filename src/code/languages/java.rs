//! Java: what its syntax nodes define and import.

use crate::code::rules::{LanguageData, Lexis, NO_LEXIS, PLAIN, RawString, Reduction, Rule, Step};
use crate::code::rules::{contain, define, descend, special};
use crate::code::tree::Collector;
use crate::code::types::{Language, SymbolKind};
use tree_sitter::Node;

static LEXIS: Lexis =
    Lexis { raw: RawString::TripleQuote, containers: &["class", "interface", "enum", "record"], ..NO_LEXIS };

static RULES: &[Rule] = &[
    descend("class_body"),
    descend("interface_body"),
    descend("enum_body"),
    descend("enum_body_declarations"),
    descend("annotation_type_body"),
    contain("class_declaration", SymbolKind::Class),
    contain("record_declaration", SymbolKind::Class),
    contain("interface_declaration", SymbolKind::Interface),
    contain("annotation_type_declaration", SymbolKind::Interface),
    contain("enum_declaration", SymbolKind::Enum),
    define("method_declaration", SymbolKind::Method),
    define("constructor_declaration", SymbolKind::Method),
    define("compact_constructor_declaration", SymbolKind::Method),
    define("annotation_type_element_declaration", SymbolKind::Method),
    define("enum_constant", SymbolKind::Constant),
    special("field_declaration", field),
    special("constant_declaration", field),
    special("import_declaration", import),
];

#[cfg(feature = "lang-java")]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = Some(|| tree_sitter_java::LANGUAGE.into());
#[cfg(not(feature = "lang-java"))]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = None;

pub(super) static DATA: LanguageData = LanguageData {
    language: Language::Java,
    extensions: &["java"],
    line_comments: &["//"],
    block_comments: true,
    reduction: Reduction::Braces(&LEXIS),
    grammar: GRAMMAR,
    rules: RULES,
    ..PLAIN
};

fn field(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let modifiers = node.named_child(0).filter(|first| first.kind() == "modifiers");
    let has = |word: &[u8]| {
        modifiers.is_some_and(|modifiers| memchr::memmem::find(collector.bytes(modifiers), word).is_some())
    };
    let constant = node.kind() == "constant_declaration" || (has(b"static") && has(b"final"));
    let kind = if constant { SymbolKind::Constant } else { SymbolKind::Field };
    let mut cursor = node.walk();
    for declarator in node.children_by_field_name("declarator", &mut cursor) {
        if let Some(name) = declarator.child_by_field_name("name") {
            let name = collector.text(name);
            collector.define_with_body(kind, name, node, declarator.child_by_field_name("value"));
        }
    }
    Step::Over
}

fn import(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let text = collector.bytes(node);
    let text = text.strip_prefix(b"import").unwrap_or(text).trim_ascii_start();
    let text = text.strip_prefix(b"static ").unwrap_or(text);
    collector.import(text.strip_suffix(b";").unwrap_or(text), node);
    Step::Over
}
