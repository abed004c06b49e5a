//! `rtk memory symbol` and `rtk memory related`.

use super::Session;
use super::args::{RelatedArgs, SymbolArgs};
use super::error::CliError;
use super::memory::{context, place, warm_up};
use crate::memory::{self, Occurrences, Related};
use crate::project::Root;
use std::path::{Component, Path, PathBuf};
use std::process::ExitCode;

pub(super) fn symbol(session: &Session, args: &SymbolArgs) -> Result<ExitCode, CliError> {
    if !args.name.contains(|ch: char| ch.is_alphanumeric() || ch == '_') {
        return Err(CliError::Usage {
            message: "the name is empty",
            hint: "give a name as it is written in code, as in: rtk memory symbol RateLimiter",
        });
    }
    let place = place(session, &args.at)?;
    let context = context(session, &place)?;
    warm_up(session, &context, &place.root)?;
    let found = memory::symbol(&context, &place.root, &args.name, args.top)?;
    if session.out.is_json() {
        session.out.json(&serde_json::to_value(&found).unwrap_or_default())?;
    } else {
        print_symbol(session, &found)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print_symbol(session: &Session, found: &Occurrences) -> Result<(), CliError> {
    let out = &session.out;
    if found.definitions.is_empty() && found.uses.is_empty() {
        return out.line(&format!(
            "No file has the name {}. For words instead of a name: rtk memory plan \"{}\"",
            found.name, found.name
        ));
    }
    if found.definitions.is_empty() {
        out.line(&format!("{} is used but not defined in this project.", found.name))?;
    }
    for definition in &found.definitions {
        let inside = definition.container.as_ref().map_or_else(String::new, |name| format!(" in {name}"));
        let test = if definition.test { " (test)" } else { "" };
        out.line(&format!(
            "{}:{}-{}  {}{inside}{test}: {}",
            definition.path,
            definition.start_line,
            definition.end_line,
            definition.kind,
            definition.signature
        ))?;
    }
    left_out(session, found.definitions.len(), found.definitions_total, "definitions")?;
    if !found.uses.is_empty() {
        out.line("\nUsed in:")?;
    }
    for file in &found.uses {
        let test = if file.test { " (test)" } else { "" };
        out.line(&format!("{}{test}: {} lines", file.path, file.count))?;
        let shown = if session.out.is_verbose() { file.lines.len() } else { 2 };
        for line in file.lines.iter().take(shown) {
            let inside = line.inside.as_ref().map_or_else(String::new, |name| format!("{name} › "));
            out.line(&format!("   {}  {inside}{}", line.line, line.text))?;
        }
    }
    left_out(session, found.uses.len(), found.files_total, "files with uses")?;
    if !found.complete {
        out.line("Too many files have the name: those that have it most often were read.")?;
    }
    Ok(())
}

fn left_out(session: &Session, shown: usize, total: usize, what: &str) -> Result<(), CliError> {
    if shown < total {
        session.out.line(&format!("({shown} of {total} {what}; more with --top)"))?;
    }
    Ok(())
}

pub(super) fn related(session: &Session, args: &RelatedArgs) -> Result<ExitCode, CliError> {
    let place = place(session, &args.at)?;
    let context = context(session, &place)?;
    warm_up(session, &context, &place.root)?;
    for file in candidates(session, &place.root, &args.file) {
        let Some(found) = memory::related(&context, &place.root, &file, args.top)? else { continue };
        if session.out.is_json() {
            session.out.json(&serde_json::to_value(&found).unwrap_or_default())?;
        } else {
            print_related(session, &found)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    Err(CliError::Room {
        message: format!("{} is not among the files of {}", args.file.display(), place.root.path.display()),
        hint: Some(
            "name an indexed file by its path; `rtk memory plan --format paths \"WORDS\"` finds some".into(),
        ),
    })
}

fn print_related(session: &Session, found: &Related) -> Result<(), CliError> {
    if found.files.is_empty() {
        return session.out.line(&format!(
            "Nothing in this project imports {} or is imported by it, tests it or was changed together with it.",
            found.file
        ));
    }
    for file in &found.files {
        session.out.line(&format!("{}  {}", file.path, file.relations.join(", ").replace('_', " ")))?;
    }
    left_out(session, found.files.len(), found.total, "files")
}

/// Paths from the root that the typed one may mean: from the working folder first, then from the root.
fn candidates(session: &Session, root: &Root, file: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let cwd = session.env.cwd().map(|cwd| std::fs::canonicalize(cwd).unwrap_or_else(|_| cwd.to_path_buf()));
    for base in cwd.into_iter().chain([root.path.clone()]) {
        if let Ok(path) = plain(&base.join(file)).strip_prefix(&root.path) {
            paths.push(path.to_path_buf());
        }
    }
    paths.dedup();
    paths
}

/// The path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}
