//! Cookies, scripts of others, and what should not be sent at all.

use super::{each, each_costing};
use crate::checks::{Check, Mended};
use crate::finding::Severity;

pub(in crate::checks) const COOKIES: Check = Check {
    id: "cookies",
    severity: Severity::Medium,
    title: "Cookies are `Secure`, and `HttpOnly` where they are sessions",
    why: "They are sent over plain HTTP, or read by scripts.",
    mend: "Set `Secure; HttpOnly; SameSite=Lax` where the cookie is made.",
    mended: Mended::No,
    same_as: &[],
    standing: None,
    look: |observed, out| each_costing(observed, out, "cookies"),
};

pub(in crate::checks) const CORS: Check = Check {
    id: "cors",
    severity: Severity::High,
    title: "Other sites do not read answers with a reader's cookies",
    why: "Any site can act as the reader who visits it.",
    mend: "Do not echo `Origin` together with `Access-Control-Allow-Credentials`.",
    mended: Mended::No,
    same_as: &[],
    standing: None,
    look: |observed, out| each_costing(observed, out, "cross-origin-resource-sharing"),
};

pub(in crate::checks) const SCRIPTS: Check = Check {
    id: "foreign-scripts",
    severity: Severity::Medium,
    title: "Scripts of other sites have a hash",
    why: "Whoever changes the other site's file changes yours.",
    mend: "Add `integrity`, or serve the script yourself.",
    mended: Mended::No,
    same_as: &[],
    standing: None,
    look: |observed, out| each_costing(observed, out, "subresource-integrity"),
};

/// Headers that tell of the machinery; `server: CloudFront` and `AmazonS3` cannot be hidden well
/// and tell nothing.
const TELLING: [&str; 5] = [
    "x-powered-by",
    "x-aspnet-version",
    "x-generator",
    "x-runtime",
    "x-amz-server-side-encryption",
];

pub(in crate::checks) const LEAKS: Check = Check {
    id: "telling-headers",
    severity: Severity::Low,
    title: "Headers tell nothing of the machinery",
    why: "Versions and metadata of objects help an attacker to choose.",
    mend: "Remove them by the response headers policy.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, place, page| {
            for (name, value) in &page.headers {
                let name = name.to_ascii_lowercase();
                let is_metadata = name.starts_with("x-amz-meta-") && name != TAG_METADATA;
                if TELLING.contains(&name.as_str()) || is_metadata {
                    out.flag(place.clone(), format!("`{name}: {value}`"));
                }
            }
        });
    },
};

/// The header by which S3 hands on the metadata `cache-tag`.
const TAG_METADATA: &str = "x-amz-meta-cache-tag";

pub(in crate::checks) const TAGS: Check = Check {
    id: "tag-header-visible",
    severity: Severity::Low,
    title: "Readers do not see cache tags",
    why: "Tags tell which pages hang together, and make each answer longer.",
    mend: "Remove the tag header by the response headers policy.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        let own = observed
            .config()
            .ok()
            .and_then(|config| config.text_at("CacheTagConfig/HeaderName"));
        let mut names = vec![TAG_METADATA.to_owned()];
        names.extend(
            own.map(|name| name.to_ascii_lowercase())
                .filter(|name| name != TAG_METADATA),
        );
        each(observed, out, |out, place, page| {
            for name in names.iter().filter(|name| page.header(name).is_some()) {
                out.flag(place.clone(), format!("`{name}` is sent"));
            }
        });
    },
};

pub(in crate::checks) const STORED: Check = Check {
    id: "stored-no-store",
    severity: Severity::High,
    title: "What says `no-store` or `private` is not cached",
    why: "One reader's answer is shown to the next.",
    mend: "Set the minimum TTL of the cache policy to 0.",
    mended: Mended::Yes,
    same_as: &[],
    standing: None,
    look: |observed, out| {
        each(observed, out, |out, place, page| {
            let control = page
                .all("cache-control")
                .collect::<Vec<_>>()
                .join(",")
                .to_ascii_lowercase();
            let says = |word: &str| control.split(',').any(|part| part.trim() == word);
            let is_hit = page
                .header("x-cache")
                .is_some_and(|x| x.starts_with("Hit") || x.starts_with("RefreshHit"));
            if is_hit && (says("no-store") || says("private")) {
                out.flag(
                    place,
                    format!("`cache-control: {control}` came from the cache"),
                );
            }
        });
    },
};
