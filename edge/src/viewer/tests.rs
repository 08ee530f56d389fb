//! What becomes of a request before the cache.

use quillfront_headers::{Domains, Edge, Rules};
use quillfront_image_urls::{Keys, sign};
use serde_json::{Value, json};

use super::javascript::{self, MAX_BYTES};
use super::{Behaviour, event, policy};

fn rules(edge: Edge, others: &[&str]) -> Rules {
    let others: Vec<String> = others.iter().map(|host| (*host).to_owned()).collect();
    let headers = [
        ("content-security-policy", "default-src 'none'"),
        (
            "strict-transport-security",
            "max-age=31536000; includeSubDomains",
        ),
        ("cross-origin-opener-policy", "same-origin"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Rules {
        headers: headers.into(),
        edge,
        domains: Domains::of("https://example.org/", &others),
        ..Rules::default()
    }
}

/// What the function returns for a GET: the status and the location, or the path of the request.
fn outcome(rules: &Rules, host: &str, path: &str, query: Option<&str>) -> String {
    let mut request = json!({
        "method": "GET",
        "uri": path,
        "headers": {"host": {"value": host}},
        "querystring": {},
        "cookies": {},
    });
    if let Some(query) = query {
        request["rawQueryString"] = query.into();
    }
    let event = json!({"version": "1.0", "request": request});
    let returned = event::handle(&event.to_string(), rules, &Keys::default(), 0).unwrap();
    match returned.get("statusCode") {
        None => returned["uri"].as_str().unwrap().to_owned(),
        Some(status) => {
            let location = &returned["headers"]["location"]["value"];
            format!("{status} {}", location.as_str().unwrap_or_default())
        }
    }
}

#[test]
fn other_domains_lead_to_the_canonical_one() {
    for edge in [Edge::Functions, Edge::Policy] {
        let rules = rules(edge, &["www.example.org", "example.com"]);
        let asked = |host: &str, path: &str, query| outcome(&rules, host, path, query);
        for (host, path, query, expected) in [
            ("www.example.org", "/", None, "301 https://example.org/"),
            ("WWW.EXAMPLE.ORG", "/a/", None, "301 https://example.org/a/"),
            (
                "www.example.org:443",
                "/a",
                None,
                "301 https://example.org/a",
            ),
            ("example.com", "/a/", Some(""), "301 https://example.org/a/"),
            (
                "example.com",
                "/a/",
                Some("b=1&b=2&c"),
                "301 https://example.org/a/?b=1&b=2&c",
            ),
            (
                "example.com",
                "/a/",
                Some("b=%41&c=%zz"),
                "301 https://example.org/a/?b=%41&c=%25zz",
            ),
            (
                "example.com",
                "/a\"b",
                Some("<x>"),
                "301 https://example.org/a%22b?%3Cx%3E",
            ),
            (
                "example.com",
                "/é",
                Some("x\r\ny: z"),
                "301 https://example.org/%C3%A9",
            ),
            ("example.com", "//evil.example/", None, "400 "),
            (
                "example.com",
                "/img/a.jpg",
                None,
                "301 https://example.org/img/a.jpg",
            ),
            ("example.com", "/_quillfront/rules.json", None, "404 "),
        ] {
            assert_eq!(
                asked(host, path, query),
                expected,
                "{host} {path} {query:?}"
            );
        }
        for host in [
            "example.org",
            "EXAMPLE.org",
            "evil.example",
            "",
            "a.www.example.org",
        ] {
            assert_eq!(asked(host, "/a/b.css", None), "/a/b.css", "{host}");
        }
    }
}

#[test]
fn without_lambda_the_path_alone_decides() {
    let rules = rules(Edge::Policy, &[]);
    let asked = |path: &str, query| outcome(&rules, "example.org", path, query);
    for (path, expected) in [
        ("/", "/index.html"),
        ("/a/", "/a/index.html"),
        ("/a b/", "/a%20b/index.html"),
        ("/a+b.txt", "/a%2Bb.txt"),
        ("/(a)!.txt", "/%28a%29%21.txt"),
        ("/gr%c3%bc%c3%9fe/", "/gr%C3%BC%C3%9Fe/index.html"),
        ("/a.css", "/a.css"),
        // CloudFront has put it for `/`.
        ("/index.html", "/index.html"),
        ("/%69ndex.html", "/index.html"),
        ("/a/index.html", "301 /a/"),
        ("/a", "301 /a/"),
        ("/v1.0/notes", "301 /v1.0/notes/"),
        ("/é", "301 /%C3%A9/"),
        ("/.well-known/security", "/.well-known/security"),
        ("/img/cat", "/img/cat"),
        ("/_quillfront/", "404 "),
        ("/a/../b", "400 "),
        ("*", "400 "),
        ("", "400 "),
    ] {
        assert_eq!(asked(path, None), expected, "{path}");
    }
    assert_eq!(asked("/a", Some("b=1")), "301 /a/?b=1");
    let longest = "a".repeat(1_013);
    assert_eq!(
        asked(&format!("/{longest}"), None),
        format!("301 /{longest}/")
    );
    assert_eq!(asked(&format!("/{longest}a"), None), format!("/{longest}a"));
}

#[test]
fn what_is_answered_carries_the_headers_of_the_site() {
    let rules = rules(Edge::Policy, &[]);
    let event = json!({"request": {"uri": "//", "method": "GET"}});
    let returned = event::handle(&event.to_string(), &rules, &Keys::default(), 0).unwrap();
    assert_eq!(
        returned,
        json!({
            "statusCode": 400,
            "statusDescription": "Bad Request",
            "headers": {
                "cache-control": {"value": "public, max-age=10"},
                "content-security-policy": {"value": "default-src 'none'"},
                "content-type": {"value": "text/plain; charset=utf-8"},
                "cross-origin-opener-policy": {"value": "same-origin"},
                "referrer-policy": {"value": "strict-origin-when-cross-origin"},
                "strict-transport-security": {"value": "max-age=31536000; includeSubDomains"},
                "x-content-type-options": {"value": "nosniff"},
                "x-frame-options": {"value": "SAMEORIGIN"},
            },
            "body": {"encoding": "text", "data": "400 Bad Request: the path is not in canonical form\n"},
        })
    );
}

#[test]
fn a_query_string_is_put_together_where_it_is_not_told() {
    let rules = rules(Edge::Policy, &[]);
    let event = json!({"request": {"uri": "/a", "querystring": {
        "b": {"value": "1", "multiValue": [{"value": "1"}, {"value": ""}]},
        "c": {"value": "x"},
    }}});
    let returned = event::handle(&event.to_string(), &rules, &Keys::default(), 0).unwrap();
    assert_eq!(returned["headers"]["location"]["value"], "/a/?b=1&b&c=x");
}

#[test]
fn what_is_no_such_event_has_no_answer() {
    let rules = Rules::default();
    for (event, expected) in [
        ("", "no event"),
        ("{}", "missing field `request`"),
        (r#"{"request": {}}"#, "`request.uri`"),
        (
            r#"{"request": {"uri": "/", "rawQueryString": 1}}"#,
            "`request.rawQueryString`",
        ),
        (
            r#"{"context": {"eventType": "viewer-response"}, "request": {"uri": "/"}}"#,
            "viewer-response",
        ),
    ] {
        let error = event::handle(event, &rules, &Keys::default(), 0)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn there_is_a_function_where_there_is_something_to_do() {
    let has = |behaviour: Behaviour, rules: &Rules| {
        let function = javascript::function(behaviour, rules).unwrap();
        let is_short = function
            .as_ref()
            .is_none_or(|text| text.len() <= MAX_BYTES && text.is_ascii());
        assert!(is_short);
        function.is_some()
    };
    assert!(!has(Behaviour::Default, &rules(Edge::Functions, &[])));
    assert!(has(Behaviour::Pictures, &rules(Edge::Functions, &[])));
    assert!(has(
        Behaviour::Default,
        &rules(Edge::Functions, &["www.example.org"])
    ));
    assert!(has(Behaviour::Default, &rules(Edge::Policy, &[])));
    // With the longest policy there is still room.
    let mut longest = rules(Edge::Policy, &["www.example.org"; 10]);
    let policy = "a".repeat(quillfront_headers::MAX_SITE_POLICY_BYTES);
    let name = "content-security-policy".to_owned();
    longest.headers.insert(name, policy);
    let function = javascript::function(Behaviour::Default, &longest);
    assert!(function.is_ok_and(|text| text.is_some()));
    let domain = "a".repeat(250);
    let many = rules(Edge::Policy, &vec![domain.as_str(); 40]);
    assert!(javascript::function(Behaviour::Default, &many).is_err());
}

#[test]
fn a_policy_has_every_header_in_its_field() {
    let config = policy::response_headers_policy("site", &rules(Edge::Policy, &[])).unwrap();
    assert_eq!(
        config["SecurityHeadersConfig"],
        json!({
            "ContentSecurityPolicy": {"Override": true, "ContentSecurityPolicy": "default-src 'none'"},
            "ContentTypeOptions": {"Override": true},
            "FrameOptions": {"Override": true, "FrameOption": "SAMEORIGIN"},
            "ReferrerPolicy": {"Override": true, "ReferrerPolicy": "strict-origin-when-cross-origin"},
            "StrictTransportSecurity": {
                "Override": true, "AccessControlMaxAgeSec": 31_536_000, "IncludeSubdomains": true, "Preload": false,
            },
        })
    );
    assert_eq!(
        config["CustomHeadersConfig"],
        json!({"Quantity": 1, "Items": [
            {"Header": "cross-origin-opener-policy", "Value": "same-origin", "Override": true},
        ]})
    );
    let removed = config["RemoveHeadersConfig"]["Items"].as_array().unwrap();
    assert!(removed.contains(&json!({"Header": "x-amz-meta-qf-csp"})));
    assert_eq!(
        config["RemoveHeadersConfig"]["Quantity"],
        Value::from(removed.len())
    );
}

#[test]
fn where_thumbnails_are_nobody_says_that_a_signature_was_checked() {
    let keys = Keys::read(&"k".repeat(32)).unwrap();
    let policy = rules(Edge::Policy, &[]);
    let rules = rules(Edge::Functions, &[]);
    let message = sign::message("blur=3", "a.jpg", 100, &rules.images);
    let signed = keys.sign(&message).unwrap();
    let returned = |uri: &str, now| {
        let headers =
            json!({"x-quillfront-signed": {"value": "1"}, "accept": {"value": "image/avif"}});
        let event = json!({"request": {"uri": uri, "method": "GET", "headers": headers}});
        event::handle(&event.to_string(), &rules, &keys, now).unwrap()
    };
    let good = format!("/img/blur=3,e=100,s={signed}/a.jpg");
    let request = returned(&good, 99);
    assert_eq!(request["uri"], "/img/a.jpg/blur=3");
    assert_eq!(request["headers"]["x-quillfront-signed"]["value"], "1");
    for (uri, expected) in [
        (
            "/img/w=640,f=auto/a.jpg",
            "/img/a.jpg/width=640,format=avif",
        ),
        ("/img/logo.png", "/img/logo.png"),
    ] {
        let request = returned(uri, 99);
        assert_eq!(request["uri"], expected);
        assert_eq!(
            request["headers"],
            json!({"accept": {"value": "image/avif"}})
        );
    }
    for (uri, status) in [
        (good.as_str(), 403),
        ("/img/blur=3/a.jpg", 403),
        ("/img/w=0/a.jpg", 400),
        ("/img/a.jpg/width=640", 404),
        ("/img/a.jpg/width%3D640", 404),
        ("/%69mg/a.jpg/width=640", 200),
    ] {
        let answer = returned(uri, 100);
        assert_eq!(
            answer["statusCode"].as_u64().unwrap_or(200),
            status,
            "{uri}"
        );
    }
    // That behaviour has a function where Lambda@Edge is not.
    let canonical = outcome(&policy, "example.org", "/%69mg/a.jpg/width=640", None);
    assert_eq!(canonical, "404 ");
}

#[test]
fn the_function_of_thumbnails_has_room_for_a_site_and_says_what_is_too_long() {
    let mut rules = rules(Edge::Policy, &["www.example.org", "example.com"]);
    rules.images.widths = (1..=32).map(|step| step * 120).collect();
    rules.images.qualities = vec![10, 30, 50, 70, 90, 100];
    for name in ["card", "hero", "thumb"] {
        let options = "width=300,height=200,fit=cover,blur=3".to_owned();
        rules.images.presets.insert(name.to_owned(), options);
    }
    let policy = "a".repeat(quillfront_headers::MAX_SITE_POLICY_BYTES);
    let name = "content-security-policy".to_owned();
    rules.headers.insert(name, policy);
    let function = |rules: &Rules| javascript::function(Behaviour::Pictures, rules);
    assert!(function(&rules).is_ok_and(|text| text.is_some()));
    for number in 0..64 {
        let options = "width=300,height=200,fit=cover,brightness=1.25,contrast=1.5".to_owned();
        rules
            .images
            .presets
            .insert(format!("preset-{number}"), options);
    }
    let error = function(&rules).unwrap_err().to_string();
    assert!(
        error.contains("where thumbnails are") && error.contains("[images.presets]"),
        "{error}"
    );
}
