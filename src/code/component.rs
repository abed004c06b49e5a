//! Finds the script blocks of Vue and Svelte components.

use super::types::Language;

/// Script blocks looked at in one component.
const SCRIPTS_MAX: usize = 8;

/// One script block by byte offsets of its text.
pub(super) struct Script {
    pub start: usize,
    pub end: usize,
    pub language: Language,
}

/// The script blocks of `source` in order.
pub(super) fn scripts(source: &[u8]) -> Vec<Script> {
    let mut scripts = Vec::new();
    let mut from = 0;
    let find = |needle: &[u8], from: usize| {
        memchr::memmem::find(source.get(from..).unwrap_or(b""), needle).map(|found| from + found)
    };
    while let Some(tag) = find(b"<script", from).filter(|_| scripts.len() < SCRIPTS_MAX) {
        let Some(close) = find(b">", tag) else { break };
        let attributes = source.get(tag..close).unwrap_or(b"");
        let start = close + 1;
        let end = find(b"</script", start).unwrap_or(source.len());
        let language = if memchr::memmem::find(attributes, b"tsx").is_some() {
            Language::Tsx
        } else if memchr::memmem::find(attributes, b"ts").is_some_and(|_| typed(attributes)) {
            Language::TypeScript
        } else {
            Language::JavaScript
        };
        scripts.push(Script { start, end, language });
        from = end;
    }
    scripts
}

fn typed(attributes: &[u8]) -> bool {
    [&b"lang=\"ts\""[..], b"lang='ts'", b"lang=ts", b"lang=\"typescript\""]
        .into_iter()
        .any(|attribute| memchr::memmem::find(attributes, attribute).is_some())
}
