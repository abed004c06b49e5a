//! `rtk memory explore` and `rtk memory delta`.

use super::Session;
use super::args::{DeltaArgs, ExploreArgs};
use super::error::CliError;
use super::memory::{context, detail, place, query_type, warm_up};
use crate::memory::{self, ExploreOptions};
use std::process::ExitCode;

pub(super) fn explore(session: &Session, args: &ExploreArgs) -> Result<ExitCode, CliError> {
    let place = place(session, &args.at)?;
    let context = context(session, &place)?;
    warm_up(session, &context, &place.root)?;
    let options = ExploreOptions { query_type: query_type(args.query_type), detail: detail(args.detail) };
    let (overview, text) = memory::explore(&context, &place.root, options)?;
    if session.out.is_json() {
        session.out.json(&serde_json::to_value(&overview).unwrap_or_default())?;
    } else {
        session.out.raw(text.as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn delta(session: &Session, args: &DeltaArgs) -> Result<ExitCode, CliError> {
    let place = place(session, &args.at)?;
    let context = context(session, &place)?;
    warm_up(session, &context, &place.root)?;
    let (delta, text) = memory::delta(&context, &place.root, args.since.as_deref())?;
    if session.out.is_json() {
        session.out.json(&serde_json::to_value(&delta).unwrap_or_default())?;
    } else {
        session.out.raw(text.as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}
