//! What the host sends to S3, and what S3's answer says.

use super::bucket::Bucket;
use super::sigv4::{Credentials, EMPTY_SHA256, SigningInput, authorization, date};
use super::{FetchOutcome, Trouble};
use crate::origin_response::Look;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What is encoded in the path of a key: all but what RFC 3986, section 2.3, reserves for nothing, and the
/// slash.
const IN_KEY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/');

/// The code of S3's answer for what may not be read.
const ACCESS_DENIED: &[u8] = b"<Code>AccessDenied</Code>";

/// Who asks, and where.
#[derive(Clone, Debug)]
pub struct Client {
    /// Who asks. Without credentials requests are not signed.
    pub credentials: Option<Credentials>,
    /// What is asked in place of AWS, as `AWS_ENDPOINT_URL_S3` has it for all programs: `http://127.0.0.1:9000`.
    pub endpoint: Option<String>,
}

/// A request without a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `HEAD`.
    pub method: &'static str,
    /// Where it goes.
    pub url: String,
    /// Its headers, but for `host`.
    pub headers: Vec<(&'static str, String)>,
}

impl Client {
    /// Asks for an object of a site, unless it has this ETag.
    pub fn get(
        &self,
        bucket: &Bucket,
        key: &str,
        if_none_match: Option<&str>,
        now_ms: u64,
    ) -> Request {
        let mut request = self.request("GET", bucket, key, now_ms);
        if let Some(etag) = if_none_match {
            request.headers.push(("if-none-match", etag.to_owned()));
        }
        request
    }

    /// Asks whether there is an object of a site.
    pub fn head(&self, bucket: &Bucket, key: &str, now_ms: u64) -> Request {
        self.request("HEAD", bucket, key, now_ms)
    }

    fn request(&self, method: &'static str, bucket: &Bucket, key: &str, now_ms: u64) -> Request {
        let (origin, host, has_name) = match &self.endpoint {
            Some(endpoint) => {
                let endpoint = endpoint.trim_end_matches('/');
                let host = endpoint
                    .split_once("://")
                    .map_or(endpoint, |(_, host)| host);
                (endpoint.to_owned(), host.to_owned(), true)
            }
            None => {
                let (host, has_name) = bucket.host();
                (format!("https://{host}"), host, has_name)
            }
        };
        let key = bucket.key(key);
        let key = utf8_percent_encode(&key, IN_KEY);
        let path = if has_name {
            format!("/{}/{key}", bucket.name())
        } else {
            format!("/{key}")
        };
        let url = format!("{origin}{path}");
        let mut headers = Vec::new();
        if let Some(credentials) = &self.credentials {
            let date = date(now_ms);
            headers.push(("x-amz-content-sha256", EMPTY_SHA256.to_owned()));
            headers.push(("x-amz-date", date.clone()));
            if let Some(token) = &credentials.session_token {
                headers.push(("x-amz-security-token", token.clone()));
            }
            let mut signed = vec![("host", host.as_str())];
            signed.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
            let unsigned = SigningInput {
                method,
                path: &path,
                headers: &signed,
                region: bucket.region(),
            };
            let authorization = authorization(unsigned, credentials, &date);
            headers.push(("authorization", authorization));
        }
        Request {
            method,
            url,
            headers,
        }
    }
}

/// What came back from S3.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The `etag`.
    pub etag: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// Returns what S3's answer to [`Client::get`] says of the rules. Where none came, the reason stands for it.
pub fn fetched<'a>(came: Result<Answer<'a>, &str>) -> FetchOutcome<'a> {
    let Answer { status, etag, body } = match came {
        Ok(answer) => answer,
        Err(reason) => return FetchOutcome::Failed(reason.to_owned()),
    };
    match status {
        200 => FetchOutcome::Object { etag, bytes: body },
        304 => FetchOutcome::NotModified,
        404 => FetchOutcome::Missing,
        // Not every 403 says so: a clock that is wrong is another matter.
        403 if contains(body, ACCESS_DENIED) => FetchOutcome::Denied,
        other => FetchOutcome::Failed(format!("S3 answered {other}")),
    }
}

/// Returns what S3's answer to [`Client::head`] says of the object, and what is to be told.
pub fn looked(came: Result<Answer<'_>, &str>) -> (Look, Option<Trouble>) {
    let reason = match came.map(|answer| answer.status) {
        Ok(200) => return (Look::There, None),
        // It says no more where the function may not list the bucket.
        Ok(403 | 404) => return (Look::Missing, None),
        Ok(other) => format!("S3 answered {other}"),
        Err(reason) => reason.to_owned(),
    };
    (Look::Missing, Some(Trouble::Look(reason)))
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(endpoint: Option<&str>) -> Client {
        Client {
            credentials: Some(Credentials {
                access_key: "AKIA".to_owned(),
                secret_key: "secret".to_owned(),
                session_token: Some("token".to_owned()),
            }),
            endpoint: endpoint.map(str::to_owned),
        }
    }

    fn came(status: u16, body: &[u8]) -> Result<Answer<'_>, &'static str> {
        let etag = Some("\"x\"");
        Ok(Answer { status, etag, body })
    }

    fn bucket(domain: &str) -> Bucket {
        Bucket::at(domain, "", "").unwrap()
    }

    #[test]
    fn a_key_is_encoded_as_s3_signs_it() {
        let blog = bucket("blog.s3.eu-west-1.amazonaws.com");
        for (key, expected) in [
            ("a/index.html", "/a/index.html"),
            ("a b+c/é!*'()~", "/a%20b%2Bc/%C3%A9%21%2A%27%28%29~"),
        ] {
            let request = client(None).head(&blog, key, 0);
            let origin = "https://blog.s3.eu-west-1.amazonaws.com";
            assert_eq!(request.url, format!("{origin}{expected}"));
        }
        let dotted = bucket("my.blog.s3.eu-west-1.amazonaws.com");
        let request = client(None).head(&dotted, "a", 0);
        assert_eq!(request.url, "https://s3.eu-west-1.amazonaws.com/my.blog/a");
        let request = client(Some("http://127.0.0.1:9000/")).head(&blog, "a", 0);
        assert_eq!(request.url, "http://127.0.0.1:9000/blog/a");
    }

    #[test]
    fn a_request_has_what_it_signs() {
        let blog = bucket("blog.s3.eu-west-1.amazonaws.com");
        let request = client(None).get(&blog, "a", Some("\"x\""), 0);
        let names: Vec<_> = request.headers.iter().map(|(name, _)| *name).collect();
        let expected = [
            "x-amz-content-sha256",
            "x-amz-date",
            "x-amz-security-token",
            "authorization",
            "if-none-match",
        ];
        assert_eq!(names, expected);
        let signed = "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,";
        assert!(request.headers[3].1.contains(signed));
        assert!(
            request.headers[3]
                .1
                .contains("/19700101/eu-west-1/s3/aws4_request,")
        );
        let unsigned = Client {
            credentials: None,
            endpoint: None,
        };
        assert!(unsigned.head(&blog, "a", 0).headers.is_empty());
    }

    #[test]
    fn only_some_answers_mean_that_there_are_no_rules() {
        let denied = b"<Error><Code>AccessDenied</Code></Error>";
        let skewed = b"<Error><Code>RequestTimeTooSkewed</Code></Error>";
        assert_eq!(fetched(came(404, b"")), FetchOutcome::Missing);
        assert_eq!(fetched(came(304, b"")), FetchOutcome::NotModified);
        assert_eq!(fetched(came(403, denied)), FetchOutcome::Denied);
        let object = FetchOutcome::Object {
            etag: Some("\"x\""),
            bytes: b"{}",
        };
        assert_eq!(fetched(came(200, b"{}")), object);
        for (status, body) in [
            (403, &skewed[..]),
            (403, b""),
            (500, b""),
            (307, b""),
            (206, b"{}"),
        ] {
            let is_failed = matches!(fetched(came(status, body)), FetchOutcome::Failed(_));
            assert!(is_failed, "{status}");
        }
        let late = FetchOutcome::Failed("TimeoutError".to_owned());
        assert_eq!(fetched(Err("TimeoutError")), late);
    }

    #[test]
    fn an_object_is_there_if_s3_says_so() {
        for (came, look, is_told) in [
            (came(200, b""), Look::There, false),
            (came(404, b""), Look::Missing, false),
            (came(403, b""), Look::Missing, false),
            (came(503, b""), Look::Missing, true),
            (Err("ECONNREFUSED"), Look::Missing, true),
        ] {
            let (looked, trouble) = looked(came);
            assert_eq!((looked, trouble.is_some()), (look, is_told));
        }
    }
}
