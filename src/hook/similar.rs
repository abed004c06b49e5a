//! Whether two prompts ask the same, told from hashes of their words so that the record need not hold the prompts.

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

/// Word hashes kept of one prompt: the smallest ones, which makes any two sketches comparable.
const SKETCH_WORDS: usize = 96;
/// Share of common words among all words of both prompts from which they ask the same.
const SAME_SHARE: f64 = 0.6;
/// Share of the shorter prompt's words that the longer one must hold to ask the same.
const HELD_SHARE: f64 = 0.85;
/// Prompts with fewer words than this are compared by equality only.
const WORDS_MIN: usize = 3;

/// Words that say nothing about what is asked; without them two questions about different things would look alike.
const STOP_WORDS: &[&str] = &[
    "a",
    "about",
    "all",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "by",
    "can",
    "code",
    "codebase",
    "do",
    "does",
    "each",
    "explore",
    "file",
    "files",
    "find",
    "for",
    "from",
    "give",
    "have",
    "how",
    "i",
    "in",
    "is",
    "it",
    "its",
    "list",
    "look",
    "me",
    "my",
    "need",
    "of",
    "on",
    "or",
    "our",
    "out",
    "please",
    "project",
    "report",
    "repo",
    "repository",
    "return",
    "search",
    "show",
    "tell",
    "that",
    "the",
    "their",
    "them",
    "there",
    "these",
    "this",
    "thorough",
    "to",
    "understand",
    "used",
    "very",
    "want",
    "was",
    "we",
    "what",
    "when",
    "where",
    "which",
    "with",
    "you",
    "your",
];

/// What the record keeps of a prompt to compare it with later ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Gist {
    /// Hash of the words in their order: equal for prompts that differ in case, punctuation and white space only.
    pub(super) hash: String,
    /// The smallest hashes of the telling words, ascending.
    pub(super) sketch: Vec<u32>,
}

impl Gist {
    pub(super) fn of(prompt: &str) -> Gist {
        let lower = prompt.to_lowercase();
        let words: Vec<&str> =
            lower.split(|ch: char| !ch.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let hash = format!("{:032x}", xxh3_128(words.join(" ").as_bytes()));
        let mut sketch: Vec<u32> =
            words.iter().filter(|word| !STOP_WORDS.contains(word)).map(|word| short(word)).collect();
        sketch.sort_unstable();
        sketch.dedup();
        sketch.truncate(SKETCH_WORDS);
        Gist { hash, sketch }
    }

    /// Whether a prompt with `hash` and `sketch` asks the same.
    pub(super) fn is_like(&self, hash: &str, sketch: &[u32]) -> bool {
        if self.hash == hash {
            return true;
        }
        let shorter = self.sketch.len().min(sketch.len());
        if shorter < WORDS_MIN {
            return false;
        }
        let (common, all) = common_of_smallest(&self.sketch, sketch);
        let complete = self.sketch.len().max(sketch.len()) < SKETCH_WORDS;
        share(common, all) >= SAME_SHARE || (complete && share(common, shorter) >= HELD_SHARE)
    }
}

fn short(word: &str) -> u32 {
    u32::try_from(xxh3_64(word.as_bytes()) >> 32).unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "both are at most twice the sketch's length")]
fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// How many of the smallest hashes of both (ascending) sketches are in both, and how many were looked at.
fn common_of_smallest(one: &[u32], other: &[u32]) -> (usize, usize) {
    let (mut at, mut to, mut common, mut all) = (0, 0, 0, 0);
    while all < SKETCH_WORDS {
        let (left, right) = match (one.get(at), other.get(to)) {
            (None, None) => break,
            (Some(left), Some(right)) => (left <= right, right <= left),
            (left, right) => (left.is_some(), right.is_some()),
        };
        at += usize::from(left);
        to += usize::from(right);
        common += usize::from(left && right);
        all += 1;
    }
    (common, all)
}

/// Whether a prompt refers to an answer of rtk, as a main agent does that found it not enough.
pub(super) fn refers_to_answer(prompt: &str) -> bool {
    if prompt.contains(crate::text::block::MARKER) {
        return true;
    }
    let lower = prompt.to_lowercase();
    let mut words = lower.split(|ch: char| !ch.is_alphanumeric());
    let named = words.clone().any(|word| word == "rtk")
        || lower.contains("project memory")
        || lower.contains("memory slice");
    let talks_of_answer = |word: &str| {
        matches!(
            word,
            "slice" | "answer" | "answered" | "denied" | "blocked" | "insufficient" | "incomplete" | "hook"
        )
    };
    named && (words.any(talks_of_answer) || lower.contains("not enough"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(one: &str, other: &str) -> bool {
        let other = Gist::of(other);
        let alike = Gist::of(one).is_like(&other.hash, &other.sketch);
        assert_eq!(other.is_like(&Gist::of(one).hash, &Gist::of(one).sketch), alike, "it is symmetric");
        alike
    }

    #[test]
    fn the_same_question_in_other_clothes_is_the_same() {
        assert!(alike("Where is the login handled?", "  where is THE login\nhandled "));
        assert!(alike(
            "Find how session tokens expire and are refreshed in the auth middleware",
            "Please find out how the session tokens expire and get refreshed in our auth middleware, very thorough"
        ));
        assert!(alike("日本語の質問", "日本語の質問。"));
    }

    #[test]
    fn another_question_is_another() {
        assert!(!alike("Where is the login handled?", "Where is the config handled?"));
        assert!(!alike("Find all database migrations and models", "Find all HTTP routes and handlers"));
        assert!(!alike("", "x"));
        assert!(!alike("日本語の質問", "別の質問"));
    }

    #[test]
    fn long_prompts_are_compared_by_samples_of_their_words() {
        let text = |from: usize| (from..from + 1000).map(|at| format!("word{at} ")).collect::<String>();
        assert!(alike(&text(0), &text(30)));
        assert!(!alike(&text(0), &text(700)));
    }

    #[test]
    fn a_prompt_that_talks_about_the_answer_is_recognised() {
        assert!(refers_to_answer("The slice from rtk was not enough, look deeper"));
        assert!(refers_to_answer("<rtk-project-memory id=\"x\">"));
        assert!(refers_to_answer("The project memory answered, but incomplete"));
        assert!(!refers_to_answer("How does rtk parse its settings?"));
        assert!(!refers_to_answer("What is the answer to everything?"));
    }
}
