//! The rule that every writer in the house uses the write core.
//!
//! Clippy bans the standard library's writing functions (`.clippy.toml`). This rule holds what clippy cannot: that only
//! the named files lift the ban, and that nobody writes past it with the system calls of other crates.

use super::Violation;
use super::source::{Kind, test_lines, tokens};

/// The room of the write core.
const CORE: &str = "src/fs/";

/// Files outside the core that may lift clippy's ban, and for what: none of them writes a user's file.
const MAY_LIFT: &[(&str, &str)] = &[
    ("src/base/clock.rs", "the clock"),
    ("src/base/env.rs", "the environment"),
    ("src/base/log.rs", "the log, which lies below the core"),
    ("src/base/run.rs", "processes"),
    ("src/base/spawn.rs", "processes"),
    ("src/git/run.rs", "git's process"),
    ("src/git/native.rs", "the user's own git, as a wrapper runs it"),
];

/// Functions and flags of other crates that write, by name.
const WRITING: &[&str] = &[
    "NamedTempFile",
    "SpooledTempFile",
    "fchmod",
    "fchmodat",
    "fchown",
    "fremovexattr",
    "fsetxattr",
    "ftruncate",
    "linkat",
    "mkdirat",
    "mknodat",
    "persist",
    "pwrite",
    "renameat",
    "renameat_with",
    "set_xattr",
    "setxattr",
    "symlinkat",
    "tempfile_in",
    "unlinkat",
];

/// What opens a file for writing, after `OFlags::`.
const WRITING_FLAGS: &[&str] = &["APPEND", "CREATE", "RDWR", "TMPFILE", "TRUNC", "WRONLY"];

/// Writes outside the core.
pub(super) fn writers(path: &str, text: &str) -> Vec<Violation> {
    if path.starts_with(CORE) {
        return Vec::new();
    }
    let tokens = tokens(path, text);
    let tests = test_lines(path, &tokens);
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if tests.iter().any(|lines| lines.contains(&token.line)) {
            continue;
        }
        let Some(word) = token.word() else { continue };
        let flag = WRITING_FLAGS.contains(&word)
            && index >= 3
            && tokens[index - 3].is_word("OFlags")
            && tokens[index - 1].kind == Kind::Mark(':');
        let lifts = word == "disallowed_methods"
            && path != "src/lib.rs"
            && !MAY_LIFT.iter().any(|(file, _)| *file == path);
        if flag || lifts || WRITING.contains(&word) {
            found.push(Violation::new("writer", path, token.line, word));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_past_the_core_is_found_and_others_are_left_alone() {
        let planted = "fn f() { rustix::fs::renameat(a, b, c, d); }\n\
                       #[expect(clippy::disallowed_methods, reason = \"mine\")]\n\
                       fn g() { open(path, OFlags::RDONLY | OFlags::CREATE); }\n\
                       #[cfg(test)]\nmod tests { fn h() { NamedTempFile::new(); } }\n";
        let found = writers("src/memory/x.rs", planted);
        let lines: Vec<(usize, &str)> =
            found.iter().map(|found| (found.line, found.subject.as_str())).collect();
        assert_eq!(lines, [(1, "renameat"), (2, "disallowed_methods"), (3, "CREATE")]);
        assert_eq!(writers("src/fs/x.rs", planted), []);
        let lifted = "#[expect(clippy::disallowed_methods, reason = \"clock\")]\nfn now() {}\n";
        assert_eq!(writers("src/base/clock.rs", lifted), []);
        assert_eq!(writers("src/a/b.rs", "fn f() { open(path, OFlags::RDONLY); let truncate = 1; }"), []);
    }
}
