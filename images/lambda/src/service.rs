//! A request from its beginning to its end: the rules, then the picture.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::StatusCode;
use quillfront_codecs::Codecs;
use quillfront_edge::host::RulesCache;
use quillfront_edge::respond::{self, Answer};
use quillfront_edge::thumbnail::{Grant, MakeOutcome, make};
use quillfront_headers::Rules;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use super::answer::{ResponseStream, streamed};
use super::bucket::{Bucket, BucketError, Requests};
use super::url_request::{Method, UrlRequest};

/// What is left of the function's time for the answer.
const FOR_THE_ANSWER: Duration = Duration::from_secs(1);

/// The function, as long as its process lives.
pub struct Service {
    bucket: Bucket,
    codecs: Arc<Codecs>,
    rules: Mutex<RulesCache>,
}

/// Why there is no picture, and none of the reasons that readers are told of.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error("the rules of the site were never read")]
    NoRules,
    #[error("the time of the function is over")]
    OutOfTime,
    #[error("the work panicked")]
    Panicked,
}

impl Service {
    /// Returns the function of a site.
    pub fn new(bucket: Bucket) -> Self {
        Self {
            bucket,
            codecs: Arc::default(),
            rules: Mutex::default(),
        }
    }

    /// Answers a request. `deadline_ms` is when the process is killed, in milliseconds since 1970.
    pub async fn answer(&self, asked: UrlRequest, deadline_ms: u64) -> ResponseStream {
        let begin = Instant::now();
        let now_ms = now_ms();
        let left = Duration::from_millis(deadline_ms.saturating_sub(now_ms));
        let deadline = begin + left.saturating_sub(FOR_THE_ANSWER);
        let path = asked.path();
        let Some(method) = asked.method() else {
            return streamed(not_allowed(), Bytes::new());
        };
        let rules = self.rules(now_ms, deadline).await;
        let made = match &rules {
            Some(rules) => self.make(&path, asked.grant(), rules, deadline).await,
            None => Err(Trouble::NoRules),
        };
        let rules = rules.unwrap_or_default();
        let (answer, bytes) = match made {
            Ok(MakeOutcome::Picture(picture)) => (picture.answer, picture.bytes),
            Ok(MakeOutcome::Answer(answer)) => (answer, Bytes::new()),
            Err(trouble) => {
                eprintln!("{path:?}: {trouble}");
                (unavailable(&rules), Bytes::new())
            }
        };
        println!(
            "{path:?}: {}, {} bytes, {} ms",
            answer.status.as_u16(),
            bytes.len(),
            begin.elapsed().as_millis()
        );
        match method {
            Method::Get => streamed(answer, bytes),
            Method::Head => streamed(without_body(answer), Bytes::new()),
        }
    }

    /// The rules of the site, which are asked for again after a while. None if they never could be read.
    async fn rules(&self, now_ms: u64, deadline: Instant) -> Option<Arc<Rules>> {
        let lock = || self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let (is_due, etag) = {
            let known = lock();
            (known.is_due(now_ms), known.etag())
        };
        if is_due {
            let object = self.bucket.rules(etag.as_deref(), deadline).await;
            let learnt = lock().learn(object.fetched(), now_ms);
            if let Err(trouble) = learnt {
                eprintln!("{trouble}");
            }
        }
        lock().get()
    }

    /// Makes the picture, on a thread where it may block: decoding and encoding take their time.
    async fn make(
        &self,
        path: &str,
        grant: Grant,
        rules: &Arc<Rules>,
        deadline: Instant,
    ) -> Result<MakeOutcome, Trouble> {
        let requests = Requests {
            bucket: self.bucket.clone(),
            deadline,
        };
        let (path, rules, handle) = (path.to_owned(), rules.clone(), Handle::current());
        let codecs = self.codecs.clone();
        let work = move || handle.block_on(make(&requests, &*codecs, &path, grant, &rules));
        let work = timeout_at(deadline, tokio::task::spawn_blocking(work));
        let made = work.await.map_err(|_| Trouble::OutOfTime)?;
        Ok(made.map_err(|_| Trouble::Panicked)??)
    }
}

fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default().as_millis();
    u64::try_from(now).unwrap_or(u64::MAX)
}

fn without_body(answer: Answer<'static>) -> Answer<'static> {
    Answer {
        body: respond::Body::Empty,
        ..answer
    }
}

fn not_allowed() -> Answer<'static> {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    let mut answer = respond::error(status, "405 Method Not Allowed\n", &Rules::default());
    answer.headers.set("allow", "GET, HEAD");
    answer.headers.set("cache-control", "no-store");
    answer
}

/// The answer where the infrastructure failed. It is not to be kept.
fn unavailable(rules: &Rules) -> Answer<'static> {
    let status = StatusCode::SERVICE_UNAVAILABLE;
    let mut answer = respond::error(status, "503 Service Unavailable\n", rules);
    answer.headers.set("cache-control", "no-store");
    answer.headers.set("retry-after", "2");
    answer
}
