//! `GetObjectAttributes`.

use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

use super::headers::{refuse, show_checksum};
use super::write::checksum_type;
use super::{refuse_version, timestamp};
use crate::s3::checksum::ObjectChecksum;
use crate::s3::limits::PAGE;
use crate::s3::object::ObjectMeta;
use crate::s3::store::Store;

pub(super) async fn get_object_attributes(
    store: &Store,
    req: S3Request<GetObjectAttributesInput>,
) -> S3Result<GetObjectAttributesOutput> {
    let input = req.input;
    refuse_version(input.version_id.as_deref())?;
    refuse(&[(
        "server-side encryption with customer keys",
        input.sse_customer_algorithm.is_some(),
    )])?;
    let known = [
        ObjectAttributes::ETAG,
        ObjectAttributes::OBJECT_SIZE,
        ObjectAttributes::STORAGE_CLASS,
        ObjectAttributes::CHECKSUM,
        ObjectAttributes::OBJECT_PARTS,
    ];
    // The protocol layer leaves a header with several names as it came.
    let named = input
        .object_attributes
        .iter()
        .flat_map(|names| names.as_str().split(','));
    let asked: Vec<&str> = named.map(str::trim).collect();
    if asked.is_empty() || asked.iter().any(|attribute| !known.contains(attribute)) {
        return Err(s3_error!(
            InvalidArgument,
            "Invalid attribute name specified."
        ));
    }
    let key = input.key.clone();
    let object = store
        .in_bucket(&input.bucket, move |bucket| bucket.open_object(&key))
        .await?;
    let meta = object.meta;
    let wanted = |name: &str| asked.contains(&name);
    let mut output = GetObjectAttributesOutput {
        last_modified: Some(timestamp(meta.last_modified)),
        ..Default::default()
    };
    if wanted(ObjectAttributes::ETAG) {
        output.e_tag = Some(ETag::Strong(meta.etag.clone()));
    }
    if wanted(ObjectAttributes::OBJECT_SIZE) {
        output.object_size = i64::try_from(meta.size).ok();
    }
    if wanted(ObjectAttributes::STORAGE_CLASS) {
        output.storage_class = Some(StorageClass::from_static(StorageClass::STANDARD));
    }
    if wanted(ObjectAttributes::CHECKSUM) && meta.checksum.is_some() {
        let mut checksum = Checksum::default();
        show_checksum!(checksum, &meta.checksum);
        checksum.checksum_type = meta
            .checksum
            .as_ref()
            .map(|checksum| checksum_type(checksum.kind));
        output.checksum = Some(checksum);
    }
    if wanted(ObjectAttributes::OBJECT_PARTS) && !meta.part_sizes.is_empty() {
        output.object_parts = Some(parts(&meta, input.max_parts, input.part_number_marker)?);
    }
    Ok(output)
}

/// One page of the parts. They are listed where each has a checksum; else S3 says only how many
/// there are.
fn parts(
    meta: &ObjectMeta,
    max_parts: Option<i32>,
    marker: Option<i32>,
) -> S3Result<GetObjectAttributesParts> {
    let mut output = GetObjectAttributesParts {
        total_parts_count: i32::try_from(meta.part_sizes.len()).ok(),
        ..Default::default()
    };
    let (Some(checksum), false) = (&meta.checksum, meta.part_checksums.is_empty()) else {
        return Ok(output);
    };
    let negative = |_| s3_error!(InvalidArgument, "a page of parts cannot be negative");
    let limit = max_parts
        .map_or(Ok(PAGE), usize::try_from)
        .map_err(negative)?
        .min(PAGE);
    let after = usize::try_from(marker.unwrap_or_default()).map_err(negative)?;
    let all = meta.part_sizes.iter().zip(&meta.part_checksums);
    let shown = (1..).zip(all).skip(after).take(limit);
    let shown: Vec<ObjectPart> = shown
        .map(|(number, (size, value))| {
            let mut part = ObjectPart {
                part_number: Some(number),
                size: i64::try_from(*size).ok(),
                ..Default::default()
            };
            let checksum = ObjectChecksum {
                value: value.clone(),
                ..checksum.clone()
            };
            show_checksum!(part, Some(&checksum));
            part
        })
        .collect();
    let last = shown.last().and_then(|part| part.part_number);
    output.is_truncated = Some(after.saturating_add(shown.len()) < meta.part_sizes.len());
    output.next_part_number_marker = last.or(marker);
    output.part_number_marker = Some(marker.unwrap_or_default());
    output.max_parts = i32::try_from(limit).ok();
    output.parts = Some(shown);
    Ok(output)
}
