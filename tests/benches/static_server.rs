//! The least that an HTTP server of these crates does: one route, one fixed answer. `tests/benches/daemon.py` measures the
//! daemon beside it. Prints its port and serves until stdin ends.
//!
//! `cargo bench --bench static_server --no-run` builds it.

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "a benchmark tells its port and ends as a whole"
)]

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::io::Read as _;
use std::net::Ipv4Addr;
use tokio::net::TcpListener;

/// As long as a usual answer of the hook, in bytes.
const ANSWER_BYTES: usize = 7000;

fn main() -> std::io::Result<()> {
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let answer: &'static str = "x".repeat(ANSWER_BYTES).leak();
    // The body is taken in: of a request whose body nobody reads hyper closes the connection after the answer.
    let router = Router::new().route("/", post(move |_: Bytes| async move { answer }));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("{}", listener.local_addr()?.port());
        loop {
            let (stream, _) = listener.accept().await?;
            let service = TowerToHyperService::new(router.clone());
            tokio::spawn(async move {
                stream.set_nodelay(true)?;
                let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                served.map_err(std::io::Error::other)
            });
        }
    })
}
