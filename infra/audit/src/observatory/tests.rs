use super::score;
use crate::observed::{Http, LoadedScript, Page};

/// A page with those headers, over HTTPS, to which plain HTTP leads.
fn page(headers: &[(&str, &str)]) -> Page {
    let own = [("content-type", "text/html")];
    let headers = own
        .iter()
        .chain(headers)
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    Page {
        url: "https://www.example.org/".to_owned(),
        status: 200,
        headers: headers.collect(),
        http: Http::Route(vec![
            "http://www.example.org/".to_owned(),
            "https://www.example.org/".to_owned(),
        ]),
        ..Page::default()
    }
}

/// AWS's managed policy `SecurityHeadersPolicy`.
const MANAGED: [(&str, &str); 5] = [
    ("strict-transport-security", "max-age=31536000"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-xss-protection", "1; mode=block"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
];

/// What helmet 8 sends by itself.
const HELMET: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';script-src-attr 'none';style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    (
        "strict-transport-security",
        "max-age=31536000; includeSubDomains",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-xss-protection", "0"),
];

/// OWASP's list of secure headers.
const OWASP: [(&str, &str); 6] = [
    (
        "content-security-policy",
        "default-src 'self'; form-action 'self'; base-uri 'self'; object-src 'none'; frame-ancestors 'none'; upgrade-insecure-requests",
    ),
    ("cross-origin-resource-policy", "same-origin"),
    ("referrer-policy", "no-referrer"),
    (
        "strict-transport-security",
        "max-age=31536000; includeSubDomains",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "deny"),
];

#[test]
fn the_known_sets_of_headers_have_the_known_scores() {
    let mut bare = page(&[]);
    bare.http = Http::Route(vec!["http://www.example.org/".to_owned()]);
    for (name, page, total, grade) in [
        ("none, and no redirect", bare, 10, "F"),
        ("none", page(&[]), 30, "D"),
        ("managed", page(&MANAGED), 75, "B"),
        ("helmet", page(&HELMET), 120, "A+"),
        ("owasp", page(&OWASP), 125, "A+"),
    ] {
        let score = score(&page);
        assert_eq!(
            (score.total, score.grade),
            (total, grade),
            "{name}: {:#?}",
            score.tests
        );
    }
}

#[test]
fn a_strict_page_scores_what_the_facts_say() {
    let mut strict = page(&OWASP);
    strict
        .headers
        .retain(|(name, _)| name != "content-security-policy");
    let policy = "default-src 'none'; script-src 'sha384-abc'; frame-ancestors 'none'";
    strict
        .headers
        .push(("Content-Security-Policy".to_owned(), policy.to_owned()));
    assert_eq!(score(&strict).total, 130, "without scripts");
    strict.scripts.loaded.push(LoadedScript {
        src: "/a.js".to_owned(),
        has_integrity: true,
    });
    assert_eq!(score(&strict).total, 135, "not on the preload list");
    strict.is_preloaded = true;
    assert_eq!(score(&strict).total, 140, "without cookies");
    strict.headers.push((
        "set-cookie".to_owned(),
        "a=1; Secure; HttpOnly; SameSite=Lax".to_owned(),
    ));
    assert_eq!(score(&strict).total, 145, "the most");
}

/// The result of one test over a page with a header.
fn result(test: &str, headers: &[(&str, &str)]) -> &'static str {
    let tests = score(&page(headers)).tests;
    tests
        .iter()
        .find(|found| found.name == test)
        .unwrap()
        .result
}

#[test]
fn single_headers_have_the_results_of_the_observatory() {
    let csp = |value: &str| {
        result(
            "content-security-policy",
            &[("content-security-policy", value)],
        )
    };
    for (value, expected) in [
        ("a", "csp-header-invalid"),
        (
            "default-src 'none'; default-src 'self'",
            "csp-header-invalid",
        ),
        (
            "script-src 'strict-dynamic'; object-src 'none'",
            "csp-header-invalid",
        ),
        (
            "default-src 'none'",
            "csp-implemented-with-no-unsafe-default-src-none",
        ),
        ("default-src 'self'", "csp-implemented-with-no-unsafe"),
        (
            "default-src 'self' 'unsafe-inline'",
            "csp-implemented-with-unsafe-inline",
        ),
        ("script-src 'self'", "csp-implemented-with-unsafe-inline"),
        (
            "default-src 'self'; script-src 'unsafe-inline' 'sha256-abc'",
            "csp-implemented-with-no-unsafe",
        ),
        (
            "default-src 'self'; script-src 'nonce-abc' 'strict-dynamic' https: 'unsafe-inline'",
            "csp-implemented-with-no-unsafe",
        ),
        (
            "default-src 'self'; script-src 'self' 'unsafe-eval'",
            "csp-implemented-with-unsafe-eval",
        ),
        (
            "default-src 'none'; connect-src http://a.example",
            "csp-implemented-with-insecure-scheme",
        ),
        (
            "default-src 'none'; img-src http:",
            "csp-implemented-with-insecure-scheme-in-passive-content-only",
        ),
        (
            "default-src 'none'; style-src 'unsafe-inline'",
            "csp-implemented-with-unsafe-inline-in-style-src-only",
        ),
        (
            "default-src 'none'; report-uri a; report-uri b",
            "csp-implemented-but-duplicate-directives",
        ),
    ] {
        assert_eq!(csp(value), expected, "{value}");
    }
    for (test, name, value, expected) in [
        (
            "x-frame-options",
            "x-frame-options",
            "ALLOWALL",
            "x-frame-options-header-invalid",
        ),
        (
            "x-frame-options",
            "x-frame-options",
            "ALLOW-FROM https://a.example",
            "x-frame-options-allow-from-origin",
        ),
        (
            "referrer-policy",
            "referrer-policy",
            "no-referrer, unsafe-url",
            "referrer-policy-unsafe",
        ),
        (
            "referrer-policy",
            "referrer-policy",
            "never",
            "referrer-policy-header-invalid",
        ),
        (
            "strict-transport-security",
            "strict-transport-security",
            "includeSubDomains",
            "hsts-header-invalid",
        ),
        (
            "strict-transport-security",
            "strict-transport-security",
            "max-age=60",
            "hsts-implemented-max-age-less-than-six-months",
        ),
        (
            "cross-origin-resource-policy",
            "cross-origin-resource-policy",
            "all",
            "corp-header-invalid",
        ),
        (
            "cookies",
            "set-cookie",
            "session=1; Secure; SameSite=Lax",
            "cookies-session-without-httponly-flag",
        ),
        (
            "cookies",
            "set-cookie",
            "a=1; SameSite=Sometimes; Secure",
            "cookies-samesite-flag-invalid",
        ),
        (
            "cookies",
            "set-cookie",
            "a=1; Secure",
            "cookies-secure-with-httponly-sessions",
        ),
        (
            "cookies",
            "set-cookie",
            "a=1",
            "cookies-without-secure-flag",
        ),
        (
            "content-security-policy",
            "content-security-policy-report-only",
            "default-src 'none'",
            "csp-not-implemented-but-reporting-enabled",
        ),
    ] {
        assert_eq!(result(test, &[(name, value)]), expected, "{name}: {value}");
    }
}

#[test]
fn doubled_headers_are_one_line_with_a_comma() {
    let twice = |name: &'static str, value: &'static str| [(name, value), (name, value)];
    assert_eq!(
        result("x-frame-options", &twice("x-frame-options", "DENY")),
        "x-frame-options-header-invalid"
    );
    assert_eq!(
        result(
            "x-content-type-options",
            &twice("x-content-type-options", "nosniff")
        ),
        "x-content-type-options-header-invalid"
    );
    let hsts = twice("strict-transport-security", "max-age=31536000");
    assert_eq!(
        result("strict-transport-security", &hsts),
        "hsts-header-invalid"
    );
}
