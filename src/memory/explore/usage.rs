//! Which definitions other files use: one pass over the identifiers of all sources, without resolving imports.
//!
//! A name that few files define and that is telling by itself stands for its definition wherever it occurs. That is a
//! count of files in which a name occurs, no more, and holds for all languages alike.

use super::relations;
use super::survey::{Role, role};
use crate::base::Deadline;
use crate::code::{Language, Symbol, SymbolKind};
use crate::index::{self, DocRef, Index, Outline, Source};
use crate::memory::search::THREADS;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// Source and test files that are read at most.
const FILES_MAX: usize = 20_000;
/// A larger file is not read, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// A name that more files define stands for none of them.
const DEFINERS_MAX: usize = 3;
/// Shorter names say nothing, in bytes.
const NAME_BYTES_MIN: usize = 3;
/// A plain lower-case word is taken for a name only from this length on, in bytes.
const WORD_BYTES_MIN: usize = 9;
/// Of one definition's head, so many lines are looked at.
const HEAD_LINES_MAX: usize = 12;

/// One definition that is known by its name.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) kind: SymbolKind,
    /// Position of its file.
    pub(super) file: usize,
    pub(super) line: u32,
    pub(super) lines: u32,
    pub(super) public: bool,
    /// Other source files that have the name.
    pub(super) used_in: usize,
}

/// What one pass over the sources gave.
#[derive(Debug, Default)]
pub(super) struct Usage {
    pub(super) named: Vec<Named>,
    /// By position: numbers of `named`.
    pub(super) of_file: BTreeMap<usize, Vec<usize>>,
    /// By position: source files that use one of its definitions.
    pub(super) used_by: BTreeMap<usize, usize>,
    /// By position: lines.
    pub(super) lines: BTreeMap<usize, usize>,
    /// Number of a type above, number of the type below.
    pub(super) relations: BTreeSet<(usize, usize)>,
    /// Positions of sources that hold a module of tests.
    pub(super) with_tests: BTreeSet<usize>,
    /// Whether every source was read.
    pub(super) complete: bool,
}

/// Languages whose files use each other's names.
fn family(language: Language) -> u8 {
    use Language::{C, Cpp, Java, JavaScript, Kotlin, Scala, Svelte, Tsx, TypeScript, Vue};
    match language {
        Cpp => C.id(),
        TypeScript | Tsx | Vue | Svelte => JavaScript.id(),
        Kotlin | Scala => Java.id(),
        other => other.id(),
    }
}

pub(super) fn is_type(kind: SymbolKind) -> bool {
    use SymbolKind::{Class, Enum, Interface, Struct, Trait, Type};
    matches!(kind, Class | Enum | Interface | Struct | Trait | Type)
}

/// Whether a name by itself says which definition is meant.
fn is_telling(name: &str, kind: SymbolKind) -> bool {
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase());
    let word =
        name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80);
    word && name.len() >= NAME_BYTES_MIN && (is_type(kind) || !plain || name.len() >= WORD_BYTES_MIN)
}

/// Whether a symbol lies at the top of its file, or in modules that are no tests.
fn is_top(outline: &Outline, symbol: &Symbol) -> bool {
    let mut above = symbol.container;
    // Containers come before what they contain, so the walk ends.
    while let Some(container) = above.and_then(|number| outline.symbols.get(number as usize)) {
        if container.kind != SymbolKind::Module || is_test_module(container) {
            return false;
        }
        above = container.container.filter(|next| Some(*next) < above);
    }
    true
}

pub(super) fn is_test_module(symbol: &Symbol) -> bool {
    symbol.kind == SymbolKind::Module && matches!(symbol.name.as_str(), "tests" | "test")
}

/// Reads the sources and counts.
pub(super) fn count(root: &Path, index: &Index, docs: &[DocRef<'_>], deadline: Deadline) -> Usage {
    let mut usage = Usage { complete: true, ..Usage::default() };
    let mut wanted: Vec<usize> =
        (0..docs.len()).filter(|&position| matches!(role(&docs[position]), Role::Source)).collect();
    if wanted.len() > FILES_MAX {
        wanted.truncate(FILES_MAX);
        usage.complete = false;
    }
    let mut outlines: HashMap<usize, Outline> = HashMap::with_capacity(wanted.len());
    for &position in &wanted {
        if let Some(outline) = index.outline(docs[position].entry.doc) {
            outlines.insert(position, outline);
        }
    }
    let names = collect(&mut usage, docs, &wanted, &outlines);
    let seen = read_all(root, docs, &wanted, &outlines, &names, &usage, deadline);
    usage.complete &= seen.len() == wanted.len();
    for one in seen {
        usage.lines.insert(one.position, one.lines);
        let mut files = BTreeSet::new();
        for &number in &one.names {
            let named = &mut usage.named[number];
            if named.file != one.position {
                named.used_in += 1;
                files.insert(named.file);
            }
        }
        for file in files {
            *usage.used_by.entry(file).or_default() += 1;
        }
        for number in one.private {
            usage.named[number].public = false;
        }
        usage.relations.extend(one.relations);
    }
    usage
}

/// Names by family and text.
type Names<'o> = HashMap<(u8, &'o [u8]), usize>;

/// Takes the definitions in whose names are telling, and gives their numbers by name.
fn collect<'o>(
    usage: &mut Usage,
    docs: &[DocRef<'_>],
    wanted: &[usize],
    outlines: &'o HashMap<usize, Outline>,
) -> Names<'o> {
    let mut definers: BTreeMap<(u8, &'o str), Vec<(usize, &'o Symbol)>> = BTreeMap::new();
    for &position in wanted {
        let Some(outline) = outlines.get(&position) else { continue };
        let family = family(docs[position].language());
        if outline.symbols.iter().any(is_test_module) {
            usage.with_tests.insert(position);
        }
        for symbol in &outline.symbols {
            use SymbolKind::{Constant, Function, Macro};
            let counted = is_type(symbol.kind) || matches!(symbol.kind, Function | Macro | Constant);
            if counted && is_telling(&symbol.name, symbol.kind) && is_top(outline, symbol) {
                definers.entry((family, &symbol.name)).or_default().push((position, symbol));
            }
        }
    }
    let mut names = Names::new();
    for ((family, name), found) in definers {
        let files: BTreeSet<usize> = found.iter().map(|(position, _)| *position).collect();
        if files.len() > DEFINERS_MAX {
            continue;
        }
        let span = |symbol: &Symbol| symbol.end_line.saturating_sub(symbol.start_line);
        // The longest of them is the definition, the others are declarations or parts; the first of equals.
        let best = found.iter().rev().max_by_key(|(_, symbol)| (is_type(symbol.kind), span(symbol)));
        let Some(&(file, symbol)) = best else { continue };
        let number = usage.named.len();
        names.insert((family, name.as_bytes()), number);
        usage.of_file.entry(file).or_default().push(number);
        usage.named.push(Named {
            name: name.to_owned(),
            kind: symbol.kind,
            file,
            line: symbol.start_line,
            lines: span(symbol) + 1,
            public: true,
            used_in: 0,
        });
    }
    names
}

/// What one file uses.
struct Seen {
    position: usize,
    lines: usize,
    names: BTreeSet<usize>,
    private: Vec<usize>,
    relations: Vec<(usize, usize)>,
}

fn read_all(
    root: &Path,
    docs: &[DocRef<'_>],
    wanted: &[usize],
    outlines: &HashMap<usize, Outline>,
    names: &Names<'_>,
    usage: &Usage,
    deadline: Deadline,
) -> Vec<Seen> {
    let work = |part: usize| -> Vec<Seen> {
        let mine = wanted.iter().skip(part).step_by(THREADS);
        mine.take_while(|_| !deadline.passed())
            .filter_map(|&position| {
                let doc = &docs[position];
                let Source::Text(content, _) = index::read(root, &doc.path(), FILE_BYTES_MAX) else {
                    return None;
                };
                Some(read_one(position, doc.language(), &content, outlines.get(&position), names, usage))
            })
            .collect()
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..THREADS).map(|part| scope.spawn(move || work(part))).collect();
        let mut seen = work(0);
        for other in others {
            seen.extend(other.join().unwrap_or_default());
        }
        seen
    })
}

fn read_one(
    position: usize,
    language: Language,
    content: &[u8],
    outline: Option<&Outline>,
    names: &Names<'_>,
    usage: &Usage,
) -> Seen {
    let family = family(language);
    let mut seen = Seen {
        position,
        lines: memchr::memchr_iter(b'\n', content).count(),
        names: BTreeSet::new(),
        private: Vec::new(),
        relations: Vec::new(),
    };
    identifiers(content, |word| {
        if let Some(&number) = names.get(&(family, word)) {
            seen.names.insert(number);
        }
    });
    let starts: Vec<usize> =
        std::iter::once(0).chain(memchr::memchr_iter(b'\n', content).map(|at| at + 1)).collect();
    for symbol in outline.map(|outline| outline.symbols.as_slice()).unwrap_or_default() {
        let head = head(content, &starts, symbol);
        let own = names.get(&(family, symbol.name.as_bytes())).copied();
        let is_own = own.filter(|&number| {
            let named = &usage.named[number];
            named.file == position && named.line == symbol.start_line
        });
        if let Some(number) = is_own.filter(|_| !is_public(language, &symbol.name, &head)) {
            seen.private.push(number);
        }
        if !is_type(symbol.kind) && symbol.kind != SymbolKind::Impl {
            continue;
        }
        let Some(below) = own.filter(|&number| is_type(usage.named[number].kind)) else { continue };
        for above in relations::above(language, symbol.kind, &symbol.name, &head) {
            let above = names.get(&(family, above.as_bytes())).copied();
            if let Some(above) = above.filter(|&above| above != below && is_type(usage.named[above].kind)) {
                seen.relations.push((above, below));
            }
        }
    }
    seen
}

/// The lines before a definition's body as text.
fn head(content: &[u8], starts: &[usize], symbol: &Symbol) -> String {
    let first = symbol.start_line.max(1) as usize - 1;
    let last = (symbol.signature_end_line as usize).clamp(first + 1, first + HEAD_LINES_MAX);
    let Some(&start) = starts.get(first) else { return String::new() };
    let end = starts.get(last).copied().unwrap_or(content.len());
    String::from_utf8_lossy(&content[start..end.max(start)]).into_owned()
}

/// Calls `each` with every run of letters, digits and underscores that does not start with a digit.
fn identifiers<'c>(content: &'c [u8], mut each: impl FnMut(&'c [u8])) {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80;
    let mut at = 0;
    while at < content.len() {
        if !inside(content[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < content.len() && inside(content[at]) {
            at += 1;
        }
        if at - start >= NAME_BYTES_MIN && !content[start].is_ascii_digit() {
            each(&content[start..at]);
        }
    }
}

/// Whether other parts of a program may use a definition, judged by its head alone.
fn is_public(language: Language, name: &str, head: &str) -> bool {
    use Language::{C, CSharp, Cpp, Go, Java, JavaScript, Python, Ruby, Rust, Tsx, TypeScript};
    let has =
        |word: &str| head.split(|ch: char| !(ch.is_alphanumeric() || ch == '_')).any(|part| part == word);
    match language {
        Rust => head.trim_start().starts_with("pub ") || head.contains("\npub ") || has("macro_rules"),
        Go => name.starts_with(char::is_uppercase),
        Python | Ruby => !name.starts_with('_'),
        TypeScript | Tsx => has("export") || has("declare"),
        JavaScript => !name.starts_with('_'),
        Java | CSharp => has("public"),
        C | Cpp => !has("static"),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_cut_at_signs_and_numbers_are_none() {
        let mut found = Vec::new();
        identifiers("a Foo_1.bar(12ab, größe) x->yyy;zzz".as_bytes(), |word| {
            found.push(String::from_utf8_lossy(word).into_owned());
        });
        assert_eq!(found, ["Foo_1", "bar", "größe", "yyy", "zzz"]);
    }

    #[test]
    fn plain_short_words_say_nothing_unless_they_are_types() {
        assert!(is_telling("client", SymbolKind::Struct) && !is_telling("render", SymbolKind::Function));
        assert!(is_telling("addReply", SymbolKind::Function) && !is_telling("ab", SymbolKind::Struct));
        assert!(!is_telling("operator ==", SymbolKind::Function));
    }

    #[test]
    fn publicity_follows_the_language() {
        assert!(
            is_public(Language::Rust, "A", "pub struct A;")
                && !is_public(Language::Rust, "A", "pub(crate) struct A")
        );
        assert!(
            is_public(Language::Go, "New", "func New()") && !is_public(Language::Go, "new", "func new()")
        );
        assert!(is_public(Language::TypeScript, "a", "export function a()"));
        assert!(
            !is_public(Language::C, "a", "static int a(void)")
                && !is_public(Language::Python, "_a", "def _a():")
        );
    }
}
