//! AWS clients, from the environment or towards a given endpoint. HTTP over rustls.
//!
//! # Retries
//!
//! The SDK's standard mode: a request that meets 500, 502, 503, 504, throttling, a connection that
//! breaks or an attempt that takes too long is tried again, [`MAX_ATTEMPTS`] times in all, after a
//! random part of 0.5, 1, 2, 4 … seconds, 10 at most (full jitter). A budget of tokens that a client
//! shares keeps a long outage from multiplying the load. Other answers are not tried again, 412 and
//! 409 among them: they are for the protocol to look at (invariant 4). An attempt may take a third
//! of the request's time, so that one that hangs leaves room for others; all of them together, waits
//! included, never take longer than the request timeout, which the lease relies on.

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder as HttpClient;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use std::time::Duration;

/// Tries of one request, the first included.
const MAX_ATTEMPTS: u32 = 6;
/// Before the second try at most; twice as long before each next one.
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
/// Between two tries at most.
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// An attempt may take this long, however short the request timeout is.
const SHORTEST_ATTEMPT: Duration = Duration::from_secs(5);

/// The loader of the SDK's own configuration (environment, profiles, instance roles), with the
/// timeouts that the publishing protocol relies on.
pub fn loader(request_timeout: Duration) -> ConfigLoader {
    let http = HttpClient::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts(request_timeout))
        .retry_config(retries())
}

/// An S3 client. Endpoints other than Amazon's are addressed with the bucket in the path
/// (`path_style`): their host names have no place for it.
pub fn s3(config: &SdkConfig, path_style: bool) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::config::Builder::from(config)
        .force_path_style(path_style)
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

/// The environment's names for an S3 endpoint other than Amazon's.
pub const ENDPOINT_VARIABLES: [&str; 2] = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];

/// A configuration that reads nothing of the environment: for the endpoints of a running `serve`.
pub fn fixed(request_timeout: Duration, credentials: Credentials, region: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(HttpClient::new().build_http())
        .timeout_config(timeouts(request_timeout))
        .retry_config(retries())
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .region(Region::new(region.to_owned()))
        .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(
            aws_smithy_async::rt::sleep::TokioSleep::new(),
        ))
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(MAX_ATTEMPTS)
        .with_initial_backoff(FIRST_BACKOFF)
        .with_max_backoff(MAX_BACKOFF)
}

fn timeouts(request_timeout: Duration) -> TimeoutConfig {
    let attempt = (request_timeout / 3).max(SHORTEST_ATTEMPT.min(request_timeout));
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(5))
        .operation_attempt_timeout(attempt)
        .operation_timeout(request_timeout)
        .build()
}
