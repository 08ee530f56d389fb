//! What [`make`](quillfront_edge::thumbnail::make) asks for: requests to the bucket.

use std::ops::Range;

use quillfront_edge::event::Headers;
use quillfront_edge::thumbnail::{Head, Host, Object as Thumbnail, PutOutcome, StoredObject};
use quillfront_headers::{Field, Original};

use super::super::origin;
use crate::s3::{NewObject, Object, Store, StoreError};
use crate::terminal::tell;

/// The bucket of the site.
pub(super) struct Bucket {
    store: Store,
    name: String,
}

impl Bucket {
    pub fn new(store: Store, name: String) -> Self {
        Self { store, name }
    }

    /// The ETag and the length of an object.
    pub fn look(&self, key: &str) -> Option<(String, u64)> {
        self.store.look(&self.name, key)
    }

    /// The thumbnail in the bucket. One that the disk has lost can be made again.
    pub async fn get(&self, key: &str) -> Result<Option<Object>, StoreError> {
        match self.store.get(&self.name, key).await {
            Err(StoreError::NoSuchBucket(_)) => Ok(None),
            Err(error) if error.is_damage() => Ok(None),
            opened => opened,
        }
    }
}

impl Host for Bucket {
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
        if let Some(object) = self.get(key).await? {
            head.etag = object.meta.etag;
            head.size_bytes = object.meta.size;
            let original = object.meta.metadata.get(Field::Original.name());
            head.original = original.map(|original| Original::read(original).etag);
        }
        Ok(Some(head))
    }

    async fn open(&self, key: &str) -> Result<Option<StoredObject>, StoreError> {
        let Some(mut object) = self.get(key).await? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        let end = object.meta.size;
        append(&mut object, 0..end, key, &mut bytes)?;
        Ok(Some(StoredObject {
            headers: Headers::from_http(&origin::found(&object.meta)),
            bytes: bytes.into(),
        }))
    }

    async fn read(
        &self,
        key: &str,
        etag: &str,
        range: Range<u64>,
        into: &mut Vec<u8>,
    ) -> Result<bool, StoreError> {
        let object = match self.store.get(&self.name, key).await {
            Err(StoreError::NoSuchBucket(_)) => None,
            opened => opened?,
        };
        let Some(mut object) = object.filter(|object| object.meta.etag == etag) else {
            return Ok(false);
        };
        let end = range.end.min(object.meta.size);
        append(&mut object, range.start..end, key, into)?;
        Ok(true)
    }

    async fn put(&self, object: &Thumbnail) -> Result<PutOutcome, StoreError> {
        let new = NewObject {
            bytes: object.bytes.clone(),
            content_type: Some(object.content_type.to_owned()),
            cache_control: Some(object.cache_control.to_owned()),
            content_disposition: Some(object.content_disposition.clone()),
            metadata: object.metadata.clone(),
        };
        Ok(
            match self.store.put_new(&self.name, &object.key, new).await {
                Ok(Some(etag)) => PutOutcome::Stored(etag),
                Ok(None) => PutOutcome::Occupied,
                Err(error) => {
                    tell(&format!("site: {} cannot be stored: {error}", object.key));
                    PutOutcome::Failed
                }
            },
        )
    }

    async fn delete(&self, key: &str, etag: &str) -> Result<(), StoreError> {
        // Where it is another one meanwhile, that is another's.
        self.store
            .delete_version(&self.name, key, etag)
            .await
            .map(|_| ())
    }
}

/// Appends a range of the bytes of an object.
fn append(
    object: &mut Object,
    range: Range<u64>,
    key: &str,
    into: &mut Vec<u8>,
) -> Result<(), StoreError> {
    let mut start = range.start;
    while start < range.end {
        let piece = object.contents.piece(start, range.end);
        let piece = piece.map_err(|source| StoreError::Io {
            path: key.into(),
            source,
        })?;
        start += piece.len() as u64;
        into.extend_from_slice(&piece);
    }
    Ok(())
}
