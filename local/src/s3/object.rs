//! An object as its reader sees it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::blocks::Contents;
use super::checksum::ObjectChecksum;

/// An opened object. It stays readable, and the same, when it is overwritten or deleted.
#[derive(Debug)]
pub struct Object {
    /// Everything about the object but its bytes.
    pub meta: ObjectMeta,
    /// Its bytes, which are checked as they are read.
    pub contents: Contents,
}

/// Everything about an object but its bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectMeta {
    /// Length in bytes.
    pub size: u64,
    /// S3's ETag without quotes: the MD5 in hex, or `<md5 of the parts' md5s>-<parts>`.
    pub etag: String,
    /// When it was written, to the millisecond.
    pub last_modified: Timestamp,
    /// `Content-Type`; `binary/octet-stream` where the client gave none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `Cache-Control`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    /// `Content-Disposition`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    /// `Content-Encoding`, without the `aws-chunked` of the transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// `Content-Language`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    /// `Expires`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// `x-amz-website-redirect-location`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website_redirect: Option<String>,
    /// User metadata: lower-case names without `x-amz-meta-`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The checksum that S3 keeps beside the ETag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<ObjectChecksum>,
    /// The sizes of the parts of a multipart upload, in order; empty for any other object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub part_sizes: Vec<u64>,
    /// The checksums of these parts, base64, where the client asked for checksums when it began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub part_checksums: Vec<String>,
}

/// Now, to the millisecond: the precision that listings show.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
