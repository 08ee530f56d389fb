//! The tag of an object's bytes and headers.
//!
//! S3's ETag tells the bytes alone, so a reader that has a page would be told to keep it, with its old
//! policy, after the policy has changed. An object with headers of its own has a tag of both.
//!
//! `Last-Modified` stays S3's, which moves with every put, so with a change of headers as well. A reader
//! that sends a tag is answered by the tag alone (RFC 9110, section 13.2.2); one that sends only a date
//! could keep what it has within the second in which an object is put twice, or after a release of
//! Quillfront with other default headers, and keeps no policy that it would enforce: browsers send tags.

use sha2::{Digest, Sha256};

use crate::event::Headers;
use crate::security::BASELINE;

/// The headers that are stored with an object and tell something of it beside its bytes. Its length is
/// told by its bytes, and its dates by no tag.
const STORED: [&str; 6] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
];

/// The bytes of the hash that are used.
const BYTES: usize = 16;

/// Returns the tag of an object: strong, as that of its bytes is, or weak. `headers` are those that
/// are sent, with the tag of the bytes; `own` names those that the object sets or drops.
pub(crate) fn of_all(headers: &Headers<'_>, own: &[String]) -> Option<String> {
    let of_bytes = headers.get("etag")?;
    let mut all = Vec::with_capacity(1_024);
    let mut add = |part: &str| {
        all.extend_from_slice(&(part.len() as u64).to_le_bytes());
        all.extend_from_slice(part.as_bytes());
    };
    add(of_bytes);
    let baseline = BASELINE.iter().map(|(name, _)| *name);
    let names = STORED.into_iter().chain(baseline);
    let names = names.chain(["content-security-policy"]);
    for name in names.chain(own.iter().map(String::as_str)) {
        add(name);
        for line in headers.get_all(name) {
            add(&line.value);
        }
    }
    let hex = hex::encode(&Sha256::digest(&all)[..BYTES]);
    let weak = if of_bytes.starts_with("W/") { "W/" } else { "" };
    Some(format!("{weak}\"{hex}\""))
}
