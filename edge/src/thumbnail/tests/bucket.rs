//! A bucket in memory, in which something happens before a request, and codecs that are told what to say by the
//! original.

use bytes::Bytes;
use quillfront_headers::Original;
use quillfront_image_urls::{Limits, Transform};
use sha2::{Digest, Sha256};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::Range;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::event::Headers;
use crate::thumbnail::{
    Codec, EncodedPicture, Head, Host, MakeError, Object, PutOutcome, StoredObject,
};

/// Runs what never waits.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("it waits"),
    }
}

type Intervention = Box<dyn FnOnce(&Bucket)>;

#[derive(Default)]
pub struct Bucket {
    objects: RefCell<BTreeMap<String, Object>>,
    requests: Cell<usize>,
    made: Cell<usize>,
    bytes_read: Cell<usize>,
    /// What happens before which request.
    happening: RefCell<Option<(usize, Intervention)>>,
    /// Puts fail.
    pub is_full: Cell<bool>,
    /// Puts are done, and their answers lost.
    pub loses_answers: Cell<bool>,
}

impl Bucket {
    pub fn with(key: &str, bytes: &[u8]) -> Self {
        let bucket = Self::default();
        bucket.put_original(key, bytes);
        bucket
    }

    pub fn put_original(&self, key: &str, bytes: &[u8]) {
        let object = Object {
            key: key.to_owned(),
            bytes: Bytes::copy_from_slice(bytes),
            content_type: "image/jpeg",
            cache_control: "",
            content_disposition: String::new(),
            metadata: BTreeMap::new(),
        };
        self.objects.borrow_mut().insert(key.to_owned(), object);
    }

    pub fn remove(&self, key: &str) {
        self.objects.borrow_mut().remove(key);
    }

    /// Has something happen before the request of this number.
    pub fn before(&self, request: usize, happening: impl FnOnce(&Bucket) + 'static) {
        *self.happening.borrow_mut() = Some((request, Box::new(happening)));
    }

    pub fn keys(&self) -> Vec<String> {
        self.objects.borrow().keys().cloned().collect()
    }

    pub fn requests(&self) -> usize {
        self.requests.get()
    }

    pub fn made(&self) -> usize {
        self.made.get()
    }

    pub fn bytes_read(&self) -> usize {
        self.bytes_read.get()
    }

    pub fn object(&self, key: &str) -> Option<Object> {
        self.objects.borrow().get(key).cloned()
    }

    pub fn etag(&self, key: &str) -> Option<String> {
        Some(etag(&self.object(key)?))
    }

    /// The headers of a `GetObject`.
    pub fn get(&self, key: &str) -> Option<Headers<'static>> {
        let object = self.object(key)?;
        let mut headers = Headers::default();
        headers.set("x-amz-request-id", "r");
        headers.set("server", "AmazonS3");
        headers.set("last-modified", "Sun, 06 Nov 1994 08:49:36 GMT");
        headers.set("accept-ranges", "bytes");
        headers.set("content-length", object.bytes.len().to_string());
        headers.set("etag", format!("\"{}\"", etag(&object)));
        headers.set("content-type", object.content_type);
        headers.set("cache-control", object.cache_control);
        headers.set("content-disposition", object.content_disposition);
        for (name, value) in object.metadata {
            headers.set(format!("x-amz-meta-{name}"), value);
        }
        Some(headers)
    }

    fn request(&self) {
        let number = self.requests.get();
        self.requests.set(number + 1);
        let due = self
            .happening
            .borrow_mut()
            .take_if(|(before, _)| *before == number);
        if let Some((_, happening)) = due {
            happening(self);
        }
    }
}

/// The ETag of the original that an object was made of.
pub fn made_of(object: &Object) -> Option<String> {
    let original = object.metadata.get("qf-original")?;
    Some(Original::read(original).etag)
}

fn etag(object: &Object) -> String {
    hex::encode(&Sha256::digest(&object.bytes)[..16])
}

impl Host for Bucket {
    type Error = Infallible;

    async fn head(&self, key: &str) -> Result<Option<Head>, Infallible> {
        self.request();
        Ok(self.object(key).map(|object| Head {
            etag: etag(&object),
            size_bytes: object.bytes.len() as u64,
            original: made_of(&object),
        }))
    }

    async fn read(
        &self,
        key: &str,
        wanted: &str,
        range: Range<u64>,
        into: &mut Vec<u8>,
    ) -> Result<bool, Infallible> {
        self.request();
        let Some(object) = self.object(key).filter(|object| etag(object) == wanted) else {
            return Ok(false);
        };
        let bytes = &object.bytes[range.start as usize..range.end as usize];
        self.bytes_read.set(self.bytes_read.get() + bytes.len());
        into.extend_from_slice(bytes);
        Ok(true)
    }

    async fn put(&self, object: &Object) -> Result<PutOutcome, Infallible> {
        self.request();
        if self.is_full.get() {
            return Ok(PutOutcome::Failed);
        }
        if self.objects.borrow().contains_key(&object.key) {
            return Ok(PutOutcome::Occupied);
        }
        let etag = etag(object);
        self.objects
            .borrow_mut()
            .insert(object.key.clone(), object.clone());
        if self.loses_answers.get() {
            return Ok(PutOutcome::Failed);
        }
        Ok(PutOutcome::Stored(etag))
    }

    async fn delete(&self, key: &str, wanted: &str) -> Result<(), Infallible> {
        self.request();
        if self.etag(key).as_deref() == Some(wanted) {
            self.remove(key);
        }
        Ok(())
    }

    async fn open(&self, key: &str) -> Result<Option<StoredObject>, Infallible> {
        self.request();
        let object = self.object(key).zip(self.get(key));
        Ok(object.map(|(object, headers)| StoredObject {
            headers,
            bytes: object.bytes,
        }))
    }
}

impl Codec for Bucket {
    fn check(&self, header: &[u8], _limits: &Limits) -> Result<(), MakeError> {
        if header.starts_with(b"HUGE") {
            return Err(not_made(413, "the original is too large: of its pixels"));
        }
        Ok(())
    }

    fn make(
        &self,
        original: &[u8],
        transform: &Transform,
        limits: &Limits,
    ) -> Result<EncodedPicture, MakeError> {
        self.check(original, limits)?;
        self.made.set(self.made.get() + 1);
        match original {
            b"TEXT" => Err(not_made(415, "the original is not a picture")),
            b"BROKEN" => Err(not_made(422, "the original is damaged: \u{fffd} at\n3")),
            b"FAULT" => Err(not_made(500, "no")),
            _ => Ok(EncodedPicture {
                bytes: [original, b" ", transform.to_string().as_bytes()]
                    .concat()
                    .into(),
                content_type: "image/webp",
                extension: "webp",
                remark: Some("avif: over 4 megapixels"),
            }),
        }
    }
}

fn not_made(status: u16, reason: &str) -> MakeError {
    MakeError {
        status,
        reason: reason.to_owned(),
    }
}
