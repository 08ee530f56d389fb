//! Server-side copies: whole objects and ranges of them, never through memory as a whole.

use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use s3s::S3Result;
use s3s::crypto::{Checksum as _, Md5};

use super::bucket::{Bucket, Bytes, Version, copy_bytes};
use super::checksum::{Algorithm, ChecksumKind, Hasher, ObjectChecksum};
use super::conditions::{ReadCondition, WriteCondition};
use super::disk::Temp;
use super::error::{At, StoreError};
use super::events::{Caller, Happening};
use super::ingest::Ingested;
use super::limits::PUT_BYTES;
use super::multipart::hash_file;
use super::object::{ObjectMeta, now};

/// Where a copy comes from.
pub(super) struct Source {
    pub bucket: Arc<Bucket>,
    pub key: String,
    pub condition: ReadCondition,
}

/// Where a copy goes.
pub(super) struct Target {
    pub bucket: Arc<Bucket>,
    pub key: String,
    pub condition: WriteCondition,
    /// New headers and metadata; the source's where there are none.
    pub headers: Option<ObjectMeta>,
    /// The checksum to keep; the source's where none is asked for.
    pub algorithm: Option<Algorithm>,
}

/// `CopyObject`. Bytes in a blob get a second name; others are few.
pub(super) fn copy_object(
    source: &Source,
    target: &Target,
    caller: &Caller,
) -> S3Result<ObjectMeta> {
    let opened = source.bucket.open_to_copy(&source.key)?;
    let from = &opened.object.meta;
    source.condition.check(from).for_copy()?;
    if from.size > PUT_BYTES {
        let message = "the copy source is larger than the maximum of a copy, 5368709120 bytes";
        return Err(StoreError::InvalidRequest(message.into()).into());
    }
    let bytes = match opened.link {
        Some(link) => Bytes::Shared(link),
        None => Bytes::Own(copy_bytes(
            &target.bucket.shared.disk,
            &opened.object.file,
            from.size,
        )?),
    };
    let mut meta = target.headers.clone().unwrap_or_else(|| from.clone());
    meta.size = from.size;
    meta.last_modified = now();
    meta.part_sizes = Vec::new();
    (meta.etag, meta.checksum) = hashes(from, target.algorithm, &bytes)?;
    let version = Version {
        meta: meta.clone(),
        bytes,
        upload: None,
    };
    target.bucket.commit(
        &target.key,
        &target.condition,
        version,
        Happening::Copy,
        caller,
    )?;
    Ok(meta)
}

/// `UploadPartCopy`: the bytes `first .. first + size` of the source, as a part would come in.
/// `range` names them once the size of the source is known.
pub(super) fn copy_range(
    source: &Source,
    algorithm: Algorithm,
    range: impl FnOnce(u64) -> S3Result<std::ops::Range<u64>>,
) -> S3Result<Ingested> {
    let opened = source.bucket.open_to_copy(&source.key)?;
    let from = opened.object;
    source.condition.check(&from.meta).for_copy()?;
    let range = range(from.meta.size)?;
    let size = range.end - range.start;
    if size > PUT_BYTES {
        return Err(StoreError::EntityTooLarge.into());
    }
    let mut temp = source.bucket.shared.disk.temp()?;
    let mut file = from.file;
    file.seek(SeekFrom::Start(from.offset + range.start))
        .at(temp.path())?;
    let copied = std::io::copy(&mut file.take(size), &mut temp.file).at(temp.path())?;
    if copied != size {
        return Err(StoreError::Damaged(temp.path().to_owned()).into());
    }
    let (md5, value) = hash(&temp, algorithm)?;
    let checksum = ObjectChecksum {
        algorithm,
        value,
        kind: ChecksumKind::FullObject,
    };
    Ok(Ingested {
        temp,
        size,
        md5,
        checksum,
    })
}

/// ETag and checksum of a copy. Those of the source hold, unless they are made of its parts:
/// a copy has none.
fn hashes(
    from: &ObjectMeta,
    wanted: Option<Algorithm>,
    bytes: &Bytes,
) -> Result<(String, Option<ObjectChecksum>), StoreError> {
    let wanted = wanted
        .or(from.checksum.as_ref().map(|checksum| checksum.algorithm))
        .unwrap_or(Algorithm::Crc64Nvme);
    let kept = from.checksum.as_ref().filter(|checksum| {
        checksum.algorithm == wanted && checksum.kind == ChecksumKind::FullObject
    });
    if let (true, Some(kept)) = (from.part_sizes.is_empty(), kept) {
        return Ok((from.etag.clone(), Some(kept.clone())));
    }
    let (Bytes::Own(temp) | Bytes::Shared(temp)) = bytes;
    let (md5, value) = hash(temp, wanted)?;
    Ok((
        hex::encode(md5),
        Some(ObjectChecksum {
            algorithm: wanted,
            value,
            kind: ChecksumKind::FullObject,
        }),
    ))
}

fn hash(temp: &Temp, algorithm: Algorithm) -> Result<([u8; 16], String), StoreError> {
    let hashers = (Md5::new(), Hasher::new(algorithm));
    let (md5, checksum) = hash_file(&temp.file, hashers, |(md5, checksum), bytes| {
        md5.update(bytes);
        checksum.update(bytes);
    })
    .at(temp.path())?;
    Ok((md5.finalize(), checksum.finish()))
}
