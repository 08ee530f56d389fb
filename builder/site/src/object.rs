//! What is published under a key: bytes, and what S3 says of them.

use crate::fingerprint::{Fingerprint, Mark, Marker};
use crate::key::SourceKey;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The bytes of an object: made here, or still where the author put them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// Rendered bytes.
    Bytes(Arc<[u8]>),
    /// A source: copied on the server (S3) or by the file system, and read into memory only where something is
    /// taken out of it.
    Copy {
        /// Which source.
        source: SourceKey,
        /// Which bytes ([`Source::content`](crate::source::Source::content)).
        version: String,
        /// Bytes that the source has.
        size: u64,
        /// What is done to it.
        treatment: Treatment,
    },
    /// What is published under the key already: only its headers are others.
    Kept {
        /// [`ObjectFingerprint::body`].
        fingerprint: Fingerprint,
    },
}

/// What is done to a source on its way to where it is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// Nothing.
    AsItIs,
    /// Nothing, since this version of the picture tells nothing. Another one might.
    Harmless,
    /// What a picture tells of where and with what it was taken is removed.
    Stripped {
        /// [`ObjectFingerprint::body`] of the bytes that are left, as of rendered ones.
        body: Fingerprint,
        /// How many these are.
        size: u64,
    },
}

/// A published object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its bytes.
    pub body: Body,
    /// `Content-Type`.
    pub content_type: String,
    /// `Cache-Control`.
    pub cache_control: Cow<'static, str>,
    /// User metadata, by name: what `quillfront-headers` writes.
    pub metadata: BTreeMap<String, String>,
}

/// What S3 says of an object beside its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectHeaders {
    /// `Content-Type`.
    pub content_type: String,
    /// `Cache-Control`.
    pub cache_control: Cow<'static, str>,
    /// User metadata, by name.
    pub metadata: BTreeMap<String, String>,
}

impl ObjectHeaders {
    /// Returns the object with these headers and what is published already, by
    /// [its fingerprint](ObjectFingerprint::body).
    pub fn over(self, body: Fingerprint) -> Object {
        Object {
            body: Body::Kept { fingerprint: body },
            content_type: self.content_type,
            cache_control: self.cache_control,
            metadata: self.metadata,
        }
    }
}

/// Of bytes and headers: an ETag shows bytes only, and a change of headers alone is a change too
/// (invariant 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectFingerprint {
    /// Of the bytes.
    pub body: Fingerprint,
    /// Of all that S3 says of them: content type, caching, user metadata.
    pub headers: Mark,
}

/// The caching of pages, feeds and everything else whose name stays while its bytes change.
pub use quillfront_headers::CACHE_REVALIDATE;
/// How long a cached page may show what its source no longer names.
pub use quillfront_headers::LIFETIME_SECONDS as HTML_LIFETIME_SECONDS;
/// Names that carry a fingerprint: other bytes come under another name.
pub const CACHE_IMMUTABLE: &str = "public, max-age=31536000, immutable";

impl Object {
    /// A rendered object of the content type that `key` implies.
    pub fn rendered(key: &str, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self {
            body: Body::Bytes(bytes.into()),
            content_type: content_type(key),
            cache_control: CACHE_REVALIDATE.into(),
            metadata: BTreeMap::new(),
        }
    }

    /// The same, under a name that carries a fingerprint of what it is made from.
    pub fn immutable(self) -> Self {
        Self {
            cache_control: CACHE_IMMUTABLE.into(),
            ..self
        }
    }

    /// Returns what tells it from other objects under its key.
    pub fn fingerprint(&self) -> ObjectFingerprint {
        ObjectFingerprint {
            body: self.body.fingerprint(),
            headers: self.headers_mark(),
        }
    }

    fn headers_mark(&self) -> Mark {
        let mut marker = Marker::default();
        marker.bytes(&self.content_type).bytes(&*self.cache_control);
        for (name, value) in &self.metadata {
            marker.bytes(name).bytes(value);
        }
        marker.done()
    }

    /// Bytes that it is sent with: 0 of a body that is kept.
    pub fn size(&self) -> u64 {
        match &self.body {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::Copy {
                treatment: Treatment::Stripped { size, .. },
                ..
            }
            | Body::Copy { size, .. } => *size,
            Body::Kept { .. } => 0,
        }
    }
}

impl Body {
    /// Returns [`ObjectFingerprint::body`] of bytes that were made, or that something was taken out of.
    pub fn fingerprint_of(bytes: &[u8]) -> Fingerprint {
        Fingerprint::of_parts([b"bytes", bytes])
    }

    fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Bytes(bytes) => Self::fingerprint_of(bytes),
            Self::Copy {
                treatment: Treatment::Stripped { body, .. },
                ..
            } => *body,
            Self::Copy { version, size, .. } => {
                Fingerprint::of_parts([b"copy", version.as_bytes(), &size.to_le_bytes()])
            }
            Self::Kept { fingerprint } => *fingerprint,
        }
    }
}

/// The content type of a key, by its extension (IANA's registry). Text is UTF-8.
pub fn content_type(key: &str) -> String {
    let name = key.rsplit('/').next().unwrap_or(key);
    let mime = match name.rsplit_once('.').map(|(_, extension)| extension) {
        // Feeds are read by programs that look at these.
        Some("atom") => "application/atom+xml".to_owned(),
        Some("rss") => "application/rss+xml".to_owned(),
        Some("xml") => "application/xml".to_owned(),
        _ => mime_guess::from_path(name)
            .first_or_octet_stream()
            .essence_str()
            .to_owned(),
    };
    let text = mime.starts_with("text/") || mime.ends_with("xml") && mime != "image/svg+xml";
    if text {
        format!("{mime}; charset=utf-8")
    } else {
        mime
    }
}

/// Returns whether what is published under a key is a photograph or drawing of pixels, by its name: what may tell
/// where and with what it was taken.
pub fn is_picture(key: &str) -> bool {
    let content_type = content_type(key);
    content_type.starts_with("image/") && content_type != "image/svg+xml"
}

/// Returns whether what is published under a key may be a picture, by its name alone: thumbnails may be made of it.
/// A name that says nothing may be that of one.
pub fn may_be_picture(key: &str) -> bool {
    let content_type = content_type(key);
    content_type.starts_with("image/") || content_type == "application/octet-stream"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_types_are_those_that_browsers_and_feed_readers_want() {
        for (key, expected) in [
            ("blog/index.html", "text/html; charset=utf-8"),
            ("site.css", "text/css; charset=utf-8"),
            ("app.js", "text/javascript; charset=utf-8"),
            ("atom.xml", "application/xml; charset=utf-8"),
            ("logo.svg", "image/svg+xml"),
            ("a.woff2", "font/woff2"),
            ("search.json", "application/json"),
            ("CNAME", "application/octet-stream"),
        ] {
            assert_eq!(content_type(key), expected, "{key}");
        }
    }

    #[test]
    fn pictures_are_known_by_their_names() {
        for key in [
            "a.jpg",
            "a/b.JPEG",
            "x.png",
            "x.gif",
            "x.webp",
            "x.avif",
            "x.svg",
            "x.bmp",
            "cat",
            "x.unheard",
        ] {
            assert!(may_be_picture(key), "{key}");
        }
        for key in [
            "a/index.html",
            "a.jpg/index.html",
            "a.jpg.txt",
            "a.mp4",
            "a.css",
            "a.woff2",
        ] {
            assert!(!may_be_picture(key), "{key}");
        }
    }

    #[test]
    fn photographs_are_known_by_their_names() {
        for key in [
            "a.jpg", "a/b.JPEG", "x.png", "x.gif", "x.webp", "x.avif", "x.heic",
        ] {
            assert!(is_picture(key), "{key}");
        }
        for key in ["x.svg", "cat", "x.mp4", "a.jpg/index.html"] {
            assert!(!is_picture(key), "{key}");
        }
    }

    #[test]
    fn what_is_left_of_a_picture_is_known_by_its_bytes() {
        let left = Object::rendered("a.jpg", *b"left");
        let mut stripped = left.clone();
        stripped.body = Body::Copy {
            source: "static/a.jpg".into(),
            version: "1".to_owned(),
            size: 9,
            treatment: Treatment::Stripped {
                body: Body::fingerprint_of(b"left"),
                size: 4,
            },
        };
        assert_eq!(stripped.fingerprint(), left.fingerprint());
        assert_eq!(stripped.size(), left.size());
    }

    #[test]
    fn the_grace_period_is_what_caches_are_told() {
        assert!(CACHE_REVALIDATE.ends_with(&format!("s-maxage={HTML_LIFETIME_SECONDS}")));
    }

    #[test]
    fn a_change_of_metadata_alone_changes_the_fingerprint() {
        let plain = Object::rendered("a.html", *b"<p>");
        let mut redirect = plain.clone();
        redirect.metadata.insert("name".into(), "value".into());
        assert_ne!(plain.fingerprint(), redirect.fingerprint());
        // The same without the bytes.
        let kept = Object {
            body: Body::Kept {
                fingerprint: plain.fingerprint().body,
            },
            ..redirect.clone()
        };
        assert_eq!(kept.fingerprint(), redirect.fingerprint());
    }
}
