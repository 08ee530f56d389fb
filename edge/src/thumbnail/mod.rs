//! Thumbnails by URL, at request time.
//!
//! The story of a request, one module a step:
//!
//! 1. [`ask`](mod@ask): before the cache. The path is refused, or becomes the one by which caches and buckets know
//!    the picture, its canonical form. What the reader takes ([`Accept`](ThumbnailRequest::accept)) is in it from here on, and
//!    a signature has been checked, so nothing else of the request matters any more but the [`Grant`].
//! 2. The host looks whether there is such an object. It is a finished thumbnail where it was made of the
//!    [original as it is now](is_of).
//! 3. [`make`](mod@make): where there is none, one function makes it of the original and stores it. It asks a
//!    [`Host`] for each request to the bucket and a [`Codec`] for the picture, so that `serve` and a Lambda
//!    function share it, and the add-on for Lambda@Edge has no codecs.
//! 4. [`found`]: the headers. They are made of what is stored with the [object](Object), whether it was made
//!    just now or comes from the bucket.
//!
//! # Invariants
//!
//! - No path leads to an object that no reader may have, nor to a thumbnail of a thumbnail.
//! - What is stored was made of the original that was there after it was stored, or is deleted again.
//! - No original, whatever its bytes, makes an answer of 500 or more.

mod answer;
pub mod ask;
pub mod make;
mod object;

pub(crate) use answer::{MAX_REASON, led_to_original};
pub use answer::{REMARK_HEADER, SHORT_CACHE_CONTROL, found};
pub use ask::{Resolution, ThumbnailRequest, ask};
pub use make::{
    Codec, EncodedPicture, Grant, Head, Host, MakeError, MakeOutcome, Picture, PutOutcome,
    SIGNED_HEADER, StoredObject, make,
};
pub use object::{IMMUTABLE, Object};

use quillfront_headers::{Metadata, Rules};
use quillfront_image_urls::{Place, Settings, Variant};

use crate::route::{ObjectKey, is_internal, route};

/// Returns whether a path is below the prefix of thumbnails, as it is written. It may be that of an ordinary
/// object.
pub(crate) fn is_below(path: &str, rules: &Rules) -> bool {
    let rest = path.strip_prefix(&*rules.images.prefix);
    rest.is_some_and(|rest| rest.starts_with('/'))
}

/// Returns whether a path leads to where thumbnails are without being written so, such as `/%69mg/w=1/cat.jpg`. It
/// belongs to another behaviour of the distribution, where nobody checks what is free.
pub(crate) fn is_disguised(path: &str, key: &ObjectKey, rules: &Rules) -> bool {
    !is_below(path, rules) && Place::of(key.as_str(), &rules.images) != Place::Ordinary
}

/// Returns whether the canonical form of a thumbnail is at a path.
pub(crate) fn is_one(path: &str, rules: &Rules) -> bool {
    let read = |key: ObjectKey| Variant::read(key.as_str(), &rules.images);
    is_below(path, rules) && route(path).ok().and_then(read).is_some()
}

/// Returns whether a stored thumbnail with this metadata is of the original that has this ETag now.
pub fn is_of(metadata: &Metadata, etag: &str) -> bool {
    let original = metadata.original.as_ref();
    original.is_some_and(|original| original.etag == etag)
}

/// Returns whether thumbnails are made of the object of a key: not of what is the edge's own, and not of other
/// thumbnails.
fn is_original(key: &str, settings: &Settings) -> bool {
    let is_file = !key.is_empty() && !key.ends_with('/');
    is_file && !is_internal(key) && Place::of(key, settings) == Place::Ordinary
}

#[cfg(test)]
mod tests;
