//! From a question to ranked files: freshness, posting lists, signals, evidence, order, confidence.

use super::assemble::candidate;
use super::confidence::{Grounds, LEAD_OVER};
use super::evidence::{Evidence, Memo, Place, Seeker};
use super::gather::{Gathered, Stem, gather};
use super::history::{Acquaintance, Chronicle, Traces};
use super::neighbours::{self, Aliases, Node};
use super::prepared::{Prepared, Still};
use super::query::{self, Query};
use super::rank::{self, Signal, Signals};
use super::references::referring;
use super::shelf::{Known, Shelf, Text};
use super::terms::stem_parts;
use super::types::{Confidence, Facts, QueryType, Question, Ranked};
use crate::index::{
    self, Compared, Context, DocRef, Fresh, HashedMap, Index, IndexError, Outline, Source, View,
};
use crate::project::{self, Root, RootKind};
use crate::store::StoreError;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use xxhash_rust::xxh3::xxh3_64;

/// Files whose content is read for evidence.
const EVIDENCE_FILES: usize = 32;
/// Files that get signals beyond the posting lists.
const POOL: usize = 400;
/// Files whose content is kept for the slice.
const KEPT_FILES: usize = 24;
/// Larger files are not read for evidence, in bytes.
const EVIDENCE_BYTES_MAX: u64 = 1024 * 1024;
/// After so many bytes only small files and the very best are read for evidence.
const EVIDENCE_BYTES_SUM: u64 = 3 * 512 * 1024;
/// Threads of one short-lived process.
pub(super) const THREADS: usize = 2;
/// Share of the deadline after which no more files are read for evidence.
const EVIDENCE_SHARE: f64 = 0.85;
/// Fewer files than this are not worth another thread.
const FILES_ALONE_MAX: usize = 4;
/// Best files, and best tests, whose companions in past commits count.
const SEEDS: usize = 8;

/// One ranked file with what the slice needs of it.
pub(super) struct Found {
    /// Raw bytes, relative to the root.
    pub(super) path: Vec<u8>,
    pub(super) score: f32,
    pub(super) signals: Signals,
    /// Share of each signal in the score, for reasons and `--explain`.
    pub(super) parts: Signals,
    pub(super) places: Vec<Place>,
    pub(super) outline: Arc<Outline>,
    /// The content as it is now; `None` when it was not read.
    pub(super) source: Option<Arc<Vec<u8>>>,
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
    let opened = index::open(context, root)?;
    // Nearly always nothing has changed: the answer is worked out while another thread makes sure of that.
    let asked = Asked { context, root, question, query: &query, shelf: None };
    let early = index::while_comparing(&opened.index, context, root, |stop| {
        asked.rank(&opened.index, true, THREADS - 1, stop).transpose()
    });
    let seen = match early {
        Compared::Same(ranked) => {
            let mut ranked = ranked?;
            let fresh = opened.confirmed(context, root);
            ranked.facts.timings_us.splice(0..0, named(&fresh.timings_us[..2]));
            ranked.facts.timings_us.extend(named(&fresh.timings_us[2..]));
            fresh.close();
            return Ok(ranked);
        }
        Compared::Seen(outcome) => Some(outcome),
        Compared::Unknown => None,
    };
    let mut fresh = opened.update(context, root, &|path| urgency(&query, path), seen.as_ref())?;
    let ranked = asked.rank(&fresh.index, fresh.updated.walked, THREADS, &AtomicBool::new(false))?;
    let mut ranked = ranked.unwrap_or_else(|| asked.nothing(&fresh.index, fresh.updated.walked));
    ranked.facts.timings_us.splice(0..0, named(&fresh.timings_us));
    fresh.save(context);
    fresh.close();
    Ok(ranked)
}

fn named(timings: &[(&'static str, u64)]) -> Vec<(String, u64)> {
    timings.iter().map(|&(name, micros)| (name.to_owned(), micros)).collect()
}

/// A question on its way to an answer.
pub(super) struct Asked<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) root: &'a Root,
    pub(super) question: &'a Question<'a>,
    pub(super) query: &'a Query,
    /// Files that earlier questions read, with the number that the project has there.
    pub(super) shelf: Option<(&'a Shelf, u64)>,
}

impl Asked<'_> {
    /// An answer that says nothing.
    pub(super) fn nothing(&self, index: &Index, walked: bool) -> Ranked {
        let facts = facts_of(self.context, self.root, index, walked);
        Ranked::of(facts, Confidence::None, self.query.query_type, Vec::new())
    }

    /// Ranks the files of an index on so many threads; `Ok(None)` when it was told to stop.
    fn rank(
        &self,
        index: &Index,
        walked: bool,
        threads: usize,
        stop: &AtomicBool,
    ) -> Result<Option<Ranked>, IndexError> {
        self.rank_prepared(index, &Prepared::of(index), walked, threads, stop)
    }

    /// The same with what was prepared for this state of the index.
    pub(super) fn rank_prepared(
        &self,
        index: &Index,
        prepared: &Prepared,
        walked: bool,
        threads: usize,
        stop: &AtomicBool,
    ) -> Result<Option<Ranked>, IndexError> {
        let Asked { context, root, question, query, shelf } = *self;
        let view = View::of(&prepared.layout);
        let mut facts = facts_with(context, root, prepared.counts, walked);
        if view.len() == 0 || query.terms.is_empty() && query.mentions.is_empty() {
            return Ok(Some(Ranked::of(facts, Confidence::None, query.query_type, Vec::new())));
        }
        prepared.ask(&view);
        let gathered = match gather(index, &view, prepared, query) {
            Err(error @ StoreError::Damaged { .. }) => {
                index::set_aside(context, &index.home);
                return Err(error.into());
            }
            result => result?,
        };
        facts.candidates = gathered.candidates;
        facts.timings_us.push(("query".into(), context.deadline.elapsed_us()));
        let rarities = gathered.rarities.as_slice();
        let view = &view;
        let ranking = Ranking { context, root, index, prepared, view, query, rarities, threads, stop, shelf };
        let wanted = question.top.max(KEPT_FILES).max(LEAD_OVER);
        let weighed = ranking.weigh(&gathered, wanted, &mut facts.timings_us)?;
        let Some((found, acquaintance)) = weighed else { return Ok(None) };
        let grounds = Grounds::of(query, rarities, &found, acquaintance, view.len());
        facts.certainty = grounds.certainty();
        facts.grounds = grounds.named();
        let candidates = found.iter().take(question.top).map(candidate).collect();
        let mut ranked = Ranked::of(facts, grounds.confidence(), query.query_type, candidates);
        ranked.found = found;
        Ok(Some(ranked))
    }
}

/// How urgent a file is for a first answer: terms of the task in its path.
pub(super) fn urgency(query: &Query, path: &[u8]) -> u32 {
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
    facts_of(context, root, &fresh.index, fresh.updated.walked)
}

pub(super) fn facts_of(context: &Context<'_>, root: &Root, index: &Index, walked: bool) -> Facts {
    facts_with(context, root, index.manifest.counts(), walked)
}

/// The facts with the numbers of files that are known, and done with.
fn facts_with(context: &Context<'_>, root: &Root, (known, done): (usize, usize), walked: bool) -> Facts {
    let head = match &root.kind {
        RootKind::Git { git_dir, common_dir } => Some(crate::git::head(context.env, git_dir, common_dir)),
        _ => None,
    };
    let (commit, branch) = head.map(|head| (head.commit, head.branch)).unwrap_or_default();
    Facts {
        root: root.path.to_string_lossy().into_owned(),
        commit: commit.map(|id| id.chars().take(10).collect()),
        branch,
        files_known: known,
        files_indexed: done,
        walked,
        candidates: 0,
        certainty: 0.0,
        grounds: Vec::new(),
        timings_us: Vec::new(),
    }
}

/// What the steps of one ranking share.
struct Ranking<'a> {
    context: &'a Context<'a>,
    root: &'a Root,
    index: &'a Index,
    prepared: &'a Prepared,
    view: &'a View<'a>,
    query: &'a Query,
    rarities: &'a [f32],
    threads: usize,
    /// Set when the answer will not be used.
    stop: &'a AtomicBool,
    shelf: Option<(&'a Shelf, u64)>,
}

impl Ranking<'_> {
    /// Adds history, priors, evidence and the neighbours' voices to the files that were met, scores the best of them and
    /// puts them in order; returns as many as are wanted.
    fn weigh(
        &self,
        gathered: &Gathered,
        wanted: usize,
        timings: &mut Vec<(String, u64)>,
    ) -> Result<Option<(Vec<Found>, Acquaintance)>, StoreError> {
        let mut time = |name: &str| timings.push((name.to_owned(), self.context.deadline.elapsed_us()));
        let chronicle = self.prepared.chronicle(self.index, self.view);
        let (traces, acquaintance) = chronicle.traces(self.query);
        let positions = gathered.pool(traces.near());
        time("history");
        let mut pool = self.first_pool(gathered, &positions, &traces, chronicle.changes());
        self.add_aliases(&mut pool);
        time("priors");
        if self.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let best = self.worth_reading(&pool);
        let read = self.read_evidence(&best);
        let mut read: HashMap<usize, Read> = best.into_iter().zip(read).collect();
        for (position, signals) in &mut pool {
            if let Some(read) = read.get(position) {
                add_evidence(&read.evidence, signals);
            }
        }
        time("evidence");
        if self.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        self.add_neighbours(&chronicle, &mut pool, &read)?;
        order(&mut pool);
        let found = self.found(pool, wanted, &mut read);
        time("neighbours");
        Ok(Some((found, acquaintance)))
    }

    /// The best files, as many as the bytes to be read allow.
    fn worth_reading(&self, pool: &[(usize, Signals)]) -> Vec<usize> {
        let mut bytes = 0;
        let mut best = Vec::with_capacity(EVIDENCE_FILES);
        for &(position, _) in pool.iter().take(EVIDENCE_FILES) {
            bytes += self.view.doc(position).entry.stat.size;
            if bytes <= EVIDENCE_BYTES_SUM || best.len() < KEPT_FILES / 2 {
                best.push(position);
            }
        }
        best
    }

    /// The best of the files at these positions by what postings, history and priors say of them, best first.
    fn first_pool(
        &self,
        gathered: &Gathered,
        positions: &[usize],
        traces: &Traces<'_>,
        changes: &[f32],
    ) -> Vec<(usize, Signals)> {
        let terms: HashedMap<()> = self.query.terms.iter().map(|term| (term.hash, ())).collect();
        // The index leaves such words out of names.
        let noisy = self.query.terms.iter().any(|term| index::is_noise(term.text.as_bytes()));
        let rates: Vec<f32> = changes
            .iter()
            .zip(self.view.siblings())
            .map(|(&change, files)| folder_rate(change, files))
            .collect();
        let mut pool = Vec::with_capacity(positions.len());
        let stills = self.prepared.stills(self.view, positions);
        let found = gathered.signals(positions).into_iter().zip(stills);
        for (&position, ((mut signals, stem), still)) in positions.iter().zip(found) {
            if let Some(trace) = traces.of(position) {
                signals[Signal::HistoryWords as usize] = trace.words;
                signals[Signal::HistoryNear as usize] = trace.near;
                signals[Signal::Churn as usize] = trace.churn;
            }
            if !rates.is_empty() {
                signals[Signal::FolderRate as usize] = rates[self.view.folder(position)];
            }
            priors(&still, self.query.query_type, &self.prepared.shares, &mut signals);
            signals[Signal::StemCover as usize] = match stem {
                Stem { met: false, .. } if !noisy => 0.0,
                Stem { parts: Some(parts), hits, .. } if !noisy => hits as f32 / parts as f32,
                _ => stem_cover(&self.view.doc(position), &terms),
            };
            pool.push((position, signals));
        }
        best(pool, POOL)
    }

    /// Adds what the words of the paths say.
    fn add_aliases(&self, pool: &mut [(usize, Signals)]) {
        let mut aliases = Aliases::new(self.query, self.rarities);
        // One kind of step after the other, so that the processor fetches many at once from where they lie scattered.
        let docs: Vec<DocRef<'_>> = pool.iter().map(|(position, _)| self.view.doc(*position)).collect();
        let (mut names, mut ends) = (Vec::new(), Vec::with_capacity(docs.len()));
        for doc in &docs {
            names.extend_from_slice(doc.name());
            ends.push(names.len());
        }
        let mut start = 0;
        for (((_, signals), doc), end) in pool.iter_mut().zip(&docs).zip(ends) {
            signals[Signal::Alias as usize] = aliases.value([doc.folder(), &names[start..end]]);
            start = end;
        }
    }

    fn add_neighbours(
        &self,
        chronicle: &Chronicle,
        pool: &mut [(usize, Signals)],
        read: &HashMap<usize, Read>,
    ) -> Result<(), StoreError> {
        order(pool);
        let maxima = rank::maxima(pool.iter().map(|(_, signals)| signals));
        let scores: Vec<f32> = pool.iter().map(|(_, signals)| rank::score(signals, &maxima)).collect();
        let best = scores.first().copied().unwrap_or(0.0).max(f32::MIN_POSITIVE);
        let nodes: Vec<Node<'_>> = pool
            .iter()
            .zip(&scores)
            .map(|((position, signals), score)| Node {
                doc: self.view.doc(*position),
                score: (score / best).clamp(0.0, 1.0),
                lexical: signals[Signal::Lexical as usize] / maxima[Signal::Lexical as usize],
                test: self.prepared.still(self.view, *position).class().test,
                outline: read.get(position).map(|read| &*read.outline),
            })
            .collect();
        let mut tests: Vec<(usize, f32)> = (pool.iter().zip(&nodes))
            .filter(|(_, node)| node.test)
            .map(|((position, _), node)| (*position, node.lexical))
            .collect();
        tests.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        tests.truncate(SEEDS);
        let seeds: Vec<(usize, f32)> = (pool.iter().zip(&nodes))
            .take(SEEDS)
            .map(|((position, _), node)| (*position, node.score))
            .collect();
        let together = chronicle.together(&seeds);
        let together_tests = chronicle.together(&tests);
        let positions: Vec<usize> = pool.iter().map(|&(position, _)| position).collect();
        let referring = referring(self.index, self.view, self.prepared, &positions, &seeds)?;
        for ((_, signals), value) in pool.iter_mut().zip(referring) {
            signals[Signal::Referring as usize] = value;
        }
        for ((position, signals), voices) in pool.iter_mut().zip(neighbours::voices(&nodes)) {
            let mut set = |signal: Signal, value: f32| signals[signal as usize] = value;
            set(Signal::Imported, voices.imported);
            set(Signal::Importing, voices.importing);
            set(Signal::Folder, voices.folder);
            set(Signal::Tested, voices.tested);
            set(Signal::Together, together.get(position).copied().unwrap_or(0.0));
            set(Signal::TogetherTests, together_tests.get(position).copied().unwrap_or(0.0));
        }
        Ok(())
    }

    fn found(
        &self,
        pool: Vec<(usize, Signals)>,
        wanted: usize,
        read: &mut HashMap<usize, Read>,
    ) -> Vec<Found> {
        let maxima = rank::maxima(pool.iter().map(|(_, signals)| signals));
        let mut found = Vec::with_capacity(pool.len().min(wanted));
        for (rank, (position, signals)) in pool.into_iter().take(wanted).enumerate() {
            let doc = self.view.doc(position);
            let read = read.remove(&position).unwrap_or_default();
            found.push(Found {
                path: doc.path(),
                score: rank::score(&signals, &maxima),
                signals,
                parts: rank::shares(&signals, &maxima),
                words: read.words,
                places: read.evidence.places,
                outline: read.outline,
                source: if rank < KEPT_FILES { read.source } else { None },
                language: doc.language().name(),
            });
        }
        found
    }
}

fn add_evidence(evidence: &Evidence, signals: &mut Signals) {
    let scores = || evidence.places.iter().map(|place| place.score);
    signals[Signal::Place as usize] = scores().next().unwrap_or(0.0);
    signals[Signal::Places as usize] = scores().take(3).sum();
    signals[Signal::Pairs as usize] = evidence.pairs;
    signals[Signal::Literal as usize] = evidence.literals as f32;
}

/// The best files, best first; equal scores in the order of paths.
fn best(mut pool: Vec<(usize, Signals)>, count: usize) -> Vec<(usize, Signals)> {
    if pool.len() <= count {
        order(&mut pool);
        return pool;
    }
    let maxima = rank::maxima(pool.iter().map(|(_, signals)| signals));
    let key = |(number, (position, signals)): (usize, &(usize, Signals))| {
        (std::cmp::Reverse(total_order(rank::score(signals, &maxima))), *position, number)
    };
    let mut keys: Vec<_> = pool.iter().enumerate().map(key).collect();
    keys.select_nth_unstable(count);
    keys.truncate(count);
    keys.sort_unstable();
    keys.into_iter().map(|(_, _, number)| pool[number]).collect()
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

fn priors(still: &Still, query_type: QueryType, shares: &[f32; 256], signals: &mut Signals) {
    let class = still.class();
    let flag = |yes: bool| if yes { 1.0 } else { 0.0 };
    let mut set = |signal: Signal, value: f32| signals[signal as usize] = value;
    set(Signal::Test, flag(class.test && query_type != QueryType::Test));
    set(Signal::Noise, flag(class.generated || class.vendored || class.lock));
    set(Signal::Example, flag(class.example));
    set(Signal::Documentation, flag(class.documentation && query_type != QueryType::Docs));
    set(Signal::Config, flag(class.config));
    set(Signal::Language, shares[usize::from(still.language)]);
    set(Signal::Size, still.size);
    set(Signal::Symbols, still.symbols);
    set(Signal::Bare, flag(still.symbols == 0.0));
    set(Signal::Depth, f32::from(still.depth));
    set(Signal::Data, flag(still.is_data()));
    set(Signal::Namesakes, still.namesakes);
}

/// Logarithm of the changes of a folder for each of its files; a folder without any has a little.
fn folder_rate(changes: f32, files: usize) -> f32 {
    ((changes + 0.5) / (files as f32 + 1.0) + 0.01).ln()
}

/// Share of the terms of a file's stem that the task has, each once.
fn stem_cover(doc: &DocRef<'_>, asked: &HashedMap<()>) -> f32 {
    let (parts, hits) = stem_parts(doc.name(), |hash| asked.contains_key(&hash));
    if parts == 0 { 0.0 } else { f32::from(hits) / f32::from(parts) }
}

/// What reading one candidate gave.
#[derive(Default)]
struct Read {
    evidence: Evidence,
    outline: Arc<Outline>,
    source: Option<Arc<Vec<u8>>>,
    words: Vec<String>,
    /// Set when outline and content are what the index knows.
    known: bool,
}

impl Ranking<'_> {
    /// Reads the files at these positions as far as the deadline allows.
    fn read_evidence(&self, best: &[usize]) -> Vec<Read> {
        let seeker = Seeker::new(self.query, self.rarities);
        let docs: Vec<DocRef<'_>> = best.iter().map(|&position| self.view.doc(position)).collect();
        let mut all: Vec<Read> = Vec::new();
        all.resize_with(best.len(), Read::default);
        let missing = self.read_shelf(&docs, &seeker, &mut all);
        self.read_files(&docs, &missing, &seeker, &mut all);
        if let Some((shelf, project)) = self.shelf {
            for &number in missing.iter().filter(|&&number| all[number].known) {
                let Read { source: Some(source), outline, .. } = &all[number] else { continue };
                let text = Text::new(Arc::clone(source), Arc::clone(outline));
                shelf.put(project, Known::of(&docs[number]), &Arc::new(text));
            }
        }
        all
    }

    /// Seeks in the files that are on the shelf; returns the numbers of the others.
    fn read_shelf(&self, docs: &[DocRef<'_>], seeker: &Seeker<'_>, all: &mut [Read]) -> Vec<usize> {
        let Some((shelf, project)) = self.shelf else { return (0..docs.len()).collect() };
        let mut memo = Memo::default();
        let mut missing = Vec::new();
        let known: Vec<Known> = docs.iter().map(Known::of).collect();
        for (number, text) in shelf.take(project, &known).into_iter().enumerate() {
            let Some(text) = text else {
                missing.push(number);
                continue;
            };
            let (content, outline) = (&text.content, &text.outline);
            // Cut into words a text takes twice the room: with many of them, more texts are worth more.
            let grown = !text.is_lexed() && shelf.has_room();
            let lexed = (grown || text.is_lexed()).then(|| text.lexed()).flatten();
            let evidence = match lexed {
                Some(lexed) => seeker.seek_in(content, lexed, &mut memo),
                None => seeker.seek(content, outline, &mut memo),
            };
            if grown {
                shelf.put(project, known[number], &text);
            }
            all[number] = Read {
                words: seeker.telling_words(&evidence.terms),
                evidence,
                outline: Arc::clone(outline),
                source: Some(Arc::clone(content)),
                known: true,
            };
        }
        missing
    }

    /// Reads some of the files, each by its number.
    fn read_files(&self, docs: &[DocRef<'_>], numbers: &[usize], seeker: &Seeker<'_>, all: &mut [Read]) {
        let deadline = self.context.deadline.share(EVIDENCE_SHARE);
        let threads = if numbers.len() < FILES_ALONE_MAX { 1 } else { self.threads.max(1) };
        let mut parts: Vec<Vec<Job<'_>>> = Vec::new();
        parts.resize_with(threads, Vec::new);
        for (at, &number) in numbers.iter().enumerate() {
            let doc = docs[number];
            parts[at % threads].push(Job { number, doc, outline: self.index.outline(doc.entry.doc) });
        }
        let work = |jobs: Vec<Job<'_>>| -> Vec<(usize, Read)> {
            let mut memo = Memo::default();
            let in_time = |_: &Job<'_>| !deadline.passed() && !self.stop.load(Ordering::Relaxed);
            let jobs = jobs.into_iter().take_while(in_time);
            jobs.map(|job| (job.number, read_one(self.root, job, seeker, &mut memo))).collect()
        };
        std::thread::scope(|scope| {
            let work = &work;
            let own = parts.pop().unwrap_or_default();
            let others: Vec<_> = parts.into_iter().map(|jobs| scope.spawn(move || work(jobs))).collect();
            let mut done = work(own);
            for other in others {
                done.extend(other.join().unwrap_or_default());
            }
            for (number, read) in done {
                all[number] = read;
            }
        });
    }
}

/// One file to be read for evidence.
struct Job<'a> {
    /// Its place among the best.
    number: usize,
    doc: DocRef<'a>,
    outline: Option<Outline>,
}

fn read_one(root: &Root, job: Job<'_>, seeker: &Seeker<'_>, memo: &mut Memo) -> Read {
    let Job { doc, outline, .. } = job;
    let path = doc.path();
    let Source::Text(content, _) = index::read(&root.path, &path, EVIDENCE_BYTES_MAX) else {
        return Read::default();
    };
    // A file may have changed since it was looked at, a moment ago: its lines must fit what is shown.
    let known = outline.is_some() && xxh3_64(&content) == doc.entry.hash;
    let outline = match outline {
        Some(outline) if known => outline,
        _ if project::looks_like_secret(&content)
            || project::is_binary(&content[..content.len().min(8192)]) =>
        {
            return Read::default();
        }
        _ => Outline::of(doc.language(), &content),
    };
    let evidence = seeker.seek(&content, &outline, memo);
    let words = seeker.telling_words(&evidence.terms);
    Read { evidence, outline: Arc::new(outline), source: Some(Arc::new(content)), words, known }
}
