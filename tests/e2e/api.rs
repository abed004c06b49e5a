//! A stand-in for the Messages API on loopback: HTTP/1.1 with threads, scripted answers, every request recorded.

use crate::script::{BROKEN_CHARACTER, BROKEN_ESCAPE, Block, OWN_PROMPT, Script, Turn, texts};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Error, ErrorKind, Read as _, Result, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// A request whose body is larger is refused, in bytes.
const BODY_BYTES_MAX: usize = 64 << 20;
/// Header lines beyond this number are refused.
const HEADERS_MAX: usize = 200;

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Method and path with query.
    pub(crate) line: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// The body as JSON; null when it is none.
    pub(crate) body: Value,
    /// The script's name for whoever asked; none for side calls.
    pub(crate) conversation: Option<&'static str>,
}

impl Request {
    /// The asking subagent's id, which newer clients send.
    pub(crate) fn agent_id(&self) -> Option<&str> {
        self.headers.get("x-claude-code-agent-id").map(String::as_str)
    }
}

struct State {
    script: Script,
    requests: Mutex<Vec<Request>>,
    answers: AtomicU64,
    closed: AtomicBool,
}

/// A running server; it stops accepting when dropped.
pub(crate) struct Api {
    address: SocketAddr,
    state: Arc<State>,
}

impl Api {
    /// Starts to listen on a free port of the loopback interface.
    pub(crate) fn start(script: Script) -> Api {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free loopback port");
        let address = listener.local_addr().expect("the port that was bound");
        let state = Arc::new(State {
            script,
            requests: Mutex::default(),
            answers: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.closed.load(Ordering::SeqCst) {
                    return;
                }
                let state = Arc::clone(&shared);
                // A connection that the client drops is the client's business: the run's outcome tells.
                std::thread::spawn(move || stream.and_then(|stream| state.serve(stream)));
            }
        });
        Api { address, state }
    }

    /// The base URL for the client.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All requests so far, in order of arrival.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().expect("no thread panics with the lock").clone()
    }
}

impl Drop for Api {
    fn drop(&mut self) {
        self.state.closed.store(true, Ordering::SeqCst);
        // Wakes the accept loop; when this fails the loop has ended already.
        drop(TcpStream::connect(self.address));
    }
}

impl State {
    fn serve(&self, stream: TcpStream) -> Result<()> {
        stream.set_nodelay(true)?;
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut stream = stream;
        while let Some((line, headers)) = read_head(&mut reader)? {
            let raw = read_body(&mut reader, &headers)?;
            // Half a character is not text for Rust; here it is read as the mark that takes its place.
            let text = String::from_utf8_lossy(&raw).replace(BROKEN_ESCAPE, "\\ufffd");
            let body = serde_json::from_str(&text).unwrap_or(Value::Null);
            self.reply(&mut stream, Request { line, headers, body, conversation: None }, raw.len())?;
        }
        Ok(())
    }

    fn reply(&self, stream: &mut TcpStream, mut request: Request, size: usize) -> Result<()> {
        let mut words = request.line.split([' ', '?']);
        let route = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let mut streamed = false;
        let (status, answer) = match route {
            ("POST", "/v1/messages") => {
                let (conversation, turn) = self.script.answer(&request.body, request.agent_id());
                request.conversation = conversation;
                streamed = request.body["stream"] == true;
                (200, self.message(&request.body, turn, size))
            }
            ("POST", "/v1/messages/count_tokens") => (200, json!({"input_tokens": tokens(size)})),
            ("GET", path) if path.starts_with("/v1/models") => {
                (200, json!({"data": [], "has_more": false, "first_id": null, "last_id": null}))
            }
            ("HEAD", _) => (200, Value::Null),
            _ => (
                404,
                json!({"type": "error", "error": {"type": "not_found_error", "message": "not scripted"}}),
            ),
        };
        // Recorded before it is answered: who has the answer finds the request in the record.
        self.requests.lock().expect("no thread panics with the lock").push(request);
        if streamed { write_events(stream, &answer) } else { write_json(stream, status, &answer) }
    }

    fn message(&self, body: &Value, turn: Turn, size: usize) -> Value {
        let number = self.answers.fetch_add(1, Ordering::SeqCst);
        let called = turn.iter().any(|block| matches!(block, Block::Tool { .. }));
        let content: Vec<Value> = turn.into_iter().map(|block| content(block, body)).collect();
        json!({
            "id": format!("msg_{number:024}"), "type": "message", "role": "assistant", "model": body["model"],
            "content": content, "stop_reason": if called { "tool_use" } else { "end_turn" }, "stop_sequence": null,
            "usage": {"input_tokens": tokens(size), "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
                "output_tokens": 10, "service_tier": "standard"},
        })
    }
}

/// A rough token count for a body of `size` bytes; only has to be plausible.
fn tokens(size: usize) -> usize {
    size / 4 + 1
}

fn content(block: Block, body: &Value) -> Value {
    match block {
        Block::Text(text) => json!({"type": "text", "text": text}),
        Block::Tool { name, id, mut input } => {
            if let Some(prompt) = input["prompt"].as_str().filter(|prompt| prompt.contains(OWN_PROMPT)) {
                input["prompt"] = prompt.replace(OWN_PROMPT, &own_prompt(body)).into();
            }
            let offers = |tool: &str| {
                body["tools"].as_array().is_some_and(|tools| tools.iter().any(|one| one["name"] == tool))
            };
            let name = if name == "Agent" && !offers("Agent") && offers("Task") { "Task" } else { name };
            json!({"type": "tool_use", "id": id, "name": name, "input": input})
        }
    }
}

/// The task of the agent that asks: the last text block of its first user message.
fn own_prompt(body: &Value) -> String {
    let mut messages = body["messages"].as_array().into_iter().flatten();
    let first = messages.find(|message| message["role"] == "user").map(texts).unwrap_or_default();
    first.into_iter().next_back().unwrap_or_default()
}

fn read_head(reader: &mut BufReader<TcpStream>) -> Result<Option<(String, BTreeMap<String, String>)>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut headers = BTreeMap::new();
    for _ in 0..HEADERS_MAX {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(':') else {
            return Ok(Some((line.trim_end().to_owned(), headers)));
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    Err(Error::new(ErrorKind::InvalidData, "too many headers"))
}

fn read_body(reader: &mut BufReader<TcpStream>, headers: &BTreeMap<String, String>) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    if headers.get("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        loop {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            let size = line.split(';').next().and_then(|size| usize::from_str_radix(size.trim(), 16).ok());
            let size = checked(size, body.len())?;
            read_exactly(reader, &mut body, size)?;
            line.clear();
            reader.read_line(&mut line)?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
    let Some(length) = headers.get("content-length") else { return Ok(body) };
    let length = checked(length.parse().ok(), 0)?;
    read_exactly(reader, &mut body, length)?;
    Ok(body)
}

fn checked(size: Option<usize>, so_far: usize) -> Result<usize> {
    size.filter(|size| size.saturating_add(so_far) <= BODY_BYTES_MAX)
        .ok_or_else(|| Error::new(ErrorKind::InvalidData, "body size missing, malformed or too large"))
}

fn read_exactly(reader: &mut BufReader<TcpStream>, body: &mut Vec<u8>, size: usize) -> Result<()> {
    let start = body.len();
    body.resize(start + size, 0);
    reader.read_exact(&mut body[start..])
}

fn write_json(stream: &mut TcpStream, status: u16, answer: &Value) -> Result<()> {
    let body = if answer.is_null() { String::new() } else { answer.to_string() };
    let reason = if status == 200 { "OK" } else { "Not Found" };
    let head = format!(
        "HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\nrequest-id: req_e2e\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all((head + &body).as_bytes())
}

/// Sends a message as the stream of events that a client with `"stream": true` expects.
fn write_events(stream: &mut TcpStream, message: &Value) -> Result<()> {
    let mut start = message.clone();
    start["content"] = json!([]);
    start["stop_reason"] = Value::Null;
    let mut events = vec![json!({"type": "message_start", "message": start})];
    for (index, block) in message["content"].as_array().into_iter().flatten().enumerate() {
        let (empty, delta) = if block["type"] == "text" {
            (json!({"type": "text", "text": ""}), json!({"type": "text_delta", "text": block["text"]}))
        } else {
            let mut empty = block.clone();
            empty["input"] = json!({});
            let input = block["input"].to_string().replace(BROKEN_CHARACTER, BROKEN_ESCAPE);
            (empty, json!({"type": "input_json_delta", "partial_json": input}))
        };
        events.push(json!({"type": "content_block_start", "index": index, "content_block": empty}));
        events.push(json!({"type": "content_block_delta", "index": index, "delta": delta}));
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    let end = json!({"stop_reason": message["stop_reason"], "stop_sequence": null});
    events.push(json!({"type": "message_delta", "delta": end, "usage": {"output_tokens": 10}}));
    events.push(json!({"type": "message_stop"}));
    let mut wire = String::from(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n\
         request-id: req_e2e\r\ntransfer-encoding: chunked\r\n\r\n",
    );
    for event in events {
        let text = format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default());
        wire += &format!("{:x}\r\n{text}\r\n", text.len());
    }
    wire += "0\r\n\r\n";
    stream.write_all(wire.as_bytes())
}
