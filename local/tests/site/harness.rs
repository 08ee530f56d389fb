//! A store with S3, site and control plane on ports of their own, and a small HTTP client.

use std::net::SocketAddr;

use aws_credential_types::Credentials;
use aws_sdk_s3::config::{BehaviorVersion, Region};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use http::header::HeaderMap;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use quillfront_image_urls::Keys;
use quillfront_local::s3::{self, Store};
use quillfront_local::site::{self, Site, SiteOptions};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub const BUCKET: &str = "site";
pub const DISTRIBUTION: &str = "LOCAL";

const ACCESS_KEY: &str = "test";
const SECRET_KEY: &str = "test-secret";

/// What URLs of thumbnails are signed with.
pub const IMAGE_KEY: &str = "0123456789abcdef0123456789abcdef";

pub struct Server {
    store: Store,
    /// What is behind it.
    pub behind: Site,
    pub site: SocketAddr,
    pub control: SocketAddr,
    s3: aws_sdk_s3::Client,
    stop: watch::Sender<()>,
    serving: JoinHandle<std::io::Result<()>>,
    _folder: tempfile::TempDir,
}

impl Server {
    /// With live reload. There is no bucket before something is put into it.
    pub async fn start() -> Server {
        Server::with_live_reload(true).await
    }

    pub async fn with_live_reload(live_reload: bool) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        let (stop, stopped) = watch::channel(());
        let stopped = move || {
            let mut stopped = stopped.clone();
            async move { drop(stopped.changed().await) }
        };

        let (s3_listener, s3_address) = listen().await;
        let credentials = s3::Credentials {
            access_key: ACCESS_KEY.into(),
            secret_key: SECRET_KEY.into(),
        };
        tokio::spawn(s3::serve(
            store.clone(),
            s3_listener,
            credentials,
            stopped(),
        ));

        let site = Site::new(
            store.clone(),
            SiteOptions {
                bucket: BUCKET.into(),
                distribution_id: DISTRIBUTION.into(),
                live_reload,
                image_keys: Keys::read(IMAGE_KEY).unwrap(),
            },
        );
        let (listener, control) = listen().await;
        tokio::spawn(site::serve(site.cloudfront_router(), listener, stopped()));
        let (listener, address) = listen().await;
        let serving = tokio::spawn(site::serve(site.router(), listener, stopped()));
        let s3 = s3_client(s3_address);
        Server {
            store,
            behind: site,
            site: address,
            control,
            s3,
            stop,
            serving,
            _folder: folder,
        }
    }

    pub async fn put(&self, key: &str, content_type: &str, bytes: impl Into<Vec<u8>>) {
        self.put_with(key, content_type, bytes, &[]).await;
    }

    pub async fn put_with(
        &self,
        key: &str,
        content_type: &str,
        bytes: impl Into<Vec<u8>>,
        metadata: &[(&str, &str)],
    ) {
        self.store.create_bucket(BUCKET).await.unwrap();
        let mut put = self
            .s3
            .put_object()
            .bucket(BUCKET)
            .key(key)
            .content_type(content_type)
            .cache_control("public, max-age=0, must-revalidate, s-maxage=86400")
            .body(ByteStream::from(bytes.into()));
        for (name, value) in metadata {
            put = put.metadata(*name, *value);
        }
        put.send().await.unwrap();
    }

    pub async fn delete(&self, key: &str) {
        let delete = self.s3.delete_object().bucket(BUCKET).key(key);
        delete.send().await.unwrap();
    }

    /// The keys that begin so.
    pub async fn keys(&self, prefix: &str) -> Vec<String> {
        let list = self.s3.list_objects_v2().bucket(BUCKET).prefix(prefix);
        let listed = list.send().await.unwrap();
        let keys = listed.contents().iter().filter_map(|object| object.key());
        keys.map(str::to_owned).collect()
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.get_with(path, &[]).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(Method::GET, path, headers).await
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
        let response = open(self.site, method, path, headers, Bytes::new()).await;
        Reply::read(response).await
    }

    /// As a browser that navigates.
    pub async fn navigate(&self, path: &str) -> Reply {
        self.get_with(path, &[("sec-fetch-dest", "document")]).await
    }

    pub fn cloudfront(&self) -> aws_sdk_cloudfront::Client {
        let config = aws_sdk_cloudfront::Config::builder()
            .behavior_version(aws_sdk_cloudfront::config::BehaviorVersion::latest())
            .region(aws_sdk_cloudfront::config::Region::new("us-east-1"))
            .endpoint_url(format!("http://{}", self.control))
            .credentials_provider(credentials())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        aws_sdk_cloudfront::Client::from_conf(config)
    }

    /// Asks the servers to stop, and waits until the site's has.
    pub async fn shut_down(self) {
        drop(self.stop);
        self.serving.await.unwrap().unwrap();
    }
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    pub async fn read(response: http::Response<Incoming>) -> Reply {
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply {
            status: head.status,
            headers: head.headers,
            body,
        }
    }

    /// The header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Sends a request on a connection of its own; the body of the response is still to come.
pub async fn open(
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> http::Response<Incoming> {
    let stream = TcpStream::connect(address).await.unwrap();
    let mut request = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| *name == "host") {
        request = request.header("host", "localhost");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if body.is_empty() {
        Empty::new().boxed()
    } else {
        Full::new(body).boxed()
    };
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
        .send_request(request.body(body).unwrap())
        .await
        .unwrap()
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn credentials() -> Credentials {
    Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test")
}

fn s3_client(address: SocketAddr) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(s3::REGION))
        .endpoint_url(format!("http://{address}"))
        .credentials_provider(credentials())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .force_path_style(true)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}
