//! What `_headers` makes of the headers that an object has without it.

use super::{BlockedItem, REFERRER_POLICY, SecuredHeaders, Violation};
use quillfront_headers::{Field, Metadata};
use quillfront_site::edge_files::{MergedHeader, Setting};
use quillfront_site::quillfront_toml::security::{PathSecurity, Preset};
use std::collections::BTreeMap;

const CACHE_CONTROL: &str = "cache-control";
const CONTENT_TYPE: &str = "content-type";
const POLICY: &str = "content-security-policy";

/// Merges rules into the headers of an object. Where the result does not fit, the object goes without them,
/// and it is told.
pub(super) fn merge(
    dressed: SecuredHeaders,
    merged: BTreeMap<String, MergedHeader>,
    security: Option<&PathSecurity>,
) -> SecuredHeaders {
    let stored = &dressed.metadata;
    let mut metadata = Metadata::read(|field: Field| Some(stored.get(field.name())?.as_str()));
    let is_strict = security.is_some_and(|security| security.preset == Preset::Strict);
    let mut violations = Vec::new();
    let mut told = |what| {
        violations.push(Violation {
            is_error: false,
            what,
        });
    };
    let (mut content_type, mut cache_control) = (None, None);
    let mut last_line = 0;
    for (name, own) in merged {
        let line = own.line;
        last_line = last_line.max(line);
        let joined = joined(&own.setting);
        let weaker = BlockedItem::Weaker {
            line,
            name: name.clone(),
        };
        match name.as_str() {
            CACHE_CONTROL if joined.is_some() => cache_control = joined,
            // Two of them are none.
            CONTENT_TYPE if joined.is_some() => content_type = last(own.setting),
            POLICY => {
                let page = metadata.policy.take();
                if own.is_default_removed && is_strict && page.is_some() {
                    told(weaker);
                }
                let page = page.filter(|_| !own.is_default_removed);
                let count = match &own.setting {
                    Setting::Values(values) => values.len(),
                    Setting::Removed => 0,
                };
                if count + usize::from(page.is_some()) > 1 {
                    told(BlockedItem::TwoPolicies { line });
                }
                let both: Vec<String> = page.into_iter().chain(joined).collect();
                metadata.policy = (!both.is_empty()).then(|| both.join(", "));
            }
            _ => {
                let before = match metadata.headers.get(&name) {
                    Some(before) => before.clone(),
                    None => default(&name).map(str::to_owned),
                };
                if is_strict && is_weaker(&name, before.as_deref(), joined.as_deref()) {
                    told(weaker);
                }
                metadata.headers.insert(name, joined);
            }
        }
    }
    match metadata.write() {
        Ok(metadata) => SecuredHeaders {
            metadata,
            content_type,
            cache_control,
            violations: dressed.violations.into_iter().chain(violations).collect(),
        },
        Err(why) => {
            let mut dressed = dressed;
            dressed.violations.push(Violation {
                is_error: false,
                what: BlockedItem::Rules {
                    line: last_line,
                    why: why.to_string(),
                },
            });
            dressed
        }
    }
}

/// Merges rules into the headers of answers that no object stands for. What they say of an object's bytes is
/// not about these.
pub(super) fn merge_into_no_object(
    headers: &mut BTreeMap<String, Option<String>>,
    merged: BTreeMap<String, MergedHeader>,
) {
    for (name, own) in merged {
        if matches!(name.as_str(), CACHE_CONTROL | CONTENT_TYPE) {
            continue;
        }
        let mut value = joined(&own.setting);
        if name == POLICY && !own.is_default_removed {
            let page = headers.remove(&name).flatten();
            let both: Vec<String> = page.into_iter().chain(value).collect();
            value = Some(both.join(", "));
        }
        headers.insert(name, value);
    }
}

fn joined(setting: &Setting) -> Option<String> {
    match setting {
        Setting::Values(values) => Some(values.join(", ")),
        Setting::Removed => None,
    }
}

fn last(setting: Setting) -> Option<String> {
    match setting {
        Setting::Values(mut values) => values.pop(),
        Setting::Removed => None,
    }
}

/// What the edge sends where nothing says otherwise (`quillfront-edge`, `security`).
fn default(name: &str) -> Option<&'static str> {
    match name {
        "x-content-type-options" => Some("nosniff"),
        "referrer-policy" => Some(REFERRER_POLICY),
        "x-frame-options" => Some("SAMEORIGIN"),
        _ => None,
    }
}

/// Whether a header protects less than the one that it replaces.
fn is_weaker(name: &str, before: Option<&str>, after: Option<&str>) -> bool {
    let (before, after) = (lower(before), lower(after));
    let place = |words: &[&str], value: &str| words.iter().position(|word| *word == value);
    // From the strictest on; what is none of them protects from nothing.
    let is_later = |words: &[&str]| match place(words, &before) {
        Some(before) => place(words, &after).is_none_or(|after| after > before),
        None => false,
    };
    match name {
        "x-content-type-options" => is_later(&["nosniff"]),
        "x-frame-options" => is_later(&["deny", "sameorigin"]),
        "referrer-policy" => is_later(&[
            "no-referrer",
            "same-origin",
            "strict-origin",
            "strict-origin-when-cross-origin",
            "origin",
            "origin-when-cross-origin",
            "no-referrer-when-downgrade",
        ]),
        "cross-origin-opener-policy" => is_later(&["same-origin", "same-origin-allow-popups"]),
        "cross-origin-resource-policy" => is_later(&["same-origin", "same-site"]),
        "cross-origin-embedder-policy" => is_later(&["require-corp", "credentialless"]),
        "strict-transport-security" => {
            let seconds = |value: &str| {
                let mut parts = value.split(';').map(str::trim);
                let age = parts.find_map(|part| part.strip_prefix("max-age="));
                age.and_then(|age| age.trim_matches('"').parse::<u64>().ok())
            };
            let has_more = |word| before.contains(word) && !after.contains(word);
            seconds(&after) < seconds(&before) || has_more("includesubdomains")
        }
        "permissions-policy" => {
            let after: Vec<&str> = after.split(',').map(str::trim).collect();
            let mut denied = before.split(',').map(str::trim);
            denied.any(|feature| feature.ends_with("=()") && !after.contains(&feature))
        }
        _ => false,
    }
}

fn lower(value: Option<&str>) -> String {
    value.unwrap_or_default().trim().to_ascii_lowercase()
}
