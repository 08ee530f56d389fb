//! Function URLs: events of HTTP requests, and HTTP answers of what a function says (AWS Lambda Developer Guide,
//! "Invoking Lambda function URLs", payload format 2.0).

mod answer;
mod event;

pub use answer::{ResponseBody, answer};
pub use event::{UrlRequest, event};

use bytes::Bytes;
use http::Response;

use super::{Function, Reply};

/// How answers come back (AWS Lambda Developer Guide, "Response streaming for Lambda functions").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvokeMode {
    /// `BUFFERED`: whole, and of 6 MB at most.
    Buffered,
    /// `RESPONSE_STREAM`: as they are made, and of 200 MB at most.
    Streamed,
}

/// Asks a function by its URL. What it fails with is an answer too, as readers see it; it was told.
pub async fn ask(
    function: &Function,
    mode: InvokeMode,
    asked: &UrlRequest<'_>,
) -> Response<ResponseBody> {
    let reply = function.invoke(Bytes::from(event(asked))).await;
    let reply = match (reply, mode) {
        (Ok(reply), InvokeMode::Buffered) => {
            let whole = reply.buffered().await;
            whole.map(Reply::Whole).map_err(super::InvokeError::Failed)
        }
        (reply, _) => reply,
    };
    answer(function.name(), reply).await
}
