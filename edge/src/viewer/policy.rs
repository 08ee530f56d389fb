//! A distribution without Lambda@Edge: its headers, as a Response Headers Policy.
//!
//! CloudFront adds the headers of such a policy to every answer of a behaviour (Amazon CloudFront Developer
//! Guide, "Understand response headers policies"). It takes some headers apart into fields of its own; the
//! others are custom headers.

use quillfront_headers::{Field, Rules};
use serde_json::{Value, json};

use crate::event::Headers;
use crate::respond::CACHE_TAG;
use crate::security;

/// The most custom headers (Amazon CloudFront Developer Guide, "Quotas").
pub const MAX_CUSTOM: usize = 10;

/// The most headers that are taken off.
pub const MAX_REMOVED: usize = 10;

/// What S3 says of itself and of an object, and what the builder says to the functions of Lambda@Edge, which
/// may have been there before.
const REMOVED: [&str; 5] = [
    "server",
    "x-amz-id-2",
    "x-amz-request-id",
    "x-amz-server-side-encryption",
    CACHE_TAG,
];

const _: () = assert!(REMOVED.len() + Field::ALL.len() <= MAX_REMOVED);

/// Why there is no policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a Response Headers Policy takes {MAX_CUSTOM} headers beside the well-known ones, and these are {0}: \
     leave some out of `_headers`"
)]
pub struct TooMany(usize);

/// Returns the headers of every answer, by lower-case name.
pub fn headers(rules: &Rules) -> Headers<'static> {
    let mut headers = Headers::default();
    security::add_floor(&mut headers, rules);
    headers
}

/// Returns the names of the headers of the origin that no reader gets.
pub fn removed() -> impl Iterator<Item = &'static str> {
    let fields = Field::ALL.iter().map(|field| field.header());
    REMOVED.into_iter().chain(fields)
}

/// Returns the configuration, as `aws cloudfront create-response-headers-policy` takes it.
///
/// # Errors
/// There are more headers than it takes.
pub fn response_headers_policy(name: &str, rules: &Rules) -> Result<Value, TooMany> {
    let mut known = serde_json::Map::new();
    let mut custom = Vec::new();
    for (name, line) in headers(rules).lines() {
        match known_field(name, &line.value) {
            Some((field, value)) => {
                known.insert(field.to_owned(), value);
            }
            None => custom.push(json!({
                "Header": &**name,
                "Value": &*line.value,
                "Override": true,
            })),
        }
    }
    if custom.len() > MAX_CUSTOM {
        return Err(TooMany(custom.len()));
    }
    let removed: Vec<Value> = removed().map(|name| json!({"Header": name})).collect();
    Ok(json!({
        "Name": name,
        "Comment": "Security headers of the whole site, written by `quillfront package edge`",
        "SecurityHeadersConfig": known,
        "CustomHeadersConfig": {"Quantity": custom.len(), "Items": custom},
        "RemoveHeadersConfig": {"Quantity": removed.len(), "Items": removed},
    }))
}

/// Returns the field of a header that has one of its own.
fn known_field(name: &str, value: &str) -> Option<(&'static str, Value)> {
    Some(match name {
        "content-security-policy" => (
            "ContentSecurityPolicy",
            json!({"Override": true, "ContentSecurityPolicy": value}),
        ),
        "referrer-policy" => (
            "ReferrerPolicy",
            json!({"Override": true, "ReferrerPolicy": value}),
        ),
        "strict-transport-security" => ("StrictTransportSecurity", transport(value)?),
        "x-content-type-options" if value == "nosniff" => {
            ("ContentTypeOptions", json!({"Override": true}))
        }
        "x-frame-options" if matches!(value, "DENY" | "SAMEORIGIN") => (
            "FrameOptions",
            json!({"Override": true, "FrameOption": value}),
        ),
        _ => return None,
    })
}

/// Takes `max-age=31536000; includeSubDomains; preload` apart.
fn transport(value: &str) -> Option<Value> {
    let mut words = value.split(';').map(str::trim);
    let seconds: u32 = words.next()?.strip_prefix("max-age=")?.parse().ok()?;
    let rest: Vec<&str> = words.collect();
    Some(json!({
        "Override": true,
        "AccessControlMaxAgeSec": seconds,
        "IncludeSubdomains": rest.contains(&"includeSubDomains"),
        "Preload": rest.contains(&"preload"),
    }))
}
