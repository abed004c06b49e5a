//! `rtk write set`, `unset`, `get`: values in documents.

use super::super::{CliError, Session};
use super::args::{FormatArg, GetArgs, PlaceArgs, SetArgs, Shared, TypeArg, UnsetArgs};
use super::{edit, input};
use crate::edit::{
    Action, EditError, Fault, Format, KeyPath, Receipt, Request, Value, ValueType, get_value, revise_value,
};
use serde_json::json;
use std::path::Path;
use std::process::ExitCode;

/// A larger file is not read, in bytes.
const READ_BYTES_MAX: u64 = 256 * 1024 * 1024;

pub(super) fn set(session: &Session, shared: &Shared, args: &SetArgs) -> Result<ExitCode, CliError> {
    let action = match (args.move_to, &args.value) {
        (Some(to), _) => Action::Move(to),
        (None, value) => Action::Set {
            text: value_text(&args.place.path, value.as_deref().unwrap_or_default())?,
            kind: args.kind.map(TypeArg::to_type),
            insert: args.insert,
            create_parents: args.create_parents,
        },
    };
    change(session, shared, &args.place, action)
}

pub(super) fn unset(session: &Session, shared: &Shared, args: &UnsetArgs) -> Result<ExitCode, CliError> {
    change(session, shared, &args.place, Action::Unset)
}

pub(super) fn get(session: &Session, shared: &Shared, args: &GetArgs) -> Result<ExitCode, CliError> {
    let place = &args.place;
    let (key, format) = place.read()?;
    let target = shared.policy(session)?.target(&place.path)?;
    let bytes = crate::fs::read(&target, READ_BYTES_MAX).map_err(EditError::from)?;
    let bytes = bytes.ok_or_else(|| EditError::Missing { path: place.path.clone() })?;
    let got = get_value(&bytes, format, &key).map_err(|fault| place.failed(fault))?;
    let out = &session.out;
    if out.is_json() {
        let value: Box<serde_json::value::RawValue> =
            serde_json::from_str(&got.value.to_json()).map_err(|error| place.failed(unprintable(&error)))?;
        let kind = json!(type_word(&got.value));
        let (key, source) = (json!(place.key), json!(got.source));
        out.line(&format!(
            "{{\"schema\":1,\"key\":{key},\"type\":{kind},\"value\":{value},\"source\":{source}}}"
        ))?;
    } else if args.raw {
        out.line(&got.source)?;
    } else if let Value::String(text) | Value::Datetime(text) | Value::Number(text) = &got.value {
        out.line(text)?;
    } else {
        out.line(&got.value.to_json())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn unprintable(error: &serde_json::Error) -> Fault {
    Fault::Value { message: format!("the value cannot be shown as JSON: {error}"), hint: "use --raw".into() }
}

fn type_word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) if value.kind_name() == "an integer" => "integer",
        Value::Number(_) => "number",
        Value::Datetime(_) => "datetime",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn change(
    session: &Session,
    shared: &Shared,
    place: &PlaceArgs,
    action: Action,
) -> Result<ExitCode, CliError> {
    let (path, format) = place.read()?;
    let request = Request { path, action };
    let receipts = session.paths()?.receipts();
    let mut made = None;
    let code = edit(session, shared, &place.path, &mut |before| {
        let before = request.start(&place.path, before)?;
        if matches!(request.action, Action::Unset)
            && let Some(undone) = Receipt::undo(&receipts, before, &place.key)
        {
            return Ok(undone);
        }
        let revised = revise_value(before, format, &request).map_err(|fault| place.failed(fault))?;
        made = Receipt::of(before, &revised, format, &request, &place.key);
        Ok(revised.content)
    })?;
    if let Some(receipt) = made.filter(|_| !shared.dry_run)
        && let Err(error) = receipt.keep(&receipts)
    {
        // Without it, unset still takes the key out; only what was made around it stays.
        session.log.line("warn", &format!("no receipt for {}: {error}", place.path.display()));
    }
    Ok(code)
}

/// The value as typed, or all of stdin for `-`; a file's last line ending is not part of the value.
fn value_text(path: &Path, value: &str) -> Result<String, CliError> {
    if value != "-" {
        return Ok(value.to_owned());
    }
    let bytes = input::read(Path::new("-"))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        let message = "the value on stdin is not UTF-8".into();
        EditError::Document {
            path: path.into(),
            fault: Fault::Value { message, hint: "give it as UTF-8".into() },
        }
    })?;
    let end = text.strip_suffix("\r\n").or(text.strip_suffix('\n')).unwrap_or(&text).len();
    Ok(text[..end].to_owned())
}

impl PlaceArgs {
    /// The key path and the format, before any file is touched.
    fn read(&self) -> Result<(KeyPath, Format), EditError> {
        let key = KeyPath::parse(&self.key).map_err(|fault| self.failed(fault))?;
        let format = self.format.map(FormatArg::to_format).or_else(|| Format::of(&self.path));
        let format = format.ok_or_else(|| EditError::Usage {
            message: format!("the name of {} does not say its format", self.path.display()),
            hint: "add --format json, jsonc, toml, yaml, env or ini".into(),
        })?;
        Ok((key, format))
    }

    fn failed(&self, fault: Fault) -> EditError {
        EditError::Document { path: self.path.clone(), fault }
    }
}

impl FormatArg {
    fn to_format(self) -> Format {
        match self {
            FormatArg::Json => Format::Json,
            FormatArg::Jsonc => Format::Jsonc,
            FormatArg::Toml => Format::Toml,
            FormatArg::Yaml => Format::Yaml,
            FormatArg::Env => Format::Env,
            FormatArg::Ini => Format::Ini,
        }
    }
}

impl TypeArg {
    fn to_type(self) -> ValueType {
        match self {
            TypeArg::String => ValueType::String,
            TypeArg::Integer => ValueType::Integer,
            TypeArg::Number => ValueType::Number,
            TypeArg::Boolean => ValueType::Boolean,
            TypeArg::Null => ValueType::Null,
            TypeArg::Object => ValueType::Object,
            TypeArg::Array => ValueType::Array,
            TypeArg::Json => ValueType::Json,
            TypeArg::Datetime => ValueType::Datetime,
        }
    }
}
