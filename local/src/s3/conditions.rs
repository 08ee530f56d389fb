//! The conditions of writes and reads.

use jiff::Timestamp;
use s3s::dto::{self, ETagCondition};
use s3s::{S3Error, S3Result, s3_error};

use super::error::StoreError;
use super::index::Entry;
use super::object::ObjectMeta;

/// Under which condition a write may happen
/// (S3 User Guide, "How to prevent object overwrites with conditional writes").
#[derive(Clone, Debug, Default)]
pub(super) struct WriteCondition {
    pub if_match: Option<ETagCondition>,
    /// `If-None-Match: *`: only if nothing is there.
    pub if_none_match: bool,
}

impl WriteCondition {
    /// `If-None-Match` of a write takes `*` only; S3 does not implement anything else there.
    pub fn new(
        if_match: Option<ETagCondition>,
        if_none_match: Option<ETagCondition>,
    ) -> S3Result<WriteCondition> {
        if if_none_match
            .as_ref()
            .is_some_and(|condition| !condition.is_any())
        {
            return Err(s3_error!(
                NotImplemented,
                "If-None-Match of a write takes * only"
            ));
        }
        Ok(WriteCondition {
            if_match,
            if_none_match: if_none_match.is_some(),
        })
    }

    /// Whether a write may replace `current`, the object that is there now.
    pub fn check(&self, key: &str, current: Option<&Entry>) -> Result<(), StoreError> {
        if self.if_none_match && current.is_some() {
            return Err(StoreError::PreconditionFailed("If-None-Match"));
        }
        match (&self.if_match, current) {
            (Some(_), None) => Err(StoreError::NoSuchKey(key.to_owned())),
            (Some(condition), Some(entry)) if !matches(condition, &entry.etag) => {
                Err(StoreError::PreconditionFailed("If-Match"))
            }
            _ => Ok(()),
        }
    }
}

/// Under which conditions an object may be deleted (API reference, `DeleteObject`).
#[derive(Clone, Debug, Default)]
pub(super) struct DeleteCondition {
    pub if_match: Option<ETagCondition>,
    pub last_modified: Option<dto::Timestamp>,
    pub size: Option<i64>,
}

impl DeleteCondition {
    /// Whether `current` may go. What is not there cannot have been changed by others, so only
    /// `If-Match: *`, which asks for existence, fails on a missing object.
    pub fn check(&self, current: Option<&Entry>) -> Result<(), StoreError> {
        let Some(entry) = current else {
            return match &self.if_match {
                Some(ETagCondition::Any) => Err(StoreError::PreconditionFailed("If-Match")),
                _ => Ok(()),
            };
        };
        if self
            .if_match
            .as_ref()
            .is_some_and(|condition| !matches(condition, &entry.etag))
        {
            return Err(StoreError::PreconditionFailed("If-Match"));
        }
        if self
            .last_modified
            .as_ref()
            .is_some_and(|time| *time != to_second(entry.last_modified))
        {
            return Err(StoreError::PreconditionFailed(
                "x-amz-if-match-last-modified-time",
            ));
        }
        if self
            .size
            .is_some_and(|size| u64::try_from(size) != Ok(entry.size))
        {
            return Err(StoreError::PreconditionFailed("x-amz-if-match-size"));
        }
        Ok(())
    }
}

/// The four conditions of a read (RFC 9110, section 13.2.2; S3 compares times by the second).
#[derive(Clone, Debug, Default)]
pub(super) struct ReadCondition {
    pub if_match: Option<ETagCondition>,
    pub if_none_match: Option<ETagCondition>,
    pub if_modified_since: Option<dto::Timestamp>,
    pub if_unmodified_since: Option<dto::Timestamp>,
}

/// What the conditions of a read say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Go,
    /// 304 for GET and HEAD; for the source of a copy, 412.
    NotModified,
    /// 412.
    Failed(&'static str),
}

impl ReadCondition {
    pub fn check(&self, meta: &ObjectMeta) -> Verdict {
        let modified = to_second(meta.last_modified);
        match (&self.if_match, &self.if_unmodified_since) {
            (Some(condition), _) if !matches(condition, &meta.etag) => {
                return Verdict::Failed("If-Match");
            }
            (None, Some(time)) if modified > *time => {
                return Verdict::Failed("If-Unmodified-Since");
            }
            _ => {}
        }
        match (&self.if_none_match, &self.if_modified_since) {
            (Some(condition), _) if matches(condition, &meta.etag) => Verdict::NotModified,
            (None, Some(time)) if modified <= *time => Verdict::NotModified,
            _ => Verdict::Go,
        }
    }
}

impl Verdict {
    /// The error for the source of a copy, where "not modified" is a failure too.
    pub fn for_copy(self) -> Result<(), S3Error> {
        match self {
            Verdict::Go => Ok(()),
            Verdict::NotModified => {
                Err(StoreError::PreconditionFailed("of the copy source").into())
            }
            Verdict::Failed(which) => Err(StoreError::PreconditionFailed(which).into()),
        }
    }
}

/// Whether an ETag meets a condition. `W/"x"` meets `"x"`: S3's own ETags are all strong.
fn matches(condition: &ETagCondition, etag: &str) -> bool {
    condition
        .as_etag()
        .is_none_or(|wanted| wanted.value() == etag)
}

/// A time as S3's types have it.
pub(super) fn timestamp(time: Timestamp) -> dto::Timestamp {
    dto::Timestamp::from(std::time::SystemTime::from(time))
}

/// A time of S3's types as ours.
pub(super) fn from_timestamp(time: &dto::Timestamp) -> Option<Timestamp> {
    let mut text = Vec::new();
    time.format(dto::TimestampFormat::DateTime, &mut text)
        .ok()?;
    std::str::from_utf8(&text).ok()?.parse().ok()
}

/// Cut to the second, as HTTP shows it.
fn to_second(time: Timestamp) -> dto::Timestamp {
    timestamp(Timestamp::from_second(time.as_second()).unwrap_or(time))
}
