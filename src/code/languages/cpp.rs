//! C++: C's rules with classes, namespaces and templates.

use super::c::{add_function, declaration, declared, function, include, macro_definition, type_definition};
use crate::code::rules::{LanguageData, Lexis, NO_LEXIS, PLAIN, RawString, Reduction, Rule, Step};
use crate::code::rules::{contain, define, descend, special};
use crate::code::tree::Collector;
use crate::code::types::{Language, SymbolKind};
use tree_sitter::Node;

static LEXIS: Lexis = Lexis {
    directives: true,
    c_heads: true,
    raw: RawString::Cpp,
    containers: &["class", "struct", "union", "namespace", "extern"],
    ..NO_LEXIS
};

static RULES: &[Rule] = &[
    descend("preproc_if"),
    descend("preproc_ifdef"),
    descend("preproc_else"),
    descend("preproc_elif"),
    descend("linkage_specification"),
    descend("declaration_list"),
    descend("field_declaration_list"),
    descend("template_declaration"),
    define("alias_declaration", SymbolKind::Type),
    define("concept_definition", SymbolKind::Type),
    contain("namespace_definition", SymbolKind::Module),
    special("class_specifier", class),
    special("struct_specifier", class),
    special("union_specifier", class),
    special("enum_specifier", class),
    special("function_definition", function),
    special("declaration", declaration),
    special("field_declaration", member),
    special("type_definition", type_definition),
    special("preproc_def", macro_definition),
    special("preproc_function_def", macro_definition),
    special("preproc_include", include),
];

#[cfg(feature = "lang-cpp")]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = Some(|| tree_sitter_cpp::LANGUAGE.into());
#[cfg(not(feature = "lang-cpp"))]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = None;

pub(super) static DATA: LanguageData = LanguageData {
    language: Language::Cpp,
    extensions: &["cpp", "cc", "cxx", "c++", "hpp", "hh", "hxx", "h++", "ipp", "inl", "tpp", "cu", "cuh"],
    line_comments: &["//"],
    block_comments: true,
    reduction: Reduction::Braces(&LEXIS),
    grammar: GRAMMAR,
    rules: RULES,
    ..PLAIN
};

/// A type with a body; without one it is only mentioned.
fn class(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    if node.child_by_field_name("body").is_none() {
        return Step::Over;
    }
    let kind = match node.kind() {
        "class_specifier" => SymbolKind::Class,
        "enum_specifier" => SymbolKind::Enum,
        _ => SymbolKind::Struct,
    };
    match collector.define_by_field(kind, node, "name") {
        Some(index) if kind != SymbolKind::Enum => Step::Inside(index),
        _ if kind == SymbolKind::Enum => Step::Over,
        _ => Step::Into,
    }
}

/// Member functions that are declared here; nested types are looked into.
fn member(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    if let Some((name, true)) = declared(node) {
        add_function(collector, node, name);
        return Step::Over;
    }
    let nested = node.child_by_field_name("type").and_then(|found| found.child_by_field_name("body"));
    if nested.is_some() { Step::Into } else { Step::Over }
}
