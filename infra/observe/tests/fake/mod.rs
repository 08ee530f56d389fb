//! A small AWS over real HTTP: documents that are kept byte by byte, with ETags that are checked, and faults.

#![allow(dead_code)] // Each test uses a part of it.

use aws_credential_types::Credentials;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use quillfront_aws::Aws;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

/// The distribution of the tests.
pub const ID: &str = "E1EXAMPLE";
pub const ARN: &str = "arn:aws:cloudfront::123456789012:distribution/E1EXAMPLE";

/// What happens to a request instead of, or after, what should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// 503, and nothing is done.
    Busy,
    /// 400 `Throttling`, and nothing is done.
    Throttled,
    /// It is done, and the answer is lost.
    Lost,
    /// Somebody else writes the same document first.
    Overtaken,
}

#[derive(Default)]
pub struct Account {
    /// Bodies with their versions, by path, for S3 with the part (`/site?policy`).
    pub documents: BTreeMap<String, (String, u32)>,
    /// Answers to calls by JSON-RPC and to POSTs, by operation or path.
    pub calls: BTreeMap<String, String>,
    /// Requests that the credentials may not make: what `log` says of them begins so.
    pub denied: BTreeSet<String>,
    /// The next faults: what the line of the log begins with, and what happens.
    pub faults: Vec<(String, Fault)>,
    /// Every request.
    pub log: Vec<String>,
    /// The requests that changed something.
    pub writes: Vec<String>,
    /// How many times the distribution says that it is not deployed yet, after each write.
    pub slow: usize,
    pending: usize,
    next: u32,
}

#[derive(Clone)]
pub struct Fake {
    account: Arc<Mutex<Account>>,
    pub endpoint: String,
}

impl Fake {
    pub async fn start() -> Self {
        let account = Arc::new(Mutex::new(Account::default()));
        let router = Router::new().fallback(answer).with_state(account.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { account, endpoint }
    }

    pub fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap()
    }

    pub fn aws(&self) -> Aws {
        let credentials = Credentials::new("key", "secret", None, None, "test");
        Aws::new(credentials, "eu-west-1", Some(self.endpoint.clone()))
    }

    pub fn put(&self, path: &str, body: &str) {
        self.account()
            .documents
            .insert(path.to_owned(), (body.to_owned(), 1));
    }

    pub fn call(&self, operation: &str, answer: &str) {
        self.account()
            .calls
            .insert(operation.to_owned(), answer.to_owned());
    }

    pub fn body(&self, path: &str) -> Option<String> {
        self.account()
            .documents
            .get(path)
            .map(|(body, _)| body.clone())
    }
}

type Shared = Arc<Mutex<Account>>;

/// The parts of a bucket's configuration, as they stand in queries.
const PARTS: [&str; 8] = [
    "policy",
    "publicAccessBlock",
    "encryption",
    "versioning",
    "logging",
    "ownershipControls",
    "location",
    "tagging",
];

/// What S3 says where a part is not there.
fn absent(part: &str) -> &'static str {
    match part {
        "policy" => "NoSuchBucketPolicy",
        "publicAccessBlock" => "NoSuchPublicAccessBlockConfiguration",
        "encryption" => "ServerSideEncryptionConfigurationNotFoundError",
        "ownershipControls" => "OwnershipControlsNotFoundError",
        _ => "NoSuchKey",
    }
}

async fn answer(
    State(account): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    let mut account = account.lock().unwrap();
    let target = headers
        .get("x-amz-target")
        .map(|value| value.to_str().unwrap().to_owned());
    let operation = target
        .as_deref()
        .and_then(|target| target.split_once('.'))
        .map(|(_, name)| name);
    let query = uri.query().unwrap_or_default();
    let flags: Vec<&str> = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap())
        .collect();
    let part = PARTS.iter().find(|part| flags.contains(*part)).copied();
    let key = match part {
        Some(part) => format!("{}?{part}", uri.path()),
        None => uri.path().to_owned(),
    };
    let form = body
        .strip_prefix("Action=")
        .and_then(|rest| rest.split('&').next());
    let line = match operation.or(form) {
        Some(operation) => operation.to_owned(),
        None => format!("{method} {key}"),
    };
    account.log.push(line.clone());
    let place = account
        .faults
        .iter()
        .position(|(start, _)| line.starts_with(start));
    let fault = place.map(|place| account.faults.remove(place).1);
    match fault {
        Some(Fault::Busy) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Some(Fault::Throttled) => return refuse(400, "Throttling"),
        Some(Fault::Overtaken) => account.overtake(&key),
        Some(Fault::Lost) | None => {}
    }
    if account.denied.iter().any(|start| line.starts_with(start)) {
        return refuse(403, "AccessDenied");
    }
    let if_match = headers.get("if-match").map(|value| value.to_str().unwrap());
    let answer = match operation.or(form) {
        Some(operation) => account.answer_call(operation, &body),
        None => account.answer_path(&method, &key, part, if_match, &body),
    };
    if fault == Some(Fault::Lost) {
        // What the client gets is no whole answer.
        return StatusCode::BAD_GATEWAY.into_response();
    }
    answer
}

pub fn refuse(status: u16, code: &str) -> Response {
    let body = format!(
        "<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>"
    );
    (StatusCode::from_u16(status).unwrap(), body).into_response()
}

impl Account {
    /// Another writer: a new version of what is there, with a comment of its own.
    fn overtake(&mut self, key: &str) {
        let key = self.place(key);
        let (body, version) = self.documents.get_mut(&key).unwrap();
        *body = body.replacen("<Comment>", "<Comment>overtaken ", 1);
        *version += 1;
    }

    fn answer_call(&mut self, operation: &str, body: &str) -> Response {
        let is_write = ["Put", "Create", "Tag", "Add", "Update"]
            .iter()
            .any(|verb| operation.starts_with(verb));
        if is_write {
            self.writes.push(format!("{operation} {body}"));
        }
        match self.calls.get(operation) {
            Some(answer) => answer.clone().into_response(),
            None if is_write => "{}".into_response(),
            None => refuse(400, "UnknownOperationException"),
        }
    }

    /// Configurations of CloudFront are kept at `…/config`.
    fn place(&self, key: &str) -> String {
        let config = format!("{key}/config");
        if self.documents.contains_key(&config) {
            config
        } else {
            key.to_owned()
        }
    }

    fn answer_path(
        &mut self,
        method: &Method,
        key: &str,
        part: Option<&str>,
        if_match: Option<&str>,
        body: &str,
    ) -> Response {
        if let Some(answer) = self.calls.get(&format!("{method} {key}")).cloned() {
            if method != Method::GET && !key.starts_with("/v1/List") {
                self.writes.push(format!("{method} {key} {body}"));
            }
            return answer.into_response();
        }
        if key.ends_with("/tagging") && method == Method::POST {
            self.writes.push(format!("{method} {key}"));
            let tags = if body.contains("<TagKeys") {
                "<Tags><Items/></Tags>"
            } else {
                body
            };
            self.calls.insert(format!("GET {key}"), tags.to_owned());
            return StatusCode::NO_CONTENT.into_response();
        }
        let place = self.place(key);
        match *method {
            Method::GET if self.pending > 0 && place != key && key.contains("/distribution/") => {
                self.pending -= 1;
                let (config, version) = &self.documents[&place];
                let text = wrapped(key, config).replace(">Deployed<", ">InProgress<");
                ([("etag", format!("V{version}"))], text).into_response()
            }
            Method::GET => match self.documents.get(&place) {
                Some((config, version)) => {
                    let text = if place == key {
                        config.clone()
                    } else {
                        wrapped(key, config)
                    };
                    ([("etag", format!("V{version}"))], text).into_response()
                }
                None if part.is_some() => refuse(404, absent(part.unwrap())),
                None => self.list(key),
            },
            Method::HEAD => {
                let is_there = self.documents.contains_key(key);
                if is_there {
                    StatusCode::OK
                } else {
                    StatusCode::NOT_FOUND
                }
                .into_response()
            }
            Method::PUT => {
                let version = self.documents.get(&place).map(|(_, version)| *version);
                if part.is_none() && if_match != version.map(|v| format!("V{v}")).as_deref() {
                    return refuse(412, "PreconditionFailed");
                }
                let version = version.unwrap_or_default() + 1;
                self.writes.push(format!("PUT {key}"));
                self.pending = self.slow;
                self.documents
                    .insert(place.clone(), (body.to_owned(), version));
                let text = if place == key {
                    body.to_owned()
                } else {
                    wrapped(key, body)
                };
                ([("etag", format!("V{version}"))], text).into_response()
            }
            Method::DELETE => {
                self.writes.push(format!("DELETE {key}"));
                self.documents.remove(&place);
                StatusCode::NO_CONTENT.into_response()
            }
            Method::POST => self.create(key, body),
            _ => refuse(405, "MethodNotAllowed"),
        }
    }

    /// A new policy or access control; names are unique.
    fn create(&mut self, key: &str, body: &str) -> Response {
        let name = name_of(body);
        let is_taken = self.documents.iter().any(|(path, (other, _))| {
            path.starts_with(&format!("{key}/")) && name_of(other) == name
        });
        if is_taken {
            return refuse(409, "ResponseHeadersPolicyAlreadyExists");
        }
        self.next += 1;
        let path = format!("{key}/NEW{}", self.next);
        self.writes.push(format!("POST {key} {name}"));
        self.documents
            .insert(format!("{path}/config"), (body.to_owned(), 1));
        ([("etag", "V1")], wrapped(&path, body)).into_response()
    }

    /// The list of what is below a path.
    fn list(&self, key: &str) -> Response {
        let start = format!("{key}/");
        let below = self
            .documents
            .iter()
            .filter(|(path, _)| path.starts_with(&start) && path.ends_with("/config"));
        let items: Vec<String> = below
            .map(|(path, (config, _))| {
                let base = path.trim_end_matches("/config");
                let inner = wrapped(base, config);
                if key.ends_with("/distribution") || key.ends_with("/origin-access-control") {
                    let flat = config.split_once("?>").map_or(config.as_str(), |(_, text)| text);
                    let flat = flat.rsplit_once("</").map_or("", |(text, _)| text);
                    let flat = flat.split_once('>').map_or("", |(_, text)| text);
                    let id = base.rsplit('/').next().unwrap();
                    format!("<Summary><Id>{id}</Id><DomainName>d1.cloudfront.net</DomainName>{flat}</Summary>")
                } else {
                    format!("<Summary><Type>custom</Type>{inner}</Summary>")
                }
            })
            .collect();
        if items.is_empty() && !key.matches('/').count().eq(&2) {
            return refuse(404, "NoSuchResource");
        }
        format!("<List><Items>{}</Items></List>", items.concat()).into_response()
    }
}

fn name_of(body: &str) -> String {
    let rest = body.split_once("<Name>").map_or("", |(_, rest)| rest);
    rest.split("</Name>").next().unwrap_or_default().to_owned()
}

/// A configuration as CloudFront answers it with its id around it.
fn wrapped(key: &str, config: &str) -> String {
    let id = key.rsplit('/').next().unwrap();
    let kind = key.split('/').nth(2).unwrap();
    let root = match kind {
        "distribution" => "Distribution",
        "cache-policy" => "CachePolicy",
        "origin-request-policy" => "OriginRequestPolicy",
        "response-headers-policy" => "ResponseHeadersPolicy",
        _ => "OriginAccessControl",
    };
    let inner = config
        .split_once("?>")
        .map_or(config, |(_, rest)| rest)
        .trim_start();
    format!(
        "<?xml version=\"1.0\"?>\n<{root} xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Id>{id}</Id>\
         <ARN>arn:aws:cloudfront::123456789012:{kind}/{id}</ARN><Status>Deployed</Status>\
         <DomainName>d1.cloudfront.net</DomainName>{inner}</{root}>"
    )
}
