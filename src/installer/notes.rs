//! What the user should know about a change beside the change itself: what keeps it from working, what else is there.

use super::apply::{Request, SETTINGS_BYTES_MAX};
use super::error::Ignored;
use super::faults::faults;
use super::legacy;
use super::plan::{Action, FilePlan};
use super::recognise::Known;
use super::scope::Scope;
use super::settings::SettingsDocument;
use crate::fs::read;
use crate::text::JsonKind;

/// One sentence each; the file itself is named where it is not the one that changes.
pub(super) fn notes(request: &Request<'_>, plan: &FilePlan, known: &Known) -> Vec<String> {
    let now = plan.now.as_deref().unwrap_or_default();
    let Ok(document) = SettingsDocument::parse(&plan.path, now) else { return Vec::new() };
    let mut notes = Vec::new();
    match request.action {
        Action::Install => {
            about_project(request, plan, &mut notes);
            about_file(&document, &mut notes);
            about_scripts(&document, &mut notes);
            about_other_scopes(request, known, &mut notes);
            about_http(request, &mut notes);
        }
        Action::Uninstall => {
            let after = match &plan.after {
                super::plan::After::Text(text) => text.as_str(),
                _ => "",
            };
            let scripts = SettingsDocument::parse(&plan.path, after.as_bytes()).map(|after| {
                legacy::entries(&after).into_iter().map(|(_, script)| script).collect::<Vec<_>>()
            });
            if let Some(scripts) = scripts.ok().filter(|scripts| !scripts.is_empty()) {
                let scripts = scripts.join(", ");
                notes.push(format!(
                    "the entries that were there before rtk init are back, among them {scripts}"
                ));
            }
        }
    }
    notes
}

fn about_project(request: &Request<'_>, plan: &FilePlan, notes: &mut Vec<String>) {
    if let (Scope::Project, Some(cwd)) = (request.scope, request.env.cwd())
        && plan.path.parent().and_then(std::path::Path::parent).is_some_and(|root| root != cwd)
    {
        notes.push(
            "the client reads a project's settings.json only in sessions that start in that folder".into(),
        );
    }
}

/// What in the file itself keeps its hooks from running.
fn about_file(document: &SettingsDocument<'_>, notes: &mut Vec<String>) {
    let whole = faults(document).into_iter().filter(|fault| fault.ignored == Ignored::File);
    notes.extend(whole.map(|fault| fault.describe()));
    let disabled = document.root().and_then(|root| root.get("disableAllHooks")).map(|node| &node.kind);
    if disabled == Some(&JsonKind::Bool(true)) {
        notes.push("disableAllHooks is on in this file: no hook runs until it is false or removed".into());
    }
}

fn about_scripts(document: &SettingsDocument<'_>, notes: &mut Vec<String>) {
    let scripts: Vec<_> = legacy::entries(document).into_iter().map(|(_, script)| script).collect();
    if !scripts.is_empty() {
        notes.push(format!(
            "entries of the script generation are replaced: {}; the scripts stay, since rtk cannot tell whether you \
             changed them: delete them when nothing else uses them",
            scripts.join(", ")
        ));
    }
    for script in legacy::doubtful(document) {
        notes.push(format!(
            "{script} may be an earlier rtk's or another program's of that name; its entry is left alone"
        ));
    }
}

/// What the form that asks the daemon needs beside the entry.
fn about_http(request: &Request<'_>, notes: &mut Vec<String>) {
    if request.http.is_none() {
        return;
    }
    notes.push(
        "without a running daemon launches go on without a slice, and the client says so; the beginning of a session starts one"
            .into(),
    );
    let value = |names: [&str; 2]| names.into_iter().find_map(|name| request.env.var(name));
    let spared = value(["no_proxy", "NO_PROXY"]).unwrap_or_default();
    let spares = |entry: &str| matches!(entry.trim(), "127.0.0.1" | "*");
    if value(["http_proxy", "HTTP_PROXY"]).is_some() && !spared.split(',').any(spares) {
        notes.push(
            "the client sends HTTP hooks through the proxy that HTTP_PROXY names, and the token with them: add 127.0.0.1 to NO_PROXY"
                .into(),
        );
    }
}

/// The client runs the entries of all scopes.
fn about_other_scopes(request: &Request<'_>, known: &Known, notes: &mut Vec<String>) {
    for other in Scope::ALL.into_iter().filter(|other| *other != request.scope) {
        let Ok(path) = other.settings_path(request.env) else { continue };
        let Ok(Some(bytes)) = read(&path, SETTINGS_BYTES_MAX) else { continue };
        let Ok(document) = SettingsDocument::parse(&path, &bytes) else { continue };
        if document.handlers().iter().any(|at| known.owns(at.event, at.matcher, at.node)) {
            notes.push(format!(
                "rtk is registered in {} too; one of the two is enough: rtk init --uninstall --{}",
                path.display(),
                other.name()
            ));
        }
    }
}
