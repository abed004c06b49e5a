//! What a task text asks for: hygiene first, then words, identifiers, paths, quoted text and stack frames.

use super::types::QueryType;
use crate::index::is_noise;
use crate::text::{TermKind, raw_words, term_hash, terms_of};
use std::collections::HashMap;
use std::ops::Range;

/// More text than this is not read: the head and the tail of a long task say what it is about, in bytes.
const TEXT_BYTES_MAX: usize = 48 * 1024;
/// Distinct terms of a question beyond this number are dropped, rarest occurrences first.
const TERMS_MAX: usize = 120;
/// Paths, modules and quoted texts kept.
const MENTIONS_MAX: usize = 40;
/// Occurrences of one term beyond this weight do not count, in units of one plain occurrence.
const WEIGHT_MAX: f32 = 6.0;

/// One term of a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct QueryTerm {
    pub(super) hash: u64,
    /// Square root of weighted occurrences.
    pub(super) weight: f32,
    /// The same for the first line alone; 0 when it is not there.
    pub(super) title: f32,
    /// Joined form of a compound identifier, or of two neighbouring words.
    pub(super) compound: bool,
    /// A whole word written as an identifier: back-ticked, camelCase, snake_case, called, dotted.
    pub(super) identifier: bool,
    /// Stands before the colon of the first line: `parser: …`, `fix(parser): …`.
    pub(super) scope: bool,
    /// The normalised term.
    pub(super) text: String,
    /// As it was written, for reasons.
    pub(super) shown: String,
}

/// A path or module that the text names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mention {
    /// Components joined by `/`, lower case; without an extension for modules.
    pub(super) path: String,
    /// Whether the last component has an extension.
    pub(super) file: bool,
    /// Line of a stack frame or of `path:12`.
    pub(super) line: Option<u32>,
}

/// A longer beginning of the first line is no scope, in bytes.
const SCOPE_BYTES_MAX: usize = 60;

/// A task text, taken apart.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) terms: Vec<QueryTerm>,
    /// Hashes of neighbouring pairs, as the joined form of two parts.
    pub(super) pairs: Vec<(u64, u64)>,
    pub(super) mentions: Vec<Mention>,
    /// Quoted texts of several words, to be found letter by letter.
    pub(super) literals: Vec<Vec<u8>>,
    pub(super) query_type: QueryType,
}

/// Weight of a stretch of text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Zone {
    Title,
    Prose,
    Fence,
    /// Frames, logs, and what a form asks about the reporter's machine.
    Aside,
}

/// Headings of forms, without emphasis and in lower case, that say nothing about the project.
const FORM_HEADINGS: &[&str] = &[
    "actual behavior",
    "actual behaviour",
    "actual result",
    "actual results",
    "additional context",
    "additional information",
    "bug description",
    "bug report",
    "checklist",
    "current behavior",
    "describe the bug",
    "describe the solution you'd like",
    "description",
    "expected behavior",
    "expected behaviour",
    "expected result",
    "expected results",
    "how to reproduce",
    "minimal reproducible example",
    "motivation",
    "problem",
    "proposed solution",
    "reproduction",
    "screenshots",
    "steps to reproduce",
    "summary",
    "to reproduce",
    "what happened",
    "what should happen",
    "what did you do",
    "what did you expect to happen",
    "what did you expect to see",
    "what actually happened",
];
/// Beginnings of headings under which the reporter's machine is described, or a log stands.
const ASIDE_HEADINGS: &[&str] = &[
    "environment",
    "your environment",
    "version",
    "versions",
    "system info",
    "system information",
    "platform",
    "operating system",
    "os",
    "installation",
    "log",
    "logs",
    "relevant log output",
    "stack trace",
    "backtrace",
    "node version",
    "python version",
    "browser",
    "used package manager",
    "validations",
    "before submitting",
];

/// Takes a task text apart.
pub(super) fn analyse(task: &str, query_type: Option<QueryType>) -> Query {
    let text = shorten(task);
    let text = without_noise(&text);
    let mut words = Words::default();
    let mut mentions = Vec::new();
    let mut literals = Vec::new();
    for (zone, line) in zones(&text) {
        find_mentions(line, &mut mentions);
        find_literals(line, &mut literals);
        words.line(line, zone);
    }
    let query_type = query_type.unwrap_or_else(|| guess_type(&text));
    let (terms, pairs) = words.finish();
    mentions.truncate(MENTIONS_MAX);
    literals.truncate(MENTIONS_MAX);
    Query { terms, pairs, mentions, literals, query_type }
}

/// Keeps the head and the tail of a text that is too long.
fn shorten(task: &str) -> String {
    if task.len() <= TEXT_BYTES_MAX {
        return task.to_owned();
    }
    let half = TEXT_BYTES_MAX / 2;
    format!(
        "{}\n{}",
        &task[..task.floor_char_boundary(half)],
        &task[task.ceil_char_boundary(task.len() - half)..]
    )
}

/// Drops what says nothing about the project: HTML comments of templates, web addresses (a path inside one to a file of
/// a repository stays), long runs of encoded data.
fn without_noise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("<!--") {
        out.push_str(&rest[..at]);
        rest = rest[at..].find("-->").map_or("", |end| &rest[at + end + 3..]);
    }
    out.push_str(rest);
    let mut cleaned = String::with_capacity(out.len());
    for (number, line) in out.lines().enumerate() {
        if number > 0 {
            cleaned.push('\n');
        }
        for (number, word) in line.split(' ').enumerate() {
            if number > 0 {
                cleaned.push(' ');
            }
            match word.find("http://").or_else(|| word.find("https://")) {
                Some(at) => {
                    cleaned.push_str(&word[..at]);
                    cleaned.push_str(path_of_address(&word[at..]));
                }
                None if word.len() > 200 => {}
                None => cleaned.push_str(word),
            }
        }
    }
    cleaned
}

/// `…/blob/<revision>/src/a.rs#L10` → `src/a.rs`; nothing for other addresses.
fn path_of_address(address: &str) -> &str {
    let tail = ["/blob/", "/tree/"].iter().find_map(|mark| address.split_once(mark)).map(|(_, tail)| tail);
    let path = tail.and_then(|tail| tail.split_once('/')).map(|(_, path)| path).unwrap_or_default();
    path.split(['#', '?', ')', ']', '>', '"']).next().unwrap_or_default()
}

/// Lines with their zone; the first line that is not empty is the title.
fn zones(text: &str) -> Vec<(Zone, &str)> {
    let mut titled = false;
    let (mut fenced, mut aside) = (false, false);
    let mut lines = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.starts_with("```") || trimmed.starts_with("~~~") {
            fenced = !fenced;
            continue;
        }
        if trimmed.is_empty() {
            continue;
        }
        if titled
            && !fenced
            && let Some(heading) = heading(trimmed)
        {
            aside = ASIDE_HEADINGS.iter().any(|start| is_beginning(start, &heading));
            if aside || FORM_HEADINGS.contains(&heading.as_str()) {
                continue;
            }
        }
        let zone = match (fenced, titled) {
            (true, _) if is_log(trimmed) => Zone::Aside,
            (true, _) => Zone::Fence,
            (false, false) => Zone::Title,
            (false, true) if aside || is_log(trimmed) => Zone::Aside,
            (false, true) => Zone::Prose,
        };
        titled = true;
        lines.push((zone, line));
    }
    lines
}

/// The text of a heading, plain and in lower case: `### Steps to reproduce:`, `**Environment**`; `None` for other lines.
fn heading(line: &str) -> Option<String> {
    let marked =
        line.starts_with('#') || (line.starts_with("**") && line.trim_end_matches(':').ends_with("**"));
    let text = line.trim_matches(['#', '*', ':', '?', ' ', '_', '-']);
    // Forms that lost their marks keep the colon: `Steps to reproduce:`.
    let bare = line.ends_with([':', '?']) && text.split_whitespace().count() <= 6;
    (marked || bare).then(|| text.to_lowercase())
}

fn is_beginning(start: &str, heading: &str) -> bool {
    heading.strip_prefix(start).is_some_and(|rest| !rest.starts_with(|ch: char| ch.is_alphanumeric()))
}

/// Whether a line is a stack frame or a line of a log: `  at f (a.js:1)`, `File "a.py", line 3, in f`, `2024-05-01 …`.
fn is_log(line: &str) -> bool {
    let dated = line.get(..10).is_some_and(|head| {
        head.bytes().enumerate().all(|(at, byte)| {
            if matches!(at, 4 | 7) { matches!(byte, b'-' | b'/') } else { byte.is_ascii_digit() }
        })
    });
    let framed = line.starts_with("at ") && line.ends_with(|ch: char| ch == ')' || ch.is_ascii_digit());
    dated || framed || (line.starts_with("File \"") && line.contains("\", line "))
}

/// Occurrences of terms, in the order in which they first appear.
#[derive(Default)]
struct Words {
    index: HashMap<u64, usize>,
    terms: Vec<QueryTerm>,
    pairs: Vec<(u64, u64)>,
}

impl Words {
    fn line(&mut self, line: &str, zone: Zone) {
        let bytes = line.as_bytes();
        let mut found: Vec<Range<usize>> = Vec::new();
        raw_words(bytes, |word, at| found.push(at..at + word.len()));
        let scope_end = if zone == Zone::Title { scope_end(line) } else { 0 };
        let mut before: Option<(Vec<u8>, u64, usize)> = None;
        for range in found {
            let word = &bytes[range.clone()];
            let identifier = is_identifier(bytes, &range);
            let mut parts: Vec<Vec<u8>> = Vec::new();
            terms_of(word, |term, kind| {
                if kind == TermKind::Part {
                    parts.push(term.to_vec());
                }
            });
            let shown = String::from_utf8_lossy(word).into_owned();
            terms_of(word, |term, kind| {
                if kind == TermKind::Part && (is_noise(term) || is_prose(term)) {
                    return;
                }
                let compound = kind == TermKind::Joined;
                // A file that has a part of a name need not have the name.
                let shown = if compound || parts.len() == 1 { shown.clone() } else { spelled(&shown, term) };
                let number = self.add(term, zone, compound, identifier, &shown);
                self.terms[number].identifier |= identifier && (compound || parts.len() == 1);
                self.terms[number].scope |= range.start < scope_end && !is_change_kind(term);
            });
            let [single] = parts.as_slice() else {
                before = None;
                continue;
            };
            if is_noise(single) || is_prose(single) {
                before = None;
                continue;
            }
            // Neighbouring words may be one identifier in the code: `rate limiter` → `RateLimiter`.
            let lower = word.to_ascii_lowercase();
            let hash = term_hash(single);
            if let Some((word_before, hash_before, end)) = before
                && range.start - end <= 1
            {
                let joined = [word_before.as_slice(), &lower].concat();
                self.add(&joined, zone, true, false, &String::from_utf8_lossy(&joined));
                self.pairs.push((hash_before, hash));
            }
            before = Some((lower, hash, range.end));
        }
    }

    /// Counts an occurrence; gives the number of the term.
    fn add(&mut self, term: &[u8], zone: Zone, compound: bool, identifier: bool, shown: &str) -> usize {
        let hash = term_hash(term);
        let amount = match zone {
            Zone::Title => 2.0,
            Zone::Prose => 1.0,
            Zone::Fence => 0.5,
            Zone::Aside => 0.25,
        } * if identifier { 1.5 } else { 1.0 };
        let index = *self.index.entry(hash).or_insert_with(|| {
            let text = String::from_utf8_lossy(term).into_owned();
            let shown = shown.to_owned();
            let (weight, title, identifier, scope) = (0.0, 0.0, false, false);
            self.terms.push(QueryTerm { hash, weight, title, compound, identifier, scope, text, shown });
            self.terms.len() - 1
        });
        let term = &mut self.terms[index];
        term.weight += amount;
        if zone == Zone::Title {
            term.title += amount / 2.0;
        }
        index
    }

    fn finish(mut self) -> (Vec<QueryTerm>, Vec<(u64, u64)>) {
        for term in &mut self.terms {
            term.weight = term.weight.min(WEIGHT_MAX).sqrt();
            term.title = term.title.min(WEIGHT_MAX).sqrt();
        }
        if self.terms.len() > TERMS_MAX {
            // Stable: of equal weights the earlier stays.
            self.terms.sort_by(|a, b| b.weight.total_cmp(&a.weight));
            self.terms.truncate(TERMS_MAX);
        }
        self.pairs.sort_unstable();
        self.pairs.dedup();
        self.pairs.truncate(TERMS_MAX);
        (self.terms, self.pairs)
    }
}

/// Where the scope that a first line begins with ends: at the colon of `parser: …` or `fix(parser): …`, 0 if there is none.
fn scope_end(line: &str) -> usize {
    let Some(at) = line.find(": ") else { return 0 };
    if at <= SCOPE_BYTES_MAX && line[..at].split_whitespace().count() <= 3 { at } else { 0 }
}

/// Words that say which kind of change it is, not where.
fn is_change_kind(term: &[u8]) -> bool {
    const KINDS: &[&[u8]] = &[
        b"fix",
        b"feat",
        b"chor",
        b"doc",
        b"test",
        b"refactor",
        b"perf",
        b"build",
        b"ci",
        b"styl",
        b"revert",
        b"bug",
        b"task",
    ];
    KINDS.contains(&term)
}

/// Whether the word is written as code: inner capitals or underscores, back-ticked, called, dotted or a path's part.
fn is_identifier(line: &[u8], range: &Range<usize>) -> bool {
    let word = &line[range.clone()];
    let before = range.start.checked_sub(1).and_then(|at| line.get(at));
    let after = line.get(range.end);
    let inner_capital =
        word.windows(2).any(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
    let underscore = word.len() > 2 && word[1..word.len() - 1].contains(&b'_');
    let dotted = |edge: Option<&u8>, next: Option<&u8>| {
        matches!(edge, Some(b'.' | b':'))
            && next.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b':'))
    };
    let called = after == Some(&b'(');
    let ticked = before == Some(&b'`') || after == Some(&b'`');
    inner_capital
        || underscore
        || called
        || ticked
        || dotted(after, line.get(range.end + 1))
        || dotted(before, range.start.checked_sub(2).and_then(|at| line.get(at)))
}

/// Words of requests and prose that name nothing in a project, stemmed.
const PROSE: &str = "about after all also am any because been befor but can cannot com could did do doe don each \
    ensur even get give had has hav her hi how however i instead into its just lik look mak may me \
    more most must my need no now only other our out ple pleas see seem she should sinc so som such \
    than thank their them then ther thes they thos thus too us use using ver want was way well wer \
    what when where wher whether which whil who wh will would your upon via were have there these \
    those some currentl exampl issue issu expect behavior behaviour actual reproduc describ follow";

fn is_prose(term: &[u8]) -> bool {
    PROSE.split(' ').any(|word| word.as_bytes() == term)
}

/// Finds words that look like a path, a file name or a dotted module.
fn find_mentions(line: &str, mentions: &mut Vec<Mention>) {
    let allowed =
        |ch: char| ch.is_alphanumeric() || matches!(ch, '_' | '-' | '.' | '/' | '\\' | '@' | '+' | ':');
    for word in line.split(|ch| !allowed(ch)) {
        if mentions.len() >= MENTIONS_MAX {
            return;
        }
        if word.len() > 2
            && word.len() < 300
            && let Some(mention) = mention_of(word)
            && !mentions.contains(&mention)
        {
            mentions.push(mention);
        }
    }
    // Python's traceback names the line apart from the file.
    if let Some((_, tail)) = line.split_once("\", line ")
        && let Some(last) = mentions.last_mut()
        && last.line.is_none()
    {
        last.line = tail.split(|ch: char| !ch.is_ascii_digit()).next().and_then(|digits| digits.parse().ok());
    }
}

fn mention_of(word: &str) -> Option<Mention> {
    let word = word.trim_matches(|ch: char| matches!(ch, '.' | ':' | '-' | '@' | '+' | '/' | '\\'));
    let mut parts = word.split(':');
    let mut path = parts.next()?.replace('\\', "/");
    let line = parts.next().and_then(|digits| digits.parse().ok());
    if word.contains("::") {
        path = word.replace("::", "/");
    }
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    let is_extension = (1..=6).contains(&extension.len())
        && extension.chars().all(|ch| ch.is_ascii_alphanumeric())
        && extension.chars().any(|ch| ch.is_ascii_alphabetic());
    let file = is_extension && !stem.is_empty() && !stem.chars().all(|ch| ch.is_ascii_digit());
    if !file && folder.is_empty() {
        return None;
    }
    let mut mention = path.to_lowercase();
    // `django.db.models.query` names a module; `a.b` may be a file or an attribute, the ranking finds out.
    let dots = name.matches('.').count();
    if folder.is_empty() && dots >= 2 && !file {
        mention = mention.replace('.', "/");
    }
    Some(Mention { path: mention, file, line })
}

/// Finds quoted texts that are worth finding letter by letter: messages, not words.
fn find_literals(line: &str, literals: &mut Vec<Vec<u8>>) {
    for quote in ['"', '`', '\''] {
        let mut parts = line.split(quote);
        parts.next();
        while let (Some(inside), Some(_)) = (parts.next(), parts.next()) {
            let worth = (8..=120).contains(&inside.len()) && inside.trim().contains(' ');
            if worth
                && literals.len() < MENTIONS_MAX
                && !literals.iter().any(|other| other == inside.as_bytes())
            {
                literals.push(inside.as_bytes().to_vec());
            }
        }
    }
}

/// Guesses the kind of task from its words.
fn guess_type(text: &str) -> QueryType {
    let head: String = text.chars().take(2000).collect::<String>().to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| head.contains(word));
    if has(&["traceback", "panicked at", "stack trace", "exception in thread", "segfault", "    at "]) {
        QueryType::Incident
    } else if has(&["fix", "bug", "crash", "broken", "regress", "wrong", "fails", "error"]) {
        QueryType::Bugfix
    } else if has(&["refactor", "rename", "clean up", "simplify", "move ", "extract "]) {
        QueryType::Refactor
    } else if has(&["add test", "write test", "unit test", "test coverage", "tests for"]) {
        QueryType::Test
    } else if has(&["document", "readme", "docs", "docstring", "typo"]) {
        QueryType::Docs
    } else if has(&["add ", "support", "implement", "introduce", "allow ", "feature", "new "]) {
        QueryType::Feature
    } else {
        QueryType::General
    }
}

/// A part of a name as it is spelled there: its stem and the small letters that the stemmer cut off.
fn spelled(name: &str, stem: &[u8]) -> String {
    let small = name.to_ascii_lowercase();
    let Some(start) = memchr::memmem::find(small.as_bytes(), stem) else {
        return String::from_utf8_lossy(stem).into_owned();
    };
    let rest = name.as_bytes()[start + stem.len()..].iter();
    let end = start + stem.len() + rest.take_while(|byte| byte.is_ascii_lowercase()).count();
    name.get(start..end).unwrap_or(name).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash_of(term: &str) -> u64 {
        term_hash(term.as_bytes())
    }

    fn term<'a>(query: &'a Query, term: &str) -> Option<&'a QueryTerm> {
        query.terms.iter().find(|other| other.hash == hash_of(term))
    }

    #[test]
    fn title_identifiers_and_neighbours_count() {
        let query = analyse("Rate limiter drops requests\n\nThe `TokenBucket` loses a request.", None);
        assert!(term(&query, "rat").unwrap().weight > term(&query, "los").unwrap().weight);
        let bucket = term(&query, "tokenbucket").unwrap();
        assert!(bucket.identifier && bucket.compound);
        assert!(term(&query, "ratelimiter").unwrap().compound);
        assert!(term(&query, "the").is_none());
        assert!(query.pairs.contains(&(hash_of("rat"), hash_of("limiter"))));
    }

    #[test]
    fn paths_frames_and_addresses_are_mentions() {
        let text = "see src/net/Pool.rs:42 and https://host.example/o/r/blob/main/lib/a_b.py#L3 (not https://x.example/y)\n  File \"/app/core/views.py\", line 17, in get\nin module app.core.views and std::net::TcpStream";
        let query = analyse(text, None);
        let find = |path: &str| query.mentions.iter().find(|mention| mention.path == path);
        assert_eq!(find("src/net/pool.rs").unwrap().line, Some(42));
        assert!(find("lib/a_b.py").unwrap().file);
        assert_eq!(find("app/core/views.py").unwrap().line, Some(17));
        assert!(find("std/net/tcpstream").is_some());
        assert!(!query.mentions.iter().any(|mention| mention.path.contains("x.example")));
    }

    #[test]
    fn quoted_messages_are_literals_and_templates_are_dropped() {
        let query = analyse(
            "<!-- please fill in the zebra template -->\nError: \"connection pool is exhausted\" shown",
            None,
        );
        assert_eq!(query.literals, [b"connection pool is exhausted".to_vec()]);
        assert!(term(&query, "zebra").is_none());
        assert_eq!(query.query_type, QueryType::Bugfix);
    }

    #[test]
    fn forms_and_logs_say_little() {
        let text = "Login fails\n### Steps to reproduce\nopen the gate\n## Environment\n- penguin 3.1\n### Notes\nsee parrot\n  at Cage.open (cage.js:3)\n2024-05-01 12:00:01 gibbon";
        let query = analyse(text, None);
        assert!(term(&query, "reproduc").is_none() && term(&query, "step").is_none());
        let weight = |word: &str| term(&query, word).unwrap().weight;
        assert!(weight("penguin") < weight("parrot"), "{:?}", query.terms);
        assert!(weight("gibbon") < weight("parrot"));
        assert!(query.mentions.iter().any(|mention| mention.path == "cage.js" && mention.line == Some(3)));
    }

    #[test]
    fn any_script_and_any_size_has_terms() {
        assert!(!analyse("登录失败后会话丢失", None).terms.is_empty());
        assert!(!analyse("Ошибка при входе", None).terms.is_empty());
        assert!(analyse("🦀", None).terms.is_empty());
        let long = "word_".repeat(1_000_000) + " tail_marker";
        assert!(term(&analyse(&long, None), "tailmarker").is_some());
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,400}") {
            let _ = analyse(&text, None);
        }
    }
}
