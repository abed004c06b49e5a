//! A headless browser that is driven by its own protocol, over two pipes: keys are pressed as a person presses them.

use crate::session::Sandbox;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The browser is ended after so many seconds, whatever it does.
const LIFE_SECONDS: &str = "120";

/// A browser with one page.
pub(crate) struct Driven {
    child: Child,
    to: File,
    from: BufReader<File>,
    number: u64,
    session: Value,
}

impl Drop for Driven {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Driven {
    /// Starts the browser and opens the page.
    pub(crate) fn open(sandbox: &Sandbox, browser: &Path, url: &str) -> Driven {
        let pipes = ["tmp/to-browser", "tmp/from-browser"].map(|name| sandbox.path(name));
        assert!(Command::new("mkfifo").args(&pipes).status().expect("mkfifo runs").success());
        let mut command = Command::new("sh");
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", sandbox.path("home"));
        command.args(["-c", "in=$1 out=$2; shift 2; exec timeout -k 1 \"$@\" 3<\"$in\" 4>\"$out\"", "sh"]);
        command.args(&pipes).arg(LIFE_SECONDS).arg(browser);
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
        command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
        command.args(["--remote-debugging-pipe", "--window-size=1200,1100"]);
        command.arg(format!("--user-data-dir={}", sandbox.path("tmp/driven").display())).arg("about:blank");
        command.current_dir(sandbox.path("tmp"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("the browser starts");
        let to = File::options().write(true).open(&pipes[0]).expect("a pipe");
        let from = BufReader::new(File::open(&pipes[1]).expect("a pipe"));
        let mut driven = Driven { child, to, from, number: 0, session: Value::Null };
        let target = driven.call("Target.createTarget", json!({ "url": url }))["targetId"].clone();
        let attached = driven.call("Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        driven.session = attached["sessionId"].clone();
        driven
    }

    /// Calls a method of the protocol and returns its result.
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.number += 1;
        let mut message = json!({ "id": self.number, "method": method, "params": params });
        if !self.session.is_null() {
            message["sessionId"] = self.session.clone();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).expect("the browser reads");
        loop {
            let mut answer = Vec::new();
            self.from.read_until(0, &mut answer).expect("the browser writes");
            assert_eq!(answer.pop(), Some(0), "the browser has ended");
            let answer: Value = serde_json::from_slice(&answer).expect("it is JSON");
            if answer["id"] == self.number {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    /// The value of an expression in the page.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true });
        self.call("Runtime.evaluate", asked)["result"]["value"].clone()
    }

    /// Waits until an expression is true; the browser's own end limits the wait.
    pub(crate) fn until(&mut self, expression: &str) {
        while self.value(expression) != true {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }

    /// Presses a key and lets it go.
    pub(crate) fn press(&mut self, key: &str) {
        let (code, text) = match key {
            "Tab" => (9, ""),
            "Enter" => (13, "\r"),
            other => panic!("no code for {other}"),
        };
        for kind in ["keyDown", "keyUp"] {
            let text = if kind == "keyDown" { text } else { "" };
            let event =
                json!({ "type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code, "text": text });
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Types a text into what has the focus.
    pub(crate) fn write(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }
}
