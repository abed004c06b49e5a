//! The rule that a room imports only from floors below it, however the path is spelt.

use super::source::{Kind, Token, closing, tokens};
use super::{ROOMS, Violation};
use proc_macro2::Delimiter;

const RULE: &str = "import-downwards";

/// Every path to another room leads to a lower floor; the crate root itself is named by no room.
pub(super) fn downwards(path: &str, text: &str) -> Vec<Violation> {
    let Some(own) = module_path(path) else { return Vec::new() };
    let mut violations = Vec::new();
    let Some(own_floor) = floor(&own[0]) else {
        return vec![Violation::new("unknown-room", path, 0, &own[0])];
    };
    let mut named = named_paths(&tokens(path, text), &own);
    // One violation a line and room, however many items of the room the line names.
    named.dedup_by(|a, b| (a.0, a.1.first()) == (b.0, b.1.first()));
    for (line, target) in named {
        let room = target.first().map_or("", String::as_str);
        match floor(room) {
            None => violations.push(Violation::new(
                "unknown-room",
                path,
                line,
                format!("crate::{}", target.join("::")),
            )),
            Some(floor) if floor >= own_floor => {
                let what = format!("{} (floor {own_floor}) names {room} (floor {floor})", own[0]);
                violations.push(Violation::new(RULE, path, line, what));
            }
            Some(_) => {}
        }
    }
    violations
}

/// The floor of a room; `None` when the table does not have it.
pub(super) fn floor(room: &str) -> Option<u8> {
    ROOMS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// The module a file holds, room first; `None` for the crate root's files and files outside `src`.
pub(super) fn module_path(path: &str) -> Option<Vec<String>> {
    let inside = path.strip_prefix("src/")?.strip_suffix(".rs")?;
    let mut parts: Vec<String> = inside.split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    (!matches!(inside, "lib" | "main")).then_some(parts)
}

/// All paths that start at `crate`, `super` or `self` and leave the module `own`, as paths from the crate root.
fn named_paths(tokens: &[Token], own: &[String]) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    // Inline modules around the current token: name and the index of the closing brace.
    let mut inner: Vec<(String, usize)> = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        inner.retain(|(_, end)| index < *end);
        if let (true, Some(name), Some(Kind::Open(Delimiter::Brace))) = (
            tokens[index].is_word("mod"),
            tokens.get(index + 1).and_then(Token::word),
            tokens.get(index + 2).map(|token| token.kind.clone()),
        ) {
            inner.push((name.to_owned(), closing(tokens, index + 2)));
        }
        if starts_path(tokens, index) {
            let module: Vec<String> =
                own.iter().cloned().chain(inner.iter().map(|(name, _)| name.clone())).collect();
            let mut paths = Vec::new();
            index = tree(tokens, index, &module, &mut paths);
            found.extend(paths.into_iter().filter(|(_, target)| target.first() != own.first()));
            continue;
        }
        index += 1;
    }
    found
}

/// Whether a path begins here: one of its three keywords, not behind `::`, and before `::` or `as`.
fn starts_path(tokens: &[Token], index: usize) -> bool {
    let keyword = ["crate", "super", "self"].iter().any(|word| tokens[index].is_word(word));
    let behind = index > 0 && tokens[index - 1].is_mark(':') && index > 1 && tokens[index - 2].is_mark(':');
    keyword
        && !behind
        && (colons(tokens, index + 1) || tokens.get(index + 1).is_some_and(|next| next.is_word("as")))
}

fn colons(tokens: &[Token], index: usize) -> bool {
    [index, index + 1].iter().all(|at| tokens.get(*at).is_some_and(|token| token.is_mark(':')))
}

/// Reads a path or a `use` tree at `index`, adds what it names, and returns the index behind it.
fn tree(
    tokens: &[Token],
    mut index: usize,
    prefix: &[String],
    found: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    let mut path = prefix.to_vec();
    loop {
        let Some(token) = tokens.get(index) else { return index };
        let line = token.line;
        match &token.kind {
            Kind::Word(word) => match word.as_str() {
                "crate" => path.clear(),
                "self" => {}
                "super" => drop(path.pop()),
                name => path.push(name.to_owned()),
            },
            Kind::Mark('*') => path.push("*".into()),
            Kind::Open(Delimiter::Brace) => {
                let end = closing(tokens, index);
                index += 1;
                while index < end {
                    index = tree(tokens, index, &path, found).max(index + 1);
                    index += usize::from(tokens[index.min(end)].is_mark(','));
                }
                return end + 1;
            }
            _ => return index,
        }
        index += 1;
        if !colons(tokens, index) {
            found.push((line, path));
            return skip_rename(tokens, index);
        }
        index += 2;
    }
}

/// The index behind `as name`, if that stands at `index`.
fn skip_rename(tokens: &[Token], index: usize) -> usize {
    if tokens.get(index).is_some_and(|token| token.is_word("as")) { index + 2 } else { index }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fires(path: &str, text: &str) -> Vec<&'static str> {
        downwards(path, text).into_iter().map(|violation| violation.rule).collect()
    }

    #[test]
    fn upward_and_sideways_paths_are_found_in_every_spelling() {
        let planted = [
            "use crate::cli::Session;",
            "use crate::cli;",
            "use crate::memory;",
            "use crate::{base::Env, memory::{self, Plan}};",
            "pub use crate::{\n    base::{Env, Log},\n    hook as h,\n};",
            "fn a() -> crate::memory::Plan { b() }",
            "fn a() { let b = crate::cli::main; }",
            "fn a() { vec![crate::cli::main]; }",
            "macro_rules! a { () => { $crate::cli::main() } }",
            "use super::super::memory::Plan;",
            "use super::{super::memory::Plan, x};",
            "mod inner { use super::super::super::memory; }",
            "#[cfg(test)]\nmod tests { fn a() { crate::hook::b() } }",
            "fn a() { self::super::super::cli::b() }",
        ];
        for text in planted {
            assert_eq!(fires("src/state/log.rs", text), [RULE], "{text}");
        }
        let found = downwards("src/state/log.rs", "use crate::base::Env;\nuse crate::fs;\nuse crate::cli;");
        assert_eq!((found.len(), found[0].line), (1, 3));
    }

    #[test]
    fn the_root_and_rooms_outside_the_table_are_errors() {
        let planted = [
            "use crate as root;",
            "use crate::*;",
            "use crate::{self};",
            "use crate::util::x;",
            "fn a() { crate::run() }",
            "use super::super::*;",
            "use super::super as root;",
        ];
        for text in planted {
            assert_eq!(fires("src/state/log.rs", text), ["unknown-room"], "{text}");
        }
        assert_eq!(fires("src/util/mod.rs", ""), ["unknown-room"]);
        assert_eq!(fires("src/util.rs", ""), ["unknown-room"]);
    }

    #[test]
    fn downward_paths_and_the_own_room_are_fine() {
        let good = "//! crate::cli\nuse super::wire::Event;\nuse super::super::memory::{self, Plan};\n\
                    use crate::{base::{Env, Log}, state, hook::reply};\n// crate::cli\n\
                    pub(crate) fn a(self, b: &str) -> crate::text::Inert { \"crate::cli\"; self.b(); super::c() }\n\
                    pub(in crate::hook) struct S;\nmod tests { use super::*; use super::super::*; }\n";
        assert_eq!(downwards("src/hook/event.rs", good), []);
        assert_eq!(downwards("src/lib.rs", "pub mod anything; fn run() { crate::cli::main() }"), []);
        assert_eq!(downwards("src/cli/mod.rs", "use crate::{hook, memory, base};\nuse self::args::Cli;"), []);
    }
}
