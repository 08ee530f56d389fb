//! A connection that is given up when the other side takes nothing for too long.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// How long what still comes is read after the last answer, at most, and while nothing comes. A
/// connection that is closed with bytes unread takes the answer from a client that is still sending.
const LINGER: Duration = Duration::from_secs(2);
const QUIET: Duration = Duration::from_millis(250);

/// Fails with [`io::ErrorKind::TimedOut`] when a write has made no progress for the timeout.
/// Reading is left alone: hyper has a timeout for the heads of requests, and [`super::pace`] one for
/// their bodies.
pub(super) struct Stall<T> {
    stream: T,
    timeout: Duration,
    /// Runs while a write waits.
    deadline: Option<Pin<Box<Sleep>>>,
    /// Runs once the last answer is sent.
    closing: Option<DrainLimits>,
}

/// When to stop to read what still comes: in any case, and while nothing comes.
struct DrainLimits {
    linger: Pin<Box<Sleep>>,
    quiet: Pin<Box<Sleep>>,
}

impl<T: Unpin> Stall<T> {
    pub fn new(stream: T, timeout: Duration) -> Stall<T> {
        Stall {
            stream,
            timeout,
            deadline: None,
            closing: None,
        }
    }

    fn within<R>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if let Poll::Ready(result) = write(Pin::new(&mut self.stream), context) {
            self.deadline = None;
            return Poll::Ready(result);
        }
        let timeout = self.timeout;
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Stall<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stall<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.within(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.within(context, |stream, context| {
            stream.poll_write_vectored(context, slices)
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.within(context, |stream, context| stream.poll_flush(context))
    }

    /// Says that no more is written, then reads what still comes for a moment.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.closing.is_none() {
            ready!(self.within(context, |stream, context| stream.poll_shutdown(context)))?;
            self.closing = Some(DrainLimits {
                linger: Box::pin(tokio::time::sleep(LINGER)),
                quiet: Box::pin(tokio::time::sleep(QUIET)),
            });
        }
        let Stall {
            stream,
            closing: Some(closing),
            ..
        } = &mut *self
        else {
            return Poll::Ready(Ok(()));
        };
        let mut scrap = [0; 8192];
        while closing.linger.as_mut().poll(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut scrap);
            match Pin::new(&mut *stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {
                    let later = tokio::time::Instant::now() + QUIET;
                    closing.quiet.as_mut().reset(later);
                }
                Poll::Ready(_) => break,
                Poll::Pending => {
                    ready!(closing.quiet.as_mut().poll(context));
                    break;
                }
            }
        }
        Poll::Ready(Ok(()))
    }
}
