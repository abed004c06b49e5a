//! Reads what a command is given on stdin or in a named file.

use super::super::CliError;
use std::io::Read as _;
use std::path::Path;

/// All bytes of a file, or of stdin for `-`.
pub(super) fn read(from: &Path) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    if from == Path::new("-") {
        let read = std::io::stdin().lock().read_to_end(&mut bytes);
        read.map_err(|source| CliError::Read { what: "stdin".into(), source })?;
        return Ok(bytes);
    }
    std::fs::read(from).map_err(|source| CliError::Read { what: from.display().to_string(), source })
}
