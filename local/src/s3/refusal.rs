//! Errors as S3 writes them: each with a message, the resource and the ids of the answer
//! (S3 API reference, "Error responses").

use std::fmt::Write;

use http::header::{self, HeaderValue};
use http::{Response, StatusCode};
use quick_xml::escape::escape;
use s3s::Body;

/// An error that is found before the protocol layer sees the request.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
    /// Further elements, which some clients act on.
    pub details: Vec<(&'static str, String)>,
}

impl Refusal {
    /// A refusal with status 400.
    pub fn new(code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal {
            status: StatusCode::BAD_REQUEST,
            code,
            message: message.into(),
            details: Vec::new(),
        }
    }

    pub fn status(mut self, status: StatusCode) -> Refusal {
        self.status = status;
        self
    }

    pub fn detail(mut self, name: &'static str, value: impl Into<String>) -> Refusal {
        self.details.push((name, value.into()));
        self
    }

    /// The answer, still without what [`complete`] adds.
    pub fn response(self) -> Response<Body> {
        let Refusal {
            status,
            code,
            message,
            details,
        } = self;
        let mut xml = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{}</Message>",
            escape(&message)
        );
        for (name, value) in details {
            let _ = write!(xml, "<{name}>{}</{name}>", escape(&value));
        }
        xml.push_str(END);
        let mut response = Response::new(Body::from(xml));
        *response.status_mut() = status;
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/xml"),
        );
        response
    }
}

const END: &str = "</Error>";

/// Adds what an error lacks: a message where there is none, resource and ids. Other answers stay
/// as they are.
pub(super) fn complete(
    response: &mut Response<Body>,
    resource: &str,
    request_id: &str,
    host_id: &str,
) {
    if !response.status().is_client_error() && !response.status().is_server_error() {
        return;
    }
    let xml = response.body().bytes().filter(|bytes| !bytes.is_empty());
    let xml = xml.and_then(|bytes| String::from_utf8(bytes.to_vec()).ok());
    let Some(mut xml) = xml.filter(|xml| xml.ends_with(END)) else {
        return;
    };
    xml.truncate(xml.len() - END.len());
    if !xml.contains("<Message>") {
        let code = xml
            .split_once("<Code>")
            .and_then(|(_, rest)| rest.split_once('<'));
        let message = message_of(code.map_or("", |(code, _)| code));
        let _ = write!(xml, "<Message>{message}</Message>");
    }
    for (name, value) in [
        ("Resource", resource),
        ("RequestId", request_id),
        ("HostId", host_id),
    ] {
        let _ = write!(xml, "<{name}>{}</{name}>", escape(value));
    }
    xml.push_str(END);
    *response.body_mut() = Body::from(xml);
    response.headers_mut().remove(header::CONTENT_LENGTH);
}

/// What S3 says with a code where nothing more is known.
fn message_of(code: &str) -> &'static str {
    match code {
        "AccessDenied" => "Access Denied",
        "IncompleteBody" => {
            "You did not provide the number of bytes specified by the Content-Length HTTP header."
        }
        "InternalError" => {
            "We encountered an internal error. Please try again. The server's terminal says more."
        }
        "InvalidBucketName" => "The specified bucket is not valid.",
        "InvalidURI" => "Couldn't parse the specified URI.",
        "KeyTooLongError" => "Your key is too long.",
        "MalformedXML" => {
            "The XML you provided was not well-formed or did not validate against our published schema."
        }
        "MaxMessageLengthExceeded" => "Your request was too big.",
        "MethodNotAllowed" => "The specified method is not allowed against this resource.",
        "MissingContentLength" => "You must provide the Content-Length HTTP header.",
        "NotImplemented" => "A header or operation you provided is not implemented.",
        "RequestTimeout" => {
            "Your socket connection to the server was not read from or written to within the timeout period."
        }
        "SignatureDoesNotMatch" => {
            "The request signature we calculated does not match the signature you provided. Check your key and signing method."
        }
        _ => "The request was refused.",
    }
}
