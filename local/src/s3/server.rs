//! The store on a port: connections, signatures, request ids.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Body as _;
use jiff::Timestamp;
use s3s::auth::{S3Auth, SecretKey};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::crypto::{Checksum as _, Sha256};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3Result, s3_error};
use tokio::net::TcpListener;

use super::admit::admit;
use super::cors::{self, Rules};
use super::events::Caller;
use super::hosts::{Hosts, Target};
use super::limits::{BODY_SECONDS, CONNECTIONS, HEAD_BYTES, XML_BYTES};
use super::refusal::{self, Refusal};
use super::service::Service;
use super::store::Store;
use crate::net::{self, Limits, PacedBody};

/// The region of every bucket. Signatures for any other region are taken as well.
pub const REGION: &str = "us-east-1";

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may take nothing of an answer.
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);

/// Connections take one in so many descriptors: a request opens up to four files.
const DESCRIPTORS: usize = 10;

/// How long requests under way may take to end after `shutdown`.
const GRACE: Duration = Duration::from_secs(10);

/// The key pair that may do everything; there is no other.
#[derive(Clone)]
pub struct Credentials {
    /// The access key id.
    pub access_key: String,
    /// The secret access key.
    pub secret_key: String,
}

/// Serves S3 over HTTP until `shutdown` resolves, then lets the requests under way end. Buckets
/// are addressed by path, or as `bucket.localhost`.
///
/// # Errors
/// None at present: a connection that fails ends alone, and a failure to accept is waited out.
pub async fn serve(
    store: Store,
    listener: TcpListener,
    credentials: Credentials,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let front = Arc::new(Front {
        ids: RequestIds {
            epoch: store.shared().disk.epoch(),
            counter: AtomicU64::new(0),
        },
        service: build(store.clone(), credentials),
        store,
    });
    let limits = Limits {
        connections: net::share(DESCRIPTORS, CONNECTIONS),
        head_bytes: HEAD_BYTES,
        head_timeout: HEAD_TIMEOUT,
        body_timeout: Duration::from_secs(BODY_SECONDS),
        write_timeout: WRITE_TIMEOUT,
        grace: GRACE,
    };
    net::serve(limits, listener, shutdown, move |peer, request| {
        let front = front.clone();
        async move { front.answer(peer, request).await }
    })
    .await;
    Ok(())
}

fn build(store: Store, credentials: Credentials) -> S3Service {
    let mut config = S3Config::default();
    config.xml_max_body_size = XML_BYTES;
    let mut builder = S3ServiceBuilder::new(Service { store });
    builder.set_auth(OnePair {
        access_key: credentials.access_key,
        secret_key: credentials.secret_key.into(),
    });
    builder.set_host(Hosts);
    builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(config))));
    builder.build()
}

/// The one key pair there is.
struct OnePair {
    access_key: String,
    secret_key: SecretKey,
}

#[async_trait::async_trait]
impl S3Auth for OnePair {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key != self.access_key {
            return Err(s3_error!(
                InvalidAccessKeyId,
                "The AWS Access Key Id you provided does not exist in our records."
            ));
        }
        Ok(self.secret_key.clone())
    }
}

/// Makes the two ids that S3 gives every answer.
struct RequestIds {
    epoch: u32,
    counter: AtomicU64,
}

impl RequestIds {
    fn next(&self) -> (String, String) {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        let hash = Sha256::checksum(format!("{}/{count}", self.epoch).as_bytes());
        (hex::encode_upper(&hash[..8]), super::checksum::base64(hash))
    }
}

/// What stands before the protocol layer.
struct Front {
    store: Store,
    service: S3Service,
    ids: RequestIds,
}

impl Front {
    async fn answer(&self, peer: SocketAddr, request: Request<PacedBody>) -> Response<Body> {
        let (request_id, host_id) = self.ids.next();
        let (parts, body) = request.into_parts();
        let progress = body.progress();
        let has_body = !body.is_end_stream();
        let expects = parts.headers.contains_key(header::EXPECT);
        let asked = (parts.method.clone(), parts.headers.clone());
        let target = Target::of(&parts, &self.store);
        let resource = match &target {
            Ok(target) => target.resource.clone(),
            Err(_) => parts.uri.path().to_owned(),
        };
        let rules = target.as_ref().ok().and_then(|target| {
            let bucket = self.store.bucket(target.bucket.as_deref()?).ok()?;
            bucket.cors()
        });
        let mut response = match target.and_then(|_| self.admit(&parts, rules.as_deref())) {
            Err(refusal) => refusal.response(),
            Ok(Some(preflight)) => preflight,
            Ok(None) => {
                let mut request = Request::from_parts(parts, Body::http_body(body));
                request.extensions_mut().insert(Caller {
                    access_key: String::new(),
                    address: peer.ip().to_string(),
                    request_id: request_id.clone(),
                    host_id: host_id.clone(),
                });
                self.service.call(request).await.unwrap_or_else(|_| {
                    Refusal::new("InternalError", "the request could not be answered")
                        .status(StatusCode::INTERNAL_SERVER_ERROR)
                        .response()
                })
            }
        };
        if progress.is_silent() && !response.status().is_success() {
            let message = "Your socket connection to the server was not read from or written to within the timeout \
                           period. Idle connections will be closed.";
            response = Refusal::new("RequestTimeout", message).response();
        }
        if response.status() == StatusCode::NOT_MODIFIED {
            *response.body_mut() = Body::empty();
        }
        refusal::complete(&mut response, &resource, &request_id, &host_id);
        let headers = response.headers_mut();
        if let Some(rules) = &rules {
            headers.extend(cors::expose(rules, &asked.0, &asked.1));
        }
        for (name, value) in [("x-amz-request-id", request_id), ("x-amz-id-2", host_id)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
        headers.insert(header::SERVER, HeaderValue::from_static("quillfront"));
        // A final answer in place of `100 Continue` ends the connection (RFC 9110, section 10.1.1;
        // botocore takes the next answer on it for one without headers). So does one that leaves
        // a body unread.
        if progress.is_silent() || ((has_body || expects) && !progress.is_wanted()) {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Lets a request pass to the protocol layer, or answers it where it is a preflight.
    fn admit(
        &self,
        parts: &http::request::Parts,
        rules: Option<&Rules>,
    ) -> Result<Option<Response<Body>>, Refusal> {
        if parts.method == Method::OPTIONS {
            let mut response = Response::new(Body::empty());
            *response.headers_mut() = cors::preflight(rules, &parts.headers)?;
            return Ok(Some(response));
        }
        admit(parts, Timestamp::now())?;
        Ok(None)
    }
}
