//! SessionStart: warms the index in the background, so that the first launch finds it ready; old records are pruned here.
//! The user is told where entries of rtk's in the client's settings have gone.

use super::event::Event;
use super::reply::Reply;
use super::scene::Scene;
use crate::base::{detach, unix_ms};
use crate::installer::{Vanished, vanished};
use crate::state;

/// A session that goes on after its context was compacted: all has been done when it began.
const GOES_ON: &str = "compact";

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
    if !scene.settings(Some(&root)).enabled {
        return;
    }
    if let Err(error) = detach(scene.env, &root.path, &["memory", "refresh", "--background"]) {
        scene.log.line("warn", &format!("hook SessionStart: {error}"));
    }
    state::prune(scene.paths, unix_ms());
}
