//! Bytes come in: to a temporary file, hashed on the way, compared with what was promised.

use std::io::Write;
use std::sync::Arc;

use futures::StreamExt;
use http::StatusCode;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3Result, TrailingHeaders, s3_error};
use tokio::sync::mpsc::{Receiver, channel};

use super::blocks::{BlockHasher, Blocks};
use super::bucket::Shared;
use super::checksum::{Algorithm, ChecksumKind, Hasher, ObjectChecksum, base64};
use super::disk::Temp;
use super::error::{At, StoreError, custom};
use super::limits::PUT_BYTES;
use super::store::blocking;

/// Pieces of a body on the way to the disk: what a slow disk holds in memory.
const PIECES: usize = 8;

/// What a request promised about its body.
#[derive(Default)]
pub(super) struct Promise {
    pub length: Option<u64>,
    /// `Content-MD5`, base64.
    pub md5: Option<String>,
    /// Which checksum to keep; CRC-64/NVME, as S3 does, where nothing is asked for.
    pub algorithm: Option<Algorithm>,
    /// Its value, base64, if it came in a header.
    pub checksum: Option<String>,
    /// Where its value will be, if it comes in a trailer.
    pub trailers: Option<TrailingHeaders>,
    /// Whether a trailer was announced.
    pub in_trailer: bool,
}

/// A body that came in whole and is what was promised. Not yet durable.
pub(super) struct VerifiedBody {
    pub temp: Temp,
    pub size: u64,
    pub md5: [u8; 16],
    pub checksum: ObjectChecksum,
    pub blocks: Blocks,
}

/// Takes a body in.
pub(super) async fn ingest(
    shared: &Arc<Shared>,
    body: Option<StreamingBlob>,
    promise: Promise,
) -> S3Result<VerifiedBody> {
    if promise.length.is_some_and(|length| length > PUT_BYTES) {
        return Err(StoreError::EntityTooLarge.into());
    }
    let algorithm = promise.algorithm.unwrap_or(Algorithm::Crc64Nvme);
    let (sender, receiver) = channel(PIECES);
    let shared = shared.clone();
    let writer = tokio::spawn(blocking(move || write(&shared, receiver, algorithm)));
    let mut size = 0;
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            let piece = piece.map_err(body_error)?;
            size += piece.len() as u64;
            if size > PUT_BYTES {
                return Err(StoreError::EntityTooLarge.into());
            }
            if sender.send(piece).await.is_err() {
                break; // the writer failed; it says why below
            }
        }
    }
    drop(sender);
    let ingested = writer.await.map_err(S3Error::internal_error)??;
    verify(&ingested, &promise)?;
    Ok(ingested)
}

/// Writes what comes to a temporary file. Blocks.
pub(super) fn write(
    shared: &Shared,
    mut pieces: Receiver<bytes::Bytes>,
    algorithm: Algorithm,
) -> Result<VerifiedBody, StoreError> {
    let mut temp = shared.disk.temp()?;
    let (mut md5, mut hasher, mut size) = (Md5::new(), Hasher::new(algorithm), 0);
    let mut blocks = BlockHasher::new(None);
    while let Some(piece) = pieces.blocking_recv() {
        md5.update(&piece);
        hasher.update(&piece);
        blocks.update(&piece);
        size += piece.len() as u64;
        temp.file.write_all(&piece).at(temp.path())?;
    }
    let checksum = ObjectChecksum {
        algorithm,
        value: hasher.finish(),
        kind: ChecksumKind::FullObject,
    };
    Ok(VerifiedBody {
        temp,
        size,
        md5: md5.finalize(),
        checksum,
        blocks: blocks.finish(),
    })
}

fn verify(ingested: &VerifiedBody, promise: &Promise) -> S3Result<()> {
    if promise.length.is_some_and(|length| length != ingested.size) {
        return Err(s3_error!(
            IncompleteBody,
            "the body has {} bytes, not as many as announced",
            ingested.size
        ));
    }
    if let Some(md5) = &promise.md5 {
        let well_formed = base64_simd::STANDARD
            .decode_to_vec(md5)
            .is_ok_and(|bytes| bytes.len() == 16);
        if !well_formed {
            return Err(s3_error!(
                InvalidDigest,
                "the Content-MD5 you specified is not valid"
            ));
        }
        if *md5 != base64(ingested.md5) {
            return Err(StoreError::BadDigest(
                "the Content-MD5 you specified did not match what we received".into(),
            )
            .into());
        }
    }
    let algorithm = ingested.checksum.algorithm;
    let promised = match &promise.checksum {
        Some(value) => Some(value.clone()),
        None if promise.in_trailer => {
            let value = promise.trailers.as_ref().and_then(|trailers| {
                trailers.read(|trailers| {
                    Some(trailers.get(algorithm.header())?.to_str().ok()?.to_owned())
                })
            });
            let Some(Some(value)) = value else {
                let message = format!(
                    "the trailer {} was announced and did not come",
                    algorithm.header()
                );
                return Err(custom(
                    "MalformedTrailerError",
                    StatusCode::BAD_REQUEST,
                    message,
                ));
            };
            Some(value)
        }
        None => None,
    };
    let Some(promised) = promised else {
        return Ok(());
    };
    if base64_simd::STANDARD.decode_to_vec(&promised).is_err() {
        return Err(s3_error!(
            InvalidRequest,
            "the value of {} is not valid",
            algorithm.header()
        ));
    }
    if promised != ingested.checksum.value {
        let message = format!(
            "the {} you specified did not match the calculated checksum",
            algorithm.name()
        );
        return Err(StoreError::BadDigest(message).into());
    }
    Ok(())
}

/// The error for a body that broke off or is not what its signature says. The protocol layer
/// keeps these types to itself; their texts name them.
fn body_error(error: s3s::StdError) -> S3Error {
    let text = error.to_string();
    if text.contains("SignatureMismatch") {
        return s3_error!(
            SignatureDoesNotMatch,
            "a chunk of the body has another signature"
        );
    }
    if text.contains("Sha256Mismatch") {
        let message = "the body is not what x-amz-content-sha256 says".to_owned();
        return custom(
            "XAmzContentSHA256Mismatch",
            StatusCode::BAD_REQUEST,
            message,
        );
    }
    let mut broken = s3_error!(IncompleteBody, "the body ended early or is malformed");
    broken.set_source(error);
    broken
}
