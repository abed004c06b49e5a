//! Bash: what its syntax nodes define and source.

use crate::code::rules::{LanguageData, PLAIN, Reduction, Rule, Step, define, descend, special};
use crate::code::tree::Collector;
use crate::code::types::{Language, SymbolKind};
use tree_sitter::Node;

static RULES: &[Rule] = &[
    descend("declaration_command"),
    define("function_definition", SymbolKind::Function),
    special("variable_assignment", variable),
    special("command", command),
];

#[cfg(feature = "lang-bash")]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = Some(|| tree_sitter_bash::LANGUAGE.into());
#[cfg(not(feature = "lang-bash"))]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = None;

pub(super) static DATA: LanguageData = LanguageData {
    language: Language::Bash,
    extensions: &["sh", "bash", "zsh", "ksh", "bats"],
    file_names: &[".bashrc", ".bash_profile", ".profile", ".zshrc", "PKGBUILD"],
    interpreters: &["sh", "bash", "zsh", "dash", "ksh", "ash", "bats"],
    line_comments: &["#"],
    reduction: Reduction::Bash,
    grammar: GRAMMAR,
    rules: RULES,
    ..PLAIN
};

/// Upper-case variables; the others are local by habit.
fn variable(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let Some(name) = node.child_by_field_name("name") else { return Step::Over };
    let bytes = collector.bytes(name);
    if bytes.first().is_some_and(u8::is_ascii_uppercase) && !bytes.iter().any(u8::is_ascii_lowercase) {
        let name = collector.text(name);
        collector.define(SymbolKind::Variable, name, node);
    }
    Step::Over
}

fn command(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let name = node.child_by_field_name("name").map(|name| collector.bytes(name));
    if matches!(name, Some(b"source" | b"."))
        && let Some(target) = node.child_by_field_name("argument")
    {
        collector.import(collector.bytes(target), node);
    }
    Step::Over
}
