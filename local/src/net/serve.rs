//! A port: accepts connections, and hands their requests on.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{Request, Response, StatusCode, Version};
use http_body_util::{Either, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::pace::PacedBody;
use super::slots::{Notice, Slot, Slots, Turn};
use super::stall::Stall;

/// What clients may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// How many may be connected at once. Further ones take the place of those that have no
    /// request under way; where there are none, they wait in the system's queue.
    pub connections: usize,
    /// The longest head of a request, in bytes.
    pub head_bytes: usize,
    /// How long a connection may be without a whole request head.
    pub head_timeout: Duration,
    /// How long a body that is being read may be silent.
    pub body_timeout: Duration,
    /// How long a client may take nothing of a response.
    pub write_timeout: Duration,
    /// How long requests under way may take to end after the shutdown.
    pub grace: Duration,
}

/// Part of a response that has no end of its own, such as a stream of events: its connection may
/// make room for another at any time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Endless;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Serves HTTP/1.1 with `answer` until `shutdown` resolves, then gives requests under way
/// [`Limits::grace`].
///
/// A request without exactly one `Host` is refused with 400 (RFC 9112, section 3.2).
pub(crate) async fn serve<Answer, Answered, B>(
    limits: Limits,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
    answer: Answer,
) where
    Answer: Fn(SocketAddr, Request<PacedBody>) -> Answered + Clone + Send + Sync + 'static,
    Answered: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Failure>,
{
    let mut shutdown = pin!(shutdown);
    let graceful = GracefulShutdown::new();
    let slots = Slots::new(limits.connections);
    // Dropped at the end, which ends what is still running.
    let mut connections = JoinSet::new();
    {
        // Kept from turn to turn: it may hold a client that waits for a place.
        let mut next = pin!(accept(&listener, &slots));
        loop {
            let (stream, peer, slot, notice) = tokio::select! {
                accepted = &mut next => accepted,
                Some(_) = connections.join_next() => continue,
                () = &mut shutdown => break,
            };
            next.set(accept(&listener, &slots));
            let connection = connection(limits, stream, peer, slot.clone(), answer.clone());
            let connection = graceful.watch(connection);
            connections.spawn(async move {
                tokio::select! {
                    // The client went away, was too slow or spoke no HTTP; there is nobody to tell.
                    _ = connection => {}
                    () = notice.given() => {}
                }
                drop(slot);
            });
        }
    }
    drop(listener);
    // Too slow, or idle: dropped with the set.
    let _ = tokio::time::timeout(limits.grace, graceful.shutdown()).await;
}

/// The next client, and a place for it.
async fn accept(
    listener: &TcpListener,
    slots: &Arc<Slots>,
) -> (TcpStream, SocketAddr, Arc<Slot>, Notice) {
    let (stream, peer) = loop {
        match listener.accept().await {
            Ok(accepted) => break accepted,
            // Out of file descriptors, most likely: they come back.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    };
    let (slot, notice) = slots.enter().await;
    (stream, peer, slot, notice)
}

fn connection<Answer, Answered, B>(
    limits: Limits,
    stream: TcpStream,
    peer: SocketAddr,
    slot: Arc<Slot>,
    answer: Answer,
) -> impl hyper_util::server::graceful::GracefulConnection<Error: Send> + Send + 'static
where
    Answer: Fn(SocketAddr, Request<PacedBody>) -> Answered + Clone + Send + Sync + 'static,
    Answered: Future<Output = Response<B>> + Send + 'static,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Failure>,
{
    // Small answers should not wait for the next packet; without it they are only slower.
    let _ = stream.set_nodelay(true);
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let turn = slot.begin();
        let fit = has_one_host(&request);
        let asked = fit.then(|| {
            answer(
                peer,
                request.map(|body| PacedBody::new(body, limits.body_timeout)),
            )
        });
        async move {
            let Some(asked) = asked else {
                return Ok::<_, Infallible>(host_missing().map(Either::Right));
            };
            let response = asked.await;
            let turn = response
                .extensions()
                .get::<Endless>()
                .is_none()
                .then_some(turn);
            Ok(response.map(|body| Either::Left(BusyBody::new(body, turn))))
        }
    });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head_bytes)
        .serve_connection(
            TokioIo::new(Stall::new(stream, limits.write_timeout)),
            service,
        )
}

fn has_one_host<B>(request: &Request<B>) -> bool {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    hosts == 1 || (hosts == 0 && request.version() < Version::HTTP_11)
}

fn host_missing() -> Response<Full<Bytes>> {
    let text = "400 Bad Request: a request has one Host header\n";
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    let headers = response.headers_mut();
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, plain);
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A response's body, which keeps its connection busy until it is sent.
struct BusyBody<B> {
    body: Pin<Box<B>>,
    _turn: Option<Turn>,
}

impl<B> BusyBody<B> {
    fn new(body: B, turn: Option<Turn>) -> BusyBody<B> {
        BusyBody {
            body: Box::pin(body),
            _turn: turn,
        }
    }
}

impl<B: Body<Data = Bytes, Error: Into<Failure>>> Body for BusyBody<B> {
    type Data = Bytes;
    type Error = Failure;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Failure>>> {
        let frame = self.body.as_mut().poll_frame(context);
        frame.map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
