//! Routes and what becomes of a request: access, limits, a bounded queue of work, the answer or an error that says why.

use super::super::api::{ApiError, ErrorKind, Operation};
use super::super::error::DaemonError;
use super::super::stats::Stats;
use super::access::{has_token, is_local, takes};
use super::connections::HttpFace;
use super::metrics::metrics;
use super::token::random_hex;
use crate::base::{Deadline, unix_ms};
use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use serde_json::{Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// Larger bodies are refused, in bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// A body must be there within this time.
const BODY_WAIT: Duration = Duration::from_secs(10);
/// Questions that wait for a free thread; more are told to come back.
const QUEUE_MAX: usize = 256;
/// Threads that answer.
const WORKERS: usize = 2;
/// Stack of such a thread, in bytes; parsers of hostile files go deep.
const STACK_BYTES: usize = 16 * 1024 * 1024;
/// The page, with a mark where the nonce of its script and style goes.
const PAGE: &str = include_str!("page.html");
const NONCE_MARK: &str = "NONCE";
const NONCE_BYTES: usize = 16;
/// What the interface is, for programs.
pub(super) const OPENAPI: &str = include_str!("openapi.json");

/// What a route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Page,
    OpenApi,
    Health,
    Metrics,
    Status,
    Launches,
    Hook,
    Ask(Operation),
}

/// Every route: method, path, what it does.
pub(super) const ROUTES: &[(&str, &str, Target)] = &[
    ("GET", "/", Target::Page),
    ("GET", "/v1/openapi.json", Target::OpenApi),
    ("GET", "/v1/health", Target::Health),
    ("GET", "/v1/metrics", Target::Metrics),
    ("GET", "/v1/status", Target::Status),
    ("GET", "/v1/launches", Target::Launches),
    ("POST", "/v1/hook", Target::Hook),
    ("POST", "/v1/plan-context", Target::Ask(Operation::PlanContext)),
    ("POST", "/v1/explore", Target::Ask(Operation::Explore)),
    ("POST", "/v1/delta", Target::Ask(Operation::Delta)),
    ("POST", "/v1/refresh", Target::Ask(Operation::Refresh)),
    ("POST", "/v1/context", Target::Ask(Operation::Context)),
];

impl Target {
    /// Whether it tells nothing about the user or the projects.
    fn is_open(self) -> bool {
        matches!(self, Target::Page | Target::OpenApi | Target::Health)
    }
}

type Job = Box<dyn FnOnce() + Send>;

/// What all requests share.
pub(super) struct Face {
    face: HttpFace,
    token: String,
    queue: SyncSender<Job>,
    started_ms: i64,
}

impl Face {
    /// Starts the threads that answer.
    pub(super) fn new(face: HttpFace, token: String) -> Result<Arc<Face>, DaemonError> {
        let (queue, jobs) = sync_channel::<Job>(QUEUE_MAX);
        let jobs = Arc::new(Mutex::new(jobs));
        for number in 0..WORKERS {
            let jobs = Arc::clone(&jobs);
            let builder = std::thread::Builder::new().name(format!("http-{number}")).stack_size(STACK_BYTES);
            builder.spawn(move || work(&jobs)).map_err(DaemonError::io("start", "a thread"))?;
        }
        Ok(Arc::new(Face { face, token, queue, started_ms: unix_ms() }))
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else { return };
        // The request whose job panicked sees that its answer will not come.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

/// The routes, behind the checks that hold for all of them.
pub(super) fn router(face: Arc<Face>) -> Router {
    let mut router = Router::new();
    for &(method, path, target) in ROUTES {
        let handler = move |State(face): State<Arc<Face>>, request: Request| handle(face, target, request);
        let filter = if method == "GET" { MethodFilter::GET } else { MethodFilter::POST };
        router = router.route(path, on(filter, handler));
    }
    router
        .fallback(|| async {
            failure(
                StatusCode::NOT_FOUND,
                "not_found",
                "there is no such route",
                "GET /v1/openapi.json lists all",
            )
        })
        .method_not_allowed_fallback(|| async {
            failure(
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "the route takes another method",
                "see the header Allow",
            )
        })
        .layer(from_fn_with_state(Arc::clone(&face), check))
        .with_state(face)
}

/// What holds for every request and every answer.
async fn check(State(face): State<Arc<Face>>, request: Request, next: Next) -> Response {
    let open = ROUTES.iter().any(|(method, path, target)| {
        target.is_open() && *path == request.uri().path() && is_read(request.method(), method)
    });
    let mut response = if !is_local(request.uri(), request.headers()) {
        let hint = "ask http://127.0.0.1 or http://localhost, from a page of the daemon's own or from none";
        failure(StatusCode::FORBIDDEN, "foreign", "the request is meant for or comes from another site", hint)
    } else if !open && !has_token(request.headers(), &face.token) {
        let hint =
            "send `Authorization: Bearer TOKEN` with the content of the file `token` in rtk's state folder";
        failure(StatusCode::UNAUTHORIZED, "token", "the token is missing or wrong", hint)
    } else {
        next.run(request).await
    };
    let class = match response.status().as_u16() {
        ..400 => 0,
        400..500 => 1,
        _ => 2,
    };
    Stats::count(&face.face.stats.http[class]);
    let status = response.status();
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    for (name, value) in [
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

fn is_read(method: &Method, of_route: &str) -> bool {
    method.as_str() == of_route || (method == Method::HEAD && of_route == "GET")
}

async fn handle(face: Arc<Face>, target: Target, request: Request) -> Response {
    if target != Target::Health && target != Target::Metrics {
        face.face.stats.last_ms.fetch_max(unix_ms(), Ordering::Relaxed);
    }
    match target {
        Target::Page => page(),
        Target::OpenApi => answer("application/json", OPENAPI.to_owned()),
        Target::Health => {
            let up_ms = unix_ms().saturating_sub(face.started_ms);
            let health =
                json!({ "schema": 1, "status": "ok", "version": face.face.identity, "up_ms": up_ms });
            answer("application/json", health.to_string())
        }
        Target::Metrics => answer(
            "text/plain; version=0.0.4; charset=utf-8",
            metrics(&face.face.stats, &(face.face.status)()),
        ),
        Target::Status => queued(face, |face| answer("application/json", (face.face.status)())).await,
        Target::Launches => queued(face, |face| answer("application/json", (face.face.launches)())).await,
        Target::Hook => match body(request).await {
            Ok(body) => queued(face, move |face| hook(face, body)).await,
            Err(refusal) => refusal,
        },
        Target::Ask(operation) => match body(request).await {
            Ok(body) => queued(face, move |face| asked(face, operation, &body)).await,
            Err(refusal) => refusal,
        },
    }
}

/// Reads the body within its limits of kind, size and time.
async fn body(request: Request) -> Result<Bytes, Response> {
    if let Err(status) = takes(request.headers()) {
        return Err(failure(
            status,
            "content_type",
            "the body is no JSON",
            "send `Content-Type: application/json`",
        ));
    }
    let announced =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let too_large = || {
        let hint = "a body is at most 1 MiB";
        failure(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is too large", hint)
    };
    if announced.is_some_and(|length: u64| length > BODY_BYTES_MAX as u64) {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_WAIT, to_bytes(request.into_body(), BODY_BYTES_MAX)).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) if is_length_limit(&error) => Err(too_large()),
        Ok(Err(_)) => {
            Err(failure(StatusCode::BAD_REQUEST, "malformed", "the body ends too soon", "send all of it"))
        }
        Err(_) => Err(failure(
            StatusCode::REQUEST_TIMEOUT,
            "slow",
            "the body did not come in time",
            "send it within 10 seconds",
        )),
    }
}

fn is_length_limit(error: &axum::Error) -> bool {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        if error.to_string().contains("length limit") {
            return true;
        }
        source = error.source();
    }
    false
}

/// Has a thread do the work, if there is room in the queue.
async fn queued(face: Arc<Face>, work: impl FnOnce(&Face) -> Response + Send + 'static) -> Response {
    let (sender, receiver) = oneshot::channel();
    let shared = Arc::clone(&face);
    let job: Job = Box::new(move || {
        let clock = Deadline::never();
        let response = work(&shared);
        shared.face.stats.took(clock.elapsed_us());
        let _ = sender.send(response);
    });
    if face.queue.try_send(job).is_err() {
        Stats::count(&face.face.stats.busy);
        return failure(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "too many questions are under way",
            "ask again in a second",
        );
    }
    receiver.await.unwrap_or_else(|_| {
        failure(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            "the question made the daemon panic",
            "see the log in rtk's state folder",
        )
    })
}

fn hook(face: &Face, body: Bytes) -> Response {
    Stats::count(&face.face.stats.questions);
    let is_object = |text: &str| {
        text.trim_start().starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
    };
    let text = String::from_utf8(body.into()).ok().filter(|text| is_object(text));
    let Some(text) = text else {
        return failure(
            StatusCode::BAD_REQUEST,
            "malformed",
            "the event is no JSON object",
            "send what a hook gets on stdin",
        );
    };
    let reply = (face.face.hook)(text);
    if reply.is_empty() {
        return response(StatusCode::NO_CONTENT, None, Body::empty());
    }
    Stats::count(&face.face.stats.answered);
    response(StatusCode::OK, Some("application/json"), Body::from(reply))
}

fn asked(face: &Face, operation: Operation, body: &[u8]) -> Response {
    match face.face.api.answer(operation, body) {
        Ok(value) => answer("application/json", value.to_string()),
        Err(error) => refused(&error),
    }
}

fn refused(error: &ApiError) -> Response {
    let (status, kind) = match error.kind {
        ErrorKind::Malformed => (StatusCode::BAD_REQUEST, "malformed"),
        ErrorKind::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
        ErrorKind::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        ErrorKind::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
        ErrorKind::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
    };
    failure(status, kind, &error.message, error.hint)
}

fn page() -> Response {
    let Ok(nonce) = random_hex(NONCE_BYTES) else {
        return failure(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            "there is no randomness",
            "see /dev/urandom",
        );
    };
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; \
base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let mut page = answer("text/html; charset=utf-8", PAGE.replace(NONCE_MARK, &nonce));
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    page
}

fn answer(kind: &'static str, text: String) -> Response {
    response(StatusCode::OK, Some(kind), Body::from(text))
}

fn failure(status: StatusCode, kind: &str, message: &str, hint: &str) -> Response {
    let document: Value = json!({ "schema": 1, "error": message, "hint": hint, "kind": kind });
    response(status, Some("application/json"), Body::from(document.to_string()))
}

fn response(status: StatusCode, kind: Option<&'static str>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    response
}

#[cfg(test)]
#[path = "routes_tests.rs"]
mod tests;
