//! What cannot be published is announced nowhere, as a person sees it: over `serve`, in `status`, and in the
//! sources that `effective` writes.

mod serving;

use serde_json::Value;
use serving::{Serve, quillfront, said, write};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

const SITE: [(&str, &str); 6] = [
    (
        "config.toml",
        "base_url = \"https://example.org\"\ntitle = \"Blog\"\ngenerate_feeds = true\n",
    ),
    ("content/_index.md", "+++\nsort_by = \"date\"\n+++\n"),
    (
        "content/a.md",
        "+++\ntitle = \"A\"\ndate = 2026-01-01\n+++\nHeron.\n",
    ),
    (
        "content/b.md",
        "+++\ntitle = \"B\"\ndate = 2026-01-02\n+++\nGrebe, [a](@/a.md).\n",
    ),
    (
        "templates/index.html",
        "{% for p in section.pages %}{{ p.title }} {% endfor %}",
    ),
    (
        "templates/page.html",
        "{{ page.title }}: {{ page.content | safe }}",
    ),
];

fn post(title: &str, body: &str) -> String {
    format!("+++\ntitle = \"{title}\"\ndate = 2026-01-03\n+++\n{body}\n")
}

/// What the site answers under a path; nothing but for 200.
fn get(site: &str, path: &str) -> Option<String> {
    let host = site.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    head.starts_with("HTTP/1.1 200").then(|| body.to_owned())
}

fn json(root: &Path, arguments: &[&str]) -> Value {
    let output = quillfront(root, arguments);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)))
}

/// Waits for a report of which this is true.
fn until(serve: &mut Serve, is_it: impl Fn(&Value) -> bool) -> Value {
    loop {
        let report = serve.line();
        if is_it(&report) {
            return report;
        }
    }
}

#[test]
fn what_waits_is_told_and_the_effective_sources_build_the_published_site() {
    let folder = tempfile::tempdir().unwrap();
    let root = &folder.path().join("site");
    write(root, &SITE);
    let mut serve = Serve::start(root, &[]);
    let site = serve.ready["site"].as_str().unwrap().to_owned();
    until(&mut serve, |report| report["counts"]["uploaded"] != 0);
    // One that never was published fails, and one that was; the target of a third is removed.
    write(root, &[("content/new.md", &post("New", "[x](@/none.md)"))]);
    until(&mut serve, |report| {
        report["sources"]["waiting"][0] == "content/new.md"
    });
    write(root, &[("content/b.md", &post("Bad", "{{ nothing() }}"))]);
    until(&mut serve, |report| {
        report["sources"]["kept"][0] == "content/b.md"
    });
    std::fs::remove_file(root.join("content/a.md")).unwrap();
    let report = until(&mut serve, |report| {
        report["sources"]["removed"][0] == "content/a.md"
    });
    assert_eq!(report["counts"]["stale"], 0, "{report}");

    let home = get(&site, "/").unwrap();
    assert!(home.starts_with("B "), "{home}");
    assert!(get(&site, "/new/").is_none());
    let feed = get(&site, "/atom.xml").unwrap();
    assert!(feed.contains("Grebe") && !feed.contains("new"), "{feed}");

    let status = json(root, &["status", "--json"]);
    assert_eq!(status["waiting"], serde_json::json!(["content/new.md"]));
    assert_eq!(status["kept"], serde_json::json!(["content/b.md"]));
    let told = said(&quillfront(root, &["status"]));
    for line in [
        "not published content/new.md: content/new.md:5: there is no page for the link",
        "published as of 20",
    ] {
        assert!(told.contains(line), "{told}");
    }

    // A clean build of what is in use is what is published.
    let effective = folder.path().join("effective");
    let effective = effective.to_str().unwrap();
    let written = quillfront(root, &["effective", "-o", effective]);
    assert_eq!(written.status.code(), Some(0), "{}", said(&written));
    let build = |more: &[&str]| {
        let out = folder.path().join("out");
        let to = out.to_str().unwrap();
        let built = [&["--root", effective, "build", "-f", "-o", to], more].concat();
        (quillfront(folder.path(), &built), out)
    };
    let (built, out) = build(&["--accepted"]);
    assert_eq!(built.status.code(), Some(0), "{}", said(&built));
    let read = |path: &str| std::fs::read_to_string(out.join(path)).unwrap();
    for (path, file) in [
        ("/", "index.html"),
        ("/b/", "b/index.html"),
        ("/404.html", "404.html"),
        ("/atom.xml", "atom.xml"),
        ("/sitemap.xml", "sitemap.xml"),
        ("/robots.txt", "robots.txt"),
    ] {
        // What is served may end with the script that reloads it.
        let (served, clean) = (get(&site, path), read(file));
        let clean = clean.trim_end_matches("</body>\n</html>\n");
        assert!(
            served.unwrap_or_default().starts_with(clean),
            "{path}: {clean}"
        );
    }
    assert!(!out.join("new").exists());
    // Without it, the page whose link leads nowhere would be none.
    let (built, out) = build(&[]);
    assert_eq!(built.status.code(), Some(1));
    assert!(!out.join("b").exists());
}
