//! Between the headers of a request and [`ObjectMeta`].

use s3s::dto::{ETagCondition, Metadata};
use s3s::{S3Result, s3_error};

use crate::s3::checksum::Algorithm;
use crate::s3::conditions::from_timestamp;
use crate::s3::limits::METADATA_BYTES;
use crate::s3::object::{ObjectMeta, now};

/// What S3 stores for an object that came without a type.
const DEFAULT_TYPE: &str = "binary/octet-stream";

/// The headers of a new object, from a request whose input has them (put, copy, begin of an upload).
/// Refuses what is not implemented rather than to ignore it.
macro_rules! object_headers {
    ($request:expr) => {{
        $crate::s3::service::acl::refuse_acl($request)?;
        let input = &$request.input;
        $crate::s3::service::headers::refuse(&[
            (
                "server-side encryption with customer keys",
                input.sse_customer_algorithm.is_some(),
            ),
            (
                "object lock",
                input.object_lock_mode.is_some() || input.object_lock_legal_hold_status.is_some(),
            ),
            (
                "tagging",
                input.tagging.as_ref().is_some_and(|tags| !tags.is_empty()),
            ),
        ])?;
        $crate::s3::service::headers::Headers {
            content_type: input.content_type.clone().map(String::from),
            cache_control: input.cache_control.clone(),
            content_disposition: input.content_disposition.clone(),
            content_encoding: input.content_encoding.clone(),
            content_language: input.content_language.clone(),
            expires: input.expires.clone(),
            website_redirect: input.website_redirect_location.clone(),
            metadata: input.metadata.clone(),
        }
        .into_meta()
    }};
}
pub(super) use object_headers;

/// Headers as they came.
pub(super) struct Headers {
    pub content_type: Option<String>,
    pub cache_control: Option<String>,
    pub content_disposition: Option<String>,
    pub content_encoding: Option<String>,
    pub content_language: Option<String>,
    pub expires: Option<s3s::dto::Timestamp>,
    pub website_redirect: Option<String>,
    pub metadata: Option<Metadata>,
}

impl Headers {
    /// The headers as they are kept; size, ETag and time are filled in at the end.
    pub fn into_meta(self) -> S3Result<ObjectMeta> {
        let metadata = self.metadata.unwrap_or_default();
        let size: usize = metadata
            .iter()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        if size > METADATA_BYTES {
            return Err(s3_error!(
                MetadataTooLarge,
                "user metadata may have {METADATA_BYTES} bytes, these are {size}"
            ));
        }
        Ok(ObjectMeta {
            size: 0,
            etag: String::new(),
            last_modified: now(),
            content_type: Some(
                self.content_type
                    .filter(|kind| !kind.is_empty())
                    .unwrap_or(DEFAULT_TYPE.into()),
            ),
            cache_control: self.cache_control,
            content_disposition: self.content_disposition,
            content_encoding: self.content_encoding.and_then(without_aws_chunked),
            content_language: self.content_language,
            expires: self.expires.as_ref().and_then(from_timestamp),
            website_redirect: self.website_redirect,
            metadata: metadata.into_iter().collect(),
            checksum: None,
            part_sizes: Vec::new(),
            part_checksums: Vec::new(),
        })
    }
}

/// The one checksum that a request carries, of the fields its input has for them.
macro_rules! checksum_value {
    ($input:expr) => {{
        use $crate::s3::checksum::Algorithm;
        $crate::s3::service::headers::only_one([
            (Algorithm::Crc32, $input.checksum_crc32.clone()),
            (Algorithm::Crc32c, $input.checksum_crc32c.clone()),
            (Algorithm::Crc64Nvme, $input.checksum_crc64nvme.clone()),
            (Algorithm::Sha1, $input.checksum_sha1.clone()),
            (Algorithm::Sha256, $input.checksum_sha256.clone()),
        ])
    }};
}
pub(super) use checksum_value;

/// Shows a checksum in the fields that an output has for it.
macro_rules! show_checksum {
    ($output:expr, $checksum:expr) => {
        if let Some(checksum) = $checksum {
            use $crate::s3::checksum::Algorithm;
            let value = Some(checksum.value.clone());
            match checksum.algorithm {
                Algorithm::Crc32 => $output.checksum_crc32 = value,
                Algorithm::Crc32c => $output.checksum_crc32c = value,
                Algorithm::Crc64Nvme => $output.checksum_crc64nvme = value,
                Algorithm::Sha1 => $output.checksum_sha1 = value,
                Algorithm::Sha256 => $output.checksum_sha256 = value,
            }
        }
    };
}
pub(super) use show_checksum;

pub(super) fn only_one(
    values: [(Algorithm, Option<String>); 5],
) -> S3Result<Option<(Algorithm, String)>> {
    let mut given = values
        .into_iter()
        .filter_map(|(algorithm, value)| Some((algorithm, value?)));
    let first = given.next();
    if given.next().is_some() {
        return Err(s3_error!(
            InvalidRequest,
            "expecting a single x-amz-checksum- header"
        ));
    }
    Ok(first)
}

pub(super) fn parse_algorithm(name: Option<&str>) -> S3Result<Option<Algorithm>> {
    let Some(name) = name else { return Ok(None) };
    match Algorithm::parse(name) {
        Some(algorithm) => Ok(Some(algorithm)),
        None => Err(s3_error!(InvalidRequest, "{name} is no checksum algorithm")),
    }
}

/// `If-Match` and `If-None-Match` where the protocol layer has no field for them.
pub(super) fn condition_header(
    headers: &http::HeaderMap,
    name: http::HeaderName,
) -> S3Result<Option<ETagCondition>> {
    let Some(value) = headers.get(&name) else {
        return Ok(None);
    };
    match ETagCondition::parse_http_header(value.as_bytes()) {
        Ok(condition) => Ok(Some(condition)),
        Err(_) => Err(s3_error!(InvalidArgument, "{name} is not an ETag")),
    }
}

pub(super) fn refuse(features: &[(&'static str, bool)]) -> S3Result<()> {
    match features.iter().find(|(_, asked)| *asked) {
        Some((feature, _)) => Err(s3_error!(NotImplemented, "{feature} is not implemented")),
        None => Ok(()),
    }
}

/// `aws-chunked` says how the body travels, not what it is.
fn without_aws_chunked(encoding: String) -> Option<String> {
    let kept: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("aws-chunked"))
        .collect();
    if kept.is_empty() {
        None
    } else {
        Some(kept.join(", "))
    }
}
