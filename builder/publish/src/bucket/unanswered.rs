//! Writes that were sent and given up without an answer.
//!
//! An attempt that takes too long is made again, but S3 may still do the first: it has no fencing, and a
//! condition does not help where what it asks for has come about once more (nothing is there, because
//! the page was removed since; the same bytes are there again). So a late attempt could undo what a
//! later commit did. It comes no later than one request timeout after its request began, and until then
//! the lease is not let go (`Session::let_go`): there is no later commit that it could meet.
//!
//! An attempt whose connection broke is not waited for: nothing comes over that connection any more.

use aws_sdk_s3::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, UNIX_EPOCH};

/// Until when writes that were given up may still be done.
#[derive(Debug)]
pub struct UnansweredWrites {
    request_timeout: Duration,
    until_ms: AtomicI64,
}

impl UnansweredWrites {
    /// Nothing was given up yet; no request lasts longer than this.
    pub fn new(request_timeout: Duration) -> Self {
        Self {
            request_timeout,
            until_ms: AtomicI64::new(i64::MIN),
        }
    }

    /// How long something may still be done, at a time in milliseconds of Unix time; none where
    /// nothing can.
    pub fn left(&self, now_ms: i64) -> Option<Duration> {
        let left = self.until_ms.load(Ordering::Relaxed).saturating_sub(now_ms);
        let left = u64::try_from(left).ok().filter(|left| *left > 0);
        left.map(Duration::from_millis)
    }
}

/// Watches the attempts of one request: does one begin while the last one has not come to an end?
#[derive(Debug)]
pub struct Attempts {
    noted: Arc<UnansweredWrites>,
    /// When the first attempt began, in milliseconds of Unix time.
    began_ms: AtomicI64,
    is_open: AtomicBool,
}

impl Attempts {
    /// Of a request that is about to be made.
    pub fn of(noted: Arc<UnansweredWrites>) -> Self {
        Self {
            noted,
            began_ms: AtomicI64::new(i64::MAX),
            is_open: AtomicBool::new(false),
        }
    }
}

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "Attempts"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        components: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let time = components.time_source().ok_or("the client has no clock")?;
        let now = time.now().duration_since(UNIX_EPOCH)?;
        let began_ms = self
            .began_ms
            .fetch_min(now.as_millis() as i64, Ordering::Relaxed)
            .min(now.as_millis() as i64);
        if self.is_open.swap(true, Ordering::Relaxed) {
            let until_ms = began_ms + self.noted.request_timeout.as_millis() as i64;
            self.noted.until_ms.fetch_max(until_ms, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Comes after answers and after errors, but not where the attempt took too long.
    fn read_after_attempt(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.is_open.store(false, Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket::store::{Attributes, Bucket, Condition, WriteOutcome};
    use aws_credential_types::Credentials;
    use aws_sdk_s3::primitives::SdkBody;
    use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, Sleep};
    use aws_smithy_async::time::{SharedTimeSource, StaticTimeSource};
    use aws_smithy_runtime_api::client::http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
    use std::sync::Mutex;

    const TIMEOUT: Duration = Duration::from_secs(45);
    const NOW_MS: i64 = 1_000_000;

    #[derive(Debug, Clone, Copy)]
    enum Fate {
        Answered(u16),
        Broken,
        Unanswered,
    }

    /// One fate for each attempt.
    #[derive(Debug, Clone)]
    struct Network(Arc<Mutex<Vec<Fate>>>);

    impl HttpConnector for Network {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            let fate = self.0.lock().unwrap().remove(0);
            HttpConnectorFuture::new(async move {
                match fate {
                    Fate::Answered(status) => Ok(HttpResponse::new(
                        status.try_into().unwrap(),
                        SdkBody::empty(),
                    )),
                    Fate::Broken => Err(ConnectorError::io("the connection was reset".into())),
                    Fate::Unanswered => std::future::pending().await,
                }
            })
        }
    }

    impl HttpClient for Network {
        fn http_connector(
            &self,
            _: &HttpConnectorSettings,
            _: &RuntimeComponents,
        ) -> SharedHttpConnector {
            SharedHttpConnector::new(self.clone())
        }
    }

    /// Whatever is waited for is over at once.
    #[derive(Debug)]
    struct NoTime;

    impl AsyncSleep for NoTime {
        fn sleep(&self, _: Duration) -> Sleep {
            Sleep::new(async {})
        }
    }

    /// What is left to be waited for after a put whose attempts fare so.
    async fn left_after(attempts: &[Fate]) -> Option<Duration> {
        let credentials = Credentials::new("key", "secret", None, None, "test");
        let network = Network(Arc::new(Mutex::new(attempts.to_vec())));
        let now = UNIX_EPOCH + Duration::from_millis(NOW_MS as u64);
        let config = crate::aws::fixed(TIMEOUT, credentials, "us-east-1")
            .to_builder()
            .endpoint_url("http://aws.test")
            .http_client(SharedHttpClient::new(network.clone()))
            .sleep_impl(SharedAsyncSleep::new(NoTime))
            .time_source(SharedTimeSource::new(StaticTimeSource::new(now)))
            .build();
        let client = crate::aws::s3(&config, true);
        let noted = Arc::new(UnansweredWrites::new(TIMEOUT));
        let place = "s3://site".parse().unwrap();
        let bucket = Bucket::new(client, place, Arc::default(), noted.clone());
        let attributes = Attributes {
            content_type: "text/html".into(),
            ..Attributes::default()
        };
        let put = bucket.put("index.html", b"text", &attributes, &Condition::Absent);
        assert_eq!(put.await.unwrap(), WriteOutcome::Done(String::new()));
        assert!(network.0.lock().unwrap().is_empty());
        noted.left(NOW_MS)
    }

    #[tokio::test]
    async fn an_attempt_that_took_too_long_is_waited_for() {
        let late = [Fate::Unanswered, Fate::Answered(200)];
        assert_eq!(left_after(&late).await, Some(TIMEOUT));
        let later = [Fate::Answered(503), Fate::Unanswered, Fate::Answered(200)];
        assert_eq!(left_after(&later).await, Some(TIMEOUT));
    }

    #[tokio::test]
    async fn what_was_answered_or_cut_off_is_not() {
        for attempts in [
            &[Fate::Answered(200)][..],
            &[Fate::Answered(503), Fate::Answered(200)],
            &[Fate::Broken, Fate::Answered(200)],
        ] {
            assert_eq!(left_after(attempts).await, None, "{attempts:?}");
        }
    }
}
