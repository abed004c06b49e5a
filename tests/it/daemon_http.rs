//! The HTTP face of `rtk memory serve`: who may ask, what is answered, and what bad input gets.

use crate::daemon::until;
use crate::sandbox::Sandbox;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

/// What is waited for happens within milliseconds; a machine under load may take its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon with its HTTP face; killed when dropped.
struct Face {
    sandbox: Sandbox,
    child: Child,
    port: u16,
    token: String,
}

/// An answer as it came.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.head, String::from_utf8_lossy(&self.body)))
    }
}

impl Drop for Face {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Face {
    fn start() -> Face {
        let sandbox = Sandbox::new().with("RTK_HOOK_DEADLINE_MS", "60000");
        sandbox.write("Cargo.toml", "[package]\nname = \"shop\"\nversion = \"0.1.0\"\n");
        sandbox.write(
            "src/greeting.rs",
            "/// Prints the greeting.\npub fn print_greeting() {\n    polite();\n}\n",
        );
        sandbox.git(&["init", "-q", "-b", "main"]);
        sandbox.git(&["add", "."]);
        sandbox.git(&["commit", "-q", "-m", "Greet politely"]);
        sandbox.rtk(&["memory", "refresh"]).success();
        let mut command = sandbox.command(env!("CARGO_BIN_EXE_rtk").as_ref());
        command.args(["memory", "serve", "--port", "0"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().unwrap();
        let state = sandbox.home().join(".local/state/rtk");
        let mut port = None;
        until("the daemon has a port", || {
            let written = std::fs::read(state.join("daemon.json")).ok();
            let written: Option<Value> = written.and_then(|text| serde_json::from_slice(&text).ok());
            port = written.and_then(|written| written["port"].as_u64());
            port.is_some()
        });
        let port = u16::try_from(port.unwrap()).unwrap();
        let token = std::fs::read_to_string(state.join("token")).unwrap().trim().to_owned();
        Face { sandbox, child, port, token }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes as they are and reads one answer.
    fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        drop(stream.write_all(request));
        read_answer(&mut BufReader::new(stream))
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut head =
            format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "host") {
            head.push_str(&format!("host: 127.0.0.1:{}\r\n", self.port));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        self.raw(&[head.as_bytes(), b"\r\n", body].concat())
    }

    /// Asks with the token.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let token = format!("Bearer {}", self.token);
        self.send(
            method,
            path,
            &[("authorization", &token), ("content-type", "application/json")],
            body.as_bytes(),
        )
    }

    fn project(&self) -> PathBuf {
        self.sandbox.project().canonicalize().unwrap()
    }

    fn launch(&self, session: &str) -> Value {
        json!({ "hook_event_name": "PreToolUse", "tool_name": "Agent", "session_id": session, "cwd": self.project(),
                "tool_use_id": "t", "tool_input": { "description": "d", "prompt": "where is print_greeting" } })
    }
}

fn read_answer(reader: &mut BufReader<TcpStream>) -> Answer {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        match reader.read_line(&mut line) {
            Ok(0) => break,
            Ok(_) if line == "\r\n" => break,
            Ok(_) => head.push_str(&line),
            Err(error) => panic!("no answer: {error}; so far {head:?}"),
        }
    }
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.trim().parse().ok());
    let mut body = Vec::new();
    match length {
        Some(length) => drop(reader.take(length).read_to_end(&mut body)),
        None => drop(reader.read_to_end(&mut body)),
    }
    Answer { status, head, body }
}

#[test]
fn every_route_answers_its_own_example_from_the_document() {
    let face = Face::start();
    let document = face.send("GET", "/v1/openapi.json", &[], b"").json();
    let mut asked = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let example = operation["requestBody"]["content"]["application/json"]["example"].to_string();
            let project = face.project().display().to_string();
            let example: Value = serde_json::from_str(
                &example.replace("/home/user/project", &project).replace("the parser", "print_greeting"),
            )
            .unwrap();
            let answer = face.ask(&method.to_uppercase(), path, &example);
            let promised = &operation["responses"][answer.status.to_string()];
            assert_eq!(
                answer.status,
                200,
                "{path}: {} {}",
                answer.head,
                String::from_utf8_lossy(&answer.body)
            );
            let (kind, schema) = promised["content"].as_object().unwrap().iter().next().unwrap();
            assert!(
                answer.head.to_lowercase().contains(&format!("content-type: {kind}")),
                "{path}: {}",
                answer.head
            );
            for field in schema["schema"]["required"].as_array().into_iter().flatten() {
                assert!(!answer.json()[field.as_str().unwrap()].is_null(), "{path}: {field} is missing");
            }
            if let Some(fields) =
                operation["requestBody"]["content"]["application/json"]["schema"]["properties"].as_object()
                && path != "/v1/hook"
            {
                let mut wrong = example.clone();
                wrong["surely_unknown"] = 1.into();
                assert_eq!(face.ask("POST", path, &wrong).status, 422, "{path}: unknown fields are refused");
                for name in fields.keys() {
                    let mut wrong = example.clone();
                    wrong[name] = json!({ "of": "no type that any field has" });
                    assert_eq!(face.ask("POST", path, &wrong).status, 422, "{path}: {name}");
                }
            }
            asked += 1;
        }
    }
    assert_eq!(asked, 12);
}

#[test]
fn the_client_gets_over_http_what_a_hook_writes_to_stdout() {
    let face = Face::start();
    let answer = face.ask("POST", "/v1/hook", &face.launch("a"));
    let mut command = face.sandbox.command(env!("CARGO_BIN_EXE_rtk").as_ref());
    command.env("RTK_DAEMON_ASK", "0").arg("hook");
    let alone = face.sandbox.finish(command, face.launch("b").to_string().as_bytes());
    assert_eq!(answer.status, 200);
    assert_eq!(String::from_utf8(answer.body).unwrap(), alone.success().stdout());
    let nothing = face.ask("POST", "/v1/hook", &json!({ "hook_event_name": "Stop", "cwd": face.project() }));
    assert_eq!((nothing.status, nothing.body.len()), (204, 0));
    let launches = face.ask("GET", "/v1/launches", &Value::Null).json();
    assert_eq!(launches["launches"].as_array().unwrap().len(), 2, "{launches:#}");
}

#[test]
fn who_may_not_ask_learns_nothing() {
    let face = Face::start();
    let right = format!("Bearer {}", face.token);
    let status = |headers: &[(&str, &str)]| face.send("GET", "/v1/status", headers, b"").status;
    assert_eq!(status(&[("authorization", &right)]), 200);
    assert_eq!(status(&[]), 401);
    assert_eq!(status(&[("authorization", "Bearer 00")]), 401);
    assert_eq!(status(&[("authorization", &right), ("host", "evil.example")]), 403);
    assert_eq!(status(&[("authorization", &right), ("origin", "https://evil.example")]), 403);
    assert_eq!(face.send("GET", "/v1/health", &[], b"").status, 200);
    assert_eq!(face.send("GET", "/v1/health", &[("host", "evil.example")], b"").status, 403);
    assert_eq!(face.send("GET", "/v1/none", &[("authorization", &right)], b"").status, 404);
    let wrong_method = face.send("GET", "/v1/hook", &[("authorization", &right)], b"");
    assert_eq!(wrong_method.status, 405);
    assert!(wrong_method.head.to_lowercase().contains("allow: post"), "{}", wrong_method.head);
    use std::os::unix::fs::PermissionsExt as _;
    let token = std::fs::metadata(face.sandbox.home().join(".local/state/rtk/token")).unwrap();
    assert_eq!(token.permissions().mode() & 0o777, 0o600);
    let page = face.send("GET", "/", &[], b"");
    assert!(page.head.contains("default-src 'none'"), "{}", page.head);
    assert!(!String::from_utf8(page.body).unwrap().contains(&face.token));
}

#[test]
fn roots_that_are_none_or_not_yours_get_the_right_refusal() {
    let face = Face::start();
    let plan = |project: Value| {
        face.ask("POST", "/v1/plan-context", &json!({ "project": project, "task": "greeting" })).status
    };
    assert_eq!(plan(json!(face.project())), 200);
    assert_eq!(plan(json!("relative/path")), 422);
    assert_eq!(plan(json!("")), 422);
    assert_eq!(plan(json!("/a\u{0}b")), 422);
    assert_eq!(plan(json!(face.project().join("src/greeting.rs"))), 422);
    assert_eq!(plan(json!(face.project().join("no/such/folder"))), 404);
    assert_eq!(plan(json!(face.sandbox.home())), 404, "a home folder is no project");
    let foreign =
        if rustix::process::geteuid().is_root() { foreign_folder(&face) } else { PathBuf::from("/usr") };
    assert_eq!(plan(json!(foreign)), 403);
    let delta =
        face.ask("POST", "/v1/delta", &json!({ "project": face.project(), "since": "no-such-revision" }));
    assert_eq!(delta.status, 422, "{:?}", delta.json());
    for (task, budget) in
        [("", json!(null)), ("x", json!(0)), ("x", json!(50_001)), ("x", json!(-1)), ("x", json!(1.5))]
    {
        let body = json!({ "project": face.project(), "task": task, "token_budget": budget });
        assert_eq!(face.ask("POST", "/v1/plan-context", &body).status, 422, "{body}");
    }
}

/// A folder of another user; only root can make one.
fn foreign_folder(face: &Face) -> PathBuf {
    let folder = face.sandbox.tmp().join("foreign");
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::chown(&folder, Some(12345), None).unwrap();
    folder
}

#[test]
fn bodies_and_heads_have_limits_and_slow_clients_wait_alone() {
    let face = Face::start();
    let bearer = format!("Bearer {}", face.token);
    let auth = ("authorization", bearer.as_str());
    let large = vec![b'x'; 1024 * 1024 + 1];
    assert_eq!(face.send("POST", "/v1/hook", &[auth], &large).status, 413);
    let chunked = [
        format!("POST /v1/hook HTTP/1.1\r\nhost: localhost\r\nauthorization: {bearer}\r\ntransfer-encoding: chunked\r\n\r\n").into_bytes(),
        format!("{:x}\r\n", large.len()).into_bytes(),
        large.clone(),
    ];
    assert_eq!(face.raw(&chunked.concat()).status, 413, "also when its length is not announced");
    for body in ["", "{", "[]", "null", "{\"task\": \"\\ud800\"", "\u{1}"] {
        let status = face.send("POST", "/v1/plan-context", &[auth], body.as_bytes()).status;
        assert!(status == 400 || status == 422, "{body:?}: {status}");
    }
    for malformed in [&b"\xff\xfe"[..], b"{", b"{\"a\": 1} x", b"{'a': 1}", b"[]"] {
        assert_eq!(face.send("POST", "/v1/hook", &[auth], malformed).status, 400);
    }
    assert_eq!(face.send("POST", "/v1/hook", &[auth, ("content-type", "text/plain")], b"{}").status, 415);
    let many: String = (0..10_000).map(|number| format!("x-{number}: y\r\n")).collect();
    let status =
        face.raw(format!("GET /v1/health HTTP/1.1\r\nhost: localhost\r\n{many}\r\n").as_bytes()).status;
    assert_eq!(status, 431);
    let long = "y".repeat(200 * 1024);
    let status = face
        .raw(format!("GET /v1/health HTTP/1.1\r\nhost: localhost\r\nx: {long}\r\n\r\n").as_bytes())
        .status;
    assert_eq!(status, 431);
    assert_eq!(face.raw(b"nonsense\r\n\r\n").status, 400);
    // Half a head, half a body, nothing at all: they keep nobody waiting.
    let halves: Vec<TcpStream> = (0..60)
        .map(|number| {
            let mut stream = face.connect();
            let half = [
                "",
                "GET /v1/hea",
                "POST /v1/hook HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{",
            ][number % 3];
            stream.write_all(half.as_bytes()).unwrap();
            stream
        })
        .collect();
    assert_eq!(face.ask("POST", "/v1/hook", &face.launch("s")).status, 200);
    drop(halves);
}

#[test]
fn a_body_that_does_not_come_is_not_waited_for_and_half_closed_connections_get_their_answer() {
    let face = Face::start();
    let post = |length: usize| {
        format!(
            "POST /v1/hook HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-length: {length}\r\n\r\n",
            face.token
        )
    };
    let mut slow = face.connect();
    slow.write_all(format!("{}{{", post(100)).as_bytes()).unwrap();
    // The client has said all that it will say, and waits for the answer.
    let event = face.launch("half").to_string();
    let mut half = face.connect();
    half.write_all(format!("{}{event}", post(event.len())).as_bytes()).unwrap();
    half.shutdown(std::net::Shutdown::Write).unwrap();
    assert_eq!(read_answer(&mut BufReader::new(half)).status, 200);
    // The client is gone before its body is there: nobody else notices.
    let mut gone = face.connect();
    gone.write_all(post(100).as_bytes()).unwrap();
    drop(gone);
    let late = read_answer(&mut BufReader::new(slow));
    assert_eq!(late.status, 408);
    assert_eq!(late.json()["kind"], "slow");
    assert_eq!(face.send("GET", "/v1/health", &[], b"").status, 200);
}

#[test]
fn many_clients_at_once_all_get_an_answer_and_one_too_many_is_told_so() {
    let face = Face::start();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let face = &face;
        let clients: Vec<_> = (0..200)
            .map(|number| {
                scope.spawn(move || face.ask("POST", "/v1/hook", &face.launch(&format!("c{number}"))).status)
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| *status == 200 || *status == 503), "{statuses:?}");
    assert!(statuses.iter().filter(|status| **status == 200).count() >= 150, "{statuses:?}");
    let held: Vec<TcpStream> = (0..512).map(|_| face.connect()).collect();
    let turned_away = face.raw(b"");
    assert_eq!(turned_away.status, 503, "{}", turned_away.head);
    assert!(turned_away.head.to_lowercase().contains("retry-after: 1"), "{}", turned_away.head);
    drop(held);
    until("there is room again", || face.send("GET", "/v1/health", &[], b"").status == 200);
}

#[test]
fn metrics_count_what_was_asked_and_a_request_under_way_ends_well() {
    let mut face = Face::start();
    assert_eq!(face.ask("POST", "/v1/hook", &face.launch("s")).status, 200);
    let metrics = String::from_utf8(face.ask("GET", "/v1/metrics", &Value::Null).body).unwrap();
    for line in [
        "rtk_questions_total 1",
        "rtk_answered_total 1",
        "rtk_answer_seconds_bucket{le=\"+Inf\"} 1",
        "rtk_projects 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is missing in\n{metrics}");
    }
    // The head is there, the body comes after the daemon was told to end: it still answers.
    let event = face.launch("late").to_string();
    let mut stream = face.connect();
    let head = format!(
        "POST /v1/hook HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
        face.token,
        event.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    face.sandbox.rtk(&["memory", "serve", "--stop"]).success();
    stream.write_all(event.as_bytes()).unwrap();
    assert_eq!(read_answer(&mut BufReader::new(stream)).status, 200);
    until("it ends", || face.child.try_wait().unwrap().is_some());
    assert!(!face.sandbox.home().join(".local/state/rtk/daemon.json").exists());
}

#[test]
fn without_http_there_is_the_socket_alone_and_a_taken_port_is_named() {
    let face = Face::start();
    let other = Sandbox::new();
    let run = other.rtk(&["memory", "serve", "--port", &face.port.to_string()]);
    run.code(1).complains("--port");
    let other = Sandbox::new();
    let mut command = other.command(env!("CARGO_BIN_EXE_rtk").as_ref());
    command.args(["memory", "serve", "--no-http", "--idle-secs", "1"]);
    other.finish(command, b"").success();
    assert!(!other.home().join(".local/state/rtk/token").exists());
}
