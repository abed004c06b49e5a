//! How sure an answer is: what share of the task the project knows, and a threshold found on tasks of other projects.

use super::history::Acquaintance;
use super::query::Query;
use super::rank::{self, Signal};
use super::search::Found;
use super::types::Confidence;
use super::usual::own_word;

/// Best files that count.
const FILES: usize = 5;
/// The first file's score is compared with that of the file in this place: where a task is at home, it stands out.
pub(super) const LEAD_OVER: usize = 24;
/// The lead in an answer of fewer files: between those of own and of foreign tasks.
const NO_LEAD: f32 = 4.5;
/// Answers that are this sure are quoted and may take the place of an exploration: 90 of 100 tasks of the project, 10 of
/// 100 of other projects (see docs/benchmarks.md).
const HIGH_MIN: f32 = -0.25;
/// Answers that are less sure are no answers.
const LOW_MIN: f32 = -2.5;

/// Number of grounds.
const GROUNDS: usize = 21;

/// Name and weight of each ground, found by `tests/benches/retrieval/bench.py abstain` (see docs/benchmarks.md).
const WEIGHTS: [(&str, f32); GROUNDS] = [
    ("known", 1.658),
    ("coverage", 0.905),
    ("title", 0.766),
    ("text", 1.335),
    ("name", -0.465),
    ("identifiers", 0.505),
    ("mention", 0.448),
    ("literal", 0.509),
    ("history", 1.292),
    ("lexical", -2.154),
    ("pairs", 0.375),
    ("compound", -0.024),
    ("length", -1.374),
    ("places", 1.345),
    ("stem_cover", 0.681),
    ("scope", 0.136),
    ("past_near", 6.088),
    ("past_pairs", 0.693),
    ("past_pair_share", 1.868),
    ("own_word", 1.009),
    ("lead", 0.365),
];
const BIAS: f32 = -1.513;
/// An identifier in at most one file of so many, and of so many bytes, is no coincidence.
const RARE_PART: usize = 100;
const EXACT_BYTES_MIN: usize = 8;
/// A mention of this weight is a whole path, or a name that only one file has.
const EXACT_MENTION: f32 = 0.8;
/// What history and several places together add counts up to this.
const SHARE_MAX: f32 = 2.0;

/// What a confidence rests on.
pub(super) struct Grounds {
    /// In the order of `WEIGHTS`; shares of the question except for pairs, length and the own word, which are logarithms,
    /// and the lead, which is a difference of scores. Those of the past are about the history as a whole, the own word
    /// about all files, the others about the best files.
    values: [f32; GROUNDS],
    /// Whether a good file defines an identifier of the question that few files define, or is named by its path.
    exact: bool,
}

impl Grounds {
    /// Weighs what the best files have of the question against what the question has; `documents` in the project.
    pub(super) fn of(
        query: &Query,
        rarities: &[f32],
        found: &[Found],
        past: Acquaintance,
        documents: usize,
    ) -> Grounds {
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
        let whole_share = |signal: Signal, most: f32| {
            if whole > 0.0 { (best(signal) / whole).clamp(0.0, most) } else { 0.0 }
        };
        let values = [
            share(plain_known, plain),
            best(Signal::Coverage).clamp(0.0, 1.0),
            share(best(Signal::Title), title),
            whole_share(Signal::Place, 1.0),
            whole_share(Signal::Name, 1.0),
            share(identifiers_known, identifiers),
            best(Signal::Mention).clamp(0.0, 1.0),
            best(Signal::Literal).clamp(0.0, 1.0),
            whole_share(Signal::HistoryWords, SHARE_MAX),
            whole_share(Signal::Lexical, 1.0),
            best(Signal::Pairs).ln_1p(),
            whole_share(Signal::Compound, 1.0),
            whole.ln_1p(),
            whole_share(Signal::Places, SHARE_MAX),
            best(Signal::StemCover),
            if best(Signal::Scope) > 0.0 { 1.0 } else { 0.0 },
            past.near,
            past.pairs,
            past.pair_share,
            own_word(&query.terms, rarities, documents),
            lead(found),
        ];
        Grounds { values, exact: Grounds::is_exact(query, rarities, found, documents) }
    }

    /// Whether the question points at one of the best files by what no chance explains.
    fn is_exact(query: &Query, rarities: &[f32], found: &[Found], documents: usize) -> bool {
        let rare = rank::idf(documents, (documents / RARE_PART).clamp(3, documents.max(3)));
        let names: Vec<&str> = (query.terms.iter().zip(rarities))
            .filter(|(term, rarity)| term.identifier && term.compound && **rarity >= rare)
            .map(|(term, _)| term.shown.as_str())
            .filter(|name| name.len() >= EXACT_BYTES_MIN)
            .collect();
        found.iter().take(FILES).any(|file| {
            let defines = |name: &&str| file.outline.symbols.iter().any(|symbol| symbol.name == **name);
            file.signals[Signal::Mention as usize] >= EXACT_MENTION || names.iter().any(defines)
        })
    }

    /// The weighted sum; above 0 it is more likely than not that the task is about this project.
    pub(super) fn certainty(&self) -> f32 {
        let parts = self.values.iter().zip(&WEIGHTS).map(|(value, (_, weight))| value * weight);
        BIAS + parts.sum::<f32>()
    }

    pub(super) fn confidence(&self) -> Confidence {
        let certainty = self.certainty();
        if certainty >= HIGH_MIN || self.exact {
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

/// How far the first file stands out.
fn lead(found: &[Found]) -> f32 {
    match (found.first(), found.get(LEAD_OVER - 1)) {
        (Some(first), Some(later)) => first.score - later.score,
        _ => NO_LEAD,
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
        let sure = Grounds::of(&query, &known, &[], Acquaintance::default(), 100);
        let unsure = Grounds::of(&query, &unknown, &[], Acquaintance::default(), 100);
        assert!(sure.certainty() > unsure.certainty());
        assert_eq!(unsure.confidence(), Confidence::None);
    }
}
