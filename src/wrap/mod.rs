//! The user's own git with less to read: which command gets a view, how it is run, what is shown.
//!
//! Invariants: git gets exactly the arguments, environment, folder and stdin that rtk got, and rtk ends as git ended;
//! what is not known goes through byte for byte; a failure is shown word for word; what is shown is never longer than
//! git's own output; memory does not grow with the output; where content is left out, the last line says so. Knows
//! nothing of clients, hooks, the memory.

mod call;
mod options;
mod page;
mod plan;
mod run;
mod trim;
mod view;

pub use call::quoted;
pub use run::Sizes;

use crate::git::{Ended, become_git};
use call::Call;
use plan::{Plan, plan};
use run::{Sinks, run_trim, run_view};
use std::ffi::OsString;
use std::io::Write;

/// What rtk makes of a git command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only reads, and its output is shown by a view.
    View,
    /// It changes something, and what it says on success is shortened.
    Trim,
    /// It is left to git.
    Pass,
}

/// Says what rtk makes of a git command line (without `git` itself). `has_global` is set where options stand before
/// the subcommand.
pub fn kind_of(args: &[OsString]) -> (Kind, bool) {
    let Some(call) = Call::of(args) else { return (Kind::Pass, true) };
    let kind = match plan(&call) {
        Plan::Pass => Kind::Pass,
        Plan::View { .. } => Kind::View,
        Plan::Trim { .. } => Kind::Trim,
    };
    (kind, !call.global.is_empty())
}

/// Where the output of rtk goes.
pub struct Screen<'s> {
    /// Standard output.
    pub out: &'s mut dyn Write,
    /// Standard error.
    pub err: &'s mut dyn Write,
    /// Whether one of them is a terminal: then a person reads, and git is left to itself with pager, colour and editor.
    pub is_terminal: bool,
    /// Whether both are the same file or pipe, so that the order of their lines matters.
    pub is_one: bool,
}

/// How a git command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// git's own end.
    pub ended: Ended,
    /// The subcommand.
    pub command: String,
    /// What was printed and what was shown.
    pub sizes: Sizes,
}

/// Runs git. Where there is nothing to shorten, git takes the place of this process and the call does not return; an
/// error means that git could not be started.
pub fn run(args: &[OsString], screen: &mut Screen<'_>) -> std::io::Result<Done> {
    let call = Call::of(args).filter(|_| !screen.is_terminal);
    let Some(call) = call else { return Err(become_git(args)) };
    let mut sinks = Sinks { out: screen.out, err: screen.err };
    let (ended, sizes) = match plan(&call) {
        Plan::Pass => return Err(become_git(args)),
        Plan::View { view, whole, code_one_is_fine } => {
            let note = format!("(rtk shortened this; all of it: {})", call.shown_with(whole));
            let args = uncoloured(&call);
            run_view(
                &args,
                view,
                &note,
                |ended| ended == Ended::Code(0) || (code_one_is_fine && ended == Ended::Code(1)),
                &mut sinks,
            )?
        }
        Plan::Trim { after } => {
            run_trim(args, screen.is_one, &format!("(rtk shortened this; see {after})"), &mut sinks)?
        }
    };
    Ok(Done { ended, command: call.command.to_owned(), sizes })
}

/// The same command line without colour, which only `color.ui=always` would bring into captured output.
fn uncoloured(call: &Call<'_>) -> Vec<OsString> {
    let sections = ["ui", "branch", "diff", "grep", "status"];
    let settings = sections.iter().flat_map(|name| ["-c".into(), format!("color.{name}=false").into()]);
    let line = call.global.iter().cloned().chain(settings);
    line.chain([call.command.into()]).chain(call.args.iter().cloned()).collect()
}
