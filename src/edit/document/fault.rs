//! Why a document was not read or not changed, without the path that only the caller knows.

use crate::text::line_and_column;

/// Longest part of a line that an error shows, in characters.
const EXCERPT_CHARS_MAX: usize = 120;

/// Why a document was not read or not changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The document does not parse.
    #[error("line {line}, column {column}: {message}\n{excerpt}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What is wrong there.
        message: String,
        /// The line and a caret below it.
        excerpt: String,
    },
    /// A key, an index or a parent is not there.
    #[error("{message}")]
    Missing {
        /// What is not there, and what is near.
        message: String,
        /// What to do instead.
        hint: String,
    },
    /// The path can be read in more than one way.
    #[error("{message}")]
    Ambiguous {
        /// The ways.
        message: String,
    },
    /// A value does not fit its type or its place.
    #[error("{message}")]
    Value {
        /// Which value, and why not.
        message: String,
        /// What to do instead.
        hint: String,
    },
    /// An edit that would change more than was asked for.
    #[error("{message}")]
    Refused {
        /// What it would change.
        message: String,
        /// What to do instead.
        hint: String,
    },
    /// The path or the request makes no sense.
    #[error("{message}")]
    Usage {
        /// What is wrong.
        message: String,
        /// What to do instead.
        hint: String,
    },
}

impl Fault {
    /// A syntax error at a byte offset of `text`, with its line and a caret.
    pub(super) fn syntax(text: &str, offset: usize, message: impl Into<String>) -> Fault {
        let (line, column) = line_and_column(text, offset);
        Fault::Syntax { line, column, message: message.into(), excerpt: excerpt(text, offset) }
    }

    /// The bytes are not UTF-8, which every format here demands.
    pub(super) fn not_utf8(bytes: &[u8], valid: usize) -> Fault {
        let good = String::from_utf8_lossy(&bytes[..valid]);
        Fault::syntax(&good, good.len(), "the file is not valid UTF-8")
    }

    pub(super) fn missing(message: impl Into<String>, hint: impl Into<String>) -> Fault {
        Fault::Missing { message: message.into(), hint: hint.into() }
    }

    pub(super) fn value(message: impl Into<String>, hint: impl Into<String>) -> Fault {
        Fault::Value { message: message.into(), hint: hint.into() }
    }

    pub(super) fn refused(message: impl Into<String>, hint: impl Into<String>) -> Fault {
        Fault::Refused { message: message.into(), hint: hint.into() }
    }

    pub(super) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Fault {
        Fault::Usage { message: message.into(), hint: hint.into() }
    }

    /// The edited text would not mean what was asked for; nothing was written.
    pub(super) fn unverified() -> Fault {
        Fault::refused(
            "the edited text would not read back as the document with just this change",
            "nothing was changed; edit this place with rtk write replace",
        )
    }

    /// What to do next.
    pub fn hint(&self) -> &str {
        match self {
            Fault::Syntax { .. } => "mend that place first; nothing was changed",
            Fault::Ambiguous { .. } => "quote the parts that are one key, or use a JSON pointer",
            Fault::Missing { hint, .. }
            | Fault::Value { hint, .. }
            | Fault::Refused { hint, .. }
            | Fault::Usage { hint, .. } => hint,
        }
    }
}

/// The line of a byte offset, cut to a window around it, and a caret below the place.
fn excerpt(text: &str, offset: usize) -> String {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    let start = text[..offset].rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let before: Vec<char> = text[start..offset].chars().filter(|ch| *ch != '\u{feff}').collect();
    let skip = before.len().saturating_sub(EXCERPT_CHARS_MAX / 2);
    let rest = text[offset..].chars().take_while(|ch| !matches!(ch, '\n' | '\r'));
    let plain = |ch: char| if ch.is_control() { ' ' } else { ch };
    let shown: String =
        before[skip..].iter().copied().chain(rest).take(EXCERPT_CHARS_MAX).map(plain).collect();
    format!("  {shown}\n  {:>1$}", "^", before.len() - skip + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_shows_its_place() {
        let text = "\u{feff}{\r\n\t\"é\": ,\r\n}";
        let fault = Fault::syntax(text, text.find(',').unwrap(), "expected a value");
        assert_eq!(fault.to_string(), "line 2, column 7: expected a value\n   \"é\": ,\n        ^");
        let long = format!("{}!{}", "a".repeat(500), "b".repeat(500));
        let Fault::Syntax { column, excerpt, .. } = Fault::syntax(&long, 500, "x") else { panic!() };
        assert_eq!(column, 501);
        let lines: Vec<&str> = excerpt.lines().collect();
        assert_eq!(lines[0].chars().nth(lines[1].chars().count() - 1), Some('!'));
        assert!(lines[0].chars().count() < 130);
    }
}
