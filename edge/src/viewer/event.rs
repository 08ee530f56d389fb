//! The JSON of an event of CloudFront Functions, which is another one than that of Lambda@Edge (Amazon
//! CloudFront Developer Guide, "CloudFront Functions event structure").
//!
//! In JavaScript the query string as it was sent is what `request.rawQueryString()` returns. JSON has no
//! methods, so here it is a text of that name; without it, it is put together from `querystring`.

use quillfront_headers::Rules;
use quillfront_image_urls::Keys;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Behaviour, Decision, ViewerRequest, decide};
use crate::respond::{Answer, Body};
use crate::thumbnail::{Grant, SIGNED_HEADER};

/// An event that is about a request.
#[derive(Deserialize)]
pub struct Event {
    #[serde(default)]
    context: Context,
    request: Map<String, Value>,
}

#[derive(Default, Deserialize)]
struct Context {
    #[serde(rename = "eventType")]
    event_type: Option<String>,
}

/// Why an event has no answer.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It is no JSON of such an event.
    #[error("it is no event of CloudFront Functions: {0}")]
    Json(#[from] serde_json::Error),
    /// There is no function for it.
    #[error("there is no function for {0} events: CloudFront Functions answer viewer-request")]
    NoFunction(String),
    /// A field is missing, or of another type.
    #[error("it is no event of CloudFront Functions: `request.{0}` is no text")]
    Field(&'static str),
}

/// The name of the query string as it was sent.
const RAW_QUERY: &str = "rawQueryString";

/// Answers the event of a request: with the request, or with a response. Signatures are checked with `keys`, for the
/// time `now` in seconds since 1970.
///
/// # Errors
/// It is no viewer-request event.
pub fn handle(json: &str, rules: &Rules, keys: &Keys, now: u64) -> Result<Value, EventError> {
    let Event {
        context,
        mut request,
    } = serde_json::from_str(json)?;
    if let Some(other) = context.event_type.filter(|one| one != "viewer-request") {
        return Err(EventError::NoFunction(other));
    }
    let path = request.get("uri").and_then(Value::as_str);
    let path = path.ok_or(EventError::Field("uri"))?;
    let raw = match request.get(RAW_QUERY) {
        None => raw_query(request.get("querystring")),
        Some(raw) => Some(raw.as_str().ok_or(EventError::Field(RAW_QUERY))?.to_owned()),
    };
    let host = header(&request, "host");
    let accept = header(&request, "accept");
    let viewed = ViewerRequest {
        path,
        query: raw.as_deref(),
        host: host.as_deref(),
        accept: accept.as_deref().unwrap_or_default(),
        keys,
        now,
    };
    let behaviour = Behaviour::of(path, rules);
    let (path, grant) = match decide(viewed, rules) {
        Decision::Answer(answer) => return Ok(written(&answer)),
        Decision::Pass(path) => (path, Grant::Free),
        Decision::Picture(path, grant) => (Some(path), grant),
    };
    request.remove(RAW_QUERY);
    if let Some(path) = path {
        request.insert("uri".to_owned(), path.into());
    }
    if behaviour == Behaviour::Pictures
        && let Some(headers) = request.get_mut("headers").and_then(Value::as_object_mut)
    {
        headers.remove(SIGNED_HEADER);
        if grant == Grant::Signed {
            headers.insert(SIGNED_HEADER.to_owned(), json!({"value": "1"}));
        }
    }
    Ok(request.into())
}

/// Returns a header of a request; several lines of it are one.
fn header(request: &Map<String, Value>, name: &str) -> Option<String> {
    let header = request.get("headers")?.get(name)?;
    let value = |line: &Value| line.get("value").and_then(Value::as_str).map(str::to_owned);
    match header.get("multiValue").and_then(Value::as_array) {
        Some(lines) => Some(lines.iter().filter_map(value).collect::<Vec<_>>().join(",")),
        None => value(header),
    }
}

/// Puts a query string together from its parameters.
fn raw_query(querystring: Option<&Value>) -> Option<String> {
    let parameters = querystring?.as_object()?;
    let mut parts = Vec::new();
    for (name, parameter) in parameters {
        let one = std::slice::from_ref(parameter);
        let all = parameter.get("multiValue").and_then(Value::as_array);
        for one in all.map_or(one, |all| all) {
            let value = one.get("value").and_then(Value::as_str).unwrap_or_default();
            parts.push(match value {
                "" => name.clone(),
                value => format!("{name}={value}"),
            });
        }
    }
    (!parts.is_empty()).then(|| parts.join("&"))
}

/// Returns an answer as a function returns it.
fn written(answer: &Answer<'_>) -> Value {
    let headers = headers(answer);
    let reason = answer.status.canonical_reason().unwrap_or_default();
    let mut response = json!({
        "statusCode": answer.status.as_u16(),
        "statusDescription": reason,
        "headers": headers,
    });
    if let Body::Text(text) = &answer.body {
        response["body"] = json!({"encoding": "text", "data": text});
    }
    response
}

/// Returns the headers of an answer by name. None of them has several lines.
pub(super) fn headers(answer: &Answer<'_>) -> Map<String, Value> {
    let lines = answer.headers.lines();
    let named = lines.map(|(name, line)| (name.to_string(), json!({"value": &*line.value})));
    named.collect()
}
