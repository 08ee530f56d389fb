//! Reads and writes of this process itself: what the protocol does, without the protocol.

use std::collections::BTreeMap;

use bytes::Bytes;
use s3s::dto::{ETag, ETagCondition};
use tokio::sync::mpsc::channel;

use super::bucket::{self, Bucket, Version};
use super::checksum::Algorithm;
use super::conditions::{DeleteCondition, WriteCondition};
use super::error::StoreError;
use super::events::{Caller, EventKind};
use super::ingest;
use super::object::{ObjectMeta, now};
use super::store::Store;

/// An object that is to be put.
#[derive(Clone, Debug, Default)]
pub struct NewObject {
    /// Its bytes.
    pub bytes: Bytes,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Cache-Control`.
    pub cache_control: Option<String>,
    /// `Content-Disposition`.
    pub content_disposition: Option<String>,
    /// User metadata: lower-case names without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
}

impl Store {
    /// Returns the ETag and the length of an object, without opening it.
    pub fn look(&self, bucket: &str, key: &str) -> Option<(String, u64)> {
        let entry = self.bucket(bucket).ok()?.entry(key)?;
        Some((entry.etag.as_ref().to_owned(), entry.size))
    }

    /// Puts an object where there is none, and returns its ETag. None where there is one already.
    ///
    /// # Errors
    /// [`StoreError::NoSuchBucket`] and [`StoreError::Io`].
    pub async fn put_new(
        &self,
        bucket: &str,
        key: &str,
        object: NewObject,
    ) -> Result<Option<String>, StoreError> {
        let key = key.to_owned();
        let put = move |bucket: &Bucket| put_new(bucket, &key, object);
        match self.in_bucket(bucket, put).await {
            Err(StoreError::PreconditionFailed(_)) => Ok(None),
            put => put.map(Some),
        }
    }

    /// Deletes an object if it has this ETag. Returns false where it has another one.
    ///
    /// # Errors
    /// [`StoreError::NoSuchBucket`] and [`StoreError::Io`].
    pub async fn delete_version(
        &self,
        bucket: &str,
        key: &str,
        etag: &str,
    ) -> Result<bool, StoreError> {
        let key = key.to_owned();
        let condition = DeleteCondition {
            if_match: Some(ETagCondition::ETag(ETag::Strong(etag.to_owned()))),
            ..DeleteCondition::default()
        };
        let delete = move |bucket: &Bucket| bucket.remove(&key, &condition, &caller(bucket));
        match self.in_bucket(bucket, delete).await {
            Err(StoreError::PreconditionFailed(_)) => Ok(false),
            deleted => deleted.map(|()| true),
        }
    }
}

fn put_new(bucket: &Bucket, key: &str, object: NewObject) -> Result<String, StoreError> {
    let (sender, receiver) = channel(1);
    // There is room for one piece.
    let _ = sender.try_send(object.bytes);
    drop(sender);
    let ingested = ingest::write(&bucket.shared, receiver, Algorithm::Crc64Nvme)?;
    let etag = hex::encode(ingested.md5);
    let version = Version {
        meta: ObjectMeta {
            size: ingested.size,
            etag: etag.clone(),
            last_modified: now(),
            content_type: object.content_type,
            cache_control: object.cache_control,
            content_disposition: object.content_disposition,
            content_encoding: None,
            content_language: None,
            expires: None,
            website_redirect: None,
            metadata: object.metadata,
            checksum: Some(ingested.checksum),
            part_sizes: Vec::new(),
            part_checksums: Vec::new(),
        },
        bytes: bucket::Bytes::Own(ingested.temp),
        blocks: Some(ingested.blocks),
        upload: None,
    };
    let condition = WriteCondition {
        if_none_match: true,
        ..WriteCondition::default()
    };
    bucket.commit(key, &condition, version, EventKind::Put, &caller(bucket))?;
    Ok(etag)
}

/// This process, as events tell of it.
fn caller(bucket: &Bucket) -> Caller {
    Caller {
        access_key: "QUILLFRONT".to_owned(),
        address: "127.0.0.1".to_owned(),
        request_id: bucket.shared.disk.unique(),
        host_id: String::new(),
    }
}
