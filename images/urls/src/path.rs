//! Keys as paths of URLs.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986 and the slash. `+` is encoded as well: S3 reads
/// a bare one as a space.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// Returns a decoded key as a URL path without leading slash: every byte but letters, digits, `-`, `.`, `_`, `~` and
/// the slash is an upper-case percent escape.
pub fn encode_path(key: &str) -> String {
    utf8_percent_encode(key, IN_PATH).to_string()
}
