//! The one seam between the hook and the memory; tests put slow, panicking and boundless ones in its place.

use crate::daemon::Projects;
use crate::memory::{self, Budget, Context, IndexError, Plan, Question, Ranked};
use crate::project::Root;
use std::sync::Arc;

/// What the hook asks of a memory.
pub trait Knowledge: Send + 'static {
    /// Ranks the project's files for a question.
    fn search(
        &self,
        context: &Context<'_>,
        root: &Root,
        question: &Question<'_>,
    ) -> Result<Ranked, IndexError>;
    /// Cuts a ranked answer to a budget and renders it.
    fn assemble(&self, ranked: &Ranked, budget: &Budget<'_>) -> Plan {
        memory::assemble(ranked, budget)
    }
    /// Says something general about the project in at most `chars` characters.
    fn glance(&self, context: &Context<'_>, root: &Root, chars: usize) -> Result<String, IndexError>;
}

/// The memory read anew by this process.
#[derive(Debug, Clone, Copy)]
pub struct ProjectMemory;

impl Knowledge for ProjectMemory {
    fn search(
        &self,
        context: &Context<'_>,
        root: &Root,
        question: &Question<'_>,
    ) -> Result<Ranked, IndexError> {
        memory::search(context, root, question)
    }

    fn glance(&self, context: &Context<'_>, root: &Root, chars: usize) -> Result<String, IndexError> {
        memory::glance(context, root, chars)
    }
}

/// The memory that a daemon keeps, as it is asked by other processes.
impl Knowledge for Arc<Projects> {
    fn search(
        &self,
        context: &Context<'_>,
        root: &Root,
        question: &Question<'_>,
    ) -> Result<Ranked, IndexError> {
        Projects::search(self, context, root, question)
    }

    fn glance(&self, context: &Context<'_>, root: &Root, chars: usize) -> Result<String, IndexError> {
        Projects::glance(self, context, root, chars)
    }
}
