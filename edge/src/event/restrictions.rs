//! What CloudFront refuses from a function (Amazon CloudFront Developer Guide, "Restrictions on edge
//! functions", and "Quotas" for the sizes). A function that does one of these makes it answer 502.

use super::EventType;

pub use quillfront_headers::names::{DISALLOWED, DISALLOWED_PREFIXES, is_disallowed};

/// The most bytes of all headers of a request or a response.
pub const MAX_HEADER_BYTES: usize = 20_480;

/// The most bytes of path and query string.
pub const MAX_URL_BYTES: usize = 8_192;

/// The statuses that a function may answer with.
pub const STATUSES: std::ops::RangeInclusive<u16> = 200..=599;

/// Returns the headers that a function for this event may read, but neither add, change nor remove.
pub const fn read_only(event_type: EventType) -> &'static [&'static str] {
    match event_type {
        EventType::ViewerRequest => &[
            "cdn-loop",
            "content-length",
            "host",
            "transfer-encoding",
            "via",
        ],
        EventType::OriginRequest => &[
            "accept-encoding",
            "cdn-loop",
            "content-length",
            "if-modified-since",
            "if-none-match",
            "if-range",
            "if-unmodified-since",
            "transfer-encoding",
            "via",
        ],
        EventType::OriginResponse => &["transfer-encoding", "via"],
        EventType::ViewerResponse => &[
            "content-encoding",
            "content-length",
            "transfer-encoding",
            "via",
            "warning",
        ],
    }
}

/// Returns the most bytes of a response with a body from a function, headers included, and of the body
/// of a request that it replaces.
pub const fn max_body_bytes(event_type: EventType) -> usize {
    if event_type.is_viewer() {
        40 * 1_024
    } else {
        1_024 * 1_024
    }
}
