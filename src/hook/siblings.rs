//! What launches of one turn know of each other, and which launch an agent start belongs to. Pure functions of the record.

use super::event::{DEFAULT_AGENT_TYPE, Event, normalised};
use super::similar::Gist;
use crate::state::{Action, Mark};
use std::collections::BTreeSet;

/// Without a turn's id, launches this close in time count as one turn, in milliseconds.
const TURN_MS: i64 = 10_000;
/// Paths of siblings that a slice takes notice of.
const GIVEN_MAX: usize = 200;

/// Paths that other launches of the same turn and the same launching agent already got.
pub(super) fn given(marks: &[Mark], event: &Event, now_ms: i64) -> Vec<String> {
    let same_turn = |mark: &&Mark| match (&mark.prompt_id, &event.prompt_id) {
        (Some(theirs), Some(ours)) => theirs == ours,
        (None, None) => now_ms.saturating_sub(mark.at_ms).abs() <= TURN_MS,
        _ => false,
    };
    let siblings = marks
        .iter()
        .filter(|mark| mark.is_launch() && mark.action == Some(Action::Injected))
        .filter(|mark| mark.agent_id == event.agent_id && !is_own(mark, event.tool_use_id.as_deref()))
        .filter(same_turn);
    let paths: BTreeSet<&String> = siblings.flat_map(|mark| &mark.paths).collect();
    paths.into_iter().take(GIVEN_MAX).cloned().collect()
}

/// Whether a row is about the very launch that is being handled: of a daemon that ended before its answer was out.
fn is_own(mark: &Mark, tool_use_id: Option<&str>) -> bool {
    tool_use_id.is_some() && mark.tool_use_id.as_deref() == tool_use_id
}

/// Whether this session's record holds an answer to the same question. Under the same id, too: a launch that comes again
/// passes, whoever sent it twice and why.
pub(super) fn was_answered(marks: &[Mark], gist: &Gist) -> bool {
    let mut answered = marks.iter().filter(|mark| mark.is_launch() && mark.action == Some(Action::Answered));
    answered.any(|mark| gist.is_like(&mark.prompt_hash, &mark.sketch))
}

/// What is known about an agent that has started.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Announcement {
    /// This agent has started before, or it is a fork: it has what it needs.
    Known,
    /// The launch with this key announced it.
    Launch(String),
    /// No launch announced it.
    None,
}

/// Finds the launch that announced an agent: same type or name, not denied, not yet used up; the same turn first, then the oldest.
pub(super) fn announcement(marks: &[Mark], event: &Event) -> Announcement {
    let agent_type = normalised(event.agent_type.as_deref().unwrap_or(DEFAULT_AGENT_TYPE));
    // A plugin's agent starts as "plugin:agent" and may be launched without the plugin's name.
    let short_type = agent_type.rsplit(':').next().unwrap_or_default();
    let started = |mark: &&Mark| mark.kind == "subagent_start";
    let seen =
        event.agent_id.is_some() && marks.iter().filter(started).any(|mark| mark.agent_id == event.agent_id);
    if seen || agent_type == "fork" {
        return Announcement::Known;
    }
    let used: BTreeSet<&String> =
        marks.iter().filter(started).filter_map(|mark| mark.consumed.as_ref()).collect();
    let fits = |mark: &&Mark| {
        let named = mark.name.as_deref().is_some_and(|name| normalised(name) == agent_type);
        mark.is_launch()
            && mark.action.is_some_and(|action| action != Action::Answered)
            && (named || [agent_type.as_str(), short_type].contains(&normalised(&mark.agent_type).as_str()))
            && !used.contains(&mark.launch_key())
    };
    let same_turn = |mark: &&Mark| mark.prompt_id == event.prompt_id;
    let launches = || marks.iter().filter(fits);
    let found = launches().find(same_turn).or_else(|| launches().next());
    found.map_or(Announcement::None, |mark| Announcement::Launch(mark.launch_key()))
}

#[cfg(test)]
#[path = "siblings_tests.rs"]
mod tests;
