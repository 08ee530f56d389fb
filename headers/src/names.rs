//! Names of headers: what one is, and which an object may set.

/// Headers that a function may not add, in requests and responses. CloudFront hides them from it.
pub const DISALLOWED: [&str; 25] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "trailer",
    "upgrade",
    "x-accel-buffering",
    "x-accel-charset",
    "x-accel-limit-rate",
    "x-accel-redirect",
    "x-amzn-auth",
    "x-amzn-cf-billing",
    "x-amzn-cf-id",
    "x-amzn-cf-xff",
    "x-amzn-errortype",
    "x-amzn-fle-profile",
    "x-amzn-header-count",
    "x-amzn-header-order",
    "x-amzn-lambda-integration-tag",
    "x-amzn-requestid",
    "x-cache",
    "x-forwarded-proto",
    "x-real-ip",
];

/// How the names of whole families of disallowed headers begin.
pub const DISALLOWED_PREFIXES: [&str; 2] = ["x-amz-cf-", "x-edge-"];

/// Headers that a function may only read, at one event or another (Amazon CloudFront Developer Guide,
/// "Restrictions on edge functions", "Read-only headers").
pub const READ_ONLY: [&str; 12] = [
    "accept-encoding",
    "cdn-loop",
    "content-encoding",
    "content-length",
    "host",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "transfer-encoding",
    "via",
    "warning",
];

/// Returns whether a function may not add the header of this lower-case name.
pub fn is_disallowed(name: &str) -> bool {
    DISALLOWED.contains(&name)
        || DISALLOWED_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix))
}

/// Whether the metadata of an object, or the rules of a site, may set the header of this lower-case name.
///
/// Not those that frame the message or that a cache works out itself, not cookies (a response is
/// shared by all viewers), not those that say where a redirect leads, and none that CloudFront
/// [refuses](DISALLOWED).
pub fn may_set(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "accept-ranges",
        "age",
        "content-range",
        "date",
        "etag",
        "last-modified",
        "location",
        "set-cookie",
        "vary",
    ];
    /// The proxy's, and those of AWS.
    const PREFIXES: &[&str] = &["x-accel-", "x-amz"];
    is_name(name)
        && !NAMES.contains(&name)
        && !PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        && !is_disallowed(name)
        && !READ_ONLY.contains(&name)
}

/// Returns whether a text is the lower-case name of a header.
pub fn is_name(text: &str) -> bool {
    // All bytes are looked at, many at once.
    let all = text
        .bytes()
        .fold(true, |so_far, byte| so_far & is_lower_token(byte));
    !text.is_empty() && all
}

/// RFC 9110, section 5.6.2, in lower case.
fn is_lower_token(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'!' | b'#' | b'$' | b'%' | b'&'
        | b'\'' | b'*' | b'+' | b'^' | b'`' | b'|' | b'~')
}
