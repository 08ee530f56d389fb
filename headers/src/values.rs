//! What values may hold.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What no URI may hold (RFC 3986, section 2), and the backslash, which browsers read as a slash. A `%`
/// may begin an escape, and is not among these.
pub const NOT_IN_URI: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Percent-encodes all characters of an address that no URI may hold; escapes stay as they are.
pub fn encode_address(address: &str) -> String {
    utf8_percent_encode(address, NOT_IN_URI).to_string()
}

/// Returns whether a text comes back from S3 as it was sent: printable ASCII that neither begins nor
/// ends with a space. S3 answers with other text in an encoding of its own (S3 User Guide, "Working
/// with object metadata"), and HTTP drops spaces at both ends (RFC 9110, section 5.5).
pub fn is_header_value(text: &str) -> bool {
    text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && text.trim_matches(' ') == text
}
