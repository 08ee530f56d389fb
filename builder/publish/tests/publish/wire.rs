//! What goes over the wire, seen and bent.

use crate::world::TestHost;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::http::StatusCode;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One attempt of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// `PUT`.
    pub method: String,
    /// Path and query.
    pub uri: String,
    /// What was sent, if it is text.
    pub body: String,
    /// The test's clock.
    pub at_ms: i64,
}

impl Attempt {
    pub fn is_invalidation(&self) -> bool {
        self.method == "POST" && self.uri.contains("/invalidation")
    }

    /// CallerReference and paths of an invalidation.
    pub fn invalidation(&self) -> (String, Vec<String>) {
        let all = |tag: &str| -> Vec<String> {
            let start = format!("<{tag}>");
            let parts = self.body.split(&start).skip(1);
            let end = format!("</{tag}>");
            let part = |part: &str| part.split(&end).next().unwrap_or_default().to_owned();
            parts.map(part).collect()
        };
        (all("CallerReference").concat(), all("Path"))
    }
}

/// Which attempts get another answer than the server's, and which.
type Bend = Box<dyn Fn(&Attempt) -> bool + Send + Sync>;

/// Sees all attempts; those that `bend` names are done, but are answered with a status and a code
/// from the list while there are some.
pub struct Wire {
    host: Arc<TestHost>,
    seen: Mutex<Vec<Attempt>>,
    bend: Bend,
    answers: Mutex<VecDeque<(u16, &'static str)>>,
    /// What the clock moves by with each put into the site bucket.
    pub put_takes: Duration,
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    pub fn new(
        host: &Arc<TestHost>,
        bend: impl Fn(&Attempt) -> bool + Send + Sync + 'static,
        answers: impl IntoIterator<Item = (u16, &'static str)>,
    ) -> Self {
        Self {
            host: host.clone(),
            seen: Mutex::default(),
            bend: Box::new(bend),
            answers: Mutex::new(answers.into_iter().collect()),
            put_takes: Duration::ZERO,
        }
    }

    pub fn seen(&self) -> Vec<Attempt> {
        self.seen.lock().unwrap().clone()
    }

    /// References and paths of the invalidations, one for each attempt.
    pub fn invalidations(&self) -> Vec<(String, Vec<String>)> {
        let seen = self.seen();
        let sent = seen.iter().filter(|attempt| attempt.is_invalidation());
        sent.map(Attempt::invalidation).collect()
    }
}

/// The same wire, for a client.
#[derive(Debug, Clone)]
pub struct Tap(pub Arc<Wire>);

impl Intercept for Tap {
    fn name(&self) -> &'static str {
        "Tap"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        let body = request.body().bytes().unwrap_or_default();
        let uri = request.uri();
        let path = uri.split_once("://").map_or(uri, |(_, rest)| rest);
        let path = path.split_once('/').map_or("", |(_, path)| path);
        let attempt = Attempt {
            method: request.method().to_owned(),
            uri: format!("/{path}"),
            body: String::from_utf8_lossy(body).into_owned(),
            at_ms: self.0.host.now_ms(),
        };
        if attempt.method == "PUT" && attempt.uri.starts_with("/site/") {
            self.0.host.advance(self.0.put_takes);
        }
        self.0.seen.lock().unwrap().push(attempt);
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The clients of these tests have no other request under way beside one that is bent.
        let Some(last) = self.0.seen().pop() else {
            return Ok(());
        };
        if !(self.0.bend)(&last) {
            return Ok(());
        }
        let Some((status, code)) = self.0.answers.lock().unwrap().pop_front() else {
            return Ok(());
        };
        let error = format!("<Code>{code}</Code><Message>as told</Message>");
        let xml = if last.is_invalidation() {
            format!("<ErrorResponse><Error>{error}</Error></ErrorResponse>")
        } else {
            format!("<Error>{error}</Error>")
        };
        *context.response_mut() = HttpResponse::new(StatusCode::try_from(status)?, xml.into());
        Ok(())
    }
}
