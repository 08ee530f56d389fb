//! The bucket as an origin: the events that CloudFront makes of a request and of S3's answer.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use quillfront_edge::event::{
    Config, Event, EventType, Headers, Order, Origin, Request, Response, S3Origin,
};

use super::SiteOptions;
use crate::s3::{ObjectMeta, REGION};

/// Who asks, as the bucket sees it.
const USER_AGENT: &str = "Amazon CloudFront";

/// The name of S3, as it gives it.
const SERVER: &str = "AmazonS3";

/// The request for a path, as the origin-request function sees it: with the headers that go to the
/// origin, of which the viewer sets none.
pub(super) fn request(
    options: &SiteOptions,
    method: &str,
    path: &str,
    query: &str,
) -> Request<'static> {
    let domain = format!("{}.s3.{REGION}.amazonaws.com", options.bucket);
    let mut headers = Headers::default();
    headers.set("host", domain.clone());
    headers.set("user-agent", USER_AGENT);
    Request {
        client_ip: Some("127.0.0.1".into()),
        headers,
        method: method.to_owned().into(),
        origin: Some(Origin {
            s3: Some(S3Origin {
                auth_method: Some("none".into()),
                custom_headers: Some(Headers::default()),
                domain_name: domain.into(),
                path: Some("".into()),
                region: Some(REGION.into()),
                order: Order::default(),
            }),
            ..Origin::default()
        }),
        querystring: Some(query.to_owned().into()),
        uri: path.to_owned().into(),
        body: None,
        order: Order::default(),
    }
}

/// The JSON of an event.
pub(super) fn event(
    options: &SiteOptions,
    event_type: EventType,
    request: Request<'_>,
    response: Option<Response<'_>>,
) -> String {
    let config = Config {
        distribution_domain_name: Some("localhost".into()),
        distribution_id: Some(options.distribution_id.as_str().into()),
        event_type,
        request_id: Some("local".into()),
        order: Order::default(),
    };
    Event::new(config, request, response).write()
}

/// The headers that S3 answers a `GetObject` with. A value that is no header is left out.
pub(super) fn found(meta: &ObjectMeta) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::SERVER, SERVER);
    set(header::ACCEPT_RANGES, "bytes");
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

/// The headers of the answer where there is no object. S3 tells it in XML; here a line of text stands
/// for that.
pub(super) fn missing() -> HeaderMap {
    [
        (header::SERVER, SERVER),
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
    ]
    .into_iter()
    .map(|(name, value)| (name, HeaderValue::from_static(value)))
    .collect()
}

/// RFC 9110, section 5.6.7.
fn http_date(time: jiff::Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
