//! What goes over the daemon's socket: one request and one answer a connection, lengths before contents.
//!
//! Request: four bytes of magic, length, operation, identity of the program, fields. Answer: one byte at once that says
//! whether the request is taken in, and for one that is, another byte, a length and the contents.

use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

const MAGIC: [u8; 4] = *b"RTK\x01";
/// Larger requests are not sent and not read, in bytes.
pub(super) const REQUEST_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Larger answers are not read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// First byte of an answer: the request is in the queue, or there is no room for it.
pub(super) const ADMITTED: u8 = b'A';
pub(super) const BUSY: u8 = b'B';
/// Second byte: here is the result, or: do it yourself.
const RESULT: u8 = b'R';
const REFUSED: u8 = b'N';

/// An event for the hook, with what the hook's own process would have had.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HookCall {
    /// Variables of the asking process that rtk reads.
    pub variables: Vec<(OsString, OsString)>,
    /// Its working folder.
    pub cwd: Option<PathBuf>,
    /// The event's name, if it was an argument.
    pub argument: Option<String>,
    /// Time until the answer must be there, in milliseconds.
    pub deadline_ms: u64,
    /// The event, as JSON text.
    pub event: String,
}

/// What can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request {
    Hook(Box<HookCall>),
    Status,
    Stop,
}

/// Writes a request of the program with this identity.
pub(super) fn send(mut to: impl Write, identity: &str, request: &Request) -> std::io::Result<()> {
    let mut body = Vec::new();
    let operation = match request {
        Request::Hook(_) => 1,
        Request::Status => 2,
        Request::Stop => 3,
    };
    body.push(operation);
    put(&mut body, identity.as_bytes());
    if let Request::Hook(call) = request {
        body.extend_from_slice(&call.deadline_ms.to_le_bytes());
        put(&mut body, call.cwd.as_ref().map_or(b"", |cwd| cwd.as_os_str().as_bytes()));
        put(&mut body, call.argument.as_deref().unwrap_or_default().as_bytes());
        put(&mut body, call.event.as_bytes());
        for (name, value) in &call.variables {
            put(&mut body, name.as_bytes());
            put(&mut body, value.as_bytes());
        }
    }
    if body.len() > REQUEST_BYTES_MAX {
        return Err(std::io::ErrorKind::FileTooLarge.into());
    }
    let mut frame = MAGIC.to_vec();
    put(&mut frame, &body);
    to.write_all(&frame)
}

/// Reads a request with the identity of who asks; `None` when it is none.
pub(super) fn receive(mut from: impl Read) -> std::io::Result<Option<(String, Request)>> {
    let mut head = [0; 8];
    from.read_exact(&mut head)?;
    let length = length(&head[4..]);
    if head[..4] != MAGIC || length > REQUEST_BYTES_MAX {
        return Ok(None);
    }
    // What is claimed is not believed.
    let mut body = Vec::with_capacity(length.min(64 * 1024));
    from.take(length as u64).read_to_end(&mut body)?;
    if body.len() < length {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(decode(&body))
}

fn decode(body: &[u8]) -> Option<(String, Request)> {
    let (operation, mut rest) = body.split_first()?;
    let identity = String::from_utf8(take(&mut rest)?.to_vec()).ok()?;
    let request = match operation {
        1 => {
            let (deadline, more) = rest.split_first_chunk::<8>()?;
            rest = more;
            let cwd = take(&mut rest)?;
            let argument = take(&mut rest)?;
            let event = String::from_utf8(take(&mut rest)?.to_vec()).ok()?;
            let mut variables = Vec::new();
            while !rest.is_empty() {
                let (name, value) = (take(&mut rest)?, take(&mut rest)?);
                let owned = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
                variables.push((owned(name), owned(value)));
            }
            Request::Hook(Box::new(HookCall {
                variables,
                cwd: (!cwd.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(cwd))),
                argument: String::from_utf8(argument.to_vec()).ok().filter(|argument| !argument.is_empty()),
                deadline_ms: u64::from_le_bytes(*deadline),
                event,
            }))
        }
        2 => Request::Status,
        3 => Request::Stop,
        _ => return None,
    };
    Some((identity, request))
}

/// Writes the result of a request that was admitted.
pub(super) fn reply(mut to: impl Write, result: Option<&[u8]>) -> std::io::Result<()> {
    let mut frame = vec![if result.is_some() { RESULT } else { REFUSED }];
    put(&mut frame, result.unwrap_or_default());
    to.write_all(&frame)
}

/// Reads the result of a request that was admitted; `None` when it is refused.
pub(super) fn result(mut from: impl Read) -> std::io::Result<Option<Vec<u8>>> {
    let mut head = [0; 5];
    from.read_exact(&mut head)?;
    let length = length(&head[1..]);
    if head[0] != RESULT || length > ANSWER_BYTES_MAX {
        return Ok(None);
    }
    let mut body = Vec::with_capacity(length.min(1024 * 1024));
    from.take(length as u64).read_to_end(&mut body)?;
    if body.len() < length {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(body))
}

fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn take<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let (head, more) = rest.split_first_chunk::<4>()?;
    let (bytes, more) = more.split_at_checked(length(head))?;
    *rest = more;
    Some(bytes)
}

fn length(bytes: &[u8]) -> usize {
    bytes.try_into().map(u32::from_le_bytes).map_or(usize::MAX, |length| length as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn call() -> HookCall {
        HookCall {
            variables: vec![("A".into(), OsString::from_vec(b"\xff\x00".to_vec())), ("B".into(), "".into())],
            cwd: Some(PathBuf::from("/a/b")),
            argument: Some("PreToolUse".into()),
            deadline_ms: 700,
            event: "{\"é\":1}".into(),
        }
    }

    #[test]
    fn requests_and_results_arrive_as_they_were_sent() {
        for request in
            [Request::Hook(Box::new(call())), Request::Hook(Box::default()), Request::Status, Request::Stop]
        {
            let mut bytes = Vec::new();
            send(&mut bytes, "1/2", &request).unwrap();
            assert_eq!(receive(bytes.as_slice()).unwrap(), Some(("1/2".into(), request)));
            for cut in 0..bytes.len() {
                assert!(receive(&bytes[..cut]).is_err(), "{cut}");
            }
        }
        for result_ in [None, Some(b"".as_slice()), Some(b"text")] {
            let mut bytes = Vec::new();
            reply(&mut bytes, result_).unwrap();
            assert_eq!(result(bytes.as_slice()).unwrap().as_deref(), result_);
        }
        let huge = HookCall { event: "x".repeat(REQUEST_BYTES_MAX), ..call() };
        assert!(send(Vec::new(), "1/2", &Request::Hook(Box::new(huge))).is_err());
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_refused_without_harm(body in proptest::collection::vec(any::<u8>(), 0..200), claimed: u32) {
            let _ = receive(body.as_slice());
            let mut framed = MAGIC.to_vec();
            put(&mut framed, &body);
            let _ = receive(framed.as_slice());
            framed[4..8].copy_from_slice(&claimed.to_le_bytes());
            let _ = receive(framed.as_slice());
            let _ = result(framed.as_slice());
        }
    }
}
