//! A router on a port: connections, and what a slow client may cost.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower_service::Service;

use super::stall::Stall;

/// The longest head of a request, in bytes.
const HEAD_BYTES: usize = 64 * 1024;

/// What clients may cost.
#[derive(Clone, Copy)]
struct Limits {
    /// How many may be connected at once; further ones wait in the system's queue.
    connections: usize,
    /// How long a connection may be without a whole request head.
    head_timeout: Duration,
    /// How long a client may take nothing of a response.
    write_timeout: Duration,
    /// How long requests under way may take to end after the shutdown.
    grace: Duration,
}

const LIMITS: Limits = Limits {
    connections: 1024,
    head_timeout: Duration::from_secs(30),
    write_timeout: Duration::from_secs(60),
    grace: Duration::from_secs(2),
};

/// Serves `router` over HTTP/1.1 until `shutdown` resolves; then streams of events end at once,
/// and requests under way are given two seconds.
///
/// Clients that send or read too slowly are cut off, and 1,024 are served at once.
///
/// # Errors
/// None at present: a connection that fails ends alone, and a failure to accept is waited out.
pub async fn serve(
    router: Router,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_within(LIMITS, router, listener, shutdown).await
}

/// Part of every request: tells responses without end that the server is about to stop.
#[derive(Clone)]
pub(super) struct Closing(watch::Receiver<()>);

impl Closing {
    /// Resolves when the server is about to stop.
    pub async fn wait(mut self) {
        // Nothing is ever sent; the error says that the sender is gone.
        while self.0.changed().await.is_ok() {}
    }
}

async fn serve_within(
    limits: Limits,
    router: Router,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut shutdown = pin!(shutdown);
    let (open, closing) = watch::channel(());
    let graceful = GracefulShutdown::new();
    let permits = Arc::new(Semaphore::new(limits.connections));
    // Dropped at the end, which ends what is still running.
    let mut connections = JoinSet::new();
    loop {
        let (stream, permit) = tokio::select! {
            accepted = accept(&listener, &permits) => accepted?,
            Some(_) = connections.join_next() => continue,
            () = &mut shutdown => break,
        };
        let connection = connection(limits, stream, router.clone(), Closing(closing.clone()));
        let connection = graceful.watch(connection);
        connections.spawn(async move {
            // The client went away, was too slow or spoke no HTTP; there is nobody to tell.
            let _ = connection.await;
            drop(permit);
        });
    }
    drop((listener, open));
    // Too slow, or idle: dropped with the set.
    let _ = tokio::time::timeout(limits.grace, graceful.shutdown()).await;
    Ok(())
}

/// The next client, once there is room for it.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = permits
        .clone()
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return Ok((stream, permit)),
            // Out of file descriptors, most likely: they come back.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn connection(
    limits: Limits,
    stream: TcpStream,
    router: Router,
    closing: Closing,
) -> impl hyper_util::server::graceful::GracefulConnection<Error: Send> + Send + 'static {
    // Small answers should not wait for the next packet; without it they are only slower.
    let _ = stream.set_nodelay(true);
    let service =
        hyper::service::service_fn(move |request: http::Request<hyper::body::Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(closing.clone());
            router.clone().call(request)
        });
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(
            TokioIo::new(Stall::new(stream, limits.write_timeout)),
            service,
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::time::Instant;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    const IMPATIENT: Limits = Limits {
        connections: 2,
        head_timeout: Duration::from_millis(200),
        write_timeout: Duration::from_millis(200),
        grace: Duration::from_millis(200),
    };

    /// A server with `limits` of `router`: its address, and what stops it.
    async fn start(limits: Limits, router: Router) -> (std::net::SocketAddr, oneshot::Sender<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(serve_within(limits, router, listener, async {
            drop(stopped.await)
        }));
        (address, stop)
    }

    /// Reads until the server closes the connection; fails after five seconds.
    async fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = stream.read_to_end(&mut bytes);
        // A reset is an end as well.
        let _ = tokio::time::timeout(Duration::from_secs(5), read)
            .await
            .expect("still open");
        bytes
    }

    #[tokio::test]
    async fn clients_that_send_nothing_are_cut_off() {
        let router = Router::new().route("/", get(|| async { "hello" }));
        let (address, _stop) = start(IMPATIENT, router).await;
        let mut silent = TcpStream::connect(address).await.unwrap();
        read_to_end(&mut silent).await;
        let mut half = TcpStream::connect(address).await.unwrap();
        half.write_all(&REQUEST[..10]).await.unwrap();
        read_to_end(&mut half).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(REQUEST).await.unwrap();
        assert!(read_to_end(&mut idle).await.ends_with(b"hello"));
    }

    #[tokio::test]
    async fn clients_that_read_nothing_make_room() {
        let large = bytes::Bytes::from(vec![0; 50_000_000]);
        let router = Router::new().route("/", get(move || async { large }));
        let (address, _stop) = start(IMPATIENT, router).await;
        let mut stalled = Vec::new();
        for _ in 0..IMPATIENT.connections {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(REQUEST).await.unwrap();
            stalled.push(stream);
        }
        let mut reader = TcpStream::connect(address).await.unwrap();
        reader.write_all(REQUEST).await.unwrap();
        assert!(read_to_end(&mut reader).await.len() > 50_000_000);
    }

    #[tokio::test]
    async fn the_end_is_not_waited_for_long() {
        let endless = || async {
            Body::from_stream(futures::stream::pending::<Result<bytes::Bytes, io::Error>>())
        };
        let router = Router::new().route("/", get(endless));
        let (address, stop) = start(
            Limits {
                head_timeout: LIMITS.head_timeout,
                ..IMPATIENT
            },
            router,
        )
        .await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        stream.read_u8().await.unwrap();
        let begin = Instant::now();
        stop.send(()).unwrap();
        read_to_end(&mut stream).await;
        assert!(begin.elapsed() < Duration::from_secs(2));
    }
}
