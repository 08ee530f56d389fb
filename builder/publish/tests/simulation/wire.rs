//! The SDK's HTTP seam: each request is parked here until the scheduler decides its fate.

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use futures::channel::oneshot;
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A request as the services see it.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    /// Decoded, without the leading slash.
    pub path: String,
    pub query: BTreeMap<String, String>,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Bucket and key; an empty key is the bucket itself.
    pub fn target(&self) -> (&str, &str) {
        self.path.split_once('/').unwrap_or((&self.path, ""))
    }

    /// The key that it is to copy.
    pub fn copied(&self) -> Option<String> {
        let from = self.header("x-amz-copy-source")?;
        let from = percent_decode_str(from).decode_utf8_lossy();
        let (_, key) = from.trim_start_matches('/').split_once('/')?;
        Some(key.to_owned())
    }

    pub fn is_write(&self) -> bool {
        matches!(self.method.as_str(), "PUT" | "DELETE")
    }

    pub fn is_conditional_write(&self) -> bool {
        let conditional = self.header("if-match").or(self.header("if-none-match"));
        self.is_write() && conditional.is_some()
    }

    /// For the log.
    pub fn described(&self) -> String {
        let mut text = format!("{} {}", self.method, self.path);
        for (header, label) in [
            ("if-match", "if-match"),
            ("if-none-match", "if-none-match"),
            ("x-amz-copy-source", "copy of"),
        ] {
            if let Some(value) = self.header(header) {
                let short: String = value.trim_matches('"').chars().take(60).collect();
                text.push_str(&format!(" [{label} {short}]"));
            }
        }
        text
    }
}

/// An answer of a service.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A request that waits for the scheduler.
pub struct Parked {
    /// Who sent it.
    pub actor: usize,
    pub request: Request,
    answer: oneshot::Sender<Option<Response>>,
    /// When the operation that it is an attempt of began, by the virtual clock.
    pub since_ms: i64,
    /// True where it is the first attempt, and nobody has looked at it yet.
    pub is_new: bool,
    /// It is not looked at before.
    pub not_before_ms: i64,
    /// It is still in the memory of a machine that stands still.
    pub held: bool,
    /// Nobody waits for its answer any more, but it is under way; until then at the latest.
    pub ghost_until_ms: Option<i64>,
}

impl Parked {
    /// The answer; none where the connection breaks.
    pub fn answer(self, response: Option<Response>) {
        // Nobody may be listening any more.
        let _ = self.answer.send(response);
    }

    pub fn is_orphan(&self) -> bool {
        self.answer.is_canceled()
    }
}

/// All requests under way.
#[derive(Default)]
pub struct Wire {
    pub parked: Mutex<Vec<Parked>>,
    /// Requests that are never answered: the sender hears nothing until it gives up.
    pub unanswered: Mutex<Vec<Parked>>,
    operations: Mutex<BTreeMap<String, i64>>,
}

/// What the SDK of one run of a builder sends through.
#[derive(Clone)]
pub struct Connector {
    pub wire: Arc<Wire>,
    pub clock: Arc<crate::clock::Clock>,
    /// Who is running now.
    pub actor: Arc<std::sync::atomic::AtomicUsize>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let connector = self.clone();
        HttpConnectorFuture::new(async move {
            let (request, operation) = read(request).await;
            let now = connector.clock.elapsed_ms();
            let (since_ms, is_new) = {
                let mut operations = connector.wire.operations.lock().unwrap();
                let known = operations.insert(operation.clone(), now);
                let since_ms = known.unwrap_or(now);
                operations.insert(operation, since_ms);
                (since_ms, known.is_none())
            };
            let (answer, answered) = oneshot::channel();
            connector.wire.parked.lock().unwrap().push(Parked {
                actor: connector.actor.load(std::sync::atomic::Ordering::SeqCst),
                request,
                answer,
                since_ms,
                is_new,
                not_before_ms: now,
                held: false,
                ghost_until_ms: None,
            });
            match answered.await {
                Ok(Some(response)) => Ok(response.into_http()),
                Ok(None) | Err(oneshot::Canceled) => {
                    Err(ConnectorError::io("the connection was reset".into()))
                }
            }
        })
    }
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// The request, and the name of the operation that it is an attempt of.
pub async fn read(mut request: HttpRequest) -> (Request, String) {
    let body = ByteStream::new(request.take_body()).collect().await;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let query = request.uri_query();
    let headers = request.headers().iter();
    let headers: BTreeMap<String, String> = headers
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let operation = headers.get("amz-sdk-invocation-id").cloned();
    let read = Request {
        method: request.method().to_owned(),
        path: decoded(request.uri_path().trim_start_matches('/')),
        query: query
            .split('&')
            .filter(|part| !part.is_empty())
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(name, value)| (decoded(name), decoded(value)))
            .collect(),
        headers,
        body: body.unwrap().to_vec(),
    };
    (read, operation.unwrap_or_default())
}

trait UriParts {
    fn uri_path(&self) -> &str;
    fn uri_query(&self) -> &str;
}

impl UriParts for HttpRequest {
    fn uri_path(&self) -> &str {
        let uri = self.uri();
        let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
        let path = rest.find('/').map_or("", |at| &rest[at..]);
        path.split('?').next().unwrap_or("")
    }

    fn uri_query(&self) -> &str {
        self.uri().split_once('?').map_or("", |(_, query)| query)
    }
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(own, _)| own == name);
        header.map(|(_, value)| value.as_str())
    }

    pub fn into_http(self) -> HttpResponse {
        let status = self.status.try_into().unwrap();
        let mut response = HttpResponse::new(status, SdkBody::from(self.body));
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }
}
