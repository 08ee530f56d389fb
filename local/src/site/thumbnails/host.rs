//! What [`make`](quillfront_edge::thumbnail::make) asks for: requests to the bucket, and the work of the codecs.

use std::ops::Range;

use quillfront_codecs::Codecs;
use quillfront_edge::thumbnail::{Encoded, Head, Host, NotMade, Object as Thumbnail, Put};
use quillfront_headers::Field;
use quillfront_image_urls::{Limits, Transform};

use crate::s3::{NewObject, Object, Store, StoreError};
use crate::terminal::tell;

/// The bucket of the site, and the codecs.
pub(super) struct Workshop {
    store: Store,
    bucket: String,
    codecs: Codecs,
}

impl Workshop {
    pub fn new(store: Store, bucket: String) -> Self {
        Self {
            store,
            bucket,
            codecs: Codecs::default(),
        }
    }

    /// How many thumbnails were made.
    pub fn made(&self) -> u64 {
        self.codecs.made()
    }

    /// The ETag and the length of an object.
    pub fn look(&self, key: &str) -> Option<(String, u64)> {
        self.store.look(&self.bucket, key)
    }

    /// The thumbnail in the bucket. One that the disk has lost can be made again.
    pub async fn open(&self, key: &str) -> Result<Option<Object>, StoreError> {
        match self.store.get(&self.bucket, key).await {
            Err(StoreError::NoSuchBucket(_)) => Ok(None),
            Err(error) if error.is_damage() => Ok(None),
            opened => opened,
        }
    }
}

impl Host for Workshop {
    type Error = StoreError;

    async fn head(&self, key: &str) -> Result<Option<Head>, StoreError> {
        let Some((etag, size_bytes)) = self.look(key) else {
            return Ok(None);
        };
        let mut head = Head {
            etag,
            size_bytes,
            original: None,
        };
        // Without metadata it is none of the original's, and gives way.
        if let Some(object) = self.open(key).await? {
            head.etag = object.meta.etag;
            head.size_bytes = object.meta.size;
            head.original = object.meta.metadata.get(Field::Original.name()).cloned();
        }
        Ok(Some(head))
    }

    async fn read(
        &self,
        key: &str,
        etag: &str,
        range: Range<u64>,
        into: &mut Vec<u8>,
    ) -> Result<bool, StoreError> {
        let object = match self.store.get(&self.bucket, key).await {
            Err(StoreError::NoSuchBucket(_)) => None,
            opened => opened?,
        };
        let Some(mut object) = object.filter(|object| object.meta.etag == etag) else {
            return Ok(false);
        };
        let end = range.end.min(object.meta.size);
        let mut start = range.start;
        while start < end {
            let piece = object.contents.piece(start, end);
            let piece = piece.map_err(|source| StoreError::Io {
                path: key.into(),
                source,
            })?;
            start += piece.len() as u64;
            into.extend_from_slice(&piece);
        }
        Ok(true)
    }

    async fn put(&self, object: &Thumbnail) -> Result<Put, StoreError> {
        let new = NewObject {
            bytes: object.bytes.clone(),
            content_type: Some(object.content_type.to_owned()),
            cache_control: Some(object.cache_control.to_owned()),
            content_disposition: Some(object.content_disposition.clone()),
            metadata: object.metadata.clone(),
        };
        Ok(
            match self.store.put_new(&self.bucket, &object.key, new).await {
                Ok(Some(etag)) => Put::Stored(etag),
                Ok(None) => Put::Occupied,
                Err(error) => {
                    tell(&format!("site: {} cannot be stored: {error}", object.key));
                    Put::Failed
                }
            },
        )
    }

    async fn delete(&self, key: &str, etag: &str) -> Result<(), StoreError> {
        // Where it is another one meanwhile, that is another's.
        self.store
            .delete_version(&self.bucket, key, etag)
            .await
            .map(|_| ())
    }

    fn check(&self, header: &[u8], limits: &Limits) -> Result<(), NotMade> {
        self.codecs.check(header, limits)
    }

    fn make(
        &self,
        original: &[u8],
        transform: &Transform,
        limits: &Limits,
    ) -> Result<Encoded, NotMade> {
        self.codecs.make(original, transform, limits)
    }
}
