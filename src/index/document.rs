//! One file as the index sees it: terms per field, field lengths, outline.

use super::codec::{Reader, put_bytes, put_varint};
use crate::code::{self, Extractor, Import, Language, Limits, Symbol, SymbolKind};
use crate::text::{TermKind, raw_words, term_hash, terms_of};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use xxhash_rust::xxh3::xxh3_64;

/// Number of fields; the order of [`Field`].
pub(crate) const FIELDS: usize = 6;

/// Where in a file a term occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    /// Code and prose.
    Body = 0,
    /// Comment lines.
    Comment = 1,
    /// The lines of a definition's signature.
    Signature = 2,
    /// Names of definitions.
    Name = 3,
    /// Folders of the path.
    Folder = 4,
    /// The file's own name.
    Stem = 5,
}

/// Term frequencies by field, each capped at 255.
pub(crate) type Frequencies = [u8; FIELDS];

/// Symbols and imports of one file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outline {
    pub(crate) symbols: Vec<Symbol>,
    pub(crate) imports: Vec<Import>,
}

impl Outline {
    /// The outline of a text that is not, or no longer, as the index knows it.
    pub(crate) fn of(language: Language, source: &[u8]) -> Outline {
        let extraction = Extractor::new().extract_fast(language, source, &EXTRACT_LIMITS);
        Outline { symbols: extraction.symbols, imports: extraction.imports }
    }
}

/// One file, analysed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Document {
    /// Sorted by hash, each once.
    pub(crate) terms: Vec<(u64, Frequencies)>,
    /// Terms per field.
    pub(crate) lengths: [u32; FIELDS],
    pub(crate) outline: Outline,
}

/// Bounds of the extraction of one file.
pub(crate) const EXTRACT_LIMITS: Limits =
    Limits { source_bytes_max: 2 * 1024 * 1024, symbols_max: 5000, parse_budget_us: 250_000 };

/// The hashes of the map are already well mixed.
#[derive(Default)]
pub(crate) struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64(bytes);
    }
    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// A map keyed by hashes.
pub(crate) type HashedMap<V> = HashMap<u64, V, BuildHasherDefault<Identity>>;

/// Turns files into documents; one per thread, its buffers are reused.
pub(crate) struct Analyst {
    extractor: Extractor,
    words: HashedMap<(usize, usize, [u32; 3])>,
    terms: HashedMap<[u32; FIELDS]>,
}

impl Analyst {
    pub(crate) fn new() -> Analyst {
        Analyst { extractor: Extractor::new(), words: HashedMap::default(), terms: HashedMap::default() }
    }

    /// Analyses a text file at `path` (relative, raw bytes).
    pub(crate) fn analyse(&mut self, path: &[u8], language: Language, source: &[u8]) -> Document {
        let extraction = self.extractor.extract_fast(language, source, &EXTRACT_LIMITS);
        let outline = Outline { symbols: extraction.symbols, imports: extraction.imports };
        let source = code::written(language, source);
        self.count_words(language, &source, &outline);
        let mut words = std::mem::take(&mut self.words);
        for &(start, end, counts) in words.values() {
            self.add(&source[start..end], |sum| {
                for (sum, count) in sum.iter_mut().zip(counts) {
                    *sum = sum.saturating_add(count);
                }
            });
        }
        words.clear();
        self.words = words;
        for symbol in &outline.symbols {
            self.add_words(symbol.name.as_bytes(), Field::Name);
        }
        self.finish(path, outline)
    }

    /// A file of which only the path is indexed.
    pub(crate) fn name_only(&mut self, path: &[u8]) -> Document {
        self.finish(path, Outline::default())
    }

    fn finish(&mut self, path: &[u8], outline: Outline) -> Document {
        let (folder, name) = split_path(path);
        self.add_words(folder, Field::Folder);
        self.add_words(name, Field::Stem);
        let mut lengths = [0_u32; FIELDS];
        let mut terms: Vec<(u64, Frequencies)> = Vec::with_capacity(self.terms.len());
        for (&hash, counts) in &self.terms {
            let mut frequencies = [0_u8; FIELDS];
            for field in 0..FIELDS {
                lengths[field] = lengths[field].saturating_add(counts[field]);
                frequencies[field] = u8::try_from(counts[field]).unwrap_or(u8::MAX);
            }
            terms.push((hash, frequencies));
        }
        self.terms.clear();
        terms.sort_unstable_by_key(|&(hash, _)| hash);
        Document { terms, lengths, outline }
    }

    fn add_words(&mut self, text: &[u8], field: Field) {
        let mut found: Vec<&[u8]> = Vec::new();
        raw_words(text, |word, _| found.push(word));
        for word in found {
            self.add(word, |sum| sum[field as usize] = sum[field as usize].saturating_add(1));
        }
    }

    fn add(&mut self, word: &[u8], count: impl Fn(&mut [u32; FIELDS])) {
        let terms = &mut self.terms;
        terms_of(word, |term, kind| {
            if kind == TermKind::Joined || !is_noise(term) {
                count(terms.entry(term_hash(term)).or_default());
            }
        });
    }

    /// Counts each distinct raw word by the kind of its line: body, comment, signature.
    fn count_words(&mut self, language: Language, source: &[u8], outline: &Outline) {
        self.words.clear();
        let mut signatures: Vec<(u32, u32)> =
            outline.symbols.iter().map(|symbol| (symbol.start_line, symbol.signature_end_line)).collect();
        signatures.sort_unstable();
        let mut next = 0;
        let mut signature_until = 0;
        let mut line_start = 0;
        let mut number = 0_u32;
        while line_start < source.len() {
            number += 1;
            let length = memchr::memchr(b'\n', &source[line_start..]);
            let line_end = length.map_or(source.len(), |length| line_start + length);
            while next < signatures.len() && signatures[next].0 <= number {
                signature_until = signature_until.max(signatures[next].1);
                next += 1;
            }
            let line = &source[line_start..line_end];
            let field = if number <= signature_until {
                Field::Signature
            } else if code::is_comment_line(language, line.trim_ascii_start()) {
                Field::Comment
            } else {
                Field::Body
            };
            let words = &mut self.words;
            raw_words(line, |word, at| {
                let start = line_start + at;
                let seen = words.entry(xxh3_64(word)).or_insert((start, start + word.len(), [0; 3]));
                seen.2[field as usize] += 1;
            });
            line_start = line_end + 1;
        }
    }
}

/// Words that say nothing about any file, in prose or code.
pub(crate) fn is_noise(term: &[u8]) -> bool {
    matches!(
        term,
        b"the"
            | b"and"
            | b"for"
            | b"that"
            | b"this"
            | b"with"
            | b"of"
            | b"to"
            | b"in"
            | b"is"
            | b"it"
            | b"if"
            | b"be"
            | b"as"
            | b"on"
            | b"or"
            | b"an"
            | b"are"
            | b"by"
            | b"not"
            | b"at"
            | b"from"
            | b"we"
            | b"you"
            | b"return"
            | b"else"
            | b"let"
            | b"var"
            | b"const"
            | b"pub"
            | b"fn"
            | b"def"
            | b"self"
            | b"mut"
            | b"new"
    )
}

/// Splits a path into its folders and the file's own name.
pub(crate) fn split_path(path: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memrchr(b'/', path) {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (&[], path),
    }
}

impl Outline {
    /// The outline as a blob.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.symbols.len() * 24 + 8);
        put_varint(&mut out, self.symbols.len() as u64);
        for symbol in &self.symbols {
            out.push(symbol.kind.id());
            put_bytes(&mut out, symbol.name.as_bytes());
            put_varint(&mut out, u64::from(symbol.start_line));
            put_varint(&mut out, u64::from(symbol.signature_end_line.saturating_sub(symbol.start_line)));
            put_varint(&mut out, u64::from(symbol.end_line.saturating_sub(symbol.start_line)));
            put_varint(&mut out, symbol.container.map_or(0, |index| u64::from(index) + 1));
            put_varint(&mut out, symbol.doc_line.map_or(0, |line| u64::from(line) + 1));
        }
        put_varint(&mut out, self.imports.len() as u64);
        for import in &self.imports {
            put_bytes(&mut out, import.target.as_bytes());
            put_varint(&mut out, u64::from(import.line));
        }
        out
    }

    /// Reads a blob written by [`Outline::encode`]; `None` when it is damaged.
    pub(crate) fn decode(blob: &[u8]) -> Option<Outline> {
        let mut reader = Reader::new(blob);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
        let mut outline = Outline::default();
        for _ in 0..reader.varint()? {
            let kind = SymbolKind::from_id(reader.byte()?)?;
            let name = text(reader.bytes()?)?;
            let start_line = reader.small()?;
            let signature_end_line = start_line.checked_add(reader.small()?)?;
            let end_line = start_line.checked_add(reader.small()?)?;
            let container = reader.small()?.checked_sub(1);
            let doc_line = reader.small()?.checked_sub(1);
            outline.symbols.push(Symbol {
                kind,
                name,
                start_line,
                signature_end_line,
                end_line,
                container,
                doc_line,
            });
        }
        for _ in 0..reader.varint()? {
            outline.imports.push(Import { target: text(reader.bytes()?)?, line: reader.small()? });
        }
        reader.is_empty().then_some(outline)
    }
}
