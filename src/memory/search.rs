//! From a question to ranked files: freshness, posting lists, signals, evidence, order, confidence.

use super::assemble::candidate;
use super::evidence::{Evidence, Memo, Place, Seeker};
use super::query::{self, Query};
use super::rank::{self, SIGNALS, Signal, Signals};
use super::types::{Confidence, Facts, Question, Ranked};
use crate::base::Deadline;
use crate::code::Extractor;
use crate::index::{
    self, Context, DocRef, EXTRACT_LIMITS, Field, Fresh, Index, IndexError, Outline, Source, View, open_fresh,
};
use crate::project::{Root, RootKind};
use crate::store::StoreError;
use xxhash_rust::xxh3::xxh3_64;

/// Files whose content is read for evidence.
const EVIDENCE_FILES: usize = 48;
/// Files that get signals beyond the posting lists.
const POOL: usize = 400;
/// Files whose content is kept for the slice.
const KEPT_FILES: usize = 24;
/// Larger files are not read for evidence, in bytes.
const EVIDENCE_BYTES_MAX: u64 = 1024 * 1024;
/// Threads of one short-lived process.
const THREADS: usize = 2;
/// Share of the deadline for bringing the index up to date.
const UPDATE_SHARE: f64 = 0.55;
/// Segments or loose documents beyond these numbers are merged in the background.
const SEGMENTS_MANY: usize = 12;
const LOOSE_MANY: usize = 400;
/// A write-ahead log beyond this size is folded in by the background helper, in bytes.
const LOG_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// One ranked file with what the slice needs of it.
pub(super) struct Found {
    /// Raw bytes, relative to the root.
    pub(super) path: Vec<u8>,
    pub(super) score: f32,
    pub(super) signals: Signals,
    /// Share of each signal in the score, for reasons and `--explain`.
    pub(super) parts: Signals,
    pub(super) places: Vec<Place>,
    pub(super) outline: Outline,
    /// The content as it is now; `None` when it was not read.
    pub(super) source: Option<Vec<u8>>,
    /// Language name for fences.
    pub(super) language: &'static str,
    /// Terms of the task that occur, most telling first.
    pub(super) words: Vec<String>,
}

/// Brings the index up to date as far as the deadline allows and ranks the project's files for the question.
pub fn search(context: &Context<'_>, root: &Root, question: &Question<'_>) -> Result<Ranked, IndexError> {
    match search_once(context, root, question) {
        // It has been moved aside: the second time there is no index, and one is built.
        Err(IndexError::Store(StoreError::Damaged { .. })) => search_once(context, root, question),
        result => result,
    }
}

fn search_once(context: &Context<'_>, root: &Root, question: &Question<'_>) -> Result<Ranked, IndexError> {
    let query = query::analyse(question.task, question.query_type);
    let urgency = |path: &[u8]| urgency(&query, path);
    let fresh = open_fresh(context, root, &urgency)?;
    let mut timings = vec![("index".to_owned(), fresh.probe_us)];
    let view = View::of(&fresh.index);
    let mut facts = facts(context, root, &fresh);
    if view.docs.is_empty() || query.terms.is_empty() && query.mentions.is_empty() {
        return Ok(Ranked::of(facts, Confidence::None, query.query_type, Vec::new()));
    }
    let (pool, rarities, candidates) = match gather(&fresh.index, &view, &query) {
        Err(error @ StoreError::Damaged { .. }) => {
            index::set_aside(context, &fresh.index.home);
            return Err(error.into());
        }
        result => result?,
    };
    facts.candidates = candidates;
    timings.push(("query".into(), context.deadline.elapsed_us()));
    let mut found = weigh(context, root, &fresh.index, &view, &query, pool, &rarities);
    timings.push(("evidence".into(), context.deadline.elapsed_us()));
    found.truncate(question.top.max(KEPT_FILES));
    let confidence = confidence(&query, &rarities, &found, view.docs.len());
    facts.timings_us = timings;
    let candidates = found.iter().take(question.top).map(candidate).collect();
    let mut ranked = Ranked::of(facts, confidence, query.query_type, candidates);
    ranked.found = found;
    Ok(ranked)
}

/// How urgent a file is for a first answer: terms of the task in its path.
fn urgency(query: &Query, path: &[u8]) -> u32 {
    let mut score = 0;
    crate::text::raw_words(path, |word, _| {
        crate::text::terms_of(word, |term, _| {
            let hash = crate::text::term_hash(term);
            score += u32::from(query.terms.iter().any(|other| other.hash == hash));
        });
    });
    score
}

pub(super) fn facts(context: &Context<'_>, root: &Root, fresh: &Fresh) -> Facts {
    let head = match &root.kind {
        RootKind::Git { git_dir, common_dir } => Some(crate::git::head(context.env, git_dir, common_dir)),
        _ => None,
    };
    let (known, done) = fresh.index.manifest.counts();
    let (commit, branch) = head.map(|head| (head.commit, head.branch)).unwrap_or_default();
    Facts {
        root: root.path.to_string_lossy().into_owned(),
        commit: commit.map(|id| id.chars().take(10).collect()),
        branch,
        files_known: known,
        files_indexed: done,
        walked: fresh.updated.walked,
        candidates: 0,
        timings_us: Vec::new(),
    }
}

/// Sums over posting lists for one file.
#[derive(Clone, Copy, Default)]
struct Sums {
    lexical: f32,
    title: f32,
    path: f32,
    name: f32,
    defines: f32,
    compound: f32,
    matched: f32,
}

const ALL: &[Field] =
    &[Field::Body, Field::Comment, Field::Signature, Field::Name, Field::Folder, Field::Stem];

/// Files with terms or mentions of the question, by position, with their first signals; rarities; number of files met.
type Gathered = (Vec<(usize, Signals)>, Vec<f32>, usize);

fn gather(index: &Index, view: &View<'_>, query: &Query) -> Result<Gathered, StoreError> {
    let count = view.docs.len();
    let mut sums = vec![Sums::default(); count];
    let mut rarities = vec![0.0; query.terms.len()];
    let hashes: Vec<u64> = query.terms.iter().map(|term| term.hash).collect();
    view.postings(index, &hashes, |number, list| {
        let term = &query.terms[number];
        let with = |fields: &[Field]| {
            list.iter()
                .filter(|(_, frequencies)| fields.iter().any(|&field| frequencies[field as usize] > 0))
                .count()
        };
        let rarity = rank::idf(count, list.len());
        let path_rarity = rank::idf(count, with(&[Field::Folder, Field::Stem]));
        let name_rarity = rank::idf(count, with(&[Field::Name]));
        rarities[number] = rarity;
        let weight = term.weight * rarity;
        for (position, frequencies) in list {
            let entry = view.docs[*position as usize].entry;
            let part =
                |fields: &[Field]| rank::saturation(frequencies, &entry.lengths, &view.mean_lengths, fields);
            let sum = &mut sums[*position as usize];
            let all = part(ALL);
            sum.lexical += weight * all;
            sum.title += term.title * rarity * all;
            sum.path += term.weight * path_rarity * part(&[Field::Folder, Field::Stem]);
            let named = frequencies[Field::Name as usize] > 0;
            if named {
                sum.name += term.weight * name_rarity * part(&[Field::Name]);
            }
            if term.compound {
                sum.compound += weight * all;
                if named {
                    sum.defines += weight * if term.identifier { 1.5 } else { 1.0 };
                }
            } else {
                sum.matched += weight;
            }
        }
    })?;
    let mentioned = mentions(view, query);
    let asked: f32 = query
        .terms
        .iter()
        .zip(&rarities)
        .filter(|(term, _)| !term.compound)
        .map(|(term, rarity)| term.weight * rarity)
        .sum();
    let mut met = 0;
    let mut pool: Vec<(usize, Signals)> = Vec::new();
    for (position, sum) in sums.iter().enumerate() {
        let mention = mentioned.get(&position).copied().unwrap_or(0.0);
        if sum.lexical <= 0.0 && mention <= 0.0 {
            continue;
        }
        met += 1;
        pool.push((position, first_signals(view, sum, mention, asked)));
    }
    Ok((pool, rarities, met))
}

fn first_signals(view: &View<'_>, sum: &Sums, mention: f32, asked: f32) -> Signals {
    let mut signals = [0.0; SIGNALS];
    let mut set = |signal: Signal, value: f32| signals[signal as usize] = value;
    set(Signal::Lexical, sum.lexical);
    set(Signal::Title, sum.title);
    set(Signal::Path, sum.path);
    set(Signal::Name, sum.name);
    set(Signal::Defines, sum.defines);
    set(Signal::Compound, sum.compound);
    set(Signal::Mention, mention);
    set(Signal::Coverage, if asked > 0.0 { sum.matched / asked } else { 0.0 });
    let _ = view;
    signals
}

/// Files that the task names by path, file name or module: a full path weighs 1, an ambiguous name less.
fn mentions(view: &View<'_>, query: &Query) -> std::collections::HashMap<usize, f32> {
    let mut hits = std::collections::HashMap::new();
    for mention in &query.mentions {
        let wanted = mention.path.as_bytes();
        let last = wanted.rsplit(|&byte| byte == b'/').next().unwrap_or(wanted);
        let mut matched: Vec<(usize, usize)> = Vec::new();
        for (position, doc) in view.docs.iter().enumerate() {
            let name = doc.name();
            let stem = name.rsplitn(2, |&byte| byte == b'.').last().unwrap_or(name);
            let name_fits =
                if mention.file { name.eq_ignore_ascii_case(last) } else { stem.eq_ignore_ascii_case(last) };
            if name_fits {
                matched.push((position, shared_tail(doc, wanted)));
            }
        }
        let best = matched.iter().map(|&(_, shared)| shared).max().unwrap_or(0);
        let asked = wanted.iter().filter(|&&byte| byte == b'/').count();
        // Of `a/b/c.rs` at least the file and one folder must fit, unless only a name was given.
        if !mention.file && best == 0 {
            continue;
        }
        matched.retain(|&(_, shared)| shared == best);
        let certainty = if asked == 0 { 0.8 } else { 0.5 + 0.5 * best as f32 / asked as f32 };
        let weight = certainty / (matched.len() as f32).sqrt();
        for (position, _) in matched {
            let hit: &mut f32 = hits.entry(position).or_default();
            *hit = hit.max(weight) + 0.1 * hit.min(weight);
        }
    }
    hits
}

/// Number of folders, from the file upwards, in which a document's path and a wanted one agree.
fn shared_tail(doc: &DocRef<'_>, wanted: &[u8]) -> usize {
    let folders = doc.folder().rsplit(|&byte| byte == b'/').filter(|part| !part.is_empty());
    let asked = wanted.rsplit(|&byte| byte == b'/').skip(1);
    folders.zip(asked).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count()
}

/// Adds priors and evidence to the pool, scores it and puts it in order.
fn weigh(
    context: &Context<'_>,
    root: &Root,
    index: &Index,
    view: &View<'_>,
    query: &Query,
    mut pool: Vec<(usize, Signals)>,
    rarities: &[f32],
) -> Vec<Found> {
    let shares = language_shares(view);
    for (position, signals) in &mut pool {
        priors(&view.docs[*position], query, &shares, signals);
    }
    order(&mut pool);
    pool.truncate(POOL);
    let best: Vec<(usize, Signals)> = pool.iter().take(EVIDENCE_FILES).copied().collect();
    let read = read_evidence(context, root, index, view, query, rarities, &best);
    for ((_, signals), read) in pool.iter_mut().zip(&read) {
        signals[Signal::Place as usize] = place_signal(&read.evidence.places);
        signals[Signal::Pairs as usize] = read.evidence.pairs;
        signals[Signal::Literal as usize] = read.evidence.literals as f32;
    }
    let mut read: std::collections::HashMap<usize, Read> =
        best.iter().map(|&(position, _)| position).zip(read).collect();
    order(&mut pool);
    let maxima = rank::maxima(pool.iter().map(|(_, signals)| signals));
    let mut found = Vec::with_capacity(pool.len());
    for (rank, (position, signals)) in pool.into_iter().enumerate() {
        let doc = &view.docs[position];
        let read = read.remove(&position).unwrap_or_default();
        let mut parts = [0.0; SIGNALS];
        for (number, part) in parts.iter_mut().enumerate() {
            *part = rank::WEIGHTS[number].1 * signals[number] / maxima[number];
        }
        found.push(Found {
            path: doc.path(),
            score: rank::score(&signals, &maxima),
            signals,
            parts,
            words: read.words,
            places: read.evidence.places,
            outline: read.outline,
            source: if rank < KEPT_FILES { read.source } else { None },
            language: doc.language().name(),
        });
    }
    found
}

/// Best first; equal scores in the order of paths.
fn order(pool: &mut [(usize, Signals)]) {
    let maxima = rank::maxima(pool.iter().map(|(_, signals)| signals));
    pool.sort_by_cached_key(|(position, signals)| {
        let score = rank::score(signals, &maxima);
        // Ascending order of this key is descending order of the score.
        (std::cmp::Reverse(total_order(score)), *position)
    });
}

/// A float as an integer of the same order.
fn total_order(value: f32) -> i32 {
    let bits = value.to_bits().cast_signed();
    bits ^ ((bits >> 31).cast_unsigned() >> 1).cast_signed()
}

fn place_signal(places: &[Place]) -> f32 {
    places.first().map_or(0.0, |place| place.score)
}

fn language_shares(view: &View<'_>) -> [f32; 256] {
    let mut counts = [0.0_f32; 256];
    for doc in &view.docs {
        counts[usize::from(doc.entry.language)] += 1.0;
    }
    counts.map(|count| count / view.docs.len().max(1) as f32)
}

fn priors(doc: &DocRef<'_>, query: &Query, shares: &[f32; 256], signals: &mut Signals) {
    use super::types::QueryType;
    let class = doc.class();
    let wants_tests = query.query_type == QueryType::Test;
    let wants_docs = query.query_type == QueryType::Docs;
    let noise = class.generated
        || class.vendored
        || class.lock
        || (class.example || class.documentation) && !wants_docs;
    let flag = |yes: bool| if yes { 1.0 } else { 0.0 };
    signals[Signal::Test as usize] = flag(class.test && !wants_tests);
    signals[Signal::Noise as usize] = flag(noise);
    signals[Signal::Language as usize] = shares[usize::from(doc.entry.language)];
    signals[Signal::Size as usize] = (1.0 + doc.entry.stat.size as f32).ln();
    signals[Signal::Bare as usize] = flag(doc.entry.symbols == 0);
    signals[Signal::StemCover as usize] = stem_cover(doc, query);
}

/// Share of the terms of a file's stem that the task has, each once.
fn stem_cover(doc: &DocRef<'_>, query: &Query) -> f32 {
    let name = doc.name();
    let stem = name.split(|&byte| byte == b'.').find(|part| !part.is_empty()).unwrap_or(name);
    let (mut terms, mut hit) = (0, 0);
    crate::text::raw_words(stem, |word, _| {
        crate::text::terms_of(word, |term, kind| {
            if kind == crate::text::TermKind::Part {
                terms += 1;
                let hash = crate::text::term_hash(term);
                hit += u32::from(query.terms.iter().any(|other| other.hash == hash));
            }
        });
    });
    if terms == 0 { 0.0 } else { hit as f32 / terms as f32 }
}

/// What reading one candidate gave.
#[derive(Default)]
struct Read {
    evidence: Evidence,
    outline: Outline,
    source: Option<Vec<u8>>,
    words: Vec<String>,
}

fn read_evidence(
    context: &Context<'_>,
    root: &Root,
    index: &Index,
    view: &View<'_>,
    query: &Query,
    rarities: &[f32],
    best: &[(usize, Signals)],
) -> Vec<Read> {
    let outlines: Vec<Option<Outline>> =
        best.iter().map(|&(position, _)| index.outline(view.docs[position].entry.doc)).collect();
    let seeker = Seeker::new(query, rarities);
    let deadline: Deadline = context.deadline.share(0.85);
    let jobs: Vec<(DocRef<'_>, Option<Outline>)> =
        best.iter().zip(outlines).map(|(&(position, _), outline)| (view.docs[position], outline)).collect();
    let work = |part: usize| -> Vec<(usize, Read)> {
        let mut memo = Memo::default();
        let mine = jobs.iter().enumerate().skip(part).step_by(THREADS);
        mine.take_while(|_| !deadline.passed())
            .map(|(number, (doc, outline))| {
                (number, read_one(root, doc, outline.as_ref(), &seeker, &mut memo))
            })
            .collect()
    };
    let mut all: Vec<Read> = Vec::new();
    all.resize_with(jobs.len(), Read::default);
    std::thread::scope(|scope| {
        let other: Vec<_> = (1..THREADS).map(|part| scope.spawn(move || work(part))).collect();
        let mut done = work(0);
        for handle in other {
            done.extend(handle.join().unwrap_or_default());
        }
        for (number, read) in done {
            all[number] = read;
        }
    });
    all
}

fn read_one(
    root: &Root,
    doc: &DocRef<'_>,
    outline: Option<&Outline>,
    seeker: &Seeker<'_>,
    memo: &mut Memo,
) -> Read {
    let path = doc.path();
    let Source::Text(content, _) = index::read(&root.path, &path, EVIDENCE_BYTES_MAX) else {
        return Read::default();
    };
    // A file may have changed since it was looked at, a moment ago: its lines must fit what is shown.
    let outline = match outline {
        Some(outline) if xxh3_64(&content) == doc.entry.hash => outline.clone(),
        _ => {
            let extraction = Extractor::new().extract_fast(doc.language(), &content, &EXTRACT_LIMITS);
            Outline { symbols: extraction.symbols, imports: extraction.imports }
        }
    };
    let evidence = seeker.seek(&content, &outline, memo);
    let words = seeker.telling_words(&evidence.terms);
    Read { evidence, outline, source: Some(content), words }
}

/// How sure the answer is; see `docs/benchmarks.md` for how the thresholds were found.
fn confidence(query: &Query, rarities: &[f32], found: &[Found], documents: usize) -> Confidence {
    let Some(first) = found.first() else { return Confidence::None };
    let best = |signal: Signal| {
        found.iter().take(5).map(|found| found.signals[signal as usize]).fold(0.0_f32, f32::max)
    };
    let coverage = best(Signal::Coverage);
    let exact = best(Signal::Mention) >= 0.5 || best(Signal::Literal) >= 1.0;
    let defined = first.signals[Signal::Defines as usize] > 0.5 * rank::idf(documents, 3);
    let telling = query.terms.iter().zip(rarities).filter(|(term, _)| !term.compound).count();
    if exact || (defined && coverage > 0.25) || (coverage > 0.45 && telling >= 2) {
        Confidence::High
    } else if coverage > 0.2 {
        Confidence::Low
    } else {
        Confidence::None
    }
}
