//! `rtk write file`: the whole content of a file.

use super::super::{CliError, Session};
use super::args::{FileArgs, Shared};
use super::report::Report;
use super::{edit, input};
use crate::edit::{EditError, IfMatch, stream_file};
use std::io::Read as _;
use std::process::ExitCode;

/// Mode of folders that are made, from which the umask is taken.
const FOLDER_MODE: u32 = 0o777;
/// Longer content is never held as a whole, in bytes.
const HELD_BYTES_MAX: u64 = 8 * 1024 * 1024;

pub(super) fn run(session: &Session, shared: &Shared, args: &FileArgs) -> Result<ExitCode, CliError> {
    let mut shared = shared.clone();
    if args.create {
        shared.if_match = Some(IfMatch::Missing);
    }
    let mut source = input::open(&args.from)?;
    let mut start = Vec::new();
    let read = source.by_ref().take(HELD_BYTES_MAX).read_to_end(&mut start);
    read.map_err(|source| CliError::Read { what: args.from.display().to_string(), source })?;
    if args.create_folders && !shared.dry_run {
        let target = shared.policy(session)?.target(&args.path)?;
        if let Some(folder) = target.parent() {
            crate::fs::create_folders(folder, FOLDER_MODE).map_err(EditError::from)?;
        }
    }
    if shared.dry_run || (start.len() as u64) < HELD_BYTES_MAX {
        source
            .read_to_end(&mut start)
            .map_err(|source| CliError::Read { what: args.from.display().to_string(), source })?;
        return edit(session, &shared, &args.path, &mut |_| Ok(start.clone()));
    }
    let mut content = start.as_slice().chain(source);
    let (streamed, cost) = stream_file(&args.path, &shared.policy(session)?, &mut content)?;
    Report { session, shared: &shared }.of_stream(&streamed, cost)
}
