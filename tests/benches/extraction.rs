//! Prints, per language, how fast the sources of a folder are parsed and extracted, and how far the fast way agrees
//! with the exact one. `cargo bench --bench extraction -- FOLDER [LANGUAGE [SHOW]]`; SHOW prints differences.

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "a benchmark prints and reads the clock"
)]

use rtk::code::{Extraction, Extractor, Language, Limits, language_of};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bytes measured per language.
const LANGUAGE_BYTES_MAX: usize = 16 << 20;

#[derive(Default)]
struct Row {
    files: usize,
    bytes: usize,
    exact: Duration,
    fast: Duration,
    symbols: usize,
    fast_symbols: usize,
    common: usize,
    full_matches: usize,
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let Some(folder) = arguments.first() else {
        println!("usage: cargo bench --bench extraction -- FOLDER [LANGUAGE [SHOW]]");
        return;
    };
    let only = arguments.get(1).map(String::as_str);
    let mut shown: usize = arguments.get(2).and_then(|count| count.parse().ok()).unwrap_or(0);
    let mut rows: BTreeMap<&'static str, Row> = BTreeMap::new();
    let mut extractor = Extractor::new();
    for path in files(Path::new(folder)) {
        let Ok(source) = std::fs::read(&path) else { continue };
        let language = language_of(path.as_os_str().as_encoded_bytes(), &source);
        if language == Language::Text || only.is_some_and(|only| only != language.name()) {
            continue;
        }
        let row = rows.entry(language.name()).or_default();
        if row.bytes < LANGUAGE_BYTES_MAX {
            measure(&mut extractor, language, &source, row, &path, &mut shown);
        }
    }
    println!("language      files      MB  exact MB/s  fast MB/s   symbols  recall precision same-end");
    for (name, row) in rows {
        let rate = |time: Duration| row.bytes as f64 / 1e6 / time.as_secs_f64().max(1e-9);
        let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
        println!(
            "{name:12} {:6} {:7.2} {:11.1} {:10.1} {:9}  {:.4}    {:.4}   {:.4}",
            row.files,
            row.bytes as f64 / 1e6,
            rate(row.exact),
            rate(row.fast),
            row.symbols,
            share(row.common, row.symbols),
            share(row.common, row.fast_symbols),
            share(row.full_matches, row.common),
        );
    }
}

fn measure(
    extractor: &mut Extractor,
    language: Language,
    source: &[u8],
    row: &mut Row,
    path: &Path,
    shown: &mut usize,
) {
    let limits = Limits::default();
    let start = Instant::now();
    let exact = extractor.extract(language, source, &limits);
    let middle = Instant::now();
    let fast = extractor.extract_fast(language, source, &limits);
    row.fast += middle.elapsed();
    row.exact += middle - start;
    row.files += 1;
    row.bytes += source.len();
    row.symbols += exact.symbols.len();
    row.fast_symbols += fast.symbols.len();
    let (exact_set, fast_set) = (starts(&exact), starts(&fast));
    row.common += exact_set.intersection(&fast_set).count();
    let whole: BTreeSet<_> =
        exact.symbols.iter().map(|symbol| (&symbol.name, symbol.start_line, symbol.end_line)).collect();
    let same =
        |symbol: &&rtk::code::Symbol| whole.contains(&(&symbol.name, symbol.start_line, symbol.end_line));
    row.full_matches += fast.symbols.iter().filter(same).count();
    for (name, line) in exact_set.symmetric_difference(&fast_set) {
        if *shown > 0 {
            *shown -= 1;
            let side = if exact_set.contains(&(name, *line)) { "missed" } else { "invented" };
            println!("{side} {}:{line} {name}", path.display());
        }
    }
}

fn starts(extraction: &Extraction) -> BTreeSet<(&String, u32)> {
    extraction.symbols.iter().map(|symbol| (&symbol.name, symbol.start_line)).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && entry.file_name() != ".git" {
                folders.push(entry.path());
            } else if kind.is_file() {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}
