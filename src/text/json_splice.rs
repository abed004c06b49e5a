//! Inserts and removes elements and members of a JSON text by splices, in the style that the text already has.

use super::json_parse::{JsonDocument, JsonKind, JsonNode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ops::Range;

/// Indentation of a text that shows none of its own.
const INDENT_DEFAULT: &str = "  ";

/// One edit of a text: at byte `at`, `remove` bytes go and `insert` comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Splice {
    /// Byte offset.
    pub at: usize,
    /// Bytes that go.
    pub remove: usize,
    /// Text that comes.
    pub insert: String,
}

impl Splice {
    fn replacing(range: Range<usize>, insert: String) -> Splice {
        Splice { at: range.start, remove: range.end - range.start, insert }
    }

    /// The edited text; `None` if the splice does not fit the text.
    pub fn apply(&self, text: &str) -> Option<String> {
        let end = self.at.checked_add(self.remove)?;
        Some([text.get(..self.at)?, &self.insert, text.get(end..)?].concat())
    }

    /// The splice that takes this one back, for the text that this one was made for.
    pub fn inverse(&self, text: &str) -> Option<Splice> {
        let insert = text.get(self.at..self.at.checked_add(self.remove)?)?.to_owned();
        Some(Splice { at: self.at, remove: self.insert.len(), insert })
    }
}

/// How a text is laid out, as far as new values must follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonStyle {
    /// One level of indentation.
    pub indent: String,
    /// `\n`, `\r\n` or `\r`.
    pub newline: &'static str,
    /// What stands between a key and its value.
    pub colon: String,
    /// Whether values are spread over lines.
    pub expanded: bool,
}

impl JsonStyle {
    /// Reads the style off the first members of the root; an empty text gets two spaces and `\n`.
    pub fn of(document: &JsonDocument<'_>) -> JsonStyle {
        let text = document.text;
        let newline = match text.find(['\n', '\r']) {
            Some(at) if text[at..].starts_with("\r\n") => "\r\n",
            Some(at) if text[at..].starts_with('\r') => "\r",
            _ => "\n",
        };
        let Some(root) = &document.root else {
            return JsonStyle { indent: INDENT_DEFAULT.into(), newline, colon: ": ".into(), expanded: true };
        };
        let items = items(root);
        let inside = &text[root.span.clone()];
        let expanded = items.is_empty() || inside.contains(['\n', '\r']);
        let indent = items.first().and_then(|first| {
            let own = line_indent(text, first.start)?;
            own.strip_prefix(outer_indent(text, root.span.start)).filter(|unit| !unit.is_empty())
        });
        let colon = root.members().first().map(|member| &text[member.key.end..member.value.span.start]);
        let colon = colon.filter(|colon| !colon.contains(['\n', '\r'])).unwrap_or(": ");
        JsonStyle { indent: indent.unwrap_or(INDENT_DEFAULT).into(), newline, colon: colon.into(), expanded }
    }
}

/// Inserts `value` before the element at `index` of an array, or at its end.
pub fn insert_element(document: &JsonDocument<'_>, array: &JsonNode, index: usize, value: &Value) -> Splice {
    insert(document, array, index, None, value)
}

/// Inserts a member before the one at `index` of an object, or at its end.
pub fn insert_member(
    document: &JsonDocument<'_>,
    object: &JsonNode,
    index: usize,
    name: &str,
    value: &Value,
) -> Splice {
    insert(document, object, index, Some(name), value)
}

/// Removes the element at `index` of an array together with one comma; an index beyond the end removes nothing.
pub fn remove_element(array: &JsonNode, index: usize) -> Splice {
    remove(array, index)
}

/// Removes the member at `index` of an object together with one comma; an index beyond the end removes nothing.
pub fn remove_member(object: &JsonNode, index: usize) -> Splice {
    remove(object, index)
}

/// Puts `value` into the place of a node.
pub fn replace_node(document: &JsonDocument<'_>, node: &JsonNode, value: &Value) -> Splice {
    let style = JsonStyle::of(document);
    let expanded = style.expanded && document.text[node.span.clone()].contains(['\n', '\r']);
    let indent = outer_indent(document.text, node.span.start);
    Splice::replacing(node.span.clone(), Printer { style: &style, expanded }.value(value, indent))
}

/// The spans of a container's items: elements, or members with their keys.
fn items(node: &JsonNode) -> Vec<Range<usize>> {
    match &node.kind {
        JsonKind::Array(elements) => elements.iter().map(|element| element.span.clone()).collect(),
        JsonKind::Object(members) => {
            members.iter().map(|member| member.key.start..member.value.span.end).collect()
        }
        _ => Vec::new(),
    }
}

fn remove(container: &JsonNode, index: usize) -> Splice {
    let items = items(container);
    let range = match (index, items.as_slice()) {
        (0, [_]) => container.span.start + 1..container.span.end - 1,
        (0, [first, second, ..]) => first.start..second.start,
        (index, items) if index < items.len() => items[index - 1].end..items[index].end,
        _ => container.span.end..container.span.end,
    };
    Splice::replacing(range, String::new())
}

fn insert(
    document: &JsonDocument<'_>,
    container: &JsonNode,
    index: usize,
    name: Option<&str>,
    value: &Value,
) -> Splice {
    let text = document.text;
    let style = JsonStyle::of(document);
    let items = items(container);
    let print = |indent: &str, expanded: bool| {
        let printer = Printer { style: &style, expanded };
        let value = printer.value(value, indent);
        match name {
            Some(name) => format!("{}{}{value}", Value::from(name), style.colon),
            None => value,
        }
    };
    let Some(last) = items.last() else {
        let inside = container.span.start + 1..container.span.end - 1;
        if !style.expanded {
            return Splice::replacing(inside, print("", false));
        }
        let outer = outer_indent(text, container.span.start);
        let indent = format!("{outer}{}", style.indent);
        let newline = style.newline;
        return Splice::replacing(
            inside,
            format!("{newline}{indent}{}{newline}{outer}", print(&indent, true)),
        );
    };
    let beside = items.get(index).unwrap_or(last);
    let one_line = !text[container.span.clone()].contains(['\n', '\r']);
    let own_line = line_indent(text, beside.start);
    let gap = match own_line {
        Some(indent) => format!("{}{indent}", style.newline),
        None => match items.get(..2) {
            Some([first, second]) if one_line => {
                text[first.end..second.start].split_once(',').map_or(" ", |(_, gap)| gap).to_owned()
            }
            _ if one_line && !style.colon.ends_with(' ') => String::new(),
            _ => " ".to_owned(),
        },
    };
    let indent = own_line.unwrap_or_else(|| outer_indent(text, beside.start));
    let item = print(indent, !one_line);
    if index < items.len() {
        Splice::replacing(beside.start..beside.start, format!("{item},{gap}"))
    } else {
        Splice::replacing(last.end..last.end, format!(",{gap}{item}"))
    }
}

/// The white space before `at`, if nothing else stands before it on its line.
fn line_indent(text: &str, at: usize) -> Option<&str> {
    let before = &text[..at];
    let start = before.rfind(['\n', '\r'])? + 1;
    before[start..].bytes().all(|byte| matches!(byte, b' ' | b'\t')).then(|| &before[start..])
}

/// The white space at the start of the line on which `at` lies.
fn outer_indent(text: &str, at: usize) -> &str {
    let before = &text[..at];
    let start = before.rfind(['\n', '\r']).map_or(0, |newline| newline + 1);
    let line = &before[start..];
    let end = line.find(|ch| !matches!(ch, ' ' | '\t')).unwrap_or(line.len());
    &line[..end]
}

struct Printer<'s> {
    style: &'s JsonStyle,
    expanded: bool,
}

impl Printer<'_> {
    fn value(&self, value: &Value, indent: &str) -> String {
        match value {
            Value::Object(members) if !members.is_empty() => {
                let item = |deeper: &str| {
                    let print = |(name, value): (&String, &Value)| {
                        let name = Value::from(name.as_str());
                        format!("{name}{}{}", self.style.colon, self.value(value, deeper))
                    };
                    members.iter().map(print).collect()
                };
                self.container('{', '}', indent, self.expanded, item)
            }
            Value::Array(elements) if !elements.is_empty() => {
                let nested = elements.iter().any(|element| element.is_object() || element.is_array());
                let item =
                    |deeper: &str| elements.iter().map(|element| self.value(element, deeper)).collect();
                self.container('[', ']', indent, self.expanded && nested, item)
            }
            scalar_or_empty => scalar_or_empty.to_string(),
        }
    }

    fn container(
        &self,
        open: char,
        close: char,
        indent: &str,
        expanded: bool,
        items: impl FnOnce(&str) -> Vec<String>,
    ) -> String {
        if !expanded {
            let comma = if self.style.colon.ends_with(' ') { ", " } else { "," };
            return format!("{open}{}{close}", items(indent).join(comma));
        }
        let deeper = format!("{indent}{}", self.style.indent);
        let newline = self.style.newline;
        let lines = items(&deeper).join(&format!(",{newline}{deeper}"));
        format!("{open}{newline}{deeper}{lines}{newline}{indent}{close}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn parse(text: &str) -> (JsonDocument<'_>, JsonNode) {
        let document = JsonDocument::parse(text.as_bytes()).unwrap();
        let root = document.root.clone().unwrap();
        (document, root)
    }

    fn appended(text: &str, value: Value) -> String {
        let (document, root) = parse(text);
        let array = root.get("a").unwrap();
        insert_element(&document, array, usize::MAX, &value).apply(text).unwrap()
    }

    #[test]
    fn new_elements_follow_the_style_of_the_file() {
        let value = || json!({ "b": ["x"], "c": [{ "d": 1 }] });
        for (before, after) in [
            (
                "{\n\t\"a\": [\n\t\t1\n\t]\n}",
                "{\n\t\"a\": [\n\t\t1,\n\t\t{\n\t\t\t\"b\": [\"x\"],\n\t\t\t\"c\": [\n\t\t\t\t{\n\t\t\t\t\t\"d\": 1\n\t\t\t\t}\n\t\t\t]\n\t\t}\n\t]\n}",
            ),
            ("{\"a\":[1]}", "{\"a\":[1,{\"b\":[\"x\"],\"c\":[{\"d\":1}]}]}"),
            ("{\"a\": []}", "{\"a\": [{\"b\": [\"x\"], \"c\": [{\"d\": 1}]}]}"),
            ("{\n \"a\": [1, 2]\n}", "{\n \"a\": [1, 2, {\"b\": [\"x\"], \"c\": [{\"d\": 1}]}]\n}"),
            (
                "{\r\n    \"a\" : [ ]\r\n}\r\n",
                "{\r\n    \"a\" : [\r\n        {\r\n            \"b\" : [\"x\"],\r\n            \"c\" : [\r\n                {\r\n                    \"d\" : 1\r\n                }\r\n            ]\r\n        }\r\n    ]\r\n}\r\n",
            ),
            (
                "{\n  \"a\": [{\n    \"x\": 1\n  }]\n}",
                "{\n  \"a\": [{\n    \"x\": 1\n  }, {\n    \"b\": [\"x\"],\n    \"c\": [\n      {\n        \"d\": 1\n      }\n    ]\n  }]\n}",
            ),
        ] {
            assert_eq!(appended(before, value()), after, "{before}");
        }
    }

    #[test]
    fn insertion_at_the_front_and_members() {
        let text = "{\"a\": [1, 2], \"b\": {}}";
        let (document, root) = parse(text);
        let array = root.get("a").unwrap();
        let spliced = insert_element(&document, array, 0, &json!(0)).apply(text).unwrap();
        assert_eq!(spliced, "{\"a\": [0, 1, 2], \"b\": {}}");
        let spliced = insert_member(&document, &root, 1, "c\"", &json!(null)).apply(text).unwrap();
        assert_eq!(spliced, "{\"a\": [1, 2], \"c\\\"\": null, \"b\": {}}");
        let text = "{\n  \"a\": {\"x\": 1}\n}";
        let (document, root) = parse(text);
        let node = root.get("a").unwrap();
        assert_eq!(
            replace_node(&document, node, &json!({"y": 2})).apply(text).unwrap(),
            "{\n  \"a\": {\"y\": 2}\n}"
        );
    }

    #[test]
    fn removal_takes_exactly_one_comma() {
        let text = "[1 , 2,\n  3]";
        let (_, root) = parse(text);
        let removed = |index| remove_element(&root, index).apply(text).unwrap();
        assert_eq!((removed(0).as_str(), removed(1).as_str()), ("[2,\n  3]", "[1,\n  3]"));
        assert_eq!((removed(2).as_str(), removed(3).as_str()), ("[1 , 2]", text));
        let text = "{ \"a\": 1 }";
        let (_, root) = parse(text);
        assert_eq!(remove_member(&root, 0).apply(text).unwrap(), "{}");
    }

    #[test]
    fn a_splice_that_does_not_fit_is_refused() {
        let splice = Splice { at: 1, remove: 1, insert: String::new() };
        assert_eq!(splice.apply("aé"), None);
        assert_eq!(splice.inverse("a"), None);
        assert_eq!(Splice { at: usize::MAX, remove: 1, insert: String::new() }.apply("a"), None);
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::vec(("[a-c]{1,2}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn insert_says_what_was_asked_and_its_inverse_restores_the_bytes(
            elements in proptest::collection::vec(json_value(), 0..4),
            value in json_value(),
            index in 0_usize..6,
            pretty in any::<bool>(),
            space in "[ \t\n\r]{0,3}",
        ) {
            let array = Value::from(elements.clone());
            let text = if pretty { serde_json::to_string_pretty(&array) } else { serde_json::to_string(&array) };
            let text = format!("{space}{}{space}", text.unwrap().replacen('[', &format!("[{space}"), 1));
            let (document, root) = parse(&text);
            let splice = insert_element(&document, &root, index, &value);
            let spliced = splice.apply(&text).unwrap();
            let mut expected = elements.clone();
            expected.insert(index.min(elements.len()), value);
            prop_assert_eq!(serde_json::from_str::<Value>(&spliced).unwrap(), Value::from(expected));
            let restored = splice.inverse(&text).unwrap().apply(&spliced).unwrap();
            prop_assert_eq!(&restored, &text);
            if !elements.is_empty() && index >= elements.len() {
                let (_, root) = parse(&spliced);
                let removed = remove_element(&root, index.min(elements.len())).apply(&spliced).unwrap();
                prop_assert_eq!(removed, text);
            }
        }
    }
}
