//! A router on a port.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower_service::Service;

use crate::net::{self, Limits, PacedBody};

/// The longest head of a request, in bytes.
const HEAD_BYTES: usize = 64 * 1024;

/// The most that are connected at once, and of how many descriptors this takes one.
const CONNECTIONS: usize = 1024;
const DESCRIPTORS: usize = 8;

/// Serves `router` over HTTP/1.1 until `shutdown` resolves; then streams of events end at once,
/// and requests under way are given two seconds.
///
/// Clients that send or read too slowly are cut off. At most 1,024 are connected at once, fewer
/// where the system lets the process open few files; a new one takes the place of the one that
/// has been without a request for longest.
///
/// # Errors
/// None at present: a connection that fails ends alone, and a failure to accept is waited out.
pub async fn serve(
    router: Router,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let limits = Limits {
        connections: net::share(DESCRIPTORS, CONNECTIONS),
        head_bytes: HEAD_BYTES,
        head_timeout: Duration::from_secs(30),
        body_timeout: Duration::from_secs(30),
        write_timeout: Duration::from_secs(60),
        grace: Duration::from_secs(2),
    };
    serve_within(limits, router, listener, shutdown).await
}

/// Part of every request: tells responses without end that the server is about to stop.
#[derive(Clone)]
pub(super) struct ShutdownSignal(watch::Receiver<()>);

impl ShutdownSignal {
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
    let (open, closing) = watch::channel(());
    let shutdown = async move {
        pin!(shutdown).await;
        drop(open);
    };
    net::serve(limits, listener, shutdown, move |_, request| {
        let (mut router, closing) = (router.clone(), ShutdownSignal(closing.clone()));
        async move {
            let mut request = request.map(|body: PacedBody| Body::new(body));
            request.extensions_mut().insert(closing);
            let response: Result<Response, Infallible> = router.call(request).await;
            response.unwrap_or_else(|never| match never {})
        }
    })
    .await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::{get, post};
    use std::time::Instant;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use tokio::sync::oneshot;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
    const IMPATIENT: Limits = Limits {
        connections: 2,
        head_bytes: HEAD_BYTES,
        head_timeout: Duration::from_millis(200),
        body_timeout: Duration::from_millis(200),
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
                head_timeout: Duration::from_secs(30),
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

    #[tokio::test]
    async fn clients_that_say_nothing_make_room_at_once() {
        let patient = Limits {
            head_timeout: Duration::from_secs(30),
            ..IMPATIENT
        };
        let router = Router::new().route("/", get(|| async { "hello" }));
        let (address, _stop) = start(patient, router).await;
        let mut silent = Vec::new();
        for _ in 0..20 {
            silent.push(TcpStream::connect(address).await.unwrap());
        }
        let begin = Instant::now();
        let mut reader = TcpStream::connect(address).await.unwrap();
        reader.write_all(REQUEST).await.unwrap();
        let mut answer = [0; 12];
        reader.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        assert!(begin.elapsed() < Duration::from_secs(2));
        read_to_end(&mut silent[0]).await;
    }

    #[tokio::test]
    async fn a_body_that_falls_silent_or_trickles_is_given_up() {
        let router = Router::new().route("/", post(|body: bytes::Bytes| async move { body }));
        let (address, _stop) = start(IMPATIENT, router).await;
        let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2000\r\n\r\n";
        let mut silent = TcpStream::connect(address).await.unwrap();
        silent.write_all(head).await.unwrap();
        assert!(!read_to_end(&mut silent).await.starts_with(b"HTTP/1.1 200"));

        let mut trickle = TcpStream::connect(address).await.unwrap();
        trickle.write_all(head).await.unwrap();
        let begin = Instant::now();
        while trickle.write_all(b"x").await.is_ok() {
            assert!(begin.elapsed() < Duration::from_secs(5), "still taken");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }

        let router = Router::new().route("/", post(|body: bytes::Bytes| async move { body }));
        let patient = Limits {
            body_timeout: Duration::from_secs(2),
            ..IMPATIENT
        };
        let (address, _stop) = start(patient, router).await;
        let mut steady = TcpStream::connect(address).await.unwrap();
        let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 8000\r\n\r\n";
        steady.write_all(head).await.unwrap();
        for _ in 0..4 {
            tokio::time::sleep(Duration::from_millis(700)).await;
            steady.write_all(&[b'x'; 2000]).await.unwrap();
        }
        assert!(read_to_end(&mut steady).await.starts_with(b"HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn who_is_still_sending_hears_the_answer() {
        let router = Router::new().route("/", get(|| async { "hello" }));
        let (address, _stop) = start(IMPATIENT, router).await;
        let mut sender = TcpStream::connect(address).await.unwrap();
        let head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4000000\r\n\r\n";
        sender.write_all(head).await.unwrap();
        for _ in 0..40 {
            sender.write_all(&[b'x'; 100_000]).await.unwrap();
        }
        let answer = read_to_end(&mut sender).await;
        assert!(
            answer.starts_with(b"HTTP/1.1 405"),
            "{} bytes",
            answer.len()
        );
    }

    #[tokio::test]
    async fn a_request_has_one_host() {
        let router = Router::new().route("/", get(|| async { "hello" }));
        let (address, _stop) = start(IMPATIENT, router).await;
        for (head, status) in [
            ("GET / HTTP/1.1\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n", "400"),
            ("GET / HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nhost: a\r\n\r\n", "200"),
            ("GET / HTTP/1.0\r\n\r\n", "200"),
        ] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(head.as_bytes()).await.unwrap();
            let answer = read_to_end(&mut stream).await;
            let answer = String::from_utf8_lossy(&answer).into_owned();
            assert_eq!(answer.get(9..12), Some(status), "{head:?}: {answer}");
        }
    }
}
