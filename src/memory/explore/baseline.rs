//! What a project looked like at the last `delta`: hashes of all files and of the definitions in sources, saved beside
//! the index.

use crate::code::{Extractor, Language, Symbol, SymbolKind};
use crate::fs::{self, WriteOptions};
use crate::index::{Context, EXTRACT_LIMITS, Index, IndexError, Outline, Source, project_id, read};
use crate::project::{Root, is_secret_path};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// The shape of the file; another number is no baseline.
const SCHEMA: u32 = 1;
/// A larger baseline is not read, in bytes.
const BASELINE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Sources of which the definitions are kept, at most.
const SOURCES_MAX: usize = 20_000;
/// A larger source is known by its hash only, in bytes.
const SOURCE_BYTES_MAX: u64 = 1024 * 1024;
/// Definitions kept of one file.
const DEFINITIONS_MAX: usize = 1000;

/// One definition: kind, name with its containers, hash of its lines.
pub(super) type Digest = (u8, String, u64);

/// One file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// Hash of the content, or of size and time where the content is not looked at.
    pub(super) hash: u64,
    /// `None` when it is no source or was not looked at.
    pub(super) definitions: Option<Vec<Digest>>,
}

/// All files of a project.
#[derive(Debug, Default)]
pub(super) struct Baseline {
    /// Milliseconds since the Unix epoch.
    pub(super) taken_ms: i64,
    pub(super) files: BTreeMap<Vec<u8>, State>,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    schema: u32,
    taken_ms: i64,
    /// Path (bytes beyond printable ASCII as `%xx`) and state.
    files: Vec<(String, State)>,
}

/// Whether definitions of a language are worth comparing.
pub(super) fn has_definitions(language: Language) -> bool {
    super::survey::is_code(language)
}

/// The definitions of a source with the hashes of their lines, in the order of the file.
pub(super) fn digests(outline: &Outline, content: &[u8]) -> Vec<Digest> {
    let mut starts = vec![0];
    starts.extend(memchr::memchr_iter(b'\n', content).map(|at| at + 1));
    let worth = |symbol: &&Symbol| {
        use SymbolKind::{Element, Field, Heading, Impl, Key, Selector};
        !matches!(symbol.kind, Impl | Field | Heading | Key | Selector | Element)
    };
    let symbols = outline.symbols.iter().filter(worth).take(DEFINITIONS_MAX);
    symbols
        .map(|symbol| (symbol.kind.id(), full_name(outline, symbol), lines_hash(content, &starts, symbol)))
        .collect()
}

/// A hash of the lines of a definition that does not feel indentation and blank lines.
fn lines_hash(content: &[u8], starts: &[usize], symbol: &Symbol) -> u64 {
    let first = symbol.start_line.max(1) as usize - 1;
    let start = starts.get(first).copied().unwrap_or(content.len());
    let end = starts.get(symbol.end_line as usize).copied().unwrap_or(content.len());
    let mut hasher = Xxh3::new();
    for line in content[start..end.max(start)].split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii) {
        if !line.is_empty() {
            hasher.update(line);
            hasher.update(b"\n");
        }
    }
    hasher.digest()
}

/// The name behind those of its containers.
fn full_name(outline: &Outline, symbol: &Symbol) -> String {
    let mut name = symbol.name.clone();
    let mut above = symbol.container;
    while let Some(container) = above.and_then(|number| outline.symbols.get(number as usize)) {
        name = format!("{}.{name}", container.name);
        // Containers come before what they contain, so the walk ends.
        above = container.container.filter(|next| Some(*next) < above);
    }
    name
}

/// Extracts the definitions of a source text.
pub(super) fn digests_of(language: Language, content: &[u8]) -> Vec<Digest> {
    let extraction = Extractor::new().extract(language, content, &EXTRACT_LIMITS);
    digests(&Outline { symbols: extraction.symbols, imports: extraction.imports }, content)
}

/// The state of the work tree as the index has it; what has not changed since `before` is taken from there.
pub(super) fn take(root: &Root, index: &Index, before: Option<&Baseline>, now_ms: i64) -> Baseline {
    let mut files = BTreeMap::new();
    let mut sources = 0;
    for (folder, dir) in &index.manifest.dirs {
        for entry in &dir.entries {
            let name = dir.name(entry);
            let path =
                if folder.is_empty() { name.to_vec() } else { [folder.as_slice(), b"/", name].concat() };
            if is_secret_path(&path) {
                continue;
            }
            let hash = if entry.hash == 0 {
                let stat = &entry.stat;
                xxh3_64(format!("{} {}", stat.size, stat.mtime_ns).as_bytes())
            } else {
                entry.hash
            };
            if let Some(known) =
                before.and_then(|before| before.files.get(&path)).filter(|known| known.hash == hash)
            {
                sources += usize::from(known.definitions.is_some());
                files.insert(path, known.clone());
                continue;
            }
            let language = Language::from_id(entry.language).unwrap_or(Language::Text);
            let wanted = has_definitions(language) && entry.hash != 0 && sources < SOURCES_MAX;
            let definitions = if wanted {
                sources += 1;
                match (read(&root.path, &path, SOURCE_BYTES_MAX), index.outline(entry.doc)) {
                    (Source::Text(content, _), Some(outline)) if xxh3_64(&content) == entry.hash => {
                        Some(digests(&outline, &content))
                    }
                    _ => None,
                }
            } else {
                None
            };
            files.insert(path, State { hash, definitions });
        }
    }
    Baseline { taken_ms: now_ms, files }
}

fn file(context: &Context<'_>, root: &Root) -> PathBuf {
    context.paths.project(&project_id(&root.path)).join("delta.json")
}

/// The saved baseline; `None` when there is none that can be read.
pub(super) fn load(context: &Context<'_>, root: &Root) -> Option<Baseline> {
    let bytes = match fs::read(&file(context, root), BASELINE_BYTES_MAX) {
        Ok(bytes) => bytes?,
        Err(error) => {
            context.log.line("warn", &format!("delta: {error}"));
            return None;
        }
    };
    let saved: Saved = serde_json::from_slice(&bytes).ok().filter(|saved: &Saved| saved.schema == SCHEMA)?;
    let files = saved.files.into_iter().filter_map(|(path, state)| Some((unescaped(&path)?, state)));
    Some(Baseline { taken_ms: saved.taken_ms, files: files.collect() })
}

/// Saves a baseline beside the index.
pub(super) fn save(context: &Context<'_>, root: &Root, baseline: Baseline) -> Result<(), IndexError> {
    let path = file(context, root);
    if let Some(folder) = path.parent() {
        fs::create_private_dir_all(folder)?;
    }
    let files = baseline.files.into_iter().map(|(path, state)| (escaped(&path), state)).collect();
    let saved = Saved { schema: SCHEMA, taken_ms: baseline.taken_ms, files };
    let bytes = serde_json::to_vec(&saved).unwrap_or_default();
    fs::replace(&path, &bytes, &WriteOptions::fast(&context.paths.locks()).private())?;
    Ok(())
}

fn escaped(path: &[u8]) -> String {
    let mut out = String::with_capacity(path.len());
    for &byte in path {
        if (byte.is_ascii_graphic() || byte == b' ') && byte != b'%' {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02x}"));
        }
    }
    out
}

fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            out.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_survive_in_a_path() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(unescaped(&escaped(&all)).unwrap(), all);
        assert_eq!(escaped(b"a/b c%\xff"), "a/b c%25%ff");
        assert!(unescaped("%").is_none() && unescaped("%zz").is_none());
    }

    #[test]
    fn a_definition_is_named_with_its_containers_and_feels_its_lines() {
        let one = digests_of(
            Language::Python,
            b"class A:\n    def f(self):\n        return 1\n\ndef g():\n    pass\n",
        );
        let other = digests_of(
            Language::Python,
            b"class A:\n    def f(self):\n        return 2\n\n\ndef g():\n\n    pass\n",
        );
        let names: Vec<&str> = one.iter().map(|(_, name, _)| name.as_str()).collect();
        assert_eq!(names, ["A", "A.f", "g"]);
        assert!(one[0] != other[0] && one[1] != other[1] && one[2] == other[2]);
    }
}
