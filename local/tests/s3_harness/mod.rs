//! What the S3 tests share: a server (or somebody else's), clients for it, short words for
//! what they answer.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fmt::Debug;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region, RequestChecksumCalculation};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use quillfront_local::s3::{self, Store};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub const ACCESS_KEY: &str = "AKIAQUILLFRONT";
pub const SECRET_KEY: &str = "secret/of+quillfront";

/// An embedded server on a port of its own.
pub struct Server {
    pub store: Store,
    pub endpoint: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub async fn start(dir: &Path) -> Server {
        let store = Store::open(dir).await.expect("the store opens");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopped) = oneshot::channel();
        let credentials = s3::Credentials {
            access_key: ACCESS_KEY.into(),
            secret_key: SECRET_KEY.into(),
        };
        let task = tokio::spawn(s3::serve(store.clone(), listener, credentials, async {
            let _ = stopped.await;
        }));
        Server {
            store,
            endpoint,
            stop,
            task,
        }
    }

    pub fn client(&self) -> Client {
        client(&self.endpoint, ACCESS_KEY, SECRET_KEY, None)
    }

    /// Ends the server and lets go of its folder.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        self.task
            .await
            .expect("the server ends")
            .expect("and ends well");
    }
}

/// What a conformance test works with: an empty bucket on the endpoint under test.
pub struct Bench {
    pub client: Client,
    pub bucket: String,
    pub endpoint: String,
    access_key: String,
    secret_key: String,
    _server: Option<(Server, tempfile::TempDir)>,
}

impl Bench {
    /// The embedded server, unless `QUILLFRONT_S3_ENDPOINT` names another.
    pub async fn new() -> Bench {
        let variable =
            |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
        let (endpoint, access_key, secret_key, server) =
            match std::env::var("QUILLFRONT_S3_ENDPOINT") {
                Ok(endpoint) => (
                    endpoint,
                    variable("AWS_ACCESS_KEY_ID"),
                    variable("AWS_SECRET_ACCESS_KEY"),
                    None,
                ),
                Err(_) => {
                    let dir = tempfile::tempdir().expect("a folder");
                    let server = Server::start(dir.path()).await;
                    (
                        server.endpoint.clone(),
                        ACCESS_KEY.into(),
                        SECRET_KEY.into(),
                        Some((server, dir)),
                    )
                }
            };
        let client = client(&endpoint, &access_key, &secret_key, None);
        let bucket = unique_bucket();
        client
            .create_bucket()
            .bucket(&bucket)
            .send()
            .await
            .expect("a bucket");
        Bench {
            client,
            bucket,
            endpoint,
            access_key,
            secret_key,
            _server: server,
        }
    }

    /// A client of the same endpoint with another key pair.
    pub fn client_with(&self, access_key: Option<&str>, secret_key: Option<&str>) -> Client {
        let access_key = access_key.unwrap_or(&self.access_key);
        client(
            &self.endpoint,
            access_key,
            secret_key.unwrap_or(&self.secret_key),
            None,
        )
    }

    /// A client that puts the bucket in front of the host, which it calls `localhost`.
    pub fn virtual_host_client(&self) -> Client {
        let port = self.endpoint.rsplit(':').next().expect("a port");
        let path_style = client(
            &format!("http://localhost:{port}"),
            &self.access_key,
            &self.secret_key,
            Some(RequestChecksumCalculation::WhenRequired),
        );
        let config = path_style.config().to_builder().force_path_style(false);
        Client::from_conf(config.build())
    }

    /// The key pair.
    pub fn keys_of_owner(&self) -> (&str, &str) {
        (&self.access_key, &self.secret_key)
    }

    /// A client that sends no checksum of its own accord.
    pub fn plain_client(&self) -> Client {
        let when_required = Some(RequestChecksumCalculation::WhenRequired);
        client(
            &self.endpoint,
            &self.access_key,
            &self.secret_key,
            when_required,
        )
    }

    /// The embedded server can be looked into.
    pub fn store(&self) -> Option<&Store> {
        self._server.as_ref().map(|(server, _)| &server.store)
    }

    pub async fn put(&self, key: &str, body: impl Into<Vec<u8>>) -> String {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .body(body.into().into());
        put.send().await.expect("put").e_tag.expect("an ETag")
    }

    pub async fn get(&self, key: &str) -> Vec<u8> {
        let get = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await
            .expect("get");
        get.body.collect().await.expect("the body").to_vec()
    }

    /// All keys, in the order of the listing.
    pub async fn keys(&self) -> Vec<String> {
        let pages = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .into_paginator()
            .send();
        let pages: Vec<_> = pages.try_collect().await.expect("the listing");
        pages
            .iter()
            .flat_map(|page| page.contents())
            .map(|object| object.key().expect("a key").to_owned())
            .collect()
    }

    /// Leaves nothing behind on an endpoint that is not ours.
    pub async fn finish(self) {
        for key in self.keys().await {
            self.client
                .delete_object()
                .bucket(&self.bucket)
                .key(key)
                .send()
                .await
                .expect("delete");
        }
        self.client
            .delete_bucket()
            .bucket(&self.bucket)
            .send()
            .await
            .expect("delete the bucket");
    }
}

pub fn client(
    endpoint: &str,
    access_key: &str,
    secret_key: &str,
    checksums: Option<RequestChecksumCalculation>,
) -> Client {
    let http = aws_smithy_http_client::Builder::new();
    let http = if endpoint.starts_with("https:") {
        http.tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https()
    } else {
        http.build_http()
    };
    let region = std::env::var("AWS_REGION").unwrap_or_else(|_| "us-east-1".into());
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .endpoint_url(endpoint)
        .region(Region::new(region))
        .credentials_provider(Credentials::new(access_key, secret_key, None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .request_checksum_calculation(
            checksums.unwrap_or(RequestChecksumCalculation::WhenSupported),
        )
        .force_path_style(true)
        .build();
    Client::from_conf(config)
}

pub fn unique_bucket() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_millis();
    format!(
        "qf-{now}-{}-{}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

/// The status and code of a refusal. (An answer to HEAD has no body, and so no code.)
#[track_caller]
pub fn refusal<T: Debug, E: ProvideErrorMetadata + Debug>(
    result: Result<T, SdkError<E>>,
) -> (u16, String) {
    let error = result.expect_err("a refusal");
    let status = error
        .raw_response()
        .map(|response| response.status().as_u16());
    let status = status.unwrap_or_else(|| panic!("not an answer: {error:?}"));
    (status, error.code().unwrap_or_default().to_owned())
}

/// `refusal` as it is expected.
pub fn code(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// Bytes that differ from place to place and from seed to seed.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// One HTTP/1.1 exchange without any SDK: status, head in lower case, body.
pub async fn exchange(request: &str, url: &str, body: &[u8]) -> (u16, String, Vec<u8>) {
    let rest = url.strip_prefix("http://").expect("plain HTTP");
    let address = rest.split('/').next().unwrap_or(rest);
    exchange_at(address, request, url, body).await
}

/// As [`exchange`], at an address that need not be the URL's.
pub async fn exchange_at(
    address: &str,
    request: &str,
    url: &str,
    body: &[u8],
) -> (u16, String, Vec<u8>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (method, headers) = request.split_once('\n').unwrap_or((request, ""));
    let rest = url.strip_prefix("http://").expect("plain HTTP");
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n"
    );
    stream
        .write_all(head.as_bytes())
        .await
        .expect("the head is sent");
    stream.write_all(body).await.expect("the body is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .expect("a head")
        + 4;
    let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .expect("a status");
    (status, head, answer.split_off(end))
}

/// Sends the head of a request only, and reads the first head that comes back.
pub async fn head_of_answer(
    method: &str,
    headers: &str,
    url: &str,
    content_length: usize,
) -> (u16, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let rest = url.strip_prefix("http://").expect("plain HTTP");
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let mut stream = TcpStream::connect(host).await.expect("a connection");
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {content_length}\r\n{headers}\r\n"
    );
    stream
        .write_all(head.as_bytes())
        .await
        .expect("the head is sent");
    let mut answer = Vec::new();
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        let byte = stream.read_u8().await.expect("an answer");
        answer.push(byte);
    }
    let head = String::from_utf8_lossy(&answer).to_lowercase();
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.get(..3))
        .and_then(|status| status.parse().ok());
    (status.expect("a status"), head)
}
