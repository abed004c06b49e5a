//! SubagentStart: agents that no launch announced get a short general text; those already served get nothing.

use super::event::{DEFAULT_AGENT_TYPE, Event, is_one_of};
use super::reply::Reply;
use super::scene::Scene;
use super::siblings::{self, Announcement};
use crate::base::{Settings, unix_ms};
use crate::state::{self, Session, Started};
use crate::text::block;

/// Size of the general text with its marks, in characters.
const CONTEXT_CHARS_MAX: usize = 4_000;

/// Answers one SubagentStart event.
pub(super) fn answer(scene: &Scene<'_>, event: &Event) -> Reply {
    let session = scene.session(event);
    let agent_type = event.agent_type.clone().unwrap_or_else(|| DEFAULT_AGENT_TYPE.to_owned());
    let mut started = Started::new(unix_ms(), event.agent_id.clone(), agent_type);
    if let Claimed::Yes = claim(scene, event, &session, &mut started) {
        return Reply::Nothing;
    }
    match context(scene, event, &started.agent_type) {
        Some(text) => {
            started.context_chars = text.chars().count();
            // Without its record the same agent would be served again at each of its starts.
            let recorded = scene.record(&session, &state::Event::SubagentStart(started));
            if recorded { Reply::AgentContext(text) } else { Reply::Nothing }
        }
        None => {
            scene.record(&session, &state::Event::SubagentStart(started));
            Reply::Nothing
        }
    }
}

enum Claimed {
    Yes,
    No,
}

/// Looks, under the lock, whether the agent is known or announced, and uses the announcing launch up.
fn claim(scene: &Scene<'_>, event: &Event, session: &Session, started: &mut Started) -> Claimed {
    let _lock = scene.lock(session);
    let marks = match session.marks() {
        Ok(marks) => marks,
        Err(error) => {
            scene.log.line("warn", &format!("hook SubagentStart: {error}"));
            return Claimed::Yes;
        }
    };
    match siblings::announcement(&marks, event) {
        Announcement::Known => Claimed::Yes,
        Announcement::Launch(key) => {
            started.consumed = Some(key);
            scene.record(session, &state::Event::SubagentStart(started.clone()));
            Claimed::Yes
        }
        Announcement::None => Claimed::No,
    }
}

/// The general text in its block, if there is one to give.
fn context(scene: &Scene<'_>, event: &Event, agent_type: &str) -> Option<String> {
    let root = scene.root(event)?;
    let settings = scene.settings(Some(&root));
    if !settings.enabled || !serves(&settings, agent_type) {
        return None;
    }
    let chars = CONTEXT_CHARS_MAX - block::WRAP_CHARS;
    let text = match scene.knowledge.glance(&scene.context(&settings), &root, chars) {
        Ok(text) => text,
        Err(error) => {
            scene.log.line("warn", &format!("hook SubagentStart: {error}"));
            return None;
        }
    };
    let fits = text.chars().count() <= chars;
    if !fits {
        scene.log.line("error", "hook SubagentStart: the general text is longer than its limit");
    }
    let useful = fits && !text.trim().is_empty() && !scene.deadline.passed();
    useful.then(|| block::wrap("", &text).trim_start().to_owned())
}

fn serves(settings: &Settings, agent_type: &str) -> bool {
    let listed = settings.hook_agents.is_empty() || is_one_of(agent_type, &settings.hook_agents);
    listed && !is_one_of(agent_type, &settings.hook_agents_skip)
}

#[cfg(test)]
#[path = "subagent_start_tests.rs"]
mod tests;
