use super::*;
use crate::origin_request::FOLDER_HEADER;
use crate::respond::ERROR_CACHE_CONTROL;
use serde_json::{Value, json};

fn rules() -> Rules {
    let policy = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    Rules {
        headers: [
            ("content-security-policy", policy),
            ("strict-transport-security", "max-age=31536000"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
        ..Rules::default()
    }
}

fn event(event_type: &str, uri: &str) -> Value {
    json!({"Records": [{"cf": {
        "config": {"eventType": event_type, "requestId": "r"},
        "request": {
            "clientIp": "203.0.113.178",
            "headers": {"via": [{"key": "Via", "value": "2.0 x"}]},
            "method": "GET",
            "origin": {"s3": {"domainName": "site.s3.us-east-1.amazonaws.com", "region": "us-east-1"}},
            "querystring": "",
            "uri": uri
        }
    }}]})
}

/// The event of an answer of S3, with these headers.
fn answered(uri: &str, status: &str, headers: &[(&str, &str)]) -> Value {
    let mut event = event("origin-response", uri);
    let lines = headers.iter().map(|(name, value)| {
        let lines = json!([{"key": name, "value": value}]);
        ((*name).to_owned(), lines)
    });
    event["Records"][0]["cf"]["response"] = json!({
        "status": status,
        "statusDescription": "as it came",
        "headers": lines.collect::<serde_json::Map<_, _>>()
    });
    event
}

fn run(event: &Value, query: Query, look: Look) -> Result<Outcome, Error> {
    let rules = rules();
    let site = Site {
        rules: &rules,
        query,
    };
    handle(&event.to_string(), &site, look)
}

fn done(event: &Value) -> Value {
    done_with(event, Query::NotInKey, Look::NotYet)
}

fn done_with(event: &Value, query: Query, look: Look) -> Value {
    match run(event, query, look) {
        Ok(Outcome::Done(json)) => serde_json::from_str(&json).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn header<'v>(reply: &'v Value, name: &str) -> &'v str {
    reply["headers"][name][0]["value"].as_str().unwrap_or("")
}

/// What every answer without an object carries.
fn has_floor(reply: &Value) {
    assert_eq!(header(reply, "x-content-type-options"), "nosniff");
    assert_eq!(
        header(reply, "referrer-policy"),
        "strict-origin-when-cross-origin"
    );
    assert_eq!(header(reply, "x-frame-options"), "SAMEORIGIN");
    for (name, value) in rules().headers {
        assert_eq!(header(reply, &name), value);
    }
}

#[test]
fn a_request_goes_to_the_object_of_its_path() {
    for (uri, expected) in [
        ("/", "/index.html"),
        // CloudFront has put the default root object for `/`.
        ("/index.html", "/index.html"),
        ("/a/", "/a/index.html"),
        ("/a", "/a"),
        ("/a/b.css", "/a/b.css"),
        ("/a+b.txt", "/a%2Bb.txt"),
        ("/%61/", "/a/index.html"),
        ("/gr%c3%bc%c3%9fe/", "/gr%C3%BC%C3%9Fe/index.html"),
        ("/100%25.txt", "/100%25.txt"),
        ("/img/a.jpg/width=100", "/img/a.jpg/width%3D100"),
    ] {
        let event = event("origin-request", uri);
        let mut request = done(&event);
        assert_eq!(request["uri"], expected, "{uri}");
        // Nothing else is changed, but for the mark of a folder.
        request["uri"] = json!(uri);
        let mark = request["headers"]
            .as_object_mut()
            .unwrap()
            .shift_remove(FOLDER_HEADER);
        let is_folder = uri.ends_with('/') || uri == "/index.html";
        assert_eq!(mark.is_some(), is_folder, "{uri}");
        assert_eq!(request, event["Records"][0]["cf"]["request"], "{uri}");
    }
}

#[test]
fn a_page_has_one_path() {
    for (uri, expected) in [
        ("/a/index.html", "/a/"),
        ("/%61/%69ndex.html", "/a/"),
        ("/gr%C3%BC%C3%9Fe/index.html", "/gr%C3%BC%C3%9Fe/"),
    ] {
        let reply = done(&event("origin-request", uri));
        assert_eq!(
            (&reply["status"], header(&reply, "location")),
            (&json!("301"), expected)
        );
        assert_eq!(header(&reply, "cache-control"), ERROR_CACHE_CONTROL);
        assert_eq!(reply["body"], "");
        has_floor(&reply);
    }
}

/// In an origin group the second call must not undo the first, whether it sees the path as the viewer
/// sent it or as the first call left it.
#[test]
fn the_function_may_run_once_for_each_origin() {
    let first = event("origin-request", "/a/");
    let mut second = first.clone();
    second["Records"][0]["cf"]["request"] = done(&first);
    assert_eq!(done(&second), done(&first));
    // The mark of another folder is none.
    second["Records"][0]["cf"]["request"]["uri"] = json!("/b/index.html");
    assert_eq!(header(&done(&second), "location"), "/b/");
    let mut forged = first.clone();
    let mark =
        json!([{"key": FOLDER_HEADER, "value": "/b/"}, {"key": FOLDER_HEADER, "value": "/"}]);
    forged["Records"][0]["cf"]["request"]["headers"][FOLDER_HEADER] = mark;
    assert_eq!(done(&forged), done(&first));
}

#[test]
fn odd_paths_are_refused_with_the_headers_of_the_site() {
    for uri in [
        "/../a",
        "/a/%2e%2e/b",
        "/a%2fb",
        "/a%5cb",
        "/a\\b",
        "//evil.example",
        "/\\evil.example",
        "/%252e%252e/a",
        "/a%252fb",
        "/a%255cb",
        "/a%00",
        "/a%0d%0ab",
        "/%",
        "/%ff",
        "",
        "*",
        "//evil.example/index.html",
        "/%2fevil.example/index.html",
        "/\\evil.example/index.html",
    ] {
        let reply = done(&event("origin-request", uri));
        assert_eq!(reply["status"], "400", "{uri}");
        assert_eq!(header(&reply, "content-type"), "text/plain; charset=utf-8");
        assert_eq!(header(&reply, "location"), "");
        has_floor(&reply);
    }
    let long = done(&event("origin-request", &format!("/{}", "a".repeat(9_000))));
    assert_eq!(long["body"], "400 Bad Request: the path is too long\n");
}

#[test]
fn no_url_reaches_what_is_the_edges_own() {
    for uri in [
        "/_quillfront/rules.json",
        "/_quillfront/",
        "/_quillfront",
        "/%5Fquillfront/rules.json",
        "/_quillfront/index.html",
    ] {
        let reply = done(&event("origin-request", uri));
        assert_eq!(reply["status"], "404", "{uri}");
        has_floor(&reply);
    }
}

#[test]
fn without_rules_there_are_the_default_headers_and_no_others() {
    let rules = Rules::default();
    let site = Site {
        rules: &rules,
        query: Query::NotInKey,
    };
    let event = event("origin-request", "/a/index.html").to_string();
    let Ok(Outcome::Done(json)) = handle(&event, &site, Look::NotYet) else {
        panic!("no answer");
    };
    let reply: Value = serde_json::from_str(&json).unwrap();
    let names: Vec<_> = reply["headers"].as_object().unwrap().keys().collect();
    let expected = [
        "location",
        "cache-control",
        "x-content-type-options",
        "referrer-policy",
        "x-frame-options",
    ];
    assert_eq!(names, expected);
}

#[test]
fn metadata_becomes_headers_and_nothing_internal_is_left() {
    let headers = [
        ("x-amz-id-2", "x"),
        ("Server", "AmazonS3"),
        ("server", "AmazonS3"),
        ("via", "1.1 x"),
        ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("transfer-encoding", "chunked"),
        ("etag", "\"abc\""),
        ("cache-control", "public, max-age=0"),
        ("content-type", "text/html"),
        ("x-amz-meta-qf-csp", "default-src 'self'"),
        ("x-amz-meta-qf-h", r#"{"permissions-policy":"camera=()"}"#),
        ("x-amz-meta-cache-tag", "page-1"),
        ("x-amz-meta-other", "x"),
    ];
    let reply = done(&answered("/a/index.html", "200", &headers[2..]));
    let names: Vec<_> = reply["headers"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let expected = [
        "via",
        "date",
        "transfer-encoding",
        "etag",
        "cache-control",
        "content-type",
        "x-amz-meta-cache-tag",
        "x-content-type-options",
        "referrer-policy",
        "x-frame-options",
        "content-security-policy",
        "permissions-policy",
    ];
    assert_eq!(names, expected);
    assert_eq!(
        header(&reply, "content-security-policy"),
        "default-src 'self'"
    );
    assert_eq!(header(&reply, "cache-control"), "public, max-age=0");
    assert_eq!(header(&reply, "etag").len(), 34);
    assert_eq!(reply["statusDescription"], "as it came");
    // The rules are for answers without an object.
    assert_eq!(header(&reply, "strict-transport-security"), "");
    assert!(reply.get("body").is_none());
    assert!(run(&answered("/a", "200", &headers), Query::InKey, Look::NotYet).is_err());
}

#[test]
fn an_object_may_be_a_redirect() {
    let headers = [
        ("via", "1.1 x"),
        ("content-length", "200"),
        ("x-amz-meta-qf-location", "https://example.org/new/"),
        ("x-amz-meta-qf-status", "308"),
        ("x-amz-meta-cache-tag", "page-1"),
    ];
    for status in ["200", "206"] {
        let reply = done(&answered("/old/index.html", status, &headers));
        assert_eq!(reply["status"], "308");
        assert_eq!(reply["statusDescription"], "Permanent Redirect");
        assert_eq!(header(&reply, "location"), "https://example.org/new/");
        assert_eq!(header(&reply, "via"), "1.1 x");
        assert_eq!(header(&reply, "x-amz-meta-cache-tag"), "page-1");
        assert_eq!(header(&reply, "content-length"), "");
        assert_eq!(
            (&reply["body"], &reply["bodyEncoding"]),
            (&json!(""), &json!("text"))
        );
    }
}

#[test]
fn a_missing_page_is_redirected_to_its_slash_if_it_is_there() {
    for (uri, page, location) in [
        ("/about", "about/index.html", "/about/"),
        ("/v1.0/notes", "v1.0/notes/index.html", "/v1.0/notes/"),
        ("/gr%C3%BC%C3%9Fe", "grüße/index.html", "/gr%C3%BC%C3%9Fe/"),
    ] {
        let mut event = answered(
            uri,
            "404",
            &[("server", "AmazonS3"), ("content-type", "application/xml")],
        );
        event["Records"][0]["cf"]["request"]["querystring"] = json!("a=1&next=//evil.example");
        let looked = run(&event, Query::NotInKey, Look::NotYet).unwrap();
        let Outcome::Look(key) = looked else {
            panic!("it did not look");
        };
        assert_eq!(key.as_str(), page);
        let there = done_with(&event, Query::NotInKey, Look::There);
        assert_eq!(
            (&there["status"], header(&there, "location")),
            (&json!("301"), location)
        );
        has_floor(&there);
        let there = done_with(&event, Query::InKey, Look::There);
        assert_eq!(
            header(&there, "location"),
            format!("{location}?a=1&next=//evil.example")
        );
        let missing = done_with(&event, Query::InKey, Look::Missing);
        assert_eq!(missing["status"], "404");
        assert_eq!(header(&missing, "location"), "");
        assert_eq!(header(&missing, "server"), "");
        assert_eq!(header(&missing, "content-type"), "application/xml");
        assert_eq!(header(&missing, "cache-control"), ERROR_CACHE_CONTROL);
        assert!(missing.get("body").is_none(), "the body stays as it came");
        has_floor(&missing);
    }
}

#[test]
fn nobody_looks_where_no_page_can_be() {
    for uri in [
        "/about/index.html",
        "/style.css",
        "/a/b.html",
        "/img/a",
        "/img/a.jpg/width%3D100",
    ] {
        let reply = done(&answered(uri, "404", &[]));
        assert_eq!(reply["status"], "404", "{uri}");
        has_floor(&reply);
    }
    let mut post = answered("/about", "404", &[]);
    post["Records"][0]["cf"]["request"]["method"] = json!("POST");
    assert_eq!(done(&post)["status"], "404");
    for status in ["400", "403", "405", "412", "416", "500", "503"] {
        let reply = done(&answered("/about", status, &[("x-amz-request-id", "x")]));
        assert_eq!(reply["status"], status);
        let short = if status < "500" {
            ERROR_CACHE_CONTROL
        } else {
            ""
        };
        assert_eq!(header(&reply, "cache-control"), short);
        has_floor(&reply);
    }
    // S3's own redirects lead out of the site.
    let away = [("location", "https://site.s3.eu-west-1.amazonaws.com/about")];
    let reply = done(&answered("/about", "307", &away));
    assert_eq!(
        (&reply["status"], header(&reply, "location")),
        (&json!("503"), "")
    );
}

#[test]
fn a_thumbnail_has_the_headers_of_one() {
    let stored = [
        ("content-type", "image/webp"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("content-disposition", "inline; filename=\"a.webp\""),
        ("etag", "\"abc\""),
        ("last-modified", "Wed, 28 Oct 2026 12:00:00 GMT"),
        ("via", "1.1 x"),
        ("x-amz-meta-cache-tag", "00ff"),
        ("x-amz-meta-qf-original", "def"),
        (
            "x-amz-meta-qf-h",
            r#"{"x-quillfront-image":"avif: over 4 megapixels"}"#,
        ),
    ];
    let thumbnail = "/img/a.jpg/width%3D640%2Cformat%3Davif%2Cv%3D0123456789abcdef";
    let reply = done(&answered(thumbnail, "200", &stored));
    for (name, value) in [
        ("vary", "Accept"),
        ("etag", "\"abc\""),
        ("content-disposition", "inline; filename=\"a.webp\""),
        ("x-quillfront-image", "avif: over 4 megapixels"),
        ("x-content-type-options", "nosniff"),
        ("strict-transport-security", "max-age=31536000"),
        // CloudFront reads it here.
        ("x-amz-meta-cache-tag", "00ff"),
        ("last-modified", ""),
        ("x-amz-meta-qf-original", ""),
        ("x-amz-meta-qf-h", ""),
    ] {
        assert_eq!(header(&reply, name), value, "{name}");
    }
    let policy = header(&reply, "content-security-policy");
    assert!(policy.ends_with("sandbox"), "{policy}");
    // An ordinary object below the prefix is as any other.
    let reply = done(&answered("/img/a.jpg", "200", &stored));
    assert_eq!(header(&reply, "vary"), "");
    assert_ne!(header(&reply, "last-modified"), "");
}

#[test]
fn a_304_stays_as_it_is() {
    let event = answered(
        "/a/index.html",
        "304",
        &[("etag", "\"abc\""), ("x-amz-id-2", "x")],
    );
    assert_eq!(done(&event), event["Records"][0]["cf"]["response"]);
}

#[test]
fn other_events_have_no_function() {
    for event_type in ["viewer-request", "viewer-response"] {
        let mut event = answered("/", "200", &[]);
        event["Records"][0]["cf"]["config"]["eventType"] = json!(event_type);
        let error = run(&event, Query::NotInKey, Look::NotYet).unwrap_err();
        assert!(
            error.to_string().starts_with("there is no function for"),
            "{error}"
        );
    }
}

mod redirects;

#[test]
fn other_spellings_of_where_thumbnails_are_lead_nowhere() {
    for uri in [
        "/%69mg/a.jpg/width=641,blur=3",
        "/i%6Dg/a.jpg/width%3D641",
        "/im%67/width=640/a.jpg",
        "/%69%6d%67/a/b.jpg/fit=scale-down",
    ] {
        let reply = done(&event("origin-request", uri));
        assert_eq!(reply["status"], "404", "{uri}");
        has_floor(&reply);
    }
    for (uri, expected) in [
        ("/%69mg/logo.png", "/img/logo.png"),
        ("/img/a.jpg/width=640", "/img/a.jpg/width%3D640"),
        ("/%61/a.jpg/width=640", "/a/a.jpg/width%3D640"),
    ] {
        assert_eq!(done(&event("origin-request", uri))["uri"], expected);
    }
}

#[test]
fn a_thumbnail_that_cannot_be_made_leads_to_its_original_alone() {
    let asked = "/img/a%20b/c.jpg/width%3D640%2Conerror%3Dredirect";
    let led = |uri, location| {
        let came = [
            ("location", location),
            ("cache-control", "public, max-age=60"),
            ("x-amzn-requestid", "1"),
        ];
        done(&answered(uri, "302", &came))
    };
    let reply = led(asked, "/a%20b/c.jpg");
    assert_eq!(reply["status"], "302");
    assert_eq!(header(&reply, "location"), "/a%20b/c.jpg");
    assert_eq!(header(&reply, "cache-control"), "public, max-age=60");
    assert_eq!(header(&reply, "vary"), "Accept");
    has_floor(&reply);
    for (uri, location) in [
        (asked, "https://evil.example/"),
        (asked, "/a%20b/d.jpg"),
        ("/img/a%20b/c.jpg/width%3D640", "/a%20b/c.jpg"),
        ("/a%20b/c.jpg", "/a%20b/c.jpg"),
    ] {
        let reply = led(uri, location);
        assert_eq!(reply["status"], "503", "{uri} {location}");
        assert_eq!(header(&reply, "location"), "");
    }
}
