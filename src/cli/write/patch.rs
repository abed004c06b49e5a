//! `rtk write patch`: a unified diff or blocks of old and new lines.

use super::super::{CliError, Session};
use super::args::{PatchArgs, Shared};
use super::{edit, edit_all, input};
use crate::edit::{EditError, Patch, PlannedEdit, Step};
use std::path::Path;
use std::process::ExitCode;

pub(super) fn run(session: &Session, shared: &Shared, args: PatchArgs) -> Result<ExitCode, CliError> {
    let text = input::read(&args.from)?;
    let source = if args.from == Path::new("-") { Path::new("stdin") } else { args.from.as_path() };
    let patch = Patch::parse(source, &text)?;
    let named = patch.paths();
    let path = match (args.path, &named[..]) {
        (Some(path), _) => path,
        (None, [only]) => only.clone(),
        (None, []) => {
            let message = "the patch names no file".to_owned();
            return Err(EditError::Usage { message, hint: "name the file before the options".into() }.into());
        }
        (None, _) => {
            let what = Step::Patch { text, adapt: args.adapt };
            return edit_all(session, shared, &[PlannedEdit { file: None, what, if_match: None }]);
        }
    };
    edit(session, shared, &path, &mut |before| patch.apply_to(&path, before, args.adapt))
}
