//! The way back out of a file that other hands have changed since: what an installation put in is found again by its
//! text, so that the bytes around it come back too, as `[ ]` and `[]` cannot be told apart by rule. Pure.

use crate::text::{JsonDocument, JsonKind, JsonNode, Splice};
use serde::{Deserialize, Serialize};

/// How an inverse splice finds its place again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Anchor {
    /// What the splice takes out.
    text: String,
    /// Which of its occurrences that is, from 0.
    index: usize,
    /// How many there are.
    of: usize,
}

/// The anchors of splices that apply to `text` one after the other; fewer when one does not fit.
pub(super) fn anchors(text: &str, splices: &[Splice]) -> Vec<Anchor> {
    let mut text = text.to_owned();
    let mut anchors = Vec::new();
    for splice in splices {
        let taken = splice.at.checked_add(splice.remove).and_then(|end| text.get(splice.at..end));
        let Some(taken) = taken.filter(|taken| !taken.is_empty()).map(str::to_owned) else { break };
        let found: Vec<_> = text.match_indices(&taken).map(|(at, _)| at).collect();
        let Some(index) = found.iter().position(|at| *at == splice.at) else { break };
        anchors.push(Anchor { text: taken, index, of: found.len() });
        let Some(next) = splice.apply(&text) else { break };
        text = next;
    }
    anchors
}

/// Applies the splices where their anchors are found in a text that may differ elsewhere, in its kind of newline too;
/// `None` when one of them is not there exactly as often as it was.
pub(super) fn take_back(text: &str, splices: &[Splice], anchors: &[Anchor]) -> Option<String> {
    if splices.is_empty() || splices.len() != anchors.len() {
        return None;
    }
    let as_it_was = |words: &str| words.to_owned();
    let lf = |words: &str| words.replace("\r\n", "\n");
    let crlf = |words: &str| lf(words).replace('\n', "\r\n");
    let spellings: [&dyn Fn(&str) -> String; 3] = [&as_it_was, &lf, &crlf];
    spellings.into_iter().find_map(|spelled| take_back_as(text, splices, anchors, spelled))
}

fn take_back_as(
    text: &str,
    splices: &[Splice],
    anchors: &[Anchor],
    spelled: &dyn Fn(&str) -> String,
) -> Option<String> {
    splices.iter().zip(anchors).try_fold(text.to_owned(), |text, (splice, anchor)| {
        let taken = spelled(&anchor.text);
        let found: Vec<_> = text.match_indices(&taken).map(|(at, _)| at).collect();
        let at = *found.get(anchor.index).filter(|_| found.len() == anchor.of)?;
        Splice { at, remove: taken.len(), insert: spelled(&splice.insert) }.apply(&text)
    })
}

/// Whether two texts hold the same JSON, in the same order, with the same spelling of numbers.
pub(super) fn same_value(one: &str, other: &str) -> bool {
    match (JsonDocument::parse(one.as_bytes()), JsonDocument::parse(other.as_bytes())) {
        (Ok(one), Ok(other)) => match (&one.root, &other.root) {
            (Some(a), Some(b)) => same(&one, a, &other, b),
            (None, None) => true,
            _ => false,
        },
        _ => false,
    }
}

fn same(one: &JsonDocument<'_>, a: &JsonNode, other: &JsonDocument<'_>, b: &JsonNode) -> bool {
    match (&a.kind, &b.kind) {
        (JsonKind::Number, JsonKind::Number) => one.text[a.span.clone()] == other.text[b.span.clone()],
        (JsonKind::Array(these), JsonKind::Array(those)) => {
            these.len() == those.len() && these.iter().zip(those).all(|(a, b)| same(one, a, other, b))
        }
        (JsonKind::Object(these), JsonKind::Object(those)) => {
            let pairs = || these.iter().zip(those);
            these.len() == those.len()
                && pairs().all(|(a, b)| a.name == b.name && same(one, &a.value, other, &b.value))
        }
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_found_again_between_other_changes() {
        let splice = |at, remove, insert: &str| Splice { at, remove, insert: insert.into() };
        // Two equal texts went in at places that had looked different.
        let before = "{\"a\": [ ], \"b\": []}";
        let after = "{\"a\": [1], \"b\": [1]}";
        let inverse = [splice(7, 1, " "), splice(17, 1, "")];
        let anchors = anchors(after, &inverse);
        assert_eq!(
            anchors.iter().map(|anchor| (anchor.index, anchor.of)).collect::<Vec<_>>(),
            [(0, 2), (0, 1)]
        );
        assert_eq!(take_back(after, &inverse, &anchors).unwrap(), before);
        let changed = after.replace("\"b\"", "\"c\": {},  \"b\"");
        assert_eq!(
            take_back(&changed, &inverse, &anchors).unwrap(),
            before.replace("\"b\"", "\"c\": {},  \"b\"")
        );
        for lost in [after.replace("[1]}", "[2]}"), after.replace("[1],", "[1, 1],"), String::new()] {
            assert_eq!(take_back(&lost, &inverse, &anchors), None, "{lost}");
        }
        assert_eq!(take_back(after, &inverse, &anchors[..1]), None);
    }

    #[test]
    fn what_was_put_in_is_found_again_in_another_kind_of_newline() {
        let inverse = [Splice { at: 1, remove: 4, insert: "\n\t".into() }];
        let anchors = anchors("{\n1,\n}", &inverse);
        assert_eq!(take_back("{\r\n1,\r\n}", &inverse, &anchors).unwrap(), "{\r\n\t}");
        let inverse = [Splice { at: 1, remove: 6, insert: "\r\n".into() }];
        let anchors = super::anchors("{\r\n1,\r\n}", &inverse);
        assert_eq!(take_back("{\n1,\n}", &inverse, &anchors).unwrap(), "{\n}");
    }

    #[test]
    fn values_are_compared_by_what_they_say() {
        assert!(same_value("{\"a\":[1,\"\\u0041\"]}", "{ \"a\" : [ 1, \"A\" ] }"));
        assert!(same_value("", " "));
        for (one, other) in
            [("1", "1.0"), ("[]", "{}"), ("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"), ("[1]", ""), ("x", "x")]
        {
            assert!(!same_value(one, other), "{one} {other}");
        }
    }
}
