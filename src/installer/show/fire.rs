//! Fires a registered hook the way the client does: a recorded event on stdin, in a small sample project, and judges the reply.
//!
//! rtk's own folders are set to temporary ones meanwhile, so that the user's memory and records see nothing of it.

use super::sample::{PROMPT, Sample};
use crate::base::{Paths, ProcessOutput, run_with_input};
use crate::installer::platform::Platform;
use serde::Serialize;
use serde_json::{Value, json};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A registered time limit beyond this is not waited for, in seconds.
const TIMEOUT_SECONDS_MAX: f64 = 60.0;
/// The session of all events that are fired here.
const SESSION: &str = "rtk-show";
/// A program that takes longer to say its version is not asked any further.
const VERSION_WAIT: Duration = Duration::from_secs(5);

/// What a fired hook did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", content = "reason", rename_all = "snake_case")]
pub enum Reply {
    /// It gave the agent something.
    Injects,
    /// It let the event pass, which is a valid answer.
    Passes,
    /// It gave no answer that the client would take.
    Fails(String),
}

/// The reply to one event and how long it took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fired {
    /// What was replied.
    #[serde(flatten)]
    pub reply: Reply,
    /// From the start of the process to its end, in microseconds.
    pub latency_us: u64,
}

/// How the client starts a hook.
pub(super) enum Start<'s> {
    /// The program itself.
    Exec { program: &'s Path, args: &'s [String] },
    /// A command line through the shell.
    Shell {
        command: &'s str,
        /// The folder of the plugin whose command it is.
        plugin: Option<&'s Path>,
    },
}

/// Fires hooks in one sample project, each with folders of rtk's of its own.
pub(super) struct Firer {
    sample: Result<Sample, String>,
    fired: usize,
}

impl Firer {
    /// Makes the sample project.
    pub(super) fn new(paths: &Paths) -> Firer {
        let sample = Sample::make(paths).map_err(|error| format!("cannot make a sample project: {error}"));
        Firer { sample, fired: 0 }
    }

    /// Sends the event to the hook and judges the reply. `seconds` is the registered time limit.
    pub(super) fn fire(&mut self, start: &Start<'_>, event: &str, seconds: f64) -> Fired {
        self.fired += 1;
        let sample = match &self.sample {
            Ok(sample) => sample,
            Err(error) => return failed(error.clone()),
        };
        let rtk_home = match sample.rtk_home(self.fired) {
            Ok(folder) => folder,
            Err(error) => return failed(format!("cannot make a sample project: {error}")),
        };
        let payload = payload(event, sample);
        let seconds =
            if seconds.is_finite() { seconds.clamp(0.0, TIMEOUT_SECONDS_MAX) } else { TIMEOUT_SECONDS_MAX };
        let timeout = Duration::from_secs_f64(seconds);
        let mut environment = environment(sample, rtk_home);
        let (program, args): (&OsStr, Vec<OsString>) = match start {
            Start::Exec { program, args } => (program.as_os_str(), args.iter().map(OsString::from).collect()),
            Start::Shell { command, plugin } => {
                environment.extend(plugin.map(|folder| ("CLAUDE_PLUGIN_ROOT".into(), Some(folder.into()))));
                let (shell, option) = Platform::current().shell();
                (OsStr::new(shell), vec![option.into(), command.into()])
            }
        };
        let line = format!("{payload}\n");
        let output =
            run_with_input(program, &args, &sample.project(), &environment, line.as_bytes(), timeout);
        match output {
            Ok(output) => {
                Fired { reply: judge(event, &payload["tool_input"], &output), latency_us: output.elapsed_us }
            }
            Err(error) => failed(error.to_string()),
        }
    }
}

/// What the program says to `--version`, if it is rtk's form.
pub(super) fn version(program: &Path) -> Option<String> {
    let cwd = Path::new("/");
    let output = run_with_input(program.as_os_str(), &["--version"], cwd, &[], b"", VERSION_WAIT).ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.lines().next()?.strip_prefix("rtk ")?.trim().to_owned())
}

fn failed(reason: String) -> Fired {
    Fired { reply: Reply::Fails(reason), latency_us: 0 }
}

/// What the client puts into the environment of a hook, and rtk's own folders moved away.
pub(super) fn environment(sample: &Sample, rtk_home: PathBuf) -> Vec<(OsString, Option<OsString>)> {
    let project = sample.project().into_os_string();
    let set = |name: &str, value: OsString| (OsString::from(name), Some(value));
    vec![
        set("CLAUDECODE", "1".into()),
        set("CLAUDE_CODE_ENTRYPOINT", "cli".into()),
        set("CLAUDE_CODE_SESSION_ID", SESSION.into()),
        set("CLAUDE_PROJECT_DIR", project.clone()),
        set("PWD", project),
        set("RTK_HOME", rtk_home.into_os_string()),
    ]
}

/// The event as the client sends it.
fn payload(event: &str, sample: &Sample) -> Value {
    let project = sample.project();
    let mut payload = json!({
        "session_id": SESSION,
        "transcript_path": project.with_file_name("transcript.jsonl"),
        "cwd": project,
    });
    let own = if event == "PreToolUse" {
        json!({
            "permission_mode": "default",
            "hook_event_name": event,
            "tool_name": "Agent",
            "tool_input": {
                "description": "Check that rtk answers",
                "prompt": PROMPT,
                "subagent_type": "general-purpose",
            },
            "tool_use_id": "toolu_rtk_show",
        })
    } else if event == "SessionStart" {
        // The kind of start at which rtk has nothing to do in the background.
        json!({ "hook_event_name": event, "source": "compact" })
    } else {
        json!({ "agent_id": "artkshow", "agent_type": "workflow-subagent", "hook_event_name": event })
    };
    if let (Some(payload), Value::Object(own)) = (payload.as_object_mut(), own) {
        payload.extend(own);
    }
    payload
}

/// Judges a reply by the client's rules: what it would ignore, or what would break the launch, fails.
fn judge(event: &str, input: &Value, output: &ProcessOutput) -> Reply {
    if output.timed_out {
        return Reply::Fails("it did not answer within its timeout".into());
    }
    if output.code != Some(0) {
        let code = output.code.map_or("a signal".to_owned(), |code| format!("exit code {code}"));
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Reply::Fails(format!("it ended with {code}: {}", stderr.lines().next().unwrap_or_default()));
    }
    if output.stdout.iter().all(u8::is_ascii_whitespace) {
        return Reply::Passes;
    }
    let reply: Value = match serde_json::from_slice(&output.stdout) {
        Ok(reply @ Value::Object(_)) => reply,
        _ => return Reply::Fails("its output is not one JSON object; the client ignores it".into()),
    };
    let Some(specific) = reply.get("hookSpecificOutput") else { return Reply::Passes };
    if specific["hookEventName"] != event {
        return Reply::Fails(format!("its hookEventName is {}, not {event}", specific["hookEventName"]));
    }
    if event != "PreToolUse" {
        return match specific.get("additionalContext") {
            None => Reply::Passes,
            Some(Value::String(_)) => Reply::Injects,
            Some(_) => Reply::Fails("its additionalContext is no string".into()),
        };
    }
    if specific.get("permissionDecision").is_some() {
        return Reply::Fails("it decides about permissions, which is not its business".into());
    }
    match specific.get("updatedInput") {
        None => Reply::Passes,
        Some(updated) => judge_input(input, updated),
    }
}

/// The client replaces the whole input, so every key must still be there, and only the prompt may differ.
fn judge_input(input: &Value, updated: &Value) -> Reply {
    let (Some(input), Some(updated)) = (input.as_object(), updated.as_object()) else {
        return Reply::Fails("its updatedInput is not an object".into());
    };
    let lost = input.iter().find(|(key, value)| *key != "prompt" && updated.get(*key) != Some(value));
    if let Some((key, _)) = lost {
        return Reply::Fails(format!("its updatedInput lost or changed {key:?}"));
    }
    let prompt = updated.get("prompt").and_then(Value::as_str).unwrap_or_default();
    match prompt.strip_prefix(PROMPT) {
        None => Reply::Fails("its updatedInput does not begin with the original prompt".into()),
        Some("") => Reply::Passes,
        Some(_) => Reply::Injects,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(event: &str, code: i32, stdout: &str) -> Reply {
        let output = ProcessOutput {
            code: Some(code),
            timed_out: false,
            stdout: stdout.into(),
            stderr: b"oops\nmore".to_vec(),
            elapsed_us: 1,
        };
        judge(event, &json!({ "prompt": PROMPT, "description": "d" }), &output)
    }

    fn input(updated: &Value) -> String {
        json!({ "hookSpecificOutput": { "hookEventName": "PreToolUse", "updatedInput": updated } })
            .to_string()
    }

    #[test]
    fn replies_are_judged_by_the_clients_rules() {
        let good = input(&json!({ "prompt": format!("{PROMPT}\nslice"), "description": "d" }));
        assert_eq!(judged("PreToolUse", 0, &good), Reply::Injects);
        assert_eq!(judged("PreToolUse", 0, ""), Reply::Passes);
        assert_eq!(judged("PreToolUse", 0, "{}"), Reply::Passes);
        let context = r#"{"hookSpecificOutput":{"hookEventName":"SubagentStart","additionalContext":"x"}}"#;
        assert_eq!(judged("SubagentStart", 0, context), Reply::Injects);
        let allow = r#"{"hookSpecificOutput":{"hookEventName":"PreToolUse","permissionDecision":"allow"}}"#;
        for (code, stdout) in [
            (1, ""),
            (0, "hello"),
            (0, "[]"),
            (0, "{} {}"),
            (0, context),
            (0, allow),
            (0, &input(&json!("x"))),
            (0, &input(&json!({ "prompt": format!("{PROMPT} slice") }))),
            (0, &input(&json!({ "prompt": "slice", "description": "d" }))),
            (0, &input(&json!({ "description": "d" }))),
        ] {
            assert!(matches!(judged("PreToolUse", code, stdout), Reply::Fails(_)), "{code} {stdout}");
        }
        assert_eq!(judged("PreToolUse", 3, ""), Reply::Fails("it ended with exit code 3: oops".into()));
    }
}
