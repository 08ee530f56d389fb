//! What can go wrong, and what AWS says of it.

use quick_xml::events::Event;
use serde_json::Value;
use std::fmt;

/// Why a request has no answer to use.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There are no credentials, or they could not be refreshed.
    #[error(
        "no AWS credentials: {0}. Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    )]
    Credentials(String),
    /// The request cannot be written: a name that does not belong into a URL or a header.
    #[error("a request that cannot be written: {0}")]
    Malformed(String),
    /// AWS answered and refused.
    #[error("{0}")]
    Refused(Refusal),
    /// There was no answer, after all attempts. Whether the request had an effect is unknown.
    #[error("{host} did not answer: {reason}")]
    Unreachable {
        /// Scheme and host.
        host: String,
        /// In words.
        reason: String,
    },
    /// The answer is larger than this allows.
    #[error("the answer of {host} is larger than {limit} bytes")]
    TooLarge {
        /// Scheme and host.
        host: String,
        /// In bytes.
        limit: u64,
    },
}

/// What AWS said when it refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The service: `cloudfront`.
    pub service: &'static str,
    /// The permission that the request needs, where the caller named it.
    pub permission: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// AWS's code: `AccessDenied`, `PreconditionFailed`, `NoSuchDistribution`. That of an answer without a body is the
    /// reason phrase of its status.
    pub code: String,
    /// AWS's sentence; may be empty.
    pub message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = if self.permission.is_empty() {
            self.service
        } else {
            self.permission
        };
        write!(f, "{asked}: {} (status {})", self.code, self.status)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

/// Codes that say that the credentials may not do this.
const DENIED: [&str; 6] = [
    "AccessDenied",
    "AccessDeniedException",
    "Forbidden",
    "NotAuthorized",
    "UnauthorizedAccess",
    "UnauthorizedOperation",
];

/// Codes that say that the same request may succeed later, whatever the status.
const LATER: [&str; 9] = [
    "InternalError",
    "RequestLimitExceeded",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "TooManyRequestsException",
];

impl Refusal {
    /// Reads AWS's code and sentence from an answer: `<Code>` and `<Message>` in XML, `__type`, `message` or
    /// the header `x-amzn-errortype` in JSON.
    pub(crate) fn read(
        service: &'static str,
        permission: &'static str,
        status: http::StatusCode,
        headers: &http::HeaderMap,
        body: &[u8],
    ) -> Self {
        let (code, message) = json(body).or_else(|| xml(body)).unwrap_or_default();
        let header = headers.get("x-amzn-errortype");
        let header = header.and_then(|value| value.to_str().ok());
        let reason = status.canonical_reason().unwrap_or("Unknown");
        let code = [header.unwrap_or_default(), &code, reason]
            .into_iter()
            .find(|code| !code.is_empty())
            .unwrap_or_default();
        Self {
            service,
            permission,
            status: status.as_u16(),
            code: bare(code).to_owned(),
            message,
        }
    }

    /// The same request may succeed later.
    pub(crate) fn is_transient(&self) -> bool {
        matches!(self.status, 429 | 500 | 502 | 503 | 504) || LATER.contains(&&*self.code)
    }
}

impl Error {
    /// AWS's code, if AWS answered.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => Some(&refusal.code),
            _ => None,
        }
    }

    /// The HTTP status, if AWS answered.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            _ => None,
        }
    }

    /// True where the credentials lack a permission.
    pub fn is_denied(&self) -> bool {
        self.code().is_some_and(|code| DENIED.contains(&code))
    }
}

/// `com.amazonaws.logs#ThrottlingException:http://…` without what is around the name.
fn bare(code: &str) -> &str {
    let code = code.rsplit_once('#').map_or(code, |(_, code)| code);
    code.split_once(':').map_or(code, |(code, _)| code)
}

fn json(body: &[u8]) -> Option<(String, String)> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let text = |names: &[&str]| {
        let mut found = names.iter().filter_map(|name| value.get(name)?.as_str());
        found.next().unwrap_or_default().to_owned()
    };
    let code = text(&["__type", "code", "Code"]);
    Some((code, text(&["message", "Message", "errorMessage"])))
}

/// The first `<Code>` and `<Message>`, wherever they are.
fn xml(body: &[u8]) -> Option<(String, String)> {
    let mut reader = quick_xml::Reader::from_reader(body);
    let (mut code, mut message) = (None, None);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) => {
                let place = match start.local_name().as_ref() {
                    b"Code" => &mut code,
                    b"Message" => &mut message,
                    _ => continue,
                };
                let text = reader.read_text(start.name()).ok()?;
                let text = text.decode().ok()?;
                let text = quick_xml::escape::unescape(&text).ok()?;
                place.get_or_insert_with(|| text.trim().to_owned());
            }
            Event::Eof => return Some((code?, message.unwrap_or_default())),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal;
    use http::{HeaderMap, HeaderValue, StatusCode};

    fn read(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Refusal {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_static(value));
        }
        let status = StatusCode::from_u16(status).unwrap();
        Refusal::read("lambda", "lambda:GetPolicy", status, &map, body.as_bytes())
    }

    #[test]
    fn reads_codes_of_all_protocols() {
        let cloudfront = "<?xml version=\"1.0\"?><ErrorResponse xmlns=\"http://x/\"><Error><Type>Sender</Type>\
            <Code>PreconditionFailed</Code><Message>a &lt; b</Message></Error></ErrorResponse>";
        let refusal = read(412, &[], cloudfront);
        assert_eq!(
            (refusal.code.as_str(), refusal.message.as_str()),
            ("PreconditionFailed", "a < b")
        );
        assert!(!refusal.is_transient());

        let logs =
            r#"{"__type":"com.amazonaws.logs#ThrottlingException","message":"Rate exceeded"}"#;
        let refusal = read(400, &[], logs);
        assert_eq!(refusal.code, "ThrottlingException");
        assert!(refusal.is_transient());

        let header = [(
            "x-amzn-errortype",
            "ResourceNotFoundException:http://internal/",
        )];
        let refusal = read(404, &header, r#"{"Message":"no policy"}"#);
        assert_eq!(refusal.code, "ResourceNotFoundException");
        assert_eq!(
            refusal.to_string(),
            "lambda:GetPolicy: ResourceNotFoundException (status 404): no policy"
        );

        assert_eq!(read(403, &[], "").code, "Forbidden");
        assert_eq!(read(503, &[], "<html>busy").code, "Service Unavailable");
    }
}
