//! Which git commands the client lets pass without asking, so that rtk's own permission rule may carry them too.
//!
//! What stands here was asked of the real clients 2.1.62 and 2.1.330, command by command; what only one of them lets
//! pass is left out. The client blocks or asks about files outside of its folders, so such names are left out as well.

use std::ffi::OsString;
use std::path::{Component, Path};

/// Options of one subcommand that change nothing about whether the client asks.
struct Passing {
    command: &'static str,
    flags: &'static [&'static str],
    /// Options with a value, behind an equals sign or, if they end without one, in the next word.
    values: &'static [&'static str],
}

const PASSING: &[Passing] = &[
    Passing {
        command: "status",
        flags: &["--ignored", "--no-renames", "--renames", "--ahead-behind", "--no-ahead-behind"],
        values: &["--untracked-files="],
    },
    Passing {
        command: "diff",
        flags: &[
            "--cached",
            "--staged",
            "--exit-code",
            "--ignore-all-space",
            "--ignore-space-change",
            "--ignore-space-at-eol",
            "--ignore-blank-lines",
            "--minimal",
            "--patience",
            "--histogram",
            "-M",
            "-C",
            "--find-renames",
            "--find-copies",
            "--no-renames",
            "--no-ext-diff",
            "-R",
            "--no-color",
        ],
        values: &["--diff-filter=", "--diff-algorithm="],
    },
    Passing {
        command: "log",
        flags: &[
            "--all",
            "--branches",
            "--tags",
            "--remotes",
            "--no-merges",
            "--merges",
            "--first-parent",
            "--follow",
            "--reverse",
            "--date-order",
            "--topo-order",
            "--author-date-order",
            "--no-decorate",
            "--full-history",
            "--cherry-pick",
            "-n",
            "--max-count",
            "--skip",
            "--since",
            "--after",
            "--until",
            "--before",
            "--author",
            "--committer",
            "--grep",
            "-S",
            "-G",
        ],
        values: &[
            "--max-count=",
            "--skip=",
            "--since=",
            "--after=",
            "--until=",
            "--before=",
            "--author=",
            "--committer=",
            "--grep=",
            "--diff-filter=",
        ],
    },
    Passing { command: "show", flags: &["-s", "--no-patch", "--first-parent"], values: &[] },
    Passing {
        command: "branch",
        flags: &[
            "-a",
            "--all",
            "-r",
            "--remotes",
            "-v",
            "-vv",
            "--verbose",
            "-l",
            "--list",
            "--merged",
            "--no-merged",
            "-i",
            "--ignore-case",
            "-av",
            "-avv",
            "-rv",
        ],
        values: &["--sort=", "--contains=", "--points-at="],
    },
    Passing {
        command: "tag",
        flags: &["-l", "--list", "-i", "--ignore-case", "--points-at"],
        values: &["--sort=", "--points-at=", "--merged=", "--no-merged=", "--contains="],
    },
    Passing { command: "stash", flags: &[], values: &[] },
    Passing { command: "reflog", flags: &["--all"], values: &["--max-count="] },
    Passing { command: "remote", flags: &["-v"], values: &[] },
    Passing { command: "worktree", flags: &[], values: &[] },
    Passing {
        command: "shortlog",
        flags: &[
            "-n",
            "--numbered",
            "--all",
            "--no-merges",
            "--since",
            "--after",
            "--until",
            "--before",
            "--author",
        ],
        values: &["--since=", "--after=", "--until=", "--before=", "--author="],
    },
    Passing { command: "blame", flags: &["-w", "-M", "-C", "-L"], values: &[] },
    Passing {
        command: "grep",
        flags: &[
            "-n",
            "--line-number",
            "-i",
            "--ignore-case",
            "-w",
            "--word-regexp",
            "-E",
            "--extended-regexp",
            "-F",
            "--fixed-strings",
            "-P",
            "--perl-regexp",
            "-G",
            "--cached",
            "--untracked",
            "-in",
            "-ni",
            "-nE",
            "-En",
            "-nw",
            "-wn",
            "-nF",
            "-Fn",
            "-e",
            "--and",
            "--or",
            "--not",
        ],
        values: &[],
    },
    Passing { command: "ls-files", flags: &[], values: &[] },
];

/// Whether the client lets `git` with these arguments pass by itself when it runs in `folder`. Only for commands that
/// are known to read; a subcommand must come first.
pub fn passes_unasked(args: &[OsString], folder: &Path) -> bool {
    let words: Option<Vec<&str>> = args.iter().map(|arg| arg.to_str()).collect();
    let Some([command, rest @ ..]) = words.as_deref() else { return false };
    let (options, names) = match rest.iter().position(|word| *word == "--") {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (rest, &[][..]),
    };
    let Some(passing) = PASSING.iter().find(|passing| passing.command == *command) else { return false };
    let known = |word: &str| {
        passing.flags.contains(&word) || passing.values.iter().any(|name| word.starts_with(name))
    };
    let counts = |word: &str| {
        matches!(*command, "log" | "reflog") && word[1..].bytes().all(|byte| byte.is_ascii_digit())
    };
    let passes = |word: &&str| match word.starts_with('-') && word.len() > 1 {
        true => known(word) || counts(word),
        // The newer client asks about a reflog by name.
        false => *command != "reflog" && stays_inside(word, folder),
    };
    rest.iter().all(|word| is_simple(word))
        && options.iter().all(passes)
        && names.iter().all(|name| stays_inside(name, folder))
        && !is_git_folder(folder)
}

/// Whether a word holds nothing that the client takes for the shell's.
fn is_simple(word: &str) -> bool {
    let odd = |ch: char| ch.is_control() || "$`\\!#<>&;".contains(ch);
    let braces =
        word.contains(['{', '}']) && (word.contains(',') || word.contains("..") || !word.contains("@{"));
    !word.contains(odd) && !braces && !word.starts_with('~')
}

/// Whether a word, taken for a path, leads nowhere outside of the folder.
fn stays_inside(word: &str, folder: &Path) -> bool {
    let path = Path::new(word);
    let goes_out = |part: Component<'_>| !matches!(part, Component::Normal(_) | Component::CurDir);
    if word.starts_with(':') || path.components().any(goes_out) {
        return false;
    }
    // A link may lead out; what is not there leads nowhere.
    match (folder.join(path).canonicalize(), folder.canonicalize()) {
        (Ok(end), Ok(folder)) => end.starts_with(folder),
        _ => true,
    }
}

/// Whether git may take the folder itself for a repository, whose settings name programs to run: the client asks there.
fn is_git_folder(folder: &Path) -> bool {
    let dot = folder.join(".git");
    !dot.is_file()
        && !dot.join("HEAD").is_file()
        && (folder.join("HEAD").is_file() || folder.join("objects").is_dir() || folder.join("refs").is_dir())
}

/// Whether the words behind the subcommand name files, or might.
pub(super) fn may_name_files(args: &[OsString]) -> bool {
    let Some(words) = args.iter().map(|arg| arg.to_str()).collect::<Option<Vec<&str>>>() else { return true };
    match words.as_slice() {
        // The only operand is what is looked for.
        ["grep", rest @ ..] if !rest.contains(&"--") && !rest.contains(&"-e") => {
            rest.iter().filter(|word| !word.starts_with('-')).count() > 1
        }
        [_, rest @ ..] => {
            let number = |at: usize| at > 0 && matches!(rest[at - 1], "-n" | "--max-count" | "--skip");
            let option = |word: &str| word.starts_with('-') && word != "--";
            rest.iter().enumerate().any(|(at, word)| !option(word) && !is_revision(word) && !number(at))
        }
        [] => false,
    }
}

/// Whether a word is `HEAD` or a hash, with steps behind it, or a range of them.
fn is_revision(word: &str) -> bool {
    let one = |text: &str| {
        let steps = |rest: &str| rest.bytes().all(|byte| b"~^@{}0123456789".contains(&byte));
        let hash = text.find(|ch: char| !ch.is_ascii_hexdigit()).unwrap_or(text.len());
        text.strip_prefix("HEAD").is_some_and(steps) || ((7..=64).contains(&hash) && steps(&text[hash..]))
    };
    word.split("..").all(|end| one(end.trim_start_matches('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn what_the_clients_ask_about_does_not_pass() {
        let folder = tempfile::tempdir().unwrap();
        for line in [
            "status",
            "status --untracked-files=all",
            "diff --cached HEAD -- a.txt",
            "log -3 main..topic",
            "log --since=2020-01-01 -n 5",
            "show HEAD@{1}",
            "branch --list feature/*",
            "tag -l v*",
            "stash list",
            "remote -v",
            "worktree list",
            "reflog",
            "reflog -5",
            "blame -L 1,2 src/a.rs",
            "grep -n [Tt]odo src",
            "ls-files src",
        ] {
            assert!(passes_unasked(&words(line), folder.path()), "{line}");
        }
        for line in [
            "status -uall",
            "diff -w",
            "diff --merge-base HEAD",
            "log --exclude=x",
            "log -n3",
            "show -M",
            "branch --contains HEAD",
            "reflog HEAD",
            "blame -L1,2 a",
            "grep -I x",
            "diff /dev/null /etc/hostname",
            "diff -- a ../b",
            "diff a sub/../b",
            "grep x ..",
            "grep x :/",
            "grep a$x",
            "log --grep=a\n#b",
            "log --author={a,b}",
            "-C sub status",
            "describe",
        ] {
            assert!(!passes_unasked(&words(line), folder.path()), "{line}");
        }
    }

    #[test]
    fn a_link_that_leads_out_and_a_folder_that_looks_like_a_repository_do_not_pass() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        std::os::unix::fs::symlink("/", at("out")).unwrap();
        std::fs::create_dir_all(at("bare/refs")).unwrap();
        std::fs::create_dir_all(at("work/refs")).unwrap();
        std::fs::create_dir_all(at("work/.git")).unwrap();
        std::fs::write(at("work/.git/HEAD"), "").unwrap();
        assert!(!passes_unasked(&words("diff out/etc a"), folder.path()));
        assert!(!passes_unasked(&words("status"), &at("bare")));
        assert!(passes_unasked(&words("status"), &at("work")));
    }

    #[test]
    fn revisions_and_patterns_are_no_files() {
        for line in [
            "status",
            "diff HEAD~1 HEAD",
            "diff 0123abc..HEAD^",
            "log -n 3",
            "grep -n secret",
            "show HEAD@{2}",
        ] {
            assert!(!may_name_files(&words(line)), "{line}");
        }
        for line in
            ["diff HEAD a", "diff --", "grep x a", "grep -e x a", "blame cafe", "show HEAD:a", "log main"]
        {
            assert!(may_name_files(&words(line)), "{line}");
        }
    }
}
