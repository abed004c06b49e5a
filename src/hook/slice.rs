//! The text around a slice: what the memory is asked, and what stands before and around its answer.

use crate::text::block;
use std::ops::Range;

/// Of a longer prompt only the beginning and the end are the question; the middle is pasted text, in bytes.
const TASK_BYTES_MAX: usize = 64 * 1024;
/// Share of the end in a shortened task, in bytes.
const TASK_END_BYTES: usize = 16 * 1024;

/// Says to the agent that the block is not the words of whoever launched it.
const HOOK_NOTE: &str = "Added to this prompt by a hook.\n";

const WORKTREE_NOTE: &str = "Paths are relative to the project root. The agent works in a fresh git work tree of HEAD: \
uncommitted changes of this work tree are described here and are not in it.\n";

const REMOTE_NOTE: &str = "Paths are relative to the project root. The agent works on another machine: uncommitted changes of \
this work tree are described here and are not there.\n";

const ANSWER_NOTE: &str = "Not an error: rtk, the project memory, answers this exploration itself, with the ranked slice below. \
If that is not enough, launch the same agent again: the same question passes, with the slice in its prompt. To turn this \
off: RTK_EXPLORE_POLICY=inject.";

/// A text that is fixed but for the slice in it.
pub(super) struct Slice {
    before: &'static str,
    notes: Vec<&'static str>,
    task: String,
    chars_max: usize,
}

impl Slice {
    /// The block that follows an agent's prompt.
    pub(super) fn injection(task: &str, chars_max: usize, isolation: Option<&str>) -> Slice {
        let notes = match isolation {
            Some("worktree") => vec![HOOK_NOTE, WORKTREE_NOTE],
            Some("remote") => vec![HOOK_NOTE, REMOTE_NOTE],
            _ => vec![HOOK_NOTE],
        };
        Slice { before: "", notes, task: task.to_owned(), chars_max }
    }

    /// The reason for which an exploration is not launched.
    pub(super) fn answer(task: &str, chars_max: usize) -> Slice {
        Slice { before: ANSWER_NOTE, notes: Vec::new(), task: task.to_owned(), chars_max }
    }

    /// Characters that are left for the memory's text.
    pub(super) fn chars_left(&self) -> usize {
        let notes: usize = self.notes.iter().map(|note| note.chars().count()).sum();
        let fixed = self.before.chars().count() + notes + block::WRAP_CHARS;
        self.chars_max.saturating_sub(fixed)
    }

    /// The whole text; `None` if the memory's part is longer than it may be.
    pub(super) fn fill(&self, text: &str) -> Option<String> {
        let body = format!("{}{text}", self.notes.concat());
        let whole = format!("{}{}", self.before, block::wrap(&self.task, &body));
        (whole.chars().count() <= self.chars_max).then_some(whole)
    }
}

/// What the memory is asked: the prompt without our own blocks and, if it is very long, without its middle.
pub(super) fn task_text(prompt: &str, blocks: &[Range<usize>]) -> String {
    let mut task = String::new();
    let mut from = 0;
    for range in blocks {
        task.push_str(prompt.get(from..range.start).unwrap_or_default());
        from = range.end;
    }
    task.push_str(prompt.get(from..).unwrap_or_default());
    if task.len() > TASK_BYTES_MAX {
        let head = task.floor_char_boundary(TASK_BYTES_MAX - TASK_END_BYTES);
        let tail = task.ceil_char_boundary(task.len() - TASK_END_BYTES);
        task = format!("{}\n{}", &task[..head], &task[tail..]);
    }
    task
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_for_the_memory_fills_the_limit_exactly() {
        let with_note = Slice::injection("task", 1000, Some("worktree"));
        let answer = Slice::answer("task", 1000);
        for slice in [Slice::injection("task", 1000, None), with_note, answer] {
            let text = "é".repeat(slice.chars_left());
            assert_eq!(slice.fill(&text).unwrap().chars().count(), 1000);
            assert!(slice.fill(&(text + "é")).is_none());
        }
        assert_eq!(Slice::answer("task", 10).chars_left(), 0);
    }

    #[test]
    fn an_isolated_agent_is_told_what_it_will_not_find() {
        let text = Slice::injection("task", 1000, Some("worktree")).fill("x").unwrap();
        assert!(text.contains("work tree of HEAD") && text.contains("relative to the project root"));
        let plain = Slice::injection("task", 1000, None).fill("x").unwrap();
        assert!(!plain.contains("work tree") && plain.contains("by a hook"), "{plain}");
    }

    #[test]
    fn a_huge_prompt_is_asked_by_its_beginning_and_its_end() {
        let prompt = format!("begin {} end", "é".repeat(5_000_000));
        let task = task_text(&prompt, &[]);
        assert!(task.starts_with("begin") && task.ends_with("end") && task.len() <= TASK_BYTES_MAX + 1);
    }

    #[test]
    fn our_own_block_is_not_part_of_the_question() {
        let prompt = format!("ask{}", block::wrap("ask", "src/old.rs"));
        assert_eq!(task_text(&prompt, &block::find(&prompt)), "ask");
    }
}
