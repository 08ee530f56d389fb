//! Thumbnails by URL: finished ones from the bucket, and such as are made where one is missing.
//!
//! What is to be made, and what is stored, is decided in [`quillfront_edge::thumbnail`], as a Lambda function does
//! it. Here is what stands around it on one machine: [`flights`] has the work done once, however many wait for it,
//! and not more of it at a time than there are processors; [`host`] has the bucket and the codecs.

mod flights;
mod host;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, StatusCode};
use quillfront_edge::event::Headers;
use quillfront_edge::respond::{self, Answer};
use quillfront_edge::route::route;
use quillfront_edge::thumbnail::{self, Grant, Made, Picture, make};
use quillfront_headers::{Field, Metadata, Rules};
use quillfront_image_urls::Variant;
use tokio::runtime::Handle;

use super::look_up::{Body, Found, answered};
use super::origin;
use crate::s3::{Store, StoreError};
use flights::{Flights, NotFlown};
use host::Workshop;

/// How often a picture is looked for anew whose original was replaced while it was waited for.
const LOOKS: usize = 3;

/// The thumbnails of a site.
pub(super) struct Thumbnails {
    workshop: Arc<Workshop>,
    flights: Arc<Flights<Result<Made, Arc<StoreError>>>>,
}

/// Why a thumbnail cannot be looked up.
#[derive(Debug, thiserror::Error)]
pub(super) enum FindError {
    /// The store cannot be read.
    #[error("a thumbnail: {0}")]
    Store(Arc<StoreError>),
    /// The work ended without a result.
    #[error("a thumbnail: the work on {0} was given up")]
    GivenUp(String),
}

impl From<StoreError> for FindError {
    fn from(error: StoreError) -> Self {
        Self::Store(Arc::new(error))
    }
}

impl Thumbnails {
    pub fn new(store: Store, bucket: String) -> Self {
        Self {
            workshop: Arc::new(Workshop::new(store, bucket)),
            flights: Arc::default(),
        }
    }

    /// How many were made.
    pub fn made(&self) -> u64 {
        self.workshop.made()
    }

    /// The thumbnail of a canonical path, or the answer that says why there is none. Whoever asks for one has been
    /// granted it, so that all who do may wait for the same work.
    pub async fn find(
        &self,
        path: &str,
        grant: Grant,
        rules: &Arc<Rules>,
    ) -> Result<Found, FindError> {
        let mut last = None;
        for _ in 0..LOOKS {
            if let Some(found) = self.finished(path, rules).await? {
                return Ok(found);
            }
            let (workshop, handle) = (self.workshop.clone(), Handle::current());
            let (asked, of) = (path.to_owned(), rules.clone());
            // On a thread where it may block: decoding and encoding take their time.
            let work = move || {
                let made = handle.block_on(make(&*workshop, &asked, grant, &of));
                made.map_err(Arc::new)
            };
            let picture = match self.flights.join(path, work).await {
                Ok(Ok(Made::Picture(picture))) => picture,
                Ok(Ok(Made::Answer(answer))) => return Ok(answered(answer)),
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

    /// The thumbnail that is in the bucket, if it is one of the original as it is now.
    async fn finished(&self, path: &str, rules: &Rules) -> Result<Option<Found>, StoreError> {
        let Some((key, _)) = named(path, rules) else {
            return Ok(None);
        };
        let Some(object) = self.workshop.open(&key).await? else {
            return Ok(None);
        };
        let stored = &object.meta.metadata;
        let metadata = Metadata::read(|field: Field| Some(stored.get(field.name())?.as_str()));
        let is_of = |etag: &String| self.is_of(path, etag, rules);
        if !metadata.original.as_ref().is_some_and(is_of) {
            return Ok(None);
        }
        let came = Headers::from_http(&origin::found(&object.meta));
        let answer = thumbnail::found(StatusCode::OK, &came, rules);
        Ok(Some(Found {
            status: answer.status,
            headers: answer.headers.to_http(),
            body: Body::Object(object),
        }))
    }

    /// Whether the original of a path has this ETag now.
    fn is_of(&self, path: &str, etag: &str, rules: &Rules) -> bool {
        let now = named(path, rules).and_then(|(_, original)| self.workshop.look(&original));
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
fn shown(picture: Picture) -> Found {
    let Picture { answer, bytes, .. } = picture;
    let Answer {
        status, headers, ..
    } = answer;
    found(status, headers.to_http(), bytes)
}

fn found(status: StatusCode, headers: HeaderMap, bytes: Bytes) -> Found {
    Found {
        status,
        headers,
        body: Body::Bytes(bytes),
    }
}

/// The answer where too many wait already.
fn busy(rules: &Rules) -> Found {
    let text = "503 Service Unavailable: too many pictures are being made\n";
    let answer = respond::error(StatusCode::SERVICE_UNAVAILABLE, text, rules);
    let mut found = answered(answer);
    let mut set = |name, value| found.headers.insert(name, HeaderValue::from_static(value));
    set(header::CACHE_CONTROL, "no-store");
    set(header::RETRY_AFTER, "2");
    found
}
