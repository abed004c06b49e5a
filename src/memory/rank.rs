//! Signals of a file for a question, their weights, and the score: pure arithmetic, no clock, no SQL.

use crate::index::{FIELDS, Field, Frequencies};

/// One reason to put a file forward, or to hold it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Signal {
    /// BM25F over all fields.
    Lexical,
    /// The same with the first line of the task alone.
    Title,
    /// BM25 over folders and file name.
    Path,
    /// BM25 over names of definitions.
    Name,
    /// An identifier of the task is defined here.
    Defines,
    /// Compound identifiers of the task occur here.
    Compound,
    /// The task names this path or module.
    Mention,
    /// Share of the file's own name that the task has.
    StemCover,
    /// Share of the task's rare words that occur here.
    Coverage,
    /// Best definition or window of the file.
    Place,
    /// Neighbouring words of the task are neighbours here.
    Pairs,
    /// A quoted text of the task stands here.
    Literal,
    /// Commits with messages like the task touched this file.
    History,
    /// Imports the best files, or is imported by them.
    Imports,
    /// The best file of the same folder.
    Folder,
    /// Is a test.
    Test,
    /// Is an example, documentation, generated, vendored or a lock file.
    Noise,
    /// Share of the project's files that are in this language.
    Language,
    /// Logarithm of the size.
    Size,
    /// Has no definitions at all.
    Bare,
}

/// Number of signals.
pub(super) const SIGNALS: usize = 20;
/// Values of all signals for one file, in the order of [`Signal`].
pub(super) type Signals = [f32; SIGNALS];

/// Name and weight of each signal. Those before `Test` are divided by their maximum in the question first.
pub(super) const WEIGHTS: [(&str, f32); SIGNALS] = [
    ("lexical", 3.5),
    ("title", 1.0),
    ("path", 0.9),
    ("name", 0.8),
    ("defines", 0.9),
    ("compound", 0.6),
    ("mention", 3.0),
    ("stem_cover", 0.8),
    ("coverage", 0.5),
    ("place", 1.6),
    ("pairs", 0.5),
    ("literal", 1.0),
    ("history", 1.2),
    ("imports", 0.4),
    ("folder", 0.3),
    ("test", -1.8),
    ("noise", -1.4),
    ("language", 0.8),
    ("size", 0.05),
    ("bare", -0.3),
];

/// Term frequency saturates around this many weighted occurrences.
const K1: f32 = 1.2;
/// Weight of an occurrence by field.
const FIELD_WEIGHTS: [f32; FIELDS] = [1.0, 1.0, 1.5, 2.0, 1.5, 4.0];
/// How much the length of a field counts.
const FIELD_LENGTHS: [f32; FIELDS] = [0.65, 0.65, 0.6, 0.6, 0.2, 0.2];

/// Inverse document frequency as in BM25, never negative.
pub(super) fn idf(documents: usize, frequency: usize) -> f32 {
    let (documents, frequency) = (documents as f32, frequency as f32);
    (1.0 + (documents - frequency + 0.5) / (frequency + 0.5)).ln()
}

/// Term weight of BM25F (Robertson, Zaragoza, Taylor 2004) before the document frequency: 0 to 1.
pub(super) fn saturation(
    frequencies: &Frequencies,
    lengths: &[u32; FIELDS],
    means: &[f32; FIELDS],
    fields: &[Field],
) -> f32 {
    let mut weighted = 0.0;
    for &field in fields {
        let field = field as usize;
        let count = f32::from(frequencies[field]);
        if count > 0.0 {
            let b = FIELD_LENGTHS[field];
            weighted += FIELD_WEIGHTS[field] * count / (1.0 - b + b * lengths[field] as f32 / means[field]);
        }
    }
    weighted / (weighted + K1)
}

/// Largest value of each signal over the files of one question; 1 where none is positive.
pub(super) fn maxima<'a>(files: impl Iterator<Item = &'a Signals>) -> Signals {
    let mut maxima = [0.0_f32; SIGNALS];
    for signals in files {
        for (maximum, value) in maxima.iter_mut().zip(signals) {
            *maximum = maximum.max(*value);
        }
    }
    for (number, maximum) in maxima.iter_mut().enumerate() {
        if *maximum <= 0.0 || number >= Signal::Test as usize {
            *maximum = 1.0;
        }
    }
    maxima
}

/// The weighted sum of scaled signals.
pub(super) fn score(signals: &Signals, maxima: &Signals) -> f32 {
    let parts = signals.iter().zip(maxima).zip(&WEIGHTS);
    parts.map(|((value, maximum), (_, weight))| weight * value / maximum).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_terms_and_telling_fields_weigh_more() {
        assert!(idf(1000, 2) > idf(1000, 500));
        assert!(idf(10, 10) > 0.0);
        let lengths = [100, 10, 10, 10, 3, 1];
        let means = [100.0, 10.0, 10.0, 10.0, 3.0, 1.0];
        let body = saturation(&[1, 0, 0, 0, 0, 0], &lengths, &means, &[Field::Body, Field::Stem]);
        let stem = saturation(&[0, 0, 0, 0, 0, 1], &lengths, &means, &[Field::Body, Field::Stem]);
        assert!(stem > body && body > 0.0 && stem < 1.0);
        assert_eq!(saturation(&[9, 0, 0, 0, 0, 0], &lengths, &means, &[Field::Stem]), 0.0);
    }

    #[test]
    fn a_test_file_falls_behind_the_same_file_without_tests() {
        let mut code = [0.0; SIGNALS];
        code[Signal::Lexical as usize] = 5.0;
        let mut test = code;
        test[Signal::Test as usize] = 1.0;
        let maxima = maxima([code, test].iter());
        assert!(score(&code, &maxima) > score(&test, &maxima));
    }
}
