//! A git command line taken apart: global options, the subcommand, its arguments; and put together again for a shell.

use std::ffi::{OsStr, OsString};

/// Global options without a value that change nothing about how output looks.
const GLOBAL_FLAGS: &[&str] = &[
    "--no-pager",
    "-P",
    "--no-optional-locks",
    "--literal-pathspecs",
    "--glob-pathspecs",
    "--noglob-pathspecs",
    "--icase-pathspecs",
    "--no-replace-objects",
    "--no-lazy-fetch",
    "--no-advice",
    "--bare",
];
/// Global options whose value is the next argument.
const GLOBAL_VALUES: &[&str] = &["-C", "-c", "--git-dir", "--work-tree", "--namespace"];
/// Global options whose value follows an equals sign.
const GLOBAL_ATTACHED: &[&str] = &["--git-dir=", "--work-tree=", "--namespace="];
/// Sections of the configuration that say how output looks; with `-c` somebody asked for a form.
const FORMAT_SECTIONS: &[&str] = &[
    "blame.", "branch.", "color.", "column.", "diff.", "format.", "grep.", "log.", "pretty.", "status.",
    "tag.",
];

/// A git command line whose subcommand is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    /// What stands before the subcommand.
    pub(super) global: &'a [OsString],
    pub(super) command: &'a str,
    /// What stands behind it.
    pub(super) args: &'a [OsString],
}

impl<'a> Call<'a> {
    /// Takes a command line apart; `None` when it holds a global option that this file does not know, asks for a
    /// format by one, or has no subcommand.
    pub(super) fn of(line: &'a [OsString]) -> Option<Call<'a>> {
        let mut at = 0;
        loop {
            let text = line.get(at)?.to_str()?;
            if !text.starts_with('-') {
                let (global, rest) = line.split_at(at);
                return Some(Call { global, command: text, args: rest.get(1..)? });
            }
            if GLOBAL_VALUES.contains(&text) {
                let value = line.get(at + 1)?;
                if text == "-c" && asks_for_format(value) {
                    return None;
                }
                at += 2;
            } else if GLOBAL_FLAGS.contains(&text)
                || GLOBAL_ATTACHED.iter().any(|name| text.starts_with(name))
            {
                at += 1;
            } else {
                return None;
            }
        }
    }

    /// The arguments as text; `None` when one is not UTF-8.
    pub(super) fn texts(&self) -> Option<Vec<&'a str>> {
        self.args.iter().map(|arg| arg.to_str()).collect()
    }

    /// The same call with one more option, as a line for a shell.
    pub(super) fn shown_with(&self, option: &str) -> String {
        let mut words = vec!["git".to_owned()];
        words.extend(self.global.iter().map(|word| quoted(word)));
        words.push(self.command.to_owned());
        let args = self.args.iter().map(|word| quoted(word));
        // Behind `git stash list` and the like the option belongs to the inner command.
        if matches!(self.command, "stash" | "worktree") {
            words.extend(args);
            words.push(option.to_owned());
        } else {
            words.push(option.to_owned());
            words.extend(args);
        }
        words.join(" ")
    }
}

fn asks_for_format(setting: &OsStr) -> bool {
    let Some(text) = setting.to_str() else { return true };
    let lower = text.to_ascii_lowercase();
    FORMAT_SECTIONS.iter().any(|section| lower.starts_with(section)) || lower.starts_with("core.quotepath")
}

/// A word as a POSIX shell reads it back.
pub fn quoted(word: &OsStr) -> String {
    let text = word.to_string_lossy();
    let plain = |ch: char| ch.is_ascii_alphanumeric() || "_-./:=@%+,^".contains(ch);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn global_options_are_taken_apart_and_unknown_ones_refused() {
        let line = words("-C sub --git-dir=x -c user.name=a --no-pager log -3");
        let call = Call::of(&line).unwrap();
        assert_eq!((call.global.len(), call.command, call.args.len()), (6, "log", 1));
        assert_eq!(call.shown_with("-p"), "git -C sub --git-dir=x -c user.name=a --no-pager log -p -3");
        for refused in
            ["--paginate log", "--exec-path=/x log", "-c", "-c color.ui=always log", "--version", "-C x"]
        {
            assert!(Call::of(&words(refused)).is_none(), "{refused}");
        }
    }

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted(OsStr::new("HEAD~2")), "'HEAD~2'");
        assert_eq!(quoted(OsStr::new("it's")), r"'it'\''s'");
        assert_eq!(quoted(OsStr::new("")), "''");
        assert_eq!(quoted(OsStr::new("src/a.rs")), "src/a.rs");
    }
}
