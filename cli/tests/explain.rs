//! `quillfront explain` and `quillfront plan` as a person runs them, over a `serve`.

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

const SITE: [(&str, &str); 7] = [
    (
        "config.toml",
        "base_url = \"https://example.org\"\ntitle = \"Blog\"\n",
    ),
    ("content/_index.md", "+++\ntitle = \"Home\"\n+++\n"),
    ("content/a.md", "+++\ntitle = \"A\"\n+++\nOld words.\n"),
    ("content/b.md", "+++\ntitle = \"B\"\n+++\n"),
    ("templates/index.html", "{{ section.title }}"),
    (
        "templates/page.html",
        "{% set home = get_section(path=\"_index.md\") %}\
         {% for p in home.pages %}{{ p.title }}{% endfor %}{{ page.content | safe }}",
    ),
    ("static/site.css", "body {}"),
];

/// A `serve` that ends with the test.
struct Serve {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Serve {
    fn start(root: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_quillfront"))
            .args([
                "serve",
                "--http",
                "127.0.0.1:0",
                "--s3",
                "127.0.0.1:0",
                "-u",
                "https://example.org",
                "--json",
            ])
            .args(more)
            .current_dir(root)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        let mut serve = Self { child, lines };
        assert!(serve.line()["site_bucket"].is_string());
        serve
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn quillfront(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quillfront"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.code() <= Some(1), "{}", said(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_site_is_explained_and_an_edit_is_planned() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for (name, text) in SITE {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    // So that edits are not taken up by themselves.
    let mut serve = Serve::start(root, &["--no-watch"]);
    while serve.line()["counts"]["uploaded"] == 0 {}

    let page = json(&quillfront(root, &["explain", "/a/", "--json"]));
    assert_eq!(page["subject"], "a/index.html");
    let reads = page["reads"].as_array().unwrap();
    let read = |question: &str| reads.iter().find(|read| read["question"] == question);
    let list = read("section _index.md (en): pages (title)").unwrap();
    assert_eq!(list["fingerprint"].as_str().unwrap().len(), 16);
    assert_eq!(page["last"]["action"], "uploaded");
    // A file may be named from the folder that it is in.
    let inside = root.join("content");
    let file = json(&quillfront(&inside, &["explain", "./b.md", "--json"]));
    assert_eq!(file["subject"], "content/b.md");
    let readers = file["read_by"].as_array().unwrap();
    assert!(readers.contains(&"a/index.html".into()), "{file}");
    assert!(!readers.contains(&"index.html".into()), "{file}");
    let shown = quillfront(root, &["explain", "/a/"]);
    assert!(
        shown.stdout.is_empty() && said(&shown).contains("content/b.md: title"),
        "{}",
        said(&shown)
    );
    let dot = quillfront(root, &["explain", "--dot"]);
    let dot = String::from_utf8(dot.stdout).unwrap();
    assert!(
        dot.contains("\"content/b.md\" -> \"/a/index.html\" [label=\"title\"]"),
        "{dot}"
    );
    for wrong in [
        &["explain"][..],
        &["explain", "/none/"],
        &["plan"],
        &["plan", "nowhere.toml"],
    ] {
        let output = quillfront(root, wrong);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{wrong:?}: {}",
            said(&output)
        );
    }

    std::fs::write(
        root.join("content/a.md"),
        "+++\ntitle = \"A\"\n+++\nNew words.\n",
    )
    .unwrap();
    let output = quillfront(root, &["plan", "content/a.md", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let plan = json(&output);
    assert_eq!(plan["counts"]["uploaded"], 1, "{plan}");
    let difference = &plan["outputs"][0]["difference"]["lines"];
    let lines: Vec<&str> = difference
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(
        lines
            .iter()
            .any(|line| line.starts_with('+') && line.contains("New words.")),
        "{lines:?}"
    );
    assert!(plan["dollars"]["requests"].as_f64().unwrap() > 0.0);
    let shown = said(&quillfront(root, &["plan", "content/a.md"]));
    for told in [
        "1 uploaded",
        "content of content/a.md changed",
        "New words.",
        "an estimate",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(!shown.contains('\u{1b}'), "{shown:?}");

    std::fs::write(root.join("content/a.md"), "+++\ntitle =\n+++\n").unwrap();
    let broken = quillfront(root, &["plan", "content/a.md"]);
    assert_eq!(broken.status.code(), Some(1));
    assert!(
        said(&broken).contains("content/a.md:2"),
        "{}",
        said(&broken)
    );
    std::fs::remove_file(root.join("content/b.md")).unwrap();
    let gone = json(&quillfront(root, &["plan", "content/b.md", "--json"]));
    assert_eq!(gone["counts"]["deleted"], 1, "{gone}");
    // Nothing of that came to pass.
    let page = json(&quillfront(root, &["explain", "/b/", "--json"]));
    assert!(!page["reads"].as_array().unwrap().is_empty(), "{page}");
}
