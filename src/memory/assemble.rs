//! Cuts a ranked answer to a budget: which files are listed, which definitions named, which places quoted.

use super::rank::{Signal, WEIGHTS};
use super::render::{self, Listed, Quote};
use super::search::Found;
use super::types::{Budget, Candidate, Plan, Ranked, SignalShare};
use crate::project::mask_secrets;
use crate::text::{estimate_tokens, inert};

/// Files with less than this share of the best score are not shown.
const SCORE_SHARE_MIN: f32 = 0.3;
/// The numbers below are meant for a budget of so many tokens and grow with a larger one.
const TOKENS_USUAL: usize = 2200;
/// Files listed at most, by detail.
const LISTED_MAX: [usize; 3] = [20, 12, 16];
/// Share of the budget for the list of files; the rest is for quotes.
const LIST_SHARE: [f64; 3] = [1.0, 0.62, 0.5];
/// Definitions named for the first, the next and the other files.
const NAMED_MAX: [usize; 3] = [8, 5, 3];
/// Longer definitions are named with their lines, not quoted, in lines.
const QUOTE_LINES_MAX: u32 = 48;
/// Quotes of one file.
const QUOTES_PER_FILE: usize = 2;
/// Quotes altogether, by detail.
const QUOTES_MAX: [usize; 3] = [0, 6, 14];

/// Cuts a ranked answer to a budget and renders it. Pure: the same input gives the same text.
pub fn assemble(ranked: &Ranked, budget: &Budget<'_>) -> Plan {
    let mut candidates = ranked.candidates.clone();
    let mut room = Room { tokens: budget.tokens, chars: budget.chars };
    if room.take(&render::frame(ranked)).is_none() {
        room = Room { tokens: 0, chars: 0 };
    }
    let listed = list(ranked, budget, &mut room, &mut candidates);
    let quotes = quote(ranked, budget, &listed, &mut room, &mut candidates);
    let rest: Vec<&str> = candidates
        .iter()
        .filter(|candidate| !candidate.shown)
        .take(5)
        .map(|candidate| candidate.path.as_str())
        .collect();
    let text = if listed.is_empty() {
        String::new()
    } else {
        render::slice(ranked, &listed, &quotes, &rest, budget)
    };
    Plan {
        facts: ranked.facts.clone(),
        confidence: ranked.confidence,
        query_type: ranked.query_type,
        tokens: estimate_tokens(&text),
        candidates,
        text,
    }
}

/// A number that is meant for the usual budget, for a larger one.
fn scaled(count: usize, tokens: usize) -> usize {
    count.saturating_mul(tokens.max(TOKENS_USUAL)) / TOKENS_USUAL
}

/// What is left of the budget.
struct Room {
    tokens: usize,
    chars: usize,
}

impl Room {
    /// Takes the text's cost if it fits.
    fn take(&mut self, text: &str) -> Option<usize> {
        let (tokens, chars) = (estimate_tokens(text), text.chars().count());
        if tokens > self.tokens || chars > self.chars {
            return None;
        }
        self.tokens -= tokens;
        self.chars -= chars;
        Some(tokens)
    }
}

/// A ranked file as the report shows it.
pub(super) fn candidate(found: &Found) -> Candidate {
    let mut signals: Vec<SignalShare> = (WEIGHTS.iter().zip(found.signals).zip(found.parts))
        .map(|(((name, _), value), share)| SignalShare { name, value, share })
        .collect();
    signals.sort_by(|a, b| b.share.abs().total_cmp(&a.share.abs()));
    Candidate {
        path: render::shown_path(&found.path),
        score: f64::from(found.score),
        reasons: reasons(found),
        shown: false,
        tokens: 0,
        cut: None,
        signals,
    }
}

/// Why a file is here, in a few words, most telling first.
fn reasons(found: &Found) -> Vec<String> {
    let part = |signal: Signal| found.parts[signal as usize];
    let value = |signal: Signal| found.signals[signal as usize];
    let mut reasons: Vec<(f32, String)> = Vec::new();
    if value(Signal::Mention) > 0.0 {
        reasons.push((9.0, "the task names it".into()));
    }
    if value(Signal::Literal) > 0.0 {
        reasons.push((8.0, "has a quoted text of the task".into()));
    }
    let defined: Vec<&str> = found
        .outline
        .symbols
        .iter()
        .filter(|symbol| found.words.iter().any(|word| word.eq_ignore_ascii_case(&symbol.name)))
        .map(|symbol| symbol.name.as_str())
        .collect();
    if let Some(name) = defined.first() {
        reasons.push((2.0 + part(Signal::Defines), format!("defines {name}")));
    }
    let history = part(Signal::HistoryNear) + part(Signal::HistoryWords);
    if history > 0.3 {
        reasons.push((history, "commits like the task changed it".into()));
    }
    let imports = part(Signal::Imported) + part(Signal::Importing);
    if imports > 0.2 {
        reasons.push((imports, "linked by imports with the best files".into()));
    }
    if part(Signal::Path) > 0.3 && found.words.is_empty() {
        reasons.push((part(Signal::Path), "path fits the task".into()));
    }
    if !found.words.is_empty() {
        reasons.push((0.5, format!("has {}", found.words.join(", "))));
    }
    reasons.sort_by(|a, b| b.0.total_cmp(&a.0));
    reasons.into_iter().map(|(_, reason)| inert::line(&mask_secrets(&reason))).collect()
}

fn list(ranked: &Ranked, budget: &Budget<'_>, room: &mut Room, candidates: &mut [Candidate]) -> Vec<Listed> {
    let detail = budget.detail as usize;
    let best = ranked.found.first().map_or(0.0, |found| found.score);
    let keep = (budget.tokens as f64 * (1.0 - LIST_SHARE[detail])) as usize;
    let mut listed: Vec<Listed> = Vec::new();
    for (rank, (found, candidate)) in ranked.found.iter().zip(candidates).enumerate() {
        if listed.len() >= scaled(LISTED_MAX[detail], budget.tokens) {
            candidate.cut = Some("beyond the number of files shown".into());
            continue;
        }
        if rank > 0 && found.score < best * SCORE_SHARE_MIN {
            candidate.cut = Some("far behind the best".into());
            continue;
        }
        let given = budget.given.contains(&candidate.path);
        let named = scaled(NAMED_MAX[rank.min(5) / 3 + usize::from(rank > 7)], budget.tokens);
        let options = [named, named / 2, 0];
        let mut entry = None;
        for (attempt, &named) in options.iter().enumerate() {
            // The first file may use the quotes' share too; shortened entries come last.
            let reserve = if listed.is_empty() || attempt == 2 { 0 } else { keep };
            let tried = render::entry(found, listed.len() + 1, &candidate.reasons, given, named);
            if estimate_tokens(&tried.text) + reserve <= room.tokens && room.take(&tried.text).is_some() {
                if attempt > 0 {
                    candidate.cut = Some("outline shortened for budget".into());
                }
                entry = Some(tried);
                break;
            }
        }
        match entry {
            Some(entry) => {
                candidate.shown = true;
                candidate.tokens = estimate_tokens(&entry.text);
                listed.push(Listed { rank, given, ..entry });
            }
            None => candidate.cut = Some("left out for budget".into()),
        }
    }
    listed
}

/// Chooses what is quoted: the places with the most evidence for their size, of the best files first.
fn quote(
    ranked: &Ranked,
    budget: &Budget<'_>,
    listed: &[Listed],
    room: &mut Room,
    candidates: &mut [Candidate],
) -> Vec<Quote> {
    let best = ranked.found.first().map_or(1.0, |found| found.score).max(f32::MIN_POSITIVE);
    let mut options: Vec<(f32, usize, u32, u32)> = Vec::new();
    for entry in listed.iter().filter(|entry| !entry.given) {
        let found = &ranked.found[entry.rank];
        for place in &found.places {
            let lines = place.end.saturating_sub(place.start) + 1;
            if place.symbol.is_some() && lines <= QUOTE_LINES_MAX {
                let share = (found.score / best).max(0.0);
                let value = share * share * place.score / (6.0 + lines as f32).sqrt();
                options.push((value, entry.rank, place.start, place.end));
            }
        }
    }
    options.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut quotes: Vec<Quote> = Vec::new();
    for (_, rank, start, end) in options {
        let enough = quotes.len() >= scaled(QUOTES_MAX[budget.detail as usize], budget.tokens);
        if enough || room.tokens < render::QUOTE_FRAME_TOKENS_MIN {
            break;
        }
        let same = quotes.iter().filter(|quote| quote.rank == rank);
        if same.clone().count() >= QUOTES_PER_FILE
            || same.clone().any(|quote| quote.start <= end && start <= quote.end)
        {
            continue;
        }
        if render::quote_tokens_min(&ranked.found[rank], start, end, room.tokens) > room.tokens {
            continue;
        }
        let Some(quote) = render::quote(&ranked.found[rank], rank, start, end) else { continue };
        if let Some(tokens) = room.take(&quote.text) {
            candidates[rank].tokens += tokens;
            quotes.push(quote);
        }
    }
    quotes.sort_by_key(|quote| (quote.rank, quote.start));
    quotes
}
