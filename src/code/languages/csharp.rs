//! C#: what its syntax nodes define and import.

use crate::code::rules::{LanguageData, Lexis, NO_LEXIS, PLAIN, RawString, Reduction, Rule, Step};
use crate::code::rules::{contain, define, descend, special};
use crate::code::tree::Collector;
use crate::code::types::{Language, SymbolKind};
use tree_sitter::Node;

static LEXIS: Lexis = Lexis {
    directives: true,
    raw: RawString::CSharp,
    containers: &["class", "struct", "interface", "record", "namespace"],
    ..NO_LEXIS
};

static RULES: &[Rule] = &[
    descend("declaration_list"),
    descend("preproc_if"),
    descend("preproc_else"),
    descend("preproc_elif"),
    contain("namespace_declaration", SymbolKind::Module),
    contain("class_declaration", SymbolKind::Class),
    contain("record_declaration", SymbolKind::Class),
    contain("struct_declaration", SymbolKind::Struct),
    contain("interface_declaration", SymbolKind::Interface),
    define("file_scoped_namespace_declaration", SymbolKind::Module),
    define("enum_declaration", SymbolKind::Enum),
    define("delegate_declaration", SymbolKind::Type),
    define("method_declaration", SymbolKind::Method),
    define("constructor_declaration", SymbolKind::Method),
    special("property_declaration", property),
    define("event_declaration", SymbolKind::Field),
    special("field_declaration", field),
    special("event_field_declaration", field),
    special("using_directive", using),
];

#[cfg(feature = "lang-csharp")]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = Some(|| tree_sitter_c_sharp::LANGUAGE.into());
#[cfg(not(feature = "lang-csharp"))]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = None;

pub(super) static DATA: LanguageData = LanguageData {
    language: Language::CSharp,
    extensions: &["cs", "csx"],
    line_comments: &["//"],
    block_comments: true,
    reduction: Reduction::Braces(&LEXIS),
    grammar: GRAMMAR,
    rules: RULES,
    ..PLAIN
};

fn property(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    if let Some(name) = node.child_by_field_name("name") {
        let name = collector.text(name);
        let body = node.child_by_field_name("accessors").or_else(|| node.child_by_field_name("value"));
        collector.define_with_body(SymbolKind::Field, name, node, body);
    }
    Step::Over
}

fn field(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let mut cursor = node.walk();
    let mut constant = false;
    for child in node.named_children(&mut cursor) {
        match child.kind() {
            "modifier" => constant |= collector.bytes(child) == b"const",
            "variable_declaration" => declarators(collector, node, child, constant),
            _ => {}
        }
    }
    Step::Over
}

fn declarators(collector: &mut Collector<'_>, field: Node<'_>, declaration: Node<'_>, constant: bool) {
    let kind = if constant { SymbolKind::Constant } else { SymbolKind::Field };
    let mut cursor = declaration.walk();
    for declarator in
        declaration.named_children(&mut cursor).filter(|child| child.kind() == "variable_declarator")
    {
        if let Some(name) = declarator.child_by_field_name("name") {
            let name = collector.text(name);
            collector.define_with_body(kind, name, field, None);
        }
    }
}

/// `using X.Y;`, `using static X;`, `using A = X.Y;`; a `using (…)` statement is something else.
fn using(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let text = collector.bytes(node);
    let text = text.strip_prefix(b"global ").unwrap_or(text);
    let text = text.strip_prefix(b"using ").unwrap_or(text).trim_ascii_start();
    let text = text.strip_prefix(b"static ").unwrap_or(text);
    let text = text.split(|byte| *byte == b'=').next_back().unwrap_or(text);
    collector.import(text.strip_suffix(b";").unwrap_or(text), node);
    Step::Over
}
