//! What CloudFront does with an object: conditions, ranges, compression.

use axum::response::Response;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode};
use quillfront_edge::conditional::{self, Outcome};
use quillfront_edge::encoding::{self, Encoding};
use quillfront_edge::range::{self, Selection};
use quillfront_edge::respond;
use quillfront_headers::Rules;

use super::look_up::{Body, SiteResponse, look_up};
use super::{Shared, live};
use crate::terminal::tell;

/// The response to a request for a page.
pub(super) async fn answer(shared: &Shared, request: &Parts) -> Response {
    if !matches!(request.method, Method::GET | Method::HEAD) {
        let text = "405 Method Not Allowed\n";
        let mut response = plain(error(StatusCode::METHOD_NOT_ALLOWED, text));
        response
            .headers_mut()
            .insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let found = match look_up(shared, request).await {
        Ok(found) => found,
        Err(reason) => return failed(&reason),
    };
    let result = if shared.options.live_reload && live::wants_script(&request.headers, &found) {
        live::with_script(found).await
    } else {
        published(shared, request, found).await
    };
    result.unwrap_or_else(|error| failed(&error))
}

/// The response with the published bytes.
async fn published(
    shared: &Shared,
    request: &Parts,
    found: SiteResponse,
) -> std::io::Result<Response> {
    let Some(size_bytes) = found.body.size_bytes() else {
        return Ok(plain(found));
    };
    let SiteResponse {
        status,
        mut headers,
        body,
    } = found;
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
            with_span(StatusCode::PARTIAL_CONTENT, headers, body, span).await
        }
        (Outcome::Proceed, Selection::Whole) => match encoding.name() {
            None => with_span(status, headers, body, 0..size_bytes).await,
            Some(name) => {
                let etag = body.etag(&headers);
                let read = move || body.read_all();
                let bytes = shared.compressed.get(etag, encoding, read).await?;
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
                // An offset into a body that may come out otherwise next time means nothing.
                headers.remove(header::ACCEPT_RANGES);
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
                Ok(response(status, headers, axum::body::Body::from(bytes)))
            }
        },
    }
}

/// A response whose body is at hand.
pub(super) fn plain(found: SiteResponse) -> Response {
    let body = match found.body {
        Body::Text(text) => axum::body::Body::from(text.into_owned()),
        Body::Object(_) | Body::Bytes(_) => axum::body::Body::empty(),
    };
    response(found.status, found.headers, body)
}

/// A line of text that the server says by itself, whatever the site.
fn error(status: StatusCode, text: &'static str) -> SiteResponse {
    SiteResponse {
        status,
        headers: respond::error(status, text, &Rules::default())
            .headers
            .to_http(),
        body: Body::Text(text.into()),
    }
}

pub(super) fn response(status: StatusCode, headers: HeaderMap, body: axum::body::Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

async fn with_span(
    status: StatusCode,
    mut headers: HeaderMap,
    body: Body,
    span: std::ops::Range<u64>,
) -> std::io::Result<Response> {
    headers.insert(
        header::CONTENT_LENGTH,
        HeaderValue::from(span.end - span.start),
    );
    let body = body.span(span).await?;
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
    response(status, headers, axum::body::Body::empty())
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

/// The store cannot be read, or a function has no answer: a 500 that is not kept. The reason names files of this machine; it
/// is for its owner's terminal, not for the visitor.
fn failed(reason: &dyn std::error::Error) -> Response {
    tell(&format!("site: {reason}"));
    let text = "500 Internal Server Error\n";
    let mut response = plain(error(StatusCode::INTERNAL_SERVER_ERROR, text));
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
