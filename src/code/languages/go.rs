//! Go: what its syntax nodes define and import.

use crate::code::rules::{Backtick, LanguageData, Lexis, NO_LEXIS, PLAIN, Reduction, Rule, Step};
use crate::code::rules::{define, descend, special};
use crate::code::tree::Collector;
use crate::code::types::{Language, SymbolKind};
use tree_sitter::Node;

static LEXIS: Lexis = Lexis {
    backtick: Backtick::Raw,
    containers: &["interface"],
    functions: &["func"],
    starters: &["func", "type", "var", "const", "import", "package"],
    ..NO_LEXIS
};

static RULES: &[Rule] = &[
    descend("type_declaration"),
    descend("const_declaration"),
    descend("var_declaration"),
    descend("var_spec_list"),
    descend("import_declaration"),
    descend("import_spec_list"),
    descend("interface_type"),
    define("function_declaration", SymbolKind::Function),
    define("type_alias", SymbolKind::Type),
    define("method_elem", SymbolKind::Method),
    special("method_declaration", method),
    special("type_spec", type_spec),
    special("const_spec", constants),
    special("var_spec", variables),
    special("import_spec", import),
];

#[cfg(feature = "lang-go")]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = Some(|| tree_sitter_go::LANGUAGE.into());
#[cfg(not(feature = "lang-go"))]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = None;

pub(super) static DATA: LanguageData = LanguageData {
    language: Language::Go,
    extensions: &["go"],
    line_comments: &["//"],
    block_comments: true,
    reduction: Reduction::Braces(&LEXIS),
    grammar: GRAMMAR,
    rules: RULES,
    ..PLAIN
};

fn method(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let receiver =
        node.child_by_field_name("receiver").map(|receiver| receiver_type(collector.bytes(receiver)));
    if let Some(index) = collector.define_by_field(SymbolKind::Method, node, "name") {
        collector.set_receiver(index, receiver.unwrap_or_default());
    }
    Step::Over
}

/// `(s *Server[T])` gives `Server`.
fn receiver_type(receiver: &[u8]) -> String {
    let text = String::from_utf8_lossy(receiver);
    let text = text.split('[').next().unwrap_or("");
    text.rsplit([' ', '*', '(', ')']).find(|word| !word.is_empty()).unwrap_or("").to_owned()
}

fn type_spec(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let body = node.child_by_field_name("type");
    let kind = match body.map(|body| body.kind()) {
        Some("struct_type") => SymbolKind::Struct,
        Some("interface_type") => SymbolKind::Interface,
        _ => SymbolKind::Type,
    };
    match collector.define_by_field(kind, node, "name") {
        Some(index) if kind == SymbolKind::Interface => Step::Inside(index),
        _ => Step::Over,
    }
}

fn constants(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    names(collector, node, SymbolKind::Constant)
}

fn variables(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    names(collector, node, SymbolKind::Variable)
}

fn names(collector: &mut Collector<'_>, node: Node<'_>, kind: SymbolKind) -> Step {
    let mut cursor = node.walk();
    for name in node.children_by_field_name("name", &mut cursor) {
        let name = collector.text(name);
        if name != "_" && name != "," {
            collector.define(kind, name, node);
        }
    }
    Step::Over
}

fn import(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    if let Some(path) = node.child_by_field_name("path") {
        collector.import(collector.bytes(path), node);
    }
    Step::Over
}
