//! Feeds and sitemaps are well-formed XML, whatever stands in titles, bodies and paths.

use super::tests::{text, tree};
use proptest::prelude::*;
use roxmltree::Document;

const CONFIG: &str = "generate_feeds = true\nfeed_filenames = [\"atom.xml\", \"rss.xml\"]\n\
                      slugify.paths = \"off\"\ntaxonomies = [{ name = \"tags\", feed = true }]\n";
const PAGE: &str = "{{ page.content | safe }}";

fn feeds_of(title: &str, path: &str, body: &str) -> Vec<String> {
    let quoted = |text: &str| {
        serde_json::to_string(text)
            .unwrap()
            .replace('\u{7f}', "\\u007F")
    };
    let title = quoted(title);
    let config = format!(
        "base_url = \"https://example.org\"\ntitle = {title}\ndescription = {title}\nauthor = {title}\n{CONFIG}"
    );
    let page = format!(
        "+++\ntitle = {title}\ndate = 2024-01-02\nauthors = [{title}]\npath = {}\n[taxonomies]\ntags = [\"t\"]\n+++\n{body}",
        quoted(path)
    );
    let terms = "{% for t in terms %}{{ t.name }}{% endfor %}";
    let site = tree(&[
        ("config.toml", &config),
        ("templates/page.html", PAGE),
        ("templates/index.html", "home"),
        ("templates/taxonomy_list.html", terms),
        ("templates/taxonomy_single.html", "{{ term.name }}"),
        ("content/a.md", &page),
    ]);
    let keys = [
        "atom.xml",
        "rss.xml",
        "tags/t/atom.xml",
        "tags/t/rss.xml",
        "sitemap.xml",
    ];
    keys.iter().map(|key| text(&site, key)).collect()
}

#[test]
fn a_title_that_xml_cannot_carry_costs_nothing_but_itself() {
    let feeds = feeds_of(
        "a\u{0}\u{8}<b>&\"']]>\u{ffff}\u{fffe}é",
        "a&b/\"c'<d>",
        "&amp; <!-- x --> ]]> \u{b} {#",
    );
    for feed in &feeds {
        Document::parse(feed).unwrap_or_else(|error| panic!("{error}: {feed}"));
    }
    let atom = Document::parse(&feeds[0]).unwrap();
    let titles = atom.descendants().filter(|node| node.has_tag_name("title"));
    let titles: Vec<_> = titles.filter_map(|node| node.text()).collect();
    assert_eq!(titles[0], "a<b>&\"']]>é");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_title_gives_feeds_that_parse(
        title in any::<String>(),
        path in "p[a-c/&<>'\"%# é]{0,12}",
        body in "[a-c<>&\"'\\]\\[!* \n\u{0}-\u{8}é#`-]{0,60}",
    ) {
        prop_assume!(path.split('/').all(|part| !part.is_empty()));
        for feed in feeds_of(&title, &path, &body) {
            let parsed = Document::parse(&feed);
            prop_assert!(parsed.is_ok(), "{:?}: {feed}", parsed.err());
        }
    }
}
