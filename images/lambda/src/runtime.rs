//! The Lambda runtime API (AWS Lambda Developer Guide, "Building a custom runtime"): events come in, answers go out.
//!
//! `lambda_runtime` sends the head of a stream, the separator and the first bytes one after another, over a connection
//! with Nagle's algorithm. Each waits until the one before is acknowledged, which Linux puts off for 40 ms where it
//! expects to answer: so long did each picture wait, and Lambda bills it. This sends them as they are written.

use std::convert::Infallible;
use std::future::ready;

use bytes::{BufMut, Bytes, BytesMut};
use futures::stream::{StreamExt, once};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, TRAILER, TRANSFER_ENCODING};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::client::legacy::connect::HttpConnector;
use lambda_runtime::{Error, MetadataPrelude};
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{PooledClient, build_request};

use super::answer::ResponseStream;
use super::service::Service;
use super::url_request::UrlRequest;

/// What stands between the head of an answer and its body (AWS Lambda Developer Guide, "Response streaming").
const SEPARATOR: [u8; 8] = [0; 8];

/// What an answer with a head is.
const INTEGRATION: &str = "application/vnd.awslambda.http-integration-response";

/// Answers events one after another, as long as the process lives.
///
/// # Errors
/// The runtime API cannot be reached, or says what nobody can understand.
pub async fn run(service: &Service) -> Result<(), Error> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = PooledClient::builder().with_connector(connector).build();
    loop {
        let next = request(Method::GET, "invocation/next").body(Body::empty())?;
        let (head, event) = told(client.call(next).await?)?.into_parts();
        let id = header(&head.headers, "lambda-runtime-aws-request-id")?;
        let deadline_ms = header(&head.headers, "lambda-runtime-deadline-ms")?.parse()?;
        let event = event.collect().await?.to_bytes();
        let said = match serde_json::from_slice::<UrlRequest>(&event) {
            Ok(asked) => answer(id, service.answer(asked, deadline_ms).await)?,
            Err(error) => refusal(id, &error)?,
        };
        // Where the time was over, the answer is not wanted any more; the next one is.
        if let Err(error) = told(client.call(said).await?) {
            eprintln!("request {id}: {error}");
        }
    }
}

fn request(method: Method, path: &str) -> http::request::Builder {
    let request = build_request().method(method);
    request.uri(format!("/2018-06-01/runtime/{path}"))
}

fn told(response: Response<Incoming>) -> Result<Response<Incoming>, Error> {
    let status = response.status();
    if status.is_success() {
        return Ok(response);
    }
    Err(format!("the runtime API answers {status}").into())
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Error> {
    let value = headers.get(name);
    let value = value.ok_or_else(|| format!("the runtime API sends no {name}"))?;
    Ok(value.to_str()?)
}

/// The answer to an event: its head and the first bytes are one part.
fn answer(id: &str, streamed: ResponseStream) -> Result<Request<Body>, Error> {
    let head = head(streamed.metadata_prelude)?;
    let parts = once(ready(Ok::<_, Infallible>(head))).chain(streamed.stream);
    let frames = parts.map(|part| part.map(Frame::data));
    let request = request(Method::POST, &format!("invocation/{id}/response"))
        .header(CONTENT_TYPE, INTEGRATION)
        .header("lambda-runtime-function-response-mode", "streaming")
        .header(TRANSFER_ENCODING, "chunked")
        .header(TRAILER, "Lambda-Runtime-Function-Error-Type")
        .header(TRAILER, "Lambda-Runtime-Function-Error-Body");
    Ok(request.body(Body::new(StreamBody::new(frames)))?)
}

fn head(mut prelude: MetadataPrelude) -> Result<Bytes, Error> {
    let other = HeaderValue::from_static("application/octet-stream");
    prelude.headers.entry(CONTENT_TYPE).or_insert(other);
    let mut head = BytesMut::new().writer();
    serde_json::to_writer(&mut head, &prelude)?;
    let mut head = head.into_inner();
    head.extend_from_slice(&SEPARATOR);
    Ok(head.freeze())
}

/// What is said of an event that is none of a function URL.
fn refusal(id: &str, error: &serde_json::Error) -> Result<Request<Body>, Error> {
    const KIND: &str = "EventError";
    let body = serde_json::json!({ "errorType": KIND, "errorMessage": error.to_string() });
    let request = request(Method::POST, &format!("invocation/{id}/error"))
        .header(CONTENT_TYPE, "application/json")
        .header("lambda-runtime-function-error-type", KIND);
    Ok(request.body(Body::from(body.to_string()))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    #[test]
    fn a_head_is_json_and_ends_with_the_separator() {
        let head = head(MetadataPrelude {
            status_code: StatusCode::NOT_FOUND,
            ..MetadataPrelude::default()
        });
        let head = head.unwrap();
        let json = head.strip_suffix(&SEPARATOR).unwrap();
        let json: serde_json::Value = serde_json::from_slice(json).unwrap();
        assert_eq!(json["statusCode"], 404);
        assert_eq!(json["headers"]["content-type"], "application/octet-stream");
    }
}
