//! The security headers that every response carries.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// The default headers. An object's `qf-h` overrides any of them.
///
/// The first two change nothing that a well-formed site does; the third keeps other sites from
/// framing a page (Amazon CloudFront Developer Guide, "Use managed response headers policies",
/// SecurityHeadersPolicy, has the same values).
const BASELINE: [(HeaderName, &str); 3] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
    (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
];

/// Adds the default headers where `headers` has none of that name.
pub fn add_baseline(headers: &mut HeaderMap) {
    for (name, value) in BASELINE {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}

/// Whether an object's `qf-h` may set this header.
///
/// Not those that frame the message or that a cache works out itself, not cookies (a response is
/// shared by all viewers), and not those for which CloudFront answers 502 (Amazon CloudFront
/// Developer Guide, "Restrictions on edge functions", disallowed and read-only headers).
pub(crate) fn may_set(name: &HeaderName) -> bool {
    const NAMES: &[&str] = &[
        "accept-ranges",
        "age",
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "date",
        "etag",
        "expect",
        "keep-alive",
        "last-modified",
        "location",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "set-cookie",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "vary",
        "via",
        "warning",
        "x-cache",
        "x-forwarded-proto",
        "x-real-ip",
    ];
    const PREFIXES: &[&str] = &["x-accel-", "x-amz", "x-edge-"];
    let name = name.as_str();
    !NAMES.contains(&name) && !PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
