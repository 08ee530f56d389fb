//! The bucket of the site: requests to S3, each with an end.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_http_client::Builder as HttpClient;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use quillfront_edge::event::Headers;
use quillfront_edge::host::FetchOutcome;
use quillfront_edge::thumbnail::{Head, Host, Object, PutOutcome, StoredObject};
use quillfront_headers::{Field, MAX_RULES_BYTES, Original, RULES_KEY, S3_PREFIX};
use tokio::time::{Instant, timeout_at};

use super::place::Place;

/// An attempt may take this long until its answer begins; all of them together as long as [`REQUEST`].
const ATTEMPT: Duration = Duration::from_secs(5);
const REQUEST: Duration = Duration::from_secs(15);
const ATTEMPTS: u32 = 3;

/// No answer of a function has more bytes (AWS Lambda Developer Guide, "Lambda quotas").
const MAX_THUMBNAIL_BYTES: usize = 200 * 1_024 * 1_024;

/// The variables that name another S3 than Amazon's. Its host name has no place for that of a bucket.
const ENDPOINT_VARIABLES: [&str; 2] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];

/// The bucket of the site. Clones are the same.
#[derive(Clone)]
pub struct Bucket {
    client: aws_sdk_s3::Client,
    place: Arc<Place>,
}

/// Why a request to the bucket failed.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// The function may not do this.
    #[error(
        "S3 denies {action} of {key:?}; the function needs s3:GetObject, s3:PutObject and s3:DeleteObject on the objects of the site, and s3:ListBucket on its bucket to see what is not there"
    )]
    Denied {
        /// What it may not do.
        action: &'static str,
        /// To which object.
        key: String,
    },
    /// S3 failed, or cannot be reached.
    #[error("{action} of {key:?} failed: {reason}")]
    Failed {
        /// What failed.
        action: &'static str,
        /// With which object.
        key: String,
        /// Why.
        reason: String,
    },
}

/// What came of asking for the rules.
pub enum RulesObject {
    /// The object.
    Object {
        /// Its ETag.
        etag: Option<String>,
        /// Its bytes; one more than it may have where it is too long.
        bytes: Vec<u8>,
    },
    /// As [`FetchOutcome`] has it.
    Other(FetchOutcome<'static>),
}

impl RulesObject {
    /// Returns it as the rules are learnt from it.
    pub fn fetched(&self) -> FetchOutcome<'_> {
        match self {
            Self::Object { etag, bytes } => FetchOutcome::Object {
                etag: etag.as_deref(),
                bytes,
            },
            Self::Other(fetched) => fetched.clone(),
        }
    }
}

impl Bucket {
    /// Returns the bucket of a place, with credentials and endpoint as the AWS tools find them.
    pub async fn of_environment(place: Place) -> Self {
        let http = HttpClient::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(3))
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(REQUEST)
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .load()
            .await;
        let is_set = |name: &str| std::env::var_os(name).is_some();
        let config = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(ENDPOINT_VARIABLES.iter().any(|name| is_set(name)))
            .build();
        Self {
            client: aws_sdk_s3::Client::from_conf(config),
            place: Arc::new(place),
        }
    }

    /// Fetches the rules of the site unless they still have this ETag.
    pub async fn rules(&self, etag: Option<&str>, deadline: Instant) -> RulesObject {
        let request = self
            .client
            .get_object()
            .bucket(&self.place.bucket)
            .key(self.place.key(RULES_KEY))
            .set_if_none_match(etag.map(str::to_owned));
        let fetching = async {
            let mut reason_of_cut = String::new();
            for _ in 0..ATTEMPTS {
                let output = match request.clone().send().await {
                    Ok(output) => output,
                    Err(error) => {
                        return RulesObject::Other(match status(&error) {
                            Some(304) => FetchOutcome::NotModified,
                            Some(404) => FetchOutcome::Missing,
                            Some(403) => FetchOutcome::Denied,
                            _ => FetchOutcome::Failed(reason(&error)),
                        });
                    }
                };
                let etag = output.e_tag().map(str::to_owned);
                let mut bytes = Vec::new();
                match append(output.body, MAX_RULES_BYTES + 1, &mut bytes).await {
                    Ok(()) => return RulesObject::Object { etag, bytes },
                    Err(reason) => reason_of_cut = reason,
                }
            }
            RulesObject::Other(FetchOutcome::Failed(reason_of_cut))
        };
        let late = |_| RulesObject::Other(FetchOutcome::Failed("no answer in time".to_owned()));
        timeout_at(deadline, fetching).await.unwrap_or_else(late)
    }
}

/// The bucket, until a deadline.
pub struct Requests {
    /// The bucket.
    pub bucket: Bucket,
    /// When all requests end.
    pub deadline: Instant,
}

impl Requests {
    /// Asks for a part of an object; none where it is another one now, or gone.
    async fn part(
        &self,
        key: &str,
        etag: &str,
        range: Range<u64>,
    ) -> Result<Option<ByteStream>, BucketError> {
        let Bucket { client, place } = &self.bucket;
        let request = client
            .get_object()
            .bucket(&place.bucket)
            .key(place.key(key))
            .if_match(format!("\"{etag}\""))
            .range(format!("bytes={}-{}", range.start, range.end - 1));
        match request.send().await {
            Ok(output) => Ok(Some(output.body)),
            Err(error) if matches!(status(&error), Some(404 | 412)) => Ok(None),
            Err(error) => Err(trouble("GetObject", key, &error)),
        }
    }

    /// Ends a request at the deadline.
    async fn in_time<T>(
        &self,
        action: &'static str,
        key: &str,
        work: impl Future<Output = Result<T, BucketError>>,
    ) -> Result<T, BucketError> {
        let late = |_| failed(action, key, "no answer in time");
        timeout_at(self.deadline, work).await.map_err(late)?
    }
}

impl Host for Requests {
    type Error = BucketError;

    async fn head(&self, key: &str) -> Result<Option<Head>, BucketError> {
        let Bucket { client, place } = &self.bucket;
        let request = client
            .head_object()
            .bucket(&place.bucket)
            .key(place.key(key));
        self.in_time("HeadObject", key, async {
            let output = match request.send().await {
                Ok(output) => output,
                Err(error) if status(&error) == Some(404) => return Ok(None),
                Err(error) => return Err(trouble("HeadObject", key, &error)),
            };
            let metadata = output.metadata();
            let original = metadata.and_then(|metadata| metadata.get(Field::Original.name()));
            let size_bytes = output.content_length().unwrap_or_default();
            Ok(Some(Head {
                etag: unquoted(output.e_tag()),
                size_bytes: u64::try_from(size_bytes).unwrap_or_default(),
                original: original.map(|original| Original::read(original).etag),
            }))
        })
        .await
    }

    async fn open(&self, key: &str) -> Result<Option<StoredObject>, BucketError> {
        let Bucket { client, place } = &self.bucket;
        let request = client.get_object().bucket(&place.bucket);
        let request = request.key(place.key(key));
        self.in_time("GetObject", key, async {
            let output = match request.send().await {
                Ok(output) => output,
                Err(error) if status(&error) == Some(404) => return Ok(None),
                Err(error) => return Err(trouble("GetObject", key, &error)),
            };
            let headers = headers(&output);
            let mut bytes = Vec::new();
            let read = append(output.body, MAX_THUMBNAIL_BYTES, &mut bytes).await;
            read.map_err(|reason| failed("GetObject", key, &reason))?;
            Ok(Some(StoredObject {
                headers,
                bytes: bytes.into(),
            }))
        })
        .await
    }

    async fn read(
        &self,
        key: &str,
        etag: &str,
        range: Range<u64>,
        into: &mut Vec<u8>,
    ) -> Result<bool, BucketError> {
        self.in_time("GetObject", key, async {
            let whole = into.len() + usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
            let mut reason = String::new();
            // The client tries again where no answer comes. One that is cut short goes on where it was cut.
            for _ in 0..ATTEMPTS {
                let lacking = whole - into.len();
                let first = range.end - lacking as u64;
                let Some(body) = self.part(key, etag, first..range.end).await? else {
                    return Ok(false);
                };
                let read = append(body, lacking, into).await;
                if into.len() == whole {
                    return Ok(true);
                }
                let length = range.end - range.start;
                let came = length - (whole - into.len()) as u64;
                reason = match read {
                    Ok(()) => format!("{came} of {length} bytes came"),
                    Err(reason) => format!("{came} of {length} bytes came: {reason}"),
                };
            }
            Err(failed("GetObject", key, &reason))
        })
        .await
    }

    async fn put(&self, object: &Object) -> Result<PutOutcome, BucketError> {
        let Bucket { client, place } = &self.bucket;
        let metadata = object.metadata.clone().into_iter().collect();
        let request = client
            .put_object()
            .bucket(&place.bucket)
            .key(place.key(&object.key))
            .if_none_match("*")
            .content_type(object.content_type)
            .cache_control(object.cache_control)
            .content_disposition(&object.content_disposition)
            .set_metadata(Some(metadata))
            .body(ByteStream::from(object.bytes.clone()));
        let key = object.key.as_str();
        let put = self.in_time("PutObject", key, async {
            match request.send().await {
                Ok(output) => Ok(PutOutcome::Stored(unquoted(output.e_tag()))),
                Err(error) if matches!(status(&error), Some(409 | 412)) => Ok(PutOutcome::Occupied),
                Err(error) => Err(trouble("PutObject", key, &error)),
            }
        });
        Ok(put.await.unwrap_or_else(|error| {
            // The reader gets the picture all the same.
            eprintln!("{error}");
            PutOutcome::Failed
        }))
    }

    async fn delete(&self, key: &str, etag: &str) -> Result<(), BucketError> {
        let Bucket { client, place } = &self.bucket;
        let request = client
            .delete_object()
            .bucket(&place.bucket)
            .key(place.key(key))
            .if_match(format!("\"{etag}\""));
        self.in_time("DeleteObject", key, async {
            match request.send().await {
                Ok(_) => Ok(()),
                // It is gone, or another one meanwhile, which is another's.
                Err(error) if matches!(status(&error), Some(404 | 409 | 412)) => Ok(()),
                Err(error) => Err(trouble("DeleteObject", key, &error)),
            }
        })
        .await
    }
}

/// The headers of S3's answer, as far as a thumbnail has them.
fn headers(output: &GetObjectOutput) -> Headers<'static> {
    let mut headers = Headers::default();
    headers.set("accept-ranges", "bytes");
    let length = output.content_length().map(|length| length.to_string());
    for (name, value) in [
        ("etag", output.e_tag()),
        ("content-length", length.as_deref()),
        ("content-type", output.content_type()),
        ("cache-control", output.cache_control()),
        ("content-disposition", output.content_disposition()),
    ] {
        if let Some(value) = value {
            headers.set(name, value.to_owned());
        }
    }
    for (name, value) in output.metadata().into_iter().flatten() {
        headers.set(format!("{S3_PREFIX}{name}"), value.clone());
    }
    headers
}

/// Appends what comes, and no more than so many bytes.
async fn append(mut body: ByteStream, most: usize, into: &mut Vec<u8>) -> Result<(), String> {
    let mut room = most;
    while room > 0 {
        let Some(part) = body.next().await else {
            break;
        };
        let part = part.map_err(|error| DisplayErrorContext(error).to_string())?;
        let taken = part.len().min(room);
        into.extend_from_slice(&part[..taken]);
        room -= taken;
    }
    Ok(())
}

fn unquoted(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

/// The status of the answer, if one came.
fn status<E>(error: &SdkError<E>) -> Option<u16> {
    error
        .raw_response()
        .map(|response| response.status().as_u16())
}

fn trouble<E>(action: &'static str, key: &str, error: &SdkError<E>) -> BucketError
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    match status(error) {
        Some(401 | 403) => BucketError::Denied {
            action,
            key: key.to_owned(),
        },
        _ => failed(action, key, &reason(error)),
    }
}

fn failed(action: &'static str, key: &str, reason: &str) -> BucketError {
    BucketError::Failed {
        action,
        key: key.to_owned(),
        reason: reason.to_owned(),
    }
}

/// What S3 or the SDK says.
fn reason<E>(error: &SdkError<E>) -> String
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    match (error.code(), error.message()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => DisplayErrorContext(error).to_string(),
    }
}
