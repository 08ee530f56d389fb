//! The path, the object, and the head of the response: what runs at CloudFront's edge, over the same
//! events.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, StatusCode};
use quillfront_edge::event::{EventError, EventType, Headers, Request, Response, ReturnValue};
use quillfront_edge::functions::{self, Outcome, Query, handle};
use quillfront_edge::origin_response::Look;
use quillfront_edge::respond::{self, Answer, CACHE_TAG, ERROR_CACHE_CONTROL};
use quillfront_edge::route::{ObjectKey, route};
use quillfront_edge::security;
use quillfront_edge::viewer::{Decision, ViewerRequest, decide};
use quillfront_headers::{Edge, Rules};

use super::rules::rules;
use super::thumbnails::FindError;
use super::{Shared, origin, policy_mode};
use crate::s3::{Object, StoreError};

/// The path of the page that is shown for a miss.
const NOT_FOUND_PATH: &str = "/404.html";

/// The page of a site with nothing in it.
const NOTHING_YET: &str = include_str!("nothing_yet.html");

/// The head of the response, and its body.
pub(super) struct SiteResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Body,
}

/// The body of a response.
#[allow(clippy::large_enum_variant)] // most of them are objects
pub(super) enum Body {
    /// The bytes of an object.
    Object(Object),
    /// Bytes at hand.
    Bytes(Bytes),
    /// A text; it may be empty.
    Text(Cow<'static, str>),
}

/// Why nothing could be looked up.
#[derive(Debug, thiserror::Error)]
pub(super) enum LookUpError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// CloudFront would answer 502.
    #[error(transparent)]
    Function(#[from] functions::Error),
    /// A thumbnail cannot be looked up.
    #[error(transparent)]
    Thumbnail(#[from] FindError),
}

impl From<EventError> for LookUpError {
    fn from(error: EventError) -> Self {
        Self::Function(error.into())
    }
}

/// What a request is for.
///
/// A 404 is shown as CloudFront shows it with a custom error page: the page of [`NOT_FOUND_PATH`] comes
/// through the same functions, with its own policy, and the status stays.
///
/// The viewer-request function does not run for that page, and what it answers itself is no 404 of the origin.
pub(super) async fn look_up(shared: &Shared, request: &Parts) -> Result<SiteResponse, LookUpError> {
    let (method, uri) = (&request.method, &request.uri);
    let host = request.headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    let rules = rules(shared).await?;
    let viewed = ViewerRequest {
        path: uri.path(),
        query: uri.query(),
        host,
        accept: &accepted(&request.headers),
        keys: &shared.options.image_keys,
        now: jiff::Timestamp::now().as_second().try_into().unwrap_or(0),
    };
    let path = match decide(viewed, &rules) {
        Decision::Answer(answer) => return Ok(answered(answer)),
        Decision::Pass(path) => path.map_or(Cow::from(uri.path()), Cow::from),
        Decision::Picture(path, grant) => {
            let found = shared.thumbnails.find(&path, grant, &rules).await?;
            return Ok(without_tags(found));
        }
    };
    let query = uri.query().unwrap_or_default();
    let mut found = behind(shared, &rules, method, &path, query).await?;
    if found.status == StatusCode::NOT_FOUND {
        let page = behind(shared, &rules, method, NOT_FOUND_PATH, "").await?;
        if page.status == StatusCode::OK {
            found = as_error_page(page);
        } else if open(shared, "index.html").await?.is_none() {
            found = nothing_yet(&rules);
        }
    }
    Ok(without_tags(found))
}

/// What goes to the reader: the Response Headers Policy takes the tags off.
fn without_tags(mut found: SiteResponse) -> SiteResponse {
    found.headers.remove(CACHE_TAG);
    found
}

/// What is behind the cache.
async fn behind(
    shared: &Shared,
    rules: &Rules,
    method: &Method,
    path: &str,
    query: &str,
) -> Result<SiteResponse, LookUpError> {
    match rules.edge {
        Edge::Functions => through(shared, rules, method, path, query).await,
        Edge::Policy => Ok(policy_mode::through(shared, rules, path).await?),
    }
}

/// The `Accept` header, as one line.
fn accepted(headers: &HeaderMap) -> String {
    let lines = headers.get_all(header::ACCEPT).iter();
    let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    lines.join(",")
}

/// An answer of the edge by itself.
pub(super) fn answered(answer: Answer<'static>) -> SiteResponse {
    let text = match answer.body {
        respond::Body::Text(text) => text,
        respond::Body::Object | respond::Body::Empty => Cow::default(),
    };
    SiteResponse {
        status: answer.status,
        headers: answer.headers.to_http(),
        body: Body::Text(text),
    }
}

/// A request on its way to the bucket and back, through both functions.
async fn through(
    shared: &Shared,
    rules: &Rules,
    method: &Method,
    path: &str,
    query: &str,
) -> Result<SiteResponse, LookUpError> {
    let site = functions::Site {
        rules,
        // Nothing is cached, so the whole URL is the key.
        query: Query::InKey,
    };
    let options = &shared.options;
    let request = origin::request(options, method.as_str(), path, query);
    let event = origin::event(options, EventType::OriginRequest, request, None);
    let returned = match handle(&event, &site, Look::NotYet)? {
        Outcome::Done(returned) => returned,
        // Only the other function looks.
        Outcome::Look(_) => String::new(),
    };
    let request = match ReturnValue::read(&returned)? {
        ReturnValue::Request(request) => request,
        ReturnValue::Response(response) => return Ok(shown(response, None)?),
    };
    let object = fetch(shared, &request).await?;
    let (status, headers) = match &object {
        Some(object) => (StatusCode::OK, origin::found(&object.meta)),
        None => (StatusCode::NOT_FOUND, origin::missing()),
    };
    let response = Response::with(status, Headers::from_http(&headers), None);
    let event = origin::event(options, EventType::OriginResponse, request, Some(response));
    let mut look = Look::NotYet;
    let returned = loop {
        match handle(&event, &site, look)? {
            Outcome::Done(returned) => break returned,
            Outcome::Look(key) => look = look_for(shared, &key).await?,
        }
    };
    match ReturnValue::read(&returned)? {
        ReturnValue::Response(response) => Ok(shown(response, object)?),
        ReturnValue::Request(_) => Err(EventError::NoResponse(EventType::OriginResponse).into()),
    }
}

/// What S3 answers.
async fn fetch(shared: &Shared, request: &Request<'_>) -> Result<Option<Object>, StoreError> {
    match route(&request.uri) {
        Ok(key) => open(shared, key.as_str()).await,
        // The function has made the path of a key.
        Err(_) => Ok(None),
    }
}

async fn look_for(shared: &Shared, key: &ObjectKey) -> Result<Look, StoreError> {
    Ok(match open(shared, key.as_str()).await? {
        Some(_) => Look::There,
        None => Look::Missing,
    })
}

/// What a function's response is to the viewer; its body is that of the origin where it sets none.
fn shown(response: Response<'_>, object: Option<Object>) -> Result<SiteResponse, EventError> {
    let status = response.to_status()?;
    let headers = response.headers.to_http();
    let body = match (response.body, object) {
        (Some(text), _) => Body::Text(text.to_string().into()),
        (None, Some(object)) => Body::Object(object),
        (None, None) => Body::Text("404 Not Found\n".into()),
    };
    Ok(SiteResponse {
        status,
        headers,
        body,
    })
}

/// A page in place of one that is not there.
fn as_error_page(mut page: SiteResponse) -> SiteResponse {
    // They are validators of the page, not of what was asked for.
    for name in [header::ETAG, header::LAST_MODIFIED, header::EXPIRES] {
        page.headers.remove(name);
    }
    page.headers.remove(header::ACCEPT_RANGES);
    let short = HeaderValue::from_static(ERROR_CACHE_CONTROL);
    page.headers.insert(header::CACHE_CONTROL, short);
    page.status = StatusCode::NOT_FOUND;
    page
}

/// The object, if it is there. A bucket that is not there yet has none.
pub(super) async fn open(shared: &Shared, key: &str) -> Result<Option<Object>, StoreError> {
    match shared.store.get(&shared.options.bucket, key).await {
        Err(StoreError::NoSuchBucket(_)) => Ok(None),
        result => result,
    }
}

/// What a visitor of a site sees to which nothing has been published.
fn nothing_yet(rules: &Rules) -> SiteResponse {
    let mut headers = Headers::default();
    headers.set("content-type", "text/html; charset=utf-8");
    headers.set("cache-control", "no-store");
    security::add_floor(&mut headers, rules);
    SiteResponse {
        status: StatusCode::NOT_FOUND,
        headers: headers.to_http(),
        body: Body::Text(NOTHING_YET.into()),
    }
}
