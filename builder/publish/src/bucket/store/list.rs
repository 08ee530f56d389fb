//! Listing a bucket.
//!
//! Keys come form-encoded: an answer is XML, and XML cannot carry every character that a key may have
//! (S3 API, "ListObjectsV2", `encoding-type`), so that one such key would hide all others.

use super::{Attributes, Bucket, Head, StoreError, count, non_empty, unquoted};
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::operation::list_objects_v2::builders::ListObjectsV2FluentBuilder;
use aws_sdk_s3::types::EncodingType;
use percent_encoding::percent_decode_str;
use quillfront_site::key::MAX_KEY_BYTES;

/// An object as a listing has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListEntry {
    /// Without the place's prefix.
    pub key: String,
    /// Without quotes.
    pub etag: String,
    /// When it was written, by the clock of S3, in milliseconds of Unix time; none where it does not
    /// say.
    pub modified_ms: Option<i64>,
}

/// A part of a listing: up to 1,000 objects.
#[derive(Debug, Clone)]
pub struct Page {
    /// In the order of their keys.
    pub objects: Vec<ListEntry>,
    /// What to ask the next part with; none after the last.
    pub next: Option<String>,
}

impl Bucket {
    /// All objects, in the order of their keys.
    pub async fn list(&self) -> Result<Vec<ListEntry>, StoreError> {
        let (mut found, mut next) = (Vec::new(), None);
        loop {
            let page = self.page(next).await?;
            found.extend(page.objects);
            next = page.next;
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    /// A part of the list of all objects: the first, or the one that `token` names.
    pub async fn page(&self, token: Option<String>) -> Result<Page, StoreError> {
        self.page_below("", token).await
    }

    /// A part of the list of the objects whose keys begin so.
    pub async fn page_below(&self, start: &str, token: Option<String>) -> Result<Page, StoreError> {
        let request = self.listing(&self.key(start)).set_continuation_token(token);
        let page = self.send(request, "").await?;
        let is_encoded = page.encoding_type() == Some(&EncodingType::Url);
        let objects = page.contents().iter().filter_map(|object| {
            let key = decoded(object.key()?, is_encoded);
            Some(ListEntry {
                key: key.strip_prefix(&self.place.prefix)?.to_owned(),
                etag: unquoted(object.e_tag()),
                modified_ms: object.last_modified().and_then(|at| at.to_millis().ok()),
            })
        });
        Ok(Page {
            objects: objects.collect(),
            next: page.next_continuation_token().map(str::to_owned),
        })
    }

    /// Looks at an object under a key that cannot be asked for: it is first in the listing of those
    /// that begin with it.
    pub(super) async fn find(&self, key: &str) -> Result<Option<Head>, StoreError> {
        let whole = self.key(key);
        if whole.len() > MAX_KEY_BYTES {
            return Ok(None);
        }
        let page = self.send(self.listing(&whole).max_keys(1), key).await?;
        let is_encoded = page.encoding_type() == Some(&EncodingType::Url);
        let first = page.contents().first();
        let first = first.filter(|object| {
            let key = object.key().map(|key| decoded(key, is_encoded));
            key.as_deref() == Some(&*whole)
        });
        Ok(first.map(|object| Head {
            etag: unquoted(object.e_tag()),
            size: object.size().unwrap_or_default().max(0) as u64,
            attributes: Attributes::default(),
        }))
    }

    fn listing(&self, prefix: &str) -> ListObjectsV2FluentBuilder {
        self.client
            .list_objects_v2()
            .bucket(&self.place.bucket)
            .encoding_type(EncodingType::Url)
            .set_prefix(non_empty(prefix))
    }

    async fn send(
        &self,
        request: ListObjectsV2FluentBuilder,
        key: &str,
    ) -> Result<ListObjectsV2Output, StoreError> {
        count(&self.counts.list, 1);
        let sent = Box::pin(request.send()).await;
        sent.map_err(|error| self.error("listing", key, &error))
    }
}

/// A key of a listing. Storage that knows no encoding says so, and gives it as it is.
fn decoded(key: &str, is_encoded: bool) -> String {
    if !is_encoded {
        return key.to_owned();
    }
    let key = key.replace('+', " ");
    percent_decode_str(&key).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn keys_come_back_as_they_are() {
        for (encoded, key) in [
            ("content/a+b%2Bc.md", "content/a b+c.md"),
            ("static/%01%0A%EF%BF%BE", "static/\u{1}\n\u{fffe}"),
            ("a%2525", "a%25"),
        ] {
            assert_eq!(decoded(encoded, true), key);
            assert_eq!(decoded(key, false), key);
        }
    }
}
