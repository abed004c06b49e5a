//! Values as all formats share them; numbers keep their spelling.

/// A value of a document, or one that is to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing, where the format has it.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as spelled.
    Number(String),
    /// A TOML date or time as spelled.
    Datetime(String),
    /// Text.
    String(String),
    /// Elements in order.
    Array(Vec<Value>),
    /// Members in order, duplicates included.
    Object(Vec<(String, Value)>),
}

/// One step from a container to something in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Taken {
    /// To a member.
    Key(String),
    /// To an element.
    Index(usize),
}

/// What an edit does to the tree of values, for the comparison with what the edited text says.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// The value at the place is this one; the place may be new.
    Set(Value),
    /// An element comes at the place and those behind it move back.
    Insert(Value),
    /// The place goes.
    Unset,
    /// The element at the place goes to this index.
    Move(usize),
}

impl Value {
    /// The kind with its article, for messages.
    pub fn kind_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(text) if is_integer(text) => "an integer",
            Value::Number(_) => "a number",
            Value::Datetime(_) => "a date or time",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        }
    }

    /// Whether it holds other values.
    pub fn is_container(&self) -> bool {
        matches!(self, Value::Array(_) | Value::Object(_))
    }

    /// The member of that name; of duplicates the last one, as for every reader.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let Value::Object(members) = self else { return None };
        members.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Whether both mean the same to a reader: order of members and spelling of numbers do not count, the last of
    /// duplicate keys does.
    pub fn same(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Number(one), Value::Number(two)) => {
                one == two || (is_integer(one) == is_integer(two) && canonical(one) == canonical(two))
            }
            (Value::Datetime(one), Value::Datetime(two)) => {
                one.replace(['t', ' '], "T").replace('z', "Z")
                    == two.replace(['t', ' '], "T").replace('z', "Z")
            }
            (Value::Array(one), Value::Array(two)) => {
                one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.same(two))
            }
            (Value::Object(one), Value::Object(two)) => {
                let (one, two) = (by_name(one), by_name(two));
                one.len() == two.len()
                    && one.iter().zip(&two).all(|(one, two)| one.0 == two.0 && one.1.same(two.1))
            }
            _ => self == other,
        }
    }

    /// The value as one line of JSON; dates and what JSON cannot spell become strings.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        self.print_json(&mut out);
        out
    }

    fn print_json(&self, out: &mut String) {
        match self {
            Value::Null => out.push_str("null"),
            Value::Bool(is) => out.push_str(if *is { "true" } else { "false" }),
            Value::Number(text) => out.push_str(&json_number(text)),
            Value::Datetime(text) | Value::String(text) => out.push_str(&quoted(text)),
            Value::Array(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    element.print_json(out);
                }
                out.push(']');
            }
            Value::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    out.push_str(if index == 0 { "" } else { "," });
                    out.push_str(&quoted(name));
                    out.push(':');
                    value.print_json(out);
                }
                out.push('}');
            }
        }
    }

    /// The value at a place.
    pub(super) fn at(&self, place: &[Taken]) -> Option<&Value> {
        place.iter().try_fold(self, |value, step| match (value, step) {
            (value, Taken::Key(name)) => value.get(name),
            (Value::Array(elements), Taken::Index(index)) => elements.get(*index),
            _ => None,
        })
    }

    /// Whether it is an object without members or an array without elements.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Value::Object(members) => members.is_empty(),
            Value::Array(elements) => elements.is_empty(),
            _ => false,
        }
    }

    /// What the tree is after a change at a place; `None` if the place is not there.
    pub(super) fn changed(mut self, place: &[Taken], change: &Change) -> Option<Value> {
        if place.is_empty() {
            return if let Change::Set(value) = change { Some(value.clone()) } else { None };
        }
        self.change(place, change)?;
        Some(self)
    }

    fn change(&mut self, place: &[Taken], change: &Change) -> Option<()> {
        match (self, place) {
            (Value::Object(members), [Taken::Key(name)]) => {
                if let Change::Unset = change {
                    members.retain(|(key, _)| key != name);
                    return Some(());
                }
                let Change::Set(value) = change else { return None };
                match members.iter_mut().rev().find(|(key, _)| key == name) {
                    Some((_, old)) => *old = value.clone(),
                    None => members.push((name.clone(), value.clone())),
                }
                Some(())
            }
            (Value::Array(elements), [Taken::Index(index)]) => {
                match change {
                    Change::Set(value) => *elements.get_mut(*index)? = value.clone(),
                    Change::Insert(value) if *index <= elements.len() => {
                        elements.insert(*index, value.clone())
                    }
                    Change::Unset if *index < elements.len() => drop(elements.remove(*index)),
                    Change::Move(to) if (*index).max(*to) < elements.len() => {
                        let moved = elements.remove(*index);
                        elements.insert(*to, moved);
                    }
                    _ => return None,
                }
                Some(())
            }
            (Value::Object(members), [Taken::Key(name), rest @ ..]) => {
                members.iter_mut().rev().find(|(key, _)| key == name)?.1.change(rest, change)
            }
            (Value::Array(elements), [Taken::Index(index), rest @ ..]) => {
                elements.get_mut(*index)?.change(rest, change)
            }
            _ => None,
        }
    }
}

/// Members by name, the last of each.
fn by_name(members: &[(String, Value)]) -> std::collections::BTreeMap<&str, &Value> {
    members.iter().map(|(name, value)| (name.as_str(), value)).collect()
}

/// A JSON string literal.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A number of any format as JSON has it; what JSON lacks (`inf`, `nan`) becomes a string.
fn json_number(text: &str) -> String {
    if super::typed::is_json_number(text) {
        return text.to_owned();
    }
    let plain = text.replace('_', "");
    let (sign, digits) =
        plain.strip_prefix('-').map_or(("", plain.trim_start_matches('+')), |rest| ("-", rest));
    if let Some(number) = radix(digits) {
        return format!("{sign}{number}");
    }
    let candidate = match digits.split_once('.') {
        Some(("", fraction)) => format!("{sign}0.{fraction}"),
        Some((whole, "")) => format!("{sign}{whole}"),
        Some((whole, fraction)) if fraction.starts_with(['e', 'E']) => format!("{sign}{whole}{fraction}"),
        _ => format!("{sign}{digits}"),
    };
    if super::typed::is_json_number(&candidate) { candidate } else { quoted(text) }
}

/// The value of `0x`, `0o` and `0b` digits.
fn radix(digits: &str) -> Option<u128> {
    let base = match digits.get(..2)? {
        "0x" | "0X" => 16,
        "0o" | "0O" => 8,
        "0b" | "0B" => 2,
        _ => return None,
    };
    u128::from_str_radix(&digits[2..], base).ok()
}

/// Whether a spelled number is an integer.
pub(super) fn is_integer(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    radix(&digits.replace('_', "")).is_some()
        || (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_'))
}

/// Sign, digits without zeros around them, and exponent: equal for equal numbers however long they are.
fn canonical(text: &str) -> (bool, String, i64) {
    let plain = text.replace('_', "").to_ascii_lowercase();
    let negative = plain.starts_with('-');
    let plain = plain.trim_start_matches(['-', '+']);
    if let Some(number) = radix(plain) {
        return canonical(&format!("{}{number}", if negative { "-" } else { "" }));
    }
    let (mantissa, exponent) = plain.split_once('e').unwrap_or((plain, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let Ok(exponent) = exponent.parse::<i64>() else { return (negative, plain.to_owned(), i64::MAX) };
    let digits = format!("{whole}{fraction}");
    let leading = digits.trim_start_matches('0');
    let kept = leading.trim_end_matches('0');
    let shift = (leading.len() - kept.len()) as i64 - fraction.len() as i64;
    if kept.is_empty() {
        return (negative, String::new(), 0);
    }
    (negative, kept.to_owned(), exponent.saturating_add(shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Value {
        Value::Number(text.into())
    }

    #[test]
    fn numbers_are_compared_by_value_and_exactly() {
        for (one, two) in [
            ("1.0", "1.00"),
            ("1e3", "1.0E+3"),
            ("100000.0", "1E5"),
            ("0xff", "255"),
            ("1_000", "1000"),
            ("0o17", "15"),
            ("-0.0", "-0e9"),
            ("+5", "5"),
        ] {
            assert!(number(one).same(&number(two)), "{one} {two}");
        }
        for (one, two) in [
            ("1", "1.0"),
            ("123456789012345678901234567890", "123456789012345678901234567891"),
            ("-1", "1"),
            ("0.0", "-0.0"),
            ("1e400", "1e401"),
            ("inf", "nan"),
        ] {
            assert!(!number(one).same(&number(two)), "{one} {two}");
        }
    }

    #[test]
    fn objects_are_compared_as_readers_see_them() {
        let one = Value::Object(vec![
            ("a".into(), number("1")),
            ("b".into(), Value::Null),
            ("a".into(), number("2")),
        ]);
        let two = Value::Object(vec![("b".into(), Value::Null), ("a".into(), number("2"))]);
        assert!(one.same(&two));
        assert_eq!(one.get("a"), Some(&number("2")));
        assert_eq!(one.to_json(), r#"{"a":1,"b":null,"a":2}"#);
    }

    #[test]
    fn numbers_of_other_formats_become_json() {
        for (text, json) in [
            ("0xff", "255"),
            ("1_000.5", "1000.5"),
            ("+1", "1"),
            (".5", "0.5"),
            ("5.", "5"),
            ("-0o17", "-15"),
            ("inf", "\"inf\""),
            ("1E5", "1E5"),
        ] {
            assert_eq!(number(text).to_json(), json);
        }
    }

    #[test]
    fn a_change_moves_and_inserts() {
        let array = || Value::Array(["1", "2", "3"].map(number).to_vec());
        let at = |index| vec![Taken::Index(index)];
        assert_eq!(array().changed(&at(0), &Change::Move(2)).unwrap().to_json(), "[2,3,1]");
        assert_eq!(array().changed(&at(3), &Change::Insert(number("4"))).unwrap().to_json(), "[1,2,3,4]");
        assert_eq!(array().changed(&at(1), &Change::Unset).unwrap().to_json(), "[1,3]");
        assert_eq!(array().changed(&at(3), &Change::Unset), None);
    }
}
