//! Signing and sending.
//!
//! A request that meets throttling, a status of 429, 500, 502, 503 or 504, or no answer is tried again, [`ATTEMPTS`]
//! times in all, after a random part of 0.2, 0.4, 0.8 … seconds. An answer that was lost may have had its effect:
//! a write with `If-Match` then meets 412, and whoever sent it reads again and compares.

use crate::error::{Error, Refusal};
use crate::request::{Request, Response};
use crate::service::{GLOBAL_REGION, Service};
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use std::time::{Duration, SystemTime};
use ureq::Agent;

/// Tries of one request, the first included.
pub const ATTEMPTS: u32 = 6;
/// Before the second try at most; twice as long before each next one.
const FIRST_BACKOFF: Duration = Duration::from_millis(200);
/// One try takes no longer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// An answer is no longer, in bytes. The longest that is asked for is a page of a bucket's list.
pub const MAX_ANSWER_BYTES: u64 = 16 << 20;
const USER_AGENT: &str = concat!("quillfront/", env!("CARGO_PKG_VERSION"));

/// A connection: credentials, a region, and where the services are.
#[derive(Debug, Clone)]
pub struct Aws {
    credentials: SharedCredentialsProvider,
    region: String,
    /// Instead of Amazon's own.
    endpoint: Option<String>,
    agent: Agent,
}

impl Aws {
    /// Finds credentials and the region as all tools of AWS do: environment, profiles, roles. A `region` that is given
    /// goes first, and us-east-1 last. `AWS_ENDPOINT_URL`, or `AWS_ENDPOINT_URL_S3` and the like for one service, names
    /// another endpoint.
    ///
    /// # Errors
    /// There are no credentials.
    pub async fn connect(region: Option<&str>) -> Result<Self, Error> {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let mut loader =
            aws_config::defaults(aws_config::BehaviorVersion::latest()).http_client(http);
        if let Some(region) = region {
            loader = loader.region(aws_config::Region::new(region.to_owned()));
        }
        let config = loader.load().await;
        let missing = || Error::Credentials("none are configured".to_owned());
        let credentials = config.credentials_provider().ok_or_else(missing)?;
        let region = config
            .region()
            .map_or(GLOBAL_REGION, |region| region.as_ref());
        let aws = Self::new(
            credentials,
            region,
            config.endpoint_url().map(str::to_owned),
        );
        // Before anything is asked: one sentence is better than one for each request.
        aws.credentials().await?;
        Ok(aws)
    }

    /// A connection that reads nothing of the environment, but for endpoints of single services.
    pub fn new(
        credentials: impl ProvideCredentials + 'static,
        region: impl Into<String>,
        endpoint: Option<String>,
    ) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent(USER_AGENT)
            .build();
        Self {
            credentials: SharedCredentialsProvider::new(credentials),
            region: region.into(),
            endpoint,
            agent: config.new_agent(),
        }
    }

    /// The region of requests that name none.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Signs a request and sends it, again where that may help.
    ///
    /// # Errors
    /// See [`Error`]. An answer other than 2xx is [`Error::Refused`].
    pub async fn send(&self, request: &Request) -> Result<Response, Error> {
        let mut wait = FIRST_BACKOFF;
        for _ in 1..ATTEMPTS {
            match self.send_once(request).await {
                Err(Error::Refused(refusal)) if refusal.is_transient() => {}
                Err(Error::Unreachable { .. }) => {}
                other => return other,
            }
            tokio::time::sleep(random_part(wait)).await;
            wait *= 2;
        }
        self.send_once(request).await
    }

    async fn send_once(&self, request: &Request) -> Result<Response, Error> {
        let region = request.region.as_deref().unwrap_or(&self.region);
        let host = self.host(request.service, region);
        let signed = signed(
            request,
            &format!("{host}{}", request.target()),
            request.service.signing_region(region),
            self.credentials().await?,
            SystemTime::now(),
        )?;
        let agent = self.agent.clone();
        let answer = tokio::task::spawn_blocking(move || exchange(&agent, signed, &host));
        let (status, headers, body) = answer
            .await
            .map_err(|error| Error::Malformed(error.to_string()))??;
        if status.is_success() {
            return Ok(Response {
                status: status.as_u16(),
                headers,
                body,
            });
        }
        let name = request.service.name;
        let refusal = Refusal::read(name, request.permission, status, &headers, &body);
        Err(Error::Refused(refusal))
    }

    fn host(&self, service: &Service, region: &str) -> String {
        let own = std::env::var(service.endpoint_variable()).ok();
        let given = own.filter(|url| !url.is_empty()).or(self.endpoint.clone());
        let given = given.map(|url| url.trim_end_matches('/').to_owned());
        given.unwrap_or_else(|| service.endpoint(region))
    }

    async fn credentials(&self) -> Result<Credentials, Error> {
        let told = |error| Error::Credentials(chain(&error));
        self.credentials.provide_credentials().await.map_err(told)
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    // A sentence follows.
    text.trim_end_matches('.').to_owned()
}

type Answer = (http::StatusCode, http::HeaderMap, Vec<u8>);

fn exchange(agent: &Agent, request: http::Request<Vec<u8>>, host: &str) -> Result<Answer, Error> {
    let unreachable = |reason: ureq::Error| Error::Unreachable {
        host: host.to_owned(),
        reason: reason.to_string(),
    };
    // A body is sent where the method has one: an empty one with a length of 0.
    let has_body = matches!(*request.method(), http::Method::PUT | http::Method::POST);
    let answer = if has_body {
        agent.run(request)
    } else {
        agent.run(request.map(drop))
    };
    let answer = answer.map_err(unreachable)?;
    let (parts, body) = answer.into_parts();
    let read = body
        .into_with_config()
        .limit(MAX_ANSWER_BYTES)
        .read_to_vec();
    let body = match read {
        Ok(body) => body,
        Err(ureq::Error::BodyExceedsLimit(limit)) => {
            return Err(Error::TooLarge {
                host: host.to_owned(),
                limit,
            });
        }
        Err(error) => return Err(unreachable(error)),
    };
    Ok((parts.status, parts.headers, body))
}

/// The request with its signature (AWS Signature Version 4). S3 hashes the body into a header and takes paths as they
/// are; the others encode them once more.
fn signed(
    request: &Request,
    url: &str,
    region: &str,
    credentials: Credentials,
    now: SystemTime,
) -> Result<http::Request<Vec<u8>>, Error> {
    let malformed = |error: &dyn std::fmt::Display| Error::Malformed(error.to_string());
    let mut settings = SigningSettings::default();
    if request.service.name == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(request.service.name)
        .time(now)
        .settings(settings)
        .build()
        .map_err(|error| malformed(&error))?
        .into();
    let headers = request.headers.iter();
    let headers = headers.map(|(name, value)| (*name, value.as_str()));
    let body = SignableBody::Bytes(&request.body);
    let signable = SignableRequest::new(request.method.as_str(), url, headers, body)
        .map_err(|error| malformed(&error))?;
    let (signature, _) = sign(signable, &parameters)
        .map_err(|error| malformed(&error))?
        .into_parts();
    let mut message = http::Request::builder()
        .method(request.method.clone())
        .uri(url);
    for (name, value) in &request.headers {
        message = message.header(*name, value);
    }
    let mut message = message
        .body(request.body.clone())
        .map_err(|error| malformed(&error))?;
    signature.apply_to_request_http1x(&mut message);
    Ok(message)
}

/// A random part of a wait, so that many who were refused together do not come back together.
fn random_part(wait: Duration) -> Duration {
    let share = getrandom::u32().unwrap_or(u32::MAX);
    wait.mul_f64(f64::from(share) / f64::from(u32::MAX))
}
