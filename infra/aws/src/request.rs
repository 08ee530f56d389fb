//! A request and its response, as plain data.

use crate::service::Service;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// All but what RFC 3986 calls unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// What is encoded in a path.
const IN_PATH: &AsciiSet = &RESERVED.remove(b'/');

/// Encodes a bucket and key, or a name, for [`Request::path`] as signatures want it: all but unreserved characters and
/// slashes.
pub fn encode_path(path: &str) -> String {
    utf8_percent_encode(path, IN_PATH).to_string()
}

/// A request that is not signed yet.
#[derive(Debug, Clone)]
pub struct Request {
    /// Where it goes.
    pub service: &'static Service,
    /// The region, where it is not that of the connection.
    pub region: Option<String>,
    /// `GET`, `PUT` …
    pub method: http::Method,
    /// Beginning with a slash, percent-encoded.
    pub path: String,
    /// Names and values, not encoded; an empty value is written without `=`.
    pub query: Vec<(String, String)>,
    /// Beside those that the signature adds.
    pub headers: Vec<(&'static str, String)>,
    /// Sent as it is.
    pub body: Vec<u8>,
    /// The permission that allows it, for messages: `s3:GetBucketPolicy`.
    pub permission: &'static str,
}

impl Request {
    /// A request with a method and a path, without a body.
    pub fn new(service: &'static Service, method: http::Method, path: impl Into<String>) -> Self {
        Self {
            service,
            region: None,
            method,
            path: path.into(),
            query: Vec::new(),
            headers: Vec::new(),
            body: Vec::new(),
            permission: "",
        }
    }

    /// Reads what is at a path.
    pub fn get(service: &'static Service, path: impl Into<String>) -> Self {
        Self::new(service, http::Method::GET, path)
    }

    /// A call by JSON-RPC: CloudWatch Logs, Certificate Manager, WAF, Budgets.
    pub fn json(service: &'static Service, operation: &str, input: &Value) -> Self {
        let mut request = Self::new(service, http::Method::POST, "/");
        let target = format!("{}.{operation}", service.target);
        request.headers.push(("x-amz-target", target));
        let kind = "application/x-amz-json-1.1".to_owned();
        request.headers.push(("content-type", kind));
        request.body = input.to_string().into_bytes();
        request
    }

    /// A call by the Query protocol: CloudFormation, STS, SNS, CloudWatch.
    pub fn query(service: &'static Service, operation: &str, input: &[(&str, &str)]) -> Self {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", operation);
        form.append_pair("Version", service.version);
        form.extend_pairs(input);
        let mut request = Self::new(service, http::Method::POST, "/");
        let kind = "application/x-www-form-urlencoded".to_owned();
        request.headers.push(("content-type", kind));
        request.body = form.finish().into_bytes();
        request
    }

    /// Names the permission that allows the request.
    #[must_use]
    pub fn allowed_by(mut self, permission: &'static str) -> Self {
        self.permission = permission;
        self
    }

    /// Sends it to a region other than that of the connection.
    #[must_use]
    pub fn in_region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Adds a parameter to the query string.
    #[must_use]
    pub fn with_query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends this body; CloudFront and S3 take XML, Lambda JSON.
    #[must_use]
    pub fn with_body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.headers.push(("content-type", kind.to_owned()));
        self.body = body.into();
        self
    }

    /// The path and the query string.
    pub(crate) fn target(&self) -> String {
        let mut target = self.path.clone();
        for (at, (name, value)) in self.query.iter().enumerate() {
            target.push(if at == 0 { '?' } else { '&' });
            target.extend(utf8_percent_encode(name, RESERVED));
            if !value.is_empty() {
                target.push('=');
                target.extend(utf8_percent_encode(value, RESERVED));
            }
        }
        target
    }
}

/// What AWS answered with success.
#[derive(Debug, Clone)]
pub struct Response {
    /// 2xx.
    pub status: u16,
    /// As they came.
    pub headers: http::HeaderMap,
    /// As it came, without a transfer encoding.
    pub body: Vec<u8>,
}

impl Response {
    /// A header's value, where it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Request, encode_path};
    use crate::service::{CLOUDFORMATION, LOGS, S3};
    use serde_json::json;

    #[test]
    fn writes_each_protocol() {
        let request = Request::get(&S3, "/my-bucket").with_query("policy", "");
        assert_eq!(request.target(), "/my-bucket?policy");
        let request = request.with_query("prefix", "a b/ü+c~");
        assert_eq!(
            request.target(),
            "/my-bucket?policy&prefix=a%20b%2F%C3%BC%2Bc~"
        );
        assert_eq!(encode_path("/b/a b/ü+c~?"), "/b/a%20b/%C3%BC%2Bc~%3F");

        let request = Request::json(&LOGS, "DescribeLogGroups", &json!({"limit": 5}));
        assert_eq!(request.headers[0].1, "Logs_20140328.DescribeLogGroups");
        assert_eq!(request.body, br#"{"limit":5}"#);

        let input = [("StackName", "my blog")];
        let request = Request::query(&CLOUDFORMATION, "DescribeStacks", &input);
        let form = String::from_utf8(request.body).unwrap();
        assert_eq!(
            form,
            "Action=DescribeStacks&Version=2010-05-15&StackName=my+blog"
        );
    }
}
