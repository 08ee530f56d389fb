//! HTTPS: the redirect, and the promise to stay with it.

use super::{Result, joined};
use crate::observed::{Http, Page, host_of};

const SIX_MONTHS_SECONDS: u64 = 15_552_000;

pub(super) fn hsts(page: &Page) -> Result {
    let preloaded = ("hsts-preloaded", 5);
    if !page.is_https() {
        return ("hsts-not-implemented-no-https", -20);
    }
    if page.is_preloaded {
        return preloaded;
    }
    if page.is_certificate_refused {
        return ("hsts-invalid-cert", -20);
    }
    let Some(value) = joined(page, "strict-transport-security") else {
        return ("hsts-not-implemented", -20);
    };
    let value = value.to_ascii_lowercase();
    let max_age = value
        .split(';')
        .rev()
        .find_map(|part| part.trim().strip_prefix("max-age="));
    match max_age {
        None => ("hsts-header-invalid", -20),
        Some(_) if value.contains(',') => ("hsts-header-invalid", -20),
        Some(age) if is_short(age) => ("hsts-implemented-max-age-less-than-six-months", -10),
        Some(_) => ("hsts-implemented-max-age-at-least-six-months", 0),
    }
}

/// Reads the digits at the beginning, as the Observatory does; no digits are not short there.
fn is_short(age: &str) -> bool {
    let age = age.trim_start();
    if age.starts_with('-') {
        return true;
    }
    let digits = age
        .split(|c: char| !c.is_ascii_digit())
        .next()
        .unwrap_or_default();
    digits
        .parse::<u64>()
        .is_ok_and(|seconds| seconds < SIX_MONTHS_SECONDS)
}

pub(super) fn redirection(page: &Page) -> Result {
    let Http::Route(route) = &page.http else {
        return ("redirection-not-needed-no-http", 0);
    };
    if page.is_certificate_refused {
        return ("redirection-invalid-cert", -20);
    }
    let is_own = |url: &String| host_of(url) == page.host();
    if page.is_preloaded && route.iter().all(is_own) {
        return ("redirection-all-redirects-preloaded", 0);
    }
    let is_https = |url: &str| url.starts_with("https:");
    match route.as_slice() {
        [] | [_] => ("redirection-missing", -20),
        [.., last] if !is_https(last) => ("redirection-not-to-https", -20),
        [_, second, ..] if !is_https(second) => {
            ("redirection-not-to-https-on-initial-redirection", -10)
        }
        [first, second, ..] if !is_https(first) && host_of(first) != host_of(second) => {
            ("redirection-off-host-from-http", -5)
        }
        _ => ("redirection-to-https", 0),
    }
}
