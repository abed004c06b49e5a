//! Ruby: what its syntax nodes define and require.

use crate::code::rules::{LanguageData, PLAIN, Reduction, Rule, Step, descend, special};
use crate::code::tree::Collector;
use crate::code::types::{Language, SymbolKind};
use tree_sitter::Node;

/// Calls whose block holds definitions of the enclosing type.
const TRANSPARENT_CALLS: &[&[u8]] =
    &[b"included", b"class_methods", b"prepended", b"class_eval", b"module_eval", b"class_exec"];

static RULES: &[Rule] = &[
    descend("body_statement"),
    descend("singleton_class"),
    descend("do_block"),
    descend("begin"),
    descend("if"),
    descend("unless"),
    descend("then"),
    descend("else"),
    special("class", class),
    special("module", module),
    special("method", method),
    special("singleton_method", method),
    special("assignment", assignment),
    special("call", call),
    special("argument_list", arguments),
];

#[cfg(feature = "lang-ruby")]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = Some(|| tree_sitter_ruby::LANGUAGE.into());
#[cfg(not(feature = "lang-ruby"))]
const GRAMMAR: Option<fn() -> tree_sitter::Language> = None;

pub(super) static DATA: LanguageData = LanguageData {
    language: Language::Ruby,
    extensions: &["rb", "rake", "gemspec", "ru", "podspec"],
    file_names: &["Rakefile", "Gemfile", "Guardfile", "Vagrantfile", "Podfile", "Capfile", "Brewfile"],
    interpreters: &["ruby", "jruby", "rake"],
    line_comments: &["#"],
    reduction: Reduction::Ruby,
    grammar: GRAMMAR,
    rules: RULES,
    ..PLAIN
};

fn named(collector: &mut Collector<'_>, node: Node<'_>, kind: SymbolKind) -> Step {
    let Some(name) = node.child_by_field_name("name") else { return Step::Into };
    let text = collector.text(name);
    let bare = text.rsplit("::").next().unwrap_or("").to_owned();
    let last = node.child_by_field_name("superclass").unwrap_or(name);
    let Some(index) = collector.define(kind, bare, node) else { return Step::Over };
    collector.end_signature(index, last);
    Step::Inside(index)
}

fn class(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    named(collector, node, SymbolKind::Class)
}

fn module(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    named(collector, node, SymbolKind::Module)
}

fn method(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let inside = collector.container_kind().is_some();
    let kind = if inside { SymbolKind::Method } else { SymbolKind::Function };
    let last = node.child_by_field_name("parameters").or_else(|| node.child_by_field_name("name"));
    if let (Some(index), Some(last)) = (collector.define_by_field(kind, node, "name"), last) {
        collector.end_signature(index, last);
    }
    Step::Over
}

fn assignment(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    if let Some(left) = node.child_by_field_name("left").filter(|left| left.kind() == "constant") {
        let name = collector.text(left);
        collector.define_with_body(SymbolKind::Constant, name, node, node.child_by_field_name("right"));
    }
    Step::Over
}

fn call(collector: &mut Collector<'_>, node: Node<'_>) -> Step {
    let Some(name) = node.child_by_field_name("method") else { return Step::Over };
    let name = collector.bytes(name);
    if TRANSPARENT_CALLS.contains(&name) {
        return Step::Into;
    }
    if matches!(
        name,
        b"private" | b"protected" | b"public" | b"private_class_method" | b"module_function" | b"memoize"
    ) {
        return Step::Into;
    }
    if matches!(name, b"require" | b"require_relative" | b"load" | b"autoload") {
        let arguments = node.child_by_field_name("arguments");
        let last = arguments.and_then(|arguments| {
            arguments.named_child(arguments.named_child_count().saturating_sub(1) as u32)
        });
        if let Some(target) = last.filter(|last| last.kind() == "string") {
            let target = collector.bytes(target).to_vec();
            let quoted = target.get(1..target.len().saturating_sub(1)).unwrap_or(b"");
            let relative = name == b"require_relative" && !quoted.starts_with(b".");
            let prefix: &[u8] = if relative { b"./" } else { b"" };
            collector.import(&[prefix, quoted].concat(), node);
        }
    }
    Step::Over
}

/// `private def name` has its definition among the arguments.
fn arguments(_: &mut Collector<'_>, _: Node<'_>) -> Step {
    Step::Into
}
