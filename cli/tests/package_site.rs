//! `quillfront package edge`: what is made of a site.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn package(root: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quillfront"))
        .arg("--root")
        .arg(root)
        .args(["package", "edge", "--site-only", "-o"])
        .arg(root.join("dist"))
        .args(arguments)
        .output()
        .unwrap()
}

fn site(own: &str) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(root.path().join(name), text).unwrap();
    for folder in ["content", "templates"] {
        fs::create_dir(root.path().join(folder)).unwrap();
    }
    write(
        "config.toml",
        "base_url = \"https://blog.example.org/a/\"\n",
    );
    write("quillfront.toml", own);
    write("templates/index.html", "<script>start()</script>");
    root
}

fn files(root: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(root.join("dist")).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_site_has_what_it_needs() {
    for (own, expected) in [
        ("", &["viewer-request-images.js"][..]),
        ("[security]\n", &["viewer-request-images.js"]),
        (
            "[edge]\ndomains = [\"www.example.org\"]\n",
            &["viewer-request-images.js", "viewer-request.js"],
        ),
        (
            "[security]\nedge = \"policy\"\n",
            &[
                "response-headers-policy.json",
                "viewer-request-images.js",
                "viewer-request.js",
            ],
        ),
    ] {
        let root = site(own);
        let output = package(root.path(), &[]);
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(
            files(root.path()).iter().collect::<Vec<_>>(),
            expected,
            "{own}"
        );
    }
}

#[test]
fn the_policy_is_the_same_from_the_rules_of_a_build() {
    let root = site("[security]\nedge = \"policy\"\n[edge]\ndomains = [\"www.example.org\"]\n");
    assert_eq!(package(root.path(), &[]).status.code(), Some(0));
    let read = |name: &str| fs::read_to_string(root.path().join("dist").join(name)).unwrap();
    let names = ["viewer-request.js", "response-headers-policy.json"];
    let first = names.map(read);
    let config: Value = serde_json::from_str(&first[1]).unwrap();
    assert_eq!(config["Name"], "quillfront-blog-example-org");
    let policy = &config["SecurityHeadersConfig"]["ContentSecurityPolicy"];
    let policy = policy["ContentSecurityPolicy"].as_str().unwrap();
    assert!(policy.contains("script-src 'sha256-"), "{policy}");
    assert!(first[0].contains("https://blog.example.org") && first[0].contains(policy));
    let rules = root.path().join("rules.json");
    let built = Command::new(env!("CARGO_BIN_EXE_quillfront"))
        .arg("--root")
        .arg(root.path())
        .args(["build", "--rules"])
        .arg(&rules)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", said(&built));
    fs::remove_dir_all(root.path().join("dist")).unwrap();
    let output = package(root.path(), &["--rules", rules.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(names.map(read), first);
}

#[test]
fn a_policy_that_is_too_long_is_an_error_and_written_all_the_same() {
    let root = site("[security]\nedge = \"policy\"\n");
    let scripts = (0..40).map(|number| format!("<script>s({number})</script>"));
    let text: String = scripts.collect();
    fs::write(root.path().join("templates/index.html"), text).unwrap();
    let output = package(root.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("CloudFront takes 1783"),
        "{}",
        said(&output)
    );
    assert!(files(root.path()).contains("response-headers-policy.json"));
}

#[test]
fn presets_that_are_too_long_for_a_function_are_an_error_that_says_so() {
    let presets = (0..64)
        .map(|number| format!("card-{number} = \"width=300,height=200,fit=cover,blur=3\"\n"));
    let root = site(&format!(
        "[images.presets]\n{}",
        presets.collect::<String>()
    ));
    let output = package(root.path(), &[]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    for told in [
        "where thumbnails are",
        "CloudFront takes 10240",
        "shorten [images.presets]",
    ] {
        assert!(said(&output).contains(told), "{}", said(&output));
    }
    assert!(files(root.path()).is_empty());
}

#[test]
fn without_a_site_nothing_is_known_of_it() {
    let root = tempfile::tempdir().unwrap();
    let output = package(root.path(), &[]);
    assert!(output.status.success() && said(&output).contains("there is no site here"));
    assert_eq!(files(root.path()).len(), 1);
    let broken = site("[security]\nedge = \"polcy\"\n");
    let output = package(broken.path(), &[]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("policy") && files(broken.path()).is_empty());
}
