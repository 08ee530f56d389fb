//! A site without Lambda@Edge: the viewer-request function, and one policy for all answers.

use crate::harness::{Reply, Server};

const HTML: &str = "text/html; charset=utf-8";
const POLICY: &str = "default-src 'none'; script-src 'sha256-abc'; connect-src 'self'";

async fn put_rules(server: &Server) {
    let rules = format!(
        r#"{{
            "headers": {{"content-security-policy": "{POLICY}", "strict-transport-security": "max-age=1"}},
            "edge": "policy",
            "domains": {{"origin": "https://example.org", "others": ["www.example.org"]}}
        }}"#
    );
    server
        .put("_quillfront/rules.json", "application/json", rules)
        .await;
}

fn of(reply: &Reply) -> (u16, &str) {
    (reply.status.as_u16(), reply.header("location"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_path_alone_decides() {
    let server = Server::start().await;
    server.put("index.html", HTML, "home").await;
    server.put("a/index.html", HTML, "a").await;
    server.put("file", "text/plain", "no page").await;
    server.put(".well-known/file", "text/plain", "known").await;
    server.put("a b+c.txt", "text/plain", "odd").await;
    put_rules(&server).await;
    for (path, expected, text) in [
        ("/", (200, ""), "home"),
        ("/a/", (200, ""), "a"),
        ("/a/?b=1", (200, ""), "a"),
        ("/a%20b+c.txt", (200, ""), "odd"),
        ("/.well-known/file", (200, ""), "known"),
        ("/a/index.html?b=1", (301, "/a/?b=1"), ""),
        ("/a?b=1", (301, "/a/?b=1"), ""),
        // Nothing looks what is there.
        ("/file", (301, "/file/"), ""),
        ("/missing", (301, "/missing/"), ""),
        ("/missing/", (404, ""), "404 Not Found\n"),
        ("/_quillfront/rules.json", (404, ""), "404 Not Found\n"),
        (
            "/a%2Fb",
            (400, ""),
            "400 Bad Request: the path is not in canonical form\n",
        ),
    ] {
        let reply = server.get(path).await;
        assert_eq!((of(&reply), reply.text()), (expected, text), "{path}");
        assert_eq!(reply.header("content-security-policy"), POLICY, "{path}");
        assert_eq!(reply.header("strict-transport-security"), "max-age=1");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
    server.put("404.html", HTML, "lost").await;
    let reply = server.get("/missing/").await;
    assert_eq!((of(&reply), reply.text()), ((404, ""), "lost"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_has_no_headers_of_its_own() {
    let server = Server::start().await;
    let metadata = [
        ("qf-csp", "default-src *"),
        ("qf-h", r#"{"x-own":"1","strict-transport-security":null}"#),
        ("qf-location", "https://evil.example/"),
        ("cache-tag", "abc"),
    ];
    server.put_with("a/index.html", HTML, "a", &metadata).await;
    put_rules(&server).await;
    let reply = server.get("/a/").await;
    assert_eq!(of(&reply), (200, ""));
    assert_eq!(reply.header("content-security-policy"), POLICY);
    assert_eq!(reply.header("strict-transport-security"), "max-age=1");
    for name in reply.headers.keys().map(|name| name.as_str()) {
        assert!(
            !name.starts_with("x-amz") && name != "server" && name != "x-own",
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_domains_lead_to_the_canonical_one() {
    let server = Server::start().await;
    server.put("a/index.html", HTML, "a").await;
    put_rules(&server).await;
    let asked = async |host: &str, path: &str| {
        let headers = [("host", host)];
        server.send(http::Method::GET, path, &headers).await
    };
    let reply = asked("WWW.example.org:80", "/a/?b=1&c=%41").await;
    assert_eq!(of(&reply), (301, "https://example.org/a/?b=1&c=%41"));
    assert_eq!(of(&asked("example.org", "/a/").await), (200, ""));
    assert_eq!(of(&asked("evil.example", "/a/").await), (200, ""));
    assert_eq!(of(&asked("www.example.org", "/a//b").await), (400, ""));
}
