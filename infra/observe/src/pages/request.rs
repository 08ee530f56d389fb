//! Requests for pages: without following redirects by itself, so that each can be told, and bounded in time and size.

use std::time::Duration;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use url::Url;

/// One request takes no longer.
const TIMEOUT: Duration = Duration::from_secs(15);
/// So much of a page is read; what is behind it is not looked at.
const MAX_PAGE_BYTES: u64 = 4 << 20;
/// As browsers do, and less.
const MAX_REDIRECTS: usize = 10;
const USER_AGENT: &str = concat!("quillfront-audit/", env!("CARGO_PKG_VERSION"));
/// OpenSSL's name for a file of authorities to trust instead of those that come with the program.
const AUTHORITIES: &str = "SSL_CERT_FILE";

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The certificate is not accepted.
    #[error("the certificate is not accepted: {0}")]
    Certificate(String),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// An answer to the last of some requests.
#[derive(Debug)]
pub(super) struct Answer {
    /// The URL that was asked for last.
    pub(super) url: String,
    /// All that were asked for, in order.
    pub(super) route: Vec<String>,
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Asks.
pub(super) struct Client {
    agent: Agent,
}

impl Client {
    /// Trusts the usual authorities, or those of the file that `SSL_CERT_FILE` names.
    pub(super) fn new() -> Result<Self, Failure> {
        let tls = match std::env::var_os(AUTHORITIES).filter(|path| !path.is_empty()) {
            None => TlsConfig::builder().build(),
            Some(path) => {
                let wrong = |error: &dyn std::fmt::Display| {
                    Failure::Other(format!("{AUTHORITIES}: {}: {error}", path.display()))
                };
                let text = std::fs::read(&path).map_err(|error| wrong(&error))?;
                let mut certificates: Vec<Certificate<'static>> = Vec::new();
                for item in parse_pem(&text) {
                    if let PemItem::Certificate(certificate) =
                        item.map_err(|error| wrong(&error))?
                    {
                        certificates.push(certificate);
                    }
                }
                TlsConfig::builder()
                    .root_certs(RootCerts::from(certificates))
                    .build()
            }
        };
        Ok(Self::with(tls))
    }

    /// The same with any certificate: it is told of in the findings, and headers are looked at all the same.
    pub(super) fn trusting(&self) -> Self {
        Self::with(TlsConfig::builder().disable_verification(true).build())
    }

    fn with(tls: TlsConfig) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(USER_AGENT)
            .tls_config(tls)
            .build();
        Self {
            agent: config.new_agent(),
        }
    }

    /// Asks, and follows redirects over HTTP and HTTPS.
    pub(super) fn follow(&self, url: &Url) -> Result<Answer, Failure> {
        let mut url = url.clone();
        let mut route = Vec::new();
        loop {
            let mut answer = self.once(&url)?;
            route.push(url.to_string());
            let next = redirect(&answer).and_then(|to| url.join(&to).ok());
            let next = next.filter(|next| matches!(next.scheme(), "http" | "https"));
            match next {
                Some(next) if route.len() <= MAX_REDIRECTS => url = next,
                _ => {
                    answer.route = route;
                    return Ok(answer);
                }
            }
        }
    }

    /// Asks once.
    pub(super) fn once(&self, url: &Url) -> Result<Answer, Failure> {
        let request = self.agent.get(url.as_str()).header(
            "accept",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        );
        let answer = request.call().map_err(failure)?;
        let (parts, body) = answer.into_parts();
        let mut read = Vec::new();
        let body = std::io::Read::take(body.into_reader(), MAX_PAGE_BYTES);
        std::io::Read::read_to_end(&mut std::io::BufReader::new(body), &mut read)
            .map_err(|error| Failure::Other(error.to_string()))?;
        Ok(Answer {
            url: url.to_string(),
            route: vec![url.to_string()],
            status: parts.status.as_u16(),
            headers: texts(&parts.headers),
            body: read,
        })
    }

    /// The headers of the answer to a question of another origin, whether it may ask.
    pub(super) fn preflight(&self, url: &str, origin: &str) -> Option<Vec<(String, String)>> {
        let request = self.agent.options(url).header("origin", origin);
        let answer = request
            .header("access-control-request-method", "GET")
            .call()
            .ok()?;
        Some(texts(answer.headers()))
    }
}

fn redirect(answer: &Answer) -> Option<String> {
    let is_redirect = matches!(answer.status, 301 | 302 | 303 | 307 | 308);
    let location = answer.headers.iter().find(|(name, _)| name == "location");
    location.filter(|_| is_redirect).map(|(_, to)| to.clone())
}

/// Values that are no text are read as Latin-1, as browsers do.
fn texts(headers: &http::HeaderMap) -> Vec<(String, String)> {
    let text =
        |value: &http::HeaderValue| value.as_bytes().iter().map(|b| char::from(*b)).collect();
    headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), text(value)))
        .collect()
}

fn failure(error: ureq::Error) -> Failure {
    let text = error.to_string();
    let is_certificate = text.contains("certificate") || text.contains("UnknownIssuer");
    if is_certificate {
        Failure::Certificate(text)
    } else {
        Failure::Other(text)
    }
}
