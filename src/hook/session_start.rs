//! SessionStart: warms the index in the background, so that the first launch finds it ready; old records are pruned here.

use super::event::Event;
use super::reply::Reply;
use super::scene::Scene;
use crate::base::{detach, unix_ms};
use crate::state;

/// A session that goes on after its context was compacted: all has been done when it began.
const GOES_ON: &str = "compact";

/// Starts what goes on without the client; the reply is always empty.
pub(super) fn answer(scene: &Scene<'_>, event: &Event) -> Reply {
    if event.source == GOES_ON {
        return Reply::Nothing;
    }
    let Some(root) = scene.root(event) else { return Reply::Nothing };
    if !scene.settings(Some(&root)).enabled {
        return Reply::Nothing;
    }
    if let Err(error) = detach(scene.env, &root.path, &["memory", "refresh", "--background"]) {
        scene.log.line("warn", &format!("hook SessionStart: {error}"));
    }
    state::prune(scene.paths, unix_ms());
    Reply::Nothing
}
