use super::*;
use crate::route::route;
use proptest::prelude::*;
use quillfront_headers::{Field, S3_PREFIX, Status};

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|&(name, value)| {
            (
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect()
}

fn key(path: &str) -> ObjectKey {
    route(path).unwrap()
}

#[test]
fn an_object_is_shown_without_what_is_internal() {
    let answer = found(&headers(&[
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "public, max-age=0"),
        ("content-length", "12"),
        ("etag", r#""abc""#),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("server", "AmazonS3"),
        ("x-amz-id-2", "x"),
        ("x-amz-request-id", "x"),
        ("x-amz-server-side-encryption", "AES256"),
        ("x-amz-version-id", "x"),
        ("x-amz-meta-cache-tag", "page-1"),
        ("x-amz-meta-qf-csp", "default-src 'self'"),
        ("x-amz-meta-qf-h", "{}"),
        ("x-amz-meta-qf-status", "302"),
        ("x-amz-meta-anything", "x"),
    ]));
    assert_eq!((answer.status, answer.body), (StatusCode::OK, Body::Object));
    assert_eq!(
        answer.headers,
        headers(&[
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "public, max-age=0"),
            ("content-length", "12"),
            ("etag", r#""abc""#),
            ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("accept-ranges", "bytes"),
            ("content-security-policy", "default-src 'self'"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "strict-origin-when-cross-origin"),
            ("x-frame-options", "SAMEORIGIN"),
        ])
    );
}

#[test]
fn an_object_sets_headers_of_its_own() {
    let own = r#"{"x-frame-options":"DENY","referrer-policy":null,"permissions-policy":"camera=()",
        "set-cookie":"a=b","content-length":"0","location":"//evil","x-amz-foo":"1","bad name":"x",
        "x-bad":"a\nb"}"#
        .replace('\n', "");
    let answer = found(&headers(&[("x-amz-meta-qf-h", &own)]));
    assert_eq!(
        answer.headers,
        headers(&[
            ("accept-ranges", "bytes"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("permissions-policy", "camera=()"),
        ])
    );
}

#[test]
fn own_headers_that_make_no_sense_are_left_out() {
    for own in ["", "x", "[]", r#"{"a":1}"#, r#"{"a":{"b":"c"}}"#, "{"] {
        let answer = found(&headers(&[("x-amz-meta-qf-h", own)]));
        assert_eq!(answer.headers, found(&HeaderMap::new()).headers, "{own}");
    }
}

#[test]
fn an_object_may_be_a_redirect() {
    for (status, expected) in [
        ("", 301),
        ("301", 301),
        ("302", 302),
        ("303", 303),
        ("307", 307),
        ("308", 308),
        ("200", 301),
        ("304", 301),
        ("moved", 301),
    ] {
        let answer = found(&headers(&[
            ("x-amz-meta-qf-location", "/new place/"),
            ("x-amz-meta-qf-status", status),
            ("cache-control", "public, max-age=60"),
            ("content-type", "text/html"),
            ("content-length", "200"),
            ("etag", r#""abc""#),
        ]));
        assert_eq!(
            (answer.status.as_u16(), answer.body),
            (expected, Body::Empty),
            "{status}"
        );
        assert_eq!(
            answer.headers,
            headers(&[
                ("location", "/new%20place/"),
                ("cache-control", "public, max-age=60"),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "strict-origin-when-cross-origin"),
                ("x-frame-options", "SAMEORIGIN"),
            ])
        );
    }
}

#[test]
fn a_redirect_to_nowhere_is_shown_as_it_is() {
    for target in [
        "//evil.example/",
        "/\\evil.example/",
        "javascript:alert(1)",
        "",
    ] {
        let answer = found(&headers(&[("x-amz-meta-qf-location", target)]));
        assert_eq!(
            (answer.status, answer.body),
            (StatusCode::OK, Body::Object),
            "{target}"
        );
        assert!(!answer.headers.contains_key("location"));
    }
}

#[test]
fn a_missing_page_is_looked_for_behind_a_slash() {
    let page = headers(&[("content-type", "text/html")]);
    for (path, query, expected) in [
        ("/about", None, "/about/"),
        ("/about", Some("a=1&b=2"), "/about/?a=1&b=2"),
        ("/about", Some(""), "/about/?"),
        (
            "/about",
            Some("next=//evil \"x\""),
            "/about/?next=//evil%20%22x%22",
        ),
        ("/gr%C3%BC%C3%9Fe", None, "/gr%C3%BC%C3%9Fe/"),
    ] {
        let answer = missing(&key(path), query, Some(&page));
        assert_eq!(
            (answer.status.as_u16(), answer.body),
            (301, Body::Empty),
            "{path}"
        );
        assert_eq!(answer.headers["location"], expected);
        assert_eq!(answer.headers["cache-control"], ERROR_CACHE_CONTROL);
        assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    }
}

#[test]
fn a_missing_object_shows_the_sites_own_page() {
    let page = headers(&[
        ("content-type", "text/html"),
        ("content-length", "300"),
        ("cache-control", "public, max-age=31536000"),
        ("etag", r#""abc""#),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("x-amz-meta-qf-csp", "default-src 'none'"),
        ("x-amz-meta-qf-location", "/elsewhere/"),
    ]);
    for path in ["/about/", "/style.css", "/"] {
        let answer = missing(&key(path), Some("a=1"), Some(&page));
        assert_eq!((answer.status.as_u16(), answer.body), (404, Body::Object));
        assert_eq!(
            answer.headers,
            headers(&[
                ("content-type", "text/html"),
                ("content-length", "300"),
                ("cache-control", ERROR_CACHE_CONTROL),
                ("content-security-policy", "default-src 'none'"),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "strict-origin-when-cross-origin"),
                ("x-frame-options", "SAMEORIGIN"),
            ])
        );
        let plain = missing(&key(path), None, None);
        assert_eq!(
            (plain.status.as_u16(), plain.body),
            (404, Body::Text("404 Not Found\n"))
        );
        assert_eq!(plain.headers["cache-control"], ERROR_CACHE_CONTROL);
    }
}

#[test]
fn a_refused_path_is_a_bad_request() {
    let answer = refused(Refusal::DotSegment);
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.headers["cache-control"], ERROR_CACHE_CONTROL);
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
}

proptest! {
    #[test]
    fn no_miss_leads_to_another_host(path in "/(\\PC|/|\\\\|%2f|%5c){0,20}", query in "\\PC{0,20}") {
        if let Ok(key) = route(&path) {
            let answer = missing(&key, Some(&query), None);
            if let Some(location) = answer.headers.get("location") {
                let location = location.to_str().unwrap();
                prop_assert!(location.starts_with('/'));
                prop_assert!(!location[1..].starts_with(['/', '\\']));
            }
        }
    }

    #[test]
    fn no_metadata_panics(location: String, status: String, own: String, csp: Vec<u8>) {
        let mut origin = HeaderMap::new();
        for (field, value) in [
            (Field::Location, location.as_bytes()),
            (Field::Status, status.as_bytes()),
            (Field::Headers, own.as_bytes()),
            (Field::Policy, &csp),
        ] {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                origin.insert(field.header(), value);
            }
        }
        found(&origin);
        missing(&key("/x.html"), None, Some(&origin));
    }

    /// What the builder writes, the viewer gets: policy, headers and redirect are as they were meant.
    #[test]
    fn what_the_builder_writes_is_what_a_viewer_gets(
        policy in proptest::option::of("[!-~]([ -~]{0,20}[!-~])?"),
        own in proptest::collection::btree_map("x-own-[a-z]{1,8}", proptest::option::of("[!-~]{1,20}"), 0..4),
        target in proptest::option::of("(/|https://h/)([a-z /é?#=]|%41){0,40}"),
        code in 0..5usize,
    ) {
        let status = [
            Status::MovedPermanently,
            Status::Found,
            Status::SeeOther,
            Status::TemporaryRedirect,
            Status::PermanentRedirect,
        ][code];
        // What leads to another host, or only looks like a path, is never followed.
        prop_assume!(target.as_ref().is_none_or(|target| !target.starts_with("//")));
        let metadata = Metadata {
            policy,
            headers: own,
            redirect: target.map(|target| Redirect::to(target.trim_end(), status)),
        };
        let stored = metadata.write().unwrap();
        let origin: HeaderMap = stored
            .iter()
            .map(|(name, value)| {
                let name = HeaderName::try_from(format!("{S3_PREFIX}{name}")).unwrap();
                (name, HeaderValue::try_from(value).unwrap())
            })
            .collect();
        let answer = found(&origin);
        let got = |name: &str| answer.headers.get(name).map(|value| value.to_str().unwrap());
        prop_assert_eq!(got("content-security-policy"), metadata.policy.as_deref());
        for (name, value) in &metadata.headers {
            prop_assert_eq!(got(name), value.as_deref());
        }
        match &metadata.redirect {
            Some(redirect) => {
                prop_assert_eq!(answer.status.as_u16(), redirect.status.code());
                prop_assert_eq!(got("location"), Some(redirect.location()));
            }
            None => prop_assert_eq!(answer.status, StatusCode::OK),
        }
    }
}
