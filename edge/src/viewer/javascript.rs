//! The functions as JavaScript, for the runtime `cloudfront-js-2.0`.
//!
//! The code is in `common.js`, and in a file for each behaviour; what it goes by stands before it as one object, made
//! here of the same constants and answers that the functions in Rust have. It keeps to what the guide lists (Amazon
//! CloudFront Developer Guide, "JavaScript runtime 2.0 features for CloudFront Functions"), which
//! `tests/edge-functions` checks. It is packaged without comments and long names (`minify.rs`), so that
//! the one where pictures are fits.

use quillfront_headers::{RULES_KEY, Rules};
use serde_json::{Value, json};

use super::minify::minified;
use super::{Behaviour, WELL_KNOWN, own_policy};
use crate::respond::{self, Answer, Body};
use crate::route::{INDEX, MAX_KEY_BYTES, MAX_PATH_BYTES, Refusal};
use crate::thumbnail::{self, SHORT_CACHE_CONTROL, SIGNED_HEADER};

/// The longest function, in bytes (Amazon CloudFront Developer Guide, "Quotas", CloudFront Functions).
pub const MAX_BYTES: usize = 10_240;

/// The key under which the KeyValueStore has the keys of signed URLs.
pub const KEYS: &str = "image-keys";

const COMMON: &str = include_str!("common.js");
const MOVED: &str = include_str!("moved.js");
/// What stands for [`MOVED`] where nothing leads anywhere else.
const STAYS: &str = "function elsewhere() {\n    return null;\n}\n";
const PAGES: &str = include_str!("pages.js");
const PICTURES: &str = include_str!("pictures.js");

/// What the function where pictures are takes of the runtime: the KeyValueStore that is associated with it, and HMAC.
const MODULES: &str = "import cf from 'cloudfront';\nconst crypto = require('crypto');\n";

/// Why there is no function.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the viewer-request function {place} has {bytes} bytes, and CloudFront takes {MAX_BYTES}: {way_out}"
)]
pub struct TooLong {
    place: &'static str,
    bytes: usize,
    way_out: String,
}

impl TooLong {
    fn new(behaviour: Behaviour, bytes: usize, rules: &Rules) -> Self {
        let presets = rules.images.presets.iter();
        let presets: usize = presets
            .map(|(name, options)| name.len() + options.len())
            .sum();
        let (place, way_out) = match (behaviour, presets) {
            (Behaviour::Default, _) => ("of pages", "name fewer domains".to_owned()),
            (Behaviour::Pictures, 0) => (
                "where thumbnails are",
                "name fewer domains, or shorten the headers of all pages".to_owned(),
            ),
            (Behaviour::Pictures, presets) => (
                "where thumbnails are",
                format!(
                    "shorten [images.presets], which take {presets}, or the domains, or the headers of all pages"
                ),
            ),
        };
        Self {
            place,
            bytes,
            way_out,
        }
    }
}

/// Returns the function of a behaviour; none where there is nothing to do.
///
/// # Errors
/// It is longer than CloudFront takes.
pub fn function(behaviour: Behaviour, rules: &Rules) -> Result<Option<String>, TooLong> {
    if !behaviour.has_function(rules) {
        return Ok(None);
    }
    let is_pictures = behaviour == Behaviour::Pictures;
    let (modules, own) = if is_pictures {
        (MODULES, PICTURES)
    } else {
        ("", PAGES)
    };
    let moved = if is_pictures && rules.domains.is_none() {
        STAYS
    } else {
        MOVED
    };
    let facts = facts(behaviour, rules);
    let code = minified(&format!("{COMMON}{moved}{own}"));
    let function = format!("{modules}const F={};\n{code}\n", ascii(&facts));
    if function.len() > MAX_BYTES {
        return Err(TooLong::new(behaviour, function.len(), rules));
    }
    Ok(Some(function))
}

fn facts(behaviour: Behaviour, rules: &Rules) -> Value {
    let not_found = own_policy(respond::not_found(rules), behaviour);
    let headers = not_found.headers.lines();
    let headers = headers.map(|(name, line)| json!([&**name, &*line.value]));
    let mut facts = json!({
        "folder": format!("{}/", rules.images.folder()),
        "headers": headers.collect::<Vec<_>>(),
        "index": INDEX,
        "internal": RULES_KEY.split('/').next(),
        "maxKey": MAX_KEY_BYTES,
        "maxPath": MAX_PATH_BYTES,
        "odd": why(&respond::refused(Refusal::NotAbsolute, rules)),
        "tooLong": why(&respond::refused(Refusal::TooLong, rules)),
    });
    let more = match behaviour {
        Behaviour::Default => json!({
            "routes": behaviour.routes(rules),
            "wellKnown": WELL_KNOWN,
        }),
        Behaviour::Pictures => json!({
            "keys": KEYS,
            "maxReason": thumbnail::MAX_REASON,
            "maxSide": rules.images.limits.side,
            "presets": rules.images.presets.iter().collect::<Vec<_>>(),
            "qualities": rules.images.qualities,
            "short": SHORT_CACHE_CONTROL,
            "signed": SIGNED_HEADER,
            "widths": rules.images.widths,
        }),
    };
    let domains = rules.domains.as_ref();
    let domains =
        domains.map(|domains| json!({"origin": domains.origin, "others": domains.others}));
    for (name, value) in [Some(more), domains]
        .iter()
        .flatten()
        .filter_map(Value::as_object)
        .flatten()
    {
        facts[name] = value.clone();
    }
    facts
}

/// What stands behind the status in the line of an answer.
fn why<'a>(answer: &'a Answer<'_>) -> &'a str {
    let text = match &answer.body {
        Body::Text(text) => text,
        Body::Object | Body::Empty => "",
    };
    let line = text.trim_end().split_once(": ");
    line.map_or("", |(_, why)| why)
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
