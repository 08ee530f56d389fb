//! The functions of the edge as an add-on for Node.js, which Lambda@Edge runs: `index.mjs` is what calls it.
//!
//! Here is only how values cross; what they mean is in [`quillfront_edge::host`]. It is the one crate that may
//! have `unsafe` code, and all that there is is what `napi-derive` generates.

use napi::bindgen_prelude::{Either, Uint8Array};
use napi::{Error, Result};
use napi_derive::napi;
use quillfront_edge::event::EventError;
use quillfront_edge::functions;
use quillfront_edge::host::s3::{self, Client};
use quillfront_edge::host::sigv4::Credentials;
use quillfront_edge::host::{Fault, Host, Step, Trouble, failure, guard, tell_no_panic};
use quillfront_headers::{MAX_RULES_BYTES, RULES_KEY};

/// The functions, with the rules that they have read.
#[napi]
pub struct Edge {
    host: Host,
    client: Client,
}

/// Who asks S3, as Lambda has it in the environment.
#[napi(object)]
pub struct Environment {
    /// `AWS_ACCESS_KEY_ID`
    pub access_key: Option<String>,
    /// `AWS_SECRET_ACCESS_KEY`
    pub secret_key: Option<String>,
    /// `AWS_SESSION_TOKEN`
    pub session_token: Option<String>,
    /// `AWS_ENDPOINT_URL_S3`
    pub endpoint: Option<String>,
}

/// A request to S3.
#[napi(object)]
pub struct Request {
    /// Whether it looks for a page; else it is for the rules.
    pub looks: bool,
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// The headers, each a name and a value.
    pub headers: Vec<Vec<String>>,
    /// How many bytes of the answer are read.
    pub most_bytes: u32,
}

/// What came of it.
#[napi(object)]
pub struct Answer {
    /// Why there is no answer.
    pub reason: Option<String>,
    /// The status.
    pub status: Option<u32>,
    /// The `etag`.
    pub etag: Option<String>,
    /// The body, or as much of it as is more than may be read.
    pub body: Option<Uint8Array>,
}

/// What comes next.
#[napi(object)]
pub struct Turn {
    /// The JSON that the function returns, or what to ask S3 for.
    pub step: Either<String, Request>,
    /// What went wrong meanwhile, for the log.
    pub trouble: Option<String>,
}

#[napi]
impl Edge {
    /// Makes one that knows nothing yet.
    #[napi(constructor)]
    pub fn new(environment: Environment) -> Self {
        tell_no_panic();
        let Environment {
            access_key,
            secret_key,
            session_token,
            endpoint,
        } = environment;
        let credentials = access_key
            .zip(secret_key)
            .map(|(access_key, secret_key)| Credentials {
                access_key,
                secret_key,
                session_token,
            });
        Self {
            host: Host::default(),
            client: Client {
                credentials,
                endpoint,
            },
        }
    }

    /// Returns the JSON that a function returns where it fails.
    #[napi(getter)]
    pub fn failure(&self) -> String {
        failure()
    }

    /// Answers the JSON of an event, or says what to ask S3 for.
    #[napi]
    pub fn begin(&mut self, event: String, now: f64) -> Result<Either<String, Request>> {
        let now_ms = now as u64;
        let step = guard(&mut self.host, |host| host.begin(&event, now_ms));
        Ok(self.told(settled(step)?, now_ms))
    }

    /// Goes on with what S3 has answered.
    #[napi]
    pub fn go_on(&mut self, event: String, now: f64, looks: bool, answer: Answer) -> Result<Turn> {
        let now_ms = now as u64;
        let body = answer.body.as_deref().unwrap_or_default();
        let status = answer.status.and_then(|status| status.try_into().ok());
        let reason = answer.reason.as_deref().unwrap_or("no answer");
        let came = status.ok_or(reason).map(|status| s3::Answer {
            status,
            etag: answer.etag.as_deref(),
            body,
        });
        let turn = guard(&mut self.host, |host| -> Turned {
            if looks {
                let (look, trouble) = s3::looked(came);
                Ok((host.looked(&event, look)?, trouble))
            } else {
                host.fetched(&event, now_ms, s3::fetched(came))
            }
        });
        let (step, trouble) = settled(turn)?;
        Ok(Turn {
            step: self.told(step, now_ms),
            trouble: trouble.map(|trouble| trouble.to_string()),
        })
    }

    fn told(&self, step: Step, now_ms: u64) -> Either<String, Request> {
        let (looks, request) = match step {
            Step::Done(returned) => return Either::A(returned),
            Step::Fetch {
                bucket,
                if_none_match,
            } => {
                let etag = if_none_match.as_deref();
                (false, self.client.get(&bucket, RULES_KEY, etag, now_ms))
            }
            Step::Look { bucket, key } => (true, self.client.head(&bucket, key.as_str(), now_ms)),
        };
        let headers = request.headers.into_iter();
        Either::B(Request {
            looks,
            method: request.method.to_owned(),
            url: request.url,
            headers: headers
                .map(|(name, value)| vec![name.to_owned(), value])
                .collect(),
            most_bytes: MAX_RULES_BYTES as u32,
        })
    }
}

type Turned = std::result::Result<(Step, Option<Trouble>), functions::Error>;

/// Makes errors those of Node.js. None has a part of a request's values in it.
fn settled<T>(
    outcome: std::result::Result<std::result::Result<T, functions::Error>, Fault>,
) -> Result<T> {
    let reason = match outcome {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(functions::Error::Event(EventError::Json(_)))) => {
            "this is no Lambda@Edge event".to_owned()
        }
        Ok(Err(error)) => error.to_string(),
        Err(fault) => fault.to_string(),
    };
    Err(Error::from_reason(reason))
}
