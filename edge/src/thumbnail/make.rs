//! Making a thumbnail that is missing.

use bytes::Bytes;
use http::StatusCode;
use quillfront_headers::{Metadata, Rules};
use quillfront_image_urls::{Limits, Refusal, Transform, Variant, Version};
use std::ops::Range;

use super::{Object, answer, is_of, is_original};
use crate::event::Headers;
use crate::respond::Answer;
use crate::route::route;

/// Bytes of an original that are read first. Nearly all headers with the size of a picture are there.
pub const HEADER_BYTES: u64 = 64 * 1_024;

/// How often a thumbnail is made anew whose original has been replaced meanwhile.
const ATTEMPTS: usize = 3;

/// The requests to the bucket of the site that [`make`] needs.
///
/// A key is decoded, and ETags are without their quotes.
pub trait Host {
    /// Why the bucket cannot be asked.
    type Error;

    /// Returns what is known of an object; none where there is none (`HeadObject`).
    fn head(&self, key: &str) -> impl Future<Output = Result<Option<Head>, Self::Error>>;

    /// Returns an object; none where there is none (`GetObject`).
    fn open(&self, key: &str) -> impl Future<Output = Result<Option<StoredObject>, Self::Error>>;

    /// Appends a range of an object's bytes, all of it, and returns true; false where the object has not this
    /// ETag any more (`GetObject` with `Range` and `If-Match`).
    fn read(
        &self,
        key: &str,
        etag: &str,
        range: Range<u64>,
        into: &mut Vec<u8>,
    ) -> impl Future<Output = Result<bool, Self::Error>>;

    /// Stores an object where there is none (`PutObject` with `If-None-Match: *`).
    fn put(&self, object: &Object) -> impl Future<Output = Result<PutOutcome, Self::Error>>;

    /// Deletes an object if it has this ETag (`DeleteObject` with `If-Match`).
    fn delete(&self, key: &str, etag: &str) -> impl Future<Output = Result<(), Self::Error>>;
}

/// The work on pictures.
pub trait Codec {
    /// Refuses a picture whose first bytes show that it is over a limit. What they do not show is told by
    /// [`make`](Self::make).
    ///
    /// # Errors
    /// It is over a limit, or no picture.
    fn check(&self, header: &[u8], limits: &Limits) -> Result<(), MakeError>;

    /// Makes the thumbnail. This takes its time.
    ///
    /// # Errors
    /// No thumbnail can be made of it.
    fn make(
        &self,
        original: &[u8],
        transform: &Transform,
        limits: &Limits,
    ) -> Result<EncodedPicture, MakeError>;
}

/// The header of a request by which viewer-request tells the function behind the cache that it has checked a
/// signature. It is taken off every other request, so that no reader can send it.
pub const SIGNED_HEADER: &str = "x-quillfront-signed";

/// Which thumbnails a request may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// Those that anybody may have: on the ladder, or of a preset.
    Free,
    /// Any: its URL was signed, and the signature was checked before the cache.
    Signed,
}

/// What is known of an object without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its ETag.
    pub etag: String,
    /// Its length.
    pub size_bytes: u64,
    /// The ETag of the original that it was made of, if it is a thumbnail
    /// ([`Field::Original`](quillfront_headers::Field::Original)).
    pub original: Option<String>,
}

/// An object with its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredObject {
    /// The headers of S3's answer.
    pub headers: Headers<'static>,
    /// All its bytes.
    pub bytes: Bytes,
}

/// What came of storing an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    /// It is stored under this ETag.
    Stored(String),
    /// There is one already (412), or somebody else is storing one (409).
    Occupied,
    /// It could not be stored, or no answer says whether it is, and the host has told its operator why. The picture
    /// is shown all the same.
    Failed,
}

/// A thumbnail that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedPicture {
    /// The bytes.
    pub bytes: Bytes,
    /// Their media type.
    pub content_type: &'static str,
    /// What the name of such a file ends in: `webp`.
    pub extension: &'static str,
    /// What a reader is told where it is in another format than was asked for.
    pub remark: Option<&'static str>,
}

/// Why no thumbnail can be made of an original.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MakeError {
    /// The status of the answer.
    pub status: u16,
    /// One sentence.
    pub reason: String,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // there is one for each request
pub enum MakeOutcome {
    /// The picture.
    Picture(Picture),
    /// An answer without one.
    Answer(Answer<'static>),
}

/// A thumbnail for the reader who has waited for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The answer; its body is that of the [object](crate::respond::Body::Object).
    pub answer: Answer<'static>,
    /// The bytes.
    pub bytes: Bytes,
    /// The ETag of the original that it was made of.
    pub original: String,
}

/// Makes the thumbnail of a canonical path, and stores it.
///
/// The path is not trusted: it is read again, and what is not granted is refused. Nor is the original trusted to stay
/// as it is: it is read under one ETag, and looked at again once the thumbnail is stored. If it is another one
/// then, whoever replaced it may have dropped its thumbnails before this one was there. It is deleted again; so it is
/// where the original cannot be looked at.
///
/// Where the path has the version of another content, the picture is stored without one, and the answer is kept for
/// a minute. So a thousand invented versions make one picture.
///
/// # Errors
/// The bucket cannot be asked.
pub async fn make<H: Host>(
    host: &H,
    codec: &impl Codec,
    path: &str,
    grant: Grant,
    rules: &Rules,
) -> Result<MakeOutcome, H::Error> {
    let variant = match wanted(path, grant, rules) {
        Ok(variant) => variant,
        Err(refusal) => return Ok(MakeOutcome::Answer(answer::refused(&refusal, rules))),
    };
    let limits = &rules.images.limits;
    let failed = |why: MakeError| Ok(MakeOutcome::Answer(answer::failed(&variant, &why, rules)));
    let current = Variant {
        version: None,
        ..variant.clone()
    };
    let mut last = None;
    for _ in 0..ATTEMPTS {
        let Some(original) = host.head(&variant.original).await? else {
            return Ok(MakeOutcome::Answer(answer::missing(rules)));
        };
        if let Some(asked) = variant.version {
            let opened = host.open(&current.key(&rules.images)).await?;
            if let Some(picture) = opened.and_then(|opened| opened.instead(asked, &original, rules))
            {
                return Ok(MakeOutcome::Picture(picture));
            }
        }
        let bytes = match read(host, codec, &variant.original, &original, limits).await? {
            ReadOutcome::Whole(bytes) => bytes,
            ReadOutcome::Replaced => continue,
            ReadOutcome::OverLimit(why) => return failed(why),
        };
        let content = Version::of(&bytes);
        let picture = match codec.make(&bytes, &variant.transform, limits) {
            Ok(picture) => picture,
            Err(why) => return failed(why),
        };
        drop(bytes);
        let is_other = variant.version.is_some_and(|asked| asked != content);
        let stored = if is_other { &current } else { &variant };
        let object = Object::of(stored, &original, content, picture, rules);
        let stored = store(host, &object, &original).await?;
        let now = host.head(&variant.original).await;
        if matches!(&now, Ok(Some(now)) if now.etag == original.etag) {
            let Some(etag) = stored else {
                return Ok(passing(object, original, rules));
            };
            let answer = object.stored(&etag, rules);
            return Ok(MakeOutcome::Picture(Picture {
                answer: if is_other {
                    answer::for_a_minute(answer)
                } else {
                    answer
                },
                bytes: object.bytes,
                original: original.etag,
            }));
        }
        // It is of another original, or nobody knows: it does not stay.
        let deleted = match &stored {
            Some(etag) => host.delete(&object.key, etag).await,
            None => Ok(()),
        };
        now?;
        deleted?;
        last = Some((object, original));
    }
    Ok(match last {
        Some((object, original)) => passing(object, original, rules),
        None => MakeOutcome::Answer(answer::unsettled(rules)),
    })
}

/// Reads a canonical path, and refuses what nobody gets.
fn wanted(path: &str, grant: Grant, rules: &Rules) -> Result<Variant, Refusal> {
    let key = route(path).map_err(|refusal| Refusal::Malformed(refusal.to_string()))?;
    let settings = &rules.images;
    let variant = Variant::read(key.as_str(), settings).ok_or(Refusal::Canonical)?;
    if !is_original(&variant.original, settings) {
        return Err(Refusal::Canonical);
    }
    if grant == Grant::Free && !variant.is_free(settings) {
        let text = "not for everybody: sizes and qualities are steps, and other options need a preset of this site";
        return Err(Refusal::NotFree(text.to_owned()));
    }
    Ok(variant)
}

/// What came of reading an original.
enum ReadOutcome {
    /// Its bytes.
    Whole(Vec<u8>),
    /// It is another one now, or gone.
    Replaced,
    /// It is not read any further.
    OverLimit(MakeError),
}

/// Reads an original: its size first, then its header, then the rest.
async fn read<H: Host>(
    host: &H,
    codec: &impl Codec,
    key: &str,
    original: &Head,
    limits: &Limits,
) -> Result<ReadOutcome, H::Error> {
    let Head {
        etag, size_bytes, ..
    } = original;
    if *size_bytes > limits.bytes {
        return Ok(ReadOutcome::OverLimit(MakeError {
            status: 413,
            reason: format!(
                "the original is too large: {size_bytes} bytes; it may have {}",
                limits.bytes
            ),
        }));
    }
    let first = HEADER_BYTES.min(*size_bytes);
    let mut bytes = Vec::with_capacity(usize::try_from(first).unwrap_or_default());
    if first > 0 && !host.read(key, etag, 0..first, &mut bytes).await? {
        return Ok(ReadOutcome::Replaced);
    }
    if first < *size_bytes {
        if let Err(why) = codec.check(&bytes, limits) {
            return Ok(ReadOutcome::OverLimit(why));
        }
        let rest = usize::try_from(size_bytes - first).unwrap_or_default();
        bytes.reserve_exact(rest);
        if !host.read(key, etag, first..*size_bytes, &mut bytes).await? {
            return Ok(ReadOutcome::Replaced);
        }
    }
    Ok(ReadOutcome::Whole(bytes))
}

/// Stores a thumbnail, and returns the ETag that it has. One of an earlier original gives way to it. None where
/// it is not stored.
async fn store<H: Host>(
    host: &H,
    object: &Object,
    original: &Head,
) -> Result<Option<String>, H::Error> {
    for _ in 0..ATTEMPTS {
        match host.put(object).await? {
            PutOutcome::Stored(etag) => return Ok(Some(etag)),
            PutOutcome::Failed => return left(host, object, original).await,
            PutOutcome::Occupied => {}
        }
        match host.head(&object.key).await? {
            // Somebody else has made the same.
            Some(there) if there.original.as_ref() == Some(&original.etag) => {
                return Ok(Some(there.etag));
            }
            Some(there) => host.delete(&object.key, &there.etag).await?,
            None => {}
        }
    }
    Ok(None)
}

/// Returns the ETag of what a put has left of which no answer came: it may have been done. None where there is nothing.
async fn left<H: Host>(
    host: &H,
    object: &Object,
    original: &Head,
) -> Result<Option<String>, H::Error> {
    let there = host.head(&object.key).await?;
    let there = there.filter(|there| there.original.as_ref() == Some(&original.etag));
    Ok(there.map(|there| there.etag))
}

impl StoredObject {
    /// Returns the current picture for a URL whose version is of another content; none where this object does not
    /// show that it is.
    fn instead(self, asked: Version, original: &Head, rules: &Rules) -> Option<Picture> {
        let metadata = Metadata::read(|field| self.headers.get(field.header()));
        let noted = metadata.original.as_ref()?.version.as_deref()?;
        let content = Version::read(noted)?;
        (is_of(&metadata, &original.etag) && content != asked).then(|| Picture {
            answer: answer::for_a_minute(answer::found(StatusCode::OK, &self.headers, rules)),
            bytes: self.bytes,
            original: original.etag.clone(),
        })
    }
}

/// A picture that is not stored.
fn passing(object: Object, original: Head, rules: &Rules) -> MakeOutcome {
    MakeOutcome::Picture(Picture {
        answer: object.passing(rules),
        bytes: object.bytes,
        original: original.etag,
    })
}
