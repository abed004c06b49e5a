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
    Literal,
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
            TokenTree::Literal(_) => flat.push(Token { kind: Kind::Literal, line }),
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

/// Lines of `#[cfg(test)]` modules, attribute and braces counted; all lines of a file with `#![cfg(test)]`.
pub(super) fn test_lines(tokens: &[Token]) -> Vec<RangeInclusive<usize>> {
    let mut found = Vec::new();
    for start in 0..tokens.len() {
        if !tokens[start].is_mark('#') {
            continue;
        }
        let inner = tokens.get(start + 1).is_some_and(|token| token.is_mark('!'));
        let open = start + 1 + usize::from(inner);
        if !is_cfg_test(tokens, open) {
            continue;
        }
        if inner && start == 0 {
            return vec![1..=usize::MAX];
        }
        if let Some(end) = module_end(tokens, closing(tokens, open) + 1) {
            found.push(tokens[start].line..=tokens[end].line);
        }
    }
    found
}

/// Whether `[cfg(test)]` stands at `open`.
fn is_cfg_test(tokens: &[Token], open: usize) -> bool {
    let words: Vec<&str> = tokens.iter().skip(open + 1).take(4).filter_map(Token::word).collect();
    tokens.get(open).is_some_and(|token| token.kind == Kind::Open(Delimiter::Bracket))
        && closing(tokens, open) == open + 5
        && words == ["cfg", "test"]
}

/// The last token of the module that starts at `index`, behind further attributes and visibility.
fn module_end(tokens: &[Token], mut index: usize) -> Option<usize> {
    while tokens.get(index)?.is_mark('#') {
        index = closing(tokens, index + 1) + 1;
    }
    if tokens.get(index)?.is_word("pub") {
        index += 1;
        if tokens.get(index)?.kind == Kind::Open(Delimiter::Parenthesis) {
            index = closing(tokens, index) + 1;
        }
    }
    let open = index + 2;
    let module = tokens.get(index)?.is_word("mod") && tokens.get(open)?.kind == Kind::Open(Delimiter::Brace);
    module.then(|| closing(tokens, open))
}

#[test]
fn comments_and_strings_hold_no_tokens() {
    let text = "// crate::cli\n/* a /* nested */ crate::cli */ fn a<'a>() { r#\"crate::cli \" \"#; \"crate::cli\"; '\\''; }";
    let tokens = tokens("a.rs", text);
    assert!(!tokens.iter().any(|token| token.is_word("crate")), "{tokens:?}");
    assert_eq!(tokens.iter().filter(|token| token.kind == Kind::Literal).count(), 3);
}

#[test]
fn only_test_modules_are_test_lines() {
    let text = "fn a() {}\n#[cfg(test)]\n#[expect(dead_code)]\npub(crate) mod tests {\n fn b() {}\n}\nfn c() {}\n\
                #[cfg(test)]\nfn d() {}\n#[cfg(not(test))]\nmod e {}\n#[cfg(test)]\nmod f;";
    assert_eq!(test_lines(&tokens("a.rs", text)), [2..=6]);
    assert_eq!(test_lines(&tokens("a.rs", "#![cfg(test)]\nfn a() {}")), [1..=usize::MAX]);
}
