//! Answers from URLs, for `load_data(url=…)`: the shell around what rendering asks for.
//!
//! Only hosts that `quillfront.toml` allows are asked, and only public addresses are connected
//! to ([`address`]): a name is looked up once, all its addresses are checked, and the connection
//! goes to one of these, so that a name that changes its mind gains nothing. Redirects are
//! followed here, one by one, each checked in the same way. Everything is bounded.

use quillfront_render::locks::Unpoisoned;
use quillfront_render::remote::{Answer, Method, Request};
use quillfront_site::quillfront_toml::{AllowedHosts, address};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use ureq::Agent;
use ureq::config::Config;
use ureq::http::{self, Uri};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};
use url::Url;

/// Largest answer: 4 MiB.
pub const MAX_ANSWER_BYTES: u64 = 4 * 1024 * 1024;
/// Redirects that are followed.
pub const MAX_REDIRECTS: usize = 5;
/// Longest time for one answer, with looking up, redirects and all.
const MAX_ANSWER_TIME: Duration = Duration::from_secs(10);
/// Longest time for all answers of a build.
const MAX_BUILD_TIME: Duration = Duration::from_secs(60);
/// Different requests in a build.
const MAX_REQUESTS: usize = 200;
/// All answers of a build together: 64 MiB.
const MAX_BUILD_BYTES: u64 = 64 * 1024 * 1024;
/// Requests at once.
const PARALLEL: usize = 8;
/// Headers of an answer.
const MAX_HEADER_BYTES: usize = 64 * 1024;

/// The network, from outside.
pub trait Fetch: Send + Sync {
    /// The answer to a request, of `within` at most; redirects stay among the allowed hosts.
    ///
    /// # Errors
    /// There is none; in words for the author.
    fn fetch(
        &self,
        request: &Request,
        allowed: &AllowedHosts,
        within: Duration,
    ) -> Result<String, String>;
}

/// What one build may still fetch.
pub struct Budget {
    requests: usize,
    bytes: u64,
    until: Instant,
}

impl Budget {
    /// That of a build that begins now.
    pub fn new() -> Self {
        Self {
            requests: MAX_REQUESTS,
            bytes: MAX_BUILD_BYTES,
            until: Instant::now() + MAX_BUILD_TIME,
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new()
    }
}

/// Fetches several answers, some at once. Each request gets one, be it a refusal.
pub fn gather(
    fetch: &dyn Fetch,
    requests: BTreeSet<Request>,
    allowed: &AllowedHosts,
    budget: &mut Budget,
) -> BTreeMap<Request, Answer> {
    let requests: Vec<Request> = requests.into_iter().collect();
    let count = requests.len().min(budget.requests);
    budget.requests -= count;
    let (next, until) = (AtomicUsize::new(0), budget.until);
    let fetched: Mutex<Vec<Option<Result<String, String>>>> = Mutex::new(vec![None; count]);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(request) = requests[..count].get(index) else {
                return;
            };
            let left = until.saturating_duration_since(Instant::now());
            let answer = if left.is_zero() {
                let seconds = MAX_BUILD_TIME.as_secs();
                Err(format!(
                    "the answers of this build took more than {seconds} seconds"
                ))
            } else {
                fetch.fetch(request, allowed, left.min(MAX_ANSWER_TIME))
            };
            fetched.lock().unpoisoned()[index] = Some(answer);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..count.min(PARALLEL) {
            scope.spawn(work);
        }
    });
    let mut fetched = fetched.into_inner().unpoisoned().into_iter();
    let settle = |request: Request| {
        let too_many = || {
            Err(format!(
                "more than {MAX_REQUESTS} addresses are fetched in one build"
            ))
        };
        let answer =
            fetched
                .next()
                .flatten()
                .unwrap_or_else(too_many)
                .and_then(|text| match budget.bytes.checked_sub(text.len() as u64) {
                    Some(left) => {
                        budget.bytes = left;
                        Ok(text.into())
                    }
                    None => {
                        let mib = MAX_BUILD_BYTES >> 20;
                        Err(format!(
                            "the answers of this build are larger than {mib} MiB together"
                        ))
                    }
                });
        (request, answer)
    };
    requests.into_iter().map(settle).collect()
}

/// Why an address is not connected to; none for those that may be.
type Refusal = fn(IpAddr) -> Option<&'static str>;

/// The Internet: public addresses alone.
pub struct Web {
    agent: Agent,
}

impl Web {
    /// With the system's names, over TLS with Mozilla's roots. A proxy in the environment is not
    /// used: it would connect where we do not see.
    pub fn new() -> Self {
        Self::over(DefaultResolver::default(), address::refusal)
    }

    fn over(names: impl Resolver, refusal: Refusal) -> Self {
        let config = Config::builder()
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .max_response_header_size(MAX_HEADER_BYTES)
            .max_idle_connections(0)
            .user_agent(concat!("quillfront/", env!("CARGO_PKG_VERSION")))
            .build();
        let resolver = GuardedResolver { names, refusal };
        let agent = Agent::with_parts(config, DefaultConnector::default(), resolver);
        Self { agent }
    }

    /// One request, no redirect followed.
    fn send(
        &self,
        url: &Url,
        request: &Request,
        left: Duration,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let method = match request.method {
            Method::Get => http::Method::GET,
            Method::Post => http::Method::POST,
        };
        let mut builder = http::Request::builder().method(method).uri(url.as_str());
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        match (request.method, &request.body) {
            (Method::Get, _) => {
                let sent = builder.body(()).map_err(ureq::Error::Http)?;
                let sent = self.agent.configure_request(sent);
                self.agent.run(sent.timeout_global(Some(left)).build())
            }
            (Method::Post, body) => {
                let body = body.clone().unwrap_or_default();
                let sent = builder.body(body).map_err(ureq::Error::Http)?;
                let sent = self.agent.configure_request(sent);
                self.agent.run(sent.timeout_global(Some(left)).build())
            }
        }
    }
}

impl Default for Web {
    fn default() -> Self {
        Self::new()
    }
}

impl Fetch for Web {
    fn fetch(
        &self,
        request: &Request,
        allowed: &AllowedHosts,
        within: Duration,
    ) -> Result<String, String> {
        let until = Instant::now() + within;
        let told = |error: ureq::Error| in_words(&error, within);
        let mut url = allowed.check(&request.url)?;
        let mut request = request.clone();
        for _ in 0..=MAX_REDIRECTS {
            let left = until.saturating_duration_since(Instant::now());
            let response = self.send(&url, &request, left).map_err(told)?;
            let status = response.status().as_u16();
            if (200..300).contains(&status) {
                return text_of(response, within);
            }
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                return Err(format!("the answer is {}", response.status()));
            }
            let location = response.headers().get(http::header::LOCATION);
            let location = location.and_then(|value| value.to_str().ok());
            let next = location.and_then(|location| url.join(location).ok());
            let Some(next) = next else {
                return Err(format!("the answer is {status}, a redirect to nowhere"));
            };
            let next = allowed
                .check(next.as_str())
                .map_err(|message| format!("it redirects; {message}"))?;
            redirect(&mut request, status, next.origin() == url.origin());
            url = next;
        }
        Err(format!("more than {MAX_REDIRECTS} redirects"))
    }
}

/// Makes a request that of a redirect (RFC 9110, section 15.4): what is meant for one host alone,
/// such as a key, goes to no other.
fn redirect(request: &mut Request, status: u16, same_origin: bool) {
    let becomes_get = status == 303 || (status < 303 && request.method == Method::Post);
    if becomes_get {
        request.method = Method::Get;
        request.body = None;
        request.headers.retain(|(name, _)| name != "content-type");
    }
    if !same_origin {
        let harmless = |name: &str| matches!(name, "accept" | "content-type");
        request.headers.retain(|(name, _)| harmless(name));
    }
}

fn text_of(mut response: http::Response<ureq::Body>, within: Duration) -> Result<String, String> {
    let body = response.body_mut().with_config().limit(MAX_ANSWER_BYTES);
    let bytes = body
        .read_to_vec()
        .map_err(|error| in_words(&error, within))?;
    let text = String::from_utf8(bytes).map_err(|_| "the answer is not UTF-8 text".to_owned())?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

fn in_words(error: &ureq::Error, within: Duration) -> String {
    let timed_out = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
    match error {
        ureq::Error::BodyExceedsLimit(_) => {
            format!("the answer is larger than {} MiB", MAX_ANSWER_BYTES >> 20)
        }
        ureq::Error::Timeout(_) => format!("no answer within {} seconds", seconds(within)),
        ureq::Error::Io(error) if timed_out(error) => {
            format!("no answer within {} seconds", seconds(within))
        }
        ureq::Error::HostNotFound => "there is no host with this name".to_owned(),
        ureq::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

fn seconds(duration: Duration) -> u64 {
    duration.as_secs_f64().ceil() as u64
}

/// Looks names up, and refuses those that have an address that is not to be connected to. The
/// connection goes to what comes out of here.
struct GuardedResolver<R> {
    names: R,
    refusal: Refusal,
}

impl<R: Resolver> Resolver for GuardedResolver<R> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let addresses = self.names.resolve(uri, config, timeout)?;
        for address in &addresses {
            if let Some(refused) = (self.refusal)(address.ip()) {
                let message = format!(
                    "`{}` is at {}, {refused}: such addresses are never fetched from",
                    uri.host().unwrap_or_default(),
                    address.ip()
                );
                return Err(ureq::Error::Io(io::Error::other(message)));
            }
        }
        Ok(addresses)
    }
}

impl<R> fmt::Debug for GuardedResolver<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guarded")
    }
}

#[cfg(test)]
mod tests;
