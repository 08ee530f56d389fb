//! Server-side copies: whole objects and ranges of them, never through memory as a whole.

use std::io::Write;
use std::sync::Arc;

use s3s::S3Result;
use s3s::crypto::{Checksum as _, Md5};

use super::blocks::BlockHasher;
use super::bucket::{Bucket, Bytes, Version, copy_bytes};
use super::checksum::{Algorithm, ChecksumKind, Hasher, ObjectChecksum};
use super::conditions::{ReadCondition, WriteCondition};
use super::error::{At, StoreError};
use super::events::{Caller, EventKind};
use super::ingest::VerifiedBody;
use super::limits::PUT_BYTES;
use super::object::{Object, ObjectMeta, now};

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
    let mut opened = source.bucket.open_to_copy(&source.key)?;
    let from = opened.object.meta.clone();
    source.condition.check(&from).for_copy()?;
    if from.size > PUT_BYTES {
        let message = "the copy source is larger than the maximum of a copy, 5368709120 bytes";
        return Err(StoreError::InvalidRequest(message.into()).into());
    }
    let bytes = match opened.link {
        Some(link) => Bytes::Shared(link),
        None => Bytes::Own(copy_bytes(&target.bucket.shared.disk, &mut opened.object)?),
    };
    let mut meta = target.headers.clone().unwrap_or_else(|| from.clone());
    meta.size = from.size;
    meta.last_modified = now();
    (meta.part_sizes, meta.part_checksums) = (Vec::new(), Vec::new());
    (meta.etag, meta.checksum) = hashes(&mut opened.object, target.algorithm)?;
    let version = Version {
        meta: meta.clone(),
        bytes,
        blocks: opened.blocks,
        upload: None,
    };
    target.bucket.commit(
        &target.key,
        &target.condition,
        version,
        EventKind::Copy,
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
) -> S3Result<VerifiedBody> {
    let Object { meta, mut contents } = source.bucket.open_object(&source.key)?;
    source.condition.check(&meta).for_copy()?;
    let range = range(meta.size)?;
    let size = range.end - range.start;
    if size > PUT_BYTES {
        return Err(StoreError::EntityTooLarge.into());
    }
    let mut temp = source.bucket.shared.disk.temp()?;
    let (mut md5, mut hasher) = (Md5::new(), Hasher::new(algorithm));
    let mut blocks = BlockHasher::new(Some(size));
    let copied = contents.for_each(range, |piece| {
        md5.update(piece);
        hasher.update(piece);
        blocks.update(piece);
        temp.file.write_all(piece)
    });
    copied.at(contents.path())?;
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

/// ETag and checksum of a copy. Those of the source hold, unless they are made of its parts:
/// a copy has none.
fn hashes(
    source: &mut Object,
    wanted: Option<Algorithm>,
) -> Result<(String, Option<ObjectChecksum>), StoreError> {
    let from = &source.meta;
    let wanted = wanted
        .or(from.checksum.as_ref().map(|checksum| checksum.algorithm))
        .unwrap_or(Algorithm::Crc64Nvme);
    let kept = from.checksum.as_ref().filter(|checksum| {
        checksum.algorithm == wanted && checksum.kind == ChecksumKind::FullObject
    });
    if let (true, Some(kept)) = (from.part_sizes.is_empty(), kept) {
        return Ok((from.etag.clone(), Some(kept.clone())));
    }
    let (mut md5, mut hasher) = (Md5::new(), Hasher::new(wanted));
    let read = source.contents.for_each(0..from.size, |piece| {
        md5.update(piece);
        hasher.update(piece);
        Ok(())
    });
    read.at(source.contents.path())?;
    let checksum = ObjectChecksum {
        algorithm: wanted,
        value: hasher.finish(),
        kind: ChecksumKind::FullObject,
    };
    Ok((hex::encode(md5.finalize()), Some(checksum)))
}
