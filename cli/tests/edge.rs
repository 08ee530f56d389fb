//! `quillfront edge`: one event in, what the function returns out.

use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn edge(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_quillfront"))
        .arg("edge")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It may end before it has read all.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn event(event_type: &str, uri: &str) -> Value {
    json!({"Records": [{"cf": {
        "config": {"eventType": event_type},
        "request": {"method": "GET", "uri": uri, "headers": {}, "later": [1]}
    }}]})
}

fn returned(arguments: &[&str], event: &Value) -> Value {
    let output = edge(arguments, &event.to_string());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_event_is_answered_as_at_the_edge() {
    let request = returned(&[], &event("origin-request", "/a/"));
    assert_eq!(request["uri"], "/a/index.html");
    assert_eq!(request["later"], json!([1]));

    let folder = tempfile::tempdir().unwrap();
    let rules = r#"{"headers":{"content-security-policy":"default-src 'none'"}}"#;
    let rules = file(folder.path(), "rules.json", rules);
    let moved = returned(
        &["--rules", &rules],
        &event("origin-request", "/a/index.html"),
    );
    assert_eq!(moved["status"], "301");
    assert_eq!(moved["headers"]["location"][0]["value"], "/a/");
    let policy = &moved["headers"]["content-security-policy"][0]["value"];
    assert_eq!(policy, "default-src 'none'");

    // As `build --objects` writes it.
    let objects =
        r#"{"a/index.html":{"content_type":"text/html","cache_control":"x","metadata":{}}}"#;
    let objects = file(folder.path(), "objects.json", objects);
    let mut missing = event("origin-response", "/a");
    missing["Records"][0]["cf"]["response"] = json!({"status": "404", "headers": {}});
    let reply = returned(&["--objects", &objects], &missing);
    assert_eq!(reply["status"], "301");
    assert_eq!(reply["headers"]["location"][0]["value"], "/a/");
    assert_eq!(returned(&[], &missing)["status"], "404");
}

#[test]
fn what_is_no_event_is_a_mistake_in_the_call() {
    let folder = tempfile::tempdir().unwrap();
    let broken = file(folder.path(), "broken.json", "{");
    let good = event("origin-request", "/").to_string();
    let other = event("viewer-request", "/").to_string();
    for (arguments, input, expected) in [
        (
            &[][..],
            "",
            "standard input: this is no Lambda@Edge event: EOF",
        ),
        (&[], "{}", "missing field `Records`"),
        (
            &[],
            &*other,
            "there is no function for viewer-request events",
        ),
        (&["--rules", &broken], &good, "broken.json: EOF"),
        (&["--objects", &broken], &good, "broken.json: EOF"),
        (
            &["--objects", "/nowhere.json"],
            &good,
            "/nowhere.json: No such file",
        ),
    ] {
        let output = edge(arguments, input);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(expected), "{said}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn what_cloudfront_would_refuse_fails() {
    let mut event = event("origin-response", "/");
    let headers = json!({"x-own": [{"key": "x-own", "value": "a\r\nb"}]});
    event["Records"][0]["cf"]["response"] = json!({"status": "200", "headers": headers});
    let output = edge(&[], &event.to_string());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("CloudFront would answer 502: the value of `x-own`"),
        "{said}"
    );
    assert!(output.stdout.is_empty());
}
