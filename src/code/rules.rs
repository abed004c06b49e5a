//! The shape of a language's data: how it is recognised, how its text is lexed, which tree nodes define what.

use super::tree::Collector;
use super::types::{Language, SymbolKind};
use tree_sitter::Node;

/// All that extraction knows of one language.
pub(super) struct LanguageData {
    /// Whose data this is.
    pub language: Language,
    /// File name endings after the last dot, lower case.
    pub extensions: &'static [&'static str],
    /// Whole file names.
    pub file_names: &'static [&'static str],
    /// Program names in a `#!` line.
    pub interpreters: &'static [&'static str],
    /// What a line comment starts with.
    pub line_comments: &'static [&'static str],
    /// Whether `/* … */` is a comment.
    pub block_comments: bool,
    /// How the text is reduced to its declarations before the fast parse.
    pub reduction: Reduction,
    /// The parser; absent when the language has none or its Cargo feature is off.
    pub grammar: Option<fn() -> tree_sitter::Language>,
    /// What its nodes mean; nodes without a rule are not looked into.
    pub rules: &'static [Rule],
}

/// A language without a parser.
pub(super) const PLAIN: LanguageData = LanguageData {
    language: Language::Text,
    extensions: &[],
    file_names: &[],
    interpreters: &[],
    line_comments: &[],
    block_comments: false,
    reduction: Reduction::None,
    grammar: None,
    rules: &[],
};

/// How a source is reduced to its declarations.
pub(super) enum Reduction {
    /// Not at all: the whole text is parsed.
    None,
    /// Bodies are between braces.
    Braces(&'static Lexis),
    /// Bodies are indented blocks after `def …:`.
    Python,
    /// Bodies are between `def` and an `end` of the same indentation.
    Ruby,
    /// Functions are found by line; nothing is parsed.
    Bash,
}

/// How a brace language is lexed.
pub(super) struct Lexis {
    /// `//` starts a comment.
    pub slash_comments: bool,
    /// `#` starts a comment, unless `#[` follows.
    pub hash_comments: bool,
    /// `/* /* */ */` nests.
    pub nested_comments: bool,
    /// `#` at the start of a line is a directive.
    pub directives: bool,
    /// As in C: container words may name the type of a result, and macros may stand for declarations.
    pub c_heads: bool,
    /// What a single quote is.
    pub single_quote: SingleQuote,
    /// What a backtick is.
    pub backtick: Backtick,
    /// Which long string forms there are.
    pub raw: RawString,
    /// `/…/` may be a regular expression.
    pub regex: bool,
    /// Code is only between `<?php` and `?>`.
    pub php_tags: bool,
    /// Words whose braces hold declarations.
    pub containers: &'static [&'static str],
    /// Words that make what follows a function, whatever comes later in its head.
    pub functions: &'static [&'static str],
    /// Words whose braces are lists to be kept whole.
    pub lists: &'static [&'static str],
    /// Words that begin a new statement when first in a line, where `;` is optional.
    pub starters: &'static [&'static str],
    /// Object literals and immediately called functions at the top level hold declarations.
    pub objects: bool,
}

/// A lexis with nothing in it, to be filled by `..`.
pub(super) const NO_LEXIS: Lexis = Lexis {
    slash_comments: true,
    hash_comments: false,
    nested_comments: false,
    directives: false,
    c_heads: false,
    single_quote: SingleQuote::Char,
    backtick: Backtick::None,
    raw: RawString::None,
    regex: false,
    php_tags: false,
    containers: &[],
    functions: &[],
    lists: &[],
    starters: &[],
    objects: false,
};

/// What a single quote starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum SingleQuote {
    /// A character literal that ends in its line.
    Char,
    /// A character literal or a lifetime.
    Lifetime,
    /// A string that may span lines.
    Text,
}

/// What a backtick starts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Backtick {
    /// Nothing.
    None,
    /// A string without escapes.
    Raw,
    /// A template with `${…}`.
    Template,
}

/// The long string forms of a language.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum RawString {
    /// None.
    None,
    /// `r#"…"#`
    Rust,
    /// `R"x(…)x"`
    Cpp,
    /// `@"…"` and `"""…"""`
    CSharp,
    /// `"""…"""`
    TripleQuote,
    /// `<<<X … X`
    Heredoc,
}

/// What the walk does at a node.
pub(super) struct Rule {
    /// Node type of the grammar.
    pub node: &'static str,
    /// What to do there.
    pub action: Action,
}

/// One thing to do at a node.
pub(super) enum Action {
    /// Look at the children.
    Descend,
    /// A definition named by the field `name`; its inside is not looked at.
    Define(SymbolKind),
    /// A definition that contains others.
    Contain(SymbolKind),
    /// Something of this language only.
    Special(fn(&mut Collector<'_>, Node<'_>) -> Step),
}

/// Where the walk goes after a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// To the next sibling.
    Over,
    /// To the children.
    Into,
    /// To the children, which belong to the symbol with this index.
    Inside(u32),
}

/// The children of `node` are looked at.
pub(super) const fn descend(node: &'static str) -> Rule {
    Rule { node, action: Action::Descend }
}

/// `node` defines a `kind`.
pub(super) const fn define(node: &'static str, kind: SymbolKind) -> Rule {
    Rule { node, action: Action::Define(kind) }
}

/// `node` defines a `kind` with members.
pub(super) const fn contain(node: &'static str, kind: SymbolKind) -> Rule {
    Rule { node, action: Action::Contain(kind) }
}

/// `node` needs a look of its own.
pub(super) const fn special(node: &'static str, look: fn(&mut Collector<'_>, Node<'_>) -> Step) -> Rule {
    Rule { node, action: Action::Special(look) }
}
