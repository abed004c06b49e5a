//! Where a name is defined, and which definitions use it.

use super::super::render::shown_path;
use super::{read, shown_line};
use crate::code::Symbol;
use crate::index::{Context, Field, Index, IndexError, Layout, Outline, View, open_fresh};
use crate::project::Root;
use crate::text::{TermKind, inert, lines, raw_words, term_hash, terms_of};
use serde::Serialize;

/// Files whose text is searched for uses, those that name it most often first.
const USE_FILES_MAX: usize = 400;
/// Uses listed per file.
const USES_PER_FILE: usize = 8;

/// One definition of the name.
#[derive(Debug, Clone, Serialize)]
pub struct DefinitionSite {
    /// Relative to the root.
    pub path: String,
    /// What it is, as in `function`.
    pub kind: &'static str,
    /// The name as it is written there.
    pub name: String,
    /// What encloses it.
    pub container: Option<String>,
    /// First line, 1-based.
    pub start_line: u32,
    /// Last line, inclusive.
    pub end_line: u32,
    /// The line that has the name.
    pub signature: String,
    /// Whether the file is a test.
    pub test: bool,
}

/// One line that has the name.
#[derive(Debug, Clone, Serialize)]
pub struct Use {
    /// 1-based.
    pub line: u32,
    /// The line.
    pub text: String,
    /// The definition around it.
    pub inside: Option<String>,
}

/// The uses in one file.
#[derive(Debug, Clone, Serialize)]
pub struct Uses {
    /// Relative to the root.
    pub path: String,
    /// Lines that have the name.
    pub count: usize,
    /// Whether the file is a test.
    pub test: bool,
    /// The first of them.
    pub lines: Vec<Use>,
}

/// What is known of one name.
#[derive(Debug, Clone, Serialize)]
pub struct Occurrences {
    /// Shape of this answer.
    pub schema: u32,
    /// The name that was asked for.
    pub name: String,
    /// Where it is defined: exact spelling before others, sources before tests, in the order of paths.
    pub definitions: Vec<DefinitionSite>,
    /// Files that use it, sources before tests, those that use it most first.
    pub uses: Vec<Uses>,
    /// Definitions found in all.
    pub definitions_total: usize,
    /// Files that use it in all; a lower bound when `complete` is false.
    pub files_total: usize,
    /// Whether every file that has the name was read.
    pub complete: bool,
}

/// Looks a name up: `Name`, `Type.member`, `Type::member`, `Type#member`; at most `top` definitions and as many files.
pub fn symbol(context: &Context<'_>, root: &Root, name: &str, top: usize) -> Result<Occurrences, IndexError> {
    let mut fresh = open_fresh(context, root, &|_| 0)?;
    let layout = Layout::of(&fresh.index);
    let view = View::of(&layout);
    let wanted = Wanted::of(name);
    let found = find(&fresh.index, &view, &wanted)?;
    let mut definitions: Vec<(bool, DefinitionSite)> = Vec::new();
    let mut uses: Vec<Uses> = Vec::new();
    let complete = found.len() <= USE_FILES_MAX;
    for &position in found.iter().take(USE_FILES_MAX) {
        let doc = view.doc(position);
        let Some((source, outline)) = read(root, &doc, fresh.index.outline(doc.entry.doc)) else { continue };
        let path = shown_path(&doc.path());
        let test = doc.class().test;
        let named = |symbol: &&Symbol| symbol.name.eq_ignore_ascii_case(&wanted.last);
        // The head of another definition of this name is no use of it.
        let own_lines: Vec<u32> =
            outline.symbols.iter().filter(named).filter_map(|symbol| name_line(symbol, &source)).collect();
        for symbol in outline.symbols.iter().filter(|symbol| wanted.is(&outline, symbol)) {
            let definition = definition(&path, test, symbol, &outline, &source);
            definitions.push((symbol.name == wanted.last, definition));
        }
        uses.extend(uses_in(&source, &outline, &wanted, &own_lines).map(|(count, lines)| Uses {
            path,
            count,
            test,
            lines,
        }));
    }
    definitions.sort_by(|a, b| {
        let key = |entry: &(bool, DefinitionSite)| (!entry.0, entry.1.test);
        key(a).cmp(&key(b)).then_with(|| a.1.path.cmp(&b.1.path)).then(a.1.start_line.cmp(&b.1.start_line))
    });
    // Where the exact spelling is defined, another one is another thing.
    if definitions.first().is_some_and(|(exact, _)| *exact) {
        definitions.retain(|(exact, _)| *exact);
    }
    uses.sort_by(|a, b| (a.test, b.count, &a.path).cmp(&(b.test, a.count, &b.path)));
    let (definitions_total, files_total) = (definitions.len(), uses.len());
    uses.truncate(top);
    let definitions = definitions.into_iter().map(|(_, definition)| definition).take(top).collect();
    fresh.save(context);
    let name = inert::line(name);
    Ok(Occurrences { schema: 1, name, definitions, uses, definitions_total, files_total, complete })
}

/// A name, taken apart.
struct Wanted {
    /// What must enclose the definition, in lower case; empty when nothing was said.
    container: String,
    last: String,
}

impl Wanted {
    fn of(name: &str) -> Wanted {
        let name = name.trim().trim_end_matches("()").trim_matches('`');
        let mut parts = name.split(['.', '#', ':', '/', '\\', '›', ' ']).filter(|part| !part.is_empty());
        let last = parts.next_back().unwrap_or_default().to_owned();
        Wanted { container: parts.next_back().unwrap_or_default().to_lowercase(), last }
    }

    fn is(&self, outline: &Outline, symbol: &Symbol) -> bool {
        let fits = symbol.name.eq_ignore_ascii_case(&self.last);
        if !fits || self.container.is_empty() {
            return fits;
        }
        let container = symbol.container.and_then(|number| outline.symbols.get(number as usize));
        container.is_some_and(|container| container.name.to_lowercase() == self.container)
    }
}

/// Positions of the files that have the name, those that define it first, then those that have it most often.
fn find(index: &Index, view: &View<'_>, wanted: &Wanted) -> Result<Vec<usize>, IndexError> {
    let mut hashes: Vec<u64> = Vec::new();
    let mut joined = Vec::new();
    raw_words(wanted.last.as_bytes(), |word, _| {
        terms_of(word, |term, kind| match kind {
            TermKind::Joined => joined.push(term_hash(term)),
            TermKind::Part => hashes.push(term_hash(term)),
        });
    });
    // The joined form of a compound name is rarer than its parts.
    let hashes = if joined.is_empty() { hashes } else { joined };
    let mut found: Vec<(usize, bool, u32)> = Vec::new();
    view.postings(index, &hashes, |_, list| {
        for (position, frequencies) in list {
            let times = frequencies.iter().map(|&times| u32::from(times)).sum();
            found.push((*position as usize, frequencies[Field::Name as usize] > 0, times));
        }
    })?;
    found.sort_by_key(|&(position, defines, times)| (!defines, std::cmp::Reverse(times), position));
    let mut positions: Vec<usize> = Vec::with_capacity(found.len());
    let mut seen = std::collections::HashSet::new();
    positions
        .extend(found.into_iter().map(|(position, ..)| position).filter(|&position| seen.insert(position)));
    Ok(positions)
}

fn definition(path: &str, test: bool, symbol: &Symbol, outline: &Outline, source: &[u8]) -> DefinitionSite {
    let container = symbol.container.and_then(|number| outline.symbols.get(number as usize));
    let line = name_line(symbol, source).unwrap_or(symbol.start_line);
    let text = lines(source).nth(line.saturating_sub(1) as usize).unwrap_or_default();
    DefinitionSite {
        path: path.to_owned(),
        kind: symbol.kind.name(),
        name: inert::line(&symbol.name),
        container: container.map(|container| inert::line(&container.name)),
        start_line: symbol.start_line,
        end_line: symbol.end_line,
        signature: shown_line(text).trim_end_matches(['{', ' ']).to_owned(),
        test,
    }
}

/// The line of a definition that has its name: attributes and decorators come before it.
fn name_line(symbol: &Symbol, source: &[u8]) -> Option<u32> {
    let first = symbol.start_line.max(1);
    let count = (symbol.signature_end_line.max(first) - first + 1) as usize;
    let found =
        lines(source).skip(first as usize - 1).take(count).position(|line| has_word(line, &symbol.name));
    found.and_then(|at| u32::try_from(at).ok()).map(|at| first + at)
}

fn has_word(line: &[u8], name: &str) -> bool {
    let mut has = false;
    raw_words(line, |word, _| has |= word == name.as_bytes());
    has
}

/// Number and first of the lines that have the name, except for those that define it; `None` when there are none.
fn uses_in(source: &[u8], outline: &Outline, wanted: &Wanted, own: &[u32]) -> Option<(usize, Vec<Use>)> {
    let mut count = 0;
    let mut listed = Vec::new();
    for (line, number) in lines(source).zip(1_u32..) {
        if own.contains(&number) || !has_word(line, &wanted.last) {
            continue;
        }
        count += 1;
        if listed.len() < USES_PER_FILE {
            let inside = outline
                .symbols
                .iter()
                .filter(|symbol| (symbol.start_line..=symbol.end_line).contains(&number));
            let inside = inside.min_by_key(|symbol| symbol.end_line - symbol.start_line);
            let inside = inside.map(|symbol| inert::line(&symbol.name));
            listed.push(Use { line: number, text: shown_line(line), inside });
        }
    }
    (count > 0).then_some((count, listed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_in_every_spelling() {
        for name in ["Pool.get", "net::Pool::get", "Pool#get", "`Pool.get()`", "Pool › get"] {
            let wanted = Wanted::of(name.trim_matches('`'));
            assert_eq!((wanted.container.as_str(), wanted.last.as_str()), ("pool", "get"), "{name}");
        }
        assert_eq!(Wanted::of("get").container, "");
        assert_eq!(Wanted::of("::").last, "");
    }
}
