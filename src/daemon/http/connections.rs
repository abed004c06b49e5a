//! Connections: taken in up to a number, each with limits of size and time, ended gracefully.

use super::super::error::DaemonError;
use super::super::stats::Stats;
use super::routes::{Face, router};
use crate::base::Log;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::Future as _;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener, TcpStream as StdStream};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};

/// Connections at a time; further ones are told to come back and closed.
const CONNECTIONS_MAX: usize = 512;
/// A request's head must be there within this time after the connection is made or the answer before was sent.
const HEAD_WAIT: Duration = Duration::from_secs(60);
/// Largest head of a request, in bytes, and most headers.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 100;
/// Requests under way may take this long to end when the daemon ends.
const FAREWELL: Duration = Duration::from_secs(5);
/// What a connection beyond the number is told.
const NO_ROOM: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Where the face listens, and what it needs.
pub struct HttpOptions {
    /// Port on the loopback; 0 for any.
    pub port: u16,
    /// Token of those who may ask.
    pub token: String,
    /// What answers.
    pub face: HttpFace,
}

/// What answers HTTP requests.
pub struct HttpFace {
    /// Questions to the memory.
    pub api: super::super::api::Api,
    /// Client events: the reply's bytes.
    pub hook: Box<dyn Fn(String) -> Vec<u8> + Send + Sync>,
    /// How the daemon is, as a JSON document.
    pub status: Box<dyn Fn() -> String + Send + Sync>,
    /// The latest launches, as a JSON document.
    pub launches: Box<dyn Fn() -> String + Send + Sync>,
    /// Counters.
    pub stats: Arc<Stats>,
    /// Version and size of the program.
    pub identity: String,
}

/// A face that listens; dropped, it ends.
pub struct Listening {
    /// The port on the loopback.
    pub port: u16,
    stop: watch::Sender<bool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Listens on the loopback, in a thread of its own.
pub fn start(options: HttpOptions, log: &Log) -> Result<Listening, DaemonError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let error = || DaemonError::io("listen at", address);
    let listener = StdListener::bind(address).map_err(error())?;
    listener.set_nonblocking(true).map_err(error())?;
    let port = listener.local_addr().map_err(error())?.port();
    let (stop, stopped) = watch::channel(false);
    let face = Face::new(options.face, options.token)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(error())?;
    let log = log.clone();
    let serving = move || {
        if let Err(error) = runtime.block_on(serve(listener, face, stopped)) {
            log.line("error", &format!("daemon: HTTP ended: {error}"));
        }
    };
    let thread = std::thread::Builder::new().name("http".into()).spawn(serving).map_err(error())?;
    Ok(Listening { port, stop, thread: Some(thread) })
}

async fn serve(
    listener: StdListener,
    face: Arc<Face>,
    stopped: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut stop = stopped.clone();
    loop {
        let mut ended = pin!(stop.wait_for(|stopped| *stopped));
        let mut accepted = pin!(listener.accept());
        let stream = std::future::poll_fn(|context| {
            if ended.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            accepted.as_mut().poll(context).map(Some)
        })
        .await;
        let stream = match stream {
            None => break,
            Some(Ok((stream, _))) => stream,
            // Out of file descriptors: those under way free some.
            Some(Err(_)) => {
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        match Arc::clone(&room).try_acquire_owned() {
            Ok(permit) => {
                let (face, stopped) = (Arc::clone(&face), stopped.clone());
                tokio::spawn(async move {
                    connection(stream, face, stopped).await;
                    drop(permit);
                });
            }
            Err(_) => turn_away(stream),
        }
    }
    drop(listener);
    let all = u32::try_from(CONNECTIONS_MAX).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(FAREWELL, room.acquire_many(all)).await;
    Ok(())
}

/// Tells a connection for which there is no room so.
fn turn_away(stream: TcpStream) {
    let Ok(mut stream): Result<StdStream, _> = stream.into_std() else { return };
    // So few bytes always fit into a new connection.
    let _ = stream.write_all(NO_ROOM);
    let _ = stream.shutdown(std::net::Shutdown::Write);
}

async fn connection(stream: TcpStream, face: Arc<Face>, mut stopped: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router(face));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD_WAIT);
    builder.max_buf_size(HEAD_BYTES_MAX).max_headers(HEADERS_MAX).half_close(true);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let mut ended = pin!(async move { stopped.wait_for(|stopped| *stopped).await.is_ok() });
    let mut ending = false;
    std::future::poll_fn(|context| {
        if !ending && Pin::new(&mut ended).poll(context).is_ready() {
            ending = true;
            connection.as_mut().graceful_shutdown();
        }
        // An error here is the client's: gone, too slow, or no HTTP.
        connection.as_mut().poll(context).map(|_| ())
    })
    .await;
}
