//! Bodies that stream from a file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use axum::body::Body;
use bytes::Bytes;

use crate::s3::Object;

/// How much of a file is in memory at once, for each response.
const CHUNK_BYTES: u64 = 256 * 1024;

/// The bytes `file[offset .. offset + length]`. If the file turns out to be shorter, the
/// connection is cut, so that the client does not take a part for the whole.
pub(super) fn stream(file: File, offset: u64, length: u64) -> Body {
    let chunks =
        futures::stream::try_unfold((file, offset, length), |(file, offset, left)| async move {
            if left == 0 {
                return Ok::<_, io::Error>(None);
            }
            let (file, chunk) = blocking(move || read(file, offset, left.min(CHUNK_BYTES))).await?;
            let read_bytes = chunk.len() as u64;
            Ok(Some((
                chunk,
                (file, offset + read_bytes, left - read_bytes),
            )))
        });
    Body::from_stream(chunks)
}

/// The whole of an object. For objects whose size was looked at.
pub(super) fn read_all(object: Object) -> io::Result<Bytes> {
    read(object.file, object.offset, object.meta.size).map(|(_, bytes)| bytes)
}

/// Runs `work` where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(io::Error::other)?
}

fn read(mut file: File, offset: u64, length: u64) -> io::Result<(File, Bytes)> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::with_capacity(length as usize);
    file.by_ref().take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok((file, bytes.into()))
}
