//! Bodies: bytes at hand, and such as stream from a file.

use std::io;
use std::ops::Range;

use axum::body::Body;
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use http::header::{self, HeaderMap};

use super::look_up;
use crate::s3::{Contents, Object};

impl look_up::Body {
    /// The length of what can be sent in part; none of a text.
    pub fn size_bytes(&self) -> Option<u64> {
        match self {
            Self::Object(object) => Some(object.meta.size),
            Self::Bytes(bytes) => Some(bytes.len() as u64),
            Self::Text(_) => None,
        }
    }

    /// What tells its bytes from others: the ETag of the object, else that of its headers.
    pub fn etag(&self, headers: &HeaderMap) -> String {
        if let Self::Object(object) = self {
            return object.meta.etag.clone();
        }
        let etag = headers.get(header::ETAG);
        let etag = etag.and_then(|etag| etag.to_str().ok());
        etag.unwrap_or_default().trim_matches('"').to_owned()
    }

    /// All of it. Blocks; for bodies whose size was looked at.
    pub fn read_all(self) -> io::Result<Bytes> {
        match self {
            Self::Object(object) => read_all(object),
            Self::Bytes(bytes) => Ok(bytes),
            Self::Text(text) => Ok(text.into_owned().into()),
        }
    }

    /// A range of its bytes.
    ///
    /// # Errors
    /// The object cannot be read.
    pub async fn span(self, span: Range<u64>) -> io::Result<Body> {
        match self {
            Self::Object(object) => stream(object.contents, span).await,
            other => {
                let bytes = other.read_all()?;
                let at = |offset: u64| {
                    usize::try_from(offset).map_or(bytes.len(), |at| at.min(bytes.len()))
                };
                Ok(Body::from(bytes.slice(at(span.start)..at(span.end))))
            }
        }
    }
}

/// A range of an object's bytes. The first piece is read at once, so that an object that is
/// damaged there becomes an error; if a later one is, the connection is cut, so that the client
/// does not take a part for the whole.
///
/// # Errors
/// The object cannot be read.
async fn stream(contents: Contents, span: Range<u64>) -> io::Result<Body> {
    let (contents, first) = piece(contents, span.clone()).await?;
    let start = span.start + first.len() as u64;
    if start >= span.end {
        return Ok(Body::from(first));
    }
    let rest = stream::try_unfold((contents, start), move |(contents, start)| async move {
        if start >= span.end {
            return Ok::<_, io::Error>(None);
        }
        let (contents, piece) = piece(contents, start..span.end).await?;
        let start = start + piece.len() as u64;
        Ok(Some((piece, (contents, start))))
    });
    Ok(Body::from_stream(
        stream::once(async { Ok(first) }).chain(rest),
    ))
}

/// The whole of an object. For objects whose size was looked at.
pub(super) fn read_all(mut object: Object) -> io::Result<Bytes> {
    object.contents.read_all()
}

/// Runs `work` where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

async fn piece(mut contents: Contents, span: Range<u64>) -> io::Result<(Contents, Bytes)> {
    blocking(move || {
        let piece = contents.piece(span.start, span.end)?;
        if piece.is_empty() && !span.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok((contents, piece))
    })
    .await
}
