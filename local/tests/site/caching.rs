//! Conditions, ranges and compression.

use std::io::Read;

use crate::harness::{Reply, Server};

const CSS: &str = "text/css; charset=utf-8";

fn style() -> String {
    (0..500)
        .map(|i| format!(".c{i} {{ width: {i}px }}\n"))
        .collect()
}

/// The body without its coding.
fn decoded(reply: &Reply) -> Vec<u8> {
    let mut bytes = Vec::new();
    match reply.header("content-encoding") {
        "br" => brotli::BrotliDecompress(&mut &reply.body[..], &mut bytes).unwrap(),
        "gzip" => drop(
            flate2::read::GzDecoder::new(&reply.body[..])
                .read_to_end(&mut bytes)
                .unwrap(),
        ),
        _ => bytes.extend_from_slice(&reply.body),
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_client_has_is_not_sent_again() {
    let server = Server::start().await;
    server
        .put_with(
            "style.css",
            CSS,
            style(),
            &[("qf-csp", "default-src 'none'")],
        )
        .await;
    let first = server.get("/style.css").await;
    let (etag, modified) = (first.header("etag"), first.header("last-modified"));
    let weak = format!("W/{etag}");
    let list = format!("\"x\", {weak}");
    for condition in [
        ("if-none-match", etag),
        ("if-none-match", &weak),
        ("if-none-match", &list),
        ("if-none-match", "*"),
        ("if-modified-since", modified),
    ] {
        let reply = server.get_with("/style.css", &[condition]).await;
        assert_eq!(
            (reply.status.as_u16(), reply.body.len()),
            (304, 0),
            "{condition:?}"
        );
        assert_eq!(reply.header("etag"), etag);
        assert_eq!(reply.header("cache-control"), first.header("cache-control"));
        assert_eq!(reply.header("vary"), "accept-encoding");
        assert!(!reply.headers.contains_key("content-type"));
    }
    for condition in [
        ("if-none-match", "\"x\""),
        ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ] {
        assert_eq!(
            server.get_with("/style.css", &[condition]).await.status,
            200,
            "{condition:?}"
        );
    }
    let reply = server
        .get_with("/style.css", &[("if-match", "\"x\"")])
        .await;
    assert_eq!(reply.status, 412);
    assert_eq!(
        server
            .get_with("/style.css", &[("if-match", etag)])
            .await
            .status,
        200
    );

    server.put("style.css", CSS, "body{}").await;
    let reply = server
        .get_with("/style.css", &[("if-none-match", etag)])
        .await;
    assert_eq!((reply.status.as_u16(), reply.text()), (200, "body{}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges() {
    let server = Server::start().await;
    server
        .put("digits.txt", "text/plain", "0123456789".repeat(200))
        .await;
    let etag = server.get("/digits.txt").await.header("etag").to_owned();
    for (range, body, content_range) in [
        ("bytes=0-3", "0123", "bytes 0-3/2000"),
        ("bytes=1996-", "6789", "bytes 1996-1999/2000"),
        ("bytes=-2", "89", "bytes 1998-1999/2000"),
    ] {
        // A part is of the object's own bytes, whatever the client could decode.
        let reply = server
            .get_with(
                "/digits.txt",
                &[("range", range), ("accept-encoding", "br")],
            )
            .await;
        assert_eq!(
            (reply.status.as_u16(), reply.text()),
            (206, body),
            "{range}"
        );
        assert_eq!(reply.header("content-range"), content_range);
        assert_eq!(reply.header("content-length"), body.len().to_string());
        assert_eq!(reply.header("etag"), etag);
    }
    let reply = server
        .get_with("/digits.txt", &[("range", "bytes=2000-")])
        .await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (416, 0));
    assert_eq!(reply.header("content-range"), "bytes */2000");

    let range = ("range", "bytes=0-3");
    let reply = server
        .get_with("/digits.txt", &[range, ("if-range", &etag)])
        .await;
    assert_eq!(reply.status, 206);
    for other in [
        "\"x\"",
        &format!("W/{etag}"),
        "Sun, 06 Nov 1994 08:49:37 GMT",
    ] {
        let reply = server
            .get_with("/digits.txt", &[range, ("if-range", other)])
            .await;
        assert_eq!(
            (reply.status.as_u16(), reply.body.len()),
            (200, 2_000),
            "{other}"
        );
    }
    let reply = server
        .get_with("/digits.txt", &[("range", "bytes=0-1,4-5")])
        .await;
    assert_eq!((reply.status.as_u16(), reply.body.len()), (200, 2_000));
    let reply = server
        .get_with("/digits.txt", &[range, ("if-none-match", &etag)])
        .await;
    assert_eq!(reply.status, 304);

    server.put("empty.txt", "text/plain", "").await;
    let reply = server
        .get_with("/empty.txt", &[("range", "bytes=0-")])
        .await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("content-range")),
        (416, "bytes */0")
    );
    assert_eq!(server.get("/empty.txt").await.header("content-length"), "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_as_cloudfront_does() {
    let server = Server::start().await;
    server.put("style.css", CSS, style()).await;
    let plain = server.get("/style.css").await;
    assert_eq!(plain.body, style());
    assert_eq!(plain.header("vary"), "accept-encoding");
    for (accepted, encoding) in [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0.1, gzip;q=0.9", "gzip"),
        ("br;q=0, gzip;q=0", ""),
        ("identity", ""),
    ] {
        // The second time it comes from the cache.
        for _ in 0..2 {
            let reply = server
                .get_with("/style.css", &[("accept-encoding", accepted)])
                .await;
            assert_eq!(reply.header("content-encoding"), encoding, "{accepted}");
            assert_eq!(reply.header("vary"), "accept-encoding");
            assert_eq!(decoded(&reply), style().as_bytes());
            assert_eq!(reply.header("content-length"), reply.body.len().to_string());
            if encoding.is_empty() {
                assert_eq!(reply.header("etag"), plain.header("etag"));
            } else {
                assert!(reply.body.len() < style().len() / 2);
                assert_eq!(reply.header("etag"), format!("W/{}", plain.header("etag")));
                assert!(!reply.headers.contains_key("accept-ranges"));
            }
        }
    }
    let headers = [
        ("accept-encoding", "br"),
        ("if-none-match", plain.header("etag")),
    ];
    let reply = server.get_with("/style.css", &headers).await;
    assert_eq!(reply.status, 304);
    assert_eq!(reply.header("etag"), format!("W/{}", plain.header("etag")));
}

#[tokio::test(flavor = "multi_thread")]
async fn not_compressed() {
    let server = Server::start().await;
    server.put("small.css", CSS, "a".repeat(999)).await;
    server.put("large.css", CSS, "a".repeat(10_000_001)).await;
    server
        .put("photo.jpg", "image/jpeg", "a".repeat(5_000))
        .await;
    for path in ["/small.css", "/large.css", "/photo.jpg"] {
        let reply = server
            .get_with(path, &[("accept-encoding", "br, gzip")])
            .await;
        assert_eq!(reply.header("content-encoding"), "", "{path}");
        assert!(!reply.headers.contains_key("vary"));
        assert!(reply.header("etag").starts_with('"'));
    }
    server.put("edge.css", CSS, "a".repeat(1_000)).await;
    server.put("404.html", "text/html", "a".repeat(2_000)).await;
    for path in ["/edge.css", "/missing/"] {
        let reply = server.get_with(path, &[("accept-encoding", "gzip")]).await;
        assert_eq!(reply.header("content-encoding"), "gzip", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_ask_for_one_body_at_once() {
    let server = Server::start().await;
    server
        .put("large.txt", "text/plain", style().repeat(200))
        .await;
    let headers = [("accept-encoding", "br")];
    let replies =
        futures::future::join_all((0..20).map(|_| server.get_with("/large.txt", &headers)));
    for reply in replies.await {
        assert_eq!(reply.status, 200);
        assert_eq!(decoded(&reply).len(), style().len() * 200);
    }
}
