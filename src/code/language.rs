//! Which language a file is in, and which of its lines are comments.

use super::languages::{self, ALL};
use super::types::Language;

/// Tells the language from the repository-relative `path` and, where that is not enough, from the first bytes.
pub fn language_of(path: &[u8], head: &[u8]) -> Language {
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let name = String::from_utf8_lossy(name);
    if let Some(data) = ALL.iter().find(|data| data.file_names.contains(&name.as_ref())) {
        return data.language;
    }
    if name.starts_with("Dockerfile.") || name.starts_with("Containerfile.") {
        return Language::Docker;
    }
    let dot = name.rfind('.').filter(|dot| *dot > 0);
    let Some(extension) = dot.map(|dot| name[dot + 1..].to_ascii_lowercase()) else {
        return by_shebang(head);
    };
    match ALL.iter().find(|data| data.extensions.contains(&extension.as_str())) {
        Some(data) if data.language == Language::C && extension == "h" && looks_like_cpp(head) => {
            Language::Cpp
        }
        Some(data) => data.language,
        None => by_shebang(head),
    }
}

fn by_shebang(head: &[u8]) -> Language {
    let Some(line) = head.strip_prefix(b"#!") else { return Language::Text };
    let line = line.split(|byte| *byte == b'\n').next().unwrap_or(b"");
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_ascii_whitespace();
    let program = words.next().unwrap_or("").rsplit('/').next().unwrap_or("");
    let program = match program {
        "env" => words.find(|word| !word.starts_with('-') && !word.contains('=')).unwrap_or(""),
        other => other,
    };
    let program = program.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
    let found = ALL.iter().find(|data| data.interpreters.contains(&program));
    found.map_or(Language::Text, |data| data.language)
}

/// Whether a header has what only C++ has.
fn looks_like_cpp(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n').any(|line| {
        let line = line.trim_ascii();
        let starts =
            [&b"class "[..], b"namespace ", b"template", b"using ", b"public:", b"private:", b"protected:"];
        (starts.iter().any(|start| line.starts_with(start)) && !line.ends_with(b"\\"))
            || memchr::memmem::find(line, b"std::").is_some()
            || memchr::memmem::find(line, b"constexpr ").is_some()
            || is_cpp_include(line)
    })
}

/// Whether the line includes a standard header without `.h`.
fn is_cpp_include(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"#") else { return false };
    let Some(target) = rest.trim_ascii_start().strip_prefix(b"include") else { return false };
    let target = target.trim_ascii();
    target.starts_with(b"<") && target.ends_with(b">") && !target.contains(&b'.') && !target.contains(&b'/')
}

/// Whether a line without its blanks is a comment or inside one, judged by the line alone.
pub fn is_comment_line(language: Language, trimmed_line: &[u8]) -> bool {
    let data = languages::data(language);
    if data.line_comments.iter().any(|prefix| trimmed_line.starts_with(prefix.as_bytes())) {
        return !(trimmed_line.starts_with(b"#[") && language == Language::Php);
    }
    if !data.block_comments {
        return trimmed_line.starts_with(b"<!--") && is_markup(language);
    }
    let starts = [&b"/*"[..], b"*/", b"* ", b"*\t", b"<!--"];
    trimmed_line == b"*"
        || trimmed_line == b"**/"
        || starts.iter().any(|start| trimmed_line.starts_with(start))
}

fn is_markup(language: Language) -> bool {
    matches!(language, Language::Markdown | Language::Html | Language::Xml)
}
