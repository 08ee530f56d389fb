//! A request's body that is given up when it falls silent.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Sleep;

/// As much must come within one timeout; less counts as silence. A byte now and then does not
/// keep a connection.
const BYTES: usize = 1024;

/// The body of a request; fails when it is waited for and nothing comes for the timeout.
pub(crate) struct PacedBody {
    body: Incoming,
    timeout: Duration,
    progress: Arc<Progress>,
    /// Runs from the first wait until enough has come.
    deadline: Option<Pin<Box<Sleep>>>,
    /// What has come since the deadline was set.
    bytes: usize,
}

/// What has become of a body.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    wanted: AtomicBool,
    silent: AtomicBool,
}

/// The client stopped in the middle of a body.
#[derive(Debug, thiserror::Error)]
#[error("the body stopped arriving")]
struct Silence;

impl Progress {
    /// Whether anybody has waited for any of it, or got some; what is empty is never wanted.
    pub fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Whether it was given up.
    pub fn is_silent(&self) -> bool {
        self.silent.load(Ordering::Relaxed)
    }
}

impl PacedBody {
    pub fn new(body: Incoming, timeout: Duration) -> PacedBody {
        PacedBody {
            body,
            timeout,
            progress: Arc::default(),
            deadline: None,
            bytes: 0,
        }
    }

    pub fn progress(&self) -> Arc<Progress> {
        self.progress.clone()
    }
}

impl Body for PacedBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if !matches!(polled, Poll::Ready(None)) {
            self.progress.wanted.store(true, Ordering::Relaxed);
        }
        if let Poll::Ready(frame) = polled {
            let data = frame
                .as_ref()
                .and_then(|frame| frame.as_ref().ok()?.data_ref());
            self.bytes += data.map_or(0, Bytes::len);
            if self.bytes >= BYTES {
                self.deadline = None;
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let timeout = self.timeout;
        if self.deadline.is_none() {
            self.bytes = 0;
        }
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        ready!(deadline.as_mut().poll(context));
        self.progress.silent.store(true, Ordering::Relaxed);
        Poll::Ready(Some(Err(Silence.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
