//! A bucket as the publisher uses it: a few requests with the conditions spelled out, counted.
//!
//! The AWS SDK does the wire: signing, timeouts, retries ([`crate::aws`]). Here its answers become the few
//! outcomes that the protocol tells apart. Its futures are of many kilobytes, so they are on the heap:
//! everybody who awaits them would have them inside of its own.

mod counts;
mod error;
mod list;
mod write;

pub use counts::{Counts, CountsSnapshot};
pub use error::StoreError;
pub use list::{ListEntry, Page};
pub use write::{Condition, WriteOutcome};

use super::unanswered::UnansweredWrites;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
pub(super) use counts::count;
use error::{DAMAGED, DAMAGED_STATUS, is};
use quillfront_site::key::MAX_KEY_BYTES;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// An S3 location: a bucket and what all keys in it start with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Bucket name.
    pub bucket: String,
    /// Empty, or ending in `/`.
    pub prefix: String,
}

impl std::str::FromStr for Place {
    type Err = String;

    /// `s3://bucket` or `s3://bucket/prefix`.
    fn from_str(text: &str) -> Result<Self, String> {
        let rest = text
            .strip_prefix("s3://")
            .ok_or_else(|| format!("`{text}` does not start with s3://"))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(format!("`{text}` names no bucket"));
        }
        let prefix = prefix.trim_matches('/');
        let prefix = if prefix.is_empty() {
            String::new()
        } else {
            format!("{prefix}/")
        };
        Ok(Self {
            bucket: bucket.to_owned(),
            prefix,
        })
    }
}

/// Headers that S3 keeps with an object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// `Content-Type`.
    pub content_type: String,
    /// `Cache-Control`.
    pub cache_control: String,
    /// User metadata.
    pub metadata: BTreeMap<String, String>,
}

/// An object that was read.
#[derive(Debug)]
pub struct FetchedObject {
    /// Without quotes.
    pub etag: String,
    /// Bytes in all.
    pub size: u64,
    /// None where it is larger than the reader's limit; nothing of it was read then.
    pub bytes: Option<Vec<u8>>,
}

/// An object that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Without quotes.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// What S3 keeps with it.
    pub attributes: Attributes,
}

/// A bucket.
#[derive(Clone)]
pub struct Bucket {
    client: Client,
    /// Where.
    pub place: Place,
    counts: Arc<Counts>,
    unanswered: Arc<UnansweredWrites>,
    given: Arc<GivenObjects>,
}

/// Objects that are taken as if they were in a bucket, and keys under which nothing is.
pub type GivenObjects = BTreeMap<String, Option<StandIn>>;

/// An object that is taken as if it were in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// The ETag that it would have: the MD5 of its bytes, where it were put in one part.
    pub etag: String,
    /// Bytes in all.
    pub size: u64,
    /// The bytes; none where they are more than anybody reads.
    pub bytes: Option<Arc<[u8]>>,
}

impl Bucket {
    /// A bucket behind a client.
    pub fn new(
        client: Client,
        place: Place,
        counts: Arc<Counts>,
        unanswered: Arc<UnansweredWrites>,
    ) -> Self {
        Self {
            client,
            place,
            counts,
            unanswered,
            given: Arc::default(),
        }
    }

    /// The same bucket to those who read it, with other objects under some keys. It is not to be
    /// written to.
    pub fn as_if(&self, given: GivenObjects) -> Self {
        Self {
            given: Arc::new(given),
            ..self.clone()
        }
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.place.prefix)
    }

    /// False where no object can have this key, or where the SDK refuses to ask for it: it takes white
    /// space alone for no key.
    pub fn may_have(&self, key: &str) -> bool {
        let key = self.key(key);
        key.len() <= MAX_KEY_BYTES && !key.trim().is_empty()
    }

    /// An object whose bytes are yet to be read; None where there is none.
    async fn open(&self, key: &str) -> Result<Option<GetObjectOutput>, StoreError> {
        if !self.may_have(key) {
            return Ok(None);
        }
        count(&self.counts.get, 1);
        let request = self
            .client
            .get_object()
            .bucket(&self.place.bucket)
            .key(self.key(key));
        match Box::pin(request.send()).await {
            Ok(output) => Ok(Some(output)),
            Err(error) if is(&error, &["NoSuchKey", "NotFound"]) => Ok(None),
            Err(error) => Err(self.error("reading", key, &error)),
        }
    }

    /// Reads an object of at most `limit` bytes; None where there is none.
    pub async fn get(&self, key: &str, limit: u64) -> Result<Option<FetchedObject>, StoreError> {
        if let Some(given) = self.given.get(key) {
            count(&self.counts.get, 1);
            return Ok(given.as_ref().map(|given| FetchedObject {
                etag: given.etag.clone(),
                size: given.size,
                bytes: given
                    .bytes
                    .as_ref()
                    .filter(|_| given.size <= limit)
                    .map(|bytes| bytes.to_vec()),
            }));
        }
        let Some(output) = self.open(key).await? else {
            return Ok(None);
        };
        let etag = unquoted(output.e_tag());
        let size = output.content_length().unwrap_or_default().max(0) as u64;
        if size > limit {
            return Ok(Some(FetchedObject {
                etag,
                size,
                bytes: None,
            }));
        }
        let body = output.body.collect().await.map_err(|error| StoreError {
            action: "reading",
            bucket: self.place.bucket.clone(),
            key: self.key(key),
            message: error.to_string(),
            is_hopeless: false,
            is_damaged: false,
        })?;
        let bytes = body.to_vec();
        count(&self.counts.bytes_in, bytes.len() as u64);
        Ok(Some(FetchedObject {
            etag,
            size,
            bytes: Some(bytes),
        }))
    }

    /// Streams an object into a file; false where there is none.
    pub async fn download(&self, key: &str, path: &Path) -> Result<bool, StoreError> {
        let Some(output) = self.open(key).await? else {
            return Ok(false);
        };
        let copied = async {
            let mut file = tokio::fs::File::create(path).await?;
            let bytes = tokio::io::copy(&mut output.body.into_async_read(), &mut file).await?;
            tokio::io::AsyncWriteExt::flush(&mut file).await?;
            Ok::<u64, std::io::Error>(bytes)
        };
        let bytes = copied.await.map_err(|error| StoreError {
            action: "downloading",
            bucket: self.place.bucket.clone(),
            key: self.key(key),
            message: error.to_string(),
            is_hopeless: false,
            is_damaged: false,
        })?;
        count(&self.counts.bytes_in, bytes);
        Ok(true)
    }

    /// Looks at an object; None where there is none.
    pub async fn head(&self, key: &str) -> Result<Option<Head>, StoreError> {
        if !self.may_have(key) {
            return self.find(key).await;
        }
        count(&self.counts.head, 1);
        if let Some(given) = self.given.get(key) {
            return Ok(given.as_ref().map(|given| Head {
                etag: given.etag.clone(),
                size: given.size,
                attributes: Attributes::default(),
            }));
        }
        let request = self
            .client
            .head_object()
            .bucket(&self.place.bucket)
            .key(self.key(key));
        match Box::pin(request.send()).await {
            Ok(output) => Ok(Some(Head {
                etag: unquoted(output.e_tag()),
                size: output.content_length().unwrap_or_default().max(0) as u64,
                attributes: Attributes {
                    content_type: output.content_type().unwrap_or_default().to_owned(),
                    cache_control: output.cache_control().unwrap_or_default().to_owned(),
                    metadata: output
                        .metadata()
                        .into_iter()
                        .flatten()
                        .map(|(k, v)| (k.clone(), v.clone()))
                        .collect(),
                },
            })),
            Err(error) if is(&error, &["NoSuchKey", "NotFound"]) => Ok(None),
            Err(error) => {
                let status = error.raw_response().map(|answer| answer.status().as_u16());
                let mut error = self.error("looking at", key, &error);
                if status == Some(DAMAGED_STATUS) {
                    error.is_damaged = true;
                    error.message = format!("{DAMAGED}: the storage has damaged it");
                }
                Err(error)
            }
        }
    }
}

fn unquoted(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
