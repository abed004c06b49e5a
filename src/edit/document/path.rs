//! Key paths: `a.b[0]."c.d"[-1]`, `list[+]`, or a JSON pointer such as `/a/b/0`.

use super::fault::Fault;

/// More parts than this are refused, so that no path exhausts the stack.
const STEPS_MAX: usize = 128;

/// One part of a key path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A bare part: may be one key together with the parts after it, if a key with dots is there.
    Bare(String),
    /// A quoted part: exactly this key.
    Key(String),
    /// An element; negative ones count from the end.
    Index(i64),
    /// Behind the last element.
    Append,
    /// A part of a JSON pointer: a key in an object, an index or `-` in an array.
    Token(String),
}

/// Where in a document something is or shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPath {
    pub(super) steps: Vec<Step>,
}

impl KeyPath {
    /// Reads a path; `.` is the whole document.
    pub fn parse(text: &str) -> Result<KeyPath, Fault> {
        let steps = match text {
            "." => Vec::new(),
            _ if text.starts_with('/') => pointer(text)?,
            _ => Reader { text, at: 0 }.dotted()?,
        };
        if steps.len() > STEPS_MAX {
            let message = format!("the key path has {} parts, {STEPS_MAX} are the most", steps.len());
            return Err(Fault::usage(message, "name a place nearer to the root"));
        }
        Ok(KeyPath { steps })
    }
}

/// Steps as they are shown in messages.
pub(super) fn shown(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        match step {
            Step::Index(index) => out.push_str(&format!("[{index}]")),
            Step::Append => out.push_str("[+]"),
            Step::Bare(name) | Step::Key(name) | Step::Token(name) => {
                if !out.is_empty() {
                    out.push('.');
                }
                let bare = !name.is_empty()
                    && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
                out.push_str(&if bare { name.clone() } else { super::value::quoted(name) });
            }
        }
    }
    if out.is_empty() { "the document".into() } else { out }
}

fn pointer(text: &str) -> Result<Vec<Step>, Fault> {
    let token = |token: &str| {
        let mut out = String::new();
        let mut chars = token.chars();
        while let Some(ch) = chars.next() {
            match (ch, if ch == '~' { chars.next() } else { None }) {
                ('~', Some('0')) => out.push('~'),
                ('~', Some('1')) => out.push('/'),
                ('~', _) => {
                    return Err(Fault::usage(
                        format!("in a JSON pointer ~ stands before 0 or 1: {text:?}"),
                        "write ~0 for ~ and ~1 for /",
                    ));
                }
                (other, _) => out.push(other),
            }
        }
        Ok(Step::Token(out))
    };
    text[1..].split('/').map(token).collect()
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn fault(&self, what: &str) -> Fault {
        let column = self.text[..self.at].chars().count() + 1;
        Fault::usage(
            format!("key path {:?}, column {column}: {what}", self.text),
            "write a.b[0].\"key with dots\", list[-1], list[+] to append, or a JSON pointer like /a/b/0",
        )
    }

    fn dotted(mut self) -> Result<Vec<Step>, Fault> {
        let mut steps = Vec::new();
        // As jq has it.
        if self.rest().starts_with('.') {
            self.at += 1;
        }
        loop {
            if self.rest().starts_with('[') && (steps.is_empty() || self.at > 0) {
                steps.push(self.bracket()?);
            } else {
                steps.push(self.part()?);
            }
            while self.rest().starts_with('[') {
                steps.push(self.bracket()?);
            }
            match self.rest().chars().next() {
                None => return Ok(steps),
                Some('.') => self.at += 1,
                Some(_) => return Err(self.fault("expected '.' or '[' behind a quoted part or a bracket")),
            }
        }
    }

    fn part(&mut self) -> Result<Step, Fault> {
        if self.rest().starts_with(['"', '\'']) {
            return Ok(Step::Key(self.quoted()?));
        }
        let mut name = String::new();
        let mut chars = self.text[self.at..].chars();
        while let Some(ch) = chars.next() {
            let taken = match ch {
                '.' | '[' => break,
                '\\' => {
                    chars.next().ok_or_else(|| self.fault("a backslash must stand before a character"))?
                }
                _ => ch,
            };
            name.push(taken);
            self.at = self.text.len() - chars.as_str().len();
        }
        if name.is_empty() {
            return Err(self.fault("a part is empty; quote it if the key is the empty text"));
        }
        Ok(Step::Bare(name))
    }

    fn quoted(&mut self) -> Result<String, Fault> {
        let rest = self.rest();
        if let Some(literal) = rest.strip_prefix('\'') {
            let end = literal.find('\'').ok_or_else(|| self.fault("the quote is not closed"))?;
            let name = literal[..end].to_owned();
            self.at += end + 2;
            return Ok(name);
        }
        let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        match stream.next() {
            Some(Ok(name)) => {
                let length = stream.byte_offset();
                self.at += length;
                Ok(name)
            }
            _ => Err(self.fault("the quoted part is no JSON string")),
        }
    }

    fn bracket(&mut self) -> Result<Step, Fault> {
        self.at += 1;
        let step = match self.rest().chars().next() {
            Some('"' | '\'') => Step::Key(self.quoted()?),
            _ => {
                let end = self.rest().find(']').ok_or_else(|| self.fault("the bracket is not closed"))?;
                let inside = &self.rest()[..end];
                let step = match inside {
                    "+" => Step::Append,
                    _ => Step::Index(inside.parse().map_err(|_| {
                        self.fault(
                            "a bracket holds a number, + or a quoted key; quote a key that has brackets",
                        )
                    })?),
                };
                self.at += end;
                step
            }
        };
        if !self.rest().starts_with(']') {
            return Err(self.fault("expected ']'"));
        }
        self.at += 1;
        Ok(step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bare(name: &str) -> Step {
        Step::Bare(name.into())
    }

    fn key(name: &str) -> Step {
        Step::Key(name.into())
    }

    #[test]
    fn paths_are_read() {
        let token = |name: &str| Step::Token(name.into());
        for (text, steps) in [
            (".", vec![]),
            ("a", vec![bare("a")]),
            (".a.b", vec![bare("a"), bare("b")]),
            ("a.b[0][-1].c", vec![bare("a"), bare("b"), Step::Index(0), Step::Index(-1), bare("c")]),
            ("a[+]", vec![bare("a"), Step::Append]),
            ("[2]", vec![Step::Index(2)]),
            (r#"a."b.c"['d"']["\u0065"]"#, vec![bare("a"), key("b.c"), key("d\""), key("e")]),
            (r#"''."""#, vec![key(""), key("")]),
            (r"a\.b.c\[", vec![bare("a.b"), bare("c[")]),
            ("@scope/name", vec![bare("@scope/name")]),
            ("/a/0/x~1y~0", vec![token("a"), token("0"), token("x/y~")]),
            ("/", vec![token("")]),
        ] {
            assert_eq!(KeyPath::parse(text).unwrap().steps, steps, "{text}");
        }
    }

    #[test]
    fn faults_of_a_path_are_named() {
        for (text, part) in [
            ("", "column 1: a part is empty"),
            ("a..b", "column 3: a part is empty"),
            ("a.", "column 3: a part is empty"),
            ("a[x]", "column 3: a bracket holds"),
            ("a[]", "a bracket holds"),
            ("a[1", "the bracket is not closed"),
            ("a[1]b", "column 5: expected '.' or '['"),
            ("'a", "the quote is not closed"),
            ("\"a", "no JSON string"),
            ("a[\"b\"", "expected ']'"),
            ("a\\", "a backslash"),
            ("/a~2", "~ stands before"),
            ("a[99999999999999999999]", "a bracket holds"),
        ] {
            let fault = KeyPath::parse(text).unwrap_err();
            assert!(fault.to_string().contains(part), "{text}: {fault}");
        }
        assert!(KeyPath::parse(&"a.".repeat(200)).is_err());
        assert!(KeyPath::parse(&["a"; 200].join(".")).unwrap_err().to_string().contains("128"));
    }

    proptest! {
        #[test]
        fn every_key_can_be_quoted(names in proptest::collection::vec(".{0,8}", 1..5)) {
            let path: Vec<String> = names.iter().map(|name| super::super::value::quoted(name)).collect();
            let expected: Vec<Step> = names.into_iter().map(Step::Key).collect();
            prop_assert_eq!(KeyPath::parse(&path.join(".")).unwrap().steps, expected);
        }

        #[test]
        fn no_text_panics(text in "[ab.\\[\\]'\"\\\\+0-9/~-]{0,16}|\\PC{0,16}") {
            let _ = KeyPath::parse(&text);
        }
    }
}
