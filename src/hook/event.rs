//! What the hook acts on: the few fields of an event that matter, taken out of its JSON text.

use super::wire;
use std::ops::Range;
use std::path::PathBuf;

/// Agent type of a launch that names none.
pub(super) const DEFAULT_AGENT_TYPE: &str = "general-purpose";

/// Names and ids are compared and kept on record up to this length, in characters.
const WORD_CHARS_MAX: usize = 512;
/// A longer path is none, in bytes.
const PATH_BYTES_MAX: usize = 4096;

/// One event of the client.
#[derive(Debug)]
pub(super) struct Event {
    text: String,
    pub(super) name: String,
    pub(super) session_id: String,
    pub(super) cwd: Option<PathBuf>,
    pub(super) prompt_id: Option<String>,
    pub(super) tool_name: String,
    pub(super) tool_use_id: Option<String>,
    pub(super) agent_id: Option<String>,
    pub(super) agent_type: Option<String>,
    /// What began the session: `startup`, `resume`, `clear` or `compact`; empty in other events.
    pub(super) source: String,
    /// How the client asks for permissions; older clients send none.
    pub(super) permission_mode: Option<String>,
    /// The session's transcript.
    pub(super) transcript: Option<String>,
    tool_input: Option<Range<usize>>,
}

impl Event {
    /// Takes the fields out of the text of a JSON object; `argument` names the event when the text does not.
    pub(super) fn of(text: String, argument: Option<&str>) -> Event {
        let keys = [
            "hook_event_name",
            "session_id",
            "cwd",
            "prompt_id",
            "tool_name",
            "tool_use_id",
            "agent_id",
            "agent_type",
            "tool_input",
            "source",
            "permission_mode",
            "transcript_path",
        ];
        let [
            name,
            session_id,
            cwd,
            prompt_id,
            tool_name,
            tool_use_id,
            agent_id,
            agent_type,
            tool_input,
            source,
            permission_mode,
            transcript,
        ] = wire::pick(&text, keys);
        let string =
            |range: Option<Range<usize>>| wire::string(&text[range?]).filter(|text| !text.is_empty());
        let word = |range: Option<Range<usize>>| string(range).map(shortened);
        Event {
            name: string(name).or_else(|| argument.map(str::to_owned)).unwrap_or_default(),
            session_id: word(session_id).unwrap_or_default(),
            cwd: string(cwd).map(PathBuf::from).filter(|cwd| cwd.is_absolute()),
            prompt_id: word(prompt_id),
            tool_name: word(tool_name).unwrap_or_default(),
            tool_use_id: word(tool_use_id),
            agent_id: word(agent_id),
            agent_type: word(agent_type),
            source: word(source).unwrap_or_default(),
            permission_mode: word(permission_mode),
            transcript: string(transcript).filter(|path| path.len() <= PATH_BYTES_MAX),
            tool_input,
            text,
        }
    }

    /// The whole event as it came.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether the memory may have something to say to it.
    pub(super) fn concerns_memory(&self) -> bool {
        match self.name.as_str() {
            "PreToolUse" => matches!(self.tool_name.as_str(), "Task" | "Agent"),
            name => name == "SubagentStart",
        }
    }

    /// The input of an agent launch; `None` when it is no object with a prompt of text.
    pub(super) fn launch_input(&self) -> Option<LaunchInput<'_>> {
        let object = self.text.get(self.tool_input.clone()?).filter(|value| value.starts_with('{'))?;
        let [prompt, agent_type, name, isolation] =
            wire::pick(object, ["prompt", "subagent_type", "name", "isolation"]);
        let word = |range: Option<Range<usize>>| {
            wire::string(&object[range?]).filter(|text| !text.is_empty()).map(shortened)
        };
        let literal = prompt?;
        Some(LaunchInput {
            object,
            prompt: wire::string(&object[literal.clone()])?,
            literal,
            agent_type: word(agent_type).unwrap_or_else(|| DEFAULT_AGENT_TYPE.to_owned()),
            name: word(name),
            isolation: word(isolation),
        })
    }

    /// The input of a shell command; `None` when it is no object with a command of text.
    pub(super) fn shell_input(&self) -> Option<ShellInput<'_>> {
        let object = self.text.get(self.tool_input.clone()?).filter(|value| value.starts_with('{'))?;
        let [command] = wire::pick(object, ["command"]);
        let literal = command?;
        Some(ShellInput { object, command: wire::string(&object[literal.clone()])?, literal })
    }
}

/// The input of a shell command.
#[derive(Debug)]
pub(super) struct ShellInput<'a> {
    object: &'a str,
    literal: Range<usize>,
    pub(super) command: String,
}

impl ShellInput<'_> {
    /// The input's JSON with another command; no other byte changes.
    pub(super) fn with_command(&self, command: &str) -> Option<String> {
        let whole = 0..self.command.len();
        wire::edit_string(self.object, &self.literal, std::slice::from_ref(&whole), command)
    }
}

/// The input of an agent launch.
#[derive(Debug)]
pub(super) struct LaunchInput<'a> {
    object: &'a str,
    literal: Range<usize>,
    pub(super) prompt: String,
    pub(super) agent_type: String,
    pub(super) name: Option<String>,
    pub(super) isolation: Option<String>,
}

impl LaunchInput<'_> {
    /// The input's JSON with the ranges `remove` of the prompt cut out and `add` at its end; no other byte changes.
    pub(super) fn with_prompt(&self, remove: &[Range<usize>], add: &str) -> Option<String> {
        wire::edit_string(self.object, &self.literal, remove, add)
    }
}

/// A name or an id without what no client writes, so that one launch cannot push the others out of the record's tail.
fn shortened(mut word: String) -> String {
    if let Some((end, _)) = word.char_indices().nth(WORD_CHARS_MAX) {
        word.truncate(end);
    }
    word
}

/// An agent type as it is compared: without case, separators and white space.
pub(super) fn normalised(agent_type: &str) -> String {
    let kept = agent_type.chars().filter(|ch| !matches!(ch, '-' | '_') && !ch.is_whitespace());
    kept.flat_map(char::to_lowercase).collect()
}

/// Whether `agent_type` is one of `list`, as agent types are compared.
pub(super) fn is_one_of(agent_type: &str, list: &[String]) -> bool {
    let wanted = normalised(agent_type);
    list.iter().any(|item| normalised(item) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agent_types_are_compared_without_case_and_separators() {
        for other in ["explore", "EXPLORE", "Ex-plore", "ex_plore", " Explore "] {
            assert!(is_one_of(other, &["Explore".into()]), "{other}");
        }
        assert!(!is_one_of("explorer", &["Explore".into()]));
        assert!(!is_one_of("plug:Explore", &["Explore".into()]));
    }

    #[test]
    fn fields_of_a_wrong_type_count_as_absent_and_the_argument_only_helps_out() {
        let event = Event::of(r#"{"cwd":5,"session_id":null,"tool_input":[]}"#.into(), Some("Stop"));
        assert_eq!((event.name.as_str(), event.session_id.as_str(), event.cwd.as_ref()), ("Stop", "", None));
        assert!(event.launch_input().is_none());
        let event =
            Event::of(r#"{"hook_event_name":"PreToolUse","tool_input":{"prompt":7}}"#.into(), Some("Stop"));
        assert_eq!(event.name, "PreToolUse");
        assert!(event.launch_input().is_none());
    }

    #[test]
    fn names_and_ids_without_end_are_cut() {
        let long = "é".repeat(1_000_000);
        let text = format!(
            r#"{{"session_id":"{long}","tool_use_id":"{long}","agent_type":"{long}","tool_input":{{"prompt":"x","subagent_type":"{long}","name":"{long}"}}}}"#
        );
        let event = Event::of(text, None);
        let input = event.launch_input().unwrap();
        let words =
            [event.session_id.clone(), event.tool_use_id.clone().unwrap(), event.agent_type.clone().unwrap()];
        for word in words.into_iter().chain([input.agent_type, input.name.unwrap()]) {
            assert_eq!(word.chars().count(), WORD_CHARS_MAX);
        }
    }

    #[test]
    fn a_launch_without_a_type_is_general_purpose() {
        let event = Event::of(r#"{"tool_input":{"prompt":"x","isolation":"worktree"}}"#.into(), None);
        let input = event.launch_input().unwrap();
        assert_eq!(
            (input.agent_type.as_str(), input.isolation.as_deref()),
            ("general-purpose", Some("worktree"))
        );
    }
}
