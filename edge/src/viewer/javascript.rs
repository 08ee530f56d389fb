//! The functions as JavaScript, for the runtime `cloudfront-js-2.0`.
//!
//! The code is one text (`viewer.js`); what it goes by stands before it as one object, made here of the
//! same constants and answers that the functions in Rust have. The text keeps to what the guide lists
//! (Amazon CloudFront Developer Guide, "JavaScript runtime 2.0 features for CloudFront Functions"), which
//! `tests/edge-functions` checks.

use quillfront_headers::{RULES_KEY, Rules};
use serde_json::{Value, json};

use super::event::headers;
use super::{Behaviour, WELL_KNOWN};
use crate::respond::{self, Answer, Body};
use crate::route::{INDEX, MAX_KEY_BYTES, MAX_PATH_BYTES, Refusal};

/// The longest function, in bytes (Amazon CloudFront Developer Guide, "Quotas", CloudFront Functions).
pub const MAX_BYTES: usize = 10_240;

const CODE: &str = include_str!("viewer.js");

/// Why there is no function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the function has {0} bytes, and CloudFront takes {MAX_BYTES}: name fewer domains")]
pub struct TooLong(usize);

/// Returns the function of a behaviour; none where there is nothing to do.
///
/// # Errors
/// It is longer than CloudFront takes.
pub fn function(behaviour: Behaviour, rules: &Rules) -> Result<Option<String>, TooLong> {
    if !behaviour.has_function(rules) {
        return Ok(None);
    }
    let function = format!("const FACTS = {};\n{CODE}", ascii(&facts(behaviour, rules)));
    if function.len() > MAX_BYTES {
        return Err(TooLong(function.len()));
    }
    Ok(Some(function))
}

fn facts(behaviour: Behaviour, rules: &Rules) -> Value {
    let not_found = respond::not_found(rules);
    // Those of a redirect and of a line of text are the same but for these.
    let mut common = headers(&not_found);
    let content_type = common.remove("content-type");
    let domains = rules.domains.clone().unwrap_or_default();
    json!({
        "contentType": content_type,
        "headers": common,
        "index": INDEX,
        "internal": RULES_KEY.split('/').next(),
        "maxKeyBytes": MAX_KEY_BYTES,
        "maxPathBytes": MAX_PATH_BYTES,
        "notCanonical": text(&respond::refused(Refusal::NotAbsolute, rules)),
        "notFound": text(&not_found),
        "origin": domains.origin,
        "others": domains.others,
        "routes": behaviour.routes(rules),
        "tooLong": text(&respond::refused(Refusal::TooLong, rules)),
        "wellKnown": WELL_KNOWN,
    })
}

fn text<'a>(answer: &'a Answer<'_>) -> &'a str {
    match &answer.body {
        Body::Text(text) => text,
        Body::Object | Body::Empty => "",
    }
}

/// Returns a value as JSON that is JavaScript in any encoding.
fn ascii(value: &Value) -> String {
    let json = value.to_string();
    let mut ascii = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                ascii.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    ascii
}
