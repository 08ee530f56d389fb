//! S3 in memory, as far as the builder uses it: strongly consistent, ETag is the MD5 of the bytes,
//! errors and conditional writes as in the S3 API's reference.

use crate::clock::Clock;
use crate::wire::{Request, Response};
use jiff::Timestamp;
use md5::{Digest, Md5};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// Keys in one answer of a listing: few, so that there is more than one.
const LIST_PAGE: usize = 9;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object {
    pub bytes: Arc<Vec<u8>>,
    pub etag: String,
    pub content_type: String,
    pub cache_control: String,
    pub metadata: BTreeMap<String, String>,
}

impl Object {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self {
            etag: hex::encode(Md5::digest(&bytes)),
            bytes: Arc::new(bytes),
            ..Self::default()
        }
    }
}

pub type Bucket = BTreeMap<String, Object>;

/// An object before and after a write; none where there is none.
pub struct Change {
    pub bucket: String,
    pub key: String,
    pub before: Option<Object>,
    pub after: Option<Object>,
}

#[derive(Clone, Default)]
pub struct S3 {
    pub buckets: BTreeMap<String, Bucket>,
    clock: Arc<Clock>,
    /// When each object was written: bucket and key to milliseconds of Unix time.
    modified: BTreeMap<(String, String), i64>,
}

impl S3 {
    /// Whose clock this is.
    pub fn new(clock: Arc<Clock>) -> Self {
        Self {
            clock,
            ..Self::default()
        }
    }

    /// The true time, in milliseconds of Unix time.
    pub fn now_ms(&self) -> i64 {
        self.clock.true_ms()
    }

    pub fn bucket(&self, name: &str) -> &Bucket {
        static EMPTY: Bucket = Bucket::new();
        self.buckets.get(name).unwrap_or(&EMPTY)
    }

    pub fn set(&mut self, bucket: &str, key: &str, object: Option<Object>) -> Option<Object> {
        let written = (bucket.to_owned(), key.to_owned());
        self.modified.insert(written, self.clock.true_ms());
        let bucket = self.buckets.entry(bucket.to_owned()).or_default();
        match object {
            Some(object) => bucket.insert(key.to_owned(), object),
            None => bucket.remove(key),
        }
    }

    /// Does what a request says.
    pub fn answer(&mut self, request: &Request) -> (Response, Option<Change>) {
        let (bucket, key) = request.target();
        match request.method.as_str() {
            "GET" if key.is_empty() => (self.list(bucket, request), None),
            "GET" => (self.get(bucket, key, request), None),
            "HEAD" => (self.head(bucket, key), None),
            "PUT" => self.put(bucket, key, request),
            "DELETE" => self.delete(bucket, key, request),
            other => panic!("no such method here: {other}"),
        }
    }

    fn list(&self, bucket: &str, request: &Request) -> Response {
        let prefix = request.query.get("prefix").map_or("", String::as_str);
        // Tokens are opaque to whoever asks.
        let after = request.query.get("continuation-token");
        let after = after.map(|token| percent_decode_str(token).decode_utf8_lossy());
        let encoding = request.query.get("encoding-type").map(String::as_str);
        let matching = self.bucket(bucket).iter().filter(|(key, _)| {
            key.starts_with(prefix) && after.as_deref().is_none_or(|after| key.as_str() > after)
        });
        let found: Vec<_> = matching.take(LIST_PAGE + 1).collect();
        let is_truncated = found.len() > LIST_PAGE;
        let page = &found[..found.len().min(LIST_PAGE)];
        let mut xml = format!(
            "<ListBucketResult><IsTruncated>{is_truncated}</IsTruncated><KeyCount>{}</KeyCount>",
            page.len()
        );
        if encoding == Some("url") {
            xml.push_str("<EncodingType>url</EncodingType>");
        }
        if let Some((last, _)) = page.last().filter(|_| is_truncated) {
            let last = named(last, Some("url"));
            let _ = write!(xml, "<NextContinuationToken>{last}</NextContinuationToken>");
        }
        for (key, object) in page {
            let written = (bucket.to_owned(), (*key).clone());
            let modified = self.modified.get(&written).copied().unwrap_or_default();
            let modified = Timestamp::from_millisecond(modified).unwrap();
            let _ = write!(
                xml,
                "<Contents><Key>{}</Key><LastModified>{modified:.3}</LastModified>\
                 <ETag>&quot;{}&quot;</ETag><Size>{}</Size></Contents>",
                named(key, encoding),
                object.etag,
                object.bytes.len()
            );
        }
        xml.push_str("</ListBucketResult>");
        xml_answer(200, xml)
    }

    fn get(&self, bucket: &str, key: &str, request: &Request) -> Response {
        let Some(object) = self.bucket(bucket).get(key) else {
            return error(404, "NoSuchKey");
        };
        let length = object.bytes.len();
        let mut headers = headers(object);
        let range = request
            .header("range")
            .and_then(|range| range.strip_prefix("bytes="));
        let Some((from, to)) = range.and_then(|range| range.split_once('-')) else {
            return Response {
                status: 200,
                headers,
                body: object.bytes.to_vec(),
            };
        };
        let (from, to) = match (from.parse::<usize>(), to.parse::<usize>()) {
            (Ok(from), Ok(to)) => (from, to.min(length.saturating_sub(1))),
            (Ok(from), Err(_)) => (from, length.saturating_sub(1)),
            (Err(_), Ok(last)) => (length.saturating_sub(last), length.saturating_sub(1)),
            (Err(_), Err(_)) => return error(400, "InvalidArgument"),
        };
        if from >= length || from > to {
            return error(416, "InvalidRange");
        }
        headers.push((
            "content-range".into(),
            format!("bytes {from}-{to}/{length}"),
        ));
        headers.retain(|(name, _)| name != "content-length");
        headers.push(("content-length".into(), (to - from + 1).to_string()));
        Response {
            status: 206,
            headers,
            body: object.bytes[from..=to].to_vec(),
        }
    }

    fn head(&self, bucket: &str, key: &str) -> Response {
        match self.bucket(bucket).get(key) {
            Some(object) => Response {
                status: 200,
                headers: headers(object),
                body: Vec::new(),
            },
            // An answer to HEAD has no body to name the error in.
            None => Response {
                status: 404,
                headers: Vec::new(),
                body: Vec::new(),
            },
        }
    }

    fn put(&mut self, bucket: &str, key: &str, request: &Request) -> (Response, Option<Change>) {
        if let Some(refusal) = self.refusal(bucket, key, request) {
            return (refusal, None);
        }
        let mut object = match request.header("x-amz-copy-source") {
            None => Object::new(request.body.clone()),
            Some(from) => {
                let from = percent_decode_str(from).decode_utf8_lossy();
                let from = from.trim_start_matches('/');
                let (bucket, key) = from.split_once('/').unwrap_or((from, ""));
                let Some(found) = self.bucket(bucket).get(key) else {
                    return (error(404, "NoSuchKey"), None);
                };
                let wanted = request.header("x-amz-copy-source-if-match");
                if wanted.is_some_and(|wanted| wanted.trim_matches('"') != found.etag) {
                    return (error(412, "PreconditionFailed"), None);
                }
                let replaces = request.header("x-amz-metadata-directive") == Some("REPLACE");
                assert!(replaces, "a copy that keeps the metadata is not modelled");
                Object::new(found.bytes.to_vec())
            }
        };
        let header = |name: &str| request.header(name).unwrap_or_default().to_owned();
        object.content_type = header("content-type");
        object.cache_control = header("cache-control");
        for (name, value) in &request.headers {
            if let Some(name) = name.strip_prefix("x-amz-meta-") {
                object.metadata.insert(name.to_owned(), value.clone());
            }
        }
        let etag = object.etag.clone();
        let before = self.set(bucket, key, Some(object.clone()));
        let answer = if request.header("x-amz-copy-source").is_some() {
            xml_answer(
                200,
                format!("<CopyObjectResult><ETag>&quot;{etag}&quot;</ETag></CopyObjectResult>"),
            )
        } else {
            Response {
                status: 200,
                headers: vec![("etag".into(), format!("\"{etag}\""))],
                body: Vec::new(),
            }
        };
        let change = Change {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            before,
            after: Some(object),
        };
        (answer, Some(change))
    }

    fn delete(&mut self, bucket: &str, key: &str, request: &Request) -> (Response, Option<Change>) {
        let there = self.bucket(bucket).contains_key(key);
        // What is not there is removed already, whatever the condition.
        if there && let Some(refusal) = self.refusal(bucket, key, request) {
            return (refusal, None);
        }
        let before = self.set(bucket, key, None);
        let change = Change {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            before,
            after: None,
        };
        let done = Response {
            status: 204,
            headers: Vec::new(),
            body: Vec::new(),
        };
        (done, Some(change))
    }

    /// Why a conditional write does not happen (S3 guide, "Conditional requests").
    fn refusal(&self, bucket: &str, key: &str, request: &Request) -> Option<Response> {
        let there = self.bucket(bucket).get(key);
        if let Some(wanted) = request.header("if-match") {
            return match there {
                None => Some(error(404, "NoSuchKey")),
                Some(there) if there.etag != wanted.trim_matches('"') => {
                    Some(error(412, "PreconditionFailed"))
                }
                Some(_) => None,
            };
        }
        let must_be_absent = request.header("if-none-match") == Some("*");
        (must_be_absent && there.is_some()).then(|| error(412, "PreconditionFailed"))
    }
}

/// An error as S3 and CloudFront write it.
pub fn error(status: u16, code: &str) -> Response {
    xml_answer(
        status,
        format!("<Error><Code>{code}</Code><Message>simulated</Message></Error>"),
    )
}

pub fn xml_answer(status: u16, xml: String) -> Response {
    Response {
        status,
        headers: vec![("content-type".into(), "application/xml".into())],
        body: xml.into_bytes(),
    }
}

fn headers(object: &Object) -> Vec<(String, String)> {
    let mut headers = vec![
        ("etag".to_owned(), format!("\"{}\"", object.etag)),
        ("content-length".to_owned(), object.bytes.len().to_string()),
        ("content-type".to_owned(), object.content_type.clone()),
    ];
    if !object.cache_control.is_empty() {
        headers.push(("cache-control".to_owned(), object.cache_control.clone()));
    }
    let metadata = object.metadata.iter();
    headers.extend(metadata.map(|(name, value)| (format!("x-amz-meta-{name}"), value.clone())));
    headers
}

/// A key in a listing. XML has no way to write some characters that a key may have.
fn named(key: &str, encoding: Option<&str>) -> String {
    match encoding {
        Some("url") => utf8_percent_encode(key, NON_ALPHANUMERIC).to_string(),
        _ => escaped(key),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
