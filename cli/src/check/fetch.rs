//! One address: asked for politely, judged by its answer.

use quillfront_site::links::missing_anchors;
use std::io::Read;
use std::time::{Duration, SystemTime};
use ureq::http::{Response, StatusCode, header};
use ureq::{Agent, Body, Error};
use url::Url;

/// What trying links may take. The defaults suit a person who waits, and hosts that do not know
/// who is asking.
#[derive(Debug, Clone)]
pub struct Limits {
    /// For one request, its redirects and its body.
    pub timeout: Duration,
    /// Redirects in a row.
    pub max_redirects: u32,
    /// Of a body, so much is read to find anchors in it.
    pub max_body_bytes: u64,
    /// Hosts that are asked at the same time; each gets one request after another.
    pub hosts_at_once: usize,
    /// Between two requests to one host.
    pub pause: Duration,
    /// How long a host may have itself waited for (`Retry-After`).
    pub max_wait: Duration,
    /// How long is waited where it does not say.
    pub usual_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(20),
            max_redirects: 10,
            max_body_bytes: 4 * 1024 * 1024,
            hosts_at_once: 16,
            pause: Duration::from_millis(100),
            max_wait: Duration::from_secs(30),
            usual_wait: Duration::from_secs(5),
        }
    }
}

const NO_ADDRESS: &str = "this is not an address that can be requested";
const USER_AGENT: &str = concat!(
    "quillfront/",
    env!("CARGO_PKG_VERSION"),
    " (checks the links of a site)"
);
const ACCEPT: &str = "text/html, application/xhtml+xml, */*;q=0.8";

/// Asks for pages.
pub struct Client {
    agent: Agent,
    limits: Limits,
}

/// What a page turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is there. Of the anchors that were asked for it lacks these.
    There { missing: Vec<String> },
    /// It is there, and too large to look for anchors that are not in its beginning.
    TooLarge,
    /// It is not there.
    Broken(Failure),
}

/// Why a page is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// In words: `404 Not Found`.
    pub reason: String,
    /// The way out, where it is not plain.
    pub hint: Option<&'static str>,
    /// True where the host itself cannot be reached, so that its other pages need not be tried.
    pub of_host: bool,
}

impl Client {
    pub fn new(limits: &Limits) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(limits.timeout))
            .max_redirects(limits.max_redirects)
            .max_redirects_will_error(true)
            .http_status_as_error(false)
            .user_agent(USER_AGENT)
            .accept(ACCEPT)
            .build();
        Self {
            agent: config.new_agent(),
            limits: limits.clone(),
        }
    }

    /// Asks for the page at `url`, which has no anchor; a second time where the host asks to be
    /// asked later.
    pub fn try_page(&self, url: &str, anchors: &[&str]) -> Verdict {
        // As browsers read it: hosts in other scripts, spaces and umlauts in paths.
        let Ok(address) = Url::parse(url) else {
            return Verdict::Broken(Failure {
                reason: NO_ADDRESS.to_owned(),
                hint: None,
                of_host: false,
            });
        };
        let ask = || self.agent.get(address.as_str()).call();
        let mut answer = ask();
        if let Ok(response) = &answer
            && let Some(wait) = self.asks_to_wait(response)
        {
            std::thread::sleep(wait);
            answer = ask();
        }
        match answer {
            Ok(response) => self.judge(response, anchors),
            Err(error) => Verdict::Broken(self.failure(&error)),
        }
    }

    fn judge(&self, response: Response<Body>, anchors: &[&str]) -> Verdict {
        let status = response.status();
        if !status.is_success() && status != StatusCode::NOT_MODIFIED {
            return Verdict::Broken(refused(status));
        }
        let looked_for = status.is_success() && !anchors.is_empty() && is_html(&response);
        if !looked_for {
            return Verdict::There {
                missing: Vec::new(),
            };
        }
        let mut body = Vec::new();
        let mut reader = response.into_body().into_reader();
        let read = reader
            .by_ref()
            .take(self.limits.max_body_bytes)
            .read_to_end(&mut body);
        if let Err(error) = read {
            return Verdict::Broken(self.failure(&Error::from(error)));
        }
        let missing = missing_anchors(&String::from_utf8_lossy(&body), anchors);
        let whole = (body.len() as u64) < self.limits.max_body_bytes;
        if missing.is_empty() || whole {
            Verdict::There { missing }
        } else {
            Verdict::TooLarge
        }
    }

    /// RFC 9110, section 10.2.3: seconds, or a date. None where the host does not ask, or asks
    /// for longer than anybody waits.
    fn asks_to_wait(&self, response: &Response<Body>) -> Option<Duration> {
        let later = [
            StatusCode::TOO_MANY_REQUESTS,
            StatusCode::SERVICE_UNAVAILABLE,
        ];
        if !later.contains(&response.status()) {
            return None;
        }
        let value = response.headers().get(header::RETRY_AFTER);
        let Some(text) = value.and_then(|value| value.to_str().ok()) else {
            return Some(self.limits.usual_wait);
        };
        let wait = match text.trim().parse() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => httpdate::parse_http_date(text)
                .ok()?
                .duration_since(SystemTime::now())
                .unwrap_or_default(),
        };
        (wait <= self.limits.max_wait).then_some(wait)
    }

    fn failure(&self, error: &Error) -> Failure {
        let host = |reason: String| Failure {
            reason,
            hint: None,
            of_host: true,
        };
        let page = |reason: String| Failure {
            of_host: false,
            ..host(reason)
        };
        match error {
            Error::HostNotFound => host("its host was not found (DNS)".to_owned()),
            Error::Timeout(step) => {
                let seconds = self.limits.timeout.as_secs_f32();
                let reason = format!("no answer within {seconds} s");
                match step {
                    ureq::Timeout::Resolve | ureq::Timeout::Connect => host(reason),
                    _ => page(reason),
                }
            }
            Error::ConnectionFailed => host("the host cannot be reached".to_owned()),
            Error::TooManyRedirects => {
                page(format!("more than {} redirects", self.limits.max_redirects))
            }
            Error::RedirectFailed => page("it redirects without an address".to_owned()),
            Error::BadUri(_) | Error::Http(_) => page(NO_ADDRESS.to_owned()),
            Error::Rustls(error) => host(format!("TLS: {error}")),
            Error::Tls(text) => host(format!("TLS: {text}")),
            Error::Io(error) => self.io_failure(error),
            other => page(other.to_string()),
        }
    }

    fn io_failure(&self, error: &std::io::Error) -> Failure {
        use std::io::ErrorKind;
        let inner = error.get_ref();
        if let Some(error) = inner.and_then(|inner| inner.downcast_ref::<Error>()) {
            return self.failure(error);
        }
        // rustls hands its errors on inside of these.
        let tls = error.kind() == ErrorKind::InvalidData && inner.is_some();
        let text = error.to_string();
        let (reason, of_host) = match error.kind() {
            // The standard library has no kind for it.
            _ if text.starts_with("failed to lookup address") => {
                let why = text.split_once(": ").map_or("", |(_, why)| why);
                (format!("its host was not found (DNS: {why})"), true)
            }
            _ if tls => (format!("TLS: {error}"), true),
            ErrorKind::ConnectionRefused => ("the connection was refused".to_owned(), true),
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => ("the connection was dropped".to_owned(), false),
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
                ("the host cannot be reached".to_owned(), true)
            }
            _ => (text, false),
        };
        Failure {
            reason,
            hint: None,
            of_host,
        }
    }
}

fn refused(status: StatusCode) -> Failure {
    let reason = match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_u16()),
        None => status.as_u16().to_string(),
    };
    let hint = match status.as_u16() {
        401 | 403 | 405 | 429 | 503 | 999 => {
            "some hosts refuse automated requests: open it in a browser, and if it works, list it \
             in `link_checker.skip_prefixes`"
        }
        _ => "correct the address, or link to a copy of the page",
    };
    Failure {
        reason,
        hint: Some(hint),
        of_host: false,
    }
}

/// Only in HTML an anchor is an id; `#page=3` of a PDF is something else.
fn is_html(response: &Response<Body>) -> bool {
    let value = response.headers().get(header::CONTENT_TYPE);
    value.is_none_or(|value| {
        let name = value.to_str().unwrap_or_default().to_ascii_lowercase();
        name.starts_with("text/html") || name.starts_with("application/xhtml+xml")
    })
}
