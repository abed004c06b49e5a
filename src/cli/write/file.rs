//! `rtk write file`: the whole content of a file.

use super::super::{CliError, Session};
use super::args::{FileArgs, Shared};
use super::{edit, input};
use crate::edit::IfMatch;
use std::process::ExitCode;

/// Mode of folders that are made, from which the umask is taken.
const FOLDER_MODE: u32 = 0o777;

pub(super) fn run(session: &Session, shared: &Shared, args: &FileArgs) -> Result<ExitCode, CliError> {
    let content = input::read(&args.from)?;
    let mut shared = shared.clone();
    if args.create {
        shared.if_match = Some(IfMatch::Missing);
    }
    if args.create_folders && !shared.dry_run {
        let target = shared.policy(session)?.target(&args.path)?;
        if let Some(folder) = target.parent() {
            crate::fs::create_folders(folder, FOLDER_MODE).map_err(crate::edit::EditError::from)?;
        }
    }
    edit(session, &shared, &args.path, &mut |_| Ok(content.clone()))
}
