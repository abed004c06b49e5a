//! Keeps the hook's promises whatever happens inside: the deadline, no panic, nothing on stdout but the reply.

use super::event::Event;
use super::knowledge::Knowledge;
use super::reply::Reply;
use super::scene::Scene;
use super::{pre_tool_use, session_start, subagent_start, wire};
use crate::base::{Deadline, Env, Log, Paths, Settings, prepare_memory};
use crate::daemon::{self, Asked, Place};
use crate::installer::registered_in_settings;
use std::any::Any;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// The argument by which the plugin calls the hook, so that it stands down where the user's settings call it as well.
pub const PLUGIN_ARGUMENT: &str = "--plugin";

/// Largest deadline that the settings allow, in milliseconds.
const DEADLINE_MS_MAX: u64 = 60_000;
/// Deadline until the settings are known, in milliseconds.
const DEADLINE_MS_FIRST: u64 = 2_000;
/// Share of the deadline that is kept for writing the reply and ending the process.
const MARGIN_SHARE: u64 = 10;
/// The margin is at most this, in milliseconds.
const MARGIN_MS_MAX: u64 = 100;
/// Stack of the thread that does the work, in bytes; parsers of hostile files go deep.
const STACK_BYTES: usize = 16 * 1024 * 1024;
/// A last line for the log may take this long, in milliseconds; the disk may be what hangs.
const LAST_WORDS_MS: u64 = 50;

/// Where the latest panic happened, for the log.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

/// What the working thread tells the waiting one.
enum News {
    /// The user's settings say how long all may take, in milliseconds.
    DeadlineMs(u64),
    /// The reply is ready.
    Reply(Vec<u8>),
}

/// Keeps panics off stderr for the rest of the process; where they happened is remembered for the log.
pub fn silence_panics() {
    std::panic::set_hook(Box::new(|panic| {
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = panic.to_string();
        }
    }));
}

/// Answers one event from `input`: the bytes for stdout, none when there is nothing to say or something went wrong.
///
/// Returns before the deadline of the settings has passed, whether or not reading, searching or writing has ended.
pub fn answer(env: Env, input: impl Read + Send + 'static, knowledge: impl Knowledge) -> Vec<u8> {
    let start = Deadline::after_ms(DEADLINE_MS_MAX);
    let paths = Paths::of(&env);
    let log = Log::at(paths.as_ref()).gathering();
    // Whoever asks a daemon needs next to no memory.
    let works_alone = paths.is_none_or(|paths| !Place::of(&paths).socket().exists());
    let (sender, receiver) = channel();
    let worker_log = log.clone();
    let worker = std::thread::Builder::new().name("hook".into()).stack_size(STACK_BYTES);
    let spawned = worker.spawn(move || {
        let work = AssertUnwindSafe(|| work(&env, &worker_log, start, input, &knowledge, &sender));
        if let Err(panic) = catch_unwind(work) {
            worker_log.line("error", &format!("hook: panicked: {}", panic_text(panic.as_ref())));
        }
        worker_log.flush();
    });
    match spawned {
        Ok(_) => {
            if works_alone {
                prepare_memory();
            }
            wait(start, &receiver, &log)
        }
        Err(error) => {
            log.line("error", &format!("hook: cannot start a thread: {error}"));
            log.flush();
            Vec::new()
        }
    }
}

/// Waits for the reply until the deadline, which the worker may still set.
fn wait(start: Deadline, receiver: &Receiver<News>, log: &Log) -> Vec<u8> {
    let mut deadline_ms = DEADLINE_MS_FIRST;
    loop {
        match receiver.recv_timeout(reply_by(start, deadline_ms).left()) {
            Ok(News::DeadlineMs(ms)) => deadline_ms = ms,
            Ok(News::Reply(reply)) => return reply,
            Err(RecvTimeoutError::Timeout) => {
                say_last(
                    log,
                    format!("hook: no answer within {deadline_ms} ms; the client goes on without one"),
                );
                return Vec::new();
            }
            // The worker has told the log why it ended.
            Err(RecvTimeoutError::Disconnected) => return Vec::new(),
        }
    }
}

/// The moment when the reply must be on its way for the whole process to end within `deadline_ms`.
fn reply_by(start: Deadline, deadline_ms: u64) -> Deadline {
    let margin_ms = (deadline_ms / MARGIN_SHARE).min(MARGIN_MS_MAX);
    let budget_ms = deadline_ms.saturating_sub(margin_ms).min(DEADLINE_MS_MAX);
    #[expect(clippy::cast_precision_loss, reason = "both are below 2^53")]
    start.share(budget_ms as f64 / DEADLINE_MS_MAX as f64)
}

/// Writes a log line without waiting for a disk that hangs.
fn say_last(log: &Log, message: String) {
    let (done, ended) = channel();
    let log = log.clone();
    let _ = std::thread::Builder::new().spawn(move || {
        log.line("error", &message);
        log.flush();
        let _ = done.send(());
    });
    let _ = ended.recv_timeout(Duration::from_millis(LAST_WORDS_MS));
}

fn work(
    env: &Env,
    log: &Log,
    start: Deadline,
    input: impl Read,
    knowledge: &dyn Knowledge,
    news: &Sender<News>,
) {
    let Some(paths) = Paths::of(env) else { return };
    let (settings, _) = Settings::load(env, Some(&paths.settings()), None);
    let _ = news.send(News::DeadlineMs(settings.hook_deadline_ms));
    if !settings.enabled {
        return;
    }
    let text = match wire::read(input) {
        Ok(text) => text,
        Err(error) => return log.line("error", &format!("hook: {error}")),
    };
    let argument = env.args().get(2).and_then(|argument| argument.to_str());
    let by_plugin = argument == Some(PLUGIN_ARGUMENT);
    let event = Event::of(text, argument.filter(|_| !by_plugin));
    if by_plugin && registered_in_settings(env, &paths, &event.name, &event.tool_name).is_some() {
        // Both run at the same time, and the client keeps one reply: the settings' entry does the work alone.
        return;
    }
    let deadline = reply_by(start, settings.hook_deadline_ms);
    let scene = Scene { env, paths: &paths, log, deadline, knowledge };
    let reply = ask_daemon(&scene, &settings, &event, argument.filter(|_| !by_plugin))
        .unwrap_or_else(|| guarded(&scene, &event));
    // The process ends as soon as the reply is out.
    log.flush();
    let _ = news.send(News::Reply(reply));
}

/// A running daemon's answer, which is the one that this process would give; `None` to do the work here.
fn ask_daemon(
    scene: &Scene<'_>,
    settings: &Settings,
    event: &Event,
    argument: Option<&str>,
) -> Option<Vec<u8>> {
    if !settings.daemon_ask || !event.concerns_memory() {
        return None;
    }
    let identity = daemon::identity(scene.env);
    match daemon::ask_hook(scene.env, scene.paths, &identity, argument, event.text(), scene.deadline) {
        Asked::Answer(reply) => Some(reply),
        Asked::Absent => None,
        Asked::Failed(reason) => {
            scene.log.line("warn", &format!("hook: asked the daemon in vain: {reason}"));
            None
        }
    }
}

/// Answers an event on behalf of another process, whose environment and event these are, within `deadline_ms`.
///
/// The daemon's door: the same bytes as from [`answer`], as long as the time suffices.
pub fn answer_for(
    env: &Env,
    argument: Option<&str>,
    text: String,
    deadline_ms: u64,
    knowledge: &dyn Knowledge,
) -> Vec<u8> {
    let deadline = reply_by(Deadline::after_ms(DEADLINE_MS_MAX), deadline_ms);
    let Some(paths) = Paths::of(env) else { return Vec::new() };
    let log = Log::at(Some(&paths));
    let event = Event::of(text, argument);
    let scene = Scene { env, paths: &paths, log: &log, deadline, knowledge };
    guarded(&scene, &event)
}

/// Answers an event; a panic is a failure like any other.
fn guarded(scene: &Scene<'_>, event: &Event) -> Vec<u8> {
    let reply = catch_unwind(AssertUnwindSafe(|| handle(scene, event))).unwrap_or_else(|panic| {
        scene.failed(event, &format!("panicked: {}", panic_text(panic.as_ref())));
        Reply::Nothing
    });
    reply.into_bytes()
}

/// One handler per event; an event that is not modelled is not an error.
fn handle(scene: &Scene<'_>, event: &Event) -> Reply {
    match event.name.as_str() {
        "PreToolUse" => pre_tool_use::answer(scene, event),
        "SubagentStart" => subagent_start::answer(scene, event),
        "SessionStart" => session_start::answer(scene, event),
        _ => Reply::Nothing,
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let place = LAST_PANIC.lock().map(|last| last.clone()).unwrap_or_default();
    if !place.is_empty() {
        return place;
    }
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
