//! The rules about what a file must say and what it must not hold.

use super::source::{Kind, Token, closing, test_modules, tokens};
use super::{Violation, imports};
use proc_macro2::Delimiter;

/// Line 1 says what the file is for.
pub(super) fn first_line(path: &str, text: &str) -> Vec<Violation> {
    let first = text.lines().next().unwrap_or_default();
    let said = first.strip_prefix("//! ").is_some_and(|said| said.trim().len() > 5);
    if said {
        Vec::new()
    } else {
        vec![Violation::new("first-line", path, 1, "does not say what the file is for")]
    }
}

/// A room's `mod.rs` states what always holds or what the room knows nothing of, and keeps its modules private.
pub(super) fn room_face(path: &str, text: &str) -> Vec<Violation> {
    let is_room =
        imports::module_path(path).is_some_and(|module| module.len() == 1) && path.ends_with("/mod.rs");
    if !is_room {
        return Vec::new();
    }
    let docs: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).collect();
    let docs = docs.join(" ");
    let mut violations = Vec::new();
    if !docs.contains("nvariant") && !docs.contains("nothing of") {
        violations.push(Violation::new(
            "room-face",
            path,
            1,
            "states neither an invariant nor what it knows nothing of",
        ));
    }
    let tokens = tokens(path, text);
    for (index, token) in tokens.iter().enumerate().filter(|(_, token)| token.is_word("mod")) {
        let before = &tokens[..index];
        let public = before
            .last()
            .is_some_and(|last| last.is_word("pub") || last.kind == Kind::Close(Delimiter::Parenthesis));
        if public {
            let name = tokens.get(index + 1).and_then(Token::word).unwrap_or_default();
            violations.push(Violation::new("room-face", path, token.line, format!("public module {name}")));
        }
    }
    violations
}

/// A lint is suppressed with `#[expect(…, reason = "…")]` only; a crate root may allow some for its tests.
pub(super) fn suppressions(path: &str, text: &str) -> Vec<Violation> {
    let tokens = tokens(path, text);
    let mut violations = Vec::new();
    for (line, attribute) in attributes(&tokens) {
        let has = |word: &str| attribute.iter().any(|token| token.is_word(word));
        let head = attribute.first().and_then(Token::word).unwrap_or_default();
        let for_tests = head == "cfg_attr"
            && attribute.get(2).is_some_and(|token| token.is_word("test"))
            && attribute.get(3).is_some_and(|token| token.is_mark(','));
        let allows = head == "allow" || (head == "cfg_attr" && has("allow") && !for_tests);
        if allows {
            violations.push(Violation::new("suppression", path, line, "allow; use expect with a reason"));
        } else if (head == "expect" || (head == "cfg_attr" && (has("expect") || has("allow"))))
            && !has("reason")
        {
            violations.push(Violation::new("suppression", path, line, "no reason given"));
        }
    }
    violations
}

/// Nothing unfinished, switched off, or brought in past the module tree.
pub(super) fn leftovers(path: &str, text: &str) -> Vec<Violation> {
    let tokens = tokens(path, text);
    let mut violations = Vec::new();
    for (line, attribute) in attributes(&tokens) {
        let head = attribute.first().and_then(Token::word).unwrap_or_default();
        // Tests may lie beside their subject in a file that is named after it.
        let of_tests = head == "path"
            && matches!(&attribute[2].kind, Kind::Literal(file) if file.ends_with("_tests.rs\"") && !file.contains('/'));
        for word in ["ignore", "path"] {
            let conditional = head == "cfg_attr" && attribute.iter().any(|token| token.is_word(word));
            if of_tests {
                continue;
            }
            if head == word || conditional {
                violations.push(Violation::new("leftover", path, line, format!("#[{word}]")));
            }
        }
    }
    for pair in tokens.windows(2) {
        let word = pair[0].word().unwrap_or_default();
        let called = pair[1].is_mark('!') && ["todo", "unimplemented", "dbg", "include"].contains(&word);
        let extern_crate = word == "extern" && pair[1].is_word("crate");
        if called || extern_crate {
            violations.push(Violation::new("leftover", path, pair[0].line, word));
        }
    }
    violations
}

/// A module called `tests` or `…_tests`, or taken from such a file, is compiled for tests only.
pub(super) fn test_modules_only(path: &str, text: &str) -> Vec<Violation> {
    let tokens = tokens(path, text);
    let guarded: Vec<usize> = test_modules(&tokens).into_iter().map(|(_, module)| module).collect();
    let mut violations = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let name =
            tokens.get(index + 1).and_then(Token::word).filter(|_| token.is_word("mod")).unwrap_or_default();
        if (name == "tests" || name.ends_with("_tests")) && !guarded.contains(&index) {
            violations.push(Violation::new(
                "test-module",
                path,
                token.line,
                format!("mod {name} without cfg(test)"),
            ));
        }
        let file = matches!(&token.kind, Kind::Literal(file) if file.ends_with("_tests.rs\""));
        let from_file =
            file && index >= 2 && tokens[index - 1].is_mark('=') && tokens[index - 2].is_word("path");
        if from_file && !tokens.iter().skip(index).take(5).any(|token| token.is_word("tests")) {
            violations.push(Violation::new(
                "test-module",
                path,
                token.line,
                "a module of tests is called tests",
            ));
        }
    }
    violations
}

/// The tokens between the brackets of every attribute, outer and inner, with the attribute's line.
fn attributes(tokens: &[Token]) -> Vec<(usize, &[Token])> {
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate().filter(|(_, token)| token.is_mark('#')) {
        let inner = tokens.get(index + 1).is_some_and(|next| next.is_mark('!'));
        let open = index + 1 + usize::from(inner);
        if tokens.get(open).is_some_and(|next| next.kind == Kind::Open(Delimiter::Bracket)) {
            found.push((token.line, &tokens[open + 1..closing(tokens, open)]));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_a_sentence() {
        assert_eq!(first_line("src/base/a.rs", "//! Reads the clock.\n"), []);
        for bad in ["", "\n//! Late.", "// no doc comment", "//!", "//! a", "use std::fs;\n//! Late."] {
            assert_eq!(first_line("src/base/a.rs", bad).len(), 1, "{bad:?}");
        }
    }

    #[test]
    fn a_room_states_its_invariants_and_hides_its_modules() {
        let good = "//! A room.\n//!\n//! Invariants: none is broken.\n\nmod a;\npub use a::A;\n";
        assert_eq!(room_face("src/base/mod.rs", good), []);
        assert_eq!(room_face("src/base/mod.rs", "//! A room. Knows nothing of clients.\nmod a;"), []);
        assert_eq!(room_face("src/base/mod.rs", "//! A room.\n/// Invariants: not here.\nmod a;").len(), 1);
        assert_eq!(room_face("src/base/mod.rs", &good.replace("mod a", "pub mod a")).len(), 1);
        assert_eq!(room_face("src/base/mod.rs", &good.replace("mod a", "pub(crate) mod a")).len(), 1);
        for other in ["src/base/a.rs", "src/base/inner/mod.rs", "src/lib.rs"] {
            assert_eq!(room_face(other, "//! A file.\npub mod a;"), [], "{other}");
        }
    }

    #[test]
    fn lints_are_suppressed_with_a_reason_only() {
        let bad = [
            "#[allow(dead_code)]\nfn a() {}",
            "#![allow(dead_code)]",
            "#[allow(dead_code, reason = \"x\")]\nfn a() {}",
            "#[cfg_attr(unix, allow(dead_code, reason = \"x\"))]\nfn a() {}",
            "#[cfg_attr(not(test), allow(dead_code, reason = \"x\"))]\nfn a() {}",
            "#[expect(dead_code)]\nfn a() {}",
            "#![cfg_attr(test, allow(dead_code))]",
            "fn a() { #[allow(dead_code)] let b = 1; }",
        ];
        for text in bad {
            assert_eq!(suppressions("src/base/a.rs", text).len(), 1, "{text}");
        }
        let good = [
            "#[expect(dead_code, reason = \"x\")]\nfn a() {}",
            "#![cfg_attr(test, allow(dead_code, reason = \"x\"))]",
            "// #[allow(dead_code)]\nfn allow() { \"#[allow(dead_code)]\"; }",
            "#[cfg(test)]\nfn a() {}",
        ];
        for text in good {
            assert_eq!(suppressions("src/base/a.rs", text), [], "{text}");
        }
    }

    #[test]
    fn nothing_is_left_over() {
        let bad = [
            "#[test]\n#[ignore]\nfn a() {}",
            "#[ignore = \"slow\"]\nfn a() {}",
            "#[cfg_attr(windows, ignore)]\nfn a() {}",
            "fn a() { todo!() }",
            "fn a() { vec![unimplemented!(\"b\")] }",
            "fn a() { std::dbg!(1); }",
            "#[path = \"other.rs\"]\nmod a;",
            "#[path = \"../other/a_tests.rs\"]\nmod tests;",
            "include!(\"other.rs\");",
            "extern crate self as other;",
        ];
        for text in bad {
            assert_eq!(leftovers("src/base/a.rs", text).len(), 1, "{text}");
        }
        let good = "// todo! later\nfn ignore(path: &str, todo: bool) -> bool { path != \"dbg!\" && !todo }\n\
                    const A: &str = include_str!(\"a.txt\");\n#[test]\nfn path() {}\nextern \"C\" {}\n#[cfg(test)]\n#[path = \"a_tests.rs\"]\nmod tests;";
        assert_eq!(leftovers("src/base/a.rs", good), []);
    }

    #[test]
    fn modules_of_tests_are_for_tests_only() {
        let bad = [
            "mod tests;",
            "mod tests { fn a() {} }",
            "pub(crate) mod wire_tests;",
            "#[cfg(unix)]\nmod tests;",
            "#[cfg(test)]\nuse a;\nmod tests;",
            "#[cfg(test)]\n#[path = \"a_tests.rs\"]\nmod a;",
        ];
        for text in bad {
            assert_eq!(test_modules_only("src/base/a.rs", text).len(), 1, "{text}");
        }
        let good = "#[cfg(test)]\nmod tests;\n#[cfg(test)]\n#[path = \"a_tests.rs\"]\nmod tests;\n\
                    #[cfg(test)]\npub(crate) mod wire_tests { }\nmod contests;\n// mod tests;\n";
        assert_eq!(test_modules_only("src/base/a.rs", good), []);
    }
}
