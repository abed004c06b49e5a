//! Signals of a file for a question, their weights, and the score: pure arithmetic, no clock, no SQL.

use crate::index::FIELDS;

/// One reason to put a file forward, or to hold it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub(super) enum Signal {
    /// BM25F over all fields.
    Lexical,
    /// The same with the first line of the task alone.
    Title,
    /// BM25 over body, comments and signatures alone.
    Text,
    /// BM25 over folders and file name.
    Path,
    /// BM25 over the file name alone.
    Stem,
    /// BM25 over names of definitions.
    Name,
    /// Words of the first line in the path.
    TitlePath,
    /// Words of the first line in names of definitions.
    TitleName,
    /// Words before the colon of the first line in the path: `parser: …`, `fix(parser): …`.
    Scope,
    /// An identifier of the task is defined here.
    Defines,
    /// Compound identifiers of the task occur here.
    Compound,
    /// Whole identifiers of the task occur here.
    Identifier,
    /// The task names this path or module.
    Mention,
    /// Share of the file's own name that the task has.
    StemCover,
    /// Words of the path that are short forms or beginnings of words of the task.
    Alias,
    /// Share of the task's rare words that occur here.
    Coverage,
    /// BM25 over the messages of all commits that touched this file.
    HistoryWords,
    /// Commits with messages like the task touched this file.
    HistoryNear,
    /// Logarithm of recent changes.
    Churn,
    /// Best definition or window of the file.
    Place,
    /// The best three of them together.
    Places,
    /// Neighbouring words of the task are neighbours here.
    Pairs,
    /// A quoted text of the task stands here.
    Literal,
    /// Was changed together with the best files.
    Together,
    /// Was changed together with the tests that fit best.
    TogetherTests,
    /// One of the best files imports it.
    Imported,
    /// It imports one of the best files.
    Importing,
    /// Score of the best other file of the same folder.
    Folder,
    /// A test that bears its name fits the task.
    Tested,
    /// Its text has the name of one of the best files.
    Referring,
    /// Is a test.
    Test,
    /// Is generated, vendored or a lock file.
    Noise,
    /// Is an example.
    Example,
    /// Is documentation.
    Documentation,
    /// Is configuration.
    Config,
    /// Share of the project's files that are in this language.
    Language,
    /// Logarithm of the size.
    Size,
    /// Logarithm of the number of definitions.
    Symbols,
    /// Has no definitions at all.
    Bare,
    /// Number of folders above it.
    Depth,
    /// Is data or prose by its language.
    Data,
    /// Logarithm of the number of data files of the same name.
    Namesakes,
    /// Logarithm of past changes in its folder, for each file there.
    FolderRate,
}

/// Number of signals.
pub(super) const SIGNALS: usize = 43;
/// Values of all signals for one file, in the order of [`Signal`].
pub(super) type Signals = [f32; SIGNALS];

/// Name and weight of each signal, found by `tests/benches/retrieval/bench.py fit` (see docs/benchmarks.md). Those
/// before `Test` are divided by their maximum in the question first.
pub(super) const WEIGHTS: [(&str, f32); SIGNALS] = [
    ("lexical", 1.792),
    ("title", 1.108),
    ("text", -0.465),
    ("path", 1.723),
    ("stem", -1.122),
    ("name", 0.186),
    ("title_path", 0.116),
    ("title_name", 0.32),
    ("scope", 1.675),
    ("defines", 0.744),
    ("compound", 0.309),
    ("identifier", 1.059),
    ("mention", 2.441),
    ("stem_cover", 0.638),
    ("alias", 0.474),
    ("coverage", 0.838),
    ("history_words", 1.271),
    ("history_near", 0.747),
    ("churn", -0.535),
    ("place", 0.77),
    ("places", -0.139),
    ("pairs", 1.014),
    ("literal", 0.789),
    ("together", 0.746),
    ("together_tests", 0.935),
    ("imported", 0.517),
    ("importing", -0.026),
    ("folder", -0.086),
    ("tested", 0.163),
    ("referring", 0.126),
    ("test", -4.281),
    ("noise", -0.444),
    ("example", -2.472),
    ("documentation", -2.849),
    ("config", -2.247),
    ("language", 0.676),
    ("size", -0.006),
    ("symbols", 0.006),
    ("bare", 0.2),
    ("depth", -0.058),
    ("data", -1.564),
    ("namesakes", -0.648),
    ("folder_rate", 0.181),
];

/// What several signals speak of together. Signals of one group say nearly the same, so that their weights make up for each
/// other: the sum of a group says more than its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum SignalGroup {
    /// Words of the task in the text and in definitions.
    Words,
    /// Words of the task in the path.
    Path,
    /// Past commits.
    Past,
    /// Other files that fit: imports, folder, tests.
    Neighbours,
    /// What kind of file it is, whatever the task.
    Kind,
}

impl SignalGroup {
    /// All groups, in the order in which they are told, each with its title for people.
    pub const ALL: [(SignalGroup, &str); 5] = [
        (SignalGroup::Words, "words"),
        (SignalGroup::Path, "path"),
        (SignalGroup::Past, "past commits"),
        (SignalGroup::Neighbours, "neighbours"),
        (SignalGroup::Kind, "kind of file"),
    ];
}

/// Group of each signal and what it says, in the order of [`WEIGHTS`], for people.
const MEANINGS: [(SignalGroup, &str); SIGNALS] = [
    (SignalGroup::Words, "words of the task in the file"),
    (SignalGroup::Words, "words of its first line"),
    (SignalGroup::Words, "words in bodies and comments"),
    (SignalGroup::Path, "words in the path"),
    (SignalGroup::Path, "words in the file name"),
    (SignalGroup::Words, "words in names of definitions"),
    (SignalGroup::Path, "first line in the path"),
    (SignalGroup::Words, "first line in names of definitions"),
    (SignalGroup::Path, "the scope before the colon in the path"),
    (SignalGroup::Words, "defines an identifier of the task"),
    (SignalGroup::Words, "compound identifiers of the task"),
    (SignalGroup::Words, "whole identifiers of the task"),
    (SignalGroup::Path, "the task names this path"),
    (SignalGroup::Path, "share of the file name that the task has"),
    (SignalGroup::Path, "path words are short forms of the task's words"),
    (SignalGroup::Words, "share of the task's rare words"),
    (SignalGroup::Past, "messages of the commits that changed it"),
    (SignalGroup::Past, "commits like the task changed it"),
    (SignalGroup::Past, "recent changes"),
    (SignalGroup::Words, "its best definition"),
    (SignalGroup::Words, "its best three definitions"),
    (SignalGroup::Words, "neighbouring words stay neighbours"),
    (SignalGroup::Words, "a quoted text of the task stands here"),
    (SignalGroup::Past, "changed together with the best files"),
    (SignalGroup::Past, "changed together with fitting tests"),
    (SignalGroup::Neighbours, "a good file imports it"),
    (SignalGroup::Neighbours, "it imports a good file"),
    (SignalGroup::Neighbours, "a good file in the same folder"),
    (SignalGroup::Neighbours, "a fitting test bears its name"),
    (SignalGroup::Neighbours, "names one of the best files"),
    (SignalGroup::Kind, "is a test"),
    (SignalGroup::Kind, "is generated, vendored or a lock file"),
    (SignalGroup::Kind, "is an example"),
    (SignalGroup::Kind, "is documentation"),
    (SignalGroup::Kind, "is configuration"),
    (SignalGroup::Kind, "share of its language in the project"),
    (SignalGroup::Kind, "its size"),
    (SignalGroup::Kind, "number of its definitions"),
    (SignalGroup::Kind, "has no definitions"),
    (SignalGroup::Kind, "folders above it"),
    (SignalGroup::Kind, "is data or prose"),
    (SignalGroup::Kind, "data files of the same name"),
    (SignalGroup::Past, "how often files of its folder change"),
];

/// Group of the signal of a name, and what it says, for people; `None` when there is none such.
pub fn signal_meaning(name: &str) -> Option<(SignalGroup, &'static str)> {
    WEIGHTS.iter().position(|(other, _)| *other == name).map(|number| MEANINGS[number])
}

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

/// Weight of one occurrence in each field of a file, its length taken into account (Robertson, Zaragoza, Taylor 2004).
pub(super) fn field_norms(lengths: &[u32; FIELDS], means: &[f32; FIELDS]) -> [f32; FIELDS] {
    std::array::from_fn(|field| {
        let b = FIELD_LENGTHS[field];
        FIELD_WEIGHTS[field] / (1.0 - b + b * lengths[field] as f32 / means[field])
    })
}

/// Term weight of BM25F before the document frequency, from weighted occurrences: 0 to 1.
pub(super) fn saturate(weighted: f32) -> f32 {
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

/// What each signal adds to the score.
pub(super) fn shares(signals: &Signals, maxima: &Signals) -> Signals {
    std::array::from_fn(|number| WEIGHTS[number].1 * signals[number] / maxima[number])
}

/// The weighted sum of scaled signals.
pub(super) fn score(signals: &Signals, maxima: &Signals) -> f32 {
    shares(signals, maxima).iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Field;

    #[test]
    fn rare_terms_and_telling_fields_weigh_more() {
        assert!(idf(1000, 2) > idf(1000, 500));
        assert!(idf(10, 10) > 0.0);
        let lengths = [100, 10, 10, 10, 3, 1];
        let means = [100.0, 10.0, 10.0, 10.0, 3.0, 1.0];
        let norms = field_norms(&lengths, &means);
        assert!(norms[Field::Stem as usize] > norms[Field::Body as usize]);
        let long = field_norms(&[900, 10, 10, 10, 3, 1], &means);
        assert!(long[0] < norms[0]);
        assert!(saturate(norms[0]) > 0.0 && saturate(1000.0) < 1.0);
        assert_eq!(saturate(0.0), 0.0);
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
