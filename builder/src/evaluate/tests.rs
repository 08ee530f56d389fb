//! Small sites, from their files to their tree.

use super::{Evaluation, Tree};
use crate::key::SourceKey;
use crate::object::Body;
use crate::render::world::Settings;
use crate::source::{Observed, Sources};
use std::sync::Arc;

const CONFIG: (&str, &str) = ("config.toml", "base_url = \"https://example.org\"\n");
const LIST: (&str, &str) = (
    "templates/section.html",
    "{% for p in section.pages %}{{ p.title }}[{% if p.lower %}{{ p.lower.title }}{% endif %}] {% endfor %}\
     | {{ section.subsections | join(sep=\",\") }} | {{ section.ancestors | join(sep=\",\") }}",
);
const PAGE: (&str, &str) = ("templates/page.html", "{{ page.content | safe }}");
const INDEX: (&str, &str) = ("templates/index.html", "home");

pub(super) fn tree(files: &[(&str, &str)]) -> Tree {
    let mut sources = Sources::default();
    for (key, text) in files {
        let key = SourceKey::from(*key);
        let (version, size) = ("1".to_owned(), text.len() as u64);
        let observed = if key.is_text() {
            Observed::Text {
                version,
                size,
                bytes: Some(text.as_bytes().to_vec()),
            }
        } else {
            Observed::Opaque { version, size }
        };
        sources.observe(&key, observed);
    }
    let settings = Settings {
        mode: "build",
        base_url: None,
        drafts: false,
        minify: false,
        now: jiff::Timestamp::UNIX_EPOCH,
        listing_is_complete: true,
    };
    let mut evaluation = Evaluation::new(Arc::new(sources), settings).unwrap();
    assert!(evaluation.step().is_empty());
    evaluation.finish()
}

pub(super) fn text(tree: &Tree, key: &str) -> String {
    let object = tree.objects.get(key);
    let object = object.unwrap_or_else(|| panic!("no {key}: {:?}", tree.diagnostics));
    match &object.body {
        Body::Bytes(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        Body::Copy { source, .. } => format!("copy of {source}"),
    }
}

fn page(front: &str) -> String {
    format!("+++\n{front}\n+++\n")
}

#[test]
fn a_body_begins_after_the_front_matter_whatever_stands_before_or_ends_it() {
    let bom = "\u{feff}+++\r\ntitle = \"a\"\r\n+++\r\nbody\r\n";
    let site = tree(&[
        CONFIG,
        PAGE,
        ("content/a.md", bom),
        ("content/b.md", "+++\n+++"),
    ]);
    assert_eq!(text(&site, "a/index.html").trim(), "<p>body</p>");
    assert_eq!(text(&site, "b/index.html").trim(), "");
}

#[test]
fn a_section_lists_the_sections_right_below_it_but_any_above_is_an_ancestor() {
    let far = page("title = \"far\"");
    let site = tree(&[
        CONFIG,
        LIST,
        INDEX,
        ("content/a/_index.md", &page("")),
        ("content/a/b/_index.md", &page("weight = 2")),
        ("content/a/c/_index.md", &page("weight = 1")),
        ("content/a/none/d/_index.md", &far),
    ]);
    assert_eq!(
        text(&site, "a/index.html").trim(),
        "| a/c/_index.md,a/b/_index.md | _index.md"
    );
    assert_eq!(
        text(&site, "a/none/d/index.html").trim(),
        "|  | _index.md,a/_index.md"
    );
}

#[test]
fn pages_of_a_list_know_their_neighbours_and_transparent_sections_give_theirs_away() {
    let by_weight = page("sort_by = \"weight\"");
    let site = tree(&[
        CONFIG,
        LIST,
        PAGE,
        ("content/a/_index.md", &by_weight),
        ("content/a/one.md", &page("title = \"one\"\nweight = 1")),
        ("content/a/t/_index.md", &page("transparent = true")),
        ("content/a/t/two.md", &page("title = \"two\"\nweight = 2")),
    ]);
    assert!(text(&site, "a/index.html").starts_with("one[] two[one] |"));
}

#[test]
fn a_hidden_page_is_rendered_and_in_no_list() {
    let config = "base_url = \"https://example.org\"\ngenerate_feeds = true\ntaxonomies = [{ name = \"tags\" }]";
    let hidden =
        page("title = \"secret\"\nhidden = true\ndate = 2024-01-01\ntaxonomies.tags = [\"x\"]");
    let site = tree(&[
        ("config.toml", config),
        LIST,
        PAGE,
        ("content/a/_index.md", &page("")),
        ("content/a/h.md", &hidden),
    ]);
    assert!(site.objects.contains_key("a/h/index.html"));
    assert!(text(&site, "a/index.html").starts_with('|'));
    for key in ["atom.xml", "tags/index.html", "tags/x/index.html"] {
        assert!(!site.objects.contains_key(key), "{key}");
    }
}

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
        "`/kites/red/` is already made by content/first.md"
    );
    assert_eq!(
        site.plan["kites/red/index.html"].source.as_str(),
        "content/first.md"
    );
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
fn links_back_come_from_pages_sections_and_the_page_itself_by_permalink() {
    let back = "{% for b in page.backlinks %}{{ b.permalink }} {% endfor %}";
    let site = tree(&[
        CONFIG,
        INDEX,
        ("templates/page.html", back),
        ("content/_index.md", "+++\n+++\n[b](@/b.md)"),
        ("content/a.md", "+++\n+++\n[b](@/b.md)"),
        ("content/b.md", "+++\n+++\n# Here\n[up](#here)"),
    ]);
    let expected = "https://example.org/ https://example.org/a/ https://example.org/b/";
    assert_eq!(text(&site, "b/index.html").trim(), expected);
}

#[test]
fn translations_count_the_page_itself_and_functions_follow_the_language_of_the_page() {
    let config = "base_url = \"https://example.org\"\n[languages.ar]\n";
    let own = "{{ page.translations | length }} {{ text_direction() }} {{ get_url(path=\"@/b.md\") }} \
               {{ get_page(path=\"c.md\", lang=\"ar\", allow_missing=true) is none }}";
    let site = tree(&[
        ("config.toml", config),
        INDEX,
        ("templates/page.html", own),
        ("content/b.md", &page("")),
        ("content/b.ar.md", &page("")),
        ("content/c.md", &page("")),
    ]);
    assert_eq!(
        text(&site, "ar/b/index.html"),
        "2 rtl https://example.org/ar/b/ true"
    );
    assert_eq!(
        text(&site, "c/index.html"),
        "1 ltr https://example.org/b/ true"
    );
}

#[test]
fn chance_follows_from_the_output_alone() {
    let own = "{{ get_random(end=1000000) }} {{ get_random(end=1000000) }}";
    let files = [
        CONFIG,
        ("templates/page.html", own),
        ("content/a.md", "+++\n+++\n"),
        ("content/b.md", "+++\n+++\n"),
    ];
    let (once, again) = (tree(&files), tree(&files));
    let a = text(&once, "a/index.html");
    assert_eq!(a, text(&again, "a/index.html"));
    assert_ne!(a, text(&once, "b/index.html"));
    let (first, second) = a.split_once(' ').unwrap();
    assert_ne!(first, second);
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

#[test]
fn a_theme_without_templates_is_an_error() {
    let config = "base_url = \"https://example.org\"\ntheme = \"barren\"\n";
    let site = tree(&[("config.toml", config), ("themes/barren/theme.toml", "")]);
    let told: Vec<&str> = site
        .diagnostics
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    assert_eq!(told, ["the theme `barren` has no templates/"]);
}

#[test]
fn a_page_that_would_not_end_fails_alone() {
    let loops = "+++\n+++\n\n{% for a in range(end=9999) %}{% for b in range(end=9999) %}\n{% endfor %}{% endfor %}";
    let site = tree(&[
        CONFIG,
        PAGE,
        INDEX,
        ("content/a.md", loops),
        (
            "content/b.md",
            "+++\n+++\n{% for i in range(end=3) %}{{ i }}{% endfor %}",
        ),
    ]);
    assert_eq!(text(&site, "b/index.html").trim(), "<p>012</p>");
    let problem = site
        .diagnostics
        .iter()
        .find(|found| found.is_error())
        .unwrap();
    assert_eq!(
        (problem.file.as_str(), problem.line),
        ("content/a.md", Some(4))
    );
    assert!(problem.message.contains("100000 steps"), "{problem}");
}

#[test]
fn a_site_that_is_minified_keeps_feeds_and_static_files_as_they_are() {
    let config = "base_url = \"https://example.org\"\nminify_html = true\n";
    let site = tree(&[
        ("config.toml", config),
        ("templates/page.html", "<p>  a   b  </p>\n<!-- c -->"),
        INDEX,
        ("templates/robots.txt", "a   b"),
        ("content/a.md", "+++\n+++\n"),
        ("static/s.html", "<p>  a  </p>"),
    ]);
    assert_eq!(text(&site, "a/index.html"), "<p>a b");
    assert_eq!(text(&site, "robots.txt"), "a   b");
    assert_eq!(text(&site, "s.html"), "copy of static/s.html");
}

const SEARCH: &str = "base_url = \"https://example.org\"\nbuild_search_index = true\n";

#[test]
fn a_library_that_the_site_brings_goes_before_ours() {
    let ours = tree(&[("config.toml", SEARCH), PAGE, INDEX]);
    assert!(text(&ours, "elasticlunr.min.js").contains("@license"));
    let own = tree(&[
        ("config.toml", SEARCH),
        PAGE,
        INDEX,
        ("static/elasticlunr.min.js", "own"),
    ]);
    assert_eq!(
        text(&own, "elasticlunr.min.js"),
        "copy of static/elasticlunr.min.js"
    );
    assert!(own.diagnostics.is_empty(), "{:?}", own.diagnostics);
}

#[test]
fn an_index_that_cannot_be_made_stays_what_it_was() {
    let without_home = "+++\nin_search_index = false\n+++\n";
    let hidden_home = tree(&[
        ("config.toml", SEARCH),
        PAGE,
        INDEX,
        ("content/_index.md", without_home),
    ]);
    let chinese = format!("{SEARCH}default_language = \"zh\"\n");
    let unknown = tree(&[("config.toml", &chinese), PAGE, INDEX]);
    for (site, key, told) in [
        (hidden_home, "search_index.en.js", "in_search_index"),
        (unknown, "search_index.zh.js", "word rules"),
    ] {
        assert!(site.stale.contains(key));
        assert!(
            site.diagnostics
                .iter()
                .any(|d| d.message.contains(told) && d.hint.is_some())
        );
    }
}
