//! Which object a path shows, and with which headers.

use bytes::Bytes;
use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Reply, Server, open};

const HTML: &str = "text/html; charset=utf-8";

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_every_kind_are_reached() {
    let server = Server::start().await;
    for (key, path) in [
        ("index.html", "/"),
        ("blog/index.html", "/blog/"),
        ("style.css", "/style.css"),
        ("with space.txt", "/with%20space.txt"),
        ("a+b.txt", "/a+b.txt"),
        ("100%.txt", "/100%25.txt"),
        ("grüße/index.html", "/gr%C3%BC%C3%9Fe/"),
        ("CNAME", "/CNAME"),
    ] {
        server
            .put(key, "text/plain", format!("this is {key}"))
            .await;
        let reply = server.get(path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.text(), format!("this is {key}"));
    }
    let reply = server.get("/blog/?utm=1").await;
    assert_eq!(reply.text(), "this is blog/index.html");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_object_keeps_its_headers_and_hides_its_metadata() {
    let server = Server::start().await;
    let metadata = [
        ("qf-csp", "default-src 'self'"),
        ("qf-h", r#"{"permissions-policy":"camera=()"}"#),
        ("cache-tag", "page"),
    ];
    server
        .put_with("index.html", HTML, "<p>Hi", &metadata)
        .await;
    let reply = server.get("/").await;
    assert_eq!(reply.header("content-type"), HTML);
    assert_eq!(reply.header("content-length"), "5");
    assert_eq!(reply.header("accept-ranges"), "bytes");
    let cache_control = "public, max-age=0, must-revalidate, s-maxage=86400";
    assert_eq!(reply.header("cache-control"), cache_control);
    assert_eq!(
        reply.header("content-security-policy"),
        "default-src 'self'"
    );
    assert_eq!(reply.header("permissions-policy"), "camera=()");
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert!(reply.header("last-modified").ends_with(" GMT"));
    assert!(reply.header("etag").starts_with('"'));
    for name in reply.headers.keys() {
        let name = name.as_str();
        assert!(
            !name.contains("amz") && !name.contains("qf-") && !name.contains("tag-"),
            "{name}"
        );
    }
    assert!(!reply.headers.contains_key("cache-tag"));
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_get_without_a_body() {
    let server = Server::start().await;
    server.put("index.html", HTML, "x".repeat(5_000)).await;
    for headers in [
        &[][..],
        &[("accept-encoding", "br")],
        &[("range", "bytes=0-9")],
    ] {
        let get = server
            .get_with(
                "/",
                if headers.contains(&("range", "bytes=0-9")) {
                    &[]
                } else {
                    headers
                },
            )
            .await;
        let head = server.send(Method::HEAD, "/", headers).await;
        assert_eq!(head.status, 200);
        assert!(head.body.is_empty());
        assert_eq!(
            head.headers["content-length"],
            get.headers["content-length"]
        );
        assert_eq!(head.headers["etag"], get.headers["etag"]);
    }
    let head = server.send(Method::HEAD, "/missing/", &[]).await;
    assert_eq!((head.status.as_u16(), head.body.len()), (404, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_are_not_allowed() {
    let server = Server::start().await;
    server.put("index.html", HTML, "x").await;
    for method in [
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
    ] {
        let response = open(
            server.site,
            method.clone(),
            "/",
            &[],
            Bytes::from_static(b"x"),
        )
        .await;
        let reply = Reply::read(response).await;
        assert_eq!(reply.status, 405, "{method}");
        assert_eq!(reply.header("allow"), "GET, HEAD");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_miss_shows_the_sites_own_page() {
    let server = Server::start().await;
    server.put("index.html", HTML, "home").await;
    let plain = server.get("/missing/").await;
    assert_eq!(
        (plain.status.as_u16(), plain.text()),
        (404, "404 Not Found\n")
    );
    server
        .put_with(
            "404.html",
            HTML,
            "<p>Lost?",
            &[("qf-csp", "default-src 'none'")],
        )
        .await;
    for path in ["/missing/", "/missing.css", "/a/b/c.html"] {
        let reply = server
            .get_with(path, &[("range", "bytes=0-1"), ("if-none-match", "*")])
            .await;
        assert_eq!(
            (reply.status.as_u16(), reply.text()),
            (404, "<p>Lost?"),
            "{path}"
        );
        assert_eq!(reply.header("content-type"), HTML);
        assert_eq!(reply.header("cache-control"), "public, max-age=10");
        assert_eq!(
            reply.header("content-security-policy"),
            "default-src 'none'"
        );
        assert_eq!(
            reply.header("referrer-policy"),
            "strict-origin-when-cross-origin"
        );
        assert!(!reply.headers.contains_key("etag"));
    }
    assert_eq!(server.get("/404.html").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects() {
    let server = Server::start().await;
    server.put("404.html", HTML, "lost").await;
    server.put("about/index.html", HTML, "about").await;
    let reply = server.get("/about?a=1&b=%20").await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("location")),
        (301, "/about/?a=1&b=%20")
    );
    assert_eq!(reply.header("cache-control"), "public, max-age=10");
    assert_eq!(reply.header("content-length"), "0");

    server
        .put_with(
            "old/index.html",
            HTML,
            "moved",
            &[("qf-location", "/about/")],
        )
        .await;
    let reply = server.get("/old/").await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("location")),
        (301, "/about/")
    );
    assert!(reply.body.is_empty());
    assert_eq!(reply.header("x-content-type-options"), "nosniff");
    assert!(!reply.headers.contains_key("content-type"));

    let metadata = [
        ("qf-location", "https://example.org/a b"),
        ("qf-status", "307"),
    ];
    server.put_with("away", "text/plain", "", &metadata).await;
    let reply = server.navigate("/away").await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("location")),
        (307, "https://example.org/a%20b")
    );
}

/// As raw bytes: an HTTP client would tidy them up.
#[tokio::test(flavor = "multi_thread")]
async fn traversal_and_odd_paths_are_refused() {
    let server = Server::start().await;
    server.put("404.html", HTML, "lost").await;
    for path in [
        "/../index.html",
        "/a/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/..%5cwindows",
        "//evil.example/",
        "/a//b",
        "/%252e%252e/etc/passwd",
        "/a%252fb",
        "/%00",
        "/%0d%0aset-cookie:a=b",
        "/%ff",
        "/%",
    ] {
        let reply = raw(&server, path).await;
        assert!(reply.starts_with("HTTP/1.1 400 "), "{path}: {reply}");
        assert!(
            !reply.to_ascii_lowercase().contains("\r\nlocation:"),
            "{path}: {reply}"
        );
    }
    let long = raw(&server, &format!("/{}", "a".repeat(9_000))).await;
    assert!(long.starts_with("HTTP/1.1 400 "), "{long}");
    let endless = raw(&server, &format!("/{}", "a".repeat(60_000))).await;
    assert!(endless.starts_with("HTTP/1.1 4"), "{endless}");
}

async fn raw(server: &Server, path: &str) -> String {
    let mut stream = TcpStream::connect(server.site).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.unwrap();
    String::from_utf8(reply).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_streams() {
    let server = Server::start().await;
    let video: Vec<u8> = (0..20_000_003_u32).map(|i| (i % 251) as u8).collect();
    server.put("video.mp4", "video/mp4", video.clone()).await;
    let reply = server.get("/video.mp4").await;
    assert_eq!(reply.header("content-length"), "20000003");
    assert!(reply.body == video);
    let reply = server
        .get_with("/video.mp4", &[("range", "bytes=7000000-16999999")])
        .await;
    assert_eq!(reply.status, 206);
    assert!(reply.body == video[7_000_000..17_000_000]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_with_nothing_in_it_says_so() {
    for live_reload in [true, false] {
        let server = Server::with_live_reload(live_reload).await;
        for path in ["/", "/blog/", "/style.css", "/about"] {
            let reply = server.navigate(path).await;
            assert_eq!(reply.status, 404, "{path}");
            assert!(reply.text().contains("Nothing published yet"));
            assert_eq!(reply.header("cache-control"), "no-store");
            assert_eq!(reply.text().contains("/_quillfront/live.js"), live_reload);
        }
        server.put("index.html", HTML, "home").await;
        assert_eq!(server.get("/").await.text(), "home");
        assert!(
            !server
                .get("/blog/")
                .await
                .text()
                .contains("Nothing published yet")
        );
    }
}
