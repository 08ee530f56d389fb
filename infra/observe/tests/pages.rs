//! What is read of a site from outside, over real HTTP.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures::stream;
use jiff::civil::date;
use quillfront_audit::observed::{Http, Observed, Page};
use quillfront_observe::observe_outside;
use quillfront_observe::target::Target;

const FRONT: &str = "<!doctype html><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'self'\">\
    <script src=/a.js></script><a href=/blog/>b</a> <a href=blog/#top>b again</a> <a href=/a.pdf>p</a>\
    <a href=https://example.com/x/>other</a><a href=/1/>1</a><a href=/2/>2</a><a href=/3/>3</a><a href=/4/>4</a>";

async fn answer(request: Request) -> Response {
    let html = ("content-type", "text/html; charset=utf-8");
    if request.method() == Method::OPTIONS {
        let origin = request.headers()["origin"].clone();
        return ([("access-control-allow-origin", origin)], "").into_response();
    }
    match request.uri().path() {
        "/" => (StatusCode::FOUND, [("location", "/home/")]).into_response(),
        "/home/" => {
            let mut response = ([html], FRONT).into_response();
            for value in ["DENY", "SAMEORIGIN"] {
                response
                    .headers_mut()
                    .append("x-frame-options", value.parse().unwrap());
            }
            response
        }
        "/endless/" => {
            let chunk = vec![b'x'; 64 * 1024];
            let chunks = stream::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone()));
            ([html], Body::from_stream(chunks)).into_response()
        }
        "/loop/" => (StatusCode::FOUND, [("location", "/loop/")]).into_response(),
        "/4/" | "/3/" | "/2/" | "/1/" | "/blog/" => ([html], "<p>x").into_response(),
        _ => (StatusCode::NOT_FOUND, [html], "<p>no").into_response(),
    }
}

/// The address of a server with these answers, whose front page leads to `front`.
async fn serve(front: &'static str) -> String {
    let at_root = move |request: Request| async move {
        if request.uri().path() == "/" && request.method() == Method::GET {
            return (StatusCode::FOUND, [("location", front)]).into_response();
        }
        answer(request).await
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(at_root)).await });
    format!("localhost:{port}")
}

async fn read(site: &str) -> Observed {
    observe_outside(&Target::Site(site.to_owned()), date(2026, 12, 1)).await
}

fn pages(observed: &Observed) -> &[Page] {
    observed.pages.get().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_is_read_as_a_reader_gets_it() {
    let site = serve("/home/").await;
    let observed = read(&site).await;
    let pages = pages(&observed);
    let front = &pages[0];
    let at = |path: &str| format!("http://{site}{path}");
    assert_eq!(
        (front.url.as_str(), front.status),
        (at("/home/").as_str(), 200)
    );
    assert_eq!(front.http, Http::Route(vec![at("/"), at("/home/")]));
    assert_eq!(
        front.all("x-frame-options").collect::<Vec<_>>(),
        ["DENY", "SAMEORIGIN"]
    );
    assert_eq!(front.metas.len(), 1);
    assert_eq!(front.scripts.loaded[0].src, "/a.js");
    let (origin, headers) = front.cross_origin.as_ref().unwrap();
    assert!(
        headers
            .iter()
            .any(|(name, value)| name == "access-control-allow-origin" && value == origin)
    );

    let rest: Vec<(&str, u16)> = pages[1..]
        .iter()
        .map(|page| (page.url.as_str(), page.status))
        .collect();
    let linked = ["/blog/", "/home/blog/", "/1/", "/2/"].map(&at);
    assert_eq!(rest.len(), linked.len() + 1, "{rest:?}");
    for (page, url) in rest.iter().zip(&linked) {
        assert_eq!(page.0, url);
    }
    assert_eq!(rest[4].1, 404, "what a page that is not there looks like");

    let report = quillfront_audit::audit(&observed, &[]);
    assert!(report.score.is_some());
    assert!(report.findings.iter().any(|f| f.id == "doubled-headers"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_end_is_cut_off() {
    let observed = read(&serve("/endless/").await).await;
    assert_eq!(pages(&observed)[0].status, 200);
    let observed = read(&serve("/loop/").await).await;
    assert_eq!(pages(&observed)[0].status, 302);
    let Http::Route(route) = &pages(&observed)[0].http else {
        panic!("it answers over HTTP");
    };
    assert!((5..=12).contains(&route.len()), "{}", route.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_that_does_not_answer_is_unknown() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let observed = read(&format!("localhost:{port}")).await;
    assert!(observed.pages.get().is_err());
    let report = quillfront_audit::audit(&observed, &[]);
    let threshold = quillfront_audit::finding::Threshold::default();
    assert_eq!(quillfront_audit::finding::exit_code(&report, threshold), 3);
}
