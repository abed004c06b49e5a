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
/// A plain lower-case word is taken for a function of C only from this length on, in bytes.
const WORD_BYTES_MIN: usize = 6;
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
    /// Number of lines of `main`, its first line and the position of the file, of the sources of C and C++ that define it.
    pub(super) mains: Vec<(u32, u32, usize)>,
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
fn is_telling(name: &str, kind: SymbolKind, language: Language) -> bool {
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80;
    // A plain lower-case word is a variable somewhere; C alone has no other namespace for its functions.
    let plain = name.bytes().all(|byte| byte.is_ascii_lowercase());
    let of_c = family(language) == Language::C.id() && kind == SymbolKind::Function;
    let word_counts = is_type(kind) || of_c && name.len() >= WORD_BYTES_MIN;
    name.bytes().all(inside) && name.len() >= NAME_BYTES_MIN && (word_counts || !plain)
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
    for one in &seen {
        usage.lines.insert(one.position, one.lines);
        for &number in &one.private {
            usage.named[number].public = false;
        }
    }
    for one in seen {
        let mut files = BTreeSet::new();
        for number in one.names {
            if reaches(docs, &usage.named[number], one.position) {
                usage.named[number].used_in += 1;
                files.insert(usage.named[number].file);
            }
        }
        for file in files {
            *usage.used_by.entry(file).or_default() += 1;
        }
        let near = |above: usize| {
            let named = &usage.named[above];
            named.file == one.position || reaches(docs, named, one.position)
        };
        usage.relations.extend(one.relations.into_iter().filter(|(above, _)| near(*above)));
    }
    usage
}

/// Whether a name found in another file can mean the definition: what is not public stays in its folder and below.
fn reaches(docs: &[DocRef<'_>], named: &Named, position: usize) -> bool {
    if named.file == position {
        return false;
    }
    let (own, other) = (docs[named.file].folder(), docs[position].folder());
    let below =
        other.strip_prefix(own).is_some_and(|rest| rest.is_empty() || own.is_empty() || rest[0] == b'/');
    match docs[named.file].language() {
        _ if named.public => true,
        Language::C | Language::Cpp | Language::TypeScript | Language::Tsx => false,
        Language::Go => own == other,
        _ => below,
    }
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
        let starts = |symbol: &Symbol| symbol.name == "main" && symbol.kind == SymbolKind::Function;
        if let Some(main) =
            outline.symbols.iter().find(|symbol| starts(symbol)).filter(|_| family == Language::C.id())
        {
            usage.mains.push((main.end_line.saturating_sub(main.start_line), main.start_line, position));
        }
        for symbol in &outline.symbols {
            use SymbolKind::{Constant, Function, Macro};
            let counted = is_type(symbol.kind) || matches!(symbol.kind, Function | Macro | Constant);
            if counted
                && is_telling(&symbol.name, symbol.kind, docs[position].language())
                && is_top(outline, symbol)
            {
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
    let folders: Vec<&[u8]> = docs.iter().map(DocRef::folder).collect();
    let folders = folders.as_slice();
    let work = |part: usize| -> Vec<Seen> {
        let mine = wanted.iter().skip(part).step_by(THREADS);
        mine.take_while(|_| !deadline.passed())
            .filter_map(|&position| {
                let doc = &docs[position];
                let Source::Text(content, _) = index::read(root, &doc.path(), FILE_BYTES_MAX) else {
                    return None;
                };
                Some(read_one(
                    position,
                    doc.language(),
                    &content,
                    outlines.get(&position),
                    names,
                    usage,
                    folders,
                ))
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
    folders: &[&[u8]],
) -> Seen {
    let family = family(language);
    let mut seen = Seen {
        position,
        lines: memchr::memchr_iter(b'\n', content).count(),
        names: BTreeSet::new(),
        private: Vec::new(),
        relations: Vec::new(),
    };
    identifiers(content, |start, word| {
        if let Some(&number) = names.get(&(family, word))
            && is_use(language, content, start, word, &usage.named[number], position, folders)
        {
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
        let is_above = |kind: SymbolKind| {
            if language == Language::Rust { kind == SymbolKind::Trait } else { is_type(kind) }
        };
        for above in relations::above(language, symbol.kind, &symbol.name, &head) {
            let above = names.get(&(family, above.as_bytes())).copied();
            if let Some(above) = above.filter(|&above| above != below && is_above(usage.named[above].kind)) {
                seen.relations.push((above, below));
            }
        }
    }
    seen
}

/// Whether a name at `start` can be code that means the definition, judged by what stands beside it.
fn is_use(
    language: Language,
    content: &[u8],
    start: usize,
    word: &[u8],
    named: &Named,
    position: usize,
    folders: &[&[u8]],
) -> bool {
    let before = content[..start].last().copied();
    match language {
        // Another package's name always stands behind the package's.
        Language::Go if folders[named.file] != folders[position] => {
            let package = folders[named.file].rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            let qualified = content[..start].strip_suffix(b".").and_then(|rest| rest.strip_suffix(package));
            !package.is_empty()
                && qualified.is_some_and(|rest| !rest.last().is_some_and(u8::is_ascii_alphanumeric))
        }
        Language::Go => before != Some(b'.'),
        // "When the" is prose.
        Language::Python | Language::Ruby | Language::JavaScript | Language::TypeScript | Language::Tsx => {
            let after = &content[start + word.len()..];
            let prose = after.first() == Some(&b' ') && after.get(1).is_some_and(u8::is_ascii_lowercase);
            let code =
                [&b" as "[..], b" if ", b" for ", b" import ", b" extends ", b" implements ", b" from "];
            !prose || code.iter().any(|word| after.starts_with(word))
        }
        Language::C | Language::Cpp if is_type(named.kind) && word.iter().all(u8::is_ascii_lowercase) => {
            is_type_place(&content[..start], &content[start + word.len()..])
        }
        // Parts of a namespace are no types.
        Language::CSharp => {
            let line = memchr::memrchr(b'\n', &content[..start]).map_or(0, |at| at + 1);
            let line = content[line..start].trim_ascii_start();
            !line.starts_with(b"using ") && !line.starts_with(b"namespace ")
        }
        Language::Rust => !STANDARD.iter().any(|path| content[..start].ends_with(path)),
        _ => true,
    }
}

/// Whether a word of C stands where a type does: `word *x`, `(word)`, `struct word`, or `word x` that begins something.
fn is_type_place(before: &[u8], after: &[u8]) -> bool {
    let next = after.trim_ascii_start().first().copied().unwrap_or(b' ');
    let previous = before.trim_ascii_end().last().copied().unwrap_or(b';');
    let begins = matches!(previous, b'(' | b',' | b';' | b'{' | b'}');
    before.ends_with(b"struct ")
        || next == b'*' && previous != b'*'
        || begins && (next == b')' || after.first() == Some(&b' ') && next.is_ascii_alphabetic())
}

/// Paths of Rust's own library that often stand before a name.
const STANDARD: &[&[u8]] = &[
    b"io::",
    b"Poll::",
    b"fmt::",
    b"std::fs::",
    b"collections::",
    b"std::sync::",
    b"std::time::",
    b"std::path::",
    b"ops::",
];

/// The lines before a definition's body as text.
fn head(content: &[u8], starts: &[usize], symbol: &Symbol) -> String {
    let first = symbol.start_line.max(1) as usize - 1;
    let last = (symbol.signature_end_line as usize).clamp(first + 1, first + HEAD_LINES_MAX);
    let Some(&start) = starts.get(first) else { return String::new() };
    let end = starts.get(last).copied().unwrap_or(content.len());
    String::from_utf8_lossy(&content[start..end.max(start)]).into_owned()
}

/// Calls `each` with every run of letters, digits and underscores that does not start with a digit.
fn identifiers<'c>(content: &'c [u8], mut each: impl FnMut(usize, &'c [u8])) {
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
            each(start, &content[start..at]);
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
        identifiers("a Foo_1.bar(12ab, größe) x->yyy;zzz".as_bytes(), |_, word| {
            found.push(String::from_utf8_lossy(word).into_owned());
        });
        assert_eq!(found, ["Foo_1", "bar", "größe", "yyy", "zzz"]);
    }

    #[test]
    fn plain_short_words_say_nothing_unless_they_are_types() {
        let telling = |name, kind| is_telling(name, kind, Language::Python);
        assert!(telling("client", SymbolKind::Struct) && !telling("renderer", SymbolKind::Function));
        assert!(telling("addReply", SymbolKind::Function) && !telling("ab", SymbolKind::Struct));
        assert!(!telling("operator ==", SymbolKind::Function));
        assert!(is_telling("sdsnew", SymbolKind::Function, Language::C));
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
