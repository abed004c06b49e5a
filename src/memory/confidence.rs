//! How sure an answer is: what share of the task the project knows, and a threshold found on tasks of other projects.

use super::query::Query;
use super::rank::{self, Signal};
use super::search::Found;
use super::types::Confidence;

/// Best files that count.
const FILES: usize = 5;
/// Answers that are this sure are given to agents unasked: 92 of 100 tasks of the project, 24 of 100 of other projects
/// (see docs/benchmarks.md).
const HIGH_MIN: f32 = -0.5;
/// Answers that are less sure are no answers.
const LOW_MIN: f32 = -2.0;

/// Number of grounds.
const GROUNDS: usize = 9;

/// Name and weight of each ground, found by `tests/benches/retrieval/bench.py abstain` (see docs/benchmarks.md).
const WEIGHTS: [(&str, f32); GROUNDS] = [
    ("known", 1.259),
    ("coverage", 3.164),
    ("title", 4.101),
    ("text", 1.836),
    ("path", 2.422),
    ("name", 2.168),
    ("identifiers", 1.078),
    ("mention", 1.086),
    ("literal", 1.429),
];
const BIAS: f32 = -4.477;

/// What a confidence rests on.
pub(super) struct Grounds {
    /// Each 0 to 1, in the order of `WEIGHTS`.
    values: [f32; GROUNDS],
}

impl Grounds {
    /// Weighs what the best files have of the question against what the question has; `documents` in the project.
    pub(super) fn of(query: &Query, rarities: &[f32], found: &[Found], documents: usize) -> Grounds {
        let best = |signal: Signal| {
            let values = found.iter().take(FILES).map(|found| found.signals[signal as usize]);
            values.fold(0.0_f32, f32::max)
        };
        let unknown = rank::idf(documents, 0);
        let (mut plain, mut plain_known, mut whole, mut title) = (0.0, 0.0, 0.0, 0.0);
        let (mut identifiers, mut identifiers_known) = (0.0, 0.0);
        for (term, &rarity) in query.terms.iter().zip(rarities) {
            let weight = term.weight * rarity;
            let known = rarity < unknown;
            whole += weight;
            title += term.title * rarity;
            if !term.compound {
                plain += weight;
                plain_known += if known { weight } else { 0.0 };
            }
            if term.identifier && term.text.len() > 3 {
                identifiers += weight;
                identifiers_known += if known { weight } else { 0.0 };
            }
        }
        let share = |part: f32, all: f32| if all > 0.0 { (part / all).clamp(0.0, 1.0) } else { 0.0 };
        let values = [
            share(plain_known, plain),
            best(Signal::Coverage).clamp(0.0, 1.0),
            share(best(Signal::Title), title),
            share(best(Signal::Place), whole),
            share(best(Signal::Path), whole),
            share(best(Signal::Name), whole),
            share(identifiers_known, identifiers),
            best(Signal::Mention).clamp(0.0, 1.0),
            best(Signal::Literal).clamp(0.0, 1.0),
        ];
        Grounds { values }
    }

    /// The weighted sum; above 0 it is more likely than not that the task is about this project.
    pub(super) fn certainty(&self) -> f32 {
        let parts = self.values.iter().zip(&WEIGHTS).map(|(value, (_, weight))| value * weight);
        BIAS + parts.sum::<f32>()
    }

    pub(super) fn confidence(&self) -> Confidence {
        let certainty = self.certainty();
        if certainty >= HIGH_MIN {
            Confidence::High
        } else if certainty >= LOW_MIN {
            Confidence::Low
        } else {
            Confidence::None
        }
    }

    /// Names and values, for those who want to know why.
    pub(super) fn named(&self) -> Vec<(&'static str, f32)> {
        WEIGHTS.iter().zip(self.values).map(|((name, _), value)| (*name, value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::query::analyse;
    use super::*;

    #[test]
    fn words_that_the_project_does_not_know_weaken_the_answer() {
        let query = analyse("Rate limiter drops `TokenBucket` requests", None);
        let known = vec![rank::idf(100, 3); query.terms.len()];
        let unknown = vec![rank::idf(100, 0); query.terms.len()];
        let sure = Grounds::of(&query, &known, &[], 100);
        let unsure = Grounds::of(&query, &unknown, &[], 100);
        assert!(sure.certainty() > unsure.certainty());
        assert_eq!(unsure.confidence(), Confidence::None);
    }
}
