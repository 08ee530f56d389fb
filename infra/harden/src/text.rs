//! Texts of CloudFront and S3, read and written as they are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use quillfront_audit::harden::{Part, Resource};
use quillfront_aws::service::{CLOUDFRONT, S3};
use quillfront_aws::{Aws, Error, Request, Response};
use quillfront_observe::buckets;
use quillfront_observe::cloudfront::ROOT;

/// A text, and the ETag that it was read with; S3 has none for settings of buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// None where there is none.
    pub text: Option<String>,
    /// CloudFront's.
    pub etag: Option<String>,
}

/// A resource in words.
pub fn name(resource: &Resource) -> String {
    match resource {
        Resource::Distribution(id) => format!("distribution {id}"),
        Resource::New(what) => what.name().to_owned(),
        Resource::HeadersPolicy(id) => format!("response headers policy {id}"),
        Resource::CachePolicy(id) => format!("cache policy {id}"),
        Resource::AccessControl(id) => format!("origin access control {id}"),
        Resource::Bucket(bucket, part) => format!("{} of bucket {bucket}", settings(*part).words),
    }
}

/// How S3 calls a part of a bucket's configuration.
struct Settings {
    words: &'static str,
    query: &'static str,
    get: &'static str,
    put: &'static str,
    delete: &'static str,
    /// The code where there is none.
    absent: &'static str,
}

fn settings(part: Part) -> Settings {
    match part {
        Part::Policy => Settings {
            words: "the policy",
            query: "policy",
            get: "s3:GetBucketPolicy",
            put: "s3:PutBucketPolicy",
            delete: "s3:DeleteBucketPolicy",
            absent: "NoSuchBucketPolicy",
        },
        Part::PublicAccessBlock => Settings {
            words: "the public access block",
            query: "publicAccessBlock",
            get: "s3:GetBucketPublicAccessBlock",
            put: "s3:PutBucketPublicAccessBlock",
            delete: "s3:PutBucketPublicAccessBlock",
            absent: "NoSuchPublicAccessBlockConfiguration",
        },
        Part::Encryption => Settings {
            words: "the encryption",
            query: "encryption",
            get: "s3:GetEncryptionConfiguration",
            put: "s3:PutEncryptionConfiguration",
            delete: "s3:PutEncryptionConfiguration",
            absent: "ServerSideEncryptionConfigurationNotFoundError",
        },
        Part::Versioning => Settings {
            words: "versioning",
            query: "versioning",
            get: "s3:GetBucketVersioning",
            put: "s3:PutBucketVersioning",
            delete: "s3:PutBucketVersioning",
            absent: "",
        },
        Part::Ownership => Settings {
            words: "the ownership",
            query: "ownershipControls",
            get: "s3:GetBucketOwnershipControls",
            put: "s3:PutBucketOwnershipControls",
            delete: "s3:PutBucketOwnershipControls",
            absent: "OwnershipControlsNotFoundError",
        },
    }
}

/// Where CloudFront has a configuration, where it is written, and the permissions for both.
fn cloudfront(resource: &Resource) -> Option<(String, String, &'static str, &'static str)> {
    let (path, id, is_config, get, put) = match resource {
        Resource::Distribution(id) => (
            "distribution",
            id,
            true,
            "cloudfront:GetDistributionConfig",
            "cloudfront:UpdateDistribution",
        ),
        Resource::AccessControl(id) => (
            "origin-access-control",
            id,
            true,
            "cloudfront:GetOriginAccessControlConfig",
            "cloudfront:UpdateOriginAccessControl",
        ),
        Resource::HeadersPolicy(id) => (
            "response-headers-policy",
            id,
            false,
            "cloudfront:GetResponseHeadersPolicyConfig",
            "cloudfront:UpdateResponseHeadersPolicy",
        ),
        Resource::CachePolicy(id) => (
            "cache-policy",
            id,
            false,
            "cloudfront:GetCachePolicyConfig",
            "cloudfront:UpdateCachePolicy",
        ),
        Resource::New(_) | Resource::Bucket(..) => return None,
    };
    let base = format!("{ROOT}/{path}/{id}");
    let config = format!("{base}/config");
    let written = if is_config { config.clone() } else { base };
    Some((config, written, get, put))
}

/// Reads a text.
///
/// # Errors
/// AWS refuses, or the answer is no text.
pub async fn read(aws: &Aws, resource: &Resource) -> Result<Text, Error> {
    if let Some((path, _, get, _)) = cloudfront(resource) {
        let answer = aws
            .send(&Request::get(&CLOUDFRONT, path).allowed_by(get))
            .await?;
        let etag = answer.header("etag").map(str::to_owned);
        return Ok(Text {
            text: Some(utf8(answer)?),
            etag,
        });
    }
    let Resource::Bucket(bucket, part) = resource else {
        return Err(Error::Malformed(format!(
            "{} has no id yet",
            name(resource)
        )));
    };
    let settings = settings(*part);
    let region = buckets::region(aws, bucket).await;
    let request = Request::get(&S3, format!("/{bucket}")).with_query(settings.query, "");
    let request = request.in_region(region).allowed_by(settings.get);
    match aws.send(&request).await {
        Ok(answer) => Ok(Text {
            text: Some(utf8(answer)?),
            etag: None,
        }),
        Err(error) if error.code() == Some(settings.absent) => Ok(Text {
            text: None,
            etag: None,
        }),
        Err(error) => Err(error),
    }
}

/// A text that is written back has to be what was read, to the last byte.
fn utf8(answer: Response) -> Result<String, Error> {
    String::from_utf8(answer.body).map_err(|_| Error::Malformed("the answer is no text".to_owned()))
}

/// Writes a text with the ETag that it was read with; none takes a setting of a bucket away. Returns the new ETag.
///
/// # Errors
/// AWS refuses; [`is_overtaken`] where somebody else was faster.
pub async fn write(
    aws: &Aws,
    resource: &Resource,
    text: Option<&str>,
    etag: Option<&str>,
) -> Result<Option<String>, Error> {
    if let Some((_, path, _, put)) = cloudfront(resource) {
        let request = Request::new(&CLOUDFRONT, Method::PUT, path);
        let request = request.with_body("application/xml", text.unwrap_or_default());
        let request = request.with_header("if-match", etag.unwrap_or_default());
        let answer = aws.send(&request.allowed_by(put)).await?;
        return Ok(answer.header("etag").map(str::to_owned));
    }
    let Resource::Bucket(bucket, part) = resource else {
        return Err(Error::Malformed(format!(
            "{} has no id yet",
            name(resource)
        )));
    };
    let settings = settings(*part);
    let region = buckets::region(aws, bucket).await;
    let path = format!("/{bucket}");
    let request = match text {
        Some(text) => {
            // S3 wants one of several sums of what is in such requests.
            let sum = STANDARD.encode(crc32fast::hash(text.as_bytes()).to_be_bytes());
            let kind = if *part == Part::Policy {
                "application/json"
            } else {
                "application/xml"
            };
            Request::new(&S3, Method::PUT, path)
                .with_body(kind, text)
                .with_header("x-amz-checksum-crc32", sum)
        }
        None => Request::new(&S3, Method::DELETE, path),
    };
    let request = request.with_query(settings.query, "").in_region(region);
    let permission = if text.is_some() {
        settings.put
    } else {
        settings.delete
    };
    aws.send(&request.allowed_by(permission)).await?;
    Ok(None)
}

/// Whether a write was refused since somebody else was faster.
pub fn is_overtaken(error: &Error) -> bool {
    error.status() == Some(412) || error.code() == Some("InvalidIfMatchVersion")
}
