//! What can be typed after `rtk write`: the options that all its commands share, and those of each.

use clap::{Args, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rtk write file notes.txt < draft.txt          whole content, safe from crashes\n  rtk write file a.txt --from b.txt --dry-run    show the change as a diff\n\nEach command replaces a file whole: after a crash it is as before or as asked, never half.\nExit codes: docs/write.md of rtk."
)]
pub(in crate::cli) struct WriteArgs {
    #[command(flatten)]
    pub(super) shared: Shared,
    #[command(subcommand)]
    pub(super) what: WriteCommand,
}

/// Options that every `rtk write` command takes.
#[derive(Debug, Clone, Args)]
pub(super) struct Shared {
    /// Show the change as a diff and write nothing
    #[arg(long, global = true)]
    pub(super) dry_run: bool,
    /// Write only what is still: SHA-256 (or its first 8 digits and more), length:N, mtime:NANOSECONDS or missing
    #[arg(long, global = true, value_name = "STATE", value_parser = crate::edit::IfMatch::parse)]
    pub(super) if_match: Option<crate::edit::IfMatch>,
    /// How much to say on success
    #[arg(long, global = true, value_enum, default_value = "concise")]
    pub(super) output: OutputForm,
    /// Refuse paths that lead out of this folder, by links too
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) root: Option<PathBuf>,
    /// Refuse symlinks instead of writing the file that they lead to
    #[arg(long, global = true)]
    pub(super) no_follow: bool,
    /// Overwrite a file with several hard links in place, where a crash can tear it
    #[arg(long, global = true)]
    pub(super) in_place: bool,
    /// Do not wait for the disk: whole old or whole new after a crash of rtk, but maybe old after a power cut
    #[arg(long, global = true)]
    pub(super) fast: bool,
    /// Exit with 3 when nothing had to be changed
    #[arg(long, global = true)]
    pub(super) exit_code: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputForm {
    /// Nothing
    Quiet,
    /// A word or two
    Concise,
    /// One JSON document
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum WriteCommand {
    /// Give a file its whole content, from stdin or another file
    File(FileArgs),
    /// Replace a passage that is there once, or as often as said
    Replace(ReplaceArgs),
    /// Apply a unified diff, or blocks of old and new lines
    Patch(PatchArgs),
    /// Make all edits of a plan, or none
    Batch(BatchArgs),
    /// Give a value in a JSON, TOML, YAML, .env or INI file, or an element of a list, another value or place
    #[command(
        after_help = "Keys: a.b[0].\"key with dots\", list[-1], list[+] (append), or a JSON pointer /a/b/0; . is the whole document.\nWithout --type a string stays a string, a list or an object takes only its kind, all else is what it looks like.\n\nExamples:\n  rtk write set package.json version 1.2.0\n  rtk write set Cargo.toml 'dependencies.serde.features[+]' derive\n  rtk write set settings.json '\"editor.tabSize\"' 2\n  rtk write set config.yaml server.tls - --create-parents < tls.json\n  rtk write set list.json 'items[-1]' --move-to 0"
    )]
    Set(SetArgs),
    /// Take a key or an element out of a JSON, TOML, YAML, .env or INI file
    Unset(UnsetArgs),
    /// Print a value of a JSON, TOML, YAML, .env or INI file
    Get(GetArgs),
}

#[derive(Debug, Args)]
pub(super) struct FileArgs {
    /// The file
    pub(super) path: PathBuf,
    /// Take the content from this file; `-` is stdin
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(super) from: PathBuf,
    /// The file must not be there yet; of several at once exactly one succeeds
    #[arg(long)]
    pub(super) create: bool,
    /// Make missing folders on the way
    #[arg(long)]
    pub(super) create_folders: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rtk write replace a.rs --old 'fn old(' --new 'fn new('\n  rtk write replace a.txt --old x --new y --all\n  rtk write replace a.py --old-from old.txt --new-from new.txt --dry-run"
)]
pub(super) struct ReplaceArgs {
    /// The file
    pub(super) path: PathBuf,
    /// What to look for, to the byte
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, required_unless_present = "old_from")]
    pub(super) old: Option<OsString>,
    /// Take it from this file; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "old")]
    pub(super) old_from: Option<PathBuf>,
    /// What takes its place
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, required_unless_present = "new_from")]
    pub(super) new: Option<OsString>,
    /// Take that from this file; `-` is stdin
    #[arg(long, value_name = "FILE", conflicts_with = "new")]
    pub(super) new_from: Option<PathBuf>,
    /// Replace it everywhere; otherwise it must be there once
    #[arg(long, conflicts_with = "count")]
    pub(super) all: bool,
    /// It must be there so many times; all of them are replaced
    #[arg(long, value_name = "N")]
    pub(super) count: Option<usize>,
    /// Let line endings and indentation differ, and give the new text those of the file
    #[arg(long)]
    pub(super) adapt: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  git diff | rtk write patch                  each file that the diff names, all or none\n  rtk write patch src/a.rs --from change.diff\n\nBlocks instead of a diff:\n  <<<<<<<\n  old lines\n  =======\n  new lines\n  >>>>>>>"
)]
pub(super) struct PatchArgs {
    /// The file; those that the patch names when left out
    pub(super) path: Option<PathBuf>,
    /// Take the patch from this file; `-` is stdin
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(super) from: PathBuf,
    /// Let line endings and indentation differ, and give the new lines those of the file
    #[arg(long)]
    pub(super) adapt: bool,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The plan: {\"edits\": [\n  {\"file\": \"a.txt\", \"content\": \"whole content\"},\n  {\"file\": \"b.rs\", \"old\": \"x\", \"new\": \"y\"},          also \"count\": 2 or \"all\": true\n  {\"file\": \"p.json\", \"set\": \"a.b\", \"value\": 1},   or \"unset\": \"a.b\"\n  {\"patch\": \"--- a/c\\n+++ b/c\\n@@ …\"}            or with \"file\"\n]}\nEach edit takes \"if_match\" or \"create\": true; replace and patch take \"adapt\": true."
)]
pub(super) struct BatchArgs {
    /// The plan, a JSON document; `-` is stdin
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(super) plan: PathBuf,
}

/// A place in a document.
#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    /// The file
    pub(super) path: PathBuf,
    /// The key path, such as a.b[0], or a JSON pointer
    pub(super) key: String,
    /// The file's format; told from its name when left out
    #[arg(long, value_enum)]
    pub(super) format: Option<FormatArg>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FormatArg {
    Json,
    /// JSON with comments and trailing commas
    Jsonc,
    Toml,
    Yaml,
    Env,
    Ini,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum TypeArg {
    #[value(alias = "str")]
    String,
    #[value(alias = "int")]
    Integer,
    #[value(alias = "float")]
    Number,
    #[value(alias = "bool")]
    Boolean,
    Null,
    Object,
    Array,
    /// Any JSON
    Json,
    /// A TOML date or time
    Datetime,
}

#[derive(Debug, Args)]
pub(super) struct SetArgs {
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    /// The value; `-` reads it from stdin
    #[arg(allow_negative_numbers = true, required_unless_present = "move_to", conflicts_with = "move_to")]
    pub(super) value: Option<String>,
    /// The type that the value must have; it is refused if it does not fit
    #[arg(long = "type", value_enum, value_name = "TYPE")]
    pub(super) kind: Option<TypeArg>,
    /// Make the parents that are missing, and the file
    #[arg(short = 'p', long)]
    pub(super) create_parents: bool,
    /// Put the value before the element at the key path instead of replacing it
    #[arg(long)]
    pub(super) insert: bool,
    /// Take the element at the key path to this index of its list
    #[arg(long, value_name = "INDEX", allow_negative_numbers = true, conflicts_with_all = ["insert", "kind", "create_parents"])]
    pub(super) move_to: Option<i64>,
}

#[derive(Debug, Args)]
pub(super) struct UnsetArgs {
    #[command(flatten)]
    pub(super) place: PlaceArgs,
}

#[derive(Debug, Args)]
pub(super) struct GetArgs {
    #[command(flatten)]
    pub(super) place: PlaceArgs,
    /// Print the value as it stands in the file, quotes and all
    #[arg(long)]
    pub(super) raw: bool,
}
