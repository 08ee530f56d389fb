//! What CloudFront does with an object: conditions, ranges, compression.

use axum::body::Body;
use axum::response::Response;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode};
use quillfront_edge::conditional::{self, Outcome};
use quillfront_edge::encoding::{self, Encoding};
use quillfront_edge::range::{self, Selection};
use quillfront_edge::respond;

use super::look_up::{Found, look_up};
use super::{Shared, body, live};
use crate::s3::Object;
use crate::terminal::tell;

/// The response to a request for a page.
pub(super) async fn answer(shared: &Shared, request: &Parts) -> Response {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        let answer = respond::error(StatusCode::METHOD_NOT_ALLOWED, "405 Method Not Allowed\n");
        let mut response = plain(answer);
        response
            .headers_mut()
            .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let found = match look_up(shared, &request.uri).await {
        Ok(found) => found,
        Err(error) => return failed(&error),
    };
    let result = if shared.options.live_reload && live::wants_script(&request.headers, &found) {
        live::with_script(found).await
    } else {
        published(shared, request, found).await
    };
    result.unwrap_or_else(|error| failed(&error))
}

/// The response with the published bytes.
async fn published(shared: &Shared, request: &Parts, found: Found) -> std::io::Result<Response> {
    let Found {
        answer,
        object: Some(object),
    } = found
    else {
        return Ok(plain(found.answer));
    };
    if answer.body != respond::Body::Object {
        return Ok(plain(answer));
    }
    let (status, mut headers, size_bytes) = (answer.status, answer.headers, object.meta.size);
    let compressible = encoding::is_compressible(status, &headers, size_bytes);
    if compressible {
        headers.append(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    // Conditions and ranges are about the 200 alone (RFC 9110, sections 13.2.1 and 14.2).
    let selection = if status == StatusCode::OK && request.method == Method::GET {
        range::select(&request.headers, &headers, size_bytes)
    } else {
        Selection::Whole
    };
    let encoding = if compressible && selection == Selection::Whole {
        encoding::negotiate(&request.headers)
    } else {
        Encoding::Identity
    };
    let outcome = if status == StatusCode::OK {
        conditional::evaluate(&request.headers, &headers)
    } else {
        Outcome::Proceed
    };
    if encoding != Encoding::Identity {
        weaken_etag(&mut headers);
    }
    match (outcome, selection) {
        (Outcome::NotModified, _) => Ok(without_content(StatusCode::NOT_MODIFIED, headers)),
        (Outcome::PreconditionFailed, _) => {
            Ok(without_content(StatusCode::PRECONDITION_FAILED, headers))
        }
        (Outcome::Proceed, Selection::Unsatisfiable) => {
            headers.insert(
                header::CONTENT_RANGE,
                value(&format!("bytes */{size_bytes}")),
            );
            Ok(without_content(StatusCode::RANGE_NOT_SATISFIABLE, headers))
        }
        (Outcome::Proceed, Selection::Part { first, last }) => {
            let range = format!("bytes {first}-{last}/{size_bytes}");
            headers.insert(header::CONTENT_RANGE, value(&range));
            let span = first..last + 1;
            from_file(StatusCode::PARTIAL_CONTENT, headers, object, span).await
        }
        (Outcome::Proceed, Selection::Whole) => match encoding.name() {
            None => from_file(status, headers, object, 0..size_bytes).await,
            Some(name) => {
                let bytes = shared.compressed.get(object, encoding).await?;
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
                // An offset into a body that may come out otherwise next time means nothing.
                headers.remove(header::ACCEPT_RANGES);
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
                Ok(response(status, headers, Body::from(bytes)))
            }
        },
    }
}

/// A response whose body is at hand.
pub(super) fn plain(answer: respond::Answer) -> Response {
    let body = match answer.body {
        respond::Body::Text(text) => Body::from(text),
        respond::Body::Object | respond::Body::Empty => Body::empty(),
    };
    response(answer.status, answer.headers, body)
}

pub(super) fn response(status: StatusCode, headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

async fn from_file(
    status: StatusCode,
    mut headers: HeaderMap,
    object: Object,
    span: std::ops::Range<u64>,
) -> std::io::Result<Response> {
    headers.insert(
        header::CONTENT_LENGTH,
        HeaderValue::from(span.end - span.start),
    );
    let body = body::stream(object.contents, span).await?;
    Ok(response(status, headers, body))
}

/// A response without body, and so without the headers that describe one.
fn without_content(status: StatusCode, mut headers: HeaderMap) -> Response {
    for name in [
        header::CONTENT_DISPOSITION,
        header::CONTENT_ENCODING,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
    ] {
        headers.remove(name);
    }
    if status != StatusCode::NOT_MODIFIED {
        let short = HeaderValue::from_static(respond::ERROR_CACHE_CONTROL);
        headers.insert(header::CACHE_CONTROL, short);
    }
    response(status, headers, Body::empty())
}

/// CloudFront makes a strong ETag weak when it compresses (Amazon CloudFront Developer Guide,
/// "`ETag` header conversion").
fn weaken_etag(headers: &mut HeaderMap) {
    let weak = headers
        .get(header::ETAG)
        .and_then(|etag| etag.to_str().ok());
    if let Some(weak) = weak.map(conditional::weakened) {
        headers.insert(header::ETAG, value(&weak));
    }
}

/// A header value of visible ASCII.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The store cannot be read: a 500 that is not kept. The reason names files of this machine; it
/// is for its owner's terminal, not for the visitor.
fn failed(error: &dyn std::error::Error) -> Response {
    tell(&format!("site: {error}"));
    let answer = respond::error(
        StatusCode::INTERNAL_SERVER_ERROR,
        "500 Internal Server Error\n",
    );
    let mut response = plain(answer);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
