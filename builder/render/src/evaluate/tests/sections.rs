//! What belongs to which section, and what is in its list.

use super::{CONFIG, INDEX, LIST, PAGE, page, text, told, tree};

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
fn transparent_sections_give_to_the_folder_right_above() {
    let site = tree(&[
        CONFIG,
        LIST,
        PAGE,
        ("content/a/_index.md", &page("")),
        ("content/a/none/t/_index.md", &page("transparent = true")),
        ("content/a/none/t/two.md", &page("title = \"two\"")),
    ]);
    assert!(text(&site, "a/index.html").starts_with('|'));
    assert!(text(&site, "a/none/t/index.html").starts_with("two[] |"));
}

#[test]
fn a_page_that_any_section_lists_is_rendered() {
    let site = tree(&[
        CONFIG,
        LIST,
        PAGE,
        ("content/a/_index.md", &page("")),
        (
            "content/a/t/_index.md",
            &page("transparent = true\nsort_by = \"date\""),
        ),
        ("content/a/t/two.md", &page("title = \"two\"")),
        ("content/s/_index.md", &page("sort_by = \"date\"")),
        ("content/s/lost.md", &page("")),
    ]);
    assert!(site.objects.contains_key("a/t/two/index.html"));
    assert!(text(&site, "a/index.html").starts_with("two[] |"));
    assert!(!site.objects.contains_key("s/lost/index.html"));
    assert_eq!(told(&site).matches("which this page lacks").count(), 1);
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
    assert!(!text(&site, "atom.xml").contains("secret"));
    for key in ["tags/index.html", "tags/x/index.html"] {
        assert!(!site.objects.contains_key(key), "{key}");
    }
}

#[test]
fn a_draft_section_hides_its_folder_in_every_language() {
    let config = "base_url = \"https://example.org\"\n[languages.fr]\n";
    let site = tree(&[
        ("config.toml", config),
        PAGE,
        ("content/a/_index.md", &page("draft = true")),
        ("content/a/_index.fr.md", &page("")),
        ("content/a/p.fr.md", &page("")),
        ("content/a/b/_index.fr.md", &page("")),
        ("content/c.fr.md", &page("")),
    ]);
    for (key, there) in [
        ("a/index.html", false),
        ("fr/a/index.html", true),
        ("fr/a/p/index.html", false),
        ("fr/a/b/index.html", false),
        ("fr/c/index.html", true),
    ] {
        assert_eq!(site.plan.contains_key(key), there, "{key}");
    }
}

#[test]
fn a_section_that_no_file_makes_has_no_assets() {
    let cat = ("content/cat.txt", "cat");
    assert!(!tree(&[CONFIG, cat]).objects.contains_key("cat.txt"));
    let site = tree(&[CONFIG, cat, ("content/_index.md", "+++\n+++\n")]);
    assert!(site.objects.contains_key("cat.txt"));
}
