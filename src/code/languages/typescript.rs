//! TypeScript and TSX: JavaScript's rules with types.

use super::javascript::{LEXIS, assignment, call, export, field, import, pair, variable};
use crate::code::rules::{LanguageData, PLAIN, Reduction, Rule, contain, define, descend, special};
use crate::code::types::{Language, SymbolKind};

static RULES: &[Rule] = &[
    descend("class_body"),
    descend("expression_statement"),
    descend("lexical_declaration"),
    descend("variable_declaration"),
    descend("ambient_declaration"),
    descend("arguments"),
    descend("parenthesized_expression"),
    descend("unary_expression"),
    descend("function_expression"),
    descend("arrow_function"),
    descend("statement_block"),
    descend("object"),
    define("function_declaration", SymbolKind::Function),
    define("generator_function_declaration", SymbolKind::Function),
    define("function_signature", SymbolKind::Function),
    define("method_definition", SymbolKind::Method),
    define("abstract_method_signature", SymbolKind::Method),
    define("interface_declaration", SymbolKind::Interface),
    define("type_alias_declaration", SymbolKind::Type),
    define("enum_declaration", SymbolKind::Enum),
    contain("class_declaration", SymbolKind::Class),
    contain("abstract_class_declaration", SymbolKind::Class),
    contain("internal_module", SymbolKind::Module),
    contain("module", SymbolKind::Module),
    special("public_field_definition", field),
    special("pair", pair),
    special("variable_declarator", variable),
    special("assignment_expression", assignment),
    special("call_expression", call),
    special("export_statement", export),
    special("import_statement", import),
];

#[cfg(feature = "lang-typescript")]
const GRAMMAR: Option<fn() -> tree_sitter::Language> =
    Some(|| tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into());
#[cfg(feature = "lang-typescript")]
const TSX_GRAMMAR: Option<fn() -> tree_sitter::Language> =
    Some(|| tree_sitter_typescript::LANGUAGE_TSX.into());
#[cfg(not(feature = "lang-typescript"))]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = None;
#[cfg(not(feature = "lang-typescript"))]
const TSX_GRAMMAR: Option<fn() -> tree_sitter::Language> = None;

pub(super) static DATA: LanguageData = LanguageData {
    language: Language::TypeScript,
    extensions: &["ts", "mts", "cts"],
    interpreters: &["ts-node", "tsx"],
    line_comments: &["//"],
    block_comments: true,
    reduction: Reduction::Braces(&LEXIS),
    grammar: GRAMMAR,
    rules: RULES,
    ..PLAIN
};

pub(super) static TSX: LanguageData = LanguageData {
    language: Language::Tsx,
    extensions: &["tsx"],
    line_comments: &["//"],
    block_comments: true,
    reduction: Reduction::Braces(&LEXIS),
    grammar: TSX_GRAMMAR,
    rules: RULES,
    ..PLAIN
};
