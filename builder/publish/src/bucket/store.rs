//! A bucket as the publisher uses it: a few requests with the conditions spelled out, counted.
//!
//! The AWS SDK does the wire: signing, timeouts, retries ([`crate::aws`]). Here its answers become the few outcomes that the protocol tells apart.

mod list;

pub use list::{Listed, Page};

use super::unanswered::{Attempts, Unanswered};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::MetadataDirective;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quillfront_site::key::MAX_KEY_BYTES;
use quillfront_site::report::RequestCounts;
use std::collections::BTreeMap;
use std::ops::{Add, Sub};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

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

/// Requests and bytes, counted as they are made.
#[derive(Debug, Default)]
pub struct Counts {
    /// GET requests.
    pub get: AtomicU64,
    /// HEAD requests.
    pub head: AtomicU64,
    /// PUT requests, copies included.
    pub put: AtomicU64,
    /// DELETE requests.
    pub delete: AtomicU64,
    /// LIST requests.
    pub list: AtomicU64,
    /// CreateInvalidation requests.
    pub invalidation: AtomicU64,
    /// Bytes read.
    pub bytes_in: AtomicU64,
    /// Bytes written; copies on the server are not.
    pub bytes_out: AtomicU64,
}

impl Counts {
    /// Returns what was counted so far.
    pub fn snapshot(&self) -> CountsSnapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CountsSnapshot {
            requests: RequestCounts {
                get: read(&self.get),
                head: read(&self.head),
                put: read(&self.put),
                delete: read(&self.delete),
                list: read(&self.list),
                invalidation: read(&self.invalidation),
            },
            bytes_in: read(&self.bytes_in),
            bytes_out: read(&self.bytes_out),
        }
    }
}

/// What [`Counts`] had at one time, or counted between two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CountsSnapshot {
    /// Requests.
    pub requests: RequestCounts,
    /// Bytes read.
    pub bytes_in: u64,
    /// Bytes written; copies on the server are not.
    pub bytes_out: u64,
}

impl CountsSnapshot {
    /// Joins each number with that of another.
    fn join(self, other: Self, join: fn(u64, u64) -> u64) -> Self {
        let (one, two) = (self.requests, other.requests);
        Self {
            requests: RequestCounts {
                get: join(one.get, two.get),
                head: join(one.head, two.head),
                put: join(one.put, two.put),
                delete: join(one.delete, two.delete),
                list: join(one.list, two.list),
                invalidation: join(one.invalidation, two.invalidation),
            },
            bytes_in: join(self.bytes_in, other.bytes_in),
            bytes_out: join(self.bytes_out, other.bytes_out),
        }
    }
}

impl Add for CountsSnapshot {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.join(other, |one, other| one + other)
    }
}

impl Sub for CountsSnapshot {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        self.join(earlier, |now, then| now - then)
    }
}

fn count(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

/// The infrastructure did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("{action} s3://{bucket}/{key}: {message}")]
pub struct StoreError {
    action: &'static str,
    bucket: String,
    key: String,
    message: String,
    is_hopeless: bool,
    is_damaged: bool,
}

impl StoreError {
    /// True where the storage has lost the bytes of this object, or of the one to be copied: only who
    /// has them can put them again. Other objects are not concerned.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    /// True where this can never be done to this object, however often it is tried: its key or what
    /// is to be kept with it is not what S3 takes. Other objects are not concerned.
    pub fn is_hopeless(&self) -> bool {
        self.is_hopeless
    }

    /// What S3 or the SDK said.
    pub fn message(&self) -> &str {
        &self.message
    }
}

/// What S3 and its likes say of an object that they will never take (Amazon S3 API, "Error
/// responses"; MinIO).
const HOPELESS: [&str; 5] = [
    "KeyTooLongError",
    "MetadataTooLarge",
    "EntityTooLarge",
    "InvalidURI",
    "XMinioInvalidObjectName",
];

/// What the S3 server of `quillfront serve` says of an object that its disk has damaged.
const DAMAGED: &str = "ObjectDamaged";

/// Its status, where an answer has no body.
const DAMAGED_STATUS: u16 = 410;

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
pub struct Got {
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

/// What must be so for a write to happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    Always,
    /// There is no object under the key.
    Absent,
    /// The object has this ETag.
    Matches(String),
}

impl Condition {
    fn if_match(&self) -> Option<String> {
        match self {
            Condition::Matches(etag) => Some(format!("\"{etag}\"")),
            Condition::Always | Condition::Absent => None,
        }
    }

    fn if_none_match(&self) -> Option<String> {
        (*self == Condition::Absent).then(|| "*".to_owned())
    }
}

/// What became of a conditional write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It happened; the object's ETag now.
    Done(String),
    /// The condition did not hold (412; 404 under If-Match), or another write was under way (409).
    Refused,
}

/// A bucket.
#[derive(Clone)]
pub struct Bucket {
    client: Client,
    /// Where.
    pub place: Place,
    counts: Arc<Counts>,
    unanswered: Arc<Unanswered>,
    given: Arc<GivenObjects>,
}

/// Objects that are taken as if they were in a bucket, and keys under which nothing is.
pub type GivenObjects = BTreeMap<String, Option<Given>>;

/// An object that is taken as if it were in a bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The ETag that it would have: the MD5 of its bytes, where it were put in one part.
    pub etag: String,
    /// Bytes in all.
    pub size: u64,
    /// The bytes; none where they are more than anybody reads.
    pub bytes: Option<Arc<[u8]>>,
}

/// Everything but unreserved characters and `/`, for `x-amz-copy-source`.
const COPY_SOURCE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl Bucket {
    /// A bucket behind a client.
    pub fn new(
        client: Client,
        place: Place,
        counts: Arc<Counts>,
        unanswered: Arc<Unanswered>,
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

    fn attempts(&self) -> Attempts {
        Attempts::of(self.unanswered.clone())
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
        match request.send().await {
            Ok(output) => Ok(Some(output)),
            Err(error) if is(&error, &["NoSuchKey", "NotFound"]) => Ok(None),
            Err(error) => Err(self.error("reading", key, &error)),
        }
    }

    /// Reads an object of at most `limit` bytes; None where there is none.
    pub async fn get(&self, key: &str, limit: u64) -> Result<Option<Got>, StoreError> {
        if let Some(given) = self.given.get(key) {
            count(&self.counts.get, 1);
            return Ok(given.as_ref().map(|given| Got {
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
            return Ok(Some(Got {
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
        Ok(Some(Got {
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
        match request.send().await {
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

    /// Writes bytes.
    pub async fn put(
        &self,
        key: &str,
        bytes: &[u8],
        attributes: &Attributes,
        condition: &Condition,
    ) -> Result<Written, StoreError> {
        count(&self.counts.put, 1);
        count(&self.counts.bytes_out, bytes.len() as u64);
        let request = self
            .client
            .put_object()
            .bucket(&self.place.bucket)
            .key(self.key(key))
            .set_if_match(condition.if_match())
            .set_if_none_match(condition.if_none_match())
            .content_type(&attributes.content_type)
            .set_cache_control(non_empty(&attributes.cache_control))
            .set_metadata(Some(attributes.metadata.clone().into_iter().collect()))
            .body(ByteStream::from(bytes.to_vec()));
        match request
            .customize()
            .interceptor(self.attempts())
            .send()
            .await
        {
            Ok(output) => Ok(Written::Done(unquoted(output.e_tag()))),
            Err(error) if refused(&error, condition) => Ok(Written::Refused),
            Err(error) => Err(self.error("writing", key, &error)),
        }
    }

    /// Copies an object of another bucket on the server. Refused also where the source no longer
    /// has the version that was meant.
    pub async fn copy(
        &self,
        key: &str,
        from: &Bucket,
        source: &str,
        version: &str,
        attributes: &Attributes,
        condition: &Condition,
    ) -> Result<Written, StoreError> {
        count(&self.counts.put, 1);
        let source = format!("{}/{}", from.place.bucket, from.key(source));
        let request = self
            .client
            .copy_object()
            .bucket(&self.place.bucket)
            .key(self.key(key))
            .copy_source(utf8_percent_encode(&source, COPY_SOURCE).to_string())
            .copy_source_if_match(format!("\"{version}\""))
            .metadata_directive(MetadataDirective::Replace)
            .set_if_match(condition.if_match())
            .set_if_none_match(condition.if_none_match())
            .content_type(&attributes.content_type)
            .set_cache_control(non_empty(&attributes.cache_control))
            .set_metadata(Some(attributes.metadata.clone().into_iter().collect()));
        let patient = aws_sdk_s3::config::Builder::new().timeout_config(self.patient());
        let request = request.customize().config_override(patient);
        let request = request.interceptor(self.attempts());
        match request.send().await {
            Ok(output) => {
                let result = output.copy_object_result();
                Ok(Written::Done(unquoted(
                    result.and_then(|result| result.e_tag()),
                )))
            }
            Err(error)
                if is(
                    &error,
                    &[
                        "PreconditionFailed",
                        "ConditionalRequestConflict",
                        "NoSuchKey",
                    ],
                ) =>
            {
                Ok(Written::Refused)
            }
            Err(error) => Err(self.error("copying to", key, &error)),
        }
    }

    /// S3 takes its time to copy gigabytes: an attempt has all the time of the request. The other
    /// timeouts are named again, since the SDK takes a configuration that sets none of them for
    /// one that wants none.
    fn patient(&self) -> TimeoutConfig {
        let own = self.client.config().timeout_config();
        let own = own.map_or_else(TimeoutConfig::builder, TimeoutConfig::to_builder);
        own.disable_operation_attempt_timeout().build()
    }

    /// Removes an object; one that is not there is removed already.
    pub async fn delete(&self, key: &str, condition: &Condition) -> Result<Written, StoreError> {
        if !self.may_have(key) {
            // None of ours can be there.
            return Ok(Written::Done(String::new()));
        }
        count(&self.counts.delete, 1);
        let request = self
            .client
            .delete_object()
            .bucket(&self.place.bucket)
            .key(self.key(key))
            .set_if_match(condition.if_match());
        match request
            .customize()
            .interceptor(self.attempts())
            .send()
            .await
        {
            Ok(_) => Ok(Written::Done(String::new())),
            Err(error) if is(&error, &["NoSuchKey", "NotFound"]) => {
                Ok(Written::Done(String::new()))
            }
            Err(error) if refused(&error, condition) => Ok(Written::Refused),
            Err(error) => Err(self.error("removing", key, &error)),
        }
    }

    fn error<E, R>(&self, action: &'static str, key: &str, error: &SdkError<E, R>) -> StoreError
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
        R: std::fmt::Debug,
    {
        let message = match (error.code(), error.message()) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            (Some(code), None) => code.to_owned(),
            _ => DisplayErrorContext(error).to_string(),
        };
        let bucket = self.place.bucket.clone();
        // What cannot even be written as a request: a header that has no such value, say.
        let is_unwritable = matches!(error, SdkError::ConstructionFailure(_));
        StoreError {
            action,
            bucket,
            key: self.key(key),
            message,
            is_hopeless: is_unwritable || is(error, &HOPELESS),
            is_damaged: is(error, &[DAMAGED]),
        }
    }
}

fn is<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>, codes: &[&str]) -> bool {
    error.code().is_some_and(|code| codes.contains(&code))
}

fn refused<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>, condition: &Condition) -> bool {
    let conditional = *condition != Condition::Always;
    conditional
        && is(
            error,
            &[
                "PreconditionFailed",
                "ConditionalRequestConflict",
                "NoSuchKey",
            ],
        )
}

fn unquoted(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_credential_types::Credentials;
    use std::time::Duration;

    #[test]
    fn a_copy_has_the_time_of_the_request_and_no_more() {
        let all = Duration::from_secs(55);
        let credentials = Credentials::new("key", "secret", None, None, "test");
        let config = crate::aws::fixed(all, credentials, "us-east-1");
        let client = crate::aws::s3(&config, true);
        let unanswered = Arc::new(Unanswered::new(all));
        let place = "s3://site".parse().unwrap();
        let bucket = Bucket::new(client, place, Arc::default(), unanswered);
        let patient = bucket.patient();
        assert_eq!(patient.operation_timeout(), Some(all));
        assert_eq!(patient.operation_attempt_timeout(), None);
        assert!(patient.connect_timeout().is_some());
    }
}
