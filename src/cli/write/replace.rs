//! `rtk write replace`: a passage, to the byte.

use super::super::{CliError, Session};
use super::args::{ReplaceArgs, Shared};
use super::{edit, input};
use crate::edit::{Passage, Times, replace_passage};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;
use std::process::ExitCode;

pub(super) fn run(session: &Session, shared: &Shared, args: ReplaceArgs) -> Result<ExitCode, CliError> {
    let old = text(args.old, args.old_from)?;
    let new = text(args.new, args.new_from)?;
    let times = match args.count {
        Some(count) => Times::Exactly(count),
        None if args.all => Times::All,
        None => Times::Once,
    };
    let passage = Passage { old: &old, new: &new, times, adapt: args.adapt };
    edit(session, shared, &args.path, &mut |before| {
        replace_passage(&args.path, before, &passage).map(|(after, _)| after)
    })
}

/// The text as typed, or a file's content.
fn text(typed: Option<OsString>, from: Option<PathBuf>) -> Result<Vec<u8>, CliError> {
    match (typed, from) {
        (_, Some(from)) => input::read(&from),
        (typed, None) => Ok(typed.unwrap_or_default().into_vec()),
    }
}
