//! Who makes which path.

use super::super::Tree;
use super::{CONFIG, PAGE, page, text, told, tree};
use quillfront_site::diagnostic::Severity;

#[test]
fn two_makers_of_one_path_are_told_with_the_path_and_the_page_wins() {
    let site = tree(&[
        CONFIG,
        PAGE,
        ("content/first.md", &page("path = \"kites/red\"")),
        (
            "content/second.md",
            &page("slug = \"s\"\naliases = [\"kites/red\"]"),
        ),
    ]);
    let told = site
        .diagnostics
        .iter()
        .find(|problem| problem.code == "collision")
        .unwrap();
    assert_eq!(told.file, "content/second.md");
    assert_eq!(
        told.message,
        "`/kites/red/` is already generated from content/first.md"
    );
    assert_eq!(
        site.plan["kites/red/index.html"].source.as_str(),
        "content/first.md"
    );
}

#[test]
fn a_static_file_replaces_a_page_unless_it_is_told_to_yield() {
    let files = [
        ("config.toml", "base_url = \"https://example.org\""),
        ("content/hive.md", "+++\ntitle = \"Hive\"\n+++\n"),
        ("templates/page.html", "the page"),
        ("static/hive/index.html", "the file"),
    ];
    let told = |site: &Tree| -> Vec<(Severity, String)> {
        let collisions = site.diagnostics.iter();
        collisions
            .filter(|problem| problem.code == "collision")
            .map(|problem| (problem.severity, problem.file.clone()))
            .collect()
    };
    let as_in_zola = tree(&files);
    assert_eq!(
        text(&as_in_zola, "hive/index.html"),
        "copy of static/hive/index.html"
    );
    assert_eq!(
        told(&as_in_zola),
        [(Severity::Warning, "content/hive.md".to_owned())]
    );
    let own = ("quillfront.toml", "[publishing]\nstatic_files = \"yield\"");
    let by_rank = tree(&[files[0], files[1], files[2], files[3], own]);
    assert_eq!(text(&by_rank, "hive/index.html"), "the page");
    assert_eq!(
        told(&by_rank),
        [(Severity::Error, "static/hive/index.html".to_owned())]
    );
}

#[test]
fn what_a_source_wants_twice_is_no_collision() {
    let site = tree(&[
        CONFIG,
        PAGE,
        (
            "content/a/index.md",
            &page("aliases = [\"a\", \"x\", \"/x/\"]"),
        ),
        ("content/a/b/index.md", &page("")),
        ("content/a/b/cat.txt", "cat"),
        (
            "content/c/_index.md",
            &page("aliases = [\"c\"]\nredirect_to = \"a\""),
        ),
    ]);
    assert_eq!(told(&site), "");
    assert!(text(&site, "x/index.html").contains("https://example.org/a/"));
    assert!(!text(&site, "a/index.html").contains("https://example.org/a/"));
    assert_eq!(text(&site, "a/b/cat.txt"), "copy of content/a/b/cat.txt");
    assert!(text(&site, "c/index.html").contains("https://example.org/a"));
}

#[test]
fn files_beside_a_page_are_published_but_for_leftovers_and_those_without_extension() {
    let site = tree(&[
        CONFIG,
        PAGE,
        ("content/a/index.md", "+++\n+++\n"),
        ("content/a/b.txt", "x"),
        ("content/a/LICENSE", "x"),
        ("content/a/c.swp", "x"),
    ]);
    let below: Vec<&str> = site
        .objects
        .keys()
        .map(|key| key.as_str())
        .filter(|key| key.starts_with("a/"))
        .collect();
    assert_eq!(below, ["a/b.txt", "a/index.html"]);
}
