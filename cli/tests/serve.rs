//! `quillfront serve` as a person runs it: where it listens, and what it shows of mistakes.

mod serving;

use serde_json::Value;
use serving::{Serve, quillfront, said, write};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

const SITE: [(&str, &str); 4] = [
    ("config.toml", "base_url = \"https://example.org\"\n"),
    ("content/_index.md", "+++\ntitle = \"Home\"\n+++\n"),
    ("content/a.md", "+++\ntitle = \"A\"\n+++\nWords.\n"),
    ("templates/page.html", "{{ page.content | safe }}"),
];

#[test]
fn a_host_may_be_named_and_a_port_that_was_asked_for_is_kept_to() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &SITE);
    let serve = Serve::start_with(folder.path(), &["--http", "localhost:0"]);
    let site = serve.ready["site"].as_str().unwrap();
    assert!(site.starts_with("http://localhost:"), "{site}");
    let port = site.rsplit_once(':').unwrap().1;
    assert_ne!(port, "0");
    let (status, _) = get(site, "/_quillfront/live.js");
    assert_eq!(status, 200);

    let other = tempfile::tempdir().unwrap();
    write(other.path(), &SITE);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().port().to_string();
    let _still_taken = TcpListener::bind(format!("127.0.0.1:{taken}"));
    for flags in [
        &["--http", &format!("127.0.0.1:{taken}")][..],
        &["--port", &taken],
        &[
            "--s3",
            &format!("localhost:{taken}"),
            "--http",
            "127.0.0.1:0",
        ],
    ] {
        let arguments = [&["serve", "--no-watch"][..], flags].concat();
        let refused = quillfront(other.path(), &arguments);
        assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
        let told = said(&refused).contains("another program is listening there");
        assert!(told, "{}", said(&refused));
    }
    let wrong = quillfront(other.path(), &["serve", "--http", "8099"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(said(&wrong).contains("localhost:8099"), "{}", said(&wrong));
}

#[test]
fn the_mistakes_of_a_page_are_shown_on_it_until_they_are_mended() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, &SITE);
    let mut serve = Serve::start(root, &[]);
    while serve.line()["counts"]["uploaded"] == 0 {}
    let site = serve.ready["site"].as_str().unwrap().to_owned();
    let mut page = Problems::of(&site, "/a/");
    let mut home = Problems::of(&site, "/");
    let mut missing = Problems::of(&site, "/new/&missing=true");

    write(root, &[("content/a.md", "+++\ntitle = <b>\n+++\n")]);
    let shown = page.next();
    assert_eq!(shown[0]["place"], "content/a.md:2:9", "{shown}");
    write(root, &[("content/new.md", "no front matter")]);
    let shown = missing.next();
    assert_eq!(shown[0]["place"], "content/new.md:1", "{shown}");
    write(root, &SITE);
    assert_eq!(page.next(), Value::Array(Vec::new()));
    std::fs::remove_file(root.join("content/new.md")).unwrap();
    assert_eq!(missing.next(), Value::Array(Vec::new()));

    // What all pages are made with is shown on all of them; the home page has heard of nothing else.
    write(root, &[("templates/page.html", "{{ page.content")]);
    let shown = home.next();
    assert_eq!(
        shown[0]["place"].as_str().unwrap().split(':').next(),
        Some("templates/page.html")
    );
    assert!(page.next()[0]["message"].is_string());
    write(root, &[("templates/page.html", "{{ none_such.x }}")]);
    // A template that can be read, and fails one page.
    assert!(page.next()[0]["message"].is_string());
    assert_eq!(home.next(), Value::Array(Vec::new()));

    // No byte of it is published.
    let (status, body) = get(&site, "/a/");
    assert_eq!((status, body.trim_end()), (200, "<p>Words.</p>"));
}

/// The answer to a GET: its status and body.
fn get(site: &str, path: &str) -> (u16, String) {
    let mut lines = open(site, path);
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap().parse().unwrap();
    let mut all = String::new();
    std::io::Read::read_to_string(&mut lines, &mut all).unwrap();
    let body = all.split_once("\r\n\r\n").unwrap().1;
    (status, body.to_owned())
}

fn open(site: &str, path: &str) -> BufReader<TcpStream> {
    let host = site.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let wait = Some(Duration::from_secs(30));
    stream.set_read_timeout(wait).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    BufReader::new(stream)
}

/// What a page is told of its mistakes.
struct Problems {
    lines: BufReader<TcpStream>,
}

impl Problems {
    fn of(site: &str, path: &str) -> Self {
        let lines = open(site, &format!("/_quillfront/live?since=&path={path}"));
        Self { lines }
    }

    fn next(&mut self) -> Value {
        let mut is_next = false;
        loop {
            let mut line = String::new();
            assert_ne!(
                self.lines.read_line(&mut line).unwrap(),
                0,
                "the stream has ended"
            );
            match line.trim_end().split_once(": ") {
                Some(("event", name)) => is_next = name == "problems",
                Some(("data", data)) if is_next => return serde_json::from_str(data).unwrap(),
                _ => {}
            }
        }
    }
}
