//! `rtk hook` and `rtk hook why`.

use super::args::{HookArgs, HookCommand};
use super::{CliError, Session};
use crate::hook::{self, ProjectMemory};
use crate::state::{self, Found, Launch};
use std::io::Write as _;
use std::process::ExitCode;

pub(super) fn run(session: &Session, args: HookArgs) -> Result<ExitCode, CliError> {
    match args.what {
        HookCommand::Why { tool_use_id } => why(session, tool_use_id.as_deref()),
    }
}

/// Answers one event from stdin; whatever happens, exit code 0 and nothing on stdout but the reply.
pub(super) fn run_event(env: &crate::base::Env) -> ExitCode {
    hook::silence_panics();
    let reply = hook::answer(env.clone(), std::io::stdin(), ProjectMemory);
    if !reply.is_empty() {
        let mut stdout = std::io::stdout().lock();
        // A client that has gone does not want the reply.
        let _ = stdout.write_all(&reply).and_then(|()| stdout.flush());
    }
    ExitCode::SUCCESS
}

/// Explains a launch from the record: policy, candidates, what was cut, timings.
fn why(session: &Session, tool_use_id: Option<&str>) -> Result<ExitCode, CliError> {
    let found = state::find(session.paths()?, tool_use_id)
        .map_err(|error| CliError::Room { message: error.to_string(), hint: None })?;
    let Some(found) = found else {
        let which = tool_use_id.map_or("no launch".to_owned(), |id| format!("no launch {id}"));
        return Err(CliError::NotFound {
            message: format!("{which} in the record of the hook"),
            hint: "records begin with the first subagent of a session; `rtk init --show` says whether the hook fires",
        });
    };
    if session.out.is_json() {
        session.out.json(&serde_json::json!({
            "schema": 1,
            "file": found.file.display().to_string(),
            "launch": found.launch,
            "started": found.started,
        }))?;
    } else {
        session.out.raw(text(&found).as_bytes())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(found: &Found) -> String {
    let launch = &found.launch;
    let unknown = || "(none)".to_owned();
    let mut lines = vec![
        format!("launch     {}", launch.tool_use_id.clone().unwrap_or_else(unknown)),
        format!("session    {}", launch.session_id),
        format!("time       {} ms since 1970-01-01 UTC", launch.at_ms),
        format!("agent      {}{}", launch.agent_type, named(launch)),
        format!("project    {}", launch.project.clone().unwrap_or_else(unknown)),
        format!("prompt     {} characters: {}", launch.prompt_chars, launch.prompt_head),
        format!("policy     {}", launch.class),
        format!("action     {}: {}", launch.action.name(), launch.reason),
    ];
    if let Some(confidence) = &launch.confidence {
        let query_type = launch.query_type.clone().unwrap_or_else(unknown);
        lines.push(format!("memory     confidence {confidence}, task kind {query_type}"));
        lines.push(format!("index      {} of {} files{}", launch.files[1], launch.files[0], commit(launch)));
    }
    if launch.slice_chars > 0 {
        lines.push(format!("slice      {} tokens, {} characters", launch.slice_tokens, launch.slice_chars));
    }
    if !launch.given.is_empty() {
        lines.push(format!("siblings   already had {}", launch.given.join(", ")));
    }
    if let Some(started) = &found.started {
        lines.push(format!("started    agent {}", started.agent_id.clone().unwrap_or_else(unknown)));
    }
    let timings = launch.timings_us.iter().map(|(step, us)| format!("{step} {us} us"));
    lines.push(format!("timings    {}", timings.collect::<Vec<_>>().join(", ")));
    lines.extend(candidates(launch));
    lines.join("\n") + "\n"
}

fn named(launch: &Launch) -> String {
    let name = launch.name.as_ref().map(|name| format!(", named {name}")).unwrap_or_default();
    let isolation = launch.isolation.as_ref().map(|kind| format!(", isolation {kind}")).unwrap_or_default();
    let parent = launch.agent_id.as_ref().map(|id| format!(", launched by agent {id}")).unwrap_or_default();
    name + &isolation + &parent
}

fn commit(launch: &Launch) -> String {
    launch.commit.as_ref().map(|commit| format!(", at commit {commit}")).unwrap_or_default()
}

fn candidates(launch: &Launch) -> Vec<String> {
    let mut lines = Vec::new();
    if !launch.candidates.is_empty() {
        lines.push("candidates, best first (score, shown or not, tokens):".to_owned());
    }
    for (at, row) in launch.candidates.iter().enumerate() {
        let shown = if row.shown { "shown" } else { "cut  " };
        lines.push(format!("{:>3}. {:>8.3} {shown} {:>5}  {}", at + 1, row.score, row.tokens, row.path));
        if !row.reasons.is_empty() {
            lines.push(format!("     why: {}", row.reasons.join("; ")));
        }
        if let Some(cut) = &row.cut {
            lines.push(format!("     cut: {cut}"));
        }
    }
    lines
}
