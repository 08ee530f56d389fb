//! `quillfront explain` and `quillfront plan` as a person runs them, over a `serve`.

mod serving;

use serde_json::Value;
use serving::{Serve, quillfront, said, write};
use std::process::Output;

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

fn json(output: &Output) -> Value {
    assert!(output.status.code() <= Some(1), "{}", said(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_site_is_explained_and_an_edit_is_planned() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, &SITE);
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

#[test]
fn what_is_not_published_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, &SITE);
    let draft = "+++\ntitle = \"D\"\ndraft = true\n+++\n";
    let held = "+++\ntitle = \"H\"\ndate = 2999-01-02\n+++\n";
    let more = [
        ("content/d.md", draft),
        ("content/h.md", held),
        ("content/bad.md", "+++\ntitle =\n+++\n"),
        (
            "content/fails.md",
            "+++\ntitle = \"F\"\n+++\n[x](@/none.md)\n",
        ),
        ("quillfront.toml", "[publishing]\nfuture = \"hold\"\n"),
    ];
    write(root, &more);
    let mut serve = Serve::start(root, &["--no-watch"]);
    while serve.line()["counts"]["uploaded"] == 0 {}
    for (subject, why) in [
        ("content/d.md", "it is a draft"),
        ("/d/", "it is a draft"),
        ("content/h.md", "it is held until 2999-01-02"),
        ("/h/", "it is held until 2999-01-02"),
        ("content/bad.md", "content/bad.md:2: "),
        ("/bad/", "nothing from it is published"),
        ("content/fails.md", "no page for the link `@/none.md`"),
        ("/fails/", "nothing from it is published"),
    ] {
        let shown = said(&quillfront(root, &["explain", subject]));
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        let told = shown.contains("not published: ") && shown.contains(why);
        assert!(told, "{subject}: {shown}");
        let explained = json(&quillfront(root, &["explain", subject, "--json"]));
        assert!(explained["missing"].is_array(), "{explained}");
    }
    for there in ["content/a.md", "/a/", "static/site.css"] {
        let explained = json(&quillfront(root, &["explain", there, "--json"]));
        assert!(explained["missing"].is_null(), "{explained}");
    }

    // The plan of a good edit is good, whatever else is wrong.
    write(
        root,
        &[("content/a.md", "+++\ntitle = \"A\"\n+++\nNew words.\n")],
    );
    let good = quillfront(root, &["plan", "content/a.md"]);
    assert_eq!(good.status.code(), Some(0), "{}", said(&good));
    assert!(said(&good).contains("earlier problem"), "{}", said(&good));
    assert!(!said(&good).contains("none.md"), "{}", said(&good));
    // That of a file with a mistake is not, though the mistake is old.
    let old = quillfront(root, &["plan", "content/fails.md"]);
    assert_eq!(old.status.code(), Some(1), "{}", said(&old));
    // Nor is one that breaks another page.
    write(
        root,
        &[("content/b.md", "+++\ntitle = \"B\"\n+++\n[a](@/a.md)\n")],
    );
    std::fs::remove_file(root.join("content/a.md")).unwrap();
    let breaks = quillfront(root, &["plan", "content/a.md", "content/b.md"]);
    assert_eq!(breaks.status.code(), Some(1), "{}", said(&breaks));
}
