//! The MCP server of a scope: registered, reachable, and whether it names its tools when it is started as the client does.

use super::fire::{Fired, Reply, version};
use super::{FileReport, Finding, HookReport, Level, View};
use crate::base::{ProcessOutput, run_with_input};
use crate::fs::read;
use crate::installer::apply::SETTINGS_BYTES_MAX;
use crate::installer::entries::MCP_ARGUMENT;
use crate::installer::recognise::is_executable;
use crate::installer::scope::Scope;
use crate::installer::servers::registered;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What stands in the place of an event in the report.
const EVENT: &str = "MCP";
/// A server that takes longer to name its tools does not work.
const WAIT: Duration = Duration::from_secs(20);
/// What a client says first, then its question.
const TALK: &str = concat!(
    r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"rtk init --show","version":"1"}}}"#,
    "\n",
    r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
    "\n",
    r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}"#,
    "\n"
);

impl View<'_> {
    /// Looks at the scope's file of MCP servers; one without rtk's is not worth a word, unless rtk was installed there.
    pub(super) fn server_file(
        &mut self,
        scope: Scope,
        path: &Path,
        installed: bool,
        files: &mut Vec<FileReport>,
    ) {
        let text = read(path, SETTINGS_BYTES_MAX).ok().flatten().and_then(|raw| String::from_utf8(raw).ok());
        let Some(found) = text.and_then(|text| registered(path, &text, self.known)) else {
            if installed {
                let what = "rtk was registered here as an MCP server, but its entry is gone";
                let fix = format!("rtk init --{} --mcp puts it back", scope.name());
                self.find(Finding::new(Level::Warning, what, fix).in_file(path));
            }
            return;
        };
        let there = Some(PathBuf::from(&found.command)).filter(|path| path.is_absolute());
        let program = there.filter(|path| is_executable(path)).or_else(|| self.known.find(&found.command));
        let fired = program.as_ref().map(|program| ask(program));
        let finding = match fired.as_ref().map(|fired| &fired.reply) {
            None => Some(format!(
                "the program of the MCP server, {:?}, is not there or may not be run",
                found.command
            )),
            Some(Reply::Fails(reason)) => Some(format!("the MCP server does not work: {reason}")),
            Some(_) => None,
        };
        if let Some(what) = finding {
            let fix = format!("install rtk there, or run rtk init --{} --mcp again", scope.name());
            self.find(Finding::new(Level::Warning, what, fix).in_file(path).at_line(found.line));
        }
        let report = HookReport {
            event: EVENT.to_owned(),
            line: found.line,
            matcher: None,
            command: format!("{} {MCP_ARGUMENT}", found.command),
            version: program.as_deref().and_then(version),
            program,
            fired,
        };
        files.push(FileReport {
            scope: scope.name(),
            path: path.to_path_buf(),
            exists: true,
            hooks: vec![report],
        });
    }
}

/// Starts the server, asks it for its tools, and lets it end.
fn ask(program: &Path) -> Fired {
    let output =
        run_with_input(program.as_os_str(), &[MCP_ARGUMENT], Path::new("/"), &[], TALK.as_bytes(), WAIT);
    match output {
        Ok(output) => Fired { reply: judge(&output), latency_us: output.elapsed_us },
        Err(error) => Fired { reply: Reply::Fails(error.to_string()), latency_us: 0 },
    }
}

fn judge(output: &ProcessOutput) -> Reply {
    if output.timed_out {
        return Reply::Fails("it did not name its tools in time".into());
    }
    let lines = output.stdout.split(|&byte| byte == b'\n');
    let answers = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let tools = answers.into_iter().find(|answer| answer["id"] == 1);
    match tools.as_ref().and_then(|answer| answer["result"]["tools"].as_array()) {
        Some(tools) if !tools.is_empty() => Reply::Injects,
        _ => Reply::Fails("it did not name its tools".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_works_if_it_names_tools() {
        let judged = |stdout: &str, timed_out| {
            let stdout = stdout.as_bytes().to_vec();
            judge(&ProcessOutput { code: Some(0), timed_out, stdout, stderr: Vec::new(), elapsed_us: 1 })
        };
        let good = "{\"id\":0,\"result\":{}}\n{\"id\":1,\"result\":{\"tools\":[{\"name\":\"a\"}]}}\n";
        assert_eq!(judged(good, false), Reply::Injects);
        for (stdout, late) in
            [(good, true), ("", false), ("hello\n", false), ("{\"id\":1,\"error\":{}}\n", false)]
        {
            assert!(matches!(judged(stdout, late), Reply::Fails(_)), "{stdout}");
        }
    }
}
