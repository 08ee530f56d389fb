mod server;

use super::external_links;
use super::fetch::Limits;
use quillfront_site::config::Config;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::SourceKey;
use quillfront_site::links::{ExternalLinks, Use};
use server::{Answer, Server};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Generous where something is waited for that comes, short where nothing comes.
fn limits() -> Limits {
    Limits {
        timeout: Duration::from_secs(20),
        pause: Duration::ZERO,
        usual_wait: Duration::ZERO,
        ..Limits::default()
    }
}

fn links(urls: &[String]) -> ExternalLinks {
    let config = Config::parse("config.toml", "base_url = \"https://e\"").unwrap();
    let file = SourceKey::from("content/a.md");
    let place = |line| Use {
        file: file.clone(),
        line,
    };
    let found = urls.iter().cloned().zip((1..).map(place));
    ExternalLinks::collect(&config, found)
}

fn tried(urls: &[String], limits: &Limits) -> Vec<Diagnostic> {
    let mut told = external_links(&links(urls), limits).1;
    told.sort_by_key(|problem| problem.line);
    told
}

/// What is told of one address, without the address.
fn reason(url: &str, limits: &Limits) -> Option<String> {
    let told = tried(&[url.to_owned()], limits);
    assert!(told.len() < 2, "{told:?}");
    let message = told.into_iter().next()?.message;
    Some(
        message
            .strip_prefix(url)
            .unwrap()
            .strip_prefix(": ")
            .unwrap()
            .to_owned(),
    )
}

#[test]
fn good_pages_are_good_and_broken_ones_say_why() {
    let server = Server::start(|path, _| match path {
        "/good" => Answer::html("<p>hello"),
        "/cached" => Answer::status("304 Not Modified", None),
        "/moved" => Answer::status("301 Moved Permanently", Some("Location: /good")),
        "/gr%C3%BC%C3%9Fe" => Answer::html("hallo"),
        "/loop" => Answer::status("302 Found", Some("Location: /loop")),
        "/secret" => Answer::status("403 Forbidden", None),
        _ => Answer::status("404 Not Found", None),
    });
    let told = |path: &str| reason(&server.url(path), &limits());
    for good in ["/good", "/cached", "/moved", "/grüße", "/good#"] {
        assert_eq!(told(good), None, "{good}");
    }
    assert_eq!(told("/gone").as_deref(), Some("404 Not Found"));
    assert_eq!(told("/secret").as_deref(), Some("403 Forbidden"));
    assert_eq!(told("/loop").as_deref(), Some("more than 10 redirects"));
    assert_eq!(server.asked("/loop"), 11, "redirects are bounded");
    let head = server.seen.lock().unwrap().head.to_lowercase();
    assert!(head.contains("user-agent: quillfront/"), "{head}");
    assert!(head.contains("accept: text/html"), "{head}");
}

#[test]
fn hosts_that_do_not_answer_are_told_by_the_way_they_fail() {
    let impatient = Limits {
        timeout: Duration::from_millis(300),
        ..limits()
    };
    let silent = Server::start(|_, _| Answer::Silence);
    let told = reason(&silent.url("/"), &impatient).unwrap();
    assert_eq!(told, "no answer within 0.3 s");

    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let told = reason(&format!("http://{address}/"), &limits()).unwrap();
    assert_eq!(told, "the connection was refused");

    let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = plain.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = plain.accept().unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
        stream.read_to_end(&mut Vec::new()).ok();
    });
    let told = reason(&format!("https://{address}/"), &limits()).unwrap();
    assert!(told.starts_with("TLS: "), "{told}");

    let told = reason("http://[nonsense/", &limits()).unwrap();
    assert_eq!(told, "this is not an address that can be requested");
}

#[test]
fn anchors_are_looked_for_in_the_page_which_is_read_once() {
    let server = Server::start(|path, _| match path {
        "/page" => Answer::html("<h2 id=\"here\">x</h2><a name=there></a>"),
        _ => Answer::Page(
            "200 OK",
            vec!["Content-Type: application/pdf".into()],
            "%PDF".into(),
        ),
    });
    let urls = [
        "/page",
        "/page#here",
        "/page#there",
        "/page#gone",
        "/page#/route",
        "/x#page=3",
    ]
    .map(|path| server.url(path));
    let told = tried(&urls, &limits());
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].line, Some(4));
    assert!(told[0].message.ends_with("no element with the id `gone`"));
    assert_eq!(server.asked("/page"), 1);
}

#[test]
fn of_a_body_without_end_only_the_beginning_is_read() {
    let server = Server::start(|_, _| Answer::Endless);
    let limits = Limits {
        max_body_bytes: 100_000,
        ..limits()
    };
    assert_eq!(reason(&server.url("/"), &limits), None, "not read at all");
    assert_eq!(reason(&server.url("/#first"), &limits), None);
    let told = tried(&[server.url("/#last")], &limits);
    assert!(told[0].message.contains("too large"), "{told:?}");
    assert!(!told[0].is_error(), "nobody knows whether it is there");
}

#[test]
fn a_busy_host_is_asked_once_more() {
    let server = Server::start(|path, times| match (path, times) {
        ("/later", 1) => Answer::status("429 Too Many Requests", Some("Retry-After: 0")),
        ("/dated", 1) => Answer::status(
            "503 Service Unavailable",
            Some("Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"),
        ),
        ("/silent", 1) => Answer::status("503 Service Unavailable", None),
        ("/never", _) => Answer::status("429 Too Many Requests", Some("Retry-After: 0")),
        ("/tomorrow", _) => Answer::status("429 Too Many Requests", Some("Retry-After: 86400")),
        _ => Answer::html("now"),
    });
    let told = |path: &str| reason(&server.url(path), &limits());
    for path in ["/later", "/dated", "/silent"] {
        assert_eq!(told(path), None, "{path}");
        assert_eq!(server.asked(path), 2, "{path}");
    }
    assert_eq!(told("/never").as_deref(), Some("429 Too Many Requests"));
    assert_eq!(server.asked("/never"), 2);
    assert_eq!(told("/tomorrow").as_deref(), Some("429 Too Many Requests"));
    assert_eq!(server.asked("/tomorrow"), 1, "nobody waits until tomorrow");
}

#[test]
fn a_host_gets_one_request_after_another_and_several_hosts_are_asked_at_once() {
    // Each of the two answers its first request when the other one has been asked too.
    let both = Arc::new((Mutex::new(BTreeSet::new()), Condvar::new()));
    let meeting = |name: &'static str| {
        let both = both.clone();
        Server::start(move |_, _| {
            let (met, changed) = &*both;
            let mut met = met.lock().unwrap();
            met.insert(name);
            changed.notify_all();
            let waited =
                changed.wait_timeout_while(met, Duration::from_secs(10), |met| met.len() < 2);
            let (met, _) = waited.unwrap();
            match met.len() {
                2 => Answer::html("ok"),
                _ => Answer::status("500 Alone", None),
            }
        })
    };
    let (one, two) = (meeting("one"), meeting("two"));
    let paths = (0..10).map(|n| format!("/{n}"));
    let urls: Vec<String> = paths
        .flat_map(|path| [one.url(&path), two.url(&path)])
        .collect();
    assert_eq!(tried(&urls, &limits()), []);
    for server in [one, two] {
        let seen = server.seen.lock().unwrap();
        assert_eq!(seen.most_at_once, 1);
        assert_eq!(seen.requests.len(), 10);
    }
}

#[test]
fn a_host_that_is_down_is_asked_once_for_all_its_pages() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = closed.local_addr().unwrap();
    drop(closed);
    let urls: Vec<String> = (0..5).map(|n| format!("http://{address}/{n}")).collect();
    let told = tried(&urls, &limits());
    assert_eq!(told.len(), 5);
    assert!(
        told.iter()
            .all(|one| one.message.ends_with("the connection was refused"))
    );
}
