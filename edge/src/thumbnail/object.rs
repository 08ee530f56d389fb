//! A thumbnail as it is stored.

use bytes::Bytes;
use http::StatusCode;
use quillfront_headers::{CACHE_REVALIDATE, CACHE_TAG, Metadata, Original, Rules, S3_PREFIX};
use quillfront_image_urls::{Variant, Version};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

use super::answer::{REMARK_HEADER, for_a_minute, found};
use super::make::{EncodedPicture, Head};
use crate::event::Headers;
use crate::location::encode_path;
use crate::respond::{Answer, CACHE_CONTROL, CONTENT_TYPE, ETAG};

/// How a thumbnail is cached whose URL says which content its original has: for a year.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// Bytes of the name of an original that are kept in that of its thumbnail.
const MAX_STEM_BYTES: usize = 100;

/// A thumbnail, and what is stored with it: all that its headers are made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The canonical key.
    pub key: String,
    /// The bytes.
    pub bytes: Bytes,
    /// `Content-Type`.
    pub content_type: &'static str,
    /// `Cache-Control`.
    pub cache_control: &'static str,
    /// `Content-Disposition`.
    pub content_disposition: String,
    /// User metadata, by name without `x-amz-meta-`: what the edge reads ([`Metadata`]), and the tag of the
    /// original.
    pub metadata: BTreeMap<String, String>,
}

impl Object {
    /// Puts together what is stored of a picture whose original has this content.
    pub(super) fn of(
        variant: &Variant,
        original: &Head,
        content: Version,
        picture: EncodedPicture,
        rules: &Rules,
    ) -> Self {
        let remark = picture.remark;
        let remark = remark.map(|remark| (REMARK_HEADER.to_owned(), Some(remark.to_owned())));
        let metadata = Metadata {
            headers: remark.into_iter().collect(),
            original: Some(Original {
                etag: original.etag.clone(),
                version: Some(content.to_string()),
            }),
            ..Metadata::default()
        };
        // The ETags of S3 are hexadecimal digits, and remarks are ours. Without its metadata an object is never
        // taken for finished.
        let mut metadata = metadata.write().unwrap_or_default();
        metadata.insert(CACHE_TAG.to_owned(), Variant::tag(&variant.original));
        Self {
            key: variant.key(&rules.images),
            bytes: picture.bytes,
            content_type: picture.content_type,
            cache_control: match variant.version {
                Some(_) => IMMUTABLE,
                None => CACHE_REVALIDATE,
            },
            content_disposition: disposition(&variant.original, picture.extension),
            metadata,
        }
    }

    /// Returns the answer of an object that was stored under an ETag.
    pub(super) fn stored(&self, etag: &str, rules: &Rules) -> Answer<'static> {
        found(StatusCode::OK, &self.came(etag), rules)
    }

    /// Returns the answer of a picture that is not stored.
    pub(super) fn passing(&self, rules: &Rules) -> Answer<'static> {
        let digest = Sha256::digest(&self.bytes);
        let answer = self.stored(&hex::encode(&digest[..16]), rules);
        for_a_minute(answer)
    }

    /// The headers that S3 would answer with.
    fn came(&self, etag: &str) -> Headers<'static> {
        let mut came = Headers::default();
        came.set("accept-ranges", "bytes");
        came.set("content-length", self.bytes.len().to_string());
        came.set(ETAG, format!("\"{etag}\""));
        came.set(CONTENT_TYPE, self.content_type);
        came.set(CACHE_CONTROL, self.cache_control);
        came.set("content-disposition", self.content_disposition.clone());
        for (name, value) in &self.metadata {
            came.set(format!("{S3_PREFIX}{name}"), value.clone());
        }
        came
    }
}

/// The name of the file, for who saves it: that of the original, with the ending of what was made (RFC 6266).
fn disposition(original: &str, extension: &str) -> String {
    let name = original.rsplit('/').next().unwrap_or_default();
    let stem = match name.rsplit_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => name,
    };
    let mut end = stem.len().min(MAX_STEM_BYTES);
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    let name = format!("{}.{extension}", &stem[..end]);
    // Programs read quotes, backslashes and percent signs in different ways (RFC 6266, appendix D).
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " !#$&'()+,-.=@^_`{}~".contains(c);
    let plain: String = name
        .chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect();
    let exact = if plain == name {
        String::new()
    } else {
        format!("; filename*=UTF-8''{}", encode_path(&name))
    };
    format!("inline; filename=\"{plain}\"{exact}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use quillfront_headers::values::is_header_value;

    #[test]
    fn a_file_is_named_for_its_original() {
        for (original, expected) in [
            ("photos/cat.jpg", "inline; filename=\"cat.webp\""),
            ("cat", "inline; filename=\"cat.webp\""),
            (".cat", "inline; filename=\".cat.webp\""),
            ("a.b.c.png", "inline; filename=\"a.b.c.webp\""),
            ("my cat.jpg", "inline; filename=\"my cat.webp\""),
            (
                "a\"b\\c.jpg",
                "inline; filename=\"a_b_c.webp\"; filename*=UTF-8''a%22b%5Cc.webp",
            ),
            (
                "grün;100%.jpg",
                "inline; filename=\"gr_n_100_.webp\"; filename*=UTF-8''gr%C3%BCn%3B100%25.webp",
            ),
        ] {
            assert_eq!(disposition(original, "webp"), expected, "{original}");
        }
        let long = disposition(&"ü".repeat(500), "webp");
        assert!(long.len() < 500, "{long}");
    }

    proptest! {
        #[test]
        fn any_name_is_safe_in_a_header(original in "\\PC{0,80}") {
            let value = disposition(&original, "webp");
            prop_assert!(is_header_value(&value), "{}", value);
            prop_assert_eq!(value.matches('"').count(), 2);
            prop_assert!(!value.contains('\\'));
        }
    }
}
