//! What the bucket answered, as the viewer sees it.

use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use quillfront_headers::{Metadata, Redirect};

use crate::location::location;
use crate::route::{ObjectKey, Refusal};
use crate::security;

/// How long an answer that is no page may be kept: design.md, "Caching".
pub const ERROR_CACHE_CONTROL: &str = "public, max-age=10";

/// The head of a response, and where its body comes from. `content-length` is the host's to add
/// for all but [`Body::Object`] of a [`found`] object.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers, complete but for what the host's connection adds.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

/// Where the body of an [`Answer`] comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// The object whose headers were handed in.
    Object,
    /// A line of text.
    Text(&'static str),
    /// There is none.
    Empty,
}

/// The answer for an object that is there: 200, or the redirect that it stands for.
///
/// `origin` is the header map of S3's `GetObject`: metadata as `x-amz-meta-*`. What S3 says of
/// itself (`x-amz-*`, `server`) does not reach the viewer.
pub fn found(origin: &HeaderMap) -> Answer {
    let metadata = metadata_of(origin);
    if let Some((status, target)) = metadata.redirect.as_ref().and_then(followed) {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, target);
        if let Some(cache_control) = origin.get(header::CACHE_CONTROL) {
            headers.insert(header::CACHE_CONTROL, cache_control.clone());
        }
        return finish(status, headers, &metadata, Body::Empty);
    }
    let mut headers = public_headers(origin);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    finish(StatusCode::OK, headers, &metadata, Body::Object)
}

/// The answer for an object that is not there.
///
/// A key that may be a page is redirected to its slash (`/about` to `/about/`); `query`, without
/// its `?`, is kept. Hand one in only where it is part of the cache key. All else is a 404 with
/// the site's own page, if `not_found_page` (the headers of `404.html`) is there.
pub fn missing(key: &ObjectKey, query: Option<&str>, not_found_page: Option<&HeaderMap>) -> Answer {
    if let Some(target) = key.with_slash() {
        let target = match query {
            Some(query) => format!("{target}?{query}"),
            None => target,
        };
        if let Some(target) = location(&target).and_then(|it| HeaderValue::from_str(&it).ok()) {
            let mut headers = HeaderMap::new();
            headers.insert(header::LOCATION, target);
            headers.insert(
                header::CACHE_CONTROL,
                HeaderValue::from_static(ERROR_CACHE_CONTROL),
            );
            let nothing = Metadata::default();
            return finish(
                StatusCode::MOVED_PERMANENTLY,
                headers,
                &nothing,
                Body::Empty,
            );
        }
    }
    let Some(page) = not_found_page else {
        return error(StatusCode::NOT_FOUND, "404 Not Found\n");
    };
    let mut headers = public_headers(page);
    // They are validators of the page, not of what was asked for.
    headers.remove(header::ETAG);
    headers.remove(header::LAST_MODIFIED);
    headers.remove(header::EXPIRES);
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(ERROR_CACHE_CONTROL),
    );
    let metadata = metadata_of(page);
    finish(StatusCode::NOT_FOUND, headers, &metadata, Body::Object)
}

/// The answer to a path that is not looked up: 400.
pub fn refused(refusal: Refusal) -> Answer {
    let text = match refusal {
        Refusal::TooLong => "400 Bad Request: the path is too long\n",
        _ => "400 Bad Request: the path is not in canonical form\n",
    };
    error(StatusCode::BAD_REQUEST, text)
}

/// An answer that is one line of text, with the headers that every response carries.
pub fn error(status: StatusCode, text: &'static str) -> Answer {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(ERROR_CACHE_CONTROL),
    );
    finish(status, headers, &Metadata::default(), Body::Text(text))
}

/// Adds what the object's metadata asks for, then the defaults.
fn finish(status: StatusCode, mut headers: HeaderMap, metadata: &Metadata, body: Body) -> Answer {
    security::add_baseline(&mut headers);
    let policy = metadata.policy.as_deref();
    if let Some(policy) = policy.and_then(|policy| HeaderValue::from_str(policy).ok()) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in own_headers(metadata) {
        match value {
            Some(value) => {
                headers.insert(name, value);
            }
            None => {
                headers.remove(name);
            }
        }
    }
    Answer {
        status,
        headers,
        body,
    }
}

/// The headers of S3 that are the viewer's.
fn public_headers(origin: &HeaderMap) -> HeaderMap {
    const PUBLIC: [HeaderName; 9] = [
        header::CACHE_CONTROL,
        header::CONTENT_DISPOSITION,
        header::CONTENT_ENCODING,
        header::CONTENT_LANGUAGE,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::ETAG,
        header::EXPIRES,
        header::LAST_MODIFIED,
    ];
    let mut headers = HeaderMap::new();
    for name in PUBLIC {
        if let Some(value) = origin.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    headers
}

/// What the builder says of an object.
fn metadata_of(origin: &HeaderMap) -> Metadata {
    Metadata::read(|field| origin.get(field.header())?.to_str().ok())
}

/// Status and target of a redirect, if it can be followed.
fn followed(redirect: &Redirect) -> Option<(StatusCode, HeaderValue)> {
    let target = location(redirect.location())?;
    let status = StatusCode::from_u16(redirect.status.code()).ok()?;
    Some((status, HeaderValue::from_str(&target).ok()?))
}

/// The headers that an object may set; None as a value drops the header.
fn own_headers(metadata: &Metadata) -> impl Iterator<Item = (HeaderName, Option<HeaderValue>)> {
    metadata.headers.iter().filter_map(|(name, value)| {
        let name: HeaderName = name.parse().ok()?;
        let value = value
            .as_deref()
            .map(HeaderValue::from_str)
            .transpose()
            .ok()?;
        security::may_set(&name).then_some((name, value))
    })
}

#[cfg(test)]
mod tests;
