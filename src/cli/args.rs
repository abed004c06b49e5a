//! What can be typed, and nothing else: clap structures without any work in them.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Project memory for every Claude Code subagent
#[derive(Debug, Parser)]
#[command(name = "rtk", version, arg_required_else_help = true, propagate_version = true)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
pub(super) struct Global {
    /// Print one JSON document instead of text
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Print less
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Print more
    #[arg(short, long, global = true)]
    pub(super) verbose: bool,
    /// When to use colour (`NO_COLOR` is honoured)
    #[arg(long, global = true, value_enum, default_value = "auto")]
    pub(super) color: Color,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Answer a client event (JSON on stdin), or explain an earlier answer
    Hook(HookArgs),
    /// Wire rtk into Claude Code, show that it works, or remove it
    Init(InitArgs),
    /// Ask the project memory, or look after it
    Memory(MemoryArgs),
    /// Edit files so that no crash can break them
    Write(super::write::WriteArgs),
    /// Examine the whole setup and say what to do: programs, hooks, memory, daemon, folders, log; exit 0 good, 1 broken, 2 warnings
    Doctor,
    /// Serve the memory as MCP tools over stdin and stdout, for a client that starts it
    Mcp,
    /// Run your own git, and show less of what it prints
    #[command(
        after_help = "All arguments are git's. What is shown in short form, and how to see all: docs/git.md"
    )]
    Git(GitArgs),
    /// Show what wrapped commands printed and what of it was shown
    Gain,
    /// Show each setting with its value and where it came from
    Config,
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
}

#[derive(Debug, Args)]
pub(super) struct GitArgs {
    /// What git would be given
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) args: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// bash, elvish, fish, powershell or zsh
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rtk hook < payload.json      answer one event\n  rtk hook why                 explain the latest answer\n  rtk hook why toolu_01AbC     explain that launch"
)]
pub(super) struct HookArgs {
    #[command(subcommand)]
    pub(super) what: HookCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum HookCommand {
    /// Explain what the hook did with a launch: policy, candidates, scores, what was cut, timings
    Why {
        /// The launch's tool_use_id; the latest launch when left out
        tool_use_id: Option<String>,
    },
}

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rtk init --global --dry-run   show what would change\n  rtk init --global --yes       install without asking\n  rtk init --show               prove that it works\n  rtk init --uninstall          remove every trace"
)]
pub(super) struct InitArgs {
    /// Your own settings, for all projects (the default; honours CLAUDE_CONFIG_DIR)
    #[arg(long, group = "scope")]
    pub(super) global: bool,
    /// The project's .claude/settings.json, shared with team mates
    #[arg(long, group = "scope")]
    pub(super) project: bool,
    /// The project's .claude/settings.local.json, yours alone
    #[arg(long, group = "scope")]
    pub(super) local: bool,
    /// Show every hook: registered, reachable, fires; exit 0 good, 1 broken, 2 warnings
    #[arg(long, conflicts_with_all = ["uninstall", "dry_run"])]
    pub(super) show: bool,
    /// Remove exactly what rtk added, in whatever form
    #[arg(long)]
    pub(super) uninstall: bool,
    /// Show the change as a diff and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Put back the note in CLAUDE.md that tells the model how to ask the memory, even where it was taken out
    #[arg(long, conflicts_with_all = ["no_claude_md", "uninstall", "show"])]
    pub(super) claude_md: bool,
    /// Leave the note out of CLAUDE.md, or take it out
    #[arg(long, conflicts_with_all = ["uninstall", "show"])]
    pub(super) no_claude_md: bool,
    /// Also allow agents to run `rtk memory plan` and `rtk memory explore` without asking you
    #[arg(long, conflicts_with_all = ["uninstall", "show"])]
    pub(super) allow_memory: bool,
    /// Have the client ask a running daemon over HTTP, with no process started for each event; needs `rtk memory serve`
    #[arg(long, conflicts_with_all = ["project", "uninstall", "show"])]
    pub(super) http: bool,
    /// The daemon's port for --http
    #[arg(long, requires = "http", default_value_t = 7700, value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) port: u16,
    /// Also register `rtk mcp` as an MCP server: .mcp.json of the project, or your own .claude.json
    #[arg(long, conflicts_with_all = ["local", "uninstall", "show"])]
    pub(super) mcp: bool,
    /// Do not ask
    #[arg(short, long)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct MemoryArgs {
    #[command(subcommand)]
    pub(super) what: MemoryCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum MemoryCommand {
    /// Print the ranked slice for a task
    #[command(
        after_help = "Examples:\n  rtk memory plan \"why does login lose the session?\"\n  rtk memory plan --task-file issue.md --format paths --top 20\n  git log -1 --format=%B | rtk memory plan -"
    )]
    Plan(PlanArgs),
    /// Print where a name is defined and used
    #[command(
        after_help = "Examples:\n  rtk memory symbol RateLimiter\n  rtk memory symbol Pool.get --top 5\n  rtk memory symbol parse_line --json"
    )]
    Symbol(SymbolArgs),
    /// Print which files belong to a file: imports both ways, tests, what is changed together with it
    #[command(
        after_help = "Examples:\n  rtk memory related src/net/pool.rs\n  rtk memory related pool.py --top 5 --json"
    )]
    Related(RelatedArgs),
    /// Print the project at a glance
    Explore(ExploreArgs),
    /// Print what changed since a revision or since the last delta
    Delta(DeltaArgs),
    /// Bring the index up to date
    Refresh(RefreshArgs),
    /// Print what is indexed, how fresh and how large
    Status(ProjectArgs),
    /// Delete the index of this project, or of all; it is rebuilt when needed
    Clear(ClearArgs),
    /// Keep indexes in memory and answer hooks from there, until idle or stopped
    #[command(
        after_help = "Examples:\n  rtk memory serve                 serve hooks until nobody has asked for five minutes\n  rtk memory serve --idle-secs 0   serve until stopped\n  rtk memory serve --status        is one running, and how is it\n  rtk memory serve --stop          end the running one"
    )]
    Serve(ServeArgs),
    /// Follow the changes of this project and keep its index up to date, until stopped
    Watch(ProjectArgs),
}

#[derive(Debug, Args)]
pub(super) struct ProjectArgs {
    /// The project's folder; found from the working folder when left out
    #[arg(long, value_name = "DIR")]
    pub(super) project: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PlanFormat {
    Text,
    Json,
    Paths,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum QueryTypeArg {
    General,
    Bugfix,
    Feature,
    Refactor,
    Incident,
    Test,
    Docs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DetailArg {
    Compact,
    Normal,
    Verbose,
}

/// A count of which none would be no question.
fn at_least_one() -> clap::builder::RangedU64ValueParser<usize> {
    clap::builder::RangedU64ValueParser::new().range(1..)
}

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// The task; `-` reads it from stdin
    #[arg(required_unless_present = "task_file", conflicts_with = "task_file")]
    pub(super) task: Option<String>,
    /// A file that holds the task; `-` is stdin
    #[arg(long, value_name = "FILE")]
    pub(super) task_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) at: ProjectArgs,
    /// text for models and people, json for tools, paths for scripts
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: PlanFormat,
    /// How many files to list
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = at_least_one())]
    pub(super) top: usize,
    /// Token budget of the slice
    #[arg(long, value_name = "N", value_parser = at_least_one())]
    pub(super) token_budget: Option<usize>,
    /// Kind of task; guessed from its text when left out
    #[arg(long, value_enum)]
    pub(super) query_type: Option<QueryTypeArg>,
    /// How much of each file to show
    #[arg(long, value_enum, default_value = "normal")]
    pub(super) detail: DetailArg,
    /// Say in words why each file is where it is, and what was cut
    #[arg(long)]
    pub(super) explain: bool,
    /// Show how the answer came about: times, grounds of the confidence, every signal with its value and share
    #[arg(long)]
    pub(super) trace: bool,
}

#[derive(Debug, Args)]
pub(super) struct SymbolArgs {
    /// A name as it is written in code; `Type.member` and `Type::member` narrow it down
    pub(super) name: String,
    #[command(flatten)]
    pub(super) at: ProjectArgs,
    /// How many definitions, and how many files with uses, to list
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = at_least_one())]
    pub(super) top: usize,
}

#[derive(Debug, Args)]
pub(super) struct RelatedArgs {
    /// A file, from the working folder or from the project's root
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) at: ProjectArgs,
    /// How many files to list
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = at_least_one())]
    pub(super) top: usize,
}

#[derive(Debug, Args)]
pub(super) struct ExploreArgs {
    #[command(flatten)]
    pub(super) at: ProjectArgs,
    /// What the glance is for
    #[arg(long, value_enum, default_value = "general")]
    pub(super) query_type: QueryTypeArg,
    /// How much to show
    #[arg(long, value_enum, default_value = "normal")]
    pub(super) detail: DetailArg,
}

#[derive(Debug, Args)]
pub(super) struct DeltaArgs {
    #[command(flatten)]
    pub(super) at: ProjectArgs,
    /// Compare the work tree with this revision instead of the last delta
    #[arg(long, value_name = "REV")]
    pub(super) since: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct RefreshArgs {
    #[command(flatten)]
    pub(super) at: ProjectArgs,
    /// Forget the index first and build it anew
    #[arg(long)]
    pub(super) rebuild: bool,
    /// Threads to use
    #[arg(long, value_name = "N", default_value_t = 2)]
    pub(super) threads: usize,
    /// Run as the detached helper that the hook starts: no output, one at a time
    #[arg(long, hide = true)]
    pub(super) background: bool,
}

#[derive(Debug, Args)]
pub(super) struct ClearArgs {
    #[command(flatten)]
    pub(super) at: ProjectArgs,
    /// Delete the indexes of all projects
    #[arg(long, conflicts_with = "project")]
    pub(super) all: bool,
}

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Port of the HTTP face on the loopback; 0 for any that is free
    #[arg(long, value_name = "N", default_value_t = 7700)]
    pub(super) port: u16,
    /// No HTTP: only the socket that hooks ask
    #[arg(long)]
    pub(super) no_http: bool,
    /// End after so many seconds without a question; 0 for never
    #[arg(long, value_name = "N", default_value_t = 300)]
    pub(super) idle_secs: u64,
    /// Tell how the running daemon is; exit 1 when there is none
    #[arg(long, conflicts_with = "stop")]
    pub(super) status: bool,
    /// End the running daemon
    #[arg(long)]
    pub(super) stop: bool,
    /// Run as the detached process that the hook starts: no output
    #[arg(long, hide = true)]
    pub(super) background: bool,
}
