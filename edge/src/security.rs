//! The security headers that every response carries.

use quillfront_headers::Rules;
pub use quillfront_headers::names::may_set;
use quillfront_headers::values::is_header_value;

use crate::event::Headers;

/// The default headers. An object's `qf-h` overrides any of them.
///
/// The first two change nothing that a well-formed site does; the third keeps other sites from
/// framing a page (Amazon CloudFront Developer Guide, "Use managed response headers policies",
/// SecurityHeadersPolicy, has the same values).
pub(crate) const BASELINE: [(&str, &str); 3] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("x-frame-options", "SAMEORIGIN"),
];

/// Adds the default headers where `headers` has none of that name.
pub fn add_baseline(headers: &mut Headers<'_>) {
    for (name, value) in BASELINE {
        if !headers.contains(name) {
            headers.set(name, value);
        }
    }
}

/// Adds what an answer without an object carries: the headers of the rules, then the default ones,
/// each where there is none of that name. What is no header, or none that may be set, is left out.
pub fn add_floor(headers: &mut Headers<'_>, rules: &Rules) {
    for (name, value) in &rules.headers {
        if may_set(name) && is_header_value(value) && !headers.contains(name) {
            headers.set(name.clone(), value.clone());
        }
    }
    add_baseline(headers);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventType;
    use crate::event::restrictions::{DISALLOWED, DISALLOWED_PREFIXES, read_only};

    #[test]
    fn nobody_may_set_what_cloudfront_refuses() {
        let families = DISALLOWED_PREFIXES.map(|prefix| format!("{prefix}anything"));
        let refused = DISALLOWED.map(str::to_owned).into_iter().chain(families);
        let read_only = EventType::ALL.map(read_only);
        let read_only = read_only.concat().into_iter().map(str::to_owned);
        for name in refused.chain(read_only) {
            assert!(!may_set(&name), "{name}");
        }
        for name in [
            "content-security-policy",
            "content-security-policy-report-only",
            "strict-transport-security",
            "x-frame-options",
            "reporting-endpoints",
        ] {
            assert!(may_set(name), "{name}");
        }
    }

    #[test]
    fn the_rules_come_first_and_change_nothing_that_is_there() {
        let rule = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let rules = Rules {
            headers: [
                rule("x-frame-options", "DENY"),
                rule("content-type", "text/html"),
                rule("strict-transport-security", "max-age=1"),
                rule("location", "//evil.example"),
                rule("set-cookie", "a=b"),
                rule("no name", "x"),
                rule("x-bad", "a\r\nb"),
                rule("X-Up", "x"),
            ]
            .into(),
            ..Rules::default()
        };
        let mut headers = Headers::default();
        headers.set("content-type", "text/plain");
        add_floor(&mut headers, &rules);
        let got: Vec<_> = headers
            .lines()
            .map(|(name, line)| (&**name, &*line.value))
            .collect();
        let expected = [
            ("content-type", "text/plain"),
            ("strict-transport-security", "max-age=1"),
            ("x-frame-options", "DENY"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
        ];
        assert_eq!(got, expected);
    }
}
