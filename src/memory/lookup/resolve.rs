//! From the target of an import, as it is written, to the files that it means.

use super::super::neighbours::{components, module_parts, target_parts};
use crate::code::Language;
use crate::index::{DocRef, View};
use std::collections::HashMap;

/// Trailing parts of a target that may name something inside the file: a type, a function of it.
const INNER_PARTS_MAX: usize = 2;
/// A target that fits more files than this names none of them.
const AMBIGUOUS_MAX: usize = 4;

/// All files by the names under which they are imported.
pub(super) struct Resolver<'v> {
    docs: &'v [DocRef<'v>],
    /// Positions by the last part of the path: the stem, or the folder for the file that stands for it.
    by_name: HashMap<Vec<u8>, Vec<usize>>,
    /// Positions of source files by folder, for languages that import whole folders.
    by_folder: HashMap<Vec<u8>, Vec<usize>>,
    /// Lower-case parts of each path, the last without extension.
    parts: Vec<Vec<Vec<u8>>>,
}

impl<'v> Resolver<'v> {
    pub(super) fn of(view: &'v View<'v>) -> Resolver<'v> {
        let mut resolver = Resolver {
            docs: view.docs(),
            by_name: HashMap::new(),
            by_folder: HashMap::new(),
            parts: Vec::new(),
        };
        for (position, doc) in view.docs().iter().enumerate() {
            if doc.language() == Language::Go && !doc.class().test {
                let folder = components(doc.folder()).pop().unwrap_or_default();
                resolver.by_folder.entry(folder).or_default().push(position);
            }
            let parts = module_parts(doc);
            if let Some(last) = parts.last() {
                resolver.by_name.entry(last.clone()).or_default().push(position);
            }
            resolver.parts.push(parts);
        }
        resolver
    }

    /// Names under which the file at a position may be imported.
    pub(super) fn names(&self, position: usize) -> Vec<Vec<u8>> {
        let mut names: Vec<Vec<u8>> = self.parts[position].last().cloned().into_iter().collect();
        if self.docs[position].language() == Language::Go {
            names.extend(components(self.docs[position].folder()).pop());
        }
        names
    }

    /// The files that an import of the file at position `from` means; nothing for what lies outside of the project.
    pub(super) fn resolve(&self, from: usize, target: &str) -> Vec<usize> {
        let parts = target_parts(target);
        if self.docs[from].language() == Language::Go {
            return self.package(&parts);
        }
        if let Some(exact) = self.relative(from, target) {
            return exact;
        }
        for inner in 0..=INNER_PARTS_MAX.min(parts.len().saturating_sub(1)) {
            let wanted = &parts[..parts.len() - inner];
            let Some(named) = wanted.last().and_then(|last| self.by_name.get(last)) else { continue };
            let fit = |&to: &usize| {
                let tail = self.parts[to].iter().rev().zip(wanted.iter().rev());
                let tail = tail.take_while(|(a, b)| a == b).count();
                let head = self.parts[to].iter().zip(&self.parts[from]).take_while(|(a, b)| a == b).count();
                (tail, kin(self.docs[to].language(), self.docs[from].language()), head)
            };
            let others = named.iter().copied().filter(|&to| to != from);
            let Some(best) = others.clone().map(|to| fit(&to)).max() else { continue };
            if best.0 < wanted.len().min(2) || !best.1 {
                continue;
            }
            let fitting: Vec<usize> = others.filter(|to| fit(to) == best).collect();
            return if fitting.len() > AMBIGUOUS_MAX { Vec::new() } else { fitting };
        }
        Vec::new()
    }

    /// `./a`, `../b/c.js`, Python's `.a` and `..b.c`: exactly one place in the tree; `None` for other targets.
    fn relative(&self, from: usize, target: &str) -> Option<Vec<usize>> {
        let target = target.trim_matches(['\'', '"', '<', '>', ' ', ';']);
        let mut wanted = components(self.docs[from].folder());
        if target.starts_with("./") || target.starts_with("../") || target == "." || target == ".." {
            for part in target.split('/') {
                match part {
                    "" | "." => {}
                    ".." => drop(wanted.pop()),
                    part => wanted.push(part.to_ascii_lowercase().into_bytes()),
                }
            }
            if let Some(last) = wanted.last_mut() {
                let stem = last.split(|&byte| byte == b'.').next().unwrap_or_default().to_vec();
                *last = stem;
            }
        } else if target.starts_with('.') && self.docs[from].language() == Language::Python {
            let dots = target.bytes().take_while(|&byte| byte == b'.').count();
            wanted.truncate(wanted.len().saturating_sub(dots - 1));
            let rest = target[dots..].split('.').filter(|part| !part.is_empty());
            wanted.extend(rest.map(|part| part.to_ascii_lowercase().into_bytes()));
        } else {
            return None;
        }
        if wanted.last().is_some_and(|last| matches!(last.as_slice(), b"index" | b"__init__")) {
            wanted.pop();
        }
        let named = wanted.last().and_then(|last| self.by_name.get(last))?;
        let here: Vec<usize> =
            named.iter().copied().filter(|&to| to != from && self.parts[to] == wanted).collect();
        let same: Vec<usize> = here
            .iter()
            .copied()
            .filter(|&to| kin(self.docs[to].language(), self.docs[from].language()))
            .collect();
        let fitting = if same.is_empty() { here } else { same };
        (!fitting.is_empty()).then_some(fitting)
    }

    /// The files of a Go package: the folder that shares the longest tail with the target.
    fn package(&self, parts: &[Vec<u8>]) -> Vec<usize> {
        let Some(named) = parts.last().and_then(|last| self.by_folder.get(last)) else { return Vec::new() };
        let folder = |&position: &usize| components(self.docs[position].folder());
        let tail = |position: &usize| {
            folder(position).iter().rev().zip(parts.iter().rev()).take_while(|(a, b)| a == b).count()
        };
        // What the target has before the folder is the module's name: the whole folder must be in it.
        let whole = named.iter().copied().filter(|position| tail(position) == folder(position).len());
        let longest = whole.clone().map(|position| tail(&position)).max().unwrap_or(0);
        whole.filter(|position| tail(position) == longest).collect()
    }
}

/// Whether files of two languages can import each other.
fn kin(a: Language, b: Language) -> bool {
    use Language::{C, Cpp, Java, JavaScript, Kotlin, Scala, Svelte, Tsx, TypeScript, Vue};
    let family = |language: Language| match language {
        C | Cpp => 1,
        JavaScript | TypeScript | Tsx | Vue | Svelte => 2,
        Java | Kotlin | Scala => 3,
        other => 16 + i32::from(other.id()),
    };
    family(a) == family(b)
}
