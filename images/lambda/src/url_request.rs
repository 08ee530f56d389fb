//! The event of a function URL (AWS Lambda Developer Guide, "Invoking Lambda function URLs", payload format 2.0),
//! as far as it matters.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use quillfront_edge::thumbnail::{Grant, SIGNED_HEADER};
use serde::Deserialize;

/// A request.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UrlRequest {
    raw_path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    request_context: Context,
}

#[derive(Debug, Deserialize)]
struct Context {
    http: Http,
}

#[derive(Debug, Deserialize)]
struct Http {
    method: String,
}

/// The value of [`SIGNED_HEADER`] that says that a signature was checked.
const CHECKED: &str = "1";

/// What no path of a request has as it is.
const NEVER_IN_PATHS: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The picture.
    Get,
    /// Its headers.
    Head,
}

impl UrlRequest {
    /// Returns what is asked for; none where it is something else.
    pub fn method(&self) -> Option<Method> {
        match self.request_context.http.method.as_str() {
            "GET" => Some(Method::Get),
            "HEAD" => Some(Method::Head),
            _ => None,
        }
    }

    /// Returns the path as it stands in a URL.
    pub fn path(&self) -> String {
        utf8_percent_encode(&self.raw_path, NEVER_IN_PATHS).to_string()
    }

    /// Returns which thumbnails it may have. Only who stands before this function can send the header:
    /// viewer-request takes it off other requests, and the function URL answers CloudFront alone.
    pub fn grant(&self) -> Grant {
        match self.headers.get(SIGNED_HEADER).map(String::as_str) {
            Some(CHECKED) => Grant::Signed,
            _ => Grant::Free,
        }
    }
}
