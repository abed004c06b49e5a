//! Rust source as a flat list of tokens with line numbers: comments are gone, strings are opaque.
//!
//! The compiler's own token types (`proc-macro2`, which the derive macros bring along anyway) instead of a
//! hand-written lexer: raw strings, nested comments and lifetimes are read as rustc reads them, and paths
//! inside macro calls are seen as well, where a full parser such as `syn` sees an opaque macro body.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use std::ops::RangeInclusive;

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Word(String),
    Mark(char),
    Literal(String),
    Open(Delimiter),
    Close(Delimiter),
}

/// A token and the line it stands on, from 1.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) line: usize,
}

impl Token {
    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(own) if own == word)
    }

    pub(super) fn is_mark(&self, mark: char) -> bool {
        self.kind == Kind::Mark(mark)
    }

    pub(super) fn word(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(word) => Some(word),
            _ => None,
        }
    }
}

/// The tokens of `text`; a text that is no Rust stops the test run with the path.
pub(super) fn tokens(path: &str, text: &str) -> Vec<Token> {
    let stream: TokenStream = match text.parse() {
        Ok(stream) => stream,
        Err(error) => panic!("{path}:{}: no Rust tokens: {error}", error.span().start().line),
    };
    let mut flat = Vec::new();
    flatten(stream, &mut flat);
    flat
}

fn flatten(stream: TokenStream, flat: &mut Vec<Token>) {
    for tree in stream {
        let line = tree.span().start().line;
        match tree {
            TokenTree::Ident(ident) => {
                let word = ident.to_string();
                let word = word.strip_prefix("r#").unwrap_or(&word).to_owned();
                flat.push(Token { kind: Kind::Word(word), line });
            }
            TokenTree::Punct(punct) => flat.push(Token { kind: Kind::Mark(punct.as_char()), line }),
            TokenTree::Literal(literal) => {
                flat.push(Token { kind: Kind::Literal(literal.to_string()), line });
            }
            TokenTree::Group(group) => {
                flat.push(Token { kind: Kind::Open(group.delimiter()), line });
                flatten(group.stream(), flat);
                let line = group.span_close().start().line;
                flat.push(Token { kind: Kind::Close(group.delimiter()), line });
            }
        }
    }
}

/// The index of the token that closes the group opened at `open`.
pub(super) fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            Kind::Open(_) => depth += 1,
            Kind::Close(_) => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index;
        }
    }
    tokens.len() - 1
}

/// Lines of `#[cfg(test)]` modules, attribute and braces counted; all lines of a file of tests.
///
/// A file of tests is called `tests.rs` or `<subject>_tests.rs`; that such a file is never part of the program is
/// a rule of its own (`words::test_modules`).
pub(super) fn test_lines(path: &str, tokens: &[Token]) -> Vec<RangeInclusive<usize>> {
    if path.ends_with("/tests.rs") || path.ends_with("_tests.rs") {
        return vec![1..=usize::MAX];
    }
    let spans = test_modules(tokens).into_iter().filter_map(|(start, module)| {
        let open = module + 2;
        let inline = tokens.get(open)?.kind == Kind::Open(Delimiter::Brace);
        inline.then(|| tokens[start].line..=tokens[closing(tokens, open)].line)
    });
    spans.collect()
}

/// Modules under `#[cfg(test)]`: the index of the attribute and that of the word `mod`.
pub(super) fn test_modules(tokens: &[Token]) -> Vec<(usize, usize)> {
    let starts =
        (0..tokens.len()).filter(|start| tokens[*start].is_mark('#') && is_cfg_test(tokens, start + 1));
    starts.filter_map(|start| Some((start, module_word(tokens, closing(tokens, start + 1) + 1)?))).collect()
}

/// Whether `[cfg(test)]` stands at `open`.
fn is_cfg_test(tokens: &[Token], open: usize) -> bool {
    let words: Vec<&str> = tokens.iter().skip(open + 1).take(4).filter_map(Token::word).collect();
    tokens.get(open).is_some_and(|token| token.kind == Kind::Open(Delimiter::Bracket))
        && closing(tokens, open) == open + 5
        && words == ["cfg", "test"]
}

/// The index of the word `mod` of the module that starts at `index`, behind further attributes and visibility.
fn module_word(tokens: &[Token], mut index: usize) -> Option<usize> {
    while tokens.get(index)?.is_mark('#') {
        index = closing(tokens, index + 1) + 1;
    }
    if tokens.get(index)?.is_word("pub") {
        index += 1;
        if tokens.get(index)?.kind == Kind::Open(Delimiter::Parenthesis) {
            index = closing(tokens, index) + 1;
        }
    }
    tokens.get(index)?.is_word("mod").then_some(index)
}

#[test]
fn comments_and_strings_hold_no_tokens() {
    let text = "// crate::cli\n/* a /* nested */ crate::cli */ fn a<'a>() { r#\"crate::cli \" \"#; \"crate::cli\"; '\\''; }";
    let tokens = tokens("a.rs", text);
    assert!(!tokens.iter().any(|token| token.is_word("crate")), "{tokens:?}");
    assert_eq!(tokens.iter().filter(|token| matches!(token.kind, Kind::Literal(_))).count(), 3);
}

#[test]
fn only_test_modules_are_test_lines() {
    let text = "fn a() {}\n#[cfg(test)]\n#[expect(dead_code)]\npub(crate) mod tests {\n fn b() {}\n}\nfn c() {}\n\
                #[cfg(test)]\nfn d() {}\n#[cfg(not(test))]\nmod e {}\n#[cfg(test)]\nmod f;";
    assert_eq!(test_lines("src/a/a.rs", &tokens("a.rs", text)), [2..=6]);
    for path in ["src/a/tests.rs", "src/a/wire_tests.rs"] {
        assert_eq!(test_lines(path, &tokens(path, "fn a() {}")), [1..=usize::MAX]);
    }
}
