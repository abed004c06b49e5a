//! What a slice looks like from outside: one marked block after the untouched prompt, with the right file in it.

use crate::run::Run;
use crate::sample::Question;

/// How the block begins that rtk adds.
const OPENING: &str = "<rtk-project-memory";

/// Number of blocks in a text.
pub(crate) fn blocks(text: &str) -> usize {
    text.matches(OPENING).count()
}

/// Asserts that `text` holds the answer: the file and the definition in it.
pub(crate) fn assert_answers(text: &str, question: Question, run: &Run) {
    for part in [question.path, question.symbol] {
        assert!(text.contains(part), "{part} is missing in:\n{text}\n{}", run.report());
    }
}

/// Asserts that the agent got its prompt whole and first, then one block with the answer, then nothing.
pub(crate) fn assert_injected(run: &Run, agent: &str, question: Question) {
    let prompt = run.agent(agent).prompt(question.prompt);
    let added = &prompt[question.prompt.len()..];
    assert_eq!(blocks(added), 1, "{prompt}\n{}", run.report());
    assert!(added.trim_start().starts_with(OPENING), "{prompt}");
    assert_answers(added, question, run);
    assert_eq!(
        blocks(&run.agent(agent).everything()),
        1,
        "only one slice reaches an agent\n{}",
        run.report()
    );
}

/// Asserts that the agent got its prompt exactly as the launching model wrote it, and nothing of ours elsewhere.
pub(crate) fn assert_untouched(run: &Run, agent: &str, prompt: &str) {
    assert_eq!(run.agent(agent).prompt(prompt), prompt, "{}", run.report());
    assert_eq!(blocks(&run.agent(agent).everything()), 0, "{}", run.report());
}
