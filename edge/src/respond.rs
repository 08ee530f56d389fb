//! What the bucket answered, as the viewer sees it, and the answers that need no bucket.

use http::StatusCode;
pub use quillfront_headers::CACHE_TAG_HEADER as CACHE_TAG;
use quillfront_headers::values::is_header_value;
use quillfront_headers::{CACHE_REVALIDATE, Field, Metadata, Redirect, Rules};
use std::borrow::Cow;

use crate::event::Headers;
use crate::location::location;
use crate::route::Refusal;
use crate::{etag, security};

/// How long an answer that is no page may be kept.
pub const ERROR_CACHE_CONTROL: &str = "public, max-age=10";

pub(crate) const CACHE_CONTROL: &str = "cache-control";
pub(crate) const CONTENT_SECURITY_POLICY: &str = "content-security-policy";
pub(crate) const CONTENT_TYPE: &str = "content-type";
pub(crate) const ETAG: &str = "etag";
pub(crate) const LOCATION: &str = "location";
const SERVER: &str = "server";
const SET_COOKIE: &str = "set-cookie";

/// The head of a response, and where its body comes from. `content-length` is the host's to add
/// for all but [`Body::Object`].
#[derive(Clone, Debug, PartialEq)]
pub struct Answer<'a> {
    /// The status.
    pub status: StatusCode,
    /// The headers, complete but for what the host's connection adds.
    pub headers: Headers<'a>,
    /// The body.
    pub body: Body,
}

/// Where the body of an [`Answer`] comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// It is what the origin sent.
    Object,
    /// A line of text.
    Text(Cow<'static, str>),
    /// There is none.
    Empty,
}

/// The answer for an object that is there: itself, or the redirect that it stands for.
///
/// `came` are the headers of S3's `GetObject`, and `status` its 200 or 206: metadata comes as
/// `x-amz-meta-*`. What S3 says of itself (`x-amz-*`, `server`) does not reach the viewer.
pub fn found<'a>(status: StatusCode, came: &Headers<'a>) -> Answer<'a> {
    let metadata = Metadata::read(|field| came.get(field.header()));
    if let Some((status, target)) = metadata.redirect.as_ref().and_then(followed) {
        let mut headers = came.only(|name| matches!(name, CACHE_CONTROL | CACHE_TAG));
        headers.set(LOCATION, target);
        add_own(&mut headers, metadata);
        return Answer {
            status,
            headers,
            body: Body::Empty,
        };
    }
    let has_own = [Field::Policy, Field::Headers]
        .iter()
        .any(|field| came.contains(field.header()));
    let mut headers = came.only(is_public);
    let own = add_own(&mut headers, metadata);
    if has_own && let Some(etag) = etag::of_all(&headers, &own) {
        headers.set(ETAG, etag);
    }
    Answer {
        status,
        headers,
        body: Body::Object,
    }
}

/// The answer where the origin has none but an error: its own, without what is internal, and with the
/// headers of answers that show no object. One that the viewer may remember is remembered for a short
/// time.
pub fn failed<'a>(status: StatusCode, came: &Headers<'a>, rules: &Rules) -> Answer<'a> {
    let mut headers = came.only(is_public);
    if status.is_client_error() && !headers.contains(CACHE_CONTROL) {
        headers.set(CACHE_CONTROL, ERROR_CACHE_CONTROL);
    }
    security::add_floor(&mut headers, rules);
    Answer {
        status,
        headers,
        body: Body::Object,
    }
}

/// The redirect to a path of this site. `query`, without its `?`, is kept; hand one in only where it is
/// part of the cache key.
pub fn moved<'a>(path: &str, query: Option<&str>, rules: &Rules) -> Answer<'a> {
    let with_query = query.and_then(|query| location(&format!("{path}?{query}")));
    let Some(target) = with_query.or_else(|| location(path)) else {
        return not_found(rules);
    };
    let mut headers = Headers::default();
    headers.set(LOCATION, target);
    headers.set(CACHE_CONTROL, ERROR_CACHE_CONTROL);
    security::add_floor(&mut headers, rules);
    Answer {
        status: StatusCode::MOVED_PERMANENTLY,
        headers,
        body: Body::Empty,
    }
}

/// The redirect of a rule of the site. It is kept as a page is: an invalidation reaches both.
pub fn redirected<'a>(status: StatusCode, target: &str, rules: &Rules) -> Answer<'a> {
    let Some(target) = location(target) else {
        return not_found(rules);
    };
    let mut headers = Headers::default();
    headers.set(LOCATION, target);
    headers.set(CACHE_CONTROL, CACHE_REVALIDATE);
    security::add_floor(&mut headers, rules);
    Answer {
        status,
        headers,
        body: Body::Empty,
    }
}

/// The answer to a path that is not looked up: 400.
pub fn refused<'a>(refusal: Refusal, rules: &Rules) -> Answer<'a> {
    let text = match refusal {
        Refusal::TooLong => "400 Bad Request: the path is too long\n",
        _ => "400 Bad Request: the path is not in canonical form\n",
    };
    error(StatusCode::BAD_REQUEST, text, rules)
}

/// The answer where there is nothing: 404, as a line of text.
pub fn not_found<'a>(rules: &Rules) -> Answer<'a> {
    error(StatusCode::NOT_FOUND, "404 Not Found\n", rules)
}

/// The answer of a rule of the site that says that there is nothing any more: 410. It is kept as a page is.
pub fn gone<'a>(rules: &Rules) -> Answer<'a> {
    let mut answer = error(StatusCode::GONE, "410 Gone\n", rules);
    answer.headers.set(CACHE_CONTROL, CACHE_REVALIDATE);
    answer
}

/// An answer that is one line of text.
pub fn error<'a>(
    status: StatusCode,
    text: impl Into<Cow<'static, str>>,
    rules: &Rules,
) -> Answer<'a> {
    let mut headers = Headers::default();
    headers.set(CONTENT_TYPE, "text/plain; charset=utf-8");
    headers.set(CACHE_CONTROL, ERROR_CACHE_CONTROL);
    security::add_floor(&mut headers, rules);
    Answer {
        status,
        headers,
        body: Body::Text(text.into()),
    }
}

/// Adds what the object's metadata asks for, and the defaults. Returns the names of the headers that
/// the object sets or drops.
fn add_own(headers: &mut Headers<'_>, metadata: Metadata) -> Vec<String> {
    security::add_baseline(headers);
    if let Some(policy) = metadata.policy.filter(|policy| is_header_value(policy)) {
        headers.set(CONTENT_SECURITY_POLICY, policy);
    }
    let mut names = Vec::with_capacity(metadata.headers.len());
    for (mut name, value) in metadata.headers {
        name.make_ascii_lowercase();
        if !security::may_set(&name) {
            continue;
        }
        match value {
            Some(value) if is_header_value(&value) => headers.set(name.clone(), value),
            Some(_) => continue,
            None => headers.remove(&name),
        }
        names.push(name);
    }
    names
}

/// Whether a header of the origin is the viewer's: not what S3 says of itself, not metadata that is not
/// shown, and not what no object of a bucket may say to all viewers.
pub(crate) fn is_public(name: &str) -> bool {
    let is_internal = name.starts_with("x-amz") && name != CACHE_TAG;
    !is_internal && !matches!(name, SERVER | LOCATION | SET_COOKIE)
}

/// Status and target of a redirect, if it can be followed.
fn followed(redirect: &Redirect) -> Option<(StatusCode, String)> {
    let target = location(redirect.location())?;
    let status = StatusCode::from_u16(redirect.status.code()).ok()?;
    Some((status, target))
}

#[cfg(test)]
mod tests;
