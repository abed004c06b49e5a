//! The client's matcher language: a list of exact tool names, or an unanchored regular expression.

/// The names of the subagent tool, old and new; the client takes each for the other.
const SUBAGENT_TOOLS: [&str; 2] = ["Task", "Agent"];

/// Whether a group with this matcher runs for the tool, by name alone.
pub(super) fn matches(matcher: Option<&str>, tool: &str) -> bool {
    let Some(matcher) = matcher.filter(|matcher| !matcher.is_empty() && *matcher != "*") else {
        return true;
    };
    if matcher.chars().all(|ch| ch.is_ascii_alphanumeric() || "_|, -".contains(ch)) {
        return matcher.split(['|', ',']).any(|name| name.trim() == tool);
    }
    // What the expression engines disagree on does not fire here; an invalid one never fires in the client either.
    regex_lite::Regex::new(matcher).is_ok_and(|expression| expression.is_match(tool))
}

/// Whether the group runs for a subagent launch in at least one client version.
pub(super) fn matches_subagents(matcher: Option<&str>) -> bool {
    SUBAGENT_TOOLS.iter().any(|tool| matches(matcher, tool))
}

/// Whether the group runs for a subagent launch in every client version.
pub(super) fn matches_subagents_always(matcher: Option<&str>) -> bool {
    SUBAGENT_TOOLS.iter().all(|tool| matches(matcher, tool))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_what_was_seen_on_the_client() {
        for matcher in
            ["Task", "Agent", "Task|Agent", "Task, Agent", "^Task$", "^(Task|Agent)$", "Ta.*", ".*", "*", ""]
        {
            assert!(matches_subagents(Some(matcher)), "{matcher}");
        }
        assert!(matches_subagents(None));
        for matcher in
            ["task", "agent", "TaskX", "Agent(general-purpose)", "Task(", "Bash", "Bash|Edit", "Agents"]
        {
            assert!(!matches_subagents(Some(matcher)), "{matcher}");
        }
        assert!(matches_subagents_always(Some("Task|Agent")) && matches_subagents_always(Some(".*")));
        assert!(!matches_subagents_always(Some("Agent")));
    }
}
