//! Python: what its syntax nodes define and import.

use crate::code::rules::{LanguageData, PLAIN, Reduction, Rule, Step, contain, define, descend, special};
use crate::code::tree::Collector;
use crate::code::types::{Language, SymbolKind};
use tree_sitter::Node;

static RULES: &[Rule] = &[
    descend("block"),
    descend("decorated_definition"),
    descend("if_statement"),
    descend("elif_clause"),
    descend("else_clause"),
    descend("try_statement"),
    descend("except_clause"),
    descend("finally_clause"),
    descend("with_statement"),
    descend("expression_statement"),
    define("function_definition", SymbolKind::Function),
    contain("class_definition", SymbolKind::Class),
    special("assignment", assignment),
    special("import_statement", import),
    special("import_from_statement", import_from),
];

#[cfg(feature = "lang-python")]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = Some(|| tree_sitter_python::LANGUAGE.into());
#[cfg(not(feature = "lang-python"))]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = None;

pub(super) static DATA: LanguageData = LanguageData {
    language: Language::Python,
    extensions: &["py", "pyi", "pyw"],
    file_names: &["SConstruct", "SConscript", "wscript"],
    interpreters: &["python", "pypy"],
    line_comments: &["#"],
    reduction: Reduction::Python,
    grammar: GRAMMAR,
    rules: RULES,
    ..PLAIN
};

/// Module and class level names; class attributes only when written as constants.
fn assignment(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let Some(left) = node.child_by_field_name("left").filter(|left| left.kind() == "identifier") else {
        return Step::Over;
    };
    let name = collector.bytes(left);
    let constant = name.iter().any(u8::is_ascii_uppercase) && !name.iter().any(u8::is_ascii_lowercase);
    if constant || collector.at_top() {
        let kind = if constant { SymbolKind::Constant } else { SymbolKind::Variable };
        let value = node.child_by_field_name("right");
        let name = collector.text(left);
        collector.define_with_body(kind, name, node, value);
    }
    Step::Over
}

fn import(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let mut cursor = node.walk();
    for name in node.children_by_field_name("name", &mut cursor) {
        let name = name.child_by_field_name("name").unwrap_or(name);
        collector.import(collector.bytes(name), node);
    }
    Step::Over
}

/// `from a import b` may name the module `a.b` or something inside `a`: the targets are `a` and `a.b`.
fn import_from(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let Some(module) = node.child_by_field_name("module_name") else { return Step::Over };
    let module = collector.bytes(module);
    if module.iter().any(|byte| *byte != b'.') {
        collector.import(module, node);
    }
    let mut cursor = node.walk();
    for name in node.children_by_field_name("name", &mut cursor) {
        let name = collector.bytes(name.child_by_field_name("name").unwrap_or(name));
        let dot: &[u8] = if module.ends_with(b".") { b"" } else { b"." };
        collector.import(&[module, dot, name].concat(), node);
    }
    Step::Over
}
