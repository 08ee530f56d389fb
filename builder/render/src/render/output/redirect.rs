//! Pages that only lead elsewhere: the target as metadata of the object.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use quillfront_site::object::Object;

/// The rest of a metadata budget of 1,900 bytes (interface.md) goes to what comes later.
const MAX_LOCATION_BYTES: usize = 1_000;

/// What a `Location` and S3 metadata may carry: ASCII without spaces.
const LOCATION: &AsciiSet = &CONTROLS
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

/// Says in the metadata of a page that only redirects where it leads, for hosts that answer with a status.
pub(super) fn redirecting(mut object: Object, target: &str) -> Object {
    let location = encode_location(target);
    if location.len() <= MAX_LOCATION_BYTES {
        object.metadata.insert("qf-location".into(), location);
    }
    object
}

fn encode_location(url: &str) -> String {
    utf8_percent_encode(url, LOCATION).to_string()
}
