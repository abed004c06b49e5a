//! The entries of one file: rtk's own are located and fired, others are named where they could get in the way.

use super::fire::{Fired, Firer, Reply, Start, version};
use super::{Finding, HookReport, Level, MAIN_EVENT, View};
use crate::installer::entries::{HttpHook, REGISTRATIONS, TIMEOUT_SECONDS};
use crate::installer::matcher::{matches_subagents, matches_subagents_always};
use crate::installer::recognise::Call;
use crate::installer::settings::{HandlerAt, SettingsDocument};
use crate::text::JsonNode;
use std::path::{Path, PathBuf};

/// What has been started already: nothing is started twice for the same purpose.
#[derive(Default)]
pub(super) struct Firing {
    firer: Option<Firer>,
    /// Event and command line with the report.
    reports: Vec<(String, String, HookReport)>,
    versions: Vec<(PathBuf, Option<String>)>,
}

/// How an own entry is to be started.
pub(super) struct Launch {
    /// The command line as people read it.
    pub(super) shown: String,
    /// The program behind it.
    pub(super) program: Option<PathBuf>,
    /// The arguments in exec form; `None` when the command goes through the shell.
    pub(super) args: Option<Vec<String>>,
    /// The command for the shell.
    pub(super) command: String,
    /// The folder of the plugin that the entry belongs to.
    pub(super) plugin: Option<PathBuf>,
}

impl View<'_> {
    /// Reports the own entries of a file; `plugin` is the folder of the plugin whose file it is.
    pub(super) fn hooks(
        &mut self,
        path: &Path,
        document: &SettingsDocument<'_>,
        plugin: Option<&Path>,
    ) -> Vec<HookReport> {
        let handlers = document.handlers();
        let (own, foreign): (Vec<_>, Vec<_>) = handlers.into_iter().partition(|at| match plugin {
            Some(_) => super::plugins::is_own(at.node),
            None => self.known.owns(at.event, at.matcher, at.node),
        });
        let line = |at: &HandlerAt<'_>| document.json.position(at.node.span.start).0;
        for at in foreign.iter().filter(|at| at.event == MAIN_EVENT && matches_subagents(at.matcher)) {
            let command = at.node.get("command").or_else(|| at.node.get("url")).and_then(JsonNode::as_str);
            let what = format!(
                "another hook runs at subagent launches too: {}; if both rewrite the prompt, the one that finishes last wins",
                command.unwrap_or("(no command)")
            );
            let fix = "look at what it does; remove one of the two if both rewrite";
            self.find(Finding::new(Level::Warning, what, fix).in_file(path).at_line(line(at)));
        }
        let again = if plugin.is_some() { "update the plugin" } else { "run rtk init again for that scope" };
        if !own.is_empty() {
            let has = |event: &str| own.iter().any(|at| at.event == event);
            for missing in REGISTRATIONS.iter().filter(|wanted| !has(wanted.event)) {
                let what = format!("rtk's entry for {} is missing", missing.event);
                self.find(Finding::new(Level::Warning, what, again).in_file(path));
            }
        }
        own.iter()
            .map(|at| {
                let line = line(at);
                if at.event == MAIN_EVENT && !matches_subagents_always(at.matcher) {
                    let matcher = at.matcher.unwrap_or_default();
                    let what = format!("the matcher {matcher:?} misses a name of the subagent tool");
                    self.find(Finding::new(Level::Warning, what, again).in_file(path).at_line(line));
                }
                let launch = self.launch(at, plugin);
                let report = self.hook(path, document.json.text, at, launch.as_ref(), line);
                HookReport { matcher: at.matcher.map(str::to_owned), line, ..report }
            })
            .collect()
    }

    fn launch(&self, at: &HandlerAt<'_>, plugin: Option<&Path>) -> Option<Launch> {
        if let Some(folder) = plugin {
            return super::plugins::launch(at.node, folder, self.known);
        }
        let command = at.node.get("command").and_then(JsonNode::as_str).unwrap_or_default().to_owned();
        let call = Call::of(at.node)?;
        let shown = if call.exec { format!("{command} {}", call.args.join(" ")) } else { command.clone() };
        let program = self.known.locate(&call);
        Some(Launch { shown, program, args: call.exec.then_some(call.args), command, plugin: None })
    }

    fn hook(
        &mut self,
        path: &Path,
        text: &str,
        at: &HandlerAt<'_>,
        launch: Option<&Launch>,
        line: usize,
    ) -> HookReport {
        let command = at.node.get("command").and_then(JsonNode::as_str).unwrap_or_default();
        let mut report = HookReport {
            event: at.event.to_owned(),
            line,
            matcher: None,
            command: launch.map_or(command, |launch| launch.shown.as_str()).to_owned(),
            program: None,
            version: None,
            fired: None,
        };
        let Some(launch) = launch else {
            return match HttpHook::of(at.node) {
                Some(daemon) => self.asked(path, at, &daemon, report),
                None => report,
            };
        };
        let earlier = self
            .firing
            .reports
            .iter()
            .find(|(event, command, _)| event == at.event && *command == launch.shown);
        if let Some((_, _, earlier)) = earlier {
            return earlier.clone();
        }
        report.program.clone_from(&launch.program);
        match &launch.program {
            None => {
                let what = format!("the program of {:?} is not there or may not be run", launch.shown);
                let fix = "install rtk there, or run rtk init again from its new place";
                self.find(Finding::new(Level::Broken, what, fix).in_file(path).at_line(line));
            }
            Some(program) => {
                report.version = self.version(program);
                let timeout = at.node.get("timeout").map(|node| &text[node.span.clone()]);
                let seconds = timeout.and_then(|text| text.parse().ok()).unwrap_or(TIMEOUT_SECONDS as f64);
                let fired = self.fire(launch, program, at.event, seconds);
                self.judge(path, line, at.event, &fired, launch.plugin.is_some());
                report.fired = Some(fired);
            }
        }
        self.firing.reports.push((at.event.to_owned(), launch.shown.clone(), report.clone()));
        report
    }

    /// The report of an entry by which the client asks the daemon.
    fn asked(
        &mut self,
        path: &Path,
        at: &HandlerAt<'_>,
        daemon: &HttpHook,
        report: HookReport,
    ) -> HookReport {
        let url = at.node.get("url").and_then(JsonNode::as_str).unwrap_or_default();
        let fired = super::daemon::ask(daemon);
        if let Reply::Fails(reason) = &fired.reply {
            let what = format!("launches go on without a slice, and the client says so each time: {reason}");
            let fix = "rtk memory serve --idle-secs 0 keeps a daemon; rtk init --http renews port and token, rtk init \
                       goes back to a program for each event";
            self.find(Finding::new(Level::Broken, what, fix).in_file(path).at_line(report.line));
        }
        let program = Some(self.known.program.clone()).filter(|_| !matches!(fired.reply, Reply::Fails(_)));
        HookReport { command: url.to_owned(), program, fired: Some(fired), ..report }
    }

    fn fire(&mut self, launch: &Launch, program: &Path, event: &str, seconds: f64) -> Fired {
        let start = match &launch.args {
            Some(args) => Start::Exec { program, args },
            None => Start::Shell { command: &launch.command, plugin: launch.plugin.as_deref() },
        };
        let paths = self.paths;
        self.firing.firer.get_or_insert_with(|| Firer::new(paths)).fire(&start, event, seconds)
    }

    fn version(&mut self, program: &Path) -> Option<String> {
        let known = self.firing.versions.iter().find(|(known, _)| known == program);
        if let Some((_, version)) = known {
            return version.clone();
        }
        let version = version(program);
        self.firing.versions.push((program.to_path_buf(), version.clone()));
        version
    }

    fn judge(&mut self, path: &Path, line: usize, event: &str, fired: &Fired, by_plugin: bool) {
        let finding = match &fired.reply {
            Reply::Injects => return,
            // A plugin that is silent stands down for settings; that is said where all files are known.
            Reply::Passes if event != MAIN_EVENT || by_plugin => return,
            Reply::Passes => Finding::new(
                Level::Warning,
                "the hook gave nothing for a sample task that it should know",
                "see rtk config for a setting that turns it off, and its log",
            ),
            Reply::Fails(reason) => {
                let level = if event == MAIN_EVENT { Level::Broken } else { Level::Warning };
                Finding::new(level, format!("the {event} hook does not work: {reason}"), "reinstall rtk")
            }
        };
        self.find(finding.in_file(path).at_line(line));
    }
}
