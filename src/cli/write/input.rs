//! Reads what a command is given on stdin or in a named file.

use super::super::CliError;
use std::io::Read;
use std::path::Path;

/// All bytes of a file, or of stdin for `-`.
pub(super) fn read(from: &Path) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    let read = open(from)?.read_to_end(&mut bytes);
    read.map_err(|source| CliError::Read { what: name(from), source })?;
    Ok(bytes)
}

/// A file, or stdin for `-`, to be read in pieces.
pub(super) fn open(from: &Path) -> Result<Box<dyn Read>, CliError> {
    if from == Path::new("-") {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let opened = std::fs::File::open(from);
    Ok(Box::new(opened.map_err(|source| CliError::Read { what: name(from), source })?))
}

fn name(from: &Path) -> String {
    if from == Path::new("-") { "stdin".into() } else { from.display().to_string() }
}
