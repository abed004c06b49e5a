//! SessionStart: warms the index in the background, so that the first launch finds it ready; old records are pruned here.
//! The user is told where entries of rtk's in the client's settings have gone.

use super::event::Event;
use super::reply::Reply;
use super::scene::Scene;
use crate::base::{detach, unix_ms};
use crate::daemon::{self, Place};
use crate::installer::{Vanished, http_hook, vanished};
use crate::state;
use std::path::Path;

/// A session that goes on after its context was compacted: all has been done when it began.
const GOES_ON: &str = "compact";
/// A daemon that the client asks itself serves for a working day without a question, in seconds: nobody can start it
/// again in the middle of a session.
const ASKED_IDLE_SECS: u32 = 12 * 60 * 60;

/// Starts what goes on without the client, and looks whether rtk is still installed where it was.
pub(super) fn answer(scene: &Scene<'_>, event: &Event) -> Reply {
    if event.source == GOES_ON {
        return Reply::Nothing;
    }
    start(scene, event);
    let lines: Vec<String> = vanished(scene.env, scene.paths).iter().map(Vanished::to_string).collect();
    if lines.is_empty() { Reply::Nothing } else { Reply::Notice(lines.join("\n")) }
}

fn start(scene: &Scene<'_>, event: &Event) {
    let Some(root) = scene.root(event) else { return };
    let settings = scene.settings(Some(&root));
    if !settings.enabled {
        return;
    }
    let asked = http_hook(scene.env);
    if settings.daemon_autostart || asked.is_some() {
        start_daemon(scene, asked.map(|hook| hook.port));
    }
    if let Err(error) = detach(scene.env, &root.path, &["memory", "refresh", "--background"]) {
        scene.log.line("warn", &format!("hook SessionStart: {error}"));
    }
    state::prune(scene.paths, unix_ms());
}

/// Starts the daemon if none of this version answers; one of another version is replaced by it. `port` is where the
/// client asks it.
fn start_daemon(scene: &Scene<'_>, port: Option<u16>) {
    let place = Place::of(scene.paths);
    if daemon::is_running(&place, &daemon::identity(scene.env)) {
        return;
    }
    // Not in the project: its folder must not be kept busy.
    let folder = scene.paths.state.as_path();
    let folder = if folder.is_dir() { folder } else { Path::new("/") };
    let mut arguments: Vec<String> = ["memory", "serve", "--background"].map(str::to_owned).into();
    if let Some(port) = port {
        arguments.extend([format!("--port={port}"), format!("--idle-secs={ASKED_IDLE_SECS}")]);
    }
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let Err(error) = detach(scene.env, folder, &arguments) {
        scene.log.line("warn", &format!("hook SessionStart: {error}"));
    }
}
