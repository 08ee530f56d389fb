//! What makes no page, or hides one, and what others are told and shown of it: each build after an
//! edit is as one from nothing.

use crate::driver::{Outcome, Seen, Site};

const PAGE: &str =
    "<!doctype html><html><head></head><body>{{ page.content | safe }}</body></html>";

fn site(more: &[(&str, &str)]) -> Site {
    let files = [
        ("config.toml", "base_url = \"https://example.org\"\n"),
        ("content/_index.md", "+++\n+++\n"),
        ("content/a.md", "+++\n+++\nText of a.\n"),
        ("templates/index.html", "home"),
        ("templates/page.html", PAGE),
    ];
    let files = files.iter().chain(more);
    let files = files.map(|(key, text)| ((*key).to_owned(), text.as_bytes().to_vec()));
    let files: std::collections::BTreeMap<_, _> = files.collect();
    Site::of(files).unwrap()
}

fn put(site: &mut Site, key: &str, text: Option<&str>) -> Outcome {
    let text = text.map(|text| text.as_bytes().to_vec());
    site.build(Seen::from([(key.to_owned(), text)])).unwrap()
}

fn told(outcome: &Outcome) -> String {
    let told: Vec<String> = outcome.told.iter().map(ToString::to_string).collect();
    told.join("\n")
}

#[test]
fn a_page_is_hidden_and_shown_again() {
    let mut site = site(&[]);
    let robots = |site: &Site| site.text("a/index.html").unwrap().contains("noindex");
    let listed = |site: &Site| site.text("sitemap.xml").unwrap().contains("/a/");
    assert!(!robots(&site) && listed(&site));
    for _ in 0..2 {
        put(
            &mut site,
            "content/a.md",
            Some("+++\nhidden = true\n+++\nText of a.\n"),
        );
        assert!(robots(&site) && !listed(&site));
        put(&mut site, "content/a.md", Some("+++\n+++\nText of a.\n"));
        assert!(!robots(&site) && listed(&site));
    }
}

#[test]
fn a_link_to_a_draft_is_told_as_one_until_it_is_published_or_gone() {
    for level in ["error", "warn"] {
        let config = format!(
            "base_url = \"https://example.org\"\n[link_checker]\ninternal_level = \"{level}\"\n"
        );
        let draft = "+++\ndraft = true\n+++\n";
        let link = "+++\n+++\n[d](@/d/index.md) [p](@/d/p.png)\n";
        let mut site = site(&[
            ("config.toml", &config),
            ("content/d/index.md", draft),
            ("content/d/p.png", "png"),
            ("content/a.md", link),
        ]);
        let touch = |site: &mut Site, words: &str| told(&put(site, "content/b.md", Some(words)));
        let is_draft = |told: &str| told.matches("yet: it is a draft").count() == 2;
        let first = touch(&mut site, "+++\n+++\n1");
        assert!(is_draft(&first), "{level}: {first}");
        let published = told(&put(&mut site, "content/d/index.md", Some("+++\n+++\n")));
        assert!(!published.contains("internal-link"), "{level}: {published}");
        let again = told(&put(&mut site, "content/d/index.md", Some(draft)));
        assert!(is_draft(&again), "{level}: {again}");
        let gone = told(&put(&mut site, "content/d/index.md", None));
        assert!(
            gone.contains("internal-link") && !gone.contains("draft"),
            "{level}: {gone}"
        );
        let later = touch(&mut site, "+++\n+++\n2");
        assert_eq!(later, gone, "{level}");
    }
}

#[test]
fn neither_a_page_without_a_slug_nor_an_undeclared_language_takes_a_place() {
    let mut site = site(&[]);
    for (key, code) in [
        ("content/---.md", "slug"),
        ("content/_index.de.md", "language"),
    ] {
        let outcome = put(&mut site, key, Some("+++\ntitle = \"x\"\n+++\n"));
        assert!(
            told(&outcome).contains(&format!("error[{code}] {key}")),
            "{}",
            told(&outcome)
        );
        assert!(
            outcome.put.is_empty() && outcome.deleted.is_empty(),
            "{outcome:?}"
        );
        assert_eq!(site.text("index.html").as_deref(), Some("home"));
        put(&mut site, key, None);
    }
}
