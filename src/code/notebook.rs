//! Finds the code and the prose of Jupyter notebooks, line by line of the file that holds them.
//!
//! The format (nbformat 4) is JSON: `cells`, each with a `cell_type` and a `source`, which the usual tools write as one
//! string a line. Outputs, images among them, are nothing that a person wrote.

use super::types::Language;
use std::collections::BTreeMap;
use std::ops::Range;

/// A notebook as text with as many lines as the file: code where it stands, prose as comments, all else empty.
pub(super) struct Notebook {
    pub text: Vec<u8>,
    /// Of the code.
    pub language: Language,
}

/// Reads a notebook; what is no notebook gives empty lines.
pub(super) fn read(source: &[u8]) -> Notebook {
    let mut reader = Reader {
        source,
        path: Vec::new(),
        key: None,
        cell: Cell::default(),
        language: None,
        lines: BTreeMap::new(),
    };
    reader.run();
    let Reader { language, mut lines, .. } = reader;
    let mut text = Vec::with_capacity(source.len() / 4);
    let mut from = 0;
    for newline in memchr::memchr_iter(b'\n', source) {
        text.extend(lines.remove(&from).unwrap_or_default());
        text.push(b'\n');
        from = newline + 1;
    }
    text.extend(lines.remove(&from).unwrap_or_default());
    Notebook { text, language: language.unwrap_or(Language::Python) }
}

/// What is known of the cell that is being read.
#[derive(Default)]
struct Cell {
    code: bool,
    prose: bool,
    /// The strings of its source, quotes included.
    strings: Vec<Range<usize>>,
}

struct Reader<'s> {
    source: &'s [u8],
    /// Keys of the open objects and lists from the outermost on; members of lists have none.
    path: Vec<&'s [u8]>,
    /// The key whose value comes next.
    key: Option<Range<usize>>,
    cell: Cell,
    language: Option<Language>,
    /// Where a line of the file starts → its text.
    lines: BTreeMap<usize, Vec<u8>>,
}

const CELL: [&[u8]; 3] = [b"", b"cells", b""];

impl<'s> Reader<'s> {
    fn run(&mut self) {
        let mut index = 0;
        let mut last: Option<Range<usize>> = None;
        while let Some(&byte) = self.source.get(index) {
            let mut next = index + 1;
            match byte {
                b'"' => {
                    next = string_end(self.source, index);
                    if let Some(member) = last.replace(index..next) {
                        self.value(member);
                    }
                }
                b':' => self.key = last.take(),
                b'{' | b'[' => {
                    let key = self.key.take().map_or(&b""[..], |key| inside(self.source, &key));
                    self.path.push(key);
                }
                b'}' | b']' | b',' => {
                    if let Some(value) = last.take() {
                        self.value(value);
                    }
                    self.key = None;
                    if byte != b',' {
                        if self.path == CELL {
                            self.end_cell();
                        }
                        self.path.pop();
                    }
                }
                _ => {}
            }
            index = next;
        }
    }

    /// Takes note of a string that is a value.
    fn value(&mut self, value: Range<usize>) {
        let key = self.key.as_ref().map_or(&b""[..], |key| inside(self.source, key));
        let text = inside(self.source, &value);
        let in_cell = self.path.starts_with(&CELL);
        match (self.path.len(), key) {
            (3, b"cell_type") if in_cell => {
                self.cell.code = text == b"code";
                self.cell.prose = text == b"markdown";
            }
            (3, b"source") if in_cell => self.cell.strings.push(value),
            (4, b"") if in_cell && self.path.last() == Some(&&b"source"[..]) => self.cell.strings.push(value),
            (3, b"name") if self.path == [&b""[..], b"metadata", b"language_info"] => self.speaks(text),
            (3, b"language") if self.path == [&b""[..], b"metadata", b"kernelspec"] => self.speaks(text),
            _ => {}
        }
    }

    fn speaks(&mut self, name: &[u8]) {
        let name = name.to_ascii_lowercase();
        let known = Language::ALL.iter().find(|language| language.name().as_bytes() == name);
        self.language = Some(known.copied().unwrap_or(Language::Text));
    }

    fn end_cell(&mut self) {
        let cell = std::mem::take(&mut self.cell);
        if !cell.code && !cell.prose {
            return;
        }
        for string in cell.strings {
            let start = memchr::memrchr(b'\n', &self.source[..string.start]).map_or(0, |newline| newline + 1);
            let Ok(text) = serde_json::from_slice::<String>(&self.source[string]) else { continue };
            let text = text.trim_end_matches(['\n', '\r']).replace(['\n', '\r'], " ");
            let line = self.lines.entry(start).or_default();
            if !line.is_empty() {
                line.push(b' ');
            } else if cell.prose || is_magic(&text) {
                line.extend(b"# ");
            }
            line.extend(text.as_bytes());
        }
    }
}

/// Whether a line of code is for the notebook and not of its language: `%time`, `!ls`, `?help`.
fn is_magic(line: &str) -> bool {
    line.trim_start().starts_with(['%', '!', '?'])
}

/// The text between the quotes of a string.
fn inside<'s>(source: &'s [u8], string: &Range<usize>) -> &'s [u8] {
    source.get(string.start + 1..string.end.saturating_sub(1)).unwrap_or(b"")
}

/// Behind the closing quote of the string at `start`; the end of the source when there is none.
fn string_end(source: &[u8], start: usize) -> usize {
    let mut from = start + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', source.get(from..).unwrap_or(b"")) {
        from += found;
        if source.get(from) == Some(&b'"') {
            return from + 1;
        }
        from += 2;
    }
    source.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(source: &str) -> String {
        String::from_utf8_lossy(&read(source.as_bytes()).text).into_owned()
    }

    #[test]
    fn code_and_prose_keep_their_lines_and_outputs_are_left_out() {
        let source = concat!(
            "{\n \"cells\": [\n  {\"cell_type\": \"markdown\", \"source\": [\n   \"# Say \\\"hi\\\"\"\n  ]},\n",
            "  {\"cell_type\": \"code\", \"outputs\": [{\"source\": [\"no\"], \"data\": {\"image/png\": \"aGVsbG8=\"}}],\n",
            "   \"source\": [\n    \"%matplotlib inline\\n\",\n    \"def f(a):\\n\",\n    \"    return \\\"\\u00e9\\\"\"\n   ]\n  }\n ],\n",
            " \"metadata\": {\"language_info\": {\"name\": \"python\"}}\n}\n"
        );
        let expected =
            "\n\n\n# # Say \"hi\"\n\n\n\n# %matplotlib inline\ndef f(a):\n    return \"é\"\n\n\n\n\n\n";
        assert_eq!(text(source), expected);
        assert_eq!(source.lines().count(), expected.lines().count());
    }

    #[test]
    fn the_language_is_the_kernels() {
        let of = |name: &str| {
            let source =
                format!("{{\"cells\": [], \"metadata\": {{\"kernelspec\": {{\"language\": \"{name}\"}}}}}}");
            read(source.as_bytes()).language
        };
        assert_eq!(of("Python"), Language::Python);
        assert_eq!(of("R"), Language::R);
        assert_eq!(of("julia"), Language::Text);
        assert_eq!(read(b"{}").language, Language::Python);
    }

    #[test]
    fn what_is_no_notebook_gives_empty_lines() {
        for source in [
            "",
            "\"",
            "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\"\\",
            "]]}}\n\n",
            "{\"cells\": \"x\"}",
        ] {
            assert_eq!(text(source).replace('\n', ""), "", "{source}");
        }
        assert_eq!(text("{\"cells\":[{\"cell_type\":\"code\",\"source\":[\"a = 1\\n\",\"b\"]}]}"), "a = 1 b");
    }
}
