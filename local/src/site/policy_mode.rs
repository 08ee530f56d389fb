//! A site without Lambda@Edge: an object as CloudFront shows it with a Response Headers Policy.
//!
//! The viewer-request function has made the path of the object. Nothing looks at what the bucket answers, so
//! a missing page is a 404, and all answers have the same headers.

use http::header::{HeaderMap, HeaderName};
use http::{HeaderValue, StatusCode};
use quillfront_edge::route::route;
use quillfront_edge::viewer::policy;
use quillfront_headers::Rules;

use super::look_up::{Body, SiteResponse, open};
use super::{Shared, origin};
use crate::s3::StoreError;

/// What the bucket answers for a path, with the headers of the policy.
pub(super) async fn through(
    shared: &Shared,
    rules: &Rules,
    path: &str,
) -> Result<SiteResponse, StoreError> {
    let object = match route(path) {
        Ok(key) => open(shared, key.as_str()).await?,
        Err(_) => None,
    };
    let mut found = match object {
        Some(object) => SiteResponse {
            status: StatusCode::OK,
            headers: origin::found(&object.meta),
            body: Body::Object(object),
        },
        None => SiteResponse {
            status: StatusCode::NOT_FOUND,
            headers: origin::missing(),
            body: Body::Text("404 Not Found\n".into()),
        },
    };
    apply(&mut found.headers, rules);
    Ok(found)
}

/// Takes headers off, and adds others in place of those of the origin.
fn apply(headers: &mut HeaderMap, rules: &Rules) {
    for name in policy::removed() {
        headers.remove(name);
    }
    for (name, line) in policy::headers(rules).lines() {
        let name = HeaderName::try_from(&**name);
        let value = HeaderValue::from_str(&line.value);
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.insert(name, value);
        }
    }
}
