//! Pages: their text, and how they are written.

use super::{CONFIG, INDEX, PAGE, page, text, told, tree};

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
fn what_a_value_must_be_is_not_what_it_is_said_to_be() {
    let site = tree(&[
        CONFIG,
        ("content/a.md", &page("date = 03:04:05")),
        ("content/b/_index.md", &page("paginate_by = -1")),
    ]);
    let told = told(&site);
    assert!(told.contains("must be a date, not a time"), "{told}");
    assert!(told.contains("not a negative number"), "{told}");
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
