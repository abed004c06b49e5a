//! Prints new YAML: scalars in the style of the old, plain where every reader takes them for text, containers as
//! blocks or in flow style.

use super::super::value::{Value, quoted};
use saphyr_parser::ScalarStyle;

/// What new lines must follow.
pub(super) struct Layout {
    /// Blanks of one level.
    pub(super) unit: usize,
    /// Blanks of the dashes of a list below a key.
    pub(super) dash_indent: usize,
    pub(super) newline: &'static str,
}

/// What a plain scalar means: the core schema of YAML 1.2.
pub(super) fn resolved(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ if is_number(text) => Value::Number(text.to_owned()),
        _ => Value::String(text.to_owned()),
    }
}

/// Whether a plain scalar is a number in the core schema.
pub(super) fn is_number(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(octal) = text.strip_prefix("0o") {
        return !octal.is_empty() && octal.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return true;
    }
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let has_digits = digits(whole) || digits(fraction);
    let fits = |part: &str| part.is_empty() || digits(part);
    has_digits
        && fits(whole)
        && fits(fraction)
        && digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))
}

/// What readers of YAML 1.1 take a plain scalar for, where those of 1.2 see a text or another number: `yes`, `1_000`,
/// `0777` and `12:30` are a boolean and numbers for them.
pub(super) fn old_reading(text: &str) -> Option<Value> {
    match text {
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Some(Value::Bool(true)),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Some(Value::Bool(false)),
        _ => {}
    }
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let plain = unsigned.replace('_', "");
    let bytes = plain.as_bytes();
    if !bytes.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let number = |number: u64| Some(Value::Number(format!("{sign}{number}")));
    if bytes.len() > 1 && bytes[0] == b'0' && bytes.iter().all(u8::is_ascii_digit) {
        return u64::from_str_radix(&plain, 8).ok().and_then(number);
    }
    if let Some(bits) = plain.strip_prefix("0b") {
        return u64::from_str_radix(bits, 2).ok().and_then(number);
    }
    if plain.contains(':') {
        let sixties = |all: u64, part: &str| {
            let is = part.bytes().all(|byte| byte.is_ascii_digit()) && part.len() <= 2;
            let part = part.parse::<u64>().ok().filter(|part| is && *part < 60)?;
            all.checked_mul(60)?.checked_add(part)
        };
        let (first, rest) = plain.split_once(':')?;
        return rest.split(':').try_fold(first.parse().ok()?, sixties).and_then(number);
    }
    (plain.len() < unsigned.len() && is_number(&plain)).then(|| Value::Number(format!("{sign}{plain}")))
}

/// Whether some reader takes a plain scalar for something else than text: YAML 1.1 has more numbers, dates and words.
fn is_taken_otherwise(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    if !matches!(resolved(text), Value::String(_))
        || matches!(
            lower.as_str(),
            "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null" | "=" | "<<"
        )
    {
        return true;
    }
    let unsigned = lower.trim_start_matches(['-', '+']);
    let starts_as_number = unsigned.starts_with(|ch: char| ch.is_ascii_digit() || ch == '.');
    let plain = unsigned.replace('_', "");
    let is_old_number = starts_as_number
        && (is_number(&plain)
            || plain
                .strip_prefix("0b")
                .is_some_and(|bits| bits.bytes().all(|byte| matches!(byte, b'0' | b'1')))
            || plain.split(':').all(|part| !part.is_empty() && is_number(part)));
    let bytes = lower.as_bytes();
    let is_date = bytes.len() >= 8
        && bytes[4] == b'-'
        && bytes[..4].iter().all(u8::is_ascii_digit)
        && bytes[5].is_ascii_digit();
    is_old_number || is_date
}

/// Whether a text may stand without quotes.
fn is_plain(text: &str, is_flow: bool) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let second = text.chars().nth(1);
    let opens = match first {
        '-' | '?' | ':' => second.is_none_or(|ch| ch == ' ' || (is_flow && ",[]{}".contains(ch))),
        ',' | '[' | ']' | '{' | '}' | '#' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%' | '@' | '`' => {
            true
        }
        _ => false,
    };
    !opens
        && text.trim() == text
        && !text
            .chars()
            .any(|ch| ch.is_control() || matches!(ch, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{85}'))
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.ends_with(':')
        && !text.starts_with("---")
        && !text.starts_with("...")
        && !(is_flow && text.contains([',', '[', ']', '{', '}']))
        && !is_taken_otherwise(text)
}

/// A scalar on one line, in the quotes of `like` where they can hold it.
pub(super) fn scalar(value: &Value, like: ScalarStyle, is_flow: bool) -> String {
    let Value::String(text) = value else { return value.to_json() };
    let single = !text
        .chars()
        .any(|ch| ch.is_control() || matches!(ch, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{85}'));
    match like {
        ScalarStyle::SingleQuoted if single => format!("'{}'", text.replace('\'', "''")),
        ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => double(text),
        _ if is_plain(text, is_flow) => text.clone(),
        _ if single && text.contains(['"', '\\']) => format!("'{}'", text.replace('\'', "''")),
        _ => double(text),
    }
}

fn double(text: &str) -> String {
    let mut out = String::new();
    for ch in quoted(text).chars() {
        match ch {
            '\u{7f}'..='\u{9f}' | '\u{feff}' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", ch as u32))
            }
            ch => out.push(ch),
        }
    }
    out
}

/// A value on one line.
pub(super) fn flow(value: &Value, like: ScalarStyle) -> String {
    match value {
        Value::Array(elements) => {
            let elements: Vec<String> = elements.iter().map(|element| flow(element, like)).collect();
            format!("[{}]", elements.join(", "))
        }
        Value::Object(members) => {
            let member =
                |(name, value): &(String, Value)| format!("{}: {}", key(name, true), flow(value, like));
            let members: Vec<String> = members.iter().map(member).collect();
            format!("{{{}}}", members.join(", "))
        }
        scalar_value => scalar(scalar_value, like, true),
    }
}

/// A key.
pub(super) fn key(name: &str, is_flow: bool) -> String {
    scalar(&Value::String(name.to_owned()), ScalarStyle::Plain, is_flow)
}

impl Layout {
    /// What stands behind `key:` or `-` for a value: ` v` on the same line, or lines of their own below. `indent` is
    /// that of the key or dash.
    pub(super) fn behind_key(&self, value: &Value, indent: usize, like: ScalarStyle) -> String {
        match value {
            Value::Object(members) if !members.is_empty() => {
                let inner = indent + self.unit;
                format!("{}{}{}", self.newline, " ".repeat(inner), self.block(value, inner))
            }
            Value::Array(elements) if !elements.is_empty() => {
                let inner = indent + self.dash_indent;
                format!("{}{}{}", self.newline, " ".repeat(inner), self.block(value, inner))
            }
            _ => format!(" {}", self.block_scalar(value, indent, like)),
        }
    }

    /// Lines of a container at a column; the first without its indentation.
    pub(super) fn block(&self, value: &Value, column: usize) -> String {
        let gap = format!("{}{}", self.newline, " ".repeat(column));
        match value {
            Value::Object(members) if !members.is_empty() => {
                let member = |(name, value): &(String, Value)| {
                    format!("{}:{}", key(name, false), self.behind_key(value, column, ScalarStyle::Plain))
                };
                members.iter().map(member).collect::<Vec<String>>().join(&gap)
            }
            Value::Array(elements) if !elements.is_empty() => {
                let element = |value: &Value| format!("- {}", self.block(value, column + 2));
                elements.iter().map(element).collect::<Vec<String>>().join(&gap)
            }
            Value::Object(_) | Value::Array(_) => flow(value, ScalarStyle::Plain),
            _ => self.block_scalar(value, column.saturating_sub(2), ScalarStyle::Plain),
        }
    }

    /// A scalar; text of several lines as a literal block, if it can be one.
    fn block_scalar(&self, value: &Value, indent: usize, like: ScalarStyle) -> String {
        let Value::String(text) = value else {
            return if value.is_container() { flow(value, like) } else { scalar(value, like, false) };
        };
        let wants = text.trim_end_matches('\n').contains('\n')
            || matches!(like, ScalarStyle::Literal | ScalarStyle::Folded);
        let is_quoted = matches!(like, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
        let fits = text.contains('\n')
            && !text.starts_with([' ', '\t', '\n'])
            && !text.chars().any(|ch| {
                (ch.is_control() && ch != '\n' && ch != '\t')
                    || matches!(ch, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{85}')
            })
            && !text.split('\n').any(|line| !line.is_empty() && line.trim().is_empty());
        if !wants || is_quoted || !fits {
            return scalar(value, if is_quoted { like } else { ScalarStyle::Plain }, false);
        }
        let content = text.trim_end_matches('\n');
        let chomp = match text.len() - content.len() {
            0 => "-",
            1 => "",
            _ => return scalar(value, ScalarStyle::DoubleQuoted, false),
        };
        let pad = " ".repeat(indent + self.unit);
        let lines = content
            .split('\n')
            .map(|line| if line.is_empty() { String::new() } else { format!("{pad}{line}") });
        format!("|{chomp}{}{}", self.newline, lines.collect::<Vec<String>>().join(self.newline))
    }
}
