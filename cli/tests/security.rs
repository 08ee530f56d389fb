//! From `[security]` to the headers at the edge, through the command alone.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

struct Site {
    home: TempDir,
}

impl Site {
    fn new() -> Self {
        let site = Self {
            home: TempDir::new().unwrap(),
        };
        for (name, text) in [
            ("config.toml", "base_url = \"https://example.org\"\n"),
            ("quillfront.toml", "[security]\n"),
            ("content/_index.md", "+++\n+++\n"),
            (
                "content/a.md",
                "+++\naliases = [\"old\"]\n+++\n<script>own()</script>\n",
            ),
            (
                "static/a.svg",
                "<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>",
            ),
            ("static/plain.html", "<script>plain()</script>"),
            ("templates/index.html", "{{ section.pages | length }}"),
            ("templates/page.html", "{{ page.content | safe }}"),
        ] {
            site.put(name, text);
        }
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.path("site").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Builds into a folder, and returns what its files would be published with.
    fn build(&self, out: &str, more: &[&str]) -> BTreeMap<String, Value> {
        let output = Command::new(env!("CARGO_BIN_EXE_quillfront"))
            .args(["--root"])
            .arg(self.path("site"))
            .args(["build", "-f", "-o"])
            .arg(self.path(out))
            .arg("--objects")
            .arg(self.path("objects.json"))
            .arg("--rules")
            .arg(self.path("rules.json"))
            .args(more)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&fs::read(self.path("objects.json")).unwrap()).unwrap()
    }

    fn edge(&self, event: &Value) -> Value {
        let mut child = Command::new(env!("CARGO_BIN_EXE_quillfront"))
            .arg("edge")
            .arg("--objects")
            .arg(self.path("objects.json"))
            .arg("--rules")
            .arg(self.path("rules.json"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        input.write_all(event.to_string().as_bytes()).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", said(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn files(folder: &Path) -> BTreeSet<String> {
    fn walk(folder: &Path, below: &str, all: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = format!("{below}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), &format!("{name}/"), all);
            } else {
                all.insert(name);
            }
        }
    }
    let mut all = BTreeSet::new();
    walk(folder, "", &mut all);
    all
}

/// S3's answer for an object, as CloudFront hands it to the function.
fn response(key: &str, object: &Value) -> Value {
    let mut headers = serde_json::Map::new();
    let mut set = |name: &str, value: &str| {
        headers.insert(name.to_lowercase(), json!([{"key": name, "value": value}]));
    };
    set("ETag", "\"9a0364b9e99bb480dd25e1f0284c8555\"");
    set("Content-Type", object["content_type"].as_str().unwrap());
    set("Cache-Control", object["cache_control"].as_str().unwrap());
    for (name, value) in object["metadata"].as_object().unwrap() {
        set(&format!("x-amz-meta-{name}"), value.as_str().unwrap());
    }
    json!({"Records": [{"cf": {
        "config": {"eventType": "origin-response"},
        "request": {"method": "GET", "uri": format!("/{key}"), "headers": {}},
        "response": {"status": "200", "statusDescription": "OK", "headers": headers}
    }}]})
}

fn header<'a>(reply: &'a Value, name: &str) -> Option<&'a str> {
    reply["headers"][name][0]["value"].as_str()
}

#[test]
fn each_file_has_headers_and_the_edge_sends_them() {
    let site = Site::new();
    let objects = site.build("out", &[]);
    let known: BTreeSet<String> = objects.keys().cloned().collect();
    assert_eq!(known, files(&site.path("out")));

    let page = site.edge(&response("a/index.html", &objects["a/index.html"]));
    let policy = header(&page, "content-security-policy").expect("a policy");
    assert!(policy.contains("script-src 'sha256-"), "{policy}");
    assert_eq!(
        header(&page, "strict-transport-security"),
        Some("max-age=31536000")
    );
    assert_eq!(header(&page, "x-content-type-options"), Some("nosniff"));
    assert!(
        page["headers"]
            .as_object()
            .unwrap()
            .keys()
            .all(|name| !name.starts_with("x-amz-"))
    );
    let plain = site.edge(&response("plain.html", &objects["plain.html"]));
    assert!(
        header(&plain, "content-security-policy")
            .unwrap()
            .contains("'sha256-")
    );
    let picture = site.edge(&response("a.svg", &objects["a.svg"]));
    assert!(
        header(&picture, "content-security-policy")
            .unwrap()
            .ends_with("sandbox")
    );
    let moved = site.edge(&response("old/index.html", &objects["old/index.html"]));
    assert_eq!(moved["status"], "301");
    assert_eq!(header(&moved, "location"), Some("https://example.org/a/"));
    let refused = json!({"Records": [{"cf": {
        "config": {"eventType": "origin-request"},
        "request": {"method": "GET", "uri": "/..%2fa", "headers": {}}
    }}]});
    let refused = site.edge(&refused);
    assert_eq!(refused["status"], "400");
    assert_eq!(
        header(&refused, "strict-transport-security"),
        Some("max-age=31536000")
    );
}

#[test]
fn a_build_that_goes_by_another_says_the_same() {
    let site = Site::new();
    let state = site.path("state");
    let state = state.to_str().unwrap();
    let first = site.build("out", &["--state", state]);
    assert_eq!(first, site.build("clean", &[]));
    site.put("quillfront.toml", "[security]\npreset = \"relaxed\"\n");
    let second = site.build("out", &["--state", state, "--verify"]);
    assert_ne!(first, second);
    assert_eq!(second, site.build("clean", &[]));
    site.put("quillfront.toml", "");
    let without = site.build("out", &["--state", state, "--verify"]);
    assert!(
        without["a/index.html"]["metadata"]
            .as_object()
            .unwrap()
            .is_empty()
    );
    assert_eq!(without, site.build("clean", &[]));
}
