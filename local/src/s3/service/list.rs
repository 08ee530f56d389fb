//! `ListBuckets`, `ListObjects`, `ListObjectsV2`, `ListMultipartUploads`.

use std::collections::BTreeSet;
use std::sync::Arc;

use s3s::dto::*;
use s3s::{S3Request, S3Result, s3_error};

use super::{NULL_VERSION, owner, timestamp};
use crate::locks::IgnorePoison;
use crate::s3::events::form_encode;
use crate::s3::index::{Entry, Item, Page, Query, Start};
use crate::s3::limits::PAGE;
use crate::s3::multipart::Upload;
use crate::s3::server::REGION;
use crate::s3::store::Store;

pub(super) async fn list_buckets(
    store: &Store,
    req: S3Request<ListBucketsInput>,
) -> S3Result<ListBucketsOutput> {
    let input = req.input;
    let after = input.continuation_token.unwrap_or_default();
    let prefix = input.prefix.clone().unwrap_or_default();
    let mut buckets: Vec<Bucket> = store
        .all_buckets()
        .iter()
        .filter(|bucket| bucket.name.starts_with(&prefix) && bucket.name > after)
        .map(|bucket| Bucket {
            name: Some(bucket.name.clone()),
            creation_date: Some(timestamp(bucket.created)),
            bucket_region: Some(REGION.to_owned()),
        })
        .collect();
    let limit = input
        .max_buckets
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(usize::MAX)
        .max(1);
    let more = buckets.len() > limit;
    buckets.truncate(limit);
    let continuation_token = buckets
        .last()
        .and_then(|bucket| bucket.name.clone())
        .filter(|_| more);
    Ok(ListBucketsOutput {
        buckets: Some(buckets),
        owner: Some(owner()),
        prefix: input.prefix,
        continuation_token,
    })
}

pub(super) async fn list_objects_v2(
    store: &Store,
    req: S3Request<ListObjectsV2Input>,
) -> S3Result<ListObjectsV2Output> {
    let input = req.input;
    let encode = encoder(input.encoding_type.as_ref())?;
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let prefix = input.prefix.unwrap_or_default();
    let limit = limit(input.max_keys)?;
    let start = match (&input.continuation_token, &input.start_after) {
        (Some(token), _) if token.is_empty() => Start::Beginning,
        (Some(token), _) => Start::from_token(token).ok_or_else(|| {
            s3_error!(
                InvalidArgument,
                "The continuation token provided is incorrect"
            )
        })?,
        (None, Some(key)) => Start::after(key.clone(), &prefix, delimiter.as_deref()),
        (None, None) => Start::Beginning,
    };
    let query = Query {
        prefix,
        delimiter,
        start,
        limit,
    };
    let page = store.bucket(&input.bucket)?.page(&query);
    let next_continuation_token = page.next.as_ref().and_then(Start::to_token);
    let is_truncated = page.next.is_some();
    let owner = input.fetch_owner.unwrap_or(false).then(owner);
    let (contents, common_prefixes) = lines(page, encode, owner.as_ref());
    Ok(ListObjectsV2Output {
        name: Some(input.bucket),
        prefix: Some(encode(&query.prefix)),
        max_keys: i32::try_from(limit).ok(),
        key_count: i32::try_from(contents.len() + common_prefixes.len()).ok(),
        continuation_token: input.continuation_token,
        is_truncated: Some(is_truncated),
        next_continuation_token,
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        delimiter: query.delimiter.as_deref().map(encode),
        encoding_type: input.encoding_type,
        start_after: input.start_after.as_deref().map(encode),
        request_charged: None,
    })
}

pub(super) async fn list_objects(
    store: &Store,
    req: S3Request<ListObjectsInput>,
) -> S3Result<ListObjectsOutput> {
    let input = req.input;
    let encode = encoder(input.encoding_type.as_ref())?;
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let prefix = input.prefix.unwrap_or_default();
    let limit = limit(input.max_keys)?;
    let marker = input.marker.unwrap_or_default();
    let start = if marker.is_empty() {
        Start::Beginning
    } else {
        Start::after(marker.clone(), &prefix, delimiter.as_deref())
    };
    let query = Query {
        prefix,
        delimiter,
        start,
        limit,
    };
    let page = store.bucket(&input.bucket)?.page(&query);
    let is_truncated = page.next.is_some();
    // Without a delimiter the client goes on after the last key it was shown.
    let next_marker = page
        .next
        .as_ref()
        .filter(|_| query.delimiter.is_some())
        .map(|next| match next {
            Start::AfterKey(name) | Start::AfterPrefix(name) => encode(name),
            Start::Beginning => String::new(),
        });
    let (contents, common_prefixes) = lines(page, encode, Some(&owner()));
    Ok(ListObjectsOutput {
        name: Some(input.bucket),
        prefix: Some(encode(&query.prefix)),
        marker: Some(encode(&marker)),
        max_keys: i32::try_from(limit).ok(),
        is_truncated: Some(is_truncated),
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        delimiter: query.delimiter.as_deref().map(encode),
        next_marker,
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

/// Every object is the only version of itself, as in a bucket that never had versions.
pub(super) async fn list_object_versions(
    store: &Store,
    req: S3Request<ListObjectVersionsInput>,
) -> S3Result<ListObjectVersionsOutput> {
    let input = req.input;
    let encode = encoder(input.encoding_type.as_ref())?;
    let delimiter = input.delimiter.filter(|delimiter| !delimiter.is_empty());
    let prefix = input.prefix.unwrap_or_default();
    let limit = limit(input.max_keys)?;
    let marker = input.key_marker.unwrap_or_default();
    let start = if marker.is_empty() {
        Start::Beginning
    } else {
        Start::after(marker.clone(), &prefix, delimiter.as_deref())
    };
    let query = Query {
        prefix,
        delimiter,
        start,
        limit,
    };
    let page = store.bucket(&input.bucket)?.page(&query);
    let is_truncated = page.next.is_some();
    let next_key_marker = page.next.as_ref().map(|next| match next {
        Start::AfterKey(name) | Start::AfterPrefix(name) => encode(name),
        Start::Beginning => String::new(),
    });
    let (contents, common_prefixes) = lines(page, encode, Some(&owner()));
    let versions = contents.into_iter().map(|object| ObjectVersion {
        key: object.key,
        version_id: Some(NULL_VERSION.into()),
        is_latest: Some(true),
        e_tag: object.e_tag,
        last_modified: object.last_modified,
        owner: object.owner,
        size: object.size,
        storage_class: Some(ObjectVersionStorageClass::from_static(
            ObjectVersionStorageClass::STANDARD,
        )),
        ..Default::default()
    });
    Ok(ListObjectVersionsOutput {
        name: Some(input.bucket),
        prefix: Some(encode(&query.prefix)),
        key_marker: Some(encode(&marker)),
        version_id_marker: input.version_id_marker,
        max_keys: i32::try_from(limit).ok(),
        is_truncated: Some(is_truncated),
        next_version_id_marker: next_key_marker.as_ref().map(|_| NULL_VERSION.into()),
        next_key_marker,
        versions: Some(versions.collect()),
        common_prefixes: Some(common_prefixes),
        delimiter: query.delimiter.as_deref().map(encode),
        encoding_type: input.encoding_type,
        ..Default::default()
    })
}

pub(super) async fn list_multipart_uploads(
    store: &Store,
    req: S3Request<ListMultipartUploadsInput>,
) -> S3Result<ListMultipartUploadsOutput> {
    let input = req.input;
    let encode = encoder(input.encoding_type.as_ref())?;
    let limit = limit(input.max_uploads)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let marker = (
        input.key_marker.clone().unwrap_or_default(),
        input.upload_id_marker.clone().unwrap_or_default(),
    );
    let bucket = store.bucket(&input.bucket)?;
    let mut uploads: Vec<Arc<Upload>> = bucket
        .uploads
        .lock()
        .unpoisoned()
        .values()
        .filter(|upload| upload.about.key.starts_with(&prefix) && is_after(upload, &marker))
        .cloned()
        .collect();
    uploads.sort_by(|a, b| (&a.about.key, &a.id).cmp(&(&b.about.key, &b.id)));
    let (mut shown, mut prefixes, mut last) = (Vec::new(), BTreeSet::new(), None);
    let mut is_truncated = false;
    for upload in &uploads {
        let delimiter = input
            .delimiter
            .as_deref()
            .filter(|delimiter| !delimiter.is_empty());
        let common = delimiter.and_then(|delimiter| {
            let rest = upload.about.key.get(prefix.len()..)?;
            upload
                .about
                .key
                .get(..prefix.len() + rest.find(delimiter)? + delimiter.len())
        });
        let rolled_up = common.is_some_and(|common| prefixes.contains(common));
        if !rolled_up && shown.len() + prefixes.len() == limit {
            is_truncated = limit > 0;
            break;
        }
        last = Some(upload);
        match common {
            Some(common) => _ = prefixes.insert(common.to_owned()),
            None => shown.push(MultipartUpload {
                initiated: Some(timestamp(upload.about.initiated)),
                initiator: Some(Initiator {
                    display_name: owner().display_name,
                    id: owner().id,
                }),
                key: Some(encode(&upload.about.key)),
                owner: Some(owner()),
                storage_class: Some(StorageClass::from_static(StorageClass::STANDARD)),
                upload_id: Some(upload.id.clone()),
                ..Default::default()
            }),
        }
    }
    let next = last.filter(|_| is_truncated);
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        common_prefixes: Some(
            prefixes
                .iter()
                .map(|prefix| CommonPrefix {
                    prefix: Some(encode(prefix)),
                })
                .collect(),
        ),
        delimiter: input.delimiter.as_deref().map(encode),
        encoding_type: input.encoding_type,
        is_truncated: Some(is_truncated),
        key_marker: input.key_marker.as_deref().map(encode),
        max_uploads: i32::try_from(limit).ok(),
        next_key_marker: next.map(|upload| encode(&upload.about.key)),
        next_upload_id_marker: next.map(|upload| upload.id.clone()),
        prefix: input.prefix.as_deref().map(encode),
        request_charged: None,
        upload_id_marker: input.upload_id_marker,
        uploads: Some(shown),
    })
}

/// Behind the markers: a key marker alone skips all uploads of that key.
fn is_after(upload: &Upload, (key, id): &(String, String)) -> bool {
    match upload.about.key.as_str().cmp(key) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => !id.is_empty() && upload.id > *id,
        std::cmp::Ordering::Less => false,
    }
}

fn lines(
    page: Page,
    encode: fn(&str) -> String,
    owner: Option<&Owner>,
) -> (Vec<Object>, Vec<CommonPrefix>) {
    let (mut contents, mut prefixes) = (Vec::new(), Vec::new());
    for item in page.items {
        match item {
            Item::Prefix(prefix) => prefixes.push(CommonPrefix {
                prefix: Some(encode(&prefix)),
            }),
            Item::Object(
                key,
                Entry {
                    size,
                    etag,
                    last_modified,
                    ..
                },
            ) => contents.push(Object {
                key: Some(encode(&key)),
                e_tag: Some(ETag::Strong(etag.to_string())),
                last_modified: Some(timestamp(last_modified)),
                size: i64::try_from(size).ok(),
                storage_class: Some(ObjectStorageClass::from_static(
                    ObjectStorageClass::STANDARD,
                )),
                owner: owner.cloned(),
                ..Default::default()
            }),
        }
    }
    (contents, prefixes)
}

fn limit(asked: Option<i32>) -> S3Result<usize> {
    match usize::try_from(asked.unwrap_or(PAGE as i32)) {
        Ok(limit) => Ok(limit.min(PAGE)),
        Err(_) => Err(s3_error!(
            InvalidArgument,
            "a page cannot have a negative number of entries"
        )),
    }
}

/// How names are written: XML cannot carry every character that a key may have.
fn encoder(kind: Option<&EncodingType>) -> S3Result<fn(&str) -> String> {
    match kind.map(EncodingType::as_str) {
        None => Ok(str::to_owned),
        Some(EncodingType::URL) => Ok(form_encode),
        Some(_) => Err(s3_error!(InvalidArgument, "the only encoding type is url")),
    }
}
