//! The rules about size: files, functions, rooms, the program's main file.

use super::source::{Kind, closing, test_lines, tokens};
use super::{FILE_LINES_MAX, FUNCTION_LINES_MAX, MAIN_LINES_MAX, ROOM_FILES_MAX, Violation, imports};
use proc_macro2::Delimiter;
use std::collections::BTreeMap;

/// A file has at most [`FILE_LINES_MAX`] lines outside its test modules.
pub(super) fn file_lines(path: &str, text: &str) -> Vec<Violation> {
    let tests = test_lines(path, &tokens(path, text));
    let production = |line: &usize| !tests.iter().any(|range| range.contains(line));
    over("file-lines", path, 0, "", (1..=text.lines().count()).filter(production).count(), FILE_LINES_MAX)
}

/// A function outside test modules has at most [`FUNCTION_LINES_MAX`] lines; clippy holds those inside.
pub(super) fn function_lines(path: &str, text: &str) -> Vec<Violation> {
    let tokens = tokens(path, text);
    let tests = test_lines(path, &tokens);
    let mut violations = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let Some(name) = tokens.get(index + 1).and_then(|next| next.word()).filter(|_| token.is_word("fn"))
        else {
            continue;
        };
        if tests.iter().any(|range| range.contains(&token.line)) {
            continue;
        }
        // The body is the first brace behind the signature; a `;` first is a trait's or an extern declaration.
        let mut at = index + 2;
        while let Some(next) = tokens.get(at) {
            match next.kind {
                Kind::Open(Delimiter::Brace) => {
                    let lines = tokens[closing(&tokens, at)].line - token.line + 1;
                    violations.extend(over(
                        "function-lines",
                        path,
                        token.line,
                        name,
                        lines,
                        FUNCTION_LINES_MAX,
                    ));
                    break;
                }
                Kind::Mark(';') => break,
                Kind::Open(_) => at = closing(&tokens, at) + 1,
                _ => at += 1,
            }
        }
    }
    violations
}

/// `src/main.rs` has at most [`MAIN_LINES_MAX`] lines: everything else is library, so that tests reach it.
pub(super) fn main_lines(path: &str, text: &str) -> Vec<Violation> {
    if path != "src/main.rs" {
        return Vec::new();
    }
    over("main-lines", path, 0, "", text.lines().count(), MAIN_LINES_MAX)
}

/// A folder of a room has at most [`ROOM_FILES_MAX`] Rust files; a folder inside a room is counted by itself.
pub(super) fn room_files(paths: &[String]) -> Vec<Violation> {
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for path in paths.iter().filter(|path| imports::module_path(path).is_some()) {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        *folders.entry(folder).or_default() += 1;
    }
    let over = |(folder, files): (&&str, &usize)| over("room-files", folder, 0, "", *files, ROOM_FILES_MAX);
    folders.iter().flat_map(over).collect()
}

fn over(
    rule: &'static str,
    path: &str,
    line: usize,
    subject: &str,
    measure: usize,
    limit: usize,
) -> Vec<Violation> {
    let found = Violation { measure, ..Violation::new(rule, path, line, subject) };
    if measure > limit { vec![found] } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn long(lines: usize) -> String {
        "// x\n".repeat(lines)
    }

    #[test]
    fn a_file_is_measured_without_its_test_modules() {
        let found = file_lines("src/base/a.rs", &long(FILE_LINES_MAX + 1));
        assert_eq!((found.len(), found[0].rule, found[0].measure), (1, "file-lines", FILE_LINES_MAX + 1));
        let tests = format!("{}#[cfg(test)]\nmod tests {{\n{}}}\n", long(FILE_LINES_MAX), long(500));
        assert_eq!(file_lines("src/base/a.rs", &tests), []);
        assert_eq!(file_lines("src/base/a.rs", &format!("{tests}// one too many\n")).len(), 1);
    }

    #[test]
    fn a_function_is_measured_from_its_keyword_to_its_brace() {
        let function = |name: &str, lines: usize| {
            format!(
                "impl A {{\n    pub fn {name}(\n        a: [u8; 2],\n    ) {{\n{}    }}\n}}\n",
                long(lines - 4)
            )
        };
        assert_eq!(function_lines("src/base/a.rs", &function("fits", FUNCTION_LINES_MAX)), []);
        let text =
            format!("{}{}", function("fits", FUNCTION_LINES_MAX), function("grown", FUNCTION_LINES_MAX + 1));
        let found = function_lines("src/base/a.rs", &text);
        assert_eq!(
            (found.len(), found[0].subject.as_str(), found[0].measure),
            (1, "grown", FUNCTION_LINES_MAX + 1)
        );
        let declared = format!("trait A {{ fn a(); }}\nmod b {{\n{}}}\ntype F = fn(u8);\n", long(100));
        assert_eq!(function_lines("src/base/a.rs", &declared), []);
        let test = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", function("table", 200));
        assert_eq!(function_lines("src/base/a.rs", &test), []);
    }

    #[test]
    fn main_is_small() {
        assert_eq!(main_lines("src/main.rs", &long(MAIN_LINES_MAX)), []);
        assert_eq!(main_lines("src/lib.rs", &long(MAIN_LINES_MAX + 1)), []);
        assert_eq!(main_lines("src/main.rs", &long(MAIN_LINES_MAX + 1)).len(), 1);
    }

    #[test]
    fn the_folders_of_a_room_are_counted() {
        let files =
            |folder: &str, count: usize| (0..count).map(|n| format!("src/{folder}/f{n}.rs")).collect();
        let full: Vec<String> = files("code", ROOM_FILES_MAX);
        assert_eq!(room_files(&full), []);
        let beside: Vec<String> = files("code/languages", ROOM_FILES_MAX);
        assert_eq!(room_files(&[full, beside, vec!["src/lib.rs".into()]].concat()), []);
        for folder in ["code", "code/languages"] {
            let found = room_files(&files(folder, ROOM_FILES_MAX + 1));
            assert_eq!((found.len(), found[0].measure), (1, ROOM_FILES_MAX + 1));
            assert_eq!(found[0].path, format!("src/{folder}"));
        }
    }
}
