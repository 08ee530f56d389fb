//! Conditional writes.

use super::{Attributes, Bucket, StoreError, count, is, non_empty, unquoted};
use crate::bucket::unanswered::Attempts;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::MetadataDirective;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

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
pub enum WriteOutcome {
    /// It happened; the object's ETag now.
    Done(String),
    /// The condition did not hold (412; 404 under If-Match), or another write was under way (409).
    Refused,
}

/// Everything but unreserved characters and `/`, for `x-amz-copy-source`.
const COPY_SOURCE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

impl Bucket {
    fn attempts(&self) -> Attempts {
        Attempts::of(self.unanswered.clone())
    }

    /// Writes bytes.
    pub async fn put(
        &self,
        key: &str,
        bytes: &[u8],
        attributes: &Attributes,
        condition: &Condition,
    ) -> Result<WriteOutcome, StoreError> {
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
        let request = request.customize().interceptor(self.attempts());
        match Box::pin(request.send()).await {
            Ok(output) => Ok(WriteOutcome::Done(unquoted(output.e_tag()))),
            Err(error) if refused(&error, condition) => Ok(WriteOutcome::Refused),
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
    ) -> Result<WriteOutcome, StoreError> {
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
        match Box::pin(request.send()).await {
            Ok(output) => {
                let result = output.copy_object_result();
                Ok(WriteOutcome::Done(unquoted(
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
                Ok(WriteOutcome::Refused)
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
    pub async fn delete(
        &self,
        key: &str,
        condition: &Condition,
    ) -> Result<WriteOutcome, StoreError> {
        if !self.may_have(key) {
            // None of ours can be there.
            return Ok(WriteOutcome::Done(String::new()));
        }
        count(&self.counts.delete, 1);
        let request = self
            .client
            .delete_object()
            .bucket(&self.place.bucket)
            .key(self.key(key))
            .set_if_match(condition.if_match());
        let request = request.customize().interceptor(self.attempts());
        match Box::pin(request.send()).await {
            Ok(_) => Ok(WriteOutcome::Done(String::new())),
            Err(error) if is(&error, &["NoSuchKey", "NotFound"]) => {
                Ok(WriteOutcome::Done(String::new()))
            }
            Err(error) if refused(&error, condition) => Ok(WriteOutcome::Refused),
            Err(error) => Err(self.error("removing", key, &error)),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket::unanswered::UnansweredWrites;
    use aws_credential_types::Credentials;
    use std::sync::Arc;
    use std::time::Duration;

    #[test]
    fn a_copy_has_the_time_of_the_request_and_no_more() {
        let all = Duration::from_secs(55);
        let credentials = Credentials::new("key", "secret", None, None, "test");
        let config = crate::aws::fixed(all, credentials, "us-east-1");
        let client = crate::aws::s3(&config, true);
        let unanswered = Arc::new(UnansweredWrites::new(all));
        let place = "s3://site".parse().unwrap();
        let bucket = Bucket::new(client, place, Arc::default(), unanswered);
        let patient = bucket.patient();
        assert_eq!(patient.operation_timeout(), Some(all));
        assert_eq!(patient.operation_attempt_timeout(), None);
        assert!(patient.connect_timeout().is_some());
    }
}
