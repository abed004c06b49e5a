//! Prints new JSON values in the style of the text around them.

use super::super::items::Spot;
use super::super::value::{Value, quoted};

/// How a text spells what a new value must follow.
pub(super) struct Printer<'s> {
    /// One level of indentation.
    pub(super) indent: &'s str,
    /// The line ending.
    pub(super) newline: &'s str,
    /// What stands between key and value.
    pub(super) colon: &'s str,
}

impl Printer<'_> {
    /// A member: key, colon and value.
    pub(super) fn member(&self, name: &str, value: &Value, spot: &Spot<'_>) -> String {
        format!("{}{}{}", quoted(name), self.colon, self.value(value, spot))
    }

    /// A value; arrays of scalars take one line, whatever else has members takes several where that is the style.
    pub(super) fn value(&self, value: &Value, spot: &Spot<'_>) -> String {
        let deeper = format!("{}{}", spot.indent, self.indent);
        let inside = Spot { indent: &deeper, expanded: spot.expanded };
        match value {
            Value::Object(members) if !members.is_empty() => {
                let items = members.iter().map(|(name, value)| self.member(name, value, &inside)).collect();
                self.container(['{', '}'], items, spot.expanded, spot.indent, &deeper)
            }
            Value::Array(elements) if !elements.is_empty() => {
                let items = elements.iter().map(|element| self.value(element, &inside)).collect();
                let nested = elements.iter().any(Value::is_container);
                self.container(['[', ']'], items, spot.expanded && nested, spot.indent, &deeper)
            }
            scalar_or_empty => scalar_or_empty.to_json(),
        }
    }

    fn container(
        &self,
        [open, close]: [char; 2],
        items: Vec<String>,
        expanded: bool,
        outer: &str,
        deeper: &str,
    ) -> String {
        if !expanded {
            let comma = if self.colon.ends_with(' ') { ", " } else { "," };
            return format!("{open}{}{close}", items.join(comma));
        }
        let newline = self.newline;
        let items = items.join(&format!(",{newline}{deeper}"));
        format!("{open}{newline}{deeper}{items}{newline}{outer}{close}")
    }
}
