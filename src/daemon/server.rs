//! The serving side of the socket: one thread accepts, a few work, a queue of limited length lies between.

use super::error::DaemonError;
use super::lifecycle::Claim;
use super::stats::Stats;
use super::wire::{self, ADMITTED, BUSY, HookCall, Request};
use crate::base::{Deadline, Log, unix_ms};
use std::io::Write as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Questions that wait for a free thread; more are turned away.
const QUEUE_MAX: usize = 256;
/// Threads that answer, whatever the machine has.
const WORKERS: std::ops::RangeInclusive<usize> = 2..=8;
/// Stack of a thread that answers, in bytes; parsers of hostile files go deep.
const STACK_BYTES: usize = 16 * 1024 * 1024;
/// A request must be there within this time, and its answer be taken.
const TRANSFER_WAIT: Duration = Duration::from_millis(500);
/// Questions under way may take this long to end when the daemon ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// What the rooms above do with a request.
pub trait Handler: Send + Sync + 'static {
    /// Answers a client event: the bytes for the asking process's stdout.
    fn hook(&self, call: &HookCall) -> Vec<u8>;
    /// Tells how the daemon is, as one JSON document.
    fn status(&self) -> String;
}

/// How long the daemon serves.
pub struct ServeOptions {
    /// Ends after so much time without a question; `None` for never.
    pub idle: Option<Duration>,
    /// Ends when this says so or is dropped.
    pub stop: Receiver<()>,
    /// Where other faces of the daemon tell that they were asked something, too.
    pub stats: Arc<Stats>,
}

/// What the threads share.
struct Shared {
    handler: Arc<dyn Handler>,
    identity: String,
    stats: Arc<Stats>,
    log: Log,
    stop: Mutex<std::sync::mpsc::Sender<()>>,
}

/// Serves until it is told to stop, or nobody has asked anything for long; then lets nobody in any more.
pub fn serve(
    claim: &mut Claim,
    handler: Arc<dyn Handler>,
    log: &Log,
    options: ServeOptions,
) -> Result<(), DaemonError> {
    let listener = claim.take_listener()?;
    let (stop, stopped) = channel();
    let shared = Arc::new(Shared {
        handler,
        identity: claim.identity().to_owned(),
        stats: Arc::clone(&options.stats),
        log: log.clone(),
        stop: Mutex::new(stop.clone()),
    });
    let (queue, work) = channel();
    let work = Arc::new(Mutex::new(work));
    let cores = std::thread::available_parallelism().map_or(*WORKERS.start(), usize::from);
    for number in 0..cores.clamp(*WORKERS.start(), *WORKERS.end()) {
        let (shared, work) = (Arc::clone(&shared), Arc::clone(&work));
        spawn(&format!("answer-{number}"), move || shared.work(&work))?;
    }
    let accepting = Arc::clone(&shared);
    spawn("accept", move || accepting.accept(&listener, &queue))?;
    spawn("signals", move || {
        let _ = options.stop.recv();
        let _ = stop.send(());
    })?;
    wait_for_the_end(&stopped, options.idle, &options.stats);
    claim.unlink();
    shared.drain();
    Ok(())
}

/// Waits until somebody says stop, or the last question is older than `idle`.
fn wait_for_the_end(stopped: &Receiver<()>, idle: Option<Duration>, stats: &Stats) {
    let Some(idle) = idle else {
        let _ = stopped.recv();
        return;
    };
    stats.last_ms.fetch_max(unix_ms(), Ordering::Relaxed);
    loop {
        let since = unix_ms().saturating_sub(stats.last_ms.load(Ordering::Relaxed)).max(0);
        let left = idle.saturating_sub(Duration::from_millis(since.cast_unsigned()));
        if left.is_zero() {
            return;
        }
        match stopped.recv_timeout(left) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

impl Shared {
    /// Takes connections in, and says at once whether there is room for the question.
    fn accept(&self, listener: &UnixListener, queue: &Sender<UnixStream>) {
        loop {
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors: those under way free some.
                    self.log.line("warn", &format!("daemon: cannot accept: {error}"));
                    std::thread::sleep(Duration::from_millis(20));
                    continue;
                }
            };
            // One byte always fits into a new connection. It goes first: whoever has the connection may write, too.
            let admitted = self.stats.waiting.fetch_add(1, Ordering::AcqRel) < QUEUE_MAX as u64;
            let _ = (&stream).write_all(&[if admitted { ADMITTED } else { BUSY }]);
            if !admitted {
                self.stats.waiting.fetch_sub(1, Ordering::AcqRel);
                Stats::count(&self.stats.busy);
            } else if queue.send(stream).is_err() {
                return;
            }
        }
    }

    fn work(&self, work: &Mutex<Receiver<UnixStream>>) {
        loop {
            let next = work.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(stream) = next else { return };
            self.stats.waiting.fetch_sub(1, Ordering::AcqRel);
            self.stats.last_ms.fetch_max(unix_ms(), Ordering::Relaxed);
            self.stats.active.fetch_add(1, Ordering::AcqRel);
            let served = catch_unwind(AssertUnwindSafe(|| self.serve(&stream)));
            self.stats.active.fetch_sub(1, Ordering::AcqRel);
            if served.is_err() {
                self.log.line("error", "daemon: a question made it panic");
                let _ = wire::reply(&stream, None);
            }
        }
    }

    /// Reads one request and answers it; whoever sends nothing, or nothing that can be read, is let go.
    fn serve(&self, stream: &UnixStream) {
        let clock = Deadline::never();
        let limited = stream.set_read_timeout(Some(TRANSFER_WAIT)).is_ok()
            && stream.set_write_timeout(Some(TRANSFER_WAIT)).is_ok();
        let received = wire::receive(stream);
        let Some((identity, request)) = received.ok().flatten().filter(|_| limited) else {
            Stats::count(&self.stats.refused);
            return;
        };
        let answer = match request {
            Request::Hook(call) if identity == self.identity => {
                Stats::count(&self.stats.questions);
                let answer = self.handler.hook(&call);
                if !answer.is_empty() {
                    Stats::count(&self.stats.answered);
                }
                self.stats.took(clock.elapsed_us());
                Some(answer)
            }
            Request::Hook(_) => {
                // Another version may answer otherwise, or mean something else by its question.
                Stats::count(&self.stats.refused);
                None
            }
            Request::Status => Some(self.handler.status().into_bytes()),
            Request::Stop => {
                let _ = self.stop.lock().unwrap_or_else(PoisonError::into_inner).send(());
                Some(Vec::new())
            }
        };
        let _ = wire::reply(stream, answer.as_deref());
    }

    /// Lets the questions under way end; the threads that wait for one end with the process.
    fn drain(&self) {
        let limit = Deadline::after_ms(u64::try_from(FAREWELL.as_millis()).unwrap_or(0));
        while self.stats.active.load(Ordering::Acquire) > 0 && !limit.passed() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), DaemonError> {
    let builder = std::thread::Builder::new().name(name.into()).stack_size(STACK_BYTES);
    builder.spawn(work).map(|_| ()).map_err(DaemonError::io("start", format!("the thread {name}")))
}
