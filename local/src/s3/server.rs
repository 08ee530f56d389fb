//! The store on a port: connections, signatures, request ids.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use http::header;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use s3s::auth::{S3Auth, SecretKey};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::crypto::{Checksum as _, Sha256};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{Body, S3Result, s3_error};
use tokio::net::TcpListener;

use super::events::Caller;
use super::limits::{FORM_BYTES, HEAD_BYTES, XML_BYTES};
use super::service::Service;
use super::store::Store;

/// The region of every bucket. Signatures for any other region are taken as well.
pub const REGION: &str = "us-east-1";

/// How long a client may take to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);

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

/// Serves S3 over HTTP (path-style addressing) until `shutdown` resolves, then lets the
/// requests under way end.
///
/// # Errors
/// None at present: a connection that fails ends alone, and a failure to accept is waited out.
pub async fn serve(
    store: Store,
    listener: TcpListener,
    credentials: Credentials,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let ids = Arc::new(RequestIds {
        epoch: store.shared().disk.epoch(),
        counter: AtomicU64::new(0),
    });
    let service = build(store, credentials);
    let graceful = GracefulShutdown::new();
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(HEAD_BYTES);
    tokio::pin!(shutdown);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(_) => {
                    // Out of file descriptors, most likely: they come back.
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut shutdown => break,
        };
        // Small answers should not wait for the next packet; without it they are only slower.
        let _ = stream.set_nodelay(true);
        let (service, ids) = (service.clone(), ids.clone());
        let answer = hyper::service::service_fn(move |request| {
            answer(service.clone(), ids.clone(), peer, request)
        });
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), answer));
        tokio::spawn(async move {
            // The client went away or spoke no HTTP; there is nobody to tell.
            let _ = connection.await;
        });
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
    Ok(())
}

fn build(store: Store, credentials: Credentials) -> S3Service {
    let mut config = S3Config::default();
    config.xml_max_body_size = XML_BYTES;
    config.post_object_max_file_size = 0;
    config.form_max_field_size = FORM_BYTES;
    config.form_max_fields_size = FORM_BYTES;
    let mut builder = S3ServiceBuilder::new(Service { store });
    builder.set_auth(OnePair {
        access_key: credentials.access_key,
        secret_key: credentials.secret_key.into(),
    });
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

async fn answer(
    service: S3Service,
    ids: Arc<RequestIds>,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (request_id, host_id) = ids.next();
    let (mut request, taken) = watch_expected_body(request);
    request.extensions_mut().insert(Caller {
        access_key: String::new(),
        address: peer.ip().to_string(),
        request_id: request_id.clone(),
        host_id: host_id.clone(),
    });
    let mut response = service.call(request).await.unwrap_or_else(|_| {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    });
    if response.status() == StatusCode::NOT_MODIFIED {
        *response.body_mut() = Body::empty();
    }
    let headers = response.headers_mut();
    for (name, value) in [("x-amz-request-id", request_id), ("x-amz-id-2", host_id)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    headers.insert(header::SERVER, HeaderValue::from_static("quillfront"));
    if taken.is_some_and(|taken| !taken.load(Ordering::Relaxed)) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response)
}

/// Notes whether any of a body was taken whose client waits for `100 Continue`.
///
/// Where none was (the body is empty, or the request was refused first), the client gets a final
/// answer in place of the 100, and the connection must end with it (RFC 9110, section 10.1.1).
/// Some clients do not recover by themselves: botocore keeps the early status line with the
/// connection, and takes the next answer on it for one without headers.
fn watch_expected_body(request: Request<Incoming>) -> (Request<Body>, Option<Arc<AtomicBool>>) {
    if !request.headers().contains_key(header::EXPECT) {
        return (request.map(Body::from), None);
    }
    let taken = Arc::new(AtomicBool::new(false));
    let flag = taken.clone();
    let request = request.map(|body| {
        Body::http_body(body.map_frame(move |frame| {
            flag.store(true, Ordering::Relaxed);
            frame
        }))
    });
    (request, Some(taken))
}
