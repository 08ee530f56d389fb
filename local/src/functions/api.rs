//! The Lambda runtime API, for one process (AWS Lambda Developer Guide, "Using the Lambda runtime API for custom
//! runtimes").

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::desk::{Current, Desk};
use super::limits::{MAX_ERROR_BYTES, MAX_REPLY_BYTES, MAX_STREAM_BYTES};
use super::reply::{Body, CutShort, Part, Reply, too_large};
use super::{Failure, InvokeError};
use crate::net::{self, Limits, PacedBody};

/// What all paths begin with.
const VERSION: &str = "/2018-06-01/runtime/";

/// Connections of a process. A runtime needs one or two.
const CONNECTIONS: usize = 8;

/// How long a process may be without a request while it has nothing to do, beyond its time limit.
const IDLE: Duration = Duration::from_secs(60);

/// How long the last requests of a process that has ended are read.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// The server of a process. It ends with this value.
pub(super) struct Server {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Begins to serve.
    pub fn start(listener: TcpListener, desk: Arc<Desk>) -> Self {
        let patience = desk.time_limit + IDLE;
        let limits = Limits {
            connections: CONNECTIONS,
            head_bytes: 64 * 1_024,
            head_timeout: patience,
            body_timeout: patience,
            write_timeout: patience,
            grace: LAST_WORDS,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async move {
            // Dropped means the same.
            let _ = stopped.await;
        };
        let serving = net::serve(limits, listener, stopped, move |_, request| {
            let desk = desk.clone();
            async move { answer(&desk, request).await }
        });
        Self {
            stop: Some(stop),
            task: tokio::spawn(serving),
        }
    }

    /// Waits until what a process that has ended has sent is read.
    pub async fn read_to_end(&mut self) {
        self.stop = None;
        // It has ended, or was aborted.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(desk: &Desk, request: Request<PacedBody>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let Some(path) = parts.uri.path().strip_prefix(VERSION) else {
        return refused(StatusCode::NOT_FOUND, "NotFound", "no such path");
    };
    let steps: Vec<&str> = path.split('/').collect();
    match (&parts.method, &steps[..]) {
        (&Method::GET, ["invocation", "next"]) => next(desk).await,
        (&Method::POST, ["invocation", id, "response"]) => {
            let Some(current) = desk.take(id) else {
                return unknown();
            };
            respond(current, &parts.headers, body).await
        }
        (&Method::POST, ["invocation", id, "error"]) => {
            let Some(current) = desk.take(id) else {
                return unknown();
            };
            let failure = reported(&parts.headers, body).await;
            current.answer.give(Err(InvokeError::Failed(failure)));
            accepted()
        }
        (&Method::POST, ["init", "error"]) => {
            desk.failed_at_start(reported(&parts.headers, body).await);
            accepted()
        }
        _ => refused(StatusCode::NOT_FOUND, "NotFound", "no such path"),
    }
}

/// `GET invocation/next`: waits for an event.
async fn next(desk: &Desk) -> Response<Full<Bytes>> {
    let Some((id, event)) = desk.next().await else {
        return refused(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Closed",
            "no more events",
        );
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let deadline = now.unwrap_or_default() + desk.time_limit;
    let mut response = Response::new(Full::from(event));
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    };
    set("content-type", "application/json".to_owned());
    set("lambda-runtime-trace-id", trace(&id));
    set("lambda-runtime-aws-request-id", id);
    set(
        "lambda-runtime-deadline-ms",
        deadline.as_millis().to_string(),
    );
    set("lambda-runtime-invoked-function-arn", desk.arn.clone());
    response
}

/// A trace that is not sampled (AWS X-Ray Developer Guide, "Tracing header").
fn trace(id: &str) -> String {
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).collect();
    let (time, rest) = digits.split_at_checked(8).unwrap_or((&digits, ""));
    format!("Root=1-{time}-{rest};Parent=0000000000000000;Sampled=0")
}

/// `POST invocation/{id}/response`.
async fn respond(current: Current, headers: &HeaderMap, body: PacedBody) -> Response<Full<Bytes>> {
    let mode = headers.get("lambda-runtime-function-response-mode");
    if mode.is_some_and(|mode| mode == "streaming") {
        let content_type = headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        stream(current, content_type.map(str::to_owned), body).await;
        return accepted();
    }
    match read(body, MAX_REPLY_BYTES).await {
        ReadOutcome::Whole(bytes) => current.answer.give(Ok(Reply::Whole(bytes))),
        ReadOutcome::TooLong(_) => {
            current.answer.give(Err(InvokeError::Failed(too_large())));
            let text = format!("Exceeded maximum allowed payload size ({MAX_REPLY_BYTES} bytes).");
            return refused(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                &text,
            );
        }
        ReadOutcome::Cut => {
            let failure = Failure::new("Runtime.TruncatedResponse", "the answer was cut off");
            current.answer.give(Err(InvokeError::Failed(failure)));
        }
    }
    accepted()
}

/// Passes a streamed answer on. Where nobody reads it any more, the function may still end it.
async fn stream(current: Current, content_type: Option<String>, mut body: PacedBody) {
    let (parts, receiver) = Body::new();
    current.answer.give(Ok(Reply::Streamed {
        content_type,
        body: receiver,
    }));
    let mut size_bytes = 0_u64;
    let end = loop {
        let frame = match body.frame().await {
            None => break Part::End,
            Some(Err(_)) => break Part::Cut(CutShort::Ended),
            Some(Ok(frame)) => frame,
        };
        match frame.into_data() {
            Ok(bytes) => {
                size_bytes += bytes.len() as u64;
                if size_bytes > MAX_STREAM_BYTES {
                    break Part::Cut(CutShort::TooLong);
                }
                let _ = parts.send(Part::Bytes(bytes)).await;
            }
            Err(frame) => {
                let failure = frame.trailers_ref().and_then(failed_in_the_middle);
                if let Some(failure) = failure {
                    break Part::Cut(CutShort::Failed(failure));
                }
            }
        }
    };
    let _ = parts.send(end).await;
    drop(current);
}

/// The error that trailers tell of (AWS Lambda Developer Guide, "Building a custom runtime", "Response streaming").
fn failed_in_the_middle(trailers: &HeaderMap) -> Option<Failure> {
    let error_type = trailers.get("lambda-runtime-function-error-type")?;
    let body = trailers.get("lambda-runtime-function-error-body");
    let body = body.and_then(|body| base64_simd::STANDARD.decode_to_vec(body).ok());
    let error_type = String::from_utf8_lossy(error_type.as_bytes()).into_owned();
    Some(failure(&error_type, &body.unwrap_or_default()))
}

/// The error of a body and a header.
async fn reported(headers: &HeaderMap, body: PacedBody) -> Failure {
    let error_type = headers.get("lambda-runtime-function-error-type");
    let error_type = error_type.and_then(|value| value.to_str().ok());
    let bytes = match read(body, MAX_ERROR_BYTES).await {
        ReadOutcome::Whole(bytes) | ReadOutcome::TooLong(bytes) => bytes,
        ReadOutcome::Cut => Bytes::new(),
    };
    failure(error_type.unwrap_or("Runtime.Unknown"), &bytes)
}

/// The error of a body: that of its JSON, or its text.
fn failure(error_type: &str, body: &[u8]) -> Failure {
    let told: Option<Failure> = serde_json::from_slice(body).ok();
    let mut failure = told.unwrap_or_else(|| Failure::new("", String::from_utf8_lossy(body)));
    if failure.error_type.is_empty() {
        error_type.clone_into(&mut failure.error_type);
    }
    failure
}

/// What came of reading a body.
enum ReadOutcome {
    Whole(Bytes),
    /// It is longer; its beginning.
    TooLong(Bytes),
    Cut,
}

async fn read(mut body: PacedBody, most: usize) -> ReadOutcome {
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            return ReadOutcome::Cut;
        };
        let Ok(bytes) = frame.into_data() else {
            continue;
        };
        let room = most - all.len();
        all.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if bytes.len() > room {
            // The process hears of it once it has sent the rest; it has its time limit for that.
            while let Some(Ok(_)) = body.frame().await {}
            return ReadOutcome::TooLong(all.freeze());
        }
    }
    ReadOutcome::Whole(all.freeze())
}

fn accepted() -> Response<Full<Bytes>> {
    told(StatusCode::ACCEPTED, &json!({ "status": "OK" }))
}

fn unknown() -> Response<Full<Bytes>> {
    let text = "there is no such invocation under way";
    refused(StatusCode::BAD_REQUEST, "InvalidRequestID", text)
}

fn refused(status: StatusCode, error_type: &str, text: &str) -> Response<Full<Bytes>> {
    let body = json!({ "errorType": error_type, "errorMessage": text });
    told(status, &body)
}

fn told(status: StatusCode, body: &serde_json::Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
