//! C: what its syntax nodes define and include; C++ adds to it.

use crate::code::rules::{LanguageData, Lexis, NO_LEXIS, PLAIN, Reduction, Rule, Step};
use crate::code::rules::{descend, special};
use crate::code::tree::Collector;
use crate::code::types::{Language, SymbolKind};
use tree_sitter::Node;

/// Declarators inside each other that are followed to the name, as in `*(*name)(int)[3]`.
const DECLARATOR_DEPTH_MAX: usize = 32;

static LEXIS: Lexis = Lexis { directives: true, c_heads: true, containers: &["extern"], ..NO_LEXIS };

static RULES: &[Rule] = &[
    descend("preproc_if"),
    descend("preproc_ifdef"),
    descend("preproc_else"),
    descend("preproc_elif"),
    descend("linkage_specification"),
    descend("declaration_list"),
    special("function_definition", function),
    special("declaration", declaration),
    special("type_definition", type_definition),
    special("struct_specifier", plain_type),
    special("union_specifier", plain_type),
    special("enum_specifier", plain_type),
    special("preproc_def", macro_definition),
    special("preproc_function_def", macro_definition),
    special("preproc_include", include),
];

#[cfg(feature = "lang-c")]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = Some(|| tree_sitter_c::LANGUAGE.into());
#[cfg(not(feature = "lang-c"))]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = None;

pub(super) static DATA: LanguageData = LanguageData {
    language: Language::C,
    extensions: &["c", "h"],
    line_comments: &["//"],
    block_comments: true,
    reduction: Reduction::Braces(&LEXIS),
    grammar: GRAMMAR,
    rules: RULES,
    ..PLAIN
};

/// Follows declarators inside each other to the name; says whether a function was on the way.
pub(super) fn declared(node: Node<'_>) -> Option<(Node<'_>, bool)> {
    let mut current = node.child_by_field_name("declarator")?;
    let mut function = false;
    for _ in 0..DECLARATOR_DEPTH_MAX {
        if current.kind() == "function_declarator" {
            let inner = current.child_by_field_name("declarator");
            function = inner.is_some_and(|inner| inner.kind() != "parenthesized_declarator");
        }
        let next = current.child_by_field_name("declarator").or_else(|| match current.kind() {
            "parenthesized_declarator" | "reference_declarator" | "attributed_declarator" => {
                current.named_child(0)
            }
            _ => None,
        });
        match next {
            Some(next) => current = next,
            None => return Some((current, function)),
        }
    }
    None
}

/// Adds a function named `Type::name` or `name`.
pub(super) fn add_function(collector: &mut Collector<'_>, node: Node<'_>, name: Node<'_>) {
    let text = collector.text(name);
    let (receiver, bare) = match text.rfind("::") {
        Some(at) => (text[..at].rsplit("::").next().unwrap_or(""), &text[at + 2..]),
        None => ("", text.as_str()),
    };
    let receiver = receiver.split('<').next().unwrap_or("").trim().to_owned();
    let index = collector.define(SymbolKind::Function, bare.trim().to_owned(), node);
    if let Some(index) = index.filter(|_| !receiver.is_empty()) {
        collector.set_receiver(index, receiver);
    }
}

pub(super) fn function(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    if let Some((name, _)) = declared(node) {
        add_function(collector, node, name);
    }
    Step::Over
}

/// Prototypes, global variables, and the types defined on the way.
pub(super) fn declaration(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let mut step = Step::Over;
    if let Some(specifier) = node.child_by_field_name("type")
        && specifier.child_by_field_name("body").is_some()
    {
        step = typed(collector, specifier, None);
    }
    if let Some((name, is_function)) = declared(node) {
        if is_function {
            add_function(collector, node, name);
        } else if name.kind() == "identifier"
            && collector.container_kind().is_none_or(|kind| !kind.has_methods())
        {
            let text = collector.text(name);
            let value =
                node.child_by_field_name("declarator").and_then(|found| found.child_by_field_name("value"));
            collector.define_with_body(SymbolKind::Variable, text, node, value);
        }
    }
    if step == Step::Over { Step::Over } else { Step::Into }
}

fn kind_of(specifier: Node<'_>) -> SymbolKind {
    match specifier.kind() {
        "enum_specifier" => SymbolKind::Enum,
        "class_specifier" => SymbolKind::Class,
        _ => SymbolKind::Struct,
    }
}

/// Adds a type that is defined here, named by itself or by `name`.
fn typed(collector: &mut Collector<'_>, specifier: Node<'_>, name: Option<String>) -> Step {
    let own = specifier.child_by_field_name("name").map(|name| collector.text(name));
    if let Some(name) = own.or(name) {
        collector.define(kind_of(specifier), name, specifier);
    }
    Step::Over
}

fn plain_type(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    if node.child_by_field_name("body").is_some() { typed(collector, node, None) } else { Step::Over }
}

/// `typedef struct a { … } b;` defines both names.
pub(super) fn type_definition(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let specifier =
        node.child_by_field_name("type").filter(|found| found.child_by_field_name("body").is_some());
    let alias = declared(node).map(|(name, _)| collector.text(name));
    let Some(specifier) = specifier else {
        if let Some(alias) = alias {
            collector.define_with_body(SymbolKind::Type, alias, node, None);
        }
        return Step::Over;
    };
    let own = specifier.child_by_field_name("name").map(|name| collector.text(name));
    let body = specifier.child_by_field_name("body");
    if let Some(own) = own.clone().filter(|own| Some(own) != alias.as_ref()) {
        collector.define_with_body(kind_of(specifier), own, node, body);
    }
    if let Some(alias) = alias {
        let kind = if own.is_some_and(|own| own != alias) { SymbolKind::Type } else { kind_of(specifier) };
        collector.define_with_body(kind, alias, node, body);
    }
    Step::Over
}

/// Macros with a value; header guards have none.
pub(super) fn macro_definition(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    if node.child_by_field_name("value").is_some() {
        collector.define_by_field(SymbolKind::Macro, node, "name");
    }
    Step::Over
}

pub(super) fn include(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    if let Some(path) = node.child_by_field_name("path") {
        collector.import(collector.bytes(path), node);
    }
    Step::Over
}
