//! Who makes a thumbnail that is missing: this process, or the function behind the cache.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use jiff::Timestamp;
use quillfront_codecs::Codecs;
use quillfront_edge::event::Headers;
use quillfront_edge::respond::{self, Answer, Body};
use quillfront_edge::thumbnail::{Grant, MakeOutcome, Picture, SIGNED_HEADER, make};
use quillfront_headers::Rules;

use super::host::Bucket;
use super::named;
use crate::functions::Function;
use crate::functions::url::{InvokeMode, ResponseBody, UrlRequest, ask};
use crate::s3::StoreError;
use crate::terminal::tell;

/// Who makes thumbnails. Clones are the same.
#[derive(Clone)]
pub(super) enum Maker {
    /// This process.
    Here(Arc<Bucket>, Arc<Codecs>),
    /// A function, which has its own way to the bucket.
    Function(Arc<Remote>),
}

/// The function of the second origin.
pub(super) struct Remote {
    function: Function,
    /// The bucket, as far as it is looked at here.
    bucket: Arc<Bucket>,
    asked: AtomicU64,
}

impl Maker {
    pub fn new(bucket: Arc<Bucket>, function: Option<Function>) -> Self {
        let Some(function) = function else {
            return Self::Here(bucket, Arc::default());
        };
        Self::Function(Arc::new(Remote {
            function,
            bucket,
            asked: AtomicU64::new(0),
        }))
    }

    /// How many thumbnails were made, or asked for.
    pub fn made(&self) -> u64 {
        match self {
            Self::Here(_, codecs) => codecs.made(),
            Self::Function(remote) => remote.asked.load(Ordering::Relaxed),
        }
    }

    /// Whether a thumbnail is made where the bucket fails: the other origin of a group answers then.
    pub fn stands_in(&self) -> bool {
        matches!(self, Self::Function(_))
    }

    /// Makes the thumbnail of a canonical path. This may block.
    pub async fn make(
        &self,
        path: &str,
        grant: Grant,
        rules: &Rules,
    ) -> Result<MakeOutcome, Arc<StoreError>> {
        match self {
            Self::Here(bucket, codecs) => {
                let made = make(&**bucket, &**codecs, path, grant, rules).await;
                made.map_err(Arc::new)
            }
            Self::Function(remote) => Ok(remote.make(path, grant, rules).await),
        }
    }
}

impl Remote {
    async fn make(&self, path: &str, grant: Grant, rules: &Rules) -> MakeOutcome {
        self.asked.fetch_add(1, Ordering::Relaxed);
        // What the function reads is not older than this.
        let original = named(path, rules).and_then(|(_, original)| self.bucket.look(&original));
        let (original, _) = original.unwrap_or_default();
        let mut request = Request::get(path);
        if grant == Grant::Signed {
            request = request.header(SIGNED_HEADER, "1");
        }
        let Ok(request) = request.body(()) else {
            return bad_gateway(rules);
        };
        let (head, ()) = request.into_parts();
        let asked = UrlRequest {
            head: &head,
            body: b"",
            from: IpAddr::V4(Ipv4Addr::LOCALHOST),
            now_ms: Timestamp::now().as_millisecond(),
        };
        let (head, body) = ask(&self.function, InvokeMode::Streamed, &asked)
            .await
            .map(ResponseBody::collect)
            .into_parts();
        match body.await {
            Ok(bytes) => made(Response::from_parts(head, bytes), original),
            Err(why) => {
                tell(&format!("{}: {path}: {why}", self.function.name()));
                bad_gateway(rules)
            }
        }
    }
}

/// What a function has answered.
fn made(response: Response<Bytes>, original: String) -> MakeOutcome {
    let (head, bytes) = response.into_parts();
    let mut answer = Answer {
        status: head.status,
        headers: Headers::from_http(&head.headers),
        body: Body::Object,
    };
    if head.status == StatusCode::OK {
        return MakeOutcome::Picture(Picture {
            answer,
            bytes,
            original,
        });
    }
    answer.body = Body::Text(String::from_utf8_lossy(&bytes).into_owned().into());
    MakeOutcome::Answer(answer)
}

/// The answer where the function has none.
fn bad_gateway(rules: &Rules) -> MakeOutcome {
    let status = StatusCode::BAD_GATEWAY;
    let mut answer = respond::error(status, "502 Bad Gateway\n", rules);
    answer.headers.set("cache-control", "no-store");
    MakeOutcome::Answer(answer)
}
