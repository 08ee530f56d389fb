//! Answers, as streams.

use std::convert::Infallible;

use bytes::Bytes;
use futures::Stream;
use futures::stream;
use http::header::{HeaderMap, HeaderValue};
use lambda_runtime::{MetadataPrelude, StreamResponse};
use quillfront_edge::respond::{Answer, Body};

/// Bytes of a body that are sent at a time.
const PART_BYTES: usize = 256 * 1_024;

/// An answer on its way. Its body is at hand, so that nothing can fail in the middle of it.
pub type ResponseStream =
    StreamResponse<Box<dyn Stream<Item = Result<Bytes, Infallible>> + Send + Unpin>>;

/// Returns an answer with a body; that of the answer itself where it has one.
pub fn streamed(answer: Answer<'static>, bytes: Bytes) -> ResponseStream {
    let body = match answer.body {
        Body::Text(text) => Bytes::from(text.into_owned()),
        Body::Object => bytes,
        Body::Empty => Bytes::new(),
    };
    let length = body.len();
    let parts = (0..length).step_by(PART_BYTES).map(move |begin| {
        let end = length.min(begin + PART_BYTES);
        Ok(body.slice(begin..end))
    });
    StreamResponse {
        metadata_prelude: MetadataPrelude {
            status_code: answer.status,
            headers: one_line_each(&answer.headers.to_http()),
            cookies: Vec::new(),
        },
        stream: Box::new(stream::iter(parts)),
    }
}

/// The headers, each with one value: a function URL takes no lists.
fn one_line_each(headers: &HeaderMap) -> HeaderMap {
    let mut single = HeaderMap::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter();
        let values: Vec<&[u8]> = values.map(HeaderValue::as_bytes).collect();
        // Values without control characters have none when they are joined.
        if let Ok(value) = HeaderValue::from_bytes(&values.join(&b", "[..])) {
            single.insert(name, value);
        }
    }
    single
}
