//! The project at a glance.

use crate::index::{Context, IndexError};
use crate::project::Root;

/// A short general text about the project, for agents whose task is not known; `chars` is a hard limit.
pub fn glance(_context: &Context<'_>, _root: &Root, _chars: usize) -> Result<String, IndexError> {
    Ok(String::new())
}
