//! The answers about thumbnails, and the headers of those that are there.

use http::StatusCode;
use quillfront_headers::values::is_header_value;
use quillfront_headers::{Metadata, Rules};
use quillfront_image_urls::{Refusal, Variant};

use super::make::MakeError;
use crate::event::Headers;
use crate::location::encode_path;
use crate::respond::{
    self, Answer, Body, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, is_public,
};
use crate::route::route;
use crate::security;

/// How long an answer is kept that may be another one soon: a minute.
pub const SHORT_CACHE_CONTROL: &str = "public, max-age=60";

/// The header that says where a thumbnail is not what its URL asks for: it is in another format.
pub const REMARK_HEADER: &str = "x-quillfront-image";

/// A picture loads nothing and runs nothing, and as a document of its own it belongs to no site. Drawings
/// (SVG) have pictures and styles in them.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox";

/// What a thumbnail is chosen by, beside its path.
const VARY: (&str, &str) = ("vary", "Accept");

/// The dates of an object say when it was stored, not when its picture is from: its tag tells it.
const DATES: [&str; 2] = ["expires", "last-modified"];

/// Characters of a reason that are told.
pub(crate) const MAX_REASON: usize = 300;

/// Returns the answer with a thumbnail. `came` are the headers of S3's `GetObject`, and `status` its 200 or 206.
pub fn found<'a>(status: StatusCode, came: &Headers<'a>, rules: &Rules) -> Answer<'a> {
    let mut metadata = Metadata::read(|field| came.get(field.header()));
    let mut headers = came.only(|name| is_public(name) && !DATES.contains(&name));
    let remark = metadata.headers.remove(REMARK_HEADER).flatten();
    if let Some(remark) = remark.filter(|remark| is_header_value(remark)) {
        headers.set(REMARK_HEADER, remark);
    }
    headers.set(VARY.0, VARY.1);
    headers.set(CONTENT_SECURITY_POLICY, POLICY);
    headers.set("x-content-type-options", "nosniff");
    security::add_floor(&mut headers, rules);
    Answer {
        status,
        headers,
        body: Body::Object,
    }
}

/// Returns an answer that is kept for a minute only.
pub(super) fn for_a_minute(mut answer: Answer<'_>) -> Answer<'_> {
    answer.headers.set(CACHE_CONTROL, SHORT_CACHE_CONTROL);
    answer
}

/// Returns the answer to a URL that gives no thumbnail.
pub(super) fn refused(refusal: &Refusal, rules: &Rules) -> Answer<'static> {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    said(status, &refusal.to_string(), rules)
}

/// Returns the answer where there is no original.
pub(super) fn missing(rules: &Rules) -> Answer<'static> {
    refused(&Refusal::Canonical, rules)
}

/// Returns the answer where no thumbnail can be made of an original: why, or the original itself where the URL
/// says so. It is never an error of the server.
pub(super) fn failed(variant: &Variant, why: &MakeError, rules: &Rules) -> Answer<'static> {
    let status = StatusCode::from_u16(why.status).ok();
    let status = status.filter(StatusCode::is_client_error);
    let mut answer = said(
        status.unwrap_or(StatusCode::UNPROCESSABLE_ENTITY),
        &why.reason,
        rules,
    );
    answer.headers.set(VARY.0, VARY.1);
    if variant.transform.redirects_on_error {
        let original = format!("/{}", encode_path(&variant.original));
        answer.status = StatusCode::FOUND;
        answer.headers.set(LOCATION, original);
        answer.headers.remove(CONTENT_TYPE);
        answer.body = Body::Empty;
    }
    answer
}

/// Returns the answer that leads to the original, as the function behind the cache has [made](failed) it for the
/// canonical path of a thumbnail; none where the origin leads anywhere else.
pub(crate) fn led_to_original<'a>(
    status: StatusCode,
    came: &Headers<'a>,
    path: &str,
    rules: &Rules,
) -> Option<Answer<'a>> {
    let key = route(path).ok()?;
    let variant = Variant::read(key.as_str(), &rules.images)?;
    let original = format!("/{}", encode_path(&variant.original));
    let is_so = status == StatusCode::FOUND
        && variant.transform.redirects_on_error
        && came.get(LOCATION) == Some(&*original);
    is_so.then(|| {
        let mut headers = came.only(|name| name == CACHE_CONTROL);
        headers.set(LOCATION, original);
        headers.set(VARY.0, VARY.1);
        security::add_floor(&mut headers, rules);
        Answer {
            status,
            headers,
            body: Body::Empty,
        }
    })
}

/// Returns the answer where the original was another one whenever it was looked at.
pub(super) fn unsettled(rules: &Rules) -> Answer<'static> {
    let text = "503 Service Unavailable: the picture is being replaced\n";
    let mut answer = respond::error(StatusCode::SERVICE_UNAVAILABLE, text, rules);
    answer.headers.set(CACHE_CONTROL, "no-store");
    answer.headers.set("retry-after", "2");
    answer
}

/// An answer of one line. Where there is nothing, there may be something soon.
fn said(status: StatusCode, why: &str, rules: &Rules) -> Answer<'static> {
    let reason = status.canonical_reason().unwrap_or_default();
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let why: String = why.chars().take(MAX_REASON).map(plain).collect();
    let text = format!("{} {reason}: {}\n", status.as_str(), why.trim());
    let answer = respond::error(status, text, rules);
    if status == StatusCode::NOT_FOUND {
        return answer;
    }
    for_a_minute(answer)
}
