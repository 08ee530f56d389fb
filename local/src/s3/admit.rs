//! The door: what a request has to be before its signature is worked out and its body is read.
//!
//! The protocol layer verifies signatures, but it obeys headers that the signature does not
//! cover: whoever is given a presigned address could add `x-amz-copy-source` and read any object.
//! So everything that it obeys is looked at here, once, for all operations. Only the forms of
//! authentication that are understood here pass; what is not understood is refused, so that the
//! two cannot disagree.

use std::collections::HashSet;
use std::str::from_utf8;

use http::header::{self, HeaderMap};
use http::request::Parts;
use http::{Method, StatusCode};
use jiff::Timestamp;

use super::limits::PRESIGNED_SECONDS;
use super::refusal::Refusal;
use super::server::REGION;
use super::version_2;

/// The algorithm of signature version 4, and what begins its `Authorization`.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// How a request says who sends it.
enum Authentication {
    /// Signature version 4, in a header or in the query.
    Version4 {
        signed_headers: HashSet<String>,
        /// `key/date/region/service/aws4_request`
        credential: String,
    },
    /// Version 2, which covers all `x-amz-` headers by its definition. Its time was looked at.
    Version2,
}

/// Lets a request pass whose signature is worth checking.
///
/// # Errors
/// It carries no signature, or more than one; headers that are obeyed are not signed; a presigned
/// address is valid for more than a week; a signature of version 2 is older than a quarter of an
/// hour (of version 4, the protocol layer looks at this); it is an upload by HTML form.
pub(super) fn admit(parts: &Parts, now: Timestamp) -> Result<(), Refusal> {
    if parts.method == Method::POST && is_form(&parts.headers) {
        let message = "Uploads by HTML form (POST) are not implemented; use PUT, with a presigned address where there \
                       is no key pair.";
        let refusal = Refusal::new("NotImplemented", message);
        return Err(refusal.status(StatusCode::NOT_IMPLEMENTED));
    }
    let authentication = authentication(parts, now)?;
    let signed_headers = match &authentication {
        Authentication::Version4 {
            signed_headers,
            credential,
        } => {
            check_region(credential, parts)?;
            Some(signed_headers)
        }
        Authentication::Version2 => None,
    };
    check_signed(&parts.headers, signed_headers)
}

fn authentication(parts: &Parts, now: Timestamp) -> Result<Authentication, Refusal> {
    let query = parts.uri.query().unwrap_or_default();
    let query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let has = |name: &str| query.iter().any(|(given, _)| given == name);
    let headers: Vec<_> = parts
        .headers
        .get_all(header::AUTHORIZATION)
        .iter()
        .collect();
    match (has("X-Amz-Signature"), has("Signature"), headers.as_slice()) {
        (false, false, []) => Err(Refusal::new(
            "AccessDenied",
            "Access Denied: the request is not signed",
        )
        .status(StatusCode::FORBIDDEN)),
        (true, false, []) => presigned(&query),
        (false, true, []) => {
            version_2::check_expires(&query, now)?;
            Ok(Authentication::Version2)
        }
        (false, false, [value]) => {
            let authentication = from_header(value.as_bytes())?;
            if matches!(authentication, Authentication::Version2) {
                version_2::check_date(&parts.headers, now)?;
            }
            Ok(authentication)
        }
        _ => Err(Refusal::new(
            "InvalidArgument",
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
             parameter or the Authorization header should be specified",
        )),
    }
}

/// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`, or `AWS key:signature`.
fn from_header(value: &[u8]) -> Result<Authentication, Refusal> {
    let malformed = |what: &str| {
        Refusal::new(
            "AuthorizationHeaderMalformed",
            format!("The authorization header is malformed; {what}"),
        )
    };
    let value = from_utf8(value).map_err(|_| malformed("it is not text"))?;
    if value.starts_with("AWS ") {
        return Ok(Authentication::Version2);
    }
    let Some(fields) = value.strip_prefix(ALGORITHM) else {
        return Err(Refusal::new(
            "InvalidArgument",
            "Unsupported Authorization Type",
        ));
    };
    let mut named = [
        ("Credential", None),
        ("SignedHeaders", None),
        ("Signature", None),
    ];
    for field in fields.split(',') {
        let (name, value) = field
            .trim()
            .split_once('=')
            .ok_or_else(|| malformed("a field has no value"))?;
        let known = named.iter_mut().find(|(known, _)| *known == name);
        let (_, place) = known.ok_or_else(|| malformed("it has a field that is not known"))?;
        if place.replace(value).is_some() {
            return Err(malformed("it has a field twice"));
        }
    }
    let [(_, Some(credential)), (_, Some(signed)), (_, Some(_))] = named else {
        return Err(malformed("it lacks Credential, SignedHeaders or Signature"));
    };
    Ok(version_4(credential, signed))
}

fn presigned(query: &[(String, String)]) -> Result<Authentication, Refusal> {
    let wrong = |message: String| Refusal::new("AuthorizationQueryParametersError", message);
    let one = |name: &str| {
        let mut values = query.iter().filter(|(given, _)| given == name);
        match (values.next(), values.next()) {
            (Some((_, value)), None) => Ok(value.as_str()),
            _ => Err(wrong(format!(
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, \
                 X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters, each once; {name} is not there once."
            ))),
        }
    };
    let seconds = one("X-Amz-Expires")?;
    match seconds.parse::<i64>() {
        Err(_) => return Err(wrong("X-Amz-Expires should be a number".into())),
        Ok(..0) => return Err(wrong("X-Amz-Expires must be non-negative".into())),
        Ok(seconds) if seconds > PRESIGNED_SECONDS => {
            return Err(wrong(format!(
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than \
                 {PRESIGNED_SECONDS} seconds"
            )));
        }
        Ok(_) => {}
    }
    Ok(version_4(
        one("X-Amz-Credential")?,
        one("X-Amz-SignedHeaders")?,
    ))
}

fn version_4(credential: &str, signed: &str) -> Authentication {
    Authentication::Version4 {
        signed_headers: signed.split(';').map(str::to_owned).collect(),
        credential: credential.to_owned(),
    }
}

/// Every header that the protocol layer obeys is under the signature. `signed` is none where the
/// signature covers all of them by its definition.
fn check_signed(headers: &HeaderMap, signed: Option<&HashSet<String>>) -> Result<(), Refusal> {
    let is_signed = |name: &str| signed.is_none_or(|signed| signed.contains(name));
    let mut unsigned: Vec<&str> = headers
        .iter()
        .filter(|(name, _)| name.as_str().starts_with("x-amz-"))
        // A value that is no text is left out of what is signed.
        .filter(|(name, value)| !is_signed(name.as_str()) || from_utf8(value.as_bytes()).is_err())
        .map(|(name, _)| name.as_str())
        .collect();
    if !is_signed("host") {
        unsigned.push("host");
    }
    unsigned.sort_unstable();
    unsigned.dedup();
    if unsigned.is_empty() {
        return Ok(());
    }
    let message = "There were headers present in the request which were not signed";
    let refusal = Refusal::new("AccessDenied", message).status(StatusCode::FORBIDDEN);
    Err(refusal.detail("HeadersNotSigned", unsigned.join(", ")))
}

/// Any region is taken, but it has to be a region: with this answer s3cmd, whose own default is
/// `US`, asks again for the right one.
fn check_region(credential: &str, parts: &Parts) -> Result<(), Refusal> {
    // The key may have slashes; the rest has not.
    let region = credential.rsplit('/').nth(2).unwrap_or_default();
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !region.is_empty() && region.bytes().all(plain) {
        return Ok(());
    }
    let wrong = format!("the region '{region}' is wrong; expecting '{REGION}'");
    let refusal = if parts.headers.contains_key(header::AUTHORIZATION) {
        let message = format!("The authorization header is malformed; {wrong}");
        Refusal::new("AuthorizationHeaderMalformed", message)
    } else {
        let message = format!("Error parsing the X-Amz-Credential parameter; {wrong}");
        Refusal::new("AuthorizationQueryParametersError", message)
    };
    Err(refusal.detail("Region", REGION))
}

fn is_form(headers: &HeaderMap) -> bool {
    const FORM: &[u8] = b"multipart/form-data";
    headers.get_all(header::CONTENT_TYPE).iter().any(|kind| {
        let kind = kind.as_bytes().trim_ascii_start();
        kind.get(..FORM.len())
            .is_some_and(|kind| kind.eq_ignore_ascii_case(FORM))
    })
}
