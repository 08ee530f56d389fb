//! Terms and the sitemap.

use super::{CONFIG, LIST, PAGE, page, text, tree};

#[test]
fn spellings_with_one_slug_are_one_term_called_by_the_first_of_them() {
    let config = "base_url = \"https://example.org\"\ntaxonomies = [{ name = \"Big Tags\" }]";
    let list = "{% set t = get_taxonomy(kind=\"big-tags\") %}{% set items = t.items %}\
                {% for one in items %}{{ one.name }} {{ one.page_count }};{% endfor %}";
    let site = tree(&[
        ("config.toml", config),
        PAGE,
        ("templates/index.html", list),
        ("templates/taxonomy_list.html", ""),
        ("templates/taxonomy_single.html", ""),
        (
            "content/a.md",
            &page("taxonomies.\"Big Tags\" = [\"bees\", \"Bees\"]"),
        ),
        (
            "content/b.md",
            &page("taxonomies.\"Big Tags\" = [\"bees\"]"),
        ),
    ]);
    assert_eq!(text(&site, "index.html"), "Bees 2;");
}

#[test]
fn the_sitemap_has_sections_that_redirect_but_none_that_are_not_rendered() {
    let own = "{% for e in entries %}{{ e.permalink }}{% if e.extra %}!{{ e.extra.rank }}{% endif %} {% endfor %}";
    let site = tree(&[
        CONFIG,
        LIST,
        ("templates/sitemap.xml", own),
        (
            "content/moved/_index.md",
            &page("redirect_to = \"b\"\npaginate_by = 1\nextra.rank = 3"),
        ),
        ("content/off/_index.md", &page("render = false")),
    ]);
    assert_eq!(
        text(&site, "sitemap.xml").trim(),
        "https://example.org/ https://example.org/moved/!3"
    );
}

#[test]
fn the_sitemap_has_no_pager_of_an_empty_section() {
    let own = "{% for e in entries %}{{ e.permalink }} {% endfor %}";
    let by_one = page("paginate_by = 1");
    let site = tree(&[
        CONFIG,
        ("templates/sitemap.xml", own),
        ("content/a/_index.md", &by_one),
        ("content/b/_index.md", &by_one),
        ("content/b/p.md", &page("")),
    ]);
    assert_eq!(
        text(&site, "sitemap.xml").trim(),
        "https://example.org/ https://example.org/a/ https://example.org/b/ \
         https://example.org/b/p/ https://example.org/b/page/1/"
    );
}

#[test]
fn of_equal_dates_a_feed_tells_that_of_the_oldest_page() {
    let config = "base_url = \"https://example.org\"\ngenerate_feeds = true";
    let site = tree(&[
        ("config.toml", config),
        PAGE,
        LIST,
        ("templates/atom.xml", "{{ last_updated }}"),
        // In the order of their keys the newer one comes last.
        (
            "content/a.md",
            &page("date = 2020-01-01\nupdated = 2024-05-01"),
        ),
        (
            "content/b.md",
            &page("date = 2021-01-01\nupdated = 2024-05-01T00:00:00Z"),
        ),
    ]);
    assert_eq!(text(&site, "atom.xml"), "2024-05-01");
}
