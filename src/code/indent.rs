//! Reduces Python and Ruby to their declarations by indentation, and reads Bash functions by line.

use super::compact::Compact;
use super::lexer::line_end;
use super::types::SymbolKind;

/// Functions inside each other are not looked into, so the only state is the line.
struct LineWalk<'s> {
    source: &'s [u8],
    start: usize,
}

struct Line<'s> {
    start: usize,
    /// The offset after the newline.
    next: usize,
    indent: usize,
    text: &'s [u8],
}

impl<'s> Iterator for LineWalk<'s> {
    type Item = Line<'s>;

    fn next(&mut self) -> Option<Line<'s>> {
        if self.start >= self.source.len() {
            return None;
        }
        let end = line_end(self.source, self.start);
        let line = self.source.get(self.start..end)?;
        let text = line.trim_ascii_start();
        let indent = line.len() - text.len();
        let next = (end + 1).min(self.source.len());
        let line = Line { start: self.start, next, indent, text: text.trim_ascii_end() };
        self.start = next;
        Some(line)
    }
}

fn starts_with_word(text: &[u8], word: &[u8]) -> bool {
    text.strip_prefix(word)
        .is_some_and(|rest| !rest.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'))
}

/// State of Python text that goes on over line ends.
#[derive(Default)]
struct PythonText {
    /// Quote character of an open triple-quoted string.
    quote: Option<u8>,
    /// Open brackets.
    depth: usize,
    /// The offset after the outermost open bracket that holds a value.
    value_from: Option<usize>,
}

/// A `def` whose body is being cut.
struct PythonFunction {
    indent: usize,
    /// Where the part of the body that has been seen ends.
    body_end: Option<usize>,
}

impl PythonFunction {
    /// Puts a statement in the place of the body, so that the function still ends where it did.
    fn close(self, out: &mut Compact) {
        if let Some(end) = self.body_end {
            out.text.extend(std::iter::repeat_n(b' ', self.indent + 1));
            out.stand_in(b"0", end);
            out.text.push(b'\n');
        }
    }
}

/// Cuts function bodies, comments, docstrings and bracketed values out of Python.
pub(super) fn compact_python(source: &[u8]) -> Compact {
    let mut out = Compact::with_room_for(source.len());
    let mut state = PythonText::default();
    let mut function: Option<PythonFunction> = None;
    let mut head_open = false;
    for line in (LineWalk { source, start: 0 }) {
        let continued = state.quote.is_some() || state.depth > 0 || head_open;
        if let Some(open) = function.as_mut().filter(|_| !head_open) {
            let comment = line.text.is_empty() || line.text.starts_with(b"#");
            if continued || comment || line.indent > open.indent {
                if continued || !comment {
                    open.body_end = Some(line.start + line.indent + line.text.len());
                }
                if continued || !comment {
                    state.read(source, line.start, line.next, false);
                }
                continue;
            }
            if let Some(open) = function.take() {
                open.close(&mut out);
            }
        }
        if !continued && (line.text.is_empty() || line.text.starts_with(b"#")) {
            continue;
        }
        let in_value = state.value_from.is_some();
        let in_text = state.quote.is_some() || in_value;
        if !continued && (starts_with_word(line.text, b"def") || starts_with_word(line.text, b"async def")) {
            function = Some(PythonFunction { indent: line.indent, body_end: None });
            head_open = true;
        }
        let head_ends = state.read(source, line.start, line.next, head_open);
        if head_open && state.depth == 0 && head_ends {
            head_open = false;
        } else if head_open && state.depth == 0 && state.quote.is_none() && !line.text.ends_with(b"\\") {
            (head_open, function) = (false, None);
        }
        if in_text {
            keep_tail(&mut out, source, &line, &state, in_value);
        } else {
            out.keep(source, line.start, line.next);
        }
    }
    if let Some(open) = function {
        open.close(&mut out);
    }
    out
}

/// Keeps the closing of a string or of a bracketed value that began on an earlier line.
fn keep_tail(out: &mut Compact, source: &[u8], line: &Line<'_>, state: &PythonText, in_value: bool) {
    let closed = if in_value { state.value_from.is_none() } else { state.quote.is_none() };
    if closed {
        out.keep(source, line.start, line.next);
    }
}

impl PythonText {
    /// Reads one line; says whether a colon that ends a head was the last thing outside brackets, or a head's
    /// colon was seen at all.
    fn read(&mut self, source: &[u8], start: usize, end: usize, head: bool) -> bool {
        let mut index = start;
        let mut value = false;
        let mut colon = false;
        while let Some(byte) = source.get(index).copied().filter(|_| index < end) {
            if let Some(quote) = self.quote {
                if byte == b'\\' {
                    index += 2;
                } else if byte == quote && source.get(index..index + 3) == Some(&[quote; 3]) {
                    self.quote = None;
                    index += 3;
                } else {
                    index += 1;
                }
                continue;
            }
            match byte {
                b'#' => break,
                b'"' | b'\'' => {
                    index = self.string(source, index, end, byte);
                    continue;
                }
                b'(' | b'[' | b'{' => {
                    self.depth += 1;
                    if self.depth == 1 && (byte != b'(' && value) {
                        self.value_from = Some(index + 1);
                    }
                }
                b')' | b']' | b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.depth == 0 {
                        self.value_from = None;
                    }
                }
                b'=' if self.depth == 0 => value = true,
                b':' if self.depth == 0 && head => colon = true,
                _ => {}
            }
            index += 1;
        }
        colon
    }

    fn string(&mut self, source: &[u8], index: usize, end: usize, quote: u8) -> usize {
        if source.get(index..index + 3) == Some(&[quote; 3]) {
            self.quote = Some(quote);
            return index + 3;
        }
        let mut from = index + 1;
        while from < end {
            match source.get(from) {
                Some(b'\\') => from += 1,
                Some(byte) if *byte == quote => return from + 1,
                _ => {}
            }
            from += 1;
        }
        end
    }
}

/// Cuts method bodies and comments out of Ruby.
pub(super) fn compact_ruby(source: &[u8]) -> Compact {
    let mut out = Compact::with_room_for(source.len());
    let mut body: Option<(usize, usize)> = None;
    let mut block_comment = false;
    let mut lines = LineWalk { source, start: 0 };
    while let Some(line) = lines.next() {
        if block_comment {
            block_comment = !(line.indent == 0 && line.text.starts_with(b"=end"));
            continue;
        }
        if line.text == b"__END__" && line.indent == 0 {
            break;
        }
        if line.indent == 0 && line.text.starts_with(b"=begin") {
            block_comment = true;
            continue;
        }
        if let Some((indent, _)) = body {
            if line.indent > indent || line.text.is_empty() || line.text.starts_with(b"#") {
                continue;
            }
            if !starts_with_word(line.text, b"end") && !is_middle(line.text) {
                // Not indented as expected, such as a heredoc: still inside.
                continue;
            }
            if starts_with_word(line.text, b"end") {
                body = None;
                out.keep(source, line.start, line.next);
            }
            continue;
        }
        if line.text.starts_with(b"#") {
            continue;
        }
        out.keep(source, line.start, line.next);
        if (opens_method(line.text) || opens_block(line.text)) && closes_later(source, &line) {
            body = Some((line.indent, line.next));
            keep_parameters(&mut out, source, &line, &mut lines);
        }
    }
    out
}

fn is_middle(text: &[u8]) -> bool {
    [&b"rescue"[..], b"ensure", b"else"].into_iter().any(|word| starts_with_word(text, word))
}

/// A parameter list may go on over several lines; it is kept.
fn keep_parameters(out: &mut Compact, source: &[u8], line: &Line<'_>, lines: &mut LineWalk<'_>) {
    let count = |text: &[u8], byte: u8| text.iter().filter(|found| **found == byte).count();
    let mut open = count(line.text, b'(').saturating_sub(count(line.text, b')'));
    while open > 0 {
        let Some(next) = lines.next() else { return };
        out.keep(source, next.start, next.next);
        open = (open + count(next.text, b'(')).saturating_sub(count(next.text, b')'));
    }
}

/// Whether the line begins a method whose `end` comes later.
fn opens_method(text: &[u8]) -> bool {
    let after_modifier = [
        &b"private "[..],
        b"protected ",
        b"public ",
        b"private_class_method ",
        b"module_function ",
        b"memoize ",
    ]
    .into_iter()
    .find_map(|modifier| text.strip_prefix(modifier))
    .unwrap_or(text);
    if !after_modifier.starts_with(b"def ") {
        return false;
    }
    let one_line = text.ends_with(b" end") || text.ends_with(b";end");
    !one_line && !is_endless(after_modifier)
}

/// Whether the line begins a block of a call that defines nothing in the enclosing type.
fn opens_block(text: &[u8]) -> bool {
    let head = match memchr::memmem::rfind(text, b" do |") {
        Some(at) if text.ends_with(b"|") => text.get(..at),
        _ => text.strip_suffix(b" do"),
    };
    if memchr::memmem::find(text, b"%i[").or_else(|| memchr::memmem::find(text, b"%w[")).is_some() {
        return false;
    }
    let transparent =
        [&b"included"[..], b"class_methods", b"prepended", b"class_eval", b"module_eval", b"class_exec"];
    head.is_some_and(|head| !transparent.into_iter().any(|word| memchr::memmem::find(head, word).is_some()))
}

/// Whether a definition is of the form `def name(…) = value`.
fn is_endless(text: &[u8]) -> bool {
    let text = text.get(b"def ".len()..).unwrap_or(b"").trim_ascii_start();
    let Some(name_end) = memchr::memchr2(b'(', b' ', text) else { return false };
    let rest = text.get(name_end..).unwrap_or(b"");
    let rest = match rest.first() {
        Some(b'(') => rest.get(memchr::memchr(b')', rest).map_or(0, |close| close + 1)..).unwrap_or(b""),
        _ => rest,
    };
    rest.trim_ascii_start().starts_with(b"= ")
}

/// Whether an `end` with the same indentation follows.
fn closes_later(source: &[u8], line: &Line<'_>) -> bool {
    let mut needle = Vec::with_capacity(line.indent + 4);
    needle.push(b'\n');
    needle.extend_from_slice(source.get(line.start..line.start + line.indent).unwrap_or(b""));
    needle.extend_from_slice(b"end");
    let from = line.next.saturating_sub(1);
    memchr::memmem::find(source.get(from..).unwrap_or(b""), &needle).is_some()
}

/// One Bash function or variable by byte offsets.
pub(super) struct ShellSymbol {
    pub kind: SymbolKind,
    pub name: Vec<u8>,
    pub start: usize,
    pub signature_end: usize,
    pub end: usize,
}

/// Reads functions, upper-case variables and sourced files of a shell script.
pub(super) fn scan_shell(source: &[u8]) -> (Vec<ShellSymbol>, Vec<(Vec<u8>, usize)>) {
    let mut symbols = Vec::new();
    let mut imports = Vec::new();
    let mut lines = LineWalk { source, start: 0 };
    let mut heredoc: Option<Vec<u8>> = None;
    let mut depth = 0_usize;
    while let Some(line) = lines.next() {
        if let Some(label) = &heredoc {
            if line.text == label.as_slice() {
                heredoc = None;
            }
            continue;
        }
        if line.text.starts_with(b"#") {
            continue;
        }
        let start = line.start + line.indent;
        if let Some(name) = shell_function(line.text) {
            let end = shell_function_end(source, &line, &mut lines);
            let signature_end = start + line.text.len();
            symbols.push(ShellSymbol { kind: SymbolKind::Function, name, start, signature_end, end });
            continue;
        }
        heredoc = heredoc_label(line.text);
        depth = shell_depth(line.text, depth);
        if let Some(target) = line.text.strip_prefix(b"source ").or_else(|| line.text.strip_prefix(b". ")) {
            let target: Vec<u8> =
                target.split(|byte| matches!(byte, b' ' | b';' | b'&' | b'|')).next().unwrap_or(b"").to_vec();
            imports.push((target, start));
        } else if let Some(name) = shell_variable(line.text).filter(|_| line.indent == 0 && depth == 0) {
            let end = start + line.text.len();
            symbols.push(ShellSymbol { kind: SymbolKind::Variable, name, start, signature_end: end, end });
        }
    }
    (symbols, imports)
}

/// Open `if`, `for`, `while`, `until` and `case` after a line.
fn shell_depth(text: &[u8], depth: usize) -> usize {
    let begins = |words: &[&[u8]]| words.iter().any(|word| starts_with_word(text, word));
    let ends_with = |words: &[&[u8]]| words.iter().any(|word| text.ends_with(word));
    if begins(&[b"if", b"for", b"while", b"until", b"case", b"select"]) {
        return depth + usize::from(!ends_with(&[b" fi", b";fi", b" done", b";done", b" esac", b";esac"]));
    }
    if begins(&[b"fi", b"done", b"esac"]) { depth.saturating_sub(1) } else { depth }
}

fn shell_function(text: &[u8]) -> Option<Vec<u8>> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':' | b'.' | b'+');
    let (text, keyword) = match text.strip_prefix(b"function ") {
        Some(rest) => (rest.trim_ascii_start(), true),
        None => (text, false),
    };
    let length = text.iter().take_while(|byte| is_name(**byte)).count();
    let name = text.get(..length).filter(|name| !name.is_empty())?;
    let rest = text.get(length..)?.trim_ascii_start();
    let parentheses = rest.strip_prefix(b"(").is_some_and(|rest| rest.trim_ascii_start().starts_with(b")"));
    (parentheses || (keyword && (rest.is_empty() || rest.starts_with(b"{")))).then(|| name.to_vec())
}

/// The function ends at a closing brace or parenthesis with the indentation of its head.
fn shell_function_end(source: &[u8], head: &Line<'_>, lines: &mut LineWalk<'_>) -> usize {
    let head_end = head.start + head.indent + head.text.len();
    if head.text.ends_with(b"}") && head.text.contains(&b'{') {
        return head_end;
    }
    let resume = lines.start;
    for line in lines.by_ref() {
        if line.indent == head.indent && matches!(line.text.first(), Some(b'}' | b')')) {
            return line.start + line.indent + 1;
        }
    }
    lines.start = resume;
    head_end.min(source.len())
}

fn heredoc_label(text: &[u8]) -> Option<Vec<u8>> {
    let at = memchr::memmem::find(text, b"<<")?;
    let rest = text.get(at + 2..)?;
    if rest.starts_with(b"<") || text.get(..at)?.ends_with(b"(") {
        return None;
    }
    let rest = rest.strip_prefix(b"-").unwrap_or(rest).trim_ascii_start();
    let label: Vec<u8> = rest
        .iter()
        .copied()
        .filter(|byte| !matches!(byte, b'\'' | b'"' | b'\\'))
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
        .collect();
    (label.first().is_some_and(|byte| !byte.is_ascii_digit())).then_some(label)
}

fn shell_variable(text: &[u8]) -> Option<Vec<u8>> {
    let text = [&b"export "[..], b"readonly ", b"declare -r ", b"local "]
        .into_iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text);
    let length = text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    let name = text.get(..length)?;
    let constant =
        name.first().is_some_and(u8::is_ascii_uppercase) && !name.iter().any(u8::is_ascii_lowercase);
    (constant && text.get(length) == Some(&b'=')).then(|| name.to_vec())
}
