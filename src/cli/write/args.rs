//! What can be typed after `rtk write`: the options that all its commands share, and those of each.

use clap::{Args, Subcommand, ValueEnum};
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
