//! Cookies, as a browser would hold them: a later one takes the place of an earlier one of its name
//! and path.

use super::Result;
use crate::observed::Page;

const SECURE: Result = ("cookies-secure-with-httponly-sessions", 0);
const SAME_SITE: Result = ("cookies-secure-with-httponly-sessions-and-samesite", 5);
const NONE: Result = ("cookies-not-found", 0);

/// What can be wrong, the least first.
const WRONG: [Result; 7] = [
    ("cookies-without-secure-flag-but-protected-by-hsts", -5),
    ("cookies-without-secure-flag", -20),
    (
        "cookies-session-without-secure-flag-but-protected-by-hsts",
        -10,
    ),
    ("cookies-samesite-flag-invalid", -20),
    ("cookies-anticsrf-without-samesite-flag", -20),
    ("cookies-session-without-httponly-flag", -30),
    ("cookies-session-without-secure-flag", -40),
];
const INVALID: usize = 3;
const NO_SAME_SITE: usize = 4;
const NO_HTTP_ONLY: usize = 5;

struct Cookie {
    name: String,
    path: String,
    is_secure: bool,
    is_http_only: bool,
    same_site: Option<String>,
    has_invalid_same_site: bool,
}

fn read(value: &str) -> Option<Cookie> {
    let mut parts = value.split(';');
    let (name, _) = parts.next()?.split_once('=')?;
    let mut cookie = Cookie {
        name: name.trim().to_ascii_lowercase(),
        path: "/".to_owned(),
        is_secure: false,
        is_http_only: false,
        same_site: None,
        has_invalid_same_site: false,
    };
    for part in parts {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim().to_ascii_lowercase();
        match key.trim().to_ascii_lowercase().as_str() {
            "path" => cookie.path = value,
            "secure" => cookie.is_secure = true,
            "httponly" => cookie.is_http_only = true,
            "samesite" if ["lax", "strict", "none"].contains(&value.as_str()) => {
                cookie.same_site = Some(value);
            }
            "samesite" => cookie.has_invalid_same_site = true,
            _ => {}
        }
    }
    (!cookie.name.is_empty() && cookie.name != "heroku-session-affinity").then_some(cookie)
}

pub(super) fn result(page: &Page, has_hsts: bool) -> Result {
    let cookies: Vec<Cookie> = page.all("set-cookie").filter_map(read).collect();
    if cookies.is_empty() {
        return NONE;
    }
    let is_replaced = |at: usize| {
        let cookie = &cookies[at];
        let mut later = cookies[at + 1..].iter();
        later.any(|other| (&other.name, &other.path) == (&cookie.name, &cookie.path))
    };
    let has_invalid = cookies.iter().any(|cookie| cookie.has_invalid_same_site);
    let kept: Vec<&Cookie> = (0..cookies.len())
        .filter(|at| !is_replaced(*at))
        .map(|at| &cookies[at])
        .collect();
    let worst = kept
        .iter()
        .filter_map(|cookie| worst(cookie, has_hsts))
        .max();
    match worst.max(has_invalid.then_some(INVALID)) {
        Some(worst) => WRONG[worst],
        None if kept.iter().all(|cookie| cookie.same_site.is_some()) => SAME_SITE,
        None => SECURE,
    }
}

/// The place in [`WRONG`] of the worst about a cookie.
fn worst(cookie: &Cookie, has_hsts: bool) -> Option<usize> {
    let is_session = cookie.name.contains("login") || cookie.name.contains("sess");
    let without_secure = match (is_session, has_hsts) {
        (false, true) => 0,
        (false, false) => 1,
        (true, true) => 2,
        (true, false) => 6,
    };
    let is_none = cookie.same_site.as_deref() == Some("none");
    [
        (!cookie.is_secure).then_some(without_secure),
        (is_none && !cookie.is_secure).then_some(INVALID),
        (cookie.name.contains("csrf") && cookie.same_site.is_none()).then_some(NO_SAME_SITE),
        (is_session && !cookie.is_http_only).then_some(NO_HTTP_ONLY),
    ]
    .into_iter()
    .flatten()
    .max()
}
