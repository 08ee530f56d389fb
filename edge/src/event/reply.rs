//! What a function answers: a request that goes on, or a response. It is held against the event that
//! it answers, so that CloudFront takes it.

use super::restrictions::{
    MAX_HEADER_BYTES, MAX_URL_BYTES, STATUSES, is_disallowed, max_body_bytes, read_only,
};
use super::{Event, EventError, EventType, Headers, Request, Response, is_name, write};
use std::ops::Deref;

/// An answer that CloudFront takes.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // there is one for each event, and a box takes time
pub enum Reply<'a> {
    /// The request goes on.
    Request(ValidPart<Request<'a>>),
    /// This is the response.
    Response(ValidPart<Response<'a>>),
}

/// A part of an answer that CloudFront takes. It comes from [`Event::send_request`] or
/// [`Event::send_response`] alone.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidPart<T>(T);

impl<T> Deref for ValidPart<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl Reply<'_> {
    /// Returns the JSON that the function returns.
    pub fn write(&self) -> String {
        match self {
            Self::Request(request) => write(&request.0, 1_024),
            Self::Response(response) => write(&response.0, 2 * response.headers.bytes()),
        }
    }
}

/// Why CloudFront would not take an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// A response event cannot be answered with a request.
    #[error("a function for {0} events answers with a response, not with a request")]
    Request(EventType),
    /// A name that is none, or not in lower case.
    #[error("`{0}` is no lower-case name of a header")]
    Name(String),
    /// A `key` that is not the name.
    #[error("`{0}` has a `key` that is another name")]
    Key(String),
    /// A value with characters that no header can carry.
    #[error("the value of `{0}` has characters that no header can carry")]
    Value(String),
    /// A header that functions may not add.
    #[error("functions may not add `{0}`")]
    Disallowed(String),
    /// A header that this function may only read.
    #[error("a function for {1} events may not add, change or remove `{0}`")]
    ReadOnly(String, EventType),
    /// Headers that are too long together.
    #[error("the headers have {0} bytes; they may have {MAX_HEADER_BYTES}")]
    Headers(usize),
    /// A status that is none, or cannot be sent.
    #[error("`{0}` is no status from 200 to 599, as text")]
    Status(String),
    /// A viewer-response function that changes the status.
    #[error("a function for viewer-response events may not change the status")]
    StatusChanged,
    /// A body where there may be none.
    #[error("a function for viewer-response events may not set a body")]
    NoBody,
    /// A body that is too long.
    #[error("the body has {0} bytes, headers included; it may have {1}")]
    Body(usize, usize),
    /// An encoding of a body that is neither `text` nor `base64`, or a body that is not in base64.
    #[error("the body is neither `text` nor valid `base64`")]
    BodyEncoding,
    /// A path that does not begin with a slash, or has characters that no path can have.
    #[error("the URI is no path")]
    Uri,
    /// A path and a query string that are too long together.
    #[error("the URL has {0} bytes; it may have {MAX_URL_BYTES}")]
    Url(usize),
    /// A field of the request that functions may only read.
    #[error("functions may not change `{0}`")]
    Field(&'static str),
    /// An origin that is none or two, or where there may be none.
    #[error(
        "`origin` is exactly one of `custom` and `s3`, and origin-request functions alone set it"
    )]
    Origin,
}

impl<'a> Event<'a> {
    /// Lets a request go on.
    ///
    /// # Errors
    /// CloudFront would refuse it.
    pub fn send_request(&self, request: Request<'a>) -> Result<Reply<'a>, ReplyError> {
        let event_type = self.event_type();
        if !event_type.is_request() {
            return Err(ReplyError::Request(event_type));
        }
        check_request(&request, self.request(), event_type)?;
        Ok(Reply::Request(ValidPart(request)))
    }

    /// Answers with a response: one that the function makes, or that of the event with changes.
    ///
    /// # Errors
    /// CloudFront would refuse it.
    pub fn send_response(&self, response: Response<'a>) -> Result<Reply<'a>, ReplyError> {
        check_response(&response, self)?;
        Ok(Reply::Response(ValidPart(response)))
    }
}

fn check_request(
    request: &Request<'_>,
    came: &Request<'_>,
    event_type: EventType,
) -> Result<(), ReplyError> {
    if request.method != came.method {
        return Err(ReplyError::Field("method"));
    }
    if request.client_ip != came.client_ip {
        return Err(ReplyError::Field("clientIp"));
    }
    let query = request.querystring.as_deref().unwrap_or_default();
    let has_query = request.querystring != came.querystring;
    if request.uri != came.uri && !is_path(&request.uri) || has_query && !is_query(query) {
        return Err(ReplyError::Uri);
    }
    let url_bytes = request.uri.len() + query.len();
    if url_bytes > MAX_URL_BYTES {
        return Err(ReplyError::Url(url_bytes));
    }
    if request.origin != came.origin {
        let is_one = request
            .origin
            .as_ref()
            .is_some_and(|it| it.is_exactly_one());
        if event_type != EventType::OriginRequest || !is_one {
            return Err(ReplyError::Origin);
        }
    }
    if let Some(body) = &request.body
        && request.body != came.body
        && body.action.as_deref() == Some("replace")
    {
        let data = body.data.as_deref().unwrap_or_default();
        check_encoding(data, body.encoding.as_deref())?;
        let most = max_body_bytes(event_type);
        if data.len() > most {
            return Err(ReplyError::Body(data.len(), most));
        }
    }
    let names = read_only(event_type);
    check_headers(&request.headers, &came.headers)?;
    check_read_only(&request.headers, &came.headers, names, event_type)
}

fn check_response(response: &Response<'_>, event: &Event<'_>) -> Result<(), ReplyError> {
    let event_type = event.event_type();
    let status = response.status.parse();
    let is_status = response.status.len() == 3 && status.is_ok_and(|it| STATUSES.contains(&it));
    if !is_status {
        return Err(ReplyError::Status(response.status.to_string()));
    }
    let none = Headers::default();
    let header_bytes = match event.response() {
        Some(came) if !event_type.is_request() => {
            if event_type == EventType::ViewerResponse && response.status != came.status {
                return Err(ReplyError::StatusChanged);
            }
            let names = read_only(event_type);
            check_read_only(&response.headers, &came.headers, names, event_type)?;
            check_headers(&response.headers, &came.headers)?
        }
        _ => {
            // Nothing came that could pass through.
            for names in [read_only(event_type), read_only(EventType::OriginResponse)] {
                check_read_only(&response.headers, &none, names, event_type)?;
            }
            check_headers(&response.headers, &none)?
        }
    };
    if response.body.is_none() && response.body_encoding.is_none() {
        return Ok(());
    }
    if event_type == EventType::ViewerResponse {
        return Err(ReplyError::NoBody);
    }
    let body = response.body.as_deref().unwrap_or_default();
    check_encoding(body, response.body_encoding.as_deref())?;
    let (bytes, most) = (header_bytes + body.len(), max_body_bytes(event_type));
    if bytes > most {
        return Err(ReplyError::Body(bytes, most));
    }
    Ok(())
}

/// Returns how many bytes the headers have over the wire.
fn check_headers(headers: &Headers<'_>, came: &Headers<'_>) -> Result<usize, ReplyError> {
    let bytes = headers.bytes();
    if bytes > MAX_HEADER_BYTES {
        return Err(ReplyError::Headers(bytes));
    }
    for (name, line) in headers.lines() {
        if !is_name(name) {
            return Err(ReplyError::Name(name.to_string()));
        }
        let is_name = |key: &str| key.eq_ignore_ascii_case(name);
        if !line.key.as_deref().is_none_or(is_name) {
            return Err(ReplyError::Key(name.to_string()));
        }
        if !all(&line.value, is_of_value) {
            return Err(ReplyError::Value(name.to_string()));
        }
        if is_disallowed(name) && !headers.agree(came, name) {
            return Err(ReplyError::Disallowed(name.to_string()));
        }
    }
    Ok(bytes)
}

fn check_read_only(
    headers: &Headers<'_>,
    came: &Headers<'_>,
    names: &[&str],
    event_type: EventType,
) -> Result<(), ReplyError> {
    for name in names {
        if !headers.agree(came, name) {
            return Err(ReplyError::ReadOnly((*name).to_owned(), event_type));
        }
    }
    Ok(())
}

fn check_encoding(body: &str, encoding: Option<&str>) -> Result<(), ReplyError> {
    match encoding {
        None | Some("text") => Ok(()),
        Some("base64") if is_base64(body) => Ok(()),
        Some(_) => Err(ReplyError::BodyEncoding),
    }
}

/// Returns whether all bytes are of a kind. It looks at all of them, many at once.
fn all(text: &str, is_of_kind: impl Fn(u8) -> bool) -> bool {
    text.bytes()
        .fold(true, |so_far, byte| so_far & is_of_kind(byte))
}

/// RFC 9110, section 5.5.
fn is_of_value(byte: u8) -> bool {
    byte == b'\t' || byte >= b' ' && byte != 0x7f
}

/// RFC 4648, section 4.
fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    let of_alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    text.len().is_multiple_of(4)
        && text.len() - digits.len() <= 2
        && digits.bytes().all(of_alphabet)
}

fn is_path(uri: &str) -> bool {
    let of_path = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'\\');
    uri.starts_with('/') && uri.bytes().all(of_path)
}

fn is_query(query: &str) -> bool {
    query
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

/// What a function has returned, as CloudFront reads it.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant)] // there is one for each event, and a box takes time
pub enum ReturnValue<'a> {
    /// The request goes on.
    Request(Request<'a>),
    /// This is the response.
    Response(Response<'a>),
}

impl<'a> ReturnValue<'a> {
    /// Reads the JSON that a function has returned.
    ///
    /// # Errors
    /// It is neither a request nor a response.
    pub fn read(json: &'a str) -> Result<Self, EventError> {
        // Only a request has a path, and only a response a status.
        if let Ok(request) = serde_json::from_str(json) {
            return Ok(Self::Request(request));
        }
        let response = serde_json::from_str(json);
        let response = response.map_err(|error| EventError::Json(error.to_string()))?;
        Ok(Self::Response(response))
    }
}
