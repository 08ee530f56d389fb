//! Live reload: what browsers are given, and what they are told.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Method;
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::harness::{DISTRIBUTION, Server, open};
use quillfront_local::site::{On, Problem};

const HTML: &str = "text/html; charset=utf-8";
const PAGE: &str = "<!doctype html><body><h1>Hello</h1></body></html>\n";
const TAG: &str = "<script src=\"/_quillfront/live.js\" defer></script>";
const TAG_OF_MISSING: &str = "<script src=\"/_quillfront/live.js\" defer data-missing></script>";
const DOCUMENT: (&str, &str) = ("sec-fetch-dest", "document");

#[tokio::test(flavor = "multi_thread")]
async fn a_navigation_is_given_the_script_and_nobody_else() {
    let server = Server::start().await;
    server.put("index.html", HTML, PAGE).await;
    server.put("404.html", HTML, PAGE).await;
    for (path, status, tag) in [("/", 200, TAG), ("/missing/", 404, TAG_OF_MISSING)] {
        let reply = server.navigate(path).await;
        assert_eq!(reply.status, status);
        assert_eq!(
            reply.text(),
            PAGE.replace("</body>", &format!("{tag}</body>"))
        );
        assert_eq!(reply.header("content-length"), reply.body.len().to_string());
        assert_eq!(reply.header("cache-control"), "no-store");
        for name in ["etag", "last-modified", "accept-ranges"] {
            assert!(!reply.headers.contains_key(name), "{name}");
        }
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        for headers in [
            &[][..],
            &[("sec-fetch-dest", "empty")],
            &[("sec-fetch-dest", "iframe")],
        ] {
            assert_eq!(server.get_with(path, headers).await.text(), PAGE);
        }
    }
    // A navigation is never answered with a 304 or a part: the browser would show what it has.
    let etag = server.get("/").await.header("etag").to_owned();
    let headers = [
        DOCUMENT,
        ("if-none-match", &etag),
        ("range", "bytes=0-1"),
        ("accept-encoding", "br"),
    ];
    let reply = server.get_with("/", &headers).await;
    assert_eq!(reply.status, 200);
    assert!(reply.text().contains(TAG));
    let head = server.send(Method::HEAD, "/", &[DOCUMENT]).await;
    assert_eq!(
        head.header("content-length"),
        (PAGE.len() + TAG.len()).to_string()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_page_or_may_not_run_it_stays_as_published() {
    let server = Server::start().await;
    server.put("feed.xml", "application/xml", PAGE).await;
    server
        .put_with(
            "strict.html",
            HTML,
            PAGE,
            &[("qf-csp", "default-src 'none'; script-src 'sha256-x'")],
        )
        .await;
    server
        .put_with("own.html", HTML, PAGE, &[("qf-csp", "default-src 'self'")])
        .await;
    for path in ["/feed.xml", "/strict.html"] {
        let reply = server.navigate(path).await;
        assert_eq!(reply.text(), PAGE, "{path}");
        assert!(reply.headers.contains_key("etag"));
    }
    let reply = server.navigate("/own.html").await;
    assert!(reply.text().contains(TAG));
    assert_eq!(
        reply.header("content-security-policy"),
        "default-src 'self'"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_live_reload_there_is_none() {
    let server = Server::with_live_reload(false).await;
    server.put("index.html", HTML, PAGE).await;
    assert_eq!(server.navigate("/").await.text(), PAGE);
    assert_eq!(server.get("/_quillfront/live.js").await.status, 404);
    assert_ne!(server.get("/_quillfront/live").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_is_told_of_invalidations() {
    let server = Server::start().await;
    let id = script_id(&server).await;
    let mut events = Events::open(&server, &id, None).await;
    let hello = events.next().await;
    assert!(
        hello.contains("event: hello") && hello.contains(&format!("id: {id}")),
        "{hello}"
    );

    invalidate(&server, "1", &["/blog/", "/feed*"]).await;
    let event = events.next().await;
    assert!(event.contains("event: invalidation"), "{event}");
    assert!(event.contains(r#"data: ["/blog/","/feed*"]"#), "{event}");
    let last = event
        .lines()
        .find_map(|line| line.strip_prefix("id: "))
        .unwrap()
        .to_owned();

    // The same batch again is no news.
    invalidate(&server, "1", &["/blog/", "/feed*"]).await;
    invalidate(&server, "2", &["/other/"]).await;
    assert!(events.next().await.contains("/other/"));
    drop(events);

    // Connected again, it hears what it missed: from the header, which is newer than the URL.
    let mut events = Events::open(&server, &id, Some(&last)).await;
    assert!(events.next().await.contains("event: hello"));
    assert!(events.next().await.contains("/other/"));
    let mut events = Events::open(&server, &id, None).await;
    assert!(events.next().await.contains("event: hello"));
    assert!(events.next().await.contains("/blog/"));
    assert!(events.next().await.contains("/other/"));

    // The script of a page that is loaded now knows of all that.
    let mut events = Events::open(&server, &script_id(&server).await, None).await;
    assert!(events.next().await.contains("event: hello"));
    invalidate(&server, "3", &["/third/"]).await;
    assert!(events.next().await.contains("/third/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_page_is_told_of_its_mistakes_and_of_no_others() {
    let server = Server::start().await;
    let problem = |message: &str, on: On| Problem {
        place: "content/a.md:3".into(),
        message: message.into(),
        hint: None,
        on,
    };
    let of_a = || {
        problem(
            "<script>alert(1)</script>",
            On::Pages(["/a/".into()].into()),
        )
    };
    server.behind.show_problems(vec![of_a()]);
    let id = script_id(&server).await;
    let at = |path: &str| format!("{id}&path={path}");
    let mut a = Events::open(&server, &at("/a/"), None).await;
    let mut b = Events::open(&server, &at("%2Fb%2F"), None).await;
    let mut missing = Events::open(&server, &format!("{}&missing=true", at("/b/")), None).await;
    // As it was when the page came. It goes as JSON, and the script makes a text of it.
    let told = a.next_but_hello().await;
    assert!(
        told.contains("event: problems") && !told.contains("id: "),
        "{told}"
    );
    assert!(told.contains("<script>alert(1)</script>"), "{told}");
    // The same once more is no news, and another page's neither.
    server.behind.show_problems(vec![of_a()]);
    server
        .behind
        .show_problems(vec![of_a(), problem("new", On::Missing)]);
    assert!(missing.next_but_hello().await.contains("\"new\""));
    server
        .behind
        .show_problems(vec![of_a(), problem("all", On::Everywhere)]);
    for events in [&mut a, &mut b, &mut missing] {
        assert!(events.next_but_hello().await.contains("\"all\""));
    }
    server.behind.show_problems(Vec::new());
    for events in [&mut a, &mut b, &mut missing] {
        let mended = events.next_but_hello().await;
        assert!(mended.contains("data: []"), "{mended}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restart_the_page_reloads() {
    let (before, after) = (Server::start().await, Server::start().await);
    let id = script_id(&before).await;
    let mut events = Events::open(&after, &id, Some(&id)).await;
    assert!(events.next().await.contains("event: reload"));
}

#[tokio::test(flavor = "multi_thread")]
async fn open_pages_do_not_keep_the_server_from_stopping() {
    let server = Server::start().await;
    let id = script_id(&server).await;
    let mut events = Events::open(&server, &id, None).await;
    events.next().await;
    let begin = Instant::now();
    server.shut_down().await;
    assert!(
        begin.elapsed() < Duration::from_millis(1_500),
        "{:?}",
        begin.elapsed()
    );
    assert!(events.ended().await);
}

/// The id in the script.
async fn script_id(server: &Server) -> String {
    let script = server.get("/_quillfront/live.js").await;
    assert_eq!(script.status, 200);
    assert_eq!(
        script.header("content-type"),
        "text/javascript; charset=utf-8"
    );
    assert_eq!(script.header("cache-control"), "no-store");
    let (_, rest) = script.text().split_once("let last = \"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

async fn invalidate(server: &Server, reference: &str, paths: &[&str]) {
    let items: String = paths
        .iter()
        .map(|path| format!("<Path>{path}</Path>"))
        .collect();
    let body = format!(
        "<InvalidationBatch><Paths><Quantity>{}</Quantity><Items>{items}</Items></Paths>\
         <CallerReference>{reference}</CallerReference></InvalidationBatch>",
        paths.len()
    );
    let path = format!("/2020-05-31/distribution/{DISTRIBUTION}/invalidation");
    let response = open(server.control, Method::POST, &path, &[], Bytes::from(body)).await;
    assert_eq!(response.status(), 201);
}

/// A stream of server-sent events.
struct Events {
    body: Incoming,
    text: String,
}

impl Events {
    async fn open(server: &Server, since: &str, last_event_id: Option<&str>) -> Events {
        let headers: Vec<_> = last_event_id
            .map(|id| ("last-event-id", id))
            .into_iter()
            .collect();
        let path = format!("/_quillfront/live?since={since}");
        let response = open(server.site, Method::GET, &path, &headers, Bytes::new()).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Events {
            body: response.into_body(),
            text: String::new(),
        }
    }

    async fn next(&mut self) -> String {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let event = event.to_owned();
                self.text = rest.to_owned();
                // A browser drops an event without data.
                assert!(
                    event
                        .lines()
                        .any(|line| line.len() > 6 && line.starts_with("data: "))
                );
                return event;
            }
            let frame = tokio::time::timeout(Duration::from_secs(5), self.body.frame());
            let frame = frame
                .await
                .expect("no event")
                .expect("the stream has ended")
                .unwrap();
            self.text += std::str::from_utf8(frame.data_ref().unwrap()).unwrap();
        }
    }

    /// The next one that says something.
    async fn next_but_hello(&mut self) -> String {
        loop {
            let event = self.next().await;
            if !event.contains("event: hello") {
                return event;
            }
        }
    }

    async fn ended(&mut self) -> bool {
        let frame = tokio::time::timeout(Duration::from_secs(5), self.body.frame());
        frame
            .await
            .expect("still open")
            .is_none_or(|frame| frame.is_err())
    }
}
