//! What the model says in a run: turns for the main agent and for each subagent, chosen from the request alone.

use serde_json::{Value, json};

/// What every run's user asks; it tells the main agent's requests from a subagent's.
pub(crate) const MAIN_PROMPT: &str = "Coordinate the work on this repository and report when it is done.";
/// Name of the main agent's conversation.
pub(crate) const MAIN: &str = "main";
/// Stands in a launch's prompt for the prompt that the launching agent itself was given.
pub(crate) const OWN_PROMPT: &str = "${OWN_PROMPT}";

/// Stands for half of a character that takes two UTF-16 units: a model that is cut off in an emoji sends such.
pub(crate) const BROKEN_CHARACTER: char = '\u{e000}';
/// How the half character is spelled on the wire.
pub(crate) const BROKEN_ESCAPE: &str = "\\ud83d";

/// One block of an answer.
#[derive(Debug, Clone)]
pub(crate) enum Block {
    /// Words.
    Text(String),
    /// A call of the named tool.
    Tool {
        /// The tool; `Agent` becomes `Task` where the client offers that.
        name: &'static str,
        /// The call's id, unique within a script.
        id: String,
        /// Its arguments.
        input: Value,
    },
}

/// One answer of the model.
pub(crate) type Turn = Vec<Block>;

/// An answer of words alone: it ends the conversation.
pub(crate) fn says(text: &str) -> Turn {
    vec![Block::Text(text.to_owned())]
}

/// A call of the shell tool.
pub(crate) fn bash(id: &str, command: &str) -> Block {
    let input = json!({"command": command, "description": "run a command"});
    Block::Tool { name: "Bash", id: id.to_owned(), input }
}

/// A launch in the foreground; an empty `agent_type` leaves the field out.
pub(crate) fn launch(id: &str, agent_type: &str, prompt: &str) -> Block {
    let mut input = json!({"description": "look into it", "prompt": prompt, "run_in_background": false});
    if !agent_type.is_empty() {
        input["subagent_type"] = agent_type.into();
    }
    Block::Tool { name: "Agent", id: id.to_owned(), input }
}

impl Block {
    /// The same call with one more argument, or another value for it.
    pub(crate) fn with(mut self, key: &str, value: Value) -> Block {
        if let Block::Tool { input, .. } = &mut self {
            input[key] = value;
        }
        self
    }

    /// The arguments of a call.
    pub(crate) fn input(&self) -> &Value {
        match self {
            Block::Tool { input, .. } => input,
            Block::Text(_) => &Value::Null,
        }
    }
}

/// How a conversation is told from the others.
#[derive(Debug, Clone)]
enum Who {
    Main,
    /// A text block of the first user message starts with this.
    Launched(String),
    /// A subagent with this anywhere in a user message: forks have the whole conversation, workflows wrap the prompt.
    Mentions(String),
}

#[derive(Debug, Clone)]
struct Conversation {
    name: &'static str,
    who: Who,
    turns: Vec<Turn>,
}

/// The turns of every agent in a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script {
    conversations: Vec<Conversation>,
}

impl Script {
    /// A script in which the main agent says these turns.
    pub(crate) fn new(turns: impl IntoIterator<Item = Turn>) -> Script {
        Script::default().add(MAIN, Who::Main, turns)
    }

    /// Adds the subagent that is launched with `prompt`.
    pub(crate) fn agent(
        self,
        name: &'static str,
        prompt: &str,
        turns: impl IntoIterator<Item = Turn>,
    ) -> Script {
        self.add(name, Who::Launched(prompt.to_owned()), turns)
    }

    /// Adds the subagent whose prompt holds `prompt` somewhere; only for clients that send agent ids.
    pub(crate) fn agent_that_mentions(
        self,
        name: &'static str,
        prompt: &str,
        turns: impl IntoIterator<Item = Turn>,
    ) -> Script {
        self.add(name, Who::Mentions(prompt.to_owned()), turns)
    }

    fn add(mut self, name: &'static str, who: Who, turns: impl IntoIterator<Item = Turn>) -> Script {
        self.conversations.push(Conversation { name, who, turns: turns.into_iter().collect() });
        self
    }

    /// The conversation that a request belongs to, and the answer to it. Requests of nobody in the script (titles,
    /// summaries) and those past the last turn are answered with `OK.`.
    pub(crate) fn answer(&self, body: &Value, agent_id: Option<&str>) -> (Option<&'static str>, Turn) {
        let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found =
            self.conversations.iter().find(|conversation| conversation.who.matches(body, messages, agent_id));
        let spoken = messages.iter().filter(|message| message["role"] == "assistant").count();
        let turn = found.and_then(|conversation| conversation.turns.get(spoken)).cloned();
        (found.map(|conversation| conversation.name), turn.unwrap_or_else(|| says("OK.")))
    }
}

impl Who {
    fn matches(&self, body: &Value, messages: &[Value], agent_id: Option<&str>) -> bool {
        let mut users = messages.iter().filter(|message| message["role"] == "user").map(texts);
        let first = users.next().unwrap_or_default();
        let of_main = agent_id.is_none() && first.iter().any(|text| text.contains(MAIN_PROMPT));
        match self {
            Who::Main => of_main && body["tools"].as_array().is_some_and(|tools| !tools.is_empty()),
            Who::Launched(prompt) => !of_main && first.iter().any(|text| text.starts_with(prompt.as_str())),
            Who::Mentions(prompt) => {
                agent_id.is_some()
                    && std::iter::once(first)
                        .chain(users)
                        .flatten()
                        .any(|text| text.contains(prompt.as_str()))
            }
        }
    }
}

/// The text blocks of a message, tool results left out.
pub(crate) fn texts(message: &Value) -> Vec<String> {
    match &message["content"] {
        Value::String(text) => vec![text.clone()],
        Value::Array(blocks) => {
            blocks.iter().filter_map(|block| block["text"].as_str()).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(first: &str, tools: usize) -> Value {
        json!({"messages": [{"role": "user", "content": [{"type": "text", "text": first}]}], "tools": vec![json!({}); tools]})
    }

    #[test]
    fn requests_are_attributed_by_prompt_and_by_agent_id() {
        let script = Script::new([says("m")]);
        let script = script.agent("one", "Find the parser.", [says("a")]).agent_that_mentions(
            "fork",
            "Go on.",
            [says("f")],
        );
        let who = |body: &Value, id| script.answer(body, id).0;
        assert_eq!(who(&request(MAIN_PROMPT, 1), None), Some(MAIN));
        assert_eq!(who(&request(MAIN_PROMPT, 0), None), None, "a side call offers no tools");
        assert_eq!(who(&request("Find the parser. More.", 1), Some("a1")), Some("one"));
        assert_eq!(who(&request("Find the parser.", 1), None), Some("one"), "older clients send no id");
        assert_eq!(who(&request("Please: Find the parser.", 1), None), None, "the prompt comes first");
        assert_eq!(who(&request(&format!("{MAIN_PROMPT} Go on."), 1), Some("a2")), Some("fork"));
    }

    #[test]
    fn the_turn_follows_from_the_number_of_answers_so_far() {
        let script = Script::new([says("first"), says("second")]);
        let mut body = request(MAIN_PROMPT, 1);
        let said = |body: &Value| match script.answer(body, None).1.remove(0) {
            Block::Text(text) => text,
            Block::Tool { .. } => String::new(),
        };
        assert_eq!(said(&body), "first");
        for expected in ["second", "OK."] {
            body["messages"].as_array_mut().unwrap().push(json!({"role": "assistant", "content": "x"}));
            assert_eq!(said(&body), expected);
        }
    }
}
