//! What a function answers.

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use super::Failure;
use super::limits::MAX_REPLY_BYTES;

/// What a function answers.
#[derive(Debug)]
pub enum Reply {
    /// All of it at once.
    Whole(Bytes),
    /// A stream.
    Streamed {
        /// The `Content-Type` that the function gives it.
        content_type: Option<String>,
        /// Its bytes.
        body: Body,
    },
}

/// Why a stream ends before its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CutShort {
    /// The function said so, or was killed.
    #[error("{0}")]
    Failed(Failure),
    /// It is longer than any stream may be.
    #[error("the answer has more than {} bytes", super::MAX_STREAM_BYTES)]
    TooLong,
    /// The function ended in the middle of it.
    #[error("the function ended in the middle of its answer")]
    Ended,
}

/// The bytes of a streamed answer, as they come.
#[derive(Debug)]
pub struct Body {
    parts: mpsc::Receiver<Part>,
    is_over: bool,
}

/// A part of a stream. The end of it is sent too: a stream without one was cut.
pub(super) enum Part {
    Bytes(Bytes),
    End,
    Cut(CutShort),
}

/// Parts that wait for whoever reads the stream; then the function waits.
const WAITING_PARTS: usize = 4;

impl Body {
    /// Returns a stream, and where its parts are sent to.
    pub(super) fn new() -> (mpsc::Sender<Part>, Self) {
        let (sender, parts) = mpsc::channel(WAITING_PARTS);
        let body = Self {
            parts,
            is_over: false,
        };
        (sender, body)
    }

    /// Returns the next bytes; none at the end.
    ///
    /// # Errors
    /// The answer was cut short. Nothing comes after that.
    pub async fn next(&mut self) -> Result<Option<Bytes>, CutShort> {
        if self.is_over {
            return Ok(None);
        }
        match self.parts.recv().await {
            Some(Part::Bytes(bytes)) => Ok(Some(bytes)),
            part => {
                self.is_over = true;
                match part {
                    Some(Part::Cut(why)) => Err(why),
                    Some(Part::End) => Ok(None),
                    Some(Part::Bytes(_)) | None => Err(CutShort::Ended),
                }
            }
        }
    }

    /// Returns all of it.
    ///
    /// # Errors
    /// The answer was cut short.
    pub async fn collect(mut self) -> Result<Bytes, CutShort> {
        let mut all = BytesMut::new();
        while let Some(bytes) = self.next().await? {
            all.extend_from_slice(&bytes);
        }
        Ok(all.freeze())
    }
}

impl Reply {
    /// Returns all of it, as an invocation that is not streamed does: a longer one than [`MAX_REPLY_BYTES`] is
    /// refused, in whichever way the function sends it.
    ///
    /// # Errors
    /// It is too long, or cut short.
    pub async fn buffered(self) -> Result<Bytes, Failure> {
        let mut body = match self {
            Self::Whole(bytes) => return Ok(bytes),
            Self::Streamed { body, .. } => body,
        };
        let mut all = BytesMut::new();
        loop {
            let next = body.next().await;
            let next = next.map_err(|why| match why {
                CutShort::Failed(failure) => failure,
                CutShort::TooLong => too_large(),
                CutShort::Ended => Failure::new("Runtime.TruncatedResponse", why.to_string()),
            })?;
            let Some(bytes) = next else {
                return Ok(all.freeze());
            };
            if all.len() + bytes.len() > MAX_REPLY_BYTES {
                return Err(too_large());
            }
            all.extend_from_slice(&bytes);
        }
    }
}

/// What Lambda tells of an answer that is too long.
pub(super) fn too_large() -> Failure {
    let text = format!(
        "Response payload size exceeded maximum allowed payload size ({MAX_REPLY_BYTES} bytes)."
    );
    Failure::new("Function.ResponseSizeTooLarge", text)
}
