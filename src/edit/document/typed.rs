//! From what was typed on a command line to a value: by `--type`, else by what is there, else by what it looks like.

use super::fault::Fault;
use super::json;
use super::value::{Value, is_integer};
use serde::Deserialize;

/// The type that a value is said to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueType {
    /// Text as it stands.
    String,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// `null`.
    Null,
    /// A JSON object.
    Object,
    /// A JSON array.
    Array,
    /// Any JSON.
    Json,
    /// A TOML date or time.
    Datetime,
}

impl ValueType {
    fn name(self) -> &'static str {
        match self {
            ValueType::String => "a string",
            ValueType::Integer => "an integer",
            ValueType::Number => "a number",
            ValueType::Boolean => "a boolean (true or false)",
            ValueType::Null => "null",
            ValueType::Object => "a JSON object",
            ValueType::Array => "a JSON array",
            ValueType::Json => "JSON",
            ValueType::Datetime => "a date or time",
        }
    }
}

/// Whether a number is spelled as JSON has it.
pub(super) fn is_json_number(text: &str) -> bool {
    text.starts_with(|ch: char| ch == '-' || ch.is_ascii_digit())
        && matches!(json::parse(text), Ok(Value::Number(number)) if number == text)
}

/// What `text` means for a place that holds `old`. `is_number` and `is_datetime` say what the format takes for one.
pub(super) fn read(
    text: &str,
    wanted: Option<ValueType>,
    old: Option<&Value>,
    rules: &Rules,
) -> Result<Value, Fault> {
    match wanted {
        Some(wanted) if rules.is_text_only => {
            exactly(text, wanted, rules).map(|_| Value::String(text.to_owned()))
        }
        Some(wanted) => exactly(text, wanted, rules),
        None if rules.is_text_only && !old.is_some_and(Value::is_container) => {
            Ok(Value::String(text.to_owned()))
        }
        None => guessed(text, old, rules),
    }
}

/// What a format takes for a number or a date.
pub(super) struct Rules {
    pub(super) is_number: fn(&str) -> bool,
    pub(super) is_datetime: fn(&str) -> bool,
    pub(super) has_null: bool,
    /// Whether every value is text, so that a type is only checked.
    pub(super) is_text_only: bool,
}

fn exactly(text: &str, wanted: ValueType, rules: &Rules) -> Result<Value, Fault> {
    let bad = || {
        let shown: String = text.chars().take(60).collect();
        Fault::value(
            format!("{shown:?} is not {}", wanted.name()),
            "give a value of that type, or another --type",
        )
    };
    let number = |text: &str| is_json_number(text) || (rules.is_number)(text);
    match wanted {
        ValueType::String => Ok(Value::String(text.to_owned())),
        ValueType::Integer if number(text) && is_integer(text) => Ok(Value::Number(text.to_owned())),
        ValueType::Number if number(text) => Ok(Value::Number(text.to_owned())),
        ValueType::Boolean if matches!(text, "true" | "false") => Ok(Value::Bool(text == "true")),
        ValueType::Null if text == "null" || text.is_empty() => Ok(Value::Null),
        ValueType::Datetime if (rules.is_datetime)(text) => Ok(Value::Datetime(text.to_owned())),
        ValueType::Object | ValueType::Array | ValueType::Json => {
            let value = json::parse(text).map_err(|fault| {
                Fault::value(
                    format!("the value is not {}: {fault}", wanted.name()),
                    "check the quotes, or give it on stdin with -",
                )
            })?;
            match (&value, wanted) {
                (_, ValueType::Json)
                | (Value::Object(_), ValueType::Object)
                | (Value::Array(_), ValueType::Array) => Ok(value),
                _ => Err(Fault::value(
                    format!("the value is {}, not {}", value.kind_name(), wanted.name()),
                    "give a value of that type, or another --type",
                )),
            }
        }
        _ => Err(bad()),
    }
}

/// A string stays a string whatever it looks like, a container is replaced by one of its kind only; everything else
/// follows what the text looks like.
fn guessed(text: &str, old: Option<&Value>, rules: &Rules) -> Result<Value, Fault> {
    let looks = look(text, rules);
    match old {
        Some(Value::String(_)) => Ok(Value::String(text.to_owned())),
        Some(old @ (Value::Object(_) | Value::Array(_))) => {
            if std::mem::discriminant(old) == std::mem::discriminant(&looks) {
                return Ok(looks);
            }
            Err(Fault::value(
                format!("{} is there and the value is {}", old.kind_name(), looks.kind_name()),
                "say what it shall become with --type, or name a place inside",
            ))
        }
        Some(Value::Datetime(_)) if (rules.is_datetime)(text) => Ok(Value::Datetime(text.to_owned())),
        Some(Value::Number(_)) if (rules.is_number)(text) => Ok(Value::Number(text.to_owned())),
        _ => Ok(looks),
    }
}

fn look(text: &str, rules: &Rules) -> Value {
    match text {
        "true" => return Value::Bool(true),
        "false" => return Value::Bool(false),
        "null" if rules.has_null => return Value::Null,
        _ if is_json_number(text) => return Value::Number(text.to_owned()),
        _ => {}
    }
    if text.trim_start().starts_with(['{', '['])
        && let Ok(value) = json::parse(text)
    {
        return value;
    }
    Value::String(text.to_owned())
}
