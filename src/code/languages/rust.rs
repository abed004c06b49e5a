//! Rust: what its syntax nodes define and import.

use crate::code::rules::{LanguageData, Lexis, NO_LEXIS, RawString, Reduction, Rule, SingleQuote, Step};
use crate::code::rules::{PLAIN, contain, define, descend, special};
use crate::code::tree::Collector;
use crate::code::types::{Language, SymbolKind};
use tree_sitter::Node;

/// Targets taken from one `use` tree.
const USE_TARGETS_MAX: usize = 100;

static LEXIS: Lexis = Lexis {
    nested_comments: true,
    single_quote: SingleQuote::Lifetime,
    raw: RawString::Rust,
    containers: &["impl", "mod", "trait", "extern"],
    functions: &["fn", "macro_rules"],
    lists: &["use"],
    ..NO_LEXIS
};

static RULES: &[Rule] = &[
    descend("declaration_list"),
    descend("foreign_mod_item"),
    define("function_item", SymbolKind::Function),
    define("function_signature_item", SymbolKind::Function),
    define("struct_item", SymbolKind::Struct),
    define("union_item", SymbolKind::Struct),
    define("enum_item", SymbolKind::Enum),
    define("type_item", SymbolKind::Type),
    define("const_item", SymbolKind::Constant),
    define("static_item", SymbolKind::Variable),
    define("macro_definition", SymbolKind::Macro),
    contain("trait_item", SymbolKind::Trait),
    special("mod_item", module),
    special("impl_item", implementation),
    special("use_declaration", uses),
    special("extern_crate_declaration", extern_crate),
];

#[cfg(feature = "lang-rust")]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = Some(|| tree_sitter_rust::LANGUAGE.into());
#[cfg(not(feature = "lang-rust"))]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = None;

pub(super) static DATA: LanguageData = LanguageData {
    language: Language::Rust,
    extensions: &["rs"],
    line_comments: &["//"],
    block_comments: true,
    reduction: Reduction::Braces(&LEXIS),
    grammar: GRAMMAR,
    rules: RULES,
    ..PLAIN
};

fn module(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    if node.child_by_field_name("body").is_some() {
        return collector.define_by_field(SymbolKind::Module, node, "name").map_or(Step::Over, Step::Inside);
    }
    if let Some(name) = node.child_by_field_name("name") {
        let target = [b"self::", collector.bytes(name)].concat();
        collector.import(&target, node);
    }
    Step::Over
}

fn implementation(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let Some(mut target) = node.child_by_field_name("type") else { return Step::Into };
    for field in ["type", "name"] {
        if let Some(inner) = target.child_by_field_name(field) {
            target = inner;
        }
    }
    let name = collector.text(target);
    collector.define(SymbolKind::Impl, name, node).map_or(Step::Into, Step::Inside)
}

fn extern_crate(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    if let Some(name) = node.child_by_field_name("name") {
        collector.import(collector.bytes(name), node);
    }
    Step::Over
}

fn uses(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    if let Some(argument) = node.child_by_field_name("argument") {
        let tree: Vec<u8> = collector.bytes(argument).to_vec();
        for target in expand(&tree) {
            collector.import(&target, node);
        }
    }
    Step::Over
}

/// The paths of a use tree: `a::{b, c::{d, e}}` gives `a::b`, `a::c::d`, `a::c::e`.
fn expand(tree: &[u8]) -> Vec<Vec<u8>> {
    let mut targets = Vec::new();
    let mut prefixes: Vec<Vec<u8>> = vec![Vec::new()];
    let mut path: Vec<u8> = Vec::new();
    let mut aliased = false;
    let mut index = 0;
    while let Some(byte) = tree.get(index).copied().filter(|_| targets.len() < USE_TARGETS_MAX) {
        match byte {
            b'{' => {
                let mut prefix = prefixes.last().cloned().unwrap_or_default();
                prefix.append(&mut path);
                if prefix.len() < 1_000 {
                    prefixes.push(prefix);
                }
            }
            b',' | b'}' => {
                finish(&mut targets, &prefixes, &mut path);
                aliased = false;
                if byte == b'}' && prefixes.len() > 1 {
                    prefixes.pop();
                }
            }
            b if b.is_ascii_whitespace() => aliased |= tree.get(index + 1..index + 4) == Some(b"as "),
            _ if !aliased => path.push(byte),
            _ => {}
        }
        index += 1;
    }
    finish(&mut targets, &prefixes, &mut path);
    targets
}

fn finish(targets: &mut Vec<Vec<u8>>, prefixes: &[Vec<u8>], path: &mut Vec<u8>) {
    if path.is_empty() {
        return;
    }
    let mut target = prefixes.last().cloned().unwrap_or_default();
    if path.as_slice() == b"self" {
        while target.last() == Some(&b':') {
            target.pop();
        }
        path.clear();
    } else {
        target.append(path);
    }
    targets.push(target);
}

#[cfg(test)]
mod tests {
    use super::expand;

    #[test]
    fn use_trees_expand_to_paths() {
        let targets = expand(b"a::{self, b as c, d::{e, f::*},\n g}");
        let text: Vec<String> =
            targets.iter().map(|path| String::from_utf8_lossy(path).into_owned()).collect();
        assert_eq!(text, ["a", "a::b", "a::d::e", "a::d::f::*", "a::g"]);
        assert_eq!(expand(b"std::io"), [b"std::io".to_vec()]);
        assert!(expand(b"}},{{{{").is_empty());
    }
}
