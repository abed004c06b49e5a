//! Scala 2 and 3: what its syntax nodes define and import.

use crate::code::rules::{LanguageData, PLAIN, Reduction, Rule, Step};
use crate::code::rules::{contain, define, descend, special};
use crate::code::tree::Collector;
use crate::code::types::{Language, SymbolKind};
use tree_sitter::Node;

static RULES: &[Rule] = &[
    descend("template_body"),
    descend("with_template_body"),
    descend("enum_body"),
    descend("enum_case_definitions"),
    descend("package_clause"),
    descend("extension_definition"),
    descend("given_definition"),
    contain("class_definition", SymbolKind::Class),
    contain("object_definition", SymbolKind::Class),
    contain("trait_definition", SymbolKind::Trait),
    contain("enum_definition", SymbolKind::Enum),
    contain("package_object", SymbolKind::Module),
    define("function_definition", SymbolKind::Function),
    define("function_declaration", SymbolKind::Function),
    define("type_definition", SymbolKind::Type),
    define("simple_enum_case", SymbolKind::Constant),
    define("full_enum_case", SymbolKind::Constant),
    special("val_definition", value),
    special("var_definition", value),
    special("val_declaration", value),
    special("var_declaration", value),
    special("import_declaration", import),
];

#[cfg(feature = "lang-scala")]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = Some(|| tree_sitter_scala::LANGUAGE.into());
#[cfg(not(feature = "lang-scala"))]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = None;

pub(super) static DATA: LanguageData = LanguageData {
    language: Language::Scala,
    extensions: &["scala", "sc"],
    line_comments: &["//"],
    block_comments: true,
    reduction: Reduction::None,
    grammar: GRAMMAR,
    rules: RULES,
    ..PLAIN
};

fn value(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let kind = if collector.at_top() { SymbolKind::Variable } else { SymbolKind::Field };
    let name = node.child_by_field_name("pattern").or_else(|| node.child_by_field_name("name"));
    if let Some(name) = name.filter(|name| name.kind() == "identifier") {
        collector.define(kind, collector.text(name), node);
    }
    Step::Over
}

/// `import a.b.{C => D, E}, f.g._` gives `a.b.C`, `a.b.E`, `f.g._`.
fn import(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let text = String::from_utf8_lossy(collector.bytes(node)).into_owned();
    let text = text.strip_prefix("import").unwrap_or(&text);
    let (mut prefix, mut part) = (String::new(), String::new());
    let mut targets: Vec<String> = Vec::new();
    for ch in text.chars().chain([',']) {
        match ch {
            '{' => prefix = std::mem::take(&mut part).trim().to_owned(),
            ',' | '}' => {
                let name = part.split("=>").next().unwrap_or_default();
                let name = name.split(" as ").next().unwrap_or_default().trim();
                if !name.is_empty() {
                    targets.push(format!("{prefix}{name}"));
                }
                part.clear();
                if ch == '}' {
                    prefix.clear();
                }
            }
            ch => part.push(ch),
        }
    }
    for target in targets {
        collector.import(target.as_bytes(), node);
    }
    Step::Over
}
