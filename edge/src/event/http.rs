//! Events and the types of the crate `http`: both ways, and nowhere else.

use super::{EventError, Headers, Line, Request, Response};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};

impl<'a> Headers<'a> {
    /// Returns the headers as a map. A line that HTTP cannot carry is left out.
    pub fn to_http(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(self.names().count());
        for (name, line) in self.lines() {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&line.value)) {
                headers.append(name, value);
            }
        }
        headers
    }

    /// Returns the headers of a map. A value that is no text is left out.
    pub fn from_http(headers: &HeaderMap) -> Headers<'static> {
        let mut result = Headers::default();
        for (name, value) in headers {
            if let Ok(value) = value.to_str() {
                let name = name.as_str().to_owned();
                result.push(name.clone(), Line::new(name, value.to_owned()));
            }
        }
        result
    }
}

impl Request<'_> {
    /// Returns whether the method only reads.
    pub fn only_reads(&self) -> bool {
        *self.method == *Method::GET.as_str() || *self.method == *Method::HEAD.as_str()
    }
}

impl<'a> Response<'a> {
    /// Returns the status.
    ///
    /// # Errors
    /// It is none.
    pub fn to_status(&self) -> Result<StatusCode, EventError> {
        let status = self.status.parse();
        status.map_err(|_| EventError::Status(self.status.to_string()))
    }

    /// Returns a response with a status and headers, without a body. `came` is the response in whose
    /// place it goes: what is not known of it stays.
    pub fn with(status: StatusCode, headers: Headers<'a>, came: Option<&Self>) -> Self {
        let (text, description) = match came {
            Some(came) if *came.status == *status.as_str() => {
                (came.status.clone(), came.status_description.clone())
            }
            _ => {
                let reason = status.canonical_reason().unwrap_or_default();
                (status.as_str().to_owned().into(), Some(reason.into()))
            }
        };
        Self {
            headers,
            status: text,
            status_description: description,
            body: None,
            body_encoding: None,
            order: came.map(|came| came.order.clone()).unwrap_or_default(),
        }
    }
}
