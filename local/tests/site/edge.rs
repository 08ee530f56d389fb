//! The functions of the edge in front of the bucket: rules, redirects, tags of bytes and headers.

use http::Method;

use crate::harness::{Reply, Server};

const HTML: &str = "text/html; charset=utf-8";
const RULES: &str = "_quillfront/rules.json";
const POLICY: &str = "default-src 'none'; base-uri 'none'";

async fn put_rules(server: &Server, policy: &str) {
    let rules = format!(r#"{{"headers":{{"content-security-policy":"{policy}"}}}}"#);
    server.put(RULES, "application/json", rules).await;
}

fn redirect(reply: &Reply) -> (u16, &str) {
    (reply.status.as_u16(), reply.header("location"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_has_one_address() {
    let server = Server::start().await;
    server.put("index.html", HTML, "home").await;
    server.put("a/index.html", HTML, "a").await;
    server.put("404.html", HTML, "lost").await;
    for (path, location) in [
        ("/a/index.html", "/a/"),
        ("/a/index.html?b=1", "/a/?b=1"),
        ("/a", "/a/"),
        // Whether it is there is found out behind the redirect.
        ("/nowhere/index.html", "/nowhere/"),
    ] {
        let reply = server.get(path).await;
        assert_eq!(redirect(&reply), (301, location), "{path}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        let head = server.send(Method::HEAD, path, &[]).await;
        assert_eq!(redirect(&head), (301, location), "{path}");
    }
    // There is no page behind the slash.
    for path in ["/nowhere", "/a/b", "/img/a", "/a/b.html", "/a.txt"] {
        let reply = server.get(path).await;
        assert_eq!(
            (redirect(&reply), reply.text()),
            ((404, ""), "lost"),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_are_for_answers_without_an_object() {
    let server = Server::start().await;
    server.put("index.html", HTML, "home").await;
    server.put("a/index.html", HTML, "a").await;
    let paths = [
        "/a/index.html",
        "/a",
        "/%252e/",
        "/missing/",
        "/_quillfront/rules.json",
    ];
    let policy_of = async |path: &str| {
        let reply = server.get(path).await;
        assert!(reply.status.as_u16() >= 300, "{path}");
        assert_eq!(
            reply.header("referrer-policy"),
            "strict-origin-when-cross-origin"
        );
        reply.header("content-security-policy").to_owned()
    };
    for path in paths {
        assert_eq!(policy_of(path).await, "", "{path}");
    }
    for policy in [POLICY, "default-src 'none'"] {
        put_rules(&server, policy).await;
        for path in paths {
            assert_eq!(policy_of(path).await, policy, "{path}");
        }
        assert_eq!(server.get("/").await.header("content-security-policy"), "");
    }
    // Rules that cannot be understood change nothing, and no URL shows them.
    server.put(RULES, "application/json", "{").await;
    for path in paths {
        assert_eq!(policy_of(path).await, "default-src 'none'", "{path}");
    }
    for path in [
        "/_quillfront/rules.json",
        "/%5Fquillfront/rules.json",
        "/_quillfront/",
        "/_quillfront",
    ] {
        let reply = server.get(path).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text()),
            (404, "404 Not Found\n"),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_headers_alone_is_seen() {
    let server = Server::start().await;
    let html = "<p>Hi".repeat(300);
    let put = async |metadata: &[(&str, &str)]| {
        server
            .put_with("index.html", HTML, html.clone(), metadata)
            .await;
        server.get("/").await.header("etag").to_owned()
    };
    let plain = put(&[("cache-tag", "page")]).await;
    assert_eq!(plain.len(), 34, "the MD5 of S3");
    let first = put(&[("qf-csp", "default-src 'self'")]).await;
    let second = put(&[("qf-csp", "default-src 'none'")]).await;
    let report = r#"{"content-security-policy-report-only":"default-src 'none'"}"#;
    let third = put(&[("qf-h", report)]).await;
    let all = [&plain, &first, &second, &third];
    for (at, tag) in all.iter().enumerate() {
        assert!(!all[..at].contains(tag), "{tag}");
        assert!(tag.starts_with('"') && tag.len() == 34, "{tag}");
    }
    let again = put(&[("qf-csp", "default-src 'self'")]).await;
    assert_eq!(again, first);

    let get = async |headers: &[(&str, &str)]| server.get_with("/", headers).await;
    for old in [&plain, &second, &third] {
        let reply = get(&[("if-none-match", old)]).await;
        assert_eq!(reply.status, 200);
        assert_eq!(
            reply.header("content-security-policy"),
            "default-src 'self'"
        );
        // The tag wins over a date by which nothing would have changed.
        let modified = reply.header("last-modified").to_owned();
        let reply = get(&[("if-none-match", old), ("if-modified-since", &modified)]).await;
        assert_eq!(reply.status, 200);
        assert_eq!(get(&[("if-match", old)]).await.status, 412);
        let reply = get(&[("range", "bytes=0-1"), ("if-range", old)]).await;
        assert_eq!(reply.status, 200);
    }
    let reply = get(&[("if-none-match", &first)]).await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (304, 0));
    // What a 200 would have had (RFC 9110, section 15.4.5).
    let whole = get(&[]).await;
    for name in [
        "etag",
        "cache-control",
        "vary",
        "content-security-policy",
        "last-modified",
    ] {
        assert_eq!(reply.header(name), whole.header(name), "{name}");
        assert!(!reply.header(name).is_empty(), "{name}");
    }
    let part = get(&[("range", "bytes=0-1"), ("if-range", &first)]).await;
    assert_eq!((part.status.as_u16(), part.header("etag")), (206, &*first));
    let packed = get(&[("accept-encoding", "br")]).await;
    assert_eq!(packed.header("etag"), format!("W/{first}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_page_comes_through_the_same_functions() {
    let server = Server::start().await;
    put_rules(&server, POLICY).await;
    let own = r#"{"x-frame-options":"DENY"}"#;
    let metadata = [
        ("qf-csp", "default-src 'self'"),
        ("qf-h", own),
        ("cache-tag", "x"),
    ];
    server.put_with("404.html", HTML, "lost", &metadata).await;
    for path in ["/missing/", "/missing", "/_quillfront/rules.json"] {
        let reply = server.get(path).await;
        assert_eq!(
            (reply.status.as_u16(), reply.text()),
            (404, "lost"),
            "{path}"
        );
        assert_eq!(
            reply.header("content-security-policy"),
            "default-src 'self'"
        );
        assert_eq!(reply.header("x-frame-options"), "DENY");
        assert_eq!(reply.header("cache-control"), "public, max-age=10");
        assert_eq!(reply.header("content-length"), "4");
        for name in [
            "etag",
            "last-modified",
            "x-amz-meta-cache-tag",
            "server",
            "accept-ranges",
        ] {
            assert!(!reply.headers.contains_key(name), "{name}");
        }
    }
    // A refusal stays one.
    let reply = server.get("/%252e/").await;
    assert_eq!(
        reply.text(),
        "400 Bad Request: the path is not in canonical form\n"
    );
    assert_eq!(reply.header("content-security-policy"), POLICY);
    // An error page that is no page is none.
    server
        .put_with("404.html", HTML, "", &[("qf-location", "/")])
        .await;
    server.put("index.html", HTML, "home").await;
    let reply = server.get("/missing/").await;
    assert_eq!(
        (reply.status.as_u16(), reply.text()),
        (404, "404 Not Found\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn live_reload_goes_where_the_policy_lets_it() {
    let server = Server::start().await;
    let report = r#"{"content-security-policy-report-only":"script-src 'none'"}"#;
    server
        .put_with("a/index.html", HTML, "a", &[("qf-h", report)])
        .await;
    let strict = "default-src 'none'; script-src 'sha256-abc'; connect-src 'self'";
    server
        .put_with("b/index.html", HTML, "b", &[("qf-csp", strict)])
        .await;
    let silent = "default-src 'none'; script-src 'self'";
    server
        .put_with("c/index.html", HTML, "c", &[("qf-csp", silent)])
        .await;
    assert!(server.navigate("/a/").await.text().contains("live.js"));
    // A policy of hashes lets it run by a nonce, of this answer alone.
    let reply = server.navigate("/b/").await;
    let policy = reply.header("content-security-policy").to_owned();
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .and_then(|rest| rest.split('\'').next());
    let nonce = nonce.expect("a nonce");
    assert!(
        reply.text().contains(&format!(" nonce=\"{nonce}\"")),
        "{}",
        reply.text()
    );
    assert!(
        policy.contains("script-src 'sha256-abc' 'nonce-"),
        "{policy}"
    );
    assert_eq!(reply.header("cache-control"), "no-store");
    let again = server.navigate("/b/").await;
    assert!(!again.text().contains(nonce));
    let plain = server.get("/b/").await;
    assert_eq!(plain.text(), "b");
    assert_eq!(plain.header("content-security-policy"), strict);
    // Where it cannot connect it does not go.
    assert_eq!(server.navigate("/c/").await.text(), "c");
    // The script and its events are the server's own, and stay reachable.
    assert_eq!(server.get("/_quillfront/live.js").await.status, 200);
}
