//! Decides from the arguments alone what happens to a git command: a view, a trim, or nothing.
//!
//! The default is nothing: a subcommand, an option or a value that is not listed here goes to git byte for byte.

use super::call::Call;
use super::options::{Given, Known};
use super::view::{
    BlameView, DiffView, FilesView, GrepView, ListView, LogView, NamesView, RemoteView, ShortlogView,
    StatusView, View,
};

/// Items of a list that are shown.
const LIST_LINES_MAX: usize = 50;
/// With at most this many commits asked for, their messages are shown whole.
const WHOLE_COMMITS_MAX: usize = 3;

/// What becomes of a git command.
pub(super) enum Plan {
    /// git runs in place of rtk.
    Pass,
    /// A command that only reads; its stdout is shown by a view. `whole` is an option that changes nothing for git
    /// and makes rtk leave the command alone; `code_one_is_fine` where exit code 1 is an answer.
    View { view: Box<dyn View>, whole: &'static str, code_one_is_fine: bool },
    /// A command that changes something: what it says on success is shortened, a failure is shown word for word.
    /// `after` shows what was left out.
    Trim { after: &'static str },
}

/// Decides about a command line.
pub(super) fn plan(call: &Call<'_>) -> Plan {
    let Some(args) = call.texts() else { return Plan::Pass };
    let planned = match call.command {
        "status" => STATUS.read(&args).map(|_| view(StatusView::new(), "--long")),
        "diff" => DIFF.read(&args).map(|_| Plan::View {
            view: Box::new(DiffView::new()),
            whole: "--patch",
            code_one_is_fine: true,
        }),
        "log" => LOG.read(&args).map(|given| view(LogView::new(shows_whole(&given)), "--format=medium")),
        "show" => show(&args),
        "branch" => branch(&args),
        "tag" => tag(&args),
        "stash" => stash(&args),
        "remote" => (args == ["-v"]).then(|| view(RemoteView::default(), "--verbose")),
        "worktree" => {
            (args == ["list"]).then(|| view(ListView::new("work trees", LIST_LINES_MAX), "--porcelain"))
        }
        "reflog" => reflog(&args),
        "shortlog" => SHORTLOG.read(&args).map(|_| view(ShortlogView::default(), "--format=%s")),
        "blame" => BLAME.read(&args).map(|_| view(BlameView::default(), "--no-progress")),
        "grep" => GREP.read(&args).map(|_| Plan::View {
            view: Box::new(GrepView::default()),
            whole: "--no-color",
            code_one_is_fine: true,
        }),
        "ls-files" => FILES.read(&args).map(|_| view(FilesView::default(), "--cached")),
        _ => trim(call.command, &args),
    };
    planned.unwrap_or(Plan::Pass)
}

fn view(view: impl View + 'static, whole: &'static str) -> Plan {
    Plan::View { view: Box::new(view), whole, code_one_is_fine: false }
}

fn shows_whole(given: &Given<'_>) -> bool {
    given.count.is_some_and(|count| count <= WHOLE_COMMITS_MAX)
}

/// `rev:path` and `:path` give a file's content, which is never touched.
fn show(args: &[&str]) -> Option<Plan> {
    let given = SHOW.read(args)?;
    let of_file = given.operands.iter().any(|operand| operand.contains(':'));
    (!of_file).then(|| view(LogView::new(true), "--format=medium"))
}

/// `git branch` lists unless an operand names a branch to make.
fn branch(args: &[&str]) -> Option<Plan> {
    let given = BRANCH.read(args)?;
    let lists =
        given.operands.is_empty() || given.has(&["--list", "-l", "--contains", "--merged", "--no-merged"]);
    if !lists {
        return None;
    }
    if given.has(&["-v", "-vv", "--verbose"]) {
        return Some(view(ListView::aligned("branches", LIST_LINES_MAX), "--no-column"));
    }
    Some(view(NamesView::default(), "--no-column"))
}

fn tag(args: &[&str]) -> Option<Plan> {
    let given = TAG.read(args)?;
    let lists = given.operands.is_empty()
        || given.has(&["--list", "-l", "--contains", "--points-at", "--merged", "--no-merged"]);
    lists.then(|| view(NamesView::default(), "--no-column"))
}

fn stash(args: &[&str]) -> Option<Plan> {
    match args {
        ["list"] => Some(view(ListView::new("stashes", LIST_LINES_MAX), "--no-color")),
        ["pop" | "apply", rest @ ..] => {
            STASH_BACK.read(rest).map(|_| Plan::Trim { after: "git status --long" })
        }
        _ => None,
    }
}

fn reflog(args: &[&str]) -> Option<Plan> {
    let rest = args.strip_prefix(&["show"]).unwrap_or(args);
    let given = REFLOG.read(rest)?;
    let other = ["delete", "drop", "exists", "expire", "list", "write"];
    let reads = rest.len() < args.len() || !given.operands.first().is_some_and(|first| other.contains(first));
    reads.then(|| view(ListView::new("entries", LIST_LINES_MAX), "--no-color"))
}

/// Commands that change something and have more to say than a line or two. Anything that may open an editor or ask is
/// left alone, and so is every command whose success is silent.
fn trim(command: &str, args: &[&str]) -> Option<Plan> {
    let (known, after) = match command {
        "commit" => (&COMMIT, "git show --stat"),
        "merge" => (&MERGE, "git diff --stat ORIG_HEAD HEAD"),
        "pull" => (&PULL, "git diff --stat ORIG_HEAD HEAD"),
        "fetch" => (&FETCH, "git for-each-ref"),
        "push" => (&PUSH, "git for-each-ref"),
        "rebase" => (&REBASE, "git diff --stat ORIG_HEAD HEAD"),
        "cherry-pick" => (&PICK, "git show --stat"),
        "revert" => (&REVERT, "git show --stat"),
        "reset" => (&RESET, "git status --long"),
        "checkout" | "switch" => (&CHECKOUT, "git status --long"),
        _ => return None,
    };
    let given = known.read(args)?;
    // Without a message there is an editor.
    let needs_editor = match command {
        "commit" => {
            !given.has(&["-m", "--message", "-am", "-F", "--file", "--no-edit", "-C", "--reuse-message"])
        }
        "revert" => !given.has(&["--no-edit", "-n", "--no-commit"]),
        _ => false,
    };
    (!needs_editor).then_some(Plan::Trim { after })
}

const STATUS: Known = Known {
    flags: &[
        "-u",
        "-uno",
        "-unormal",
        "-uall",
        "--untracked-files",
        "--ignored",
        "--no-renames",
        "--renames",
        "--ahead-behind",
        "--no-ahead-behind",
    ],
    values: &[],
    attached: &["--untracked-files=", "--ignored=", "--ignore-submodules", "--find-renames"],
    numbers: false,
};

const DIFF: Known = Known {
    flags: &[
        "--cached",
        "--staged",
        "--merge-base",
        "--exit-code",
        "-w",
        "--ignore-all-space",
        "-b",
        "--ignore-space-change",
        "--ignore-space-at-eol",
        "--ignore-blank-lines",
        "--ignore-cr-at-eol",
        "--minimal",
        "--patience",
        "--histogram",
        "-M",
        "-C",
        "--find-renames",
        "--find-copies",
        "--no-renames",
        "--no-ext-diff",
        "--no-textconv",
        "-R",
        "--no-color",
    ],
    values: &[],
    attached: &["--diff-filter=", "--diff-algorithm=", "-M", "--find-renames=", "--ignore-submodules"],
    numbers: false,
};

const LOG: Known = Known {
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
        "-i",
        "--regexp-ignore-case",
        "-E",
        "--extended-regexp",
        "-F",
        "--fixed-strings",
        "-P",
        "--all-match",
        "--invert-grep",
        "--no-decorate",
        "--simplify-by-decoration",
        "--full-history",
        "--cherry-pick",
        "--left-only",
        "--right-only",
    ],
    values: &[
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
    attached: &[
        "--branches=",
        "--tags=",
        "--remotes=",
        "--exclude=",
        "--min-parents=",
        "--max-parents=",
        "--diff-filter=",
    ],
    numbers: true,
};

const SHOW: Known = Known {
    flags: &["-s", "--no-patch", "-w", "-b", "-M", "-C", "--no-renames", "--first-parent"],
    values: &[],
    attached: &[],
    numbers: false,
};

const BRANCH: Known = Known {
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
        "--contains",
        "--no-contains",
        "-i",
        "--ignore-case",
        "-av",
        "-avv",
        "-rv",
    ],
    values: &["--sort"],
    attached: &["--merged=", "--no-merged=", "--contains=", "--points-at="],
    numbers: false,
};

const TAG: Known = Known {
    flags: &["-l", "--list", "--merged", "--no-merged", "--contains", "--no-contains", "-i", "--ignore-case"],
    values: &["--sort", "--points-at"],
    attached: &["--merged=", "--no-merged=", "--contains="],
    numbers: false,
};

const REFLOG: Known =
    Known { flags: &["--all"], values: &["-n", "--max-count"], attached: &[], numbers: true };

const SHORTLOG: Known = Known {
    flags: &["-n", "--numbered", "--all", "--no-merges", "--merges", "--first-parent"],
    values: &["--since", "--after", "--until", "--before", "--author", "--grep"],
    attached: &[],
    numbers: false,
};

const BLAME: Known = Known {
    flags: &["-w", "-M", "-C"],
    values: &["-L", "--since", "--ignore-rev", "--ignore-revs-file"],
    attached: &["-L"],
    numbers: false,
};

const GREP: Known = Known {
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
        "-I",
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
        "-nI",
        "--and",
        "--or",
        "--not",
    ],
    values: &["-e", "--max-depth"],
    attached: &[],
    numbers: false,
};

const FILES: Known = Known { flags: &[], values: &[], attached: &[], numbers: false };

const STASH_BACK: Known =
    Known { flags: &["--index", "-q", "--quiet"], values: &[], attached: &[], numbers: false };

const COMMIT: Known = Known {
    flags: &[
        "-a",
        "--all",
        "-am",
        "--amend",
        "--no-edit",
        "-s",
        "--signoff",
        "--no-verify",
        "-n",
        "--allow-empty",
        "--allow-empty-message",
        "--no-gpg-sign",
        "--reset-author",
        "--no-post-rewrite",
        "-i",
        "--include",
        "-o",
        "--only",
    ],
    values: &[
        "-m",
        "--message",
        "-F",
        "--file",
        "-C",
        "--reuse-message",
        "--author",
        "--date",
        "--trailer",
        "--cleanup",
    ],
    attached: &["--gpg-sign", "-S"],
    numbers: false,
};

const MERGE: Known = Known {
    flags: &[
        "--no-edit",
        "--ff",
        "--no-ff",
        "--ff-only",
        "--squash",
        "--no-squash",
        "--no-commit",
        "--abort",
        "--quit",
        "--stat",
        "--no-verify",
        "--allow-unrelated-histories",
        "--signoff",
        "--autostash",
        "--no-autostash",
    ],
    values: &["-m", "-s", "--strategy", "-X", "--strategy-option", "-F"],
    attached: &["--log"],
    numbers: false,
};

const PULL: Known = Known {
    flags: &[
        "--rebase",
        "-r",
        "--no-rebase",
        "--ff",
        "--no-ff",
        "--ff-only",
        "--no-edit",
        "--all",
        "--tags",
        "--prune",
        "-p",
        "--autostash",
        "--no-autostash",
        "--squash",
        "--no-commit",
    ],
    values: &["-s", "--strategy", "-X", "--strategy-option", "--depth"],
    attached: &["--rebase="],
    numbers: false,
};

const FETCH: Known = Known {
    flags: &[
        "--all",
        "--prune",
        "-p",
        "--tags",
        "-t",
        "--no-tags",
        "--unshallow",
        "--force",
        "-f",
        "--prune-tags",
        "-P",
        "--multiple",
    ],
    values: &["--depth", "--deepen", "--shallow-since", "-j", "--jobs"],
    attached: &["--recurse-submodules"],
    numbers: false,
};

const PUSH: Known = Known {
    flags: &[
        "-u",
        "--set-upstream",
        "--force",
        "-f",
        "--force-with-lease",
        "--force-if-includes",
        "--tags",
        "--follow-tags",
        "--all",
        "--delete",
        "-d",
        "--no-verify",
        "--atomic",
        "--dry-run",
        "-n",
        "--prune",
        "--mirror",
    ],
    values: &["-o", "--push-option"],
    attached: &["--force-with-lease="],
    numbers: false,
};

const REBASE: Known = Known {
    flags: &[
        "--abort",
        "--quit",
        "--skip",
        "--autostash",
        "--no-autostash",
        "--keep-base",
        "--root",
        "--no-verify",
        "--apply",
        "--merge",
        "-m",
        "--rebase-merges",
        "-r",
        "--update-refs",
    ],
    values: &["--onto", "-s", "--strategy", "-X", "--strategy-option"],
    attached: &[],
    numbers: false,
};

const PICK: Known = Known {
    flags: &[
        "-n",
        "--no-commit",
        "-x",
        "-s",
        "--signoff",
        "--ff",
        "--abort",
        "--quit",
        "--skip",
        "--allow-empty",
        "--keep-redundant-commits",
    ],
    values: &["-m", "--mainline", "-X", "--strategy-option", "--strategy"],
    attached: &[],
    numbers: false,
};

const REVERT: Known = Known {
    flags: &["--no-edit", "-n", "--no-commit", "-s", "--signoff"],
    values: &["-m", "--mainline", "-X", "--strategy-option", "--strategy"],
    attached: &[],
    numbers: false,
};

const RESET: Known = Known {
    flags: &["--soft", "--mixed", "--hard", "--merge", "--keep", "-N"],
    values: &[],
    attached: &[],
    numbers: false,
};

const CHECKOUT: Known = Known {
    flags: &[
        "-b",
        "-B",
        "-c",
        "-C",
        "--create",
        "--detach",
        "-d",
        "-f",
        "--force",
        "--track",
        "-t",
        "--no-track",
        "--guess",
        "--no-guess",
        "--orphan",
        "--ours",
        "--theirs",
        "-m",
        "--merge",
        "--discard-changes",
        "-",
    ],
    values: &[],
    attached: &["--track="],
    numbers: false,
};
