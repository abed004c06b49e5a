//! JavaScript: what its syntax nodes define and import; TypeScript adds to it.

use crate::code::rules::{Backtick, LanguageData, Lexis, NO_LEXIS, Reduction, Rule, SingleQuote, Step};
use crate::code::rules::{contain, define, descend, special};
use crate::code::tree::Collector;
use crate::code::types::{Language, SymbolKind};
use tree_sitter::Node;

pub(super) static LEXIS: Lexis = Lexis {
    single_quote: SingleQuote::Text,
    backtick: Backtick::Template,
    regex: true,
    containers: &["class", "namespace", "module", "global"],
    functions: &["function"],
    starters: &[
        "class",
        "function",
        "async",
        "export",
        "import",
        "const",
        "let",
        "var",
        "interface",
        "type",
        "abstract",
        "declare",
        "enum",
        "namespace",
        "if",
        "for",
        "while",
        "try",
        "switch",
        "return",
        "module",
        "exports",
        "static",
        "public",
        "private",
        "protected",
        "readonly",
        "get",
        "set",
    ],
    objects: true,
    ..NO_LEXIS
};

static RULES: &[Rule] = &[
    descend("class_body"),
    descend("expression_statement"),
    descend("lexical_declaration"),
    descend("variable_declaration"),
    descend("arguments"),
    descend("parenthesized_expression"),
    descend("unary_expression"),
    descend("function_expression"),
    descend("arrow_function"),
    descend("statement_block"),
    descend("object"),
    define("function_declaration", SymbolKind::Function),
    define("generator_function_declaration", SymbolKind::Function),
    define("method_definition", SymbolKind::Method),
    contain("class_declaration", SymbolKind::Class),
    special("field_definition", field),
    special("pair", pair),
    special("variable_declarator", variable),
    special("assignment_expression", assignment),
    special("call_expression", call),
    special("export_statement", export),
    special("import_statement", import),
];

#[cfg(feature = "lang-javascript")]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = Some(|| tree_sitter_javascript::LANGUAGE.into());
#[cfg(not(feature = "lang-javascript"))]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = None;

pub(super) static DATA: LanguageData = LanguageData {
    language: Language::JavaScript,
    extensions: &["js", "mjs", "cjs", "jsx"],
    file_names: &["Jakefile"],
    interpreters: &["node", "nodejs", "bun", "deno"],
    line_comments: &["//"],
    block_comments: true,
    reduction: Reduction::Braces(&LEXIS),
    grammar: GRAMMAR,
    rules: RULES,
};

fn is_function(node: Node<'_>) -> bool {
    matches!(node.kind(), "arrow_function" | "function_expression" | "generator_function")
}

/// Where the body of a function value begins, which ends the signature.
fn function_body(value: Node<'_>) -> Option<Node<'_>> {
    value.child_by_field_name("body").or(Some(value))
}

/// A class field that holds a function is a method.
pub(super) fn field(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let name = node.child_by_field_name("property").or_else(|| node.child_by_field_name("name"));
    let value = node.child_by_field_name("value").filter(|value| is_function(*value));
    if let (Some(name), Some(value)) = (name, value) {
        let name = collector.text(name);
        collector.define_with_body(SymbolKind::Method, name, node, function_body(value));
    }
    Step::Over
}

/// A property of a top-level object that holds a function is a method.
pub(super) fn pair(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let value = node.child_by_field_name("value").filter(|value| is_function(*value));
    if let (Some(key), Some(value)) = (node.child_by_field_name("key"), value) {
        let name = collector.text(key);
        let name = name.trim_matches(['"', '\'']).to_owned();
        collector.define_with_body(SymbolKind::Method, name, node, function_body(value));
    }
    Step::Over
}

pub(super) fn variable(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let value = node.child_by_field_name("value");
    if let Some(call) = value.filter(|value| value.kind() == "call_expression") {
        require(collector, call);
    }
    let Some(name) = node.child_by_field_name("name").filter(|name| name.kind() == "identifier") else {
        return Step::Over;
    };
    let name = collector.text(name);
    let constant = node.parent().and_then(|parent| parent.child_by_field_name("kind"));
    let constant = constant.is_some_and(|kind| kind.kind() == "const");
    let plain = if constant { SymbolKind::Constant } else { SymbolKind::Variable };
    let Some(value) = value else {
        collector.define(plain, name, node);
        return Step::Over;
    };
    if is_function(value) {
        collector.define_with_body(SymbolKind::Function, name, node, function_body(value));
        return Step::Over;
    }
    if value.kind() == "class" {
        let body = value.child_by_field_name("body");
        return match collector.define_with_body(SymbolKind::Class, name, node, body) {
            Some(index) => inside_value(collector, value, index),
            None => Step::Over,
        };
    }
    if is_require(collector, value) {
        return Step::Over;
    }
    match collector.define_with_body(plain, name, node, Some(value)) {
        Some(index) if value.kind() == "object" => Step::Inside(index),
        _ => Step::Over,
    }
}

/// The members of a class expression; the walk itself goes on beside it.
fn inside_value(collector: &mut Collector<'_>, class: Node<'_>, index: u32) -> Step {
    let Some(body) = class.child_by_field_name("body") else { return Step::Over };
    collector.with_container(index, |collector| {
        let mut cursor = body.walk();
        for member in body.named_children(&mut cursor) {
            match member.kind() {
                "method_definition" => {
                    collector.define_by_field(SymbolKind::Method, member, "name");
                }
                "field_definition" | "public_field_definition" => {
                    field(collector, member);
                }
                _ => {}
            }
        }
    });
    Step::Over
}

/// `module.exports = …`, `exports.name = …`, `Name.prototype.method = …`.
pub(super) fn assignment(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right"))
    else {
        return Step::Over;
    };
    if right.kind() == "call_expression" {
        require(collector, right);
    }
    if right.kind() == "assignment_expression" {
        return Step::Into;
    }
    let Some(property) = left.child_by_field_name("property") else { return Step::Over };
    let name = collector.text(property);
    if is_function(right) {
        let kind = if collector.bytes(left).contains(&b'.') && name != "exports" {
            SymbolKind::Function
        } else {
            return if name == "exports" { exported_function(collector, node, right) } else { Step::Over };
        };
        collector.define_with_body(kind, name, node, function_body(right));
        return Step::Over;
    }
    match right.kind() {
        "object" => Step::Into,
        "class" => {
            let class = right.child_by_field_name("name").map_or(name, |name| collector.text(name));
            let body = right.child_by_field_name("body");
            match collector.define_with_body(SymbolKind::Class, class, node, body) {
                Some(index) => inside_value(collector, right, index),
                None => Step::Over,
            }
        }
        _ => Step::Over,
    }
}

fn exported_function(collector: &mut Collector<'_>, node: Node<'_>, function: Node<'_>) -> Step {
    if let Some(name) = function.child_by_field_name("name") {
        let name = collector.text(name);
        collector.define_with_body(SymbolKind::Function, name, node, function_body(function));
    }
    Step::Over
}

fn is_require(collector: &Collector<'_>, call: Node<'_>) -> bool {
    let function = call.child_by_field_name("function");
    function.is_some_and(|function| matches!(collector.bytes(function), b"require" | b"import"))
}

fn require(collector: &mut Collector<'_>, call: Node<'_>) {
    if !is_require(collector, call) {
        return;
    }
    let argument = call.child_by_field_name("arguments").and_then(|arguments| arguments.named_child(0));
    if let Some(argument) = argument.filter(|argument| argument.kind() == "string") {
        collector.import(collector.bytes(argument), call);
    }
}

/// Functions called where they stand and `define(…)` wrap whole modules.
pub(super) fn call(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    require(collector, node);
    let Some(function) = node.child_by_field_name("function").filter(|_| collector.at_top()) else {
        return Step::Over;
    };
    let wrapper = match function.kind() {
        "parenthesized_expression" | "function_expression" => true,
        "member_expression" => function
            .child_by_field_name("object")
            .is_some_and(|object| object.kind() == "parenthesized_expression"),
        _ => collector.bytes(function) == b"define",
    };
    if wrapper { Step::Into } else { Step::Over }
}

pub(super) fn export(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    if let Some(source) = node.child_by_field_name("source") {
        collector.import(collector.bytes(source), node);
        return Step::Over;
    }
    match node.child_by_field_name("value").map(|value| value.kind()) {
        Some("object" | "class" | "call_expression") | None => Step::Into,
        Some(_) => Step::Over,
    }
}

pub(super) fn import(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let clause = || node.named_child(0).and_then(|clause| clause.child_by_field_name("source"));
    if let Some(source) = node.child_by_field_name("source").or_else(clause) {
        collector.import(collector.bytes(source), node);
    }
    Step::Over
}
