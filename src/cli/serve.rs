//! `rtk memory serve` and `rtk memory watch`: the daemon and the watcher in the foreground.

use super::args::{ProjectArgs, ServeArgs};
use super::error::CliError;
use super::memory::{context, place};
use super::{Session, memory};
use crate::base::{Env, Paths, Settings, tune_for_long_life, unix_ms};
use crate::daemon::{
    self, Api, Asked, Ceilings, Claim, DaemonError, Handler, HookCall, HttpFace, HttpOptions, Listening,
    Place, Projects, ServeOptions, Stats,
};
use crate::hook::{self, Transcripts, Use};
use crate::state::{self, Latest};
use serde_json::json;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Launches that the dashboard shows.
const LAUNCHES_MAX: usize = 500;

pub(super) fn serve(session: &Session, args: &ServeArgs) -> Result<ExitCode, CliError> {
    let paths = session.paths()?;
    if args.status {
        return status(session, paths);
    }
    if args.stop {
        return stop(session, paths);
    }
    let mut claim = match daemon::claim(&session.env, paths) {
        Err(DaemonError::Running { .. }) if args.background => return Ok(ExitCode::SUCCESS),
        other => other?,
    };
    hook::silence_panics();
    tune_for_long_life();
    let stats = Arc::new(Stats::default());
    let projects = Projects::new(Arc::clone(&stats), session.log.clone(), ceilings(session, paths), None);
    let program = session.env.program().map(PathBuf::from);
    let started_ms = unix_ms();
    let identity = claim.identity().to_owned();
    let daemon = Arc::new(Daemon { projects, stats: Arc::clone(&stats), program, identity, started_ms });
    let http = http(session, args, &mut claim, &daemon)?;
    if !args.background && !session.out.is_quiet() {
        session.out.note(&format!("serving at {}; end it with Ctrl-C", claim.place().socket().display()));
        if http.is_some() {
            session.out.note(&format!("dashboard: {}", dashboard(claim.place())?));
        }
    }
    session.log.line("info", &format!("daemon: serving, version {}", claim.identity()));
    let idle = (args.idle_secs > 0).then(|| Duration::from_secs(args.idle_secs));
    let options = ServeOptions { idle, stop: stop_signal()?, stats };
    daemon::serve(&mut claim, daemon, &session.log, options)?;
    // Requests under way end before another daemon may begin.
    drop(http);
    drop(claim);
    session.log.line("info", "daemon: ended");
    Ok(ExitCode::SUCCESS)
}

/// What the settings let the daemon take.
fn ceilings(session: &Session, paths: &Paths) -> Ceilings {
    let (settings, _) = Settings::load(&session.env, Some(&paths.settings()), None);
    Ceilings {
        bytes_max: settings.daemon_memory_mb.saturating_mul(1024 * 1024),
        cpu_percent: settings.daemon_cpu_percent,
        watches_max: settings.daemon_watches_max,
    }
}

/// Starts the HTTP face, if it is wanted; in the background a port that is taken is no reason not to serve hooks.
fn http(
    session: &Session,
    args: &ServeArgs,
    claim: &mut Claim,
    daemon: &Arc<Daemon>,
) -> Result<Option<Listening>, CliError> {
    if args.no_http {
        return Ok(None);
    }
    let paths = session.paths()?.clone();
    let transcripts = Transcripts::default();
    let (asked, told) = (Arc::clone(daemon), Arc::clone(daemon));
    let env = session.env.clone();
    let deadline_ms = Settings::load(&env, Some(&paths.settings()), None).0.hook_deadline_ms;
    let face = HttpFace {
        api: Api::new(&env, &paths, &session.log, Some(Arc::clone(&daemon.projects))),
        hook: Box::new(move |event| hook::answer_for(&env, None, event, deadline_ms, &asked.projects)),
        status: Box::new(move || told.status()),
        launches: Box::new(move || launches(&paths, &transcripts)),
        stats: Arc::clone(&daemon.stats),
        identity: daemon.identity.clone(),
    };
    let options = HttpOptions { port: args.port, token: daemon::token(claim.place())?, face };
    match daemon::start_http(options, &session.log) {
        Ok(listening) => {
            claim.set_port(listening.port)?;
            Ok(Some(listening))
        }
        Err(error) if args.background => {
            session.log.line("warn", &format!("daemon: no HTTP: {error}"));
            Ok(None)
        }
        Err(error) => Err(CliError::Room {
            message: error.to_string(),
            hint: Some("choose another port with --port N, or go without with --no-http".into()),
        }),
    }
}

/// The address of the dashboard with what lets one in; the part after `#` is never sent over the wire.
fn dashboard(place: &Place) -> Result<String, CliError> {
    let port = daemon::running(place).and_then(|running| running.port).unwrap_or_default();
    Ok(format!("http://127.0.0.1:{port}/#{}", daemon::token(place)?))
}

/// The latest launches as a document, each with what its agent opened, as far as the client's transcripts tell.
fn launches(paths: &Paths, transcripts: &Transcripts) -> String {
    let latest = state::latest(paths, LAUNCHES_MAX).unwrap_or_default();
    let uses = transcripts.uses(latest.iter().map(|it| (&it.launch, it.agent_id.as_deref())));
    let document = |(latest, used): (&Latest, &Option<Use>)| {
        let mut launch = json!(latest.launch);
        launch["use"] = json!(used);
        launch
    };
    let launches: Vec<_> = latest.iter().zip(&uses).map(document).collect();
    json!({ "schema": 1, "launches": launches }).to_string()
}

/// Serves the memory as MCP tools to the client that started this process.
pub(super) fn mcp(session: &Session) -> Result<ExitCode, CliError> {
    hook::silence_panics();
    let api = Api::new(&session.env, session.paths()?, &session.log, None);
    daemon::serve_mcp(api)?;
    Ok(ExitCode::SUCCESS)
}

/// Says something when the process is asked to end.
fn stop_signal() -> Result<Receiver<()>, CliError> {
    let signals = Signals::new([SIGTERM, SIGINT, SIGHUP]);
    let mut signals = signals.map_err(|source| CliError::Read { what: "signals".into(), source })?;
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        if signals.forever().next().is_some() {
            let _ = sender.send(());
        }
    });
    Ok(receiver)
}

fn status(session: &Session, paths: &Paths) -> Result<ExitCode, CliError> {
    let place = Place::of(paths);
    let identity = daemon::identity(&session.env);
    let running = daemon::running(&place);
    let answer = daemon::status(&place, &identity);
    let told = match &answer {
        Asked::Answer(text) => serde_json::from_slice(text).unwrap_or(serde_json::Value::Null),
        Asked::Absent | Asked::Failed(_) => serde_json::Value::Null,
    };
    let answers = matches!(answer, Asked::Answer(_));
    if session.out.is_json() {
        let running = running.and_then(|running| serde_json::to_value(running).ok());
        session.out.json(&json!({ "schema": 1, "answers": answers, "process": running, "daemon": told }))?;
    } else if let Some(running) = running.filter(|_| answers) {
        session.out.line(&format!("daemon    process {}, version {}", running.pid, running.identity))?;
        if running.identity != identity {
            session.out.line(
                "          not this version: hooks do their work themselves; `rtk memory serve` replaces it",
            )?;
        }
        if running.port.is_some() {
            session.out.line(&format!("dashboard {}", dashboard(&place)?))?;
        }
        session.out.raw(summary(&told).as_bytes())?;
    } else {
        session.out.line("no daemon answers; hooks do their work themselves")?;
    }
    Ok(ExitCode::from(u8::from(!answers)))
}

/// The daemon's own account as lines of text.
fn summary(told: &serde_json::Value) -> String {
    let number = |value: &serde_json::Value| value.as_u64().unwrap_or(0);
    let counts = &told["counts"];
    let mut text = format!(
        "asked     {} times, {} answered with something to say, {} turned away\n",
        number(&counts["questions"]),
        number(&counts["answered"]),
        number(&counts["busy"])
    );
    for project in told["projects"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let how = match project["reason"].as_str() {
            Some(reason) => format!("compared with the disk at each question: {reason}"),
            None if project["watched"] == true => "watched".to_owned(),
            None => "not watched yet".to_owned(),
        };
        text.push_str(&format!("project   {} ({how})\n", project["root"].as_str().unwrap_or_default()));
    }
    text
}

fn stop(session: &Session, paths: &Paths) -> Result<ExitCode, CliError> {
    let stopped =
        matches!(daemon::stop(&Place::of(paths), &daemon::identity(&session.env)), Asked::Answer(_));
    if session.out.is_json() {
        session.out.json(&json!({ "schema": 1, "stopped": stopped }))?;
    } else if !session.out.is_quiet() {
        session.out.line(if stopped { "the daemon ends" } else { "no daemon was running" })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What the daemon does with what it is asked: hook and memory, put together here.
struct Daemon {
    projects: Arc<Projects>,
    stats: Arc<Stats>,
    program: Option<PathBuf>,
    identity: String,
    started_ms: i64,
}

impl Handler for Daemon {
    fn hook(&self, call: &HookCall) -> Vec<u8> {
        let cwd = call.cwd.as_deref();
        let variables = call.variables.iter().map(|(name, value)| (name.clone(), value.clone()));
        let env = Env::of(cwd.unwrap_or_else(|| std::path::Path::new("/")), variables);
        let env = match &self.program {
            Some(program) => env.with_program(program).with_cwd(cwd),
            None => env.with_cwd(cwd),
        };
        let (argument, event) = (call.argument.as_deref(), call.event.clone());
        hook::answer_for(&env, argument, event, call.deadline_ms, &self.projects)
    }

    fn status(&self) -> String {
        let projects: Vec<_> = self.projects.list();
        let projects: Vec<_> = projects
            .iter()
            .map(|(root, bytes, watched, reason)| {
                json!({ "root": root.display().to_string(), "bytes": bytes, "watched": watched, "reason": reason })
            })
            .collect();
        let (watches, overflows, events) = self.projects.figures();
        let counts: serde_json::Map<String, serde_json::Value> =
            self.stats.named().into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect();
        json!({
            "schema": 1,
            "version": self.identity,
            "pid": std::process::id(),
            "started_ms": self.started_ms,
            "counts": counts,
            "watcher": { "watches": watches, "overflows": overflows, "events": events },
            "projects": projects,
        })
        .to_string()
    }
}

pub(super) fn watch(session: &Session, args: &ProjectArgs) -> Result<ExitCode, CliError> {
    let place = place(session, args)?;
    let context = context(session, &place)?;
    memory::warm_up(session, &context, &place.root)?;
    let (said, renewals) = channel();
    let told = move |renewal: &daemon::Renewal| drop(said.send(renewal.clone()));
    let ceilings = ceilings(session, session.paths()?);
    let projects =
        Projects::new(Arc::new(Stats::default()), session.log.clone(), ceilings, Some(Box::new(told)));
    projects.adopt(&context, &place.root)?;
    let stop = stop_signal()?;
    session.out.note(&format!("watching {}; end it with Ctrl-C", place.root.path.display()));
    std::thread::scope(|_| {
        while stop.try_recv().is_err() {
            let Ok(renewal) = renewals.recv_timeout(Duration::from_millis(100)) else { continue };
            print(session, &renewal)?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn print(session: &Session, renewal: &daemon::Renewal) -> Result<(), CliError> {
    let took = renewal.elapsed_us as f64 / 1000.0;
    if session.out.is_json() {
        let (looked_at, changed) =
            renewal.result.as_ref().map_or((0, 0), |done| (done.looked_at, done.changed));
        let line = json!({
            "schema": 1,
            "root": renewal.root.display().to_string(),
            "looked_at": looked_at,
            "changed": changed,
            "error": renewal.result.as_ref().err(),
            "unwatched": renewal.unwatched,
            "elapsed_us": renewal.elapsed_us,
        });
        return session.out.line(&line.to_string());
    }
    if let Some(reason) = &renewal.unwatched {
        session
            .out
            .warn(&format!("changes are not told here, each question compares with the disk: {reason}"));
    }
    match &renewal.result {
        Ok(done) => session
            .out
            .line(&format!("{} files looked at, {} taken in, {took:.1} ms", done.looked_at, done.changed)),
        Err(error) => {
            session.out.warn(error);
            Ok(())
        }
    }
}

impl From<DaemonError> for CliError {
    fn from(error: DaemonError) -> CliError {
        let hint = match &error {
            DaemonError::Running { .. } => "`rtk memory serve --status` tells how it is, `--stop` ends it",
            DaemonError::Stuck { .. } => "end the process that `daemon.json` beside it names, then try again",
            DaemonError::Io { .. } | DaemonError::Fs(_) => {
                "rtk's state folder must be writable; see `rtk memory status`"
            }
        };
        CliError::Room { message: error.to_string(), hint: Some(hint.into()) }
    }
}
