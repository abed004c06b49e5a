//! Prints new TOML values: valid in 1.0, on one line unless the array around it has several, in the quotes of the old.

use super::super::fault::Fault;
use super::super::value::Value;
use super::number::is_number;

/// A key as short as it may be written.
pub(super) fn key(name: &str) -> String {
    let is_bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !name.is_empty() && name.bytes().all(is_bare) { name.to_owned() } else { basic(name) }
}

/// A dotted key.
pub(super) fn dotted(names: &[String]) -> String {
    names.iter().map(|name| key(name)).collect::<Vec<String>>().join(".")
}

/// A value on one line; strings in the quotes of `like`, the source of an old one, if they can be.
pub(super) fn value(value: &Value, like: &str) -> Result<String, Fault> {
    Ok(match value {
        Value::Null => {
            return Err(Fault::value("TOML has no null", "unset the key, or set an empty string or false"));
        }
        Value::Bool(is) => is.to_string(),
        Value::Datetime(text) => text.clone(),
        Value::Number(text) if is_number(text) => text.clone(),
        Value::Number(text) => {
            return Err(Fault::value(
                format!("{text} is no number in TOML (integers have 64 bits)"),
                "write it as a string, with --type string",
            ));
        }
        Value::String(text) => string(text, like),
        Value::Array(elements) => {
            let elements: Result<Vec<String>, Fault> =
                elements.iter().map(|element| self::value(element, like)).collect();
            format!("[{}]", elements?.join(", "))
        }
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let member = |(name, value): &(String, Value)| {
                Ok(format!("{} = {}", key(name), self::value(value, like)?))
            };
            let members: Result<Vec<String>, Fault> = members.iter().map(member).collect();
            format!("{{ {} }}", members?.join(", "))
        }
    })
}

fn string(text: &str, like: &str) -> String {
    let is_plain = |ch: char| ch == '\t' || !ch.is_control();
    if like.starts_with("\"\"\"") && text.contains('\n') {
        return several_lines(text, like);
    }
    if like.starts_with("'''")
        && !text.contains("'''")
        && !text.ends_with('\'')
        && text.chars().all(|ch| ch == '\n' || is_plain(ch))
    {
        let newline = if like.contains("\r\n") { "\r\n" } else { "\n" };
        let opening = if like[3..].starts_with(['\n', '\r']) { newline } else { "" };
        if newline == "\n" || !text.contains('\n') {
            return format!("'''{opening}{text}'''");
        }
    }
    if like.starts_with('\'') && !text.contains('\'') && text.chars().all(is_plain) {
        return format!("'{text}'");
    }
    basic(text)
}

fn several_lines(text: &str, like: &str) -> String {
    let opening = if like[3..].starts_with(['\n', '\r']) { "\n" } else { "" };
    let escaped: Vec<String> = text
        .split('\n')
        .map(|line| {
            let quoted = basic(line);
            quoted[1..quoted.len() - 1].replace("\\\"", "\"").replace("\"\"\"", "\"\"\\\"")
        })
        .collect();
    let mut body = escaped.join("\n");
    if body.ends_with('"') {
        body.truncate(body.len() - 1);
        body.push_str("\\\"");
    }
    format!("\"\"\"{opening}{body}\"\"\"")
}

fn basic(text: &str) -> String {
    let mut out = String::from("\"");
    for ch in text.chars() {
        match ch {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ch if (ch as u32) < 0x20 || ch == '\u{7f}' => out.push_str(&format!("\\u{:04X}", ch as u32)),
            ch => out.push(ch),
        }
    }
    out + "\""
}
