//! What storage did not do, and whether it ever will.

use super::Bucket;
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

/// The infrastructure did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("{action} s3://{bucket}/{key}: {message}")]
pub struct StoreError {
    pub(super) action: &'static str,
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) message: String,
    pub(super) is_hopeless: bool,
    pub(super) is_damaged: bool,
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
pub(super) const DAMAGED: &str = "ObjectDamaged";

/// Its status, where an answer has no body.
pub(super) const DAMAGED_STATUS: u16 = 410;

impl Bucket {
    /// What was not done, and what S3 or the SDK said of it.
    pub(super) fn error<E, R>(
        &self,
        action: &'static str,
        key: &str,
        error: &SdkError<E, R>,
    ) -> StoreError
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

/// Whether an error has one of these codes.
pub(super) fn is<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>, codes: &[&str]) -> bool {
    error.code().is_some_and(|code| codes.contains(&code))
}
