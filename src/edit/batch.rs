//! Makes the edits of a plan, in order, in one change set: all of them or none.

use super::apply::EDIT_BYTES_MAX;
use super::document::edit;
use super::plan::{PlannedEdit, Step};
use super::{Cost, Done, EditError, Edited, Passage, Patch, Policy, replace_passage};
use crate::base::Deadline;
use crate::fs::{Contents, Real, create_private_dir_all_durable, read, update_all};
use std::path::{Path, PathBuf};

/// One edit of one file.
struct Task<'p> {
    /// From 1, in the order of the plan.
    number: usize,
    /// Which of the targets.
    target: usize,
    edit: &'p PlannedEdit,
    /// For a part of a patch that names its files: the patch and the number of the part.
    part: Option<(usize, usize)>,
}

/// The edits of a plan by files.
struct Work<'p> {
    targets: Vec<PathBuf>,
    tasks: Vec<Task<'p>>,
    patches: Vec<Patch>,
}

/// Makes all edits of a plan, or none. Edits of the same file see what those before them did.
pub fn edit_batch(plan: &[PlannedEdit], policy: &Policy) -> Result<(Vec<Edited>, Cost), EditError> {
    let clock = Deadline::never();
    let work = Work::new(plan, policy)?;
    if policy.dry_run {
        let before =
            work.targets.iter().map(|target| read(target, EDIT_BYTES_MAX)).collect::<Result<Vec<_>, _>>()?;
        let held: Vec<Option<&[u8]>> = before.iter().map(Option::as_deref).collect();
        let after = work.run(&held)?;
        let files = work.targets.into_iter().zip(before).zip(after);
        let edited = files.map(|((path, before), after)| Edited {
            path,
            before,
            after: after.unwrap_or_default(),
            done: Done::Planned,
        });
        return Ok((edited.collect(), Cost::default()));
    }
    // A journal whose folder is lost in a power cut is none.
    policy.journal.parent().map_or(Ok(()), create_private_dir_all_durable)?;
    let disk = Real::new();
    let mut change = |held: &[Option<&[u8]>]| work.run(held);
    let done =
        update_all(&disk, &work.targets, EDIT_BYTES_MAX, &policy.journal, &policy.options(), &mut change)?;
    let cost = Cost { statistics: disk.statistics(), micros: clock.elapsed_us() };
    let edited = done.into_iter().map(|updated| Edited {
        path: updated.path,
        before: updated.before,
        after: updated.after,
        done: Done::Written(updated.outcome),
    });
    Ok((edited.collect(), cost))
}

impl<'p> Work<'p> {
    fn new(plan: &'p [PlannedEdit], policy: &Policy) -> Result<Work<'p>, EditError> {
        let mut work = Work { targets: Vec::new(), tasks: Vec::new(), patches: Vec::new() };
        for (number, edit) in (1..).zip(plan) {
            let failed = |cause| EditError::Batch { number, cause: Box::new(cause) };
            let mut paths = Vec::new();
            let mut patch = None;
            if let Step::Patch { text, .. } = &edit.what {
                let source = PathBuf::from(format!("patch of edit {number}"));
                let read = Patch::parse(&source, text).map_err(failed)?;
                paths = read.paths();
                patch = Some(work.patches.len());
                work.patches.push(read);
            }
            if let Some(file) = &edit.file {
                paths = vec![file.clone()];
            } else if paths.is_empty() {
                let message = "the patch names no file".to_owned();
                let hint = "say file beside the patch".to_owned();
                return Err(failed(EditError::Usage { message, hint }));
            }
            for (part, path) in paths.iter().enumerate() {
                let target = work.target(policy.target(path).map_err(failed)?);
                work.tasks.push(Task { number, target, edit, part: patch.map(|patch| (patch, part)) });
            }
        }
        Ok(work)
    }

    /// The number of a target; one file has one, whatever links its path goes through.
    fn target(&mut self, path: PathBuf) -> usize {
        let real = |path: &Path| {
            let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
            folder
                .zip(path.file_name())
                .map_or_else(|| path.to_path_buf(), |(folder, name)| folder.join(name))
        };
        let path = real(&path);
        match self.targets.iter().position(|target| *target == path) {
            Some(number) => number,
            None => {
                self.targets.push(path);
                self.targets.len() - 1
            }
        }
    }

    /// All edits on the contents of all targets.
    fn run(&self, held: &[Option<&[u8]>]) -> Result<Contents, EditError> {
        let mut now: Contents = held.iter().map(|held| held.map(<[u8]>::to_vec)).collect();
        for task in &self.tasks {
            let failed = |cause| EditError::Batch { number: task.number, cause: Box::new(cause) };
            let path = &self.targets[task.target];
            if let Some(wanted) = &task.edit.if_match {
                super::apply::must_match(path, wanted, held[task.target]).map_err(failed)?;
            }
            let after = self.step(task, path, now[task.target].as_deref()).map_err(failed)?;
            now[task.target] = Some(after);
        }
        Ok(now)
    }

    fn step(&self, task: &Task<'_>, path: &Path, content: Option<&[u8]>) -> Result<Vec<u8>, EditError> {
        match &task.edit.what {
            Step::Content(content) => Ok(content.clone()),
            Step::Passage { old, new, times, adapt } => {
                let passage = Passage { old, new, times: *times, adapt: *adapt };
                replace_passage(path, content, &passage).map(|(after, _)| after)
            }
            Step::Value { request, format } => {
                let edited = edit(request.start(path, content)?, *format, request);
                edited.map_err(|fault| EditError::Document { path: path.to_path_buf(), fault })
            }
            Step::Patch { adapt, .. } => match task.part {
                Some((patch, _)) if task.edit.file.is_some() => {
                    self.patches[patch].apply_to(path, content, *adapt)
                }
                Some((patch, part)) => self.patches[patch].apply_part(part, path, content, *adapt),
                None => Ok(content.unwrap_or_default().to_vec()),
            },
        }
    }
}
