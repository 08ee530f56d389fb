//! `quillfront check` as a person runs it.

// The command's own tests use the rest of it.
#[allow(dead_code)]
#[path = "../src/check/tests/server.rs"]
mod server;

use serde_json::Value;
use server::{Answer, Server};
use std::path::Path;
use std::process::{Command, Output};

fn write(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn quillfront(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quillfront"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("LC_ALL")
        .env_remove("LC_CTYPE")
        .env("LANG", "C")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

const CONFIG: &str = "base_url = \"https://example.org\"\n";

#[test]
fn links_to_elsewhere_are_tried_and_told_with_file_and_line() {
    let server = Server::start(|path, _| match path {
        "/good" => Answer::html("<h1 id=x>"),
        _ => Answer::status("404 Not Found", None),
    });
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let body = format!(
        "+++\ntitle = \"A\"\n+++\n[g]({}) [again]({})\n\n[b]({})\n",
        server.url("/good#x"),
        server.url("/good"),
        server.url("/gone")
    );
    write(root, &[("config.toml", CONFIG), ("content/a.md", &body)]);

    let output = quillfront(root, &["check", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let diagnostics = report["diagnostics"].as_array().unwrap();
    assert_eq!(diagnostics.len(), 1, "{report}");
    let told = &diagnostics[0];
    let wanted = format!("{}: 404 Not Found", server.url("/gone"));
    assert_eq!(told["message"], wanted.as_str());
    assert_eq!(
        (&told["code"], &told["file"], &told["line"]),
        (&"external-link".into(), &"content/a.md".into(), &6.into())
    );
    assert_eq!(server.asked("/good"), 1, "asked once for both uses");
    assert!(!root.join("public").exists(), "nothing is written");
    let text = said(&output);
    assert!(text.contains(" 6 | [b]("), "{text}");

    let skipped = quillfront(root, &["check", "--skip-external-links"]);
    assert_eq!(skipped.status.code(), Some(0), "{}", said(&skipped));
    assert_eq!(server.asked("/gone"), 1);

    let lenient = format!("{CONFIG}[link_checker]\nexternal_level = \"warn\"\n");
    write(root, &[("config.toml", &lenient)]);
    let warned = quillfront(root, &["check"]);
    assert_eq!(warned.status.code(), Some(0), "{}", said(&warned));
    assert!(said(&warned).contains("warning[external-link]"));
}

#[test]
fn all_mistakes_of_a_run_are_told_with_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let files = [
        ("config.toml", CONFIG),
        ("content/_index.md", "+++\nsort_bye = \"date\"\n+++\n"),
        ("content/a.md", "+++\ntitle = \"A\n+++\n"),
        (
            "content/b.md",
            "+++\ntitle = \"B\"\n+++\n\n[x](@/none.md)\n",
        ),
        (
            "content/c.md",
            "+++\ntitle = \"C\"\ntemplate = \"bad.html\"\n+++\n",
        ),
        (
            "content/d.md",
            "+++\ntitle = \"D\"\n+++\n\n{{ <Box /> }}\n\n[y](#none)\n",
        ),
        ("templates/bad.html", "one\n{{ page.titel }}\n"),
        ("templates/worse.html", "{% if x %}\n"),
        (
            "templates/box.html",
            "{% component Box() %}\n<div>\n\n1\n\n2\n</div>\n{% endcomponent %}\n",
        ),
    ];
    write(root, &files);
    let output = quillfront(root, &["check", "--json", "--skip-external-links"]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let told: Vec<(&str, u64)> = report["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["file"].as_str().unwrap(),
                one["line"].as_u64().unwrap_or(0),
            )
        })
        .collect();
    for wanted in [
        ("content/_index.md", 2),
        ("content/a.md", 2),
        ("content/b.md", 5),
        ("content/d.md", 7),
        ("templates/bad.html", 2),
        ("templates/worse.html", 1),
    ] {
        assert!(told.contains(&wanted), "{wanted:?} in {told:?}");
    }
    let text = said(&output);
    assert!(text.contains("\n 2 | {{ page.titel }}\n"), "{text}");
    assert!(text.contains("help: did you mean `title`?"), "{text}");
    assert!(text.is_ascii() && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_broken_configuration_does_not_hide_what_else_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(
        root,
        &[
            (
                "config.toml",
                "base_url = \"https://example.org\"\nbase_uri = 1\n",
            ),
            ("content/a.md", "no front matter\n"),
        ],
    );
    for command in ["build", "check"] {
        let output = quillfront(root, &[command, "--json"]);
        assert_eq!(output.status.code(), Some(1));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let files: Vec<&str> = report["diagnostics"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["file"].as_str().unwrap())
            .collect();
        assert_eq!(files, ["config.toml", "content/a.md"], "{command}");
    }
}

#[test]
fn the_site_is_found_from_a_folder_inside_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(
        root,
        &[("config.toml", CONFIG), ("content/blog/a.md", "+++\n+++\n")],
    );
    let output = quillfront(&root.join("content/blog"), &["check"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let empty = tempfile::tempdir().unwrap();
    let output = quillfront(empty.path(), &["check"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("quillfront init"));
}

#[test]
fn zolas_flags_without_a_meaning_here_tell_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    for (flag, way_out) in [
        ("--store-html", "quillfront build -o"),
        ("--fast", "leave out --fast"),
        ("--debounce=5", "leave out --debounce"),
    ] {
        let output = quillfront(folder.path(), &["serve", flag]);
        assert_eq!(output.status.code(), Some(2), "{flag}");
        assert!(said(&output).contains(way_out), "{}", said(&output));
    }
}
