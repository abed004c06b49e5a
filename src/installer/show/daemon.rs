//! Asks the daemon that an entry of the form `http` names, as the client does; the event is one that changes nothing.

use super::fire::{Fired, Reply};
use crate::base::Deadline;
use crate::installer::entries::HttpHook;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

/// How long connecting, and each step after it, may take.
const WAIT: Duration = Duration::from_secs(5);
/// What is read of an answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;
/// An event that rtk lets pass without a word and without a record.
const EVENT: &str =
    r#"{"hook_event_name":"PreToolUse","tool_name":"Read","tool_input":{},"session_id":"rtk-show"}"#;

/// Sends the event and judges the answer.
pub(super) fn ask(hook: &HttpHook) -> Fired {
    let clock = Deadline::never();
    let reply = match exchange(hook) {
        Ok(status) => judge(&status),
        Err(error) => Reply::Fails(format!("no daemon answers at port {}: {error}", hook.port)),
    };
    Fired { reply, latency_us: clock.elapsed_us() }
}

/// The status line of the answer.
fn exchange(hook: &HttpHook) -> std::io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, hook.port));
    let mut stream = TcpStream::connect_timeout(&address, WAIT)?;
    stream.set_read_timeout(Some(WAIT))?;
    stream.set_write_timeout(Some(WAIT))?;
    let HttpHook { port, token } = hook;
    let length = EVENT.len();
    write!(
        stream,
        "POST /v1/hook HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{EVENT}"
    )?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer)?;
    let answer = String::from_utf8_lossy(&answer);
    Ok(answer.lines().next().unwrap_or_default().to_owned())
}

fn judge(status: &str) -> Reply {
    match status.split(' ').nth(1) {
        Some("200" | "204") if status.starts_with("HTTP/1.1 ") => Reply::Passes,
        Some("401") => Reply::Fails("the entry holds another token than the daemon's".into()),
        _ => Reply::Fails(format!("what answers there is no daemon of rtk's: {status:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_judged_by_their_status() {
        assert_eq!(judge("HTTP/1.1 204 No Content"), Reply::Passes);
        for (status, word) in [
            ("HTTP/1.1 401 Unauthorized", "token"),
            ("HTTP/1.1 404 Not Found", "404"),
            ("SSH-2.0", "SSH"),
            ("", ""),
        ] {
            assert!(matches!(judge(status), Reply::Fails(reason) if reason.contains(word)), "{status}");
        }
    }

    #[test]
    fn a_port_at_which_nobody_listens_is_told() {
        let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let fired = ask(&HttpHook { port, token: String::new() });
        assert!(matches!(fired.reply, Reply::Fails(reason) if reason.contains(&port.to_string())));
    }
}
