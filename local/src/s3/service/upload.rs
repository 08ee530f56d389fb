//! The operations of multipart uploads.

use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

use super::headers::{checksum_value, object_headers, parse_algorithm, refuse, show_checksum};
use super::write::{checksum_type, run, source};
use super::{caller, owner, timestamp};
use crate::s3::bucket::Bucket;
use crate::s3::checksum::{Algorithm, ChecksumKind};
use crate::s3::conditions::{ReadCondition, WriteCondition};
use crate::s3::copy;
use crate::s3::ingest::{Promise, ingest};
use crate::s3::limits::{PAGE, PARTS};
use crate::s3::multipart::{About, PartReference, Upload, Whole};
use crate::s3::object::now;
use crate::s3::store::{Store, blocking};

pub(super) async fn create_multipart_upload(
    store: &Store,
    req: S3Request<CreateMultipartUploadInput>,
) -> S3Result<CreateMultipartUploadOutput> {
    let meta = object_headers!(&req)?;
    let input = req.input;
    let algorithm = parse_algorithm(
        input
            .checksum_algorithm
            .as_ref()
            .map(ChecksumAlgorithm::as_str),
    )?;
    let checksum = match algorithm {
        Some(algorithm) => Some((
            algorithm,
            checksum_kind(algorithm, input.checksum_type.as_ref())?,
        )),
        None => None,
    };
    let about = About {
        key: input.key.clone(),
        initiated: now(),
        checksum,
        meta,
    };
    let upload = store
        .in_bucket(&input.bucket, move |bucket| bucket.begin_upload(about))
        .await?;
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(upload.id.clone()),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: checksum.map(|(_, kind)| checksum_type(kind)),
        ..Default::default()
    })
}

pub(super) async fn upload_part(
    store: &Store,
    req: S3Request<UploadPartInput>,
) -> S3Result<UploadPartOutput> {
    let input = req.input;
    let number = part_number(input.part_number)?;
    refuse(&[(
        "server-side encryption with customer keys",
        input.sse_customer_algorithm.is_some(),
    )])?;
    let bucket = store.bucket(&input.bucket)?;
    let upload = bucket.upload(&input.key, &input.upload_id)?;
    let given = checksum_value!(input)?;
    let named = parse_algorithm(
        input
            .checksum_algorithm
            .as_ref()
            .map(ChecksumAlgorithm::as_str),
    )?;
    let algorithm = given.as_ref().map(|(algorithm, _)| *algorithm).or(named);
    let promise = Promise {
        length: input
            .content_length
            .and_then(|length| u64::try_from(length).ok()),
        md5: input.content_md5,
        algorithm: Some(part_algorithm(&upload, algorithm)?),
        checksum: given.map(|(_, value)| value),
        in_trailer: req.headers.contains_key("x-amz-trailer"),
        trailers: req.trailing_headers,
    };
    let ingested = ingest(store.shared(), input.body, promise).await?;
    let part = blocking(move || bucket.put_part(&upload, number, ingested)).await?;
    let mut output = UploadPartOutput {
        e_tag: Some(ETag::Strong(part.etag)),
        ..Default::default()
    };
    show_checksum!(output, Some(&part.checksum));
    Ok(output)
}

pub(super) async fn upload_part_copy(
    store: &Store,
    req: S3Request<UploadPartCopyInput>,
) -> S3Result<UploadPartCopyOutput> {
    let input = req.input;
    let number = part_number(input.part_number)?;
    refuse(&[(
        "server-side encryption with customer keys",
        input.sse_customer_algorithm.is_some()
            || input.copy_source_sse_customer_algorithm.is_some(),
    )])?;
    let condition = ReadCondition {
        if_match: input.copy_source_if_match,
        if_none_match: input.copy_source_if_none_match,
        if_modified_since: input.copy_source_if_modified_since,
        if_unmodified_since: input.copy_source_if_unmodified_since,
    };
    let source = source(store, &input.copy_source, condition)?;
    let bucket = store.bucket(&input.bucket)?;
    let upload = bucket.upload(&input.key, &input.upload_id)?;
    let algorithm = part_algorithm(&upload, None)?;
    let range = input.copy_source_range;
    let part = run(move || {
        let ingested = copy::copy_range(&source, algorithm, |size| {
            copied_range(range.as_deref(), size)
        })?;
        Ok(bucket.put_part(&upload, number, ingested)?)
    })
    .await?;
    let mut result = CopyPartResult {
        e_tag: Some(ETag::Strong(part.etag)),
        last_modified: Some(timestamp(part.last_modified)),
        ..Default::default()
    };
    show_checksum!(result, Some(&part.checksum));
    Ok(UploadPartCopyOutput {
        copy_part_result: Some(result),
        ..Default::default()
    })
}

pub(super) async fn complete_multipart_upload(
    store: &Store,
    req: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<CompleteMultipartUploadOutput> {
    let caller = caller(&req)?;
    let input = req.input;
    let condition = WriteCondition::new(input.if_match.clone(), input.if_none_match.clone())?;
    let whole = Whole {
        size: input
            .mpu_object_size
            .and_then(|size| u64::try_from(size).ok()),
        checksum: checksum_value!(input)?.map(|(_, value)| value),
    };
    let parts = input
        .multipart_upload
        .and_then(|upload| upload.parts)
        .unwrap_or_default();
    if parts.is_empty() || parts.len() > usize::from(PARTS) {
        return Err(s3_error!(
            MalformedXML,
            "a completion names 1 to {PARTS} parts"
        ));
    }
    let named = parts
        .into_iter()
        .map(named)
        .collect::<S3Result<Vec<PartReference>>>()?;
    let (key, id) = (input.key.clone(), input.upload_id);
    let meta = store
        .in_bucket(&input.bucket, move |bucket| {
            bucket.complete_upload(&key, &id, &named, &whole, &condition, &caller)
        })
        .await?;
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(meta.etag)),
        ..Default::default()
    };
    show_checksum!(output, &meta.checksum);
    output.checksum_type = meta
        .checksum
        .as_ref()
        .map(|checksum| checksum_type(checksum.kind));
    Ok(output)
}

pub(super) async fn abort_multipart_upload(
    store: &Store,
    req: S3Request<AbortMultipartUploadInput>,
) -> S3Result<AbortMultipartUploadOutput> {
    let AbortMultipartUploadInput {
        bucket,
        key,
        upload_id,
        ..
    } = req.input;
    let work = move |bucket: &Bucket| {
        let upload = bucket.upload(&key, &upload_id)?;
        bucket.abort_upload(&upload)
    };
    store.in_bucket(&bucket, work).await?;
    Ok(AbortMultipartUploadOutput::default())
}

pub(super) async fn list_parts(
    store: &Store,
    req: S3Request<ListPartsInput>,
) -> S3Result<ListPartsOutput> {
    let input = req.input;
    let upload = store
        .bucket(&input.bucket)?
        .upload(&input.key, &input.upload_id)?;
    let limit = usize::try_from(input.max_parts.unwrap_or(PAGE as i32))
        .map_err(|_| {
            s3_error!(
                InvalidArgument,
                "a page cannot have a negative number of parts"
            )
        })?
        .min(PAGE);
    let after = input.part_number_marker.unwrap_or(0);
    let mut parts: Vec<Part> = upload
        .parts()
        .into_iter()
        .filter(|(number, _)| i32::from(*number) > after)
        .take(limit + 1)
        .map(|(number, part)| {
            let mut shown = Part {
                e_tag: Some(ETag::Strong(part.etag)),
                last_modified: Some(timestamp(part.last_modified)),
                part_number: Some(i32::from(number)),
                size: i64::try_from(part.size).ok(),
                ..Default::default()
            };
            show_checksum!(shown, Some(&part.checksum));
            shown
        })
        .collect();
    let is_truncated = parts.len() > limit;
    parts.truncate(limit);
    Ok(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        checksum_algorithm: upload
            .about
            .checksum
            .map(|(algorithm, _)| ChecksumAlgorithm::from_static(algorithm.name())),
        checksum_type: upload.about.checksum.map(|(_, kind)| checksum_type(kind)),
        initiator: Some(Initiator {
            display_name: owner().display_name,
            id: owner().id,
        }),
        is_truncated: Some(is_truncated),
        max_parts: i32::try_from(limit).ok(),
        next_part_number_marker: parts.last().and_then(|part| part.part_number),
        owner: Some(owner()),
        part_number_marker: Some(after),
        parts: Some(parts),
        storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
        ..Default::default()
    })
}

/// What the checksum of the object is taken of. The hashes know only one way, CRC-64 the other.
fn checksum_kind(algorithm: Algorithm, asked: Option<&ChecksumType>) -> S3Result<ChecksumKind> {
    let kind = match asked.map(ChecksumType::as_str) {
        Some(ChecksumType::FULL_OBJECT) => ChecksumKind::FullObject,
        Some(ChecksumType::COMPOSITE) => ChecksumKind::Composite,
        Some(_) => {
            return Err(s3_error!(
                InvalidRequest,
                "the checksum type is FULL_OBJECT or COMPOSITE"
            ));
        }
        None if algorithm == Algorithm::Crc64Nvme => ChecksumKind::FullObject,
        None => ChecksumKind::Composite,
    };
    match (algorithm, kind) {
        (Algorithm::Crc64Nvme, ChecksumKind::Composite)
        | (Algorithm::Sha1 | Algorithm::Sha256, ChecksumKind::FullObject) => Err(s3_error!(
            InvalidRequest,
            "{} has no checksum of that type",
            algorithm.name()
        )),
        _ => Ok(kind),
    }
}

/// The algorithm of a part: that of the upload, where it has one.
fn part_algorithm(upload: &Upload, asked: Option<Algorithm>) -> S3Result<Algorithm> {
    match (upload.about.checksum, asked) {
        (Some((wanted, _)), Some(asked)) if wanted != asked => Err(s3_error!(
            InvalidRequest,
            "the upload wants {} of every part, not {}",
            wanted.name(),
            asked.name()
        )),
        (Some((wanted, _)), _) => Ok(wanted),
        (None, asked) => Ok(asked.unwrap_or(Algorithm::Crc64Nvme)),
    }
}

fn part_number(number: i32) -> S3Result<u16> {
    match u16::try_from(number) {
        Ok(number @ 1..=PARTS) => Ok(number),
        _ => Err(s3_error!(
            InvalidArgument,
            "Part number must be an integer between 1 and {PARTS}, inclusive"
        )),
    }
}

fn named(part: CompletedPart) -> S3Result<PartReference> {
    let checksum = checksum_value!(part)?.map(|(_, value)| value);
    let (Some(number), Some(etag)) = (part.part_number, part.e_tag) else {
        return Err(s3_error!(MalformedXML, "a part has a number and an ETag"));
    };
    Ok(PartReference {
        number,
        etag: etag.into_value(),
        checksum,
    })
}

/// `bytes=first-last`; S3 takes no other form here, and no range that goes past the end.
fn copied_range(range: Option<&str>, size: u64) -> S3Result<std::ops::Range<u64>> {
    let Some(range) = range else {
        return Ok(0..size);
    };
    let parsed = range.strip_prefix("bytes=").and_then(|range| {
        let (first, last) = range.split_once('-')?;
        Some((first.parse::<u64>().ok()?, last.parse::<u64>().ok()?))
    });
    match parsed {
        Some((first, last)) if first <= last && last < size => Ok(first..last + 1),
        Some((first, last)) if first <= last => Err(s3_error!(
            InvalidArgument,
            "Range specified is not valid for source object of size: {size}"
        )),
        _ => Err(s3_error!(
            InvalidArgument,
            "x-amz-copy-source-range has the form bytes=first-last"
        )),
    }
}
