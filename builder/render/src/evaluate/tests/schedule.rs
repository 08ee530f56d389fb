//! Posts that are not due yet.

use super::super::{Evaluation, Options, PreparedSite};
use super::{CONFIG, LIST, PAGE, page, text, told, tree};
use crate::effective::{self, SourceObservation};
use crate::render::world::{Listing, Settings};
use quillfront_site::source::Sources;
use std::sync::Arc;

#[test]
fn a_held_page_is_nowhere_and_who_asks_for_it_is_told_until_when() {
    let config = "base_url = \"https://example.org\"\ngenerate_feeds = true\ntaxonomies = [{ name = \"tags\" }]";
    let held = page(
        "title = \"later\"\ndate = 2030-01-01\ntaxonomies.tags = [\"x\"]\naliases = [\"old\"]",
    );
    let mut files = vec![
        ("config.toml", config),
        LIST,
        PAGE,
        ("content/a/_index.md", "+++\nsort_by = \"date\"\n+++\n"),
        ("content/a/h/index.md", held.as_str()),
        ("content/a/h/cat.jpg", "x"),
        (
            "content/a/draft.md",
            "+++\ndraft = true\ndate = 2030-01-01\n+++\n",
        ),
        (
            "content/a/2031-05-06-named.md",
            "+++\ntitle = \"named\"\n+++\n",
        ),
        (
            "content/a/now.md",
            "+++\ntitle = \"now\"\ndate = 1970-01-01\n+++\n",
        ),
    ];
    assert!(
        tree(&files).objects.contains_key("a/h/index.html"),
        "without the file: as in Zola"
    );
    files.push(("quillfront.toml", "[publishing]\nfuture = \"hold\""));
    let site = tree(&files);
    let about_it = |key: &&str| {
        key.contains("/h/")
            || key.contains("tags/x")
            || key.contains("old")
            || key.contains("named")
    };
    let found: Vec<&str> = site
        .objects
        .keys()
        .map(|key| key.as_str())
        .filter(about_it)
        .collect();
    assert_eq!(found, [""; 0]);
    assert!(text(&site, "a/index.html").starts_with("now[]"));
    for key in ["atom.xml", "sitemap.xml"] {
        assert!(!text(&site, key).contains("later"), "{key}");
    }
    assert_eq!(
        told(&site)
            .lines()
            .filter(|line| line.contains("held"))
            .collect::<Vec<_>>(),
        [
            "warning[scheduled] content/a/2031-05-06-named.md: held until 2031-05-06T00:00:00+00:00",
            "warning[scheduled] content/a/h/index.md: held until 2030-01-01T00:00:00+00:00",
        ]
    );
    let next = site.next_due.unwrap();
    assert_eq!(
        (next.at.to_string().as_str(), next.sources),
        (
            "2030-01-01T00:00:00Z",
            vec!["content/a/h/index.md".to_owned()]
        )
    );
    assert_eq!(site.now, jiff::Timestamp::UNIX_EPOCH);

    for (body, part) in [
        (
            "[x](@/a/h/index.md)",
            "content/b.md:3:1: there is no page for the link `@/a/h/index.md` yet: it is held until 2030-01-01",
        ),
        (
            "![x](@/a/h/cat.jpg)",
            "`@/a/h/cat.jpg` yet: it is held until 2030-01-01",
        ),
        (
            "{{ get_url(path='@/a/h/index.md') }}",
            "content/a/h/index.md is held until 2030-01-01",
        ),
    ] {
        let linking = format!("+++\n+++\n{body}");
        let mut files = files.clone();
        files.push(("content/b.md", &linking));
        let told = told(&tree(&files));
        assert!(told.contains(part), "{body}: {told}");
    }
    let ask = "{{ get_page(path='a/h/index.md', allow_missing=true) is none }} {{ get_page(path='a/h/index.md') }}";
    files.push(("templates/index.html", ask));
    let told = told(&tree(&files));
    assert!(
        told.contains("content/a/h/index.md is held until 2030-01-01"),
        "{told}"
    );
}

#[test]
fn what_is_due_moves_now_on_to_its_time() {
    let mut sources = Sources::default();
    for (key, text) in [
        CONFIG,
        ("quillfront.toml", "[publishing]\nfuture = \"hold\""),
        ("content/a.md", "+++\ndate = 2026-01-02T09:00:00Z\n+++\n"),
        ("content/b.md", "+++\ndate = 2026-01-02T14:30:00Z\n+++\n"),
        ("content/c.md", "+++\ndate = 2026-01-02T14:30:01Z\n+++\n"),
    ] {
        let observed = SourceObservation::Text {
            version: "1".into(),
            size: text.len() as u64,
            bytes: Some(text.as_bytes().to_vec()),
        };
        effective::observe(&mut sources, &key.into(), observed);
    }
    let sources = Arc::new(sources);
    let made = |now: &str, up_to: &str| {
        let settings = Settings {
            mode: "build",
            base_url: None,
            drafts: false,
            minify: false,
            now: now.parse().unwrap(),
            listing: Listing::All,
            all_accepted: false,
        };
        let site = PreparedSite::up_to(sources.clone(), settings, up_to.parse().unwrap()).unwrap();
        let mut evaluation: Evaluation = site.evaluate(Options::default());
        assert!(evaluation.step(|_, object| object).is_empty());
        let tree = evaluation.finish();
        let pages = ["a", "b", "c"].iter().filter(|name| {
            tree.objects
                .contains_key(format!("{name}/index.html").as_str())
        });
        (tree.now.to_string(), pages.copied().collect::<String>())
    };
    let day = "2026-01-02T00:00:00Z";
    assert_eq!(made(day, day), (day.into(), String::new()));
    assert_eq!(
        made(day, "2026-01-02T14:29:59.9Z"),
        ("2026-01-02T09:00:00Z".into(), "a".into())
    );
    assert_eq!(
        made(day, "2026-01-02T14:30:00.5Z"),
        ("2026-01-02T14:30:00Z".into(), "ab".into())
    );
    assert_eq!(
        made("2026-01-03T00:00:00Z", "2026-01-03T01:00:00Z"),
        ("2026-01-03T00:00:00Z".into(), "abc".into())
    );
    // A clean build with that `now` is the same.
    assert_eq!(made("2026-01-02T14:30:00Z", "2026-01-02T14:30:00Z").1, "ab");
}
