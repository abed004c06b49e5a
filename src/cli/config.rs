//! `rtk config`: each setting with its value and where it came from.

use super::{CliError, Session};
use crate::base::{Origin, Settings};
use std::process::ExitCode;

pub(super) fn run(session: &Session) -> Result<ExitCode, CliError> {
    let user = session.paths.as_ref().map(crate::base::Paths::settings);
    let project =
        session.env.cwd().and_then(|cwd| crate::project::find_root(cwd, &session.env).ok().flatten());
    let project = project.as_ref().map(|root| root.path.as_path());
    let (settings, errors) = Settings::load(&session.env, user.as_deref(), project);
    let origin = |origin: &Origin| match origin {
        Origin::Default => "default".to_owned(),
        Origin::File(file) => file.clone(),
        Origin::Variable(name) => format!("${name}"),
    };
    if session.out.is_json() {
        let rows: Vec<_> = settings.rows().iter().map(|row| {
            serde_json::json!({ "key": row.key, "value": row.value, "origin": origin(&row.origin), "about": row.about })
        }).collect();
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        session.out.json(&serde_json::json!({ "schema": 1, "settings": rows, "errors": errors }))?;
    } else {
        for row in settings.rows() {
            session.out.line(&format!(
                "{} = {}   # {} ({})",
                row.key,
                row.value,
                row.about,
                origin(&row.origin)
            ))?;
        }
        for error in &errors {
            session.out.warn(&error.to_string());
        }
    }
    Ok(if errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
