use super::*;
use http::header::{HeaderMap, HeaderName, HeaderValue};
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

/// What an answer comes to; the order of its headers means nothing.
#[derive(Debug)]
struct ComparedAnswer {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

fn shown(answer: Answer<'_>) -> ComparedAnswer {
    ComparedAnswer {
        status: answer.status,
        headers: answer.headers.to_http(),
        body: answer.body,
    }
}

fn answer(pairs: &[(&str, &str)]) -> ComparedAnswer {
    shown(found(StatusCode::OK, &Headers::from_http(&headers(pairs))))
}

#[test]
fn an_object_is_shown_without_what_is_internal() {
    let answer = answer(&[
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
    ]);
    assert_eq!((answer.status, answer.body), (StatusCode::OK, Body::Object));
    let mut rest = answer.headers;
    let etag = rest
        .insert("etag", HeaderValue::from_static(r#""abc""#))
        .unwrap();
    assert_eq!(etag.len(), 34, "of bytes and headers both");
    assert_eq!(
        rest,
        headers(&[
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "public, max-age=0"),
            ("content-length", "12"),
            ("etag", r#""abc""#),
            ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("x-amz-meta-cache-tag", "page-1"),
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
    let answer = answer(&[("x-amz-meta-qf-h", &own)]);
    assert_eq!(
        answer.headers,
        headers(&[
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("permissions-policy", "camera=()"),
        ])
    );
}

#[test]
fn own_headers_that_make_no_sense_are_left_out() {
    for own in ["", "x", "[]", r#"{"a":1}"#, r#"{"a":{"b":"c"}}"#, "{"] {
        let answer = answer(&[("content-type", "text/html"), ("x-amz-meta-qf-h", own)]);
        let plain = self::answer(&[("content-type", "text/html")]);
        assert_eq!(answer.headers, plain.headers, "{own}");
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
        let answer = answer(&[
            ("x-amz-meta-qf-location", "/new place/"),
            ("x-amz-meta-qf-status", status),
            ("cache-control", "public, max-age=60"),
            ("content-type", "text/html"),
            ("content-length", "200"),
            ("etag", r#""abc""#),
            ("x-amz-meta-cache-tag", "page-1"),
        ]);
        assert_eq!(
            (answer.status.as_u16(), answer.body),
            (expected, Body::Empty),
            "{status}"
        );
        assert_eq!(
            answer.headers,
            headers(&[
                ("location", "/new%20place/"),
                ("x-amz-meta-cache-tag", "page-1"),
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
        let answer = answer(&[("x-amz-meta-qf-location", target)]);
        assert_eq!(
            (answer.status, answer.body),
            (StatusCode::OK, Body::Object),
            "{target}"
        );
        assert!(!answer.headers.contains_key("location"));
    }
}

/// A change of headers alone has to be seen by who has the page already.
#[test]
fn the_tag_is_of_bytes_and_headers_where_there_are_own_ones() {
    let tag = |pairs: &[(&str, &str)]| {
        let answer = answer(pairs);
        answer.headers["etag"].to_str().unwrap().to_owned()
    };
    let etag = ("etag", r#""abc""#);
    let html = ("content-type", "text/html");
    let policy = ("x-amz-meta-qf-csp", "default-src 'self'");
    let own = (
        "x-amz-meta-qf-h",
        r#"{"permissions-policy":"camera=()","x-frame-options":null}"#,
    );
    let location = ("x-amz-meta-cache-tag", "page-1");
    assert_eq!(tag(&[etag, html, location]), r#""abc""#);
    let first = tag(&[etag, html, policy, own]);
    assert_eq!(first.len(), 34);
    assert!(first.starts_with('"') && first.ends_with('"'));
    // What says nothing of the object changes nothing; a part has the tag of the whole.
    for more in [
        ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("content-length", "12"),
        ("content-range", "bytes 0-1/12"),
        ("accept-ranges", "bytes"),
        ("x-amz-request-id", "x"),
        ("x-amz-meta-cache-tag", "page-1"),
        ("via", "1.1 x"),
        ("age", "1"),
    ] {
        assert_eq!(tag(&[more, etag, html, policy, own]), first, "{more:?}");
        let part = headers(&[etag, html, policy, own, more]);
        let part = found(StatusCode::PARTIAL_CONTENT, &Headers::from_http(&part));
        let part = shown(part);
        assert_eq!(part.headers["etag"], first);
        assert_eq!(part.status, 206);
    }
    let others = [
        tag(&[("etag", r#""abd""#), html, policy, own]),
        tag(&[etag, ("content-type", "text/plain"), policy, own]),
        tag(&[etag, html, policy, own, ("cache-control", "no-store")]),
        tag(&[etag, html, policy, own, ("content-encoding", "gzip")]),
        tag(&[etag, html, ("x-amz-meta-qf-csp", "default-src 'none'"), own]),
        tag(&[etag, html, own]),
        tag(&[etag, html, policy]),
        tag(&[
            etag,
            html,
            policy,
            ("x-amz-meta-qf-h", r#"{"x-frame-options":null}"#),
        ]),
        tag(&[etag, html, policy, ("x-amz-meta-qf-h", "{}")]),
        tag(&[
            etag,
            html,
            policy,
            (
                "x-amz-meta-qf-h",
                r#"{"permissions-policy":"camera=()","x-frame-options":"DENY"}"#,
            ),
        ]),
        // Report-only: no policy that is enforced.
        tag(&[
            etag,
            html,
            (
                "x-amz-meta-qf-h",
                r#"{"content-security-policy-report-only":"default-src 'self'"}"#,
            ),
        ]),
    ];
    for (at, other) in others.iter().enumerate() {
        assert_ne!(*other, first, "{at}");
        let alike = others.iter().filter(|another| *another == other).count();
        // `{}` sets nothing.
        assert_eq!(alike, if at == 6 || at == 8 { 2 } else { 1 }, "{at}");
    }
    let weak = tag(&[("etag", r#"W/"abc""#), html, policy]);
    assert!(weak.starts_with("W/\""), "{weak}");
}

/// A policy that only reports is one of the own headers.
#[test]
fn a_policy_may_only_report() {
    let own = r#"{"content-security-policy-report-only":"default-src 'self'"}"#;
    let answer = answer(&[("x-amz-meta-qf-h", own)]);
    let got = &answer.headers["content-security-policy-report-only"];
    assert_eq!(got, "default-src 'self'");
    assert!(!answer.headers.contains_key("content-security-policy"));
}

#[test]
fn a_refused_path_is_a_bad_request() {
    let answer = shown(refused(Refusal::DotSegment, &Rules::default()));
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert_eq!(answer.headers["cache-control"], ERROR_CACHE_CONTROL);
    assert_eq!(answer.headers["content-type"], "text/plain; charset=utf-8");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
}

proptest! {
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
        found(StatusCode::OK, &Headers::from_http(&origin));
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
            ..Metadata::default()
        };
        let stored = metadata.write().unwrap();
        let origin: HeaderMap = stored
            .iter()
            .map(|(name, value)| {
                let name = HeaderName::try_from(format!("{S3_PREFIX}{name}")).unwrap();
                (name, HeaderValue::try_from(value).unwrap())
            })
            .collect();
        let answer = shown(found(StatusCode::OK, &Headers::from_http(&origin)));
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
