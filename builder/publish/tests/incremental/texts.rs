//! An edit of a text alone: what cannot read it is not even asked, and what can is made again.

use crate::driver::{Outcome, Site};
use std::collections::BTreeMap;

/// What an edit of `blog/a.md` makes another: all that is made of a text.
const BEFORE: &str = "Old.\n\n<!-- more -->\n\nRest.\n\n## Head\n";
const AFTER: &str =
    "New words, [a link](@/blog/c.md).\n\n<!-- more -->\n\nMore of the rest.\n\n## Heading\n";

fn post(text: &str, day: u32) -> String {
    format!("+++\ntitle = \"T\"\ndate = 2025-01-0{day}\n[taxonomies]\ntags = [\"t\"]\n+++\n{text}")
}

/// A site in which `shown` is read of the pages of every kind of list and answer, `of` of which is
/// a template of one page `p`.
fn site(shown: &str) -> Site {
    let each = |list: &str| format!("{{% for p in {list} %}}{shown}{{% endfor %}}");
    let page = |set: &str| format!("{{% set p = {set} %}}{{% if p %}}{shown}{{% endif %}}");
    let probe =
        |template: &str| format!("+++\ntitle = \"P\"\ntemplate = \"{template}.html\"\n+++\n");
    let files = [
        (
            "config.toml",
            "base_url = \"https://example.org\"\ntaxonomies = [{ name = \"tags\", feed = true }]\n\
             generate_feeds = true\nfeed_limit = 2\n"
                .to_owned(),
        ),
        (
            "content/blog/_index.md",
            "+++\nsort_by = \"date\"\ngenerate_feeds = true\n+++\n".into(),
        ),
        (
            "content/paged/_index.md",
            "+++\nsort_by = \"date\"\npaginate_by = 1\ntemplate = \"paged.html\"\n+++\n".into(),
        ),
        ("content/blog/a.md", post(BEFORE, 3)),
        ("content/blog/b.md", post("B.\n", 2)),
        ("content/blog/c.md", post("C.\n", 1)),
        ("content/paged/a.md", post(BEFORE, 3)),
        ("content/paged/b.md", post("B.\n", 2)),
        ("content/one.md", probe("of-page")),
        ("content/two.md", probe("of-section")),
        ("content/three.md", probe("of-taxonomy")),
        ("content/four.md", probe("of-term")),
        ("content/five.md", probe("of-neighbour")),
        ("templates/index.html", "{{ section.title }}".into()),
        (
            "templates/page.html",
            format!(
                "{{{{ page.content | safe }}}}{}{}",
                page("page.lower"),
                page("page.higher")
            ),
        ),
        ("templates/section.html", each("section.pages")),
        ("templates/paged.html", each("paginator.pages")),
        ("templates/taxonomy_single.html", each("term.pages")),
        (
            "templates/taxonomy_list.html",
            format!("{{% for t in terms %}}{}{{% endfor %}}", each("t.pages")),
        ),
        (
            "templates/atom.xml",
            format!("{}{{{{ feed_url }}}}", each("pages")),
        ),
        ("templates/of-page.html", page("get_page(path='blog/a.md')")),
        (
            "templates/of-section.html",
            format!(
                "{{% set s = get_section(path='blog/_index.md') %}}{}",
                each("s.pages")
            ),
        ),
        (
            "templates/of-taxonomy.html",
            format!(
                "{{% set x = get_taxonomy(kind='tags') %}}{{% for t in x.items %}}{}{{% endfor %}}",
                each("t.pages")
            ),
        ),
        (
            "templates/of-term.html",
            format!(
                "{{% set t = get_taxonomy_term(kind='tags', term='t') %}}{}",
                each("t.pages")
            ),
        ),
        (
            "templates/of-neighbour.html",
            format!(
                "{{% set b = get_page(path='blog/b.md') %}}{}{}",
                page("b.lower"),
                page("b.higher")
            ),
        ),
    ];
    let files = files.map(|(key, text)| (key.to_owned(), text.into_bytes()));
    Site::of(files).unwrap()
}

/// Edits a text; the build compares what came out with a clean one.
fn edit(site: &mut Site, key: &str, text: &str, day: u32) -> Outcome {
    let bytes = Some(post(text, day).into_bytes());
    site.build(BTreeMap::from([(key.to_owned(), bytes)]))
        .unwrap()
}

/// The names of all fields that a page has in lists.
fn fields() -> Vec<String> {
    let site = site("{% for name, value in p %}{{ name }} {% endfor %}");
    let all = site.text("one/index.html").unwrap();
    all.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn every_field_that_a_text_makes_is_made_again_wherever_it_is_read() {
    let fields = fields();
    assert!(
        fields.len() > 25 && fields.contains(&"backlinks".to_owned()),
        "{fields:?}"
    );
    for name in fields {
        let mut site = site(&format!(
            "{{% if p.{name} %}}[{{{{ p.{name} }}}}]{{% endif %}}"
        ));
        edit(&mut site, "content/blog/a.md", AFTER, 3);
        edit(&mut site, "content/paged/a.md", AFTER, 3);
        edit(&mut site, "content/blog/a.md", BEFORE, 3);
    }
}

#[test]
fn what_reads_no_text_of_others_is_left_alone() {
    let mut site = site("{{ p.title }}{{ p.permalink }}{{ p.date }}");
    let rendered: Vec<String> = edit(&mut site, "content/blog/a.md", AFTER, 3)
        .rendered
        .into_iter()
        .collect();
    assert_eq!(rendered, ["blog/a/index.html"]);
}

#[test]
fn a_list_is_made_again_where_it_shows_the_page() {
    let mut site = site("{{ p.summary | default(value='') }}");
    let rendered: Vec<String> = edit(&mut site, "content/paged/b.md", "Other.\n", 2)
        .rendered
        .into_iter()
        .collect();
    // It has no summary: the lists would come out the same, and so would its neighbour.
    assert_eq!(rendered, ["paged/b/index.html"]);
    let rendered: Vec<String> = edit(&mut site, "content/paged/a.md", AFTER, 3)
        .rendered
        .into_iter()
        .collect();
    let is_made = |key: &str| rendered.iter().any(|made| made == key);
    assert!(
        is_made("paged/index.html") && is_made("three/index.html"),
        "{rendered:?}"
    );
    assert!(
        !is_made("paged/page/2/index.html") && !is_made("blog/index.html"),
        "{rendered:?}"
    );
}
