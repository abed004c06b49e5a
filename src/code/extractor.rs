//! Extraction itself: chooses the way for a language, holds the limits, turns offsets into lines.

use super::compact::{Compact, compact};
use super::rules::{LanguageData, Reduction};
use super::tree::{Found, RuleTable, collect, name_text};
use super::types::{Extraction, Import, Language, Limits, Symbol};
use super::{component, config, docs, indent, languages, lines::Lines, markup, notebook};
use crate::base::{Deadline, thread_cpu_us};
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::ControlFlow;
use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

/// What a way of extraction found, by byte offsets of the source.
#[derive(Default)]
pub(super) struct Outline {
    pub found: Vec<Found>,
    pub imports: Vec<(String, usize)>,
    pub partial: bool,
}

/// Extracts from one file after another and keeps the parsers in between. Not shared between threads.
#[derive(Default)]
pub struct Extractor {
    loaded: HashMap<Language, Loaded>,
}

struct Loaded {
    parser: Parser,
    table: RuleTable,
}

/// Extracts with a parser of its own; see [`Extractor::extract`].
pub fn extract(language: Language, source: &[u8], limits: &Limits) -> Extraction {
    Extractor::new().extract(language, source, limits)
}

/// Extracts with a parser of its own; see [`Extractor::extract_fast`].
pub fn extract_fast(language: Language, source: &[u8], limits: &Limits) -> Extraction {
    Extractor::new().extract_fast(language, source, limits)
}

/// What people wrote in a file, with as many lines: of a notebook its code and its prose, of all else everything.
pub fn written(language: Language, source: &[u8]) -> Cow<'_, [u8]> {
    match language {
        Language::Notebook => Cow::Owned(notebook::read(source).text),
        _ => Cow::Borrowed(source),
    }
}

impl Extractor {
    /// Makes one without any parser; parsers are loaded when a language first occurs.
    pub fn new() -> Extractor {
        Extractor::default()
    }

    /// Parses the whole source: exact, at the speed of the parser.
    pub fn extract(&mut self, language: Language, source: &[u8], limits: &Limits) -> Extraction {
        self.run(language, source, limits, false)
    }

    /// Cuts bodies and comments out before parsing: the same symbols, several times faster. Where sources are
    /// indented or bracketed in unusual ways a definition may be missed.
    pub fn extract_fast(&mut self, language: Language, source: &[u8], limits: &Limits) -> Extraction {
        self.run(language, source, limits, true)
    }

    fn run(&mut self, language: Language, source: &[u8], limits: &Limits, fast: bool) -> Extraction {
        if source.len() > limits.source_bytes_max || u32::try_from(source.len()).is_err() {
            return Extraction { partial: true, ..Extraction::default() };
        }
        if language == Language::Notebook {
            let notebook = notebook::read(source);
            return self.lines_of(notebook.language, &notebook.text, limits, fast);
        }
        self.lines_of(language, source, limits, fast)
    }

    fn lines_of(&mut self, language: Language, source: &[u8], limits: &Limits, fast: bool) -> Extraction {
        let lines = Lines::of(source);
        if lines.minified() {
            return Extraction { partial: true, ..Extraction::default() };
        }
        let outline = self.outline(language, source, limits, fast);
        finish(language, source, &lines, outline, limits)
    }

    fn outline(&mut self, language: Language, source: &[u8], limits: &Limits, fast: bool) -> Outline {
        let max = limits.symbols_max;
        match language {
            Language::Markdown => markup::markdown(source, max),
            Language::Html => markup::html(source, max),
            Language::Css => markup::css(source, max),
            Language::Sql => markup::sql(source, max),
            Language::Json => config::json(source, max),
            Language::Toml | Language::Ini => config::toml(source, max),
            Language::Yaml => config::yaml(source, max),
            Language::Vue | Language::Svelte => self.component(source, limits, fast),
            _ => self.code(languages::data(language), source, limits, fast),
        }
    }

    /// Extracts from the script blocks of a component; everything else in it is left out.
    fn component(&mut self, source: &[u8], limits: &Limits, fast: bool) -> Outline {
        let mut outline = Outline::default();
        for script in component::scripts(source) {
            let Some(text) = source.get(script.start..script.end) else { continue };
            let base = u32::try_from(outline.found.len()).unwrap_or(u32::MAX);
            let part = self.code(languages::data(script.language), text, limits, fast);
            outline.partial |= part.partial;
            outline.imports.extend(part.imports.into_iter().map(|(target, at)| (target, at + script.start)));
            outline.found.extend(part.found.into_iter().map(|found| Found {
                start: found.start + script.start,
                signature_end: found.signature_end + script.start,
                end: found.end + script.start,
                container: found.container.map(|container| container.saturating_add(base)),
                ..found
            }));
        }
        outline
    }

    fn code(&mut self, data: &LanguageData, source: &[u8], limits: &Limits, fast: bool) -> Outline {
        let reduced = match data.reduction {
            _ if !fast => None,
            Reduction::None => None,
            Reduction::Braces(lexis) => Some(compact(source, lexis)),
            Reduction::Python => Some(indent::compact_python(source)),
            Reduction::Ruby => Some(indent::compact_ruby(source)),
            Reduction::Bash => return shell(source, limits.symbols_max),
        };
        match reduced {
            None => self.parsed(data, source, limits),
            Some(reduced) => {
                let outline = self.parsed(data, &reduced.text, limits);
                restore(outline, &reduced)
            }
        }
    }

    fn parsed(&mut self, data: &LanguageData, source: &[u8], limits: &Limits) -> Outline {
        let Some(grammar) = data.grammar else { return Outline::default() };
        let loaded = self.loaded.entry(data.language).or_insert_with(|| {
            let grammar = grammar();
            let mut parser = Parser::new();
            // A grammar of a foreign version leaves the parser without a language, and then it parses nothing.
            let _ = parser.set_language(&grammar);
            Loaded { parser, table: RuleTable::of(data, &grammar) }
        });
        let Some(tree) = parse(&mut loaded.parser, source, limits.parse_budget_us) else {
            return Outline { partial: true, ..Outline::default() };
        };
        let collector = collect(&tree, source, data, &loaded.table, limits.symbols_max);
        let partial = collector.full || tree.root_node().has_error();
        Outline { found: collector.found, imports: collector.imports, partial }
    }
}

/// Parses `source`; nothing when the budget is used up.
fn parse(parser: &mut Parser, source: &[u8], budget_us: u64) -> Option<Tree> {
    // On a busy machine wall time would make the outline, which is kept, depend on what else was running.
    let (clock, cpu_us) = (Deadline::never(), thread_cpu_us());
    let mut progress = |_: &ParseState| {
        let late = clock.elapsed_us() > budget_us && thread_cpu_us().saturating_sub(cpu_us) > budget_us;
        if late { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let mut read = |offset: usize, _| source.get(offset..).unwrap_or(b"");
    let tree = parser.parse_with_options(&mut read, None, Some(options));
    if tree.is_none() {
        parser.reset();
    }
    tree
}

/// Puts the offsets of a reduced text back to where they were in the source.
fn restore(mut outline: Outline, reduced: &Compact) -> Outline {
    for found in &mut outline.found {
        found.signature_end = reduced.source_end(found.signature_end);
        found.end = reduced.source_end(found.end);
        found.start = reduced.source_offset(found.start);
    }
    for (_, at) in &mut outline.imports {
        *at = reduced.source_offset(*at);
    }
    outline
}

fn shell(source: &[u8], max: usize) -> Outline {
    let (symbols, imports) = indent::scan_shell(source);
    let partial = symbols.len() > max || imports.len() > max;
    let found = symbols.into_iter().take(max).map(|symbol| Found {
        kind: symbol.kind,
        name: name_text(&symbol.name),
        start: symbol.start,
        signature_end: symbol.signature_end,
        end: symbol.end,
        container: None,
        receiver: None,
    });
    let imports = imports.into_iter().take(max).map(|(target, at)| (unquoted(&target), at));
    Outline { found: found.collect(), imports: imports.collect(), partial }
}

fn unquoted(target: &[u8]) -> String {
    name_text(target).trim_matches(['"', '\'']).to_owned()
}

/// Turns offsets into lines and finds what needs all symbols: documentation and types of methods outside them.
fn finish(language: Language, source: &[u8], lines: &Lines, outline: Outline, limits: &Limits) -> Extraction {
    let types: HashMap<&str, u32> = outline
        .found
        .iter()
        .zip(0_u32..)
        .filter(|(found, _)| found.kind.has_methods())
        .map(|(found, index)| (found.name.as_str(), index))
        .collect();
    let mut symbols: Vec<Symbol> = Vec::with_capacity(outline.found.len());
    for found in &outline.found {
        let receiver = found.receiver.as_deref().and_then(|receiver| types.get(receiver).copied());
        let kind = match (found.kind, &found.receiver) {
            (super::types::SymbolKind::Function, Some(_)) => super::types::SymbolKind::Method,
            (kind, _) => kind,
        };
        let start_line = lines.line_at(found.start);
        let end_line = lines.line_at(found.end.saturating_sub(1).max(found.start)).max(start_line);
        let signature_end = lines.line_at(found.signature_end.saturating_sub(1).max(found.start));
        let signature_end_line = signature_end.clamp(start_line, end_line);
        symbols.push(Symbol {
            kind,
            name: found.name.clone(),
            start_line,
            signature_end_line,
            end_line,
            container: receiver.or(found.container),
            doc_line: docs::doc_line(language, source, lines, [start_line, signature_end_line, end_line]),
        });
    }
    let full = symbols.len() > limits.symbols_max;
    symbols.truncate(limits.symbols_max);
    let imports = outline.imports.into_iter().take(limits.symbols_max);
    let imports = imports.map(|(target, at)| Import { target, line: lines.line_at(at) }).collect();
    Extraction { symbols, imports, partial: outline.partial || full }
}
