//! One pattern of an ignore file, with the meaning that git gives it, on raw bytes.
//!
//! Written here because the general glob crates differ from git in braces, POSIX classes, backslashes and names or
//! patterns that are not UTF-8, and compile every file to an automaton that a small project never pays back.

/// One line of an ignore file.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    /// `!pattern`: takes back an earlier exclusion.
    pub(super) negated: bool,
    dir_only: bool,
    fold: bool,
    matcher: Matcher,
}

#[derive(Debug, Clone)]
enum Matcher {
    /// Has no `/`: compared with the last component.
    Name(Segment),
    /// Compared with the whole path relative to the ignore file's folder.
    Path(Vec<Segment>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    /// `**` alone between slashes.
    AnyDirs,
    Literal(Vec<u8>),
    /// `*` followed by plain bytes.
    Suffix(Vec<u8>),
    Wild(Vec<u8>),
}

impl Pattern {
    /// Parses one line without its line feed; `None` for blank lines and comments.
    pub(super) fn parse(line: &[u8], fold: bool) -> Option<Pattern> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.first() == Some(&b'#') {
            return None;
        }
        let line = trim_trailing_spaces(line);
        let (negated, line) = match line.strip_prefix(b"!") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let (dir_only, line) = match line.strip_suffix(b"/") {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        if line.is_empty() {
            return None;
        }
        let matcher = if line.contains(&b'/') {
            let line = line.strip_prefix(b"/").unwrap_or(line);
            Matcher::Path(line.split(|byte| *byte == b'/').map(|part| Segment::parse(part, true)).collect())
        } else {
            Matcher::Name(Segment::parse(line, false))
        };
        Some(Pattern { negated, dir_only, fold, matcher })
    }

    /// Whether the pattern is about the entry; `path` is relative to the ignore file's folder, `name` its last component.
    pub(super) fn matches(&self, path: &[u8], name: &[u8], is_dir: bool) -> bool {
        if self.dir_only && !is_dir {
            return false;
        }
        match &self.matcher {
            Matcher::Name(segment) => segment.matches(name, self.fold),
            Matcher::Path(segments) => match_path(segments, path, self.fold),
        }
    }
}

impl Segment {
    fn parse(text: &[u8], in_path: bool) -> Segment {
        if in_path && text.len() >= 2 && text.iter().all(|byte| *byte == b'*') {
            return Segment::AnyDirs;
        }
        let special = |byte: &u8| matches!(byte, b'*' | b'?' | b'[' | b'\\');
        if !text.iter().any(special) {
            return Segment::Literal(text.to_vec());
        }
        match text.strip_prefix(b"*") {
            Some(rest) if !rest.iter().any(special) => Segment::Suffix(rest.to_vec()),
            _ => Segment::Wild(text.to_vec()),
        }
    }

    fn matches(&self, name: &[u8], fold: bool) -> bool {
        match self {
            Segment::AnyDirs => true,
            Segment::Literal(text) => same(text, name, fold),
            Segment::Suffix(text) => {
                name.len() >= text.len() && same(text, &name[name.len() - text.len()..], fold)
            }
            Segment::Wild(text) => match_wild(text, name, fold),
        }
    }
}

fn same(left: &[u8], right: &[u8], fold: bool) -> bool {
    if fold { left.eq_ignore_ascii_case(right) } else { left == right }
}

/// Spaces at the end do not count unless a backslash precedes them.
fn trim_trailing_spaces(line: &[u8]) -> &[u8] {
    let mut keep = 0;
    let mut at = 0;
    while at < line.len() {
        match line[at] {
            b' ' => at += 1,
            b'\\' => {
                at = (at + 2).min(line.len());
                keep = at;
            }
            _ => {
                at += 1;
                keep = at;
            }
        }
    }
    &line[..keep]
}

/// Matches components one by one; `**` takes any number of them (at least one at the end). Linear space, no recursion.
fn match_path(segments: &[Segment], path: &[u8], fold: bool) -> bool {
    let mut at = 0; // next segment
    let mut rest = Some(path); // components that are left; None: none
    let mut retry: Option<(usize, Option<&[u8]>)> = None; // segment after the last `**`, components left there
    loop {
        let matched = match (segments.get(at), rest) {
            (None, None) => return true,
            (Some(Segment::AnyDirs), Some(_)) if at + 1 == segments.len() => return true,
            (Some(Segment::AnyDirs), _) if at + 1 < segments.len() => {
                at += 1;
                retry = Some((at, rest));
                true
            }
            (Some(segment), Some(components)) => {
                let (name, tail) = split_first(components);
                let matched = segment.matches(name, fold);
                if matched {
                    at += 1;
                    rest = tail;
                }
                matched
            }
            _ => false,
        };
        if !matched {
            let Some((segment, Some(components))) = retry else { return false };
            let tail = split_first(components).1;
            retry = Some((segment, tail));
            (at, rest) = (segment, tail);
        }
    }
}

fn split_first(path: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'/', path) {
        Some(slash) => (&path[..slash], Some(&path[slash + 1..])),
        None => (path, None),
    }
}

/// Matches one component against `*`, `?`, `[…]` and `\x`; backtracks to the last `*` only.
fn match_wild(pattern: &[u8], name: &[u8], fold: bool) -> bool {
    let (mut at, mut pos) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&b'*') {
            at += 1;
            retry = Some((at, pos));
            continue;
        }
        if pos == name.len() && at == pattern.len() {
            return true;
        }
        let step = name.get(pos).and_then(|byte| match_one(pattern, at, *byte, fold));
        if let Some(next) = step {
            at = next;
            pos += 1;
            continue;
        }
        match retry {
            Some((after_star, from)) if from < name.len() => {
                retry = Some((after_star, from + 1));
                (at, pos) = (after_star, from + 1);
            }
            _ => return false,
        }
    }
}

/// Matches one byte against the element at `at`; gives where the next element starts.
fn match_one(pattern: &[u8], at: usize, byte: u8, fold: bool) -> Option<usize> {
    let equal = |expected: u8| expected == byte || (fold && expected.eq_ignore_ascii_case(&byte));
    match *pattern.get(at)? {
        b'?' => Some(at + 1),
        b'[' => match_class(pattern, at + 1, byte, fold),
        b'\\' => equal(*pattern.get(at + 1)?).then_some(at + 2),
        plain => equal(plain).then_some(at + 1),
    }
}

/// Matches one byte against a bracket expression whose content starts at `at`; an unclosed one matches nothing.
fn match_class(pattern: &[u8], mut at: usize, byte: u8, fold: bool) -> Option<usize> {
    let negated = matches!(pattern.get(at)?, b'!' | b'^');
    at += usize::from(negated);
    let start = at;
    let mut found = false;
    let mut previous: Option<u8> = None;
    loop {
        let current = *pattern.get(at)?;
        if current == b']' && at > start {
            break;
        }
        if current == b'[' && pattern.get(at + 1) == Some(&b':') {
            let from = at + 2;
            let close = from + memchr::memchr(b']', pattern.get(from..)?)?;
            if let Some(name) = pattern[from..close].strip_suffix(b":") {
                found |= in_posix_class(name, byte, fold)?;
                previous = None;
                at = close + 1;
                continue;
            }
        }
        if let (b'-', Some(low), Some(next)) = (current, previous, pattern.get(at + 1))
            && *next != b']'
        {
            let (high, after) = element(pattern, at + 1)?;
            found |= in_range(low, high, byte, fold);
            previous = None;
            at = after;
            continue;
        }
        let (literal, after) = element(pattern, at)?;
        found |= in_range(literal, literal, byte, fold);
        previous = Some(literal);
        at = after;
    }
    (found != negated).then_some(at + 1)
}

/// One literal of a bracket expression, a backslash removed.
fn element(pattern: &[u8], at: usize) -> Option<(u8, usize)> {
    match *pattern.get(at)? {
        b'\\' => Some((*pattern.get(at + 1)?, at + 2)),
        plain => Some((plain, at + 1)),
    }
}

fn in_range(low: u8, high: u8, byte: u8, fold: bool) -> bool {
    let inside = |byte: u8| (low..=high).contains(&byte);
    inside(byte) || (fold && (inside(byte.to_ascii_lowercase()) || inside(byte.to_ascii_uppercase())))
}

fn in_posix_class(name: &[u8], byte: u8, fold: bool) -> Option<bool> {
    Some(match name {
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"alpha" => byte.is_ascii_alphabetic(),
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"cntrl" => byte.is_ascii_control(),
        b"digit" => byte.is_ascii_digit(),
        b"graph" => byte.is_ascii_graphic(),
        b"lower" => byte.is_ascii_lowercase() || (fold && byte.is_ascii_uppercase()),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        b"punct" => byte.is_ascii_punctuation(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"upper" => byte.is_ascii_uppercase() || (fold && byte.is_ascii_lowercase()),
        b"xdigit" => byte.is_ascii_hexdigit(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(pattern: &str, path: &str) -> bool {
        let is_dir = path.ends_with('/');
        let path = path.trim_end_matches('/').as_bytes();
        let name = path.rsplit(|byte| *byte == b'/').next().unwrap();
        Pattern::parse(pattern.as_bytes(), false).is_some_and(|pattern| pattern.matches(path, name, is_dir))
    }

    #[test]
    fn patterns_mean_what_git_says() {
        for (pattern, path) in [
            ("*.o", "a/b.o"),
            ("foo", "a/foo"),
            ("/foo", "foo"),
            ("foo/", "a/foo/"),
            ("a/b", "a/b"),
            ("**/x", "x"),
            ("**/x", "a/b/x"),
            ("a/**", "a/b/c"),
            ("a/**/z", "a/z"),
            ("a/**/z", "a/b/c/z"),
            ("a/*/c", "a/b/c"),
            ("[a-c].txt", "b.txt"),
            ("[!a-c].txt", "d.txt"),
            ("[]-]x", "]x"),
            ("[]-]x", "-x"),
            ("\\#x", "#x"),
            ("\\!x", "!x"),
            ("x\\ ", "x "),
            ("x  ", "x"),
            ("x\r", "x"),
            ("{a,b}", "{a,b}"),
            ("[[:digit:]]?", "7z"),
            ("a*b*c", "a_b_b_c"),
            ("***/x", "q/x"),
            ("a**b", "axxb"),
            ("**", "x"),
            ("[\\]]", "]"),
            ("**/a/**/b", "x/a/a/b/c/b"),
            ("*", "anything"),
            ("d**/", "d12/"),
        ] {
            assert!(hit(pattern, path), "{pattern:?} must match {path:?}");
        }
        for (pattern, path) in [
            ("*.o", "a/b.oo"),
            ("/foo", "a/foo"),
            ("foo/", "a/foo"),
            ("a/b", "x/a/b"),
            ("a/**", "a/"),
            ("a/*/c", "a/b/b/c"),
            ("a/*", "a/b/c"),
            ("# x", "# x"),
            ("", "x"),
            ("   ", "x"),
            ("{a,b}", "a"),
            ("[a-c", "[a-c"),
            ("x\\", "x"),
            ("?", "ab"),
            ("**/a/**/b", "x/a/c"),
            ("/", "x"),
            ("[[:nope:]]", "n"),
        ] {
            assert!(!hit(pattern, path), "{pattern:?} must not match {path:?}");
        }
    }

    #[test]
    fn hostile_patterns_end_quickly() {
        let pattern = "a*".repeat(2000) + "b";
        assert!(!hit(&pattern, &"a".repeat(4000)));
        let deep = "**/a/".repeat(500) + "b";
        assert!(!hit(&deep, "a/".repeat(3000).trim_end_matches('/')));
    }

    #[test]
    fn letter_case_is_folded_on_request_only() {
        let folded = Pattern::parse(b"*.TXT", true).unwrap();
        assert!(folded.matches(b"a.txt", b"a.txt", false));
        assert!(!hit("*.TXT", "a.txt"));
    }
}
