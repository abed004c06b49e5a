//! The project at a glance.

use super::types::{Context, MemoryError};
use crate::project::Root;

/// A short general text about the project, for agents whose task is not known; `chars` is a hard limit.
pub fn glance(_context: &Context<'_>, _root: &Root, _chars: usize) -> Result<String, MemoryError> {
    Ok(String::new())
}
