//! The HTTP answer of what a function says.

use std::collections::BTreeMap;

use base64_simd::STANDARD;
use bytes::{Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use serde::Deserialize;

use super::super::reply::{Body, CutShort};
use super::super::{InvokeError, Reply};
use crate::terminal::tell;

/// The media type of a stream that begins with status and headers.
const WITH_PRELUDE: &str = "application/vnd.awslambda.http-integration-response";

/// What is between the prelude of a stream and its body.
const DELIMITER: [u8; 8] = [0; 8];

/// The longest prelude, in bytes. All headers that a function URL passes on are shorter.
const MAX_PRELUDE_BYTES: usize = 64 * 1_024;

/// The body of an answer.
#[derive(Debug)]
pub enum ResponseBody {
    /// All of it.
    Whole(Bytes),
    /// A stream.
    Streamed {
        /// What came with the prelude.
        first: Bytes,
        /// The rest.
        rest: Body,
    },
}

impl ResponseBody {
    /// Returns all of it.
    ///
    /// # Errors
    /// It was cut short.
    pub async fn collect(self) -> Result<Bytes, CutShort> {
        let (first, mut rest) = match self {
            Self::Whole(bytes) => return Ok(bytes),
            Self::Streamed { first, rest } => (first, rest),
        };
        let mut all = BytesMut::from(first);
        while let Some(bytes) = rest.next().await? {
            all.extend_from_slice(&bytes);
        }
        Ok(all.freeze())
    }
}

/// What a function says of its answer: as JSON with the body in it, or in front of a stream.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResponseHead {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, Field>,
    #[serde(default)]
    cookies: Vec<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// The value of a header. Numbers and truth values are taken too.
#[derive(Deserialize)]
#[serde(untagged)]
enum Field {
    Text(String),
    Number(i64),
    Truth(bool),
}

impl Field {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
            Self::Truth(is_true) => is_true.to_string(),
        }
    }
}

/// Returns the answer that a reader gets. What went wrong is told to the terminal with the function's name, and
/// not to readers.
pub async fn answer(name: &str, reply: Result<Reply, InvokeError>) -> Response<ResponseBody> {
    let answered = match reply {
        Ok(Reply::Whole(bytes)) => Ok(whole(&bytes)),
        Ok(Reply::Streamed { content_type, body }) => streamed(content_type, body).await,
        Err(error) => {
            tell(&format!("{name}: {error}"));
            return failed(&error);
        }
    };
    answered.unwrap_or_else(|reason| {
        tell(&format!("{name}: {reason}"));
        error(StatusCode::BAD_GATEWAY, "Internal Server Error")
    })
}

/// A JSON object with a status is an answer; all else is the body of one.
fn whole(bytes: &Bytes) -> Response<ResponseBody> {
    match serde_json::from_slice::<ResponseHead>(bytes) {
        Ok(mut told) => {
            let body = told.body.take().unwrap_or_default();
            let decoded = if told.is_base64_encoded {
                STANDARD.decode_to_vec(body.as_bytes()).ok()
            } else {
                Some(body.into_bytes())
            };
            match (decoded, head(told)) {
                (Some(body), Some(head)) => head.map(|()| ResponseBody::Whole(body.into())),
                _ => error(StatusCode::BAD_GATEWAY, "Internal Server Error"),
            }
        }
        Err(_) => plain("application/json", ResponseBody::Whole(bytes.clone())),
    }
}

/// A stream: with status and headers in front of it, or as it is.
async fn streamed(
    content_type: Option<String>,
    mut body: Body,
) -> Result<Response<ResponseBody>, String> {
    let content_type = content_type.unwrap_or_else(|| "application/octet-stream".to_owned());
    if content_type != WITH_PRELUDE {
        let first = Bytes::new();
        return Ok(plain(
            &content_type,
            ResponseBody::Streamed { first, rest: body },
        ));
    }
    let mut begin = BytesMut::new();
    let at = loop {
        let searched = begin.len().saturating_sub(DELIMITER.len());
        let next = body.next().await.map_err(|why| why.to_string())?;
        let next = next.ok_or("the answer ends before its status")?;
        begin.extend_from_slice(&next);
        let mut windows = begin[searched..].windows(DELIMITER.len());
        if let Some(at) = windows.position(|window| window == DELIMITER) {
            break searched + at;
        }
        if begin.len() > MAX_PRELUDE_BYTES {
            return Err("what is before the answer is too long".to_owned());
        }
    };
    let prelude = begin.split_to(at);
    let first = begin.split_off(DELIMITER.len()).freeze();
    let told = serde_json::from_slice(&prelude);
    let told: ResponseHead = told.map_err(|error| format!("the status of the answer: {error}"))?;
    let head = head(told).ok_or("the answer has a status or a header that HTTP does not know")?;
    Ok(head.map(|()| ResponseBody::Streamed { first, rest: body }))
}

/// Status and headers; none where HTTP has no such.
fn head(told: ResponseHead) -> Option<Response<()>> {
    let mut headers = HeaderMap::new();
    for (name, value) in told.headers {
        let name = HeaderName::try_from(name).ok()?;
        headers.append(name, HeaderValue::try_from(value.into_text()).ok()?);
    }
    for cookie in told.cookies {
        headers.append(header::SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
    }
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(told.status_code).ok()?;
    *response.headers_mut() = headers;
    Some(response)
}

/// The answer where there is none of the function (AWS Lambda Developer Guide, "Invoking Lambda function URLs").
fn failed(failure: &InvokeError) -> Response<ResponseBody> {
    let (status, text) = match failure {
        InvokeError::EventTooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long"),
        InvokeError::Throttled(_) => (StatusCode::TOO_MANY_REQUESTS, "Rate Exceeded."),
        InvokeError::ShutDown => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        InvokeError::Start { .. } | InvokeError::Failed(_) => {
            (StatusCode::BAD_GATEWAY, "Internal Server Error")
        }
    };
    error(status, text)
}

fn error(status: StatusCode, text: &'static str) -> Response<ResponseBody> {
    let mut response = plain(
        "text/plain",
        ResponseBody::Whole(Bytes::from_static(text.as_bytes())),
    );
    *response.status_mut() = status;
    response
}

fn plain(content_type: &str, body: ResponseBody) -> Response<ResponseBody> {
    let mut response = Response::new(body);
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::super::super::reply::Part;
    use super::*;

    async fn of(reply: Reply) -> (StatusCode, HeaderMap, Bytes) {
        let (head, body) = answer("f", Ok(reply)).await.into_parts();
        (head.status, head.headers, body.collect().await.unwrap())
    }

    async fn of_text(text: &'static str) -> (StatusCode, HeaderMap, Bytes) {
        of(Reply::Whole(Bytes::from_static(text.as_bytes()))).await
    }

    #[tokio::test]
    async fn json_with_a_status_is_an_answer() {
        let (status, headers, body) = of_text(
            r#"{"statusCode": 201, "headers": {"Content-Type": "image/png", "x-n": 5}, "cookies": ["a=1", "b=2"],
                "body": "/wA=", "isBase64Encoded": true}"#,
        )
        .await;
        assert_eq!(status, StatusCode::CREATED);
        assert_eq!(headers["content-type"], "image/png");
        assert_eq!(headers["x-n"], "5");
        let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"]);
        assert_eq!(&body[..], [0xff, 0]);
    }

    #[tokio::test]
    async fn other_json_is_a_body() {
        let (status, headers, body) = of_text(r#"{"message": "Hello"}"#).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(&body[..], br#"{"message": "Hello"}"#);
    }

    #[tokio::test]
    async fn what_http_does_not_know_is_a_bad_gateway() {
        for text in [
            r#"{"statusCode": 20}"#,
            r#"{"statusCode": 200, "headers": {"a b": "c"}}"#,
            r#"{"statusCode": 200, "headers": {"a": "c\r\nd: e"}}"#,
            r#"{"statusCode": 200, "body": "§", "isBase64Encoded": true}"#,
        ] {
            let (status, headers, _) = of_text(text).await;
            assert_eq!(status, StatusCode::BAD_GATEWAY, "{text}");
            assert_eq!(headers.len(), 1);
        }
    }

    /// A stream of these parts.
    fn stream(parts: Vec<&'static [u8]>) -> Reply {
        let (sender, body) = Body::new();
        tokio::spawn(async move {
            for part in parts {
                let _ = sender.send(Part::Bytes(Bytes::from_static(part))).await;
            }
            let _ = sender.send(Part::End).await;
        });
        Reply::Streamed {
            content_type: Some(WITH_PRELUDE.to_owned()),
            body,
        }
    }

    #[tokio::test]
    async fn a_stream_begins_with_its_status() {
        let prelude: &[u8] = br#"{"statusCode":404,"headers":{"x":"y"}}"#;
        for parts in [
            vec![prelude, b"\0\0\0\0\0\0\0\0", b"bo", b"dy"],
            vec![prelude, b"\0\0\0", b"\0\0\0\0", b"\0body"],
            vec![b"{\"statusCode\":404,\"headers\":{\"x\":\"y\"}}\0\0\0\0\0\0\0\0body"],
        ] {
            let (status, headers, body) = of(stream(parts)).await;
            assert_eq!(status, StatusCode::NOT_FOUND);
            assert_eq!(headers["x"], "y");
            assert_eq!(&body[..], b"body");
        }
    }

    #[tokio::test]
    async fn a_stream_without_a_status_is_a_bad_gateway() {
        for parts in [
            vec![],
            vec![&b"{\"statusCode\":200}"[..]],
            vec![&b"no json\0\0\0\0\0\0\0\0body"[..]],
            vec![&[b'x'; MAX_PRELUDE_BYTES + 1][..], b"\0\0\0\0\0\0\0\0"],
        ] {
            let (status, _, _) = of(stream(parts)).await;
            assert_eq!(status, StatusCode::BAD_GATEWAY);
        }
    }

    #[tokio::test]
    async fn a_failure_is_no_secret_told() {
        let failure = super::super::super::Failure::new("Runtime.ExitError", "at 10.0.0.1");
        for (error, status) in [
            (InvokeError::Failed(failure), 502),
            (InvokeError::Throttled(1), 429),
            (InvokeError::EventTooLarge(1), 413),
            (InvokeError::ShutDown, 503),
        ] {
            let answer = answer("f", Err(error)).await;
            assert_eq!(answer.status().as_u16(), status);
            let body = answer.into_body().collect().await.unwrap();
            assert!(!body.windows(4).any(|window| window == b"10.0"));
        }
    }
}
