//! Thumbnails by URL: finished ones from the bucket, and such as are made where one is missing.
//!
//! What is to be made, and what is stored, is decided in [`quillfront_edge::thumbnail`], as a Lambda function does
//! it. Here is what stands around it on one machine: [`flights`] has the work done once, however many wait for it,
//! and not more of it at a time than there are processors; [`host`] has the bucket; [`maker`] has
//! the choice between the codecs and a function that is run as Lambda runs it.

mod flights;
mod host;
mod maker;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, StatusCode};
use quillfront_edge::event::Headers;
use quillfront_edge::respond::{self, Answer};
use quillfront_edge::route::route;
use quillfront_edge::thumbnail::{self, Grant, MakeOutcome, Picture};
use quillfront_headers::{Field, Metadata, Original, Rules};
use quillfront_image_urls::Variant;
use tokio::runtime::Handle;

use super::look_up::{Body, SiteResponse, answered};
use super::origin;
use crate::functions::Function;
use crate::s3::{Store, StoreError};
use crate::terminal::tell;
use flights::{Flights, NotFlown};
use host::Bucket;
use maker::Maker;

/// How often a picture is looked for anew whose original was replaced while it was waited for.
const LOOKS: usize = 3;

/// The thumbnails of a site. Clones are the same.
#[derive(Clone)]
pub(super) struct Thumbnails {
    bucket: Arc<Bucket>,
    maker: Maker,
    flights: Arc<Flights<Result<Outcome, Arc<StoreError>>>>,
}

/// What a flight has come to.
#[derive(Clone, Debug)]
enum Outcome {
    /// The picture, or the answer that says why there is none.
    Made(MakeOutcome),
    /// Another flight had put it into the bucket before this one began.
    Stored,
}

/// Why a thumbnail cannot be looked up.
#[derive(Debug, thiserror::Error)]
pub(super) enum FindError {
    /// The store cannot be read.
    #[error("a thumbnail: {0}")]
    Store(#[from] Arc<StoreError>),
    /// The work ended without a result.
    #[error("a thumbnail: the work on {0} was given up")]
    GivenUp(String),
}

impl Thumbnails {
    /// Those in a bucket. What is missing is made by the function, if there is one.
    pub fn new(store: Store, bucket: String, function: Option<Function>) -> Self {
        let bucket = Arc::new(Bucket::new(store, bucket));
        Self {
            maker: Maker::new(bucket.clone(), function),
            bucket,
            flights: Arc::default(),
        }
    }

    /// How many were made.
    pub fn made(&self) -> u64 {
        self.maker.made()
    }

    /// The thumbnail of a canonical path, or the answer that says why there is none. Whoever asks for one has been
    /// granted it, so that all who do may wait for the same work.
    pub async fn find(
        &self,
        path: &str,
        grant: Grant,
        rules: &Arc<Rules>,
    ) -> Result<SiteResponse, FindError> {
        let mut last = None;
        for _ in 0..LOOKS {
            if let Some(found) = self.finished(path, rules).await? {
                return Ok(found);
            }
            let picture = match self.missing(path, grant, rules).await {
                Ok(Ok(Outcome::Made(MakeOutcome::Picture(picture)))) => picture,
                Ok(Ok(Outcome::Made(MakeOutcome::Answer(answer)))) => return Ok(answered(answer)),
                Ok(Ok(Outcome::Stored)) => continue,
                Ok(Err(error)) => return Err(FindError::Store(error)),
                Err(NotFlown::Full) => return Ok(busy(rules)),
                Err(NotFlown::GivenUp) => return Err(FindError::GivenUp(path.to_owned())),
            };
            // It may have been begun before the original was replaced, and this reader have come after that.
            if self.is_of(path, &picture.original, rules) {
                return Ok(shown(picture));
            }
            last = Some(picture);
        }
        Ok(last.map_or_else(|| busy(rules), shown))
    }

    /// Joins the flight that makes a thumbnail which was not in the bucket a moment ago, or begins one.
    ///
    /// A flight may have ended since that moment, so a new one looks into the bucket once more.
    async fn missing(
        &self,
        path: &str,
        grant: Grant,
        rules: &Arc<Rules>,
    ) -> Result<Result<Outcome, Arc<StoreError>>, NotFlown> {
        let (this, handle) = (self.clone(), Handle::current());
        let (asked, of) = (path.to_owned(), rules.clone());
        let flight = async move {
            if this.finished(&asked, &of).await?.is_some() {
                return Ok(Outcome::Stored);
            }
            this.maker.make(&asked, grant, &of).await.map(Outcome::Made)
        };
        // On a thread where it may block: decoding and encoding take their time.
        let work = move || handle.block_on(flight);
        self.flights.join(path, work).await
    }

    /// The thumbnail that is in the bucket, if it is one of the original as it is now. Where the bucket cannot be
    /// read and another origin stands in for it, there is none.
    async fn finished(
        &self,
        path: &str,
        rules: &Rules,
    ) -> Result<Option<SiteResponse>, Arc<StoreError>> {
        match self.stored(path, rules).await {
            Err(error) if self.maker.stands_in() => {
                tell(&format!("site: {path}: {error}"));
                Ok(None)
            }
            stored => stored.map_err(Arc::new),
        }
    }

    async fn stored(&self, path: &str, rules: &Rules) -> Result<Option<SiteResponse>, StoreError> {
        let Some((key, _)) = named(path, rules) else {
            return Ok(None);
        };
        let Some(object) = self.bucket.get(&key).await? else {
            return Ok(None);
        };
        let stored = &object.meta.metadata;
        let metadata = Metadata::read(|field: Field| Some(stored.get(field.name())?.as_str()));
        let is_of = |original: &Original| self.is_of(path, &original.etag, rules);
        if !metadata.original.as_ref().is_some_and(is_of) {
            return Ok(None);
        }
        let came = Headers::from_http(&origin::found(&object.meta));
        let answer = thumbnail::found(StatusCode::OK, &came, rules);
        Ok(Some(SiteResponse {
            status: answer.status,
            headers: answer.headers.to_http(),
            body: Body::Object(object),
        }))
    }

    /// Whether the original of a path has this ETag now.
    fn is_of(&self, path: &str, etag: &str, rules: &Rules) -> bool {
        let now = named(path, rules).and_then(|(_, original)| self.bucket.look(&original));
        now.is_some_and(|(now, _)| now == etag)
    }
}

/// The key of a canonical path, and that of its original.
fn named(path: &str, rules: &Rules) -> Option<(String, String)> {
    let key = route(path).ok()?;
    let variant = Variant::read(key.as_str(), &rules.images)?;
    Some((key.as_str().to_owned(), variant.original))
}

/// A picture that was made just now.
fn shown(picture: Picture) -> SiteResponse {
    let Picture { answer, bytes, .. } = picture;
    let Answer {
        status, headers, ..
    } = answer;
    found(status, headers.to_http(), bytes)
}

fn found(status: StatusCode, headers: HeaderMap, bytes: Bytes) -> SiteResponse {
    SiteResponse {
        status,
        headers,
        body: Body::Bytes(bytes),
    }
}

/// The answer where too many wait already.
fn busy(rules: &Rules) -> SiteResponse {
    let text = "503 Service Unavailable: too many pictures are being made\n";
    let answer = respond::error(StatusCode::SERVICE_UNAVAILABLE, text, rules);
    let mut found = answered(answer);
    let mut set = |name, value| found.headers.insert(name, HeaderValue::from_static(value));
    set(header::CACHE_CONTROL, "no-store");
    set(header::RETRY_AFTER, "2");
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::NewObject;
    use image::{ImageFormat, RgbImage};
    use std::io::Cursor;

    /// A reader who looked just before a flight ended begins another one just after.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_flight_that_begins_after_another_finds_what_that_has_stored() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap();
        store.create_bucket("site").await.unwrap();
        let mut bytes = Cursor::new(Vec::new());
        let cat = RgbImage::new(128, 128);
        cat.write_to(&mut bytes, ImageFormat::Png).unwrap();
        let original = NewObject {
            bytes: bytes.into_inner().into(),
            content_type: Some("image/png".to_owned()),
            ..NewObject::default()
        };
        let put = store.put_new("site", "cat.png", original).await;
        assert!(put.unwrap().is_some());

        let thumbnails = Thumbnails::new(store, "site".to_owned(), None);
        let rules = Arc::new(Rules::default());
        let missing = || thumbnails.missing("/img/cat.png/width=64", Grant::Free, &rules);
        let first = missing().await.unwrap().unwrap();
        assert!(
            matches!(first, Outcome::Made(MakeOutcome::Picture(_))),
            "{first:?}"
        );
        let second = missing().await.unwrap().unwrap();
        assert!(matches!(second, Outcome::Stored));
        assert_eq!(thumbnails.made(), 1);
    }
}
