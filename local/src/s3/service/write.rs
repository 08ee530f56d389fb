//! `PutObject` and `CopyObject`.

use http::header;
use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

use super::headers::{
    checksum_value, condition_header, object_headers, parse_algorithm, refuse, show_checksum,
};
use super::{caller, refuse_version, timestamp};
use crate::s3::bucket::{Bytes, Version};
use crate::s3::checksum::ChecksumKind;
use crate::s3::conditions::{ReadCondition, WriteCondition};
use crate::s3::copy::{self, Source, Target};
use crate::s3::error::StoreError;
use crate::s3::events::EventKind;
use crate::s3::ingest::{Promise, ingest};
use crate::s3::store::{Store, blocking};

pub(super) async fn put_object(
    store: &Store,
    req: S3Request<PutObjectInput>,
) -> S3Result<PutObjectOutput> {
    let caller = caller(&req)?;
    let input = &req.input;
    let condition = WriteCondition::new(input.if_match.clone(), input.if_none_match.clone())?;
    let mut meta = object_headers!(&req)?;
    refuse(&[("appending", input.write_offset_bytes.is_some())])?;
    let bucket = store.bucket(&input.bucket)?;
    let given = checksum_value!(input)?;
    let named = parse_algorithm(
        input
            .checksum_algorithm
            .as_ref()
            .map(ChecksumAlgorithm::as_str),
    )?;
    let promise = Promise {
        length: input
            .content_length
            .and_then(|length| u64::try_from(length).ok()),
        md5: input.content_md5.clone(),
        algorithm: given.as_ref().map(|(algorithm, _)| *algorithm).or(named),
        checksum: given.map(|(_, value)| value),
        in_trailer: req.headers.contains_key("x-amz-trailer"),
        trailers: req.trailing_headers,
    };
    let key = req.input.key;
    let ingested = ingest(store.shared(), req.input.body, promise).await?;
    meta.size = ingested.size;
    meta.etag = hex::encode(ingested.md5);
    meta.checksum = Some(ingested.checksum);
    let mut output = PutObjectOutput {
        e_tag: Some(ETag::Strong(meta.etag.clone())),
        ..Default::default()
    };
    show_checksum!(output, &meta.checksum);
    output.checksum_type = Some(ChecksumType::from_static(ChecksumType::FULL_OBJECT));
    let version = Version {
        meta,
        bytes: Bytes::Own(ingested.temp),
        blocks: Some(ingested.blocks),
        upload: None,
    };
    blocking(move || bucket.commit(&key, &condition, version, EventKind::Put, &caller)).await?;
    Ok(output)
}

pub(super) async fn copy_object(
    store: &Store,
    req: S3Request<CopyObjectInput>,
) -> S3Result<CopyObjectOutput> {
    let caller = caller(&req)?;
    let input = &req.input;
    // These have no field of their own in the protocol layer.
    let condition = WriteCondition::new(
        condition_header(&req.headers, header::IF_MATCH)?,
        condition_header(&req.headers, header::IF_NONE_MATCH)?,
    )?;
    let condition_of_source = ReadCondition {
        if_match: input.copy_source_if_match.clone(),
        if_none_match: input.copy_source_if_none_match.clone(),
        if_modified_since: input.copy_source_if_modified_since.clone(),
        if_unmodified_since: input.copy_source_if_unmodified_since.clone(),
    };
    let source = source(store, &input.copy_source, condition_of_source)?;
    let headers = object_headers!(&req)?;
    refuse(&[(
        "server-side encryption with customer keys",
        input.copy_source_sse_customer_algorithm.is_some(),
    )])?;
    let replace = input
        .metadata_directive
        .as_ref()
        .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
    let changes = replace
        || input.storage_class.is_some()
        || input.website_redirect_location.is_some()
        || input.server_side_encryption.is_some();
    let target = Target {
        bucket: store.bucket(&input.bucket)?,
        key: input.key.clone(),
        condition,
        headers: replace.then_some(headers),
        algorithm: parse_algorithm(
            input
                .checksum_algorithm
                .as_ref()
                .map(ChecksumAlgorithm::as_str),
        )?,
    };
    if !changes && source.bucket.name == target.bucket.name && source.key == target.key {
        return Err(StoreError::InvalidRequest(
            "This copy request is illegal because it is trying to copy an object to itself without changing \
             the object's metadata, storage class, website redirect location or encryption attributes."
                .into(),
        )
        .into());
    }
    let meta = run(move || copy::copy_object(&source, &target, &caller)).await?;
    let mut result = CopyObjectResult {
        e_tag: Some(ETag::Strong(meta.etag.clone())),
        last_modified: Some(timestamp(meta.last_modified)),
        ..Default::default()
    };
    show_checksum!(result, &meta.checksum);
    result.checksum_type = meta
        .checksum
        .as_ref()
        .map(|checksum| checksum_type(checksum.kind));
    Ok(CopyObjectOutput {
        copy_object_result: Some(result),
        ..Default::default()
    })
}

/// The source that a copy names.
pub(super) fn source(
    store: &Store,
    source: &CopySource,
    condition: ReadCondition,
) -> S3Result<Source> {
    let CopySource::Bucket {
        bucket,
        key,
        version_id,
    } = source
    else {
        return Err(s3_error!(
            NotImplemented,
            "access points are not implemented"
        ));
    };
    refuse_version(version_id.as_deref())?;
    Ok(Source {
        bucket: store.bucket(bucket)?,
        key: key.to_string(),
        condition,
    })
}

/// Runs what blocks and fails with an error of the protocol.
pub(super) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> S3Result<T> + Send + 'static,
) -> S3Result<T> {
    blocking(move || Ok(work())).await?
}

pub(super) fn checksum_type(kind: ChecksumKind) -> ChecksumType {
    ChecksumType::from_static(match kind {
        ChecksumKind::FullObject => ChecksumType::FULL_OBJECT,
        ChecksumKind::Composite => ChecksumType::COMPOSITE,
    })
}
