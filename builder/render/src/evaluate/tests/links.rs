//! Where links lead, and who links back.

use super::{CONFIG, INDEX, PAGE, page, text, told, tree};

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
fn links_to_files_beside_pages_lead_to_where_they_are_published() {
    let link = |to: &str| format!("+++\n+++\n[x](@/{to})");
    let site = tree(&[
        CONFIG,
        PAGE,
        (
            "templates/index.html",
            "{{ get_url(path=\"@/a/x/cat.txt\") }}",
        ),
        ("content/a/index.md", &page("path = \"elsewhere\"")),
        ("content/a/x/cat.txt", "cat"),
        ("content/s/_index.md", &page("")),
        ("content/s/dog.txt", "dog"),
        ("content/off/index.md", &page("render = false")),
        ("content/off/owl.txt", "owl"),
        ("content/to-page.md", &link("a/x/cat.txt")),
        ("content/to-section.md", &link("s/dog.txt")),
        ("content/to-none.md", &link("off/owl.txt")),
    ]);
    let cat = "https://example.org/elsewhere/x/cat.txt";
    assert_eq!(text(&site, "index.html"), cat);
    assert!(site.objects.contains_key("elsewhere/x/cat.txt"));
    assert!(text(&site, "to-page/index.html").contains(cat));
    let dog = text(&site, "to-section/index.html");
    assert!(dog.contains("https://example.org/s/dog.txt"), "{dog}");
    assert!(told(&site).contains("`@/off/owl.txt`"));
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
