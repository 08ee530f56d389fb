//! The path, the object, and the head of the response: what runs at CloudFront's edge.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, Uri};
use quillfront_edge::respond::{self, Answer, Body};
use quillfront_edge::route::route;
use quillfront_edge::security;

use super::Shared;
use crate::s3::{Object, ObjectMeta, StoreError};

/// The page that is shown for a miss.
const NOT_FOUND_KEY: &str = "404.html";

/// The page of a site with nothing in it.
const NOTHING_YET: &str = include_str!("nothing_yet.html");

/// The head of the response, and the object if the body is one.
pub(super) struct Found {
    pub answer: Answer,
    pub object: Option<Object>,
}

/// What is at `uri`.
///
/// # Errors
/// [`StoreError`], where the store cannot be read.
pub(super) async fn look_up(shared: &Shared, uri: &Uri) -> Result<Found, StoreError> {
    let key = match route(uri.path()) {
        Ok(key) => key,
        Err(refusal) => {
            return Ok(Found {
                answer: respond::refused(refusal),
                object: None,
            });
        }
    };
    if let Some(object) = open(shared, key.as_str()).await? {
        let answer = respond::found(&origin_headers(&object.meta));
        return Ok(Found {
            answer,
            object: Some(object),
        });
    }
    let not_found_page = open(shared, NOT_FOUND_KEY).await?;
    if not_found_page.is_none() && open(shared, "index.html").await?.is_none() {
        return Ok(Found {
            answer: nothing_yet(),
            object: None,
        });
    }
    let page_headers = not_found_page
        .as_ref()
        .map(|page| origin_headers(&page.meta));
    // The whole URL is the cache key here, so the query string may reach the answer.
    let answer = respond::missing(&key, uri.query(), page_headers.as_ref());
    Ok(Found {
        answer,
        object: not_found_page,
    })
}

/// The object, if it is there. A bucket that is not there yet has none.
async fn open(shared: &Shared, key: &str) -> Result<Option<Object>, StoreError> {
    match shared.store.get(&shared.options.bucket, key).await {
        Err(StoreError::NoSuchBucket(_)) => Ok(None),
        result => result,
    }
}

/// The headers that S3 answers a `GetObject` with. A value that is no header is left out.
fn origin_headers(meta: &ObjectMeta) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::ETAG, &format!("\"{}\"", meta.etag));
    set(header::LAST_MODIFIED, &http_date(meta.last_modified));
    set(header::CONTENT_LENGTH, &meta.size.to_string());
    for (name, value) in [
        (header::CONTENT_TYPE, &meta.content_type),
        (header::CACHE_CONTROL, &meta.cache_control),
        (header::CONTENT_DISPOSITION, &meta.content_disposition),
        (header::CONTENT_ENCODING, &meta.content_encoding),
        (header::CONTENT_LANGUAGE, &meta.content_language),
    ] {
        if let Some(value) = value {
            set(name, value);
        }
    }
    if let Some(expires) = meta.expires {
        set(header::EXPIRES, &http_date(expires));
    }
    for (name, value) in &meta.metadata {
        if let Ok(name) = format!("x-amz-meta-{name}").parse() {
            set(name, value);
        }
    }
    headers
}

/// RFC 9110, section 5.6.7.
fn http_date(time: jiff::Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// What a visitor of a site sees to which nothing has been published.
fn nothing_yet() -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    security::add_baseline(&mut headers);
    Answer {
        status: StatusCode::NOT_FOUND,
        headers,
        body: Body::Text(NOTHING_YET),
    }
}
