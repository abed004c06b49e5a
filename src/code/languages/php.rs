//! PHP: what its syntax nodes define and use.

use crate::code::rules::{
    LanguageData, Lexis, NO_LEXIS, PLAIN, RawString, Reduction, Rule, SingleQuote, Step,
};
use crate::code::rules::{contain, define, descend, special};
use crate::code::tree::Collector;
use crate::code::types::{Language, SymbolKind};
use tree_sitter::Node;

static LEXIS: Lexis = Lexis {
    hash_comments: true,
    single_quote: SingleQuote::Text,
    raw: RawString::Heredoc,
    php_tags: true,
    containers: &["class", "interface", "trait", "enum", "namespace"],
    functions: &["function", "fn"],
    lists: &["use"],
    ..NO_LEXIS
};

static RULES: &[Rule] = &[
    descend("declaration_list"),
    descend("enum_declaration_list"),
    descend("compound_statement"),
    descend("namespace_definition"),
    descend("expression_statement"),
    contain("class_declaration", SymbolKind::Class),
    contain("interface_declaration", SymbolKind::Interface),
    contain("trait_declaration", SymbolKind::Trait),
    contain("enum_declaration", SymbolKind::Enum),
    define("method_declaration", SymbolKind::Method),
    define("function_definition", SymbolKind::Function),
    special("const_declaration", constants),
    special("property_declaration", properties),
    special("namespace_use_declaration", uses),
    special("include_expression", include),
    special("include_once_expression", include),
    special("require_expression", include),
    special("require_once_expression", include),
];

#[cfg(feature = "lang-php")]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = Some(|| tree_sitter_php::LANGUAGE_PHP.into());
#[cfg(not(feature = "lang-php"))]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = None;

pub(super) static DATA: LanguageData = LanguageData {
    language: Language::Php,
    extensions: &["php", "phtml", "php5", "inc"],
    interpreters: &["php"],
    line_comments: &["//", "#"],
    block_comments: true,
    reduction: Reduction::Braces(&LEXIS),
    grammar: GRAMMAR,
    rules: RULES,
    ..PLAIN
};

fn constants(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let mut cursor = node.walk();
    for element in node.named_children(&mut cursor).filter(|child| child.kind() == "const_element") {
        if let Some(name) = element.named_child(0) {
            let name = collector.text(name);
            collector.define_with_body(SymbolKind::Constant, name, node, None);
        }
    }
    Step::Over
}

fn properties(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let mut cursor = node.walk();
    for element in node.named_children(&mut cursor).filter(|child| child.kind() == "property_element") {
        if let Some(name) = element.child_by_field_name("name") {
            let name = collector.text(name).trim_start_matches('$').to_owned();
            collector.define_with_body(SymbolKind::Field, name, node, None);
        }
    }
    Step::Over
}

/// `use A\B\{C, D};` gives each name; aliases are left out.
fn uses(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let text = collector.bytes(node);
    let text = text.strip_prefix(b"use").unwrap_or(text).trim_ascii();
    let text = text.strip_suffix(b";").unwrap_or(text);
    let text =
        [&b"function "[..], b"const "].into_iter().find_map(|word| text.strip_prefix(word)).unwrap_or(text);
    let brace = memchr::memchr(b'{', text);
    let prefix = text.get(..brace.unwrap_or(0)).unwrap_or(b"").to_vec();
    let names = text.get(brace.map_or(0, |brace| brace + 1)..).unwrap_or(b"").to_vec();
    for name in names.split(|byte| matches!(byte, b',' | b'}')) {
        let name = name.trim_ascii();
        let name =
            memchr::memmem::find(name, b" as ").map_or(name, |alias| name.get(..alias).unwrap_or(name));
        if !name.is_empty() {
            collector.import(&[prefix.as_slice(), name].concat(), node);
        }
    }
    Step::Over
}

/// `require __DIR__ . '/x.php'` gives the part in quotes.
fn include(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let text = collector.bytes(node);
    let parts = |quote: u8| text.split(move |byte| *byte == quote).nth(1).map(<[u8]>::to_vec);
    if let Some(target) = parts(b'\'').or_else(|| parts(b'"')) {
        collector.import(&target, node);
    }
    Step::Over
}
